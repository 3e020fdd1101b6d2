from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Expr, KroneckerDelta, Piecewise, Sum

from backprop_tui import gallery
from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.functions import LeakyRelu
from backprop_tui.calculus.indices import Index, Size, base
from backprop_tui.calculus.matrices import MatrixProduct, Quantity, Transposed
from backprop_tui.calculus.optimisers import DESCENT, MOMENTUM, OPTIMISERS, Optimiser, Update
from backprop_tui.calculus.stages import Kind
from backprop_tui.calculus.vocabulary import FUNCTIONS, LOSSES
from backprop_tui.engine.fused import TrainingStep, groups, training_step
from backprop_tui.engine.fused.array_function import array_function
from backprop_tui.engine.fused.schedule import schedule
from backprop_tui.engine.fused.steps import ArrayStep, ScalarStep, gradient_schedule, step_schedule
from backprop_tui.engine.trace import Trace
from backprop_tui.errors import InputError
from backprop_tui.network import Network
from backprop_tui.network.layers import ACTIVATIONS, Layers, from_layers

from .networks import LECTURE_WIDTHS, Array, lecture, random_start

ENGINES = ("arrays", "scalars")
STEPS = 3


def assert_same(found: Array, expected: Array, tolerance: float, told: str) -> None:
    """As close as rounding lets it, measured by the largest entry."""
    assert found.shape == expected.shape
    scale = max(1e-3, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale, err_msg=told)


def assert_like_the_trace(network: Network, step: TrainingStep, tolerance: float = 1e-12) -> None:
    """The gradients, and what a few steps make, are what stepping stage by stage gives."""
    batches = network.inputs if network.batches else None
    trace = Trace(network.derivation, network.start, batches)
    trace[STEPS]
    made = step.gradients(network.start)
    assert made.loss == pytest.approx(trace.loss(0), rel=tolerance, abs=tolerance)
    assert list(made.by_name) == [stage.name for stage in network.derivation.gradients]
    for name, gradient in made.by_name.items():
        assert_same(gradient, trace[0][name], tolerance, name)
    trained = step.run(network.start, STEPS, batches)
    np.testing.assert_allclose(trained.losses, trace.losses()[:STEPS], rtol=tolerance, atol=tolerance)
    for name, value in trained.values.items():
        assert value.dtype == step.dtype
        assert_same(value, trace[STEPS][name], tolerance, name)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    activations = [draw(st.sampled_from(ACTIVATIONS if size > 1 else tuple(FUNCTIONS))) for size in sizes[1:]]
    layers = Layers(tuple(sizes), tuple(activations), draw(st.sampled_from(sorted(LOSSES))), draw(st.booleans()))
    network = from_layers(layers, draw(st.integers(0, 9)), draw(st.integers(1, 3)))
    return replace(network, optimiser=draw(st.sampled_from([DESCENT, MOMENTUM])))  # Adam divides rounding by rounding


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", gallery.names())
def test_a_step_does_what_the_stages_do_one_by_one(name: str, engine: str) -> None:
    network = gallery.load(name)
    assert_like_the_trace(network, training_step(network.derivation, engine=engine))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", gallery.names())
def test_single_precision_is_right_to_its_own_rounding(name: str, engine: str) -> None:
    network = gallery.load(name)
    assert_like_the_trace(network, training_step(network.derivation, np.float32, engine), 1e-4)


