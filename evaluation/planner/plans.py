"""How often a planner's plan is exactly the wanted one, on sentences and conversations written by hand.

The sets are JSON lines, one item a line: ``{"id", "group": "plain" | "free" | "conversation", "turns":
[{"say", "plan": [step, …], "accept"?: [[step, …], …]}, …]}``. ``sentences_dev.jsonl`` may be read while a
planner is being written; ``sentences.jsonl`` is the test set, and who writes a planner must not read it.

Conventions of the expected plans:

* Plain talk has no steps; a sentence that leaves open what to change, or into what, is one ``ask``.
* Layers are numbered by distinct edits. An edit with ``layer`` revises that layer in its place: it keeps its
  id, its target and, if it was ``replace`` or ``add``, its kind; its prompt is the whole new look (leather +
  darker = "a darker leather sofa"; a colour takes the place of a colour, a material of a material, the rest
  stays). A step is asked for once: after it, the layer goes by the name of the colour that it came to (blue +
  lighter, then the same for the cushions = "bright blue cushions").
* An object that is named and already has a visible layer is revised. What a layer put there is removed by
  hiding that layer.
* Every turn that changes the picture makes one version, whatever its number of steps.

A conversation is scored turn by turn; the context of each turn follows from the *expected* plans before it,
so that one miss does not spoil the rest.

    python -m evaluation.planner.plans [--planner builtin] [--set dev|test] [--misses]
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from agent.errors import AgentError
from agent.planner.context import Context, Planner
from agent.planner.plan import Ask, Edit, Goto, Hide, Plan, Show, Step, Undo, Variations
from evaluation.planner.words import prompt_words, target_words
from tools.errors import ToolError

Steps = tuple[Step, ...]
Group = Literal["plain", "free", "conversation"]

_HERE = Path(__file__).parent
SETS = {"dev": _HERE / "sentences_dev.jsonl", "test": _HERE / "sentences.jsonl"}
"""The measuring sets by name."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(_Record):
    """What the user says, the plan that is wanted, and other plans that are as good."""

    say: str
    plan: Steps
    accept: tuple[Steps, ...] = ()


class Item(_Record):
    """One sentence or one conversation."""

    id: str
    group: Group
    turns: tuple[Turn, ...]


def load(path: Path) -> tuple[Item, ...]:
    """Read a measuring set. Raises ValueError where a line does not fit the format."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(Item.model_validate_json(line) for line in lines if line.strip())


# --- matching -----------------------------------------------------------------------------------------------


def _phrases_match(got: str | None, wanted: str | None, *, prompt: bool) -> bool:
    if got is None or wanted is None:
        return got is wanted
    words = prompt_words if prompt else target_words
    return words(got) == words(wanted)


def _edits_match(got: Edit | Variations, wanted: Edit | Variations) -> bool:
    return (
        got.layer == wanted.layer
        and got.kind == wanted.kind
        and _phrases_match(got.target, wanted.target, prompt=False)
        and _phrases_match(got.prompt, wanted.prompt, prompt=True)
    )


def _variations_match(got: Variations, wanted: Variations) -> bool:
    if got.count != wanted.count or got.layer != wanted.layer:
        return False
    if got.layer is not None:
        # Variations of a layer need not repeat what the layer already says.
        blanks = {
            name: getattr(wanted, name)
            for name in ("target", "prompt", "kind")
            if getattr(got, name) is None or getattr(wanted, name) is None
        }
        got = got.model_copy(update=blanks)
    return _edits_match(got, wanted)


def _step_matches(got: Step, wanted: Step) -> bool:
    if isinstance(got, Edit) and isinstance(wanted, Edit):
        return _edits_match(got, wanted)
    if isinstance(got, Variations) and isinstance(wanted, Variations):
        return _variations_match(got, wanted)
    if isinstance(got, Ask) and isinstance(wanted, Ask):
        return True
    return got == wanted


def _depends(a: Step, b: Step) -> bool:
    """Whether the order of two steps may matter."""
    if not isinstance(a, Edit | Hide | Show) or not isinstance(b, Edit | Hide | Show):
        return True
    if a.layer is not None and a.layer == b.layer:
        return True
    if isinstance(a, Edit) and isinstance(b, Edit):
        at, bt = target_words(a.target), target_words(b.target)
        made_here_used_there = any(
            maker.kind in ("add", "replace") and prompt_words(maker.prompt) & words
            for maker, words in ((a, bt), (b, at))
        )
        return at <= bt or bt <= at or made_here_used_there
    return False


def _steps_match(got: Steps, wanted: Steps) -> bool:
    if len(got) != len(wanted):
        return False
    if all(map(_step_matches, got, wanted)):
        return True
    if len(wanted) > 6 or any(_depends(a, b) for a, b in combinations(wanted, 2)):
        return False
    return any(all(map(_step_matches, got, order)) for order in permutations(wanted))


def matches(plan: Plan, expected: Steps, accept: Sequence[Steps] = ()) -> bool:
    """Whether a plan's steps are the expected ones, or one of the plans that are accepted as well.

    Compared are the number of steps, their order (edits of different objects may change places), and of each
    step everything but an ``ask``'s question; targets and prompts by their content words. ``say`` is free.
    """
    return any(_steps_match(plan.steps, wanted) for wanted in (expected, *accept))


_TAKES_AWAY = (Undo, Goto, Hide)


def _takes_away(steps: Steps) -> bool:
    return any(isinstance(s, _TAKES_AWAY) or (isinstance(s, Edit) and s.kind == "remove") for s in steps)


# --- scoring ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Miss:
    """A turn whose plan was not the wanted one. ``plan`` is None when the planner failed with ``error``."""

    id: str
    turn: int
    say: str
    expected: Steps
    plan: Plan | None
    error: str = ""
    harmful: bool = False


@dataclass
class Count:
    """Of ``total`` turns ``exact`` were planned exactly; ``harmful`` ones take away what nobody asked to."""

    exact: int = 0
    total: int = 0
    harmful: int = 0

    @property
    def share(self) -> float:
        """Exact turns in 0…1; 0 for an empty group."""
        return self.exact / self.total if self.total else 0.0


@dataclass
class Score:
    """A planner's counts by group, and its misses in the order of the set."""

    groups: dict[str, Count] = field(default_factory=dict)
    misses: list[Miss] = field(default_factory=list)


