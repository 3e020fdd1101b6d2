from __future__ import annotations

from dataclasses import FrozenInstanceError
from itertools import groupby

import pytest
from sympy import Expr, expand

from backprop_tui.calculus.derivation import derive
from backprop_tui.calculus.indices import names_in
from backprop_tui.calculus.matrices import Quantity, quantities
from backprop_tui.calculus.optimisers import ADAM, DESCENT, MOMENTUM, Optimiser
from backprop_tui.calculus.stages import Factor, Kind
from backprop_tui.errors import InputError
from backprop_tui.printers.one_line import OneLine

from .networks import LECTURE, LECTURE_WIDTHS, Widths, given_shapes, learned_shapes, lecture, scalars

p, t = Quantity("p"), Quantity("t")

STAGES = [
    ("p", Kind.PRE_ACTIVATION, "p = x W", "p[n,j] = Σ_i x[n,i] W[i,j]"),
    ("h", Kind.ACTIVATION, "h = σ(p)", "h[n,j] = σ(p[n,j])"),
    ("z", Kind.PRE_ACTIVATION, "z = h V", "z[n,k] = Σ_j h[n,j] V[j,k]"),
    ("y", Kind.ACTIVATION, "y = σ(z)", "y[n,k] = σ(z[n,k])"),
    ("E", Kind.LOSS, "E = Σ (y − t)²", "E = Σ_n,k (y[n,k] − t[n,k])²"),
    ("dE/dy", Kind.ADJOINT, "∂E/∂y = 2 (y − t)", "∂E/∂y[n,k] = 2 (y[n,k] − t[n,k])"),
    (
        "dy/dz",
        Kind.LOCAL,
        "∂y/∂z = σ′(z) = y ⊙ (1 − y)",
        "∂y[n,k]/∂z[n′,k′] = y[n,k] (1 − y[n,k]) δ[n,n′] δ[k,k′]",
    ),
    (
        "dE/dz",
        Kind.ADJOINT,
        "∂E/∂z = ∂E/∂y ⊙ y ⊙ (1 − y)",
        "∂E/∂z[n,k] = ∂E/∂y[n,k] y[n,k] (1 − y[n,k])",
    ),
    ("dz/dV", Kind.LOCAL, "∂z/∂V = h", "∂z[n,k]/∂V[j,k′] = h[n,j] δ[k,k′]"),
    ("dE/dV", Kind.GRADIENT, "∂E/∂V = hᵀ ∂E/∂z", "∂E/∂V[j,k] = Σ_n h[n,j] ∂E/∂z[n,k]"),
    ("dz/dh", Kind.LOCAL, "∂z/∂h = Vᵀ", "∂z[n,k]/∂h[n′,j] = V[j,k] δ[n,n′]"),
    ("dE/dh", Kind.ADJOINT, "∂E/∂h = ∂E/∂z Vᵀ", "∂E/∂h[n,j] = Σ_k ∂E/∂z[n,k] V[j,k]"),
    (
        "dh/dp",
        Kind.LOCAL,
        "∂h/∂p = σ′(p) = h ⊙ (1 − h)",
        "∂h[n,j]/∂p[n′,j′] = h[n,j] (1 − h[n,j]) δ[n,n′] δ[j,j′]",
    ),
    (
        "dE/dp",
        Kind.ADJOINT,
        "∂E/∂p = ∂E/∂h ⊙ h ⊙ (1 − h)",
        "∂E/∂p[n,j] = ∂E/∂h[n,j] h[n,j] (1 − h[n,j])",
    ),
    ("dp/dW", Kind.LOCAL, "∂p/∂W = x", "∂p[n,j]/∂W[i,j′] = x[n,i] δ[j,j′]"),
    ("dE/dW", Kind.GRADIENT, "∂E/∂W = xᵀ ∂E/∂p", "∂E/∂W[i,j] = Σ_n x[n,i] ∂E/∂p[n,j]"),
    ("V'", Kind.UPDATE, "V′ = V − η ∂E/∂V", "V′[j,k] = V[j,k] − η ∂E/∂V[j,k]"),
    ("W'", Kind.UPDATE, "W′ = W − η ∂E/∂W", "W′[i,j] = W[i,j] − η ∂E/∂W[i,j]"),
]
CHAINS = {
    "dE/dz": ("dE/dy", "dy/dz"),
    "dE/dV": ("dE/dz", "dz/dV"),
    "dE/dh": ("dE/dz", "dz/dh"),
    "dE/dp": ("dE/dh", "dh/dp"),
    "dE/dW": ("dE/dp", "dp/dW"),
}


def test_the_stages_come_in_the_order_of_the_lesson() -> None:
    assert [(stage.name, stage.kind) for stage in lecture()] == [stage[:2] for stage in STAGES]


def test_the_lesson_has_four_phases() -> None:
    phases = [(phase, len(list(stages))) for phase, stages in groupby(stage.kind.phase for stage in lecture())]
    assert phases == [("forward", 4), ("loss", 1), ("backward", 11), ("update", 2)]


@pytest.mark.parametrize(("name", "matrix"), [(stage[0], stage[2]) for stage in STAGES])
def test_a_stage_has_the_matrix_form_of_the_chalkboard(name: str, matrix: str) -> None:
    assert OneLine(scalars(lecture())).matrix_equation(lecture()[name]) == matrix


@pytest.mark.parametrize(("name", "index"), [(stage[0], stage[3]) for stage in STAGES])
def test_a_stage_has_the_index_form_of_the_chalkboard(name: str, index: str) -> None:
    assert OneLine(scalars(lecture())).index_equation(lecture()[name]) == index


