"""How well the segmenter finds what is spoken of, on whole pictures, through its public interface.

gIoU is the mean over expressions of intersection over union, as in the referring-segmentation literature. The
answers are generated freely: an answer without [SEG] has an empty mask and counts as 0.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.scenes import SEGMENT_SIZE, held_out
from evaluation.table import Row, share_row
from pocket import rooms
from tools.segmenting.base import Segmenter, find

EACH: Final[dict[str, int]] = {
    "plain": 4,
    "attribute": 3,
    "place": 3,
    "use": 3,
    "new use": 3,
    "absent": 4,
    "hard": 2,
}
"""How many phrases of each group are asked about a picture, at most."""

NEVER_NAMED: Final = (
    "microwave", "harp", "elephant", "bathrobe", "surfboard", "candle", "trophy", "ironing board", "aquarium",
    "skateboard", "typewriter", "sewing machine", "accordion", "birdcage", "tent", "fountain",
)  # fmt: skip
"""Things that no room has and that training never names."""

FAMILIES: Final = (
    frozenset({"coffee table", "dining table", "side table", "cabinet"}),
    frozenset({"floor lamp", "table lamp"}),
    frozenset({"sofa", "armchair", "chair", "ottoman", "bed"}),
    frozenset({"bookshelf", "cabinet"}),
    frozenset({"vase", "basket"}),
    frozenset({"window", "mirror"}),
    frozenset({"rug", "floor"}),
)
"""Kinds whose uses are alike, so that a free wording may fit two of them."""


@dataclass(frozen=True)
class Question:
    """A phrase and what it means: ``things`` is empty when it means nothing in the picture."""

    group: str
    text: str
    things: tuple[int, ...]
    alone: bool = True
    """Whether nothing in view is like what is meant (see ``FAMILIES``)."""


def questions(scene: rooms.Scene, rendered: rooms.Rendered, seed: int) -> list[Question]:
    """What is asked about one picture: some phrases of every group, chosen by the seed."""
    rng = np.random.default_rng([seed, 93])
    groups: dict[str, list[Question]] = defaultdict(list)
    for said in rooms.expressions(scene, rendered, rng):
        groups[said.group].append(Question(said.group, said.text, said.indices))
    groups["new use"] = _new_uses(scene, rendered, rng)
    for absent in rooms.absent_phrases(scene, rng, rendered):
        group = "hard" if absent.hard else "absent"
        groups[group].append(Question(group, absent.text, ()))
    chosen = []
    for group, most in EACH.items():
        order = rng.permutation(len(groups[group]))[:most]
        chosen += [groups[group][int(place)] for place in order]
    unknown = NEVER_NAMED[int(rng.integers(len(NEVER_NAMED)))]
    return [*chosen, Question("never named", f"the {unknown}", ())]


def _new_uses(scene: rooms.Scene, rendered: rooms.Rendered, rng: np.random.Generator) -> list[Question]:
    view = rooms.view_of(scene, rendered)
    seen = {scene.things[i].kind for i in (*view.clear, *view.glimpsed)}
    glimpsed = {scene.things[i].kind for i in view.glimpsed}
    made = []
    for kind, texts in rooms.USES_HELD_OUT.items():
        things = tuple(i for i in view.clear if scene.things[i].kind == kind)
        if things and kind not in glimpsed:
            alike = frozenset().union(*(family for family in FAMILIES if kind in family)) - {kind}
            made.append(Question("new use", texts[int(rng.integers(len(texts)))], things, not alike & seen))
    return made


def iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union of two masks of one shape; 0 when both are empty."""
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 0.0


def measure(segmenter: Segmenter, scenes: int) -> list[Row]:
    """Ask about ``scenes`` held-out rooms and make the figures."""
    overlap: dict[str, list[float]] = defaultdict(list)
    refused: dict[str, list[bool]] = defaultdict(list)
    for number, (seed, scene) in enumerate(held_out(scenes), 1):
        rendered = rooms.render(scene, SEGMENT_SIZE)
        asked = questions(scene, rendered, seed)
        found = find(segmenter, rendered.picture, [question.text for question in asked])
        for question, answer in zip(asked, found, strict=True):
            refused[question.group].append(not answer.present)
            if question.things:
                true = np.isin(rendered.ids, question.things)
                overlap[question.group].append(iou(answer.mask, true))
                if question.group == "new use" and question.alone:
                    overlap["new use, alone"].append(overlap["new use"][-1])
        if number % 25 == 0 or number == scenes:
            print(f"lisa: {number}/{scenes} rooms", flush=True)
    return _rows(overlap, refused)


def _rows(overlap: dict[str, list[float]], refused: dict[str, list[bool]]) -> list[Row]:
    described = overlap["attribute"] + overlap["place"]
    present = refused["plain"] + refused["attribute"] + refused["place"]
    half = [value >= 0.5 for value in overlap["plain"]]
    return [
        share_row("lisa", "gIoU, plain", overlap["plain"], target=0.85),
        share_row("lisa", "gIoU, by attribute or place", described, target=0.75),
        share_row("lisa", "· by attribute", overlap["attribute"]),
        share_row("lisa", "· by place", overlap["place"]),
        share_row("lisa", "gIoU, by use", overlap["use"], target=0.70),
        share_row("lisa", "gIoU, by use in wordings never trained", overlap["new use"], target=0.50),
        share_row("lisa", "· where nothing alike is in view", overlap["new use, alone"]),
        share_row("lisa", "plain, IoU of 0.5 or more", half),
        share_row("lisa", "“not there” recognised", refused["absent"], target=0.90),
        share_row("lisa", "· of things that training never names", refused["never named"]),
        share_row("lisa", "· of things there that look otherwise", refused["hard"]),
        share_row("lisa", "false alarms: there, and called not there", present, target=0.05, at_most=True),
    ]
