"""The list of quantities, phase by phase, with the present one marked."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ...notation import plain

if TYPE_CHECKING:
    from ...calculus.derivation import Derivation


class StageList(OptionList, can_focus=False):
    """What is given and the stages, to click on; the keys belong to the screen."""

    _marked: str | None = None

    def fill(self, derivation: Derivation) -> None:
        """List the quantities under the headings of their phases."""
        phases = groupby(derivation, key=lambda stage: stage.kind.phase)
        groups = [("given", derivation.given), *((phase, [stage.name for stage in group]) for phase, group in phases)]
        self.clear_options()
        self._marked = None
        for heading, names in groups:
            self.add_option(Option(heading.upper(), disabled=True))
            self.add_options(Option(f" {plain(name)}", id=name) for name in names)

    def mark(self, name: str) -> None:
        """Mark the present quantity, by a sign as well as by its ground; what stands above it comes into sight too."""
        if name != self._marked:
            if self._marked is not None:
                self.replace_option_prompt(self._marked, f" {plain(self._marked)}")
            self.replace_option_prompt(name, f"▸{plain(name)}")
            self._marked = name
        position = self.highlighted = self.get_option_index(name)
        if self.scroll_offset.y >= position:
            self.scroll_to(y=position - 1, animate=False, immediate=True)
