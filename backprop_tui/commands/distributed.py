"""Training in several processes, on one machine or on many: JAX makes their devices one."""

from __future__ import annotations

import os
import re
import sys

from ..errors import InputError

EXPECTED = "auto, where Slurm or Open MPI has started all, or ADDRESS:PORT,COUNT,NUMBER, numbers from 0"


def join(words: str) -> bool:
    """Wait until all processes are there.

    Parameters
    ----------
    words:
        ``auto``, or the address of the first process and a free port of it, how many there are, and which this is.

    Returns
    -------
    leads:
        Whether this is the process that shows and writes what comes of it.

    Raises
    ------
    InputError
        Where the words are wrong, the processes don't find each other, or jax isn't installed.

    """
    arguments = _arguments(words)
    try:
        import jax
    except ModuleNotFoundError as missing:
        expected = "pip install 'backprop-tui[jax]'"
        raise InputError(f"{missing.name} isn't installed", expected, key="--distributed") from missing
    _keep_standard_output()
    try:
        jax.distributed.initialize(*arguments)
    except (RuntimeError, ValueError) as error:
        raise InputError(str(error).splitlines()[0].rstrip("."), EXPECTED, key="--distributed") from error
    return jax.process_index() == 0


def _arguments(words: str) -> tuple[str, int, int] | tuple[()]:
    if words == "auto":
        return ()
    found = re.fullmatch(r"([^\s,]+:\d+),(\d+),(\d+)", words)
    if found is None or int(found[3]) >= int(found[2]):
        raise InputError(repr(words), EXPECTED, key="--distributed")
    return found[1], int(found[2]), int(found[3])


def _keep_standard_output() -> None:
    """Let what the libraries beneath JAX print by themselves go to standard error."""
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.stdout = own
