"""Shapes: which axes are one and the same, how long each is, and the letter it gets.

Reading ``x @ W`` joins the columns of x with the rows of W. Once all equations are read, every axis left gets a
letter in the order of first appearance: n for the samples, i for the inputs, then j, k ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sympy import Expr

from .index_form import axes_of
from .indices import Axes, letters
from .matrices import quantities

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

    An axis is a key, ``"W.1"`` for the columns of W, until `lettered` names it; the empty key is an axis of one that
    broadcasts. A parameter with one row may be a bias, whose row broadcasts, or the weights of a single unit: its row
    axis is kept open until an equation shows which.
    """

    def __init__(self, inputs: Mapping[str, Shape], parameters: Mapping[str, Shape]) -> None:
        self._axes: dict[str, Axes] = {}
        self._sizes: dict[str, int] = {"": 1}
        self._joined: dict[str, str] = {}
        self._open: set[str] = set()
        self._mentioned: list[str] = []
        for name, shape in (*inputs.items(), *parameters.items()):
            scalar = shape == (1, 1)
            self._axes[name] = ("", "") if scalar else (f"{name}.0", f"{name}.1")
            self._sizes.update(zip(self._axes[name], shape, strict=True))
        self._open = {self._axes[name][0] for name, shape in parameters.items() if shape[0] == 1} - {""}

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
        self._axes[name] = self._axes_of(expression)

    def of(self, expression: Expr) -> Shape:
        """Return the shape of an expression in the matrix language."""
        return self._shape(self._axes_of(expression))

    def join_product(self, left: Expr, right: Expr) -> None:
        """Join the axis that a matrix product sums over."""
        inner, other = self._axes_of(left)[1], self._axes_of(right)[0]
        if self._sizes[inner] != self._sizes[other]:
            raise ShapeError(self.of(left), self.of(right), "as many columns on the left as rows on the right")
        self._join(inner, other)

    def join_entries(self, left: Expr, right: Expr) -> None:
        """Join the axes of two matrices taken entry by entry; an axis of one broadcasts."""
        shapes = self.of(left), self.of(right)
        for ends in zip(self._axes_of(left), self._axes_of(right), strict=True):
            if "" in ends:
                continue
            sizes = self._sizes[ends[0]], self._sizes[ends[1]]
            opened = [end for end in ends if end in self._open]
            if len(opened) == 1:
                self._join("", opened[0])
            elif sizes[0] == sizes[1]:
                self._join(*ends)
            elif 1 in sizes:
                self._join("", ends[sizes.index(1)])
            else:
                raise ShapeError(*shapes, "equal shapes, or one row, one column or a scalar")

    def joint(self, left: Expr, right: Expr) -> Shape:
        """Return the shape of two matrices taken entry by entry, the axes of one broadcast."""
        rows, columns = zip(self.of(left), self.of(right), strict=True)
        return max(rows), max(columns)

    def lettered(self) -> tuple[dict[str, Axes], dict[str, int]]:
        """Name every axis by a letter: return each quantity's axes and each letter's size."""
        names, supply = {"": ""}, letters()
        for key in (key for name in (*self._mentioned, *self._axes) for key in self._axes[name]):
            if self._root(key) not in names:
                names[self._root(key)] = next(supply)
        axes = {name: (names[self._root(rows)], names[self._root(cols)]) for name, (rows, cols) in self._axes.items()}
        return axes, {letter: self._sizes[key] for key, letter in names.items() if letter}

    def _axes_of(self, expression: Expr) -> Axes:
        """Return the axes of an expression, each by the key that those joined with it share."""
        rooted = {
            name: (self._root(self._axes[name][0]), self._root(self._axes[name][1])) for name in quantities(expression)
        }
        return axes_of(expression, rooted)

    def _shape(self, axes: Axes) -> Shape:
        return self._sizes[self._root(axes[0])], self._sizes[self._root(axes[1])]

    def _root(self, key: str) -> str:
        while key in self._joined:
            key = self._joined[key]
        return key

    def _join(self, first: str, second: str) -> None:
        """Let two axes be one; it stays open only where both were."""
        kept, gone = sorted((self._root(first), self._root(second)), key=len)
        if kept != gone:
            self._joined[gone] = kept
            if not {kept, gone} <= self._open:
                self._open -= {kept, gone}
