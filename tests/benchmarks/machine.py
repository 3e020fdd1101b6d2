"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

PACKAGES: Final = ("sympy", "textual", "numba", "torch", "jax", "autograd", "micrograd", "tensorgrad", "casadi")
CORETYPE: Final = "OPENBLAS_CORETYPE"
"""OpenBLAS takes the kernels of this processor instead of its own choice."""


def installed(package: str) -> str:
    """Return a package's version, empty where it isn't installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def machine() -> dict[str, str]:
    """Return the processor, and the versions of what is timed."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "Python": platform.python_version(),
        "numpy": installed("numpy"),
        "BLAS": _blas(),
        CORETYPE: os.environ.get(CORETYPE, "unset"),
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "nan",
    } | {package: found for package in PACKAGES if (found := installed(package))}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{next(models, platform.processor())} ({platform.machine()})"


def _blas() -> str:
    """Name the linear algebra library that NumPy multiplies with, and whose kernels it chose, if that can be known."""
    import numpy as np

    configured = np.show_config(mode="dicts")
    built = configured["Build Dependencies"]["blas"] if isinstance(configured, dict) else {}
    named = f"{built.get('name', 'unknown')} {built.get('version', '')}".strip()
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return named
    kernels = {each["architecture"] for each in threadpool_info() if each.get("internal_api") == "openblas"}
    return f"{named} with kernels for {', '.join(sorted(kernels))}" if kernels else named
