"""``inpalla setup``: what a preset needs and this machine lacks is fetched, with progress.

First it says what there is to fetch and how much room there is. Then it fetches one thing after the other,
goes on when one cannot be had, and says at the end what is ready and what is not. Safe to repeat and to
interrupt at any moment: what is here is not fetched again, and a broken download goes on where it stopped.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from agent.cli.command import command
from agent.errors import AgentError
from agent.planner import OWN_MODEL, load_planner, ollama_server
from agent.terminal.output import finishing, say
from tools.engines import download, registry
from tools.engines.download import BusyError
from tools.engines.hub_client import HubDownError, LicenceError
from tools.engines.requirements import Requirement, ollama_model, requirements
from tools.engines.specs import Role
from tools.errors import EngineError

_TOLD_EVERY = 0.1  # of a download, where no bar can be drawn
_LOOKS_APART = 1.0  # seconds, while another process fetches the same


@dataclass
class _Outcome:
    """What is ready, and of what is not the sentence that says why; both by name.

    ``optional`` are the sentences about what the preset works without.
    """

    ready: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    optional: dict[str, str] = field(default_factory=dict)

    def failed(self, engine: Requirement, sentence: str) -> None:
        """An engine cannot be had."""
        (self.optional if engine.optional else self.problems)[engine.name] = sentence


@command("setup")
@click.option("--preset", metavar="P", help="The preset to fetch for (default: pocket).")
@click.option("--planner", metavar="NAME", help="Only this planner: ollama:MODEL, or ollama:inpalla.")
@click.option("--segmenter", metavar="NAME", help="Only this engine, such as lisa-7b.")
@click.option("--inpainter", metavar="NAME", help="Only this engine, such as flux-kontext.")
@finishing()
def setup(preset: str | None, planner: str | None, segmenter: str | None, inpainter: str | None) -> int:
    """Fetch what a preset needs; safe to repeat."""
    if planner is None and segmenter is None and inpainter is None:
        chosen = registry.known_preset(preset or registry.DEFAULT_PRESET)
        wanted, model = requirements(chosen), ollama_model(chosen)
        name, command = f"the preset {chosen.name}", f"inpalla setup --preset {chosen.name}"
    else:
        wanted, model = _single(segmenter, inpainter), _model_of(planner)
        named: dict[str, str] = {} if planner is None else {"planner": planner}
        named |= {each.role: each.name for each in wanted}
        name = " and ".join(named.values())
        command = " ".join(["inpalla setup", *(f"--{option} {value}" for option, value in named.items())])
    if model is None and not any(each.has_weights for each in wanted):
        say(f"{_capital(name)} needs no download: it is a part of InpaLLa.")
        return 0

    outcome = _Outcome()
    lacking = _survey(name, wanted, model, outcome)
    if model is not None:
        _make_model_ready(model, outcome)
    _make_engines_ready(lacking, outcome)
    for each in wanted:
        if each.is_here:
            _drop_leftovers(each)
    return _result(name, command, [model or "", *(each.name for each in wanted)], outcome)


def _single(segmenter: str | None, inpainter: str | None) -> list[Requirement]:
    """Engines by name. Raises ``EngineError`` for a name that nobody knows."""
    named: tuple[tuple[Role, str | None], ...] = (("segmenter", segmenter), ("inpainter", inpainter))
    wanted = [Requirement(role, name) for role, name in named if name is not None]
    for each in wanted:
        registry.check_name(each.role, each.name)
    return wanted


def _model_of(planner: str | None) -> str | None:
    """The model under Ollama that a planner needs. Raises ``PlannerError`` for a name that nobody knows."""
    return None if planner is None else load_planner(planner).name.partition(":")[2] or None


def _survey(
    name: str, wanted: Sequence[Requirement], model: str | None, outcome: _Outcome
) -> list[Requirement]:
    """Say what must be fetched and how much room there is; the engines that must be, and can be, fetched.

    Raises ``EngineError`` when all of it together does not fit on the disk.
    """
    say(f"{_capital(name)} needs:")
    if model is not None:
        say(f"  {model}, under Ollama")
    total, lacking, down = 0, [], ""
    for each in wanted:
        size, problem = 0, ""
        about = sum(part.size for part in each.repositories)
        state = "here" if each.has_weights else "a part of InpaLLa"
        if not each.is_here:
            try:
                if not (problem := down):  # what one was told holds for the next
                    size = sum(download.measured(part)[1] for part in each.repositories)
                    state = download.size_words(size)
            except EngineError as error:
                problem = str(error)
                down = problem if isinstance(error, HubDownError) else ""
                state = "behind a licence" if isinstance(error, LicenceError) else ""
            if problem and state != "behind a licence":
                state = (
                    f"about {download.size_words(about)}" if about else "of a size that only the hub knows"
                )
        package = f"; requires bitsandbytes: {each.lacks_package}" if each.lacks_package else ""
        say(f"  {each.name}, {state}{package}")
        for part in each.repositories:
            if part.licence is not None and part.licence.terms:
                say(f"    {part.name}: its use is subject to {part.licence.terms}: {part.page}")
        if problem:
            outcome.failed(each, problem)
            continue
        total += size
        lacking.append(each)
    if total:
        free = shutil.disk_usage(download.existing(download.cache())).free
        say(
            f"To fetch: {download.size_words(total)}. Free: {download.size_words(free)}, "
            f"on the disk of {download.cache()}."
        )
        download.check_room({download.cache(): total})
    return lacking


def _make_model_ready(model: str, outcome: _Outcome) -> None:
    there = ollama_server.what_is_there()
    if isinstance(there, ollama_server.Absent) and not there.is_silent:
        outcome.problems[model] = f"{_capital(there.why)}: check OLLAMA_HOST, then run the command again."
        return
    server = there if isinstance(there, ollama_server.Server) else None
    if model == OWN_MODEL:
        _make_own_model_ready(server, outcome)
        return
    if server is not None and not server.keeps_to_schemas:
        say(f"Ollama {server.release} is old: update it ({ollama_server.DOWNLOAD}).")
    try:
        if server is None or not server.has(model):
            with _shown(model) as progress:
                ollama_server.pull(model, progress)
        outcome.ready.append(model)
    except AgentError as error:
        outcome.problems[model] = str(error)


def _make_own_model_ready(server: ollama_server.Server | None, outcome: _Outcome) -> None:
    """The planner's own model: a Modelfile of it in the data folder, and the model on the server."""
    from agent.planner.reader import under_ollama
    from sessions.catalog import data_folder
    from sessions.files import write_atomically

    name = OWN_MODEL
    try:
        recipe = data_folder() / "ollama" / "Modelfile"
        recipe.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(recipe, lambda file: file.write(under_ollama.modelfile().encode()))
        say(f"What it is made from stands in {recipe}.")
        if server is None or not server.has(under_ollama.full_name()):
            under_ollama.set_up()
        outcome.ready.append(name)
    except AgentError as error:
        outcome.problems[name] = str(error)