async def _try(planner: Planner, item: Item, number: int, context: Context) -> Miss | None:
    turn = item.turns[number]
    try:
        plan = await planner.plan(turn.say, context)
    except (AgentError, ToolError) as error:
        return Miss(item.id, number + 1, turn.say, turn.plan, None, str(error))
    if matches(plan, turn.plan, turn.accept):
        return None
    harmful = _takes_away(plan.steps) and not any(map(_takes_away, (turn.plan, *turn.accept)))
    return Miss(item.id, number + 1, turn.say, turn.plan, plan, harmful=harmful)


async def score(planner: Planner, path: Path) -> Score:
    """Plan every turn of a set and count the exact plans by group. A planner's error is a miss."""
    from agent.planner.context import advance

    result = Score()
    for item in load(path):
        count = result.groups.setdefault(item.group, Count())
        context = Context()
        for number, turn in enumerate(item.turns):
            miss = await _try(planner, item, number, context)
            count.total += 1
            count.exact += miss is None
            if miss is not None:
                count.harmful += miss.harmful
                result.misses.append(miss)
            context = advance(context, turn.say, Plan(steps=turn.plan))
    return result


# --- command line -------------------------------------------------------------------------------------------


def _shown(steps: Steps) -> str:
    return json.dumps([step.model_dump(exclude_none=True) for step in steps], ensure_ascii=False)


def report(result: Score, *, misses: bool = False) -> str:
    """The score as text, a line a group; with ``misses`` every miss below."""
    lines = [f"{'group':14}{'exact':>6}{'turns':>7}{'share':>7}{'harmful':>9}"]
    for name, count in result.groups.items():
        lines.append(f"{name:14}{count.exact:6}{count.total:7}{count.share:7.3f}{count.harmful:9}")
    if misses:
        for miss in result.misses:
            got = miss.error if miss.plan is None else _shown(miss.plan.steps)
            mark = " HARMFUL" if miss.harmful else ""
            lines += ["", f"{miss.id} turn {miss.turn}{mark}: {miss.say}"]
            lines += [f"  wanted {_shown(miss.expected)}", f"  got    {got}"]
    return "\n".join(lines)


def _planner(name: str) -> Planner:
    from agent.planner import load_planner

    return load_planner(name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Score one planner on one set and print the counts."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.planner.plans", description=main.__doc__)
    parser.add_argument("--planner", default="builtin", help="the engine's name, for example ollama:MODEL")
    parser.add_argument("--set", choices=sorted(SETS), default="dev", dest="name")
    parser.add_argument("--misses", action="store_true", help="print every miss")
    options = parser.parse_args(arguments)
    try:
        planner = _planner(options.planner)
    except (AgentError, ToolError) as error:
        parser.exit(1, f"{error}\n")
    result = asyncio.run(score(planner, SETS[options.name]))
    print(report(result, misses=options.misses))


if __name__ == "__main__":
    main()
