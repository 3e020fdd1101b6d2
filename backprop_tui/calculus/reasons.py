"""One sentence a stage: which rule made it, and why each transpose stands where it does.

A sentence is read off the derivation itself: from the indices of a Jacobian and from the steps that the recovery of a
matrix form took. It is a tuple of words and formulas; a view typesets the formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sympy import Add, Expr, Indexed, Mul, Sum

from .chain_rule import LocalDerivative
from .contraction import split_deltas, terms
from .functions import ScalarFunction
from .indices import Axes, Index, canonical, entry, free_indices, names_in
from .matrices import Quantity, Transposed
from .matrix_form import Recovered, Rule, Step
from .stages import Factor, Kind, Reason, Stage


def of_forward(name: str, kind: Kind, index: Expr) -> Reason:
    """Tell what a forward stage does."""
    target = Quantity(name)
    if kind is Kind.LOSS:
        return ("The loss, one number: ", *_loss_factor(index), ".")
    if isinstance(index, ScalarFunction):
        return (type(index)(Quantity("u")), " is applied to each entry alone.")
    products = [part for part in Add.make_args(index) if isinstance(part, Sum)]
    if products:
        over = products[0].limits[0][0]
        left, right = _ordered_entries(products[0])
        return ("A weighted sum: row of ", left, " times column of ", right, ", summed over ", over, ".")
    return ("Every entry of ", target, " is made from the entries in its own place.")


def of_local(stage: Stage, local: LocalDerivative, form: Recovered) -> Reason:
    """Tell what dv/du holds, from where its Kronecker deltas and its indices stand."""
    jacobian = local.jacobian
    output = entry(stage.name, *jacobian.outputs, stage.axes)
    if isinstance(stage.index, ScalarFunction) and not free_indices(local.core) - free_indices(output):
        function = type(stage.index)(Quantity("u"))
        short: Reason = (
            (", written with its output ", Quantity(stage.name)) if stage.name in names_in(local.core) else ()
        )
        return (
            function,
            " acts on each entry alone, so the Jacobian is diagonal; the diagonal is the slope",
            *short,
            ".",
        )
    if local.tensor:
        return (
            "Every entry of a row of ",
            Quantity(jacobian.by),
            " moves ",
            output,
            ": the Jacobian is full within a row.",
        )
    operand = _input_entry(local)
    if local.core.is_number:
        return (output, " takes ", operand, " in with the factor ", local.core, " and feels no other entry.")
    linear = ("In ", output, " the entry ", operand, " is multiplied by ", local.core)
    return (*linear, *_jacobian_transpose(local, form), ".")


def of_adjoint(name: str, axes: Axes, factors: Sequence[Factor], form: Recovered) -> Reason:
    """Tell how the chain rule contracted an adjoint with a local derivative."""
    own = entry(name, *canonical(axes), axes)
    if len(factors) > 1:
        return (Quantity(name), " is used in several places: the chain rule adds one product for each.")
    (factor,) = factors
    if not factor.adjoint:
        return ("Differentiate the loss: in its sum, ", own, " meets only its own term.")
    summing = [step for step in form.steps if step.rule is not Rule.REPEAT]
    if not summing:
        return ("Nothing is summed, for ", own, " acts on one entry: multiply entry by entry, the Hadamard product.")
    return tuple(piece for step in summing for piece in _step(own, step))


def of_unit_rows(names: Iterable[str]) -> Reason:
    """State the assumption under which a sum over classes was replaced by 1."""
    listed = [piece for name in sorted(names) for piece in (" and ", Quantity(name))][1:]
    return (" Assumed, and true of the data: each row of ", *listed, " sums to one.")


def of_update(parameter: str, gradient: str) -> Reason:
    """Tell what an update does."""
    return (
        Quantity(gradient),
        " points uphill, so subtract it, scaled by ",
        Quantity("eta"),
        "; every gradient was taken with ",
        Quantity(parameter),
        " as it stood before.",
    )


def _step(own: Expr, step: Step) -> Reason:
    if step.rule is Rule.SUM:
        return (own, " is used at every ", step.index, ": its effects add up.")
    left, right = step.made.args
    told: Reason = (own, " reaches the loss through every ", step.index, ": sum over ", step.index, ".")
    return (*told, *_transposes(step.index, left, right))


def _transposes(over: Expr, left: Expr, right: Expr) -> Reason:
    """Say why a factor of a product is transposed: the summed index has to stand between the factors."""
    if isinstance(left, Transposed):
        (matrix,) = left.args
        rule = " A matrix product sums over the columns of its left factor, but "
        return (rule, over, " numbers the rows of ", matrix, ", so ", matrix, " is transposed.")
    if isinstance(right, Transposed):
        (matrix,) = right.args
        rule = " A matrix product sums over the rows of its right factor, but "
        return (rule, over, " numbers the columns of ", matrix, ", so ", matrix, " is transposed.")
    return ()


def _jacobian_transpose(local: LocalDerivative, form: Recovered) -> Reason:
    if not isinstance(form.matrix, Transposed):
        return ()
    output, given = canonical(local.axes)
    (matrix,) = form.matrix.args
    return (
        ". A Jacobian's rows are outputs, ",
        output,
        ", its columns inputs, ",
        given,
        ", so ",
        matrix,
        " is transposed",
    )


def _input_entry(local: LocalDerivative) -> Expr:
    """The operand's entry that the output meets: its indices after the deltas."""
    jacobian = local.jacobian
    names = {}
    for delta in {found for term in terms(jacobian.entry) for found in split_deltas(term)[0]}:
        first, second = delta.args
        kept, gone = (first, second) if first in jacobian.outputs else (second, first)
        names[gone] = kept
    axes = tuple(str(symbol.name) if isinstance(symbol, Index) else "" for symbol in jacobian.inputs)
    met = entry(jacobian.by, *jacobian.inputs, (axes[0], axes[1]))
    return met.xreplace(names)


def _loss_factor(index: Expr) -> Reason:
    """State a loss's sum and its factor, which no one should have to guess."""
    coefficient, total = index.as_coeff_Mul()
    if not isinstance(total, Sum):
        return ("of several parts",) if total.has(Sum) else ("no sum in it",)
    over = [symbol for symbol, *_ in total.limits]
    inner, _ = total.function.as_coeff_Mul()
    factor = Mul(coefficient, inner)
    told = ("with no factor and no mean",) if factor == 1 else ("with the factor ", factor)
    return ("a sum over ", *_listed(over), ", ", *told)


def _listed(symbols: Iterable[Expr]) -> Reason:
    first, *rest = symbols
    return (first, *(piece for symbol in rest for piece in (" and ", symbol)))


def _ordered_entries(product: Sum) -> tuple[Expr, Expr]:
    """Return the names of a product's factors, left one first: the one whose column index is summed."""
    over = product.limits[0][0]
    entries = sorted(product.function.atoms(Indexed), key=lambda found: found.indices[-1] != over)
    first, second = entries[0], entries[-1]
    return Quantity(str(first.base.label)), Quantity(str(second.base.label))
