"""What there is to see at a place of a walkthrough, worked out when a panel asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .walkthrough import Corner, Place, Reading, Walkthrough

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..calculus.stages import Stage
    from ..engine.iteration import Iteration
    from ..engine.provenance import Origin
    from .typeset import StageTexts


@dataclass(frozen=True)
class Sight:
    """A place, with the texts and numbers that belong to it.

    Attributes
    ----------
    walkthrough:
        Where the reader stands, and how they look at it.
    texts:
        The derivation, typeset.

    """

    walkthrough: Walkthrough
    texts: StageTexts

    @property
    def place(self) -> Place:
        """The quantity and the iteration."""
        return self.walkthrough.place

    @property
    def stage(self) -> Stage | None:
        """The stage; None at something given."""
        return self.walkthrough.stage

    @property
    def phase(self) -> str:
        """The part of an iteration that the quantity belongs to."""
        return self.stage.kind.phase if self.stage else "given"

    @property
    def values(self) -> Iteration:
        """Every quantity of the iteration."""
        return self.walkthrough.trace[self.place.iteration]

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The quantity's value."""
        return self.values[self.place.name]

    @property
    def before(self) -> NDArray[np.float64] | None:
        """The quantity's value one iteration back; None in the first."""
        iteration = self.place.iteration
        return self.walkthrough.trace[iteration - 1][self.place.name] if iteration else None

    @cached_property
    def origin(self) -> Origin:
        """Where the chosen cell comes from."""
        return self.texts.origin(self.walkthrough)

    @property
    def corner(self) -> Corner:
        """What the shared place shows: where the formula is already told for this cell, what was put in."""
        view = self.walkthrough.view
        told = view.reading is Reading.CELL and view.corner is Corner.CELL
        return Corner.OPERANDS if told else view.corner

    @property
    def latex(self) -> str:
        """What is on the screen, as LaTeX source."""
        return "\n".join(rf"\[ {formula} \]" for formula in (*self.texts.latex(self.place.name), self.origin.latex))
