"""From the matrix language to index notation: (A B)[r, c] = Sum(A[r, s] * B[s, c], s)."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Expr, Integer, exp, log

from .indices import Axes, Index, entry, fresh, index, size, summed
from .matrices import (
    ColumnCount,
    ColumnSums,
    LogOdds,
    LogSumExp,
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
from .others import Differs


def axes_of(expression: Expr, axes: Mapping[str, Axes]) -> Axes:
    """Return the letters of an expression's rows and columns, given those of the quantities in it."""
    if isinstance(expression, Quantity):
        return axes[expression.name]
    if isinstance(expression, MatrixProduct):
        left, right = expression.args
        return axes_of(left, axes)[0], axes_of(right, axes)[1]
    if isinstance(expression, Transposed):
        rows, columns = axes_of(expression.args[0], axes)
        return columns, rows
    if isinstance(expression, RowSums | LogSumExp):
        return axes_of(expression.args[0], axes)[0], ""
    if isinstance(expression, ColumnSums):
        return "", axes_of(expression.args[0], axes)[1]
    if isinstance(expression, Total | Mean | RowCount | ColumnCount):
        return "", ""
    return _broadcast(expression, axes)


def _broadcast(expression: Expr, axes: Mapping[str, Axes]) -> Axes:
    """Return the axes of what is taken entry by entry; the operands are looked at until both are known."""
    rows = columns = ""
    for argument in expression.args:
        if rows and columns:
            break
        more = axes_of(argument, axes)
        rows, columns = rows or more[0], columns or more[1]
    return rows, columns


def counted(expression: Expr, axes: Mapping[str, Axes]) -> Expr:
    """Write means and numbers of rows and columns through the sizes of axes."""
    if not expression.args:
        return expression
    inner = [counted(argument, axes) for argument in expression.args]
    rows, columns = axes_of(inner[0], axes)
    if isinstance(expression, Mean):
        return Total(inner[0]) / (size(rows) * size(columns))
    if isinstance(expression, RowCount):
        return size(rows)
    if isinstance(expression, ColumnCount):
        return size(columns)
    return expression.func(*inner)


def index_form(expression: Expr, row: Expr, column: Expr, axes: Mapping[str, Axes]) -> Expr:
    """Return the entry [row, column] of an expression in the matrix language."""
    if isinstance(expression, Quantity):
        return entry(expression.name, row, column, axes[expression.name])
    if isinstance(expression, MatrixProduct):
        left, right = expression.args
        inner = _another(axes_of(left, axes)[1], row, column)
        product = index_form(left, row, inner, axes) * index_form(right, inner, column, axes)
        return summed(product, [inner])
    if isinstance(expression, Transposed):
        return index_form(expression.args[0], column, row, axes)
    if isinstance(expression, RowSums | ColumnSums | Total):
        return _summed(expression, row, column, axes)
    if isinstance(expression, LogOdds):
        (argument,) = expression.args
        other = _another(axes_of(argument, axes)[1], row, column)
        others = summed(Differs(other, column) * exp(index_form(argument, row, other, axes)), [other])
        return index_form(argument, row, column, axes) - log(others)
    if isinstance(expression, RowFunction):
        return index_form(expression.definition, row, column, axes)
    if isinstance(expression, Ones):
        return Integer(1)
    if not expression.args:
        return expression
    return expression.func(*(index_form(argument, row, column, axes) for argument in expression.args))


def _summed(expression: Expr, row: Expr, column: Expr, axes: Mapping[str, Axes]) -> Expr:
    (argument,) = expression.args
    rows, columns = axes_of(argument, axes)
    over = []
    if not isinstance(expression, RowSums):
        row = _another(rows, row, column)
        over.append(row)
    if not isinstance(expression, ColumnSums):
        column = _another(columns, row, column)
        over.append(column)
    return summed(index_form(argument, row, column, axes), over)


def _another(letter: str, *taken: Expr) -> Expr:
    """Return an index over an axis that is none of those taken; 0 for an axis of one."""
    used = {symbol for symbol in taken if isinstance(symbol, Index)}
    return fresh(letter, used) if letter else index(letter)
