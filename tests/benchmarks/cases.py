"""The networks that are timed: sigmoid layers and the squared error, as in the lecture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from backprop_tui.calculus.derivation import Derivation
from backprop_tui.network import Network
from backprop_tui.network.layers import Layers

Array = NDArray[Any]
RATE: Final = 1e-4
"""Of learning: so small that no unit saturates however often a step is timed, for subnormal numbers are slow."""


@dataclass(frozen=True)
class Case:
    """A network and its numbers.

    Attributes
    ----------
    name:
        As the table calls it.
    widths, batch:
        The units of each layer, inputs first, and the number of samples.
    dtype:
        Of all arrays.

    """

    name: str
    widths: tuple[int, ...]
    batch: int
    dtype: DTypeLike = np.float64

    @property
    def depth(self) -> int:
        """The number of weight matrices."""
        return len(self.widths) - 1

    @cached_property
    def x(self) -> Array:
        return self._drawn(0, (self.batch, self.widths[0]))

    @cached_property
    def t(self) -> Array:
        return self._drawn(1, (self.batch, self.widths[-1])) % 1

    def weights(self) -> list[Array]:
        """Return fresh copies of the weights."""
        shapes = zip(self.widths, self.widths[1:], strict=False)
        return [
            self._drawn(2 + each, shape) / np.asarray(shape[0] ** 0.5, self.dtype) for each, shape in enumerate(shapes)
        ]

    def _drawn(self, seed: int, shape: tuple[int, ...]) -> Array:
        return np.random.default_rng(seed).standard_normal(shape).astype(self.dtype)

    @cached_property
    def network(self) -> Network:
        layers = Layers(self.widths, ("sigmoid",) * self.depth)
        parameters = {f"W{number}": weights.astype(float) for number, weights in enumerate(self.weights(), 1)}
        data = {"x": self.x.astype(float), "t": self.t.astype(float)}
        return Network(self.name, layers.equations(), data, parameters, learning_rate=RATE)

    @property
    def derivation(self) -> Derivation:
        return self.network.derivation

    @property
    def values(self) -> dict[str, Array]:
        return {name: value.astype(self.dtype) for name, value in self.network.start.items()}


class Contestant(NamedTuple):
    """Ways to train a network.

    Attributes
    ----------
    gradient:
        Computes the loss and all gradients.
    read:
        Turns what it returns into the gradients as arrays.
    steps:
        Makes so many steps of gradient descent, from where the last ones ended.
    weights:
        Returns the weights as arrays.

    """

    gradient: Callable[[], Any] | None
    read: Callable[[Any], list[Array]]
    steps: Callable[[int], object] | None = None
    weights: Callable[[], list[Array]] | None = None


CASES: Final = (
    Case("lecture 3-4-2, batch 1", (3, 4, 2), 1),
    Case("16-(16)x10-4, batch 32", (*(16,) * 11, 4), 32),
    Case("784-128-10, batch 64", (784, 128, 10), 64),
    Case("784-512-256-10, batch 256", (784, 512, 256, 10), 256),
)


def exact(case: Case, steps: int = 0) -> tuple[list[Array], list[Array]]:
    """Return the gradients, and the weights after some steps, in extended precision: all others are held against it."""
    x, t = (array.astype(np.longdouble) for array in (case.x, case.t))
    weights = [array.astype(np.longdouble) for array in case.weights()]
    first: list[Array] = []
    for _ in range(max(steps, 1)):
        outputs = [x]
        for W in weights:
            outputs.append(1 / (1 + np.exp(-(outputs[-1] @ W))))
        gradients: list[Array] = []
        adjoint = 2 * (outputs[-1] - t)
        for W, h, y in zip(weights[::-1], outputs[-2::-1], outputs[:0:-1], strict=True):
            error = adjoint * y * (1 - y)
            gradients.insert(0, h.T @ error)
            adjoint = error @ W.T
        first = first or gradients
        if steps:
            weights = [W - np.longdouble(RATE) * g for W, g in zip(weights, gradients, strict=True)]
    return first, weights
