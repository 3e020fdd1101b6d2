"""Equations rewritten so that nothing overflows or underflows on the way to a finite value.

============================  ======================
written                       the same, stable
============================  ======================
exp(a) / rowsum(exp(a))       softmax(a)
exp(a) / (1 + exp(a))         sigmoid(a)
1 / (1 + exp(a))              sigmoid(-a)
log(1 + exp(a))               softplus(a)
log(rowsum(exp(a)))           log_sum_exp(a)
log(softmax(a))               log_softmax(a)
log(sigmoid(a))               a - softplus(a)
log(1 - sigmoid(a))           -softplus(a)
log(1 - softmax(a))           -softplus(log_odds(a))
log(exp(a))                   a
============================  ======================

Functions written out by hand are recognised in an equation as it is read (`by_name`). A logarithm or a quotient of
earlier stages is rewritten once the stages are known (`through_stages`), and shown as a step; so is that of a power
or a transpose of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sympy import Add, Expr, Integer, Mul, Pow, exp, log

from .functions import Sigmoid, Softplus
from .matrices import LogOdds, LogSoftmax, LogSumExp, Quantity, RowSums, Softmax, Transposed

_Definitions = Mapping[str, Expr]


def by_name(expression: Expr) -> Expr:
    """Call by its name every function that an equation writes out by hand."""
    return _rewritten(expression, lambda found: _quotient(found, {}) or _log_of_sum(found, {}))


def through_stages(expression: Expr, definitions: _Definitions) -> Expr:
    """Write logarithms and quotients of earlier stages through what those were made from.

    Parameters
    ----------
    expression:
        The right-hand side of a stage.
    definitions:
        Those of the earlier stages, in stable form, by name.

    """

    def rule(found: Expr) -> Expr | None:
        return _quotient(found, definitions) or (_log(found.args[0], definitions) if isinstance(found, log) else None)

    return _rewritten(expression, rule)


def _rewritten(expression: Expr, rule: Callable[[Expr], Expr | None]) -> Expr:
    """Apply a rule to an expression and to all in it, the outermost first: a quotient before its divisor."""
    whole = rule(expression)
    if whole is None:
        whole = expression
    if not whole.args:
        return whole
    arguments = [_rewritten(argument, rule) for argument in whole.args]
    return whole if list(whole.args) == arguments else whole.func(*arguments)


def _quotient(found: Expr, definitions: _Definitions) -> Expr | None:
    """Rewrite exp(a)/rowsum(exp(a)), exp(a)/(1 + exp(a)) and 1/(1 + exp(a)), within a longer product too."""
    factors = list(Mul.make_args(found))
    for divisor in factors:
        base, power = divisor.as_base_exp()
        if power != -1:
            continue
        others = [factor for factor in factors if factor is not divisor]
        for numerator, ratio in _ratios(base, definitions):
            match = next((factor for factor in others if _looked_up(factor, definitions) == numerator), None)
            if match is not None:
                return Mul(ratio, *(factor for factor in others if factor is not match))
        if (argument := _one_plus_exp(base, definitions)) is not None:
            return Mul(Sigmoid(-argument), *others)
    return None


def _ratios(divisor: Expr, definitions: _Definitions) -> Iterator[tuple[Expr, Expr]]:
    """Yield (exp(a), what exp(a) divided by this divisor is)."""
    if (argument := _sum_of_exp(divisor, definitions)) is not None:
        yield exp(argument), Softmax(argument)
    if (argument := _one_plus_exp(divisor, definitions)) is not None:
        yield exp(argument), Sigmoid(argument)


def _log_of_sum(found: Expr, definitions: _Definitions) -> Expr | None:
    """Rewrite log(rowsum(exp(a))) and log(1 + exp(a))."""
    if not isinstance(found, log):
        return None
    (inside,) = found.args
    if (argument := _sum_of_exp(inside, definitions)) is not None:
        return LogSumExp(argument)
    if (argument := _one_plus_exp(inside, definitions)) is not None:
        return Softplus(argument)
    return None


def _log(positive: Expr, definitions: _Definitions) -> Expr | None:
    """Return the logarithm of something that is positive by what it is made from; None for anything else."""
    inside = _looked_up(positive, definitions)
    if (total := _log_of_sum(log(inside), definitions)) is not None:
        return total
    match inside:
        case Softmax(args=(a,)):
            return LogSoftmax(a)
        case Sigmoid(args=(a,)):
            return a - Softplus(a)
        case exp(args=(a,)):
            return a
        case Pow(base=base, exp=power) if power.is_Rational:
            inner = _log(base, definitions)
            return None if inner is None else power * inner
        case Transposed(args=(matrix,)):
            inner = _log(matrix, definitions)
            return None if inner is None else Transposed(inner)
    return _log_of_rest(_looked_up(1 - inside, definitions), definitions)


def _log_of_rest(share: Expr, definitions: _Definitions) -> Expr | None:
    """Return log(1 - y) by what y is made from, where it is a sigmoid or a softmax."""
    match share:
        case Sigmoid(args=(a,)):
            return -Softplus(a)
        case Softmax(args=(a,)):
            return -Softplus(LogOdds(a))
        case Transposed(args=(matrix,)):
            inner = _log_of_rest(_looked_up(matrix, definitions), definitions)
            return None if inner is None else Transposed(inner)
    return None


def _sum_of_exp(expression: Expr, definitions: _Definitions) -> Expr | None:
    """Return a where an expression is rowsum(exp(a)); through stages only where a is a quantity."""
    total = _looked_up(expression, definitions)
    summand = _looked_up(total.args[0], definitions) if isinstance(total, RowSums) else None
    if not isinstance(summand, exp):
        return None
    (argument,) = summand.args
    return argument if isinstance(argument, Quantity) or not definitions else None


def _one_plus_exp(expression: Expr, definitions: _Definitions) -> Expr | None:
    """Return a where an expression is 1 + exp(a)."""
    total = _looked_up(expression, definitions)
    if not isinstance(total, Add) or len(total.args) != 2 or Integer(1) not in total.args:
        return None
    raised = _looked_up(total - 1, definitions)
    return raised.args[0] if isinstance(raised, exp) else None


def _looked_up(expression: Expr, definitions: _Definitions) -> Expr:
    """Replace a stage's name by its definition, and that by its own where it is but another stage's name."""
    while isinstance(expression, Quantity) and expression.name in definitions:
        expression = definitions[expression.name]
    return expression
