"""A function or a loss in an equation's text is exchanged, and nothing else of it."""

from __future__ import annotations

import pytest

from backprop_tui.calculus.vocabulary import LOSSES
from backprop_tui.errors import InputError
from backprop_tui.network.rewriting import find_loss, with_function, with_loss

KNOWN = ("tanh", "sigmoid", "relu", "sqrt", "swish")
DATA = ("x", "t")


@pytest.mark.parametrize(
    ("text", "function", "changed"),
    [
        ("tanh(p)", "relu", "relu(p)"),
        ("tanh(x @ W + b)", "swish", "swish(x @ W + b)"),
        ("x + tanh( p1 )*2", "relu", "x + relu( p1 )*2"),
        ("h @ V", "sigmoid", "sigmoid(h @ V)"),
        ("q @ k.T / sqrt(2)", "tanh", "tanh(q @ k.T / sqrt(2))"),
        ("tanh(relu(p))", "sigmoid", "sigmoid(relu(p))"),
        ("tanh(tanh_1)", "relu", "relu(tanh_1)"),
        ("café + tanh(é)", "relu", "café + relu(é)"),
        ("tanh(\n  x @ W\n)", "relu", "relu( x @ W )"),
        ("tanh(p)", "linear", "p"),
        ("tanh(x @ W + b)", "linear", "x @ W + b"),
        ("x + tanh(p1)", "linear", "x + p1"),
        ("x - tanh(p - q)", "linear", "x - (p - q)"),
        ("h @ V", "linear", "h @ V"),
        ("café + tanh(é - p)", "linear", "café + (é - p)"),
    ],
)
def test_the_one_function_is_exchanged(text: str, function: str, changed: str) -> None:
    assert with_function(text, function, KNOWN) == changed


def test_which_of_two_functions_is_not_guessed() -> None:
    with pytest.raises(InputError, match="2 functions in 'tanh") as caught:
        with_function("tanh(p) + relu(q)", "sigmoid", KNOWN)
    assert caught.value.expected == "an equation with one of them"


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_found_by_its_name_and_written_out(name: str) -> None:
    for text in (f"{name}(y, t)", LOSSES[name]):
        found = find_loss({"h": "tanh(x @ W)", "E": text}, DATA)
        assert (found.equation, found.name) == ("E", name)
        assert with_loss(text, found, "cross_entropy") == "cross_entropy(y, t)"


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("sum((t - y)**2)", "huber(y, t)"),
        ("squared_error(t, y)", "huber(y, t)"),
        ("squared_error(y, t) + 0.01*sum(W**2)", "huber(y, t) + 0.01*sum(W**2)"),
        ("0.01*sum(W**2) + sum((y - t)**2)/2", "0.01*sum(W**2) + huber(y, t)"),
        ("mean_cross_entropy(softmax(h @ V + c), t)", "huber(softmax(h @ V + c), t)"),
        ("squared_error(h, y)", "huber(h, y)"),
        ("-sum(t*log(1 - y))", "huber(1 - y, t)"),
    ],
)
def test_a_loss_keeps_what_it_compares_and_what_stands_beside_it(text: str, changed: str) -> None:
    assert with_loss(text, find_loss({"E": text}, DATA), "huber") == changed


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sum(y**2)", "no loss of those with a name"),
        ("sum((y - t)**3)", "no loss"),
        ("-sum(t*log(y) + (1 - x)*log(1 - y))", "no loss"),
        ("squared_error(y, t) + squared_error(h, x)", "2 losses of those with a name"),
    ],
)
def test_a_loss_that_cannot_be_told_is_not_guessed(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        find_loss({"E": text}, DATA)
    assert caught.value.expected == "one, such as squared_error(y, t)"
