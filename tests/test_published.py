"""Printed figures of two worked examples: the right ones come back, the wrong ones don't, and the cause is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from backprop_tui import gallery
from backprop_tui.engine.trace import Trace
from backprop_tui.network import read_network
from backprop_tui.published import published

from .networks import Array
from .test_lecture import agrees

NOT_PRINTED = "-"
BY_OUTPUT = "by_output"
Run = Callable[[int, bool], tuple[float, Array]]


class Figure(NamedTuple):
    """One printed number: that of an iteration, counted from 0, or of one output's contribution at iteration 0."""

    network: str
    when: str
    quantity: str
    row: int
    column: int
    printed: str

    @property
    def value(self) -> float:
        """What the derivation makes of it."""
        first = trace(self.network)[0]
        found = by_output(first)[self.quantity] if self.when == BY_OUTPUT else at(self)
        return float(found[self.row, self.column])


@cache
def trace(name: str) -> Trace:
    network = gallery.load(name)
    return Trace(network.derivation, network.start)


def at(figure: Figure) -> Array:
    return trace(figure.network)[int(figure.when)][figure.quantity]


def by_output(values: Mapping[str, Array]) -> dict[str, Array]:
    """The summands of E, and of dE/dh at the first hidden unit, in one row: an entry for each output."""
    return {"E": (values["y"] - values["t"]) ** 2 / 2, "dE/dh": values["dE/dz"] * values["V"][:1]}


def entries(rows: str | list[str]) -> Iterator[tuple[int, int, str]]:
    for row, texts in enumerate([rows] if isinstance(rows, str) else rows):
        yield from ((row, column, text) for column, text in enumerate(texts.split()) if text != NOT_PRINTED)


def right(name: str) -> list[Figure]:
    return [
        Figure(name, when, quantity, *entry)
        for when, table in published(name)["right"].items()
        for quantity, rows in table.items()
        for entry in entries(rows)
    ]


def wrong(which: str, name: str = "mazur") -> list[Figure]:
    """The wrong figures as they were ``printed``, or the ``right`` ones that stand beside them."""
    return [
        Figure(name, when, quantity, *entry)
        for when, table in published(name).get("wrong", {}).items()
        for quantity, both in table.items()
        for entry in entries(both[which])
    ]


def told(figure: Figure) -> str:
    return f"{figure.network}-{figure.when}-{figure.quantity}[{figure.row},{figure.column}]"


@pytest.mark.parametrize("figure", [*right("mazur"), *right("planar")], ids=told)
def test_a_right_figure_comes_back_to_every_printed_digit(figure: Figure) -> None:
    assert agrees(figure.printed, figure.value)


@pytest.mark.parametrize("figure", wrong("printed"), ids=told)
def test_a_wrong_figure_does_not_come_back(figure: Figure) -> None:
    assert not agrees(figure.printed, figure.value)


@pytest.mark.parametrize("figure", wrong("right"), ids=told)
def test_the_figure_beside_a_wrong_one_is_the_right_one(figure: Figure) -> None:
    assert agrees(figure.printed, figure.value)


@pytest.mark.parametrize(("name", "rights", "wrongs"), [("mazur", 25, 5), ("planar", 46, 0)])
def test_every_figure_that_was_printed_is_held(name: str, rights: int, wrongs: int) -> None:
    assert len(right(name)) == rights
    assert len(wrong("printed", name)) == wrongs


def test_right_figures_stand_beside_all_wrong_ones_with_as_many_digits() -> None:
    pairs = list(zip(wrong("printed"), wrong("right"), strict=True))
    assert all(before[:-1] == after[:-1] and len(before.printed) == len(after.printed) for before, after in pairs)


@pytest.mark.parametrize("name", ["mazur", "planar"])
def test_the_source_is_named(name: str) -> None:
    source = published(name)["source"]
    assert source["title"]
    assert source["author"]
    assert source["url"].startswith("https://")


# The cause of the wrong figures.


@pytest.fixture(scope="module")
def run() -> Run:
    """The lines of NumPy in errata.md, as a reader would run them, without the loop that prints."""
    text = (gallery.folder() / "mazur" / "errata.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    definition, _, _ = block.partition("\nfor updates")
    space: dict[str, Any] = {}
    exec(definition, space)
    found: Run = space["run"]
    return found


def printed_wrong(when: str, quantity: str) -> list[str]:
    return [figure.printed for figure in wrong("printed") if (figure.when, figure.quantity) == (when, quantity)]


@pytest.mark.parametrize("updates", [1, 10_000])
def test_without_the_mistake_the_errata_run_as_the_derivation_does(run: Run, updates: int) -> None:
    loss, outputs = run(updates, False)
    assert loss == pytest.approx(trace("mazur").loss(updates), rel=1e-12, abs=0)
    np.testing.assert_allclose(outputs, trace("mazur")[updates]["y"], rtol=1e-12, atol=0)


def test_hidden_errors_through_updated_weights_give_the_printed_loss_after_one_update(run: Run) -> None:
    (printed,) = printed_wrong("1", "E")
    assert agrees(printed, run(1, True)[0])


def test_the_same_mistake_gives_the_printed_outputs_after_10000_updates(run: Run) -> None:
    outputs = run(10_000, True)[1].ravel()
    assert [agrees(text, value) for text, value in zip(printed_wrong("10000", "y"), outputs, strict=True)] == [True] * 2


def test_the_printed_loss_after_10000_updates_is_the_right_one_after_9999(run: Run) -> None:
    (printed,) = printed_wrong("10000", "E")
    assert agrees(printed, trace("mazur").loss(9_999))
    assert not agrees(printed, run(9_999, True)[0])
    assert not agrees(printed, run(10_000, True)[0])


def test_the_outputs_printed_at_the_end_do_not_have_the_loss_printed_beside_them(run: Run) -> None:
    outputs = np.array(printed_wrong("10000", "y"), dtype=float)
    loss = float(np.sum((outputs - [0.01, 0.99]) ** 2) / 2)
    assert agrees("0.0000350848", loss)
    assert agrees("0.0000350848", run(10_000, True)[0])


def test_a_last_digit_is_wrong_because_it_was_rounded_twice() -> None:
    (printed,) = printed_wrong(BY_OUTPUT, "dE/dh")
    digit = Decimal("1e-9")
    signal = Decimal(float(trace("mazur")[0]["dE/dz"][0, 1]))
    weight = Decimal("0.5")
    once = (signal * weight).quantize(digit, ROUND_HALF_UP)
    twice = (signal.quantize(digit, ROUND_HALF_UP) * weight).quantize(digit, ROUND_HALF_UP)
    assert (str(once), str(twice)) == ("-0.019049118", printed)


def test_with_the_wrong_index_the_pre_activation_is_not_the_printed_one() -> None:
    first = trace("mazur")[0]
    (w1, w3), (x1, x2) = first["W"][0], first["x"][0]
    with_w3 = w1 * x1 + w3 * x2 + first["b"][0, 0]
    assert agrees("0.3825", with_w3)
    assert not agrees("0.3775", with_w3)


def test_with_biases_that_learn_the_losses_are_those_the_errata_warn_of(tmp_path: Path) -> None:
    text = gallery.find("mazur").read_text("utf-8")
    path = tmp_path / "network.toml"
    path.write_text(re.sub(r"\{ value = (.*?), frozen = true \}", r"\1", text), "utf-8")
    network = read_network(path)
    assert not network.frozen
    learning = Trace(network.derivation, network.start)
    assert agrees("0.2804714", learning.loss(1))
    assert agrees("2.4476e-06", learning.loss(10_000))
