"""The list of stages, phase by phase, with the present one marked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ...notation import plain

if TYPE_CHECKING:
    from ...calculus.stages import Stage


class StageList(OptionList, can_focus=False):
    """Stages to click on; the keys belong to the app."""

    def show(self, stages: Sequence[Stage]) -> None:
        """List the stages under the headings of their phases."""
        self.clear_options()
        position = 0
        for phase, members in groupby(stages, key=lambda stage: stage.kind.phase):
            self.add_option(Option(phase.upper(), disabled=True))
            for stage in members:
                self.add_option(Option(f" {plain(stage.name)}", id=str(position)))
                position += 1

    def mark(self, position: int) -> None:
        """Mark the present stage; the headings above the first one stay in sight with it."""
        self.highlighted = self.get_option_index(str(position))
        if position == 0:
            self.scroll_home(animate=False)
