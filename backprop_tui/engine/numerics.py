"""Functions of the chalkboard for arrays, stable in floating point, real and complex.

A function whose formula would overflow has an implementation of its own here; any other, and every slope, is generated
from its formula. Complex arguments are for complex-step differences: near the real axis the functions are analytic, so
branches are chosen by the real part.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Symbol, lambdify
from sympy.printing.numpy import NumPyPrinter

from ..calculus.functions import FunctionClass, ScalarFunction
from ..calculus.matrices import RowFunction
from ..printers.numpy_code import function_name

Array = NDArray[Any]
Implementation = Callable[..., Array]


def sigmoid(u: Array) -> Array:
    """1/(1 + exp(-u)), entry by entry; exp is only ever taken of a number whose real part is at most 0."""
    positive = np.real(u) >= 0
    decay = np.exp(np.where(positive, -u, u))
    return np.where(positive, 1.0, decay) / (1.0 + decay)


def softplus(u: Array) -> Array:
    """log(1 + exp(u)), entry by entry, as max(u, 0) + log(1 + exp(-|u|))."""
    positive = np.real(u) >= 0
    return np.where(positive, u, 0.0) + np.log1p(np.exp(np.where(positive, -u, u)))


def softmax(z: Array) -> Array:
    """exp(z)/rowsum(exp(z)), with each row's largest entry taken off first."""
    raised = np.exp(_lowered(z))
    return raised / raised.sum(axis=1, keepdims=True)


def log_softmax(z: Array) -> Array:
    """Z - log(rowsum(exp(z))), with each row's largest entry taken off first."""
    lowered = _lowered(z)
    return lowered - np.log(np.exp(lowered).sum(axis=1, keepdims=True))


def log_sum_exp(z: Array) -> Array:
    """log(rowsum(exp(z))), a column, with each row's largest entry taken off first and added again."""
    largest = _largest(z)
    return np.asarray(largest + np.log(np.exp(z - largest).sum(axis=1, keepdims=True)))


def largest_of_others(z: Array, xp: Any = np) -> Array:
    """For each entry the real part of the largest of the other entries of its row; `xp` may be `jax.numpy`."""
    largest, first = z.real.max(axis=1, keepdims=True), _first(z.real.argmax(axis=1), z.shape[1], xp)
    second = xp.where(first, -np.inf, z.real).max(axis=1, keepdims=True)
    return xp.where(first, second, largest)


def sum_over_others(factor: Array | float, raised: Array, below: Array, xp: Any = np) -> Array:
    """For each entry of a row the sum over all others, s, of factor[s] exp(raised - below[s]).

    One of them may be far nearer to 0 than all others, so that its exponential is beyond floats beside theirs: its own
    sum is taken apart.
    """
    first = _first(below.real.argmin(axis=1), below.shape[1], xp)
    reference = -largest_of_others(-below, xp)
    weighted = factor * xp.exp(below.real.min(axis=1, keepdims=True) - below)
    farther = factor * xp.exp(xp.where(first, -np.inf, reference.max(axis=1, keepdims=True) - below))
    rest = xp.where(first, farther.sum(axis=1, keepdims=True), weighted.sum(axis=1, keepdims=True) - weighted)
    return xp.exp(raised - reference) * rest


def log_odds(z: Array) -> Array:
    """The logarithm of softmax(z)/(1 - softmax(z)), with the largest of the other entries taken off first."""
    largest = largest_of_others(z)
    return np.asarray(z - largest - np.log(sum_over_others(1.0, -largest, -z)))


def spread_over_others(handed_out: Array, z: Array) -> Array:
    """Every entry handed out to the others of its row, in shares that are the softmax of theirs in z."""
    largest = largest_of_others(z)
    return sum_over_others(handed_out / sum_over_others(1.0, -largest, -z), z, largest)


_STABLE: Final[dict[str, Implementation]] = {
    "sigmoid": sigmoid,
    "softplus": softplus,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "log_sum_exp": log_sum_exp,
    "log_odds": log_odds,
    "spread_over_others": spread_over_others,
}


def implementations(*expressions: Expr) -> dict[str, Implementation]:
    """Return every function of the chalkboard that stands in expressions, by its name in code."""
    found = {function for expression in expressions for function in expression.atoms(ScalarFunction, RowFunction)}
    return {function_name(function): _implementation(function.func) for function in found}


@cache
def _implementation(function: FunctionClass) -> Implementation:
    order = getattr(function, "order", 0)
    if order == 0 and function.chalk in _STABLE:
        return _STABLE[function.chalk]
    u = Symbol("u", real=True)
    formula = function.formula(u)
    return _quiet(lambdify([u], formula, [implementations(formula), "numpy"], _BranchPrinter(_SETTINGS)))


def _quiet(function: Implementation) -> Implementation:
    """Ignore overflow in the branches of a formula that aren't chosen."""

    def quiet(u: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(function(u))

    return quiet


def _first(columns: Any, width: int, xp: Any) -> Array:
    """Whether an entry is that of its row in the column named."""
    return xp.arange(width) == columns[:, None]


def _lowered(z: Array) -> Array:
    return z - _largest(z)


def _largest(z: Array) -> Array:
    """The real part of each row's largest entry, a column."""
    return np.asarray(np.real(z).max(axis=1, keepdims=True))


_SETTINGS: Final = {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True}


class _BranchPrinter(NumPyPrinter):
    """Formulas with branches, chosen by the real part."""

    def _print_Relational(self, expr: Any) -> str:
        return f"(real({self._print(expr.lhs)}) {expr.rel_op} real({self._print(expr.rhs)}))"

    def _print_Function(self, expr: Any) -> str:
        if isinstance(expr, ScalarFunction):
            return f"{function_name(expr)}({self._print(expr.args[0])})"
        return super()._print_Function(expr)
