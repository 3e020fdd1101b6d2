"""One iteration, whose stages are computed when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Barrier, Thread
from weakref import WeakSet

import numpy as np
import pytest

from backprop_tui.engine.iteration import Iteration

from .networks import Array

STAGES = ("p", "h", "E")


class Computed:
    """An iteration of three stages, and which of them have been computed."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.fails_at = ""
        self.running = WeakSet[Iterator[Array]]()
        self.iteration = Iteration({"x": np.ones((1, 1))}, STAGES, self._begun)

    def _begun(self, given: Mapping[str, Array]) -> Iterator[Array]:
        values = self._values(given["x"])
        self.running.add(values)
        return values

    def _values(self, x: Array) -> Iterator[Array]:
        for number, name in enumerate(STAGES):
            self.names.append(name)
            if name == self.fails_at:
                raise KeyboardInterrupt
            yield x * number


@pytest.fixture
def computed() -> Computed:
    return Computed()


def test_what_is_given_needs_no_stage(computed: Computed) -> None:
    assert computed.iteration["x"] == 1
    assert computed.names == []


def test_a_stage_runs_those_before_it_and_none_after_it(computed: Computed) -> None:
    assert computed.iteration["h"] == 1
    assert computed.names == ["p", "h"]


def test_a_stage_is_computed_once(computed: Computed) -> None:
    first = computed.iteration["h"]
    assert computed.iteration["p"] == 0
    assert computed.iteration["h"] is first
    assert computed.names == ["p", "h"]


def test_its_names_are_known_before_its_values(computed: Computed) -> None:
    assert list(computed.iteration) == ["x", *STAGES]
    assert len(computed.iteration) == 4
    assert "E" in computed.iteration
    assert "q" not in computed.iteration
    assert computed.names == []


def test_a_name_that_it_has_not_runs_nothing(computed: Computed) -> None:
    with pytest.raises(KeyError, match="q"):
        computed.iteration["q"]
    assert computed.names == []


def test_its_order_is_the_same_once_it_has_run(computed: Computed) -> None:
    assert list(dict(computed.iteration)) == list(computed.iteration) == ["x", *STAGES]


def test_it_is_run_once_its_last_stage_is_there_and_keeps_nothing_but_values(computed: Computed) -> None:
    computed.iteration["h"]
    assert not computed.iteration.is_run
    assert len(computed.running) == 1
    computed.iteration["E"]
    assert computed.iteration.is_run
    assert len(computed.running) == 0


def test_its_values_cannot_be_changed(computed: Computed) -> None:
    with pytest.raises(ValueError, match="read-only"):
        computed.iteration["h"][0, 0] = 2


def test_a_stage_that_was_interrupted_can_be_asked_for_again(computed: Computed) -> None:
    first, computed.fails_at = computed.iteration["p"], "h"
    with pytest.raises(KeyboardInterrupt):
        computed.iteration["E"]
    computed.fails_at = ""
    assert computed.iteration["E"] == 2
    assert computed.iteration["p"] is first


def test_threads_that_ask_at_once_get_the_same_array() -> None:
    def values(_: object) -> Iterator[Array]:
        met.wait(1)  # both have asked before the first stage is there
        for number in range(3):
            yield np.full((1, 1), float(number))

    met, found = Barrier(2), list[Array]()
    iteration = Iteration({}, STAGES, values)

    def ask() -> None:
        found.append(iteration["E"])

    first = Thread(target=ask)
    first.start()
    met.wait(1)
    ask()
    first.join()
    assert found[0] is found[1]
