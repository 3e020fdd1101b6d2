"""Layers and links, read off the forward equations.

A stage joins the layer that it is made of unit by unit: that of its deepest operand, where it keeps the operand's rows
and columns. Any other stage opens a layer of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from sympy import Expr

from ..notation import derivative_parts, updated
from .derivation import Derivation
from .layer_graph import Layer, LayerGraph, Link
from .matrices import ColumnSums, MatrixProduct, Mean, Quantity, RowSums, Total, Transposed, quantities

_RESHAPING: Final = (MatrixProduct, Transposed, RowSums, ColumnSums, Total, Mean)
"""The operations after which a quantity is no longer a layer's units, one for one."""


def layer_graph(derivation: Derivation) -> LayerGraph:
    """Return the layers of a network and how they are linked."""
    builder = _Builder(derivation)
    for name, equation in derivation.equations.items():
        builder.add(name, equation)
    return builder.graph()


def subject(derivation: Derivation, name: str) -> str:
    """Return the forward quantity or parameter that a stage is about: W for ``dE/dW``, ``W'`` and ``m_W'``."""
    if parts := derivative_parts(name):
        return parts.by
    stem = name.removesuffix("'")
    if stem in derivation.memory:
        gradients = map(derivative_parts, sorted(quantities(derivation.updates[updated(stem)])))
        return next((parts.by for parts in gradients if parts), stem)
    return stem


class _Builder:
    def __init__(self, derivation: Derivation) -> None:
        self._derivation = derivation
        self._layers: list[Layer] = []
        self._links: list[Link] = []
        self._number: dict[str, int] = {}

    def add(self, name: str, equation: Expr) -> None:
        """Put a stage into the layer that it is made of unit by unit, or into one of its own."""
        used = sorted(quantities(equation), key=list(self._derivation.axes).index)
        operands = [each for each in used if each in self._derivation.inputs or each in self._derivation.equations]
        for each in operands:
            if each not in self._number:
                self._open(Layer((each,), self._derivation.shape(each)[1], 0, is_input=True))
        links = [link for each in operands for link in self._uses(each, name, equation)]
        number = self._joined(name, equation, operands)
        if number is None:
            depth = 1 + max((self._layers[self._number[each]].depth for each in operands), default=-1)
            number = self._open(Layer((name,), self._derivation.shape(name)[1], depth))
        else:
            layer = self._layers[number]
            self._layers[number] = replace(layer, names=(*layer.names, name))
            self._number[name] = number
        self._keep(number, links)
        weights = {link.weights for link in links}
        self._own(number, [each for each in used if each in self._derivation.parameters and each not in weights])

    def graph(self) -> LayerGraph:
        """Return all layers; an input moves right, to just before its first use."""
        uses = [
            [self._layers[link.target].depth for link in self._links if link.source == number]
            for number in range(len(self._layers))
        ]
        moved = [
            replace(layer, depth=min(depths) - 1) if layer.is_input else layer
            for layer, depths in zip(self._layers, uses, strict=True)
        ]
        return LayerGraph(tuple(moved), tuple(self._links), self._number[self._derivation.loss])

    def _open(self, layer: Layer) -> int:
        self._layers.append(layer)
        self._number[layer.names[0]] = len(self._layers) - 1
        return len(self._layers) - 1

    def _joined(self, name: str, equation: Expr, operands: list[str]) -> int | None:
        """Return the one deepest layer among the operands', if the stage keeps its units and it isn't given."""
        numbers = {self._number[each] for each in operands}
        deepest = sorted(numbers, key=lambda number: self._layers[number].depth)[-2:]
        if not deepest or equation.has(*_RESHAPING) or self._layers[deepest[-1]].is_input:
            return None
        if len({self._layers[number].depth for number in deepest}) < len(deepest):
            return None
        own = self._derivation.axes[name]
        alike = own == self._derivation.axes[self._layers[deepest[-1]].names[0]]
        return deepest[-1] if alike else None

    def _keep(self, target: int, links: Iterable[Link]) -> None:
        found = [replace(link, source=self._number[link.uses], target=target) for link in links]
        self._links += [link for link in found if link.source != target]

    def _own(self, number: int, parameters: Iterable[str]) -> None:
        layer = self._layers[number]
        more = [each for each in parameters if each not in layer.parameters]
        self._layers[number] = replace(layer, parameters=(*layer.parameters, *more))

    def _uses(self, source: str, name: str, equation: Expr) -> list[Link]:
        weighted = [
            Link(0, 0, source, name, *weights)
            for product in sorted(equation.atoms(MatrixProduct), key=str)
            for weights in self._weights(product, source)
        ]
        return weighted or [Link(0, 0, source, name)]

    def _weights(self, product: Expr, source: str) -> Iterator[tuple[str, bool, bool]]:
        """Yield the parameter that a product multiplies a quantity by, whether transposed, whether from the left."""
        for quantity, other in (product.args, reversed(product.args)):
            turned = isinstance(other, Transposed)
            bare = other.args[0] if turned else other
            if quantity == Quantity(source) and isinstance(bare, Quantity) and bare.name in self._derivation.parameters:
                yield bare.name, turned, other is product.args[0]
