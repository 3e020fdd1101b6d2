"""All that is compared, one after another: ``python -m tests.benchmarks``. It takes a quarter of an hour, and wants a
quiet machine.

Every network is raced in a process of its own. The large ones, where most of the time goes into matrix products, are
raced once more with `OPENBLAS_CORETYPE` changed: OpenBLAS then multiplies by other kernels.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.terminal import ROOT

from . import growth, readme, startup
from .cases import CASES, Case
from .machine import CORETYPE, machine
from .training import OURS, Row, missing, print_machine, print_table

TURNS: Final = 7
DTYPES: Final = ("float64", "float32")
LARGE: Final = CASES[2:]
OLDER: Final = "Haswell"
"""The processor whose kernels are taken where none is named in the environment."""

PATIENCE: Final = 300.0
"""Seconds for one network; it takes a minute."""

RECORD: Final = Path(__file__).parent / "measured.json"

BUSY: Final = 0.5
"""A load average above which there is more at work than this."""

Figures = dict[str, Any]


def main(*arguments: str) -> None:
    """Measure everything, and print it as a table, as JSON or as README's section."""
    options = _options(arguments)
    as_text = not (options.json or options.markdown or options.record)
    figures = measured(quick=options.quick, text=as_text)
    if options.json:
        print(json.dumps(figures, indent=1))
    if options.markdown:
        print(readme.section(figures))
    if options.record:
        RECORD.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
        readme.write(figures)
    sys.exit(any("failed" in row and row["contestant"] in (*OURS, EVERYONE) for row in figures["rows"]))


def _options(arguments: tuple[str, ...]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="fewer turns: 5 minutes, and figures that scatter more")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print README's section")
    form.add_argument("--record", action="store_true", help=f"write README's section, and the figures to {RECORD.name}")
    return parser.parse_args(arguments)


def measured(*, quick: bool, text: bool) -> Figures:
    """Measure everything; each part is printed when it is there, or only its name, to standard error."""
    tell: Callable[[str], None] = (lambda _: None) if text else (lambda word: print(word, file=sys.stderr, flush=True))
    show: Callable[..., None] = (lambda printed, *told: printed(*told)) if text else (lambda *_: None)
    figures: Figures = {"machine": machine(), "missing": missing(), "rows": []}
    show(print_machine, figures["machine"], figures["missing"])
    if float(figures["machine"]["load"]) > BUSY:
        print("the machine is busy: the figures will scatter, those of large networks most", file=sys.stderr)
    for case, dtype, kernels in _races(quick=quick):
        tell(f"{case.name}, {dtype} {kernels or ''}")
        rows = race(case, dtype, 3 if quick else TURNS, kernels)
        show(print_table, rows)
        figures["rows"] += rows
    tell("derivations")
    figures["growth"] = list(growth.rows(4 if quick else None))
    show(growth.print_table, figures["growth"])
    tell("starts")
    figures["startup"] = list(startup.rows(5 if quick else startup.STARTS))
    show(startup.print_table, figures["startup"])
    return figures


def _races(*, quick: bool) -> Iterator[tuple[Case, str, str | None]]:
    """Yield networks, dtypes, and for which processor OpenBLAS's kernels are, if not the usual ones."""
    for case in CASES:
        yield from ((case, dtype, None) for dtype in DTYPES)
    if not quick and platform.machine() in ("x86_64", "AMD64"):
        other = "unset" if CORETYPE in os.environ else OLDER
        yield from ((case, dtype, other) for case in LARGE for dtype in DTYPES)


EVERYONE: Final = "everyone"


def race(case: Case, dtype: str, turns: int, kernels: str | None) -> list[Row]:
    """Race a network in a process of its own; where that fails as a whole, the only row says how."""
    command = [sys.executable, "-m", __package__, "training", "--json"]
    command += ["--case", case.name, "--dtype", dtype, "--turns", str(turns)]
    place = {"kernels": kernels} if kernels else {}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=_environment(kernels), capture_output=True, text=True, timeout=PATIENCE
        )
        rows: list[Row] = json.loads(done.stdout)["rows"]
    except subprocess.TimeoutExpired:
        told = f"not done in {PATIENCE:.0f} s"
    except ValueError:
        told = f"exit status {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1][:200]}"
    else:
        return [{**row, **place} for row in rows]
    return [{"network": case.name, "dtype": dtype, **place, "contestant": EVERYONE, "failed": told}]


def _environment(kernels: str | None) -> Mapping[str, str]:
    rest = {name: value for name, value in os.environ.items() if name != CORETYPE}
    return os.environ if kernels is None else rest if kernels == "unset" else {**rest, CORETYPE: kernels}