@settings(max_examples=60, deadline=None)
@given(networks())
def test_networks_of_any_layers_train_alike_in_arrays_and_in_single_numbers(network: Network) -> None:
    trace = Trace(network.derivation, network.start)
    if any(trace.first_not_finite(iteration) for iteration in range(STEPS + 1)):
        return  # what comes of infinity depends on the order of operations: the test for it is below
    for engine in ENGINES:
        assert_like_the_trace(network, training_step(network.derivation, engine=engine), 1e-10)


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=lambda optimiser: optimiser.name)
@pytest.mark.parametrize("engine", ENGINES)
def test_optimisers_that_remember_and_frozen_parameters(engine: str, optimiser: Optimiser) -> None:
    network = replace(gallery.load("planar"), optimiser=optimiser, frozen=frozenset({"b", "V"}))
    step = training_step(network.derivation, engine=engine)
    assert_like_the_trace(network, step)
    learned = step.run(network.start).values
    assert {"W", "c"} <= set(learned)
    assert not {"b", "V"} & set(learned)


def _looking_ahead(parameter: str, gradient: str) -> list[Update]:
    """A rule whose update reads the velocity before and after."""
    eta, mu, v, after, W, g = map(Quantity, ("eta", "mu", f"v_{parameter}", f"v_{parameter}'", parameter, gradient))
    return [Update(f"v_{parameter}'", mu * v - eta * g, ()), Update(f"{parameter}'", W + 2 * after - v, ())]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_that_is_still_read_keeps_its_place(engine: str) -> None:
    ahead = Optimiser("ahead", {"mu": 0.9}, ("v",), False, _looking_ahead)
    network = replace(gallery.load("xor"), optimiser=ahead, constants={})
    assert_like_the_trace(network, training_step(network.derivation, engine=engine))


@pytest.mark.parametrize("engine", [*ENGINES, "numba"])
def test_steps_at_once_are_the_same_as_one_by_one(engine: str) -> None:
    step, start = training_step(lecture(), engine=engine), random_start(LECTURE_WIDTHS)
    at_once, one_by_one = step.run(start, 3), dict(start)
    losses = []
    for _ in range(3):
        trained = step.run(one_by_one)
        one_by_one |= trained.values
        losses += list(trained.losses)
    assert losses == list(at_once.losses)
    for name, value in at_once.values.items():
        np.testing.assert_array_equal(value, one_by_one[name])


def test_the_compiled_code_does_what_the_stages_do_one_by_one() -> None:
    network = gallery.load("xor")
    assert_like_the_trace(network, training_step(network.derivation, engine="numba"))
    assert_like_the_trace(network, training_step(network.derivation, np.float32, engine="numba"), 1e-4)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_it_is_called_with_is_not_changed(engine: str) -> None:
    start = random_start(LECTURE_WIDTHS)
    kept = {name: value.copy() for name, value in start.items()}
    step = training_step(lecture(), engine=engine)
    step.gradients(start)
    step.run(start, 2)
    for name, value in start.items():
        np.testing.assert_array_equal(value, kept[name])


@pytest.mark.parametrize("engine", ENGINES)
def test_integers_and_matrices_in_any_order_of_memory_are_taken(engine: str) -> None:
    start: dict[str, Any] = random_start(LECTURE_WIDTHS)
    expected = training_step(lecture(), engine=engine).run({**start, "t": np.array([[0.0, 1.0]])}, 2)
    other = {name: np.asfortranarray(value) for name, value in start.items()} | {"t": np.array([[0, 1]])}
    found = training_step(lecture(), engine=engine).run(other, 2)
    for name, value in expected.values.items():
        np.testing.assert_array_equal(found.values[name], value)


@pytest.mark.parametrize("size", [30.0, 800.0, 1e5])
@pytest.mark.parametrize("engine", ENGINES)
def test_large_pre_activations_are_no_trouble(engine: str, size: float) -> None:
    network = gallery.load("planar")
    network = replace(network, parameters={**network.parameters, "V": network.parameters["V"] * size * 100})
    with np.errstate(all="raise"):
        step = training_step(network.derivation, engine=engine)
        made = step.gradients(network.start)
    assert np.isfinite(made.loss)
    assert all(np.isfinite(gradient).all() for gradient in made.by_name.values())
    assert_like_the_trace(network, step)


