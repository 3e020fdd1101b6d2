"""How much the screen shows in the room it has."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Layout(StrEnum):
    """A layout, by the class that the style sheet knows it by."""

    NONE = "-none"
    SMALL = "-small"
    COMPACT = "-compact"
    GENEROUS = "-generous"
    WIDE = "-wide"


SMALLEST: Final = (60, 18)
_LEAST: Final = {
    Layout.WIDE: (180, 50),
    Layout.GENEROUS: (110, 34),
    Layout.COMPACT: (80, 24),
    Layout.SMALL: SMALLEST,
}


def layout_of(width: int, height: int) -> Layout:
    """Return the roomiest layout that has its room."""
    fitting = (layout for layout, (columns, rows) in _LEAST.items() if width >= columns and height >= rows)
    return next(fitting, Layout.NONE)
