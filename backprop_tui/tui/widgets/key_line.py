"""The last line of the screen: what the keys do just now, each to be clicked on as well."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from ..actions import ACTIONS, STEPPING

CHOOSING: Final = "↑ ↓ ← → choose a cell  enter go to its source  . another  esc back to steps"


class KeyLine(Static):
    """The keys of the registry that have a label."""

    def show(self, *, choosing: bool) -> None:
        """Show what the keys do while the arrows choose a cell, or else while they step."""
        self.update(Content(CHOOSING) if choosing else _labelled(), layout=False)


def _labelled() -> Content:
    return Content("  ").join(
        Content.assemble(
            (action.shown.split()[0], "bold $text-accent"),
            (f" {action.label}", Style.from_meta({"@click": _clicked(action.name, action in STEPPING)})),
        )
        for action in ACTIONS
        if action.label
    )


def _clicked(name: str, of_screen: bool) -> str:
    return f"{'screen' if of_screen else 'app'}.{name}"
