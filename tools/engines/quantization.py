"""Weights of 8 and 4 bits: the package that they take, and what it is told. Imports no torch."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from tools.engines.model_name import Bits
from tools.errors import EngineError

if TYPE_CHECKING:
    import torch

INSTALL: Final = "pip install 'inpalla[quantised]'"


def lacks_package(bits: Bits) -> bool:
    """Whether so few bits need a package that is not installed."""
    return bits < 16 and find_spec("bitsandbytes") is None


def check_package(bits: Bits) -> None:
    """Raise ``EngineError`` when so few bits need a package that is not installed."""
    if lacks_package(bits):
        raise EngineError(f"{bits}-bit weights require bitsandbytes: install it with {INSTALL}.")


def config(library: Any, bits: Bits, dtype: torch.dtype, exact: Sequence[str] | None = None) -> Any:
    """The ``BitsAndBytesConfig`` of diffusers or transformers for so many bits; None for 16.

    ``exact`` are parts of the names of layers that are not quantised.
    """
    if bits == 16:
        return None
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # at every 8-bit product it names float16
    skipped = None if exact is None else list(exact)
    if bits == 8:
        return library.BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=skipped)
    return library.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=skipped,
    )
