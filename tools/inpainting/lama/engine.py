"""LaMa behind the interface of an inpainter: what lies behind a thing, in one pass and without words.

Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions", 2021 (arXiv 2109.07161).
It goes on with what is around, where a diffusion model tends to put the thing back. It works on the processor
in any case: a second or two, and no room on the card.

The published graph takes ``image``, float32 (1, 3, 512, 512), RGB from 0 to 1, and ``mask``, float32
(1, 1, 512, 512), 1 where it may paint; it gives ``output``, as ``image``, from 0 to 255.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.engines import specs, stored_weights
from tools.engines.unreadable import unreadable
from tools.errors import Cancelled, EngineError
from tools.inpainting.base import Capabilities, Job, PaintingStep, StepListener
from tools.segmenting.base import CancelCheck, never

NAME: Final = "lama"
(FILE,) = specs.ENGINES[NAME].repositories[0].files

SIDE: Final = 512


class LamaEngine:
    """An ONNX Runtime session that keeps the ``Inpainter`` interface. It takes no words."""

    multiple = 8
    area = SIDE * SIDE
    steps = 1
    guidance = 1.0
    capabilities = Capabilities(kinds=("remove",))

    def __init__(self, name: str, session: Any, revision: str) -> None:
        self.name = name
        self.revision = revision
        self._session = session

    def paint(
        self, jobs: Sequence[Job], *, progress: StepListener | None = None, cancelled: CancelCheck = never
    ) -> list[NDArray[np.uint8]]:
        """Paint every job and return the whole crops, uint8 RGB of the crops' sizes, in order.

        Raises ``Cancelled`` before the next job. A crop that is not square is looked at as a square.
        """
        painted = []
        for number, job in enumerate(jobs, 1):
            if cancelled():
                raise Cancelled
            painted.append(self._paint(job))
            if progress is not None:
                progress(PaintingStep(number, len(jobs), painted[0]))
        if cancelled():
            raise Cancelled
        return painted

    def _paint(self, job: Job) -> NDArray[np.uint8]:
        height, width = job.mask.shape
        square = Image.fromarray(job.crop).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        # A pixel that the thing has any part in is the thing's.
        mask = Image.fromarray(job.mask.astype(np.uint8) * 255).resize(
            (SIDE, SIDE), Image.Resampling.BILINEAR
        )
        picture = np.asarray(square, np.float32).transpose(2, 0, 1)[None] / 255
        holes = (np.asarray(mask) > 0).astype(np.float32)[None, None]
        (made,) = self._session.run(["output"], {"image": picture, "mask": holes})
        if not np.isfinite(made).all():
            raise EngineError(f"{self.name} gave no picture: nothing was changed.")
        levels = np.clip(np.rint(made[0].transpose(1, 2, 0)), 0, 255).astype(np.uint8)
        return np.array(Image.fromarray(levels).resize((width, height), Image.Resampling.BICUBIC))


def load(name: str = NAME) -> LamaEngine:
    """The published model, from this machine alone. Raises ``EngineError`` when it is not there."""
    return from_folder(name, *stored_weights.find(name))


def from_folder(name: str, folder: Path) -> LamaEngine:
    """Load from a folder in the published layout. Raises ``EngineError`` for a graph that is another."""
    import onnxruntime
    import torch

    file = folder / FILE
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # whatever the library raises, the user gets one sentence
        raise unreadable(FILE, folder, "it is damaged") from error
    takes = {each.name: list(each.shape[1:]) for each in session.get_inputs()}
    gives = [each.name for each in session.get_outputs()]
    if takes != {"image": [3, SIDE, SIDE], "mask": [1, SIDE, SIDE]} or "output" not in gives:
        raise unreadable(FILE, folder, f"it is another graph than {name} knows")
    snapshot = folder.parent.name == "snapshots"
    revision = folder.name[:12] if snapshot else hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    return LamaEngine(name, session, revision)