def test_where_python_raises_the_arrays_go_on_to_infinity() -> None:
    derivation = derive({"z": "exp(x @ W)", "E": "sum(z)"}, {"x": (1, 1)}, {"W": (1, 2)})
    values = {"x": np.array([[1.0]]), "W": np.array([[1.0, 800.0]]), "eta": np.array([[0.1]])}
    step = ScalarStep(derivation)
    assert step.gradients(values).loss == np.inf
    np.testing.assert_array_equal(step.gradients(values).by_name["dE/dW"], [[np.e, np.inf]])
    assert step.run(values, 2).losses[0] == np.inf


def test_matrices_gone_over_in_blocks_come_out_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = Layers((7, 11, 5), ("tanh", "sigmoid"), "mean_squared_error", bias=True)
    network = replace(from_layers(layers, samples=9), optimiser=OPTIMISERS["adam"])
    whole = ArrayStep(network.derivation).run(network.start, STEPS)
    monkeypatch.setattr(groups, "BLOCK", 22)
    monkeypatch.setattr(groups, "BLOCKS", 2)
    step = ArrayStep(network.derivation)
    in_blocks = step.run(network.start, STEPS)
    assert "for _rows, _top in" in inspect.getsource(step._updates.run)
    for name, value in whole.values.items():
        np.testing.assert_array_equal(in_blocks.values[name], value)


@pytest.mark.parametrize(("samples", "call"), [(3, "_matmul(_T_x, "), (1, "_T_x.dot(")])
def test_large_products_and_large_outer_products(samples: int, call: str) -> None:
    """A matrix of more than `CLEARED` entries is multiplied without being cleared; NumPy's matmul has no BLAS for one
    sample's."""
    network = from_layers(Layers((150, 120, 3), ("tanh", "sigmoid")), samples=samples)
    step = ArrayStep(network.derivation)
    assert_like_the_trace(network, step)
    assert call in inspect.getsource(step._gradients.run)


def test_a_small_network_is_run_in_single_numbers_and_a_large_one_in_arrays() -> None:
    engines = [training_step(square(width)).engine for width in (2, 4, 16, 300)]
    assert engines == ["scalars", "scalars", "arrays", "arrays"]


def square(width: int) -> Derivation:
    return from_layers(Layers((width,) * 3, ("sigmoid",) * 2)).derivation


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=lambda optimiser: optimiser.name)
def test_every_updated_value_takes_the_place_of_the_one_before(optimiser: Optimiser) -> None:
    network = replace(gallery.load("planar"), optimiser=optimiser)
    assert list(ArrayStep(network.derivation)._updates.results) == ["E"]


def test_arrays_are_used_again_for_other_values() -> None:
    """Ten layers need an array for each output and each gradient, and three in turn for all that lies between."""
    derivation = from_layers(Layers((6,) * 11, ("tanh",) * 10), samples=6).derivation
    run = ArrayStep(derivation)._updates.run
    arrays = {id(value): value for value in run.__globals__.values() if isinstance(value, np.ndarray)}
    owned = [array for array in arrays.values() if array.shape == (6, 6) and array.base is None]
    assert len(owned) <= 10 + 4


def test_the_learning_rate_goes_into_the_smaller_matrix() -> None:
    scheduled = step_schedule(from_layers(Layers((40, 3, 30), ("sigmoid",) * 2), samples=2).derivation)
    scaled = [line for line in scheduled.lines if Quantity("eta") in line.right.free_symbols]
    assert sorted(line.shape for line in scaled) == [(2, 3), (2, 3)]


def test_no_line_is_computed_in_vain() -> None:
    for scheduled in (gradient_schedule(lecture()), step_schedule(lecture())):
        read = {name for line in scheduled.lines for name in line.reads} | set(scheduled.outputs)
        assert {line.name for line in scheduled.lines} <= read


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=lambda optimiser: optimiser.name)
def test_no_matrix_product_is_computed_twice(optimiser: Optimiser) -> None:
    derivation = replace(gallery.load("planar"), optimiser=optimiser).derivation
    updates, slopes = (
        sum(isinstance(line.right, MatrixProduct) for line in made(derivation).lines)
        for made in (step_schedule, gradient_schedule)
    )
    assert updates == slopes


