"""A panel of text: a box that scrolls and never wraps."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual


class Panel(ScrollView, can_focus=False):
    """A titled box whose text scrolls and never wraps."""

    DEFAULT_CSS = "Panel { text-wrap: nowrap; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._content = Content("")
        self._lines: list[Content] = []

    def show(self, content: Content | str, title: Content | str | None = None) -> None:
        """Show a text, from its upper left corner."""
        if title is not None:
            self.border_title = title
        shown = Content(content) if isinstance(content, str) else content
        if not shown.is_same(self._content):
            self._content, self._lines = shown, shown.split("\n", allow_blank=True)
            self._resize_content(Size(max(line.cell_length for line in self._lines), len(self._lines)))
            self.refresh()
        self.scroll_home(animate=False, immediate=True)

    def _resize_content(self, size: Size) -> None:
        """Scroll over another size, without the layout of the whole screen that Textual makes of it by itself."""
        self.set_reactive(Panel.virtual_size, size)
        self._scroll_update(size)
        self._refresh_scrollbars()

    def render_line(self, y: int) -> Strip:
        """Return one line of what is in sight."""
        left, top = self.scroll_offset
        width, style = self.size.width, self.visual_style
        line = self._lines[top + y] if top + y < len(self._lines) else Content("")
        if not line:
            return Strip.blank(width, style.rich_style)
        (strip, *_) = Visual.to_strips(self, line, line.cell_length, 1, style)
        return strip.crop_extend(left, left + width, style.rich_style)
