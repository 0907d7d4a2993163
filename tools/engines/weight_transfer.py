"""Weights that leave the graphics card and come back: all of their bytes are counted, and all of them move.

bitsandbytes keeps a part of a quantised layer beside its parameters, where ``torch.nn.Module`` looks for
nothing. With 4 bits that is a parameter's ``quant_state``, which moves along. With 8 bits it is the layer's
``state``: the very bytes that are multiplied with, and their scales. A layer's own ``to`` would move them,
but ``Module.to`` of the model around it never calls that, so they would stay on the card, and coming back
would make a second copy. Checked against bitsandbytes 0.50.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import torch

from tools.engines import presets


class OffloadableModel:
    """An engine of one model of transformers; with a name it is a ``tools.engines.gpu_memory.Resident``."""

    def __init__(self, model: Any) -> None:
        self._model = model.eval()
        self._lock = threading.Lock()
        """Held by whoever uses or moves the model."""

    @property
    def weight_bytes(self) -> int:
        """The bytes that the weights take."""
        return bytes_of(self._model)

    @property
    def working_bytes(self) -> int:
        """The bytes of the card that it works with beside them."""
        return presets.working_bytes(getattr(self, "name", ""))

    def to_card(self) -> None:
        """Move the weights to the graphics card, if there is one, and what goes with them."""
        if torch.cuda.is_available():
            self._move("cuda")

    def offload(self) -> None:
        """Move the weights to main memory, and what goes with them."""
        if self._model.device.type != "cpu":
            self._move("cpu")
            torch.cuda.empty_cache()

    def _move(self, device: str) -> None:
        with self._lock:
            if self._model.device.type != device:
                move(self._model, device)
                self._moved()

    def _moved(self) -> None:
        """Take what is kept of pictures along with the model, or forget it."""
        raise NotImplementedError


def move(model: Any, device: torch.device | str) -> None:
    """Bring a model to a device with all that belongs to it; nothing of it stays where it was."""
    model.to(device)
    for layer in _in_8_bits(model):
        weight, state = layer.weight, layer.state
        # Before the first multiplication the two lie with the parameter, from then on with the state.
        for holder in (weight, state):
            if holder.CB is not None:
                holder.CB = weight.data
            if holder.SCB is not None:
                holder.SCB = holder.SCB.to(device)
        state.idx = None  # which columns were large in the latest multiplication
    _forget_cached(model)


def bytes_of(*models: Any) -> int:
    """The bytes of models' weights, buffers and scales; what two share counts once."""
    storages = {}
    for tensor in (each for model in models for each in tensors(model)):
        storage = tensor.untyped_storage()
        storages[storage._cdata] = storage.nbytes()
    return sum(storages.values())


def tensors(model: Any) -> Iterator[torch.Tensor]:
    """All tensors that a model's weights consist of."""
    for parameter in model.parameters():
        yield parameter
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            yield from (state.absmax, state.code)
            if state.nested:
                yield from (state.offset, state.state2.absmax, state.state2.code)
    yield from model.buffers()
    for layer in _in_8_bits(model):
        for holder in (layer.weight, layer.state):
            yield from (each for each in (holder.CB, holder.SCB) if each is not None)


def _forget_cached(model: Any) -> None:
    """Empty the caches that transformers keeps beside a model's classes: the positions of SAM 2 and 3 lie
    there, on the device where they were last wanted.
    """
    for kind in {type(module) for module in model.modules()}:
        for member in vars(kind).values():
            function = getattr(member, "__func__", member)
            for cell in getattr(function, "__closure__", None) or ():
                forget = getattr(cell.cell_contents, "cache_clear", None)
                if forget is not None:
                    forget()


def _in_8_bits(model: Any) -> Iterator[Any]:
    """The layers whose bytes lie beside their parameters."""
    for layer in model.modules():
        if type(layer).__name__ == "Linear8bitLt":
            yield layer
