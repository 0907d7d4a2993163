"""Exactness: whatever the mask, the size and the engine, nothing outside the blend mask changes, and a
request gives the same bytes again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from sessions.compose import compose
from sessions.pictures import digest_of
from tests.flux_layout import Family, write_checkpoint
from tools.flux import published
from tools.flux.engine import FluxEngine
from tools.inpaint import Inpainter, Job, MaskedEdit, Painted, Progress, inpaint
from tools.pictures import read_picture, write_picture
from tools.region import blend_mask, clean, paint_mask
from tools.request import Kind, Request
from tools.segment import CancelCheck, never

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
KINDS: tuple[Kind, ...] = get_args(Kind)
FAMILIES: tuple[Family, ...] = get_args(Family)
SHAPES = ("boxes", "line", "pixel", "specks", "holes", "edge", "everything")


class Scribbler:
    """The worst of painters: it changes every pixel of its crop, by the job's words, seed and pixels."""

    name = "scribbler"
    revision = "1"
    area = 96 * 96
    multiple = 16
    steps = 3
    guidance = 1.0

    def paint(
        self, jobs: Sequence[Job], *, progress: Progress | None = None, cancelled: CancelCheck = never
    ) -> list[Pixels]:
        return [self._scribbled(job) for job in jobs]

    def _scribbled(self, job: Job) -> Pixels:
        words = f"{job.prompt} {job.kind} {job.seed} {job.steps} {job.guidance}".encode()
        digest = hashlib.sha256(words + job.crop.tobytes() + job.mask.tobytes()).digest()
        noise = np.random.default_rng(list(digest)).integers(0, 256, job.crop.shape, dtype=np.uint8)
        return np.where(noise == job.crop, noise ^ np.uint8(1), noise)


