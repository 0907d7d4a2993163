"""An ONNX graph of big-lama's shape (Suvorov et al. 2022, arXiv 2109.07161; 51 M parameters) with random
weights: for what it costs and not for what it paints.

Fourier transforms are products with fixed matrices: ONNX has no inverse transform of half a spectrum.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 512
BLOCKS, WIDTH, GLOBAL = 18, 512, 384
"""Residual blocks, their channels, and how many of these see the whole picture through its spectrum."""

Floats = NDArray[np.float32]


class _Graph:
    """Nodes and weights of a graph, a name for each result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._rng = np.random.default_rng(0)

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def value(self, value: Floats | NDArray[np.int64]) -> str:
        name = f"value{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def conv(self, x: str, inner: int, outer: int, side: int, stride: int = 1, *, relu: bool = False) -> str:
        weight = self._rng.normal(0, (inner * side * side) ** -0.5, (outer, inner, side, side))
        x = self.node(
            "Conv", x, self.value(weight.astype(np.float32)), self.value(np.zeros(outer, np.float32)),
            kernel_shape=[side, side], strides=[stride, stride], pads=[side // 2] * 4,
        )  # fmt: skip
        return self.node("Relu", x) if relu else x

    def spectral(self, x: str, height: int, width: int) -> str:
        """The spectral transform of ``GLOBAL`` channels: a spectrum's convolution between two of 1×1."""
        half = GLOBAL // 2
        x = self.conv(x, GLOBAL, half, 1, relu=True)
        across, down = _dft(width)[:, : width // 2 + 1], _dft(height)
        real, imaginary = (
            self.node("MatMul", x, self.value(part)) for part in (across.real.copy(), across.imag.copy())
        )
        a, b = self.value(down.real.copy()), self.value(down.imag.copy())
        seen = (
            self.node("Sub", self.node("MatMul", a, real), self.node("MatMul", b, imaginary)),
            self.node("Add", self.node("MatMul", a, imaginary), self.node("MatMul", b, real)),
        )
        mixed = self.conv(self.node("Concat", *seen, axis=1), GLOBAL, GLOBAL, 1, relu=True)
        split = self.node("Split", mixed, self.value(np.array([half, half], np.int64)), axis=1)
        self.nodes[-1].output.append(f"{split}b")
        real = self.node("Add", self.node("MatMul", a, split), self.node("MatMul", b, f"{split}b"))
        imaginary = self.node("Sub", self.node("MatMul", a, f"{split}b"), self.node("MatMul", b, split))
        twice = np.full((width // 2 + 1, 1), 2, np.float32)
        twice[[0, -1]] = 1
        back = [self.value(twice * part.T) for part in (across.real, across.imag)]
        whole = self.node("Add", self.node("MatMul", real, back[0]), self.node("MatMul", imaginary, back[1]))
        return self.conv(self.node("Add", x, whole), half, GLOBAL, 1)

    def ffc(self, local: str, wide: str) -> tuple[str, str]:
        """One fast Fourier convolution (Chi et al. 2020) of a local and a global part."""
        own = WIDTH - GLOBAL
        near = self.node("Add", self.conv(local, own, own, 3), self.conv(wide, GLOBAL, own, 3))
        spectrum = self.spectral(wide, SIDE // 8, SIDE // 8)
        far = self.node("Add", self.conv(local, own, GLOBAL, 3), spectrum)
        return self.node("Relu", near), self.node("Relu", far)

    def widened(self, x: str, inner: int, outer: int) -> str:
        weight = self._rng.normal(0, (inner * 9) ** -0.5, (inner, outer, 3, 3)).astype(np.float32)
        x = self.node(
            "ConvTranspose", x, self.value(weight), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4,
            output_padding=[1, 1],
        )  # fmt: skip
        return self.node("Relu", x)


def _dft(size: int) -> NDArray[np.complex64]:
    """The matrix of the orthonormal Fourier transform."""
    at = np.arange(size)
    matrix: NDArray[np.complex64] = np.exp(-2j * np.pi * np.outer(at, at) / size).astype(np.complex64)
    return matrix / np.float32(np.sqrt(size))


def write_published(folder: Path) -> Path:
    """A folder with a graph of the published size (200 MB) and interface."""
    graph = _Graph()
    hole = graph.node("Mul", "image", graph.node("Sub", graph.value(np.ones((), np.float32)), "mask"))
    x = graph.conv(graph.node("Concat", hole, "mask", axis=1), 4, 64, 7, relu=True)
    for inner in (64, 128):
        x = graph.conv(x, inner, 2 * inner, 3, 2, relu=True)
    parts = [graph.conv(x, 256, size, 3, 2, relu=True) for size in (WIDTH - GLOBAL, GLOBAL)]
    for _ in range(BLOCKS):
        made = graph.ffc(*graph.ffc(*parts))
        parts = [graph.node("Add", old, new) for old, new in zip(parts, made, strict=True)]
    x = graph.node("Concat", *parts, axis=1)
    for inner in (512, 256, 128):
        x = graph.widened(x, inner, inner // 2)
    x = graph.node("Sigmoid", graph.conv(x, 64, 3, 7))
    graph.nodes.append(helper.make_node("Mul", [x, graph.value(np.full((), 255, np.float32))], ["output"]))

    def tensor(name: str, channels: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", channels, SIDE, SIDE])

    whole = helper.make_graph(
        graph.nodes, "lama", [tensor("image", 3), tensor("mask", 1)], [tensor("output", 3)], graph.weights
    )
    folder.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "lama_fp32.onnx"))
    return folder
