"""The record of plans and pixels: ``python -m tests.record`` prints what changed, ``--write`` records again,
``--plans`` the plans alone.

Plans: every sentence of the sets in ``evaluation/planner``, planned by the built-in planner in its
conversation. ``tests/data/recorded-plans.txt`` has the first 8 hexadecimal digits of the SHA-256 of each
plan's JSON, in the order of the sets. Where two plans are about as likely, the language model may take the
other on another processor, or after other sentences.

Pixels: requests to the engines that compute, replayed in drawn rooms (``tests/data/recorded-pixels.json``).
No model takes part: floor, walls and things come from the scenes. The engines compute in floating point and
round to 8 bits, so another numpy, scipy or processor can move a pixel by a grey level, and a pattern by a
pixel. (With the loops of older processors, 9 to 16 of 80 digests differed; with those of another kind of core
in BLAS, 5: ``OPENBLAS_CORETYPE=Zen`` takes those of the record.) So digests are compared where
``machine()`` is that of the record, and then must agree to the last bit; elsewhere the means of 8 × 6 fields
of the picture are compared, within ``TOLERANCE`` levels. Composing and planning regions is on integers: there
the digests hold on every machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from agent.planner.builtin import BuiltinPlanner
from agent.planner.context import Context, advance
from agent.planner.lines import read_talks
from agent.planner.plan import Plan
from evaluation.planner import plans as planner_sets
from pocket import rooms
from sessions.compose import Box, Patch, compose
from sessions.pictures import digest_of
from tools.errors import ToolError
from tools.inpainting import geometry, routing
from tools.inpainting.base import Computing, MaskedEdit, compute_or_guess, seed_for
from tools.inpainting.computed.materials import Materials
from tools.inpainting.computed.recolour import Recolour
from tools.inpainting.computed.removal import NEIGHBOURS, Removal
from tools.inpainting.drawing.engine import Drawing
from tools.kinds import KINDS, Kind
from tools.language.referring import plural
from tools.segmenting.base import CancelCheck, Found, never

PLANS = Path(__file__).parent / "data" / "recorded-plans.txt"
PIXELS = Path(__file__).parent / "data" / "recorded-pixels.json"
TOLERANCE = 4
"""By how many grey levels the mean of a field may differ on another machine; 3 were seen."""

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_SETS = Path(planner_sets.__file__).parent
_SIZE = (320, 240)
_ROOMS = (508203483, 1209636307, 892319495)
_LOOKS = ("navy", "sage green", "white", "a darker shade", "a lot lighter", "terracotta")
_MATERIALS = ("oak", "red leather", "velvet", "marble", "striped blue and white", "rattan")
_NEW = (("a plant", "on the floor"), ("a vase", "on the floor"), ("an armchair", "in the left corner"))


class Planned(NamedTuple):
    """A sentence, its place among all, the set that it is from, and its plan."""

    place: int
    source: str
    sentence: str
    plan: Plan

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.plan.model_dump_json().encode()).hexdigest()[:8]


class Painted(NamedTuple):
    """What came of a request: the digest of the picture, and the means of its fields in hex."""

    digest: str
    fields: str


def conversations() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The sentences of every conversation of the sets, with the set's name."""
    for path in sorted(_SETS.rglob("*.txt")):
        for talk in read_talks(path.read_text(encoding="utf-8"))[0]:
            yield path.stem, tuple(said.sentence for said in talk)
    for path in sorted(_SETS.glob("*.jsonl")):
        for item in planner_sets.load(path):
            yield path.stem, tuple(turn.say for turn in item.turns)


def plans(every: int = 1) -> Iterator[Planned]:
    """The plan of every sentence of the sets, in order, or of one conversation in ``every``."""
    planner = BuiltinPlanner()
    place = 0
    for number, (source, sentences) in enumerate(conversations()):
        context = Context()
        for turn, sentence in enumerate(sentences if number % every == 0 else ()):
            plan = planner.plan_now(sentence, context)
            yield Planned(place + turn, source, sentence, plan)
            context = advance(context, sentence, plan)
        place += len(sentences)


