"""A derivation: the forward equations, and every backward stage that SymPy derives from them.

Order is the lesson: forward stages, loss, local derivatives with adjoints and gradients in reverse, updates. Training
is the list run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from math import prod

from sympy import Expr

from ..errors import InputError
from ..notation import LEARNING_RATE, derivative
from . import reasons
from .equations import Equation, read_equations
from .index_form import counted, index_form
from .indices import Axes, canonical
from .likeness import Alike, Likeness, Pattern, stage_of
from .matrices import MatrixProduct, RowFunction, quantities
from .matrix_form import recovered
from .optimisers import DESCENT, STEP, Optimiser, Update, counting
from .reverse_sweep import ReverseSweep
from .shapes import Shape, Shapes, told
from .stages import Kind, Stage, Written


@dataclass(frozen=True)
class Derivation:
    """An immutable list of stages in single assignment, each defining one quantity from earlier ones.

    Attributes
    ----------
    stages:
        In the order of the lesson.
    equations:
        The forward equations in the matrix language, as they were written.
    updates:
        The optimiser's rules for the parameters, in the matrix language.
    inputs, parameters:
        The names of what is given and of what is learned.
    constants, memory:
        The names of the learning rate and the optimiser's other numbers, and of what it remembers.
    axes:
        The index letters of every quantity's rows and columns.
    sizes:
        The number of entries along each axis.

    """

    stages: tuple[Stage, ...]
    equations: Mapping[str, Expr]
    updates: Mapping[str, Expr]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    constants: tuple[str, ...]
    memory: tuple[str, ...]
    axes: Mapping[str, Axes]
    sizes: Mapping[str, int]

    @cached_property
    def by_name(self) -> dict[str, Stage]:
        """The stages by name."""
        return {stage.name: stage for stage in self.stages}

    def __getitem__(self, name: str) -> Stage:
        return self.by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages)

    def __len__(self) -> int:
        return len(self.stages)

    @property
    def loss(self) -> str:
        """The name of the loss."""
        return next(stage.name for stage in self.stages if stage.kind is Kind.LOSS)

    @property
    def given(self) -> tuple[str, ...]:
        """Everything that an iteration starts from."""
        return (*self.inputs, *self.parameters, *self.constants, *self.memory)

    @property
    def gradients(self) -> tuple[Stage, ...]:
        """The stages dE/du for every parameter u."""
        return tuple(stage for stage in self.stages if stage.kind is Kind.GRADIENT)

    def shape(self, name: str) -> Shape:
        """Return the (rows, columns) of a quantity."""
        rows, columns = self.axes[name]
        return self._count(rows), self._count(columns)

    def _count(self, letters: str) -> int:
        return prod(self.sizes.get(letter, 1) for letter in letters.split(","))


def derive(
    equations: Mapping[str, str],
    inputs: Mapping[str, Shape],
    parameters: Mapping[str, Shape],
    *,
    functions: Mapping[str, str] | None = None,
    unit_rows: Iterable[str] = (),
    frozen: Iterable[str] = (),
    optimiser: Optimiser = DESCENT,
) -> Derivation:
    """Derive every backward stage and the updates from the forward equations.

    Parameters
    ----------
    equations:
        Name and right-hand side, in order: ``{"p": "x @ W", ..., "E": "sum((y - t)**2)"}``. The last one is the loss.
    inputs, parameters:
        The shapes of what is given and of what is learned.
    functions:
        The reader's own functions of one number, by name.
    unit_rows:
        Inputs whose rows sum to one, which simplifies a cross-entropy.
    frozen:
        Parameters that have a gradient and no update.
    optimiser:
        The rule that the updates follow.

    Raises
    ------
    InputError
        Where an equation can't be read, shapes don't meet, the last equation is no scalar, the loss doesn't depend
        on a parameter, or a name is one of the optimiser's.

    """
    shapes = Shapes(inputs, parameters)
    read = read_equations(equations, shapes, functions)
    loss = _loss(read, shapes)
    axes, sizes = shapes.lettered()
    ordered = sorted(read, key=lambda name: name == loss)
    likeness = Likeness()
    steps = {name: _forward_step(name, read[name], axes, likeness, is_loss=name == loss) for name in ordered}
    forward = [stage_of(step) for step in steps.values()]
    backward = ReverseSweep(forward, tuple(parameters), axes, likeness, steps, frozenset(unit_rows)).run()
    learned = [stage.name for stage in backward if stage.kind is Kind.GRADIENT]
    unused = [name for name in parameters if derivative(loss, name) not in learned]
    if unused:
        raise InputError(
            f"{loss} doesn't depend on it", "a parameter that an equation uses", key=f"[parameters] {unused[0]}"
        )
    moved = [name for name in _in_order(learned, parameters, loss) if name not in set(frozen)]
    memory = {name: axes[each] for each in moved for name in optimiser.remembered(each)}
    counter = {STEP: ("", "")} if optimiser.counts else {}
    constants = (LEARNING_RATE, *optimiser.constants)
    _check_no_clash(optimiser, {STEP, *memory, *constants}, data=inputs, parameters=parameters, equations=equations)
    every = {
        **axes,
        **{stage.name: stage.axes for stage in backward},
        **memory,
        **counter,
        **dict.fromkeys(constants, ("", "")),
    }
    updates = _updates(optimiser, moved, loss)
    last = _update_stages(updates, every, likeness)
    stages = (*forward, *backward, *last)
    every |= {stage.name: stage.axes for stage in last}
    written = {name: read[name].right for name in ordered}
    names = tuple(inputs), tuple(parameters), constants, (*memory, *counter)
    rules = {update.name: update.right for update in updates}
    return Derivation(stages, written, rules, *names, every, sizes)


def _check_no_clash(optimiser: Optimiser, made: set[str], **sections: Iterable[str]) -> None:
    for section, names in sections.items():
        for name in names:
            if name in made:
                got = f"a name that {optimiser.name} needs for itself"
                raise InputError(got, "another name", key=f"[{section}] {name}")


def _updates(optimiser: Optimiser, parameters: Iterable[str], loss: str) -> list[Update]:
    counter = [counting()] if optimiser.counts else []
    return counter + [update for name in parameters for update in optimiser.rule(name, derivative(loss, name))]


def _update_stages(updates: Iterable[Update], axes: Mapping[str, Axes], likeness: Likeness) -> list[Stage]:
    known = dict(axes)
    stages = []
    for update in updates:
        own = known[update.name] = known[update.name.removesuffix("'")]
        step = likeness.once(_of_update(update, known), partial(_update_stage, update, own, known))
        stages.append(stage_of(step))
    return stages


def _of_update(update: Update, axes: Mapping[str, Axes]) -> Pattern:
    pattern = Pattern(["update"])
    pattern.name(update.name)
    for formula in (update.right, *(piece for piece in update.reason if not isinstance(piece, str))):
        pattern.expression(formula)
    for name in tuple(pattern.names):
        pattern.axes(axes[name])
    return pattern


def _update_stage(update: Update, own: Axes, axes: Mapping[str, Axes]) -> Stage:
    index = index_form(update.right, *canonical(own), axes)
    return Stage(update.name, Kind.UPDATE, own, Written(index, recovered(index, own).matrix, update.reason))


def _loss(equations: Mapping[str, Equation], shapes: Shapes) -> str:
    """Return the one scalar that no other equation uses."""
    if not equations:
        raise InputError("no equation", "at least one, the loss", key="[equations]")
    used = {name for equation in equations.values() for name in quantities(equation.right)}
    losses = [name for name in equations if shapes[name] == (1, 1) and name not in used]
    last = list(equations)[-1]
    if not losses:
        expected = "a scalar loss, such as 'sum((y - t)**2)'"
        raise InputError(f"the last equation is a {told(shapes[last])} matrix", expected, key=f"[equations] {last}")
    if len(losses) > 1:
        got, expected = f"{len(losses)} losses: {', '.join(losses)}", "one scalar that no other equation uses"
        raise InputError(got, expected, key=f"[equations] {losses[1]}")
    return losses[0]


def _forward_step(
    name: str, equation: Equation, axes: Mapping[str, Axes], likeness: Likeness, *, is_loss: bool
) -> Alike[Stage]:
    pattern = Pattern(["forward", is_loss])
    pattern.name(name)
    pattern.expression(equation.right)
    if equation.stable is not equation.right:
        pattern.expression(equation.stable)
    for each in tuple(pattern.names):
        pattern.axes(axes[each])
    return likeness.once(pattern, lambda: _forward_stage(name, equation, axes, is_loss=is_loss))


def _forward_stage(name: str, equation: Equation, axes: Mapping[str, Axes], *, is_loss: bool) -> Stage:
    written, stable = (counted(form, axes) for form in (equation.right, equation.stable))
    kind = Kind.LOSS if is_loss else Kind.PRE_ACTIVATION if stable.has(MatrixProduct) else Kind.ACTIVATION
    index = index_form(stable, *canonical(axes[name]), axes)
    named = stable.has(RowFunction)
    matrix = stable if named else recovered(index, axes[name], name).matrix
    opened = written if written != stable else None
    return Stage(name, kind, axes[name], Written(index, matrix, reasons.of_forward(kind, index, stable), opened))


def _in_order(gradients: list[str], parameters: Iterable[str], loss: str) -> list[str]:
    """Return the parameters in the order in which their gradients came out."""
    by_gradient = {derivative(loss, name): name for name in parameters}
    return [by_gradient[gradient] for gradient in gradients]
