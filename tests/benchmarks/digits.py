"""A classifier of scikit-learn's digits, against its MLPClassifier: ``python -m tests.benchmarks digits``.

Both have 64-32-10 units, relu and softmax, the mean cross-entropy, plain gradient descent with the same rate, batches
and epochs, and the same 1440 samples, 45 full batches, to learn from. The 357 others are what accuracy is measured on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any, Final, NamedTuple
from warnings import catch_warnings

import numpy as np
from numpy.typing import DTypeLike
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from backprop_tui.engine.epochs import Training
from backprop_tui.engine.fused import training_step
from backprop_tui.network import read_network

from .cases import Array
from .timing import PAUSE

HIDDEN: Final = 32
RATE: Final = 0.1
EPOCHS: Final = 100
BATCH: Final = 32
SAMPLES: Final = 1440

NETWORK: Final = f"""
[network]
layers = [64, {HIDDEN}, 10]
activations = ["relu", "softmax"]
loss = "mean_cross_entropy"
bias = true

[data]
x = {{ file = "digits.npz", array = "x" }}
t = {{ file = "digits.npz", array = "t" }}

[random]
seed = %d

[training]
learning_rate = {RATE}
batch_size = {BATCH}
order = "shuffled"
"""


class Digits(NamedTuple):
    """Pictures of 8 by 8 greys from 0 to 1, a row each, and their digits: to learn from, and to be asked."""

    x: Array
    digits: Array
    asked: Array
    answers: Array


class Run(NamedTuple):
    """Seconds of training, seconds before it, and the share of right answers to what wasn't learned from."""

    seconds: float
    before: float
    accuracy: float


Contestant = Callable[[Digits, int, Path], Run]


def main(*arguments: str) -> None:
    """Print the table, or the same as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks digits")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--turns", type=int, default=7, help="trainings of each contestant, each from another seed")
    options = parser.parse_args(arguments)
    rows = list(_rows(options.turns))
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"digits 64-{HIDDEN}-10, {EPOCHS} epochs, batch {BATCH}; scikit-learn {version('scikit-learn')}")
    print(f"{'':24}{'ratio':>7}{'in all':>8}{'median':>10}{'least':>10}{'most':>10}{'before':>10}{'accuracy':>10}")
    for row in rows:
        times = "".join(f"{row[each] * 1e3:7.0f} ms" for each in ("median", "least", "most", "before"))
        print(f"{row['contestant']:24}{row['ratio']:7.3f}{row['in all']:8.3f}{times}{row['accuracy']:10.4f}")


def _rows(turns: int) -> Iterator[dict[str, Any]]:
    """Let everyone train in turns; ratios, without and with what is before, are to scikit-learn's of the same turn."""
    digits = _digits()
    runs: dict[str, list[Run]] = {name: [] for name in CONTESTANTS}
    with TemporaryDirectory() as folder:
        np.savez(Path(folder) / "digits.npz", x=digits.x, t=np.eye(10)[digits.digits])
        for seed in range(turns):
            for name, contestant in CONTESTANTS.items():
                sleep(PAUSE)
                runs[name].append(contestant(digits, seed, Path(folder)))
    first = next(iter(runs.values()))
    for name, own in runs.items():
        seconds = [run.seconds for run in own]
        pairs = list(zip(own, first, strict=True))
        yield {
            "contestant": name,
            "ratio": median(mine.seconds / theirs.seconds for mine, theirs in pairs),
            "in all": median((mine.before + mine.seconds) / theirs.seconds for mine, theirs in pairs),
            "median": median(seconds),
            "least": min(seconds),
            "most": max(seconds),
            "before": median(run.before for run in own),
            "accuracy": sum(run.accuracy for run in own) / turns,
        }


def _digits() -> Digits:
    pictures, digits = load_digits(return_X_y=True)
    x, asked, learned, answers = train_test_split(
        pictures / 16, digits, train_size=SAMPLES, random_state=0, stratify=digits
    )
    return Digits(x, learned, asked, answers)


def scikit_learn(digits: Digits, seed: int, folder: Path) -> Run:
    """MLPClassifier; what it adds to plain descent, momentum and a penalty, is off, and it doesn't stop early."""
    classifier = MLPClassifier(
        (HIDDEN,),
        solver="sgd",
        alpha=0.0,
        batch_size=BATCH,
        learning_rate_init=RATE,
        max_iter=EPOCHS,
        n_iter_no_change=EPOCHS + 1,
        momentum=0.0,
        random_state=seed,
    )
    with catch_warnings(action="ignore"):
        begun = perf_counter()
        classifier.fit(digits.x, digits.digits)
    return Run(perf_counter() - begun, 0.0, classifier.score(digits.asked, digits.answers))


def by_hand(digits: Digits, seed: int, folder: Path) -> Run:
    """NumPy as a lecturer writes it."""
    numbers, x, t = np.random.default_rng(seed), digits.x, np.eye(10)[digits.digits]
    W, V = (numbers.uniform(-1, 1, shape) * (6 / sum(shape)) ** 0.5 for shape in ((64, HIDDEN), (HIDDEN, 10)))
    b, c = np.zeros((1, HIDDEN)), np.zeros((1, 10))
    begun = perf_counter()
    for _ in range(EPOCHS):
        order = numbers.permutation(SAMPLES)
        for start in range(0, SAMPLES, BATCH):
            rows = order[start : start + BATCH]
            p = x[rows] @ W + b
            h = np.maximum(p, 0)
            z = h @ V + c
            raised = np.exp(z - z.max(axis=1, keepdims=True))
            y = raised / raised.sum(axis=1, keepdims=True)
            dz = (y - t[rows]) / BATCH
            dp = (dz @ V.T) * (p > 0)
            V -= RATE * (h.T @ dz)
            c -= RATE * dz.sum(axis=0)
            W -= RATE * (x[rows].T @ dp)
            b -= RATE * dp.sum(axis=0)
    seconds = perf_counter() - begun
    return Run(seconds, 0.0, _accuracy(digits, {"W1": W, "b1": b, "W2": V, "b2": c}))


def ours(dtype: DTypeLike) -> Contestant:
    """This project, as ``train`` runs it; before it trains, it reads the file, derives and generates code."""

    def contestant(digits: Digits, seed: int, folder: Path) -> Run:
        (folder / "network.toml").write_text(NETWORK % seed, "utf-8")
        begun = perf_counter()
        network = read_network(folder / "network.toml")
        step = training_step(network.derivation, dtype)
        step.run(network.start)
        before, training = perf_counter() - begun, Training(network, step)
        begun = perf_counter()
        training.run(EPOCHS, lambda: False, lambda _: None)
        return Run(perf_counter() - begun, before, _accuracy(digits, training.state.learned))

    return contestant


def _accuracy(digits: Digits, learned: dict[str, Array]) -> float:
    h = np.maximum(digits.asked @ learned["W1"] + learned["b1"], 0)
    return float(((h @ learned["W2"] + learned["b2"]).argmax(axis=1) == digits.answers).mean())


CONTESTANTS: Final[dict[str, Contestant]] = {
    "MLPClassifier": scikit_learn,
    "NumPy by hand": by_hand,
    "this project": ours(np.float64),
    "this project, float32": ours(np.float32),
}
