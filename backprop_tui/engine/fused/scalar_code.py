"""Straight-line code over single numbers, written from the lines of a schedule.

Each entry of each matrix is a local variable of one Python function. For a small network that is many times faster
than arrays, whose every call costs more than the arithmetic in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ...calculus.matrices import Quantity
from ...calculus.shapes import Shape
from ...printers.scalar_code import ScalarCode, entry_name
from ..source import function
from .lifting import Line
from .schedule import Schedule

_NAMES: Final = ("exp", "log", "log1p", "sqrt", "pow", "tanh", "sin", "cos", "pi", "e")
_FUNCTIONS: Final = {name: getattr(math, name) for name in _NAMES}


def entries(name: str, shape: Shape) -> list[str]:
    """Return the names of the entries of a quantity, row by row."""
    return [entry_name(name, row, column) for row in range(shape[0]) for column in range(shape[1])]


def floats_function(scheduled: Schedule, sizes: Mapping[str, int]) -> Callable[..., tuple[float, ...]]:
    """Generate a function of the entries of all that is given; it returns the entries of all outputs.

    Those that no line reads are returned as they are computed, without names.
    """
    read = set().union(*(line.reads for line in scheduled.lines))
    last = {line.name: line for line in scheduled.lines if line.name in scheduled.outputs and line.name not in read}
    printer = ScalarCode(scheduled.shapes, sizes)
    body = _assignments((line for line in scheduled.lines if line.name not in last), scheduled, sizes)
    results = [
        part
        for name in scheduled.outputs
        for part in (_rights(last[name], printer) if name in last else entries(name, scheduled.shapes[name]))
    ]
    return function("floats", _all(scheduled, scheduled.given), [*body, _returned(results)], _FUNCTIONS)


def floats_loop(scheduled: Schedule, sizes: Mapping[str, int], loss: str) -> Callable[..., tuple[float, ...]]:
    """Generate a function of a number of steps, a list for their losses, and the entries of all that is given.

    It repeats the step, each time from the updated values, and returns the entries of all that is updated.
    """
    learned = replaced(scheduled)
    body = _loop(scheduled, sizes, loss)
    takes = ["steps", "losses", *_all(scheduled, scheduled.given)]
    return function("floats_loop", takes, [*body, _returned(_all(scheduled, learned))], _FUNCTIONS)


def flat_function(scheduled: Schedule, sizes: Mapping[str, int]) -> Callable[..., None]:
    """Generate a function of two flat arrays: it reads the entries of all that is given, and writes all outputs."""
    body = _assignments(scheduled.lines, scheduled, sizes)
    lines = [*_read(scheduled), *body, *_write(_all(scheduled, scheduled.outputs), "results")]
    return function("flat", ["given", "results"], lines, _FUNCTIONS)


def flat_loop(scheduled: Schedule, sizes: Mapping[str, int], loss: str) -> Callable[..., None]:
    """Generate a function of a number of steps, an array for their losses, and a flat array of all that is given.

    It repeats the step, each time from the updated values, and writes these back.
    """
    lines = [*_read(scheduled), *_loop(scheduled, sizes, loss), *_write(_all(scheduled, scheduled.given), "given")]
    return function("flat_loop", ["steps", "losses", "given"], lines, _FUNCTIONS)


def replaced(scheduled: Schedule) -> list[str]:
    """Return the names of all that a step updates, in the order of its outputs."""
    return [name.removesuffix("'") for name in scheduled.outputs if name.endswith("'")]


def _loop(scheduled: Schedule, sizes: Mapping[str, int], loss: str) -> Iterator[str]:
    """Repeat the step; an updated value has its parameter's name where nothing reads the parameter any more."""
    names = {Quantity(new): Quantity(old) for new, old in scheduled.overwrites.items()}
    lines = [replace(line, name=scheduled.overwrites.get(line.name, line.name)) for line in scheduled.lines]
    lines = [replace(line, right=line.right.xreplace(names)) for line in lines]
    yield "for step in range(steps):"
    for line in _assignments(lines, scheduled, sizes):
        yield f"    {line}"
    for name in scheduled.outputs:
        if name.endswith("'") and name not in scheduled.overwrites:
            old, new = (", ".join(entries(each, scheduled.shapes[name])) for each in (name.removesuffix("'"), name))
            yield f"    {old} = {new}"
    yield f"    losses[step] = {entry_name(loss, 0, 0)}"


def _assignments(lines: Iterable[Line], scheduled: Schedule, sizes: Mapping[str, int]) -> list[str]:
    printer = ScalarCode(scheduled.shapes, sizes)
    return [
        f"{name} = {right}"
        for line in lines
        for name, right in zip(entries(line.name, line.shape), _rights(line, printer), strict=True)
    ]


def _rights(line: Line, printer: ScalarCode) -> list[str]:
    """Return the code of a line's entries, row by row."""
    rows, columns = line.shape
    return [printer.entry(line.right, row, column) for row in range(rows) for column in range(columns)]


def _all(scheduled: Schedule, names: Iterable[str]) -> list[str]:
    return [entry for name in names for entry in entries(name, scheduled.shapes[name])]


def _returned(values: Iterable[str]) -> str:
    return f"return ({''.join(f'{value}, ' for value in values)})"


def _read(scheduled: Schedule) -> list[str]:
    return [f"{entry} = given[{place}]" for place, entry in enumerate(_all(scheduled, scheduled.given))]


def _write(values: Sequence[str], to: str) -> list[str]:
    return [f"{to}[{place}] = {entry}" for place, entry in enumerate(values)]
