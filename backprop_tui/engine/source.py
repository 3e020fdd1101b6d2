"""Generated source made into a function, its lines kept for tracebacks and `inspect.getsource`."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any, Final

_NUMBERS: Final = count()


_AS_NAME: Final = str.maketrans({".": "_", "-": "m", "+": "p"})


def constant_name(value: float) -> str:
    """Return a name for a number, another for each."""
    return "_" + repr(value).translate(_AS_NAME)


def function(name: str, takes: Iterable[str], body: Iterable[str], namespace: Mapping[str, Any]) -> Callable[..., Any]:
    """Define a function.

    Parameters
    ----------
    name, takes:
        What it is called, and its parameters.
    body:
        Its lines, indented from the second level on.
    namespace:
        Its globals.

    """
    lines = [f"def {name}({', '.join(takes)}):", *(f"    {line}" for line in body)]
    text, file = "\n".join(lines) + "\n", f"<generated {name} {next(_NUMBERS)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    known = dict(namespace)
    exec(compile(text, file, "exec"), known)
    made: Callable[..., Any] = known[name]
    return made