def changed_plans(every: int = 1) -> list[str]:
    """What differs from the record: for each sentence the digest that its plan had, and its plan now.

    Raises ``ValueError`` where the sets have other sentences than the record.
    """
    recorded = PLANS.read_text(encoding="utf-8").split() if PLANS.exists() else []
    count = sum(len(sentences) for _, sentences in conversations())
    if len(recorded) != count:
        raise ValueError(f"{len(recorded)} sentences are recorded, and there are {count}: record them again")
    return [
        f"{each.source}: {each.sentence}\n"
        f"  was {recorded[each.place]}, is {each.digest}: {each.plan.model_dump_json()}"
        for each in plans(every)
        if each.digest != recorded[each.place]
    ]


def machine() -> str:
    """What floating-point results depend on beside the program: the libraries, the processor for which numpy
    chooses its loops, and what its BLAS makes of products: a name may stand for several kinds of core.
    """
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        processor = next(line for line in told.splitlines() if line.startswith("model name")).split(": ")[1]
    except (OSError, StopIteration, IndexError):
        processor = platform.processor()
    simd = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    noise = np.random.Generator(np.random.PCG64(0)).random((2, 5003, 3))
    products = [one.T @ other for one, other in (noise, noise.astype(np.float32))]
    products += [np.linalg.lstsq(noise[0], noise[1], rcond=None)[0]]
    told = hashlib.sha256(b"".join(each.tobytes() for each in products)).hexdigest()[:8]
    return ", ".join(
        (f"numpy {np.__version__}", f"scipy {scipy.__version__}", processor, *simd, f"BLAS {told}")
    )


class TrueSegmenter:
    """Finds what a drawn room shows, by the scene that it was drawn from."""

    name = "scene"
    revision = "1"

    def __init__(self, scene: rooms.Scene, drawn: rooms.Rendered) -> None:
        self._kinds: dict[str, list[Mask]] = {}
        for index in scene.present():
            if (mask := rooms.mask(drawn, index)).any():
                self._kinds.setdefault(scene.things[index].kind, []).append(mask)

    def segment(
        self, picture: Pixels, phrases: Sequence[str], *, cancelled: CancelCheck = never
    ) -> list[Found]:
        found = []
        for phrase in phrases:
            noun = phrase.removeprefix("all ").removeprefix("the ")
            things = self._kinds.get(noun) or next(
                (each for kind, each in self._kinds.items() if plural(kind) == noun), []
            )
            mask = np.logical_or.reduce([np.zeros(picture.shape[:2], bool), *things])
            found.append(Found(phrase, mask, 1.0, "", tuple(things)))
        return found

    def describe(self, picture: Pixels) -> list[str]:
        return list(self._kinds)


@cache
def _room(seed: int) -> tuple[Pixels, TrueSegmenter]:
    scene = rooms.make_scene(seed)
    drawn = rooms.render(scene, _SIZE)
    return drawn.picture, TrueSegmenter(scene, drawn)


def _edits(picture: Pixels, segmenter: TrueSegmenter) -> Iterator[tuple[Computing, MaskedEdit]]:
    """Each edit of a room with the engine that is to carry it out."""

    def edit(kind: Kind, mask: Mask, prompt: str, target: str) -> MaskedEdit:
        return MaskedEdit(mask, prompt, kind, seed_for("0" * 64, prompt, kind), target=target)

    names = [name for name in segmenter.describe(picture) if name not in ("floor", "wall")]
    phrases = ["the floor", "the wall", *(f"the {name}" for name in names)]
    masks = {found.phrase: found.mask for found in segmenter.segment(picture, phrases)}
    for number, look in enumerate(_LOOKS):
        target = phrases[number % len(phrases)]
        yield Recolour(), edit("restyle", masks[target], f"{look} {target.removeprefix('the ')}", target)
    for number, look in enumerate(_MATERIALS):
        target = phrases[(2 * number) % len(phrases)]
        yield Materials(), edit("restyle", masks[target], f"{look} {target.removeprefix('the ')}", target)
    for name in sorted(set(names) & {*NEIGHBOURS, "rug", "plant", "floor lamp", "armchair"})[:3]:
        yield Removal(segmenter), edit("remove", masks[f"the {name}"], "", f"the {name}")
    height, width = picture.shape[:2]
    for number, (prompt, place) in enumerate(_NEW):
        mask = np.zeros((height, width), bool)
        left = (30, 200, 110)[number]
        mask[150:215, left : left + 50] = True
        yield Drawing(segmenter), edit("add", mask, prompt, place)


