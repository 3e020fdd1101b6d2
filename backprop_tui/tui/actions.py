"""Every action, once: its keys, its words in the footer, its sentence in the help and in the command palette."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from textual.binding import Binding


class Group(StrEnum):
    """What actions are for: the headings of the help."""

    STEPS = "steps"
    CELLS = "where a number comes from"
    LOOK = "ways to look"
    TIME = "time"
    CHANGE = "change it"
    APP = "the app"


@dataclass(frozen=True)
class Action:
    """One thing that a key does.

    Attributes
    ----------
    name:
        The method ``action_NAME``, with its argument if it takes one.
    keys:
        The keys as Textual names them.
    shown:
        The keys as a person reads them.
    label:
        The words in the footer; empty where the footer has no room for it.
    sentence:
        What the help and the command palette say.
    group:
        What it is for.

    """

    name: str
    keys: str
    shown: str
    label: str
    sentence: str
    group: Group

    @property
    def binding(self) -> Binding:
        """The binding for Textual."""
        return Binding(
            self.keys, self.name, self.label or self.sentence, show=bool(self.label), key_display=self.shown.split()[0]
        )


def _actions(group: Group, *rows: tuple[str, str, str, str, str]) -> tuple[Action, ...]:
    return tuple(Action(*row, group) for row in rows)


# fmt: off
STEPPING: Final = (
    *_actions(
        Group.STEPS,
        ("walk('forward')", "right,down,space,l,j", "→ ↓ space l j", "next", "Next stage; then the next iteration."),
        ("walk('back')", "left,up,h,k", "← ↑ h k", "back", "One stage back, as far as the very start."),
        ("walk('next_iteration')", "n,pagedown", "n pgdn", "", "This stage, one iteration on: see it learn."),
        ("walk('previous_iteration')", "p,pageup", "p pgup", "", "This stage, one iteration back."),
        ("walk('to_start')", "home", "home", "", "The first stage of the first iteration."),
        ("walk('to_end')", "end", "end", "", "The last stage of the last iteration run so far."),
        ("go_to", "slash", "/", "", "Go to a stage or an iteration by name."),
    ),
    *_actions(
        Group.CELLS,
        ("choose_cell", "m", "m", "choose cell", "The arrows choose a cell, until esc."),
        ("leave_cell", "escape", "esc", "", "The arrows step again; what runs on its own stops."),
        ("next_source(1)", "full_stop", ".", "", "Choose another cell that this one was made from."),
        ("next_source(-1)", "comma", ",", "", "Choose the previous one of those cells."),
        ("follow", "enter", "enter", "source", "Go to that cell."),
        ("walk('retrace')", "backspace", "⌫ backspace", "", "Return to the cell that was left."),
    ),
    *_actions(
        Group.LOOK,
        ("walk('next_reading')", "f", "f", "", "Formula: matrix form, index form, this cell."),
        ("walk('next_mode')", "v", "v", "", "Matrix: numbers, difference made, heat map."),
        ("corner('CELL')", "1", "1", "", "Below: this cell, its formula with its numbers."),
        ("corner('OPERANDS')", "2", "2", "", "Below: the matrices that were put in."),
        ("corner('NETWORK')", "3", "3", "", "Below: the network."),
        ("corner('LOSS')", "4", "4", "", "Below: the loss over the iterations."),
        ("scroll_panels(8, 0)", "right_square_bracket,shift+right", "] shift+→", "", "Scroll wide formulas."),
        ("scroll_panels(-8, 0)", "left_square_bracket,shift+left", "[ shift+←", "", "Scroll them back."),
        ("scroll_panels(0, 2)", "shift+down", "shift+↓", "", "Scroll tall formulas down."),
        ("scroll_panels(0, -2)", "shift+up", "shift+↑", "", "Scroll them back."),
        ("projector", "z", "z", "", "Projector mode: fewer things, more space."),
        ("source", "r", "r", "", "The LaTeX source of what is on the screen."),
        ("copy", "y", "y", "", "Copy that LaTeX source."),
    ),
    *_actions(
        Group.TIME,
        ("play", "a", "a", "", "Step on its own; again: pause."),
        ("pace('faster')", "plus", "+", "", "Step on its own faster."),
        ("pace('slower')", "minus", "-", "", "Step on its own slower."),
        ("run_ahead", "g", "g", "", "Run ahead: so many iterations, or to a loss."),
        ("warning", "exclamation_mark", "!", "", "Go to the place that the warning is about."),
    ),
    *_actions(
        Group.CHANGE,
        ("edit", "e", "e", "", "Change the chosen cell of an input or a parameter."),
        ("change", "c", "c", "", "Change activation, loss, layers, learning rate."),
        ("undo", "u,ctrl+z", "u ctrl+z", "", "Undo the last change."),
        ("redo", "U,ctrl+y", "U ctrl+y", "", "Redo what was undone."),
        ("open", "o", "o", "", "Open another network."),
        ("save", "s", "s", "", "Save the network as it is now."),
        ("write_moment", "w", "w", "", "Write this moment: a file that opens just here."),
    ),
    *_actions(
        Group.APP,
        ("tour", "t", "t", "", "The guided tour, in three minutes."),
        ("lesson", "L", "L", "", "The lesson: a recorded run beside the corrected one."),
    ),
)

WHOLE_APP: Final = _actions(
    Group.APP,
    ("toggle_light", "d", "d", "", "Dark or light."),
    ("change_theme", "T", "T", "", "Choose a theme; the choice is kept."),
    ("command_palette", "ctrl+p", "^p", "", "Search all actions by their words."),
    ("help", "question_mark,f1", "? F1", "help", "This help."),
    ("quit", "q", "q ctrl+q", "quit", "Leave."),
)
# fmt: on

ACTIONS: Final = (*STEPPING, *WHOLE_APP)
