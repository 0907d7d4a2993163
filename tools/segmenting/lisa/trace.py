"""What LISA computes for one picture and one conversation, for debugging.

Float32 on the CPU, so that two machines, or two programs, can be compared number by number.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tools.errors import EngineError, PictureError, ToolError
from tools.segmenting.lisa import processing, text
from tools.segmenting.lisa.checkpoint import is_published, load_published
from tools.segmenting.lisa.model import IMAGE_PLACEHOLDER, Lisa


@dataclass(frozen=True, eq=False)
class Trace:
    """The numbers of one conversation about one picture of H×W, with n [SEG] in it.

    ``input_ids``: int64 (T,), the picture as -200; ``seg_embeddings``: float32 (n, prompt width);
    ``low_res_logits``: float32 (n, 1, 256, 256) at the published size; ``mask_logits``: float32 (n, H, W).
    """

    input_ids: NDArray[np.int64]
    seg_embeddings: NDArray[np.float32]
    low_res_logits: NDArray[np.float32]
    mask_logits: NDArray[np.float32]
    output_text: str

    def save(self, file: Path) -> None:
        """Write the arrays to an ``.npz`` file."""
        np.savez(file, **vars(self))


@torch.no_grad()
def trace_text(model: Lisa, tokenizer: text.LisaTokenizer, picture: NDArray[np.uint8], words: str) -> Trace:
    """Read a whole conversation with one ``<image>`` in it (teacher-forced).

    Raises ``ToolError`` when there is no picture in it, or more than one.
    """
    ids = torch.tensor(tokenizer.encode_prompt(words))
    if int((ids == IMAGE_PLACEHOLDER).sum()) != 1:
        raise ToolError("The conversation needs <image> exactly once: that is where the picture goes.")
    features = model.encode_picture(*processing.pixels(picture, model.config))
    hidden = model.language_model.model(
        inputs_embeds=model.embed(ids, features.tokens[0])[None], use_cache=False
    ).last_hidden_state[0]
    # The row that predicts [SEG] is one before its own; the picture's tokens came in for one placeholder.
    at = (ids == tokenizer.seg_id).nonzero()[:, 0]
    picture_at = int((ids == IMAGE_PLACEHOLDER).nonzero()[0])
    rows = at - 1 + torch.where(at > picture_at, features.tokens.shape[1] - 1, 0)
    seg = model.project_seg(hidden[rows])
    return _finished(model, tokenizer, picture, ids.tolist(), seg, features.embedding)


@torch.no_grad()
def trace_question(
    model: Lisa,
    tokenizer: text.LisaTokenizer,
    picture: NDArray[np.uint8],
    question: str,
    template: text.Template = "llava_v1",
    max_new_tokens: int = 64,
) -> Trace:
    """Ask one question and let the model answer greedily; ``input_ids`` are the prompt's and the answer's."""
    ids = tokenizer.encode_prompt(text.prompt(question, template))
    features = model.encode_picture(*processing.pixels(picture, model.config))
    [answer] = model.answer(
        [torch.tensor(ids)],
        features.tokens[0],
        seg_id=tokenizer.seg_id,
        end_id=tokenizer.end_id,
        max_new_tokens=max_new_tokens,
    )
    whole = ids + answer.ids + ([tokenizer.end_id] if answer.ended else [])
    return _finished(model, tokenizer, picture, whole, answer.seg_embeddings, features.embedding)


def _finished(
    model: Lisa,
    tokenizer: text.LisaTokenizer,
    picture: NDArray[np.uint8],
    ids: list[int],
    seg: torch.Tensor,
    embedding: torch.Tensor,
) -> Trace:
    height, width = picture.shape[:2]
    low = model.decode_masks(seg[None], embedding)[0]
    side = model.config.sam_config.vision_config.image_size
    full = processing.restore_masks(low, height, width, side) if len(low) else low.new_zeros(0, height, width)
    return Trace(
        np.array(ids, np.int64),
        seg.float().numpy(),
        low[:, None].float().numpy(),
        full.float().numpy(),
        tokenizer.transcript(ids),
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit code is 1, with one sentence on stderr, when something is not there."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    parser = argparse.ArgumentParser(prog="python -m tools.segmenting.lisa.trace", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="a LISA folder")
    parser.add_argument("--clip", type=Path, help="the CLIP that a published checkpoint goes with")
    parser.add_argument("--image", type=Path, required=True)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--text", type=Path, help="a file with a whole conversation, used as it is")
    asked.add_argument("--question", help="asked in the template, answered greedily")
    parser.add_argument("--template", choices=("llava_v1", "llava_llama_2"), default="llava_v1")
    parser.add_argument("--max-new-tokens", type=int, default=64)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.npz")
    args = parser.parse_args(arguments)
    try:
        model, tokenizer = _load(args.checkpoint, args.clip)
        picture = _picture(args.image)
        if args.text is not None:
            words = args.text.read_text(encoding="utf-8")
            trace = trace_text(model, tokenizer, picture, words)
        else:
            trace = trace_question(
                model, tokenizer, picture, args.question, args.template, args.max_new_tokens
            )
        trace.save(args.output)
    except (ToolError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(trace.output_text)
    return 0


def _load(folder: Path, clip: Path | None) -> tuple[Lisa, text.LisaTokenizer]:
    if not is_published(folder):
        model = Lisa.from_pretrained(str(folder), dtype=torch.float32).eval()
    elif clip is None:
        raise EngineError(f"{folder} holds no CLIP: name the folder of its CLIP with --clip.")
    else:
        model = load_published(folder, clip)
    return model, text.LisaTokenizer.from_folder(folder)


def _picture(file: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"))
    except OSError as error:
        raise PictureError(f"{file} is not a picture that can be read.") from error


if __name__ == "__main__":
    sys.exit(main())
