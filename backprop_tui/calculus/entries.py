"""The independent derivation: a network written out over its scalar entries, differentiated by SymPy alone.

Nothing here uses index forms, matrix forms or the chain rule of this package. The chalkboard equations are evaluated on
matrices of scalar symbols, functions by their formulas, and `sympy.diff` does the rest. It grows with the widths and
explodes with the depth, so it is for small networks: it is what the derivation is held against.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from sympy import Add, Dummy, Expr, ImmutableDenseMatrix, Symbol, diff, exp, ones, together

from .derivation import Derivation
from .functions import ScalarFunction
from .matrices import (
    ColumnCount,
    ColumnSums,
    MatrixProduct,
    Mean,
    Ones,
    Quantity,
    RowCount,
    RowFunction,
    RowSums,
    Total,
    Transposed,
)

Entries: TypeAlias = Any
"""A SymPy matrix of scalar expressions."""


def symbols_for(derivation: Derivation, name: str) -> Entries:
    """Return a quantity as a matrix of scalar symbols: W_0_0, W_0_1 ..."""
    rows, columns = derivation.shape(name)
    return ImmutableDenseMatrix(rows, columns, lambda row, column: Symbol(f"{name}_{row}_{column}", real=True))


def written_out(derivation: Derivation, given: Mapping[str, Entries]) -> dict[str, Entries]:
    """Evaluate the forward equations on `given` matrices; a stage that is given isn't evaluated."""
    values = dict(given)
    for name, right in derivation.equations.items():
        if name not in values:
            values[name] = evaluate(right, values, derivation)
    return values


def differentiate(
    derivation: Derivation, of: str, by: str, *, following: Collection[str]
) -> tuple[Entries, dict[str, Entries]]:
    """Differentiate every entry of one quantity by every entry of another.

    Parameters
    ----------
    derivation, of, by:
        The network and the two quantities.
    following:
        The stages between the two that follow `by`; all others are held.

    Returns
    -------
    jacobian:
        Row r * columns + c of it is entry [r, c] of `of`; its columns number the entries of `by` alike.
    symbols:
        The symbols that may stand in it, by the quantity whose entries they are.

    """
    held = set(derivation.equations) - set(following) - {of}
    known = {*derivation.inputs, *derivation.parameters, by, *held}
    symbols = {name: symbols_for(derivation, name) for name in sorted(known)}
    value = written_out(derivation, symbols)[of]
    return ImmutableDenseMatrix([[diff(top, bottom) for bottom in symbols[by]] for top in value]), symbols


def evaluate(expression: Expr, values: Mapping[str, Entries], derivation: Derivation) -> Entries:
    """Evaluate an expression of the matrix language on matrices of scalar expressions."""
    if isinstance(expression, Quantity):
        return values[expression.name]
    if expression.is_number:
        return ImmutableDenseMatrix([[expression]])
    if isinstance(expression, Ones):
        return ImmutableDenseMatrix(ones(*derivation.shape(expression.args[0].name)))
    if isinstance(expression, RowFunction):
        return evaluate(expression.definition, values, derivation)
    parts = [evaluate(argument, values, derivation) for argument in expression.args]
    if isinstance(expression, RowCount):
        return ImmutableDenseMatrix([[parts[0].rows]])
    if isinstance(expression, ColumnCount):
        return ImmutableDenseMatrix([[parts[0].cols]])
    if isinstance(expression, MatrixProduct):
        return parts[0] * parts[1]
    if isinstance(expression, Transposed):
        return parts[0].T
    if isinstance(expression, RowSums | ColumnSums | Total | Mean):
        return _sums(expression, parts[0])
    return _entry_by_entry(_scalar_rule(expression), parts)


def vanishes(expression: Expr) -> bool:
    """Whether an expression is identically zero, treating each exp(...) in it as an unknown of its own."""
    unknowns = {found: Dummy(positive=True) for found in expression.atoms(exp)}
    numerator = together(expression.xreplace(unknowns)).as_numer_denom()[0]
    return numerator.expand() == 0


def _scalar_rule(expression: Expr) -> Callable[..., Expr]:
    """The rule for one entry; a function's is its formula, with the functions in it written out too."""
    if isinstance(expression, ScalarFunction):
        return lambda argument: _written_out(expression.formula(argument))
    return expression.func


def _written_out(formula: Expr) -> Expr:
    inner = {found: _written_out(found.formula(*found.args)) for found in formula.atoms(ScalarFunction)}
    return formula.xreplace(inner)


def _entry_by_entry(rule: Callable[..., Expr], parts: list[Entries]) -> Entries:
    rows, columns = max(part.rows for part in parts), max(part.cols for part in parts)

    def at(part: Entries, row: int, column: int) -> Expr:
        return part[row if part.rows > 1 else 0, column if part.cols > 1 else 0]

    return ImmutableDenseMatrix(rows, columns, lambda row, column: rule(*(at(part, row, column) for part in parts)))


def _sums(expression: Expr, part: Entries) -> Entries:
    if isinstance(expression, RowSums):
        return ImmutableDenseMatrix([[Add(*part.row(row))] for row in range(part.rows)])
    if isinstance(expression, ColumnSums):
        return ImmutableDenseMatrix([[Add(*part.col(column)) for column in range(part.cols)]])
    total = Add(*part)
    return ImmutableDenseMatrix([[total / len(part) if isinstance(expression, Mean) else total]])
