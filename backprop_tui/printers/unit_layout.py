"""Where a chain's layers and their units stand: as much told of each as there is room for."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..calculus.layer_graph import Chain, Layer
from ..notation import plain
from .columns import arranged

ARROW: Final = " → "
LEAST_HEIGHT: Final = 5
MOST_UNITS: Final = 9
"""Units drawn of one layer."""
_MOST_GAP, _MOST_SPACING = 24, 5
_SHORT: Final = 5
_SKIPS_FROM, _NOTE_FROM = LEAST_HEIGHT + 2, LEAST_HEIGHT + 6
"""The heights from which there are rows for links that skip layers, and for a note."""


class Detail(NamedTuple):
    """How much a column tells: the width of a unit's number, all names of a layer or one, the least room between."""

    number: int
    full: bool
    gap: int

    @property
    def lead(self) -> int:
        """The room for a unit's circle, and for a space where numbers are long."""
        return 2 if self.number > _SHORT else 1


DETAILS: Final = (
    Detail(9, True, 8),
    Detail(6, True, 6),
    Detail(_SHORT, True, 4),
    Detail(_SHORT, False, 4),
    Detail(0, True, 4),
    Detail(0, False, 4),
)


class UnitLayout:
    """The places of a chain's layers in the room there is.

    Attributes
    ----------
    layers:
        From the input to the loss, and the target after it.
    detail:
        How much each column tells.
    columns, widths:
        Where the columns stand, and the width of each.
    skips, heading, foot, note:
        The rows of the links that skip layers, of the layers' names, of what stands under their units, and of the
        note; None where there is none.

    """

    def __init__(self, layers: list[Layer], chain: Chain, room: tuple[int, int], focus: int) -> None:
        width, height = room
        self.layers = layers
        self.skips = 0 if chain.skips and height >= _SKIPS_FROM else None
        self.heading = 0 if self.skips is None else 1
        self.note = height - 1 if height >= _NOTE_FROM else None
        self.foot = height - 1 if self.note is None else height - 2
        for detail in DETAILS:
            self.detail, self.widths = detail, [_width(layer, detail) for layer in layers]
            self.columns = arranged(self.widths, width, focus, detail.gap, _MOST_GAP)
            if self.columns.whole(len(layers)):
                break

    def units(self, layer: Layer) -> list[tuple[int, int]]:
        """Return the units of a layer that are drawn, each with its row: all, or the first ones and the last."""
        count, area = layer.units, self.foot - self.heading - 1
        shown = min(count, area, MOST_UNITS)
        numbers = list(range(count)) if shown == count else [*range(shown - 2), count - 1]
        spacing = min(_MOST_SPACING, (area - 1) // (shown - 1)) if shown > 1 else 1
        top = self.heading + 1 + (area - 1 - (shown - 1) * spacing) // 2
        last = top + (shown - 1) * spacing
        return [(number, last if number == count - 1 else top + number * spacing) for number in numbers]

    def names(self, layer: Layer, subject: str) -> tuple[str, ...]:
        """Return the names that head a layer; where there is room for one, that which is asked for."""
        if self.detail.full:
            return layer.names
        return (subject,) if subject in layer.names else layer.names[-1:]


def _width(layer: Layer, detail: Detail) -> int:
    """The room for a unit and its number, and for all names of the layer or the longest."""
    names = list(map(plain, layer.names))
    return max(detail.lead + detail.number, len(ARROW.join(names)) if detail.full else max(map(len, names)))
