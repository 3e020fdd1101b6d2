"""A training step as one function: forward pass, loss, all gradients, updates, generated from a derivation.

The matrix forms of the stages become a `schedule` of lines, each computed once and only where it is needed. Four
engines run it: ``arrays`` calls NumPy and writes into arrays made once; ``scalars`` is straight-line Python over single
numbers; ``numba`` compiles that code for a small network, and for a larger one loops over entries in place of NumPy's
calls, with the extra ``fast``; ``jax`` has XLA compile the lines for one device or several, with the extra ``jax``.
``auto`` counts operations and takes arrays or scalars, whichever costs less by the times in `costs`.
"""

from .engines import ENGINES, training_step
from .steps import Batches, Gradients, Trained, TrainingStep

__all__ = ["ENGINES", "Batches", "Gradients", "Trained", "TrainingStep", "training_step"]
