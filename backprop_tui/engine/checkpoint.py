"""A training's state in a file, from which it goes on bit for bit as if it had never stopped.

The file is NumPy's ``.npz``: each parameter, and each quantity that the optimiser remembers, by its name; beside them
what only this program reads, by names that begin with ``training.``.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812 - a class, whatever zlib calls it

import numpy as np
from numpy.typing import DTypeLike

from ..errors import InputError
from ..files import write
from ..network.model import Network
from .epochs import Epoch, State, learned_names
from .numerics import Array

_PREFIX: Final = "training."
_KEYS: Final = tuple(_PREFIX + word for word in ("iteration", "losses", "seconds", "epochs", "batches"))


def save(path: Path, state: State, network: Network) -> None:
    """Write a state, whole or not at all.

    Raises
    ------
    InputError
        Where it can't be written, or would replace a file that is something else.

    """
    check_replaceable(path)
    epochs = np.array([(epoch.loss, epoch.seconds, epoch.accuracy) for epoch in state.epochs]).reshape(-1, 3)
    parts = (state.iteration, np.array(state.losses), state.seconds, epochs, _batches(network))
    contents = BytesIO()
    np.savez(contents, allow_pickle=False, **state.learned, **dict(zip(_KEYS, map(np.asarray, parts), strict=True)))
    write(path, contents.getvalue())


def check_replaceable(path: Path) -> None:
    """Refuse to write over a file that isn't a saved training.

    Raises
    ------
    InputError
        Where there is such a file.

    """
    if path.suffix != ".npz":
        raise InputError(f"the file {path.name!r}", "a name that ends in .npz", key="--save")
    if path.exists():
        _arrays(path, "another name: this file is something else than a saved training", "--save")


def load(path: Path, network: Network, dtype: DTypeLike) -> State:
    """Read a state.

    Parameters
    ----------
    path:
        The file.
    network:
        The network that is trained.
    dtype:
        What it is trained in.

    Raises
    ------
    InputError
        Where the file can't be read, or was saved by the training of another network.

    """
    arrays = _arrays(path, "a file that train --save has written", "--resume")
    learned = {name: array for name, array in arrays.items() if name not in _KEYS}
    iteration, losses, seconds, epochs, batches = (arrays[key] for key in _KEYS)
    _check(learned, {name: network.derivation.shape(name) for name in learned_names(network)}, np.dtype(dtype), path)
    if batches.tolist() != _batches(network):
        size, samples = batches.tolist()
        expected = "{} of {}".format(*_batches(network))
        raise InputError(f"batches of {size} out of {samples} rows", expected, file=str(path), key="--resume")
    before = [Epoch(*row) for row in epochs.tolist()]
    return State(learned, int(iteration), array("d", losses.tolist()), float(seconds), before)


def _batches(network: Network) -> list[int]:
    return [network.batches.size if network.batches else network.samples, network.samples]


def _arrays(path: Path, expected: str, key: str) -> dict[str, Array]:
    """Read all arrays of a file in which a training was saved."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = dict(found)
    except OSError as error:
        raise InputError(f"can't be read ({error.strerror or error})", file=str(path), key=key) from None
    except (ValueError, EOFError, TypeError, BadZipFile, ZlibError):
        raise InputError("not a saved training", expected, file=str(path), key=key) from None
    if not arrays.keys() >= set(_KEYS):
        raise InputError("not a saved training", expected, file=str(path), key=key)
    return arrays


def _check(learned: Mapping[str, Array], shapes: Mapping[str, tuple[int, int]], dtype: np.dtype, path: Path) -> None:
    """Refuse the state of another network, or of another type."""
    got, expected = _told({name: array.shape for name, array in learned.items()}), _told(shapes)
    if got != expected:
        raise InputError(f"of another network: {got}", expected, file=str(path), key="--resume")
    other = next((array.dtype for array in learned.values() if array.dtype != dtype), None)
    if other is not None:
        raise InputError(
            f"numbers of {other}", f"{dtype}: --dtype {other} goes on with it", file=str(path), key="--resume"
        )


def _told(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in sorted(shapes.items()))
