"""A network in a few words: layer sizes, activations, a loss. It expands to the equations anyone would write."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..calculus.vocabulary import FUNCTIONS, LOSSES
from ..errors import InputError, nearest
from . import values
from .matrices import MatrixReader
from .model import Matrix, Network

ACTIVATIONS: Final = ("linear", "softmax", *FUNCTIONS)
MOST_LAYERS: Final = 200


@dataclass(frozen=True)
class Layers:
    """A multilayer perceptron.

    Attributes
    ----------
    sizes:
        Units in each layer, inputs first.
    activations:
        The function after each layer but the first.
    loss:
        One of the losses by name.
    bias:
        Whether each layer has biases.

    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str = "squared_error"
    bias: bool = False

    def equations(self) -> dict[str, str]:
        """Return the chalkboard equations: z1, h1 ... up to y and E."""
        equations, before = {}, "x"
        last = len(self.activations)
        for number, activation in enumerate(self.activations, 1):
            product = f"{before} @ W{number}" + (f" + b{number}" if self.bias else "")
            output = "y" if number == last else f"h{number}"
            if activation == "linear":
                equations[output] = product
            else:
                equations |= {f"z{number}": product, output: f"{activation}(z{number})"}
            before = output
        return {**equations, "E": f"{self.loss}(y, t)"}

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Return how the parameters are drawn: weights by Xavier's rule, biases zero."""
        drawn: dict[str, dict[str, Any]] = {}
        for number, (rows, columns) in enumerate(zip(self.sizes, self.sizes[1:], strict=False), 1):
            drawn[f"W{number}"] = {"shape": [rows, columns], "draw": "xavier"}
            if self.bias:
                drawn[f"b{number}"] = {"shape": [1, columns], "draw": "zeros"}
        return drawn


def read_layers(table: Mapping[str, Any], key: str = "[network]") -> Layers:
    """Read the shorthand's keys: layers, activations, loss, bias."""
    sizes = table.get("layers")
    if not isinstance(sizes, list) or not 2 <= len(sizes) <= MOST_LAYERS:
        raise InputError(values.told(sizes), "layers = [inputs, ..., outputs]", key=f"{key} layers")
    counts = tuple(values.count(size, f"{key} layers", 1) for size in sizes)
    given = table.get("activations", ["sigmoid"])
    if not isinstance(given, list) or len(given) not in (1, len(counts) - 1):
        expected = f"one activation, or {len(counts) - 1}: one for each layer after the inputs"
        raise InputError(values.told(given), expected, key=f"{key} activations")
    names = [values.choice(name, ACTIVATIONS, f"{key} activations") for name in given]
    loss = values.choice(table.get("loss", "squared_error"), LOSSES, f"{key} loss")
    activations = tuple(names * (len(counts) - 1) if len(names) == 1 else names)
    return Layers(counts, activations, loss, values.truth(table.get("bias", False), f"{key} bias"))


def from_layers(layers: Layers, seed: int = 0, samples: int = 1) -> Network:
    """Make a network with data and parameters drawn from a seed.

    Inputs are standard normal. Targets are one-hot where the outputs are a softmax, uniform in [0, 1) elsewhere.
    """
    stream = np.random.default_rng(seed)
    reader = MatrixReader(Path(), stream)
    parameters = {name: reader.read(table, name) for name, table in layers.parameters().items()}
    data = {"x": stream.standard_normal((samples, layers.sizes[0])), "t": _targets(layers, stream, samples)}
    name = "-".join(map(str, layers.sizes))
    title = f"{name}, {', '.join(layers.activations)}"
    return Network(name, layers.equations(), data, parameters, title=title, seed=seed)


def _targets(layers: Layers, stream: np.random.Generator, samples: int) -> Matrix:
    outputs = layers.sizes[-1]
    if layers.activations[-1] == "softmax":
        return np.asarray(np.eye(outputs)[stream.integers(0, outputs, samples)])
    return stream.random((samples, outputs))


def parse_layers(text: str, activations: str, loss: str, bias: bool) -> Layers:
    """Read the command line's words: ``3-4-2`` and ``tanh,softmax``."""
    if not re.fullmatch(r"\d{1,9}(-\d{1,9})+", text):
        raise InputError(f"the layers {text!r}", "sizes joined by hyphens, such as 3-4-2", key="--layers")
    for name in activations.split(","):
        _check_word(name, ACTIVATIONS, "activation")
    _check_word(loss, LOSSES, "loss")
    sizes = [int(size) for size in text.split("-")]
    table = {"layers": sizes, "activations": activations.split(","), "loss": loss, "bias": bias}
    return read_layers(table, "--layers")


def _check_word(word: str, known: Collection[str], what: str) -> None:
    if word not in known:
        expected = f"one of {', '.join(known)}"
        raise InputError(f"no {what} {word!r}", expected, key=f"--{what}", nearest=nearest(word, known))
