"""The network as a picture, with the present stage lit in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from ...calculus.derivation import Derivation
    from ...calculus.layer_graph import LayerGraph
    from ...printers.canvas import Canvas, Run

_PARTS: Final = (
    "empty",
    *(f"{lit}{role}" for lit in ("", "lit-") for role in ("name", "unit", "positive", "negative", "line")),
    "note",
)
"""What a picture is made of, plain and lit, to be given styles."""

NO_ROOM: Final = "The picture of the network needs more room."


class NetworkPicture(Widget):
    """Layers, units and weighted links; a click on one of them asks to go to its stage.

    A network whose layers follow one another is drawn unit by unit, any other one as boxes with arrows. What the
    present stage is about is lit, by its shape as well as by its colour.
    """

    COMPONENT_CLASSES = {f"network-picture--{part}" for part in _PARTS}
    DEFAULT_CSS = """
    NetworkPicture {
        & > .network-picture--name { text-style: bold; }
        & > .network-picture--positive { color: $text-primary 60%; }
        & > .network-picture--negative { color: $text-error 60%; }
        & > .network-picture--line, & > .network-picture--note { color: $text-muted; }
        & > .network-picture--lit-name { color: $text-warning; text-style: bold underline; }
        & > .network-picture--lit-unit, & > .network-picture--lit-line { color: $text-warning; text-style: bold; }
        & > .network-picture--lit-positive { color: $text-primary; text-style: bold; }
        & > .network-picture--lit-negative { color: $text-error; text-style: bold; }
    }
    """

    class Chosen(Message):
        """A quantity was clicked on."""

        def __init__(self, picture: NetworkPicture, name: str) -> None:
            super().__init__()
            self.picture, self.name = picture, name

        @property
        def control(self) -> NetworkPicture:
            return self.picture

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._derivation: Derivation | None = None
        self._graph: LayerGraph | None = None
        self._values: Mapping[str, Any] = {}
        self._stage, self._sample = "", 0
        self._canvas: Canvas | None = None

    def show(self, derivation: Derivation, values: Mapping[str, Any], stage_name: str, sample: int = 0) -> None:
        """Show a stage.

        Parameters
        ----------
        derivation:
            The network's.
        values:
            Every quantity's value at the iteration.
        stage_name:
            The stage to light, or something given.
        sample:
            The row of the data whose values the units show.

        """
        from ...calculus.layering import layer_graph

        if derivation is not self._derivation:
            self._derivation, self._graph = derivation, layer_graph(derivation)
        self._values, self._stage, self._sample = values, stage_name, sample
        self.refresh()

    def render(self) -> Content:
        self._canvas = self._drawn()
        if self._canvas is None:
            return Content(NO_ROOM if self._derivation else "")
        return Content("\n").join(Content.assemble(*map(self._styled, row)) for row in self._canvas.rows())

    def _drawn(self) -> Canvas | None:
        from ...printers.network_picture import network_picture
        from ...printers.scene import Scene

        if self._derivation is None or self._graph is None:
            return None
        scene = Scene(self._derivation, self._graph, self._values, self._stage, self._sample)
        return network_picture(scene, *self.content_size)

    def _styled(self, run: Run) -> Content:
        part = f"lit-{run.ink.role}" if run.ink.lit else run.ink.role
        return Content.styled(run.text, self.get_visual_style(f"network-picture--{part}"))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        name = self._canvas.ink(*offset).name if self._canvas and offset else ""
        if name:
            event.stop()
            self.post_message(self.Chosen(self, name))
