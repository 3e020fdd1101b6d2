"""The styles of a matrix view in its theme, with the grounds of a heat map."""

from __future__ import annotations

from functools import cache
from typing import Final

from rich.style import Style
from textual.widget import Widget

TEXTS: Final = ("label", "present", "mark", "cursor", "source", "chosen")
"""What a view styles besides plain numbers."""
ENDS: Final = ("negative", "positive")
"""The ends of a heat map's scale."""
NAMES: Final = tuple(f"matrix-view--{name}" for name in (*TEXTS, *ENDS))
"""The same as Textual's component classes."""


class Palette:
    """Styles, each looked up or mixed once.

    Parameters
    ----------
    view:
        The widget that has the component classes.

    """

    def __init__(self, view: Widget) -> None:
        self.plain = view.rich_style
        self._texts = {name: view.get_component_rich_style(f"matrix-view--{name}") for name in TEXTS}
        self._view = view
        self.ground = cache(self._ground)
        self.tile = cache(self._tile)

    def text(self, name: str | None) -> Style:
        """Return the style of a text by its name, of plain numbers if it has none."""
        return self._texts[name] if name else self.plain

    def _tile(self, share: float, name: str | None) -> Style:
        """Return the style of a tile that is marked by attributes alone, since its colour tells its value."""
        ground = self.ground(share)
        return ground + Style(bold=True, reverse=name in {"cursor", "chosen"}) if name else ground

    def _ground(self, share: float) -> Style:
        """Return the style of a tile, from -1 to 1; without colours there is but one."""
        if not share or self._view.app.native_ansi_color:
            return self.plain
        end = self._view.get_component_styles(f"matrix-view--{ENDS[share > 0]}").background
        ground = self._view.background_colors[1].blend(end, abs(share))
        return Style.from_color(ground.get_contrast_text().rich_color, ground.rich_color)
