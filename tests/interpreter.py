"""Chalkboard equations run by a small `ast` walker, and differentiated: oracles that share no line with the package.

Every function and loss is typed here from its textbook definition. `NUMPY` runs on real and complex numbers, `AUTOGRAD`
is traced by HIPS autograd, `DIGITS` computes with mpmath.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any, Final

import autograd
import autograd.numpy
import mpmath
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Values = Mapping[str, Array]
Namespace = Any
"""NumPy, or what offers the same functions."""


def _digits(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Apply a function of mpmath to each entry."""
    return np.frompyfunc(function, 1, 1)


NUMPY: Final[Namespace] = np
AUTOGRAD: Final[Namespace] = autograd.numpy
DIGITS: Final[Namespace] = SimpleNamespace(
    **{name: _digits(getattr(mpmath, name)) for name in ("exp", "log", "log1p", "tanh", "sqrt", "sin", "cos")},
    **{name: getattr(np, name) for name in ("where", "real", "sum", "array", "reshape", "transpose")},
    pi=mpmath.pi,
    e=mpmath.e,
)
"""To be used within ``mpmath.workdps``."""


def scalar_functions(xp: Namespace) -> dict[str, Callable[[Any], Any]]:
    """Each function of one number. A branch is chosen by the real part, so that complex steps stay on it."""

    def positive(u: Any) -> Any:
        return xp.real(u) > 0

    def sigmoid(u: Any) -> Any:
        return 1 / (1 + xp.exp(-u))

    def magnitude(u: Any) -> Any:
        return xp.where(positive(u), u, xp.where(positive(-u), -u, 0 * u))

    def huber(u: Any) -> Any:
        return xp.where(xp.real(magnitude(u)) <= 1, u**2 / 2, magnitude(u) - 0.5)

    return {
        "sigmoid": sigmoid,
        "tanh": xp.tanh,
        "relu": lambda u: xp.where(positive(u), u, 0 * u),
        "leaky_relu": lambda u: xp.where(positive(u), u, u / 100),
        "elu": lambda u: xp.where(positive(u), u, xp.exp(xp.where(positive(u), 0 * u, u)) - 1),
        "softplus": lambda u: xp.log1p(xp.exp(u)),
        "silu": lambda u: u * sigmoid(u),
        "gelu": lambda u: u / 2 * (1 + xp.tanh(xp.sqrt(xp.array(2 / xp.pi)) * (u + 44715 * u**3 / 10**6))),
        "exp": xp.exp,
        "log": xp.log,
        "sqrt": xp.sqrt,
        "sin": xp.sin,
        "cos": xp.cos,
        "abs": magnitude,
        "huber": huber,
    }


def matrix_functions(xp: Namespace) -> dict[str, Callable[[Any], Any]]:
    """Each function of several entries."""

    def rowsum(a: Any) -> Any:
        return xp.sum(a, axis=1, keepdims=True)

    def total(a: Any) -> Any:
        return xp.reshape(xp.sum(a), (1, 1))

    def softmax(a: Any) -> Any:
        return xp.exp(a) / rowsum(xp.exp(a))

    return {
        "softmax": softmax,
        "log_softmax": lambda a: a - xp.log(rowsum(xp.exp(a))),
        "log_sum_exp": lambda a: xp.log(rowsum(xp.exp(a))),
        "sum": total,
        "mean": lambda a: total(a) / (a.shape[0] * a.shape[1]),
        "rowsum": rowsum,
        "colsum": lambda a: xp.sum(a, axis=0, keepdims=True),
        "rows": lambda a: xp.array([[a.shape[0]]]),
    }


def losses(xp: Namespace) -> dict[str, Callable[[Any, Any], Any]]:
    """Each loss by name, of the output y and the target t."""
    scalar, matrix = scalar_functions(xp), matrix_functions(xp)
    total, mean = matrix["sum"], matrix["mean"]

    def bits(y: Any, t: Any) -> Any:
        return -(t * xp.log(y) + (1 - t) * xp.log(1 - y))

    return {
        "squared_error": lambda y, t: total((y - t) ** 2),
        "half_squared_error": lambda y, t: total((y - t) ** 2) / 2,
        "mean_squared_error": lambda y, t: mean((y - t) ** 2),
        "absolute_error": lambda y, t: total(scalar["abs"](y - t)),
        "huber": lambda y, t: total(scalar["huber"](y - t)),
        "binary_cross_entropy": lambda y, t: total(bits(y, t)),
        "mean_binary_cross_entropy": lambda y, t: mean(bits(y, t)),
        "cross_entropy": lambda y, t: -total(t * xp.log(y)),
        "mean_cross_entropy": lambda y, t: -total(t * xp.log(y)) / t.shape[0],
    }


