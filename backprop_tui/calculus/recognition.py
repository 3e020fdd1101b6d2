"""A derivative written with what the forward pass has already computed.

sigmoid(z[n, k]) is y[n, k] where a stage y = sigmoid(z) exists. For y = softmax(z) the equation
y[n, k] = exp(z[n, k])/S[n] is solved for the exponential, exp(z[n, k]) = y[n, k] S[n], and put in; the normaliser S
then cancels. Likewise log(S[n]) is l[n, 0] for l = log_sum_exp(z), and the logarithm of the sum without exp(z[n, k]) is
z[n, k] - o[n, k] for o = log_odds(z). Where no stage computes these functions of rows, `unnamed` tells which one is
needed. Sums that are known to be one, such as those of the rows of a one-hot target, are taken out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sympy import Add, Dummy, Expr, Function, Indexed, IndexedBase, Mul, Pow, Sum, exp, log

from .contraction import Term, terms
from .functions import Sigmoid
from .indices import axis, entry, fresh, summed
from .matrices import LogOdds, LogSumExp, Quantity, RowFunction, Softmax
from .others import left_out
from .stages import Stage

_NORMALISER = IndexedBase("normaliser", positive=True)


def recognised(expression: Expr, forward: Iterable[Stage]) -> Expr:
    """Replace what forward stages compute by their names."""
    stages = list(forward)
    if expression.has(Sum):
        expression = _through_others(expression, stages)
        held: Mapping[Expr, Expr] = {log(total): Dummy(real=True) for total, _ in _sums_of_others(expression)}
        expression = expression.xreplace(held)
        for stage in stages:
            expression = _through_rows(expression, stage)
        expression = expression.xreplace({dummy: found for found, dummy in held.items()})
    for stage in stages:
        expression = expression.xreplace(_outputs(expression, stage))
    return expression


def unnamed(expression: Expr) -> RowFunction | None:
    """Return a function of rows that would shorten an expression, had a stage computed it."""
    if others := _sums_of_others(expression):
        return LogOdds(Quantity(str(others[0][1].base.label)))
    for total in sorted(expression.atoms(Sum), key=str):
        argument = _exponentials_summed(total)
        if argument is not None:
            needed = LogSumExp if expression.has(log(total)) else Softmax
            return needed(Quantity(str(argument.base.label)))
    return None


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
        found: _at(stage, argument, found.args[0])
        for found in expression.atoms(type(stage.index))
        if isinstance(found.args[0], Indexed) and found.args[0].base == argument.base
    }


def _through_others(expression: Expr, stages: Iterable[Stage]) -> Expr:
    """Write the logarithm of a sum of the other entries' exponentials as z - log_odds(z).

    The sigmoid of the log-odds is the softmax.
    """
    shares = {Sigmoid(out - log(total)): exp(out) / _sum_of_all(out) for total, out in _sums_of_others(expression)}
    expression = expression.xreplace(shares)
    for stage in stages:
        own = {out for total, out in _sums_of_others(stage.index) if stage.index == out - log(total)}
        logs = {
            log(total): out - _at(stage, argument, out)
            for argument in own
            for total, out in _sums_of_others(expression)
            if out.base == argument.base
        }
        expression = expression.xreplace(logs)
    return expression


def _sums_of_others(expression: Expr) -> list[tuple[Sum, Indexed]]:
    """Return each sum of the exponentials of a row without one of its entries, with that entry."""
    found = ((total, left_out(total)) for total in sorted(expression.atoms(Sum), key=str))
    return [(total, out) for total, out in found if out is not None]


def _sum_of_all(out: Indexed) -> Expr:
    """Return the sum of the exponentials of the row in which an entry stands."""
    row, column = out.indices
    every = fresh(axis(column), {row, column})
    return summed(exp(out.base[row, every]), [every])


def _through_rows(expression: Expr, stage: Stage) -> Expr:
    """Write sums of exponentials through a stage that normalises them, or is their logarithm."""
    if (argument := _softmaxed(stage.index)) is not None:
        return _through_softmax(expression, stage, argument)
    if (argument := _log_summed(stage.index)) is not None:
        logs = {log(found): _at(stage, argument, at) for found, at in _sums_over(expression, argument)}
        return expression.xreplace(logs)
    return expression


def _softmaxed(index: Expr) -> Indexed | None:
    """Return z[n, k] where an index form is exp(z[n, k]) / Sum(exp(z[n, k']), k')."""
    exponentials = [factor for factor in Mul.make_args(index) if isinstance(factor, exp)]
    sums = [factor for factor in Mul.make_args(index) if isinstance(factor, Pow) and isinstance(factor.base, Sum)]
    if len(exponentials) != 1 or len(sums) != 1 or len(Mul.make_args(index)) != 2:
        return None
    (argument,) = exponentials[0].args
    summed = _exponentials_summed(sums[0].base)
    if summed is None or not isinstance(argument, Indexed) or summed.base != argument.base:
        return None
    return argument if summed.indices[0] == argument.indices[0] else None


def _log_summed(index: Expr) -> Indexed | None:
    """Return z[n, k] where an index form is log(Sum(exp(z[n, k]), k))."""
    inside = index.args[0] if isinstance(index, log) else None
    return _exponentials_summed(inside) if isinstance(inside, Sum) else None


def _exponentials_summed(total: Sum) -> Indexed | None:
    """Return z[n, k] where a sum is that of exp(z[n, k]) over all columns k of a row n."""
    summand = total.function
    if len(total.limits) == 1 and isinstance(summand, exp) and isinstance(summand.args[0], Indexed):
        (found,) = summand.args
        row, column = found.indices
        if column == total.limits[0][0] != row:
            return found
    return None


def _sums_over(expression: Expr, argument: Indexed) -> Iterator[tuple[Sum, Indexed]]:
    """Yield each sum of the exponentials of that quantity's rows, with one of the entries that it sums over."""
    for total in expression.atoms(Sum):
        found = _exponentials_summed(total)
        if found is not None and found.base == argument.base:
            yield total, found


def _through_softmax(expression: Expr, stage: Stage, argument: Indexed) -> Expr:
    sums = {total: _NORMALISER[found.indices[0]] for total, found in _sums_over(expression, argument)}
    if not sums:
        return expression
    inside = expression.xreplace(sums)
    exponentials = {
        found: _at(stage, argument, found.args[0]) * _NORMALISER[found.args[0].indices[0]]
        for found in inside.atoms(exp)
        if isinstance(found.args[0], Indexed) and found.args[0].base == argument.base
    }
    written = inside.xreplace(exponentials)
    kept: Mapping[Expr, Expr] = {normaliser: total for total, normaliser in sums.items()}
    return written.xreplace(kept)


def _at(stage: Stage, argument: Indexed, found: Indexed) -> Expr:
    """Return a stage's entry where what it is made from, `argument` in its own index form, stands at other indices."""
    moved = dict(zip(argument.indices, found.indices, strict=True))
    row, column = (index.xreplace(moved) for index in stage.indices)
    return entry(stage.name, row, column, stage.axes)
