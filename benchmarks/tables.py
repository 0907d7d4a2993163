"""The tables in the documentation that follow from the program: engines, presets, sizes, commands, options.

    make docs                              # regenerates them (python -m benchmarks.tables)
    python -m benchmarks.tables --check    # exit code 1 where one is not what it would write

It lies here because only the benchmarks may import everything: the sizes of larger cards are theirs, the
commands are the command line's. A table stands between the lines ``<!-- table: NAME -->`` and
``<!-- end -->``.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click
from safetensors import safe_open

import pocket
from agent.cli.main import cli
from benchmarks.card import on_larger
from tools.engines import download as hub
from tools.engines import presets, specs
from tools.engines.machine import GIB
from tools.engines.presets import PRESETS, SPARE, Preset
from tools.engines.requirements import download, requirements
from tools.engines.specs import ENGINES, READING, SIZES, Engine, Role
from tools.kinds import KINDS

DOCS: Final = Path(__file__).parent.parent / "docs"

_ENGINES: Final = (
    "llmdet-sam2", "sd15-inpainting", "sam3", "lisa-7b:4bit", "lisa-7b:8bit", "lisa-7b", "lisa-13b",
    "flux-klein:4bit",
    "flux-klein", "flux-klein-9b:4bit", "flux-klein-9b", "flux-fill:4bit", "flux-kontext:4bit", "flux-fill",
    "flux-kontext",
)  # fmt: skip

Row = Sequence[str]


def chosen() -> Iterator[Row]:
    """What each preset chooses."""
    yield (
        "preset", "GiB of card", "RAM", "planner", "segmenter", "paints everything",
        "instead, once a licence is accepted",
    )  # fmt: skip
    for preset in PRESETS.values():
        instead = [f"`{name}`" for name in [preset.licensed_segmenter] if name]
        instead += [f"`{name}` replaces, removes, adds" for name in dict.fromkeys(preset.licensed.values())]
        yield (
            f"`{preset.name}`", f"{preset.budget:g}", presets.ram_words(preset), f"`{preset.planner}`",
            f"`{preset.segmenter}`", _painters(preset), "; ".join(instead),
        )  # fmt: skip


def engines() -> Iterator[Row]:
    """What each engine takes of a card, in GiB."""
    yield "engine", "weights", "words", "peak", "least"
    for name in _ENGINES:
        words = max(0.0, presets.reading(name) - READING)
        sizes = presets.weights(name), words, presets.peak(name), presets.least(name)
        yield f"`{name}`", *(f"{size or 0:.1f}" for size in sizes)


def together() -> Iterator[Row]:
    """What of a preset stays on the card together while it paints, in GiB."""
    yield "preset", "segmenter, painter and its working memory", "there are", "so"
    for preset in (each for made in _for_cards() for each in (made, *on_larger(made))):
        painter = preset.inpainters["restyle"]
        working = presets.working_bytes(painter) / GIB
        parts = [presets.weights(preset.segmenter) or 0, presets.weights(painter) or 0, working]
        there = preset.budget - SPARE
        stay = "both stay" if sum(parts) <= there else "they take turns"
        added = " + ".join(f"{part:.1f}" for part in parts)
        name, _, card = preset.name.partition(", ")
        yield f"`{name}`{', ' * bool(card)}{card}", f"{added} = {sum(parts):.1f}", f"{there:.1f}", stay


def planners() -> Iterator[Row]:
    """What a planner's model wants of a card, in GiB."""
    from agent.planner.ollama_planner import CONTEXT_BYTES

    yield "model", "its file", "free beside it", "in all", "all of it on the card of"
    for model, size in presets.PLANNERS.items():
        file, beside = size * 1e9 / GIB, CONTEXT_BYTES / GIB
        fits = [preset.name for preset in _for_cards() if file + beside <= preset.budget - SPARE]
        more = f"`{fits[0]}` and larger ones" if len(fits) > 1 else f"`{fits[0]}`"
        yield f"`{model}`", f"{file:.1f}", f"{beside:.1f}", f"{file + beside:.1f}", more


def fetched() -> Iterator[Row]:
    """What a preset fetches, in GB (10⁹ bytes)."""
    yield "preset", "planner, under Ollama", "engines", "to fetch, about", "behind a licence, and more"
    for preset in PRESETS.values():
        model = preset.planner.partition(":")[2]
        wanted = requirements(preset)
        sizes = {each.name: sum(part.size for part in each.repositories) / 1e9 for each in wanted}
        free = [each.name for each in wanted if not each.optional]
        gated = [each.name for each in wanted if each.optional]
        total = download(preset).total
        yield (
            f"`{preset.name}`",
            f"`{model}`, {presets.PLANNERS[model]:.1f} GB" if model else "built in",
            ", ".join(_sized(name, sizes[name]) for name in free),
            hub.size_words(total) if total else "nothing",
            ", ".join(_sized(name, sizes[name]) for name in gated),
        )


def segmenter_names() -> Iterator[Row]:
    """The segmenters by name."""
    yield from _named(
        "segmenter",
        "a LISA of yours: in the published layout, or as `inpalla train lisa` writes it"
        " ([finetuning.md](finetuning.md))",
    )


def inpainter_names() -> Iterator[Row]:
    """The inpainters by name."""
    yield from _named(
        "inpainter",
        "a pipeline of these families in diffusers' layout; which one it is, is read from"
        " its `model_index.json`",
    )


