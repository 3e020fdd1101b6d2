"""What a step costs in arrays and in single numbers, by counting its operations.

The times of an operation were measured by `python -m tests.benchmarks crossover`, which shows them beside new
measurements. A choice made by counting is the same on every machine, and so is, to the last bit, what comes out.
"""

from __future__ import annotations

from typing import Final

from ...calculus.matrices import ColumnSums, MatrixProduct, RowSums, Total
from .array_code import Instruction, Program
from .forms import Entries, Inner, LargestOfOthers, RowLargest, SumOverOthers, shape_of, size
from .lifting import Line
from .schedule import Schedule

CALL: Final = 290.0
"""Nanoseconds of a NumPy call that writes into an array that is there."""

_CALLS: Final = {"largest_of_others": 50, "sum_over_others": 165}
"""How many calls those cost that are several calls themselves, with arrays of their own."""

MULTIPLICATION: Final = 0.04
"""Nanoseconds of a multiplication and an addition in a matrix product."""

ENTRY: Final = 0.3
"""Nanoseconds of an operation on one entry of an array."""

OPERATION: Final = 11.5
"""Nanoseconds of an operation on two Python floats."""

MOST_OPERATIONS: Final = 20_000
"""Scalar code of more operations isn't generated: its text alone would take seconds."""


def scalar_operations(scheduled: Schedule) -> int:
    """Count the operations on single numbers that a schedule comes to.

    Raises
    ------
    NotImplementedError
        Where a stage that is needed has no matrix form.

    """
    return sum(_operations(line, scheduled) for line in scheduled.lines)


def multiplications(scheduled: Schedule) -> int:
    """Count the multiplications in the matrix products of a schedule."""
    products = (line for line in scheduled.lines if isinstance(line.right, MatrixProduct))
    return sum(size(line.shape) * shape_of(line.right.args[0], scheduled.shapes)[1] for line in products)


def scalar_cost(scheduled: Schedule) -> float:
    """Return about how many nanoseconds a schedule takes as Python code over single numbers."""
    return OPERATION * scalar_operations(scheduled)


def array_cost(program: Program) -> float:
    """Return about how many nanoseconds a program takes as NumPy calls."""
    return sum(CALL * _CALLS.get(each.function, 1) + _work(each, program) for each in program.instructions)


def _work(instruction: Instruction, program: Program) -> float:
    """Return the nanoseconds beyond those of an empty call."""
    entries = size(program.shapes[instruction.target])
    if instruction.function == "product":
        return MULTIPLICATION * entries * shape_of(instruction.operands[0], program.shapes)[1]
    if instruction.function == "entries":
        return sum(ENTRY * entries * size(program.shapes[name]) for name in instruction.reads)
    if instruction.mixes:
        return ENTRY * size(shape_of(instruction.operands[0], program.shapes))
    return ENTRY * entries


def _operations(line: Line, scheduled: Schedule) -> int:
    """Count the operations that make the entries of a line."""
    entries = size(line.shape)
    match line.right:
        case MatrixProduct():
            return entries * (2 * shape_of(line.right.args[0], scheduled.shapes)[1] - 1)
        case Inner():
            return 2 * size(shape_of(line.right.args[0], scheduled.shapes)) - 1
        case Entries():
            raise NotImplementedError(f"{line.right.args[0]} has no matrix form")
        case RowSums() | ColumnSums() | Total() | RowLargest():
            return size(shape_of(line.right.args[0], scheduled.shapes))
        case LargestOfOthers():
            return entries * (line.shape[1] - 1)
        case SumOverOthers():
            return 4 * entries * (line.shape[1] - 1)
    return entries * int(line.right.count_ops())
