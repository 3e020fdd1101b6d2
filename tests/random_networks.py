"""Random networks, each from a plan: few words that hypothesis can draw, print and shrink.

A plan's equations are flat or nested, its numbers come from its seed. They stay where every function is defined and
tame: weights within 1.5, logarithms of what is positive, one-hot targets for cross-entropies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from backprop_tui.calculus.optimisers import OPTIMISERS
from backprop_tui.network import Network

Array = NDArray[np.float64]

ACTIVATIONS: Final = {
    "linear": "{}",
    **{
        name: f"{name}({{}})"
        for name in (
            "sigmoid",
            "tanh",
            "relu",
            "leaky_relu",
            "elu",
            "softplus",
            "silu",
            "gelu",
            "sin",
            "cos",
            "abs",
            "huber",
            "softmax",
            "log_softmax",
        )
    },
    "exp": "exp(sin({}))",
    "log": "log(1 + {}**2)",
    "sqrt": "sqrt(softplus({}) + 1)",
    "rational": "{0}**3 / (pi + {0}**2)",
    "swish": "swish({})",
}
"""What may come after a layer, of its pre-activation; functions with poles or of fast growth are kept off both."""

ROW_OPERATIONS: Final = {
    "none": "",
    "softmax": "softmax({0})",
    "log_softmax": "log_softmax({0})",
    "layer_norm": "({0} - rowsum({0})/{1}) / sqrt(rowsum(({0} - rowsum({0})/{1})**2)/{1} + 1)",
    "batch_centre": "{0} - colsum({0})/rows({0})",
    "row_centre": "{0} - rowsum({0})/columns({0})",
    "shares": "{0}**2 / (1 + rowsum({0}**2))",
    "scaled": "{0} * mean({0}) + sum({0})/9",
    "gram": "{0} @ {0}.T @ {0} / 9",
    "normalised": "{0} - log_sum_exp({0})/2",
}
"""What may be done to an activation's rows and columns; {1} is its number of columns."""

OUTPUTS: Final = {
    "squared_error": "{}",
    "half_squared_error": "{}",
    "mean_squared_error": "{}",
    "absolute_error": "{}",
    "huber": "{}",
    "binary_cross_entropy": "sigmoid({})",
    "mean_binary_cross_entropy": "(1 + 0.9*sin({}))/2",
    "cross_entropy": "softmax({})",
    "mean_cross_entropy": "softmax({})",
}
"""Each loss with what makes the last layer's values fit for it."""

WRITTEN_LOSSES: Final = {
    "written_cross_entropy": "-sum(t*log_softmax(o))",
    "written_binary_cross_entropy": "sum(softplus(o) - t*o)",
    "binary_cross_entropy_of_shares": "binary_cross_entropy(softmax(sin(o)), t)",
    "distance": "sqrt(1 + sum((o - t)**2)) / e",
    "agreement": "-mean(o*t)",
}
"""Losses written out, of the last layer's values o and the target t."""

OF_A_ROW: Final = ("softmax", "log_softmax", "layer_norm", "row_centre")
OF_A_COLUMN: Final = ("batch_centre",)
"""Constant where a row, or a column, has one entry: no parameter before them would be used."""
ONE_HOT: Final = ("cross_entropy", "mean_cross_entropy", "written_cross_entropy")
SEVERAL_CLASSES: Final = (*ONE_HOT, "binary_cross_entropy_of_shares")
"""Losses for which a single class is certain."""
SWISH: Final = {"swish": "u * sigmoid(beta*u)"}


@dataclass(frozen=True)
class Layer:
    """One layer of a plan; where its weights are shared, the width follows from them."""

    width: int = 2
    activation: str = "tanh"
    rows: str = "none"
    weights: str = "own"
    bias: bool = False
    skip: bool = False
    nested: bool = False


@dataclass(frozen=True)
class Plan:
    """A network in a few words."""

    layers: tuple[Layer, ...]
    loss: str = "squared_error"
    samples: int = 2
    inputs: int = 2
    penalty: bool = False
    optimiser: str = "descent"
    seed: int = 0


LAYERS: Final = st.builds(
    Layer,
    width=st.integers(1, 5),
    activation=st.sampled_from(list(ACTIVATIONS)),
    rows=st.sampled_from([*["none"] * 4, *list(ROW_OPERATIONS)]),
    weights=st.sampled_from(["own", "own", "transposed", "again"]),
    bias=st.booleans(),
    skip=st.booleans(),
    nested=st.booleans(),
)
PLANS: Final = st.builds(
    Plan,
    layers=st.lists(LAYERS, min_size=1, max_size=4).map(tuple),
    loss=st.sampled_from([*OUTPUTS, *WRITTEN_LOSSES]),
    samples=st.integers(1, 4),
    inputs=st.integers(1, 5),
    penalty=st.booleans(),
    optimiser=st.sampled_from(list(OPTIMISERS)),
    seed=st.integers(0, 99),
)


