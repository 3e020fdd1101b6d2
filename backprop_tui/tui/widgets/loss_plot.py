"""The loss over the iterations so far, with a cursor at the present one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from ...notation import plain
from ...printers.series import Curve

if TYPE_CHECKING:
    from .loss_bars import LossBars
    from .loss_chart import LossChart

CHART_WIDTH: Final = 36
CHART_HEIGHT: Final = 9
"""The room from which there are axes; with less, the losses are bars."""


class LossPlot(Widget):
    """A plot where there is room for axes, bars where there isn't; a click on an iteration asks to go there.

    Either is made when losses are first shown: it needs NumPy, which isn't imported before the first frame.
    """

    DEFAULT_CSS = """
    LossPlot {
        layout: vertical;
        & > .loss-told { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > LossBars, & > LossChart { height: 1fr; }
    }
    """

    class Chosen(Message):
        """An iteration was clicked on."""

        def __init__(self, plot: LossPlot, iteration: int) -> None:
            super().__init__()
            self.plot, self.iteration = plot, iteration

        @property
        def control(self) -> LossPlot:
            return self.plot

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._curve, self._iteration, self._loss = Curve(()), 0, ""
        self._view: LossBars | LossChart | None = None

    def compose(self) -> ComposeResult:
        yield Static(classes="loss-told", markup=False)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._draw())

    def on_resize(self) -> None:
        self._draw()

    def show(self, losses: Sequence[float], iteration: int, name: str = "E") -> None:
        """Show the losses of all iterations so far, and mark the present one.

        Parameters
        ----------
        losses:
            One for each iteration, from the first; what is no number leaves a gap.
        iteration:
            The present one.
        name:
            What the loss is called.

        """
        self._curve, self._iteration, self._loss = Curve(losses), iteration, name
        self._draw()

    def _draw(self) -> None:
        if len(self._curve) and self.size:
            self.query_one(".loss-told", Static).update(self._told())
            self._fitting().show(self._curve, self._iteration)

    def _fitting(self) -> LossBars | LossChart:
        """Return what there is room for, in place of what was there before."""
        from .loss_bars import LossBars
        from .loss_chart import LossChart

        room = self.content_size.width >= CHART_WIDTH and self.content_size.height >= CHART_HEIGHT
        kind = LossChart if room and self._curve.numbers else LossBars
        if not isinstance(self._view, kind):
            if self._view is not None:
                self._view.remove()
            self._view = kind()
            self.mount(self._view)
        return self._view

    def _told(self) -> str:
        """The present loss in words, the kind of scale, and where the losses cease to be numbers."""
        name, point, lost = plain(self._loss), self._curve.point(self._iteration), self._curve.lost
        told = f"{name} = {self._curve.losses[self._iteration] + 0:.6g}" if point else f"{name} is no number"
        word = "iteration " if self.content_size.width >= CHART_WIDTH else ""
        where = f"at {word}{self._iteration} of {len(self._curve) - 1}"
        gap = "" if lost is None else f"no number from {lost} on"
        scale = "log scale" if self._curve.logarithmic else ""
        return "   ".join(part for part in (told, where, gap, scale) if part)

    def on_click(self, event: events.Click) -> None:
        iteration = self._view.iteration_at(event.screen_offset) if self._view else None
        if iteration is not None:
            event.stop()
            self.post_message(self.Chosen(self, iteration))
