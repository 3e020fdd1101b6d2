"""Equations rewritten so that nothing overflows or underflows on the way to a finite value.

============================  =====================
written                       the same, stable
============================  =====================
exp(a) / rowsum(exp(a))       softmax(a)
exp(a) / (1 + exp(a))         sigmoid(a)
1 / (1 + exp(a))              sigmoid(-a)
log(1 + exp(a))               softplus(a)
log(rowsum(exp(a)))           log_sum_exp(a)
log(softmax(a))               log_softmax(a)
log(sigmoid(a))               a - softplus(a)
log(1 - sigmoid(a))           -softplus(a)
============================  =====================

Functions written out by hand are recognised in an equation as it is read (`by_name`). A logarithm or a quotient of
earlier stages is rewritten once the stages are known (`through_stages`), and shown as a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sympy import Add, Expr, Integer, Mul, exp, log

from .functions import Sigmoid, Softplus
from .matrices import LogSoftmax, LogSumExp, Quantity, RowSums, Softmax

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
        return _quotient(found, definitions) or _log_of_sum(found, definitions) or _log_of_share(found, definitions)

    return _rewritten(expression, rule)


def _rewritten(expression: Expr, rule: Callable[[Expr], Expr | None]) -> Expr:
    """Apply a rule to an expression and to all in it, the outermost first: a quotient before its divisor."""
    whole = rule(expression) or expression
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


def _log_of_share(found: Expr, definitions: _Definitions) -> Expr | None:
    """Rewrite log(softmax(a)), log(sigmoid(a)) and log(1 - sigmoid(a))."""
    if not isinstance(found, log):
        return None
    (inside,) = found.args
    share, rest = _looked_up(inside, definitions), _looked_up(1 - inside, definitions)
    if isinstance(share, Softmax):
        return LogSoftmax(*share.args)
    if isinstance(share, Sigmoid):
        return share.args[0] - Softplus(*share.args)
    return -Softplus(*rest.args) if isinstance(rest, Sigmoid) else None


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
    if not isinstance(expression, Add) or len(expression.args) != 2 or Integer(1) not in expression.args:
        return None
    raised = _looked_up(expression - 1, definitions)
    return raised.args[0] if isinstance(raised, exp) else None


def _looked_up(expression: Expr, definitions: _Definitions) -> Expr:
    """Replace a stage's name by its definition."""
    return definitions.get(expression.name, expression) if isinstance(expression, Quantity) else expression
