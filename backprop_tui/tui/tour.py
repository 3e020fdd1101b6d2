"""The guided tour: a dozen places of a derivation, each with what to see there. No Textual.

A stop stands at a role, such as the first error signal; which quantity plays it, and every number told of it, is read
off the derivation and its run. Roles that a network doesn't have are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..calculus.derivation import Derivation
from ..calculus.matrices import MatrixProduct, quantities
from ..calculus.stages import Kind, Stage
from ..engine.trace import Trace
from ..engine.ways import Ways
from ..notation import LEARNING_RATE, derivative, derivative_parts, plain, updated
from ..printers.numbers import number
from ..printers.one_line import OneLine
from . import tour_texts as texts

NUDGE: Final = 0.01
"""How far the tour moves a number to see what happens to the loss."""

_NOTHING: Final[Mapping[str, object]] = {}


@dataclass(frozen=True)
class Stop:
    """A place of the tour.

    Attributes
    ----------
    iteration, name, cell:
        The quantity, and the (row, column) of the entry that is talked about.
    title:
        What is seen here, in a word or two.
    text:
        Two or three short sentences.

    """

    iteration: int
    name: str
    title: str
    text: str
    cell: tuple[int, int] = (0, 0)


def stops(trace: Trace) -> tuple[Stop, ...]:
    """Return the stops of the tour through a run, from the input to the loss after the first update."""
    return tuple(_Guide(trace).stops())


class _Guide:
    """Tells about the roles of a derivation."""

    def __init__(self, trace: Trace) -> None:
        self._trace, self._derivation, self._values = trace, trace.derivation, trace[0]
        self._one_line = OneLine([name for name, axes in trace.derivation.axes.items() if axes == ("", "")])

    def stops(self) -> Iterator[Stop]:
        """Yield the stops in order."""
        derivation = self._derivation
        signal = next(_error_signals(derivation), None)
        yield self._input(derivation.inputs[0])
        yield from map(self._weighted, _first_of(derivation, Kind.PRE_ACTIVATION))
        for stage in _first_of(derivation, Kind.ACTIVATION):
            yield self._stop(stage.name, "forward: an activation", texts.BENT)
        yield self._stop(derivation.loss, "the loss", texts.LOSS)
        if signal is not None:
            yield from self._chain(signal)
        yield from self._gradients(signal)
        for stage in _first_update(derivation):
            yield self._update(stage)
        yield self._again(signal)

    def _input(self, name: str) -> Stop:
        rows, columns = self._derivation.shape(name)
        return self._stop(
            name, "the input", texts.INPUT, {"rows": _count(rows, "row"), "entries": _count(columns, "number")}
        )

    def _weighted(self, stage: Stage) -> Stop:
        used = quantities(self._derivation.equations[stage.name])
        moved = [name for name in self._derivation.parameters if name in used and updated(name) in self._derivation]
        parameters = " and ".join(map(plain, moved)) + (" is" if len(moved) == 1 else " are")
        learned = texts.LEARNED.format(parameters=parameters) if moved else ""
        return self._stop(stage.name, "forward: a weighted sum", texts.WEIGHTED, {"learned": learned})

    def _chain(self, signal: Stage) -> Iterator[Stop]:
        """Tell of the error signal, and before it of the two factors that the chain rule made it from, if it did."""
        factors = [factor for factor in signal.factors if factor.adjoint][:1]
        for factor in factors:
            slope = self._first(factor.adjoint)
            goes = "rises" if slope > 0 else "falls" if slope < 0 else "stays"
            yield self._stop(factor.adjoint, "backward: at the output", texts.ADJOINT, {"goes": goes})
            yield self._stop(factor.local, "backward: a local derivative", texts.LOCAL)
        expected = number(self._first(signal.name) * NUDGE, 3)
        tried = number(self._nudged(_by(signal)) - self._trace.loss(0), 3)
        told = {"chain": texts.CHAIN if factors else "", "nudge": NUDGE, "expected": expected, "tried": tried}
        yield self._stop(signal.name, "backward: the error signal", texts.SIGNAL, told)

    def _nudged(self, name: str) -> float:
        """Return the loss when the first entry of a quantity is a little larger."""
        value = np.array(self._values[name])
        value[0, 0] += NUDGE
        return float(Ways(self._derivation, self._values).moved(self._derivation.loss, name, value)[0, 0])

    def _gradients(self, signal: Stage | None) -> Iterator[Stop]:
        """Tell of the last layer's gradient, of the way back from there, and of the first layer's gradient."""
        last, first = _outermost_gradients(self._derivation)
        rows, columns = self._derivation.shape(_by(last))
        yield self._stop(last.name, "backward: a gradient", texts.GRADIENT, {"shape": f"{rows}×{columns}"})
        adjoints = [stage for stage in self._derivation if stage.kind is Kind.ADJOINT]
        further = adjoints[adjoints.index(signal) + 1 :] if signal in adjoints else []
        if further:
            yield self._stop(further[0].name, "backward: to the layer before", texts.SENT_BACK)
        if further and first is not last:
            yield self._stop(first.name, "backward: to the first layer", texts.FIRST_LAYER)

    def _update(self, stage: Stage) -> Stop:
        name = stage.name.removesuffix("'")
        rate = f"{plain(LEARNING_RATE)} = {self._number(LEARNING_RATE)}"
        told = {"rate": rate, "before": self._number(name), "first": f"{plain(name)}[0,0]"}
        return self._stop(stage.name, "the update", texts.UPDATE, told)

    def _again(self, signal: Stage | None) -> Stop:
        loss, now = self._derivation.loss, self._trace.loss(1)
        change = now - self._trace.loss(0)
        told = {
            "value": number(now, 4),
            "moved": "rose" if change > 0 else "fell",
            "change": number(abs(change), 3),
            "beside": "" if self._same_data() else ", on other samples",
            "recalled": texts.RECALLED.format(**self._names(signal.name)) if signal else "",
        }
        return self._stop(loss, "the loss again", texts.AGAIN, told, iteration=1)

    def _same_data(self) -> bool:
        first, second = self._values, self._trace[1]
        return all(np.array_equal(first[name], second[name]) for name in self._derivation.inputs)

    def _stop(
        self, name: str, title: str, text: str, told: Mapping[str, object] = _NOTHING, *, iteration: int = 0
    ) -> Stop:
        """Make a stop, its text filled in with what can be told of any quantity and what is `told` of this one."""
        usual = {**self._names(name), "formula": self._formula(name), "value": self._number(name)}
        return Stop(iteration, name, title, text.format(**{**usual, **told}))

    def _names(self, name: str) -> dict[str, str]:
        parts = derivative_parts(name)
        of, by = (plain(parts.of), plain(parts.by)) if parts else ("", "")
        return {"name": plain(name), "of": of, "by": by, "first": f"{by}[0,0]"}

    def _formula(self, name: str) -> str:
        """The equation of a stage as it was written, empty for what is given."""
        if name not in self._derivation:
            return ""
        stage = self._derivation[name]
        written = stage.matrix if stage.opened is None else stage.opened
        right = stage.index if written is None else written
        return f"{plain(name)} = {self._one_line.formula(right)}"

    def _number(self, name: str) -> str:
        return number(self._first(name), 4)

    def _first(self, name: str) -> float:
        return float(self._values[name][0, 0])


def _first_of(derivation: Derivation, kind: Kind) -> list[Stage]:
    return [stage for stage in derivation if stage.kind is kind][:1]


def _error_signals(derivation: Derivation) -> Iterator[Stage]:
    """Yield the adjoints of pre-activations, that of the last layer first."""
    layers = {derivative(derivation.loss, stage.name) for stage in derivation if stage.kind is Kind.PRE_ACTIVATION}
    return (stage for stage in derivation if stage.name in layers)


def _outermost_gradients(derivation: Derivation) -> tuple[Stage, Stage]:
    """Return the gradients of the last and of the first layer, of weights rather than of biases."""
    gradients = derivation.gradients
    of_weights = [stage for stage in gradients if stage.matrix is not None and stage.matrix.has(MatrixProduct)]
    return (of_weights or gradients)[0], (of_weights or gradients)[-1]


def _first_update(derivation: Derivation) -> list[Stage]:
    """Return the first update of a parameter, as against one of the optimiser's memory."""
    moved = {updated(name) for name in derivation.parameters}
    return [stage for stage in derivation if stage.name in moved][:1]


def _by(stage: Stage) -> str:
    parts = derivative_parts(stage.name)
    return parts.by if parts else stage.name


def _count(many: int, word: str) -> str:
    return f"{many} {word}" if many == 1 else f"{many} {word}s"
