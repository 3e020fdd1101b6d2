"""The chalkboard's equations, read.

``p = "x @ W"`` is Python's expression syntax and nothing but its arithmetic: names, numbers, ``+ - * / ** @``, ``.T``
and calls of the functions listed in `FUNCTIONS` and `SUMS`. The text is parsed with `ast` and walked by a whitelist;
no part of it is ever evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final

from sympy import Expr, Integer, Pow, Rational, cos, exp, log, sin, sqrt, tanh

from ..errors import InputError, nearest
from .functions import FUNCTIONS as DERIVED_FUNCTIONS
from .matrices import ColumnSums, MatrixProduct, Quantity, RowSums, Total, Transposed
from .shapes import ShapeError, Shapes

FUNCTIONS: Final[dict[str, Callable[[Expr], Expr]]] = {
    **DERIVED_FUNCTIONS,
    "tanh": tanh,
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "sin": sin,
    "cos": cos,
}
SUMS: Final[dict[str, Callable[[Expr], Expr]]] = {"sum": Total, "rowsum": RowSums, "colsum": ColumnSums}

MAX_LENGTH: Final = 2_000
"""Characters in one equation."""
MAX_DEPTH: Final = 60
"""Operations nested in one another."""
MAX_EXPONENT: Final = 64

_OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
}


def read_equation(text: str, shapes: Shapes) -> Expr:
    """Read the right-hand side of an equation into the matrix language.

    Parameters
    ----------
    text:
        For example ``"x @ W"``.
    shapes:
        The shapes of the quantities known so far; it learns which axes are one and the same.

    Raises
    ------
    InputError
        Where the text is no such expression, names something unknown, or its shapes don't meet.

    """
    return _Reader(shapes).read(_syntax_tree(text), 0)


def _syntax_tree(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise InputError(f"{len(text)} characters", f"at most {MAX_LENGTH}")
    if text.count("(") > MAX_DEPTH:
        raise InputError(f"{text.count('(')} parentheses", f"at most {MAX_DEPTH}")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise InputError(f"{text!r} is no expression ({error.msg})", "something like 'x @ W + b'") from None
    except (ValueError, RecursionError, MemoryError):
        raise InputError(f"{text!r} is no expression", "something like 'x @ W + b'") from None


class _Reader:
    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes

    def read(self, node: ast.expr, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            raise InputError(f"operations nested more than {MAX_DEPTH} deep", "equations of one or two operations")
        match node:
            case ast.Name(id=name):
                return self._name(name)
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return _number(number)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand, depth + 1)
            case ast.Attribute(value=inner, attr="T"):
                return Transposed(self.read(inner, depth + 1))
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                return self._operation(
                    _OPERATORS[type(operator)], self.read(left, depth + 1), self.read(right, depth + 1)
                )
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
                return self._call(name, self.read(argument, depth + 1))
        raise InputError(
            f"{ast.unparse(node)!r} is not of the chalkboard language", "names, numbers, + - * / ** @, .T and functions"
        )

    def _name(self, name: str) -> Expr:
        if name not in self.shapes:
            raise InputError(
                f"{name!r} is not defined",
                "an input, a parameter or an earlier stage",
                nearest=nearest(name, self.shapes),
            )
        self.shapes.mention(name)
        return Quantity(name)

    def _call(self, name: str, argument: Expr) -> Expr:
        known = FUNCTIONS | SUMS
        if name not in known:
            raise InputError(f"no function {name!r}", f"one of {', '.join(known)}", nearest=nearest(name, known))
        return known[name](argument)

    def _operation(self, sign: str, left: Expr, right: Expr) -> Expr:
        try:
            if sign == "@":
                self.shapes.join_product(left, right)
                return MatrixProduct(left, right)
            self.shapes.join_entries(left, right)
        except ShapeError as error:
            raise InputError(f"'{sign}' can't join {error}", error.expected) from None
        return _arithmetic(sign, left, right)


def _arithmetic(sign: str, left: Expr, right: Expr) -> Expr:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" if right.is_zero:
            raise InputError("a division by zero")
        case "/":
            return left / right
    if not right.is_number or abs(right) > MAX_EXPONENT:
        raise InputError(f"the exponent {right}", f"a number from -{MAX_EXPONENT} to {MAX_EXPONENT}")
    if left.is_zero and right.is_negative:
        raise InputError("a division by zero")
    return Pow(left, right)


def _number(value: float) -> Expr:
    """Read a number as the decimal fraction that it was written as."""
    if abs(value) > 1e300:
        raise InputError(f"the number {value:.3g}", "a number up to 1e300")
    return Integer(value) if isinstance(value, int) else Rational(repr(value))


def read_equations(equations: Mapping[str, str], shapes: Shapes) -> dict[str, Expr]:
    """Read named equations in order, each from the quantities before it."""
    read: dict[str, Expr] = {}
    for name, text in equations.items():
        try:
            read[name] = read_equation(text, shapes)
        except InputError as error:
            error.key = error.key or f"[equations] {name}"
            raise
        shapes.define(name, read[name])
    return read
