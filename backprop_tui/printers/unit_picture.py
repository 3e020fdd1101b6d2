"""A chain of layers drawn unit by unit: columns of units, and a line for each weight between two.

A line is solid where its weight is positive, dashed where it is negative, thick where it is large, and missing where it
is next to nothing. What the present stage is about is lit: filled units, heavy arrows.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Final, NamedTuple

from ..calculus.layer_graph import Chain, Layer, Link
from ..notation import plain
from .canvas import ACROSS, DOWN, Canvas, Ink, Role
from .columns import Columns, arranged, mark_hidden
from .scene import LEFT, RIGHT, Scene, fitted, spelled

LIT, UNLIT = "●", "○"
LEAST_HEIGHT: Final = 5
MOST_UNITS: Final = 9
"""Units drawn of one layer."""
_MOST_GAP, _MOST_SPACING = 24, 3
_THICK, _NOTHING = 0.6, 0.02
"""The parts of the largest weight from which a line is thick, and below which there is none."""
_MOST_LINES: Final = 30
"""Lines drawn between two layers, those of the largest weights."""
_LEGEND: Final = "solid +   dashed −   thick: large"
_ARROW: Final = " → "


class _Detail(NamedTuple):
    """How much a column tells: the width of a unit's number, all names of a layer or one, the least room between."""

    number: int
    full: bool
    gap: int


_DETAILS: Final = (
    _Detail(9, True, 8),
    _Detail(6, True, 6),
    _Detail(5, True, 4),
    _Detail(5, False, 4),
    _Detail(0, True, 4),
    _Detail(0, False, 4),
)


def unit_picture(scene: Scene, chain: Chain, width: int, height: int) -> Canvas | None:
    """Draw a chain; None where the room doesn't do."""
    if height < LEAST_HEIGHT:
        return None
    drawing = _Drawing(scene, chain, width, height)
    return drawing.draw() if drawing.columns else None


