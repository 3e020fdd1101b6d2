"""The loss as a line over the iterations. Imported only once NumPy is there, which textual-plot needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.style import Style
from textual.geometry import Offset
from textual_plot import HiResMode, PlotWidget
from textual_plot.axis_formatter import NumericAxisFormatter

from ...printers.numbers import number
from ...printers.series import Curve, Point, ticks

_PAD: Final = 0.05
"""The part of the losses' range that is left free above and below."""
_HALF: Final = 0.5
_LEAST_TICKS: Final = 3
_LABEL_ROWS, _LABEL_COLUMNS = 3, 12
"""The room for a label of each axis."""


class _Linear(NumericAxisFormatter):
    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [number(tick, 4) for tick in ticks]


class _Logarithmic(NumericAxisFormatter):
    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [number(10.0**tick, 4) for tick in ticks]


class LossChart(PlotWidget, can_focus=False):
    """A plot that leaves keys and mouse wheel to others; a line and a dot mark the present iteration."""

    COMPONENT_CLASSES = {"loss-chart--line", "loss-chart--cursor"}
    DEFAULT_CSS = """
    LossChart {
        & > .plot--axis { color: $text-muted; }
        & > .plot--tick { color: $foreground; text-style: none; }
        & > .loss-chart--line { color: $text-primary; }
        & > .loss-chart--cursor { color: $text-warning; text-style: bold; }
    }
    """

    def __init__(self) -> None:
        super().__init__(allow_pan_and_zoom=False)
        self.set_reactive(PlotWidget.margin_top, 0)
        self.set_reactive(PlotWidget.margin_bottom, 1)
        self.set_x_formatter(_Linear())
        self._curve, self._iteration = Curve(()), 0

    def show(self, curve: Curve, iteration: int) -> None:
        """Plot the losses, of which at least one is a number, and the cursor at one of them."""
        self._curve, self._iteration = curve, iteration
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.size or not len(self._curve):
            return
        self.clear()
        low, high = self._fit()
        self._line(self._curve.thinned(self.size.width), "line")
        self._line([Point(self._iteration, low), Point(self._iteration, high)], "cursor")
        if here := self._curve.point(self._iteration):
            self.scatter([here.iteration], [here.height], "●", self._pen("cursor"))

    def _line(self, points: Sequence[Point], part: str) -> None:
        iterations, heights = zip(*points, strict=True)
        self.plot(iterations, heights, self._pen(part), HiResMode.BRAILLE)

    def iteration_at(self, place: Offset) -> int | None:
        """Return the iteration at a place on the screen, None where the place is beside the plot."""
        canvas = self.query_one("#plot").region
        if not canvas.contains_point(place):
            return None
        return round(self.get_coordinate_from_pixel(place.x - canvas.x, place.y - canvas.y)[0])

    def _fit(self) -> tuple[float, float]:
        """Set the ticks of both axes and the room that the labels need; set the limits and return the losses' ones."""
        least, greatest = self._curve.bounds
        pad = (greatest - least) * _PAD or abs(least) * _PAD or 1.0
        low, high = least - pad, greatest + pad
        formatter = _Logarithmic() if self._curve.logarithmic else _Linear()
        marks = ticks(low, high, max(_LEAST_TICKS, self.size.height // _LABEL_ROWS), whole=self._curve.logarithmic)
        self.set_y_formatter(formatter)
        self.set_yticks(marks)
        self._leave(max(map(len, formatter.get_labels_for_ticks(marks)), default=0) + 1)
        self.set_ylimits(low, high)
        last = len(self._curve) - 1
        self.set_xticks(ticks(0, last, max(_LEAST_TICKS, self.size.width // _LABEL_COLUMNS), whole=True))
        self.set_xlimits(-_HALF, last + _HALF)
        return low, high

    def _leave(self, columns: int) -> None:
        """Leave so much room for labels at the left; the canvases have their new sizes only after the next layout."""
        if columns != self.margin_left:
            self.margin_left = columns
            self.call_after_refresh(self.refresh, layout=True)

    def _pen(self, part: str) -> str:
        style = self.get_component_rich_style(f"loss-chart--{part}", partial=True)
        return str(Style(color=style.color, bold=style.bold))
