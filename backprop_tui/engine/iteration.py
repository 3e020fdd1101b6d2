"""One iteration of training: every quantity by its name, each stage computed when its value is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from threading import Lock

import numpy as np

from .numerics import Array


class Iteration(Mapping[str, Array]):
    """What an iteration starts from, and the values of its stages.

    Asking for a stage runs those before it too, and none after it. Several threads may ask at once: what is there
    already is read without waiting.

    Parameters
    ----------
    given:
        What it starts from; it and its arrays aren't changed any more.
    stages:
        The names of its stages, in order.
    values:
        Computes their values, one after the other.

    """

    __slots__ = ("_given", "_known", "_lock", "_rest", "_stages")

    def __init__(self, given: Mapping[str, Array], stages: Sequence[str], values: Iterator[Array]) -> None:
        self._given, self._stages = given, stages
        self._known = dict(given)
        self._rest: Iterator[tuple[str, Array]] = zip(stages, values, strict=True)
        self._lock = Lock()

    def __getitem__(self, name: str) -> Array:
        found = self._known.get(name)
        return self._run_to(name) if found is None else found

    def __contains__(self, name: object) -> bool:
        return name in self._given or name in self._stages

    def __iter__(self) -> Iterator[str]:
        return chain(self._given, self._stages)

    def __len__(self) -> int:
        return len(self._given) + len(self._stages)

    def _run_to(self, name: str) -> Array:
        if name not in self:
            raise KeyError(name)
        with self._lock, np.errstate(all="ignore"):
            if name not in self._known:
                for stage, value in self._rest:
                    self._known[stage] = frozen(value)
                    if stage == name:
                        break
            if len(self._known) == len(self):
                self._rest = iter(())
        return self._known[name]


def frozen(array: Array) -> Array:
    """Return an array after it has been made read-only."""
    array.setflags(write=False)
    return array
