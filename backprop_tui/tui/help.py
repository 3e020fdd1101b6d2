"""The help: what is on the screen, and every key."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from .actions import ACTIONS

_ABOUT = (
    "Each step is one stage: one quantity, made from earlier ones. The formula stands beside the numbers it gives; "
    "below it, the same for a single entry, then the reason. Rows are samples. ⊙ multiplies entry by entry, ᵀ "
    "transposes, ∑ sums over the index below it, δ is 1 where its indices agree and else 0, σ is the sigmoid, η the "
    "learning rate."
)


class HelpScreen(ModalScreen[None]):
    """Covers the screen until a key is pressed."""

    BINDINGS = [Binding("escape,q,question_mark,f1,enter,space", "dismiss", "close")]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help", classes="dialog") as box:
            box.border_title = "help"
            box.border_subtitle = "esc closes"
            keys = [Content.assemble((f"{action.shown:<16}", "bold"), action.sentence) for action in ACTIONS]
            yield Static(Content("\n").join([Content(_ABOUT), Content(""), *keys]))
