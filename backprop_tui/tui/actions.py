"""Every action of the app, once: its keys, its words in the footer, its sentence in the help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding


@dataclass(frozen=True)
class Action:
    """One thing that a key does.

    Attributes
    ----------
    name:
        The method ``action_NAME`` of the app, with its argument if it takes one.
    keys:
        The keys as Textual names them.
    shown:
        The keys as a person reads them.
    label:
        The words in the footer; empty where the footer has no room for it.
    sentence:
        What the help says.

    """

    name: str
    keys: str
    shown: str
    label: str
    sentence: str

    @property
    def binding(self) -> Binding:
        """The binding for Textual."""
        return Binding(
            self.keys, self.name, self.label or self.sentence, show=bool(self.label), key_display=self.shown.split()[0]
        )


ACTIONS: Final = (
    Action(
        "walk('forward')",
        "right,down,space,l,j",
        "→ ↓ space l j",
        "next",
        "The next stage; after the last, the next iteration.",
    ),
    Action("walk('back')", "left,up,h,k", "← ↑ h k", "back", "One stage back, as far as the very start."),
    Action("walk('next_iteration')", "n,pagedown", "n pgdn", "iteration +1", "The same stage in the next iteration."),
    Action("walk('previous_iteration')", "p,pageup", "p pgup", "iteration −1", "The same stage one iteration back."),
    Action("walk('to_start')", "home", "home", "start", "The first stage of the first iteration."),
    Action(
        "scroll_formula(1)",
        "shift+right,right_square_bracket",
        "] shift+→",
        "",
        "Scroll wide formulas and matrices to the right.",
    ),
    Action("scroll_formula(-1)", "shift+left,left_square_bracket", "[ shift+←", "", "Scroll it back."),
    Action("scroll_down(1)", "shift+down", "shift+↓", "", "Scroll tall formulas and matrices down."),
    Action("scroll_down(-1)", "shift+up", "shift+↑", "", "Scroll them back."),
    Action("toggle_light", "d", "d", "", "Dark or light."),
    Action("help", "question_mark,f1", "? F1", "help", "This help."),
    Action("quit", "q", "q ctrl+q", "quit", "Leave."),
)
