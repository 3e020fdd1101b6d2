"""Random networks and expressions: every gradient agrees with oracles that know nothing of the derivation."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings
from sympy import lambdify

from backprop_tui.calculus.derivation import Derivation
from backprop_tui.calculus.entries import differentiate
from backprop_tui.calculus.optimisers import OPTIMISERS
from backprop_tui.calculus.shapes import Shape
from backprop_tui.calculus.stages import Jacobian
from backprop_tui.calculus.vocabulary import FUNCTIONS, LOSSES, MATRIX_FUNCTIONS
from backprop_tui.engine.compile import compile_entries, compile_matrix, compile_stage
from backprop_tui.engine.trace import Trace
from backprop_tui.errors import InputError
from backprop_tui.network import Network

from .interpreter import COMPLEX_STEP, Array, Interpreter, gradient, slopes, traced_gradients
from .random_networks import (
    ACTIVATIONS,
    COVERING,
    OUTPUTS,
    PLANS,
    ROW_OPERATIONS,
    WRITTEN_LOSSES,
    Layer,
    Plan,
    nested_equations,
    network,
    size,
    with_values,
)

RELATIVE = 1e-10
VANISHING = 1e-13
"""What is left of a gradient that cancels to zero."""


@dataclass(frozen=True)
class Run:
    """A network's numbers, each stage compiled and computed by itself; and the network for the oracles."""

    network: Network

    @property
    def derivation(self) -> Derivation:
        return self.network.derivation

    @property
    def given(self) -> dict[str, Array]:
        return {**self.network.data, **self.network.parameters}

    @property
    def oracle(self) -> Interpreter:
        return Interpreter(self.network.equations, self.network.functions)

    @cached_property
    def values(self) -> dict[str, Array]:
        values = dict(self.network.start)
        for stage in self.derivation:
            values[stage.name] = compile_stage(self.derivation, stage)(values)
        return values

    @cached_property
    def adjoints(self) -> dict[str, Array]:
        """dE/du for each quantity u that an equation or a parameter names, by u's name."""
        named = (*self.network.parameters, *self.network.equations)
        return {name: self.values[f"dE/d{name}"] for name in named if f"dE/d{name}" in self.derivation}


def agrees(own: Array, other: Array, name: str = "") -> None:
    """Compare arrays to 1e-10, relative to the largest entry."""
    tolerance = max(RELATIVE * float(np.max(np.abs(other))), VANISHING)
    np.testing.assert_allclose(own, other, rtol=0, atol=tolerance, err_msg=name)


def agrees_with_the_forward_pass(run: Run) -> None:
    for name, value in run.oracle(run.given).items():
        agrees(run.values[name], value, name)


def agrees_with_complex_steps(run: Run) -> None:
    for name, adjoint in run.adjoints.items():
        agrees(adjoint, gradient(run.oracle, run.given, name), name)


def agrees_with_autograd(run: Run) -> None:
    for name, other in traced_gradients(run.oracle, run.given, run.adjoints).items():
        agrees(run.adjoints[name], other, name)


def agrees_with_central_differences(run: Run) -> None:
    """Along one direction in all quantities at once; a kink on the way would show as two slopes."""
    left, right, along = differences(run)
    assert abs(left - right) <= 1e-15 * max(1.0, abs(right)), "a kink"
    agrees(np.array(along), np.array(right))


def differences(run: Run) -> tuple[float, float, float]:
    """Return the slopes of E to the left and to the right, and what the adjoints say it is."""
    numbers = np.random.default_rng(1)
    directions = {name: numbers.uniform(-1, 1, adjoint.shape) for name, adjoint in run.adjoints.items()}
    along = sum(float(np.sum(run.adjoints[name] * directions[name])) for name in directions)
    return *slopes(run.oracle, run.given, directions), along


def is_fused_as_it_is_stepped(run: Run) -> None:
    fused = Trace(run.derivation, run.network.start)[0]
    for stage in run.derivation:
        np.testing.assert_allclose(
            fused[stage.name], run.values[stage.name], rtol=1e-11, atol=1e-13, err_msg=stage.name
        )


def has_equal_forms(run: Run) -> None:
    """Every stage's matrix form, and the one that comes before it in the telling, is its index form."""
    for stage in run.derivation:
        by_entry = compile_entries(run.derivation, stage.index, stage.running)(run.values)
        agrees(run.values[stage.name].ravel(), by_entry.ravel(), stage.name)
        if stage.opened is not None:
            agrees(compile_matrix(run.derivation, stage.opened)(run.values), run.values[stage.name], stage.name)