def _covering(number: int, activation: str) -> Plan:
    """Return the plan of that number: each list of words is gone through at a pace of its own."""
    rows, losses = list(ROW_OPERATIONS), [*OUTPUTS, *WRITTEN_LOSSES]
    layers = (
        Layer(3, activation, bias=number % 2 == 0, nested=number % 3 == 0),
        Layer(3, "tanh", rows[number % len(rows)], ("own", "transposed", "again")[number % 3], skip=number % 2 == 1),
    )
    optimiser = list(OPTIMISERS)[number % len(OPTIMISERS)]
    return Plan(layers, losses[number % len(losses)], 2, 3, penalty=number % 4 == 0, optimiser=optimiser, seed=number)


COVERING: Final = tuple(_covering(number, activation) for number, activation in enumerate(ACTIVATIONS))
"""Plans that reach every word of the language between them."""


def network(plan: Plan) -> Network:
    """Return the network that a plan stands for."""
    return _Builder(plan).network()


@dataclass
class _Builder:
    plan: Plan
    equations: dict[str, str] = field(default_factory=dict)
    weights: dict[str, tuple[int, int]] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)

    def network(self) -> Network:
        self.widths["x"] = self.plan.inputs
        for number, layer in enumerate(self.plan.layers, 1):
            self._add_layer(str(number), layer)
        self._add_loss()
        numbers = np.random.default_rng(self.plan.seed)
        parameters = {name: numbers.uniform(-1.5, 1.5, shape) / np.sqrt(shape[0]) for name, shape in self._shapes()}
        x = numbers.uniform(-1, 1, (self.plan.samples, self.plan.inputs))
        data = {"x": x, "t": self._targets(numbers)}
        functions, optimiser = SWISH if self._swish() else {}, OPTIMISERS[self.plan.optimiser]
        return Network("random", self.equations, data, parameters, functions=functions, optimiser=optimiser)

    def _add_layer(self, number: str, layer: Layer) -> None:
        before = list(self.widths)[-1]
        factor, width = self._factor(number, layer, before)
        z = f"{before} @ {factor}"
        if layer.bias:
            self.weights[f"b{number}"] = 1, width
            z += f" + b{number}"
        if not layer.nested:
            self.equations[f"z{number}"], z = z, f"z{number}"
        activation = "linear" if self._is_constant(layer.activation, width) else layer.activation
        self._define(f"h{number}", ACTIVATIONS[activation].format(f"({z})" if layer.nested else z), width)
        self._add_rest(number, layer, width)

    def _add_rest(self, number: str, layer: Layer, width: int) -> None:
        if layer.skip:
            earlier = [name for name in list(self.widths)[:-1] if self.widths[name] == width]
            if earlier:
                self._define(f"s{number}", f"h{number} + {earlier[0]}", width)
        if layer.rows != "none" and not self._is_constant(layer.rows, width):
            self._define(f"r{number}", ROW_OPERATIONS[layer.rows].format(list(self.widths)[-1], width), width)

    def _is_constant(self, operation: str, width: int) -> bool:
        return (operation in OF_A_ROW and width == 1) or (operation in OF_A_COLUMN and self.plan.samples == 1)

    def _factor(self, number: str, layer: Layer, before: str) -> tuple[str, int]:
        """Return what the layer multiplies by, and its width: weights of its own, or earlier ones where they fit."""
        rows = self.widths[before]
        for name, shape in self.weights.items() if layer.weights != "own" else ():
            if layer.weights == "transposed" and shape[1] == rows:
                return f"{name}.T", shape[0]
            if layer.weights == "again" and shape[0] == rows:
                return name, shape[1]
        self.weights[f"W{number}"] = rows, layer.width
        return f"W{number}", layer.width

    def _add_loss(self) -> None:
        last, loss = list(self.widths)[-1], self._loss()
        if loss in OUTPUTS:
            self._define("y", OUTPUTS[loss].format(last), self.widths[last])
            written = f"{loss}(y, t)"
        else:
            self._define("o", f"{last} / 2", self.widths[last])
            written = WRITTEN_LOSSES[loss]
        penalty = "".join(f" + 0.01*sum({name}**2)" for name in self.weights) if self.plan.penalty else ""
        self.equations["E"] = written + penalty

    def _loss(self) -> str:
        one_class = self.plan.loss in SEVERAL_CLASSES and list(self.widths.values())[-1] == 1
        return "binary_cross_entropy" if one_class else self.plan.loss

    def _define(self, name: str, text: str, width: int) -> None:
        self.equations[name] = text
        self.widths[name] = width

    def _swish(self) -> bool:
        return any(layer.activation == "swish" for layer in self.plan.layers)

    def _shapes(self) -> list[tuple[str, tuple[int, int]]]:
        return [*self.weights.items(), *([("beta", (1, 1))] if self._swish() else [])]

    def _targets(self, numbers: np.random.Generator) -> Array:
        width = list(self.widths.values())[-1]
        if self._loss() in ONE_HOT:
            return np.asarray(np.eye(width)[numbers.integers(0, width, self.plan.samples)])
        low = 0 if "binary" in self._loss() else -1
        return numbers.uniform(low, 1, (self.plan.samples, width))
