"""Exactness: whatever the picture, the mask and the engine, nothing outside the blend mask changes, the file
keeps its size and its mode (a grey one becomes coloured where a colour is painted in it), and its request
gives the same bytes again.

The engines are the three published pipelines, tiny and with random weights: they really paint. What they
paint is noise, so a pixel that should not have changed and did would show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from agent.turn.replay import replay
from sessions.compose import compose
from tests.support.flux_layout import Family, write_checkpoint
from tools.engines import registry
from tools.engines.registry import Preset
from tools.inpainting.base import Job, MaskedEdit, StepListener, inpaint, prepare
from tools.inpainting.flux.engine import FluxEngine
from tools.inpainting.geometry import GROWTH, Region, bounds, clean, room_for_another
from tools.kinds import Kind
from tools.langchain import inpaint_file
from tools.pictures import read_picture, write_mask
from tools.segmenting.base import CancelCheck, never

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Mode = Literal["RGB", "L", "RGBA", "LA"]
Shape = Literal["boxes", "line", "pixel", "specks", "holes", "edge", "everything"]

KINDS: tuple[Kind, ...] = get_args(Kind)
FAMILIES: tuple[Family, ...] = get_args(Family)
CHANNELS: dict[Mode, int] = {"RGB": 3, "L": 1, "RGBA": 4, "LA": 2}
SHAPES: tuple[Shape, ...] = get_args(Shape)
SMALLEST, LARGEST = 32, 4096
DRAWN = 400_000
"""How many pixels a drawn picture has at most: larger ones take seconds each, and are listed."""


def picture_of(width: int, height: int, channels: int = 3, seed: int = 0) -> Pixels:
    """Noise that a PNG packs well, (height, width, channels): a tile, brighter from field to field."""
    rng = np.random.default_rng(seed)
    tile = rng.integers(0, 100, (16, 16, channels), dtype=np.uint8)
    fields = rng.integers(0, 156, (-(-height // 128), -(-width // 128), channels), dtype=np.uint8)
    tiled = np.tile(tile, (-(-height // 16), -(-width // 16), 1))[:height, :width]
    return tiled + fields.repeat(128, axis=0).repeat(128, axis=1)[:height, :width]


def mask_of(width: int, height: int, shape: Shape, seed: int) -> Mask:
    rng = np.random.default_rng([seed, 1])
    mask = np.zeros((height, width), np.bool_)
    x, y = int(rng.integers(width)), int(rng.integers(height))
    if shape in ("specks", "holes"):
        mask = rng.random((height, width)) < (0.02 if shape == "specks" else 0.98)
    elif shape == "boxes":
        for _ in range(int(rng.integers(1, 4))):
            x0, y0 = int(rng.integers(width)), int(rng.integers(height))
            mask[y0 : y0 + 1 + int(rng.integers(height)), x0 : x0 + 1 + int(rng.integers(width))] = True
    elif shape == "line":
        turn = int(rng.integers(3))
        if turn == 0:
            mask[y] = True
        elif turn == 1:
            mask[:, x] = True
        else:
            at = np.linspace(0, 1, width + height)
            mask[(at * (height - 1)).round().astype(int), (at * (width - 1)).round().astype(int)] = True
    elif shape == "edge":
        side = np.rot90(mask, int(rng.integers(4)))
        side[:, -1 - side.shape[1] // 4 :] = True
    elif shape == "everything":
        mask[:] = True
    mask[y, x] = True
    return mask


class Scribbler:
    """The worst of painters: it changes every pixel of its crop, by the job's words, seed and pixels."""

    name = "scribbler"
    revision = "1"
    area = 96 * 96
    multiple = 16
    steps = 3
    guidance = 1.0

    def paint(
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[Pixels]:
        return [self._scribbled(job) for job in jobs]

    def _scribbled(self, job: Job) -> Pixels:
        words = f"{job.prompt} {job.kind} {job.seed} {job.steps} {job.guidance}".encode()
        digest = hashlib.sha256(words + job.crop.tobytes() + job.mask.tobytes()).digest()
        noise = np.random.default_rng(list(digest)).integers(0, 256, job.crop.shape, dtype=np.uint8)
        return np.where(noise == job.crop, noise ^ np.uint8(1), noise)


def changeable(mask: Mask, region: Region, kind: Kind) -> Mask:
    """Where an edit may change the picture, (H, W); its masks are held against what is promised of them."""
    own = clean(mask)
    if kind == "replace":
        own = room_for_another(own)
    box = region.box
    here = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    assert not region.blend[~region.paint].any()
    assert (region.blend[own[here]] == 255).all()
    assert np.count_nonzero(own[here]) == np.count_nonzero(own)

    inner, outer = bounds(own), region.changed
    reach = GROWTH[kind].most * max(mask.shape) + 2
    assert outer.x0 >= inner.x0 - reach
    assert outer.y0 >= inner.y0 - reach
    assert outer.x1 <= inner.x1 + reach
    assert outer.y1 <= inner.y1 + reach + GROWTH[kind].shadow * inner.height
    changing = np.zeros_like(mask)
    changing[here] = region.blend > 0
    return changing


def check_in_memory(picture: Pixels, edit: MaskedEdit, engine: Scribbler) -> None:
    """Paint with a stand-in, and hold the result against everything that is promised."""
    given_picture, given_mask = picture.copy(), edit.mask.copy()
    (painted,) = inpaint(picture, [edit], {edit.kind: engine})
    assert np.array_equal(picture, given_picture)
    assert np.array_equal(edit.mask, given_mask)
    result, box = compose(picture, [painted.patch]), painted.patch.box
    changing = changeable(edit.mask, prepare(picture, edit, engine).region, edit.kind)
    assert result.shape == picture.shape
    assert np.array_equal(result[~changing], picture[~changing])
    object_here = clean(edit.mask)[box.y0 : box.y1, box.x0 : box.x1]
    assert (painted.patch.rgba[..., 3][object_here] == 255).all()

    asked = replace(edit, steps=engine.steps, guidance=1.0, area=painted.area, batch=painted.batch)
    (replayed,) = inpaint(picture, [asked], {edit.kind: engine})
    assert replayed.patch.box == painted.patch.box
    assert replayed.patch.rgba.tobytes() == painted.patch.rgba.tobytes()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(
    width=st.integers(SMALLEST, 400),
    height=st.integers(SMALLEST, 400),
    shape=st.sampled_from(SHAPES),
    target=st.sampled_from(("", "the sofa")),
    seed=st.integers(0, 2**31 - 1),
)
def test_the_worst_of_painters(
    kind: Kind, width: int, height: int, shape: Shape, target: str, seed: int
) -> None:
    edit = MaskedEdit(mask_of(width, height, shape, seed), "a red sofa", kind, seed, target=target)
    check_in_memory(picture_of(width, height, 3, seed), edit, Scribbler())


def test_the_largest_pictures() -> None:
    picture = np.zeros((2048, 8192, 3), np.uint8)
    picture[:, ::2] = 200
    mask = np.zeros((2048, 8192), np.bool_)
    mask[900:1100, 7900:8192] = True
    (painted,) = inpaint(picture, [MaskedEdit(mask, "red", "replace", 1)], {"replace": Scribbler()})
    box = painted.patch.box
    result = compose(picture, [painted.patch])
    assert box.x0 < 7900
    assert box.x1 == 8192
    assert np.array_equal(result[: box.y0], picture[: box.y0])
    assert np.array_equal(result[:, : box.x0], picture[:, : box.x0])
    assert (result[900:1100, 7900:] != picture[900:1100, 7900:]).any()


@pytest.mark.parametrize("side", [1, 4, 16, 40, 63])
@pytest.mark.parametrize("kind", KINDS)
def test_small_objects_are_painted_larger(side: int, kind: Kind) -> None:
    class Looking(Scribbler):
        area = 256 * 256

        def paint(
            self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
        ) -> list[Pixels]:
            (job,) = jobs
            assert int(np.count_nonzero(job.mask)) > 2 * side * side
            assert job.crop.shape[0] * job.crop.shape[1] >= 0.9 * self.area
            return super().paint(jobs)

    mask = np.zeros((600, 800), np.bool_)
    mask[300 : 300 + side, 500 : 500 + side] = True
    check_in_memory(picture_of(800, 600), MaskedEdit(mask, "red", kind, 1), Looking())


@dataclass(frozen=True)
class Studio:
    """The tiny pipelines, each as a preset that paints everything with it, and a folder for pictures."""

    folder: Path
    presets: Mapping[Family, Preset]

    def check(
        self, family: Family, width: int, height: int, mode: Mode, shape: Shape, kind: Kind, seed: int
    ) -> None:
        """Paint from file to file, as ``inpalla inpaint`` does, and hold the new file against everything that
        is promised; then paint it again, as ``inpalla replay`` does.
        """
        values = picture_of(width, height, CHANNELS[mode], seed)
        mask = mask_of(width, height, shape, seed)
        before, after, again = (self.folder / f"{name}.png" for name in ("before", "after", "again"))
        Image.fromarray(values.squeeze()).save(before, compress_level=1)
        on = write_mask(self.folder / "mask.png", mask)
        preset, target = self.presets[family], "the sofa" if seed % 2 else ""
        grow = None if seed % 3 else 0
        inpaint_file(
            str(before), str(on), "a red sofa", str(after), kind, seed, preset, target=target, grow=grow
        )

        engine = registry.load_inpainter(preset.inpainters[kind])
        edit = MaskedEdit(mask, "a red sofa", kind, seed, target=target, grow=grow)
        region = prepare(read_picture(before).pixels, edit, engine).region
        changing = mask if grow == 0 else changeable(mask, region, kind)  # a user's mask is a hard limit
        with Image.open(after) as image:
            assert image.size == (width, height)
            if image.mode != mode:  # a grey picture that a colour was painted in
                assert image.mode == {"L": "RGB", "LA": "RGBA"}[mode]
                values = np.concatenate([np.repeat(values[..., :1], 3, axis=2), values[..., 1:]], axis=2)
            painted = np.asarray(image).reshape(values.shape)
        assert np.array_equal(painted[~changing], values[~changing])
        assert (painted != values).any()
        if mode.endswith("A"):
            assert np.array_equal(painted[..., -1], values[..., -1])

        assert replay(after, again, [before], folders=[preset.inpainters[kind]]).identical
        assert again.read_bytes() == after.read_bytes()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    root = tmp_path_factory.mktemp("flux")
    presets = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("INPALLA_DATA", str(root / "data"))
        patched.setattr(registry, "_loaded", {})
        for family in FAMILIES:
            name = str(write_checkpoint(root / family, family))
            engine = registry.load_inpainter(name)
            assert isinstance(engine, FluxEngine)
            engine.areas, engine.area, engine.steps = (32 * 32, 64 * 64), 64 * 64, 2
            presets[family] = Preset(family, "builtin", "none", MappingProxyType(dict.fromkeys(KINDS, name)))
        yield Studio(root, presets)


@st.composite
def sizes(draw: st.DrawFn) -> tuple[int, int]:
    """A width and a height, one of them up to the largest."""
    side = draw(st.integers(SMALLEST, LARGEST))
    other = draw(st.integers(SMALLEST, min(LARGEST, max(SMALLEST, DRAWN // side))))
    return draw(st.sampled_from(((side, other), (other, side))))


@pytest.mark.parametrize("family", FAMILIES)
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    size=sizes(),
    mode=st.sampled_from(sorted(CHANNELS)),
    shape=st.sampled_from(SHAPES),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_picture_and_mask(
    studio: Studio, family: Family, size: tuple[int, int], mode: Mode, shape: Shape, kind: Kind, seed: int
) -> None:
    studio.check(family, *size, mode, shape, kind, seed)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_smallest_pictures(studio: Studio, family: Family) -> None:
    for number, shape in enumerate(SHAPES):
        mode, kind = sorted(CHANNELS)[number % 4], KINDS[(number + 1) % 4]
        studio.check(family, SMALLEST, SMALLEST, mode, shape, kind, number)


@pytest.mark.parametrize(
    ("family", "width", "height", "mode", "shape", "kind"),
    [
        ("fill", 4096, 1024, "RGB", "edge", "replace"),
        ("fill", 32, 4096, "L", "holes", "remove"),
        ("klein", 2048, 4096, "RGBA", "boxes", "restyle"),
        ("klein", 512, 4096, "L", "everything", "remove"),
        ("kontext", 4096, 4096, "RGB", "pixel", "remove"),
        ("kontext", 512, 4096, "RGBA", "specks", "restyle"),
    ],
)
def test_large_pictures(
    studio: Studio, family: Family, width: int, height: int, mode: Mode, shape: Shape, kind: Kind
) -> None:
    studio.check(family, width, height, mode, shape, kind, 3)
