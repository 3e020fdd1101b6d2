"""The parts that show a place in a widget of its own: the matrix, the network, the losses, what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...notation import plain
from ..walkthrough import Mode, after
from .health_line import HealthLine
from .loss_plot import LossPlot
from .matrix_view import MatrixView
from .network_picture import NetworkPicture

if TYPE_CHECKING:
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
    """What is wrong at the iteration. It takes all stages to tell, and nothing else on the screen waits for them."""

    _seen: object = None
    _waiting: Sight | None = None

    def see(self, sight: Sight) -> None:
        seen, self._seen = self._seen, (sight.walkthrough.trace, sight.place.iteration)
        if seen != self._seen:
            self._waiting = sight
            self.call_after_refresh(self._look)

    def choose(self) -> None:
        self._look()
        super().choose()

    def _look(self) -> None:
        sight, self._waiting = self._waiting, None
        if sight is not None:
            self.show(sight.texts.findings(sight.walkthrough))


def _title(mode: Mode, first: bool) -> str:
    told = f"{mode}, none yet" if mode is Mode.DIFFERENCE and first else mode
    return f"{told} · v: {after(mode)}"
