"""Distributions of auxiliary variables: one declaration each."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import arange
from astragal.ops.searching import where
from astragal.random.distribution import (
    POSITIVE,
    REAL,
    Distribution,
    Parameter,
)
from astragal.random.parameters import (
    HALF_LOG_2PI,
    LOG_2,
    positive,
)
from astragal.random.polya_gamma import polya_gamma as draw_polya_gamma


def _log_polya_gamma(x: Expr, h: Expr, z: Expr) -> Expr:
    # Polson, Scott & Windle 2013, equation 5: an alternating series.
    n = arange(200)
    h_, x_ = (h + 0.0 * x)[..., None], (x + 0.0 * h)[..., None]
    size = sp.gammaln(n + h_) - sp.gammaln(n + 1.0) + e.log(2.0 * n + h_)
    terms = size - e.square(2.0 * n + h_) / (8.0 * x_)
    top = r.max(terms, -1, keepdims=True)
    signs = 1.0 - 2.0 * e.remainder(n, 2)
    rest = r.sum(signs * e.exp(terms - top), -1)
    # What cancels to less than this has lost too many digits to be known.
    series = e.log(where(rest > 1e-6, rest, math.nan)) + top[..., 0]
    half = 0.5 * e.abs(z)
    log_cosh = half + e.log1p(e.exp(-2.0 * half)) - LOG_2
    return (
        h * log_cosh
        + (h - 1.0) * LOG_2
        - sp.gammaln(h)
        + series
        - HALF_LOG_2PI
        - 1.5 * e.log(x)
        - 0.5 * e.square(z) * x
    )


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
    latex=r"\mathrm{PG}",
    source="Polson, Scott & Windle 2013; Windle, Polson & Scott 2014",
    doc_note=(
        "The sampler is exact; its cost grows with ``h``. The log density is NaN where its series "
        "cancels: far out on the right, and for an ``h`` above about 50."
    ),
)

DISTRIBUTIONS: tuple[Distribution, ...] = tuple(
    v for v in globals().values() if isinstance(v, Distribution)
)
