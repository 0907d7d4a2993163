"""What every training here shares: a resumable loop with a wall-clock budget, an EMA, and progress lines.

A training is a step function and something to save. The loop owns the learning-rate schedule, the clock, the
checkpoints and the log; it knows nothing of models.
"""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

Metrics = dict[str, float]
T = TypeVar("T")


@dataclass(frozen=True)
class Schedule:
    """How long to train and how fast: linear warm-up, constant, then cosine decay to 5 % over the last
    ``decay`` share.

    ``steps`` counts optimiser steps of this stage; ``minutes`` ends the stage earlier if the clock runs
    out, in which case the decay follows the clock, so that a stage cut short still ends with a small
    learning rate.
    """

    steps: int
    minutes: float | None = None
    warmup: int = 100
    decay: float = 0.5

    def progress(self, step: int, seconds: float) -> float:
        """The share of the stage that is done, 0…1, by steps or by the clock, whichever is further."""
        share = step / max(1, self.steps)
        if self.minutes is not None:
            share = max(share, seconds / (60 * self.minutes))
        return min(1.0, share)

    def rate(self, step: int, seconds: float) -> float:
        """The factor on the base learning rate."""
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        late = max(0.0, self.progress(step, seconds) - (1 - self.decay)) / self.decay
        return warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * late)))


