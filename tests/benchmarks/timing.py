"""Times of several contestants that take turns, so that what else the machine does is shared among them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter, sleep
from typing import Final, NamedTuple

PAUSE: Final = 0.2
"""Seconds between two bursts: the idle threads of a linear algebra library spin for about as long."""

BURST: Final = 0.02
"""Seconds that a burst takes, about."""

LEAST: Final = 8
"""Times that a burst has at least: what a call costs beside its steps is shared among them."""

Repeated = Callable[[int], object]
"""Does something so many times."""


class Figure(NamedTuple):
    """Seconds for one time: of several bursts the median, the least and the most; and the median of the ratios to the
    first contestant's burst of the same turn."""

    median: float
    least: float
    most: float
    ratio: float


def timed(
    contestants: Mapping[str, Repeated], turns: int, count: int | None = None, burst: float = BURST
) -> dict[str, Figure]:
    """Time contestants in turns; the first one is what the ratios are to. Without a count, each fills a burst."""
    counts = {name: count or _count(repeated, burst) for name, repeated in contestants.items()}
    bursts: dict[str, list[float]] = {name: [] for name in contestants}
    gc.disable()
    for _ in range(turns):
        for name, repeated in contestants.items():
            sleep(PAUSE)
            repeated(max(1, counts[name] // 10))  # the caches are another's
            bursts[name].append(_seconds(repeated, counts[name]))
    gc.enable()
    first = next(iter(bursts.values()))
    return {name: _figure(own, first) for name, own in bursts.items()}


def _figure(own: list[float], first: list[float]) -> Figure:
    ratios = [mine / theirs for mine, theirs in zip(own, first, strict=True)]
    return Figure(median(own), min(own), max(own), median(ratios))


def _seconds(repeated: Repeated, count: int) -> float:
    begun = perf_counter()
    repeated(count)
    return (perf_counter() - begun) / count


def _count(repeated: Repeated, burst: float) -> int:
    """Return how many times fill a burst."""
    repeated(2)  # whatever is compiled or allocated the first time
    count, seconds = 1, _seconds(repeated, 1)
    while count * seconds < burst / 4:
        count *= 4
        seconds = _seconds(repeated, count)
    return max(LEAST, round(burst / seconds))
