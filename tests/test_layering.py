from __future__ import annotations

import pytest

from backprop_tui import gallery
from backprop_tui.calculus.derivation import Derivation, derive
from backprop_tui.calculus.layer_graph import LayerGraph
from backprop_tui.calculus.layering import layer_graph, subject
from tests.networks import lecture


def shipped(name: str) -> Derivation:
    return gallery.read(gallery.find(name)).derivation


def layers(graph: LayerGraph) -> list[tuple[str, ...]]:
    return [layer.names for layer in graph.layers]


def steps(graph: LayerGraph) -> list[str]:
    assert graph.chain is not None
    return [link.weights for link in graph.chain.steps]


def test_a_pre_activation_and_its_activation_share_a_layer() -> None:
    graph = layer_graph(lecture())
    assert layers(graph) == [("x",), ("p", "h"), ("z", "y"), ("t",), ("E",)]
    assert [layer.units for layer in graph.layers] == [3, 4, 2, 2, 1]


def test_the_lecture_is_a_chain_whose_target_stands_apart() -> None:
    graph = layer_graph(lecture())
    assert steps(graph) == ["W", "V", ""]
    assert graph.chain is not None
    assert graph.chain.target == layers(graph).index(("t",))


def test_a_bias_belongs_to_its_layer_and_is_no_weight() -> None:
    graph = layer_graph(shipped("planar"))
    assert [layer.parameters for layer in graph.layers if layer.parameters] == [("b",), ("c",)]
    assert steps(graph) == ["W", "V", ""]


def test_a_softmax_keeps_the_units_of_what_it_is_made_of() -> None:
    assert ("z", "y") in layers(layer_graph(shipped("softmax-classifier")))


def test_a_residual_network_is_a_chain_with_skips() -> None:
    graph = layer_graph(shipped("residual"))
    assert steps(graph) == ["W1", "W2", "W3", "W4", "V", ""]
    assert graph.chain is not None
    assert [(link.uses, link.makes) for link in graph.chain.skips] == [
        ("x", "h1"),
        ("h1", "h2"),
        ("h2", "h3"),
        ("h3", "h4"),
    ]


def test_tied_weights_are_one_parameter_between_two_pairs_of_layers() -> None:
    graph = layer_graph(shipped("autoencoder"))
    assert [(link.weights, link.transposed) for link in graph.links if link.weights] == [("W", False), ("W", True)]
    assert graph.chain is not None
    assert [(link.uses, link.makes) for link in graph.chain.skips] == [("x", "E")]


@pytest.mark.parametrize("name", ["attention", "rnn"])
def test_layers_that_branch_are_no_chain(name: str) -> None:
    assert layer_graph(shipped(name)).chain is None


def test_an_input_stands_just_before_its_first_use() -> None:
    depths = {layer.names[0]: layer.depth for layer in layer_graph(shipped("rnn")).layers}
    assert [depths[name] for name in ("x1", "p1", "x2", "p2", "x3", "p3")] == [0, 1, 1, 2, 2, 3]


def test_two_layers_of_one_depth_make_a_third_where_they_meet() -> None:
    gated = derive(
        {"f": "sigmoid(x @ W)", "g": "tanh(x @ V)", "h": "f*g", "E": "sum(h)"},
        {"x": (2, 3)},
        {"W": (3, 2), "V": (3, 2)},
    )
    assert layers(layer_graph(gated)) == [("x",), ("f_1", "f"), ("g_1", "g"), ("h",), ("E",)]


def test_weights_from_the_left_are_found_and_no_chain_is_claimed() -> None:
    """Samples are columns there, so the columns of a quantity aren't units."""
    graph = layer_graph(
        derive({"y": "sigmoid(W @ x)", "E": "squared_error(y, t)"}, {"x": (3, 1), "t": (2, 1)}, {"W": (2, 3)})
    )
    assert [(link.weights, link.from_left) for link in graph.links if link.weights] == [("W", True)]
    assert graph.chain is None


def test_skips_that_pass_over_one_another_are_no_chain() -> None:
    dense = derive(
        {"h": "tanh(x @ W)", "g": "x + tanh(h @ V)", "y": "x + h + tanh(g @ U)", "E": "sum(y**2)"},
        {"x": (1, 2)},
        {"W": (2, 2), "V": (2, 2), "U": (2, 2)},
    )
    assert layer_graph(dense).chain is None


@pytest.mark.parametrize("name", gallery.names())
def test_every_forward_stage_and_input_stands_in_one_layer_and_links_lead_to_the_right(name: str) -> None:
    derivation = shipped(name)
    graph = layer_graph(derivation)
    members = [name for layer in graph.layers for name in layer.names]
    assert sorted(members) == sorted({*derivation.inputs, *derivation.equations})
    assert all(graph.layers[link.source].depth < graph.layers[link.target].depth for link in graph.links)
    assert {link.weights for link in graph.links} - {""} <= set(derivation.parameters)


@pytest.mark.parametrize(
    ("name", "stage", "about"),
    [
        ("lecture", "h", "h"),
        ("lecture", "dE/dz", "z"),
        ("lecture", "W'", "W"),
        ("xor", "v_W", "W"),
        ("xor", "v_W'", "W"),
        ("autoencoder", "m_c'", "c"),
        ("autoencoder", "tau'", "tau"),
        ("lecture", "eta", "eta"),
    ],
)
def test_a_stage_is_about_a_forward_quantity_or_a_parameter(name: str, stage: str, about: str) -> None:
    assert subject(shipped(name), stage) == about
