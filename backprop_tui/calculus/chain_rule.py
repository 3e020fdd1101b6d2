"""The chain rule over index forms.

    dE/du[in] = Sum over every later stage v that uses u, and over v's indices, of dE/dv[out] * dv[out]/du[in]

`diff` of one entry by another gives Kronecker deltas; eliminating them is the contraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Add, Expr, diff

from .algebra import gathered
from .contraction import Term, contract, renamed, split_deltas, terms
from .functions import ScalarFunction, in_output
from .indices import Axes, Index, axis, canonical, entry, free_indices, fresh, summed
from .others import by_difference
from .recognition import recognised
from .stages import Jacobian, Stage


@dataclass(frozen=True)
class LocalDerivative:
    """dv/du: its whole Jacobian, and the core that is left when the deltas are taken out.

    The core of dz[n, k]/dV[j, k'] = h[n, j] delta[k, k'] is h[n, j], a matrix with axes (n, j). `opened` is the core
    with derivatives of named functions still closed, σ′(z[n, k]), where there are any.
    """

    jacobian: Jacobian
    core: Expr
    axes: Axes
    opened: Expr | None
    tensor: tuple[Expr, ...] = ()


def local_derivative(stage: Stage, operand: str, axes: Axes, forward: Sequence[Stage]) -> LocalDerivative:
    """Differentiate a stage with respect to one entry of an operand.

    Parameters
    ----------
    stage:
        The stage v, whose index form is differentiated.
    operand, axes:
        The name and the axes of u.
    forward:
        The forward stages, whose values may be used.

    """
    outputs = stage.indices
    taken = stage.index.atoms(Index) | set(outputs)
    row = fresh(axes[0], taken)
    column = fresh(axes[1], taken | {row})
    by_name = by_difference(contract(diff(stage.index, entry(operand, row, column, axes))))
    shown = fresh(axes[0], set(outputs))
    names = {row: shown, column: fresh(axes[1], {*outputs, shown})}
    names = {old: new for old, new in names.items() if isinstance(old, Index)}
    inputs = names.get(row, row), names.get(column, column)
    closed = gathered(renamed(by_name, names))
    written = gathered(contract(recognised(in_output(closed, {}), forward)))
    jacobian = Jacobian(stage.name, operand, outputs, inputs, written)
    core, axes_left, tensor = _core(written, outputs, inputs)
    opened = _core(closed, outputs, inputs)[0] if closed != written and closed.atoms(ScalarFunction) else None
    return LocalDerivative(jacobian, core, axes_left, opened, tensor)


def chained(adjoint: Expr, local: LocalDerivative, axes: Axes) -> Expr:
    """Contract the adjoint of v, at its own indices, with dv/du: u's share of the adjoint, at u's own indices."""
    jacobian = local.jacobian
    product = contract(summed(adjoint * jacobian.entry, jacobian.outputs))
    names = dict(zip(jacobian.inputs, canonical(axes), strict=True))
    return gathered(renamed(product, {old: new for old, new in names.items() if isinstance(old, Index)}))


def entry_met(jacobian: Jacobian) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Return the input's indices with which the deltas let it meet an output, and those indices that its core has.

    Of dz[n, k]/dV[j, k'] = h[n, j] delta[k, k'] these are (j, k) and (n, j), the latter in the order of the core.
    """
    _, merged, left = _parted(jacobian.entry, jacobian.outputs, jacobian.inputs)
    return tuple(merged.get(symbol, symbol) for symbol in jacobian.inputs), tuple(left)


def _parted(
    jacobian: Expr, outputs: Sequence[Expr], inputs: Sequence[Expr]
) -> tuple[Expr, dict[Expr, Expr], list[Expr]]:
    """Return the core that the deltas shared by all terms leave, what they rename, and its indices, outputs first."""
    parted = [split_deltas(term) for term in terms(jacobian)]
    shared = set(parted[0][0]).intersection(*(deltas for deltas, _ in parted))
    merged = _merged_indices(shared, outputs)
    core = gathered(Add(*(_without(deltas, shared, rest).xreplace(merged) for deltas, rest in parted)))
    return core, merged, [symbol for symbol in dict.fromkeys([*outputs, *inputs]) if symbol in free_indices(core)]


def _core(jacobian: Expr, outputs: Sequence[Expr], inputs: Sequence[Expr]) -> tuple[Expr, Axes, tuple[Expr, ...]]:
    """Take the deltas that every term shares out of a Jacobian, and order the indices left: outputs, then inputs."""
    core, _, left = _parted(jacobian, outputs, inputs)
    if len(left) > 2:
        sides = [[symbol for symbol in side if symbol in left] for side in (outputs, inputs)]
        letters = [",".join(axis(symbol) for symbol in side) for side in sides]
        return core, (letters[0], letters[1]), tuple(left)
    axes = _placed(left, outputs)
    plain = [symbol for symbol in canonical(axes) if isinstance(symbol, Index)]
    return renamed(core, dict(zip(left, plain, strict=True))), axes, ()


def _without(deltas: list[Expr], shared: set[Expr], rest: Term) -> Expr:
    kept = [delta for delta in deltas if delta not in shared]
    return Term((*rest.factors, *kept), rest.over).expression


def _merged_indices(deltas: set[Expr], outputs: Sequence[Expr]) -> dict[Expr, Expr]:
    """Let each delta name its input index by its output index."""
    merged = {}
    for delta in deltas:
        first, second = delta.args
        kept, gone = (first, second) if first in outputs else (second, first)
        merged[gone] = kept
    return merged


def _placed(left: list[Expr], outputs: Sequence[Expr]) -> Axes:
    letters = [axis(symbol) for symbol in left]
    if not letters:
        return "", ""
    if len(letters) == 1:
        return (letters[0], "") if left[0] == outputs[0] else ("", letters[0])
    return letters[0], letters[1]
