"""Networks of known structure: every gradient agrees with oracles that know nothing of the derivation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest

from backprop_tui.calculus.shapes import Shape
from backprop_tui.network import Network

from .proofs import (
    Run,
    agrees_with_autograd,
    agrees_with_central_differences,
    agrees_with_complex_steps,
    agrees_with_the_forward_pass,
    has_equal_forms,
    has_the_jacobians_of_its_equations,
    is_fused_as_it_is_stepped,
)


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
