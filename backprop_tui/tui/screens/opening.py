"""The first screen: there before anything slow is imported, and until the derivation is."""

from __future__ import annotations

from typing import Final

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

_LEAVING: Final = frozenset({"q", "ctrl+q", "ctrl+c"})
"""Keys that act at once."""


class OpeningScreen(Screen[None]):
    """Says that SymPy is deriving, and keeps the keys that are pressed meanwhile.

    Parameters
    ----------
    network:
        What the network is called.

    """

    def __init__(self, network: str) -> None:
        super().__init__()
        self._network = network
        self._pressed: list[str] = []
        self._is_over = False

    def compose(self) -> ComposeResult:
        yield Static(f"backprop-tui  {self._network}", id="opening-title", markup=False)
        yield Static("SymPy is deriving the gradients …", id="opening-told", markup=False)

    def on_key(self, event: events.Key) -> None:
        """Keep a key for the screen that comes; one that was on its way here when that came goes there."""
        if event.key in _LEAVING:
            return
        event.stop()
        event.prevent_default()
        if self._is_over:
            self.app.simulate_key(event.key)
        else:
            self._pressed.append(event.key)

    def hand_over(self) -> list[str]:
        """Return the keys pressed so far; those that still come go to the screen that is there now."""
        self._is_over = True
        return self._pressed
