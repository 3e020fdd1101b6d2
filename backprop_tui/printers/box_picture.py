"""Any network drawn as boxes: a layer each, in columns from the inputs to the loss, with arrows between them."""

from __future__ import annotations

from typing import Final

from ..calculus.layer_graph import Layer, Link
from ..notation import plain
from .box_layout import FORMS, BoxLayout, Ends, Slot
from .canvas import ACROSS, DOWN, Canvas, Ink, Role
from .columns import mark_hidden
from .scene import LEFT, RIGHT, Scene, spelled

_FRAMES: Final = {False: tuple("┌─┐│└┘"), True: tuple("┏━┓┃┗┛")}


def box_picture(scene: Scene, width: int, height: int) -> Canvas | None:
    """Draw a network; None where the room doesn't do."""
    layouts = [BoxLayout(scene.graph, form, (width, height), scene.focus()) for form in FORMS]
    fitting = [layout for layout in layouts if layout.fits]
    best = next((layout for layout in fitting if layout.whole), fitting[-1] if fitting else None)
    return _Drawing(scene, best, Canvas(width, height)).draw() if best else None


class _Drawing:
    def __init__(self, scene: Scene, layout: BoxLayout, canvas: Canvas) -> None:
        self.scene, self.layout, self.canvas = scene, layout, canvas

    def draw(self) -> Canvas:
        """Draw arrows, the lit ones last, then boxes and words over them."""
        arrows = sorted(self.layout.bundles.items(), key=lambda bundle: self._lit(bundle[1]))
        for ends, links in arrows:
            self._arrow(ends, Ink(Role.LINE, self._click(links), self._lit(links)))
        for number, layer in enumerate(self.scene.graph.layers):
            self._box(number, layer)
        for ends, links in arrows:
            self._words(ends, links)
        mark_hidden(self.canvas, self.layout.columns, len(self.layout.widths), 0)
        return self.canvas

    def _lit(self, links: list[Link]) -> bool:
        return any(map(self.scene.lights_link, links))

    def _click(self, links: list[Link]) -> str:
        weights = [link.weights for link in links if link.weights]
        return self.scene.click(weights[0] if weights else links[0].makes)

    def _span(self, depth: int) -> tuple[int, int] | None:
        """Return the characters that a column takes up, None where it isn't shown."""
        left = self.layout.columns.left(depth)
        return None if left is None else (left, left + self.layout.widths[depth])

    def _gap(self, depth: int) -> tuple[int, int] | None:
        """Return the characters between a column and the next, None where one of them isn't shown."""
        here, there = self._span(depth), self._span(depth + 1)
        return (here[1], there[0]) if here and there else None

    # Boxes

    def _box(self, number: int, layer: Layer) -> None:
        span = self._span(layer.depth)
        if span is None:
            return
        row, lit = self.layout.rows[Slot(layer.depth, number)], self.scene.lights_layer(layer)
        ink = Ink(Role.UNIT, self.scene.click(layer.names[-1]), lit)
        corner, flat, other, side, low, last = _FRAMES[lit]
        inner = span[1] - span[0] - 2
        if self.layout.form.height > 1:
            self.canvas.write(span[0], row - 1, corner + flat * inner + other, ink)
            self.canvas.write(span[0], row + 1, low + flat * inner + last, ink)
        self.canvas.write(span[0], row, side + " " * inner + side, ink)
        self._names(layer, (span[0] + 2, row), inner - 2)
        told = plain(self.scene.stage)
        if lit and self.scene.stage not in layer.names and self.layout.form.height > 1 and len(told) <= inner:
            self.canvas.write(span[0] + 1 + (inner - len(told)) // 2, row + 1, told, ink._replace(role=Role.NAME))

    def _names(self, layer: Layer, place: tuple[int, int], room: int) -> None:
        """Write a layer's names, in the middle of its box, the present one lit."""
        column, row = place
        names = self.layout.names(layer, self.scene.subject)
        column += (room - len(" → ".join(map(plain, names)))) // 2
        for name in names:
            lit = self.scene.lights_layer(layer) and name == self.scene.subject
            self.canvas.write(column, row, plain(name), Ink(Role.NAME, self.scene.click(name), lit))
            column += len(plain(name))
            if name != names[-1]:
                self.canvas.write(column, row, " → ", Ink(Role.NOTE))
                column += len(" → ")

    # Arrows

    def _arrow(self, ends: Ends, ink: Ink) -> None:
        """Draw what joins two boxes, along its lanes through the columns in between."""
        for here, there in self.layout.route(ends):
            if gap := self._gap(here.depth):
                self._line(gap, (self.layout.rows[here], self.layout.rows[there]), ink)
            span = self._span(there.depth)
            if there.lane and span:
                self._line(span, (self.layout.rows[there], self.layout.rows[there]), ink)

    def _line(self, span: tuple[int, int], rows: tuple[int, int], ink: Ink) -> None:
        start, end = (span[0] * ACROSS, rows[0] * DOWN + 1), (span[1] * ACROSS - 1, rows[1] * DOWN + 1)
        self.canvas.line(start, end, ink, thick=2 if ink.lit else 1)

    def _words(self, ends: Ends, links: list[Link]) -> None:
        """Write the weights on an arrow, and its head where values go along it."""
        (here, there), (_, last) = (self.layout.route(ends)[place] for place in (0, -1))
        ink = Ink(Role.NAME, self._click(links), self._lit(links))
        if gap := self._gap(here.depth):
            told = self._told(links, gap[1] - gap[0] - 2)
            column = (gap[0] + gap[1] - len(told)) // 2
            self.canvas.write(column, (self.layout.rows[here] + self.layout.rows[there]) // 2, told, ink)
        flow = self.scene.flow
        if flow == LEFT and not self.scene.graph.layers[ends[0]].is_input and (gap := self._gap(here.depth)):
            self.canvas.write(gap[0], self.layout.rows[here], "◀", ink._replace(role=Role.LINE))
        if flow == RIGHT and (gap := self._gap(last.depth - 1)):
            self.canvas.write(gap[1] - 1, self.layout.rows[last], "▶", ink._replace(role=Role.LINE))

    def _told(self, links: list[Link], room: int) -> str:
        """Spell what stands on an arrow: its weights, or the present stage where that is about them and has room."""
        weighted = [link for link in links if link.weights]
        weights = ", ".join(spelled(link.weights, link.transposed) for link in weighted)
        texts = [plain(self.scene.stage)] if self._lit(weighted) else []
        fitting = [text for text in (*texts, weights) if len(text) <= room]
        return f" {fitting[0]} " if fitting and fitting[0] else ""
