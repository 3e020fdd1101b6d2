"""From expressions to NumPy functions.

One function a stage, for stepping; one straight-line function for a whole iteration, in which subexpressions that
stages share are computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from sympy import Expr, Symbol, numbered_symbols
from sympy.simplify.cse_main import tree_cse

from ..calculus.derivation import Derivation
from ..calculus.indices import Index, axis, names_in
from ..calculus.matrices import Quantity, quantities
from ..calculus.shapes import Shape
from ..calculus.stages import Stage
from ..notation import code
from .lambdified import entry_function, form, form_function
from .numerics import Array
from .source import function

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


def compile_stage(derivation: Derivation, stage: Stage) -> Callable[[Values], Array]:
    """Compile a stage's matrix form, or its index form entry by entry where there is no matrix form.

    The result takes the values of the earlier quantities and returns the stage's, shape (rows, columns).
    """
    shape = derivation.shape(stage.name)
    if stage.matrix is None:
        entries = compile_entries(derivation, stage.index, stage.running)
        return lambda values: entries(values).reshape(shape)
    whole = compile_matrix(derivation, stage.matrix)
    return lambda values: _filled(whole(values), shape)


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


def compile_iteration(derivation: Derivation, outputs: Sequence[str]) -> Compiled:
    """Compile everything that the named stages need into one straight-line function that returns their values.

    Of the stages needed, those that have no matrix form are taken as arguments. Every line of it calls the function of
    its form, which is generated when the first line of that form is met.
    """
    lines = _straight_line(derivation, outputs)
    read = set().union(*(quantities(right) for right in lines.values()))
    apart = [stage.name for stage in derivation if stage.matrix is None and stage.name in read]
    takes = (*derivation.given, *apart)
    forms = {name: form(derivation, right) for name, right in lines.items()}
    names = {of: f"_form{number}" for number, of in enumerate(dict.fromkeys(forms.values()))}
    body = [f"{code(name)} = {names[of]}({', '.join(map(code, of.takes))})" for name, of in forms.items()]
    body.append(f"return [{', '.join(map(code, outputs))}]")
    namespace = {name: form_function(of) for of, name in names.items()}
    return Compiled(takes, function("iteration", map(code, takes), body, namespace))


def compile_stages(derivation: Derivation) -> Callable[[Values], dict[str, Array]]:
    """Compile every stage; the result takes what an iteration is given and returns the values of all stages.

    Stages that have a matrix form run as one straight-line function as far as possible: one that has none, and that
    others are made from, parts what comes before it from what comes after.
    """
    alone = any(stage.matrix is None for stage in derivation)
    used = {name for stage in derivation for name in names_in(stage.index)} if alone else set[str]()
    parts: list[list[Stage]] = [[]]
    last = []
    for stage in derivation:
        if stage.matrix is not None:
            parts[-1].append(stage)
        elif stage.name in used:
            parts += [[stage], []]
        else:
            last.append([stage])
    compiled = [_compiled_part(derivation, part) for part in [*parts, *last] if part]

    def run(given: Values) -> dict[str, Array]:
        values = dict(given)
        for part in compiled:
            values |= part(values)
        return {stage.name: values[stage.name] for stage in derivation}

    return run


def _compiled_part(derivation: Derivation, stages: Sequence[Stage]) -> Callable[[Values], dict[str, Array]]:
    names = [stage.name for stage in stages]
    if any(stage.matrix is None for stage in stages):
        alone = [compile_stage(derivation, stage) for stage in stages]
        return lambda values: {name: one(values) for name, one in zip(names, alone, strict=True)}
    fused, shapes = compile_iteration(derivation, names), [derivation.shape(name) for name in names]
    return lambda values: dict(zip(names, map(_filled, fused(values), shapes), strict=True))


def _filled(value: Any, shape: Shape) -> Array:
    """Return a value as a matrix of its stage's shape, which one number fills: the gradient that is zero everywhere."""
    matrix = np.atleast_2d(value)
    return matrix if matrix.shape == shape else np.array(np.broadcast_to(matrix, shape))


def _straight_line(derivation: Derivation, outputs: Iterable[str]) -> dict[str, Expr]:
    """Return definitions that end in the outputs, each subexpression computed once, nothing computed in vain."""
    forms = _needed(derivation, outputs)
    replacements, reduced = tree_cse(list(forms.values()), numbered_symbols("_", Quantity), order="none")
    shared = {symbol.name: right for symbol, right in replacements}
    lines: dict[str, Expr] = {}

    def define(name: str, right: Expr) -> None:
        for needed in sorted(quantities(right)):
            if needed in shared and needed not in lines:
                define(needed, shared[needed])
        lines[name] = right

    for name, right in zip(forms, reduced, strict=True):
        define(name, right)
    return lines


def _needed(derivation: Derivation, outputs: Iterable[str]) -> dict[str, Expr]:
    """Return the matrix forms of all that the outputs need, in order."""
    found, forms = set(outputs), dict[str, Expr]()
    for stage in reversed(derivation.stages):
        if stage.name in found and stage.matrix is not None:
            found |= quantities(stage.matrix)
            forms[stage.name] = stage.matrix
    return dict(reversed(forms.items()))
