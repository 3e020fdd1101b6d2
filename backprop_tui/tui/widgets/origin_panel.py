"""Where the chosen cell comes from: its formula with the numbers put in, and the matrices they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.style import Style

from ...notation import plain
from .panels import Panel

if TYPE_CHECKING:
    from ...engine.provenance import Origin, Source
    from ...printers.marks import Line
    from ..sight import Sight


class OriginPanel(Panel):
    """The formula of the chosen cell, with its indices, with the numbers, and the result."""

    def see(self, sight: Sight) -> None:
        origin, chosen = sight.origin, sight.walkthrough.source
        row, column = sight.walkthrough.cell
        self.show(told(origin, chosen), f"this cell, row {row} column {column}")
        self.border_subtitle = _hint(origin, chosen, bool(sight.walkthrough.trail))


class OperandsPanel(Panel):
    """The matrices that were put in, with the cells that the chosen one was made from in brackets."""

    _sight: Sight | None = None

    def on_resize(self) -> None:
        if self._sight is not None:
            self.see(self._sight)

    def see(self, sight: Sight) -> None:
        self._sight = sight
        sources, chosen = sight.origin.sources, sight.walkthrough.source
        stage, width = sight.stage, self.size.width
        self.show(sight.texts.operands(stage, sight.values, sources, chosen, width) if stage else "", "put in")


def told(origin: Origin, chosen: int) -> Content:
    """Write an origin's lines below one another, each = below the first; every source can be clicked on."""
    first, *others = (Content.assemble(*_pieces(line, chosen)) for line in origin.equation)
    indent = " " * first.plain.find("=")
    note = [Content.styled(origin.note, "dim")] if origin.note else []
    return Content("\n").join([first, *(indent + line for line in others), *note])


def source_style(source: int, chosen: int) -> Style:
    """The style of a source, wherever it is shown; a click goes there."""
    return Style(bold=True, reverse=source == chosen) + Style.from_meta({"@click": f"screen.follow_source({source})"})


def _pieces(line: Line, chosen: int) -> list[Content]:
    return [
        Content(piece.text) if piece.source is None else Content.styled(piece.text, source_style(piece.source, chosen))
        for piece in line
    ]


def _hint(origin: Origin, chosen: int, returns: bool) -> Content:
    parts = []
    if origin.sources:
        parts.append(f"enter: to {_name(origin.sources[chosen])}")
    if len(origin.sources) > 1:
        parts.append(", . another")
    if returns:
        parts.append("⌫ return")
    return Content(" · ".join(parts))


def _name(source: Source) -> str:
    return f"{plain(source.name)}[{source.row},{source.column}]"
