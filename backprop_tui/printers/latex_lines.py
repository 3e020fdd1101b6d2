r"""Equations in LaTeX, broken where they are longer than a line of the page.

A line ends before an equals sign, a plus or a minus: outside all parentheses if there is such a place in its latter
part, else in as few as can be. What LaTeX must find whole, a group in braces or one between ``\left`` and ``\right``,
is never broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

WIDTH: Final = 78
"""Signs in a line, about, of A4 with margins of 25 mm in 11 point."""

_EQUALS, _SIGNS = " = ", (" + ", " - ")
_INVISIBLE = re.compile(r"\\(?:left|right|mathrm|textstyle|frac|,)(?![A-Za-z])")
_OPERATION = re.compile(r"\\odot| [+-] ")
_COMMAND = re.compile(r"\\[A-Za-z]+|\\.")
_GROUPING = re.compile(r"[{}^_\s]")
_TOKEN = re.compile(r"\\left|\\right|\\.|[{}()\[\]]| [+-] ")


class _Break(NamedTuple):
    """A place where a line may end, and how many parentheses are open there."""

    place: int
    depth: int


def rows(equation: str) -> Iterator[str]:
    """Yield the rows of an ``align*`` that an equation, ``a = b = c``, fills."""
    left, *sides = equation.split(_EQUALS)
    if width(equation) <= WIDTH or len(sides) == 1:
        sides = [_EQUALS.join(sides)]
    for number, side in enumerate(sides):
        first, *more = broken(side, WIDTH - width(left))
        yield f"{left if number == 0 else ''} &= {first}".strip()
        yield from (rf"&\qquad {{}} {line}" for line in more)


def width(text: str) -> int:
    """Count the signs that a formula shows, an operation with its spaces as two, a fraction's above and below."""
    for pattern, shown in ((_INVISIBLE, ""), (_OPERATION, "xx"), (_COMMAND, "x"), (_GROUPING, "")):
        text = pattern.sub(shown, text)
    return len(text)


def broken(text: str, room: int) -> list[str]:
    """Break a formula into lines that have room, so far as it can be broken."""
    if width(text) <= room:
        return [text]
    found = [_Break(each.place, each.depth) for each in _breaks(text)]
    within = [each for each in found if width(text[: each.place]) <= room]
    late = [each for each in within if width(text[: each.place]) > room / 2]
    chosen = min(late or within[-1:] or found[:1], key=lambda each: (each.depth, -each.place), default=None)
    if chosen is None:
        return [text]
    return [text[: chosen.place].rstrip(), *broken(text[chosen.place :].lstrip(), room)]


def _breaks(text: str) -> Iterator[_Break]:
    """Yield the places before a sign that are in no group."""
    depth = groups = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "{" | r"\left":
                groups += 1
            case "}" | r"\right":
                groups -= 1
            case "(" | "[":
                depth += 1
            case ")" | "]":
                depth -= 1
            case sign if sign in _SIGNS and groups == 0 and token.start() > 0:
                yield _Break(token.start(), depth)
