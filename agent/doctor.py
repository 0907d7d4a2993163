"""What this machine has, which preset fits it, what is missing and the command that mends it.

Every finding is a line: "good" (it is there), "fair" (something works less well without it) or "bad" (the
pocket preset does not work). The pocket models are really loaded, so that a good report means what it says.
Torch and the models are imported while a report is made, never before.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pocket
from sessions.catalog import data_folder
from tools import registry
from tools.errors import EngineError
from tools.request import Kind

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

State = Literal["good", "fair", "bad"]

_GIB = 2**30
_PACKAGES = ("torch", "diffusers", "transformers", "langgraph")
_WEIGHTS = ("lisa", "flux-fill", "flux-kontext")
_POCKET_MEMORY = 2.0  # GiB that a chat with the pocket models takes, with room to spare
_OLLAMA_SECONDS = 1.0
_VISION_MODEL = "qwen3-vl:4b-instruct"
_SHARE = 0.94  # a card sold as 24 GB has 23.6 GiB, one of 80 GB has 79
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
    """Everything that was found. ``preset`` is the best one that fits this machine and that this version has.

    ``vram`` is the largest GPU's memory in GiB, 0.0 without one.
    """

    findings: tuple[Finding, ...]
    preset: str
    vram: float

    @property
    def works(self) -> bool:
        """Whether the pocket preset works here."""
        return all(finding.state != "bad" for finding in self.findings)

    def as_json(self) -> str:
        """The report as one JSON object."""
        return json.dumps({"works": self.works, **asdict(self)}, ensure_ascii=False)


def report(data: Path | None = None) -> Report:
    """Look at this machine. It takes some seconds; ``data`` is the data folder (None: the usual one)."""
    folder = data or data_folder()
    gpus = _gpus()
    vram = max((memory for _, memory in gpus), default=0.0)
    fitting = fitting_preset(vram)
    found = fitting if fitting in registry.PRESETS else registry.DEFAULT_PRESET
    findings = (
        Finding("Python", "good", f"{platform.python_version()} at {sys.executable}"),
        *(_package(name) for name in _PACKAGES),
        _devices(gpus),
        *_guarded("memory", _memory),
        _disk(folder),
        _data(folder),
        *(_weights(name) for name in _WEIGHTS),
        *_pocket_models(),
        ollama(),
        _pictures(),
        Finding("preset", "good", _preset_words(found, fitting)),
    )
    return Report(findings, found, round(vram, 1))


def fitting_preset(vram: float) -> str:
    """The largest preset that the design has for a GPU of so many GiB; ``pocket`` for none."""
    sizes = {int(name.removesuffix("gb")): name for name in registry.PLANNED}
    fitting = [size for size in sizes if vram >= size * _SHARE]
    return sizes[max(fitting)] if fitting else registry.DEFAULT_PRESET


def ollama() -> Finding:
    """Whether an Ollama server answers within a second, which release it is and which models it has."""
    import httpx

    url = ollama_url()
    try:
        release = httpx.get(f"{url}/api/version", timeout=_OLLAMA_SECONDS).json()["version"]
        models = [
            entry["name"] for entry in httpx.get(f"{url}/api/tags", timeout=_OLLAMA_SECONDS).json()["models"]
        ]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        mend = "ollama serve" if shutil.which("ollama") else "install it from https://ollama.com/download"
        return Finding("Ollama", "fair", f"no answer at {url}; the built-in planner is used", mend)
    if not models:
        return Finding(
            "Ollama", "fair", f"{release} at {url}, without a model", f"ollama pull {_VISION_MODEL}"
        )
    shown = ", ".join(models[:6]) + (f" and {len(models) - 6} more" if len(models) > 6 else "")
    return Finding("Ollama", "good", f"{release} at {url}, with {shown}")


def ollama_url() -> str:
    """Where Ollama is to be found: OLLAMA_HOST of the environment, read as Ollama's own client does."""
    host = os.environ.get("OLLAMA_HOST", "").strip().rstrip("/") or "127.0.0.1"
    if "://" not in host:
        host = f"http://{host}" if re.search(r":\d+$", host) else f"http://{host}:11434"
    return host.replace("://0.0.0.0", "://127.0.0.1")


