"""Coordinates in which families of distributions are log-concave.

Each is a monotone map to a few standard shapes: exponential, normal, logarithms of gamma and
beta variables, Student's t. With them a part of a distribution can be drawn from, however far
out it lies; see `astragal.random.concave`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.distribution import Standard, Tails
from astragal.random.sampler import Kernel, Source
from astragal.random.standard import standard_exponential, standard_normal

INF = math.inf
Map = Callable[..., Expr]


def hazard(coordinate: Map, value: Map, *, lattice: bool = False, rising: bool = True) -> Standard:
    """By minus the log of the probability above (or, of a falling one, below)."""
    return Standard(coordinate, value, lattice=lattice, rising=rising)


def by_hazard(s: Standard) -> dict[str, Any]:
    """Give what follows from a hazard: sampler, distribution function, quantile."""

    def cdf(x: Expr, *p: Expr) -> Expr:
        y = s.coordinate(e, x, *p)
        return -e.expm1(-y) if s.rising else e.exp(-y)

    def quantile(q: Expr, *p: Expr) -> Expr:
        return s.value(e, -e.log1p(-q) if s.rising else -e.log(q), *p)

    def draw(source: Source, *p: Expr) -> Expr:
        return s.value(exact, standard_exponential(source.first[0]), *p)

    return {"standard": s, "sampler": Kernel(draw), "cdf": cdf, "quantile": quantile}


def by_normal(s: Standard) -> dict[str, Any]:
    """Give what follows from a rising normal coordinate: the same, and the tails."""

    def draw(source: Source, *p: Expr) -> Expr:
        return s.value(exact, standard_normal(source.first[0]), *p)

    return {
        "standard": s,
        "sampler": Kernel(draw),
        "cdf": lambda x, *p: sp.ndtr(s.coordinate(e, x, *p)),
        "quantile": lambda q, *p: s.value(e, sp.ndtri(q), *p),
        "tails": Tails(
            lambda x, *p: sp.log_ndtr(s.coordinate(e, x, *p)),
            lambda x, *p: sp.log_ndtr(-s.coordinate(e, x, *p)),
        ),
    }


# -- shapes: how far the log density at a lies above that at b -------------------------------


def normal_drop(a: Expr, b: Expr) -> Expr:
    """Standard normal."""
    return 0.5 * (b - a) * (b + a)


def log_gamma_drop(a: Expr, b: Expr, shape: Expr) -> Expr:
    """Logarithm of a gamma variable over its shape: exp(shape (y - exp(y)))."""
    step = b - a
    # exp(a) (exp(step) - 1), which must not be infinity times zero.
    rise = exact.exp(a) * exact.expm1(step)
    return shape * (where_finite(rise) - step)


def log_odds_drop(y: Expr, z: Expr, a: Expr, b: Expr) -> Expr:
    """Log odds of a beta variable, less log(a / b)."""
    p = a / (a + b)
    q = b / (a + b)
    w = p * exact.exp(e.minimum(y, 700.0))
    share = w / (q + w)
    step = z - y
    up = step + exact.log1p((1.0 - share) * exact.expm1(-e.maximum(step, 0.0)))
    down = exact.log1p(share * exact.expm1(e.minimum(step, 0.0)))
    return (a + b) * where(step > 0.0, up, down) - a * step


def t_drop(y: Expr, z: Expr, df: Expr) -> Expr:
    """Inverse hyperbolic sine of a Student variable over the root of df."""

    def rest(v: Expr) -> Expr:
        return exact.log1p(exact.exp(-2.0 * v))

    p, q = e.abs(y), e.abs(z)
    return df * ((q - p) + (rest(q) - rest(p)))


def inverse_gaussian_drop(y: Expr, z: Expr, p: Expr, w: Expr) -> Expr:
    """Logarithm of a generalised inverse Gaussian: exp(p y - w (cosh(y) - 1))."""
    # cosh z - cosh y = 2 sinh((z + y) / 2) sinh((z - y) / 2)
    rise = 2.0 * _sinh(0.5 * (z + y)) * _sinh(0.5 * (z - y))
    return w * rise - p * (z - y)


def where_finite(x: Expr) -> Expr:
    """Take the largest number for infinity, and for what is not known."""
    return where(x < 1e300, x, 1e300)


def _sinh(x: Expr) -> Expr:
    m = exact.expm1(e.minimum(e.abs(x), 350.0))
    size = 0.5 * (m + m / (m + 1.0))
    return where(x < 0.0, -size, size)


def asinh(m: Any, x: Expr) -> Expr:
    """Inverse hyperbolic sine."""
    size = e.abs(x)
    far = size > 1e8
    near = where(far, 1.0, size)
    value = where(
        far,
        m.log(where(far, size, 1.0)) + math.log(2.0),
        m.log1p(near + near * near / (1.0 + e.sqrt(1.0 + near * near))),
    )
    return where(x < 0.0, -value, value)


# -- families ----------------------------------------------------------------------------------


def normal(coordinate: Map, value: Map, *, positive: bool = False, rising: bool = True) -> Standard:
    """By a normal coordinate, or the positive half of one."""
    return Standard(
        coordinate,
        value,
        drop=lambda a, b, *p: normal_drop(a, b),
        range=(0.0, INF) if positive else (-INF, INF),
        rising=rising,
    )


def log_gamma(shape: Map, coordinate: Map, value: Map, *, rising: bool = True) -> Standard:
    """By log(g / shape) of a gamma variable g, whose shape follows from the parameters."""
    return Standard(
        coordinate,
        value,
        drop=lambda a, b, *p: log_gamma_drop(a, b, shape(*p)),
        rising=rising,
    )


def log_odds(shapes: Callable[..., tuple[Expr, Expr]], coordinate: Map, value: Map) -> Standard:
    """By the log odds of a beta variable, less log(a / b)."""
    return Standard(coordinate, value, drop=lambda y, z, *p: log_odds_drop(y, z, *shapes(*p)))


def student(df: Map, loc: Map, scale: Map, *, positive: bool = False) -> Standard:
    """By asinh(z / sqrt(df)) of a Student variable z."""

    def width(*p: Expr) -> Expr:
        return scale(*p) * e.sqrt(df(*p))

    return Standard(
        lambda m, x, *p: asinh(m, (x - loc(*p)) / width(*p)),
        lambda m, y, *p: loc(*p) + width(*p) * sinh(m, y),
        drop=lambda y, z, *p: t_drop(y, z, df(*p)),
        range=(0.0, INF) if positive else (-INF, INF),
    )


def sinh(m: Any, y: Expr) -> Expr:
    """Hyperbolic sine."""
    t = m.expm1(e.abs(y))
    finite = t < 1e300
    t = where(finite, t, 1e300)
    size = where(finite, 0.5 * (t + t / (t + 1.0)), INF)
    return where(y < 0.0, -size, size)


def counts(drop: Map, mode: Map, where: Map | None = None) -> Standard:
    """By the whole numbers themselves."""
    return Standard(drop=drop, mode=mode, lattice=True, where=where)


def inverse_gaussian(parts: Callable[..., tuple[Expr, Expr]], scale: Map) -> Standard:
    """By log(x / scale), whose density is exp(p y - w (cosh(y) - 1)); parts gives p and w."""

    def mode(*q: Expr) -> Expr:
        p, w = parts(*q)
        return asinh(exact, p / w)

    return Standard(
        lambda m, x, *q: m.log(x / scale(*q)),
        lambda m, y, *q: scale(*q) * m.exp(y),
        drop=lambda y, z, *q: inverse_gaussian_drop(y, z, *parts(*q)),
        mode=mode,
    )


# -- parts of hazards --------------------------------------------------------------------------


def log_one_plus_exp(m: Any, x: Expr) -> Expr:
    """Give log(1 + exp(x))."""
    rest: Expr = m.log1p(m.exp(-e.abs(x)))
    return e.maximum(x, 0.0) + rest


def log_one_minus_exp(m: Any, x: Expr) -> Expr:
    """Give log(1 - exp(-x)), for positive x."""
    small = x < 0.7
    near = m.log(-m.expm1(-where(small, x, 0.5)))
    return where(small, near, m.log1p(-m.exp(-where(small, 0.7, x))))


def laplace_hazard(m: Any, z: Expr) -> Expr:
    """Cumulative hazard of the standard Laplace law."""
    below = -m.log1p(-0.5 * m.exp(e.minimum(z, 0.0)))
    return where(z < 0.0, below, z + math.log(2.0))


def laplace_value(m: Any, y: Expr) -> Expr:
    """Value whose cumulative hazard is y."""
    low = y < math.log(2.0)
    below = m.log(-2.0 * m.expm1(-where(low, y, 0.5)))
    return where(low, below, y - math.log(2.0))


def asymmetric_laplace_hazard(m: Any, z: Expr, kappa: Expr) -> Expr:
    """Cumulative hazard of the standard asymmetric Laplace law."""
    square = kappa * kappa
    below = -m.log1p(-square / (1.0 + square) * m.exp(e.minimum(z, 0.0) / kappa))
    return where(z < 0.0, below, kappa * z + m.log1p(square))


def asymmetric_laplace_value(m: Any, y: Expr, kappa: Expr) -> Expr:
    """Value whose cumulative hazard is y."""
    square = kappa * kappa
    start = m.log1p(square)
    low = y < start
    share_ = -m.expm1(-where(low, y, 0.5 * start)) * ((1.0 + square) / square)
    return where(low, kappa * m.log(share_), (y - start) / kappa)


def triangular_hazard(m: Any, x: Expr, left: Expr, mode: Expr, right: Expr) -> Expr:
    """Cumulative hazard of the triangular law."""
    rises, falls = x < mode, x >= mode
    width = right - left
    rise = where(rises, x - left, 0.0)
    low = rise * rise / (width * where(rises, mode - left, 1.0))
    fall = where(falls & (x < right), right - x, 1.0)
    high = m.log(width) + m.log(where(falls & (mode < right), right - mode, 1.0))
    return where(rises, -m.log1p(-low), high - 2.0 * m.log(fall))


def triangular_value(m: Any, y: Expr, left: Expr, mode: Expr, right: Expr) -> Expr:
    """Value whose cumulative hazard is y."""
    width = right - left
    below = -m.expm1(-y)
    rising = below * width < mode - left
    low = left + e.sqrt(below * width * (mode - left))
    return where(rising, low, right - e.sqrt(m.exp(-y) * width * (right - mode)))


def share(m: Any, x: Expr) -> Expr:
    """Give 1 / (1 + exp(-x))."""
    t: Expr = m.exp(-e.abs(x))
    return where(x < 0.0, t, 1.0) / (1.0 + t)


def tanh_half(m: Any, x: Expr) -> Expr:
    """Give tanh(x / 2)."""
    t: Expr = m.expm1(-e.abs(x))
    size = -t / (2.0 + t)
    return where(x < 0.0, -size, size)
