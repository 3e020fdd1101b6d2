"""The reverse sweep: the forward stages walked backwards, each handing its adjoint on to what it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sympy import Add, Expr

from ..notation import applied, derivative
from . import reasons
from .algebra import gathered, multiplied_out
from .chain_rule import LocalDerivative, chained, local_derivative
from .index_form import axes_of, index_form
from .indices import Axes, canonical, entry, names_in
from .matrices import RowFunction
from .matrix_form import Recovered, recovered
from .recognition import unnamed, without_unit_sums
from .stages import Factor, Kind, Stage


@dataclass(frozen=True)
class _Share:
    """What one later stage contributes to an adjoint."""

    factor: Factor
    local: LocalDerivative
    index: Expr


@dataclass
class ReverseSweep:
    """From the loss back to the parameters.

    Attributes
    ----------
    forward:
        The forward stages in order, the loss last.
    parameters:
        The names of what is learned.
    axes:
        The axes of all quantities so far.
    unit_rows:
        The inputs whose rows are assumed to sum to one.
    stages, auxiliary:
        The backward stages made so far, and those of them that compute a function of rows which only derivatives need.
    shares:
        What each quantity's later uses have contributed to its adjoint so far.

    """

    forward: Sequence[Stage]
    parameters: tuple[str, ...]
    axes: Mapping[str, Axes]
    unit_rows: frozenset[str] = frozenset()
    stages: list[Stage] = field(default_factory=list)
    auxiliary: list[Stage] = field(default_factory=list)
    shares: dict[str, list[_Share]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.made_from = {stage.name: names_in(stage.index) for stage in self.forward}

    def run(self) -> list[Stage]:
        """Return the backward stages: local derivatives, adjoints and gradients, in the order of the lesson."""
        operands = self._operands()
        uses = [name for names in operands.values() for name in names]
        for stage in reversed(self.forward):
            for name in operands[stage.name]:
                self.shares.setdefault(name, []).append(self._share(stage, name))
                if len(self.shares[name]) == uses.count(name):
                    self._emit_adjoint(name)
        return self.stages

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return self.forward[-1].name

    def _operands(self) -> dict[str, list[str]]:
        """What each stage hands its adjoint to: the parameters in it, then the stages made from parameters.

        Only stages that the loss depends on are listed.
        """
        learned = list(self.parameters)
        operands: dict[str, list[str]] = {}
        for stage in self.forward:
            names = self.made_from[stage.name]
            used = [name for name in learned if name in names]
            operands[stage.name] = _parameters_first(used, self.parameters)
            if used:
                learned.append(stage.name)
        reached = {self.loss}
        for stage in reversed(self.forward):
            if stage.name in reached:
                reached.update(operands[stage.name])
        return {name: used if name in reached else [] for name, used in operands.items()}

    def _share(self, stage: Stage, operand: str) -> _Share:
        local = self._local(stage, operand)
        if stage.name == self.loss:
            names = dict(zip(local.jacobian.inputs, canonical(self.axes[operand]), strict=True))
            return _Share(Factor("", stage.name), local, local.jacobian.entry.xreplace(names))
        factor = Factor(derivative(self.loss, stage.name), self._emit_local(stage, operand, local).name)
        adjoint = entry(factor.adjoint, *stage.indices, stage.axes)
        return _Share(factor, local, chained(adjoint, local, self.axes[operand]))

    def _local(self, stage: Stage, operand: str) -> LocalDerivative:
        """Differentiate a stage; a function of rows that it needs and no stage computes becomes a stage first."""
        while True:
            local = local_derivative(stage, operand, self.axes[operand], self._alike(stage))
            needed = unnamed(local.jacobian.entry)
            if needed is None:
                return local
            self._emit_auxiliary(needed)

    def _alike(self, stage: Stage) -> list[Stage]:
        """The stages made from nothing but what a stage is made from: its derivative may be written with them."""
        names = self.made_from[stage.name]
        return [other for other in (*self.forward, *self.auxiliary) if self.made_from[other.name] <= names]

    def _emit_auxiliary(self, function: RowFunction) -> None:
        name = applied(function.chalk, function.args[0].name)
        axes = axes_of(function, self.axes)
        index = index_form(function, *canonical(axes), self.axes)
        reason = reasons.of_auxiliary(name)
        made = Stage(name, Kind.AUXILIARY, axes, index, function, reason, opened=function.definition)
        self.auxiliary.append(made)
        self.made_from[name] = names_in(index)
        self.stages.append(made)

    def _emit_local(self, stage: Stage, operand: str, local: LocalDerivative) -> Stage:
        form = Recovered(None) if local.tensor else recovered(local.core, local.axes)
        closed = local.opened is not None and not local.tensor
        opened = recovered(local.opened, local.axes).matrix if closed else None
        made = Stage(
            derivative(stage.name, operand),
            Kind.LOCAL,
            local.axes,
            local.core,
            form.matrix,
            (*reasons.of_local(stage, local, form), *reasons.of_kinks(local.jacobian.entry)),
            opened=opened,
            tensor=local.tensor,
            jacobian=local.jacobian,
        )
        self.stages.append(made)
        return made

    def _emit_adjoint(self, name: str) -> None:
        shares = self.shares[name]
        general = gathered(Add(*(share.index for share in shares)))
        index, assumed = self._simplified(general)
        form = recovered(index, self.axes[name], name)
        opened = recovered(general, self.axes[name], name).matrix if index != general else None
        kind = Kind.GRADIENT if name in self.parameters else Kind.ADJOINT
        factors = tuple(share.factor for share in shares)
        spread = any(bool(share.local.tensor) for share in shares)
        reason = reasons.of_adjoint(name, self.axes[name], factors, form, spread=spread)
        direct = [share.local.jacobian.entry for share in shares if not share.factor.adjoint]
        reason = (*reason, *(piece for entries in direct for piece in reasons.of_kinks(entries)))
        if opened is not None:
            reason = (*reason, *reasons.of_unit_rows(assumed))
        made = Stage(
            derivative(self.loss, name),
            kind,
            self.axes[name],
            index,
            form.matrix,
            reason,
            opened=opened,
            factors=factors,
        )
        self.stages.append(made)

    def _simplified(self, index: Expr) -> tuple[Expr, list[str]]:
        """Use that some rows sum to one; return with the result the inputs of which it was used.

        A sum is only multiplied out where that brings such rows to light.
        """
        named = sorted(self.unit_rows & names_in(index))
        if not named:
            return index, []
        spread = without_unit_sums(multiplied_out(index), ())
        assumed = [name for name in named if without_unit_sums(spread, {name}) != spread]
        if not assumed:
            return index, []
        as_it_stands = without_unit_sums(index, assumed)
        left = without_unit_sums(multiplied_out(as_it_stands), ())
        done = left == without_unit_sums(left, assumed)
        return gathered(as_it_stands if done else without_unit_sums(spread, assumed)), assumed


def _parameters_first(names: Iterable[str], parameters: Iterable[str]) -> list[str]:
    used = list(names)
    first = [name for name in used if name in set(parameters)]
    return first + [name for name in reversed(used) if name not in first]
