"""Edits: each makes a network into another one, or tells in one line why it can't.

An edit changes the network as it is before the first iteration. As a text it says what it does, in a few words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np

from ..calculus.optimisers import OPTIMISERS
from ..calculus.shapes import told
from ..calculus.vocabulary import LOSSES
from ..errors import InputError, nearest
from ..notation import LEARNING_RATE, plain
from . import values
from .layers import ACTIVATIONS, MOST_LAYERS
from .matrices import check_size
from .model import Network
from .perceptron import with_sizes
from .rewriting import LINEAR, applied, find_loss, functions_in, is_name, with_function, with_loss

_SCALARS: Final = {LEARNING_RATE, *(name for optimiser in OPTIMISERS.values() for name in optimiser.constants)}


class Edit(Protocol):
    """What makes a network into another one."""

    def __call__(self, network: Network) -> Network:
        """Return the changed network; an `InputError` tells why it can't be."""
        ...


@dataclass(frozen=True)
class SetEntry:
    """One entry of something given: of an input, a parameter, the learning rate, a constant of the optimiser.

    Attributes
    ----------
    name:
        The quantity.
    row, column:
        The entry, counted from 0.
    value:
        Its new value.
    iteration:
        Where the data are taken in mini-batches: the iteration whose rows are counted.

    """

    name: str
    row: int
    column: int
    value: float
    iteration: int = 0

    def __str__(self) -> str:
        entry = "" if self.name in _SCALARS else f"[{self.row},{self.column}]"
        return f"{plain(self.name)}{entry} = {_number(self.value)}"

    def __call__(self, network: Network) -> Network:
        """Return the network with this entry."""
        value = values.number(self.value, self.name)
        if self.name == LEARNING_RATE:
            return _edited(network, learning_rate=value)
        if self.name in network.optimiser.constants:
            return _edited(network, constants={**network.constants, self.name: value})
        for group in ("data", "parameters"):
            if self.name in getattr(network, group):
                return _edited(network, **{group: self._entered(getattr(network, group), network, value)})
        raise self._refused(network)

    def _entered(self, matrices: Mapping[str, Any], network: Network, value: float) -> dict[str, Any]:
        check_size(matrices[self.name].shape, self.name)
        matrix = np.array(matrices[self.name], dtype=float)
        seen = network.rows(self.name, self.iteration)
        shape = len(seen), matrix.shape[1]
        if not (0 <= self.row < shape[0] and 0 <= self.column < shape[1]):
            raise InputError(f"{self.name}[{self.row},{self.column}]", f"an entry of a {told(shape)} matrix")
        matrix[seen[self.row], self.column] = value
        return {**matrices, self.name: matrix}

    def _refused(self, network: Network) -> InputError:
        given = [*network.data, *network.parameters, LEARNING_RATE, *network.optimiser.constants]
        expected = f"one that is given: {', '.join(map(plain, given))}"
        if self.name not in network.derivation.axes:
            return InputError(f"no quantity {self.name!r}", expected, nearest=nearest(self.name, given))
        why = "is computed" if self.name in network.derivation else "begins at zero"
        return InputError(f"{plain(self.name)} {why}", expected)


@dataclass(frozen=True)
class SetActivation:
    """The function that makes a stage, or that is applied to it.

    Attributes
    ----------
    stage:
        An equation's name.
    function:
        ``linear`` for none.

    """

    stage: str
    function: str

    def __str__(self) -> str:
        return f"{plain(self.stage)}: {self.function}"

    def __call__(self, network: Network) -> Network:
        """Return the network with this activation."""
        known = activations(network)
        function = values.choice(self.function, known, "activation")
        name = activated(network, self.stage)
        text = with_function(network.equations[name], function, known[1:])
        return _edited(network, equations={**network.equations, name: text})


@dataclass(frozen=True)
class SetLoss:
    """The loss, by its name in the vocabulary; it compares what the present one compares."""

    loss: str

    def __str__(self) -> str:
        return f"loss: {self.loss}"

    def __call__(self, network: Network) -> Network:
        """Return the network with this loss."""
        loss = values.choice(self.loss, LOSSES, "loss")
        found = find_loss(network.equations, network.data)
        text = with_loss(network.equations[found.equation], found, loss)
        return _edited(network, equations={**network.equations, found.equation: text})


@dataclass(frozen=True)
class SetLayers:
    """The layers of a plain perceptron: its sizes, inputs first."""

    sizes: tuple[int, ...]

    def __str__(self) -> str:
        return f"layers {'-'.join(map(str, self.sizes))}"

    def __call__(self, network: Network) -> Network:
        """Return the network with these layers."""
        if len(self.sizes) > MOST_LAYERS:
            raise InputError(f"{len(self.sizes)} of them", f"at most {MOST_LAYERS}", key="layers")
        sizes = [values.count(size, "layers", 1) for size in self.sizes]
        return _edited(network, **with_sizes(network, sizes))


@dataclass(frozen=True)
class SetOptimiser:
    """The update rule; constants that aren't told are the usual ones."""

    name: str
    constants: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        constants = (f"{plain(name)} = {_number(value)}" for name, value in self.constants.items())
        return ", ".join([f"optimiser: {self.name}", *constants])

    def __call__(self, network: Network) -> Network:
        """Return the network with this update rule."""
        optimiser = OPTIMISERS[values.choice(self.name, OPTIMISERS, "optimiser")]
        values.only_known(self.constants, optimiser.constants, f"optimiser {self.name}")
        constants = {name: values.number(value, name) for name, value in self.constants.items()}
        return _edited(network, optimiser=optimiser, constants=constants)


def activations(network: Network) -> tuple[str, ...]:
    """Return the activations that a stage of a network may have, ``linear`` first."""
    return tuple(dict.fromkeys((*ACTIVATIONS, "log_softmax", *network.functions)))


def activated(network: Network, stage: str) -> str:
    """Return the equation that an activation belongs to: the stage's own, or the one that is a function of the stage.

    Raises
    ------
    InputError
        Where the stage has no equation, or is the loss.

    """
    functions = activations(network)[1:]
    choices = [name for name in network.equations if name != network.derivation.loss]
    named = [name for name in (stage, stage.rpartition("_")[0]) if name in choices]
    if not named:
        raise InputError(f"{plain(stage)} has no activation", f"one of {', '.join(choices)}")
    if functions_in(network.equations[named[0]], functions):
        return named[0]
    calls = {name: functions_in(network.equations[name], functions) for name in choices}
    of_it = (name for name, found in calls.items() if any(is_name(call.args[0], named[0]) for call in found))
    return next(of_it, named[0])


def activation(network: Network, stage: str) -> str:
    """Return the activation that a stage has now, ``linear`` for none."""
    text = network.equations[activated(network, stage)]
    calls = functions_in(text, activations(network)[1:])
    found = applied(calls[0], activations(network)) if len(calls) == 1 else None
    return found[0] if found else LINEAR


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _edited(network: Network, **changes: Any) -> Network:
    """Return the changed network: it is no longer the one of its file."""
    return network.changed(**changes, source=None, moment=None)
