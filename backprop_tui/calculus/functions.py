"""Functions of one number, each given by its formula alone; every derivative is SymPy's.

`fdiff` answers SymPy's `diff` with a function f′, whose formula is the derivative of f's. `written_slope` then looks
for the shortest way to write f′: in f's own output, y(1 - y) for the sigmoid, by eliminating the argument between
y = f(u) and f′(u); as another function of the table, the sigmoid for softplus; else by its formula. A slope with a
kink stays closed, relu′(u), and its formula says which subgradient is taken there.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Final, TypeAlias

from sympy import (
    Add,
    Dummy,
    Eq,
    Expr,
    Function,
    Integer,
    Lambda,
    Mul,
    Piecewise,
    Rational,
    Symbol,
    cancel,
    diff,
    exp,
    factor,
    log,
    pi,
    sqrt,
    tanh,
    together,
)
from sympy.core.relational import Relational

from .algebra import multiplied_out, shortest

_u = Symbol("u", real=True)

FunctionClass: TypeAlias = Any
"""A subclass of `ScalarFunction`."""


class ScalarFunction(Function):
    """A function of one number, known by its chalkboard name and its formula."""

    nargs = 1
    chalk: ClassVar[str]
    formula: ClassVar[Lambda]
    order: ClassVar[int] = 0
    """How many times the named function has been differentiated."""

    def fdiff(self, argindex: int = 1) -> Expr:
        """Return f′(u), for SymPy's chain rule."""
        del argindex  # there is one argument
        own: FunctionClass = type(self)
        return slope(own)(*self.args)


def _named(chalk: str, formula: Expr, order: int = 0) -> FunctionClass:
    members = {"chalk": chalk, "formula": Lambda(_u, formula), "order": order, "__module__": __name__}
    name = "".join(word.capitalize() for word in chalk.split("_")) + "Slope" * order
    return type(name, (ScalarFunction,), members)


Sigmoid: Final = _named("sigmoid", 1 / (1 + exp(-_u)))
Softplus: Final = _named("softplus", log(1 + exp(_u)))
Silu: Final = _named("silu", _u * Sigmoid(_u))
Gelu: Final = _named("gelu", _u * (1 + tanh(sqrt(2 / pi) * (_u + Rational(44715, 10**6) * _u**3))) / 2)
Relu: Final = _named("relu", Piecewise((_u, _u > 0), (0, True)))
LeakyRelu: Final = _named("leaky_relu", Piecewise((_u, _u > 0), (_u / 100, True)))
Elu: Final = _named("elu", Piecewise((_u, _u > 0), (exp(_u) - 1, True)))
Magnitude: Final = _named("abs", Piecewise((_u, _u > 0), (0, Eq(_u, 0)), (-_u, True)))
Huber: Final = _named(
    "huber", Piecewise((-_u - Rational(1, 2), _u < -1), (_u - Rational(1, 2), _u > 1), (_u**2 / 2, True))
)

FUNCTIONS: Final[dict[str, FunctionClass]] = {
    function.chalk: function for function in (Sigmoid, Softplus, Silu, Gelu, Relu, LeakyRelu, Elu, Magnitude, Huber)
}


@cache
def slope(function: FunctionClass) -> FunctionClass:
    """Return the derivative f′ of a function, as a function with a formula of its own."""
    return _named(function.chalk, diff(function.formula(_u), _u), function.order + 1)


@cache
def output_slope(function: FunctionClass) -> Lambda | None:
    """Return f′ as a function of the output y = f(u), or None where u stays in it.

    Each function of u inside the formula, such as exp(-u), is tried as the unknown: y = f is solved for it, and the
    solution put into f′.
    """
    y = Dummy("y", real=True)
    formula, derivative = function.formula(_u), slope(function).formula(_u)
    for inner in sorted(formula.atoms(Function), key=lambda found: found.count_ops()):
        unknown = Dummy(real=True)
        candidate = derivative.xreplace({inner: unknown})
        solution = solved(formula.xreplace({inner: unknown}) - y, unknown)
        if solution is not None and not candidate.has(_u):
            return Lambda(y, _shortest(candidate.xreplace({unknown: solution})))
    return None


@cache
def written_slope(function: FunctionClass) -> Lambda | None:
    """Return (u, y) -> f′ in its shortest form, y being f(u); None where f′ has a kink and stays closed."""
    y = Dummy("y", real=True)
    derivative = slope(function).formula(_u)
    if derivative.has(Piecewise):
        return None
    if short := output_slope(function):
        return Lambda((_u, y), short(y))
    same = [other for other in FUNCTIONS.values() if _rational(other.formula(_u)) == _rational(derivative)]
    return Lambda((_u, y), same[0](_u) if same else in_output(derivative, {}))


@cache
def kinks(function: FunctionClass) -> dict[Expr, Expr]:
    """Return the places where the slope jumps, each with the subgradient that the formula chooses there."""
    derivative = slope(function).formula(_u)
    bounds = {relation.rhs for relation in derivative.atoms(Relational) if relation.lhs == _u}
    return {
        at: derivative.subs(_u, at)
        for at in sorted(bounds)
        if _beside(derivative, at, -1) != _beside(derivative, at, 1)
    }


def _beside(formula: Piecewise, at: Expr, side: int) -> Expr:
    """Return the limit of a formula at a place, from below or from above."""
    near = at + Rational(side, 1000)
    piece = next(value for value, condition in formula.args if condition.subs(_u, near) == True)  # noqa: E712 - SymPy's
    return piece.subs(_u, at)


def in_output(expression: Expr, output: dict[Expr, Expr]) -> Expr:
    """Write every f′(u) in `expression` in its shortest form.

    `output` maps f(u), where it has a name, to that name.
    """

    def written(derivative: ScalarFunction) -> Expr:
        (argument,) = derivative.args
        function = FUNCTIONS[derivative.chalk]
        form = written_slope(function)
        return derivative if form is None else form(argument, function(argument))

    slopes = [found for found in expression.atoms(ScalarFunction) if found.order == 1]
    return expression.xreplace({found: written(found) for found in slopes}).xreplace(output)


def solved(equation: Expr, unknown: Expr) -> Expr | None:
    """Solve `equation` = 0 for an unknown that stands in it linearly, once fractions are cleared."""
    numerator = together(equation).as_numer_denom()[0]
    rate = diff(numerator, unknown)
    return None if rate.has(unknown) or rate.is_zero else -numerator.xreplace({unknown: Integer(0)}) / rate


def _shortest(expression: Expr) -> Expr:
    return shortest(_positive_front(factor(expression)), multiplied_out(expression))


def _rational(expression: Expr) -> Expr:
    """Write a formula in exp(u) as a fraction in one unknown, so that equal ones look equal."""
    unknown = Dummy("e", positive=True)
    named = {found: unknown ** (found.args[0] / _u) for found in expression.atoms(exp)}
    return cancel(expression.xreplace(named)).xreplace({unknown: exp(_u)})


def _positive_front(product: Expr) -> Expr:
    """Turn -y(y - 1) into y(1 - y)."""
    coefficient, rest = product.as_coeff_Mul()
    sums = [part for part in Mul.make_args(rest) if isinstance(part, Add)]
    if coefficient.is_negative and sums:
        others = [part for part in Mul.make_args(rest) if part is not sums[0]]
        return Mul(-coefficient, *others, -sums[0])
    return product