def picture_of(width: int, height: int, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def mask_of(width: int, height: int, shape: str, seed: int) -> Mask:
    rng = np.random.default_rng([seed, 1])
    mask = np.zeros((height, width), np.bool_)
    x, y = int(rng.integers(width)), int(rng.integers(height))
    if shape == "boxes":
        for _ in range(int(rng.integers(1, 4))):
            x0, y0 = int(rng.integers(width)), int(rng.integers(height))
            mask[y0 : y0 + 1 + int(rng.integers(height)), x0 : x0 + 1 + int(rng.integers(width))] = True
    elif shape == "line":
        mask[y] = True
    elif shape in ("specks", "holes"):
        mask = rng.random((height, width)) < (0.02 if shape == "specks" else 0.98)
    elif shape == "edge":
        mask[:, -1 - width // 4 :] = True
    elif shape == "everything":
        mask[:] = True
    mask[y, x] = True
    return mask


def request_of(picture: Pixels, edit: MaskedEdit, painted: Painted, engine: Inpainter) -> Request:
    return Request(
        picture=digest_of(picture),
        mask=digest_of(edit.mask.astype(np.uint8) * np.uint8(255)),
        prompt=edit.prompt,
        kind=edit.kind,
        seed=edit.seed,
        steps=engine.steps if edit.steps is None else edit.steps,
        guidance=engine.guidance if edit.guidance is None else edit.guidance,
        engine=engine.name,
        revision=engine.revision,
        area=painted.area,
        target=edit.target,
        batch=painted.batch,
    )


def edit_of(request: Request, mask: Mask) -> MaskedEdit:
    return MaskedEdit(
        mask, request.prompt, request.kind, request.seed, request.steps, request.guidance, request.area,
        request.target, request.batch,
    )  # fmt: skip


def check(picture: Pixels, edit: MaskedEdit, engine: Inpainter) -> Pixels:
    """Paint, and hold the result against everything that is promised; the new picture."""
    given_picture, given_mask = picture.copy(), edit.mask.copy()
    (painted,) = inpaint(picture, [edit], {edit.kind: engine})
    result = compose(picture, [painted.patch])
    assert np.array_equal(picture, given_picture)
    assert np.array_equal(edit.mask, given_mask)
    assert result.shape == picture.shape
    cleaned = clean(edit.mask)
    blend, paint = blend_mask(cleaned, edit.kind), paint_mask(cleaned, edit.kind)
    assert np.array_equal(result[blend == 0], picture[blend == 0])
    assert not blend[~paint].any()
    assert (blend[cleaned] == 255).all()
    box = painted.patch.box
    here = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    assert (painted.patch.rgba[..., 3] <= blend[here]).all()
    assert (painted.patch.rgba[..., 3][cleaned[here]] == 255).all()

    written = request_of(picture, edit, painted, engine).model_dump_json()
    again = edit_of(Request.model_validate_json(written), edit.mask)
    (replayed,) = inpaint(picture, [again], {edit.kind: engine})
    assert replayed.patch.box == painted.patch.box
    assert replayed.patch.rgba.tobytes() == painted.patch.rgba.tobytes()
    return result


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(32, 400),
    height=st.integers(32, 400),
    shape=st.sampled_from(SHAPES),
    target=st.sampled_from(("", "the sofa")),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_picture_and_mask(
    kind: Kind, width: int, height: int, shape: str, target: str, seed: int
) -> None:
    edit = MaskedEdit(mask_of(width, height, shape, seed), "a red sofa", kind, seed, target=target)
    check(picture_of(width, height, seed), edit, Scribbler())


@pytest.mark.parametrize(
    ("width", "height", "shape", "kind"),
    [
        (4096, 3072, "edge", "restyle"),
        (4096, 2000, "boxes", "remove"),
        (1500, 4096, "specks", "replace"),
        (32, 4096, "everything", "restyle"),
        (4096, 32, "line", "add"),
    ],
)
def test_large_pictures(width: int, height: int, shape: str, kind: Kind) -> None:
    check(
        picture_of(width, height, 3),
        MaskedEdit(mask_of(width, height, shape, 3), "red", kind, 4),
        Scribbler(),
    )


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
            self, jobs: Sequence[Job], *, progress: Progress | None = None, cancelled: CancelCheck = never
        ) -> list[Pixels]:
            (job,) = jobs
            assert int(np.count_nonzero(job.mask)) > 2 * side * side
            assert job.crop.shape[0] * job.crop.shape[1] >= 0.9 * self.area
            return super().paint(jobs)

    mask = np.zeros((600, 800), np.bool_)
    mask[300 : 300 + side, 500 : 500 + side] = True
    check(picture_of(800, 600, 1), MaskedEdit(mask, "red", kind, 1), Looking())


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_files_mode_size_and_alpha_stay(mode: str, tmp_path: Path) -> None:
    channels = {"RGB": 3, "L": 1, "RGBA": 4}[mode]
    pixels = np.random.default_rng(0).integers(0, 256, (90, 67, channels), dtype=np.uint8)
    Image.fromarray(pixels.squeeze(), mode).save(tmp_path / "in.png")
    read = read_picture(tmp_path / "in.png")
    mask = mask_of(67, 90, "boxes", 2)
    result = check(read.pixels, MaskedEdit(mask, "red", "replace", 1), Scribbler())
    write_picture(tmp_path / "out.png", result, read.alpha, like=read)
    with Image.open(tmp_path / "out.png") as image:
        written = np.asarray(image).reshape(90, 67, -1)
        assert image.size == (67, 90)
        if mode != "L":  # What was painted may have colours.
            assert image.mode == mode
    outside = blend_mask(clean(mask), "replace") == 0
    assert np.array_equal(written[outside][:, :channels], pixels[outside])
    if mode == "RGBA":
        assert np.array_equal(written[..., 3], pixels[..., 3])


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[Family, FluxEngine]:
    root = tmp_path_factory.mktemp("flux")
    return {name: published.load(str(write_checkpoint(root / name, name))) for name in FAMILIES}


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    width=st.integers(32, 300),
    height=st.integers(32, 300),
    shape=st.sampled_from(SHAPES),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**31 - 1),
)
def test_the_real_pipelines(
    engines: dict[Family, FluxEngine],
    family: Family,
    width: int,
    height: int,
    shape: str,
    kind: Kind,
    seed: int,
) -> None:
    mask = mask_of(width, height, shape, seed)
    edit = MaskedEdit(mask, "a red sofa", kind, seed, steps=2, area=64 * 64, target="the sofa")
    check(picture_of(width, height, seed), edit, engines[family])
