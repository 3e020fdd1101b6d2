"""Random networks and expressions: every gradient agrees with oracles that know nothing of the derivation."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, assume, given, reject, settings
from sympy import lambdify

from backprop_tui.calculus.entries import differentiate
from backprop_tui.calculus.optimisers import OPTIMISERS
from backprop_tui.calculus.vocabulary import FUNCTIONS, LOSSES, MATRIX_FUNCTIONS
from backprop_tui.errors import InputError

from .proofs import (
    Run,
    agrees,
    agrees_with_autograd,
    agrees_with_central_differences,
    agrees_with_complex_steps,
    agrees_with_the_forward_pass,
    differences,
    has_equal_forms,
    has_the_jacobians_of_its_equations,
    is_fused_as_it_is_stepped,
)
from .random_expressions import nested_equations, with_values
from .random_networks import (
    ACTIVATIONS,
    COVERING,
    OUTPUTS,
    PLANS,
    ROW_OPERATIONS,
    WRITTEN_LOSSES,
    Layer,
    Plan,
    network,
)

# Every word of the language, in a list of networks that is always the same.


@cache
def run_of(plan: Plan) -> Run:
    return Run(network(plan))


every_word = pytest.mark.parametrize("plan", COVERING, ids=[plan.layers[0].activation for plan in COVERING])


@every_word
def test_every_gradient_and_adjoint_agrees_with_complex_steps(plan: Plan) -> None:
    agrees_with_the_forward_pass(run_of(plan))
    agrees_with_complex_steps(run_of(plan))


@every_word
def test_every_gradient_and_adjoint_agrees_with_autograd(plan: Plan) -> None:
    agrees_with_autograd(run_of(plan))


@every_word
def test_every_gradient_and_adjoint_agrees_with_central_differences_in_sixty_digits(plan: Plan) -> None:
    agrees_with_central_differences(run_of(plan))


@every_word
def test_the_fused_iteration_computes_what_the_single_stages_do(plan: Plan) -> None:
    is_fused_as_it_is_stepped(run_of(plan))


@every_word
def test_every_form_of_a_stage_has_the_same_values(plan: Plan) -> None:
    has_equal_forms(run_of(plan))


@every_word
def test_every_local_derivative_is_the_jacobian_of_its_equation(plan: Plan) -> None:
    has_the_jacobians_of_its_equations(run_of(plan))


def test_the_networks_have_a_gradient_for_every_parameter_and_something_to_compare() -> None:
    for plan in COVERING:
        run = run_of(plan)
        assert set(run.network.parameters) <= set(run.adjoints)
        assert len(run.adjoints) > len(run.network.parameters)
        assert all(np.max(np.abs(run.adjoints[name])) > 1e-6 for name in run.network.parameters)


def words(run: Run) -> Iterator[tuple[str, int]]:
    """Yield every function that the network's equations call, with its number of arguments."""
    texts = [*run.network.equations.values(), *run.network.functions.values()]
    texts += [LOSSES[name] for text in texts for name in LOSSES if f"{name}(y, t)" in text]
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, len(node.args)


def test_the_networks_reach_every_function_loss_and_optimiser() -> None:
    reached = {word for plan in COVERING for word in words(run_of(plan))}
    assert {(name, 1) for name in (*FUNCTIONS, *MATRIX_FUNCTIONS)} <= reached
    assert {(name, 2) for name in LOSSES} <= reached
    assert {run_of(plan).network.optimiser.name for plan in COVERING} == set(OPTIMISERS)


# Random networks.


UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A plan is short enough to read; to shrink it would take minutes."""


def agrees_with_every_oracle(plan: Plan) -> None:
    run = Run(network(plan))
    left, right, along = differences(run)
    assume(abs(left - right) <= 1e-15 * max(1.0, abs(right)))  # no kink between
    agrees(np.array(along), np.array(right))
    agrees_with_the_forward_pass(run)
    agrees_with_complex_steps(run)
    agrees_with_autograd(run)
    is_fused_as_it_is_stepped(run)


def agree_with_autograd(equations: Mapping[str, str]) -> None:
    run = Run(with_values(equations))
    assume(run.network.parameters)
    try:
        agrees_with_the_forward_pass(run)
    except InputError:  # a parameter that cancels out, as in A - A
        reject()
    agrees_with_autograd(run)
    has_equal_forms(run)
    is_fused_as_it_is_stepped(run)


@settings(max_examples=40, deadline=None, phases=UNSHRUNK)
@given(PLANS)
def test_a_random_network_agrees_with_every_oracle(plan: Plan) -> None:
    agrees_with_every_oracle(plan)


@settings(max_examples=40, deadline=None)
@given(nested_equations())
def test_random_expressions_agree_with_autograd(equations: Mapping[str, str]) -> None:
    agree_with_autograd(equations)


@pytest.mark.slow
@settings(max_examples=600, deadline=None, phases=UNSHRUNK)
@given(PLANS)
def test_many_random_networks_agree_with_every_oracle(plan: Plan) -> None:
    agrees_with_every_oracle(plan)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(nested_equations())
def test_many_random_expressions_agree_with_autograd(equations: Mapping[str, str]) -> None:
    agree_with_autograd(equations)


# What cancels.


def with_cancelling(text: str) -> Run:
    return Run(with_values({"q": text, "E": "sum(q**2) + sum(A**2) + sum(B**2) + sum(r**2) + sum(c**2)"}))


@pytest.mark.parametrize("text", ["A - A", "A*0 + c", "A**0", "A/A", "(A + r) - A", "A*c/A", "sigmoid(A) - sigmoid(A)"])
def test_a_matrix_that_cancels_as_it_is_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cancels all that makes this a 2x3 matrix"):
        with_cancelling(text).derivation  # noqa: B018 - reads the equations


@pytest.mark.parametrize(
    "text",
    [
        "exp(A)*exp(c - A)",
        "exp(A + c)/exp(A)",
        "(A + c)*(A - c) - A**2",
        "A*(1 + c) - A",
        "(A + c) @ B - A @ B",
        "relu(A) + relu(-A) - abs(A) + c",
    ],
)
def test_a_matrix_that_cancels_when_multiplied_out_keeps_its_shape(text: str) -> None:
    run = with_cancelling(text)
    agrees_with_the_forward_pass(run)
    agrees_with_complex_steps(run)
    has_equal_forms(run)
    is_fused_as_it_is_stepped(run)


@pytest.mark.parametrize("text", ["sum(P.T - P) + sum(S**2)", "sum(softmax(x @ S))"])
def test_a_gradient_that_vanishes_everywhere_keeps_its_shape(text: str) -> None:
    run = Run(with_values({"E": text}))
    agrees_with_the_forward_pass(run)
    agrees_with_complex_steps(run)


# Small networks, written out over their entries.


def small(number: int, activation: str) -> Plan:
    rows, losses = ["none", *ROW_OPERATIONS], [*OUTPUTS, *WRITTEN_LOSSES]
    layers = [Layer(2, activation, rows[number % len(rows)] if number % 2 else "none", bias=True)]
    if number % 2 == 0:
        layers.append(Layer(2, weights="transposed"))
    samples = 2 if layers[0].rows == "batch_centre" else 1
    return Plan(tuple(layers), losses[number % len(losses)], samples, 2, penalty=number % 3 == 0, seed=number)


SMALL = [small(number, activation) for number, activation in enumerate(ACTIVATIONS)]


@pytest.mark.parametrize("plan", SMALL, ids=[plan.layers[0].activation for plan in SMALL])
def test_every_gradient_of_a_small_network_agrees_with_its_entries(plan: Plan) -> None:
    run = run_of(plan)
    assert sum(parameter.size for parameter in run.network.parameters.values()) <= 12
    for name in run.network.parameters:
        entries, symbols = differentiate(run.derivation, "E", name, following=run.derivation.equations)
        arguments = [symbol for of in symbols for symbol in symbols[of]]
        numbers = [number for of in symbols for number in run.values[of].ravel()]
        agrees(run.adjoints[name].ravel(), lambdify(arguments, list(entries), "math", cse=True)(*numbers), name)
