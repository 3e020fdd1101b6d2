"""Matrix forms as they are to be computed: only what is needed, stably, and products scaled on their smaller side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sympy import Expr, Integer, Mul, Piecewise, Symbol, exp, log

from ...calculus.derivation import Derivation
from ...calculus.functions import ScalarFunction, Sigmoid, Softplus
from ...calculus.indices import names_in
from ...calculus.matrices import (
    LogOdds,
    LogSoftmax,
    LogSumExp,
    MatrixProduct,
    Ones,
    Quantity,
    RowFunction,
    RowSums,
    Softmax,
    SpreadOverOthers,
    Transposed,
    quantities,
)
from ...calculus.shapes import Shape
from ...calculus.stages import Stage
from .forms import Entries, LargestOfOthers, RowLargest, SumOverOthers, rebuilt, shape_of, size


def prepared(derivation: Derivation, outputs: Iterable[str], *, merged: bool) -> dict[str, Expr]:
    """Return the forms of all that the outputs need, in the derivation's order.

    With `merged`, a gradient that only its update reads is put into it, and so can be scaled before it is multiplied.
    """
    needed = _needed(derivation, outputs)
    shapes = {name: derivation.shape(name) for name in (*derivation.given, *needed)}
    preparation = _Preparation(shapes)
    forms = _merged(derivation, needed, outputs) if merged else needed
    made = {name: preparation.prepared(form) for name, form in forms.items()}
    return {**preparation.branches, **made}


def _needed(derivation: Derivation, outputs: Iterable[str]) -> dict[str, Expr]:
    """Return the forms of the stages that the outputs need, in the derivation's order.

    An adjoint that is zero everywhere is left out of all others: what hands it on is linear in it.
    """
    found, waiting = set[str](), list(outputs)
    while waiting:
        name = waiting.pop()
        if name in found or name not in derivation:
            continue
        found.add(name)
        waiting += quantities(_form(derivation[name]))
    zeros, forms = dict[Expr, Expr](), dict[str, Expr]()
    for stage in derivation:
        if stage.name in found:
            form = _form(stage)
            forms[stage.name] = form if isinstance(form, Entries) else form.xreplace(zeros)
            if forms[stage.name] == 0 and stage.kind.phase == "backward":
                zeros[Quantity(stage.name)] = Integer(0)
    return forms


def _form(stage: Stage) -> Expr:
    """Return a stage's matrix form, or what stands for its index form."""
    if stage.matrix is not None:
        return stage.matrix
    return Entries(Symbol(stage.name), *map(Quantity, sorted(names_in(stage.index))))


def _merged(derivation: Derivation, needed: Mapping[str, Expr], outputs: Iterable[str]) -> dict[str, Expr]:
    """Put a gradient that only its update reads into it, where it is a product that the learning rate can go into."""
    uses = Counter(found for form in needed.values() for found in form.atoms(Quantity))
    inlined = {
        Quantity(stage.name): needed[stage.name]
        for stage in derivation.gradients
        if stage.name in needed and stage.name not in outputs and isinstance(needed[stage.name], MatrixProduct)
        if uses[Quantity(stage.name)] == 1
    }
    return {name: form.xreplace(inlined) for name, form in needed.items() if Quantity(name) not in inlined}


@dataclass
class _Preparation:
    """Writes matrix forms out in stable functions and products scaled on their smaller side.

    Attributes
    ----------
    shapes:
        The shape of every name.
    branches:
        The forms that have branches and are an argument of others, by names of their own: a condition compares numbers.

    """

    shapes: dict[str, Shape]
    branches: dict[str, Expr] = field(default_factory=dict)

    def prepared(self, form: Expr) -> Expr:
        if not form.args or isinstance(form, Ones):
            return form
        arguments = [self.prepared(argument) for argument in form.args]
        if isinstance(form, RowFunction):
            return _stable_rows(form, *arguments)
        if isinstance(form, ScalarFunction) and form.func not in (Sigmoid, Softplus):
            return self.prepared(form.formula(*map(self._without_branches, arguments)))
        whole = rebuilt(form, arguments)
        return self._scaled(whole) if isinstance(whole, Mul) else whole

    def _without_branches(self, argument: Expr) -> Expr:
        if not argument.has(Piecewise):
            return argument
        name = next((name for name, form in self.branches.items() if form == argument), f"_b{len(self.branches)}")
        self.branches[name], self.shapes[name] = argument, shape_of(argument, self.shapes)
        return Quantity(name)

    def _scaled(self, product: Mul) -> Expr:
        """Scale the smaller factor of a matrix product rather than a larger result."""
        sign, rest = (-1, -product) if product.could_extract_minus_sign() else (1, product)
        factors = Mul.make_args(rest)
        scalars = [factor for factor in factors if shape_of(factor, self.shapes) == (1, 1)]
        others = [factor for factor in factors if factor not in scalars]
        if not scalars or len(others) != 1 or not isinstance(others[0], MatrixProduct):
            return product
        left, right = others[0].args
        sizes = [size(shape_of(each, self.shapes)) for each in (left, right, others[0])]
        if sizes[2] == min(sizes):
            return product
        scale = Mul(*scalars)
        if sizes[0] >= sizes[1]:
            return sign * MatrixProduct(left, _times(scale, right))
        return sign * MatrixProduct(_times(scale, left), right)


def _times(scale: Expr, matrix: Expr) -> Expr:
    """Scale a matrix; a transposed one before it is turned."""
    return Transposed(scale * matrix.args[0]) if isinstance(matrix, Transposed) else scale * matrix


def _stable_rows(function: RowFunction, *arguments: Expr) -> Expr:
    """Write a function of rows out with each row's largest entry, or that of the others, taken off first."""
    *handed_out, z = arguments
    largest = LargestOfOthers(z)
    others = SumOverOthers(Integer(1), -largest, -z)
    match function:
        case LogOdds():
            return z - largest - log(others)
        case SpreadOverOthers():
            return SumOverOthers(Mul(*handed_out) / others, z, largest)
    lowered = z - RowLargest(z)
    total = RowSums(exp(lowered))
    match function:
        case Softmax():
            return exp(lowered) / total
        case LogSoftmax():
            return lowered - log(total)
        case LogSumExp():
            return RowLargest(z) + log(total)
    raise NotImplementedError(function)
