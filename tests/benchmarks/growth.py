"""How the cost of a derivation grows: ``python -m tests.benchmarks growth``.

A multilayer perceptron with biases is derived for several depths, widths and batches. Each cell is the median of a few
derivations in a process of its own, in processor seconds: with SymPy's cache cleared before each; and, with the cache
as the one before left it, from the equations to the code of a training step.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from statistics import median
from time import process_time
from typing import Any, Final, NamedTuple

from sympy.core.cache import clear_cache

from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.engine.fused import training_step

REPEATS: Final = 5


class Cell(NamedTuple):
    """The size of a network."""

    depth: int = 2
    width: int = 8
    batch: int = 8


CELLS: Final = {
    "depth": {depth: Cell(depth=depth) for depth in (1, 2, 4, 8, 16, 32, 64)},
    "width": {width: Cell(width=width) for width in (2, 8, 32, 128, 512, 2048, 4096)},
    "batch": {batch: Cell(batch=batch) for batch in (1, 8, 64, 512, 4096)},
}
"""What is measured, along each size."""


def derived(cell: Cell) -> Derivation:
    """Derive the perceptron of that size."""
    depth, width, batch = cell
    layers = range(1, depth + 1)
    before = ["", "x", *(f"h{k}" for k in layers)]
    equations = {f"h{k}": f"tanh({before[k]} @ W{k} + b{k})" for k in layers}
    equations["E"] = f"squared_error(h{depth}, t)"
    parameters = {f"W{k}": (width, width) for k in layers} | {f"b{k}": (1, width) for k in layers}
    return derive(equations, dict.fromkeys("xt", (batch, width)), parameters)


def measured(cell: Cell) -> dict[str, float]:
    """Derive a few times from a cleared cache, and a few times to a training step's code from a warm one."""
    stages = len(derived(cell))  # imports what is imported late
    cold = median(_seconds(lambda: derived(cell), clear_cache) for _ in range(REPEATS))
    code = median(_seconds(lambda: training_step(derived(cell), engine="arrays")) for _ in range(REPEATS))
    return {"stages": stages, "seconds": cold, "to code": code}


def _seconds(task: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    before()
    begun = process_time()
    task()
    return process_time() - begun


def rows(most: int | None = None) -> Iterator[dict[str, Any]]:
    """Measure each cell, in a process of its own; `most` limits how many along each size."""
    for along, cells in CELLS.items():
        for size, cell in list(cells.items())[:most]:
            command = [sys.executable, "-m", f"{__package__}.growth", *map(str, cell)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            yield {"along": along, "size": size, **found}


def print_table(found: Iterable[Mapping[str, Any]]) -> None:
    """Print the costs along each size, each beside the one before it."""
    before: Mapping[str, Any] = {}
    for row in found:
        if before.get("along") != row["along"]:
            print(f"\n{row['along']:>8} {'stages':>8} {'derived':>10} {'ratio':>6} {'a stage':>9} {'to code':>10}")
            before = {}
        taken = 1000 * row["seconds"]
        ratio = f"{row['seconds'] / before['seconds']:.2f}" if before else ""
        told = f"{taken:>7.0f} ms {ratio:>6} {taken / row['stages']:>6.2f} ms {1000 * row['to code']:>7.0f} ms"
        print(f"{row['size']:>8} {row['stages']:>8} {told}", flush=True)
        before = row


def main(*arguments: str) -> None:
    """Print the tables, or the same as JSON; given a size, measure that cell alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks growth")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("size", nargs="*", type=int, help="depth, width and batch of the one cell that is measured")
    options = parser.parse_args(arguments)
    if options.size:
        print(json.dumps(measured(Cell(*options.size))))
    elif options.json:
        print(json.dumps(list(rows()), indent=1))
    else:
        print_table(rows())


if __name__ == "__main__":
    main(*sys.argv[1:])
