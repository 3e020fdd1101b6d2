"""The app: one screen that shows the present stage of a walkthrough, and keys that move it.

NumPy and SymPy are imported by a worker after the first frame; what keys ask for meanwhile is done once they are there.
"""

from __future__ import annotations

import os
import sys
from math import isfinite
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, OptionList, Static

from ..errors import InputError
from ..gallery import Source, read
from .actions import ACTIONS
from .help import HelpScreen
from .walkthrough import Walkthrough
from .widgets.panels import Panel, Sentence
from .widgets.stage_list import StageList

if TYPE_CHECKING:
    from .typeset import StageTexts

_INPUT_ERROR = 2


class BackpropApp(App[None]):
    """Step through a network's derivation.

    Parameters
    ----------
    source:
        Where the network comes from.
    name:
        What the network is called.

    """

    CSS_PATH = "app.tcss"
    TITLE = "backprop-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [action.binding for action in ACTIONS]
    HORIZONTAL_BREAKPOINTS = [(0, "-compact"), (110, "-wide")]

    class Loaded(Message):
        """The derivation is there."""

        def __init__(self, walkthrough: Walkthrough, texts: StageTexts) -> None:
            super().__init__()
            self.walkthrough, self.texts = walkthrough, texts

    class Refused(Message):
        """The network can't be used."""

        def __init__(self, error: InputError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, source: Source, name: str) -> None:
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self._source, self._name = source, name
        self._walkthrough: Walkthrough | None = None
        self._texts: StageTexts | None = None
        self._pending: list[str] = []
        self.refusal: InputError | None = None
        if "NO_COLOR" in os.environ:
            self.theme = "ansi-dark"

    def compose(self) -> ComposeResult:
        with Horizontal(id="status"):
            yield Static(f"backprop-tui  {self._name}", id="title", markup=False)
            yield Static("deriving …", id="loss", markup=False)
        with Horizontal(id="body"):
            yield StageList()
            with Vertical(id="stage"):
                yield Static("", id="heading", markup=False)
                with Horizontal(id="formula-and-numbers"):
                    yield Panel(id="formula")
                    yield Panel(id="numbers")
                yield Panel(id="entry")
                yield Sentence(id="reason")
                yield Panel(id="operands")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one("#formula", Panel).show("SymPy is deriving the gradients …", "matrix form")
        self.call_after_refresh(self.load)

    @work(thread=True)
    def load(self) -> None:
        """Read the network, derive it and run its first iteration."""
        from ..engine.trace import Trace
        from .typeset import StageTexts

        try:
            network = read(self._source)
        except InputError as error:
            self.post_message(self.Refused(error))
            return
        trace = Trace(network.derivation, network.start, network.inputs)
        trace.loss(0)
        self.post_message(self.Loaded(Walkthrough(trace), StageTexts(network.derivation)))

    @on(Loaded)
    def _begin(self, message: Loaded) -> None:
        self._walkthrough, self._texts = message.walkthrough, message.texts
        self.query_one(StageList).show(message.walkthrough.stages)
        pending, self._pending = self._pending, []
        for move in pending:
            getattr(message.walkthrough, move)()
        self._show()

    @on(Refused)
    def _refuse(self, message: Refused) -> None:
        self.refusal = message.error
        self.exit(return_code=_INPUT_ERROR)

    def action_walk(self, move: str) -> None:
        """Move to another place by one of the walkthrough's moves."""
        if self._walkthrough is None:
            self._pending.append(move)
        elif getattr(self._walkthrough, move)():
            self._show()

    @on(OptionList.OptionSelected)
    def _go(self, event: OptionList.OptionSelected) -> None:
        if self._walkthrough is not None and event.option.id and self._walkthrough.to_stage(int(event.option.id)):
            self._show()

    def action_scroll_formula(self, direction: int) -> None:
        """Scroll the panels sideways."""
        for panel in self.query(Panel):
            panel.scroll_relative(x=8 * direction, animate=False, immediate=True)

    def action_scroll_down(self, direction: int) -> None:
        """Scroll the panels up or down."""
        for panel in self.query(Panel):
            panel.scroll_relative(y=2 * direction, animate=False, immediate=True)

    def action_toggle_light(self) -> None:
        """Change between the dark and the light theme."""
        self.theme = "textual-dark" if self.theme == "textual-light" else "textual-light"

    def action_help(self) -> None:
        """Show the help."""
        self.push_screen(HelpScreen())

    def _show(self) -> None:
        walkthrough, texts = self._walkthrough, self._texts
        if walkthrough is None or texts is None:
            return
        stage, iteration = walkthrough.stage, walkthrough.place.iteration
        values = walkthrough.trace[iteration]
        self.query_one(StageList).mark(walkthrough.place.position)
        self.query_one("#loss", Static).update(_loss_line(walkthrough))
        self.query_one("#heading", Static).update(texts.heading(stage))
        title = "matrix form, its deltas taken out" if stage.jacobian else "matrix form"
        self.query_one("#formula", Panel).show(texts.formula(stage), title)
        self.query_one("#numbers", Panel).show(texts.numbers(stage, values), "numbers")
        self.query_one("#entry", Panel).show(texts.entry(stage), "one entry")
        self.query_one("#reason", Sentence).show(texts.reason(stage.reason))
        self.query_one("#operands", Panel).show(texts.operands(stage, values), "put in")
        for phase in ("forward", "loss", "backward", "update"):
            self.query_one("#stage").set_class(phase == stage.kind.phase, phase)


def _loss_line(walkthrough: Walkthrough) -> Content:
    loss, change = walkthrough.loss()
    told = f"iteration {walkthrough.place.iteration}   {walkthrough.trace.derivation.loss} = {loss:.6g}"
    if change is None or not isfinite(change):
        return Content(told)
    if change == 0:
        return Content(f"{told}   unchanged")
    word, style = ("▼ fell", "$text-success") if change < 0 else ("▲ rose", "$text-error")
    return Content.assemble(told, "   ", (f"{word} by {abs(change):.3g}", style))


def run(source: Source, name: str) -> int:
    """Run the app; return the exit code."""
    app = BackpropApp(source, name)
    app.run()
    if app.refusal is not None:
        print(f"backprop-tui: {app.refusal}", file=sys.stderr)
    return app.return_code or 0
