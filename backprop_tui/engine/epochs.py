"""Training by epochs: each goes once through the data, batch after batch."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np

from ..network.model import Network
from ..notation import updated
from .compile import Values
from .feed import Feed
from .fused import Trained, TrainingStep
from .numerics import Array

CHUNK: Final = 0.05
"""Seconds of training, about, between two looks at whether to stop."""


@dataclass(frozen=True)
class Epoch:
    """What an epoch has come to.

    Attributes
    ----------
    loss:
        The mean over its batches, each before its step, in the loss's own unit.
    seconds:
        What its steps have taken.
    accuracy:
        The share of samples in the right class at its end; NaN where it wasn't asked for.

    """

    loss: float
    seconds: float
    accuracy: float = float("nan")


@dataclass
class State:
    """How far a training has come: all that going on from here depends on, and what has been.

    Attributes
    ----------
    learned:
        The parameters and the optimiser's memory, by name.
    iteration:
        How many steps have been made.
    losses, seconds:
        The losses of the steps of the epoch that has begun, and how long they took.
    epochs:
        Those that are complete.

    """

    learned: dict[str, Array]
    iteration: int = 0
    losses: array[float] = field(default_factory=lambda: array("d"))
    seconds: float = 0.0
    epochs: list[Epoch] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """The mean loss of the epoch that has begun, or else of the last one; NaN before the first step."""
        if self.losses:
            return float(np.mean(np.array(self.losses)))
        return self.epochs[-1].loss if self.epochs else float("nan")


class Ending(Enum):
    """Why a training ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    NOT_FINITE = "met NaN or infinity"


class Outcome(NamedTuple):
    """How a training ended, and at which iteration: the next one to be made, or that whose loss isn't finite."""

    ending: Ending
    iteration: int


class Training:
    """Training of a network, from its start or from where another training has come.

    Parameters
    ----------
    network:
        Its data, mini-batches, optimiser and parameters are used.
    step:
        The training step of its derivation.
    state:
        Where to go on from; None to begin.
    accuracy:
        Measured at the end of every epoch; None where it isn't wanted.

    """

    def __init__(
        self,
        network: Network,
        step: TrainingStep,
        state: State | None = None,
        accuracy: Callable[[Values], float] | None = None,
    ) -> None:
        self._step, self._accuracy = step, accuracy
        self._start = {name: np.asarray(value, step.dtype) for name, value in network.start.items()}
        self._rows = network.batches.size if network.batches else network.samples
        self._feed = None if network.batches is None else Feed(network, step.dtype)
        self.state = state or State({name: self._start[name] for name in learned_names(network)})

    @property
    def steps(self) -> int:
        """How many steps an epoch has: one where every step uses all of the data."""
        return self._feed.steps if self._feed else 1

    @property
    def rows(self) -> int:
        """How many samples a step takes."""
        return self._rows

    @property
    def values(self) -> dict[str, Array]:
        """All that a step is given, as it is now; the inputs are those of the first step."""
        return {**self._start, **self.state.learned}

    def run(self, epochs: int, stop: Callable[[], bool], report: Callable[[State], None]) -> Outcome:
        """Train until so many epochs are complete, those before counted.

        Parameters
        ----------
        epochs:
            How many.
        stop:
            Asked about twenty times a second, between two steps, whether to end now.
        report:
            Told the state as often.

        """
        steps, goal = 1, epochs * self.steps
        while self.state.iteration < goal:
            steps = min(steps, goal - self.state.iteration, self._most_steps)
            steps, stopped = self._step.agreed(steps, stop=stop())
            if stopped:
                return Outcome(Ending.STOPPED, self.state.iteration)
            begun = perf_counter()
            trained = self._step.run(self.values, steps, self._feed, self.state.iteration)
            seconds = perf_counter() - begun
            wrong = ~np.isfinite(trained.losses)
            if wrong.any():
                return Outcome(Ending.NOT_FINITE, self.state.iteration + int(wrong.argmax()))
            self._advance(trained, seconds)
            report(self.state)
            steps = max(1, min(2 * steps, int(CHUNK * steps / seconds)))
        return Outcome(Ending.COMPLETE, self.state.iteration)

    @property
    def _most_steps(self) -> int:
        """How many steps may be made at once: where accuracy is measured, those left of the epoch."""
        return self.steps - self.state.iteration % self.steps if self._accuracy else sys.maxsize

    def _advance(self, trained: Trained, seconds: float) -> None:
        state = self.state
        state.learned = dict(trained.values)
        for loss in trained.losses.tolist():
            state.iteration += 1
            state.losses.append(loss)
            state.seconds += seconds / len(trained.losses)
            if state.iteration % self.steps == 0:
                self._complete_epoch()

    def _complete_epoch(self) -> None:
        state = self.state
        accuracy = self._accuracy(self.values) if self._accuracy else float("nan")
        state.epochs.append(Epoch(state.loss, state.seconds, accuracy))
        state.losses, state.seconds = array("d"), 0.0


def learned_names(network: Network) -> list[str]:
    """Return the names of all that a step updates: parameters that aren't frozen, and the optimiser's memory."""
    derivation = network.derivation
    return [name for name in (*derivation.parameters, *derivation.memory) if updated(name) in derivation]
