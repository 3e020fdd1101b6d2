"""Expressions of both languages as NumPy code, for `lambdify`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Expr, exp
from sympy.printing.numpy import NumPyPrinter
from sympy.printing.precedence import PRECEDENCE

from .. import notation
from ..calculus.functions import ScalarFunction
from ..calculus.indices import axis
from ..calculus.matrices import RowFunction
from ..calculus.others import Differs


def function_name(function: Expr) -> str:
    """Spell a function of the chalkboard for code: ``_relu``, and ``_relu_slope`` for its derivative.

    No quantity's name begins with an underscore.
    """
    return f"_{function.chalk}" + "_slope" * getattr(function, "order", 0)


class NumPyCode(NumPyPrinter):
    """Print a matrix form as array code, and an index form as code for one entry.

    Parameters
    ----------
    sizes:
        The number of entries along each axis, which replace the symbols for them.
    shapes:
        The shape of each quantity that `Ones` may name.

    """

    def __init__(self, sizes: Mapping[str, int], shapes: Mapping[str, tuple[int, int]]) -> None:
        super().__init__({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})
        self._sizes, self._shapes = sizes, shapes

    def _print_Symbol(self, expr: Any) -> str:
        return notation.code(expr.name)

    def _print_Size(self, expr: Any) -> str:
        return str(self._sizes[axis(expr).removeprefix("N_")])

    def _print_Indexed(self, expr: Any) -> str:
        row, column = expr.indices
        return f"{notation.code(expr.base.label.name)}[{self._print(row)}, {self._print(column)}]"

    def _print_MatrixProduct(self, expr: Any) -> str:
        left, right = (self.parenthesize(factor, PRECEDENCE["Pow"]) for factor in expr.args)
        return f"({left} @ {right})"

    def _print_Transposed(self, expr: Any) -> str:
        (matrix,) = expr.args
        return f"{self._print(matrix)}.T" if matrix.is_Symbol else f"({self._print(matrix)}).T"

    def _print_Total(self, expr: Any) -> str:
        return f"({self._print(expr.args[0])}).sum()"

    def _print_RowSums(self, expr: Any) -> str:
        return f"({self._print(expr.args[0])}).sum(axis=1, keepdims=True)"

    def _print_ColumnSums(self, expr: Any) -> str:
        return f"({self._print(expr.args[0])}).sum(axis=0, keepdims=True)"

    def _print_Mean(self, expr: Any) -> str:
        return f"({self._print(expr.args[0])}).mean()"

    def _print_RowCount(self, expr: Any) -> str:
        return f"({self._print(expr.args[0])}).shape[0]"

    def _print_ColumnCount(self, expr: Any) -> str:
        return f"({self._print(expr.args[0])}).shape[1]"

    def _print_Ones(self, expr: Any) -> str:
        return f"ones({self._shapes[expr.args[0].name]})"

    def _print_Differs(self, expr: Any) -> str:
        return "({} != {})".format(*map(self._print, expr.args))

    def _print_ExpElsewhere(self, expr: Any) -> str:
        raised, below, *indices = expr.args
        return f"({self._print(exp(raised - below))} if {self._print(Differs(*indices))} else 0.0)"

    def _print_Function(self, expr: Any) -> str:
        if isinstance(expr, ScalarFunction | RowFunction):
            return f"{function_name(expr)}({', '.join(map(self._print, expr.args))})"
        return super()._print_Function(expr)
