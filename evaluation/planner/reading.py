"""How a planner reads written sentences: exact plans and frames, harmful plans, seconds.

The sets are text files in the form of ``docs/frames.md``. The plan that is wanted is the one that the
resolver makes of the written frames, so what is measured is how the sentence was read, whoever reads. In a
conversation the context of each turn follows from the wanted plans before it, so that one miss does not spoil
the rest.

    python -m evaluation.planner.reading [FILE …] [--planner NAME] [--misses] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import AgentError
from agent.planner.context import Context, Planner, advance
from agent.planner.full_lines import after_turn, before_turn, plan_of
from agent.planner.lines import FIELDS, Line, Talk, read_talks
from agent.planner.plan import Ask, Edit, Goto, Hide, Pick, Plan, Step, Tell, Undo
from agent.planner.reader.framing import frames_of
from agent.planner.resolve.resolver import resolve
from evaluation.planner.plans import matches
from evaluation.planner.words import prompt_words, target_words
from tools.errors import ToolError

SETS = tuple(Path(__file__).parent / f"reading_{name}.txt" for name in ("edits", "commands", "conversations"))
"""The sets that come with the program: nothing is learnt from them, but whoever writes a planner may look."""

Read = Callable[[str], tuple[Line, ...]]


@dataclass
class Count:
    """Of ``total`` turns ``exact`` were planned as wanted, ``framed`` have the very frames; ``harmful`` plans
    take away what nobody asked to.
    """

    total: int = 0
    exact: int = 0
    framed: int = 0
    harmful: int = 0


@dataclass
class Score:
    """The counts of a planner by category, its misses, and the seconds that each sentence took."""

    counts: dict[str, Count] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The figures as JSON."""
        whole = Count()
        for count in self.counts.values():
            for name in ("total", "exact", "framed", "harmful"):
                setattr(whole, name, getattr(whole, name) + getattr(count, name))
        seconds = sorted(self.seconds) or [0.0]
        return {
            **{name: _figures(count) for name, count in self.counts.items()},
            "all": _figures(whole),
            "seconds": {
                "median": round(seconds[len(seconds) // 2], 4),
                "95 %": round(seconds[min(len(seconds) - 1, len(seconds) * 95 // 100)], 4),
            },
        }


def _figures(count: Count) -> dict[str, float]:
    share = count.exact / count.total if count.total else 0.0
    return {"turns": count.total, "exact": round(share, 4), "harmful": count.harmful} | (
        {"frames": round(count.framed / count.total, 4)} if count.framed else {}
    )


def load(paths: Sequence[Path], *, full: bool = False) -> list[tuple[str, Talk]]:
    """The sentences and conversations of files, each with its category, the file's name. Raises ValueError
    where a file holds none.
    """
    found = []
    for path in paths:
        talks, faults = read_talks(path.read_text(encoding="utf-8"), full=full)
        if not talks:
            raise ValueError(f"{path} holds no sentences ({faults[:1]})")
        found += [(path.stem.removeprefix("reading_"), talk) for talk in talks]
    return found


def gist(lines: Sequence[Line]) -> list[tuple[object, ...]]:
    """What counts of frames: acts, marks, and the words that mean something."""
    return [
        (
            line.act,
            *(_content(sort, part) for sort, part in zip(FIELDS[line.act], line.fields, strict=False)),
            target_words(line.spared),
        )
        for line in lines
    ]


def _content(sort: str, text: str) -> object:
    if text.startswith("<") or text.lstrip("-").isdigit():
        return text
    return prompt_words(text) if sort in ("look", "new") else target_words(text)


def _tells(steps: Sequence[Step], lines: Sequence[Line]) -> bool:
    """Whether a question about the record is answered by a step that looks there, about what was asked."""
    if len(steps) != 1 or len(lines) != 1 or not isinstance(steps[0], Tell) or lines[0].act != "tell":
        return False
    about = target_words(lines[0].field(1))
    return lines[0].field(0) in ("changes", "check", "look") and target_words(steps[0].about) == about


_RETURNING = ("revert", "hide", "back", "drop", "keep")


def _says_so(steps: Sequence[Step], wanted: Sequence[Step], lines: Sequence[Line]) -> bool:
    """Whether a plan says that nothing is there to be taken back, as the wanted one does: "I have not changed
    the rug" may be asked or told from the record.
    """
    idle = all(isinstance(step, Ask | Tell) for step in (*steps, *wanted))
    return idle and bool(wanted) and all(line.act in _RETURNING for line in lines)


def _in_one_step(steps: Sequence[Step], lines: Sequence[Line]) -> bool:
    """Whether one step does what two lines say: an edit within a mask that the user gives, or a variation
    that is taken with another look.
    """
    if len(steps) != 1 or len(lines) != 2:
        return False
    first, then, step = *lines, steps[0]
    if isinstance(step, Edit) and first.act == "mask" and first.field(0) in ("file", "box"):
        given = step.within is not None and step.within == first.field(1)
        return given and step.kind == then.act and prompt_words(then.field(1)) <= prompt_words(step.prompt)
    if isinstance(step, Pick) and first.act == "pick" and then.act == "restyle":
        look = prompt_words(then.field(1))
        return str(step.index) == first.field(0) and look <= prompt_words(step.prompt or "")
    return False


def _takes(steps: Sequence[Step]) -> bool:
    return any(
        isinstance(step, Undo | Goto | Hide) or (isinstance(step, Edit) and step.kind == "remove")
        for step in steps
    )


async def score(
    planner: Planner, talks: Sequence[tuple[str, Talk]], read: Read | None = None, *, full: bool = False
) -> Score:
    """Plan every turn. ``read`` gives the frames of a sentence, for planners that have them. ``full``: the
    wanted lines are full ones, which name what the conversation tells. Raises what the planner raises, where
    it never answers.
    """
    result = Score()
    answered = False
    for name, talk in talks:
        count = result.counts.setdefault(name, Count())
        context = Context()
        before: dict[str, tuple[Line, ...]] = {said.sentence: said.lines for said in talk}

        def earlier(sentence: str, before: dict[str, tuple[Line, ...]] = before) -> tuple[Any, ...]:
            return frames_of(before.get(sentence, ()))

        for said in talk:
            context = before_turn(context, said) if full else context
            wanted = (
                plan_of(said.lines, context) if full else resolve(frames_of(said.lines), context, earlier)
            )
            began = time.perf_counter()
            try:
                got = await planner.plan(said.sentence, context)
            except (AgentError, ToolError) as error:
                if not answered:
                    raise  # a planner that is not there is not measured
                got = Plan(say=str(error))
            answered = True
            result.seconds.append(time.perf_counter() - began)
            right = matches(got, wanted.steps) and (bool(wanted.steps) or not got.steps)
            right = right or _tells(got.steps, said.lines) or _in_one_step(got.steps, said.lines)
            right = right or _says_so(got.steps, wanted.steps, said.lines)
            harmful = not right and _takes(got.steps) and not _takes(wanted.steps)
            count.total += 1
            count.exact += right
            count.harmful += harmful
            lines = read(said.sentence) if read else ()
            framed = bool(read) and gist(lines) == gist(said.lines)
            count.framed += framed
            if not right or (read and not framed):
                mark = " HARMFUL" if harmful else "" if right else " PLAN"
                result.misses.append(
                    f"{name}{mark}: {said.sentence}\n    wanted {' / '.join(map(str, said.lines))}\n"
                    f"    read   {' / '.join(map(str, lines))}\n    plan   {_shown(got)}"
                )
            context = after_turn(context, said, wanted) if full else advance(context, said.sentence, wanted)
    return result


def _shown(plan: Plan) -> str:
    return json.dumps([step.model_dump(exclude_none=True) for step in plan.steps], ensure_ascii=False)


def report(result: Score) -> str:
    """The figures as text, a line a category."""
    figures = result.as_json()
    framed = any("frames" in row for row in figures.values())
    heads = f"{'exact':>8}" + (f"{'frames':>8}" if framed else "")
    lines = [f"{'':16}{'turns':>7}{heads}{'harmful':>9}"]
    for name, row in figures.items():
        if name != "seconds":
            shown = f"{row['frames']:8.3f}" if "frames" in row else " " * 8 if framed else ""
            lines.append(f"{name:16}{row['turns']:7}{row['exact']:8.3f}{shown}{row['harmful']:9}")
    seconds = figures["seconds"]
    lines.append(f"seconds a sentence: {seconds['median']:.3f}, 95 % within {seconds['95 %']:.3f}")
    return "\n".join(lines)


def chosen(name: str) -> tuple[Planner, Read | None]:
    """The planner of a name; ``reader:FOLDER`` is a trained reader alone, ``chosen:FOLDER`` with the language
    model behind it, ``model:FOLDER`` the language model of an adapter alone.
    """
    from agent.planner import load_planner
    from agent.planner.builtin import BuiltinPlanner

    engine, _, folder = name.partition(":")
    if engine == "reader":
        from agent.planner.reader import Reader

        reader = Reader(Path(folder))
        return BuiltinPlanner(reader), lambda sentence: reader.read(sentence).lines
    if engine == "chosen":
        from agent.planner.reader.choice import Chosen

        return BuiltinPlanner(Chosen(Path(folder))), None
    if engine == "model":
        from agent.planner.reader.language_model import InProcess, LanguageModel

        model = LanguageModel(InProcess(Path(folder)))
        return BuiltinPlanner(model), lambda sentence: model.read(sentence).lines
    return load_planner(name), None


def main(arguments: Sequence[str] | None = None) -> None:
    """Score one planner on files of sentences and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m evaluation.planner.reading", description=main.__doc__)
    parser.add_argument("files", type=Path, nargs="*", default=SETS)
    parser.add_argument("--planner", default="builtin", help="such as ollama:MODEL or reader:FOLDER")
    parser.add_argument("--full", action="store_true", help="the files hold full lines")
    parser.add_argument("--misses", action="store_true", help="print every miss")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    planner, read = chosen(options.planner)
    result = asyncio.run(score(planner, load(options.files, full=options.full), read, full=options.full))
    if options.misses:
        print("\n".join(result.misses))
    print(json.dumps(result.as_json(), indent=2) if options.json else report(result))


if __name__ == "__main__":
    main()
