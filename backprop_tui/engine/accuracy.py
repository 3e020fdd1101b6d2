"""How many samples a network puts into the right class, where its targets say a class: rows that sum to one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ..calculus.derivation import Derivation
from ..calculus.indices import names_in
from ..calculus.stages import Kind, Stage
from ..network.model import Network, rows_sum_to_one
from .compile import Values
from .numerics import Array
from .straight_line import compile_iteration


class Classes(NamedTuple):
    """Where classes stand: the input that says the right one, and the stage whose largest entry is the network's."""

    target: str
    output: str


def classes_of(network: Network) -> Classes | None:
    """Find the target and the output of a classifier; None where a network is none.

    The output is the last matrix product with a column for each class: what a softmax or a sigmoid makes of it has its
    largest entry in the same place.
    """
    derivation, samples = network.derivation, network.samples
    targets = [name for name, matrix in network.data.items() if len(matrix) == samples and rows_sum_to_one(matrix)]
    found = [(stages, target) for target in targets if (stages := list(_before(derivation, target)))]
    if not found:
        return None
    stages, target = max(found, key=lambda each: len(each[0]))
    outputs = [
        stage.name for stage in stages if stage.kind is Kind.PRE_ACTIVATION and stage.axes == derivation.axes[target]
    ]
    return Classes(target, outputs[-1]) if outputs else None


def _before(derivation: Derivation, given: str) -> Iterator[Stage]:
    """Yield the forward stages up to the first that is made from something given."""
    for stage in derivation:
        if stage.kind.phase != "forward" or given in names_in(stage.index):
            return
        yield stage


def accuracy_of(network: Network, dtype: DTypeLike = np.float64) -> Accuracy | None:
    """Return what measures the accuracy of a classifier; None where a network is none."""
    classes = classes_of(network)
    return Accuracy(network, classes, dtype) if classes else None


class Accuracy:
    """The share of all samples whose class a network finds, from 0 to 1.

    Parameters
    ----------
    network:
        Whose data are used, as many rows at a time as a mini-batch has.
    classes:
        Its target and its output.
    dtype:
        What the data are turned into.

    """

    def __init__(self, network: Network, classes: Classes, dtype: DTypeLike = np.float64) -> None:
        self._network, self._classes, self._dtype = network, classes, np.dtype(dtype)
        self._output = compile_iteration(network.derivation, [classes.output])
        self._size = network.batches.size if network.batches else network.samples

    def __call__(self, values: Values) -> float:
        """Count with the parameters and constants of `values`."""
        samples = self._network.samples
        return sum(self._right(values, start) for start in range(0, samples, self._size)) / samples

    def _right(self, values: Values, start: int) -> int:
        """Count the right ones among the next rows; the last batch is full, of rows that were counted before too."""
        stop = min(start + self._size, self._network.samples)
        rows = slice(stop - self._size, stop)
        data = {name: self._rows(matrix, rows) for name, matrix in self._network.data.items()}
        with np.errstate(all="ignore"):
            (output,) = self._output({**values, **data})
        right = output.argmax(axis=1) == data[self._classes.target].argmax(axis=1)
        return int(np.count_nonzero(right[start - rows.start :]))

    def _rows(self, matrix: Array, rows: slice) -> Array:
        return np.asarray(matrix[rows] if len(matrix) == self._network.samples else matrix, self._dtype)
