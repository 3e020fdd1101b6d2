"""Calls that go entry by entry, joined to loops: as they are in Python, and compiled by numba."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui import gallery
from backprop_tui.calculus.optimisers import OPTIMISERS, Optimiser
from backprop_tui.engine.fused import training_step
from backprop_tui.engine.fused.compiled import CompiledLoops
from backprop_tui.engine.fused.steps import ArrayStep
from backprop_tui.network import Network
from backprop_tui.network.layers import Layers, from_layers

from .test_fused import STEPS, assert_like_the_trace, by_index_forms, networks

DTYPES: Final = (np.float64, np.float32)
EVERY_CALL: Final = Network(
    "every call",
    {
        "q": "x @ W + b",
        "r": "relu(q) + leaky_relu(q) * elu(q) - abs(q) / (1 + q**2) + q**3",
        "s": "sqrt(1 + q**2) * huber(3 * q) + softplus(q) * gelu(q) + c * silu(q)",
        "y": "softmax(r - s) * sin(c) + rowsum(r) * colsum(s) / 9",
        "E": "sum((y - t)**2) + mean(abs(y))",
    },
    {"x": np.random.default_rng(1).normal(size=(5, 3)), "t": np.random.default_rng(2).uniform(size=(5, 4))},
    {
        "W": np.random.default_rng(3).normal(size=(3, 4)),
        "b": np.random.default_rng(4).normal(size=(1, 4)),
        "c": np.random.default_rng(5).normal(size=(5, 1)),
    },
    optimiser=OPTIMISERS["adam"],
)
"""Branches, rows, columns and numbers beside matrices; each kind of call that there is."""


class Loops(ArrayStep):
    """The loops as Python runs them."""

    compiler = staticmethod(lambda loop: loop)


def assert_same_bits(network: Network, one: ArrayStep, other: ArrayStep) -> None:
    """The same operations in the same order: in single precision no step is in double."""
    batches = network.inputs if network.batches else None
    found, expected = one.gradients(network.start), other.gradients(network.start)
    np.testing.assert_array_equal(found.loss, expected.loss)
    for name, gradient in expected.by_name.items():
        np.testing.assert_array_equal(found.by_name[name], gradient, name)
    trained, right = (step.run(network.start, STEPS, batches) for step in (one, other))
    np.testing.assert_array_equal(trained.losses, right.losses)
    for name, value in right.values.items():
        np.testing.assert_array_equal(trained.values[name], value, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", gallery.names())
def test_loops_do_what_the_calls_do_bit_for_bit(name: str, dtype: type[np.floating[Any]]) -> None:
    network = gallery.load(name)
    assert_same_bits(network, Loops(network.derivation, dtype), ArrayStep(network.derivation, dtype))


@settings(deadline=None)
@given(networks(), st.sampled_from(list(OPTIMISERS.values())), st.sampled_from(DTYPES))
def test_loops_do_what_the_calls_do_whatever_the_layers(
    network: Network, optimiser: Optimiser, dtype: type[np.floating[Any]]
) -> None:
    network = replace(network, optimiser=optimiser)
    assert_same_bits(network, Loops(network.derivation, dtype), ArrayStep(network.derivation, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [Loops, CompiledLoops])
def test_every_kind_of_call_bit_for_bit(make: Callable[..., ArrayStep], dtype: type[np.floating[Any]]) -> None:
    derivation = EVERY_CALL.derivation
    assert_same_bits(EVERY_CALL, make(derivation, dtype), ArrayStep(derivation, dtype))


def test_compiled_loops_do_what_the_stages_do_one_by_one() -> None:
    network = replace(gallery.load("softmax-classifier"), optimiser=OPTIMISERS["adam"])
    assert_like_the_trace(network, CompiledLoops(network.derivation))


def test_what_follows_a_product_is_one_call_and_needs_no_arrays() -> None:
    """Adam's twelve operations on each weight; the rate of the step, a single number, is computed before them."""
    network = replace(from_layers(Layers((5, 4, 3), ("tanh", "tanh"))), optimiser=OPTIMISERS["adam"])
    run, _ = _generated(Loops(network.derivation))
    _, *update = run[run.rindex(".dot(") :].splitlines()
    assert [re.findall(r"_(?:loop|multiply)", line) for line in update] == [["_multiply"], ["_loop"]]
    assert len(re.findall(r"_flat__t\d", update[-1])) == 1


