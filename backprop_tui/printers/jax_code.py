"""Lines of a schedule as code for JAX, for `lambdify`."""

from __future__ import annotations

from typing import Any

from sympy.printing.numpy import JaxPrinter

from .numpy_code import NumPyCode


class JaxCode(NumPyCode, JaxPrinter):
    """Print the right-hand side of a line in the functions of `jax.numpy`; every value keeps both its axes."""

    def _print_Total(self, expr: Any) -> str:
        return f"({self._print(expr.args[0])}).sum(keepdims=True)"

    def _print_Inner(self, expr: Any) -> str:
        left, right = map(self._print, expr.args)
        return f"({left}*{right}).sum(keepdims=True)"

    def _print_RowLargest(self, expr: Any) -> str:
        return f"({self._print(expr.args[0])}).max(axis=1, keepdims=True)"

    def _print_LargestOfOthers(self, expr: Any) -> str:
        return f"_largest_of_others({self._print(expr.args[0])})"

    def _print_SumOverOthers(self, expr: Any) -> str:
        return f"_sum_over_others({', '.join(map(self._print, expr.args))})"

    def _print_Ones(self, expr: Any) -> str:
        return f"{self._module_format(f'{self._module}.ones')}({self._shapes[expr.args[0].name]})"
