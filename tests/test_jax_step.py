"""The engine jax runs what is derived, and gives the trace's numbers on one device and on several."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backprop_tui
from backprop_tui import gallery
from backprop_tui.calculus.derivation import derive
from backprop_tui.calculus.matrices import Quantity
from backprop_tui.calculus.optimisers import OPTIMISERS
from backprop_tui.calculus.vocabulary import FUNCTIONS
from backprop_tui.engine.fused import jax_step, training_step
from backprop_tui.engine.fused.jax_code import jax_function
from backprop_tui.engine.fused.jax_step import JaxStep
from backprop_tui.engine.fused.steps import gradient_schedule
from backprop_tui.engine.trace import Trace
from backprop_tui.errors import InputError
from backprop_tui.network import Network
from backprop_tui.network.layers import Layers, from_layers
from backprop_tui.network.model import Batches

from .networks import LECTURE_WIDTHS, Array, Start, lecture, starts, with_learning_rate

ROOT: Final = Path(backprop_tui.__file__).parent
AUTOGRAD: Final = {"grad", "value_and_grad", "vjp", "jvp", "linearize", "jacfwd", "jacrev", "hessian"}
BATCHED: Final = replace(
    from_layers(Layers((3, 5, 2), ("tanh", "softmax"), "mean_cross_entropy", bias=True), samples=7),
    batches=Batches(3, "shuffled"),
    optimiser=OPTIMISERS["adam"],
    frozen=frozenset({"b1"}),
)
POSITIVE: Final = {"log", "sqrt"}
EVERY_FUNCTION: Final = {
    "p": "x @ W",
    **{f"h_{name}": f"{name}({'exp(p)' if name in POSITIVE else 'p'})" for name in FUNCTIONS if name != "exp"},
    "r": "softmax(p)",
    "s": "log_softmax(p)",
    "l": "log_sum_exp(p)",
    "E": " + ".join(f"sum(h_{name}*t)" for name in FUNCTIONS if name != "exp") + " + sum(r*t) + sum(s*t) + sum(l**2)",
}


def trace(network: Network) -> Trace:
    return Trace(network.derivation, network.start, network.inputs)


def assert_equal(found: Array, expected: Array, tolerance: float = 1e-12) -> None:
    """Equal to 1e-12 of the largest entry."""
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * np.abs(expected).max(initial=1e-300))


def assert_gradients_are_the_traces(step: JaxStep, values: Start, tolerance: float = 1e-12) -> None:
    found, expected = step.gradients(values), Trace(step.derivation, values)[0]
    assert_equal(np.array([[found.loss]]), expected[step.derivation.loss], tolerance)
    assert set(found.by_name) == {stage.name for stage in step.derivation.gradients}
    for name, gradient in found.by_name.items():
        assert_equal(gradient, expected[name], tolerance)


def assert_training_is_the_traces(step: JaxStep, network: Network, steps: int, tolerance: float = 1e-12) -> None:
    found, expected = step.run(network.start, steps, network.inputs if network.batches else None), trace(network)
    assert found.losses.shape == (steps,)
    assert_equal(found.losses, np.array([expected.loss(number) for number in range(steps)]), tolerance)
    assert set(found.values) == {name for name in network.start if f"{name}'" in network.derivation}
    for name, value in found.values.items():
        assert_equal(value, expected[steps][name], tolerance)


@cache
def lecture_step() -> JaxStep:
    return JaxStep(lecture())


@cache
def batched_step() -> JaxStep:
    return JaxStep(BATCHED.derivation)


@cache
def every_function() -> JaxStep:
    return JaxStep(derive(EVERY_FUNCTION, {"x": (2, 2), "t": (2, 3)}, {"W": (2, 3)}))


@pytest.mark.parametrize("name", gallery.names())
def test_gradients_and_training_of_a_network_of_the_gallery_are_those_of_the_trace(name: str) -> None:
    network = gallery.load(name)
    step = JaxStep(network.derivation)
    assert_gradients_are_the_traces(step, network.start)
    assert_training_is_the_traces(step, network, 3)


@settings(deadline=None)  # the first one compiles
@given(starts(LECTURE_WIDTHS))
def test_gradients_are_those_of_the_trace_whatever_the_numbers(start: Start) -> None:
    assert_gradients_are_the_traces(lecture_step(), start)


@st.composite
def layered(draw: st.DrawFn) -> Network:
    sizes = draw(st.lists(st.integers(2, 4), min_size=2, max_size=4))
    depth = len(sizes) - 1
    activations = draw(st.lists(st.sampled_from(["tanh", "gelu", "softmax"]), min_size=depth, max_size=depth))
    layers = Layers(tuple(sizes), tuple(activations), draw(st.sampled_from(["huber", "squared_error"])), bias=True)
    network = from_layers(layers, draw(st.integers(0, 99)), draw(st.integers(1, 4)))
    return replace(network, optimiser=draw(st.sampled_from(list(OPTIMISERS.values()))))


@settings(max_examples=6, deadline=None)
@given(layered())
def test_training_is_that_of_the_trace_whatever_the_layers(network: Network) -> None:
    assert_training_is_the_traces(JaxStep(network.derivation), network, 3)


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_every_function_of_the_chalkboard_is_that_of_the_trace(scale: float) -> None:
    numbers = np.random.default_rng(3)
    values = {name: scale * numbers.uniform(-1, 1, shape) for name, shape in {"x": (2, 2), "W": (2, 3)}.items()}
    start = with_learning_rate({**values, "t": numbers.uniform(0, 1, (2, 3))})
    assert_gradients_are_the_traces(every_function(), start)


def test_batches_optimiser_memory_and_frozen_parameters_are_those_of_the_trace() -> None:
    assert_training_is_the_traces(batched_step(), BATCHED, 2 * jax_step.MOST_BATCHES + 3)
    assert "b1" not in batched_step().run(BATCHED.start, 1, BATCHED.inputs).values


def test_training_in_pieces_is_training_in_one_bit_for_bit() -> None:
    whole = batched_step().run(BATCHED.start, 70, BATCHED.inputs)
    begun = batched_step().run(BATCHED.start, 3, BATCHED.inputs)
    ended = batched_step().run({**BATCHED.start, **begun.values}, 67, BATCHED.inputs, 3)
    assert [*begun.losses, *ended.losses] == whole.losses.tolist()
    assert all((ended.values[name] == value).all() for name, value in whole.values.items())


def test_batches_too_large_for_many_at_once_are_taken_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax_step, "MOST_BYTES", 1)
    assert_training_is_the_traces(JaxStep(BATCHED.derivation), BATCHED, 3)


def test_training_leaves_what_it_is_given_as_it_was() -> None:
    network = gallery.load("lecture")
    start = {name: value.copy() for name, value in network.start.items()}
    made = JaxStep(network.derivation).run(start, 2)
    made.values["W"][:] = 0
    assert all((start[name] == value).all() for name, value in network.start.items())


def test_one_program_makes_any_number_of_steps(caplog: pytest.LogCaptureFixture) -> None:
    step, start = JaxStep(lecture(), devices=jax.devices()[:1]), gallery.load("lecture").start
    with jax.log_compiles():
        for count in (1, jax_step.MOST_STEPS + 1):
            step.run(start, count)
    compiled = [record for record in caplog.records if record.getMessage().startswith("Compiling jit(_steps)")]
    assert len(compiled) == 1


@pytest.mark.parametrize("most", [0, 10**9], ids=["calls of their own", "a loop"])
def test_steps_in_calls_of_their_own_or_in_a_loop_are_the_traces(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax_step, "MOST_MULTIPLICATIONS", most)
    with patch.object(jax.lax, "fori_loop", wraps=jax.lax.fori_loop) as looped:
        assert_training_is_the_traces(JaxStep(BATCHED.derivation), BATCHED, 7)
        assert_training_is_the_traces(JaxStep(lecture()), gallery.load("lecture"), 5)
    assert looped.called == bool(most)


def test_a_gradient_is_a_line_of_its_own_that_xla_scales_and_takes_off_at_once() -> None:
    lines = {line.name: line.right for line in JaxStep(lecture()).scheduled.lines}
    eta, V, dV = map(Quantity, ("eta", "V", "dE/dV"))
    assert lines["V'"] == V - eta * dV
    assert not lines["dE/dV"].has(eta)


def test_no_steps_change_nothing() -> None:
    trained = batched_step().run(BATCHED.start, 0)
    assert trained.losses.size == 0
    assert all((BATCHED.start[name] == value).all() for name, value in trained.values.items())


def test_single_precision_is_single_throughout() -> None:
    step = JaxStep(BATCHED.derivation, np.float32)
    assert_gradients_are_the_traces(step, BATCHED.start, 1e-5)
    assert_training_is_the_traces(step, BATCHED, 3, 1e-4)  # 1 - 0.999 loses three digits
    trained = step.run(BATCHED.start, 1, BATCHED.inputs).values
    arrays = [*trained.values(), *step.gradients(BATCHED.start).by_name.values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert "f64" not in step.program


def test_double_precision_is_not_switched_on_for_others() -> None:
    lecture_step().gradients(gallery.load("lecture").start)
    assert jnp.ones(1).dtype == jnp.float32


def test_nothing_is_differentiated_by_jax() -> None:
    step = every_function()
    function = jax_function(gradient_schedule(step.derivation), step.derivation.sizes)
    takes = [np.zeros(step.derivation.shape(name)) for name in ("x", "t", "W")]
    assert "custom_" not in str(jax.make_jaxpr(function)(*takes))


def test_no_module_names_a_derivative_of_jax() -> None:
    sources = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in ROOT.rglob("*.py")}
    users = {name: code for name, code in sources.items() if "import jax" in code or "from jax" in code}
    assert {"engine/fused/jax_step.py", "engine/fused/jax_code.py"} <= set(users)
    for code in users.values():
        nodes = list(ast.walk(ast.parse(code)))
        named = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        named |= {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        assert not AUTOGRAD & named


def test_without_jax_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, jax_step.__name__)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(InputError, match=r"jax isn't installed; expected pip install 'backprop-tui\[jax\]'"):
        training_step(lecture(), engine="jax")


@cache
def sharded() -> dict[str, Any]:
    """What `tests.sharded` prints where JAX makes four devices out of the processor."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    command = [sys.executable, "-W", "error", "-m", "tests.sharded"]
    done = subprocess.run(command, cwd=ROOT.parent, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("name", "rows"),
    [("softmax-classifier", [5, 5, 5]), ("attention", [1, 1, 1]), ("batches", [2, 2, 2, 2])],
)
def test_several_devices_share_the_samples_and_find_the_same(name: str, rows: list[int]) -> None:
    found = sharded()[name]
    assert found["rows"] == rows
    assert found["parameters whole"]
    assert found["gradients"] <= 1e-12
    assert found["training"] <= 1e-12


def test_devices_add_up_their_gradients_in_the_compiled_program() -> None:
    assert {name: found["all-reduce"] for name, found in sharded().items()} == {
        "softmax-classifier": True,
        "attention": True,
        "lecture": False,
        "batches": True,
    }


def test_a_single_sample_stays_on_one_device() -> None:
    assert sharded()["lecture"]["devices"] == 1
