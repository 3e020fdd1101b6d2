"""README's section on speed, made of the figures that were measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .machine import CORETYPE

README: Final = Path(__file__).parents[2] / "README.md"
BEGUN: Final = "<!-- python -m tests.benchmarks --record writes from here -->"
ENDED: Final = "<!-- to here -->"

HAND: Final = "NumPy by hand"
CHOSEN: Final = "this project"
TITLES: Final = {
    "compiled by numba": "with numba",
    "derived, on JAX": "with JAX",
    "its matrix products alone": "products alone",
    "PyTorch, eager": "PyTorch",
    "PyTorch, compiled": "torch.compile",
    "JAX, jit": "JAX jit",
    "HIPS autograd": "autograd",
}
"""Of columns; contestants that aren't here are called what they are."""

HIDDEN: Final = {HAND, "arrays", "scalars, arrays in and out", "scalars, floats in and out"}
"""Contestants without a column: the first is 1, of the others `CHOSEN` is the one that the project takes by itself."""

EXTRAS: Final = {"compiled by numba", "derived, on JAX"}
OWN: Final = HIDDEN | EXTRAS | {"its matrix products alone"}
"""Contestants that are no one else's; of them those that need an extra."""

Row = Mapping[str, Any]


def write(figures: Mapping[str, Any]) -> None:
    """Put the section into README."""
    text = README.read_text("utf-8")
    README.write_text(replaced(text, section(figures)), "utf-8", newline="\n")


def replaced(text: str, made: str) -> str:
    """Return README's text with another section."""
    before, rest = text.split(BEGUN)
    _, after = rest.split(ENDED)
    return f"{before}{BEGUN}\n{made}\n{ENDED}{after}"


def section(figures: Mapping[str, Any]) -> str:
    """Return the section, without its heading."""
    rows = [row for row in figures["rows"] if "failed" not in row]
    parts = [_measured_on(figures)]
    for dtype in dict.fromkeys(row["dtype"] for row in rows):
        own = [row for row in rows if row["dtype"] == dtype]
        parts += [f"In {dtype}:", _race([row for row in own if "kernels" not in row])]
        parts += filter(None, [_lost([row for row in own if "kernels" not in row])])
        if others := [row for row in own if "kernels" in row]:
            parts += [f"<details><summary>{dtype}, other kernels</summary>", _race(others), "</details>"]
    parts += [_growth(figures["growth"]), _startup(figures["startup"])]
    return "\n\n".join(parts)


def _measured_on(figures: Mapping[str, Any]) -> str:
    told = dict(figures["machine"])
    processor, cores, coretype, load = (told.pop(name) for name in ("processor", "cores", CORETYPE, "load"))
    versions = ", ".join(f"{name} {version}" for name, version in told.items())
    failed = [
        f"{row['contestant']} failed on {row['network']} in {row['dtype']}"
        for row in figures["rows"]
        if "failed" in row
    ]
    left_out = [*(f"{name} was not installed" for name in figures["missing"]), *failed]
    out = f" {'; '.join(left_out)}." if left_out else ""
    where = f"{processor}, {cores} cores, load average {load} before"
    return f"Measured on {where}; {versions}; `{CORETYPE}` {coretype}.{out}"


def _race(rows: Sequence[Row]) -> str:
    """Return a table with a line for each network and task."""
    lines: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        kernels = f", `{row['kernels']}`" if "kernels" in row else ""
        lines.setdefault((row["network"] + kernels, row["task"]), []).append(row)
    named = {title: None for row in rows if (title := _title(row))}
    columns = [CHOSEN, *(name for name in named if name != CHOSEN)]
    table = [["network", "", *columns, f"{HAND} takes"]]
    for (network, task), own in lines.items():
        ratios = {title: row["ratio"] for row in own if (title := _title(row))}
        best = min([1.0, *(ratio for title, ratio in ratios.items() if title != TITLES["its matrix products alone"])])
        cells = [_cell(ratios[name], best) if name in ratios else "" for name in columns]
        (seconds,) = (row["median"] for row in own if row["contestant"] == HAND)
        table.append([network, task, *cells, _time(seconds)])
    return _table(table)


def _lost(rows: Sequence[Row]) -> str:
    """Say where another library, or NumPy by hand, is faster than this project."""
    lost = []
    for network, task in dict.fromkeys((row["network"], row["task"]) for row in rows):
        own = {row["contestant"]: row for row in rows if (row["network"], row["task"]) == (network, task)}
        ours = next(row["ratio"] for row in own.values() if row["chosen"])
        others = [row for name, row in own.items() if name not in OWN or name == HAND]
        best = min(others, key=lambda row: float(row["ratio"]))
        if best["ratio"] < ours:
            name = TITLES.get(best["contestant"], best["contestant"])
            faster = [name for name in sorted(EXTRAS & own.keys()) if own[name]["ratio"] <= best["ratio"]]
            but = "".join(f"; {TITLES[name]} {_told(own[name]['ratio'])}" for name in faster)
            lost.append(f"{name} in the {task} of {network} ({_told(best['ratio'])} to {_told(ours)}{but})")
    return f"Faster than this project: {'; '.join(lost)}." if lost else ""


def _title(row: Row) -> str | None:
    name = row["contestant"]
    return CHOSEN if row["chosen"] else None if name in HIDDEN else TITLES.get(name, name)


def _cell(ratio: float, best: float) -> str:
    return f"**{_told(ratio)}**" if ratio == best else _told(ratio)


def _told(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.3f}"


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.0f} µs"


def _growth(rows: Sequence[Row]) -> str:
    depths = [row for row in rows if row["along"] == "depth"]
    table = [
        ["layers", *(str(row["size"]) for row in depths)],
        ["all gradients derived", *(_milliseconds(row["seconds"]) for row in depths)],
        ["from equations to code, cache warm", *(_milliseconds(row["to code"]) for row in depths)],
    ]
    return f"{_table(table)}\n\n{' '.join(_flat(rows))}"


def _flat(rows: Sequence[Row]) -> Iterator[str]:
    """Tell how little a derivation's cost depends on widths and on the batch."""
    for along, word in (("width", "widths"), ("batch", "batches")):
        own = [row for row in rows if row["along"] == along]
        costs = [row["seconds"] for row in own]
        span = f"{_milliseconds(min(costs))} to {_milliseconds(max(costs))}"
        yield f"Two layers, {word} from {own[0]['size']} to {own[-1]['size']}: {span}."


def _startup(rows: Sequence[Row]) -> str:
    table = [["from the start of the program to", "", ""]]
    for row in rows:
        if "beside" not in row:
            continue
        name, over = row["start"], f"{1000 * row['over']:.0f} ms over {row['beside']}"
        told = over if name in ("--version", "--help", "list") else f"{row['ratio']:.2f} of {row['beside']}"
        what = name if name.startswith("first") else f"the end of `backprop-tui {name}`"
        table.append([what, _milliseconds(row["median"]), told])
    return _table(table)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


def _table(cells: Sequence[Sequence[str]]) -> str:
    heading, *lines = (f"| {' | '.join(row)} |" for row in cells)
    return "\n".join([re.sub(r"\s+\|", " |", heading), "|" + "---|" * len(cells[0]), *lines])
