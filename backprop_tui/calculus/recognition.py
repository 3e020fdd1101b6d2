"""A derivative written with what the forward pass has already computed.

sigmoid(z[n, k]) is y[n, k] where a stage y = sigmoid(z) exists. For y = softmax(z) the equation
y[n, k] = exp(z[n, k])/S[n] is solved for the exponential, exp(z[n, k]) = y[n, k] S[n], and put in; the normaliser S
then cancels. Sums that are known to be one, such as those of the rows of a one-hot target, are taken out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sympy import Add, Expr, Function, Indexed, IndexedBase, Mul, Pow, Sum, exp

from .contraction import Term, terms
from .indices import entry
from .stages import Stage

_NORMALISER = IndexedBase("normaliser", positive=True)


def recognised(expression: Expr, forward: Iterable[Stage]) -> Expr:
    """Replace what forward stages compute by their names."""
    for stage in forward:
        normalised = _normalised(stage.index)
        if normalised is not None:
            expression = _through_softmax(expression, stage, normalised)
    for stage in forward:
        expression = expression.xreplace(_outputs(expression, stage))
    return expression


def without_unit_sums(expression: Expr, unit_rows: Collection[str]) -> Expr:
    """Take out Sum(t[n, k], k), which is 1, for every quantity t named in `unit_rows`."""
    return Add(*(_without_unit_sum(term, unit_rows).expression for term in terms(expression)))


def _without_unit_sum(term: Term, unit_rows: Collection[str]) -> Term:
    for position, factor in enumerate(term.factors):
        if isinstance(factor, Indexed) and str(factor.base.label) in unit_rows:
            column = factor.indices[1]
            others = term.factors[:position] + term.factors[position + 1 :]
            if column in term.over and not any(other.has(column) for other in others):
                over = tuple(index for index in term.over if index != column)
                return _without_unit_sum(Term(others, over), unit_rows)
    return term


def _outputs(expression: Expr, stage: Stage) -> dict[Expr, Expr]:
    """Find f(u[...]) in an expression where the stage is f(u), at whatever indices."""
    if not isinstance(stage.index, Function) or not isinstance(stage.index.args[0], Indexed):
        return {}
    (argument,) = stage.index.args
    return {
        found: _at(stage, found.args[0])
        for found in expression.atoms(type(stage.index))
        if isinstance(found.args[0], Indexed) and found.args[0].base == argument.base
    }


def _normalised(index: Expr) -> Indexed | None:
    """Return z[n, k] where an index form is exp(z[n, k]) / Sum(exp(z[n, k']), k')."""
    exponentials = [factor for factor in Mul.make_args(index) if isinstance(factor, exp)]
    sums = [factor for factor in Mul.make_args(index) if isinstance(factor, Pow) and isinstance(factor.base, Sum)]
    if len(exponentials) != 1 or len(sums) != 1 or len(Mul.make_args(index)) != 2:
        return None
    (argument,) = exponentials[0].args
    row = _exponential_row(sums[0].base, argument) if isinstance(argument, Indexed) else None
    return argument if row is not None and row == argument.indices[0] else None


def _exponential_row(total: Sum, argument: Indexed) -> Expr | None:
    """Return the row a where a sum is that of exp(z[a, .]) over all columns."""
    summand = total.function
    if len(total.limits) == 1 and isinstance(summand, exp) and isinstance(summand.args[0], Indexed):
        found = summand.args[0]
        if found.base == argument.base and found.indices[1] == total.limits[0][0]:
            return found.indices[0]
    return None


def _through_softmax(expression: Expr, stage: Stage, argument: Indexed) -> Expr:
    rows = {found: _exponential_row(found, argument) for found in expression.atoms(Sum)}
    sums = {found: _NORMALISER[row] for found, row in rows.items() if row is not None}
    if not sums:
        return expression
    inside = expression.xreplace(sums)
    exponentials = {
        found: _at(stage, found.args[0]) * _NORMALISER[found.args[0].indices[0]]
        for found in inside.atoms(exp)
        if isinstance(found.args[0], Indexed) and found.args[0].base == argument.base
    }
    written = inside.xreplace(exponentials)
    return expression if written.has(_NORMALISER) else written


def _at(stage: Stage, argument: Indexed) -> Expr:
    """Return a stage's entry at the indices of another's."""
    row, column = argument.indices
    return entry(stage.name, row, column, stage.axes)
