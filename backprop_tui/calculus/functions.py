"""Functions of one number, each given by its formula alone; every derivative is SymPy's.

``Sigmoid.fdiff`` answers SymPy's `diff` with a function σ′, whose formula is the derivative of σ's. `output_slope` then
asks whether that formula is shorter in the function's own output, y(1 - y) for the sigmoid, by eliminating the
argument between y = f(u) and f′(u).
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, TypeAlias

from sympy import Add, Dummy, Expr, Function, Integer, Lambda, Mul, Symbol, diff, exp, expand, factor, together

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


class Sigmoid(ScalarFunction):
    """σ(u) = 1/(1 + exp(-u)), the logistic function."""

    chalk = "sigmoid"
    formula = Lambda(_u, 1 / (1 + exp(-_u)))


FUNCTIONS: dict[str, FunctionClass] = {function.chalk: function for function in (Sigmoid,)}


@cache
def slope(function: FunctionClass) -> type[ScalarFunction]:
    """Return the derivative f′ of a function, as a function with a formula of its own."""
    formula = Lambda(_u, diff(function.formula(_u), _u))
    members = {"chalk": function.chalk, "formula": formula, "order": function.order + 1}
    return type(f"{function.__name__}Slope", (ScalarFunction,), members)


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
        solution = _solved(formula.xreplace({inner: unknown}) - y, unknown)
        if solution is not None and not candidate.has(_u):
            return Lambda(y, _shortest(candidate.xreplace({unknown: solution})))
    return None


def in_output(expression: Expr, output: dict[Expr, Expr]) -> Expr:
    """Write every f′(u) in `expression` by its formula: through f(u) where that is possible, else through u.

    `output` maps f(u), where it has a name, to that name.
    """

    def written(derivative: ScalarFunction) -> Expr:
        (argument,) = derivative.args
        for function in FUNCTIONS.values():
            if type(derivative) is slope(function) and (short := output_slope(function)):
                value = function(argument)
                return short(output.get(value, value))
        return derivative.formula(argument)

    slopes = [found for found in expression.atoms(ScalarFunction) if found.order]
    return expression.xreplace({found: written(found) for found in slopes}).xreplace(output)


def _solved(equation: Expr, unknown: Expr) -> Expr | None:
    """Solve `equation` = 0 for an unknown that stands in it linearly, once fractions are cleared."""
    numerator = together(equation).as_numer_denom()[0]
    rate = diff(numerator, unknown)
    return None if rate.has(unknown) or rate.is_zero else -numerator.xreplace({unknown: Integer(0)}) / rate


def _shortest(expression: Expr) -> Expr:
    forms = [_positive_front(factor(expression)), expand(expression)]
    return min(forms, key=lambda form: form.count_ops())


def _positive_front(product: Expr) -> Expr:
    """Turn -y(y - 1) into y(1 - y)."""
    coefficient, rest = product.as_coeff_Mul()
    sums = [part for part in Mul.make_args(rest) if isinstance(part, Add)]
    if coefficient.is_negative and sums:
        others = [part for part in Mul.make_args(rest) if part is not sums[0]]
        return Mul(-coefficient, *others, -sums[0])
    return product
