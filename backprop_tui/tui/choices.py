"""What can be changed of a network by a choice from a list. Imported once the derivation is there: it needs NumPy."""

from __future__ import annotations

from collections.abc import Iterator

from ..calculus.optimisers import OPTIMISERS
from ..calculus.vocabulary import LOSSES
from ..errors import InputError
from ..network import Network
from ..network.edits import Edit, SetActivation, SetLoss, SetOptimiser, activated, activation, activations
from ..network.rewriting import LINEAR


def choices(network: Network) -> Iterator[Edit]:
    """Yield every edit that needs nothing to be typed, save those that would change nothing."""
    for name in network.equations:
        yield from _activations(network, name)
    yield from (SetLoss(loss) for loss in LOSSES)
    yield from (SetOptimiser(name) for name in OPTIMISERS if name != network.optimiser.name)


def _activations(network: Network, name: str) -> Iterator[Edit]:
    """Yield the other activations of an equation that has one."""
    try:
        present, its_own = activation(network, name), activated(network, name) == name
    except InputError:
        return
    if its_own and present != LINEAR:
        yield from (SetActivation(name, other) for other in activations(network) if other != present)
