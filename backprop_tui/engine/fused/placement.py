"""Where a step's arrays lie: the samples shared among devices, all else whole on each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import jax
from jax.sharding import NamedSharding, PartitionSpec, Sharding, SingleDeviceSharding

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
    def whole(self) -> Sharding:
        """All of an array on each device."""
        return self._over()

    def of_all(self, names: Iterable[str], *, stacked: bool = False) -> dict[str, Sharding]:
        """Return where quantities lie; `stacked` has an axis of steps before the rows."""
        split = self._over(*[None] * stacked, SAMPLE_LETTER)
        return {name: split if name in self._split else self.whole for name in names}

    def _over(self, *axes: str | None) -> Sharding:
        """Return where an array lies whose axes run along those of the mesh; a device alone needs none.

        To JAX an array on a mesh is of another type than one of NumPy, and what takes both is compiled twice.
        """
        if self.mesh.size == 1:
            return SingleDeviceSharding(self.mesh.devices.item())
        return NamedSharding(self.mesh, PartitionSpec(*axes))


def _most_that_share(devices: int, samples: int) -> int:
    return max(count for count in range(1, devices + 1) if samples % count == 0)
