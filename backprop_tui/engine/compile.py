"""From expressions to NumPy functions: one of a stage, of a matrix form, or of an entry in index form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from sympy import Expr, Symbol

from ..calculus.derivation import Derivation
from ..calculus.indices import Index, axis, names_in
from ..calculus.shapes import Shape
from ..calculus.stages import Stage
from .lambdified import entry_function, form, form_function
from .numerics import Array

Values = Mapping[str, Array]
"""Quantities by name, each a two-dimensional array."""


@dataclass(frozen=True)
class Compiled:
    """A generated function with the names of the quantities it takes."""

    takes: tuple[str, ...]
    function: Callable[..., Any]

    def __call__(self, values: Values) -> Any:
        """Call it on the quantities it takes, out of `values`."""
        return self.function(*(values[name] for name in self.takes))


def compile_stage(derivation: Derivation, stage: Stage) -> Compiled:
    """Compile a stage's matrix form, or its index form entry by entry where there is no matrix form.

    The result takes the values of the earlier quantities and returns the stage's, shape (rows, columns).
    """
    shape = derivation.shape(stage.name)
    if stage.matrix is None:
        entries = compile_entries(derivation, stage.index, stage.running)
        takes = entries.takes
        return Compiled(takes, lambda *arrays: entries(dict(zip(takes, arrays, strict=True))).reshape(shape))
    whole = compile_matrix(derivation, stage.matrix)
    return Compiled(whole.takes, lambda *arrays: filled(whole.function(*arrays), shape))


def compile_matrix(derivation: Derivation, matrix: Expr) -> Compiled:
    """Compile an expression of the matrix language; it returns a two-dimensional array."""
    of = form(derivation, matrix)
    generated = form_function(of)
    return Compiled(of.takes, lambda *arrays: np.atleast_2d(generated(*arrays)))


def compile_entries(derivation: Derivation, index_form: Expr, indices: Sequence[Expr]) -> EntryFunction:
    """Compile an index form: each entry by itself, every sum a loop. Slow, and independent of matrix forms.

    The array that the result returns has an axis for each of the `indices`.
    """
    takes = tuple(sorted(names_in(index_form)))
    running = [symbol for symbol in indices if isinstance(symbol, Index)]
    entry = entry_function(derivation, [*(Symbol(name, real=True) for name in takes), *running], index_form)
    scalars = frozenset(name for name in takes if derivation.axes[name] == ("", ""))
    shape = tuple(derivation.sizes[axis(symbol)] if isinstance(symbol, Index) else 1 for symbol in indices)
    runs = tuple(isinstance(symbol, Index) for symbol in indices)
    return EntryFunction(takes, scalars, shape, runs, entry)


@dataclass(frozen=True)
class EntryFunction:
    """A function for one entry of a quantity.

    Attributes
    ----------
    takes, scalars:
        The quantities it takes, and those of them that it takes as numbers.
    shape, runs:
        The length of each axis, and whether an index runs along it.
    entry:
        The generated function.

    """

    takes: tuple[str, ...]
    scalars: frozenset[str]
    shape: tuple[int, ...]
    runs: tuple[bool, ...]
    entry: Callable[..., Any]

    def __call__(self, values: Values) -> Array:
        """Compute every entry."""
        return np.array(self.at(values, np.ndindex(self.shape))).reshape(self.shape)

    def at(self, values: Values, places: Iterable[tuple[int, ...]]) -> list[Any]:
        """Compute the entries at some places."""
        given = [values[name][0, 0] if name in self.scalars else values[name] for name in self.takes]
        return [self.entry(*given, *compress(place, self.runs)) for place in places]


def filled(value: Any, shape: Shape) -> Array:
    """Return a value as a matrix of its stage's shape, which one number fills: the gradient that is zero everywhere."""
    return value if isinstance(value, np.ndarray) and value.shape == shape else np.full(shape, value)
