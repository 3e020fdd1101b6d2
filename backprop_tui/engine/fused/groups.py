"""Calls that go over large matrices entry by entry, one after another, taken together.

They are run block of rows by block of rows, so that a block stays in the processor's cache from the first call to the
last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...calculus.matrices import Transposed
from ...calculus.shapes import Shape
from .array_code import Instruction, Program
from .forms import size

BLOCK: Final = 1 << 15
"""About how many entries of a matrix are in a block: of a few such matrices, a block of each fits in the cache."""

BLOCKS: Final = 8
"""A matrix of fewer blocks is gone over as a whole: it stays in the cache anyway, and each call has its price."""


@dataclass(frozen=True)
class Group:
    """Instructions run together, block by block where there are several blocks."""

    instructions: Sequence[Instruction]
    shape: Shape
    inner: frozenset[str] = frozenset()
    """The names that only these instructions know."""
    compiled: bool = False
    """Whether they are one loop over entries."""

    @property
    def rows(self) -> int:
        """The number of rows in a block."""
        return max(1, min(self.shape[0], BLOCK // self.shape[1]))

    def room(self, name: str) -> Shape | None:
        """Return the shape of the array that a name is written to: a block, or none, where nobody else knows it."""
        if name not in self.inner:
            return self.shape
        return None if self.compiled else (self.rows, self.shape[1])

    @property
    def blocked(self) -> bool:
        """Whether it is worth while."""
        return len(self.instructions) > 1 and size(self.shape) >= BLOCKS * BLOCK and self.rows < self.shape[0]


def groups(program: Program, outputs: set[str]) -> Iterator[Group]:
    """Part a program into the longest runs of calls that go over one shape entry by entry."""
    waiting: list[Instruction] = []
    places = list(enumerate(program.instructions))
    first = {each.target: place for place, each in reversed(places)}
    last = {name: place for place, each in places for name in (*each.reads, each.target)}
    begun = 0

    def closed() -> Iterator[Group]:
        if waiting:
            shape = program.shapes[waiting[0].target]
            written = {each.target for each in waiting} - outputs
            inner = {name for name in written if begun <= first[name] and last[name] < begun + len(waiting)}
            group = Group(tuple(waiting), shape, frozenset(inner))
            yield from [group] if group.blocked else (Group((each,), shape) for each in waiting)
        waiting.clear()

    for place, each in places:
        fits = waiting and program.shapes[each.target] == program.shapes[waiting[0].target]
        if not fits or not _by_rows(each) or not _by_rows(waiting[0]):
            yield from closed()
            begun = place
        waiting.append(each)
    yield from closed()


def _by_rows(instruction: Instruction) -> bool:
    """Whether some rows of the target are made from the same rows of the operands."""
    return not instruction.mixes and not any(isinstance(operand, Transposed) for operand in instruction.operands)
