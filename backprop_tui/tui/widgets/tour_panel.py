"""The panel of the guided tour: docked at the bottom, it leads from place to place of the screen above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

if TYPE_CHECKING:
    from ..tour import Stop


class Tour(Static, can_focus=True):
    """Shows one stop, and asks the screen to go to its place; it has the keys while it is there.

    Parameters
    ----------
    stops:
        Where the tour leads, at least one.

    """

    DEFAULT_CSS = """
    Tour {
        dock: bottom;
        height: auto;
        min-height: 5;
        padding: 0 1;
        border: heavy $accent;
        border-title-color: $text-accent;
        border-title-style: bold;
        border-subtitle-color: $text;
        background: $panel;
        color: $text;
    }
    """
    BINDINGS = [
        Binding("right,down,space,enter,l,j", "lead(1)", "next stop", key_display="→"),
        Binding("left,up,backspace,h,k", "lead(-1)", "stop before", key_display="←"),
        Binding("escape,q,t", "leave", "end the tour", key_display="esc"),
    ]

    @dataclass
    class Go(Message):
        """The place of a stop is to be shown."""

        place: Stop

    @dataclass
    class Ended(Message):
        """The tour is over; `complete` where its last stop was reached."""

        complete: bool

    def __init__(self, stops: Sequence[Stop]) -> None:
        super().__init__(markup=False)
        self._stops = stops
        self._position = 0
        self._focused_before: Widget | None = None

    def on_mount(self) -> None:
        self._focused_before = self.screen.focused
        self.focus()
        self._arrive()

    def on_click(self, event: Click) -> None:
        event.stop()
        self.focus()
        self.action_lead(1)

    def action_lead(self, by: int) -> None:
        """Go to the next stop or to the one before; after the last one the tour is over."""
        position = self._position + by
        if position >= len(self._stops):
            self.action_leave()
        elif position >= 0:
            self._position = position
            self._arrive()

    def action_leave(self) -> None:
        """End the tour, leave the screen, and give the keys back to what had them."""
        self.post_message(self.Ended(self._position + 1 == len(self._stops)))
        self.screen.set_focus(self._focused_before)
        self.remove()

    def _arrive(self) -> None:
        stop, count = self._stops[self._position], len(self._stops)
        is_last = self._position + 1 == count
        self.border_title = f"tour {self._position + 1}/{count} · {stop.title}"
        self.border_subtitle = f"→ {'ends' if is_last else 'next'} · ← back · esc leaves · t again later"
        self.update(Content(stop.text))
        self.post_message(self.Go(stop))
