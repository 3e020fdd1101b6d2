"""Arrays as the single numbers in them, one after another, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from math import prod
from struct import Struct

import numpy as np
from numpy.typing import DTypeLike

from ...calculus.derivation import Derivation
from ..compile import Values
from ..numerics import Array


def numbers_in(values: Values, names: Iterable[str]) -> list[float]:
    """Return all entries of the named matrices, row by row."""
    numbers: list[float] = []
    for name in names:
        numbers += values[name].ravel().tolist()
    return numbers


class Packed:
    """Matrices in one flat array.

    Parameters
    ----------
    derivation, names:
        Where the matrices are from, and their names in order.
    dtype:
        ``float64`` or ``float32``.

    Attributes
    ----------
    flat:
        All entries.
    views:
        Each matrix, by name: a part of `flat`.

    """

    def __init__(self, derivation: Derivation, names: Sequence[str], dtype: DTypeLike) -> None:
        ends = list(accumulate((prod(derivation.shape(name)) for name in names), initial=0))
        self.flat = np.empty(ends[-1], dtype)
        self.views: dict[str, Array] = {
            name: self.flat[start:stop].reshape(derivation.shape(name))
            for name, (start, stop) in zip(names, pairwise(ends), strict=True)
        }
        self._pack = partial(Struct(f"{ends[-1]}{self.flat.dtype.char}").pack_into, self.flat.data, 0)

    def fill(self, numbers: Iterable[float]) -> None:
        """Write all entries; `struct` does it ten times faster than NumPy."""
        self._pack(*numbers)

    def put(self, values: Values) -> None:
        """Write every matrix from the arrays of that name."""
        for name, view in self.views.items():
            view[...] = values[name]
