"""What a person types into the app, read: nothing of it is evaluated."""

from __future__ import annotations

import re

from ..calculus.chalkboard import read_expression
from ..calculus.shapes import Shapes
from ..errors import InputError
from . import values

_LITERAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SIZES = re.compile(r"\d{1,9}((\s*[-,]\s*|\s+)\d{1,9})+")


def read_number(text: str) -> float:
    """Read a number as a person types it: ``0.5``, ``−1e-3``, ``1/3``, ``sqrt(2)``, ``pi/4``.

    Raises
    ------
    InputError
        Where it is no finite number.

    """
    word = text.strip().replace("−", "-")
    if _LITERAL.fullmatch(word):
        return values.number(float(word), "")
    try:
        found = read_expression(word, Shapes({}, {}), {})
        return values.number(float(found), "")
    except (InputError, TypeError, OverflowError):
        raise InputError(values.told(text), "a number, such as 0.5, 1/3 or pi/4") from None


def read_sizes(text: str) -> tuple[int, ...]:
    """Read the sizes of layers: ``3-4-2``.

    Raises
    ------
    InputError
        Where they are no whole numbers.

    """
    if not _SIZES.fullmatch(text.strip()):
        raise InputError(f"the layers {values.told(text)}", "sizes joined by hyphens, such as 3-4-2")
    return tuple(int(size) for size in re.findall(r"\d+", text))
