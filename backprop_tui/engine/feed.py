"""The rows of a network's mini-batches, picked from its data: some batches at a time, never all of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..network.model import Network
from .numerics import Array

BYTES_AT_ONCE: Final = 1 << 20
"""About how many bytes are picked together: one large pick takes a tenth of the time of many small ones."""


class Feed:
    """The inputs of each iteration of a network that has mini-batches, those that change; call it with its number.

    Parameters
    ----------
    network:
        Whose data are picked from, in the order that its batches say.
    dtype:
        What the rows are turned into.

    """

    def __init__(self, network: Network, dtype: DTypeLike) -> None:
        if network.batches is None:
            raise ValueError(f"{network.name} has no mini-batches")
        self._batches, self._samples = network.batches, network.samples
        self._data = {name: matrix for name, matrix in network.data.items() if len(matrix) == self._samples}
        self._dtype = np.dtype(dtype)
        self._epoch, self._order = -1, np.arange(0)
        self._picked: Mapping[str, Array] = {}
        self._first = self._last = 0
        row = self._dtype.itemsize * sum(matrix.shape[1] for matrix in self._data.values())
        self._at_once = max(1, BYTES_AT_ONCE // (row * self._batches.size))

    @property
    def steps(self) -> int:
        """How many full batches an epoch has."""
        return self._samples // self._batches.size

    def __call__(self, iteration: int) -> dict[str, Array]:
        """Return the rows of an iteration's batch, each input's by its name."""
        if not self._first <= iteration < self._last:
            self._pick(iteration)
        start = (iteration - self._first) * self._batches.size
        return {name: rows[start : start + self._batches.size] for name, rows in self._picked.items()}

    def _pick(self, iteration: int) -> None:
        """Pick the rows of this batch, and of those after it in the same epoch."""
        epoch, position = divmod(iteration, self.steps)
        stop = min(position + self._at_once, self.steps)
        rows = self._order_of(epoch)[position * self._batches.size : stop * self._batches.size]
        self._picked = {name: np.asarray(matrix[rows], self._dtype) for name, matrix in self._data.items()}
        self._first, self._last = iteration, iteration + stop - position

    def _order_of(self, epoch: int) -> NDArray[np.intp]:
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._batches.ordered(epoch, self._samples)
        return self._order
