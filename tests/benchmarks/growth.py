"""How the cost of a derivation grows: ``python -m tests.benchmarks.growth``.

A multilayer perceptron with biases is derived for several depths, widths and batches. Each cell is the median of a few
derivations in a process of its own, in processor seconds, with SymPy's cache cleared before each.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from time import process_time
from typing import Final, NamedTuple

from sympy.core.cache import clear_cache

from backprop_tui.calculus.derivation import derive

DEPTHS: Final = (1, 2, 4, 8, 16, 32, 64)
WIDTHS: Final = (2, 8, 32, 128, 512, 2048, 4096)
BATCHES: Final = (1, 8, 64, 512, 4096)
REPEATS: Final = 5


class Cell(NamedTuple):
    """The size of a network."""

    depth: int = 2
    width: int = 8
    batch: int = 8


class Cost(NamedTuple):
    """What its derivation takes."""

    stages: int
    seconds: float


def derived(cell: Cell) -> int:
    """Derive the perceptron of that size, and return the number of its stages."""
    depth, width, batch = cell
    layers = range(1, depth + 1)
    before = ["", "x", *(f"h{k}" for k in layers)]
    equations = {f"h{k}": f"tanh({before[k]} @ W{k} + b{k})" for k in layers}
    equations["E"] = f"squared_error(h{depth}, t)"
    parameters = {f"W{k}": (width, width) for k in layers} | {f"b{k}": (1, width) for k in layers}
    return len(derive(equations, dict.fromkeys("xt", (batch, width)), parameters))


def seconds(cell: Cell) -> float:
    """Derive once more, from a cleared cache."""
    clear_cache()
    begun = process_time()
    derived(cell)
    return process_time() - begun


def cost(cell: Cell) -> Cost:
    """Measure a cell in a process of its own."""
    command = [sys.executable, "-m", __spec__.name, *map(str, cell)]
    stages, taken = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Cost(int(stages), float(taken))


def print_table(word: str, cells: dict[int, Cell]) -> None:
    """Print the costs along one size, each beside the one before it."""
    print(f"\n{word:>8} {'stages':>8} {'seconds':>9} {'ratio':>7} {'ms a stage':>11}")
    before = None
    for size, cell in cells.items():
        stages, taken = cost(cell)
        ratio = f"{taken / before:.2f}" if before else ""
        print(f"{size:>8} {stages:>8} {taken:>9.3f} {ratio:>7} {1000 * taken / stages:>11.2f}", flush=True)
        before = taken


def main(*size: str) -> None:
    """Print the tables; given a size, measure that cell alone."""
    if size:
        cell = Cell(*map(int, size))
        stages = derived(cell)  # imports what is imported late
        print(stages, median(seconds(cell) for _ in range(REPEATS)))
        return
    print_table("depth", {depth: Cell(depth=depth) for depth in DEPTHS})
    print_table("width", {width: Cell(width=width) for width in WIDTHS})
    print_table("batch", {batch: Cell(batch=batch) for batch in BATCHES})


if __name__ == "__main__":
    main(*sys.argv[1:])
