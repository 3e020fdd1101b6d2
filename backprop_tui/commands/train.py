"""The command ``train``: a network trained on all of its data, for as long as it takes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .. import gallery
from ..errors import InputError, nearest

if TYPE_CHECKING:
    from ..engine.epochs import Outcome, State, Training
    from ..engine.fused import TrainingStep
    from ..network import Network
    from .train_files import TrainFiles

DTYPES: Final = ("float64", "float32")


def _options(command: Callable[..., int]) -> Callable[..., int]:
    file = click.Path(path_type=Path)
    decorators = [
        click.option("--epochs", type=click.IntRange(1), required=True, help="How many; those resumed from count."),
        click.option("--engine", default="auto", help="auto, arrays, scalars, numba or jax; default: auto."),
        click.option("--dtype", default="float64", help="float64 or float32; default: float64."),
        click.option("--metrics", metavar="FILE.csv", type=file, help="Write loss, speed, accuracy of each epoch."),
        click.option("--save", metavar="FILE.npz", type=file, help="Write the state, each minute and at the end."),
        click.option("--resume", metavar="FILE.npz", type=file, help="Go on from a saved state, bit for bit."),
        click.option("--distributed", metavar="WHERE", help="One of several processes, for --engine jax; see README."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object, numbers at full precision."),
    ]
    return functools.reduce(lambda made, decorate: decorate(made), reversed(decorators), command)


@_options
def train(
    source: gallery.Source,
    epochs: int,
    engine: str,
    dtype: str,
    metrics: Path | None,
    save: Path | None,
    resume: Path | None,
    distributed: str | None,
    as_json: bool,
) -> int:
    """Train a network, epoch after epoch, on all of its data.

    Batches, their order, the optimiser and what is frozen are those of the network's file. Ctrl-C ends it cleanly
    after the present step, and saves.
    """
    import json

    from ..engine.accuracy import accuracy_of
    from ..engine.checkpoint import load
    from ..engine.epochs import Ending, Training
    from .train_files import TrainFiles

    _check_word("--dtype", dtype, DTYPES)
    network = gallery.read(source)
    files = TrainFiles(network, save, metrics)
    state = load(resume, network, dtype) if resume else None
    accuracy = accuracy_of(network, dtype)
    leads = distributed is None or _joined(distributed, engine)
    files = files if leads else TrainFiles(network, None, None)
    step = _step(network, engine, dtype)
    training = Training(network, step, state, accuracy if metrics else None)
    outcome = _run(training, epochs, files, shown=leads)
    files.list(training.state)
    if outcome.ending is Ending.NOT_FINITE:
        return _say(1, f"iteration {outcome.iteration}: the loss is NaN or infinity")
    files.save(training.state)
    share = accuracy(training.values) if accuracy else None
    result = _result(training, network=network.name, engine=step.engine, dtype=dtype, accuracy=share)
    if leads:
        click.echo(json.dumps(result) if as_json else _told(result))
    if outcome.ending is Ending.STOPPED:
        return _say(130, f"stopped; {f'--resume {save} goes on' if save else 'nothing is saved without --save'}")
    return 0


def _say(code: int, words: str) -> int:
    """Tell a person why it ends here, and return the exit code that says so."""
    click.echo(f"backprop-tui: {words}", err=True)
    return code


def _check_word(option: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise InputError(repr(word), f"one of {', '.join(known)}", key=option, nearest=nearest(word, known))


def _step(network: Network, engine: str, dtype: str) -> TrainingStep:
    """Make the step of an engine; the single numbers of scalars are Python's own, always of double precision."""
    from ..engine.fused import ENGINES, training_step

    _check_word("--engine", engine, ENGINES)
    if dtype == "float32" and engine == "scalars":
        raise InputError("scalars in float32", "arrays, numba or jax, or float64", key="--engine")
    chosen = "arrays" if dtype == "float32" and engine == "auto" else engine
    try:
        return training_step(network.derivation, dtype, chosen)
    except NotImplementedError as error:
        raise InputError(str(error), key=f"--engine {chosen}") from None


def _joined(distributed: str, engine: str) -> bool:
    """Join the other processes, before the engine looks for their devices; return whether this one leads."""
    from .distributed import join

    if engine != "jax":
        raise InputError(f"--engine {engine}", "--engine jax", key="--distributed")
    return join(distributed)


def _run(training: Training, epochs: int, files: TrainFiles, *, shown: bool) -> Outcome:
    from .progress import Length, Progress

    length, done = Length(epochs, training.steps, training.rows), training.state.iteration
    if done >= epochs * training.steps:
        raise InputError(f"{epochs}, and {done // training.steps} are complete", "more", key="--epochs")
    with _interrupts() as interrupted, Progress(length, done) if shown else nullcontext() as progress:
        wrong: list[InputError] = []

        def report(state: State) -> None:
            if progress is not None:
                progress(state)
            try:
                files.now_and_then(state)
            except InputError as error:
                wrong.append(error)

        outcome = training.run(epochs, lambda: interrupted() or bool(wrong), report)
    if wrong:
        raise wrong[0]
    return outcome


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether Ctrl-C was pressed; pressed again, it ends everything at once."""
    import signal

    pressed = False

    def press(number: int, frame: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(number, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _result(training: Training, **words: Any) -> dict[str, Any]:
    state = training.state
    seconds = state.seconds + sum(epoch.seconds for epoch in state.epochs)
    return {
        **words,
        "epochs": len(state.epochs),
        "iterations": state.iteration,
        "loss": state.loss,
        "seconds": seconds,
        "samples_per_second": state.iteration * training.rows / seconds,
    }


def _told(result: dict[str, Any]) -> str:
    accuracy = "" if result["accuracy"] is None else f", accuracy {result['accuracy']:.4f}"
    rate = f"{result['samples_per_second']:,.0f} samples/s ({result['engine']}, {result['dtype']})"
    return f"{result['epochs']} epochs, {result['iterations']} steps: loss {result['loss']:.6g}{accuracy}, {rate}"
