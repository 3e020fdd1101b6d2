"""The reverse sweep: the forward stages walked backwards, each handing its adjoint on to what it was made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sympy import Add, Expr

from ..notation import applied, derivative
from . import reasons
from .algebra import gathered, multiplied_out
from .chain_rule import LocalDerivative, chained, local_derivative
from .index_form import axes_of, index_form
from .indices import Axes, canonical, entry, names_in
from .likeness import Alike, Likeness, Pattern, Renaming, stage_of
from .matrices import RowFunction
from .matrix_form import Recovered, recovered
from .recognition import without_unit_sums
from .stages import Factor, Kind, Stage, Written


@dataclass(frozen=True)
class _Share:
    """What one later stage contributes to an adjoint.

    Attributes
    ----------
    factor:
        The product of the chain rule.
    index:
        What it comes to, at the indices of the quantity.
    local:
        The local derivative as a stage; None where the later stage is the loss.
    entry:
        The entry of the Jacobian.
    spread:
        Whether an entry of the quantity acts on several entries of the later stage.

    """

    factor: Factor
    index: Expr
    local: Stage | None
    entry: Expr
    spread: bool


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
    likeness, steps:
        The steps of the derivation taken so far, and those of them that made the forward and the auxiliary stages.
    unit_rows:
        The inputs whose rows are assumed to sum to one.
    stages:
        The backward stages made so far.
    users, places:
        The stages that derivatives may be written with: by what they are made from, and in their order. To the forward
        stages come those that compute a function of rows which only derivatives need.
    shares:
        What each quantity's later uses have contributed to its adjoint so far.

    """

    forward: Sequence[Stage]
    parameters: tuple[str, ...]
    axes: Mapping[str, Axes]
    likeness: Likeness
    steps: dict[str, Alike[Stage]]
    unit_rows: frozenset[str] = frozenset()
    stages: list[Stage] = field(default_factory=list)
    users: dict[str, list[Stage]] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    shares: dict[str, list[Alike[_Share]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for stage in self.forward:
            self._take_in(stage)

    def run(self) -> list[Stage]:
        """Return the backward stages: local derivatives, adjoints and gradients, in the order of the lesson."""
        operands = self._operands()
        uses = Counter(name for names in operands.values() for name in names)
        for stage in reversed(self.forward):
            for name in operands[stage.name]:
                self.shares.setdefault(name, []).append(self._share(stage, name))
                if len(self.shares[name]) == uses[name]:
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
            names = stage.uses
            used = [name for name in learned if name in names]
            operands[stage.name] = _parameters_first(used, self.parameters)
            if used:
                learned.append(stage.name)
        reached = {self.loss}
        for stage in reversed(self.forward):
            if stage.name in reached:
                reached.update(operands[stage.name])
        return {name: used if name in reached else [] for name, used in operands.items()}

    def _share(self, stage: Stage, operand: str) -> Alike[_Share]:
        local = self._local(stage, operand)
        pattern = Pattern(["share", stage.name == self.loss])
        pattern.step(local)
        step = self.likeness.once(pattern, lambda: self._shared(stage, operand, local.first))
        if made := step.first.local:
            self.stages.append(step.renamed(Renaming.stage, made))
        return step

    def _local(self, stage: Stage, operand: str) -> Alike[LocalDerivative]:
        """Differentiate a stage; a function of rows that it needs and no stage computes becomes a stage first."""
        while True:
            beside = self._from_the_same(stage)
            pattern = Pattern(["local"])
            pattern.name(operand)
            for each in (stage, *beside):
                pattern.step(self.steps[each.name])
            step = self.likeness.once(pattern, partial(local_derivative, stage, operand, self.axes[operand], beside))
            needed = step.first.needed
            if needed is None:
                return step
            self._emit_auxiliary(step.renamed(Renaming.expression, needed))

    def _from_the_same(self, stage: Stage) -> list[Stage]:
        """The stages made from nothing but what a stage is made from: its derivative may be written with them."""
        users = {other.name: other for name in stage.uses for other in self.users[name]}
        same = [other for other in users.values() if other.uses <= stage.uses]
        return sorted(same, key=lambda other: self.places[other.name])

    def _shared(self, stage: Stage, operand: str, local: LocalDerivative) -> _Share:
        jacobian, spread = local.jacobian, bool(local.tensor)
        if stage.name == self.loss:
            names = dict(zip(jacobian.inputs, canonical(self.axes[operand]), strict=True))
            return _Share(Factor("", stage.name), jacobian.entry.xreplace(names), None, jacobian.entry, spread)
        made = _local_stage(stage, operand, local)
        factor = Factor(derivative(self.loss, stage.name), made.name)
        adjoint = entry(factor.adjoint, *stage.indices, stage.axes)
        return _Share(factor, chained(adjoint, local, self.axes[operand]), made, jacobian.entry, spread)

    def _take_in(self, stage: Stage) -> None:
        """Let derivatives be written with a stage."""
        self.places[stage.name] = len(self.places)
        for name in stage.uses:
            self.users.setdefault(name, []).append(stage)

    def _emit_auxiliary(self, function: RowFunction) -> None:
        name = applied(function.chalk, function.args[0].name)
        axes = axes_of(function, self.axes)
        pattern = Pattern(["auxiliary"])
        pattern.name(name)
        pattern.expression(function)
        pattern.axes(self.axes[function.args[0].name])

        def auxiliary() -> Stage:
            index = index_form(function, *canonical(axes), self.axes)
            formulas = Written(index, function, reasons.of_auxiliary(name), opened=function.definition)
            return Stage(name, Kind.AUXILIARY, axes, formulas)

        self.steps[name] = self.likeness.once(pattern, auxiliary)
        made = stage_of(self.steps[name])
        self._take_in(made)
        self.stages.append(made)

    def _emit_adjoint(self, name: str) -> None:
        shares = self.shares[name]
        pattern = Pattern(["adjoint", name in self.parameters])
        pattern.name(name)
        pattern.axes(self.axes[name])
        for share in shares:
            pattern.step(share)
        pattern.names_among(self.unit_rows)
        step = self.likeness.once(pattern, lambda: self._adjoint(name, shares))
        self.stages.append(stage_of(step))

    def _adjoint(self, name: str, shares: Sequence[Alike[_Share]]) -> Stage:
        axes = self.axes[name]
        general = gathered(Add(*(share.renamed(Renaming.expression, share.first.index) for share in shares)))
        index, assumed = self._simplified(general)
        form = recovered(index, axes, name)
        opened = recovered(general, axes, name).matrix if index != general else None
        kind = Kind.GRADIENT if name in self.parameters else Kind.ADJOINT
        factors = tuple(share.renamed(Renaming.factor, share.first.factor) for share in shares)
        spread = any(share.first.spread for share in shares)
        reason = reasons.of_adjoint(name, axes, factors, form, spread=spread)
        direct = [share.first.entry for share in shares if share.first.local is None]
        reason = (*reason, *(piece for entries in direct for piece in reasons.of_kinks(entries)))
        if opened is not None:
            reason = (*reason, *reasons.of_unit_rows(assumed))
        formulas = Written(index, form.matrix, reason, opened)
        return Stage(derivative(self.loss, name), kind, axes, formulas, factors)

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


def _local_stage(stage: Stage, operand: str, local: LocalDerivative) -> Stage:
    form = Recovered(None) if local.tensor else recovered(local.core, local.axes)
    closed = local.opened is not None and not local.tensor
    opened = recovered(local.opened, local.axes).matrix if closed else None
    reason = (*reasons.of_local(stage, local, form), *reasons.of_kinks(local.jacobian.entry))
    formulas = Written(local.core, form.matrix, reason, opened, local.tensor, local.jacobian)
    return Stage(derivative(stage.name, operand), Kind.LOCAL, local.axes, formulas)


def _parameters_first(names: Iterable[str], parameters: Iterable[str]) -> list[str]:
    used = list(names)
    first = [name for name in used if name in set(parameters)]
    return first + [name for name in reversed(used) if name not in first]
