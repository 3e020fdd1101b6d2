"""The LaTeX source of what is on the screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static


class SourceScreen(ModalScreen[None]):
    """Covers the screen until a key is pressed; y copies."""

    BINDINGS = [
        Binding("y", "copy", "copy"),
        Binding("escape,r,q,enter", "dismiss", "close"),
    ]

    def __init__(self, latex: str) -> None:
        super().__init__()
        self._latex = latex

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog") as box:
            box.border_title = "LaTeX source"
            box.border_subtitle = "y copies · esc closes"
            yield Static(self._latex, markup=False)

    def action_copy(self) -> None:
        """Copy the source to the clipboard, by way of the terminal."""
        self.app.copy_to_clipboard(self._latex)
        self.notify("copied")