def test_a_gradient_that_is_asked_for_is_there_beside_its_update() -> None:
    assert {"dE/dW", "W'"} <= {line.name for line in schedule(lecture(), ["dE/dW", "W'"]).lines}


def _equations(equations: dict[str, str], optimiser: Optimiser = DESCENT) -> Network:
    """A network of square matrices, so that anything may be transposed."""
    stream = np.random.default_rng(3)
    data = {name: stream.uniform(0.5, 1.5, (3, 3)) for name in ("x", "t")}
    parameters = {"W": stream.uniform(0.5, 1.5, (3, 3)), "b": stream.uniform(0.5, 1.5, (1, 3))}
    return Network("square", equations, data, parameters, optimiser=optimiser)


@pytest.mark.parametrize(
    "loss",
    ["sum(q * q.T)", "sum(q * b)", "sum(q.T * t)", "sum((q + q.T)**2)", "sum(q @ q.T)", "sum(rowsum(q) * q * t)"],
)
@pytest.mark.parametrize("engine", ENGINES)
def test_sums_of_products_of_all_shapes(engine: str, loss: str) -> None:
    network = _equations({"q": "x @ W + b", "E": loss})
    assert_like_the_trace(network, training_step(network.derivation, engine=engine))


@pytest.mark.parametrize("rest", ["log(y.T)", "log(1 - y.T)"])
@pytest.mark.parametrize("engine", ENGINES)
def test_transposes_of_what_goes_entry_by_entry(engine: str, rest: str) -> None:
    """The stable forms of these transpose log_softmax(q), and the softplus of log-odds."""
    network = _equations({"q": "x @ W + b", "y": "softmax(q)", "r": rest, "E": "sum(t * r)"})
    assert_like_the_trace(network, training_step(network.derivation, engine=engine))


BRANCHED = ("relu", "leaky_relu", "elu", "abs", "huber")


@pytest.mark.parametrize("outer", BRANCHED)
@pytest.mark.parametrize("engine", [*ENGINES, "jax"])
def test_branches_within_branches(engine: str, outer: str) -> None:
    """What a condition compares is computed before it."""
    within = " + ".join(f"{outer}({inner}(q) - 0.3)" for inner in BRANCHED)
    network = _equations({"q": "x @ W - b", "r": within, "E": "sum(r * t)"})
    assert_like_the_trace(network, training_step(network.derivation, engine=engine))


@pytest.mark.parametrize("engine", [*ENGINES, "numba", "jax"])
def test_a_gradient_that_is_the_same_whatever_the_numbers(engine: str) -> None:
    network = _equations({"q": "x @ W", "E": "sum((q - t)**2) + sum(q + s) + sum(q - b)"})
    network = replace(network, parameters={**network.parameters, "s": np.array([[0.5]])})
    assert_like_the_trace(network, training_step(network.derivation, engine=engine))


@pytest.mark.parametrize("optimiser", OPTIMISERS.values(), ids=lambda optimiser: optimiser.name)
@pytest.mark.parametrize("q", ["x @ W + b", "tanh(x @ W + b)", "(x + b) @ W"])
@pytest.mark.parametrize("engine", [*ENGINES, "numba", "jax"])
def test_an_adjoint_that_is_zero_everywhere_is_handed_on(engine: str, q: str, optimiser: Optimiser) -> None:
    network = _equations({"q": q, "E": "sum(q.T - q) + sum(b**2)"}, optimiser)
    assert_like_the_trace(network, training_step(network.derivation, engine=engine))
    assert not Trace(network.derivation, network.start)[0]["dE/dW"].any()