def test_alike_loops_are_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Callable[..., None]] = []

    def counted(loop: Callable[..., None]) -> Callable[..., None]:
        made.append(loop)
        return loop

    monkeypatch.setattr(Loops, "compiler", staticmethod(counted))
    sizes = (4, 5, 6, 3, 4, 5, 6, 3, 4, 5, 6)
    _, loops = _generated(Loops(from_layers(Layers(sizes, ("sigmoid",) * 10), samples=2).derivation))
    assert len(loops) == 2 * 10 - 1
    assert len(made) == len(set(loops)) == 4  # forward, at the output, backward into an array of its own or not


def _generated(step: ArrayStep) -> tuple[str, list[str]]:
    """The source of a step, and of its loops."""
    run = step._updates.run
    loops = [value for name, value in run.__globals__.items() if name.startswith("_loop_")]
    return inspect.getsource(run), [inspect.getsource(loop) for loop in loops]


def test_no_loop_takes_an_array_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two arrays LLVM cannot tell that they are one, and goes over them entry by entry."""
    starts: list[list[int]] = []

    def watched(loop: Callable[..., None]) -> Callable[..., None]:
        return lambda *arrays: starts.append([array.ctypes.data for array in arrays])

    monkeypatch.setattr(Loops, "compiler", staticmethod(watched))
    network = replace(from_layers(Layers((4,) * 5, ("sigmoid",) * 4), samples=2), optimiser=OPTIMISERS["adam"])
    Loops(network.derivation).run(network.start)
    assert len(starts) > 4
    assert all(len(taken) == len(set(taken)) for taken in starts)


@pytest.mark.parametrize("make", [Loops, CompiledLoops])
def test_what_a_mask_leaves_of_a_copy_that_is_no_part_of_the_loop(make: Callable[..., ArrayStep]) -> None:
    """The slope of huber is first copied from a transposed row, by NumPy."""
    network = replace(
        EVERY_CALL, equations={"q": "x @ W", "r": "q - b + c / (1 + huber(b)**2)", "E": "sum((r - t)**2)"}
    )
    run, _ = _generated(make(network.derivation))
    assert re.search(r"_copyto\(\w+, _T_\w+\)", run)
    assert_same_bits(network, make(network.derivation), ArrayStep(network.derivation))


@pytest.mark.parametrize("loss", ["-sum(relu(q))", "sum(t * relu(-q)) - sum(relu(q * t))", "sum((t - relu(q))**2)"])
@pytest.mark.parametrize("make", [Loops, CompiledLoops])
def test_where_a_slope_is_one_it_is_a_number(make: Callable[..., ArrayStep], loss: str) -> None:
    network = replace(EVERY_CALL, equations={"q": "x @ W + b - c", "E": loss})
    assert_same_bits(network, make(network.derivation), ArrayStep(network.derivation))


@pytest.mark.parametrize(("width", "expected"), [(3, "CompiledStep"), (40, "CompiledLoops")])
def test_numba_compiles_small_networks_whole_and_the_loops_of_larger_ones(width: int, expected: str) -> None:
    derivation = from_layers(Layers((width,) * 3, ("sigmoid",) * 2), samples=2).derivation
    step = training_step(derivation, engine="numba")
    assert (type(step).__name__, step.engine) == (expected, "numba")
    assert isinstance(training_step(derivation, np.float32, "numba"), CompiledLoops)


def test_numba_trains_a_stage_without_a_matrix_form() -> None:
    network = by_index_forms(gallery.load("lecture"), "h")
    assert_like_the_trace(network, training_step(network.derivation, engine="numba"))


def test_what_numba_compiles_goes_over_several_entries_at_once() -> None:
    """Also where a loop writes to an array that it reads: to LLVM that is one array and not two that may overlap."""
    network = from_layers(Layers((40, 50, 3), ("sigmoid",) * 2), samples=8)
    step = CompiledLoops(network.derivation)
    step.gradients(network.start)
    loops = [value for name, value in step._gradients.run.__globals__.items() if name.startswith("_loop_")]
    codes = [code for loop in loops for code in loop.inspect_llvm().values()]
    assert len(codes) == 3
    assert all(re.search(r"<\d+ x double>", code) for code in codes)
