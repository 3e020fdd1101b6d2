"""Random expressions of the chalkboard language, of operations nested in one another, in a few quantities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np
from hypothesis import strategies as st

from backprop_tui.network import Network

SHAPES: Final = {
    **{"A": (2, 3), "B": (3, 2), "P": (2, 2), "S": (3, 3), "r": (1, 3), "c": (2, 1), "k": (1, 1)},
    **{"x": (2, 3), "u": (3, 2)},
}
"""The quantities of random expressions; x and u are given, the others learned."""
SMOOTH: Final = ("sigmoid", "tanh", "softplus", "silu", "gelu", "sin", "cos", "elu", "huber")


@st.composite
def expressions(draw: st.DrawFn, shape: tuple[int, int], depth: int = 3) -> str:
    """Return a text of the language with that shape, of operations nested in one another."""
    ways = [f"{name}({{0}})" for name in SMOOTH] + ["({0} + {1})", "({1} - {0})", "({0} * {1})", "({0} / (2 + {1}**2))"]
    ways += ["{0}**2", "(-2*{0})", "({2}).T", "({3} @ {4})", "({3} @ {4})"]
    of_rows = ["softmax({0})", "log_softmax({0})", "log(1 - softmax(sin({0})))"]
    ways += of_rows if shape[1] > 1 else ["rowsum({3})", "rowsum({3})"]
    ways += ["colsum({4})", "colsum({4})"] if shape[0] == 1 else []
    ways += ["sum({5})", "mean({5})"] if shape == (1, 1) else []
    if depth == 0 or draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(_leaves(shape)))
    between = draw(st.sampled_from([2, 3]))
    shapes = [shape, draw(st.sampled_from(_broadcasting_to(shape))), shape[::-1]]
    shapes += [(shape[0], between), (between, shape[1]), (2, between)]
    way = draw(st.sampled_from(ways))
    used = [f"{{{number}}}" in way for number in range(len(shapes))]
    parts = [draw(expressions(each, depth - 1)) if use else "" for each, use in zip(shapes, used, strict=True)]
    return way.format(*parts)


def _leaves(shape: tuple[int, int]) -> list[str]:
    straight = [name for name, found in SHAPES.items() if found == shape]
    return straight + [f"{name}.T" for name, found in SHAPES.items() if found == shape[::-1]]


def _broadcasting_to(shape: tuple[int, int]) -> list[tuple[int, int]]:
    return [shape, shape, (1, shape[1]), (shape[0], 1), (1, 1)]


@st.composite
def nested_equations(draw: st.DrawFn) -> dict[str, str]:
    """Return two equations, a matrix and a loss that uses it."""
    shape = draw(st.sampled_from([(2, 3), (3, 2), (3, 3), (1, 3), (2, 1)]))
    q = draw(expressions(shape))
    return {"q": q, "E": f"{draw(st.sampled_from(['sum', 'mean']))}(q * {draw(expressions(shape))})"}


def with_values(equations: Mapping[str, str], seed: int = 0) -> Network:
    """Return the network of some equations in the quantities of `SHAPES`."""
    numbers = np.random.default_rng(seed)
    values = {name: numbers.uniform(-1, 1, shape) for name, shape in SHAPES.items()}
    used = {name for text in equations.values() for name in re.findall(r"[A-Za-z_]+", text)}
    parameters = {name: value for name, value in values.items() if name in used and name not in "xu"}
    return Network("nested", equations, {name: values[name] for name in "xu"}, parameters)
