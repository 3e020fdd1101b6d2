"""What is alike is derived once, and no one can tell: renamed stages are those that each step taken anew would make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_tui.calculus import reverse_sweep
from backprop_tui.calculus.chain_rule import local_derivative
from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.likeness import Alike, Likeness, Pattern, Renaming
from backprop_tui.calculus.shapes import Shape
from backprop_tui.calculus.stages import Stage

from .random_networks import LAYERS, PLANS, Layer, Plan, network

LETTERS = "pqrstuvw"


def anew(self: Likeness, pattern: Pattern, step: Callable[[], object]) -> Alike[object]:
    """Take every step, as if nothing were like anything before it."""
    return Alike(len(pattern.facts), tuple(pattern.names), tuple(pattern.letters), step(), None)


def told(stage: Stage) -> dict[str, str]:
    """Spell all that a stage says; the sums in it as they stand, multiplied out or not."""
    parts = ("name", "kind", "axes", "index", "matrix", "reason", "opened", "tensor", "jacobian", "factors", "uses")
    spelled = {part: getattr(stage, part) for part in parts}
    return {part: str(sorted(said) if part == "uses" else said) for part, said in spelled.items()}


def both_ways(derived: Callable[[], Derivation]) -> None:
    once = [told(stage) for stage in derived()]
    with patch.object(Likeness, "once", anew):
        every = [told(stage) for stage in derived()]
    assert once == every


def repeated(cell: Mapping[str, str], count: int, loss: str) -> dict[str, str]:
    """Repeat some equations, each time from the last h on; names in braces get a number."""
    equations: dict[str, str] = {}
    for number in range(1, count + 1):
        before = f"h{number - 1}" if number > 1 else "x"
        equations |= {f"{name}{number}": text.format(h=before, n=number) for name, text in cell.items()}
    return equations | {"E": loss.format(h=f"h{count}")}


def squares(*names: str) -> dict[str, Shape]:
    return dict.fromkeys(names, (3, 3))


@settings(deadline=None, max_examples=60)
@given(st.lists(LAYERS, min_size=1, max_size=2), st.integers(2, 4), PLANS)
def test_random_networks_of_like_layers(layers: list[Layer], times: int, plan: Plan) -> None:
    random = network(replace(plan, layers=tuple(layers) * times))
    both_ways(lambda: replace(random).derivation)


@pytest.mark.parametrize(
    "cell",
    [
        {"z": "{h} @ W{n}", "h": "softmax(z{n})"},
        {"z": "{h} @ W{n}", "l": "log_softmax(z{n})", "h": "exp(l{n})"},
        {"z": "{h} @ W{n}", "h": "log(1 - softmax(z{n}))"},
        {"s": "{h} @ W{n} @ {h}.T", "a": "softmax(s{n})", "h": "a{n} @ {h} + {h}"},
        {"z": "{h} @ W{n}", "m": "rowsum(z{n})/3", "c": "z{n} - m{n}", "h": "c{n} / sqrt(rowsum(c{n}**2) + 1)"},
        {"z": "{h} @ W{n}", "h": "2*(z{n} - t)**2"},
        {"z": "W{n} @ {h} + W{n}.T", "h": "relu(z{n})"},
    ],
    ids=lambda cell: list(cell.values())[-1],
)
@pytest.mark.parametrize("loss", ["sum(({h} - t)**2)", "cross_entropy(softmax({h}), t)", "sum({h}**2)/2 + sum(W1**2)"])
def test_like_cells(cell: Mapping[str, str], loss: str) -> None:
    equations, weights = repeated(cell, 3, loss), squares("W1", "W2", "W3")
    both_ways(lambda: derive(equations, squares("x", "t"), weights, unit_rows=["t"]))


def test_an_assumption_is_made_where_it_is_true() -> None:
    """The rows of t sum to one, those of s may not: dE/dz is y - t in the one place and no more than that in either."""
    cell = {"y1": "softmax(x @ W1)", "y2": "softmax(x @ W2)", "y3": "softmax(x @ W3)"}
    losses = {"a": "cross_entropy(y1, t)", "b": "cross_entropy(y2, s)", "c": "cross_entropy(y3, t)", "E": "a + b + c"}
    given, weights = squares("x", "t", "s"), squares("W1", "W2", "W3")
    both_ways(lambda: derive(cell | losses, given, weights, unit_rows=["t"]))


def test_a_row_for_one_layer_and_a_square_for_the_next() -> None:
    """Axes that fall together in one layer and not in another are no likeness."""
    equations = repeated({"z": "{h} @ W{n} + b{n}", "h": "tanh(z{n})"}, 3, "sum(({h} - t)**2)")
    weights = {"W1": (3, 3), "b1": (1, 3), "W2": (3, 1), "b2": (1, 1), "W3": (1, 3), "b3": (4, 3)}
    both_ways(lambda: derive(equations, {"x": (4, 3), "t": (4, 3)}, weights))


@settings(deadline=None)
@given(st.permutations(LETTERS))
def test_names_are_only_names(names: list[str]) -> None:
    """A quantity called u is not the u of f(u); and the order of the alphabet makes no difference to what is said."""
    z1, h1, z2, h2, z3, h3, W, V = names
    equations = {z1: f"x @ {W}", h1: f"relu({z1})", z2: f"{h1} @ {V}", h2: f"relu({z2})", z3: f"{h2} @ {V}"}
    equations |= {h3: f"relu({z3})", "E": f"sum(({h3} - y)**2)"}
    derivation = derive(equations, squares("x", "y"), squares(W, V))
    for h, z in ((h1, z1), (h2, z2), (h3, z3)):
        first, second = (piece for piece in derivation[f"d{h}/d{z}"].reason if str(piece).startswith(("relu", "Relu")))
        assert (str(first), str(second)) == ("Relu(u)", "ReluSlope(u)")


def test_each_step_is_taken_once_however_deep_the_network() -> None:
    def steps(depth: int) -> int:
        equations = repeated({"z": "{h} @ W{n}", "h": "sigmoid(z{n})"}, depth, "sum(({h} - t)**2)")
        with patch.object(reverse_sweep, "local_derivative", wraps=local_derivative) as derived:
            derive(equations, squares("x", "t"), squares(*(f"W{number}" for number in range(1, depth + 1))))
        return derived.call_count

    assert steps(24) == steps(3) < 2 * 24


def test_what_is_named_after_a_quantity_follows_it() -> None:
    renaming = Renaming({"W1": "W2", "W2": "W1", "z1": "z2"}, {})
    names = ["dE/dW1", "dz1/dW2", "W1'", "m_W1", "softmax(z1)", "E", "W1", "W12"]
    expected = ["dE/dW2", "dz2/dW1", "W2'", "m_W1", "softmax(z2)", "E", "W2", "W12"]
    assert list(map(renaming.name, names)) == expected


def test_stages_are_equal_where_they_are_derived_alike_and_have_a_hash() -> None:
    equations = repeated({"z": "{h} @ W{n}", "h": "sigmoid(z{n})"}, 2, "sum(({h} - t)**2)")
    first, second = (derive(equations, squares("x", "t"), squares("W1", "W2")) for _ in range(2))
    assert first.stages == second.stages
    assert set(first.stages) == set(second.stages)
    assert len(set(first.stages)) == len(first.stages)
