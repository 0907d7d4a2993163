"""Measured figures as rows of one table: printed, as JSON, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Part = Literal["lisa", "flux", "planner", "turns"]
PARTS: tuple[Part, ...] = ("lisa", "flux", "planner", "turns")

TITLES: dict[str, str] = {
    "lisa": "LISA: finding things",
    "flux": "FLUX: painting things",
    "planner": "built-in planner",
    "turns": "whole turns: sentence in, picture out",
}


@dataclass(frozen=True)
class Row:
    """One figure.

    ``value`` is a share (0…1) unless ``unit`` names another unit, None where nothing could be measured; ``n``
    is how many things it was measured on. ``target`` is what it should reach: at least, or with ``at_most``
    at most. ``ceiling`` is what the same measure says of true renders. A row without a target is for
    information.
    """

    part: Part
    name: str
    value: float | None
    n: int
    target: float | None = None
    at_most: bool = False
    ceiling: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None or self.value is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


def mean(values: Sequence[float | bool]) -> float | None:
    """The mean, None of nothing."""
    return sum(map(float, values)) / len(values) if values else None


def share_row(
    part: Part,
    name: str,
    values: Sequence[float | bool],
    *,
    target: float | None = None,
    at_most: bool = False,
    ceiling: Sequence[float | bool] | None = None,
    unit: str = "",
) -> Row:
    """The row of a mean."""
    top = None if ceiling is None else mean(ceiling)
    return Row(part, name, mean(values), len(values), target, at_most, top, unit)


HEADS = ("measure", "figure", "target", "true renders", "n")


def _cells(row: Row) -> tuple[str, ...]:
    target = "" if row.target is None else f"{'≤' if row.at_most else '≥'} {row.target:.2f}"
    if row.met is not None:
        target += " ✓" if row.met else " ✗"
    return row.name, _number(row.value, row.unit), target, _number(row.ceiling, row.unit, ""), str(row.n)


def _number(value: float | None, unit: str, nothing: str = "—") -> str:
    if value is None:
        return nothing
    return f"{value:.1f} {unit}" if unit else f"{value:.3f}"


def by_part(rows: Iterable[Row]) -> dict[Part, list[Row]]:
    """The rows of each part, in the order of ``PARTS``; parts without rows are left out."""
    rows = list(rows)
    parts = {part: [row for row in rows if row.part == part] for part in PARTS}
    return {part: own for part, own in parts.items() if own}


def show(rows: Iterable[Row]) -> None:
    """Print the table to the terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for number, head in enumerate(HEADS):
        table.add_column(head, justify="left" if number == 0 else "right", no_wrap=number > 0)
    for part, own in by_part(rows).items():
        table.add_row(f"[bold]{TITLES[part]}[/bold]")
        for row in own:
            style = {True: "green", False: "red", None: "default"}[row.met]
            table.add_row(
                *(f"[{style}]{cell}[/{style}]" if i == 1 else cell for i, cell in enumerate(_cells(row)))
            )
    console = Console()
    (console if console.is_terminal else Console(width=110)).print(table)


def markdown(rows: Iterable[Row]) -> str:
    """The table in Markdown, one section a part."""
    lines: list[str] = []
    for part, own in by_part(rows).items():
        lines += [f"**{TITLES[part]}**", "", "| " + " | ".join(HEADS) + " |", "|---|---:|---:|---:|---:|"]
        lines += ["| " + " | ".join(_cells(row)) + " |" for row in own] + [""]
    return "\n".join(lines)


def read(file: Path) -> list[Row]:
    """The rows that ``write`` put into a file. Raises ValueError when they are something else."""
    try:
        return [Row(**row) for row in json.loads(file.read_text(encoding="utf-8"))["rows"]]
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{file} is not a file of figures: delete it, or name another.") from error


def write(file: Path, rows: Iterable[Row]) -> list[Row]:
    """Put rows into a file, in place of its rows of the same parts; the file's rows then."""
    new = list(rows)
    fresh = {row.part for row in new}
    kept = [row for row in read(file) if row.part not in fresh] if file.exists() else []
    merged = [row for own in by_part([*kept, *new]).values() for row in own]
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"rows": [asdict(row) for row in merged]}, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
    return merged
