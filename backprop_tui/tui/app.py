"""The app: it loads a network and opens the stepper on it.

A worker imports the stepper, NumPy and SymPy after the first frame; keys pressed meanwhile are pressed again once they
are there.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from textual import events, on, work
from textual.app import App
from textual.message import Message
from textual.worker import get_current_worker

from ..errors import InputError
from ..gallery import DEFAULT, Source, find
from . import settings
from .actions import WHOLE_APP
from .first_start import is_first_start
from .screens.opening import OpeningScreen
from .walkthrough import ANYWHERE, Walkthrough, Wanted

if TYPE_CHECKING:
    from textual.command import Provider

    from .screens.workbench import Workbench
    from .session import Session
    from .typeset import StageTexts

_INPUT_ERROR = 2
_WITHOUT_COLOUR = "ansi-dark"


def _actions() -> type[Provider]:
    from .commands import ActionCommands

    return ActionCommands


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Let Python not look for garbage while SymPy and the rest are imported, nor ever among what they made."""
    if "sympy" in sys.modules:  # there is nothing left to import, and there may be garbage
        yield
        return
    looked_for = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if looked_for:
            gc.enable()


def _places() -> type[Provider]:
    from .commands import GoToCommands

    return GoToCommands


class BackpropApp(App[None]):
    """Step through a network's derivation.

    Parameters
    ----------
    source:
        Where the network comes from.
    name:
        What the network is called.
    wanted:
        Where to begin.
    theme:
        The name of a theme, if one was chosen before.
    tour:
        Begin with the guided tour.

    """

    CSS_PATH = "app.tcss"
    TITLE = "backprop-tui"
    BINDINGS = [action.binding for action in WHOLE_APP]
    COMMANDS = {_actions, _places}

    class Loaded(Message):
        """The derivation is there."""

        def __init__(
            self, stepper: type[Workbench], session: Session, texts: StageTexts, walkthrough: Walkthrough
        ) -> None:
            super().__init__()
            self.stepper, self.session, self.texts, self.walkthrough = stepper, session, texts, walkthrough

    class Refused(Message):
        """The network can't be used."""

        def __init__(self, error: InputError) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self, source: Source, name: str, wanted: Wanted = ANYWHERE, *, theme: str | None = None, tour: bool = False
    ) -> None:
        colourless = "NO_COLOR" in os.environ
        super().__init__(ansi_color=True if colourless else None)
        self._source, self._wanted, self._network, self._tour = source, wanted, name, tour
        self._opening, self._stepper = OpeningScreen(name), None
        self.refusal: InputError | None = None
        if colourless:
            self.theme = _WITHOUT_COLOUR
        elif theme in self.available_themes:
            self.theme = theme

    _stepper: Workbench | None

    @property
    def stepper(self) -> Workbench:
        """The screen that is stepped through, once the derivation is there."""
        assert self._stepper is not None
        return self._stepper

    def get_default_screen(self) -> OpeningScreen:
        """Open on what costs no import."""
        return self._opening

    def on_mount(self) -> None:
        self.theme_changed_signal.subscribe(self, lambda theme: self._keep(theme.name))
        self.call_after_refresh(self.load)

    @work(thread=True)
    def load(self) -> None:
        """Read the network, derive it and run what is shown first."""
        with _nothing_collected():
            from .loading import opened
            from .screens.workbench import Workbench

        worker = get_current_worker()
        try:
            session, texts, walkthrough = opened(self._source, self._wanted, lambda: worker.is_cancelled)
        except InputError as error:
            self.post_message(self.Refused(error))
        else:
            self.post_message(self.Loaded(Workbench, session, texts, walkthrough))

    @on(Loaded)
    async def _begin(self, message: Loaded) -> None:
        stepper = self._stepper = message.stepper(self._network)
        await self.push_screen(stepper)
        stepper.work_on(message.session, message.texts, message.walkthrough)
        for key in self._opening.hand_over():
            await self.on_event(events.Key(key, None))
        if self._tour:
            self.call_after_refresh(stepper.action_tour)

    @on(Refused)
    def _refuse(self, message: Refused) -> None:
        self.refusal = message.error
        self.exit(return_code=_INPUT_ERROR)

    def action_toggle_light(self) -> None:
        """Change between the dark and the light theme."""
        self.theme = "textual-dark" if self.theme == "textual-light" else "textual-light"

    def action_help(self) -> None:
        """Show the help."""
        from .help import HelpScreen

        self.push_screen(HelpScreen())

    def action_command_palette(self) -> None:
        """Search all actions, once there is something to act on."""
        if self._stepper is not None:
            super().action_command_palette()

    def _keep(self, theme: str) -> None:
        if "NO_COLOR" not in os.environ and (wrong := settings.keep_theme(theme)):
            self.notify(wrong, title="The theme is not kept", severity="warning")


def run(source: Source, name: str, wanted: Wanted = ANYWHERE) -> int:
    """Run the app; return the exit code."""
    tour = wanted == ANYWHERE and source == find(DEFAULT) and is_first_start()
    app = BackpropApp(source, name, wanted, theme=settings.theme(), tour=tour)
    app.run()
    if app.refusal is not None:
        print(f"backprop-tui: {app.refusal}", file=sys.stderr)
    return app.return_code or 0
