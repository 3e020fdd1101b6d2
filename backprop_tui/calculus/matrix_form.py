"""The matrix form, recovered from the index form by reducing a graph.

View a product of indexed factors as a graph: indices are vertices, factors are edges. Then

* parallel edges are a Hadamard product;
* a summed vertex between two edges is a matrix product, A[r, s] B[s, c] summed over s being (A B)[r, c];
* a summed vertex with one edge is a sum along a row or a column;
* a summed vertex between the entries of one row that differ is a sum over the others;
* an edge to the vertex 0, an axis of one, is a row or a column that NumPy broadcasts.

An edge is walked from the row index to the column index of the result. One that has to be walked against its own
direction is transposed: that is where a transpose comes from, and a `Step` records it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from sympy import Add, Expr, Indexed, Integer, Mul, Sum, Symbol, factor_terms

from .algebra import multiplied_out
from .contraction import Term, terms
from .indices import Axes, Index, axis, canonical, free_indices, size
from .matrices import ColumnSums, MatrixProduct, Ones, Quantity, RowSums, SpreadOverOthers, Total, transposed
from .others import ExpElsewhere

_ONE = Integer(0)
"""The vertex of an axis of one: its only index is 0."""


class Rule(Enum):
    """How a step of the reduction joined its edges."""

    PRODUCT = auto()
    SUM = auto()
    REPEAT = auto()


@dataclass(frozen=True)
class Step:
    """One summed index, and what summing it made of the edges that met in it."""

    rule: Rule
    index: Expr
    made: Expr


@dataclass(frozen=True)
class Recovered:
    """A matrix form, None where there is none, and the steps that led to it."""

    matrix: Expr | None
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class _Edge:
    tail: Expr
    head: Expr
    matrix: Expr

    @property
    def ends(self) -> frozenset[Expr]:
        return frozenset({self.tail, self.head})

    def other(self, end: Expr) -> Expr:
        return self.head if end == self.tail else self.tail

    def walked(self, tail: Expr) -> Expr:
        """The matrix whose rows run along `tail`."""
        return self.matrix if tail == self.tail else transposed(self.matrix)


class _IrreducibleError(Exception):
    """The graph has no matrix form: a delta, an entry on a diagonal, or three edges that meet in a summed vertex."""


def recovered(expression: Expr, axes: Axes, shaped_as: str = "") -> Recovered:
    """Recover the matrix form of an index form.

    Parameters
    ----------
    expression, axes:
        The entry at the indices of `axes`, and those axes.
    shaped_as:
        Where an axis of the result is in no factor, as in the gradient of a plain sum, the result is repeated along it
        by ones in the shape of this quantity; without the name it is left to broadcast.

    """
    row, column = canonical(axes)
    for form in (expression, multiplied_out(expression)):
        graphs = [_Graph(term, row, column) for term in terms(form)]
        try:
            matrix = Add(*(graph.reduced() for graph in graphs))
            break
        except _IrreducibleError:
            continue
    else:
        return Recovered(None)
    covered = set().union(*(graph.covered for graph in graphs))
    steps = [step for graph in graphs for step in graph.steps]
    if shaped_as and not {end for end in (row, column) if end != _ONE} <= covered:
        ones = Ones(Quantity(shaped_as))
        matrix, steps = matrix * ones, [*steps, Step(Rule.REPEAT, row, ones)]
    return Recovered(factor_terms(matrix) if isinstance(matrix, Add) else matrix, tuple(steps))


@dataclass
class _Graph:
    term: Term
    row: Expr
    column: Expr
    steps: list[Step] = field(default_factory=list)
    covered: set[Expr] = field(default_factory=set)

    def reduced(self) -> Expr:
        elsewhere = [factor for factor in self.term.factors if isinstance(factor, ExpElsewhere)]
        plain = [factor for factor in self.term.factors if factor not in elsewhere]
        edges = self._merged(_edge(factor, self.row, self.column) for factor in plain)
        summed = list(self.term.over)
        for factor in elsewhere:
            edges = self._others(factor, edges, summed)
        edges = self._summed_out(edges, summed)
        self.covered = set().union(*(edge.ends for edge in edges))
        if not self.covered <= {self.row, self.column, _ONE}:
            raise _IrreducibleError
        return Mul(*(edge.walked(self._start(edge)) for edge in edges))

    def _start(self, edge: _Edge) -> Expr:
        """The end from which an edge is walked: the row if it has one, never the column if it can be helped."""
        if self.row in edge.ends and self.row != _ONE:
            return self.row
        return edge.other(self.column) if self.column in edge.ends else edge.tail

    def _merged(self, edges: Iterable[_Edge]) -> list[_Edge]:
        """Multiply parallel edges entry by entry."""
        parallel: dict[frozenset[Expr], _Edge] = {}
        for edge in edges:
            first = parallel.get(edge.ends)
            matrix = edge.matrix if first is None else Mul(first.matrix, edge.walked(first.tail))
            tail, head = (edge.tail, edge.head) if first is None else (first.tail, first.head)
            parallel[edge.ends] = _Edge(tail, head, matrix)
        return list(parallel.values())

    def _summed_out(self, edges: list[_Edge], summed: list[Expr]) -> list[_Edge]:
        """Sum over all vertices listed, which empties the list."""
        while summed:
            vertex = min(summed, key=lambda index: sum(index in edge.ends for edge in edges))
            edges = self._merged(self._without(vertex, edges, summed))
        return edges

    def _others(self, factor: ExpElsewhere, edges: list[_Edge], summed: list[Expr]) -> list[_Edge]:
        """Sum over the other entries of a row, which makes one edge of the factor and all that meets it there."""
        raised, _, column, other = factor.args
        row = raised.indices[0]
        if other not in summed or column in summed:
            raise _IrreducibleError
        edges = self._summed_out(edges, [index for index in summed if index not in (row, other)])
        summed[:] = [index for index in summed if index == row]
        met = [edge for edge in edges if other in edge.ends]
        if not met or any(not edge.ends <= {row, other, _ONE} for edge in met):
            raise _IrreducibleError
        weight = Mul(*(edge.walked(edge.other(other)) for edge in met))
        made = SpreadOverOthers(weight, Quantity(str(raised.base.label)))
        self.steps.append(Step(Rule.SUM, other, made))
        return self._merged([*(edge for edge in edges if edge not in met), _Edge(row, column, made)])

    def _without(self, vertex: Expr, edges: list[_Edge], summed: list[Expr]) -> list[_Edge]:
        """Sum over one vertex, which takes it from `summed` and out of the graph."""
        met = [edge for edge in edges if vertex in edge.ends]
        rest = [edge for edge in edges if vertex not in edge.ends]
        if len(met) > 2:
            return [*rest, *_absorbed(met)]
        summed.remove(vertex)
        if not met:
            return [*rest, _Edge(_ONE, _ONE, size(axis(vertex)))]
        if len(met) == 1:
            return [*rest, self._sum(vertex, met[0], edges, summed)]
        return [*rest, self._product(vertex, *met)]

    def _product(self, vertex: Expr, first: _Edge, second: _Edge) -> _Edge:
        tail, head = first.other(vertex), second.other(vertex)
        if tail == self.column or head == self.row:
            first, second, tail, head = second, first, head, tail
        made = MatrixProduct(first.walked(tail), second.walked(vertex))
        self.steps.append(Step(Rule.PRODUCT, vertex, made))
        return _Edge(tail, head, made)

    def _sum(self, vertex: Expr, edge: _Edge, edges: list[_Edge], summed: list[Expr]) -> _Edge:
        other = edge.other(vertex)
        alone = sum(other in each.ends for each in edges) == 1
        if other == _ONE or (other in summed and alone):
            if other in summed:
                summed.remove(other)
            made, ends = Total(edge.matrix), (_ONE, _ONE)
        elif vertex == edge.head:
            made, ends = RowSums(edge.matrix), (other, _ONE)
        else:
            made, ends = ColumnSums(edge.matrix), (_ONE, other)
        self.steps.append(Step(Rule.SUM, vertex, made))
        return _Edge(*ends, made)


def _absorbed(met: list[_Edge]) -> list[_Edge]:
    """Scale the rows or columns of an edge by a vector at its end."""
    vectors = [edge for edge in met if _ONE in edge.ends]
    if not vectors:
        raise _IrreducibleError
    vector = vectors[0]
    scaled, *others = [edge for edge in met if edge is not vector]
    along = vector.walked(_ONE) if vector.other(_ONE) == scaled.head else vector.walked(vector.other(_ONE))
    return [_Edge(scaled.tail, scaled.head, Mul(scaled.matrix, along)), *others]


@dataclass(frozen=True)
class _Leaf:
    """A part of a factor that becomes a whole matrix: an entry, or a sum that is a column or a scalar by itself."""

    found: Expr
    indices: tuple[Expr, Expr]
    matrix: Expr

    @property
    def ends(self) -> tuple[Expr, ...]:
        return tuple(end for end in self.indices if isinstance(end, Index))


def _edge(factor: Expr, row: Expr, column: Expr) -> _Edge:
    """Turn a factor into an edge: every entry in it becomes a whole matrix."""
    leaves = sorted(_leaves(factor), key=lambda leaf: (-len(leaf.ends), str(leaf.found)))
    ends = list(dict.fromkeys(end for leaf in leaves for end in leaf.ends))
    if (
        len(ends) > 2
        or not free_indices(factor) <= set(ends)
        or any(len(set(leaf.indices)) < 2 and leaf.indices[0] != _ONE for leaf in leaves)
    ):
        raise _IrreducibleError
    if len(ends) == 2:
        tail, head = (row, column) if set(ends) == {row, column} else ends
    elif ends:
        tail, head = (ends[0], _ONE) if leaves[0].indices[0] == ends[0] else (_ONE, ends[0])
    else:
        tail, head = _ONE, _ONE
    return _Edge(tail, head, _whole(factor, tail, head, leaves))


def _leaves(expression: Expr) -> list[_Leaf]:
    if isinstance(expression, Indexed):
        return [_Leaf(expression, expression.indices, Quantity(str(expression.base.label)))]
    if isinstance(expression, Sum):
        free = sorted(free_indices(expression), key=str)
        if len(free) > 1 or len(terms(expression)) > 1:
            raise _IrreducibleError
        indices = (free[0], _ONE) if free else (_ONE, _ONE)
        return [_Leaf(expression, indices, _Graph(terms(expression)[0], *indices).reduced())]
    return [leaf for argument in expression.args for leaf in _leaves(argument)]


def _whole(factor: Expr, tail: Expr, head: Expr, leaves: list[_Leaf]) -> Expr:
    names: dict[Expr, Expr] = {}
    for leaf in leaves:
        straight = leaf.indices[0] in (tail, _ONE) and leaf.indices[1] in (head, _ONE)
        names[leaf.found] = leaf.matrix if straight else transposed(leaf.matrix)
    labels = {found.base.label for found in factor.atoms(Indexed)}
    scalars = {found for found in factor.free_symbols if type(found) is Symbol} - labels
    names |= {scalar: Quantity(scalar.name) for scalar in scalars}
    return factor.xreplace(names)
