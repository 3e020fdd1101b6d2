"""Calls that go over matrices of one shape entry by entry, made one loop for a compiler of Python.

Each entry is read once, taken through all of the calls and written once; what only these calls know is in no array.
Functions that NumPy computes several entries at a time, such as exp, stay its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
from sympy import Expr

from ...calculus.matrices import Quantity
from ...calculus.shapes import Shape
from ..source import constant_name, function
from .array_code import COPY, Instruction, Program, is_constant
from .entries import RELATIONS
from .groups import Group

Compiler = Callable[[Callable[..., None]], Callable[..., None]]
"""Turns a generated function of arrays into a faster one."""

_ARITHMETIC: Final = {
    "add": "{} + {}",
    "subtract": "{} - {}",
    "multiply": "{} * {}",
    "divide": "{} / {}",
    "negative": "-{}",
    "square": "{0} * {0}",
    "sqrt": "sqrt({})",
    "absolute": "abs({})",
    "fmax": "{0} if {0} > {1} else {1}",  # NaN is as good as nothing, as for NumPy: the second is never NaN
    COPY: "{}",
    **{name: f"{{}} {sign} {{}}" for sign, name in RELATIONS.items()},
}


def loops(program: Program, outputs: set[str]) -> Iterator[Group]:
    """Part a program into calls, and runs of calls that become a loop.

    What is made of single numbers in the middle of a run goes before it where it can, or else after it.
    """
    everywhere = _occurrences(program.instructions)
    run: list[Instruction] = []
    after: list[Instruction] = []

    def closed() -> Iterator[Group]:
        if run:
            here = _occurrences(run)
            inner = {each.target for each in run if here[each.target] == everywhere[each.target]} - outputs
            shape = program.shapes[run[0].target]
            yield Group(tuple(run), shape, frozenset(inner), compiled=len(run) > 1)
        yield from (Group((each,), program.shapes[each.target]) for each in after)
        run.clear()
        after.clear()

    for each in program.instructions:
        shape = program.shapes[each.target]
        if run and _is_arithmetic(each) and shape == program.shapes[run[0].target] and _is_apart(each, after):
            run.append(each)
        elif run and shape == (1, 1) and not _is_apart(each, [*run, *after]):
            after.append(each)
        elif run and shape == (1, 1):
            yield Group((each,), shape)
        else:
            yield from closed()
            (run if _is_arithmetic(each) else after).append(each)
    yield from closed()


def _occurrences(instructions: Iterable[Instruction]) -> Counter[str]:
    return Counter(name for each in instructions for name in {*each.reads, each.target})


def _is_arithmetic(instruction: Instruction) -> bool:
    plain = all(isinstance(operand, Quantity) or is_constant(operand) for operand in instruction.operands)
    return instruction.function in _ARITHMETIC and plain


def _is_apart(one: Instruction, others: Iterable[Instruction]) -> bool:
    """Whether an instruction may change places with all of the others."""
    return all(
        other.target not in one.reads and one.target not in other.reads and one.target != other.target
        for other in others
    )


@dataclass(frozen=True)
class Loop:
    """A loop over the entries of matrices.

    Attributes
    ----------
    operands:
        The name of a quantity in each of the arrays that it takes.
    flat:
        Whether each of these is taken as a vector.
    takes, lines, constants:
        The loop as the source of a function.

    """

    operands: tuple[str, ...]
    flat: tuple[bool, ...]
    takes: tuple[str, ...]
    lines: tuple[str, ...]
    constants: tuple[tuple[str, float], ...]

    def compiled(self, compiler: Compiler, dtype: np.dtype[Any]) -> Callable[..., None]:
        """Return the loop as a function of its arrays; loops that read alike are compiled once."""
        return _made(compiler, self.takes, self.lines, self.constants, dtype.name)


@lru_cache(maxsize=1024)
def _made(
    compiler: Compiler,
    takes: tuple[str, ...],
    lines: tuple[str, ...],
    constants: tuple[tuple[str, float], ...],
    dtype: str,
) -> Callable[..., None]:
    number = np.dtype(dtype).type
    namespace = {"sqrt": np.sqrt, **{name: number(value) for name, value in constants}}
    return compiler(function("loop", takes, lines, namespace))


def loop(group: Group, program: Program, place: Callable[[str], Hashable], number: Callable[[Expr], float]) -> Loop:
    """Write a group as a loop.

    Parameters
    ----------
    group, program:
        What is written, and what it is part of.
    place:
        Tells which names share an array.
    number:
        Computes a constant.

    """
    return _Writer(group, program, place, number).loop()


@dataclass
class _Writer:
    group: Group
    program: Program
    place: Callable[[str], Hashable]
    number: Callable[[Expr], float]
    operands: dict[str, str] = field(default_factory=dict)
    """By the name of each array that is taken, a quantity in it."""
    arrays: dict[Hashable, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)

    def loop(self) -> Loop:
        read = _read_first(self.group)
        stored = dict.fromkeys(each.target for each in self.group.instructions if each.target not in self.group.inner)
        wide = self._shape(next(iter(stored))) != (1, 1)
        singles = [name for name in read if wide and self._shape(name) == (1, 1)]
        whole = [name for name in read if self._shape(name) == self.group.shape]
        columns = [name for name in read if name not in [*singles, *whole] and self._shape(name)[1] == 1]
        rows = [name for name in read if name not in [*singles, *whole, *columns]]
        entry = "r, c" if rows or columns else "i"
        body = [
            *(self._load(name, entry) for name in whole),
            *(self._load(name, "c") for name in rows),
            *map(self._assignment, self.group.instructions),
            *(f"{self._array(name)}[{entry}] = {self._variable(name)}" for name in stored),
        ]
        first = self._array(next(iter(stored)))
        lines = [self._load(name, "0") for name in singles]
        if entry == "i":
            lines += [f"for i in range({first}.size):", *_indented(body)]
        else:
            within = [*(self._load(name, "r") for name in columns), f"for c in range({first}.shape[1]):"]
            lines += [f"for r in range({first}.shape[0]):", *_indented([*within, *_indented(body)])]
        flat = tuple(entry == "i" or self._shape(name) != self.group.shape for name in self.operands.values())
        operands, takes = tuple(self.operands.values()), tuple(self.operands)
        return Loop(operands, flat, takes, tuple(lines), tuple(sorted(self.constants.items())))

    def _shape(self, name: str) -> Shape:
        return self.program.shapes[name]

    def _load(self, name: str, entry: str) -> str:
        return f"{self._variable(name)} = {self._array(name)}[{entry}]"

    def _assignment(self, instruction: Instruction) -> str:
        target, values = self._variable(instruction.target), [self._value(each) for each in instruction.operands]
        right = _ARITHMETIC[instruction.function].format(*values)
        if instruction.function == COPY and len(values) == 2:
            right += f" if {values[1]} else {target}"
        elif instruction.function in RELATIONS.values() and instruction.target not in self.program.masks:
            right = f"{self._constant(1.0)} if {right} else {self._constant(0.0)}"
        return f"{target} = {right}"

    def _value(self, operand: Expr) -> str:
        return self._variable(operand.name) if isinstance(operand, Quantity) else self._constant(self.number(operand))

    def _variable(self, name: str) -> str:
        return self.variables.setdefault(name, f"v{len(self.variables)}")

    def _array(self, name: str) -> str:
        array = self.arrays.setdefault(self.place(name), f"a{len(self.arrays)}")
        self.operands.setdefault(array, name)
        return array

    def _constant(self, value: float) -> str:
        name = constant_name(value)
        self.constants[name] = value
        return name


def _read_first(group: Group) -> list[str]:
    """Return the names whose values from before the group are read in it, where a mask leaves them too."""
    found: dict[str, None] = {}
    written = set[str]()
    for each in group.instructions:
        left = [each.target] if each.function == COPY and len(each.operands) == 2 else []
        found |= dict.fromkeys(name for name in (*each.reads, *left) if name not in written)
        written.add(each.target)
    return list(found)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
