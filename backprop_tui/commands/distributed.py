"""Training in several processes, on one machine or on many: JAX makes their devices one."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from threading import Thread
from typing import Final

import click

from ..errors import InputError, not_installed

WAYS: Final = "auto, where Slurm or Open MPI has started all, or ADDRESS:PORT,COUNT,NUMBER, numbers from 0"
PATIENCE: Final = 240.0
"""Seconds to wait for the other processes; after 300 JAX would end this one by itself, with a core dump."""

_TOLD: Final = 3.0
"""Seconds before a person is told what this one waits for."""


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
        raise not_installed(missing, "jax", "--distributed") from missing
    _keep_standard_output()
    jax.config.update("jax_enable_preemption_service", False)  # it would keep SIGTERM from ending this process

    def find() -> None:
        jax.distributed.initialize(*arguments)
        jax.devices()

    _in_time(find, started=bool(arguments))
    return jax.process_index() == 0


def _arguments(words: str) -> tuple[str, int, int] | tuple[()]:
    if words == "auto":
        return ()
    found = re.fullmatch(r"([^\s,:]+):(\d{1,5}),(\d{1,6}),(\d{1,6})", words)
    if found is None or not 0 < int(found[2]) < 1 << 16 or int(found[4]) >= int(found[3]):
        raise InputError(repr(words), WAYS, key="--distributed")
    return f"{found[1]}:{found[2]}", int(found[3]), int(found[4])


def _in_time(find: Callable[[], None], *, started: bool) -> None:
    """Find the others in a thread of its own, so that Ctrl-C ends the waiting."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            find()
        except (RuntimeError, ValueError, LookupError) as error:
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(_TOLD)
    if thread.is_alive():
        click.echo("waiting for the other processes", err=True)
        thread.join(PATIENCE)
    expected = "all processes started, and a free port of the first" if started else WAYS
    if thread.is_alive():
        raise InputError(f"not all processes came within {PATIENCE:.0f} seconds", expected, key="--distributed")
    if errors:
        told = (str(errors[0]).splitlines() or [""])[0].rstrip(".")
        raise InputError(told, expected, key="--distributed") from errors[0]


def _keep_standard_output() -> None:
    """Let what the libraries beneath JAX print by themselves go to standard error."""
    if sys.stdout is None or sys.stderr is None:
        return
    sys.stdout.flush()
    own = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)
    os.dup2(2, 1)
    sys.stdout = own
