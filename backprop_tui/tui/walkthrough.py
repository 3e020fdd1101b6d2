"""Where a reader stands in a derivation run over iterations, and every way to move. No Textual, no NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from ..calculus.derivation import Derivation
    from ..calculus.stages import Stage
    from ..engine.trace import Trace

PACES: Final = (5.0, 3.0, 2.0, 1.0, 0.5, 0.2)
"""Seconds a stage stays when the app steps on its own, the slowest first."""
_USUAL_PACE: Final = 2


class Reading(StrEnum):
    """How a stage's formula is read."""

    MATRIX = "matrix form"
    INDEX = "index form"
    CELL = "this cell"


class Mode(StrEnum):
    """What the matrix shows of its entries."""

    NUMBERS = "numbers"
    DIFFERENCE = "difference"
    HEAT = "heat map"


class Corner(StrEnum):
    """What the place shows that panels share where there isn't room for all."""

    CELL = "this cell"
    OPERANDS = "put in"
    NETWORK = "network"
    LOSS = "loss"


class Cell(NamedTuple):
    """An entry of a quantity, counted from 0."""

    row: int = 0
    column: int = 0


@dataclass(frozen=True)
class Place:
    """A quantity at an iteration, counted from 0: a stage, or something given."""

    iteration: int
    name: str


@dataclass(frozen=True)
class Wanted:
    """Where to begin, in the command line's words; None where the network says it."""

    at: str | None = None
    iteration: int | None = None
    cell: str | None = None


ANYWHERE: Final = Wanted()


@dataclass
class View:
    """How a reader has chosen to look, which stays from place to place."""

    reading: Reading = Reading.MATRIX
    mode: Mode = Mode.NUMBERS
    corner: Corner = Corner.CELL
    pace: int = _USUAL_PACE
    cells: dict[str, Cell] = field(default_factory=dict)


Choice = TypeVar("Choice", bound=StrEnum)


