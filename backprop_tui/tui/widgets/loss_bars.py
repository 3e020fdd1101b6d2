"""The loss as bars. Imported only once NumPy is there, which numbers are written with."""

from __future__ import annotations

from textual.geometry import Offset
from textual.widget import Widget

from ...printers.bars import Bars
from ...printers.series import Curve


class LossBars(Widget):
    """A bar for each iteration, or for as many as there is room for; a cursor below marks the present one."""

    DEFAULT_CSS = """
    LossBars { color: $text-primary; text-wrap: nowrap; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._curve, self._iteration = Curve([0.0]), 0

    def show(self, curve: Curve, iteration: int) -> None:
        """Draw the losses, and the cursor at one of them."""
        self._curve, self._iteration = curve, iteration
        self.refresh()

    def iteration_at(self, place: Offset) -> int | None:
        """Return the iteration at a place on the screen, None where the place is beside the bars."""
        return self._bars.iteration_at(place.x - self.content_region.x)

    def render(self) -> str:
        return "\n".join(self._bars.lines(self._iteration))

    @property
    def _bars(self) -> Bars:
        return Bars(self._curve, *self.content_size)
