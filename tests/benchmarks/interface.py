"""How fast the app shows its first frame and repaints after a key: ``python -m tests.benchmarks.interface``.

Everything is timed from outside, in a pseudo-terminal: from the start of the program, or from the key, to the last byte
that is drawn. The first frame is compared with that of a Textual app that shows one word, in the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median, quantiles
from time import perf_counter
from typing import Final

from tests.terminal import Terminal

STARTS: Final = 12
KEYS: Final = 150
SIZES: Final = ((80, 24), (120, 40), (200, 60))
_TRIVIAL_APP: Final = """\
from textual.app import App
from textual.widgets import Static

class Trivial(App[None]):
    def compose(self):
        yield Static("deriving")

Trivial().run()
"""
TRIVIAL: Final = ("-c", _TRIVIAL_APP)
OURS: Final = "-m", "backprop_tui"
LARGE: Final = (*OURS, "--layers", "512-784-10", "--samples", "8")
RIGHT, DOWN, PAGE_DOWN, PAGE_UP = "\x1b[C", "\x1b[B", "\x1b[6~", "\x1b[5~"


@contextmanager
def running(command: Sequence[str], size: tuple[int, int]) -> Iterator[Terminal]:
    """Run a program in a terminal of that size; end it without asking."""
    terminal = Terminal(*command, size=size)
    try:
        yield terminal
    finally:
        terminal.close()


def first_frame(command: Sequence[str]) -> float:
    """Return the milliseconds from a program's start to its first frame."""
    start = perf_counter()
    with running(command, SIZES[0]) as terminal:
        terminal.until("deriving")
        return 1000 * (perf_counter() - start)


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
    frames = [(first_frame(OURS), first_frame(TRIVIAL)) for _ in range(STARTS)][1:]
    ours, trivial = (median(times) for times in zip(*frames, strict=True))
    print(f"first frame: {ours:.0f} ms, a trivial app {trivial:.0f} ms, ratio {ours / trivial:.2f}")
    for size in SIZES:
        for name, command, there in (("lecture", OURS, ""), ("512x784", LARGE, "/")):
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


if __name__ == "__main__":
    main()
