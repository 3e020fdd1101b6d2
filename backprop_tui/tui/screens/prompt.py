"""Small questions laid over the screen: a line to type, yes or no."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ...errors import InputError


class Prompt(ModalScreen[str | None]):
    """Asks for a line; what can't be used is told and asked for again.

    Parameters
    ----------
    title:
        What is asked for.
    hint:
        What can be typed.
    value:
        What stands there at first.
    check:
        Raises InputError where the answer can't be used.

    """

    BINDINGS = [Binding("escape", "dismiss", "cancel")]

    def __init__(self, title: str, hint: str = "", value: str = "", check: Callable[[str], object] = str) -> None:
        super().__init__()
        self._title, self._hint, self._value, self._check = title, hint, value, check

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter · esc cancels"
            yield Static(self._hint, markup=False)
            yield Input(self._value, compact=True)
            yield Static("", classes="wrong", markup=False)

    @on(Input.Changed)
    def _forget_what_was_wrong(self) -> None:
        self.query_one(".wrong", Static).update("")

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        try:
            self._check(event.value)
        except InputError as error:
            self.query_one(".wrong", Static).update(str(error))
        else:
            self.dismiss(event.value)


class Confirm(ModalScreen[bool]):
    """Asks yes or no."""

    BINDINGS = [
        Binding("y", "dismiss(True)", "yes"),
        Binding("n,escape", "dismiss(False)", "no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_subtitle = "y: yes · n: no"
            yield Static(self._question, markup=False)
