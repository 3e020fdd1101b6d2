"""Ten thousand iterations of the lecture's network ahead: ``python -m tests.benchmarks ahead``.

Of hand-written NumPy nothing is kept; of this project the loss of every iteration, as training does, or all that the
stepper shows, as its trace does within its budget of memory. The losses are held against the trace's before anything
is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from backprop_tui.engine.fused import training_step
from backprop_tui.engine.trace import Trace
from backprop_tui.engine.training import Goal, Outcome, run_ahead

from . import ours
from .cases import CASES, Case
from .machine import installed
from .timing import Repeated, timed
from .training import print_table

COUNT: Final = 10_000
CHECKED: Final = 100


def main(turns: str = "5") -> None:
    """Print the table; the times are those of one iteration."""
    case = CASES[0]
    figures = timed(dict(_contestants(case)), int(turns), COUNT)
    place = {"network": case.name, "dtype": "float64", "task": f"{COUNT} iterations", "error": None}
    print_table({**place, "contestant": name, **figure._asdict()} for name, figure in figures.items())


def _contestants(case: Case) -> Iterator[tuple[str, Repeated]]:
    by_hand, trace = ours.by_hand(case), Trace(case.derivation, case.values)
    assert by_hand.steps is not None
    yield "NumPy by hand", by_hand.steps
    trace[CHECKED - 1]
    for engine in ("scalars", "numba") if installed("numba") else ("scalars",):
        step = training_step(case.derivation, engine=engine)
        np.testing.assert_allclose(step.run(case.values, CHECKED).losses, trace.losses(), rtol=1e-12)
        yield f"losses kept, {engine}", partial(step.run, case.values)
    yield "all kept, a trace", partial(_run_ahead, trace)


def _run_ahead(trace: Trace, count: int) -> Outcome:
    return run_ahead(trace.again(trace[0]), Goal(count - 1), lambda *_: None, lambda: False)
