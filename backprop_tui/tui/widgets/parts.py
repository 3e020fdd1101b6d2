"""The parts of the screen that show one thing each of a place: what it is, its formula, its reason, its loss."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Protocol

from textual.content import Content
from textual.widgets import Static

from ...notation import plain
from ...printers.numbers import number
from ..walkthrough import Reading, Walkthrough, after
from .origin_panel import told
from .panels import Panel

if TYPE_CHECKING:
    from ..sight import Sight

_PHASES = ("given", "forward", "loss", "backward", "update")


class Part(Protocol):
    """Something on the screen that follows the walkthrough."""

    @property
    def display(self) -> bool:
        """Whether it is shown in the present layout."""

    def see(self, sight: Sight) -> None:
        """Show what it shows of a place."""


class LossLine(Static):
    """The iteration, its loss, and how it changed."""

    def see(self, sight: Sight) -> None:
        self.update(_loss_line(sight.walkthrough), layout=False)


class Heading(Static):
    """What the quantity is: name, kind, shape."""

    def see(self, sight: Sight) -> None:
        self.update(Content(sight.texts.heading(sight.place.name)), layout=False)
        for phase in _PHASES:
            self.set_class(phase == sight.phase, f"-{phase}")


class Formula(Panel):
    """The formula, in the reading that was chosen; of something given, where it is used."""

    def see(self, sight: Sight) -> None:
        reading = sight.walkthrough.view.reading
        shown = Content(sight.texts.formula(sight.place.name, reading))
        if sight.stage is None:
            self.show(shown, "used in")
            self.border_subtitle = ""
            return
        if reading is Reading.CELL:
            shown = Content("\n\n").join([shown, told(sight.origin, sight.walkthrough.source)])
        has_matrix_form = reading is not Reading.MATRIX or sight.stage.matrix is not None
        self.show(shown, reading if has_matrix_form else "only an index form")
        self.border_subtitle = f"f: {after(reading)}"


class Reason(Static):
    """Why the formula is as it is."""

    def see(self, sight: Sight) -> None:
        self.update(Content(sight.texts.reason(sight.place.name)), layout=False)


def _loss_line(walkthrough: Walkthrough) -> Content:
    loss, change = walkthrough.loss()
    told = f"iteration {walkthrough.place.iteration}   {plain(walkthrough.derivation.loss)} = {number(loss)}"
    if change is None or not isfinite(change):
        return Content(told)
    if change == 0:
        return Content(f"{told}   unchanged")
    word, style = ("▼ fell", "$text-success") if change < 0 else ("▲ rose", "$text-error")
    return Content.assemble(told, "   ", (f"{word} by {abs(change):.3g}", style))