def has_the_jacobians_of_its_equations(run: Run) -> None:
    for stage in run.derivation:
        if stage.jacobian is not None and is_one_equation(run, stage.jacobian):
            agrees(derived_jacobian(run, stage.jacobian), stepped_jacobian(run, stage.jacobian), stage.name)


def is_one_equation(run: Run, jacobian: Jacobian) -> bool:
    """Whether a stage is a whole equation of another named quantity, with no hidden stages in between."""
    return jacobian.of in run.network.equations and jacobian.by in run.adjoints and f"{jacobian.of}_1" not in run.values


def derived_jacobian(run: Run, jacobian: Jacobian) -> Array:
    entries = compile_entries(run.derivation, jacobian.entry, (*jacobian.outputs, *jacobian.inputs))(run.values)
    return entries.reshape(run.values[jacobian.of].size, run.values[jacobian.by].size)


def stepped_jacobian(run: Run, jacobian: Jacobian) -> Array:
    """Differentiate one equation alone by complex steps, everything else held."""
    held = {name: value for name, value in run.values.items() if name != jacobian.of}
    equation = Interpreter({jacobian.of: run.network.equations[jacobian.of]}, run.network.functions)
    units = np.eye(held[jacobian.by].size).reshape(-1, *held[jacobian.by].shape)
    columns = [equation(held, {jacobian.by: COMPLEX_STEP * 1j * unit})[jacobian.of].imag.ravel() for unit in units]
    return np.array(columns).T / COMPLEX_STEP


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


@settings(max_examples=25, deadline=None)
@given(PLANS)
def test_a_random_network_agrees_with_every_oracle(plan: Plan) -> None:
    run = Run(network(plan))
    left, right, along = differences(run)
    assume(abs(left - right) <= 1e-15 * max(1.0, abs(right)))
    agrees(np.array(along), np.array(right))
    agrees_with_the_forward_pass(run)
    agrees_with_complex_steps(run)
    agrees_with_autograd(run)
    is_fused_as_it_is_stepped(run)


@settings(max_examples=40, deadline=None)
@given(nested_equations())
def test_random_expressions_agree_with_autograd(equations: Mapping[str, str]) -> None:
    run = Run(with_values(equations))
    assume(run.network.parameters)
    try:
        agrees_with_the_forward_pass(run)
    except InputError:  # a parameter that cancels out, as in A - A
        reject()
    agrees_with_autograd(run)
    has_equal_forms(run)
    is_fused_as_it_is_stepped(run)


@pytest.mark.parametrize("vanishing", ["(A - A)", "A*0", "A**0", "A/A"])
def test_an_expression_that_cancels_keeps_its_shape_or_is_refused(vanishing: str) -> None:
    run = Run(with_values({"E": f"sum(c + {vanishing}) + sum(A**2) + sum(r**2)"}))
    try:
        run.derivation  # noqa: B018 - reads the equations
    except InputError:
        return
    agrees_with_the_forward_pass(run)
    agrees_with_complex_steps(run)


# Named structures.


@dataclass(frozen=True)
class Structure:
    """Equations with the shapes of what they use; x, x1, x2 ... and t are given, the others learned."""

    equations: Mapping[str, str]
    shapes: Mapping[str, Shape]
    functions: Mapping[str, str] = field(default_factory=dict)

    def network(self) -> Network:
        numbers = np.random.default_rng(3)
        values = {name: numbers.uniform(-1, 1, shape) for name, shape in self.shapes.items()}
        data = {name: value for name, value in values.items() if name[0] in "xt"}
        parameters = {name: value for name, value in values.items() if name not in data}
        return Network("structure", self.equations, data, parameters, functions=self.functions)


