"""Index notation for a row without one of its entries: what the odds of a softmax and their slopes are written in.

The logarithm m[n, k] of the sum of exp(z[n, j]) over all j but k has, by SymPy, the derivative

    (1 - delta[j, k]) exp(z[n, j]) / Sum((1 - delta[i, k]) exp(z[n, i]), i)

which is (1 - delta[j, k]) exp(z[n, j] - m[n, k]). Where j is not k that exponent is at most 0, and nothing overflows.
"""

from __future__ import annotations

from typing import Any

from sympy import Add, Expr, Function, Indexed, Integer, Mul, Sum, exp, log

from .contraction import Term, terms


class Differs(Function):
    """1 - delta: 1 where two indices differ, else 0."""

    nargs = 2

    @classmethod
    def eval(cls, first: Expr, second: Expr) -> Expr | None:
        """Settle it where the indices are numbers or the same; else put them in one order."""
        if first == second:
            return Integer(0)
        if first.is_Integer and second.is_Integer:
            return Integer(1)
        return None if first.sort_key() <= second.sort_key() else cls(second, first)


class ExpElsewhere(Function):
    """(1 - delta[j, k]) exp(a - b), of the arguments a, b, j, k: where j is k, whatever a - b is there, it is 0."""

    nargs = 4

    @classmethod
    def eval(cls, raised: Expr, below: Expr, first: Expr, second: Expr) -> Expr | None:
        """Settle it where the indices are numbers or the same."""
        differs = Differs(first, second)
        return differs * exp(raised - below) if differs.is_number else None


def left_out(total: Sum) -> Indexed | None:
    """Return z[n, k] where a sum is that of exp(z[n, j]) over all j but k."""
    summand: Any = total.function
    if not isinstance(summand, Mul) or len(summand.args) != 2 or len(total.limits) != 1:
        return None
    differs = next((factor for factor in summand.args if isinstance(factor, Differs)), None)
    raised = next((factor.args[0] for factor in summand.args if isinstance(factor, exp)), None)
    if differs is None or not isinstance(raised, Indexed):
        return None
    row, column = raised.indices
    kept = [index for index in differs.args if index != column]
    return raised.base[row, kept[0]] if column == total.limits[0][0] and len(kept) == 1 else None


def by_difference(expression: Expr) -> Expr:
    """Write (1 - delta[j, k]) exp(z[n, j]) / S, S being the sum of exp(z[n, i]) without i = k, by a difference."""
    if not expression.has(Differs):
        return expression
    return Add(*(_by_difference(term).expression for term in terms(expression)))


def _by_difference(term: Term) -> Term:
    for divisor in term.factors:
        base, power = divisor.as_base_exp()
        out = left_out(base) if power == -1 and isinstance(base, Sum) else None
        if out is None:
            continue
        row, kept = out.indices
        for differs in (factor for factor in term.factors if isinstance(factor, Differs) and kept in factor.args):
            other = differs.args[0] if differs.args[1] == kept else differs.args[1]
            raised = out.base[row, other]
            if exp(raised) in term.factors:
                gone = {divisor, differs, exp(raised)}
                rest = tuple(factor for factor in term.factors if factor not in gone)
                return Term((*rest, ExpElsewhere(raised, log(base), other, kept)), term.over)
    return term
