"""Others' printed figures, as ``published.toml`` beside a network holds them, and the run they recorded."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import gallery
from .calculus.derivation import Derivation
from .calculus.mistakes import STALE, Mistakes, with_mistakes
from .errors import InputError
from .network import Matrix, Network


@dataclass(frozen=True)
class RecordedRun:
    """A run that was recorded with mistakes in it.

    Attributes
    ----------
    mistakes:
        What was wrong with it.
    stale_signal:
        The constant that stood in place of an error signal.

    """

    mistakes: Mistakes
    stale_signal: Matrix

    def derivation(self, derivation: Derivation) -> Derivation:
        """Return a network's derivation with the mistakes in it."""
        return with_mistakes(derivation, self.mistakes)

    def start(self, network: Network) -> dict[str, Matrix]:
        """Return what the run starts from."""
        return {**network.start, STALE: self.stale_signal}

    def without(self, **switched: Any) -> RecordedRun:
        """Return the run with some mistakes switched off."""
        return replace(self, mistakes=replace(self.mistakes, **switched))


def published(name: str) -> Mapping[str, Any]:
    """Return the figures published for a network of the gallery, empty where there are none."""
    path = gallery.folder() / name / gallery.PUBLISHED_FILE
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def recorded_run(network: Network) -> RecordedRun:
    """Return the recorded run of a network of the gallery.

    Raises
    ------
    InputError
        Where none was recorded.

    """
    ships = network.source is not None and network.source.resolve().parent == gallery.folder().resolve() / network.name
    figures = published(network.name) if ships else {}
    if "recorded_run" not in figures:
        having = [each for each in gallery.names() if "recorded_run" in published(each)]
        raise InputError(
            f"{network.name} has no recorded run to replay", f"a network that has one: {', '.join(having)}"
        )
    told = dict(figures["recorded_run"]["mistakes"])
    signal = np.array(told.pop("stale_signal"), dtype=float)
    return RecordedRun(Mistakes(**told), signal)
