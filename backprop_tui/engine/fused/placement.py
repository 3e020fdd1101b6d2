"""Where a step's arrays lie: the samples shared among devices, all else whole on each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import jax
from jax.sharding import NamedSharding, PartitionSpec

from ...calculus.derivation import Derivation
from ...calculus.indices import SAMPLE_LETTER


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

    def of_all(self, names: Iterable[str], *, stacked: bool = False) -> dict[str, NamedSharding]:
        """Return where quantities lie; `stacked` has an axis of steps before the rows."""
        split = NamedSharding(self.mesh, PartitionSpec(*[None] * stacked, SAMPLE_LETTER))
        return {name: split if name in self._split else self.whole for name in names}


def _most_that_share(devices: int, samples: int) -> int:
    return max(count for count in range(1, devices + 1) if samples % count == 0)
