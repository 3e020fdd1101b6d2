"""A training's epochs as a table of comma-separated values."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from io import StringIO
from typing import Final

from ..engine.epochs import Epoch

COLUMNS: Final = ("epoch", "loss", "seconds", "samples_per_second", "accuracy")


def render(epochs: Sequence[Epoch], samples: int) -> str:
    """Return a line for each epoch, counted from 1, after a line of headings; numbers at full precision.

    Parameters
    ----------
    epochs:
        What has been.
    samples:
        How many samples an epoch takes.

    """
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for number, epoch in enumerate(epochs, 1):
        accuracy = "" if math.isnan(epoch.accuracy) else epoch.accuracy
        table.writerow([number, epoch.loss, epoch.seconds, samples / epoch.seconds, accuracy])
    return text.getvalue()
