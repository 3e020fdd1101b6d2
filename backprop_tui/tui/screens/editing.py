"""The stepper with a session: the network can be changed, another one opened, and everything undone.

A change is derived by a worker; what it makes is taken over once it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message

from ... import gallery
from ...errors import InputError
from ...notation import LEARNING_RATE, plain
from ..walkthrough import Walkthrough
from .prompt import Prompt
from .stepper import StepperScreen

if TYPE_CHECKING:
    from ...network.edits import Edit
    from ..session import Prepared, Session
    from ..typeset import StageTexts


class EditingScreen(StepperScreen):
    """Steps through a session's network, and changes it."""

    class Changed(Message):
        """A change is ready to be taken over; where another one came first, it has to be prepared again."""

        def __init__(self, prepared: Prepared, texts: StageTexts, again: Callable[[], object], told: str) -> None:
            super().__init__()
            self.prepared, self.texts, self.again, self.told = prepared, texts, again, told

    class Refused(Message):
        """Something that was asked for can't be done."""

        def __init__(self, told: str) -> None:
            super().__init__()
            self.told = told

    _session: Session | None = None

    def work_on(self, session: Session, texts: StageTexts, walkthrough: Walkthrough) -> None:
        """Start on a session."""
        self._session = session
        self.begin(walkthrough, texts)

    def begin(self, walkthrough: Walkthrough, texts: StageTexts) -> None:
        """Start on a derivation, under the name of its network; a star tells that no file holds it as it is."""
        super().begin(walkthrough, texts)
        if self._session is not None:
            self.call_it(f"{self._session.network.name}{'*' if self._session.unsaved else ''}")

    def with_session(self, deed: Callable[[Session, Walkthrough], object]) -> None:
        """Do something with the session."""

        def done(walkthrough: Walkthrough) -> bool:
            if self._session is not None:
                deed(self._session, walkthrough)
            return False

        self.do(done)

    def change(self, edit: Edit) -> None:
        """Change the network."""
        self.with_session(lambda session, at: self._prepare(at, partial(session.prepare, edit), str(edit)))

    def action_edit(self) -> None:
        """Ask for another value of the chosen cell."""
        self.with_session(self._ask_entry)

    def action_change(self) -> None:
        """Ask what else to change."""
        self.with_session(self._ask_change)

    def action_undo(self) -> None:
        """Undo the last change."""
        self.with_session(lambda session, at: self._prepare(at, session.prepare_undo, f"undone: {session.undo_told}"))

    def action_redo(self) -> None:
        """Make the change again that was undone last."""
        self.with_session(lambda session, at: self._prepare(at, session.prepare_redo, f"redone: {session.redo_told}"))

    def action_open(self) -> None:
        """Ask for another network to open."""
        known = ", ".join(gallery.names())
        self.ask("open", f"a path, or one of {known}", "", gallery.find, self._open)

    def _open(self, name: str) -> None:
        source = gallery.find(name)
        self.with_session(
            lambda session, at: self._prepare(at, lambda _: session.prepare_opening(source), f"opened {name}")
        )

    def _ask_entry(self, session: Session, walkthrough: Walkthrough) -> None:
        from ...network.edits import SetEntry
        from ...network.typed import read_number

        place, (row, column) = walkthrough.place, walkthrough.cell
        if walkthrough.stage is not None:
            self.notify(f"{plain(place.name)} is derived: change what it is made from.", severity="warning")
            return
        is_input = place.name in walkthrough.derivation.inputs
        held = walkthrough.trace[place.iteration] if is_input else session.network.start
        self.ask(
            f"{plain(place.name)}[{row},{column}]{'' if is_input else ' before the first iteration'}",
            "a number, such as 0.5, 1/3 or pi/4",
            repr(float(held[place.name][row, column])),
            read_number,
            lambda text: self.change(SetEntry(place.name, row, column, read_number(text), place.iteration)),
        )

    def _ask_change(self, session: Session, walkthrough: Walkthrough) -> None:
        from ..choices import choices

        del walkthrough
        typed = [
            (f"learning rate, now {session.network.learning_rate:g} …", self._ask_rate),
            ("layers …", self._ask_layers),
        ]
        chosen = [(str(edit), partial(self.change, edit)) for edit in choices(session.network)]
        self.app.search_commands([*typed, *chosen], "learning rate, activation, loss, layers, optimiser")

    def _ask_rate(self) -> None:
        from ...network.edits import SetEntry
        from ...network.typed import read_number

        self.ask(
            "learning rate η",
            "a number, such as 0.1",
            "",
            read_number,
            lambda text: self.change(SetEntry(LEARNING_RATE, 0, 0, read_number(text))),
        )

    def _ask_layers(self) -> None:
        from ...network.edits import SetLayers
        from ...network.typed import read_sizes

        hint = "sizes, inputs first, such as 3-4-2"
        self.ask("layers", hint, "", read_sizes, lambda text: self.change(SetLayers(read_sizes(text))))

    def ask(
        self, title: str, hint: str, value: str, check: Callable[[str], object], use: Callable[[str], object]
    ) -> None:
        """Ask for a line, and use it unless the question was left."""

        def answered(text: str | None) -> None:
            if text is not None:
                use(text)

        self.app.push_screen(Prompt(title, hint, value, check), answered)

    @work(thread=True, group="change")
    def _prepare(self, at: Walkthrough, prepare: Callable[[int], Prepared | None], told: str) -> None:
        """Derive and run what a change makes, up to the end of the present iteration."""
        from ..typeset import StageTexts

        try:
            prepared = prepare(at.place.iteration)
        except InputError as error:
            self.post_message(self.Refused(str(error)))
            return
        if prepared is None:
            self.post_message(self.Refused("There is nothing to undo or to redo."))
        else:
            again = partial(self._prepare, at, prepare, told)
            self.post_message(self.Changed(prepared, StageTexts(prepared.trace.derivation), again, told))

    @on(Changed)
    def _take_over(self, message: Changed) -> None:
        from ..moments import recall

        session, walkthrough = self._session, self._walkthrough
        if session is None or walkthrough is None:
            return
        if not session.apply(message.prepared):
            message.again()
            return
        moved = walkthrough.onto(session.trace)
        if message.prepared.moment is not None:
            recall(moved, message.prepared.moment)
        self.begin(moved, message.texts)
        self.notify(message.told, markup=False)

    @on(Refused)
    def _tell(self, message: Refused) -> None:
        self.notify(message.told, severity="error", markup=False)
