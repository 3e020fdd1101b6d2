"""Marks in a line of text around what stands for one of several things, so that the line can be parted there later.

A mark is a private character of Unicode, which no formula has: one before, which numbers the thing, and one after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Final, NamedTuple

_FIRST: Final = 0xE000
_END: Final = "\uf8ff"
_MARK: Final = re.compile("[\ue000-\uf8ff]")
_MARKED: Final = re.compile("([\ue000-\uf8fe])(.*?)\uf8ff")


class Segment(NamedTuple):
    """A piece of a line; `source` is the number of the thing that it stands for, None where it stands for none."""

    text: str
    source: int | None = None


Line = tuple[Segment, ...]


def marked(text: str, source: int) -> str:
    """Mark a text as standing for a thing."""
    return f"{chr(_FIRST + source)}{text}{_END}"


def bare(text: str) -> str:
    """Take the marks out of a text."""
    return _MARK.sub("", text)


def segments(text: str) -> Line:
    """Part a text at its marks."""
    return tuple(segment for segment in _pieces(text) if segment.text)


def _pieces(text: str) -> Iterator[Segment]:
    between, marks, inside = (_MARKED.split(text)[start::3] for start in range(3))
    for plain, mark, standing in zip_longest(between, marks, inside, fillvalue=""):
        yield Segment(plain)
        if mark:
            yield Segment(standing, ord(mark) - _FIRST)
