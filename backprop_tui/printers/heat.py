"""A matrix as tiles: the ground tells how large an entry is, a number or a sign whether it is above or below zero."""

from __future__ import annotations

from functools import lru_cache
from itertools import repeat
from math import ceil, isinf, isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .grid import Piece
from .numbers import entry, finite, number, style, widest

STEPS: Final = 8
"""Grounds above zero, and as many below."""
_SIGNED: Final = ((4, 2), (4, 1), (2, 1))
"""Widths and heights of the tiles that hold a sign only, the largest first."""
_SHADES: Final = " ░▒▓█"


class Heat:
    """The entries as tiles, on a scale that ends at the largest of them.

    Parameters
    ----------
    matrix:
        The entries.
    room:
        The characters across and the lines there are for all of them: the tiles are as large as that allows, and hold
        the numbers if they can.
    shaded:
        Whether the ground is drawn by shades, where there are no colours.

    """

    tiled = True

    def __init__(self, matrix: NDArray[np.float64], room: tuple[int, int], *, shaded: bool = False) -> None:
        self._matrix, self._shaded = matrix, shaded
        self._largest = float(np.abs(finite(matrix)).max(initial=0.0))
        self._form = style(matrix)
        self._digits = widest(matrix, self._form)
        self.width, self.height = self._tile_size(room)
        self.middle = (self.height - 1) // 2
        self._tile = lru_cache(maxsize=256)(self._make_tile)

    def pieces(self, row: int, columns: range, line: int = 0) -> list[Piece]:
        values = self._matrix[row, columns.start : columns.stop]
        texts = map(self._text, values.tolist()) if line == self.middle else repeat("")
        return [self._tile(level, text) for level, text in zip(self.levels(values), texts, strict=False)]

    def told(self, row: int, column: int) -> str:
        return number(float(self._matrix[row, column]))

    def legend(self) -> list[Piece]:
        end = number(self._largest, 3)
        below, above = ([self._sample(side * level) for level in range(2, STEPS + 1, 2)] for side in (-1, 1))
        return [Piece(f"−{end} "), *below[::-1], Piece(" 0 "), *above, Piece(f" +{end}")]

    def levels(self, values: NDArray[np.float64]) -> list[int]:
        """Return the grounds that entries stand on, from -STEPS to STEPS; 0 for zero and for what is no number."""
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = np.nan_to_num(np.clip(values / self._largest, -1, 1))
        return (np.sign(shares) * np.ceil(np.abs(shares) * STEPS)).astype(int).tolist()

    def _tile_size(self, room: tuple[int, int]) -> tuple[int, int]:
        rows, columns = self._matrix.shape
        sizes = *((self._digits + 2, height) for height in (3, 2, 1)), *_SIGNED
        fitting = (size for size in sizes if size[0] * columns <= room[0] and size[1] * rows <= room[1])
        return next(fitting, sizes[-1])

    def _make_tile(self, level: int, text: str) -> Piece:
        return Piece(f"{text:{self._fill(level)}^{self.width}}"[: self.width], level / STEPS)

    def _text(self, value: float) -> str:
        if self.width < self._digits + 2:
            return _sign(value)
        text = format(value, self._form).replace("-", "−") if value else entry(value, self._form)
        return text.rjust(self._digits)

    def _sample(self, level: int) -> Piece:
        return Piece(f"{_sign(level)}{self._fill(level)}", level / STEPS)

    def _fill(self, level: int) -> str:
        return _SHADES[ceil(abs(level) * (len(_SHADES) - 1) / STEPS)] if self._shaded else " "


def _sign(value: float) -> str:
    """Write an entry where there is room for its sign only."""
    if isnan(value):
        return "nan"
    sign = "·" if value == 0 else "+" if value > 0 else "−"
    return f"{sign}∞" if isinf(value) else sign
