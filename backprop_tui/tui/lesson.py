"""The lesson of a recorded run: the run with its mistakes beside the one without. No Textual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from .. import gallery
from ..calculus.matrices import Quantity
from ..calculus.mistakes import Mistakes
from ..calculus.stages import Reason
from ..engine.comparison import Comparison, Parting
from ..engine.trace import Trace
from ..network import Network
from ..notation import updated
from ..published import RecordedRun, recorded_run

OFF: Final[Mapping[str, Any]] = {"climbs": False, "stale": None, "sum_for_mean": False}
"""The mistakes of a recorded run by their switches, each with what switches it off."""


class Switch(NamedTuple):
    """A mistake that can be switched off: its name in `Mistakes`, what it is called, and what it does at present."""

    name: str
    title: str
    is_on: bool
    told: Reason


@dataclass(frozen=True)
class Lesson:
    """A recorded run beside the corrected one.

    Attributes
    ----------
    network:
        The network of both.
    recorded:
        The run as it was recorded, all its mistakes in it.
    corrected:
        The run as it should be.
    off:
        The switches of the mistakes that are switched off.

    """

    network: Network
    recorded: RecordedRun
    corrected: Trace
    off: frozenset[str] = frozenset()
    comparison: Comparison = field(init=False)

    def __post_init__(self) -> None:
        run = self.recorded.without(**{name: OFF[name] for name in self.off})
        mistaken = Trace(run.derivation(self.network.derivation), run.start(self.network), self.network.inputs)
        object.__setattr__(self, "comparison", Comparison(mistaken, self.corrected))

    def switched(self, number: int) -> Lesson:
        """Return the lesson with one of its mistakes, counted from 0, switched to the other side."""
        return replace(self, off=self.off ^ {self.switches()[number].name})

    def switches(self) -> list[Switch]:
        """Return the mistakes that were recorded, and what each does at present."""
        mistakes = self.recorded.mistakes
        return [
            Switch(name, title, name not in self.off, right if name in self.off else wrong)
            for name, title, wrong, right in _told(mistakes)
            if getattr(mistakes, name) != OFF[name]
        ]

    def losses(self) -> tuple[list[float], list[float]]:
        """Return the losses of the mistaken and of the corrected run, that of the last iteration's result included."""
        places = range(self.network.iterations + 1)
        first, second = self.comparison.first, self.comparison.second
        return [first.loss(place) for place in places], [second.loss(place) for place in places]

    def partings(self) -> list[Parting]:
        """Return where the runs part, as far as they were recorded."""
        return self.comparison.partings(self.network.iterations + 1)

    def why(self, iteration: int, name: str) -> Reason:
        """Tell why a stage is as it is in the mistaken run: why it differs, or that it doesn't."""
        comparison = self.comparison
        reason = comparison.first.derivation[name].reason
        causes = comparison.causes(iteration, name)
        if comparison.formula_differs(name):
            also: Reason = (" And ", *_listed(causes), _agreeing(causes, " differs", " differ"), " already.")
            return (*reason, *(also if causes else ()))
        if not causes:
            return ("The same in both runs. ", *reason)
        told: Reason = ("The formula is the same in both runs. The numbers differ because ", *_listed(causes))
        return (*told, _agreeing(causes, " does", " do"), ".", *self._origins(iteration, causes))

    def _origins(self, iteration: int, causes: Iterable[str]) -> Reason:
        """Say of parameters that the iteration before has made them."""
        learned = [name for name in causes if updated(name) in self.corrected.derivation]
        return tuple(
            piece
            for name in learned
            for piece in (" ", Quantity(name), " is ", Quantity(updated(name)), f" of iteration {iteration - 1}.")
        )


def lesson(network: Network) -> Lesson:
    """Return the lesson of a network's recorded run, on the network as it ships, however it was edited since.

    Raises
    ------
    InputError
        Where none was recorded.

    """
    run, recorded_on = recorded_run(network), gallery.load(network.name)
    return Lesson(recorded_on, run, Trace(recorded_on.derivation, recorded_on.start, recorded_on.inputs))


def _told(mistakes: Mistakes) -> list[tuple[str, str, Reason, Reason]]:
    """List what each mistake does, and what is done without it."""
    return [
        (
            "climbs",
            "the sign",
            ("each update adds the gradient: uphill",),
            ("each update subtracts the gradient: downhill",),
        ),
        (
            "stale",
            "the variable",
            (Quantity(mistakes.stale or ""), " reads a constant left over from an earlier run"),
            (Quantity(mistakes.stale or ""), " reads ", Quantity(mistakes.signal)),
        ),
        (
            "sum_for_mean",
            "the factor",
            ("the factor 2 of a sum, though the comment says 2/n",),
            ("the factor 2/n of a mean, as the comment says",),
        ),
    ]


def _listed(names: Sequence[str]) -> Reason:
    return tuple(piece for name in names for piece in (" and ", Quantity(name)))[1:]


def _agreeing(names: Sequence[str], one: str, several: str) -> str:
    return one if len(names) == 1 else several
