"""One iteration, whose stages are computed when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier, Thread

import numpy as np
import pytest

from backprop_tui.engine.iteration import Iteration

from .networks import Array

STAGES = ("p", "h", "E")


class Computed:
    """An iteration of three stages, and which of them have been computed."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.iteration = Iteration({"x": np.ones((1, 1))}, STAGES, self._values())

    def _values(self) -> Iterator[Array]:
        for number, name in enumerate(STAGES):
            self.names.append(name)
            yield np.full((1, 1), float(number))


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


def test_threads_that_ask_at_once_get_the_same_array() -> None:
    def values() -> Iterator[Array]:
        met.wait(1)  # both have asked before the first stage is there
        for number in range(3):
            yield np.full((1, 1), float(number))

    met, found = Barrier(2), list[Array]()
    iteration = Iteration({}, STAGES, values())

    def ask() -> None:
        found.append(iteration["E"])

    first = Thread(target=ask)
    first.start()
    met.wait(1)
    ask()
    first.join()
    assert found[0] is found[1]
