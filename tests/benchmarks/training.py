"""Gradients and steps against hand-written NumPy and other libraries: ``python -m tests.benchmarks training``.

Every contestant's gradients, and its weights after some steps, are held against extended precision before it is timed.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import numpy as np

from . import ours
from .cases import CASES, Array, Case, Contestant, exact
from .others import OTHERS
from .timing import Figure, Repeated, timed

HAND: Final = "NumPy by hand"
OURS: Final[dict[str, Callable[[Case], Contestant | None]]] = {
    HAND: ours.by_hand,
    "its matrix products alone": ours.products,
    "arrays": ours.arrays,
    "scalars, arrays in and out": ours.scalars,
    "scalars, floats in and out": ours.floats,
    "scalars, compiled by numba": ours.numba,
}
STEPS: Final = 3
TOLERANCE: Final = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 2e-4}


def main(*arguments: str) -> None:
    """Print the table, or the same as JSON."""
    options = _options(arguments)
    missing = {package for package, _ in OTHERS.values() if not is_installed(package)}
    rows = (
        row for case in _cases(options) for row in raced(case, dict(_contestants(case, options.only)), options.turns)
    )
    machine = _machine()
    if options.json:
        print(json.dumps({"machine": machine, "missing": sorted(missing), "rows": list(rows)}, indent=1))
        return
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    if missing:
        print(f"not installed: {', '.join(sorted(missing))}")
    print_table(rows)


def _options(arguments: tuple[str, ...]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks training")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--turns", type=int, default=9, help="bursts of each contestant")
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


def raced(case: Case, contestants: Mapping[str, Contestant], turns: int) -> Iterator[dict[str, Any]]:
    """Check and time everyone on a network: yield a row for each contestant and task."""
    errors = {name: _errors(case, each) for name, each in contestants.items()}
    tasks: dict[str, dict[str, Repeated]] = {"gradient": {}, "step": {}}
    for name, each in contestants.items():
        if each.gradient is not None:
            tasks["gradient"][name] = _repeated(each.gradient)
        if each.steps is not None:
            tasks["step"][name] = each.steps
    for task, repeated in tasks.items():
        for name, figure in timed(repeated, turns).items():
            yield _row(case, task, name, figure, errors[name].get(task))


def _row(case: Case, task: str, name: str, figure: Figure, error: float | None) -> dict[str, Any]:
    place = {"network": case.name, "dtype": np.dtype(case.dtype).name, "task": task, "contestant": name}
    return {**place, **figure._asdict(), "error": error}


def _contestants(case: Case, only: str) -> Iterator[tuple[str, Contestant]]:
    """Make those that are wanted, can be made and suit the network; NumPy by hand always, and first."""
    makers = dict(OURS) if is_installed("numba") else {name: make for name, make in OURS.items() if "numba" not in name}
    makers |= {name: make for name, (package, make) in OTHERS.items() if is_installed(package)}
    for name, make in makers.items():
        if name == HAND or any(word in name for word in only.split(",")):
            contestant = make(case)
            if contestant is not None:
                yield name, contestant


def _repeated(once: Callable[[], object]) -> Repeated:
    def repeated(count: int) -> None:
        for _ in range(count):
            once()

    return repeated


def _errors(case: Case, contestant: Contestant) -> dict[str, float]:
    """Return the largest relative errors, having checked that they are those of rounding."""
    gradients, weights = exact(case, STEPS)
    errors = {}
    if contestant.gradient is not None and (made := contestant.read(contestant.gradient())):
        errors["gradient"] = _error(made, gradients)
    if contestant.steps is not None and contestant.weights is not None:
        contestant.steps(STEPS)
        errors["step"] = _error(contestant.weights(), weights)
    wrong = {task: error for task, error in errors.items() if not error < TOLERANCE[np.dtype(case.dtype)]}
    if wrong:
        raise AssertionError(f"{case.name}: {wrong}")
    return errors


def _error(found: list[Array], right: list[Array]) -> float:
    pairs = list(zip(found, right, strict=True))
    return max(float(np.abs(one.astype(np.longdouble) - other).max() / np.abs(other).max()) for one, other in pairs)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def is_installed(package: str) -> bool:
    """Whether a package is there to be compared with."""
    return bool(_version(package))


def _machine() -> dict[str, str]:
    packages = ("numpy", "sympy", "numba", "torch", "jax", "autograd", "micrograd", "tensorgrad", "casadi")
    found = {package: _version(package) for package in packages}
    return {"machine": platform.machine(), "Python": platform.python_version()} | {k: v for k, v in found.items() if v}


def print_table(rows: Iterable[dict[str, Any]]) -> None:
    """Print a block for each network and dtype, a line for each contestant."""
    heading = ""
    for row in rows:
        if heading != (heading := f"{row['network']}, {row['dtype']}, {row['task']}"):
            print(f"\n{heading}\n{'':30}{'ratio':>8}{'median':>12}{'least':>12}{'most':>12}{'error':>9}")
        times = "".join(f"{row[each] * 1e6:9.2f} us" for each in ("median", "least", "most"))
        error = "" if row["error"] is None else f"{row['error']:9.0e}"
        print(f"{row['contestant']:30}{row['ratio']:8.3f}{times}{error}", flush=True)
