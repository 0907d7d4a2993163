"""A graphics card that is only pretended, and counted: what torch puts there stays in main memory, labelled.

``with PretendCard(size):`` makes ``tensor.to("cuda")`` copy as CUDA does, gives ``tensor.device`` the card's
name, has the results of what is computed there lie there, and refuses what CUDA refuses: numbers of a card
and of main memory in one operation, a card's tensor as an array, and more bytes than the card has. It knows
each storage that lies there and lives, whoever holds it: a quantised layer's state, a cache, a forgotten
frame.

It holds for the thread that entered it. ``install`` also tells torch.cuda's questions about memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

_Weak: Any = StorageWeakRef

CARD = torch.device("cuda", 0)
RAM = torch.device("cpu")

_DEVICE = torch.Tensor.device.__get__
_IS_CUDA = torch.Tensor.is_cuda.__get__  # type: ignore[attr-defined]


class PretendCard:
    """A card of ``size`` bytes; also a ``tools.engines.gpu_memory.Card``.

    ``multiplied`` are the number formats of the matrices that were multiplied there.
    """

    def __init__(self, size: int, capability: tuple[int, int] = (8, 6)) -> None:
        self.size = size
        self.capability = capability
        self.multiplied: set[torch.dtype] = set()
        self._most = 0  # what would lie there if nothing had died since the last count
        self._here: dict[int, tuple[Any, int]] = {}
        self._left: dict[int, Any] = {}
        self._modes = ExitStack()
        self.moving = False

    @property
    def held(self) -> int:
        """The bytes of all storages that lie on the card and live."""
        gone = [key for key, (reference, _) in self._here.items() if reference.expired()]
        for key in gone:
            del self._here[key]
        self._most = sum(size for _, size in self._here.values())
        return self._most

    def free(self) -> int:
        """The bytes that are not taken."""
        return self.size - self.held

    def trim(self) -> None:
        """Nothing is kept for later here."""

    def holds(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor lies on the card."""
        key = tensor.untyped_storage()._cdata
        return key in self._here and not self._here[key][0].expired()

    def has_left(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor was moved from the card to main memory."""
        key = tensor.untyped_storage()._cdata
        return key in self._left and not self._left[key].expired()

    def put(self, tensor: torch.Tensor) -> None:
        """A tensor lies on the card from now on. Raises as CUDA does where it is full."""
        storage = tensor.untyped_storage()
        if self.holds(tensor) or not storage.nbytes():
            return
        if self._most + storage.nbytes() > self.size and self.held + storage.nbytes() > self.size:
            raise torch.OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {storage.nbytes()} bytes, {self.free()} are free."
            )
        self._here[storage._cdata] = (_Weak(storage), storage.nbytes())
        self._most += storage.nbytes()

    def take(self, tensor: torch.Tensor) -> None:
        """A tensor was made by leaving the card."""
        storage = tensor.untyped_storage()
        self._left[storage._cdata] = _Weak(storage)

    def _has_bfloat16(self, including_emulation: bool = True) -> bool:
        return including_emulation or self.capability >= (8, 0)

    def __enter__(self) -> PretendCard:
        self._modes.enter_context(_Results(self))
        self._modes.enter_context(_Calls(self))
        return self

    def __exit__(self, *_: object) -> None:
        self._modes.close()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have torch.cuda answer for this card."""
        answers: dict[str, Any] = {
            "is_available": lambda: True,
            "mem_get_info": lambda *_: (self.free(), self.size),
            "memory_reserved": lambda *_: 0,
            "memory_allocated": lambda *_: 0,
            "empty_cache": lambda: None,
            "synchronize": lambda *_: None,
            "current_device": lambda: 0,
            "device_count": lambda: 1,
            "Stream": Queue,
            "current_stream": lambda *_: Queue(),
            "stream": nullcontext,
            "is_bf16_supported": self._has_bfloat16,
            "get_device_capability": lambda *_: self.capability,
        }
        for name, answer in answers.items():
            monkeypatch.setattr(torch.cuda, name, answer)
        # What transformers asks in order to take the memory at once that it will need in pieces.
        monkeypatch.setattr("transformers.modeling_utils.caching_allocator_warmup", lambda *_, **__: None)
        # transformers reads in several threads; this card is that of one.
        monkeypatch.setenv("HF_DEACTIVATE_ASYNC_LOAD", "1")


class Queue:
    """What a card does in order: here all of it is done at once."""

    def synchronize(self) -> None:
        """There is nothing to wait for."""


class _Calls(TorchFunctionMode):
    """What is said of devices, in torch's functions."""

    def __init__(self, card: PretendCard) -> None:
        super().__init__()
        self.card = card

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.device, torch._C._nn._parse_to):
            return func(*args, **kwargs)
        if func == _DEVICE:
            return CARD if self.card.holds(args[0]) else func(*args)
        if func == _IS_CUDA:
            return self.card.holds(args[0])
        if func in (torch.Tensor.numpy, torch.Tensor.__array__) and self.card.holds(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")
        if func is torch.Tensor.pin_memory:
            return args[0]
        if func is torch.Tensor.cpu:
            return self._moved(torch.Tensor.to, args, {"device": RAM}, RAM)
        if func is torch.Tensor.cuda:
            return self._moved(torch.Tensor.to, args[:1], {"device": RAM}, CARD)
        if func is torch.Tensor.to:
            args = tuple(CARD if type(each) is int else each for each in args)
        if type(kwargs.get("device")) is int:
            kwargs["device"] = CARD
        asked = [each for each in (*args, *kwargs.values()) if _named(each) is not None]
        if func is torch.Tensor.to and asked:
            target = _named(asked[0]) or RAM
            return self._moved(func, _at_home(args), _at_home(kwargs), target)
        if asked and _named(asked[0]) == CARD:
            made = func(*_at_home(args), **_at_home(kwargs))
            for tensor in _tensors(made):
                self.card.put(tensor)
            return made
        return func(*args, **kwargs)

    def _moved(self, func: Any, args: Any, kwargs: Any, target: torch.device) -> Any:
        source = args[0]
        here = self.card.holds(source)
        other = next((each for each in args[1:] if isinstance(each, torch.Tensor)), None)
        if other is not None:
            target = CARD if self.card.holds(other) else RAM
        self.card.moving = True
        try:
            result = func(*args, **kwargs)
            shared = result.untyped_storage()._cdata == source.untyped_storage()._cdata
            if shared and here != (target == CARD):
                result = result.clone()
        finally:
            self.card.moving = False
        if target == CARD:
            self.card.put(result)
        elif here:
            self.card.take(result)
        return result


class _Results(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Where results lie."""

    def __init__(self, card: PretendCard) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.card = card

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.card.moving:
            return result
        given = _tensors((args, kwargs))
        if any(self.card.holds(each) for each in given):
            if any(each in str(func) for each in ("mm.", "matmul", "convolution", "attention", "gem")):
                self.card.multiplied |= {each.dtype for each in given if each.is_floating_point()}
            left = [each for each in given if each.numel() > 1 and self.card.has_left(each)]
            if left and "copy_" not in str(func) and "index" not in str(func):
                raise RuntimeError(
                    f"Expected all tensors to be on the same device: {func} was given {tuple(left[0].shape)}"
                    " of main memory and others of cuda:0"
                )
            known = {each.untyped_storage()._cdata for each in given}
            for tensor in _tensors(result):
                if tensor.untyped_storage()._cdata not in known:
                    self.card.put(tensor)
        return result


def _named(value: Any) -> torch.device | None:
    """The device that an argument names, if it names one."""
    if isinstance(value, torch.device):
        return CARD if value.type == "cuda" else value
    if isinstance(value, str) and value.partition(":")[0] in ("cuda", "cpu"):
        return CARD if value.startswith("cuda") else RAM
    return None


def _at_home(arguments: Any) -> Any:
    """Arguments in which the card is main memory."""
    return tree_map(lambda each: RAM if _named(each) == CARD else each, arguments)


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [each for each in tree_leaves(tree) if isinstance(each, torch.Tensor)]


@contextmanager
def pretended(
    size: int, monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int] = (8, 6)
) -> Iterator[PretendCard]:
    """A pretended card of ``size`` bytes as this process's own, also for ``tools.engines.gpu_memory``."""
    from tools.engines import gpu_memory

    card = PretendCard(size, capability)
    card.install(monkeypatch)
    monkeypatch.setattr(gpu_memory, "_process", gpu_memory.GpuMemory(card))
    with card:
        yield card


def allow_quantised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have diffusers do without the true card that it wants for bitsandbytes, whose kernels do."""
    from diffusers.quantizers.bitsandbytes import bnb_quantizer

    for kind in (bnb_quantizer.BnB4BitDiffusersQuantizer, bnb_quantizer.BnB8BitDiffusersQuantizer):
        monkeypatch.setattr(kind, "validate_environment", lambda *_, **__: None)
        monkeypatch.setattr(kind, "update_device_map", lambda _, places: places or {"": "cpu"})
