"""Check conversations with their full lines: ``python -m training.planner.conversations FILE …``.

In a full line each thing is named, whatever the sentence calls it (``docs/frames.md``, "Full lines"). The
checker plays a conversation: it carries the lines out as the program would and, with ``--show``, prints after
each sentence what the picture has.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.planner.context import Context, described_layer
from agent.planner.full_lines import after_turn, before_turn, plan_of
from agent.planner.lines import Line, Said, Talk, is_slip, read_talks, strange_words
from agent.planner.plan import Ask, Plan
from agent.planner.reader import setting
from tools.language.referring import plural
from training.planner.sentences import WORDS

HERE = Path(__file__).parent / "conversations"


@dataclass(frozen=True)
class Turn:
    """A sentence in its conversation, its full lines and the plan that they come to."""

    context: Context
    said: Said
    plan: Plan


def read(path: Path) -> tuple[list[Talk], list[str]]:
    """The conversations of a file, and what is wrong in it."""
    talks, faults = read_talks(path.read_text(encoding="utf-8"), full=True)
    return talks, faults


def load(paths: Sequence[Path]) -> list[Talk]:
    """The conversations of files, and of the files of folders, in the order of their names."""
    files = [file for path in paths for file in (sorted(path.glob("*.txt")) if path.is_dir() else [path])]
    return [talk for file in files for talk in read(file)[0] if talk]


def played(talk: Talk) -> Iterator[Turn]:
    """The turns of a conversation, each in the state that the full lines before it led to."""
    context = Context()
    for said in talk:
        context = before_turn(context, said)
        plan = plan_of(said.lines, context)
        yield Turn(context, said, plan)
        context = after_turn(context, said, plan)


def shown(context: Context) -> str:
    """What the picture has, in a line."""
    layers = [described_layer(layer) for layer in context.layers if not layer.dropped]
    return f"v{context.head}: {'; '.join(layers)}"


# --- to learn from ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A part of a conversation as the language model reads it: texts that follow each other, and for each the
    lines of the sentence that it says ("" for what it tells otherwise).
    """

    texts: tuple[str, ...]
    answers: tuple[str, ...]


def pieces(talk: Talk) -> list[Piece]:
    """A conversation in the parts that the program tells of it (``agent.planner.reader.setting``)."""
    turns = list(played(talk))
    made: list[Piece] = []
    for first in range(0, max(1, len(turns) - setting.FEW), setting.EVERY):
        part = turns[first : first + setting.FEW + setting.EVERY]
        texts, answers = [setting.begin(part[0].context, first)], [""]
        for turn in part:
            texts.append(f"says: {setting.safe(turn.said.sentence)}\n")
            answers.append("\n".join(map(str, turn.said.lines)))
            state = after_turn(turn.context, turn.said, turn.plan)
            if outcome := state.spoken[-1].outcome:
                texts.append(f"did: {setting.safe(outcome)}\n")
                answers.append("")
        made.append(Piece(tuple(texts), tuple(answers)))
    return made


def varied_talk(talk: Talk, chooser: random.Random) -> Talk:
    """A conversation about other things and in other colours; the same where that would not make sense."""
    text = "\n".join([said.sentence for said in talk] + [str(line) for said in talk for line in said.lines])
    words = {word.lower() for word in re.findall(r"[a-zA-Z]+", text)}
    fields = {word for said in talk for line in said.lines for field in line.fields for word in field.split()}
    put: dict[str, str] = {}
    for word in sorted(fields & words):
        if chooser.random() > 0.5:
            continue
        single = word.removesuffix("s") if word.removesuffix("s") in _THINGS else word
        if single in _THINGS:
            new = chooser.choice(_NEW_THINGS)
            if single not in put and not is_slip(single, words - {single, plural(single)}):
                put |= {single: new, plural(single): plural(new)}
        elif word in _COLOURS and not is_slip(word, words - {word}):
            put[word] = chooser.choice(_NEW_COLOURS)
    if not put:
        return talk
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, put))})\b", re.IGNORECASE)

    def other(text: str) -> str:
        return pattern.sub(lambda found: put[found[0].lower()], text)

    told = tuple(
        Said(
            other(said.sentence),
            tuple(Line(line.act, tuple(map(other, line.fields)), other(line.spared)) for line in said.lines),
            said.number,
            tuple(map(other, said.notes)),
        )
        for said in talk
    )
    kinds = [[step.do for step in turn.plan.steps] for turn in played(talk)]
    return told if [[step.do for step in turn.plan.steps] for turn in played(told)] == kinds else talk


_NEW_THINGS = sorted(set(WORDS["things"]) - {"thing", "thingy", "object", "item", "piece", "text"})
_THINGS = frozenset(word for word in _NEW_THINGS if " " not in word)
_NEW_COLOURS = sorted(set(WORDS["colours"]))
_COLOURS = frozenset(word for word in _NEW_COLOURS if " " not in word)


def main(arguments: Sequence[str] | None = None) -> None:
    """Check files; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m training.planner.conversations", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--show", action="store_true", help="print what each sentence leads to")
    options = parser.parse_args(arguments)
    wrong = 0
    for path in options.files:
        talks, faults = read(path)
        for talk in talks:
            if options.show:
                print("# conversation")
            for turn in played(talk):
                said = turn.said
                heard = " ".join((*turn.context.sentences, said.sentence, setting.told(turn.context)))
                for line in said.lines:
                    if strange := strange_words(line, heard):
                        faults.append(f"{said.number}: nobody said “{', '.join(strange)}”: {line}")
                    if "<" in str(line):
                        faults.append(f"{said.number}: a mark in a full line: {line}")
                asks = any(isinstance(step, Ask) for step in turn.plan.steps)
                ought = {line.act for line in said.lines} & {"unclear", "foreign", "move", "swap"}
                looks = all(line.field(1) for line in said.lines if line.act in ("restyle", "replace", "add"))
                if asks and not ought and looks:
                    faults.append(f"{said.number}: asks “{turn.plan.say}”: {said.sentence}")
                if options.show:
                    print(f"> {said.sentence}")
                    for line in said.lines:
                        print(f"    {line}")
                    print(f"  ! {turn.plan.say}")
                    print(f"  | {shown(after_turn(turn.context, said, turn.plan))}")
        for fault in faults:
            print(f"{path}:{fault}")
        turns = sum(map(len, talks))
        print(f"{path}: {len(talks)} conversations, {turns} turns, {len(faults)} faults")
        wrong += len(faults)
    parser.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
