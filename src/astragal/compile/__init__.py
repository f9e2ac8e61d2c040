"""Graphs to functions: NumPy, Numba and JAX."""

from __future__ import annotations

from astragal.compile.function import BACKENDS, Function, evaluate, function
from astragal.compile.keyarray import KeyArray
from astragal.compile.shared import Shared, shared

__all__ = ["BACKENDS", "Function", "KeyArray", "Shared", "evaluate", "function", "shared"]
