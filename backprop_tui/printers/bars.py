"""A loss over iterations as bars of block characters, for where there is no room for axes."""

from __future__ import annotations

from typing import Final

from .numbers import number
from .series import Curve

CURSOR: Final = "▲"
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_EIGHTHS: Final = 8
_DIGITS: Final = 3


class Bars:
    """Losses from left to right, the first and the last iteration always among them.

    Parameters
    ----------
    curve:
        The losses, one at least.
    width, height:
        The room in characters; the last row is the cursor's.

    """

    def __init__(self, curve: Curve, width: int, height: int) -> None:
        self.curve, self.height = curve, max(1, height - 1)
        ends = [number(end, _DIGITS) if curve.numbers else "" for end in (curve.greatest, curve.least)]
        self.left = max(map(len, ends)) + 1
        self.labels = [f"{end:>{self.left - 1}} " for end in ends]
        columns = max(1, min(len(curve), width - self.left))
        self.iterations = [place * (len(curve) - 1) // max(1, columns - 1) for place in range(columns)]

    def lines(self, iteration: int) -> list[str]:
        """Draw the bars, between the greatest loss and the least, and the cursor under an iteration's."""
        levels = self._levels()
        blank = " " * self.left
        drawn = []
        for row in reversed(range(self.height)):
            blocks = "".join(_BLOCKS[max(0, min(_EIGHTHS, level - _EIGHTHS * row))] for level in levels)
            label = self.labels[0] if row == self.height - 1 else self.labels[1] if row == 0 else blank
            drawn.append(label + blocks)
        return [*drawn, blank + " " * self.column(iteration) + CURSOR]

    def column(self, iteration: int) -> int:
        """Return the bar that stands for an iteration: its own, or the last one before."""
        return max(place for place, shown in enumerate(self.iterations) if shown <= iteration)

    def iteration_at(self, column: int) -> int | None:
        """Return the iteration of the bar in a column of characters, None where there is no bar."""
        place = column - self.left
        return self.iterations[place] if 0 <= place < len(self.iterations) else None

    def _levels(self) -> list[int]:
        """Return each bar's height in eighths of a character: at least one, and none for what is no number."""
        least, greatest = self.curve.bounds
        room = greatest - least
        points = [self.curve.point(iteration) for iteration in self.iterations]
        parts = [(point.height - least) / room if room and point else 0.5 for point in points]
        most = _EIGHTHS * self.height - 1
        return [1 + round(part * most) if point else 0 for point, part in zip(points, parts, strict=True)]
