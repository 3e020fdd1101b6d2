"""The help: what is on the screen, and every key."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from .actions import ACTIONS

_ABOUT = (
    "Each step is one stage: one quantity, made from earlier ones. The formula stands beside the numbers it gives; "
    "below it, where the chosen cell comes from, then the reason. Rows are samples. ⊙ multiplies entry by entry, ᵀ "
    "transposes, ∑ sums over the index below it, δ is 1 where its indices agree and else 0, σ is the sigmoid, η the "
    "learning rate. Everything can be clicked."
)


class HelpScreen(ModalScreen[None]):
    """Covers the screen until a key is pressed.

    Parameters
    ----------
    told:
        What it says; by default what is on the stepper's screen, and all of its keys.

    """

    BINDINGS = [Binding("escape,q,question_mark,f1,enter,space", "dismiss", "close")]

    def __init__(self, told: Content | None = None) -> None:
        super().__init__()
        self._told = told or Content("\n").join([Content(_ABOUT), *_keys()])

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help", classes="dialog") as box:
            box.border_title = "help"
            box.border_subtitle = "↓ more · esc closes"
            yield Static(self._told)


def key_line(keys: str, sentence: str) -> Content:
    """Return the line of a key, or of several that do the same."""
    return Content.assemble((f"{keys:<15}", "bold"), sentence)


def _keys() -> Iterator[Content]:
    for group, actions in groupby(ACTIONS, key=lambda action: action.group):
        yield Content.styled(f"\n{group.upper()}", "bold")
        for action in actions:
            yield key_line(action.shown, action.sentence)