def show(made: Report, console: RichConsole | None = None) -> None:
    """Print a report as a table, and under it the commands that mend what is missing."""
    from rich.console import Console as RichConsole
    from rich.table import Table
    from rich.text import Text

    from agent.display import printable

    console = console or RichConsole(highlight=False, markup=False, emoji=False)
    colours = {"good": "green", "fair": "yellow", "bad": "red"}
    table = Table(box=None, show_header=False, pad_edge=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for finding in made.findings:
        state = Text(finding.state, style=colours[finding.state])
        table.add_row(Text(finding.name), state, Text(printable(finding.found)))
    console.print(table)
    for finding in made.findings:
        if finding.mend:
            console.print(f"To mend {finding.name}: {finding.mend}", soft_wrap=True)
    console.print("InpaLLa works here." if made.works else "InpaLLa does not work here yet.", style="bold")


def main(as_json: bool = False) -> int:
    """Make a report and print it; the exit code: 0 when the pocket preset works, else 1."""
    made = report()
    if as_json:
        print(made.as_json())
    else:
        show(made)
    return 0 if made.works else 1


def _package(name: str) -> Finding:
    try:
        return Finding(name, "good", version(name))
    except PackageNotFoundError:
        return Finding(name, "bad", "not installed", f"{_INSTALL} {name}")


def _gpus() -> list[tuple[str, float]]:
    """The names and the memories, in GiB, of the GPUs that torch can use."""
    try:
        import torch

        if not torch.cuda.is_available():
            return []
        cards = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        return [(card.name, card.total_memory / _GIB) for card in cards]
    except Exception:  # a torch that cannot be imported is told of by the models, which cannot be loaded then
        return []


def _devices(gpus: list[tuple[str, float]]) -> Finding:
    cores = f"{os.cpu_count()} processor cores"
    if not gpus:
        return Finding(
            "devices", "good", f"{cores}, no GPU that torch can use (the pocket preset needs none)"
        )
    return Finding(
        "devices", "good", ", ".join(f"{name} with {size:.0f} GiB" for name, size in gpus) + f", {cores}"
    )


def _memory() -> Finding:
    import psutil  # type: ignore[import-untyped]

    memory = psutil.virtual_memory()
    found = f"{memory.available / _GIB:.1f} of {memory.total / _GIB:.1f} GiB free"
    if memory.available >= _POCKET_MEMORY * _GIB:
        return Finding("memory", "good", found)
    return Finding(
        "memory", "fair", found, f"close other programs: a chat takes up to {_POCKET_MEMORY:.0f} GiB"
    )


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free / _GIB
    found = f"{free:.1f} GiB free for sessions"
    if free >= 1.0:
        return Finding("disk", "good", found)
    return Finding("disk", "fair" if free >= 0.1 else "bad", found, "inpalla sessions remove NAME")


def _data(folder: Path) -> Finding:
    if os.access(_existing(folder), os.W_OK) and (folder.is_dir() or not folder.exists()):
        return Finding("data folder", "good", str(folder))
    mend = "export INPALLA_DATA=FOLDER, a folder that you may write"
    return Finding("data folder", "bad", f"{folder} cannot be written", mend)


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(each for each in (path, *path.parents) if each.exists())


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


def _engine(name: str, load: Callable[[str], object]) -> Finding:
    try:
        load(name)
    except EngineError as error:
        return Finding(name, "bad", f"cannot be loaded: {error.__cause__ or error}", _WEIGHTS_MENDED)
    return Finding(name, "good", "loads")


def _pictures() -> Finding:
    from rich.console import Console as RichConsole

    from agent.display import Graphics
    from agent.probe import asked

    here = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    protocol = asked(lambda: Graphics(RichConsole()))[0].protocol if here else "none"
    if protocol == "none":
        mend = "use a terminal with colours" if sys.stdout.isatty() else "start it in a terminal"
        return Finding("pictures in the terminal", "fair", "not possible here", mend)
    return Finding("pictures in the terminal", "good", protocol)


def _guarded(name: str, look: Callable[[], Finding]) -> Iterator[Finding]:
    """A finding that needs a package which may be missing."""
    try:
        yield look()
    except Exception as error:  # a report must come whatever a machine is like
        yield Finding(name, "fair", f"cannot be told ({error})")


def _preset_words(found: str, fitting: str) -> str:
    if found == fitting:
        return found
    return f"{found} ({fitting} would fit, and this version does not have it yet)"
