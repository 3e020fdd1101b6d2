"""Shapes: which axes are one and the same, how long each is, and the letter it gets.

Reading ``x @ W`` joins the columns of x with the rows of W. Once all equations are read, every axis left gets a
letter in the order of first appearance: n for the samples, i for the inputs, then j, k ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sympy import Expr

from .index_form import axes_of
from .indices import Axes, letters

Shape = tuple[int, int]
"""(rows, columns)."""


class ShapeError(Exception):
    """Two shapes don't meet; `expected` says what would."""

    def __init__(self, left: Shape, right: Shape, expected: str) -> None:
        super().__init__(f"{told(left)} and {told(right)}")
        self.expected = expected


def told(shape: Shape) -> str:
    """Spell a shape: 3x4."""
    return "x".join(map(str, shape))


class Shapes(Mapping[str, Shape]):
    """The shapes of named quantities; axes found to be the same are joined.

    An axis is a key, ``"W.1"`` for the columns of W, until `lettered` names it. A parameter's axis of one is the
    empty key from the start: it broadcasts.
    """

    def __init__(self, inputs: Mapping[str, Shape], parameters: Mapping[str, Shape]) -> None:
        self._axes: dict[str, Axes] = {}
        self._sizes: dict[str, int] = {"": 1}
        self._joined: dict[str, str] = {}
        self._mentioned: list[str] = []
        for name, shape in inputs.items():
            self._add(name, shape, broadcasts=shape == (1, 1))
        for name, shape in parameters.items():
            self._add(name, shape, broadcasts=True)

    def _add(self, name: str, shape: Shape, *, broadcasts: bool) -> None:
        keys = ["" if broadcasts and size == 1 else f"{name}.{side}" for side, size in enumerate(shape)]
        self._axes[name] = (keys[0], keys[1])
        self._sizes.update(zip(keys, shape, strict=True))

    def __getitem__(self, name: str) -> Shape:
        return self._shape(self._axes[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._axes)

    def __len__(self) -> int:
        return len(self._axes)

    def mention(self, name: str) -> None:
        """Note that an equation uses a quantity: axes get their letters in this order."""
        self._mentioned.append(name)

    def define(self, name: str, expression: Expr) -> None:
        """Give a stage the axes of its right-hand side."""
        self._axes[name] = axes_of(expression, self._axes)

    def of(self, expression: Expr) -> Shape:
        """Return the shape of an expression in the matrix language."""
        return self._shape(axes_of(expression, self._axes))

    def join_product(self, left: Expr, right: Expr) -> None:
        """Join the axis that a matrix product sums over."""
        inner, other = axes_of(left, self._axes)[1], axes_of(right, self._axes)[0]
        if self._sizes[self._root(inner)] != self._sizes[self._root(other)]:
            raise ShapeError(self.of(left), self.of(right), "as many columns on the left as rows on the right")
        self._join(inner, other)

    def join_entries(self, left: Expr, right: Expr) -> None:
        """Join the axes of two matrices taken entry by entry; an axis of one broadcasts."""
        for first, second in zip(axes_of(left, self._axes), axes_of(right, self._axes), strict=True):
            ends = self._root(first), self._root(second)
            sizes = self._sizes[ends[0]], self._sizes[ends[1]]
            if sizes[0] == sizes[1] and "" not in ends:
                self._join(*ends)
            elif 1 in sizes:
                self._broadcast(end for end, size in zip(ends, sizes, strict=True) if size == 1 and sizes != (1, 1))
            else:
                raise ShapeError(self.of(left), self.of(right), "equal shapes, or one row, one column or a scalar")

    def lettered(self) -> tuple[dict[str, Axes], dict[str, int]]:
        """Name every axis by a letter: return each quantity's axes and each letter's size."""
        names, supply = {"": ""}, letters()
        for key in (key for name in (*self._mentioned, *self._axes) for key in self._axes[name]):
            if self._root(key) not in names:
                names[self._root(key)] = next(supply)
        axes = {name: (names[self._root(rows)], names[self._root(cols)]) for name, (rows, cols) in self._axes.items()}
        return axes, {letter: self._sizes[key] for key, letter in names.items() if letter}

    def _shape(self, axes: Axes) -> Shape:
        return self._sizes[self._root(axes[0])], self._sizes[self._root(axes[1])]

    def _root(self, key: str) -> str:
        while key in self._joined:
            key = self._joined[key]
        return key

    def _join(self, first: str, second: str) -> None:
        kept, gone = sorted((self._root(first), self._root(second)), key=len)
        if kept != gone:
            self._joined[gone] = kept

    def _broadcast(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._join("", key)
