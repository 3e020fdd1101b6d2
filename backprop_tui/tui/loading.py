"""A network opened for the app: read, derived, run as far as is shown first. A worker does it: the imports are slow."""

from __future__ import annotations

from collections.abc import Callable

from .. import gallery
from ..network.moment import moment_at
from .moments import recall
from .session import Session
from .typeset import StageTexts
from .walkthrough import Walkthrough, Wanted


def opened(
    source: gallery.Source, wanted: Wanted, cancelled: Callable[[], bool]
) -> tuple[Session, StageTexts, Walkthrough]:
    """Return a session on a network, its texts, and a walkthrough at the wanted place.

    Where it lies far ahead, `cancelled` is asked before each iteration whether to leave the rest for when it is needed.

    Raises
    ------
    InputError
        Where the network can't be used, or has no such place.

    """
    session = Session(gallery.read(source), cancelled)
    derivation = session.network.derivation
    walkthrough = Walkthrough(session.trace)
    moment = moment_at(derivation, wanted.at, wanted.iteration, wanted.cell, session.network.moment)
    recall(walkthrough, moment)
    if session.begin(moment.iteration):
        walkthrough.loss()
        session.trace[moment.iteration][moment.stage]
    return session, StageTexts(derivation), walkthrough
