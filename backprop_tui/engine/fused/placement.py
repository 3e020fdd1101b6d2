"""Where a step's arrays lie: the samples shared among devices, all else whole on each of them.

The devices may be those of several processes, on several machines, that JAX has brought together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import jax
from jax.sharding import NamedSharding, PartitionSpec, Sharding, SingleDeviceSharding

from ...calculus.derivation import Derivation
from ...calculus.indices import SAMPLE_LETTER
from ...errors import InputError
from ..numerics import Array


class Placement:
    """A mesh of devices with one axis, along which the samples' rows of the inputs are split.

    Parameters
    ----------
    derivation:
        Whose arrays they are.
    devices:
        Those to choose from: as many are taken, of each process, as share the samples evenly.

    Attributes
    ----------
    mesh:
        The devices taken.
    processes:
        How many have devices there.

    Raises
    ------
    InputError
        Where the samples can't be shared evenly among the processes.

    """

    def __init__(self, derivation: Derivation, devices: Sequence[jax.Device]) -> None:
        taken = _that_share(devices, derivation.sizes.get(SAMPLE_LETTER, 1))
        self.mesh = jax.make_mesh((len(taken),), (SAMPLE_LETTER,), (jax.sharding.AxisType.Auto,), devices=taken)
        self.processes = len({device.process_index for device in taken})
        self._split = {name for name in derivation.inputs if derivation.axes[name][0] == SAMPLE_LETTER}

    @property
    def whole(self) -> Sharding:
        """All of an array on each device."""
        return self._over()

    def of_all(self, names: Iterable[str], *, stacked: bool = False) -> dict[str, Sharding]:
        """Return where quantities lie; `stacked` has an axis of steps before the rows."""
        split = self._over(*[None] * stacked, SAMPLE_LETTER)
        return {name: split if name in self._split else self.whole for name in names}

    def spread(self, values: Mapping[str, Array], *, stacked: bool = False) -> Mapping[str, Array | jax.Array]:
        """Give each device its part where there are several processes, each of which has these values.

        Where there is one, JAX does that when a compiled function is called.
        """
        if self.processes == 1:
            return values
        places = self.of_all(values, stacked=stacked)
        return {
            name: jax.make_array_from_callback(value.shape, places[name], value.__getitem__)
            for name, value in values.items()
        }

    def _over(self, *axes: str | None) -> Sharding:
        """Return where an array lies whose axes run along those of the mesh; a device alone needs none.

        To JAX an array on a mesh is of another type than one of NumPy, and what takes both is compiled twice.
        """
        if self.mesh.size == 1:
            return SingleDeviceSharding(self.mesh.devices.item())
        return NamedSharding(self.mesh, PartitionSpec(*axes))


def _that_share(devices: Sequence[jax.Device], samples: int) -> list[jax.Device]:
    """Return as many devices of each process as can have the same number of samples each."""
    own: dict[int, list[jax.Device]] = {}
    for device in devices:
        own.setdefault(device.process_index, []).append(device)
    most = min(map(len, own.values()))
    counts = [count for count in range(1, most + 1) if samples % (count * len(own)) == 0]
    if not counts:
        raise InputError(f"a step of {samples} rows", f"as many for each of {len(own)} processes", key="--distributed")
    return [device for some in own.values() for device in some[: counts[-1]]]
