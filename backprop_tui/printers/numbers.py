"""Numbers for a reader: as many digits as tell them apart, aligned, and large matrices abridged."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DIGITS = 4
"""Significant digits of the largest entry, and decimals at the least."""
MAX_DECIMALS = 8


def number(value: float, digits: int = 6) -> str:
    """Write one number to a few significant digits, with a true minus sign and no negative zero."""
    return f"{value + 0:.{digits}g}".replace("-", "−")


def style(values: Sequence[float] | NDArray[np.float64]) -> str:
    """Return the format in which numbers that stand together are written: whole, fixed or scientific."""
    known = finite(np.asarray(values, dtype=float))
    largest = float(np.abs(known).max(initial=0.0))
    if largest < 10_000 and largest.is_integer() and (known == np.floor(known)).all():
        return ".0f"
    magnitude = floor(log10(largest)) if largest else 0
    decimals = max(DIGITS, DIGITS - 1 - magnitude)
    return f".{decimals}f" if decimals <= MAX_DECIMALS and magnitude < DIGITS else f".{DIGITS - 1}e"


def written(matrix: NDArray[np.float64], form: str | None = None) -> list[list[str]]:
    """Write the entries of a matrix in one style, its own unless given, with a true minus sign and no negative zero."""
    form = form or style(matrix)
    return [[entry(float(value), form) for value in row] for row in matrix]


def entry(value: float, form: str) -> str:
    """Write one entry in the style of its matrix."""
    text = format(value, form)
    if text.startswith("-") and not any(digit in text for digit in "123456789infa"):
        text = text[1:]
    return text.replace("-", "−")


def widest(matrix: NDArray[np.float64], form: str) -> int:
    """Return how many characters the longest entry takes: it is one of the extremes."""
    known = finite(matrix)
    candidates = [known.min(), known.max()] if known.size else []
    if form.endswith("e"):
        candidates += [side.min() * sign for sign in (-1, 1) if (side := sign * known[sign * known > 0]).size]
    if known.size < matrix.size:
        candidates += [value for value in (np.inf, -np.inf) if (matrix == value).any()]
        candidates += [np.nan] if np.isnan(matrix).any() else []
    return max((len(entry(float(value), form)) for value in candidates), default=0)


def finite(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entries that are numbers, neither NaN nor infinite."""
    known = np.isfinite(matrix)
    return matrix if known.all() else matrix[known]


class Abridged(NamedTuple):
    """A matrix's first and last rows and columns; None stands for those left out."""

    rows: list[int | None]
    columns: list[int | None]


def abridged(shape: tuple[int, int], most_rows: int, most_columns: int) -> Abridged:
    """Choose the rows and columns to show of a large matrix."""
    return Abridged(_some(shape[0], most_rows), _some(shape[1], most_columns))


def _some(count: int, most: int) -> list[int | None]:
    if count <= most:
        return list(range(count))
    head = most - 2
    return [*range(head), None, count - 1]
