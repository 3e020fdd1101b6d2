"""Panels that show one stage: its formula, its entry, its numbers, its reason."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.widgets import Static


class Panel(ScrollableContainer, can_focus=False):
    """A titled box whose text scrolls and never wraps."""

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, content: Content | str, title: str | None = None) -> None:
        """Show a text, from its upper left corner."""
        if title is not None:
            self.border_title = Content(title).markup
        self.query_one(Static).update(content)
        self.scroll_home(animate=False)


class Sentence(Static):
    """A titled box whose text wraps."""

    def show(self, text: str) -> None:
        """Show a sentence."""
        self.update(Content(text))
