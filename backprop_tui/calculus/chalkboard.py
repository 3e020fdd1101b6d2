"""The chalkboard's equations, parsed.

``p = "x @ W"`` is Python's expression syntax and nothing but its arithmetic: names, numbers, ``+ - * / ** @``, ``.T``
and calls of the functions of `vocabulary`. The text is parsed with `ast` and walked by a whitelist; no part of it is
ever evaluated.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from sympy import Expr, Integer, Pow, Rational

from ..errors import InputError, nearest
from .matrices import MatrixProduct, Quantity, Transposed
from .shapes import ShapeError, Shapes, told
from .vocabulary import CONSTANTS, FUNCTIONS, LOSSES, MATRIX_FUNCTIONS, NUMBER_FUNCTIONS, OTHER_WORDS

MAX_LENGTH: Final = 2_000
"""Characters in one equation."""
MAX_DEPTH: Final = 60
"""Operations nested in one another."""
MAX_EXPONENT: Final = 64
MAX_ARGUMENT: Final = 700
"""The largest plain number that a function is applied to."""
MAX_OPERATIONS: Final = 500
"""Operations in one equation, with the definitions of functions written out."""
MAX_BITS: Final = 1_000
"""Binary digits of a number, above and below the fraction bar."""

_OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
}


class OrderError(InputError):
    """A stage is used before it is defined."""


@dataclass(frozen=True)
class Definition:
    """A function that the chalkboard itself defines: its arguments' names, and its text."""

    arguments: tuple[str, ...]
    text: str


def read_expression(
    text: str, shapes: Shapes, functions: Mapping[str, Definition], equations: Container[str] = ()
) -> Expr:
    """Read an expression into the matrix language.

    Parameters
    ----------
    text:
        For example ``"x @ W"``.
    shapes:
        The shapes of the quantities known so far; it learns which axes are one and the same.
    functions:
        The reader's own functions, each of which may call those before it.
    equations:
        Names that are defined, but not yet.

    """
    return _Reader(shapes, functions, {}, equations).read(_syntax_tree(text), 0)


def argument_names(text: str) -> set[str]:
    """Return the names in a text that stand for values and are no constants."""
    tree = _syntax_tree(text)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}
    return names - set(CONSTANTS)


def _syntax_tree(text: str) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise InputError(f"{len(text)} characters", f"at most {MAX_LENGTH}")
    if text.count("(") > MAX_DEPTH:
        raise InputError(f"{text.count('(')} parentheses", f"at most {MAX_DEPTH}")
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise InputError(f"{text!r} is no expression ({error.msg})", "something like 'x @ W + b'") from None
    except (ValueError, RecursionError, MemoryError):
        raise InputError(f"{text!r} is no expression", "something like 'x @ W + b'") from None


@dataclass
class _Effort:
    """What reading one equation has cost so far: parts of its texts visited, operations in each expression made."""

    visited: int = 0
    operations: dict[Expr, int] = field(default_factory=dict)

    def visit(self, depth: int) -> None:
        """Count a part of a text."""
        self.visited += 1
        if depth > MAX_DEPTH:
            raise InputError(f"operations nested more than {MAX_DEPTH} deep", "equations of one or two operations")
        self._check(self.visited)

    def made(self, expression: Expr) -> Expr:
        """Refuse an expression of too many operations."""
        self._check(self._count(expression))
        return expression

    def _count(self, expression: Expr) -> int:
        if expression not in self.operations:
            self.operations[expression] = 1 + sum(map(self._count, expression.args))
        return self.operations[expression]

    def _check(self, count: int) -> None:
        if count > MAX_OPERATIONS:
            raise InputError(f"more than {MAX_OPERATIONS} operations, functions written out", "a shorter equation")


