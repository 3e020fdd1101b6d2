"""The words of the chalkboard language: functions, losses, constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sympy import E, Expr, cos, exp, log, pi, sin, sqrt, tanh

from .functions import FUNCTIONS as DERIVED_FUNCTIONS
from .matrices import ColumnSums, LogSoftmax, LogSumExp, Mean, RowCount, RowSums, Softmax, Total

FUNCTIONS: Final[dict[str, Callable[[Expr], Expr]]] = {
    **DERIVED_FUNCTIONS,
    "tanh": tanh,
    "exp": exp,
    "log": log,
    "sqrt": sqrt,
    "sin": sin,
    "cos": cos,
}
"""Functions of each entry alone."""

NUMBER_FUNCTIONS: Final[dict[str, Callable[[Expr], Expr]]] = {
    name: FUNCTIONS[name] for name in ("tanh", "exp", "log", "sqrt", "sin", "cos")
}
"""Functions that may be applied to a plain number."""

MATRIX_FUNCTIONS: Final[dict[str, Callable[[Expr], Expr]]] = {
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
    "log_sum_exp": LogSumExp,
    "sum": Total,
    "mean": Mean,
    "rowsum": RowSums,
    "colsum": ColumnSums,
    "rows": RowCount,
}
"""Functions of several entries."""

LOSSES: Final = {
    "squared_error": "sum((y - t)**2)",
    "half_squared_error": "sum((y - t)**2)/2",
    "mean_squared_error": "mean((y - t)**2)",
    "absolute_error": "sum(abs(y - t))",
    "huber": "sum(huber(y - t))",
    "binary_cross_entropy": "-sum(t*log(y) + (1 - t)*log(1 - y))",
    "mean_binary_cross_entropy": "-mean(t*log(y) + (1 - t)*log(1 - y))",
    "cross_entropy": "-sum(t*log(y))",
    "mean_cross_entropy": "-sum(t*log(y))/rows(t)",
}
"""Losses by name, functions of the output y and the target t; each spells its factor."""

CONSTANTS: Final[dict[str, Expr]] = {"pi": pi, "e": E}

OTHER_WORDS: Final = {
    "ln": "log",
    "logistic": "sigmoid",
    "swish": "silu",
    "logsumexp": "log_sum_exp",
    "mse": "mean_squared_error",
    "sse": "squared_error",
    "bce": "binary_cross_entropy",
    "matmul": "@",
    "dot": "@",
    "transpose": ".T",
    "T": ".T",
    "^": "**",
}
"""What other languages call some of these."""
