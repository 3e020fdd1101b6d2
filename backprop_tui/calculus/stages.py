"""A stage: one line of the derivation, defining one quantity from earlier ones."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

from sympy import Expr

from .indices import Axes, canonical, names_in

Reason = tuple[str | Expr, ...]
"""A sentence: words, and formulas for a view to typeset."""


class Kind(StrEnum):
    """What a stage is for."""

    PRE_ACTIVATION = "pre-activation"
    ACTIVATION = "activation"
    LOSS = "loss"
    AUXILIARY = "auxiliary"
    LOCAL = "local derivative"
    ADJOINT = "adjoint"
    GRADIENT = "gradient"
    UPDATE = "update"

    @property
    def phase(self) -> str:
        """The part of an iteration that the stage belongs to."""
        match self:
            case Kind.PRE_ACTIVATION | Kind.ACTIVATION:
                return "forward"
            case Kind.LOSS:
                return "loss"
            case Kind.UPDATE:
                return "update"
        return "backward"


@dataclass(frozen=True)
class Factor:
    """One product of the chain rule: the adjoint of v times the local derivative dv/du.

    `local` is the stage's name; `adjoint` is empty where v is the loss itself, whose adjoint is 1.
    """

    adjoint: str
    local: str


@dataclass(frozen=True)
class Jacobian:
    """All entries of dv/du: `entry` is that at [*outputs, *inputs]."""

    of: str
    by: str
    outputs: tuple[Expr, Expr]
    inputs: tuple[Expr, Expr]
    entry: Expr


class Formulas(Protocol):
    """What is known of a stage beside its name, kind and axes; the members are those of `Written`."""

    @property
    def index(self) -> Expr: ...  # noqa: D102 - told in `Written`, as all that follow
    @property
    def matrix(self) -> Expr | None: ...  # noqa: D102
    @property
    def reason(self) -> Reason: ...  # noqa: D102
    @property
    def opened(self) -> Expr | None: ...  # noqa: D102
    @property
    def tensor(self) -> tuple[Expr, ...]: ...  # noqa: D102
    @property
    def jacobian(self) -> Jacobian | None: ...  # noqa: D102
    @property
    def uses(self) -> frozenset[str]: ...  # noqa: D102


@dataclass(frozen=True)
class Written:
    """The formulas of a stage.

    Attributes
    ----------
    index:
        The entry at the stage's `indices`, in index notation. The source of truth.
    matrix:
        The matrix form recovered from it; None where there is none.
    reason:
        One sentence: which rule, and why each transpose.
    opened:
        An equal matrix form that comes before `matrix` in the telling: σ′(z) before y(1 - y), the loss as it was
        written before its stable form, a gradient before an assumption was used.
    tensor:
        For a local derivative that has more than two indices left: all of them, outputs first. The letters of the
        stage's axes then name several axes each.
    jacobian:
        For a local derivative: all its entries in index notation, Kronecker deltas and all, the rows of the Jacobian
        being the outputs. `index` and `matrix` then hold what the deltas leave.

    """

    index: Expr
    matrix: Expr | None
    reason: Reason
    opened: Expr | None = None
    tensor: tuple[Expr, ...] = ()
    jacobian: Jacobian | None = None

    @cached_property
    def uses(self) -> frozenset[str]:
        """The names of the quantities in the index form."""
        return frozenset(names_in(self.index))


@dataclass(frozen=True)
class Stage:
    """One quantity, in every form.

    Attributes
    ----------
    name:
        As on the chalkboard: ``p``, ``E``, ``dE/dz``, ``V'``.
    kind:
        What the stage is for.
    axes:
        The index letters of its rows and columns.
    formulas:
        All its forms, and why they are so; each is an attribute of the stage too.
    factors:
        For an adjoint or a gradient: what the chain rule multiplied, one `Factor` for every stage that uses the
        quantity.

    """

    name: str
    kind: Kind
    axes: Axes
    formulas: Formulas
    factors: tuple[Factor, ...] = ()

    @property
    def index(self) -> Expr:
        """The entry at `indices`, in index notation."""
        return self.formulas.index

    @property
    def matrix(self) -> Expr | None:
        """The matrix form recovered from the index form; None where there is none."""
        return self.formulas.matrix

    @property
    def reason(self) -> Reason:
        """One sentence: which rule, and why each transpose."""
        return self.formulas.reason

    @property
    def opened(self) -> Expr | None:
        """An equal matrix form that comes before `matrix` in the telling."""
        return self.formulas.opened

    @property
    def tensor(self) -> tuple[Expr, ...]:
        """All indices, where there are more than two."""
        return self.formulas.tensor

    @property
    def jacobian(self) -> Jacobian | None:
        """All entries of a local derivative."""
        return self.formulas.jacobian

    @property
    def uses(self) -> frozenset[str]:
        """The names of the quantities in the index form."""
        return self.formulas.uses

    @property
    def indices(self) -> tuple[Expr, Expr]:
        """The row and the column index of `index`, where it has two at the most."""
        return canonical(self.axes)

    @property
    def running(self) -> tuple[Expr, ...]:
        """The indices that `index` has, a tensor's too."""
        return self.tensor or self.indices

    def rewritten(self, **formulas: Any) -> Stage:
        """Return the stage with some of its formulas, as `Written` names them, replaced."""
        written = {each.name: getattr(self, each.name) for each in fields(Written)}
        return replace(self, formulas=Written(**written | formulas))
