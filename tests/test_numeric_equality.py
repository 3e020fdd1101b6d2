from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import N

from backprop_tui.engine.compile import compile_stage
from backprop_tui.engine.straight_line import compile_iteration

from .networks import LECTURE_WIDTHS, Array, Start, Widths, entries, exact, lecture, starts

STEP = 1e-30
DIGITS = 40
BATCH = Widths(4, 3, 4, 2)


def loss_by_hand(W: Any, V: Any, x: Any, t: Any) -> Any:
    """The forward pass of the lecture, typed for NumPy and real or complex weights."""
    h = 1 / (1 + np.exp(-(x @ W)))
    y = 1 / (1 + np.exp(-(h @ V)))
    return ((y - t) ** 2).sum()


def loss_for_autograd(W: Any, V: Any, x: Any, t: Any) -> Any:
    hidden = 1 / (1 + anp.exp(-anp.dot(x, W)))
    output = 1 / (1 + anp.exp(-anp.dot(hidden, V)))
    return anp.sum((output - t) ** 2)


def complex_steps(function: Callable[[Any], Any], point: Array) -> Array:
    """Differentiate by Im f(u + is)/s, one entry of u at a time."""
    slopes = np.empty(point.shape)
    for place in np.ndindex(point.shape):
        moved = point.astype(complex)
        moved[place] += 1j * STEP
        slopes[place] = np.imag(function(moved)) / STEP
    return slopes


def gradients(widths: Widths, start: Start) -> dict[str, Array]:
    names = ["dE/dW", "dE/dV"]
    computed = compile_iteration(lecture(widths), names)(start)
    return {name: np.atleast_2d(value) for name, value in zip(names, computed, strict=True)}


def assert_relatively_equal(found: Array, expected: Array) -> None:
    """Equal to 1e-12 of the largest entry."""
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def assert_complex_steps_agree(widths: Widths, start: Start) -> None:
    found, (x, t, W, V) = gradients(widths, start), (start[name] for name in "xtWV")
    assert_relatively_equal(found["dE/dW"], complex_steps(lambda moved: loss_by_hand(moved, V, x, t), W))
    assert_relatively_equal(found["dE/dV"], complex_steps(lambda moved: loss_by_hand(W, moved, x, t), V))


def assert_autograd_agrees(widths: Widths, start: Start) -> None:
    found, given_ = gradients(widths, start), [start[name] for name in "WVxt"]
    assert_relatively_equal(found["dE/dW"], grad(loss_for_autograd, 0)(*given_))
    assert_relatively_equal(found["dE/dV"], grad(loss_for_autograd, 1)(*given_))


def well_conditioned(start: Start) -> Start:
    """The start where no difference loses more than three digits: 1 - y of saturated units, y - t near the target."""
    return {**start, "x": start["x"] / 6, "V": start["V"] / 3, "t": (start["t"] > 0).astype(float)}


def assert_stages_are_exact(widths: Widths, start: Start) -> None:
    """Compare every stage with its index form in exact arithmetic, evaluated on the same earlier stages."""
    derivation, values = lecture(widths), dict(start)
    for stage in derivation:
        indices, sizes = stage.indices, derivation.sizes
        found = compile_stage(derivation, stage)(values)
        expected = [N(value, DIGITS) for value in entries(stage.index, indices, exactly(values), sizes)]
        np.testing.assert_allclose(found.ravel(), np.array(expected, dtype=float), rtol=1e-12, atol=1e-14)
        values[stage.name] = found


def exactly(values: Start) -> dict[str, Any]:
    return {name: exact(value) for name, value in values.items()}


def widths_up_to_five() -> st.SearchStrategy[Widths]:
    return st.builds(Widths, *[st.integers(1, 5)] * 4)


@settings(max_examples=50, deadline=None)
@given(starts(LECTURE_WIDTHS))
def test_every_stage_equals_its_index_form_in_exact_arithmetic(start: Start) -> None:
    assert_stages_are_exact(LECTURE_WIDTHS, start)


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_every_stage_is_exact_for_other_widths_and_batches(data: st.DataObject) -> None:
    widths = data.draw(widths_up_to_five().filter(lambda drawn: sum(drawn) <= 12))
    assert_stages_are_exact(widths, data.draw(starts(widths)))


@settings(deadline=None)
@given(starts(LECTURE_WIDTHS).map(well_conditioned))
def test_complex_steps_through_a_pass_by_hand_give_the_gradients(start: Start) -> None:
    assert_complex_steps_agree(LECTURE_WIDTHS, start)


@settings(deadline=None)
@given(starts(LECTURE_WIDTHS).map(well_conditioned))
def test_autograd_on_a_pass_by_hand_gives_the_gradients(start: Start) -> None:
    assert_autograd_agrees(LECTURE_WIDTHS, start)


@settings(max_examples=30, deadline=None)
@given(starts(BATCH).map(well_conditioned))
def test_the_gradients_of_a_batch_are_right(start: Start) -> None:
    assert_complex_steps_agree(BATCH, start)
    assert_autograd_agrees(BATCH, start)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_the_gradients_are_right_for_all_widths_from_one_to_five(data: st.DataObject) -> None:
    widths = data.draw(widths_up_to_five())
    start = well_conditioned(data.draw(starts(widths)))
    assert_complex_steps_agree(widths, start)
    assert_autograd_agrees(widths, start)


@settings(max_examples=20, deadline=None)
@given(starts(BATCH))
def test_the_gradient_of_a_batch_is_the_sum_of_those_of_its_rows(start: Start) -> None:
    whole = gradients(BATCH, start)
    rows = [{**start, "x": start["x"][[row]], "t": start["t"][[row]]} for row in range(BATCH.samples)]
    for name in ("dE/dW", "dE/dV"):
        parts = [gradients(LECTURE_WIDTHS, row)[name] for row in rows]
        np.testing.assert_allclose(whole[name], sum(parts), rtol=1e-12, atol=1e-13)
