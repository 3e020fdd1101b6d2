"""Two runs of the same stages beside each other: which numbers differ, and where the runs part."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..calculus.indices import names_in
from .numerics import Array
from .trace import Trace

ROUNDING: Final = 1e-12
"""Numbers this near to each other, relative to them, are the same: two derivations may round differently."""


class Parting(NamedTuple):
    """A stage at the iteration in which it first differs."""

    iteration: int
    stage: str


class Comparison:
    """Compares two runs whose derivations have the same stages.

    Parameters
    ----------
    first, second:
        The runs.

    """

    def __init__(self, first: Trace, second: Trace) -> None:
        self.first, self.second = first, second

    def differing(self, iteration: int, name: str) -> NDArray[np.bool_]:
        """Return which entries of a quantity differ."""
        return ~_close(self.first[iteration][name], self.second[iteration][name])

    def differs(self, iteration: int, name: str) -> bool:
        """Whether a quantity differs in any entry; one that a run doesn't have does."""
        values, others = self.first[iteration], self.second[iteration]
        return name not in others or name not in values or not _close(values[name], others[name]).all()

    def formula_differs(self, stage: str) -> bool:
        """Whether a stage is computed differently in the two runs."""
        return bool(self.first.derivation[stage].index != self.second.derivation[stage].index)

    def causes(self, iteration: int, stage: str) -> list[str]:
        """Return the quantities that the first run's stage is made from and that both runs have, where they differ."""
        used = names_in(self.first.derivation[stage].index) & set(self.second[iteration])
        ordered = [name for name in self.first[iteration] if name in used]
        return [name for name in ordered if self.differs(iteration, name)]

    def partings(self, iterations: int) -> list[Parting]:
        """Return, in order, where stages that are computed differently first differ, and where the loss does.

        Runs that start from the same numbers part at the first of them.
        """
        derivation = self.first.derivation
        telling = [
            stage.name for stage in derivation if stage.name == derivation.loss or self.formula_differs(stage.name)
        ]
        found = (self._first(name, iterations) for name in telling)
        return sorted((place for place in found if place is not None), key=lambda place: place.iteration)

    def _first(self, name: str, iterations: int) -> Parting | None:
        places = (Parting(iteration, name) for iteration in range(iterations))
        return next((place for place in places if self.differs(*place)), None)


def _close(one: Array, other: Array) -> NDArray[np.bool_]:
    return np.isclose(one, other, rtol=ROUNDING, atol=0, equal_nan=True)
