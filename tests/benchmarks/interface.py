"""How fast the app repaints after a key: ``python -m tests.benchmarks interface``.

Everything is timed from outside, in a pseudo-terminal: from the key to the last byte that is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median, quantiles
from time import perf_counter
from typing import Final

from tests.terminal import Terminal

from .startup import APP

KEYS: Final = 150
SIZES: Final = ((80, 24), (120, 40), (200, 60))
LARGE: Final = (*APP, "--layers", "512-784-10", "--samples", "8")
RIGHT, DOWN, PAGE_DOWN, PAGE_UP = "\x1b[C", "\x1b[B", "\x1b[6~", "\x1b[5~"


@contextmanager
def running(command: Sequence[str], size: tuple[int, int]) -> Iterator[Terminal]:
    """Run a program in a terminal of that size; end it without asking."""
    terminal = Terminal(*command, size=size)
    try:
        yield terminal
    finally:
        terminal.close()


def repaints(terminal: Terminal, keys: Sequence[str]) -> list[float]:
    """Return the milliseconds from each key to the end of what is drawn for it."""
    times = []
    for key in keys:
        start = perf_counter()
        terminal.type(key)
        times.append(1000 * (terminal.drawn() - start))
    return times


def told(what: str, times: Sequence[float]) -> str:
    """Tell the median and the 99th percentile."""
    return f"{what:<42} median {median(times):6.1f} ms   99% {quantiles(times, n=100)[98]:6.1f} ms"


def main() -> None:
    """Measure and print."""
    for size in SIZES:
        for name, command, there in (("lecture", APP, ""), ("512x784", LARGE, "/")):
            with running(command, size) as terminal:
                terminal.until("FORWARD")
                _report(f"{name} at {size[0]}x{size[1]}", terminal, at_weights=bool(there))


def _report(where: str, terminal: Terminal, *, at_weights: bool) -> None:
    terminal.drawn()
    print(told(f"{where}: step", repaints(terminal, [RIGHT] * KEYS)))
    if at_weights:
        for key in ("/", "W_1", "\r"):
            terminal.type(key)
            terminal.drawn()
    terminal.type("m")
    terminal.drawn()
    print(told(f"{where}: cell", repaints(terminal, [RIGHT, DOWN] * (KEYS // 2))))
    print(told(f"{where}: page", repaints(terminal, ([PAGE_DOWN] * 5 + [PAGE_UP] * 5) * (KEYS // 10))))