W = Quantity("W")


@pytest.mark.parametrize("rule", [Transposed(W), MatrixProduct(W, W) / 9, LeakyRelu(W - 1)], ids=str)
@pytest.mark.parametrize("engine", ENGINES)
def test_an_update_that_reads_more_than_its_own_entry_does_not_write_over_what_it_reads(
    engine: str, rule: Expr
) -> None:
    strange = Optimiser("strange", {}, (), False, lambda name, _: [Update(f"{name}'", rule, ())])
    network = replace(_equations({"q": "x @ W + b", "E": "sum(q**2)"}, strange), frozen=frozenset({"b"}))
    assert_like_the_trace(network, training_step(network.derivation, engine=engine))


def test_compiled_code_divides_by_zero_as_numpy_does() -> None:
    derivation = derive({"z": "1 / (x @ W)", "E": "sum(z)"}, {"x": (1, 1)}, {"W": (1, 1)})
    values = {"x": np.array([[1.0]]), "W": np.array([[0.0]])}
    assert training_step(derivation, engine="numba").gradients(values).loss == np.inf


def test_every_line_comes_after_what_it_reads_and_before_that_is_replaced() -> None:
    for name in gallery.names():
        scheduled = step_schedule(gallery.load(name).derivation)
        there = set(scheduled.given)
        for line in scheduled.lines:
            assert line.reads <= there
            there.add(line.name)
            there.discard(scheduled.overwrites.get(line.name, ""))


def by_index_forms(network: Network, *names: str) -> Network:
    """The network with a derivation in which some stages, else all but local derivatives, have no matrix form."""
    stages = [
        stage.rewritten(matrix=None) if stage.name in names or (not names and stage.kind is not Kind.LOCAL) else stage
        for stage in network.derivation
    ]
    other = replace(network)
    other.__dict__["derivation"] = replace(network.derivation, stages=tuple(stages))
    return other


@pytest.mark.parametrize("engine", ["arrays", "jax"])
@pytest.mark.parametrize("name", gallery.names())
def test_index_forms_train_as_matrix_forms_do(name: str, engine: str) -> None:
    """The trace goes through the matrix forms, which share nothing with what is run here."""
    network = gallery.load(name)
    step = training_step(by_index_forms(network).derivation, engine=engine)
    assert_like_the_trace(network, step)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("engine", ["auto", "arrays", "jax"])
@pytest.mark.parametrize(("name", "apart"), [("attention", "dE/ds"), ("softmax-classifier", "dE/dz"), ("lecture", "h")])
def test_one_stage_may_have_no_matrix_form(name: str, apart: str, engine: str, dtype: type[np.floating[Any]]) -> None:
    network = by_index_forms(gallery.load(name), apart)
    assert network.derivation[apart].matrix is None
    step = training_step(network.derivation, dtype, engine)
    assert step.engine == engine.replace("auto", "arrays")
    assert_like_the_trace(network, step, 1e-12 if dtype is np.float64 else 1e-4)


@pytest.mark.parametrize("engine", ["arrays", "jax"])
def test_index_forms_that_leave_an_entry_of_a_row_out(engine: str) -> None:
    network = _equations({"q": "x @ W + b", "y": "softmax(q)", "E": "binary_cross_entropy(y, t / 2)"})
    step = training_step(by_index_forms(network).derivation, engine=engine)
    assert_like_the_trace(network, step)


@settings(max_examples=20, deadline=None)
@given(networks())
def test_index_forms_of_any_layers_train_as_matrix_forms_do(network: Network) -> None:
    trace = Trace(network.derivation, network.start)
    if not any(trace.first_not_finite(iteration) for iteration in range(STEPS + 1)):
        assert_like_the_trace(network, ArrayStep(by_index_forms(network).derivation), 1e-10)


