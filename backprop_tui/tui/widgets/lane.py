"""The rows or the columns of a matrix in a window that shows whole ones only: half a number is another number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lane:
    """Equal slots in a row, of which a window shows some.

    Attributes
    ----------
    count:
        How many slots there are.
    size:
        The characters that one takes.
    room:
        The characters that the window has for them.

    """

    count: int
    size: int
    room: int

    @property
    def fitting(self) -> int:
        """How many slots the window shows, one at the least."""
        return max(1, min(self.count, self.room // self.size))

    @property
    def farthest(self) -> int:
        """How far one can scroll: a slot's size for each slot out of sight."""
        return (self.count - self.fitting) * self.size

    @property
    def extent(self) -> int:
        """The length that the scroll bar stands for."""
        return self.room + self.farthest if self.farthest else self.count * self.size

    def shown(self, scroll: int) -> range:
        """Return the slots in the window, the nearest whole one first."""
        first = min((scroll + self.size // 2) // self.size, self.count - self.fitting)
        return range(first, first + self.fitting)

    def at(self, offset: int, scroll: int) -> int | None:
        """Return the slot at a place of the window, None where there is none."""
        shown = self.shown(scroll)
        place = offset // self.size
        return shown[place] if 0 <= place < len(shown) else None

    def reveal(self, slot: int, scroll: int) -> int:
        """Return how far to scroll for a slot to be in the window: not at all if it is."""
        shown = self.shown(scroll)
        if slot < shown.start:
            return slot * self.size
        if slot >= shown.stop:
            return (slot + 1 - self.fitting) * self.size
        return scroll
