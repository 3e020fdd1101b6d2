"""Which array each value of a program is written to.

Arrays are made once. A value takes the place of one that nobody reads any more; an updated parameter that of the
parameter itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...calculus.shapes import Shape
from ..numerics import Array
from .array_code import Instruction, Program
from .groups import Group


@dataclass
class Places:
    """Assigns arrays to names, in the order in which they are first written."""

    program: Program
    outputs: Sequence[str]
    dtype: np.dtype[Any]
    overwrites: Mapping[str, str]
    arrays: dict[str, Array] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    """The parameter whose place an updated value takes."""
    _free: list[Array] = field(default_factory=list)

    def assign(self, groups: Sequence[Group]) -> None:
        """Assign an array to everything that the groups write."""
        instructions = [each for group in groups for each in group.instructions]
        last = {name: place for place, each in enumerate(instructions) for name in (*each.reads, each.target)}
        last |= dict.fromkeys(self.outputs, len(instructions))
        place = 0
        for group in groups:
            read = set[str]()
            for each in group.instructions:
                dying = {name for name in each.reads if last[name] == place and name in self.arrays}
                shape = group.room(each.target)
                if shape and each.target not in self.arrays and each.target not in self.taken:
                    dying -= self._assign(each, shape, dying, self._may_replace(each, last, place))
                read |= dying
                place += 1
            self._free += [self.arrays[name] for name in sorted(read)]

    def place(self, name: str) -> Hashable:
        """Return what is the same for all names that share an array."""
        name = self.taken.get(name, name)
        return id(self.arrays[name]) if name in self.arrays else name

    def _may_replace(self, instruction: Instruction, last: Mapping[str, int], place: int) -> bool:
        """Whether the target may take a parameter's place: nobody reads that any more."""
        replaced = self.overwrites.get(instruction.target, "")
        return bool(replaced) and last[replaced] <= place

    def _assign(self, instruction: Instruction, shape: Shape, dying: set[str], replace: bool) -> set[str]:
        """Assign an array to a target; return the operand whose place it takes, if any."""
        name, dtype = instruction.target, np.dtype(bool) if instruction.target in self.program.masks else self.dtype
        if replace:
            self.taken[name] = self.overwrites[name]
            return set()
        for operand in sorted(dying) if not instruction.mixes else ():
            if self._fits(self.arrays[operand], shape, dtype):
                self.arrays[name] = self.arrays[operand]
                return {operand}
        spare = next((array for array in self._free if self._fits(array, shape, dtype)), None)
        if spare is not None:
            self._free = [array for array in self._free if array is not spare]
        self.arrays[name] = np.empty(shape, dtype) if spare is None else spare
        return set()

    @staticmethod
    def _fits(array: Array, shape: Shape, dtype: np.dtype[Any]) -> bool:
        return array.shape == shape and array.dtype == dtype
