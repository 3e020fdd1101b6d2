"""What a picture shows of a network: one stage lit in it, the values of one sample, the direction of the flow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import isfinite
from typing import Any, Final

from ..calculus.derivation import Derivation
from ..calculus.layer_graph import Layer, LayerGraph, Link
from ..calculus.layering import subject
from ..calculus.stages import Kind
from ..notation import derivative, derivative_parts, plain, updated

RIGHT: Final = "right"
LEFT: Final = "left"


class Scene:
    """A stage as it is to be drawn.

    Parameters
    ----------
    derivation:
        The network's.
    graph:
        Its layers and links.
    values:
        Every quantity's value at an iteration, each of shape (rows, columns).
    stage:
        The name of the present stage, or of something given.
    sample:
        The row whose values the units show.

    """

    def __init__(
        self, derivation: Derivation, graph: LayerGraph, values: Mapping[str, Any], stage: str, sample: int = 0
    ) -> None:
        self.derivation, self.graph, self.values, self.stage, self.sample = derivation, graph, values, stage, sample

    @cached_property
    def phase(self) -> str:
        """The part of an iteration that the stage belongs to; empty for what is given."""
        return self.derivation[self.stage].kind.phase if self.stage in self.derivation else ""

    @property
    def flow(self) -> str:
        """Where values move: right on the way to the loss, left on the way back, nowhere in an update."""
        return {"backward": LEFT, "update": ""}.get(self.phase, RIGHT)

    @cached_property
    def subject(self) -> str:
        """The forward quantity or the parameter that the stage is about."""
        return subject(self.derivation, self.stage)

    @cached_property
    def _made(self) -> str:
        """For a local derivative dv/du: v; else nothing."""
        parts = derivative_parts(self.stage)
        local = self.stage in self.derivation and self.derivation[self.stage].kind is Kind.LOCAL
        return parts.of if parts and local else ""

    def lights_layer(self, layer: Layer) -> bool:
        """Whether the stage is about a layer's units."""
        about = layer.holds(self.subject) and not any(link.weights == self.subject for link in self.graph.links)
        return about and (not self._made or layer.holds(self._made))

    def lights_link(self, link: Link) -> bool:
        """Whether the stage is about a link's weights, or about how one of its ends depends on the other."""
        if self._made:
            return link.makes == self._made and self.subject in (link.uses, link.weights)
        return bool(link.weights) and link.weights == self.subject

    def focus(self) -> int:
        """Return the number of the layer to keep in sight: one that is lit, or that a lit link leads to."""
        lit = [number for number, layer in enumerate(self.graph.layers) if self.lights_layer(layer)]
        lit += [link.target for link in self.graph.links if self.lights_link(link)]
        return lit[0] if lit else 0

    def told(self, layer: Layer) -> str:
        """Return the quantity whose values a layer's units show; empty where none is known yet."""
        if self.lights_layer(layer) and self._fits(self.stage, layer):
            return self.stage
        known = [name for name in layer.names if self._known(name)]
        return known[-1] if known else ""

    def unit(self, layer: Layer, number: int) -> float | None:
        """Return the value of one unit for the sample, None where it isn't known yet."""
        name = self.told(layer)
        return self._row(name, number) if name else None

    def weight(self, link: Link, source: int, target: int) -> float:
        """Return what a picture draws between two units: the weight, or its gradient or update where that is lit."""
        about = self.stage if self.lights_link(link) and self._like(self.stage, link.weights) else link.weights
        place = (target, source) if link.transposed else (source, target)
        return float(self.values[about][place])

    def click(self, name: str) -> str:
        """Return where a click on a quantity leads: in the backward pass to its adjoint, in an update to its update."""
        there = {"backward": derivative(self.derivation.loss, name), "update": updated(name)}.get(self.phase, name)
        return there if there in self.derivation else name

    def _known(self, name: str) -> bool:
        """Whether the stage comes no earlier than a quantity is made."""
        return self._order.get(name, -1) <= self._order.get(self.stage, len(self._order))

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self.derivation.by_name)}

    def _fits(self, name: str, layer: Layer) -> bool:
        rows, columns = self.values[name].shape
        return columns == layer.units and rows in (1, len(self.values[layer.names[-1]]))

    def _like(self, name: str, other: str) -> bool:
        return bool(self.values[name].shape == self.values[other].shape)

    def _row(self, name: str, number: int) -> float:
        value = self.values[name]
        return float(value[min(self.sample, len(value) - 1), number])


def spelled(name: str, transposed: bool = False) -> str:
    """Spell a quantity for a picture."""
    return plain(name) + ("ᵀ" if transposed else "")


def fitted(value: float, width: int) -> str:
    """Write a number in at most `width` characters, with as many digits as they allow."""
    if not isfinite(value):
        return str(value).replace("-", "−")[:width]
    texts = [_trimmed(format(value, f".{digits}{form}")) for digits in (4, 3, 2, 1, 0) for form in "ge"]
    near = [text for text in texts if len(text) <= width]
    beyond = "≈0" if abs(value) < 1 else "…"
    return next(iter(near), beyond).replace("-", "−")


def _trimmed(text: str) -> str:
    """Write an exponent without its plus sign and leading zeros: 2e-5."""
    number, mark, exponent = text.partition("e")
    return number + mark + (str(int(exponent)) if mark else "")