COMPLEX_STEP: Final = 1e-30
OPERATORS: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.MatMult: lambda left, right: left @ right,
    ast.Pow: lambda left, right: left**right,
}


@dataclass(frozen=True)
class Interpreter:
    """Equations, and functions of their own, ready to be run on values."""

    equations: Mapping[str, str]
    functions: Mapping[str, str] = field(default_factory=dict)
    xp: Namespace = np

    def __call__(self, given: Values, nudges: Values | None = None) -> dict[str, Any]:
        """Compute every equation; a nudge is added to the quantity of its name, given or computed."""
        nudges = nudges or {}
        values = {name: self._nudged(name, value, nudges) for name, value in given.items()}
        for name, text in self.equations.items():
            values[name] = self._nudged(name, self.value(_tree(text), values), nudges)
        return values

    def _nudged(self, name: str, value: Any, nudges: Values) -> Any:
        return value + nudges[name] if name in nudges else value

    def value(self, node: ast.expr, values: Mapping[str, Any]) -> Any:
        match node:
            case ast.Name(id=name):
                return values[name] if name in values else {"pi": self.xp.pi, "e": self.xp.e}[name]
            case ast.Constant(value=number):
                return number
            case ast.UnaryOp(operand=operand):
                return -self.value(operand, values)
            case ast.Attribute(value=inner):
                return self.xp.transpose(self.value(inner, values))
            case ast.BinOp(left=left, op=operator, right=right):
                return OPERATORS[type(operator)](self.value(left, values), self.value(right, values))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, [self.value(argument, values) for argument in arguments], values)
        raise NotImplementedError(ast.dump(node))

    @cached_property
    def known(self) -> dict[tuple[str, int], Callable[..., Any]]:
        """The functions by name and number of arguments."""
        single = scalar_functions(self.xp) | matrix_functions(self.xp)
        return {(name, 1): one for name, one in single.items()} | {
            (name, 2): two for name, two in losses(self.xp).items()
        }

    def _call(self, name: str, arguments: list[Any], values: Mapping[str, Any]) -> Any:
        if name not in self.functions:
            return self.known[name, len(arguments)](*arguments)
        (argument,) = _names(self.functions[name]) - set(values)
        return self.value(_tree(self.functions[name]), {**values, argument: arguments[0]})


def gradient(equations: Interpreter, given: Values, by: str, loss: str = "E") -> Array:
    """Differentiate a scalar by every entry of a quantity, by complex steps: exact to rounding."""
    found = np.zeros(equations(given)[by].shape)
    for place in np.ndindex(found.shape):
        step = np.zeros(found.shape, complex)
        step[place] = COMPLEX_STEP * 1j
        found[place] = equations(given, {by: step})[loss][0, 0].imag / COMPLEX_STEP
    return found


def traced_gradients(equations: Interpreter, given: Values, names: Iterable[str], loss: str = "E") -> dict[str, Array]:
    """Differentiate a scalar by quantities, with HIPS autograd."""
    traced, plain = replace(equations, xp=AUTOGRAD), equations(given)
    zeros = {name: np.zeros(plain[name].shape) for name in names}
    gradients: dict[str, Array] = autograd.grad(lambda nudges: traced(given, nudges)[loss][0, 0])(zeros)
    return gradients


def exact(array: Array) -> Array:
    """Return an array with each entry the mpmath number that its float is."""
    return np.asarray(_digits(mpmath.mpf)(array), dtype=object)


def slopes(equations: Interpreter, given: Values, directions: Values, loss: str = "E") -> tuple[float, float]:
    """Differentiate a scalar along directions in several quantities at once, leftwards and rightwards, in 60 digits."""
    with mpmath.workdps(60):
        digits, numbers = replace(equations, xp=DIGITS), {name: exact(array) for name, array in given.items()}

        def at(step: Any) -> Any:
            nudges = {name: step * exact(direction) for name, direction in directions.items()}
            return digits(numbers, nudges)[loss][0, 0]

        step, here = mpmath.mpf(10) ** -25, at(mpmath.mpf(0))
        return float((here - at(-step)) / step), float((at(step) - here) / step)


@cache
def _tree(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _names(text: str) -> set[str]:
    called = {node.func for node in ast.walk(_tree(text)) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(_tree(text)) if isinstance(node, ast.Name) and node not in called}
