"""What the command palette finds: every action, and every stage and iteration to go to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from ..notation import plain
from .actions import ACTIONS, STEPPING

if TYPE_CHECKING:
    from .screens.stepper import StepperScreen


class Command(NamedTuple):
    """Something to find by its words."""

    words: str
    run: Callable[[], object]
    told: str = ""


class _Found(Provider):
    """Commands found by letters in their words; all of them where nothing is typed."""

    def commands(self, query: str) -> Iterator[Command]:
        """Yield what there is to find."""
        raise NotImplementedError

    @property
    def stepper(self) -> StepperScreen:
        """The screen that is stepped through."""
        from .screens.stepper import StepperScreen

        return next(screen for screen in self.app.screen_stack if isinstance(screen, StepperScreen))

    async def discover(self) -> Hits:
        for words, run, told in self.commands(""):
            yield DiscoveryHit(words, run, help=told)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, run, told in self.commands(query):
            if (score := matcher.match(words)) > 0:
                is_whole = words.endswith(f" {query.strip()}")
                yield Hit(score + is_whole, matcher.highlight(words), run, help=told)


class ActionCommands(_Found):
    """Every action, by the sentence that the help has for it."""

    def commands(self, query: str) -> Iterator[Command]:
        del query
        for action in ACTIONS:
            of = self.stepper if action in STEPPING else self.app
            yield Command(action.sentence, partial(of.run_action, action.name), f"key {action.shown}")


class GoToCommands(_Found):
    """Every quantity, and the iteration whose number is typed."""

    def commands(self, query: str) -> Iterator[Command]:
        number = query.lower().removeprefix("go to").removeprefix("iteration").strip()
        if number.isdecimal():
            yield Command(f"go to iteration {number}", partial(self.stepper.go_to_iteration, int(number)))
        for name, told in self.stepper.places():
            yield Command(f"go to {name}", partial(self.stepper.go, name), f"{plain(name)}, {told}")
