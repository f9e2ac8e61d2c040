"""Coordinates in which skewed laws are log-concave, to draw from parts of them.

A normal density times a normal distribution function is log-concave, as both are. Its mode has no
formula; it is the root of a slope that Newton's method finds from one side.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import while_loop
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.distribution import Standard
from astragal.random.normal_tail import mills
from astragal.random.once import once

_ROOT = math.sqrt(2 * math.pi)


@once
def _log_normal_rest(u: Expr) -> Expr:
    """Log of the normal distribution function, less -u^2 / 2 where u is negative."""
    ratio = mills(e.abs(u))
    below = exact.log(ratio * (1.0 / _ROOT))
    above = exact.log1p(-exact.exp(-0.5 * u * u) * ratio * (1.0 / _ROOT))
    return where(u < 0.0, below, above)


def _log_normal_drop(u: Expr, v: Expr) -> Expr:
    """Log of the normal distribution function at u less that at v."""
    p, q = e.minimum(u, 0.0), e.minimum(v, 0.0)
    return 0.5 * (q - p) * (q + p) + (_log_normal_rest(u) - _log_normal_rest(v))


@once
def _slope(u: Expr) -> Expr:
    """Slope of the log of the normal distribution function, which falls."""
    size = e.abs(u)
    upper = _ROOT * exact.exp(0.5 * e.minimum(size * size, 1400.0)) - mills(size)
    return 1.0 / where(u < 0.0, mills(size), upper)


def _newton(step: Callable[[Expr], Expr], start: Expr) -> Expr:
    """Go on by steps until they are small."""
    end = while_loop(
        lambda s: (e.abs(s[1]) > 1e-9 * (1.0 + e.abs(s[0]))) & (s[2] < 300.0),
        lambda s: _stepped(s[0], step(s[0]), s[2]),
        (start, start * 0.0 + 1.0, start * 0.0),
    )
    found: Expr = end[0]
    return found


def _stepped(x: Expr, by: Expr, count: Expr) -> tuple[Expr, Expr, Expr]:
    return x + by, by, count + 1.0


def _skew_normal_mode(alpha: Expr) -> Expr:
    # With u = |alpha| z: alpha^2 slope(u) = u, convex on the left of its root.
    square = alpha * alpha

    def step(u: Expr) -> Expr:
        s = _slope(u)
        return (square * s - u) / (1.0 + square * s * (u + s))

    u = _newton(step, alpha * 0.0)
    return u / where(e.equal(alpha, 0.0), 1.0, alpha)


def _skew_normal_drop(a: Expr, b: Expr, alpha: Expr) -> Expr:
    return 0.5 * (b - a) * (b + a) + _log_normal_drop(alpha * a, alpha * b)


def _ex_gaussian_mode(rate: Expr) -> Expr:
    # slope(u) = rate, where u is the coordinate less the rate.
    def step(u: Expr) -> Expr:
        s = _slope(u)
        return exact.log(s / rate) / (u + s)

    return rate + _newton(step, -rate)


def _ex_gaussian_drop(a: Expr, b: Expr, rate: Expr) -> Expr:
    return rate * (b - a) + _log_normal_drop(a - rate, b - rate)


skew_normal = Standard(
    lambda m, x, loc, scale, alpha: (x - loc) / scale,
    lambda m, y, loc, scale, alpha: loc + scale * y,
    drop=lambda a, b, loc, scale, alpha: _skew_normal_drop(a, b, alpha),
    mode=lambda loc, scale, alpha: _skew_normal_mode(alpha),
)
ex_gaussian = Standard(
    lambda m, x, loc, scale, nu: (x - loc) / scale,
    lambda m, y, loc, scale, nu: loc + scale * y,
    drop=lambda a, b, loc, scale, nu: _ex_gaussian_drop(a, b, scale / nu),
    mode=lambda loc, scale, nu: _ex_gaussian_mode(scale / nu),
)


def _power_drop(a: Expr, b: Expr, beta: Expr) -> Expr:
    """Give |b|^beta - |a|^beta."""
    p, q = e.abs(a), e.abs(b)
    small, large = e.minimum(p, q), e.maximum(p, q)
    top = where(large > 0.0, large, 1.0)
    # 1 - (small / large)^beta, without cancellation where they are near.
    share = -exact.expm1(beta * exact.log1p((small - top) / top * (1.0 - 2.0**-53)))
    size = exact.exp(beta * exact.log(top)) * where(small > 0.0, share, 1.0)
    return where(large > 0.0, where(p < q, size, -size), 0.0)


generalized_normal = Standard(
    lambda m, x, beta, loc, scale: (x - loc) / scale,
    lambda m, y, beta, loc, scale: loc + scale * y,
    drop=lambda a, b, beta, loc, scale: _power_drop(a, b, beta),
    mode=lambda beta, loc, scale: 0.0 * beta,
    where=lambda beta, loc, scale: beta >= 1.0,
)