class _Drawing:
    def __init__(self, scene: Scene, chain: Chain, width: int, height: int) -> None:
        self.scene, self.chain = scene, chain
        self.canvas = Canvas(width, height)
        after = () if chain.target is None else (chain.target,)
        self.layers = [scene.graph.layers[number] for number in (*chain.layers, *after)]
        self.skips = chain.skips if height >= LEAST_HEIGHT + 2 else ()
        self.heading = 1 if self.skips else 0
        self.foot = height - 1 - (height >= LEAST_HEIGHT + 6)
        self.detail, self.columns = self._fitting(width)

    def _fitting(self, width: int) -> tuple[_Detail, Columns | None]:
        """Return the most detail that leaves room for all columns, or the least with those in focus."""
        order = [*self.chain.layers, self.chain.target]
        focus = order.index(self.scene.focus())
        for detail in _DETAILS:
            columns = arranged(self._widths(detail), width, focus, detail.gap, _MOST_GAP)
            if columns and len(columns.lefts) == len(self.layers):
                break
        return detail, columns

    def _widths(self, detail: _Detail) -> list[int]:
        return [max(detail.number + _lead(detail), _heading_width(layer, detail.full)) for layer in self.layers]

    def draw(self) -> Canvas:
        """Draw lines, then what stands over them."""
        links = [*self.chain.steps, *([self._target_link()] if self.chain.target is not None else [])]
        for place, link in enumerate(links):
            left, right = self._edge(place), self.columns.left(place + 1)
            if left is not None and right is not None:
                self._lines(place, link, (left, right - 1))
                self._label(link, left, right - left, place)
        for place, layer in sorted(enumerate(self.layers), key=lambda found: self.scene.lights_layer(found[1])):
            self._layer(place, layer)
        for link in self.skips:
            self._skip(link)
        mark_hidden(self.canvas, self.columns, len(self.layers), self.canvas.height - 1)
        self._note()
        return self.canvas

    def _edge(self, place: int) -> int | None:
        """Return the first column of characters right of a layer."""
        left = self.columns.left(place)
        return None if left is None else left + self._widths(self.detail)[place]

    def _target_link(self) -> Link:
        return next(link for link in self.scene.graph.links if link.source == self.chain.target)

    # Layers

    def _layer(self, place: int, layer: Layer) -> None:
        left = self.columns.left(place)
        if left is None:
            return
        lit, told = self.scene.lights_layer(layer), self.scene.told(layer)
        for number, row in self._rows(layer):
            ink = Ink(Role.UNIT, self.scene.click(layer.names[-1]), lit)
            value = self.scene.unit(layer, number) if told and self.detail.number else None
            text = "" if value is None else " " * (_lead(self.detail) - 1) + fitted(value, self.detail.number)
            self.canvas.write(left, row, (LIT if lit else UNLIT) + text, ink)
        self._more(layer, left)
        self._names(layer, left)
        self._under(layer, left, told, lit)

    def _rows(self, layer: Layer) -> list[tuple[int, int]]:
        """Return the units that are drawn, each with its row."""
        count, area = layer.units, self.foot - self.heading - 1
        shown = min(count, area, MOST_UNITS)
        units = list(range(count)) if shown == count else [*range(shown - 2), count - 1]
        spacing = min(_MOST_SPACING, (area - 1) // (shown - 1)) if shown > 1 else 1
        top = self.heading + 1 + (area - 1 - (shown - 1) * spacing) // 2
        last = top + (shown - 1) * spacing
        return [(number, last if number == count - 1 else top + number * spacing) for number in units]

    def _more(self, layer: Layer, left: int) -> None:
        rows = self._rows(layer)
        if len(rows) < layer.units:
            (_, above), (_, last) = rows[-2:]
            count = f"⋮ {layer.units - len(rows)}"
            room = self._widths(self.detail)[self.layers.index(layer)] + self.columns.gap - 1
            text = next(text for text in (f"{count} more", count, "⋮") if len(text) <= room or text == "⋮")
            self.canvas.write(left, (above + last) // 2, text, Ink(Role.NOTE))

    def _names(self, layer: Layer, left: int) -> None:
        names = layer.names
        if not self.detail.full:
            names = (self.scene.subject,) if self.scene.subject in names else names[-1:]
        for name in names:
            lit = self.scene.lights_layer(layer) and name == self.scene.subject
            self.canvas.write(left, self.heading, plain(name), Ink(Role.NAME, self.scene.click(name), lit))
            left += len(plain(name))
            if name != names[-1]:
                self.canvas.write(left, self.heading, _ARROW, Ink(Role.NOTE))
                left += len(_ARROW)

    def _under(self, layer: Layer, left: int, told: str, lit: bool) -> None:
        """Name, under the units, the derivative that they show, or else the layer's own parameters."""
        if lit and self.scene.stage not in layer.names:
            self.canvas.write(left, self.foot, plain(self.scene.stage), Ink(Role.NAME, self.scene.stage, True))
            return
        for name in layer.parameters:
            text = f"+ {plain(name)} "
            self.canvas.write(left, self.foot, text, Ink(Role.NOTE, self.scene.click(name)))
            left += len(text)

    # Links

    def _lines(self, place: int, link: Link, edges: tuple[int, int]) -> None:
        starts, ends = self._rows(self.layers[place]), self._rows(self.layers[place + 1])
        start, end = edges[0] * ACROSS + 1, edges[1] * ACROSS
        lit = self.scene.lights_link(link)
        name = self.scene.click(link.weights) if link.weights else ""
        strengths = sorted(self._strengths(link, starts, ends), key=lambda found: abs(found[0]))
        for strength, source, target in strengths[-_MOST_LINES:]:
            role = Role.LINE if not link.weights else Role.POSITIVE if strength > 0 else Role.NEGATIVE
            self.canvas.line(
                (start, source * DOWN + 1),
                (end, target * DOWN + 1),
                Ink(role, name, lit),
                thick=2 if link.weights and abs(strength) >= _THICK else 1,
                dashed=strength < 0,
            )

    def _strengths(
        self, link: Link, starts: list[tuple[int, int]], ends: list[tuple[int, int]]
    ) -> Iterator[tuple[float, int, int]]:
        """Yield each line's weight, as a part of the largest drawn, and the rows that it joins."""
        if not link.weights:
            alike = len(starts) == len(ends) > 1
            yield from ((1.0, a, b) for i, a in starts for j, b in ends if i == j or not alike)
            return
        weights = {(a, b): self.scene.weight(link, i, j) for i, a in starts for j, b in ends}
        largest = max((abs(weight) for weight in weights.values() if isfinite(weight)), default=0.0)
        for (a, b), weight in weights.items():
            if isfinite(weight) and abs(weight) > _NOTHING * largest:
                yield weight / largest, a, b

    def _label(self, link: Link, left: int, width: int, place: int) -> None:
        """Write, in the row of the names, the weights and the way values go."""
        lit = self.scene.lights_link(link)
        flow = self._flow(place)
        before = {LEFT: "◀━" if lit else "←"}.get(flow, "")
        after = {RIGHT: "━▶" if lit else "→"}.get(flow, "")
        name = self.scene.stage if lit and link.weights else link.weights
        told = spelled(name, link.transposed and name == link.weights)
        text = " ".join(part for part in (before, told, after) if part)
        fitting = [text for text in (text, told or before + after) if len(text) <= width - 2]
        text = next(iter(fitting), "")
        row, start = self.heading, left + (width - len(text)) // 2
        self.canvas.write(start, row, text, Ink(Role.NAME, self.scene.click(link.weights), lit))

    def _flow(self, place: int) -> str:
        """The way values go between a layer and the next; from a target they only go to the loss."""
        if place < len(self.chain.steps):
            return self.scene.flow
        return LEFT if self.scene.flow == RIGHT else ""

    def _skip(self, link: Link) -> None:
        """Draw a link that passes over the layers between its ends."""
        start, end = (self.columns.left(self.chain.layers.index(number)) for number in (link.source, link.target))
        if start is None or end is None:
            return
        lit = self.scene.lights_link(link)
        arrow = {RIGHT: "▶", LEFT: "◀"}.get(self.scene.flow, "")
        span = end - start - 3
        line = arrow.center(span, "━" if lit else "─")
        ink = Ink(Role.LINE, self.scene.click(link.makes), lit)
        self.canvas.write(start + 1, 0, f"╭{line}╮", ink)

    def _note(self) -> None:
        """Write, in the last row, what the lines mean and which sample is shown."""
        if self.foot == self.canvas.height - 1:
            return
        samples = max(len(self.scene.values[name]) for name in self.scene.graph.layers[0].names)
        which = f"sample {self.scene.sample} of {samples}   " if samples > 1 else ""
        self.canvas.write(0, self.canvas.height - 1, which + _LEGEND, Ink(Role.NOTE))


def _lead(detail: _Detail) -> int:
    """The room for a unit's circle, and a space where numbers are long."""
    return 1 if detail.number < _DETAILS[1].number else 2


def _heading_width(layer: Layer, full: bool) -> int:
    """The room for all names of a layer, or for the longest."""
    return len(_ARROW.join(map(plain, layer.names))) if full else max(map(len, map(plain, layer.names)))
