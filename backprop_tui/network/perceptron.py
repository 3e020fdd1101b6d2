"""A network seen as a plain multilayer perceptron, and made anew with other layers."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..calculus.shapes import Shape
from ..errors import InputError
from .layers import ACTIVATIONS, Layers
from .matrices import MatrixReader
from .model import Matrix, Network
from .rewriting import LINEAR, applied, find_loss, parsed

_HIDDEN: Final = "sigmoid"
"""The activation of a hidden layer where there has been none to take it from."""


@dataclass(frozen=True)
class Layer:
    """The names of a layer's weights and of its biases, if it has some, and its activation."""

    weights: str
    bias: str | None
    activation: str = LINEAR


@dataclass(frozen=True)
class Perceptron:
    """A chain of layers that leads from an input to a loss.

    Attributes
    ----------
    inputs, target:
        The names of the data.
    layers:
        In the order of the forward pass.
    loss:
        The loss by name.

    """

    inputs: str
    target: str
    layers: tuple[Layer, ...]
    loss: str


def as_perceptron(network: Network) -> Perceptron:
    """Read the layers off a network's equations.

    Raises
    ------
    InputError
        Where it is no plain chain of layers: `x W + b` and a function, one after another, then a loss by name.

    """
    found = find_loss(network.equations, network.data)
    output, target = (ast.unparse(node) for node in found.compared)
    inputs = [name for name in network.data if name != target]
    layers, signal = list[Layer](), inputs[0] if inputs else ""
    for name, text in network.equations.items():
        if name != found.equation:
            layers, signal = _with(layers, parsed(text), signal, network), name
    used = [name for layer in layers for name in (layer.weights, layer.bias) if name]
    alone = ast.dump(found.node) == ast.dump(parsed(network.equations[found.equation]))
    if not alone or output != signal or len(inputs) != 1 or sorted(used) != sorted(network.parameters):
        raise _not_plain(found.equation)
    return Perceptron(inputs[0], target, tuple(layers), found.name)


def with_sizes(network: Network, sizes: Sequence[int]) -> dict[str, Any]:
    """Return what of a perceptron changes when its layers have other sizes, inputs first.

    Weights of a shape that still fits are kept; the others are drawn anew by Xavier's rule from the network's seed,
    biases are zero. With another number of layers the equations are those of the shorthand.

    Raises
    ------
    InputError
        Where the network is no perceptron, or the sizes don't suit its data.

    """
    seen = as_perceptron(network)
    ends = network.data[seen.inputs].shape[1], network.data[seen.target].shape[1]
    if len(sizes) < 2 or (sizes[0], sizes[-1]) != ends:
        expected = f"{ends[0]}-...-{ends[1]}: as many inputs as {seen.inputs} has columns, as many outputs as"
        raise InputError(f"layers {'-'.join(map(str, sizes))}", f"{expected} {seen.target}")
    shapes = list(pairwise(sizes))
    if len(shapes) == len(seen.layers):
        return _parameters(network, seen.layers, seen.layers, shapes)
    expanded = _expanded(seen, sizes)
    data = {"x": network.data[seen.inputs], "t": network.data[seen.target]}
    numbers = range(1, len(sizes))
    layers = [Layer(f"W{number}", f"b{number}" if expanded.bias else None) for number in numbers]
    return {"equations": expanded.equations(), "data": data, **_parameters(network, seen.layers, layers, shapes)}


def _with(layers: list[Layer], node: ast.expr, signal: str, network: Network) -> list[Layer]:
    """Return the layers with what one more equation does to the signal."""
    activation, inside = applied(node, {*ACTIVATIONS, *network.functions}) or (LINEAR, node)
    match inside:
        case ast.Name(id=name) if name == signal and layers and layers[-1].activation == LINEAR:
            return [*layers[:-1], replace(layers[-1], activation=activation)]
        case ast.BinOp(left=ast.Name(id=left), op=ast.MatMult(), right=ast.Name(id=weights)) if left == signal:
            return [*layers, Layer(weights, None, activation)]
        case ast.BinOp(
            left=ast.BinOp(left=ast.Name(id=left), op=ast.MatMult(), right=ast.Name(id=weights)),
            op=ast.Add(),
            right=ast.Name(id=bias),
        ) if left == signal:
            return [*layers, Layer(weights, bias, activation)]
    raise _not_plain(ast.unparse(node))


def _not_plain(where: str) -> InputError:
    expected = "a plain chain of layers: x @ W + b and a function, one after another, then a loss by name"
    return InputError(f"the layers can't be told from {where!r}", expected)


def _expanded(seen: Perceptron, sizes: Sequence[int]) -> Layers:
    *hidden, last = [layer.activation for layer in seen.layers]
    hidden += (hidden[-1:] or [_HIDDEN]) * len(sizes)
    bias = any(layer.bias for layer in seen.layers)
    return Layers(tuple(sizes), (*hidden[: len(sizes) - 2], last), seen.loss, bias)


def _parameters(
    network: Network, before: Sequence[Layer], after: Sequence[Layer], shapes: Sequence[Shape]
) -> dict[str, Any]:
    """Return the parameters, and which of them are frozen, once the layers have these shapes."""
    reader = MatrixReader(Path(), np.random.default_rng(network.seed))
    parameters, frozen = dict[str, Matrix](), set[str]()
    for name, old, shape, draw in _places(before, after, shapes):
        kept = network.parameters[old] if old and network.parameters[old].shape == shape else None
        parameters[name] = reader.read({"shape": [*shape], "draw": draw}, "layers") if kept is None else kept
        if old in network.frozen:
            frozen.add(name)
    order = sorted(parameters, key=[*network.parameters].index) if before is after else parameters
    return {"parameters": {name: parameters[name] for name in order}, "frozen": frozenset(frozen)}


def _places(
    before: Sequence[Layer], after: Sequence[Layer], shapes: Sequence[Shape]
) -> Iterator[tuple[str, str | None, Shape, str]]:
    """Yield each parameter with what it was called before, its shape and how it is drawn."""
    for number, (layer, (rows, columns)) in enumerate(zip(after, shapes, strict=True)):
        old = _counterpart(before, number, len(after))
        yield layer.weights, old.weights if old else None, (rows, columns), "xavier"
        if layer.bias:
            yield layer.bias, old.bias if old else None, (1, columns), "zeros"


def _counterpart(layers: Sequence[Layer], number: int, count: int) -> Layer | None:
    """Return what a layer, out of so many, was before: the last one the last, the others counted from the first."""
    if number == count - 1:
        return layers[-1]
    return layers[number] if number < len(layers) - 1 else None