@dataclass(frozen=True)
class _Reader:
    """Reads one text. `bound` are the arguments of a function being read, `equations` all names yet to come."""

    shapes: Shapes
    functions: Mapping[str, Definition]
    bound: Mapping[str, Expr]
    equations: Container[str] = ()
    effort: _Effort = field(default_factory=_Effort)

    def read(self, node: ast.expr, depth: int) -> Expr:
        self.effort.visit(depth)
        return self.effort.made(self._read(node, depth))

    def _read(self, node: ast.expr, depth: int) -> Expr:
        match node:
            case ast.Name(id=name):
                return self._name(name)
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return _number(number)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand, depth + 1)
            case ast.Attribute(value=inner, attr="T"):
                return Transposed(self.read(inner, depth + 1))
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                return self._operation(
                    _OPERATORS[type(operator)], self.read(left, depth + 1), self.read(right, depth + 1)
                )
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, [self.read(argument, depth + 1) for argument in arguments], depth)
        raise InputError(
            f"{_spelled(node)} is not of the chalkboard language",
            "names, numbers, + - * / ** @, .T and functions",
            nearest=_nearest_sign(node),
        )

    def _name(self, name: str) -> Expr:
        if name in self.bound:
            return self.bound[name]
        if name in self.shapes:
            self.shapes.mention(name)
            return Quantity(name)
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in self.equations:
            raise OrderError(f"{name!r} is used before it is defined", "each stage made from earlier ones")
        known = "an input, a parameter or an earlier stage"
        raise InputError(f"{name!r} is not defined", known, nearest=nearest(name, self.shapes))

    def _call(self, name: str, arguments: list[Expr], depth: int) -> Expr:
        single = FUNCTIONS | MATRIX_FUNCTIONS
        if len(arguments) == 1 and name in self.functions:
            earlier = dict(takewhile(lambda pair: pair[0] != name, self.functions.items()))
            return self._defined(self.functions[name], arguments, depth, earlier)
        if len(arguments) == 1 and name in single:
            return _of_number(name, arguments[0]) if arguments[0].is_number else single[name](arguments[0])
        if len(arguments) == 2 and name in LOSSES:
            return self._defined(Definition(("y", "t"), LOSSES[name]), arguments, depth, {})
        known = [*single, *LOSSES, *self.functions]
        if name in known:
            count = "two arguments, the output and the target" if name in LOSSES else "one argument"
            given = "1 argument" if len(arguments) == 1 else f"{len(arguments)} arguments"
            raise InputError(f"{name} with {given}", count)
        near = OTHER_WORDS.get(name) or nearest(name, known)
        raise InputError(f"no function {name!r}", f"one of {', '.join(known)}", nearest=near)

    def _defined(
        self, definition: Definition, arguments: list[Expr], depth: int, functions: Mapping[str, Definition]
    ) -> Expr:
        bound = dict(zip(definition.arguments, arguments, strict=True))
        return _Reader(self.shapes, functions, bound, effort=self.effort).read(_syntax_tree(definition.text), depth + 1)

    def _operation(self, sign: str, left: Expr, right: Expr) -> Expr:
        try:
            if sign == "@":
                if left.is_number or right.is_number:
                    raise InputError(f"'@' of the number {left if left.is_number else right}", "two matrices")
                self.shapes.join_product(left, right)
                return MatrixProduct(left, right)
            self.shapes.join_entries(left, right)
        except ShapeError as error:
            raise InputError(f"'{sign}' can't join {error}", error.expected) from None
        result = _arithmetic(sign, left, right)
        if self.shapes.of(result) != self.shapes.joint(left, right):
            made = told(self.shapes.joint(left, right))
            raise InputError(f"'{sign}' cancels all that makes this a {made} matrix", "a formula without what cancels")
        return result


def _arithmetic(sign: str, left: Expr, right: Expr) -> Expr:
    match sign:
        case "+":
            return _bounded(left + right)
        case "-":
            return _bounded(left - right)
        case "*":
            return _bounded(left * right)
        case "/":
            return _bounded(left / _nonzero(right))
    if not right.is_Rational or abs(right) > MAX_EXPONENT:
        raise InputError(f"the exponent {right}", f"a number from -{MAX_EXPONENT} to {MAX_EXPONENT}")
    if left.is_Rational and _bits(left) * abs(right) > MAX_BITS:
        raise InputError("a number with too many digits", "numbers up to 1e300")
    return Pow(_nonzero(left) if right.is_negative else left, right)


def _of_number(name: str, argument: Expr) -> Expr:
    """Apply a function to a plain number, as in ``sqrt(2)``."""
    value = NUMBER_FUNCTIONS[name](argument) if name in NUMBER_FUNCTIONS and abs(argument) <= MAX_ARGUMENT else None
    if value is None or not (value.is_real and value.is_finite):
        raise InputError(f"{name} of the number {argument}", "a matrix, or a number that it is defined for")
    return value


def _nearest_sign(node: ast.expr) -> str | None:
    """Return what another language's sign or method is called here."""
    match node:
        case ast.BinOp(op=ast.BitXor()):
            return OTHER_WORDS["^"]
        case ast.Call(func=ast.Attribute(attr=method)) | ast.Attribute(attr=method):
            return OTHER_WORDS.get(method)
    return None


def _spelled(node: ast.expr) -> str:
    try:
        return repr(ast.unparse(node))
    except RecursionError:
        return "an expression nested too deep"


def _nonzero(divisor: Expr) -> Expr:
    if divisor.is_zero:
        raise InputError("a division by zero")
    return divisor


def _bounded(value: Expr) -> Expr:
    if _bits(value.as_coeff_Mul()[0]) > MAX_BITS:
        raise InputError("a number with too many digits", "numbers up to 1e300")
    return value


def _bits(number: Rational) -> int:
    return max(int(number.p).bit_length(), int(number.q).bit_length())


def _number(value: float) -> Expr:
    """Read a number as the decimal fraction that it was written as."""
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise InputError("a number too large", "numbers up to 1e300")
    return _bounded(Integer(value) if isinstance(value, int) else Rational(repr(value)))
