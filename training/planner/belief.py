"""Who is believed: fits anew what says whether the language model that was told the conversation is right.

    python -m training.planner.belief [FILE …]

Reads conversations with full lines that no reader has learnt from, has each sentence without a file read
alone and in its conversation, and fits a logistic regression on those where one of the two plans is the
wanted one. Prints how many plans are right if of the sentences that a turn asks about the likelier plan is
taken, with the weights in use and with those of a fit to the other files, and the weights of a fit to all
(``agent.planner.builtin.BELIEF``). Some tenths of a second a sentence.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.planner.builtin import BELIEF, BuiltinPlanner, is_asked, signs
from agent.planner.dialogue.files_and_boxes import named_file
from evaluation.planner.plans import matches
from training.planner.conversations import load, played

EVALUATION = Path(__file__).parents[2] / "evaluation"
SETS = (EVALUATION / "planner" / "in_conversation", EVALUATION / "conversations" / "full_lines")
_RIDGE = 1.0
"""How strongly weights are held near 0."""


@dataclass(frozen=True)
class Case:
    """A sentence: whether its plan is right as read alone and in its conversation, and the signs of that;
    None where both plans are the same. ``asked``: a turn has it read in its conversation.
    """

    alone: bool
    told: bool
    signs: tuple[float, ...] | None
    asked: bool = False


def cases(file: Path, planner: BuiltinPlanner) -> list[Case]:
    """The sentences of the conversations of a file."""
    out = []
    for talk in load([file]):
        for turn in played(talk):
            sentence = planner.spelt(turn.said.sentence, turn.context)
            alone, surety = planner.alone(sentence, turn.context)
            right_alone = matches(alone, turn.plan.steps)
            asked = is_asked(sentence, alone, surety, turn.context)
            told = None if named_file(sentence) else planner.told(sentence, turn.context)
            if told is None or told.plan.steps == alone.steps:
                out.append(Case(right_alone, right_alone, None))
            else:
                other = matches(told.plan, turn.plan.steps)
                out.append(Case(right_alone, other, signs(told, alone, surety), asked))
    return out


def fit(some: Sequence[Case]) -> NDArray[np.float64]:
    """The constant and the weights, by Newton's method."""
    telling = [case for case in some if case.signs is not None and case.alone != case.told]
    x = np.array([(1.0, *(case.signs or ())) for case in telling])
    y = np.array([float(case.told) for case in telling])
    weights = np.zeros(x.shape[1])
    held = np.diag([0.0, *[_RIDGE] * (x.shape[1] - 1)])
    for _ in range(30):
        p = 1 / (1 + np.exp(-(x @ weights)))
        slope = x.T @ (p - y) + held @ weights
        weights -= np.linalg.solve(x.T @ (x * (p * (1 - p))[:, None]) + held, slope)
    return weights


def right(case: Case, weights: Sequence[float]) -> bool:
    """Whether the plan that is believed is right."""
    if case.signs is None or not case.asked:
        return case.alone
    score = weights[0] + float(np.dot(weights[1:], case.signs))
    return case.told if score >= 0 else case.alone


def main() -> None:
    """Measure, fit and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "files", nargs="*", type=Path, default=[file for each in SETS for file in sorted(each.glob("*.txt"))]
    )
    options = parser.parse_args()
    planner = BuiltinPlanner()
    sets = {file.stem: cases(file, planner) for file in options.files}
    every = [case for some in sets.values() for case in some]
    print("| set | turns | alone | told | believed | fitted to the others |\n|---|---|---|---|---|---|")
    for name, some in sets.items():
        others = fit([case for other, kept in sets.items() if other != name for case in kept])
        shares = [
            sum(values) / max(1, len(some))
            for values in (
                [case.alone for case in some],
                [case.told for case in some],
                [right(case, BELIEF) for case in some],
                [right(case, others.tolist()) for case in some],
            )
        ]
        print(f"| {name} | {len(some)} |", *(f"{share:.3f} |" for share in shares), flush=True)
    print("fitted to all:", fit(every).round(2).tolist())


if __name__ == "__main__":
    main()
