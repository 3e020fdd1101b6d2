"""An index form's value where its indices are numbers, sums and all, without compiling anything.

An index may also be an array, which then runs along an axis of the result: that is how a sum of many terms is taken
at once. Nothing is shared with the matrix form that a trace runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np
from sympy import Add, Expr, Function, Indexed, Integer, KroneckerDelta, Mul, Pow, Sum, Symbol, lambdify

from ..calculus.derivation import Derivation
from ..calculus.functions import FunctionClass, ScalarFunction
from ..calculus.indices import Index, Size, axis
from ..calculus.others import Differs, ExpElsewhere
from ..printers.numpy_code import function_name
from .compile import Values
from .numerics import Array, implementations

Place = Mapping[Expr, Any]
"""Numbers for indices."""


class Evaluation:
    """Evaluates index forms on the numbers of one iteration.

    Parameters
    ----------
    derivation:
        What the forms are of.
    values:
        The quantities, each a two-dimensional array.

    """

    def __init__(self, derivation: Derivation, values: Values) -> None:
        self.derivation, self.values = derivation, values

    def __call__(self, expression: Expr, place: Place) -> Any:
        """Return the value of an expression at a place; a step over an edge of arithmetic gives NaN or infinity."""
        with np.errstate(all="ignore"):
            return self._value(expression, place)

    def terms(self, total: Sum, place: Place) -> Array:
        """Return every term of a sum, in an array with an axis for each index that is summed, in the sum's order."""
        with np.errstate(all="ignore"):
            return self._terms(total, place)

    def _value(self, expression: Expr, place: Place) -> Any:
        match expression:
            case Index():
                return place[expression]
            case Size():
                return self.derivation.sizes[axis(expression).removeprefix("N_")]
            case Symbol():
                return self.values[expression.name][0, 0]
            case Integer():
                return int(expression)
            case Indexed():
                return self.values[expression.base.label.name][self._all(expression.indices, place)]
            case Sum():
                return self._terms(expression, place).sum(axis=tuple(range(len(expression.limits))))
            case Differs():
                return np.not_equal(*self._all(expression.args, place)).astype(float)
            case ExpElsewhere():
                raised, below, *indices = self._all(expression.args, place)
                return np.where(np.not_equal(*indices), np.exp(raised - below), 0.0)
            case KroneckerDelta():
                return np.equal(*self._all(expression.args, place)).astype(float)
            case Add():
                return sum(self._all(expression.args, place))
            case Mul():
                return prod(self._all(expression.args, place))
            case Pow():
                base, exponent = self._all(expression.args, place)
                return base**exponent
            case Function():
                return _function(expression.func)(*self._all(expression.args, place))
        return float(expression)

    def _all(self, expressions: tuple[Expr, ...], place: Place) -> tuple[Any, ...]:
        return tuple(self._value(expression, place) for expression in expressions)

    def _terms(self, total: Sum, place: Place) -> Array:
        """Let each summed index run along an axis before all that run already."""
        inner = dict(place)
        for index, *_ in reversed(total.limits):
            depth = max((np.ndim(number) for number in inner.values()), default=0)
            inner[index] = np.arange(self.derivation.sizes[axis(index)]).reshape(-1, *[1] * depth)
        value = self._value(total.function, inner)
        return np.broadcast_to(value, np.broadcast_shapes(np.shape(value), *map(np.shape, inner.values())))


@cache
def _function(function: FunctionClass) -> Callable[..., Any]:
    """Return a function of one number as the engine computes it."""
    u = Symbol("u", real=True)
    applied = function(u)
    if isinstance(applied, ScalarFunction):
        return implementations(applied)[function_name(applied)]
    return lambdify([u], applied, "numpy")
