"""The lesson: a run that was recorded with mistakes, stage by stage beside the corrected one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static

from ...errors import InputError
from ..help import HelpScreen, key_line
from ..walkthrough import Place, Walkthrough
from ..widgets.panels import Panel

if TYPE_CHECKING:
    from ...network import Network
    from ..lesson import Lesson
    from ..lesson_texts import LessonTexts

_ABOUT = (
    "The same training twice, stage by stage: on the left as it was recorded, with its mistakes, on the right "
    "corrected. A number that differs is marked; below stand both losses, why they differ here, and the mistakes, each "
    "of which can be switched off and on.\n"
)
_KEYS = (
    ("→ ↓ space l j", "Next stage of both; then the next iteration."),
    ("← ↑ h k", "One stage back."),
    ("n p", "This stage, one iteration on or back."),
    ("g", "Go to where the two part; again, to the next such place."),
    ("1 2 3", "Switch a mistake off, or on again."),
    ("home", "The first stage of the first iteration."),
    ("] [", "Scroll both sideways."),
    ("esc q", "Back to the stepper."),
)
_GENEROUS = (110, 34)
_SMALL = 24


class LessonScreen(Screen[None]):
    """Step through both runs at once; says so where a network has no recorded run.

    Parameters
    ----------
    network:
        The network, with its recorded run.

    """

    CSS_PATH = "lesson.tcss"
    BINDINGS = [
        Binding("right,down,space,l,j", "walk('forward')", "next", key_display="→"),
        Binding("left,up,h,k", "walk('back')", "back", key_display="←"),
        Binding("n,pagedown", "walk('next_iteration')", "iteration +1", key_display="n"),
        Binding("p,pageup", "walk('previous_iteration')", "iteration −1", show=False),
        Binding("g", "part", "they part"),
        Binding("1", "switch(0)", "on/off", key_display="1 2 3"),
        Binding("2", "switch(1)", "the second mistake", show=False),
        Binding("3", "switch(2)", "the third mistake", show=False),
        Binding("home", "walk('to_start')", "start", show=False),
        Binding("shift+right,right_square_bracket", "scroll_panels(8)", "scroll right", show=False),
        Binding("shift+left,left_square_bracket", "scroll_panels(-8)", "scroll left", show=False),
        Binding("question_mark,f1", "help", "help", show=False),
        Binding("escape,q", "dismiss", "close", key_display="esc"),
    ]

    @dataclass
    class Ready(Message):
        """The two runs are there."""

        lesson: Lesson
        texts: LessonTexts

    @dataclass
    class Refused(Message):
        """There is no recorded run."""

        error: InputError

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network
        self._wanted: Lesson | None = None
        self._lesson: Lesson | None = None
        self._texts: LessonTexts | None = None
        self._walkthrough: Walkthrough | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="lesson-place", markup=False)
        yield Static(id="lesson-partings", markup=False)
        with Horizontal(id="lesson-runs"):
            yield Panel(id="lesson-mistaken")
            yield Panel(id="lesson-corrected")
        with Horizontal(id="lesson-below"):
            yield Static(id="lesson-losses", markup=False)
            yield Static(id="lesson-why", markup=False)
        yield Static(id="lesson-switches", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        titles = {"losses": "loss  ▲ recorded  ● corrected  ◆ both", "why": "why", "switches": "the mistakes"}
        for name, title in titles.items():
            self.query_one(f"#lesson-{name}").border_title = title
        self.query_one("#lesson-place", Static).update(f"lesson: {self._network.name}   running both …")
        self.load()

    @work(thread=True)
    def load(self) -> None:
        """Make the lesson and run it."""
        from ..lesson import lesson

        try:
            self._run(lesson(self._network))
        except InputError as error:
            self.post_message(self.Refused(error))

    @work(thread=True)
    def rerun(self, lesson: Lesson) -> None:
        """Run a lesson of which a mistake has been switched."""
        self._run(lesson)

    def _run(self, lesson: Lesson) -> None:
        from ..lesson_texts import LessonTexts

        lesson.losses()
        self.post_message(self.Ready(lesson, LessonTexts(lesson)))

    @on(Ready)
    def _begin(self, message: Ready) -> None:
        self._wanted = self._wanted or message.lesson
        if message.lesson is not self._wanted:
            return
        self._lesson, self._texts = message.lesson, message.texts
        self._walkthrough = self._walkthrough or Walkthrough(message.lesson.corrected)
        self._show()

    @on(Refused)
    def _refuse(self, message: Refused) -> None:
        self.add_class("refused")
        self.query_one("#lesson-place", Static).update(f"{message.error}.\nesc returns.")

    def action_walk(self, move: str) -> None:
        """Move to another place by one of the walkthrough's moves."""
        if self._walkthrough is not None and getattr(self._walkthrough, move)():
            self._show()

    def action_part(self) -> None:
        """Go to the place where the runs part first; from there on to the next."""
        if self._lesson is None or self._walkthrough is None:
            return
        places = [Place(*parting) for parting in self._lesson.partings()]
        if places:
            here = self._walkthrough.place
            following = places.index(here) + 1 if here in places else 0
            self._walkthrough.place = places[following % len(places)]
            self._show()

    def action_switch(self, number: int) -> None:
        """Switch a mistake off, or on again, and run both anew."""
        if self._wanted is not None and number < len(self._wanted.switches()):
            self._wanted = self._wanted.switched(number)
            self.rerun(self._wanted)

    def action_help(self) -> None:
        """Show what is on this screen, and its keys."""
        self.app.push_screen(HelpScreen(Content("\n").join([Content(_ABOUT), *starmap(key_line, _KEYS)])))

    def action_scroll_panels(self, columns: int) -> None:
        """Scroll both runs sideways."""
        for panel in self.query(Panel):
            panel.scroll_relative(x=columns, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Fit what is shown to its room."""
        width, height = self.size
        self.set_class(width >= _GENEROUS[0] and height >= _GENEROUS[1], "-generous")
        self.set_class(height < _SMALL, "-small")
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        lesson, texts, walkthrough = self._lesson, self._texts, self._walkthrough
        if lesson is None or texts is None or walkthrough is None:
            return
        iteration, name = walkthrough.place.iteration, walkthrough.place.name
        generous = self.has_class("-generous")
        self.query_one("#lesson-place", Static).update(texts.heading(iteration, name))
        self.query_one("#lesson-partings", Static).update(texts.partings())
        for selector, trace in (("#lesson-mistaken", lesson.comparison.first), ("#lesson-corrected", lesson.corrected)):
            told = texts.stage(trace, iteration, name, generous=generous)
            self.query_one(selector, Panel).show(told, texts.title(trace, iteration))
        self.query_one("#lesson-why", Static).update(texts.why(iteration, name))
        self.query_one("#lesson-switches", Static).update(texts.switches())
        losses = self.query_one("#lesson-losses", Static)
        losses.update(texts.plot(losses.size.width, losses.size.height, iteration))
