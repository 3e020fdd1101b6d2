"""Where a reader stands in a derivation run over iterations. No Textual, no NumPy: only a place and ways to move it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..calculus.stages import Stage
    from ..engine.trace import Trace


@dataclass(frozen=True)
class Place:
    """A stage of an iteration, both counted from 0."""

    iteration: int = 0
    position: int = 0


class Walkthrough:
    """A place in a trace.

    Every move returns whether the place changed: before the very first stage there is nothing, forwards there is
    always another iteration.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.place = Place()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of an iteration."""
        return self.trace.derivation.stages

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.stages[self.place.position]

    def forward(self) -> bool:
        """Step to the next stage, at the end of an iteration to the next one's first."""
        if self.place.position + 1 < len(self.stages):
            return self._move(replace(self.place, position=self.place.position + 1))
        return self._move(Place(self.place.iteration + 1, 0))

    def back(self) -> bool:
        """Step to the stage before, at the start of an iteration to the last one of the iteration before."""
        if self.place.position > 0:
            return self._move(replace(self.place, position=self.place.position - 1))
        if self.place.iteration > 0:
            return self._move(Place(self.place.iteration - 1, len(self.stages) - 1))
        return False

    def next_iteration(self) -> bool:
        """Go to the same stage in the next iteration."""
        return self._move(replace(self.place, iteration=self.place.iteration + 1))

    def previous_iteration(self) -> bool:
        """Go to the same stage in the iteration before."""
        return self._move(replace(self.place, iteration=max(0, self.place.iteration - 1)))

    def to_start(self) -> bool:
        """Go to the first stage of the first iteration."""
        return self._move(Place())

    def to_stage(self, position: int) -> bool:
        """Go to a stage of this iteration."""
        return self._move(replace(self.place, position=position))

    def loss(self) -> tuple[float, float | None]:
        """Return this iteration's loss and how it changed from the one before, None in the first."""
        iteration = self.place.iteration
        loss = self.trace.loss(iteration)
        return loss, loss - self.trace.loss(iteration - 1) if iteration else None

    def _move(self, place: Place) -> bool:
        moved = place != self.place
        self.place = place
        return moved
