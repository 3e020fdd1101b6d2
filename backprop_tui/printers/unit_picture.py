"""A chain of layers drawn unit by unit: columns of units, and a line for each weight between two.

A line is solid where its weight is positive, dashed where it is negative, thick where it is large, and missing where it
is next to nothing. What the present stage is about is lit: filled units, filled arrows.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Final

from ..calculus.layer_graph import Chain, Layer, Link
from ..notation import plain
from .canvas import ACROSS, DOWN, Canvas, Ink, Role
from .columns import mark_hidden
from .scene import LEFT, RIGHT, Scene, fitted, spelled
from .unit_layout import ARROW, LEAST_HEIGHT, UnitLayout

LIT, UNLIT = "●", "○"
_THICK, _NOTHING = 0.6, 0.02
"""The parts of the largest weight from which a line is thick, and below which there is none."""
_MOST_LINES: Final = 30
"""Lines drawn between two layers, those of the largest weights."""
_LEGEND: Final = "solid +   dashed −   thick: large"


def unit_picture(scene: Scene, chain: Chain, width: int, height: int) -> Canvas | None:
    """Draw a chain; None where the room doesn't do."""
    if height < LEAST_HEIGHT:
        return None
    numbers = [*chain.layers, *(() if chain.target is None else (chain.target,))]
    layers = [scene.graph.layers[number] for number in numbers]
    layout = UnitLayout(layers, chain, (width, height), numbers.index(scene.focus()))
    return _Drawing(scene, chain, layout, Canvas(width, height)).draw() if layout.columns.lefts else None


class _Drawing:
    def __init__(self, scene: Scene, chain: Chain, layout: UnitLayout, canvas: Canvas) -> None:
        self.scene, self.chain, self.layout, self.canvas = scene, chain, layout, canvas
        self.layers, self.columns, self.detail = layout.layers, layout.columns, layout.detail

    def draw(self) -> Canvas:
        """Draw lines, then what stands over them."""
        links = [*self.chain.steps, *(link for link in self.scene.graph.links if link.source == self.chain.target)]
        for place, link in enumerate(links):
            left, right = self.columns.left(place), self.columns.left(place + 1)
            if left is not None and right is not None:
                self._lines(place, link, (left + self._written(place), right - 1))
                edge = left + self.layout.widths[place]
                self._label(link, edge, right - edge, place)
        for place, layer in sorted(enumerate(self.layers), key=lambda found: self.scene.lights_layer(found[1])):
            self._layer(place, layer)
        if self.layout.skips is not None:
            for link in self.chain.skips:
                self._skip(link, self.layout.skips)
        mark_hidden(self.canvas, self.columns, len(self.layers), self.canvas.height - 1)
        self._note()
        return self.canvas

    def _written(self, place: int) -> int:
        """The room that a layer's units take; that of an input's numbers, for they stay as they are."""
        layer = self.layers[place]
        texts = [self._text(layer, number) for number, _ in self.layout.units(layer)] if layer.is_input else []
        return max(map(len, texts)) if texts else self.layout.widths[place]

    # Layers

    def _layer(self, place: int, layer: Layer) -> None:
        left = self.columns.left(place)
        if left is None:
            return
        lit = self.scene.lights_layer(layer)
        for number, row in self.layout.units(layer):
            ink = Ink(Role.UNIT, self.scene.stage if lit else self.scene.click(layer.names[-1]), lit)
            self.canvas.write(left, row, self._text(layer, number), ink)
        self._more(layer, left)
        self._names(layer, left)
        self._under(layer, left, lit)

    def _text(self, layer: Layer, number: int) -> str:
        """A unit's circle, with its value where it is known and there is room."""
        circle = LIT if self.scene.lights_layer(layer) else UNLIT
        value = self.scene.unit(layer, number) if self.detail.number else None
        return circle if value is None else circle.ljust(self.detail.lead) + fitted(value, self.detail.number)

    def _more(self, layer: Layer, left: int) -> None:
        rows = self.layout.units(layer)
        if len(rows) < layer.units:
            (_, above), (_, last) = rows[-2:]
            count = f"⋮ {layer.units - len(rows)}"
            room = self.layout.widths[self.layers.index(layer)] + self.columns.gap - 1
            text = next((each for each in (f"{count} more", count) if len(each) <= room), "⋮")
            self.canvas.write(left, (above + last) // 2, text, Ink(Role.NOTE))

    def _names(self, layer: Layer, left: int) -> None:
        names = self.layout.names(layer, self.scene.subject)
        for name in names:
            lit = self.scene.lights_layer(layer) and name == self.scene.subject
            self.canvas.write(left, self.layout.heading, plain(name), Ink(Role.NAME, self.scene.click(name), lit))
            left += len(plain(name))
            if name != names[-1]:
                self.canvas.write(left, self.layout.heading, ARROW, Ink(Role.NOTE))
                left += len(ARROW)

    def _under(self, layer: Layer, left: int, lit: bool) -> None:
        """Name, under the units, the derivative that they show, or else the layer's own parameters."""
        if lit and self.scene.stage not in layer.names:
            self.canvas.write(left, self.layout.foot, plain(self.scene.stage), Ink(Role.NAME, self.scene.stage, True))
            return
        for name in layer.parameters:
            text = f"+ {plain(name)} "
            self.canvas.write(left, self.layout.foot, text, Ink(Role.NOTE, self.scene.click(name)))
            left += len(text)

    # Links

    def _lines(self, place: int, link: Link, edges: tuple[int, int]) -> None:
        starts, ends = self.layout.units(self.layers[place]), self.layout.units(self.layers[place + 1])
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
        before = {LEFT: "◀" if lit else "←"}.get(flow, "")
        after = {RIGHT: "▶" if lit else "→"}.get(flow, "")
        name = self.scene.stage if lit and link.weights else link.weights
        told = spelled(name, link.transposed and name == link.weights)
        whole = " ".join(part for part in (before, told, after) if part)
        texts = (whole, before + told + after, told or before + after, spelled(link.weights, link.transposed))
        text = next((each for each in texts if len(each) <= width - 2), "")
        row, start = self.layout.heading, left + (width - len(text)) // 2
        self.canvas.write(start, row, text, Ink(Role.NAME, self.scene.click(link.weights), lit))

    def _flow(self, place: int) -> str:
        """The way values go between a layer and the next; from a target they only go to the loss."""
        if place < len(self.chain.steps):
            return self.scene.flow
        return LEFT if self.scene.flow == RIGHT else ""

    def _skip(self, link: Link, row: int) -> None:
        """Draw a link that passes over the layers between its ends."""
        start, end = (self.columns.left(self.chain.layers.index(number)) for number in (link.source, link.target))
        if start is None or end is None:
            return
        lit = self.scene.lights_link(link)
        arrow = {RIGHT: "▶", LEFT: "◀"}.get(self.scene.flow, "")
        line = arrow.center(end - start - 3, "━" if lit else "─")
        ink = Ink(Role.LINE, self.scene.click(link.makes), lit)
        self.canvas.write(start + 1, row, f"╭{line}╮", ink)

    def _note(self) -> None:
        """Write, in the last row, what the lines mean and which sample is shown."""
        if self.layout.note is None:
            return
        samples = max(len(self.scene.values[name]) for name in self.scene.graph.layers[0].names)
        which = f"sample {self.scene.sample} of {samples}   " if samples > 1 else ""
        self.canvas.write(0, self.layout.note, which + _LEGEND, Ink(Role.NOTE))