class Ema:
    """An exponential moving average of parameters, warmed up so that early steps do not linger."""

    def __init__(self, modules: dict[str, nn.Module], decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self._live = {
            f"{name}.{key}": value for name, m in modules.items() for key, value in m.named_parameters()
        }
        self.shadow = {key: value.detach().clone().float() for key, value in self._live.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the live parameters."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(
            list(self.shadow.values()), [v.detach().float() for v in self._live.values()], 1 - decay
        )

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Run a block with the averaged parameters in place of the live ones."""
        kept = {key: value.detach().clone() for key, value in self._live.items()}
        self._copy(self.shadow)
        try:
            yield
        finally:
            self._copy(kept)

    @torch.no_grad()
    def _copy(self, source: dict[str, torch.Tensor]) -> None:
        for key, value in self._live.items():
            value.copy_(source[key])

    def state_dict(self) -> dict[str, Any]:
        """The average and its age."""
        return {"updates": self.updates, "shadow": self.shadow}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up an average that was saved."""
        self.updates = int(state["updates"])
        for key, value in state["shadow"].items():
            self.shadow[key].copy_(value)


class FlatMuon(torch.optim.Muon):
    """Muon over parameters of any rank, each seen as a matrix (first axis × the rest): convolutions, too."""

    def __init__(self, parameters: list[nn.Parameter], **settings: Any) -> None:
        self._pairs = [
            (p, nn.Parameter(p.data.view(len(p), -1))) for p in parameters
        ]  # one storage, two shapes
        super().__init__([flat for _, flat in self._pairs], **settings)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Update every parameter that has a gradient."""
        for parameter, flat in self._pairs:
            flat.grad = None if parameter.grad is None else parameter.grad.view_as(flat)
        return super().step(closure)  # type: ignore[no-untyped-call]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for parameter, flat in self._pairs:
            parameter.grad = flat.grad = None
        super().zero_grad(set_to_none)


_OUTER = ("embed", "lm_head", "proj_out.", "context", "norm_out", "patch", "position", "conv_in", "conv_out")


def optimisers(
    modules: dict[str, nn.Module], *, matrix_rate: float, other_rate: float, decay: float = 0.01
) -> list[torch.optim.Optimizer]:
    """Muon for the hidden matrices and convolutions, AdamW for embeddings, norms, biases and the
    outermost projections.

    Muon's update is scaled to AdamW's RMS ("match_rms_adamw", Liu et al. 2025, arXiv 2502.16982), so both
    rates are of the same order.
    """
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for module in modules.values():
        for name, value in module.named_parameters():
            if not value.requires_grad:
                continue
            small = value.ndim < 2 or min(len(value), value[0].numel()) < 16
            (others if small or any(part in name for part in _OUTER) else matrices).append(value)
    built: list[torch.optim.Optimizer] = []
    if matrices:
        built.append(
            FlatMuon(
                matrices, lr=matrix_rate, weight_decay=decay, momentum=0.95, adjust_lr_fn="match_rms_adamw"
            )
        )
    built.append(torch.optim.AdamW(others, lr=other_rate, weight_decay=0.0, betas=(0.9, 0.98), eps=1e-8))
    for optimiser in built:
        for group in optimiser.param_groups:
            group["base_rate"] = group["lr"]
    return built


def run(
    *,
    name: str,
    folder: Path,
    modules: dict[str, nn.Module],
    optimisers: list[torch.optim.Optimizer],
    ema: Ema,
    schedule: Schedule,
    step: Callable[[int], tuple[torch.Tensor, Metrics]],
    on_save: Callable[[int], None],
    clip: float = 1.0,
    save_minutes: float = 5.0,
    log_every: int = 50,
) -> Metrics:
    """Train until the schedule ends; resume from ``folder``/state.pt if it is there. Returns the last
    averaged metrics.

    ``step`` takes the step's number (also the seed of its batch) and returns the loss and what to log.
    ``on_save`` is called with the averaged weights in place, after each checkpoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state_file = folder / "state.pt"
    start, spent = 0, 0.0
    if state_file.exists():
        start, spent = _load(state_file, modules, optimisers, ema)
        print(f"{name}: resumed at step {start}", flush=True)
    parameters = [p for m in modules.values() for p in m.parameters() if p.requires_grad]
    began = last_save = time.monotonic()
    mean: Metrics = {}
    number = start
    while True:
        seconds = spent + time.monotonic() - began
        if schedule.progress(number, seconds) >= 1.0:
            break
        rate = schedule.rate(number, seconds)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["base_rate"] * rate
        loss, metrics = step(number)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(parameters, clip)
        if torch.isfinite(norm):
            for optimiser in optimisers:
                optimiser.step()
            ema.update()
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        number += 1
        for key, value in {"loss": float(loss.detach()), **metrics}.items():
            if not math.isfinite(value):
                continue  # a metric that does not apply to this batch
            mean[key] = value if key not in mean else 0.97 * mean[key] + 0.03 * value
        if number % log_every == 0 or number == start + 5:
            seconds = spent + time.monotonic() - began
            line = {"step": number, "minutes": round(seconds / 60, 2), "rate": round(rate, 3), **mean}
            print(name, json.dumps({k: round(v, 4) for k, v in line.items()}), flush=True)
        if time.monotonic() - last_save > 60 * save_minutes:
            _save(state_file, modules, optimisers, ema, number, spent + time.monotonic() - began)
            with ema.applied():
                on_save(number)
            last_save = time.monotonic()
    _save(state_file, modules, optimisers, ema, number, spent + time.monotonic() - began)
    with ema.applied():
        on_save(number)
    return mean


def _save(
    file: Path,
    modules: dict[str, nn.Module],
    optimisers: list[torch.optim.Optimizer],
    ema: Ema,
    step: int,
    seconds: float,
) -> None:
    state = {
        "step": step,
        "seconds": seconds,
        "modules": {name: module.state_dict() for name, module in modules.items()},
        "optimisers": [optimiser.state_dict() for optimiser in optimisers],
        "ema": ema.state_dict(),
    }
    part = file.with_suffix(".part")
    torch.save(state, part)
    part.replace(file)


def _load(
    file: Path, modules: dict[str, nn.Module], optimisers: list[torch.optim.Optimizer], ema: Ema
) -> tuple[int, float]:
    state = torch.load(file, map_location="cpu", weights_only=True)
    for name, module in modules.items():
        module.load_state_dict(state["modules"][name])
    for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(saved)
    ema.load_state_dict(state["ema"])
    return int(state["step"]), float(state["seconds"])


def take_averaged(folder: Path, modules: dict[str, nn.Module]) -> int:
    """Give modules the averaged weights of the training in ``folder``, and return its step. Raises OSError
    where there is none.
    """
    state = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
    for name, module in modules.items():
        module.load_state_dict(state["modules"][name])
        averages = state["ema"]["shadow"]
        for key, value in module.named_parameters():
            value.data.copy_(averages[f"{name}.{key}"])
    return int(state["step"])


class Prefetch(Generic[T]):
    """Makes the batches of coming steps in other processes, where an accelerator would wait for them.

    ``make(number)`` must depend on its number alone, so that ``get`` gives the same with and without
    workers. The processes are forked: what ``make`` reads is shared, not copied.
    """

    def __init__(self, make: Callable[[int], T], workers: int) -> None:
        self._make, self._ahead = make, 2 * workers
        self._pending: dict[int, Future[T]] = {}
        self._pool: ProcessPoolExecutor | None = None
        if workers:
            global _shared_make
            _shared_make = make
            self._pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"))

    def get(self, number: int) -> T:
        """The batch of one step; the following ones are begun."""
        if self._pool is None:
            return self._make(number)
        for coming in range(number, number + self._ahead + 1):
            if coming not in self._pending:
                self._pending[coming] = self._pool.submit(_make_shared, coming)
        return self._pending.pop(number).result()


_shared_make: Callable[[int], Any] | None = None  # What the forked processes inherit.


def _make_shared(number: int) -> Any:
    torch.set_num_threads(1)
    assert _shared_make is not None
    return _shared_make(number)


def half_precision(kind: str) -> torch.dtype:
    """The number format in which a training computes on a kind of device ("cpu", "cuda"): bfloat16, but for
    processors that do not multiply such numbers, on which that takes several times as long as float32.
    """
    slow = kind == "cpu" and not torch.cpu._is_avx512_bf16_supported()
    return torch.float32 if slow else torch.bfloat16


def mixed_precision(kind: str) -> torch.autocast:
    """Inside, matrices are multiplied in ``half_precision`` on that kind of device."""
    dtype = half_precision(kind)
    return torch.autocast(kind, torch.bfloat16, enabled=dtype == torch.bfloat16)


def device() -> torch.device:
    """The accelerator if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
