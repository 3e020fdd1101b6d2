"""A network opened for the app: read, derived, run as far as is wanted. A worker's task: it imports what is slow."""

from __future__ import annotations

from .. import gallery
from ..network.moment import moment_at
from .moments import recall
from .session import Session
from .typeset import StageTexts
from .walkthrough import Walkthrough, Wanted


def opened(source: gallery.Source, wanted: Wanted) -> tuple[Session, StageTexts, Walkthrough]:
    """Return a session on a network, its texts, and a walkthrough at the wanted place.

    Raises
    ------
    InputError
        Where the network can't be used, or has no such place.

    """
    session = Session(gallery.read(source))
    derivation = session.network.derivation
    walkthrough = Walkthrough(session.trace)
    moment = moment_at(derivation, wanted.at, wanted.iteration, wanted.cell, session.network.moment)
    recall(walkthrough, moment)
    session.trace.loss(moment.iteration)
    return session, StageTexts(derivation), walkthrough
