"""Graphs to functions: NumPy, Numba and JAX."""

from __future__ import annotations

from typing import Any

from astragal.graph.expr import Expr


def evaluate(expr: Expr, backend: str = "numpy") -> Any:
    """Compute an expression that has no inputs.

    Examples
    --------
    >>> import astragal as ag
    >>> float(ag.evaluate(ag.exp(0.0)))
    1.0
    """
    from astragal.compile import numpy as numpy_backend
    from astragal.random.lower import lower_random

    return numpy_backend.compile_numpy([], lower_random([expr]))()[0]
