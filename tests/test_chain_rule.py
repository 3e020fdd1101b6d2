from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from sympy import Integer, KroneckerDelta

from backprop_tui.calculus.algebra import gathered
from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.indices import Index, base, summed
from backprop_tui.calculus.stages import Factor, Kind

from .networks import Array, entries, lecture

n, m, i, j, k, l = Index("n"), Index("n'"), Index("i"), Index("j"), Index("k"), Index("k'")  # noqa: E741
STEP = 1e-30

INPUTS = {"x": (2, 3), "t": (2, 4)}
PARAMETERS = {"A": (3, 4), "B": (2, 4), "S": (3, 3), "r": (1, 4), "c": (2, 1), "s": (1, 1)}


def logistic(u: Array) -> Array:
    return 1 / (1 + np.exp(-u))


def total(u: Array) -> Array:
    return u.sum(keepdims=True)


STAGES: list[tuple[str, str, Callable[[Any], Array]]] = [
    ("x @ A", "A", lambda q: q.x @ q.A),
    ("A.T @ x.T", "A", lambda q: q.A.T @ q.x.T),
    ("x @ A + r", "A", lambda q: q.x @ q.A + q.r),
    ("x @ A + r", "r", lambda q: q.x @ q.A + q.r),
    ("x @ A + c", "c", lambda q: q.x @ q.A + q.c),
    ("B * t", "B", lambda q: q.B * q.t),
    ("B * t * B", "B", lambda q: q.B * q.t * q.B),
    ("B.T", "B", lambda q: q.B.T),
    ("B - t", "B", lambda q: q.B - q.t),
    ("3 * B", "B", lambda q: 3 * q.B),
    ("t / B", "B", lambda q: q.t / q.B),
    ("B * r", "r", lambda q: q.B * q.r),
    ("B * c", "c", lambda q: q.B * q.c),
    ("B * c", "B", lambda q: q.B * q.c),
    ("B * s", "s", lambda q: q.B * q.s),
    ("sigmoid(B)", "B", lambda q: logistic(q.B)),
    ("tanh(B)", "B", lambda q: np.tanh(q.B)),
    ("exp(B)", "B", lambda q: np.exp(q.B)),
    ("log(B)", "B", lambda q: np.log(q.B)),
    ("rowsum(B)", "B", lambda q: q.B.sum(1, keepdims=True)),
    ("colsum(B)", "B", lambda q: q.B.sum(0, keepdims=True)),
    ("rowsum(B * r)", "r", lambda q: (q.B * q.r).sum(1, keepdims=True)),
    ("S @ S", "S", lambda q: q.S @ q.S),
    ("S @ S.T", "S", lambda q: q.S @ q.S.T),
    ("S * S.T", "S", lambda q: q.S * q.S.T),
]


class Numbers:
    """Quantities as attributes."""

    def __init__(self, values: Mapping[str, Array]) -> None:
        self.__dict__.update(values)


def values(seed: int = 3) -> dict[str, Array]:
    numbers = np.random.default_rng(seed)
    return {name: numbers.uniform(0.5, 2.0, shape) for name, shape in {**INPUTS, **PARAMETERS}.items()}


def stage_alone(text: str) -> Derivation:
    """A network of the one stage q, with a loss that weighs its entries unlike."""
    used = {name: shape for name, shape in PARAMETERS.items() if name in re.findall(r"\w+", text)}
    return derive({"q": text, "E": "sum(q**3)"}, INPUTS, used)


def complex_step_jacobian(function: Callable[[Any], Array], operand: str) -> Array:
    """Differentiate by Im f(u + is)/s: a row for every output, a column for every entry of the operand."""
    given = values()
    columns = []
    for place in np.ndindex(given[operand].shape):
        moved = given[operand].astype(complex)
        moved[place] += STEP * 1j
        columns.append(np.imag(function(Numbers({**given, operand: moved}))).ravel() / STEP)
    return np.array(columns).T


@pytest.mark.parametrize(("text", "operand", "function"), STAGES, ids=[f"{case[0]} by {case[1]}" for case in STAGES])
def test_a_whole_jacobian_is_that_of_complex_steps(text: str, operand: str, function: Callable[[Any], Array]) -> None:
    derivation = stage_alone(text)
    jacobian = derivation[f"dq/d{operand}"].jacobian
    assert jacobian is not None
    given = {**values(), "q": function(Numbers(values()))}
    found = entries(jacobian.entry, (*jacobian.outputs, *jacobian.inputs), given, derivation.sizes)
    expected = complex_step_jacobian(function, operand)
    np.testing.assert_allclose(np.array(found, dtype=float).reshape(expected.shape), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("text", "operand", "function"), STAGES, ids=[f"{case[0]} by {case[1]}" for case in STAGES])