def chosen_segmenters() -> Iterator[Row]:
    """The segmenters of the presets."""
    yield "preset", "segmenter", "its weights on the card"
    own = 0
    for file in pocket.weights("lisa").rglob("*.safetensors"):
        with safe_open(file, "np") as opened:
            own += sum(math.prod(opened.get_slice(name).get_shape()) for name in opened.keys())  # noqa: SIM118
    yield "`pocket`", "`lisa-pocket`", f"{4 * own / 1e6:.0f} MB"
    for preset in _for_cards():
        for name in filter(None, (preset.segmenter, preset.licensed_segmenter)):
            yield f"`{preset.name}`", f"`{name}`", f"{(presets.weights(name) or 0) * GIB / 1e9:.1f} GB"


def computing() -> Iterator[Row]:
    """The engines that compute an edit, and which presets ask them first."""
    yield "name", "computes", "kinds of edit", "in the presets"
    for engine in (each for each in ENGINES.values() if each.role == "computed"):
        asked = [f"`{name}`" for name, preset in PRESETS.items() if _computes(preset, engine)]
        where = "all" if len(asked) == len(PRESETS) else ", ".join(asked)
        yield f"`{engine.name}`", engine.good_at, ", ".join(engine.kinds), where


def _computes(preset: Preset, engine: Engine) -> bool:
    return any(engine.name in names for names in preset.computing.values())


def painters() -> Iterator[Row]:
    """The parts of the painters by bits a weight, in GB (10⁹ bytes), the VAE with the transformer."""
    yield "", "transformer, VAE", "in 4 bits", "text encoders", "in 4 bits"
    for name in ("flux-fill", "flux-kontext", "flux-klein", "flux-klein-9b"):
        size = SIZES[name]
        parts = [part.gib(bits) * GIB / 1e9 for part in (size.resident, size.words) for bits in (16, 4)]
        yield f"`{name}`", *(f"{part:.1f}" for part in parts)


def commands() -> Iterator[Row]:
    """The commands, and the first sentence of each one's help."""
    yield "command", "what it does"
    for path, command in _leaves(cli, "inpalla"):
        usage = [path, *command.collect_usage_pieces(click.Context(command))[1:]]
        yield f"`{' '.join(usage)}`", command.get_short_help_str(limit=200)


def options() -> Iterator[Row]:
    """The options of all commands; those of one name and one help in one row."""
    yield "option", "of", "what it says"
    of: dict[tuple[str, str], list[str]] = {}
    for path, command in _leaves(cli, "inpalla"):
        for parameter in command.params:
            record = parameter.get_help_record(click.Context(command))
            if record is not None and isinstance(parameter, click.Option):
                of.setdefault(record, []).append(path.partition(" ")[2])
    for (names, told), paths in sorted(of.items()):
        yield f"`{names}`", ", ".join(f"`{path}`" for path in paths), told


TABLES: Final[Mapping[str, Callable[[], Iterator[Row]]]] = {
    each.__name__: each
    for each in (
        chosen, engines, together, planners, fetched, segmenter_names, chosen_segmenters, inpainter_names,
        computing, painters, commands, options,
    )
}  # fmt: skip


def written(text: str) -> str:
    """A document with its tables as they should be."""

    def table(match: re.Match[str]) -> str:
        head, *rows = TABLES[match[1]]()
        lines = [head, ["---"] * len(head), *rows]
        body = "\n".join(
            "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |" for cells in lines
        )
        return f"<!-- table: {match[1]} -->\n{body}\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", table, text, flags=re.DOTALL)


def _for_cards() -> Iterator[Preset]:
    return (preset for preset in PRESETS.values() if preset.budget)


def _painters(preset: Preset) -> str:
    names = dict.fromkeys(preset.inpainters.values())
    if len(names) == 1:
        return f"`{next(iter(names))}`"
    if preset.inpainters["remove"] != preset.inpainters["add"]:
        return f"`{preset.inpainters['remove']}` removes, `{preset.inpainters['add']}` the rest"
    return f"`{preset.inpainters['restyle']}` restyles, `{preset.inpainters['add']}` the rest"


def _named(role: Role, other: str) -> Iterator[Row]:
    """The engines of a role, those that differ by their names alone in one row; last what else is a name."""
    yield "name", "what it is", "what it is good at", "licence"
    rows: dict[tuple[str, str, str], list[Engine]] = {}
    for engine in (each for each in ENGINES.values() if each.role == role):
        rows.setdefault((engine.what, engine.good_at, _licences(engine)), []).append(engine)
    for (what, good_at, licences), alike in rows.items():
        names = ", ".join(f"`{engine.name}`" for engine in alike)
        kinds = list(dict.fromkeys(kind for engine in alike for kind in engine.kinds))
        good_at += f": {', '.join(kinds)}" if kinds and len(kinds) < len(KINDS) else ""
        parts = [part for engine in alike for part in engine.repositories if part is not specs.CLIP]
        repositories = ", ".join(f"`{part.name}`" for part in parts)
        yield names, ": ".join(filter(None, (repositories, what))), good_at, licences
    yield "a folder, or `OWNER/NAME`", other, "", ""


def _licences(engine: Engine) -> str:
    known = [part.licence for part in engine.repositories if part.licence is not None]
    told = [each.name + (", to be accepted on its page" if each.gated else "") for each in known]
    return "; ".join(dict.fromkeys(told)) or "Apache-2.0"


def _leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, by how they are called."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name, each in command.commands.items():
        yield from _leaves(each, f"{path} {name}")


def _sized(name: str, size: float) -> str:
    return f"`{name}`, {size:.1f} GB" if size else f"`{name}`"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables, or check them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; 1 where a table is old")
    check = parser.parse_args(arguments).check
    old = []
    for file in sorted(DOCS.glob("*.md")):
        text = file.read_text(encoding="utf-8")
        if (new := written(text)) != text:
            old.append(file.name)
            if not check:
                file.write_text(new, encoding="utf-8")
    if check and old:
        print(f"Old tables in {', '.join(old)}: run make docs.")
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
