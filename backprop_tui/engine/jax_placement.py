"""Where a step's arrays lie: the samples shared among devices, all else whole on each of them."""

from __future__ import annotations

from collections.abc import Sequence

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ..calculus.derivation import Derivation
from ..calculus.indices import SAMPLE_LETTER
from .compile import Values

OnDevices = dict[str, jax.Array]
"""Quantities by name, each placed on the devices."""


class Placement:
    """A mesh of devices with one axis, along which the samples' rows of the inputs are split.

    Parameters
    ----------
    derivation:
        Whose arrays they are.
    devices:
        Those to choose from: as many are taken as share the samples evenly.

    Attributes
    ----------
    mesh:
        The devices taken.

    """

    def __init__(self, derivation: Derivation, devices: Sequence[jax.Device]) -> None:
        count = _most_that_share(len(devices), derivation.sizes.get(SAMPLE_LETTER, 1))
        self.mesh = jax.make_mesh((count,), (SAMPLE_LETTER,), (jax.sharding.AxisType.Auto,), devices=devices[:count])
        self._split = {name for name in derivation.inputs if derivation.axes[name][0] == SAMPLE_LETTER}

    @property
    def whole(self) -> NamedSharding:
        """All of an array on each device."""
        return NamedSharding(self.mesh, PartitionSpec())

    def of(self, name: str, *, stacked: bool = False) -> NamedSharding:
        """Return where a quantity lies; `stacked` has an axis of steps before its rows."""
        if name not in self._split:
            return self.whole
        return NamedSharding(self.mesh, PartitionSpec(*[None] * stacked, SAMPLE_LETTER))

    def put(self, values: Values, *, stacked: bool = False) -> OnDevices:
        """Place quantities."""
        return {name: jax.device_put(value, self.of(name, stacked=stacked)) for name, value in values.items()}


def _most_that_share(devices: int, samples: int) -> int:
    return max(count for count in range(1, devices + 1) if samples % count == 0)