LAYER = {"x": (4, 3), "t": (4, 2), "W": (3, 2), "b": (1, 2)}
STRUCTURES = {
    "bias": Structure({"y": "tanh(x @ W + b)", "E": "squared_error(y, t)"}, LAYER),
    "batch with a sum": Structure({"p": "x @ W + b", "E": "sum((sigmoid(p) - t)**2)"}, LAYER),
    "batch with a mean": Structure({"p": "x @ W + b", "E": "sum((sigmoid(p) - t)**2)/rows(x)"}, LAYER),
    "skip connection": Structure(
        {"h": "tanh(x @ W + b)", "g": "h + tanh(h @ V)", "y": "g + h", "E": "huber(y, t)"}, {**LAYER, "V": (2, 2)}
    ),
    "tied autoencoder": Structure(
        {"h": "sigmoid(x @ W + b)", "y": "h @ W.T + c", "E": "squared_error(y, x)"},
        {"x": (4, 3), "W": (3, 2), "b": (1, 2), "c": (1, 3)},
    ),
    "parameter used twice": Structure(
        {"h": "tanh(x @ W)", "y": "h @ W", "E": "mean(y**2)"}, {"x": (4, 3), "W": (3, 3)}
    ),
    "parameter used twice in one stage": Structure(
        {"y": "x @ (W * W.T)", "E": "sum(y**2)"}, {"x": (4, 3), "W": (3, 3)}
    ),
    "L2 penalty": Structure({"p": "2*(x @ W) + b", "E": "sum((p - t)**2) + sum(W**2)"}, LAYER),
    "recurrent over three steps": Structure(
        {
            "h1": "tanh(x1 @ U + b)",
            "h2": "tanh(x2 @ U + h1 @ R + b)",
            "h3": "tanh(x3 @ U + h2 @ R + b)",
            "E": "half_squared_error(h3 @ V + c, t)",
        },
        {"x1": (4, 3), "x2": (4, 3), "x3": (4, 3), "t": (4, 1)}
        | {"U": (3, 2), "R": (2, 2), "b": (1, 2), "V": (2, 1), "c": (1, 1)},
    ),
    "single-head attention": Structure(
        {
            "q": "x @ Q",
            "k": "x @ K",
            "v": "x @ V",
            "a": "softmax(q @ k.T / sqrt(2))",
            "y": "a @ v",
            "E": "squared_error(y, t)",
        },
        {"x": (4, 3), "t": (4, 2), "Q": (3, 2), "K": (3, 2), "V": (3, 2)},
    ),
    "function with a learned scalar": Structure(
        {"h": "swish(x @ W + b)", "E": "squared_error(swish(h), t)"},
        {**LAYER, "beta": (1, 1)},
        {"swish": "z * sigmoid(beta*z)"},
    ),
    "function of a transpose": Structure({"h": "tanh(W.T)", "E": "sum((x @ h)**2)"}, {"x": (4, 3), "W": (3, 3)}),
    "softmax of one learned row": Structure(
        {"y": "softmax(b)", "E": "cross_entropy(y, t)"}, {"t": (1, 3), "b": (1, 3)}
    ),
    "columns less their mean": Structure(
        {"h": "W - colsum(W)/rows(W)", "E": "sum(x * h**3)"}, {"x": (4, 3), "W": (4, 3)}
    ),
    "scalars of a matrix beside it": Structure(
        {"h": "W*mean(W) + sum(W)", "E": "sum(x * h)"}, {"x": (4, 3), "W": (4, 3)}
    ),
    "one of everything": Structure(
        {"y": "sigmoid(x @ W + b)", "E": "squared_error(y, t)"}, {"x": (1, 1), "t": (1, 1), "W": (1, 1), "b": (1, 1)}
    ),
}


@cache
def structure(name: str) -> Run:
    return Run(STRUCTURES[name].network())


every_structure = pytest.mark.parametrize("name", STRUCTURES)


@every_structure
def test_every_gradient_of_a_structure_agrees_with_every_oracle(name: str) -> None:
    run = structure(name)
    agrees_with_the_forward_pass(run)
    agrees_with_complex_steps(run)
    agrees_with_central_differences(run)
    agrees_with_autograd(run)


@every_structure
def test_a_structure_computes_the_same_fused_and_in_every_form(name: str) -> None:
    is_fused_as_it_is_stepped(structure(name))
    has_equal_forms(structure(name))
    has_the_jacobians_of_its_equations(structure(name))


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
    assert size(run.network.parameters) <= 12
    for name in run.network.parameters:
        entries, symbols = differentiate(run.derivation, "E", name, direct=False)
        arguments = [symbol for of in symbols for symbol in symbols[of]]
        numbers = [number for of in symbols for number in run.values[of].ravel()]
        agrees(run.adjoints[name].ravel(), lambdify(arguments, list(entries), "math", cse=True)(*numbers), name)
