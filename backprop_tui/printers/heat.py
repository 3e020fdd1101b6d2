"""A matrix as tiles: the ground tells how large an entry is, a number or a sign whether it is above or below zero."""

from __future__ import annotations

from math import ceil, copysign, isinf, isnan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .grid import Piece
from .numbers import entry, number, style, widest

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
        self._largest = float(np.abs(matrix[np.isfinite(matrix)]).max(initial=0.0))
        self._form = style(matrix)
        self._digits = widest(matrix, self._form)
        self.width, self.height = self._tile_size(room)
        self.middle = (self.height - 1) // 2

    def pieces(self, row: int, columns: range, line: int = 0) -> list[Piece]:
        values = self._matrix[row, columns.start : columns.stop].tolist()
        return [self._tile(value, self._text(value) if line == self.middle else "") for value in values]

    def told(self, row: int, column: int) -> str:
        return number(float(self._matrix[row, column]))

    def legend(self) -> list[Piece]:
        end = number(self._largest, 3)
        below, above = ([self._sample(side * level) for level in range(2, STEPS + 1, 2)] for side in (-1, 1))
        return [Piece(f"−{end} "), *below[::-1], Piece(" 0 "), *above, Piece(f" +{end}")]

    def level(self, value: float) -> int:
        """Return which ground an entry stands on, from -STEPS to STEPS: 0 only for zero and for what is no number."""
        if isnan(value) or value == 0:
            return 0
        share = 1.0 if isinf(value) else abs(value) / self._largest
        return int(copysign(max(1, ceil(share * STEPS)), value))

    def _tile_size(self, room: tuple[int, int]) -> tuple[int, int]:
        rows, columns = self._matrix.shape
        sizes = *((self._digits + 2, height) for height in (3, 2, 1)), *_SIGNED
        fitting = (size for size in sizes if size[0] * columns <= room[0] and size[1] * rows <= room[1])
        return next(fitting, sizes[-1])

    def _tile(self, value: float, text: str) -> Piece:
        level = self.level(value)
        return Piece(f"{text:{self._fill(level)}^{self.width}}"[: self.width], level / STEPS)

    def _text(self, value: float) -> str:
        return entry(value, self._form).rjust(self._digits) if self.width > self._digits else _sign(value)

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
