"""Run a benchmark: ``python -m tests.benchmarks [NAME] [OPTIONS]``; without a name, all that is compared."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py") if "\ndef main(" in path.read_text("utf-8"))


def main(*arguments: str) -> None:
    """Run the benchmark that is named first."""
    name, *options = arguments or ("report",)
    if name.startswith("-"):
        name, options = "report", [name, *options]
    if name not in NAMES:
        sys.exit(f"no benchmark {name!r}: there are {', '.join(NAMES)}")
    import_module(f"{__package__}.{name}").main(*options)


if __name__ == "__main__":
    main(*sys.argv[1:])
