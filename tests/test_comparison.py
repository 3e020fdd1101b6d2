from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backprop_tui.calculus.mistakes import Mistakes, with_mistakes
from backprop_tui.engine.comparison import Comparison, Parting
from backprop_tui.engine.trace import Trace

from .networks import LECTURE_WIDTHS, lecture, random_start

STALE = {"stale": np.array([[1.0, 2.0]])}
NONE = Mistakes(climbs=False, sum_for_mean=True, stale=None)


def compared(mistakes: Mistakes) -> Comparison:
    start = random_start(LECTURE_WIDTHS)
    return Comparison(Trace(with_mistakes(lecture(), mistakes), {**start, **STALE}), Trace(lecture(), start))


def test_runs_without_a_mistake_are_the_same() -> None:
    same = compared(NONE)
    assert same.partings(5) == []
    assert not any(same.differs(4, stage.name) for stage in lecture())


def test_a_lost_sign_parts_the_runs_at_their_first_update() -> None:
    climbing = compared(replace(NONE, climbs=True))
    assert climbing.partings(3) == [Parting(0, "V'"), Parting(0, "W'"), Parting(1, "E")]
    assert climbing.formula_differs("V'")
    assert not climbing.formula_differs("dE/dV")


def test_a_stale_signal_parts_the_runs_at_its_gradient() -> None:
    stale = compared(replace(NONE, stale="dE/dV", signal="dE/dz"))
    assert stale.partings(3) == [Parting(0, "dE/dV"), Parting(1, "E")]
    assert stale.causes(0, "dE/dV") == []
    assert stale.causes(0, "V'") == ["dE/dV"]
    assert stale.causes(1, "z") == ["V"]
    assert stale.causes(1, "dE/dh") == ["V", "dE/dz"]


def test_nothing_parts_in_iterations_that_are_not_looked_at() -> None:
    assert compared(replace(NONE, climbs=True)).partings(0) == []


def test_the_entries_that_differ_are_told_apart_from_those_that_only_round_differently() -> None:
    start = random_start(LECTURE_WIDTHS)
    moved = {**start, "x": start["x"].copy()}
    moved["x"][0, 1] *= 1 + 1e-9
    moved["x"][0, 2] *= 1 + 1e-15
    runs = Comparison(Trace(lecture(), start), Trace(lecture(), moved))
    assert runs.differing(0, "x").tolist() == [[False, True, False]]


@pytest.mark.parametrize("name", ["W", "stale"])
def test_a_quantity_that_only_one_run_has_differs(name: str) -> None:
    stale = compared(replace(NONE, stale="dE/dV", signal="dE/dz", climbs=True))
    assert stale.differs(1, name)
