"""One iteration of training: every quantity by its name, each stage computed when its value is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    run:
        Takes what is given, and computes the values of the stages one after the other.

    """

    __slots__ = ("_given", "_known", "_lock", "_rest", "_run", "_stages")

    def __init__(
        self, given: Mapping[str, Array], stages: Sequence[str], run: Callable[[Mapping[str, Array]], Iterator[Array]]
    ) -> None:
        self._given, self._stages, self._run = given, stages, run
        self._known = dict(given)
        self._rest = self._from_the_first()
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

    @property
    def is_run(self) -> bool:
        """Whether all stages have been computed."""
        return len(self._known) == len(self)

    def _run_to(self, name: str) -> Array:
        if name not in self:
            raise KeyError(name)
        with self._lock, np.errstate(all="ignore"):
            if name not in self._known:
                try:
                    self._compute(name)
                except BaseException:  # such as Ctrl-C: what comes next is asked for again
                    self._rest = self._from_the_first()
                    raise
            if self.is_run:
                self._rest = iter(())
        return self._known[name]

    def _compute(self, name: str) -> None:
        for stage, value in self._rest:
            self._known.setdefault(stage, frozen(value))
            if stage == name:
                return

    def _from_the_first(self) -> Iterator[tuple[str, Array]]:
        return zip(self._stages, self._run(self._given), strict=True)


def frozen(array: Array) -> Array:
    """Return an array after it has been made read-only."""
    array.setflags(write=False)
    return array