def _make_engines_ready(engines: Sequence[Requirement], outcome: _Outcome) -> None:
    if here := [each.name for each in engines if each.has_weights and each.is_here]:
        say(f"Checking what is here: {', '.join(here)}.")
    down = ""
    for each in engines:
        if down and not each.is_here:
            outcome.failed(each, down)
            continue
        try:
            _make_engine_ready(each, outcome)
        except EngineError as error:
            outcome.failed(each, str(error))
            down = str(error) if isinstance(error, HubDownError) else down


def _make_engine_ready(engine: Requirement, outcome: _Outcome) -> None:
    waited = False
    while True:
        try:
            with _shown(engine.name) as progress:
                engine.fetch(progress)  # also makes what is here ready for loading
            break
        except BusyError as error:
            if not waited:
                say(f"{str(error).partition(':')[0]}: waiting until it is done.")
            waited = True
            time.sleep(_LOOKS_APART)
    if engine.lacks_package:
        outcome.failed(engine, f"{engine.name} requires bitsandbytes: {engine.lacks_package}.")
    else:
        outcome.ready.append(engine.name)


def _drop_leftovers(engine: Requirement) -> None:
    """Delete what an engine was made from, if it was fetched for that; else ask, or say the command."""
    for repository in engine.leftovers():
        size = download.size_words(download.cached_bytes(repository))
        kept = f"The hub's cache keeps {repository} ({size}), which {engine.name} no longer needs"
        if download.is_ours(repository) or (sys.stdin.isatty() and click.confirm(f"{kept}. Delete it?")):
            freed = download.size_words(download.forget(repository))
            say(f"Deleted {repository} from the hub's cache: {freed}.")
        else:
            say(f"{kept}: hf cache rm model/{repository} deletes it.")


def _result(name: str, command: str, order: Sequence[str], outcome: _Outcome) -> int:
    """Say what is ready; raise ``AgentError`` with one sentence about what is not."""
    problems = {each: outcome.problems[each] for each in order if each in outcome.problems}
    if outcome.ready:
        say(f"Ready: {', '.join(outcome.ready)}.")
    for missing, sentence in outcome.optional.items():
        say(f"It works without {missing}, and better with it. {sentence}")
    if not problems:
        say(f"{_capital(name)} is ready.")
        return 0
    by_sentence: dict[str, list[str]] = {}
    for missing, sentence in problems.items():
        by_sentence.setdefault(sentence, []).append(missing)
    if len(by_sentence) == 1:
        raise AgentError(*by_sentence)
    for sentence, missing_ones in by_sentence.items():
        say(f"Not ready: {', '.join(missing_ones)}. {sentence}")
    *first, last = problems
    raise AgentError(
        f"{_capital(name)} is not ready: {', '.join(first)} and {last} are missing; fix the problems"
        f" above, then run {command} again."
    )


@contextmanager
def _shown(name: str) -> Iterator[download.TransferProgress]:
    """A bar where somebody looks, else a line every tenth of the way."""
    if sys.stdout.isatty():
        from rich import progress as rich

        with rich.Progress(
            rich.TextColumn("{task.description}", markup=False),
            rich.BarColumn(),
            rich.DownloadColumn(),
            rich.TransferSpeedColumn(),
            rich.TimeRemainingColumn(),
        ) as bars:
            tasks: list[rich.TaskID] = []

            def draw(done: int, total: int) -> None:
                if not tasks:  # what is here already needs no bar
                    tasks.append(bars.add_task(name))
                bars.update(tasks[0], completed=done, total=total)

            yield draw
        return
    shown = [0.0]

    def tell(done: int, total: int) -> None:
        share = done / total if total else 1.0
        if share >= shown[0] + _TOLD_EVERY or share < shown[0]:
            shown[0] = share
            say(f"{name}: {download.size_words(done)} of {download.size_words(total)}")

    yield tell


def _capital(words: str) -> str:
    return words[0].upper() + words[1:] if words.startswith("the ") else words
