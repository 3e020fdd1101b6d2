"""Gradients and steps against hand-written NumPy and other libraries: ``python -m tests.benchmarks training``.

Every contestant's gradients, and its weights after some steps, are held against extended precision before it is timed.
One that fails, or is wrong, is named and left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from . import ours
from .cases import CASES, Array, Case, Contestant, exact
from .machine import CORETYPE, installed, machine
from .others import OTHERS
from .timing import BURST, Repeated, timed

HAND: Final = "NumPy by hand"
OURS: Final[dict[str, Callable[[Case], Contestant | None]]] = {
    HAND: ours.by_hand,
    "its matrix products alone": ours.products,
    "arrays": ours.arrays,
    "scalars, arrays in and out": ours.scalars,
    "scalars, floats in and out": ours.floats,
    "compiled by numba": ours.numba,
    "derived, on JAX": ours.on_jax,
}
EXTRAS: Final = {"compiled by numba": "numba", "derived, on JAX": "jax"}
"""The packages that this project needs for some."""

STEPS: Final = 3
TURNS: Final = 9
TOLERANCE: Final = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 2e-4}

Row = dict[str, Any]
"""A measurement; or, with `failed`, why there is none."""


def main(*arguments: str) -> None:
    """Print the table, or the same as JSON."""
    options = _options(arguments)
    rows = (row for case in _cases(options) for row in raced(case, _makers(options.only), options.turns))
    if options.json:
        print(json.dumps({"machine": machine(), "missing": missing(), "rows": list(rows)}, indent=1))
        return
    print_machine(machine(), missing())
    print_table(rows)


def _options(arguments: tuple[str, ...]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks training")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--turns", type=int, default=TURNS, help="bursts of each contestant")
    parser.add_argument("--case", default="", help="only the networks whose name has this in it")
    parser.add_argument(
        "--only", default="", help="only contestants with one of these, joined by commas, in their name"
    )
    parser.add_argument("--dtype", choices=("float64", "float32"), help="only this one")
    return parser.parse_args(arguments)


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    dtypes = (options.dtype,) if options.dtype else ("float64", "float32")
    for case in CASES:
        if options.case in case.name:
            yield from (replace(case, dtype=dtype) for dtype in dtypes)


def _makers(only: str) -> dict[str, Callable[[Case], Contestant | None]]:
    """Return those that are wanted and installed; NumPy by hand always, and first."""
    makers = {name: make for name, make in OURS.items() if name not in EXTRAS or installed(EXTRAS[name])}
    makers |= {name: make for name, (package, make) in OTHERS.items() if installed(package)}
    return {
        name: make for name, make in makers.items() if name == HAND or any(word in name for word in only.split(","))
    }


def missing() -> list[str]:
    """Name the packages that are compared with and aren't installed."""
    packages = {"numba", *(package for package, _ in OTHERS.values())}
    return sorted(package for package in packages if not installed(package))


def raced(
    case: Case, makers: Mapping[str, Callable[[Case], Contestant | None]], turns: int, burst: float = BURST
) -> Iterator[Row]:
    """Make, check and time everyone who suits a network: yield a row for each contestant and task.

    Whoever fails, however, has one row that says how, and the others go on.
    """
    place = {"network": case.name, "dtype": np.dtype(case.dtype).name}
    right, chosen = exact(case, STEPS), ours.chosen(case)
    errors: dict[str, dict[str, float]] = {}
    tasks: dict[str, dict[str, Repeated]] = {"gradient": {}, "step": {}}
    for name, make in makers.items():
        try:
            contestant = make(case)
            if contestant is None:
                continue
            errors[name] = _errors(case, contestant, right)
        except Exception as error:
            yield {**place, "contestant": name, "failed": _one_line(error)}
            continue
        if contestant.gradient is not None:
            tasks["gradient"][name] = _repeated(contestant.gradient)
        if contestant.steps is not None:
            tasks["step"][name] = contestant.steps
    for task, repeated in tasks.items():
        for name, figure in timed(repeated, turns, burst=burst).items():
            row = {**place, "task": task, "contestant": name, "chosen": name == chosen}
            yield {**row, **figure._asdict(), "error": errors[name].get(task)}


def _one_line(error: Exception) -> str:
    told = " ".join(str(error).split())
    return f"{type(error).__name__}: {told}"[:200]


def _repeated(once: Callable[[], object]) -> Repeated:
    def repeated(count: int) -> None:
        for _ in range(count):
            once()

    return repeated


def _errors(case: Case, contestant: Contestant, right: tuple[list[Array], list[Array]]) -> dict[str, float]:
    """Return the largest relative errors of gradients, and of weights after some steps; refuse more than rounding."""
    errors, (gradients, weights) = {}, right
    if contestant.gradient is not None and (made := contestant.read(contestant.gradient())):
        errors["gradient"] = _error(made, gradients)
    if contestant.steps is not None and contestant.weights is not None:
        contestant.steps(STEPS)
        errors["step"] = _error(contestant.weights(), weights)
    wrong = {task: error for task, error in errors.items() if not error < TOLERANCE[np.dtype(case.dtype)]}
    if wrong:
        told = ", ".join(f"{task} by {error:.0e}" for task, error in wrong.items())
        raise ArithmeticError(f"wrong: {told}")
    return errors


def _error(found: list[Array], right: list[Array]) -> float:
    pairs = list(zip(found, right, strict=True))
    return max(float(np.abs(one.astype(np.longdouble) - other).max() / np.abs(other).max()) for one, other in pairs)


def print_machine(told: Mapping[str, str], absent: Iterable[str]) -> None:
    """Print what the figures were measured on, and what couldn't be."""
    print(", ".join(f"{name} {value}" for name, value in told.items()))
    if absent:
        print(f"not installed: {', '.join(absent)}")


def print_table(rows: Iterable[Row]) -> None:
    """Print a block for each network, dtype and task, a line for each contestant."""
    heading = ""
    for row in rows:
        if "failed" in row:
            print(f"{_place(row)}: {row['contestant']} failed: {row['failed']}", flush=True)
            continue
        if heading != (heading := f"{_place(row)}, {row['task']}"):
            print(f"\n{heading}\n{'':30}{'ratio':>8}{'median':>12}{'least':>12}{'most':>12}{'error':>9}")
        times = "".join(f"{row[each] * 1e6:9.2f} us" for each in ("median", "least", "most"))
        error = "" if row["error"] is None else f"{row['error']:9.0e}"
        print(f"{row['contestant']:30}{row['ratio']:8.3f}{times}{error}", flush=True)


def _place(row: Row) -> str:
    kernels = f", {CORETYPE} {row['kernels']}" if "kernels" in row else ""
    return f"{row['network']}, {row['dtype']}{kernels}"