class Walkthrough:
    """A place in a trace.

    Every move returns whether anything changed: before the very first stage there is nothing, forwards there is always
    another iteration. What is given (inputs, parameters, constants) can be visited, and stands outside the order of
    the steps: one step forward leads from it to the first stage.

    Parameters
    ----------
    trace:
        The run that is walked through.
    view:
        How to look at it; the usual way unless given.

    Attributes
    ----------
    source:
        The number of the chosen one among the cells that the present cell was made from.

    """

    def __init__(self, trace: Trace, view: View | None = None) -> None:
        self.trace = trace
        self.view = view or View()
        self.place = Place(0, self._names[0])
        self.source = 0
        self._trail: list[tuple[Place, Cell]] = []

    @property
    def derivation(self) -> Derivation:
        """The derivation that is walked through."""
        return self.trace.derivation

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of an iteration."""
        return self.derivation.stages

    @property
    def stage(self) -> Stage | None:
        """The present stage; None at something given."""
        return self.derivation.by_name.get(self.place.name)

    @property
    def cell(self) -> Cell:
        """The chosen cell of the present quantity."""
        return self.view.cells.get(self.place.name, Cell())

    @property
    def shape(self) -> tuple[int, int]:
        """The rows and columns of the present quantity."""
        return self.derivation.shape(self.place.name)

    @property
    def trail(self) -> Sequence[tuple[Place, Cell]]:
        """The cells that were left for one they were made from, the latest last."""
        return tuple(self._trail)

    # Steps

    def forward(self) -> bool:
        """Step to the next stage, at the end of an iteration to the next one's first."""
        position = self._position + 1
        if position < len(self._names):
            return self._to(replace(self.place, name=self._names[position]))
        return self._to(Place(self.place.iteration + 1, self._names[0]))

    def back(self) -> bool:
        """Step to the stage before, at the start of an iteration to the last one of the iteration before."""
        if self._position > 0:
            return self._to(replace(self.place, name=self._names[self._position - 1]))
        if self.place.iteration > 0:
            return self._to(Place(self.place.iteration - 1, self._names[-1]))
        return False

    def next_iteration(self) -> bool:
        """Go to the same quantity in the next iteration."""
        return self.to_iteration(self.place.iteration + 1)

    def previous_iteration(self) -> bool:
        """Go to the same quantity in the iteration before."""
        return self.to_iteration(max(0, self.place.iteration - 1))

    def to_start(self) -> bool:
        """Go to the first stage of the first iteration."""
        return self._to(Place(0, self._names[0]))

    def to_end(self) -> bool:
        """Go to the last stage of the last iteration that has been begun."""
        return self._to(Place(max(len(self.trace) - 1, self.place.iteration), self._names[-1]))

    def to(self, name: str) -> bool:
        """Go to a quantity of this iteration."""
        return self._to(replace(self.place, name=name))

    def to_iteration(self, iteration: int) -> bool:
        """Go to the same quantity in another iteration."""
        return self._to(replace(self.place, iteration=iteration))

    def visit(self, place: Place, cell: Cell) -> bool:
        """Go to a cell of a quantity at an iteration."""
        moved = self._to(place)
        return self.choose(*cell) or moved

    # Cells

    def choose(self, row: int, column: int) -> bool:
        """Choose a cell of the present quantity; the nearest one where there is none."""
        cell = _within(Cell(row, column), self.shape)
        changed = cell != self.cell
        self.view.cells[self.place.name] = cell
        self.source = 0 if changed else self.source
        return changed

    def next_source(self, step: int, count: int) -> bool:
        """Choose another of the `count` cells that the present one was made from."""
        before = self.source
        self.source = (before + step) % count if count else 0
        return self.source != before

    def follow(self, name: str, cell: Cell, iterations_back: int = 0) -> bool:
        """Go to a cell from which the present one was made, and remember the way."""
        self._trail.append((self.place, self.cell))
        self._to(Place(self.place.iteration - iterations_back, name))
        self.choose(*cell)
        return True

    def retrace(self) -> bool:
        """Return to the cell that was left last for one it was made from."""
        if not self._trail:
            return False
        place, cell = self._trail.pop()
        self._to(place)
        self.choose(*cell)
        return True

    # Ways to look

    def next_reading(self) -> bool:
        """Read the formula in the next way."""
        self.view.reading = after(self.view.reading)
        return True

    def next_mode(self) -> bool:
        """Show the matrix in the next way."""
        self.view.mode = after(self.view.mode)
        return True

    def show(self, corner: Corner) -> bool:
        """Show something in the shared place."""
        changed = corner != self.view.corner
        self.view.corner = corner
        return changed

    def faster(self) -> bool:
        """Stay less long at a stage when stepping on its own."""
        return self._pace(self.view.pace + 1)

    def slower(self) -> bool:
        """Stay longer at a stage when stepping on its own."""
        return self._pace(self.view.pace - 1)

    @property
    def seconds(self) -> float:
        """How long a stage stays when stepping on its own."""
        return PACES[self.view.pace]

    def loss(self) -> tuple[float, float | None]:
        """Return this iteration's loss and how it changed from the one before, None in the first."""
        iteration = self.place.iteration
        loss = self.trace.loss(iteration)
        return loss, loss - self.trace.loss(iteration - 1) if iteration else None

    def onto(self, trace: Trace) -> Walkthrough:
        """Return a walkthrough of another trace at this place, or at the nearest stage before it that is there."""
        carried = Walkthrough(trace, self.view)
        shapes = {name: trace.derivation.shape(name) for name in (*trace.derivation.given, *carried._names)}
        before = [self.place.name, *reversed(self._names[: max(self._position, 0)])]
        name = next((name for name in before if name in shapes), carried._names[0])
        carried.place = Place(self.place.iteration, name)
        carried._trail = [(place, cell) for place, cell in self._trail if place.name in shapes]
        cells = self.view.cells.items()
        self.view.cells = {name: _within(cell, shapes[name]) for name, cell in cells if name in shapes}
        return carried

    @property
    def _names(self) -> list[str]:
        return [stage.name for stage in self.stages]

    @property
    def _position(self) -> int:
        """Where the present stage stands in the order; -1 for what is given."""
        name = self.place.name
        return self._names.index(name) if name in self.derivation else -1

    def _pace(self, pace: int) -> bool:
        changed = 0 <= pace < len(PACES)
        self.view.pace = pace if changed else self.view.pace
        return changed

    def _to(self, place: Place) -> bool:
        moved = place != self.place
        self.place = place
        self.source = 0 if moved else self.source
        return moved


def after(choice: Choice) -> Choice:
    """Return the choice that follows another, the first after the last."""
    choices = list(type(choice))
    return choices[(choices.index(choice) + 1) % len(choices)]


def _within(cell: Cell, shape: tuple[int, int]) -> Cell:
    return Cell(min(max(cell.row, 0), shape[0] - 1), min(max(cell.column, 0), shape[1] - 1))
