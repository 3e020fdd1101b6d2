"""The chain rule in one line, from the loss to a parameter, with the factor marked that is multiplied just now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Region
from textual.style import Style

from ...notation import plain, sign
from .panels import Panel

if TYPE_CHECKING:
    from ...calculus.chain_strip import Strip
    from ..sight import Sight


class ChainLine(Panel):
    """In the backward pass the factors of the gradient that a stage leads to, else the stages of its phase."""

    def see(self, sight: Sight) -> None:
        name = sight.place.name
        strip = sight.texts.strip(name)
        if strip is not None:
            line = Content.assemble(*_product_sum(strip, sight.texts.marks(strip, name)))
        else:
            same = [stage.name for stage in sight.walkthrough.stages if stage.kind.phase == sight.phase]
            line = Content(" → ").join(_factor(each, is_marked=each == name) for each in same)
        self.show(line)
        self._reveal(line)

    def _reveal(self, line: Content) -> None:
        """Scroll so far that the mark is in sight."""
        start = line.plain.find("[")
        if start >= 0:
            region = Region(start, 0, line.plain.index("]", start) - start + 1, 1)
            self.scroll_to_region(region, animate=False, immediate=True)


def _product_sum(strip: Strip, marks: Iterable[tuple[int, int]]) -> Iterator[Content | str]:
    marked = set(marks)
    yield _factor(strip.of, is_marked=False)
    yield sign("equals").unicode
    for number, product in enumerate(strip.products):
        if number:
            yield sign("plus").unicode
        factors = (_factor(name, is_marked=(number, place) in marked) for place, name in enumerate(product))
        yield Content(sign("dot").unicode).join(factors) if product else "…"


def _factor(name: str, *, is_marked: bool) -> Content:
    """A stage to go to by a click, in brackets where it is the one at hand."""
    click = Style.from_meta({"@click": ("screen.go", (name,))})
    text = f"[{plain(name)}]" if is_marked else plain(name)
    return Content.styled(text, click + Style(bold=True, reverse=True) if is_marked else click)
