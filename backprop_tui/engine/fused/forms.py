"""What the matrix forms of a schedule are made of beside those of the chalkboard, and how they are looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Final

from sympy import Expr, Function

from ...calculus.matrices import ColumnSums, MatrixProduct, Ones, Quantity, RowSums, Total, Transposed
from ...calculus.shapes import Shape


class RowLargest(Function):
    """The largest entry of each row: a column."""

    nargs = 1


class LargestOfOthers(Function):
    """For each entry the largest of the other entries of its row."""

    nargs = 1


class SumOverOthers(Function):
    """Entry [r, c], of C, A and B: the sum over all s but c of C[r, s] exp(A[r, c] - B[r, s])."""

    nargs = 3


class Inner(Function):
    """The inner product of two matrices of one shape: the total of A ⊙ B."""

    nargs = 2


MIXING: Final = (MatrixProduct, RowSums, ColumnSums, Total, RowLargest, LargestOfOthers, SumOverOthers, Inner)
"""The operations that make one entry from several: each stands alone in a line."""


def size(shape: Shape) -> int:
    """Return the number of entries."""
    return prod(shape)


def shape_of(expression: Expr, shapes: Mapping[str, Shape]) -> Shape:
    """Return the (rows, columns) of an expression, given those of the names in it."""
    if isinstance(expression, Quantity):
        return shapes[expression.name]
    inner = [shape_of(argument, shapes) for argument in expression.args] or [(1, 1)]
    match expression:
        case MatrixProduct():
            return inner[0][0], inner[1][1]
        case Transposed():
            return inner[0][1], inner[0][0]
        case RowSums() | RowLargest():
            return inner[0][0], 1
        case ColumnSums():
            return 1, inner[0][1]
        case Total() | Inner():
            return 1, 1
    return max(rows for rows, _ in inner), max(columns for _, columns in inner)


def is_plain(expression: Expr) -> bool:
    """Whether an expression is a name, or a name transposed: what is there already, looked at."""
    return isinstance(expression, Quantity | Ones) or (
        isinstance(expression, Transposed) and isinstance(expression.args[0], Quantity)
    )


def rebuilt(expression: Expr, arguments: Sequence[Expr]) -> Expr:
    """Return an expression with other arguments, untouched where they are the same: 2(y - t) stays a product."""
    return expression if tuple(arguments) == expression.args else expression.func(*arguments)
