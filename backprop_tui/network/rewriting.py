"""Equations rewritten: one function or one loss in a text exchanged for another, the rest of it left as it stands.

The texts are those of a network that has been read, so each of them parses. What is exchanged is found in the syntax
tree and cut out of the text by its position.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

from ..calculus.vocabulary import LOSSES
from ..errors import InputError

LINEAR: Final = "linear"
"""The activation that leaves everything as it is."""

_OUTPUT, _TARGET = "y", "t"
_Result = TypeVar("_Result")


class Compared(NamedTuple):
    """What a loss compares, as syntax trees."""

    output: ast.expr
    target: ast.expr


@dataclass(frozen=True)
class Found:
    """A loss found in an equation.

    Attributes
    ----------
    equation:
        The equation's name.
    name:
        Which of the losses it is.
    node, compared:
        Its syntax tree, and those of what it compares.

    """

    equation: str
    name: str
    node: ast.expr
    compared: Compared


def parsed(text: str) -> ast.expr:
    """Return the syntax tree of an equation."""
    return ast.parse(in_one_line(text), mode="eval").body


def in_one_line(text: str) -> str:
    """Return an equation without line ends; they mean nothing in it."""
    return " ".join(text.split())


def names_in(node: ast.AST) -> set[str]:
    """Return the names in a syntax tree, those of functions too."""
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def is_name(node: ast.expr, name: str) -> bool:
    """Whether an expression is a name and nothing else."""
    return isinstance(node, ast.Name) and node.id == name


def applied(node: ast.expr, functions: Collection[str]) -> tuple[str, ast.expr] | None:
    """Return the function, out of some, that an expression applies to a quantity, with what it is applied to."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in functions and names_in(argument):
            return name, argument
    return None


def functions_in(text: str, functions: Collection[str]) -> list[ast.Call]:
    """Return the calls of some functions in an equation, without those inside one another."""
    found = _outermost(parsed(text), lambda node: node if applied(node, functions) else None)
    return [node for node in found if isinstance(node, ast.Call)]


def with_function(text: str, function: str, known: Collection[str]) -> str:
    """Exchange the one function of an equation that is among the `known`; ``linear`` takes it away.

    An equation that has none is put into the function as a whole: ``h @ V`` becomes ``sigmoid(h @ V)``.

    Raises
    ------
    InputError
        Where it has several.

    """
    line, calls = in_one_line(text), functions_in(text, known)
    if len(calls) > 1:
        raise InputError(f"{len(calls)} functions in {line!r}", "an equation with one of them")
    if not calls:
        return line if function == LINEAR else f"{function}({line})"
    (call,) = calls
    if function != LINEAR:
        return _replaced(line, call.func, function)
    (argument,) = call.args
    inside = _source(line, argument)
    whole = isinstance(argument, ast.Name) or _source(line, call) == line
    return _replaced(line, call, inside if whole else f"({inside})")


def find_loss(equations: Mapping[str, str], data: Collection[str]) -> Found:
    """Find the one loss of the vocabulary in some equations, by its name or written out.

    Where what it compares is written the other way round, as in ``sum((t - y)**2)``, the `data` tell which is which.

    Raises
    ------
    InputError
        Where there is none, or several.

    """
    found = [found for name, text in equations.items() for found in _losses_in(name, text, data)]
    if len(found) != 1:
        count = f"{len(found)} losses" if found else "no loss"
        raise InputError(f"{count} of those with a name", "one, such as squared_error(y, t)", key="[equations]")
    return found[0]


def with_loss(text: str, found: Found, loss: str) -> str:
    """Exchange a loss found in an equation for another by its name."""
    line = in_one_line(text)
    output, target = (_source(line, node) for node in found.compared)
    return _replaced(line, found.node, f"{loss}({output}, {target})")


def _losses_in(equation: str, text: str, data: Collection[str]) -> Iterator[Found]:
    def found(node: ast.expr) -> Found | None:
        for name, pattern in _patterns():
            bound: dict[str, ast.expr] = {}
            if _fits(pattern, node, bound):
                return Found(equation, name, node, _told_apart(bound, data))
        return None

    return _outermost(parsed(text), found)


def _told_apart(bound: Mapping[str, ast.expr], data: Collection[str]) -> Compared:
    output, target = bound[_OUTPUT], bound[_TARGET]
    swapped = names_in(output) <= set(data) and not names_in(target) <= set(data)
    return Compared(target, output) if swapped else Compared(output, target)


@cache
def _patterns() -> list[tuple[str, ast.expr]]:
    """The losses, each by its name and as it is written out."""
    call = f"({_OUTPUT}, {_TARGET})"
    return [(name, parsed(text)) for name, formula in LOSSES.items() for text in (name + call, formula)]


def _fits(pattern: Any, found: Any, bound: dict[str, ast.expr]) -> bool:
    """Whether a piece of a syntax tree has the form of a pattern; `bound` learns what the output and the target are."""
    if isinstance(pattern, ast.Name) and pattern.id in (_OUTPUT, _TARGET):
        return isinstance(found, ast.expr) and ast.dump(bound.setdefault(pattern.id, found)) == ast.dump(found)
    if isinstance(pattern, list):
        pairs = zip(pattern, found, strict=False)
        return len(pattern) == len(found) and all(_fits(inner, piece, bound) for inner, piece in pairs)
    if not isinstance(pattern, ast.AST):
        return bool(pattern == found)
    return type(pattern) is type(found) and all(
        _fits(getattr(pattern, name), getattr(found, name), bound) for name in pattern._fields
    )


def _outermost(node: ast.AST, find: Callable[[ast.expr], _Result | None]) -> Iterator[_Result]:
    """Yield what is found in a syntax tree, from left to right, and nothing inside what has been found."""
    result = find(node) if isinstance(node, ast.expr) else None
    if result is not None:
        yield result
    else:
        for child in ast.iter_child_nodes(node):
            yield from _outermost(child, find)


def _source(line: str, node: ast.expr) -> str:
    start, end = _span(node)
    return line.encode()[start:end].decode()


def _replaced(line: str, node: ast.expr, text: str) -> str:
    start, end = _span(node)
    encoded = line.encode()
    return (encoded[:start] + text.encode() + encoded[end:]).decode()


def _span(node: ast.expr) -> tuple[int, int]:
    """Return where a node of a line stands, in bytes."""
    assert node.end_col_offset is not None
    return node.col_offset, node.end_col_offset
