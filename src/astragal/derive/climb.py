"""Climbing to a mode by few gradients.

SciPy's L-BFGS-B takes longer than the densities of small models: its linear algebra wakes
threads at each step, and importing it takes as long as deriving a dozen of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Height = Callable[[Array], tuple[float, Array]]
"""The log density at a place, and its gradient."""

_KEPT, _TRIED = 10, 20
_ENOUGH, _STEEP = 1e-4, 0.9
"""Of the rise that a slope promises what must be gained; of the slope what may be left."""


def climb(
    height: Height, start: Array, steps: int, *, gain: float = 1e-9
) -> tuple[float, Array] | None:
    """Climb by limited-memory BFGS (Nocedal & Wright 2006, Numerical Optimization, algorithm 7.5).

    Parameters
    ----------
    height
        What is climbed; a place where it is not finite is not gone to.
    start
        Where to begin.
    steps
        Most steps; there are at most twice as many gradients.
    gain
        Relative gain of a step at which it is high enough.

    Returns
    -------
    (height, place) or None
        None where the start has no height.

    Examples
    --------
    >>> top = climb(lambda x: (-float((x - 1.0) @ (x - 1.0)), -2.0 * (x - 1.0)), np.zeros(3), 20)
    >>> np.round(top[1], 6).tolist()
    [1.0, 1.0, 1.0]
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _climb(height, np.array(start, float), steps, gain)


def _climb(height: Height, x: Array, steps: int, gain: float) -> tuple[float, Array] | None:
    f, g = height(x)
    if not _known(f, g):
        return None
    left = [2 * steps - 1]
    pairs: list[tuple[Array, Array]] = []
    for _ in range(steps):
        way = _newton(g, pairs)
        if not float(way @ g) > 0.0 or left[0] <= 0:
            break
        found = _along(height, x, f, g, way, left)
        if found is None:
            break
        new, f_new, g_new = found
        step, turn = new - x, g - g_new
        if math.inf > float(step @ turn) > 1e-10 * float(turn @ turn):
            pairs = [*pairs[1 - _KEPT :], (step, turn)]
        gained = f_new - f
        x, f, g = new, f_new, g_new
        if gained <= gain * max(abs(f), 1.0):
            break
    return f, x


def _along(
    height: Height, x: Array, f: float, g: Array, way: Array, left: list[int]
) -> tuple[Array, float, Array] | None:
    """Go along a line until it is higher, and less steep; half as far, or further, until then."""
    rise = float(way @ g)
    low, length, high, best = 0.0, 1.0, math.inf, None
    for _ in range(min(_TRIED, left[0])):
        new = x + length * way
        f_new, g_new = height(new)
        left[0] -= 1
        if not (_known(f_new, g_new) and f_new >= f + _ENOUGH * length * rise):
            high = length
            shorter = low + (length - low) * _share(f_new - f, length * rise)
            length = shorter if low == 0.0 else 0.5 * (low + high)
            continue
        best = new, f_new, g_new
        if float(way @ g_new) <= _STEEP * rise:
            break
        low = length
        length = 4.0 * low if high == math.inf else 0.5 * (low + high)
    return best


def _known(f: float, g: Array) -> bool:
    return math.isfinite(f) and bool(np.isfinite(g).all())


def _share(gained: float, promised: float) -> float:
    """Give the top of the parabola through what was found, within a tenth and a half."""
    if not math.isfinite(gained):
        return 0.25
    return min(max(0.5 * promised / (promised - gained), 0.1), 0.5)


def _newton(g: Array, pairs: list[tuple[Array, Array]]) -> Array:
    """Multiply a gradient with the inverse of the curvature that steps have shown."""
    if not pairs:
        # One unit at first: gradients far off may be too large to be squared.
        most = float(np.abs(g).max(initial=0.0))
        return g / max(most * float(np.sqrt(np.square(g / (most or 1.0)).sum())), 1.0)
    out = g.copy()
    shares = []
    for s, y in reversed(pairs):
        share = float(s @ out) / float(s @ y)
        out -= share * y
        shares.append(share)
    s, y = pairs[-1]
    out *= float(s @ y) / float(y @ y)
    for (s, y), share in zip(pairs, reversed(shares), strict=True):
        out += s * (share - float(y @ out) / float(s @ y))
    return out
