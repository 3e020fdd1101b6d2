"""From expressions to NumPy functions, by `lambdify`.

One function a stage, for stepping; one fused straight-line function for a whole iteration, in which subexpressions
that stages share are computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from sympy import Expr, Symbol, cse, lambdify, numbered_symbols

from ..calculus.derivation import Derivation
from ..calculus.indices import Index, axis, names_in
from ..calculus.matrices import Quantity, quantities
from ..calculus.shapes import Shape
from ..calculus.stages import Stage
from ..notation import code
from ..printers.numpy_code import NumPyCode
from .numerics import Array, implementations

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
    takes = tuple(sorted(quantities(matrix)))
    function = _lambdified(derivation, [Quantity(name) for name in takes], matrix)
    return Compiled(takes, lambda *arrays: np.atleast_2d(function(*arrays)))


def compile_entries(derivation: Derivation, index_form: Expr, indices: Sequence[Expr]) -> EntryFunction:
    """Compile an index form: each entry by itself, every sum a loop. Slow, and independent of matrix forms.

    The array that the result returns has an axis for each of the `indices`.
    """
    takes = tuple(sorted(names_in(index_form)))
    running = [symbol for symbol in indices if isinstance(symbol, Index)]
    entry = _lambdified(derivation, [*(Symbol(name, real=True) for name in takes), *running], index_form)
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

    Of the stages needed, those that have no matrix form are taken as arguments.
    """
    apart = tuple(stage.name for stage in derivation if stage.matrix is None)
    lines = _straight_line(derivation, outputs)
    needed = {symbol.name for _, right in lines for symbol in right.free_symbols}
    takes = (*derivation.given, *(name for name in apart if name in needed))
    results = [Quantity(name) for name in outputs]
    function = _lambdified(derivation, [Quantity(name) for name in takes], results, lines)
    return Compiled(takes, function)


def compile_stages(derivation: Derivation) -> Callable[[Values], dict[str, Array]]:
    """Compile every stage; the result takes what an iteration is given and returns the values of all stages.

    Stages that have a matrix form run as one straight-line function as far as possible: one that has none, and that
    others are made from, parts what comes before it from what comes after.
    """
    used = {name for stage in derivation for name in names_in(stage.index)}
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


def _straight_line(derivation: Derivation, outputs: Sequence[str]) -> list[tuple[Expr, Expr]]:
    """Return assignments that end in the outputs, each subexpression computed once, nothing computed in vain."""
    forms = {stage.name: stage.matrix for stage in derivation if stage.matrix is not None}
    replacements, reduced = cse(list(forms.values()), numbered_symbols("_"), order="none", list=True)
    definitions = dict(replacements) | {Quantity(name): right for name, right in zip(forms, reduced, strict=True)}
    lines: dict[Expr, Expr] = {}

    def define(symbol: Expr) -> None:
        if symbol in definitions and symbol not in lines:
            for needed in sorted(definitions[symbol].free_symbols, key=str):
                define(needed)
            lines[symbol] = definitions[symbol]

    for name in outputs:
        define(Quantity(name))
    return list(lines.items())


def _lambdified(
    derivation: Derivation,
    arguments: Sequence[Expr],
    result: Expr | Sequence[Expr],
    lines: Sequence[tuple[Expr, Expr]] = (),
) -> Callable[..., Any]:
    shapes = {code(name): derivation.shape(name) for name in derivation.axes}
    printer = NumPyCode(derivation.sizes, shapes)

    def coded(expression: Expr) -> Expr:
        names = expression.atoms(Quantity, Index)
        scalars = {found for found in expression.atoms(Symbol) if code(found.name) != found.name} - names
        spelled = {symbol: Symbol(_identifier(symbol)) for symbol in names}
        return expression.xreplace(spelled | {symbol: Symbol(code(symbol.name), real=True) for symbol in scalars})

    assignments = [(coded(symbol), coded(right)) for symbol, right in lines]
    results = [coded(expression) for expression in result] if isinstance(result, Sequence) else coded(result)
    takes = [coded(symbol) for symbol in arguments]
    expressions = [*results] if isinstance(results, list) else [results]
    functions = implementations(*expressions, *(right for _, right in assignments))
    return lambdify(takes, results, [functions, "numpy"], printer, cse=lambda _: (assignments, results))


def _identifier(symbol: Expr) -> str:
    """Spell a quantity or an index for code; an index begins with an underscore, which no quantity does."""
    return "_" + symbol.name.replace("'", "_") if isinstance(symbol, Index) else code(symbol.name)
