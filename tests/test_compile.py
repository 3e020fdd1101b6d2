from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui.calculus.derivation import derive
from backprop_tui.engine.compile import compile_entries, compile_stage
from backprop_tui.engine.fused import training_step
from backprop_tui.engine.straight_line import compile_iteration, compile_stages

from .networks import LECTURE_WIDTHS, Array, Start, Widths, given_shapes, lecture, random_start, starts

WIDTHS = (LECTURE_WIDTHS, Widths(5, 3, 4, 2), Widths(2, 2, 2, 2))
NAMES = [stage.name for stage in lecture()]


def logistic(u: Array) -> Array:
    return 1 / (1 + np.exp(-u))


def by_hand(start: Start) -> dict[str, Array]:
    """Every stage of the lecture but the local derivatives, in NumPy as a lecturer would type it."""
    x, t, W, V, eta = (start[name] for name in ("x", "t", "W", "V", "eta"))
    p = x @ W
    h = logistic(p)
    z = h @ V
    y = logistic(z)
    error = y - t
    dz = 2 * error * y * (1 - y)
    dh = dz @ V.T
    dp = dh * h * (1 - h)
    gradients = {"dE/dV": h.T @ dz, "dE/dW": x.T @ dp}
    updates = {"V'": V - eta * gradients["dE/dV"], "W'": W - eta * gradients["dE/dW"]}
    forward = {"p": p, "h": h, "z": z, "y": y, "E": (error**2).sum(keepdims=True)}
    return forward | {"dE/dy": 2 * error, "dE/dz": dz, "dE/dh": dh, "dE/dp": dp} | gradients | updates


def stage_by_stage(widths: Widths, start: Start) -> dict[str, Array]:
    values = dict(start)
    for stage in lecture(widths):
        values[stage.name] = compile_stage(lecture(widths), stage)(values)
    return values


def source(*outputs: str) -> str:
    """The generated code of a function that returns the named stages, with that of each form in place of its call."""
    compiled = compile_iteration(lecture(), outputs)
    compiled(random_start(LECTURE_WIDTHS))
    generated = compiled.function
    return ast.unparse(Inlined(generated.__globals__).visit(ast.parse(inspect.getsource(generated))))