def test_an_adjoint_keeps_the_factors_that_the_chain_rule_multiplied() -> None:
    factors = {stage.name: stage.factors for stage in lecture() if stage.factors}
    assert factors == {"dE/dy": (Factor("", "E"),)} | {name: (Factor(*chain),) for name, chain in CHAINS.items()}


@pytest.mark.parametrize("name", CHAINS)
def test_the_chain_rule_is_shown_as_a_product_of_its_factors(name: str) -> None:
    line = OneLine(scalars(lecture()))
    expected = f"{line.name(name)} = {' · '.join(map(line.name, CHAINS[name]))}"
    assert line.chain(lecture()[name]) == expected


def test_each_stage_is_made_from_earlier_ones_alone() -> None:
    known = {"x", "t", "W", "V", "eta"}
    for stage in lecture():
        assert quantities(stage.matrix) | names_in(stage.index) <= known
        known.add(stage.name)


def test_the_gradient_of_w_uses_v_before_its_update() -> None:
    derivation = lecture()
    behind, waiting = set(), ["dE/dW"]
    while waiting:
        name = waiting.pop()
        behind.add(name)
        if name in derivation:
            stage = derivation[name]
            waiting += (quantities(stage.matrix) | names_in(stage.index)) - behind
    assert "V" in behind
    assert "V'" not in behind


@pytest.mark.parametrize("widths", [Widths(7, 2, 5, 3), Widths(2, 2, 2, 2), Widths(1000, 300, 200, 100)])
def test_the_stages_are_the_same_whatever_the_widths(widths: Widths) -> None:
    assert lecture(widths).stages == lecture().stages


def test_only_the_sizes_know_the_widths() -> None:
    assert lecture().sizes == dict(zip("nijk", LECTURE_WIDTHS, strict=True))
    assert lecture().shape("dE/dW") == (3, 4)
    assert lecture().shape("dz/dh") == (2, 4)
    assert lecture().shape("E") == (1, 1)


def test_a_derivation_is_looked_up_by_name_and_cannot_be_changed() -> None:
    derivation = lecture()
    assert derivation["dE/dz"].name == "dE/dz"
    assert "dE/dz" in derivation
    assert "dE/dx" not in derivation
    assert len(derivation) == len(STAGES)
    with pytest.raises(FrozenInstanceError):
        derivation.stages = ()  # type: ignore[misc]


def test_a_derivation_knows_its_loss_its_gradients_and_what_it_starts_from() -> None:
    derivation = lecture()
    assert derivation.loss == "E"
    assert [stage.name for stage in derivation.gradients] == ["dE/dV", "dE/dW"]
    assert (derivation.inputs, derivation.parameters) == (("x", "t"), ("W", "V"))


def test_the_gradient_of_a_bias_sums_over_the_samples() -> None:
    derivation = derive({"p": "x @ W + b", "E": "sum(p**2)"}, {"x": (5, 3)}, {"W": (3, 2), "b": (1, 2)})
    line = OneLine(scalars(derivation))
    assert line.index_equation(derivation["dE/db"]) == "∂E/∂b[0,j] = Σ_n ∂E/∂p[n,j]"
    assert line.matrix_equation(derivation["dE/db"]) == "∂E/∂b = colsum(∂E/∂p)"
    assert line.matrix_equation(derivation["p"]) == "p = x W + b"


def test_the_gradient_of_a_plain_sum_is_one_at_every_entry() -> None:
    derivation = derive({"p": "x @ W", "E": "sum(p)"}, {"x": (5, 3)}, {"W": (3, 2)})
    assert derivation["dE/dp"].index == 1
    assert derivation.shape("dE/dp") == (5, 2)


@pytest.mark.parametrize(
    ("loss", "slope"),
    [
        ("sum((p - t)**2)", 2 * (p - t)),
        ("sum((p - t)**2)/2", p - t),
        ("sum((p - t)**2)/4", (p - t) / 2),
        ("sum(2*p**3)", 6 * p**2),
        ("sum((p - t)**2) + 3*sum(p**2)", 2 * (p - t) + 6 * p),
    ],
)
def test_the_factor_in_the_slope_of_the_loss_is_that_of_its_text(loss: str, slope: Expr) -> None:
    derivation = derive({"p": "x @ W", "E": loss}, {"x": (5, 3), "t": (5, 2)}, {"W": (3, 2)})
    assert expand(derivation["dE/dp"].matrix - slope) == 0


def test_a_loss_that_is_no_number_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"^\[equations\] p: the last equation is a 1x4 matrix; expected a scalar loss"
    ):
        derive({"p": "x @ W"}, {"x": (1, 3)}, {"W": (3, 4)})


def test_a_parameter_without_effect_is_refused() -> None:
    shapes = learned_shapes(LECTURE_WIDTHS) | {"U": (2, 2)}
    with pytest.raises(InputError, match=r"^\[parameters\] U: E doesn't depend on it"):
        derive(LECTURE, given_shapes(LECTURE_WIDTHS), shapes)


@pytest.mark.parametrize(
    ("name", "optimiser"), [("v_W", MOMENTUM), ("mu", MOMENTUM), ("m_W", ADAM), ("tau", ADAM), ("eta", DESCENT)]
)
def test_a_name_that_the_optimiser_needs_is_refused(name: str, optimiser: Optimiser) -> None:
    equations = {"z": f"x @ W + {name}", "E": "sum(z**2)"}
    told = rf"^\[parameters\] {name}: a name that {optimiser.name} needs for itself"
    with pytest.raises(InputError, match=told):
        derive(equations, {"x": (2, 3)}, {"W": (3, 4), name: (1, 4)}, optimiser=optimiser)


def test_no_equation_at_all_is_refused() -> None:
    with pytest.raises(InputError, match=r"^\[equations\]: no equation; expected at least one, the loss"):
        derive({}, {"x": (1, 3)}, {"W": (3, 4)})
