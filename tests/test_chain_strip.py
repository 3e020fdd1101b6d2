from __future__ import annotations

from functools import cache

import pytest

from backprop_tui import gallery
from backprop_tui.calculus.chain_strip import Mark, Strip, leading, marked, strip
from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.stages import Kind
from backprop_tui.notation import derivative_parts

from .networks import lecture

NAMES = gallery.names()
WHOLE = ("dE/dy", "dy/dz", "dz/dh", "dh/dp", "dp/dW")


@cache
def network(name: str) -> Derivation:
    return gallery.load(name).derivation


def ending(name: str) -> list[Strip]:
    found = [strip(network(name), stage.name) for stage in network(name)]
    return [whole for whole in found if whole is not None]


def test_a_chain_is_opened_from_the_loss_to_the_parameter() -> None:
    assert strip(lecture(), "dE/dW") == Strip("dE/dW", (WHOLE,))
    assert strip(lecture(), "dE/dy") == Strip("dE/dy", (("dE/dy",),))


@pytest.mark.parametrize("name", ["p", "E", "dy/dz", "W'", "x"])
def test_only_adjoints_and_gradients_have_a_strip(name: str) -> None:
    assert strip(lecture(), name) is None


def test_what_is_used_in_several_places_has_a_product_for_each() -> None:
    whole = strip(network("autoencoder"), "dE/dW")
    assert whole is not None
    assert whole.products == (("dE/dz", "dz/dW"), ("dE/dz", "dz/dh", "dh/dp", "dp/dW"))


def test_an_adjoint_that_is_a_sum_stays_a_factor() -> None:
    whole = strip(network("residual"), "dE/dW3")
    assert whole is not None
    assert whole.products == (("dE/dh3", "dh3/dp3", "dp3/dW3"),)


def test_a_use_by_the_loss_itself_has_no_factors() -> None:
    penalised = derive({"y": "x @ W", "E": "y * y + 2 * (W * u)"}, {"x": (1, 1), "u": (1, 1)}, {"W": (1, 1)})
    whole = strip(penalised, "dE/dW")
    assert whole is not None
    assert sorted(whole.products) == [(), ("dE/dy", "dy/dW")]


@pytest.mark.parametrize("name", NAMES)
def test_the_factors_of_a_product_follow_on_one_another(name: str) -> None:
    for whole in ending(name):
        for product in whole.products:
            parts = [derivative_parts(factor) for factor in product]
            chain = [pair for pair in parts if pair is not None]
            assert len(chain) == len(product)
            assert chain[0].of == network(name).loss
            assert [pair.by for pair in chain[:-1]] == [pair.of for pair in chain[1:]]
            assert f"d{chain[0].of}/d{chain[-1].by}" == whole.of


def test_walking_the_backward_pass_moves_along_the_strip() -> None:
    gradient = strip(lecture(), "dE/dW")
    assert gradient is not None
    steps = [(name, mark.factor) for name in lecture().by_name for mark in marked(lecture(), gradient, name)]
    assert steps == [
        *(("dE/dy", 0), ("dy/dz", 1), ("dE/dz", 1), ("dz/dh", 2), ("dE/dh", 2), ("dh/dp", 3), ("dE/dp", 3)),
        *(("dp/dW", 4), ("dE/dW", 4)),
    ]


def test_products_that_begin_alike_are_marked_alike() -> None:
    whole = strip(network("autoencoder"), "dE/dW")
    assert whole is not None
    assert marked(network("autoencoder"), whole, "dE/dz") == (Mark(0, 0), Mark(1, 0))
    assert marked(network("autoencoder"), whole, "dE/dh") == (Mark(1, 1),)
    assert marked(network("autoencoder"), whole, "dE/dW") == ()


@pytest.mark.parametrize("name", ["x", "p", "E", "V'", "dz/dV", "dE/dV"])
def test_a_stage_outside_of_a_strip_has_no_mark(name: str) -> None:
    assert marked(lecture(), Strip("dE/dW", (WHOLE,)), name) == ()


@pytest.mark.parametrize(
    ("name", "gradient"),
    [("dE/dy", "dE/dV"), ("dz/dV", "dE/dV"), ("dE/dV", "dE/dV"), ("dz/dh", "dE/dW"), ("dp/dW", "dE/dW")],
)
def test_a_stage_leads_to_the_next_gradient_that_it_is_part_of(name: str, gradient: str) -> None:
    whole = leading(lecture(), name)
    assert whole is not None
    assert whole.of == gradient


@pytest.mark.parametrize("name", NAMES)
def test_every_backward_stage_leads_somewhere_and_no_other_does(name: str) -> None:
    derivation = network(name)
    for stage in derivation:
        within = stage.kind in (Kind.LOCAL, Kind.ADJOINT, Kind.GRADIENT)
        assert (leading(derivation, stage.name) is not None) == within, stage.name


def test_a_branch_leads_to_the_adjoint_that_adds_it_up() -> None:
    whole = leading(network("residual"), "dh4/dh3")
    assert whole is not None
    assert whole.of == "dE/dh3"
