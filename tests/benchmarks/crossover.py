"""Where arrays overtake single numbers: ``python -m tests.benchmarks crossover``.

Square networks of growing widths make steps in both engines. Beside the times stands what `engine.costs` reckons, by
which the engine is chosen.
"""

from __future__ import annotations

from typing import Final

from backprop_tui.engine.fused.array_code import lowered
from backprop_tui.engine.fused.costs import array_cost, scalar_cost
from backprop_tui.engine.fused.engines import training_step
from backprop_tui.engine.fused.steps import step_schedule

from .cases import Case
from .timing import timed

WIDTHS: Final = (2, 4, 6, 8, 10, 12, 16)
BATCHES: Final = (1, 4, 16)
ENGINES: Final = ("arrays", "scalars")


def main(turns: str = "7") -> None:
    """Print the table, in microseconds a step."""
    print(f"{'':20}{'measured':>20}{'reckoned':>20}{'faster':>20}\n{'':20}" + f"{'arrays':>10}{'scalars':>10}" * 2)
    for batch in BATCHES:
        for width in WIDTHS:
            _row(Case(f"{width}-{width}-{width}, batch {batch}", (width,) * 3, batch), int(turns))


def _row(case: Case, turns: int) -> None:
    steps = {name: training_step(case.derivation, engine=name) for name in ENGINES}
    runs = {name: lambda count, step=step: step.run(case.values, count) for name, step in steps.items()}
    measured = [figure.median * 1e6 for figure in timed(runs, turns).values()]
    scheduled = step_schedule(case.derivation)
    reckoned = [array_cost(lowered(scheduled)) / 1e3, scalar_cost(scheduled) / 1e3]
    faster = [ENGINES[costs.index(min(costs))] for costs in (measured, reckoned)]
    told = faster[0] if len(set(faster)) == 1 else f"{faster[0]}, not {faster[1]}"
    print(f"{case.name:20}" + "".join(f"{each:10.1f}" for each in (*measured, *reckoned)) + f"{told:>20}")