def test_an_adjoint_is_contracted_with_the_jacobian(text: str, operand: str, function: Callable[[Any], Array]) -> None:
    derivation = stage_alone(text)
    stage = derivation[f"dE/d{operand}"]
    output = function(Numbers(values()))
    given = {**values(), "q": output, "dE/dq": 3 * output**2}
    found = np.array(entries(stage.index, stage.indices, given, derivation.sizes), dtype=float)
    expected = (3 * output**2).ravel() @ complex_step_jacobian(function, operand)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_jacobian_of_a_product_has_a_delta_for_the_index_that_is_not_summed() -> None:
    by_parameter, by_layer = (lecture()[name].jacobian for name in ("dz/dV", "dz/dh"))
    assert by_parameter is not None
    assert by_layer is not None
    assert by_parameter.entry == base("h")[n, j] * KroneckerDelta(k, l)
    assert (by_parameter.outputs, by_parameter.inputs) == ((n, k), (j, l))
    assert by_layer.entry == base("V")[j, k] * KroneckerDelta(n, m)
    assert (by_layer.outputs, by_layer.inputs) == ((n, k), (m, j))


def test_the_core_of_a_jacobian_has_outputs_as_rows_and_inputs_as_columns() -> None:
    assert (lecture()["dz/dV"].axes, lecture()["dz/dV"].index) == (("n", "j"), base("h")[n, j])
    assert (lecture()["dz/dh"].axes, lecture()["dz/dh"].index) == (("k", "j"), base("V")[j, k])


def test_the_core_of_a_function_of_each_entry_is_its_slope_without_deltas() -> None:
    y = base("y")[n, k]
    stage = lecture()["dy/dz"]
    assert stage.index == y * (1 - y)
    assert stage.jacobian is not None
    assert stage.jacobian.entry == y * (1 - y) * KroneckerDelta(n, m) * KroneckerDelta(k, l)


def test_a_plain_shift_has_the_derivative_1() -> None:
    stage = stage_alone("x @ A + r")["dq/dr"]
    assert (stage.index, stage.axes) == (Integer(1), ("", ""))


@pytest.fixture
def shared() -> Derivation:
    """A network whose weights are used by two layers, and whose hidden layer is used by two stages."""
    equations = {
        "p": "x @ W",
        "h": "sigmoid(p)",
        "z": "h @ W",
        "u": "h * z",
        "E": "sum((u - t)**2)",
    }
    return derive(equations, {"x": (2, 3), "t": (2, 3)}, {"W": (3, 3)})


def test_a_quantity_used_in_several_places_has_one_factor_for_each(shared: Derivation) -> None:
    assert set(shared["dE/dW"].factors) == {Factor("dE/dp", "dp/dW"), Factor("dE/dz", "dz/dW")}
    assert set(shared["dE/dh"].factors) == {Factor("dE/dz", "dz/dh"), Factor("dE/du", "du/dh")}


def test_an_adjoint_comes_after_those_of_all_stages_that_use_it(shared: Derivation) -> None:
    order = [stage.name for stage in shared]
    for stage in shared:
        assert all(order.index(factor.adjoint) < order.index(stage.name) for factor in stage.factors if factor.adjoint)
    assert order.count("dE/dW") == order.count("dE/dh") == 1


def test_the_shares_of_several_uses_are_added(shared: Derivation) -> None:
    dp, dz, du, x, h, z, W = map(base, ("dE/dp", "dE/dz", "dE/du", "x", "h", "z", "W"))
    column = Index("i'")
    assert shared["dE/dW"].index == summed(h[n, i] * dz[n, column], [n]) + summed(x[n, i] * dp[n, column], [n])
    assert shared["dE/dh"].index == summed(dz[n, column] * W[i, column], [column]) + du[n, i] * z[n, i]


def test_stages_that_the_loss_does_not_see_have_no_adjoint() -> None:
    equations = {"p": "x @ W", "aside": "p * p", "E": "sum(p**2)"}
    names = {stage.name for stage in derive(equations, {"x": (2, 3)}, {"W": (3, 4)})}
    assert "dE/dp" in names
    assert not {"dE/daside", "daside/dp"} & names


def test_inputs_have_no_adjoint() -> None:
    assert not {"dE/dx", "dE/dt", "dp/dx"} & {stage.name for stage in lecture()}


def test_every_local_derivative_is_a_factor_of_some_adjoint(shared: Derivation) -> None:
    used = {factor.local for stage in shared for factor in stage.factors}
    assert {stage.name for stage in shared if stage.kind is Kind.LOCAL} == used - {"E"}


def test_common_factors_are_taken_out_of_a_sum() -> None:
    y, t = base("y")[n, k], base("t")[n, k]
    assert gathered(2 * y - 2 * t).as_coeff_Mul() == (2, y - t)
    assert gathered(y - t) == y - t
