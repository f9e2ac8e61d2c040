"""Distributions of auxiliary variables: one declaration each."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.creation import arange
from astragal.ops.manipulation import bitcast
from astragal.ops.searching import where
from astragal.random.distribution import (
    POSITIVE,
    REAL,
    Distribution,
    Parameter,
    Turns,
)
from astragal.random.parameters import (
    LOG_2,
    positive,
)
from astragal.random.polya_gamma import polya_gamma as draw_polya_gamma

_EDGE = 0.25 * math.pi**2  # minus the first singularity of tanh(w) / w, as a function of w^2


def _apart(x: Expr) -> Expr:
    """Give a value through which no gradient passes."""
    return bitcast(bitcast(x, "uint64"), "float64")


def _saddle(q: Expr) -> Expr:
    """Solve w / tanh(w) = q for s = w^2, and give s + pi^2 / 4, which is positive."""
    y = where(
        q < 1.0, q * (2.0 + (_EDGE - 2.0) * q), q * q - e.exp(e.minimum(1.0 - q, 0.0)) + _EDGE
    )
    for _ in range(5):
        s = y - _EDGE
        near, below = e.abs(s) < 1e-2, s < 0.0
        u = e.sqrt(where(below & e.logical_not(near), -s, 1.0))
        w = e.sqrt(where(below | near, 1.0, s))
        # u / tan(u), with the tangent of what is left to a right angle.
        ratio = where(below, u * e.tan(y / (0.5 * math.pi + u)), w / e.tanh(w))
        ratio = where(near, 1.0 + s * (1.0 / 3 + s * (-1.0 / 45 + s * (2.0 / 945))), ratio)
        slope = (ratio - ratio * ratio + s) / where(near, 1.0, 2.0 * s)
        slope = where(near, 1.0 / 3 + s * (-2.0 / 45 + s * (2.0 / 315)), slope)
        y = e.maximum(y - (ratio - q) / slope, 0.25 * y)
    return y


def _log_cosh_root(real: Expr, imaginary: Expr) -> tuple[Expr, Expr]:
    """Give log cosh(w), its real and imaginary part, from those of w^2 + pi^2 / 4.

    The imaginary part is not negative. With u = i w and what it leaves to a right angle,
    v = pi / 2 - u, cosh(w) is sin(v), of which no digits are lost where it is small.
    """
    a, b = _EDGE - real, -imaginary
    size = e.sqrt(e.square(a) + e.square(b))
    larger = e.sqrt(0.5 * (size + e.abs(a)))
    smaller = 0.5 * b / where(larger > 0.0, larger, 1.0)
    u, u_i = where(a >= 0.0, larger, -smaller), where(a >= 0.0, smaller, -larger)
    below = e.square(0.5 * math.pi + u) + e.square(u_i)
    v = (real * (0.5 * math.pi + u) + imaginary * u_i) / below
    decay = e.exp(2.0 * u_i)
    x = 2.0 * decay * e.square(e.sin(v)) - e.expm1(2.0 * u_i)
    y = -decay * e.sin(2.0 * v)
    return -u_i - LOG_2 + 0.5 * e.log(e.square(x) + e.square(y)), u + e.atan2(y, x)


_NODES = 128


def _log_jacobi(x: Expr, h: Expr) -> Expr:
    """Log density of PG(h, 0), by inverting its Laplace transform cosh(sqrt(t / 2))^(-h).

    The path t = (p + i v)^2 - pi^2 / 2 goes through a point near the saddle of the integrand and
    around the line of its singularities, which begins at -pi^2 / 2. With v = p sinh(theta) these
    are far from the path, and the trapezoid rule has the precision of its terms. As exp(t x) alone
    gives 0, it is taken off where h is small and little else is left.
    """
    p = e.sqrt(_apart(e.maximum(2.0 * _saddle(0.25 * h / x), 2.0 / x)))
    end = _apart(e.asinh(e.sqrt(42.0 / x) / p))
    step = end / _NODES
    theta = step[..., None] * arange(_NODES + 1).astype("float64")
    x_, h_, p_ = x[..., None], h[..., None], p[..., None]
    v = p_ * e.sinh(theta)
    decay, turn = -x_ * e.square(v), 2.0 * x_ * p_ * v
    log, angle = _log_cosh_root(0.5 * (p_ - v) * (p_ + v), p_ * v)
    top = log[..., :1]
    grow, turned = -h_ * (log - top), -h_ * angle
    few = (h < 0.1) & (x > e.square(h))
    few_ = few[..., None]
    # exp(t x) cosh(w)^(-h), or that less exp(t x), relative to its size at v = 0.
    lift = where(few_, -h_ * log, 0.0)
    real = where(
        few_,
        e.expm1(lift) * e.cos(turned) - 2.0 * e.square(e.sin(0.5 * turned)),
        e.exp(grow) * e.cos(turned),
    )
    imaginary = where(few_, e.exp(lift), e.exp(grow)) * e.sin(turned)
    cosine, sine = e.cos(turn), e.sin(turn)
    wave = (real * cosine - imaginary * sine) * p_ - (real * sine + imaginary * cosine) * v
    weights = where(e.equal(arange(_NODES + 1), 0), 0.5, 1.0)
    area = r.sum(weights * e.exp(decay) * wave * e.cosh(theta), -1)
    scale = x * (e.square(p) - 0.5 * math.pi**2) - where(few, 0.0, h * top[..., 0])
    return scale + e.log(area) + e.log(2.0 / math.pi * p * step)


def _log_polya_gamma(x: Expr, h: Expr, z: Expr) -> Expr:
    shape = 0.0 * (x + h)
    half = 0.5 * e.abs(z)
    log_cosh = half + e.log1p(e.exp(-2.0 * half)) - LOG_2
    return h * log_cosh - 0.5 * e.square(z) * x + _log_jacobi(x + shape, h + shape)


def _polya_gamma_mean(h: Expr, z: Expr) -> Expr:
    flat = e.abs(z) < 1e-3
    safe = where(flat, 1.0, z)
    return h * where(flat, 0.25 - e.square(z) / 48.0, e.tanh(0.5 * safe) / (2.0 * safe))


def _polya_gamma_variance(h: Expr, z: Expr) -> Expr:
    flat = e.abs(z) < 1e-2
    safe = where(flat, 1.0, e.abs(z))
    # (sinh z - z) / cosh(z / 2)^2, without overflow.
    q = e.exp(-safe)
    inner = (2.0 * (1.0 - e.square(q)) - 4.0 * safe * q) / e.square(1.0 + q)
    value = inner / (4.0 * safe * e.square(safe))
    return h * where(flat, 1.0 / 24.0 - e.square(z) / 120.0, value)


polya_gamma = Distribution(
    name="polya_gamma",
    parameters=(Parameter("h", POSITIVE), Parameter("z", REAL, 0.0)),
    sampler=draw_polya_gamma,
    support=positive,
    logdensity=_log_polya_gamma,
    mean=_polya_gamma_mean,
    variance=_polya_gamma_variance,
    turns=Turns("log"),
    latex=r"\mathrm{PG}",
    source="Polson, Scott & Windle 2013; Windle, Polson & Scott 2014",
    doc_note=(
        "The sampler is exact; from ``h = 12`` on its cost does not grow. The log density is that "
        "of the inverted transform, of any ``h``; its error is about ``h`` roundings."
    ),
)

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
