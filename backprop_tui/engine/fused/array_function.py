"""A program as one function over arrays that are made once: each line of it a NumPy call that writes into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike
from sympy import Expr

from ...calculus.functions import Sigmoid, Softplus
from ...calculus.indices import Size, axis
from ...calculus.matrices import Ones, Quantity, Transposed
from ...calculus.shapes import Shape
from ...calculus.stages import Stage
from ...notation import code
from ..numerics import Array, largest_of_others, sigmoid, softplus, sum_over_others
from ..source import constant_name, function
from .array_code import COPY, Instruction, is_constant, lowered
from .buffers import Places
from .entries import EntriesOf
from .forms import shape_of, size
from .groups import Group, groups
from .loops import Compiler, loop, loops
from .schedule import Schedule


@dataclass(frozen=True)
class ArrayFunction:
    """A function over arrays that it holds.

    Attributes
    ----------
    takes:
        The names of the arrays that it is called with, of the derivation's shapes and of its own dtype.
    run:
        The generated function; it returns nothing.
    results:
        What is asked for, by name, as it stands after a run. A value that took a parameter's place isn't among them.

    """

    takes: tuple[str, ...]
    run: Callable[..., None]
    results: Mapping[str, Array]


def array_function(
    scheduled: Schedule,
    sizes: Mapping[str, int],
    dtype: DTypeLike,
    *,
    in_place: bool,
    compiler: Compiler | None = None,
) -> ArrayFunction:
    """Generate the function that runs a schedule.

    Parameters
    ----------
    scheduled, sizes:
        What is to be run, and the number of entries along each axis.
    dtype:
        Of all arrays.
    in_place:
        Whether updated values take their parameters' places, in the arrays that the function is called with.
    compiler:
        What makes machine code of a loop over entries; None to leave all of them to NumPy's calls.

    """
    program = lowered(scheduled)
    parts = list((loops if compiler else groups)(program, set(scheduled.outputs)))
    places = Places(program, scheduled.outputs, np.dtype(dtype), scheduled.overwrites if in_place else {})
    places.assign(parts)
    writer = _Writer(places, sizes, scheduled.apart, compiler)
    body = [line for part in parts for line in writer.group(part)]
    takes = [code(name) for name in scheduled.given]
    run = function("run", takes, [*writer.prologue, *body], writer.namespace)
    results = {name: places.arrays[name] for name in scheduled.outputs if name in places.arrays}
    return ArrayFunction(scheduled.given, run, results)


_STABLE: Final = {Sigmoid: sigmoid, Softplus: softplus}


def _into(function: Callable[..., Array]) -> Callable[..., None]:
    """Let a function write into its last argument."""
    return lambda *arrays: np.copyto(arrays[-1], function(*arrays[:-1]))


_FUNCTIONS: Final = {
    "row_largest": np.maximum.reduce,
    "largest_of_others": _into(largest_of_others),
    "sum_over_others": _into(sum_over_others),
}


CLEARED: Final = 1 << 14
"""Entries of a product from which on `matmul` is faster: `dot` fills its result with zeros before it calls BLAS."""


def _dot(left: str, right: str, out: str) -> str:
    """Call BLAS: a method costs less than a function, and takes a transposed matrix without copying it."""
    return f"{left}.dot({right}, {out})"


@dataclass
class _Writer:
    """Writes instructions as Python, and collects what they name."""

    places: Places
    sizes: Mapping[str, int]
    apart: Mapping[str, Stage]
    compiler: Compiler | None
    namespace: dict[str, Any] = field(default_factory=dict)
    prologue: list[str] = field(default_factory=list)

    def group(self, group: Group) -> list[str]:
        """Write instructions, within a loop over blocks of rows where there are several."""
        if len(group.instructions) == 1:
            return [self._call(group.instructions[0])]
        if self.compiler is not None:
            return [self._loop(group, self.compiler)]
        blocks = f"_blocks_of_{group.rows}_in_{group.shape[0]}"
        starts = range(0, group.shape[0], group.rows)
        stops = [min(start + group.rows, group.shape[0]) for start in starts]
        self.namespace[blocks] = [
            (slice(start, stop), slice(0, stop - start)) for start, stop in zip(starts, stops, strict=True)
        ]
        calls = [self._call(each, group) for each in group.instructions]
        return [f"for _rows, _top in {blocks}:", *(f"    {call}" for call in calls)]

    def _loop(self, group: Group, compiler: Compiler) -> str:
        """Call a loop that goes over all entries itself."""
        made = loop(group, self.places.program, self.places.place, self._number)
        name = f"_loop_{sum(key.startswith('_loop_') for key in self.namespace)}"
        self.namespace[name] = made.compiled(compiler, self.places.dtype)
        names = [
            self._view("flat", Quantity(operand)) if flat else self._name(Quantity(operand))
            for operand, flat in zip(made.operands, made.flat, strict=True)
        ]
        return f"{name}({', '.join(names)})"

    def _call(self, instruction: Instruction, group: Group | None = None) -> str:
        target, operands = Quantity(instruction.target), instruction.operands
        match instruction.function:
            case "product":
                left, right = operands
                return self._product(left, right, target)
            case "row_sums":
                (matrix,) = operands
                ones = self._ones(self._shape(matrix)[1])
                return _dot(self._name(matrix), ones, self._view("flat", target))
            case "column_sums":
                (matrix,) = operands
                ones = self._ones(self._shape(matrix)[0])
                return _dot(ones, self._name(matrix), self._view("flat", target))
            case "total":
                (matrix,) = (operand.args[0] if isinstance(operand, Transposed) else operand for operand in operands)
                ones = self._ones(size(self._shape(matrix)))
                return _dot(self._view("flat", matrix), ones, self._view("number", target))
            case "inner":
                left, right = operands
                return _dot(self._view("flat", left), self._view("flat", right), self._view("number", target))
            case "entries":
                return self._apart(operands[0].name, *map(self._name, operands[1:]), to=self._name(target))
            case "row_largest":
                return self._written("row_largest", self._name(*operands), "1", "None", self._name(target), "True")
        named = [self._entries(each, group) for each in (*operands, target)]
        if instruction.function == COPY:
            where = f", where={named[1]}" if len(operands) == 2 else ""
            return self._written(COPY, named[-1], named[0] + where)
        return self._written(instruction.function, *named)

    def _product(self, left: Expr, right: Expr, target: Expr) -> str:
        names = [self._name(each) for each in (left, right, target)]
        (rows, inner), (_, columns) = self._shape(left), self._shape(right)
        if rows * columns < CLEARED or 1 in (rows, inner, columns):  # matmul leaves BLAS out where an axis has length 1
            return _dot(*names)
        return self._written("matmul", *names)

    def _apart(self, stage: str, *arguments: str, to: str) -> str:
        """Write all entries of a stage that has no matrix form."""
        name, shape = f"_entries_of_{code(stage)}", self.places.program.shapes[stage]
        self.namespace[name] = EntriesOf(self.apart[stage], shape, self.sizes, np, _STABLE)
        return f"{to}[...] = {name}({', '.join(arguments)})"

    def _written(self, function: str, *arguments: str) -> str:
        self.namespace[f"_{function}"] = _FUNCTIONS.get(function) or getattr(np, function)
        return f"_{function}({', '.join(arguments)})"

    def _entries(self, operand: Expr, group: Group | None) -> str:
        """Name an operand of a call that goes entry by entry, or the rows of it that a block has."""
        if is_constant(operand):
            return self._constant(operand)
        shape = self._shape(operand)
        if shape == (1, 1):
            return self._view("number", operand)
        name = self._name(operand)
        if group is None or shape[0] == 1:
            return name
        return f"{name}[_top]" if isinstance(operand, Quantity) and operand.name in group.inner else f"{name}[_rows]"

    def _shape(self, operand: Expr) -> Shape:
        return shape_of(operand, self.places.program.shapes)

    def _constant(self, value: Expr) -> str:
        """Name an array of no dimensions: a call takes one faster than it takes a number."""
        number = self._number(value)
        name = constant_name(number)
        self.namespace[name] = np.array(number, self.places.dtype)
        return name

    def _number(self, value: Expr) -> float:
        sizes = {found: self.sizes[axis(found).removeprefix("N_")] for found in value.atoms(Size)}
        return float(value.xreplace(sizes))

    def _ones(self, count: int) -> str:
        name = f"_ones_{count}"
        self.namespace[name] = np.ones(count, self.places.dtype)
        return name

    def _name(self, operand: Expr) -> str:
        if isinstance(operand, Transposed):
            return self._view("T", operand.args[0])
        if isinstance(operand, Ones):
            shape = self._shape(operand)
            self.namespace[f"_ones_{shape[0]}_{shape[1]}"] = np.ones(shape, self.places.dtype)
            return f"_ones_{shape[0]}_{shape[1]}"
        name = code(self.places.taken.get(operand.name, operand.name))
        if operand.name in self.places.arrays:
            self.namespace[name] = self.places.arrays[operand.name]
        return name

    def _view(self, kind: str, operand: Expr) -> str:
        """Name an array seen another way: once for an array that stays, in every run for one that is given."""
        name = self._name(operand)
        view = f"_{kind}_{name}"
        if name in self.namespace:
            self.namespace[view] = _VIEWS[kind](self.namespace[name])
        elif (line := f"{view} = {name}.{_SPELLED[kind]}") not in self.prologue:
            self.prologue.append(line)
        return view


_SPELLED: Final = {"T": "T", "flat": "ravel()", "number": "reshape(())"}
_VIEWS: Final[dict[str, Callable[[Array], Array]]] = {
    "T": lambda array: array.T,
    "flat": lambda array: array.reshape(-1),
    "number": lambda array: array.reshape(()),
}