@pytest.mark.parametrize("loss", ["sum(q * q.T)", "sum((q + q.T)**2)", "sum(q @ q.T)", "sum(rowsum(q) * q * t)"])
def test_index_forms_of_sums_of_all_shapes(loss: str) -> None:
    network = _equations({"q": "x @ W + b", "E": loss})
    assert_like_the_trace(network, ArrayStep(by_index_forms(network).derivation))


n, i, q = Index("n"), Index("i"), base("q")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Sum(q[i, i] * q[n, i] * KroneckerDelta(n, i), (i, 0, 2)), lambda q: np.diag(q) ** 2),
        (Sum(q[n, 0], (i, 0, 2)), lambda q: 3 * q[:, 0]),
        (
            Sum(Piecewise((7, q[n, i] > 5), (q[n, i], q[n, i] > 4), (0, True)), (i, 0, 2)),
            lambda q: np.select([q > 5, q > 4], [np.full_like(q, 7), q]).sum(axis=1),
        ),
        (Sum(q[n, i] + q[i, n], (i, 0, 2)) / Size("i"), lambda q: q.mean(axis=1) + q.mean(axis=0)),
    ],
    ids=["diagonal and delta", "an index that nothing has", "three branches", "a sum of terms"],
)
def test_index_forms_that_no_matrix_form_has(form: Expr, expected: Callable[[Array], Array]) -> None:
    network = _equations({"q": "x @ W + b", "E": "sum(q**2)"})
    loss = replace(network.derivation["E"].rewritten(matrix=None, index=form), axes=("n", ""))
    axes = {**network.derivation.axes, "E": ("n", "")}
    derivation = replace(network.derivation, stages=(network.derivation["q"], loss), axes=axes)
    made = array_function(schedule(derivation, ["E"]), derivation.sizes, np.float64, in_place=False)
    made.run(*(network.start[name] for name in made.takes))
    numbers = network.start["x"] @ network.start["W"] + network.start["b"]
    np.testing.assert_allclose(made.results["E"][:, 0], expected(numbers), rtol=1e-14)


def test_single_numbers_refuse_a_stage_without_a_matrix_form_by_name() -> None:
    derivation = by_index_forms(gallery.load("lecture"), "dE/dh").derivation
    with pytest.raises(NotImplementedError, match="dE/dh has no matrix form"):
        training_step(derivation, engine="scalars")


@pytest.mark.parametrize("engine", ["auto", "scalars", "numba"])
def test_single_numbers_leave_a_frozen_gradient_without_a_matrix_form_to_arrays(engine: str) -> None:
    network = by_index_forms(replace(gallery.load("lecture"), frozen=frozenset({"V"})), "dE/dV")
    step = training_step(network.derivation, engine=engine)
    assert isinstance(step, ScalarStep)
    assert_like_the_trace(network, step)


def test_an_engine_that_there_is_not() -> None:
    with pytest.raises(InputError, match=r"engine: 'nmba'; expected one of auto, .*; did you mean 'numba'"):
        training_step(lecture(), engine="nmba")


def test_code_over_single_numbers_is_refused_where_it_would_be_too_long() -> None:
    with pytest.raises(NotImplementedError, match=r"\d+ operations on single numbers are too many"):
        training_step(square(100), engine="scalars")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_that_learns_nothing_has_its_loss(engine: str) -> None:
    network = replace(gallery.load("lecture"), frozen=frozenset({"V", "W"}))
    trained = training_step(network.derivation, engine=engine).run(network.start, 2)
    assert not trained.values
    assert trained.losses[0] == trained.losses[1] == pytest.approx(Trace(network.derivation, network.start).loss(0))


def test_the_generated_code_is_the_same_in_every_process() -> None:
    code = (
        "import inspect; from backprop_tui import gallery; from backprop_tui.engine.fused.steps import ArrayStep; "
        "print(*(inspect.getsource(ArrayStep(gallery.load(name).derivation)._updates.run) for name in gallery.names()))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