class Inlined(ast.NodeTransformer):
    """Writes out calls of generated functions that do no more than return an expression."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        (function,) = ast.parse(inspect.getsource(self.known[node.func.id])).body
        assert isinstance(function, ast.FunctionDef)
        (returned,) = function.body
        assert isinstance(returned, ast.Return)
        names = dict(zip((each.arg for each in function.args.args), map(ast.unparse, node.args), strict=True))
        for part in ast.walk(returned):
            if isinstance(part, ast.Name):
                part.id = names.get(part.id, part.id)
        assert returned.value is not None
        return returned.value


def defined(code: str) -> list[str]:
    return [
        node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]


@pytest.mark.parametrize("widths", WIDTHS)
def test_every_stage_computes_what_a_lecturer_would_type(widths: Widths) -> None:
    start = random_start(widths)
    values = stage_by_stage(widths, start)
    for name, expected in by_hand(start).items():
        np.testing.assert_allclose(values[name], expected, rtol=1e-13, err_msg=name)
        assert values[name].shape == lecture(widths).shape(name)


@pytest.mark.parametrize(
    ("name", "uses"),
    [("p", ["x", "W"]), ("dE/dy", ["y", "t"]), ("dE/dh", ["dE/dz", "V"]), ("V'", ["V", "eta", "dE/dV"])],
)
def test_a_stage_takes_no_more_than_it_uses(name: str, uses: list[str]) -> None:
    values = stage_by_stage(LECTURE_WIDTHS, random_start(LECTURE_WIDTHS))
    alone = compile_stage(lecture(), lecture()[name])({used: values[used] for used in uses})
    np.testing.assert_array_equal(alone, values[name])


@pytest.mark.parametrize("widths", WIDTHS)
def test_the_fused_function_returns_every_stage(widths: Widths) -> None:
    start = random_start(widths)
    fused = compile_iteration(lecture(widths), NAMES)(start)
    expected = stage_by_stage(widths, start)
    for name, value in zip(NAMES, fused, strict=True):
        np.testing.assert_allclose(np.atleast_2d(value), expected[name], rtol=1e-14, err_msg=name)


@pytest.mark.parametrize("apart", [("dE/dz",), ("h", "dE/dh"), ("dy/dz",), ("E", "V'"), tuple(NAMES)])
def test_stages_without_a_matrix_form_may_stand_anywhere(apart: tuple[str, ...]) -> None:
    start = random_start(LECTURE_WIDTHS)
    stages = [stage.rewritten(matrix=None) if stage.name in apart else stage for stage in lecture()]
    values = dict(zip(NAMES, compile_stages(replace(lecture(), stages=tuple(stages)))(start), strict=True))
    for name, expected in stage_by_stage(LECTURE_WIDTHS, start).items():
        if name not in start:
            np.testing.assert_allclose(values[name], expected, rtol=1e-13, err_msg=name)
            assert values[name].shape == expected.shape


def test_a_gradient_that_is_zero_everywhere_has_its_shape() -> None:
    zero = derive({"E": "sum(P.T - P) + sum(Q**2)"}, {}, {"P": (3, 3), "Q": (2, 2)})
    start = {"P": np.ones((3, 3)), "Q": np.ones((2, 2)), "eta": np.array([[0.1]])}
    values = dict(zip((stage.name for stage in zero), compile_stages(zero)(start), strict=True))
    for found in (values["dE/dP"], compile_stage(zero, zero["dE/dP"])(start)):
        assert found.shape == (3, 3)
        assert not found.any()


def test_what_a_gradient_that_is_zero_everywhere_is_taken_on_to_is_zero_too() -> None:
    equations = {"P": "x @ W + b", "E": "sum(P.T - P) + sum(b**2)"}
    zero = derive(equations, {"x": (3, 2)}, {"W": (2, 3), "b": (1, 3)})
    start = {name: np.ones(zero.shape(name)) for name in zero.given}
    slopes = compile_iteration(zero, ["dE/dP", "dE/dW", "dE/db"])(start)
    for found, expected in zip(slopes, (np.zeros((3, 3)), np.zeros((2, 3)), np.full((1, 3), 2.0)), strict=True):
        assert np.shape(found) == expected.shape
        np.testing.assert_array_equal(found, expected)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_fused_function_agrees_at_any_weights(data: st.DataObject) -> None:
    start = data.draw(starts(LECTURE_WIDTHS))
    expected = by_hand(start)
    (loss, slope) = compile_iteration(lecture(), ["E", "dE/dW"])(start)
    np.testing.assert_allclose(loss, expected["E"][0, 0], rtol=1e-12)
    np.testing.assert_allclose(slope, expected["dE/dW"], rtol=1e-12, atol=1e-15)


def test_the_fused_function_returns_its_outputs_in_the_order_asked_for() -> None:
    start = random_start(LECTURE_WIDTHS)
    slope, loss = compile_iteration(lecture(), ["dE/dW", "E"])(start)
    assert np.shape(slope) == (3, 4)
    assert np.shape(loss) == ()


@pytest.mark.parametrize("widths", WIDTHS)
def test_the_index_forms_compute_the_same_entry_by_entry(widths: Widths) -> None:
    values = stage_by_stage(widths, random_start(widths))
    for stage in lecture(widths):
        found = compile_entries(lecture(widths), stage.index, stage.indices)(values)
        np.testing.assert_allclose(found, values[stage.name], rtol=1e-13, err_msg=stage.name)


def test_a_compiled_jacobian_has_an_axis_for_each_index() -> None:
    widths = Widths(2, 3, 4, 5)
    values = stage_by_stage(widths, random_start(widths))
    jacobian = lecture(widths)["dz/dV"].jacobian
    assert jacobian is not None
    found = compile_entries(lecture(widths), jacobian.entry, (*jacobian.outputs, *jacobian.inputs))(values)
    np.testing.assert_allclose(found, np.einsum("nj,kl->nkjl", values["h"], np.eye(5)))


@pytest.mark.parametrize("shared", ["1 - h", "1 - y", "h.T", "x.T", "V.T"])
def test_the_generated_code_has_each_shared_subexpression_once(shared: str) -> None:
    assert source(*NAMES).count(shared) == 1


def test_the_generated_code_subtracts_the_target_once() -> None:
    code = source(*NAMES)
    assert code.count("y - t") + code.count("-t + y") == 1


def test_the_generated_code_assigns_each_name_once() -> None:
    names = defined(source(*NAMES))
    assert len(names) == len(set(names))


def test_the_generated_code_computes_nothing_in_vain() -> None:
    assert defined(source("y")) == ["p", "h", "z", "y"]
    assert not {"E", "dE_dV", "dz_dV", "V_next"} & set(defined(source("dE/dW")))


def test_stages_that_differ_in_names_alone_are_generated_once() -> None:
    known = compile_iteration(lecture(), NAMES).function.__globals__
    code = inspect.getsource(compile_iteration(lecture(), NAMES).function)
    assert "p = _form0(x, W)" in code
    assert "z = _form0(h, V)" in code
    assert len([name for name in known if name.startswith("_form")]) < len(defined(code))


@pytest.mark.parametrize("widths", [Widths(2, 3, 4, 4), Widths(5, 3, 4, 4)])
def test_a_form_with_sizes_in_it_is_generated_for_each_size(widths: Widths) -> None:
    start = random_start(widths) | {"W": np.ones((3, 4)), "x": np.ones((widths.samples, 3))}
    derivation = derive({"p": "x @ W", "E": "mean(p)"}, given_shapes(widths), {"W": (3, 4)})
    loss, slope = compile_iteration(derivation, ["E", "dE/dW"])(start)
    np.testing.assert_allclose(loss, 3)
    np.testing.assert_allclose(slope, np.full((3, 4), 1 / 4))


def test_the_generated_code_calls_exp_for_no_sigmoid() -> None:
    assert source(*NAMES).count("sigmoid(") == 2
    assert "exp(" not in source(*NAMES)


def test_a_scalar_parameter_is_taken_as_a_matrix_of_one_entry() -> None:
    equations = {"p": "(x @ W) * s", "E": "sum((p - t)**2)"}
    derivation = derive(equations, given_shapes(Widths(2, 3, 4, 4)), {"W": (3, 4), "s": (1, 1)})
    numbers = np.random.default_rng(1)
    start = {name: numbers.uniform(size=derivation.shape(name)) for name in ("x", "t", "W", "s", "eta")}
    (slope,) = compile_iteration(derivation, ["dE/ds"])(start)
    product = start["x"] @ start["W"]
    expected = (2 * (product * start["s"] - start["t"]) * product).sum()
    np.testing.assert_allclose(slope, expected, rtol=1e-13)


MEANT_OTHERWISE = (
    *("builtins", "equal", "greater", "greater_equal", "less", "less_equal", "not_equal", "ones", "range", "run"),
    *("select", "where", "numpy", "maximum", "abs_slope", "elu_slope", "log_odds", "spread_over_others", "steps"),
    *("sum_over_others", "largest_of_others", "losses", "given", "results", "array", "pow", "log1p", "copyto"),
)


@pytest.mark.parametrize("name", MEANT_OTHERWISE)
def test_a_name_that_means_something_in_generated_code_is_that_of_a_quantity(name: str) -> None:
    equations = {"z": "x @ W", "y": "softmax(z)", name: "elu(z + b)", "m": "abs(log(1 - y))"}
    equations |= {"E": f"sum({name}**2) + sum(relu({name})) + sum(b) + sum(m) + binary_cross_entropy(y, t)"}
    plain = {key.replace(name, "q"): text.replace(name, "q") for key, text in equations.items()}
    given, learned = {"x": (2, 2), "t": (2, 2)}, {"W": (2, 2), "b": (1, 2)}
    own, other = derive(equations, given, learned), derive(plain, given, learned)
    numbers = np.random.default_rng(4)
    start = {each: numbers.uniform(0, 1, own.shape(each)) for each in own.given}
    values, names = dict(start), [stage.name for stage in other]
    expected = dict(zip(names, compile_stages(other)(start), strict=True))
    for stage, same in zip(own, other, strict=True):
        values[stage.name] = compile_entries(own, stage.index, stage.running)(values).reshape(own.shape(stage.name))
        np.testing.assert_allclose(values[stage.name], expected[same.name], atol=1e-14)
    by_matrix = dict(zip((stage.name for stage in own), compile_stages(own)(start), strict=True))
    np.testing.assert_array_equal(by_matrix["E"], expected["E"])
    for engine in ("arrays", "scalars", "jax"):
        step = training_step(own, engine=engine)
        assert step.gradients(start).loss == pytest.approx(expected["E"][0, 0], rel=1e-14)
        assert step.run(start, 2).losses[0] == pytest.approx(expected["E"][0, 0], rel=1e-14)


def test_large_pre_activations_overflow_nowhere() -> None:
    start = random_start(LECTURE_WIDTHS)
    start["W"] = start["W"] * 1e4
    with np.errstate(over="raise", invalid="raise"):
        values = compile_iteration(lecture(), NAMES)(start)
    assert all(np.isfinite(value).all() for value in values)
