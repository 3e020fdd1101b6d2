"""The network as layers and links between them.

A layer is what a picture of a network draws as one column of units: a pre-activation and all that is made of it entry
by entry. A link leads from a layer to one that uses it, through weights where the use is a product with a parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise


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
    from_left:
        Whether the parameter stands before the quantity, so that the quantity's rows are what it mixes.

    """

    source: int
    target: int
    uses: str
    makes: str
    weights: str = ""
    transposed: bool = False
    from_left: bool = False


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
        whole = len(steps) == len(inner) - 1 and _apart(rest)
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
        if len(drawn) != 1 or drawn[0].from_left:
            return None
        scalar, alike = self.layers[target].units == 1, self.layers[source].units == self.layers[target].units
        return drawn[0] if drawn[0].weights or scalar or alike else None


def _apart(links: Sequence[Link]) -> bool:
    """Whether links without weights lead forward and none passes over another's end."""
    spans = sorted((link.source, link.target) for link in links if not link.weights)
    forward = all(source < target for source, target in spans) and not any(link.weights for link in links)
    return forward and all(here[1] <= there[0] for here, there in pairwise(spans))
