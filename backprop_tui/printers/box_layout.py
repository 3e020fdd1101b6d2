"""Where a network's layers stand as boxes: columns by depth, with lanes for the links that pass a column by."""

from __future__ import annotations

from itertools import pairwise
from statistics import mean
from typing import Final, NamedTuple

from ..calculus.layer_graph import Layer, LayerGraph, Link
from ..notation import plain
from .columns import arranged

LEAST_GAP, MOST_GAP = 5, 20
_BORDER: Final = 4
_MOST_BETWEEN: Final = 2

Ends = tuple[int, int]
"""The layers that links lead from and to."""


class Slot(NamedTuple):
    """A place in a column: for a layer by its number, or for the lane of the links between two others."""

    depth: int
    layer: int | None = None
    lane: Ends | None = None


class Form(NamedTuple):
    """How boxes are written: their height, and whether they tell all names of a layer or one."""

    height: int
    full: bool


FORMS: Final = (Form(3, True), Form(3, False), Form(1, True), Form(1, False))


class BoxLayout:
    """The places of all boxes and lanes in the room there is.

    Attributes
    ----------
    bundles:
        The links, all those between the same two layers together.
    columns:
        Where the columns stand.
    widths:
        The width of each column.
    rows:
        The middle row of each slot.

    """

    def __init__(self, graph: LayerGraph, form: Form, room: tuple[int, int], focus: int) -> None:
        self.graph, self.form = graph, form
        width, self._room = room
        self.bundles: dict[Ends, list[Link]] = {}
        for link in graph.links:
            self.bundles.setdefault((link.source, link.target), []).append(link)
        self._slots = self._ordered()
        self.widths = [max(map(self._width, column)) for column in self._slots]
        self.columns = arranged(self.widths, width, graph.layers[focus].depth, LEAST_GAP, MOST_GAP)
        self.rows = {slot: row for column in self._slots for slot, row in self._stacked(column).items()}

    @property
    def fits(self) -> bool:
        """Whether every column is as high as the room at the most, and at least one is shown."""
        return bool(self.columns.lefts) and all(self._height(column) <= self._room for column in self._slots)

    @property
    def whole(self) -> bool:
        """Whether all columns are shown."""
        return self.columns.whole(len(self.widths))

    def route(self, ends: Ends) -> list[tuple[Slot, Slot]]:
        """Return the slots that an arrow joins on its way, pair by pair."""
        source, target = (self.graph.layers[number].depth for number in ends)
        lanes = [Slot(depth, lane=ends) for depth in range(source + 1, target)]
        return list(pairwise([Slot(source, ends[0]), *lanes, Slot(target, ends[1])]))

    def names(self, layer: Layer, subject: str) -> tuple[str, ...]:
        """Return the names that a layer's box tells; where there is room for one, that which is asked for."""
        if self.form.full:
            return layer.names
        return (subject,) if subject in layer.names else layer.names[-1:]

    def _ordered(self) -> list[list[Slot]]:
        """Return what each column holds, each slot near what leads to it, so that arrows cross little."""
        columns: list[list[Slot]] = [[] for _ in range(1 + max(layer.depth for layer in self.graph.layers))]
        for number, layer in enumerate(self.graph.layers):
            columns[layer.depth].append(Slot(layer.depth, number))
        before: dict[Slot, list[Slot]] = {}
        for ends in self.bundles:
            for here, there in self.route(ends):
                before.setdefault(there, []).append(here)
                if there.lane:
                    columns[there.depth].append(there)
        places: dict[Slot, float] = {}
        for column in columns:
            pull = {slot: mean(map(places.__getitem__, before[slot])) if slot in before else 0.0 for slot in column}
            column.sort(key=pull.__getitem__)
            places |= {slot: place - (len(column) - 1) / 2 for place, slot in enumerate(column)}
        return columns

    def _tall(self, slot: Slot) -> int:
        return 1 if slot.lane else self.form.height

    def _height(self, column: list[Slot]) -> int:
        return sum(map(self._tall, column))

    def _stacked(self, column: list[Slot]) -> dict[Slot, int]:
        """Return the middle row of each slot of a column, spread over the room."""
        spare = max(0, self._room - self._height(column))
        between = min(_MOST_BETWEEN, spare // (len(column) + 1))
        row = (spare - between * (len(column) - 1)) // 2
        rows = {}
        for slot in column:
            rows[slot] = row + self._tall(slot) // 2
            row += self._tall(slot) + between
        return rows

    def _width(self, slot: Slot) -> int:
        if slot.layer is None:
            return 1
        layer = self.graph.layers[slot.layer]
        every = [" → ".join(map(plain, layer.names))] if self.form.full else list(map(plain, layer.names))
        return max(map(len, every)) + _BORDER
