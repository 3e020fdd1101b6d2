"""The screen that steps through a derivation: its parts, and what the keys do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.command import CommandPalette
from textual.containers import Container, Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import OptionList, Static

from ..actions import STEPPING
from ..commands import GoToCommands
from ..layout import SMALLEST, Layout, layout_of
from ..sight import Sight
from ..walkthrough import Cell, Corner, Place, Walkthrough
from ..widgets.chain_line import ChainLine
from ..widgets.health_line import HealthLine
from ..widgets.key_line import KeyLine
from ..widgets.loss_plot import LossPlot
from ..widgets.matrix_view import MatrixView
from ..widgets.network_picture import NetworkPicture
from ..widgets.origin_panel import OperandsPanel, OriginPanel
from ..widgets.panels import Panel
from ..widgets.parts import Formula, Heading, LossLine, Part, Reason
from ..widgets.pictures import HealthPart, LossPart, MatrixPart, NetworkPart
from ..widgets.stage_list import StageList
from .source import SourceScreen

if TYPE_CHECKING:
    from ...engine.health import Finding
    from ..typeset import StageTexts

Deed = Callable[[Walkthrough], object]


class StepperScreen(Screen[None]):
    """One place of a walkthrough, and keys that move it.

    Parameters
    ----------
    name:
        What the network is called.

    """

    BINDINGS = [action.binding for action in STEPPING]
    AUTO_FOCUS = ""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._title, self._pace = f"backprop-tui  {name}", ""
        self._walkthrough: Walkthrough | None = None
        self._texts: StageTexts | None = None
        self._clock: Timer | None = None
        self._stages, self._keys = StageList(), KeyLine(id="keys")
        self._loss, self._heading = LossLine(id="loss"), Heading(id="heading")
        self._chain = ChainLine(id="chain")
        self._formula, self._reason = Formula(id="formula"), Reason(id="reason")
        self._origin, self._operands = OriginPanel(id="cell"), OperandsPanel(id="operands")
        self._matrix, self._health = MatrixPart(self._choose, self.action_follow, id="matrix"), HealthPart("!")
        self._network, self._losses = NetworkPart(id="network"), LossPart(id="losses")
        self._of_cell: tuple[Part, ...] = (self._formula, self._origin, self._operands, self._network)
        self._of_place: tuple[Part, ...] = (self._loss, self._heading, self._chain, self._matrix, self._reason)
        self._of_iteration: tuple[Part, ...] = (self._losses, self._health)

    def compose(self) -> ComposeResult:
        self.add_class(layout_of(*self.app.size))
        columns, lines = SMALLEST
        yield Static(f"backprop-tui needs a terminal of {columns} columns and {lines} lines.", id="no-room")
        with Horizontal(id="status"):
            yield Static(self._title, id="title", markup=False)
            yield self._loss
        yield self._health
        with Horizontal(id="body"):
            yield self._stages
            with Container(id="stage"):
                yield self._heading
                yield self._chain
                with Horizontal(id="formula-and-matrix"):
                    yield self._formula
                    yield self._matrix
                yield self._origin
                yield self._reason
                yield self._operands
                yield self._network
                yield self._losses
        yield self._keys

    def on_mount(self) -> None:
        self._keys.show(choosing=False)

    @on(events.Resize)
    def _lay_out(self, event: events.Resize) -> None:
        chosen = layout_of(*event.size)
        for layout in Layout:
            self.set_class(layout is chosen, layout)
        if chosen is Layout.NONE:
            self.set_focus(None)
        self.show()

    def begin(self, walkthrough: Walkthrough, texts: StageTexts) -> None:
        """Start on a derivation."""
        self._walkthrough, self._texts = walkthrough, texts
        self._stages.fill(walkthrough.derivation)
        self.show()

    def call_it(self, name: str) -> None:
        """Say in the title what the network is called."""
        self._title = f"backprop-tui  {name}"
        self._tell_title()

    def _tell_title(self) -> None:
        self.query_one("#title", Static).update(f"{self._title}{self._pace}", layout=False)

    @property
    def walkthrough(self) -> Walkthrough:
        """Where the reader stands, once the derivation is there."""
        assert self._walkthrough is not None
        return self._walkthrough

    def show(self, *, cell_only: bool = False) -> None:
        """Show the present place in every part that the layout has room for, or in those that another cell changes."""
        if self._walkthrough is None or self._texts is None:
            return
        sight = Sight(self._walkthrough, self._texts)
        for corner in Corner:
            self.set_class(corner is sight.corner, f"-corner-{corner.name.lower()}")
        self._stages.mark(sight.place.name)
        for part in self._of_cell if cell_only else (*self._of_place, *self._of_cell, *self._of_iteration):
            if part.display or part is self._health:
                part.see(sight)

    def do(self, deed: Deed, *, cell_only: bool = False) -> None:
        """Do something with the walkthrough, and show what changed."""
        if self._walkthrough is not None and deed(self._walkthrough):
            self.show(cell_only=cell_only)

    def go(self, name: str) -> None:
        """Go to a quantity."""
        self.do(lambda walkthrough: walkthrough.to(name))

    def go_to_iteration(self, iteration: int) -> None:
        """Go to an iteration."""
        self.do(lambda walkthrough: walkthrough.to_iteration(iteration))

    def places(self) -> Iterator[tuple[str, str]]:
        """Yield every quantity's name with what it is for."""
        if self._walkthrough is not None and self._texts is not None:
            derivation = self._walkthrough.derivation
            for name in (*(stage.name for stage in derivation), *derivation.given):
                yield name, self._texts.kind(name)

    # Actions

    def action_walk(self, move: str) -> None:
        """Make one of the walkthrough's moves."""
        self.do(lambda walkthrough: getattr(walkthrough, move)())

    def action_go(self, name: str) -> None:
        """Go to a quantity."""
        self.go(name)

    def action_corner(self, corner: str) -> None:
        """Show something in the shared place."""
        self.do(lambda walkthrough: walkthrough.show(Corner[corner]))

    def action_next_source(self, step: int) -> None:
        """Choose another of the cells that the present one was made from."""

        def chosen(walkthrough: Walkthrough) -> bool:
            return walkthrough.next_source(step, len(self._sight(walkthrough).origin.sources))

        self.do(chosen, cell_only=True)

    def action_follow(self) -> None:
        """Go to the chosen cell that the present one was made from."""
        self.do(lambda walkthrough: self._follow(walkthrough, walkthrough.source))

    def action_follow_source(self, source: int) -> None:
        """Go to a cell that the present one was made from."""
        self.do(lambda walkthrough: self._follow(walkthrough, source))

    def action_scroll_panels(self, right: int, down: int) -> None:
        """Scroll what is too wide or too tall."""
        for panel in self.query(Panel):
            panel.scroll_relative(right, down, animate=False, immediate=True)

    def action_go_to(self) -> None:
        """Search for a stage or an iteration to go to."""
        self.app.push_screen(CommandPalette([GoToCommands], placeholder="a stage, or the number of an iteration"))

    def action_play(self) -> None:
        """Step on its own, or stop."""
        self.do(lambda walkthrough: self._play(None if self._clock else walkthrough.seconds))

    def action_pace(self, change: str) -> None:
        """Step on its own faster or slower."""
        self.do(lambda walkthrough: self._change_pace(walkthrough, change))

    def _change_pace(self, walkthrough: Walkthrough, change: str) -> bool:
        getattr(walkthrough, change)()
        if self._clock is not None:
            self._play(walkthrough.seconds)
        self.notify(f"a step every {walkthrough.seconds:g} s")
        return False

    def action_source(self) -> None:
        """Show the LaTeX source of what is on the screen."""
        self.do(lambda walkthrough: self.app.push_screen(SourceScreen(self._sight(walkthrough).latex)) and False)

    def action_copy(self) -> None:
        """Copy the LaTeX source of what is on the screen."""
        self.do(lambda walkthrough: self.app.copy_to_clipboard(self._sight(walkthrough).latex))
        self.notify("The LaTeX source of this screen is copied.")

    def action_projector(self) -> None:
        """Show fewer things with more space, or all again."""
        self.toggle_class("-projector")
        self.show()

    def _sight(self, walkthrough: Walkthrough) -> Sight:
        assert self._texts is not None
        return Sight(walkthrough, self._texts)

    def _follow(self, walkthrough: Walkthrough, number: int) -> bool:
        sources = self._sight(walkthrough).origin.sources
        if number >= len(sources):
            return False
        source = sources[number]
        return walkthrough.follow(source.name, Cell(source.row, source.column), source.back)

    def _play(self, seconds: float | None) -> bool:
        """Step on its own every so many seconds; with None, stop."""
        if self._clock is not None:
            self._clock.stop()
        self._clock = None if seconds is None else self.set_interval(seconds, lambda: self.action_walk("forward"))
        self._pace = "" if seconds is None else f"   ▶ a step every {seconds:g} s"
        self._tell_title()
        return True

    def action_choose_cell(self) -> None:
        """Give the arrows to the matrix."""
        if not self.has_class(Layout.NONE):
            self.set_focus(self._matrix)

    def action_leave_cell(self) -> None:
        """Give the arrows back to the steps, and stop what runs on its own."""
        self.set_focus(None)
        self._play(None)

    def action_warning(self) -> None:
        """Go to the place of what is wrong, and again to that of the next thing."""
        finding = self._health.chosen()
        if finding is not None:
            self._go_to(finding)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _tell_keys(self) -> None:
        self._keys.show(choosing=self.focused is self._matrix)

    def _choose(self, row: int, column: int) -> None:
        self.do(lambda walkthrough: walkthrough.choose(row, column), cell_only=True)

    @on(MatrixView.Entered)
    def _enter(self) -> None:
        self.action_follow()

    @on(NetworkPicture.Chosen)
    def _go_to_chosen(self, message: NetworkPicture.Chosen) -> None:
        self.go(message.name)

    @on(LossPlot.Chosen)
    def _go_to_iteration(self, message: LossPlot.Chosen) -> None:
        self.go_to_iteration(message.iteration)

    @on(HealthLine.Chosen)
    def _go_to_trouble(self, message: HealthLine.Chosen) -> None:
        self._go_to(message.finding)

    def _go_to(self, found: Finding) -> None:
        self.do(lambda walkthrough: walkthrough.visit(Place(found.iteration, found.stage), Cell(*(found.cell or ()))))

    @on(OptionList.OptionSelected)
    def _go(self, event: OptionList.OptionSelected) -> None:
        if event.option.id is not None:
            self.go(event.option.id)
