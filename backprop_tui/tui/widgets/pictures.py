"""The parts that show a place in a widget of its own: the matrix, the network, the losses, what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker

from ...notation import plain
from ..walkthrough import Mode, after
from .health_line import HealthLine
from .loss_plot import LossPlot
from .matrix_view import MatrixView
from .network_picture import NetworkPicture

if TYPE_CHECKING:
    from ...engine.health import Finding
    from ...engine.iteration import Iteration
    from ...engine.trace import Trace
    from ..sight import Sight


class MatrixPart(MatrixView):
    """The quantity's matrix, with the chosen cell under its cursor.

    Parameters
    ----------
    chosen, entered:
        Called at once when a cell is chosen, and when one asks where it comes from: the key after must find it done,
        and a message would come too late.

    """

    def __init__(
        self,
        chosen: Callable[[int, int], object],
        entered: Callable[[], object],
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
    ) -> None:
        super().__init__(id=id)
        self._chosen, self._entered = chosen, entered

    def choose(self, row: int, column: int) -> None:
        super().choose(row, column)
        self._chosen(*self.cursor)

    def action_enter(self) -> None:
        """Ask where the chosen entry comes from."""
        self._entered()

    def see(self, sight: Sight) -> None:
        mode = sight.walkthrough.view.mode
        if mode != self.mode:
            self.mode = mode
        rows, columns = sight.texts.labels(sight.place.name)
        self.show(
            sight.matrix, rows=rows, columns=columns, before=sight.before, title=_title(mode, sight.before is None)
        )
        self.move_to(*sight.walkthrough.cell)


class NetworkPart(NetworkPicture):
    """The network, with the quantity lit."""

    _seen: object = None

    def see(self, sight: Sight) -> None:
        sample = sight.texts.sample(sight.walkthrough)
        seen, self._seen = self._seen, (sight.walkthrough.trace, sight.place, sample)
        if seen == self._seen:
            return
        self.show(sight.walkthrough.derivation, sight.values, sight.place.name, sample)
        self.border_title = "network"


class LossPart(LossPlot):
    """The loss over the iterations so far."""

    _seen: object = None

    def see(self, sight: Sight) -> None:
        walkthrough = sight.walkthrough
        seen, self._seen = self._seen, (walkthrough.trace, len(walkthrough.trace), sight.place.iteration)
        if seen == self._seen:
            return
        loss = plain(walkthrough.derivation.loss)
        self.show(walkthrough.trace.losses().tolist(), walkthrough.place.iteration, loss)
        self.border_title = f"{loss} over the iterations"


class HealthPart(HealthLine):
    """What is wrong at the iteration.

    To tell it takes all stages. Where some haven't been computed yet, that is done in a worker, and what was wrong at
    another iteration of the same run stays until it is done.
    """

    class Run(Message):
        """An iteration has been run to its end."""

        def __init__(self, iteration: Iteration) -> None:
            super().__init__()
            self.iteration = iteration

    _iteration: Iteration | None = None
    _trace: Trace | None = None
    _waiting: Sight | None = None

    def see(self, sight: Sight) -> None:
        before, self._iteration = self._iteration, sight.values
        if before is self._iteration:
            return
        trace, self._trace = self._trace, sight.walkthrough.trace
        self._waiting = sight
        if self._iteration.is_run:
            self._look()
            return
        if trace is not self._trace:
            self.show(())
        self._run(self._iteration)

    def chosen(self) -> Finding | None:
        """Return the finding that is shown, after what is awaited has been looked at."""
        self._look()
        return super().chosen()

    @work(thread=True, exclusive=True, group="health")
    def _run(self, iteration: Iteration) -> None:
        worker = get_current_worker()
        for _ in iteration.values():
            if worker.is_cancelled:
                return
        self.post_message(self.Run(iteration))

    @on(Run)
    def _look_at(self, message: Run) -> None:
        if message.iteration is self._iteration:
            self._look()

    def _look(self) -> None:
        sight, self._waiting = self._waiting, None
        if sight is not None:
            self.show(sight.texts.findings(sight.walkthrough))


def _title(mode: Mode, first: bool) -> str:
    told = f"{mode}, none yet" if mode is Mode.DIFFERENCE and first else mode
    return f"{told} · v: {after(mode)}"
