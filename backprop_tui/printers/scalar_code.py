"""One entry of a matrix form as Python code over single numbers: ``h_0_0*V_0_1 + h_0_1*V_1_1``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sympy import Expr, Rational
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from .. import notation
from ..calculus.indices import axis
from ..calculus.shapes import Shape

SMALLEST: Final = -709.0
"""Below it, exp(-u) is beyond the largest float, and 1 + exp(u) is 1 in floating point."""


def entry_name(name: str, row: int, column: int) -> str:
    """Spell an entry as a Python identifier: ``dE_dV_0_1``."""
    return f"{notation.code(name)}_{row}_{column}"


class ScalarCode(PythonCodePrinter):
    """Print the entry of a matrix form at one place, with the functions of Python's `math`.

    An operation that mixes entries has to have names, or names transposed, as its arguments.

    Parameters
    ----------
    shapes:
        The shape of each quantity.
    sizes:
        The number of entries along each axis.

    """

    def __init__(self, shapes: Mapping[str, Shape], sizes: Mapping[str, int]) -> None:
        super().__init__({"fully_qualified_modules": False})
        self._shapes, self._sizes = shapes, sizes
        self._place = (0, 0)

    def entry(self, form: Expr, row: int, column: int) -> str:
        """Print the entry at (row, column); a row, a column or a scalar in the form broadcasts."""
        before, self._place = self._place, (row, column)
        text = str(self._print(form))
        self._place = before
        return text

    def _print_Quantity(self, expr: Any) -> str:
        rows, columns = self._shapes[expr.name]
        row, column = self._place
        return entry_name(expr.name, row if rows > 1 else 0, column if columns > 1 else 0)

    def _print_Transposed(self, expr: Any) -> str:
        row, column = self._place
        return self.entry(expr.args[0], column, row)

    def _print_MatrixProduct(self, expr: Any) -> str:
        left, right = expr.args
        row, column = self._place
        inner = range(self._columns(left))
        return " + ".join(f"{self.entry(left, row, each)}*{self.entry(right, each, column)}" for each in inner)

    def _print_RowSums(self, expr: Any) -> str:
        return " + ".join(self._row(*expr.args))

    def _print_ColumnSums(self, expr: Any) -> str:
        (matrix,) = expr.args
        return " + ".join(self.entry(matrix, row, self._place[1]) for row in range(self._rows(matrix)))

    def _print_Total(self, expr: Any) -> str:
        (matrix,) = expr.args
        return " + ".join(self.entry(matrix, *place) for place in self._places(matrix))

    def _print_Inner(self, expr: Any) -> str:
        left, right = expr.args
        return " + ".join(f"{self.entry(left, *place)}*{self.entry(right, *place)}" for place in self._places(left))

    def _print_RowLargest(self, expr: Any) -> str:
        entries = self._row(*expr.args)
        return f"max({', '.join(entries)})" if len(entries) > 1 else entries[0]

    def _print_LargestOfOthers(self, expr: Any) -> str:
        others = [self.entry(expr.args[0], self._place[0], column) for column in self._others(*expr.args)]
        return f"max({', '.join(others)})" if len(others) > 1 else others[0]

    def _print_SumOverOthers(self, expr: Any) -> str:
        factor, raised, below = expr.args
        raised, row = self._print(raised), self._place[0]
        return " + ".join(
            f"{self.entry(factor, row, column)}*exp({raised} - {self.entry(below, row, column)})"
            for column in self._others(below)
        )

    def _print_Sigmoid(self, expr: Any) -> str:
        u = self._print(*expr.args)
        return f"(1.0/(1.0 + exp(-{u})) if {u} > {SMALLEST} else exp({u}))"

    def _print_Softplus(self, expr: Any) -> str:
        u = self._print(*expr.args)
        return f"(max({u}, 0.0) + log1p(exp(-abs({u}))))"

    def _print_Ones(self, expr: Any) -> str:
        return "1.0"

    def _print_Size(self, expr: Any) -> str:
        return repr(float(self._sizes[axis(expr).removeprefix("N_")]))

    def _print_Integer(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Rational(self, expr: Any) -> str:
        return repr(float(expr))

    def _print_Add(self, expr: Any, order: Any = None) -> str:
        """Print a sum, a term without a minus sign first."""
        terms = sorted(expr.args, key=lambda term: term.could_extract_minus_sign())
        text = self.parenthesize(terms[0], PRECEDENCE["Add"])
        for term in terms[1:]:
            minus = term.could_extract_minus_sign()
            printed = self.parenthesize(-term if minus else term, PRECEDENCE["Mul"])
            text += f" {'-' if minus else '+'} {printed}"
        return text

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        """Print a square as a product, which is several times faster; other powers by `math.pow`, which is real."""
        if expr.exp == 2:
            base = self._print(expr.base)
            return f"({base}*{base})"
        if expr.exp in (-1, Rational(1, 2), Rational(-1, 2)):
            return str(super()._print_Pow(expr, rational=rational))
        return f"pow({self._print(expr.base)}, {self._print(expr.exp)})"

    def _row(self, matrix: Expr) -> list[str]:
        return [self.entry(matrix, self._place[0], column) for column in range(self._columns(matrix))]

    def _others(self, matrix: Expr) -> list[int]:
        return [column for column in range(self._columns(matrix)) if column != self._place[1]]

    def _places(self, matrix: Expr) -> list[tuple[int, int]]:
        return [(row, column) for row in range(self._rows(matrix)) for column in range(self._columns(matrix))]

    def _rows(self, matrix: Expr) -> int:
        return self._shapes[matrix.name][0] if matrix.is_Symbol else self._shapes[matrix.args[0].name][1]

    def _columns(self, matrix: Expr) -> int:
        return self._shapes[matrix.name][1] if matrix.is_Symbol else self._shapes[matrix.args[0].name][0]
