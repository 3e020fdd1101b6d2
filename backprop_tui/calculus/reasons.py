"""One sentence a stage: which rule made it, and why each transpose stands where it does.

A sentence is read off the derivation itself: from the indices of a Jacobian and from the steps that the recovery of a
matrix form took. It is a tuple of words and formulas; a view typesets the formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sympy import Add, Expr, Function, KroneckerDelta, Mul, Sum

from .chain_rule import LocalDerivative
from .contraction import split_deltas, substituted, terms
from .functions import FUNCTIONS, ScalarFunction, kinks
from .indices import Axes, Index, Size, canonical, entry, free_indices, names_in
from .matrices import (
    ColumnSums,
    LogSoftmax,
    LogSumExp,
    MatrixProduct,
    Quantity,
    RowFunction,
    RowSums,
    Softmax,
    Total,
    Transposed,
)
from .matrix_form import Recovered, Rule, Step
from .stages import Factor, Kind, Reason, Stage

_u = Quantity("u")


def of_forward(kind: Kind, index: Expr, written: Expr) -> Reason:
    """Tell what a forward stage does, from its index form and from how it was written."""
    if kind is Kind.LOSS:
        return ("The loss, one number: ", *_loss_factor(index), ".")
    if written.has(MatrixProduct):
        return _weighted_sum(written)
    if isinstance(written, Softmax):
        return ("Each row is made positive by the exponential and divided by its sum, so that it sums to one.",)
    if isinstance(written, LogSoftmax):
        return ("The logarithm of the softmax of each row, computed without its underflow.",)
    if isinstance(written, LogSumExp):
        return ("The logarithm of the sum of each row's exponentials, computed without their overflow.",)
    if isinstance(written, Transposed):
        return ("Rows and columns change places.",)
    if isinstance(index, Function):
        return (index.func(_u), " is applied to each entry alone.")
    whole = written.as_coeff_Mul()[1]
    if whole.has(Total) and whole.func in (Total, Mul):
        return ("All entries are summed: ", *_loss_factor(index), ".")
    if isinstance(whole, RowSums | ColumnSums):
        return (f"The entries of each {_line(whole)} are summed.",)
    sums = sorted({_line(found) for found in written.atoms(RowSums, ColumnSums, RowFunction)})
    beside = (f" and from the sum of its {' and of its '.join(sums)}",) if sums else ()
    return ("Each entry is made from the entries in its own place", *beside, ".")


def _line(total: Expr) -> str:
    return "column" if isinstance(total, ColumnSums) else "row"


def of_local(stage: Stage, local: LocalDerivative, form: Recovered) -> Reason:
    """Tell what dv/du holds, from where its Kronecker deltas and its indices stand."""
    jacobian = local.jacobian
    output = entry(stage.name, *jacobian.outputs, stage.axes)
    if local.tensor and isinstance(stage.matrix, RowFunction):
        row = Quantity(jacobian.by)
        return ("Each entry of a row of ", row, " moves every entry of that row of ", Quantity(stage.name), ".")
    if local.core.has(KroneckerDelta):
        moved = Quantity(jacobian.by)
        told: Reason = (output, " takes ", moved, " in at several places, each with a term of its own: a ")
        return (*told, Quantity("delta"), " is 1 where its two indices agree, else 0.")
    if isinstance(stage.index, Function) and not free_indices(local.core) - free_indices(output):
        return _slope(stage, local)
    operand, factor = _met(local)
    if factor.is_number:
        return (output, " takes ", operand, " in with the factor ", factor, ".")
    told = ("In ", output, " the entry ", operand, " is multiplied by ", factor, ".")
    return (*told, *_jacobian_transpose(local, form))


def of_adjoint(name: str, axes: Axes, factors: Sequence[Factor], form: Recovered, *, spread: bool) -> Reason:
    """Tell how the chain rule contracted an adjoint with a local derivative.

    `spread` tells that an entry acts on several entries of the stage that uses it, in several places.
    """
    own = entry(name, *canonical(axes), axes)
    if len(factors) > 1:
        told: Reason = (Quantity(name), " is used in several places: the chain rule adds one product for each.")
        return _paragraph([told, *_transposes(form.steps)])
    (factor,) = factors
    if not factor.adjoint:
        return ("Differentiate the loss with respect to ", own, ".")
    summing = [step for step in form.steps if step.rule is not Rule.REPEAT]
    if not summing and form.matrix is not None and form.matrix.has(RowSums, ColumnSums, Total):
        return (own, " moves every entry of its row: what it does to each of them is summed.")
    if not summing and isinstance(form.matrix, Transposed):
        return (own, " acts on one entry alone, that with row and column changed over: transpose.")
    if not summing and spread:
        return ("What ", own, " does in each of its places is added up.", *_turned(name, form))
    if not summing:
        told = ("Nothing is summed, for ", own, " acts on one entry: multiply entry by entry")
        return (*told, ", the Hadamard product.", *_turned(name, form))
    return _paragraph([*(_summing(own, step) for step in summing), *_transposes(summing)])


def _turned(name: str, form: Recovered) -> Reason:
    """Say why a factor of a Hadamard product is transposed."""
    if form.matrix is None or not form.matrix.has(Transposed):
        return ()
    return (" A matrix whose columns run along the rows of ", Quantity(name), " is transposed.")


def of_unit_rows(names: Iterable[str]) -> Reason:
    """State the assumption under which a sum over classes was replaced by 1."""
    listed = [piece for name in sorted(names) for piece in (" and ", Quantity(name))][1:]
    return (" Assumed, and true of the data: each row of ", *listed, " sums to one.")


def of_kinks(derivative: Expr) -> Reason:
    """State the subgradients chosen at the kinks of the functions whose slopes stand in a derivative."""
    slopes = {found.func for found in derivative.atoms(ScalarFunction) if found.order == 1}
    told = [
        (" At the kink ", _u, " = ", at, " the subgradient ", function(_u), " = ", to, " is chosen.")
        for function in sorted(slopes, key=lambda function: function.chalk)
        for at, to in kinks(FUNCTIONS[function.chalk]).items()
    ]
    return tuple(piece for sentence in told for piece in sentence)


def of_auxiliary(name: str) -> Reason:
    """Tell why a stage is computed that no equation names."""
    return ("The local derivatives that follow are written with ", Quantity(name), ", which is computed first.")


def of_update(parameter: str, gradient: str) -> Reason:
    """Tell what gradient descent does."""
    told: Reason = (Quantity(gradient), " points uphill, so subtract it, scaled by ", Quantity("eta"))
    return (*told, "; every gradient was taken with ", Quantity(parameter), " as it stood before.")


def _weighted_sum(written: Expr) -> Reason:
    """Name the products, and what is added to them."""
    parts = Add.make_args(written)
    products = [next(iter(part.atoms(MatrixProduct))) for part in parts if part.has(MatrixProduct)]
    added = [part for part in parts if not part.has(MatrixProduct)]
    told = [piece for left, right in (product.args for product in products) for piece in _row_times_column(left, right)]
    beside = (", with ", *_listed(added, " and "), " added") if added else ()
    return ("A weighted sum: ", *told[1:], *beside, ".")


def _row_times_column(left: Expr, right: Expr) -> Reason:
    return (" plus ", "row of ", left, " times column of ", right)


def _slope(stage: Stage, local: LocalDerivative) -> Reason:
    alone = " acts on each entry alone, so the Jacobian is diagonal: its diagonal is the slope"
    told: Reason = (stage.index.func(_u), alone)
    short: Reason = (", written with the output ", Quantity(stage.name)) if stage.name in names_in(local.core) else ()
    return (*told, *short, ".")


def _paragraph(sentences: Iterable[Reason]) -> Reason:
    """Join sentences, each told once."""
    return tuple(piece for sentence in dict.fromkeys(filter(None, sentences)) for piece in (" ", *sentence))[1:]


def _summing(own: Expr, step: Step) -> Reason:
    if step.rule is Rule.SUM:
        return (own, " is used at every ", step.index, ": its effects add up.")
    return (own, " reaches the loss through every ", step.index, ": sum over ", step.index, ".")


def _transposes(steps: Iterable[Step]) -> Iterator[Reason]:
    """Say why factors of products are transposed: the summed index has to stand between the factors."""
    turned: dict[tuple[str, str, Expr], dict[Expr, None]] = {}
    for step in steps:
        factors = step.made.args if step.rule is Rule.PRODUCT else ()
        for factor, side, across in zip(factors, ("left", "right"), ("rows", "columns"), strict=False):
            if isinstance(factor, Transposed):
                turned.setdefault((side, across, step.index), {})[factor.args[0]] = None
                break
    for (side, across, index), matrices in turned.items():
        along = "columns" if side == "left" else "rows"
        rule: Reason = (f"A matrix product sums over the {along} of its {side} factor, but ", index)
        verb = " is transposed." if len(matrices) == 1 else " are transposed."
        yield (
            *rule,
            f" numbers the {across} of ",
            *_listed(matrices, " and "),
            ", so ",
            *_listed(matrices, " and "),
            verb,
        )


def _jacobian_transpose(local: LocalDerivative, form: Recovered) -> Reason:
    if not isinstance(form.matrix, Transposed):
        return ()
    output, given = canonical(local.axes)
    (matrix,) = form.matrix.args
    rule: Reason = (" A Jacobian's rows are outputs, ", output, ", its columns inputs, ", given)
    return (*rule, ", so ", matrix, " is transposed.")


def _met(local: LocalDerivative) -> tuple[Expr, Expr]:
    """Return the operand's entry that an output meets, and its factor, with the indices that the deltas leave."""
    jacobian, names, factors = local.jacobian, {}, []
    for term in terms(jacobian.entry):
        deltas, rest = split_deltas(term)
        factors.append(rest.expression)
        for delta in deltas:
            first, second = delta.args
            kept, gone = (first, second) if first in jacobian.outputs else (second, first)
            names[gone] = kept
    rows, columns = (str(symbol.name) if isinstance(symbol, Index) else "" for symbol in jacobian.inputs)
    met = entry(jacobian.by, *jacobian.inputs, (rows, columns))
    return met.xreplace(names), substituted(Add(*factors), names)


def _loss_factor(index: Expr) -> Reason:
    """State a loss's sums and their factors, which no one should have to guess."""
    parts = [piece for part in Add.make_args(index) for piece in (", plus ", *_summed_part(part))]
    return tuple(parts[1:])


def _summed_part(part: Expr) -> Reason:
    total = next((factor for factor in Mul.make_args(part) if isinstance(factor, Sum)), None)
    if total is None:
        return (part,)
    over = [symbol for symbol, *_ in total.limits]
    inner, _ = total.function.as_coeff_Mul()
    factor = inner * part / total
    if factor == 1:
        told: Reason = (", with no factor and no mean",)
    else:
        told = (", with the factor ", factor, *((": a mean",) if factor.has(Size) else ()))
    return ("a sum over ", *_listed(over, " and "), *told)


def _listed(pieces: Iterable[Expr], joint: str) -> Reason:
    first, *rest = pieces
    return (first, *(piece for each in rest for piece in (joint, each)))
