"""The network as layers and links between them, read off the forward equations.

A layer is what a picture of a network draws as one column of units: a pre-activation and all that is made of it entry
by entry. A link leads from a layer to one that uses it, through weights where the use is a product with a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from sympy import Expr

from ..notation import derivative_parts, updated
from .derivation import Derivation
from .matrices import ColumnSums, MatrixProduct, Mean, Quantity, RowSums, Total, Transposed, quantities

_RESHAPING = (MatrixProduct, Transposed, RowSums, ColumnSums, Total, Mean)
"""The operations after which a quantity is no longer a layer's units, one for one."""


@dataclass(frozen=True)
class Layer:
    """Quantities that share one column of units.

    Attributes
    ----------
    names:
        The quantities, in the order in which they are made: ``("p", "h")``.
    units:
        The number of columns of each.
    depth:
        The column of a picture that it belongs to, from 0 at the left.
    parameters:
        Those that its equations use other than as weights: a bias, a penalised matrix.
    is_input:
        Whether it is given.

    """

    names: tuple[str, ...]
    units: int
    depth: int
    parameters: tuple[str, ...] = ()
    is_input: bool = False

    def holds(self, name: str) -> bool:
        """Whether a quantity or a parameter belongs to the layer."""
        return name in self.names or name in self.parameters


@dataclass(frozen=True)
class Link:
    """One use of a layer's quantity by another layer's.

    Attributes
    ----------
    source, target:
        The layers, by their number.
    uses, makes:
        The quantity used and the one made of it.
    weights:
        The parameter in between; empty where there is none.
    transposed:
        Whether the parameter stands transposed, so that its rows are the target's units.

    """

    source: int
    target: int
    uses: str
    makes: str
    weights: str = ""
    transposed: bool = False


@dataclass(frozen=True)
class Chain:
    """A network whose layers follow one another.

    Attributes
    ----------
    layers:
        The numbers of the layers from the input to the loss.
    steps:
        The link from each layer to the next.
    skips:
        The links that pass around others.
    target:
        The input that only the loss uses, None where there is none.

    """

    layers: tuple[int, ...]
    steps: tuple[Link, ...]
    skips: tuple[Link, ...]
    target: int | None


@dataclass(frozen=True)
class LayerGraph:
    """A network as layers and links.

    Attributes
    ----------
    layers:
        In the order in which their first quantities are made; an input comes just before its first use.
    links:
        In the order of the equations.
    loss:
        The number of the layer that holds the loss.

    """

    layers: tuple[Layer, ...]
    links: tuple[Link, ...]
    loss: int

    @cached_property
    def chain(self) -> Chain | None:
        """The network as a chain; None where layers branch or meet otherwise than by skipping entry by entry."""
        only = [number for number, layer in enumerate(self.layers) if layer.is_input and self._feeds_loss(number)]
        inner = [number for number in range(len(self.layers)) if number not in only]
        if len(only) > 1 or not self.layers[inner[0]].is_input or self._inputs(inner) > 1:
            return None
        steps = tuple(link for pair in pairwise(inner) if (link := self._step(*pair)) is not None)
        rest = tuple(link for link in self.links if link not in steps and link.source not in only)
        whole = len(steps) == len(inner) - 1 and all(self._skips(link) for link in rest)
        return Chain(tuple(inner), steps, rest, only[0] if only else None) if whole else None

    def _feeds_loss(self, number: int) -> bool:
        """Whether nothing but the loss uses a layer."""
        return {link.target for link in self.links if link.source == number} == {self.loss}

    def _inputs(self, numbers: Iterable[int]) -> int:
        return sum(self.layers[number].is_input for number in numbers)

    def _step(self, source: int, target: int) -> Link | None:
        """Return the one link between two layers that a picture can draw unit by unit."""
        between = [link for link in self.links if (link.source, link.target) == (source, target)]
        drawn = [link for link in between if link.weights] or between
        scalar, alike = self.layers[target].units == 1, self.layers[source].units == self.layers[target].units
        return drawn[0] if len(drawn) == 1 and (drawn[0].weights or scalar or alike) else None

    def _skips(self, link: Link) -> bool:
        return not link.weights and link.source < link.target


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

    def _weights(self, product: Expr, source: str) -> Iterator[tuple[str, bool]]:
        """Yield the parameter that a product multiplies a layer's quantity by, and whether it stands transposed."""
        left, right = product.args
        turned = isinstance(right, Transposed)
        bare = right.args[0] if turned else right
        if left == Quantity(source) and isinstance(bare, Quantity) and bare.name in self._derivation.parameters:
            yield bare.name, turned
