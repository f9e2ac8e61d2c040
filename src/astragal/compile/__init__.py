"""Graphs to functions: NumPy, Numba and JAX."""

from __future__ import annotations

from typing import Any

import numpy as np

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

    with np.errstate(all="ignore"):
        return numpy_backend.run([], [expr], [])[0]