def painted() -> Iterator[tuple[str, Painted]]:
    """What comes of each request; an engine's refusal counts as its result."""
    for seed in _ROOMS:
        picture, segmenter = _room(seed)
        for engine, edit in _edits(picture, segmenter):
            name = f"{engine.name}, room {seed}: {edit.prompt or 'remove'}, {edit.target}"
            try:
                route = routing.Route(edit, engine)
                if isinstance(engine, Recolour):
                    route = routing.route(picture, edit, (engine.name,))
                patch = compute_or_guess(picture, route.edit, engine)
            except ToolError:
                yield name, Painted("refused", "")
                continue
            yield name, _painted(compose(picture, [patch]))
    for seed in range(4):
        yield from _exact(seed)


def _exact(seed: int) -> Iterator[tuple[str, Painted]]:
    """What holds on every machine: patches of noise composed, and where edits of boxes are painted."""
    noise = np.random.Generator(np.random.PCG64(seed)).integers(0, 256, (3, 120, 160, 4), np.uint8)
    patches = [Patch(noise[0], Box(0, 0, 160, 120)), Patch(noise[1][:80], Box(0, 20, 160, 100))]
    yield f"compose, noise {seed}", Painted(digest_of(compose(noise[2][..., :3], patches)), "")
    regions = []
    for side in (20, 70, 200):
        mask = np.zeros((480, 640), bool)
        mask[60 * seed : 60 * seed + side, 150 * seed : 150 * seed + 2 * side] = True
        for kind in KINDS:
            region = geometry.plan_region(mask, kind, areas=(64**2, 96**2, 192**2), multiple=16)
            regions.append((kind, [*map(int, region.box)], [*map(int, region.size)], region.area))
    yield f"regions, boxes {seed}", Painted(hashlib.sha256(json.dumps(regions).encode()).hexdigest(), "")


def _painted(picture: Pixels) -> Painted:
    height, width = picture.shape[:2]
    means = picture.reshape(6, height // 6, 8, width // 8, 3).mean((1, 3))
    return Painted(digest_of(picture), np.rint(means).astype(np.uint8).tobytes().hex())


def changed_pixels() -> list[str]:
    """What differs from the record, and how."""
    record: dict[str, Any] = (
        json.loads(PIXELS.read_text(encoding="utf-8")) if PIXELS.exists() else {"machine": "", "requests": {}}
    )
    requests, same_machine = record["requests"], record["machine"] == machine()
    changed, seen = [], set()
    for name, now in painted():
        seen.add(name)
        before = Painted(*requests[name]) if name in requests else None
        if before is None:
            changed.append(f"{name}: not recorded")
        elif now.digest == before.digest:
            continue
        elif not (now.fields and before.fields):
            changed.append(f"{name}: was {before.digest}, is {now.digest}")
        else:
            was, is_now = (
                np.frombuffer(bytes.fromhex(each.fields), np.uint8).astype(int) for each in (before, now)
            )
            off = int(np.abs(was - is_now).max())
            if same_machine or off > TOLERANCE:
                changed.append(f"{name}: other pixels; fields of the picture differ by {off} levels at most")
    return changed + [f"{name}: recorded, and no longer replayed" for name in requests if name not in seen]


def write_plans() -> None:
    PLANS.write_text("\n".join(each.digest for each in plans()) + "\n", encoding="utf-8")


def write() -> None:
    write_plans()
    record = {"machine": machine(), "requests": {name: list(each) for name, each in painted()}}
    PIXELS.write_text(json.dumps(record, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.record", description="Compare plans and pixels with the record."
    )
    parser.add_argument("--write", action="store_true", help="record them again")
    parser.add_argument("--plans", action="store_true", help="and leave the pixels")
    wanted = parser.parse_args()
    if wanted.write and wanted.plans:
        write_plans()
        return
    changed = changed_plans() + ([] if wanted.plans else changed_pixels())
    print("\n".join(changed) or "Nothing changed.")
    if wanted.write:
        write()
    raise SystemExit(bool(changed) and not wanted.write)


if __name__ == "__main__":
    main()
