"""The whole screen: stepping, changing, and what takes longer: files, long runs, the tour and the lesson."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from ...errors import InputError
from ...gallery import exists
from ...notation import plain
from ...printers.numbers import number
from ..walkthrough import Cell, Place, Walkthrough
from ..widgets.run_line import RunLine
from ..widgets.tour_panel import Tour
from .editing import EditingScreen
from .lesson import LessonScreen
from .prompt import Confirm

if TYPE_CHECKING:
    from ...engine.training import Goal, Outcome
    from ...network.moment import Moment
    from ..session import Session
    from ..typeset import StageTexts

AT_ONCE: Final = 100
"""So many iterations are run at once to go to a later one; for more there is a bar."""


class Workbench(EditingScreen):
    """Steps through a session's network, changes it, runs it ahead and saves it."""

    class Progress(Message):
        """A run to a goal is so far; with an outcome it has ended."""

        def __init__(self, goal: Goal, iteration: int, loss: float, outcome: Outcome | None = None) -> None:
            super().__init__()
            self.goal, self.iteration, self.loss, self.outcome = goal, iteration, loss, outcome

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._goal: Goal | None = None
        self._run_line = RunLine()

    def on_mount(self) -> None:
        self.mount(self._run_line, after="#status")

    def begin(self, walkthrough: Walkthrough, texts: StageTexts) -> None:
        """Start on a derivation; what was under way on the one before ends."""
        self._end_run()
        self.query(Tour).remove()
        super().begin(walkthrough, texts)

    # Files

    def action_save(self) -> None:
        """Save the network as it is now."""
        self.with_session(lambda session, _: self._ask_path(session, None, "save the network"))

    def action_write_moment(self) -> None:
        """Write the network with this very place."""
        self.with_session(self._ask_moment)

    def _ask_moment(self, session: Session, walkthrough: Walkthrough) -> None:
        from ..moments import moment_of

        place = walkthrough.place
        title = f"write this moment: {plain(place.name)} at iteration {place.iteration}"
        self._ask_path(session, moment_of(walkthrough), title)

    def _ask_path(self, session: Session, moment: Moment | None, title: str) -> None:
        def use(text: str) -> None:
            path = Path(text).expanduser()
            if exists(path):
                question = Confirm(f"{path} exists. Write over it?")
                self.app.push_screen(question, lambda yes: self._write(session, path, moment) if yes else None)
            else:
                self._write(session, path, moment)

        self.ask(title, "a path", str(session.path), str, use)

    def _write(self, session: Session, path: Path, moment: Moment | None) -> None:
        try:
            session.save(path, moment)
        except InputError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.notify(f"backprop-tui {path} opens it.", title="written", markup=False)

    # Time

    def go_to_iteration(self, iteration: int) -> None:
        """Go to an iteration; run ahead to it where it is far."""
        self.do(lambda walkthrough: self._go_far(walkthrough, iteration))

    def _go_far(self, walkthrough: Walkthrough, iteration: int) -> bool:
        from ...engine.training import Goal

        if walkthrough.trace.steps_to(iteration) <= AT_ONCE:
            return walkthrough.to_iteration(iteration)
        self._start_run(walkthrough, Goal(iteration))
        return False

    def action_run_ahead(self) -> None:
        """Ask for a number of iterations or a loss to run to."""
        self.do(self._ask_goal)

    def _ask_goal(self, walkthrough: Walkthrough) -> bool:
        from ..goals import read_goal

        def read(text: str) -> Goal:
            return read_goal(text, walkthrough.place.iteration)

        hint = f"iterations, such as 1000, or a loss, such as {plain(walkthrough.derivation.loss)} < 0.1"
        self.ask("run ahead", hint, "", read, lambda text: self._start_run(walkthrough, read(text)))
        return False

    def _start_run(self, walkthrough: Walkthrough, goal: Goal) -> None:
        self._goal = goal
        self._run_line.start(goal.iteration - walkthrough.place.iteration)
        self._run(walkthrough, goal)

    @work(thread=True, group="run")
    def _run(self, walkthrough: Walkthrough, goal: Goal) -> None:
        from ...engine.training import run_ahead

        worker, trace = get_current_worker(), walkthrough.trace

        def is_cancelled() -> bool:
            return worker.is_cancelled or self._goal is not goal

        def report(iteration: int, loss: float) -> None:
            self.post_message(self.Progress(goal, iteration, loss))

        outcome = run_ahead(trace, goal, report, is_cancelled, start=walkthrough.place.iteration)
        self.post_message(self.Progress(goal, outcome.iteration, trace.loss(outcome.iteration), outcome))

    @on(Progress)
    def _tell_progress(self, message: Progress) -> None:
        walkthrough, outcome = self._walkthrough, message.outcome
        if walkthrough is None or message.goal is not self._goal:
            return
        done = message.iteration - walkthrough.place.iteration
        loss = f"{plain(walkthrough.derivation.loss)} = {number(message.loss)}"
        self._run_line.show(done, f"iteration {message.iteration}   {loss}   esc stops")
        if outcome is not None:
            self._end_run()
            self.notify(f"{outcome.ending.value}: iteration {outcome.iteration}, {loss}", markup=False)
            name = outcome.stage or walkthrough.place.name
            self.do(lambda at: at.visit(Place(outcome.iteration, name), at.view.cells.get(name, Cell())))

    def action_leave_cell(self) -> None:
        """Give the arrows back to the steps, and stop what runs."""
        super().action_leave_cell()
        self._end_run()

    def _end_run(self) -> None:
        self._goal = None
        self._run_line.stop()

    # Learning

    def action_tour(self) -> None:
        """Take the guided tour."""
        self.do(self._tour)

    def _tour(self, walkthrough: Walkthrough) -> bool:
        from ..tour import stops

        if not self.query(Tour):
            self.mount(Tour(stops(walkthrough.trace)))
        return False

    @on(Tour.Go)
    def _go_on_tour(self, message: Tour.Go) -> None:
        stop = message.place
        self.do(lambda walkthrough: walkthrough.visit(Place(stop.iteration, stop.name), Cell(*stop.cell)))

    def action_lesson(self) -> None:
        """Open the lesson on the recorded run."""
        self.with_session(lambda session, _: self.app.push_screen(LessonScreen(session.network)))
