"""Choices between equal ways to write an expression."""

from __future__ import annotations

from math import comb, prod
from typing import Final

from sympy import Add, Expr, Mul, Pow, expand, factor_terms

MOST_TERMS: Final = 500
"""A product or a power that would become more terms than this is never multiplied out."""


def multiplied_out(expression: Expr) -> Expr:
    """Multiply out products and powers of sums, where that stays within `MOST_TERMS`."""
    return expand(expression) if _most_terms(expression) <= MOST_TERMS else expression


def gathered(expression: Expr) -> Expr:
    """Take common factors out of a sum: 2y - 2t is 2(y - t)."""
    return shortest(factor_terms(expression), multiplied_out(expression)) if isinstance(expression, Add) else expression


def shortest(*forms: Expr) -> Expr:
    """Return the form with the fewest operations, the first among equals."""
    return min(forms, key=lambda form: form.count_ops())


def _most_terms(expression: Expr) -> int:
    """Count the terms that a sum has at the most when it is multiplied out, or the largest sum within a function."""
    inner = [_most_terms(argument) for argument in expression.args]
    if isinstance(expression, Add):
        return sum(inner)
    if isinstance(expression, Mul):
        return prod(inner)
    if isinstance(expression, Pow) and expression.exp.is_Integer and expression.exp.is_positive:
        return comb(inner[0] + int(expression.exp) - 1, int(expression.exp))
    return max(inner, default=1)
