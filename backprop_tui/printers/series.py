"""A loss over iterations, made fit for a plot: thinned, on a logarithmic scale where it spans decades, with ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from typing import Final, NamedTuple

DECADES: Final = 100.0
"""The ratio of the largest to the smallest loss from which the scale is logarithmic."""


class Point(NamedTuple):
    """A loss at an iteration, as high as it stands on its scale."""

    iteration: int
    height: float


@dataclass(frozen=True)
class Curve:
    """The losses of all iterations, of which some may be no numbers."""

    losses: Sequence[float]

    def __len__(self) -> int:
        return len(self.losses)

    @cached_property
    def numbers(self) -> list[float]:
        """The losses that are numbers."""
        return [loss for loss in self.losses if isfinite(loss)]

    @cached_property
    def least(self) -> float:
        """The least loss; 0 where none is a number."""
        return min(self.numbers, default=0.0)

    @cached_property
    def greatest(self) -> float:
        """The greatest loss; 0 where none is a number."""
        return max(self.numbers, default=0.0)

    @property
    def logarithmic(self) -> bool:
        """Whether the losses are best seen on a logarithmic scale."""
        return self.least > 0 and self.greatest / DECADES >= self.least

    @property
    def bounds(self) -> tuple[float, float]:
        """The heights of the least and of the greatest loss."""
        return self.scaled(self.least), self.scaled(self.greatest)

    @property
    def lost(self) -> int | None:
        """The first iteration whose loss is no number, None where all are."""
        return next((iteration for iteration, loss in enumerate(self.losses) if not isfinite(loss)), None)

    def scaled(self, loss: float) -> float:
        """Return how high a loss stands on the scale."""
        return log10(loss) if self.logarithmic else float(loss)

    def point(self, iteration: int) -> Point | None:
        """Return the loss at an iteration, None where it is no number or isn't known."""
        known = 0 <= iteration < len(self) and isfinite(self.losses[iteration])
        return Point(iteration, self.scaled(self.losses[iteration])) if known else None

    def thinned(self, columns: int) -> list[Point]:
        """Return the points that a plot of so many columns can show: of each column's the least and the greatest."""
        count = len(self)
        bounds = [count * column // columns for column in range(columns + 1)]
        kept = {0, count - 1}
        for first, last in pairwise(bounds):
            found = [iteration for iteration in range(first, last) if isfinite(self.losses[iteration])]
            if found:
                kept |= {min(found, key=self.losses.__getitem__), max(found, key=self.losses.__getitem__)}
        return [point for iteration in sorted(kept) if (point := self.point(iteration))]


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Return round numbers from `low` to `high`, at most `most`, one, two or five powers of ten apart."""
    if not low < high:
        return [low]
    power = floor(log10((high - low) / most))
    power = max(0, power) if whole else power
    for step in (factor * 10.0**exponent for exponent in (power, power + 1) for factor in (1, 2, 5)):
        first, last = ceil(low / step), floor(high / step)
        if last - first < most:
            return [count * step for count in range(first, last + 1)]
    return []
