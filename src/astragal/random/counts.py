"""Samplers of counts, as functions of bits and parameters; exact to 10**9 and above."""

from __future__ import annotations

import math
from collections.abc import Callable

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import cond, while_loop
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.ops.special import HALF_LOG_2PI
from astragal.random import exact
from astragal.random.exact import unit_interval
from astragal.random.sampler import Kernel, Source, until
from astragal.random.standard import gamma_parts, scaled


def log_poisson(k: Expr, lam: Expr) -> Expr:
    """Log mass of a Poisson count, without cancellation (Loader 2000)."""
    m = e.maximum(k, 1.0)
    inner = -exact.stirling_error(m) - exact.deviance(m, lam) - 0.5 * exact.log(m)
    return where(k < 0.5, -lam, inner - HALF_LOG_2PI)


def poisson_count(source: Source, lam: Expr, tag: int = 0) -> Expr:
    """Give a Poisson count as a float64; uses one tag."""

    def small(lam: Expr) -> Expr:
        # Inversion: walk up the masses until they exceed the uniform.
        u = unit_interval(source.block_at(0, tag)[0])
        mass = exact.exp(-lam)
        k: Expr = while_loop(
            lambda s: (s[1] >= s[2]) & (s[0] < 200.0),
            lambda s: (s[0] + 1.0, s[1] - s[2], s[2] * (lam / (s[0] + 1.0))),
            (mass * 0.0, u, mass),
        )[0]
        return k

    def large(lam: Expr) -> Expr:
        # Hoermann 1993, "The transformed rejection method for generating Poisson random
        # variables", algorithm PTRS.
        root = e.sqrt(lam)
        b = 0.931 + 2.53 * root
        a = -0.059 + 0.02483 * b
        inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
        sure = 0.9277 - 3.6224 / (b - 2.0)

        def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
            u = unit_interval(first) - 0.5
            v = unit_interval(second)
            us = 0.5 - e.abs(u)
            k = e.floor((2.0 * a / us + b) * u + lam + 0.43)
            inside = (us >= 0.07) & (v <= sure)
            outside = (k < 0.0) | ((us < 0.013) & (v > us))

            def exactly(k: Expr, v: Expr, us: Expr) -> Expr:
                height = v * inverse_alpha / (a / (us * us) + b)
                return exact.log(height) <= log_poisson(k, lam)

            return [k], cond(inside | outside, lambda k, v, us: inside, exactly, k, v, us)

        return until(source, attempt, tag)[0]

    count: Expr = cond(lam < 10.0, small, large, lam)
    return count


def poisson_drop(j: Expr, k: Expr, lam: Expr) -> Expr:
    """Log mass of a Poisson count at j less that at k."""
    return where(e.equal(j, k), 0.0, log_poisson(j, lam) - log_poisson(k, lam))


def _poisson(source: Source, lam: Expr) -> Expr:
    return astype(poisson_count(source, lam), "int64")


def log_binomial(k: Expr, n: Expr, p: Expr, q: Expr) -> Expr:
    """Log mass of a binomial count with 0 < k < n, without cancellation (Loader 2000)."""
    rest = n - k
    return (
        (exact.stirling_error(n) - exact.stirling_error(k) - exact.stirling_error(rest))
        - (exact.deviance(k, n * p) + exact.deviance(rest, n * q))
        + 0.5 * (exact.log(n) - exact.log(k) - exact.log(rest))
        - HALF_LOG_2PI
    )


def _log_binomial_anywhere(k: Expr, n: Expr, p: Expr, q: Expr) -> Expr:
    inner = log_binomial(e.minimum(e.maximum(k, 1.0), n - 1.0), n, p, q)
    ends = where(k < 0.5, n * exact.log1p(-p), n * exact.log(p))
    return where((k < 0.5) | (k > n - 0.5), ends, inner)


def binomial_count(source: Source, n: Expr, p: Expr, tag: int = 0) -> Expr:
    """Give a binomial count as a float64; uses one tag."""
    flipped = p > 0.5
    r = where(flipped, 1.0 - p, p)
    s = 1.0 - r

    def small(n: Expr, r: Expr, s: Expr) -> Expr:
        # Inversion: walk up the masses until they exceed the uniform.
        u = unit_interval(source.block_at(0, tag)[0])
        odds = r / s
        mass = exact.exp(n * exact.log1p(-r))
        k: Expr = while_loop(
            lambda t: (t[1] >= t[2]) & (t[0] < n) & (t[0] < 200.0),
            lambda t: (t[0] + 1.0, t[1] - t[2], t[2] * (odds * ((n - t[0]) / (t[0] + 1.0)))),
            (mass * 0.0, u, mass),
        )[0]
        return k

    def large(n: Expr, r: Expr, s: Expr) -> Expr:
        # Hoermann 1993, "The generation of binomial random variates", algorithm BTRS.
        root = e.sqrt(n * r * s)
        b = 1.15 + 2.53 * root
        a = -0.0873 + 0.0248 * b + 0.01 * r
        centre = n * r + 0.5
        alpha = (2.83 + 5.1 / b) * root
        sure = 0.92 - 4.2 / b
        mode = e.floor((n + 1.0) * r)
        top = log_binomial(mode, n, r, s)

        def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
            u = unit_interval(first) - 0.5
            v = unit_interval(second)
            us = 0.5 - e.abs(u)
            k = e.floor((2.0 * a / us + b) * u + centre)
            outside = (k < 0.0) | (k > n)
            inside = (us >= 0.07) & (v <= sure) & e.logical_not(outside)

            def exactly(k: Expr, v: Expr, us: Expr) -> Expr:
                height = v * alpha / (a / (us * us) + b)
                return exact.log(height) <= _log_binomial_anywhere(k, n, r, s) - top

            return [k], cond(inside | outside, lambda k, v, us: inside, exactly, k, v, us)

        return until(source, attempt, tag)[0]

    count = cond(n * r < 10.0, small, large, n, r, s)
    return where(flipped, n - count, count)


def binomial_drop(j: Expr, k: Expr, n: Expr, p: Expr) -> Expr:
    """Log mass of a binomial count at j less that at k."""
    m = astype(n, "float64")
    inner = e.minimum(e.maximum(p, 1e-300), 1.0 - 2.0**-53)
    mass = [_log_choose_like(v, m, inner, 1.0 - inner) for v in (j, k)]
    return where(e.equal(j, k), 0.0, mass[0] - mass[1])


def _binomial(source: Source, n: Expr, p: Expr) -> Expr:
    return astype(binomial_count(source, astype(n, "float64"), p), "int64")


def _negative_binomial(source: Source, n: Expr, p: Expr) -> Expr:
    # A Poisson count whose rate is gamma: failures before n successes.
    rate = scaled(*gamma_parts(source, n)) * ((1.0 - p) / p)
    return astype(poisson_count(source, rate, 2), "int64")


def _log_negative_binomial(k: Expr, n: Expr, p: Expr) -> Expr:
    """Log mass of a number of failures (Loader 2000)."""
    inner = e.minimum(p, 1.0 - 2.0**-53)
    m = e.maximum(k, 1.0)
    both = n + m
    usual = log_binomial(n, both, inner, 1.0 - inner) + exact.log(n / both)
    return where(k < 0.5, n * exact.log(inner), usual)


def negative_binomial_drop(j: Expr, k: Expr, n: Expr, p: Expr) -> Expr:
    """Log mass of a number of failures at j less that at k."""
    masses = [_log_negative_binomial(v, n, p) for v in (j, k)]
    return where(e.equal(j, k), 0.0, masses[0] - masses[1])


def _beta_binomial(source: Source, n: Expr, a: Expr, b: Expr) -> Expr:
    g1, h1 = gamma_parts(source, a, 0)
    g2, h2 = gamma_parts(source, b, 2)
    top = e.maximum(h1, h2)
    x, y = scaled(g1, h1 - top), scaled(g2, h2 - top)
    return astype(binomial_count(source, astype(n, "float64"), x / (x + y), 4), "int64")


def _geometric(source: Source, p: Expr) -> Expr:
    inner = e.minimum(p, 1.0 - 2.0**-53)
    k = e.ceil(exact.log(source.uniform()) / exact.log1p(-inner))
    return _count(where(p >= 1.0, 1.0, e.maximum(k, 1.0)))


def _count(x: Expr) -> Expr:
    """Turn a whole number into an int64, the largest one where it is larger."""
    return where(x < 2.0**63, astype(e.minimum(x, 2.0**62), "int64"), 2**63 - 1) + where(
        (x > 2.0**62) & (x < 2.0**63), astype(e.minimum(x, 2.0**63 - 1024.0) - 2.0**62, "int64"), 0
    )


def _count_of(x: Expr) -> Expr:
    """The same for a number of either sign."""
    size = _count(e.abs(x))
    return where(x < 0.0, -size, size)


def _log_series(source: Source, p: Expr) -> Expr:
    # Kemp 1981: geometric, with a success probability that is random itself.
    u, v = (unit_interval(w) for w in source.first)
    q = -exact.expm1(v * exact.log1p(-p))
    k = e.floor(exact.log(u) / exact.log(q)) + 1.0
    return _count(e.maximum(k, 1.0))


def _zipf(source: Source, a: Expr) -> Expr:
    # Devroye 1986, section X.6.1.
    power = a - 1.0
    b = exact.exp(power * exact.log(as_expr(2.0)))

    def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
        x = e.floor(exact.exp(-exact.log(unit_interval(first)) / power))
        t = exact.exp(power * exact.log1p(1.0 / x))
        accepted = unit_interval(second) * x * (t - 1.0) / (b - 1.0) <= t / b
        return [x], accepted & (x < 2.0**63)

    (x,) = until(source, attempt)
    return _count(x)


def log_concave(
    source: Source, mode: Expr, log_mass: Callable[[Expr], Expr], low: Expr, high: Expr
) -> Expr:
    """Give a count with a log-concave mass, by Devroye's universal rejection (1987).

    Parameters
    ----------
    source
        Random bits; uses two tags.
    mode
        Where the mass is largest.
    log_mass
        Log mass, for counts between low and high.
    low, high
        The support.
    """
    top = log_mass(mode)
    peak = exact.exp(top)
    w = 1.0 + 0.5 * peak

    def attempt(first: Expr, second: Expr, third: Expr, _: Expr) -> tuple[list[Expr], Expr]:
        u = unit_interval(first) * (1.0 + w)
        v = unit_interval(second)
        inner = u <= w
        y = where(inner, v * w, w - exact.log(v)) / peak
        step = e.floor(y + 0.5)
        k = mode + where(e.equal(first & 1, 1), step, -step)
        height = where(inner & (peak * y <= w), 0.0, w - peak * y)
        inside = (k >= low) & (k <= high)
        at = e.minimum(e.maximum(k, low), high)
        return [k], inside & (exact.log(unit_interval(third)) + height <= log_mass(at) - top)

    return until(source, attempt, blocks=2)[0]


def _log_choose_like(k: Expr, n: Expr, p: Expr, q: Expr) -> Expr:
    """Log binomial mass anywhere in 0 .. n, n = 0 included."""
    return where(n < 0.5, 0.0, _log_binomial_anywhere(k, e.maximum(n, 1.0), p, q))


def hypergeometric_mode(ngood: Expr, nbad: Expr, nsample: Expr) -> Expr:
    """Give the most probable number of good ones."""
    good, bad, n = (astype(v, "float64") for v in (ngood, nbad, nsample))
    mode = e.floor((n + 1.0) * (good + 1.0) / (good + bad + 2.0))
    return e.minimum(e.maximum(mode, e.maximum(n - bad, 0.0)), e.minimum(n, good))


def _log_hypergeometric(k: Expr, ngood: Expr, nbad: Expr, nsample: Expr) -> Expr:
    """Log mass but for what does not depend on k: a product of binomial ones (Loader 2000)."""
    good, bad, n = (astype(v, "float64") for v in (ngood, nbad, nsample))
    p = e.minimum(e.maximum(n / e.maximum(good + bad, 1.0), 1e-300), 1.0 - 2.0**-53)
    q = 1.0 - p
    return _log_choose_like(k, good, p, q) + _log_choose_like(n - k, bad, p, q)


def hypergeometric_drop(j: Expr, k: Expr, *p: Expr) -> Expr:
    """Log mass of a number of good ones at j less that at k."""
    return where(e.equal(j, k), 0.0, _log_hypergeometric(j, *p) - _log_hypergeometric(k, *p))


def _hypergeometric(source: Source, ngood: Expr, nbad: Expr, nsample: Expr) -> Expr:
    p = ngood, nbad, nsample
    good, bad, n = (astype(v, "float64") for v in p)
    low, high = e.maximum(n - bad, 0.0), e.minimum(n, good)
    share = e.minimum(e.maximum(n / e.maximum(good + bad, 1.0), 1e-300), 1.0 - 2.0**-53)
    whole = _log_choose_like(n, good + bad, share, 1.0 - share)
    k = log_concave(
        source, hypergeometric_mode(*p), lambda k: _log_hypergeometric(k, *p) - whole, low, high
    )
    return astype(k, "int64")


def _discrete_uniform(source: Source, low: Expr, high: Expr) -> Expr:
    # The smallest mask above the range; what lies beyond the range is drawn again.
    span = astype(high - low, "uint64")
    mask = span - 1
    for step in (1, 2, 4, 8, 16, 32):
        mask = mask | mask >> step

    def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
        a, b = first >> 1 & mask, second >> 1 & mask
        return [where(a < span, a, b)], (a < span) | (b < span)

    (x,) = until(source, attempt)
    return low + astype(x, "int64")


def _skellam(source: Source, mu1: Expr, mu2: Expr) -> Expr:
    return astype(poisson_count(source, mu1, 0) - poisson_count(source, mu2, 1), "int64")


def _waiting(bits: Expr, rate: Expr) -> Expr:
    """Failures before a success whose probability is 1 - exp(-rate)."""
    return e.floor(-exact.log(unit_interval(bits)) / rate)


def _discrete_laplace(source: Source, a: Expr) -> Expr:
    first, second = (_waiting(w, a) for w in source.first)
    return _count_of(first - second)


def _yule_simon(source: Source, alpha: Expr) -> Expr:
    # Geometric, where the log of the success probability is exponential.
    u, v = (unit_interval(w) for w in source.first)
    fails = -exact.expm1(exact.log(v) / alpha)
    k = e.floor(exact.log(u) / exact.log(e.maximum(fails, 1e-300))) + 1.0
    return _count(e.maximum(k, 1.0))


def _benford(source: Source) -> Expr:
    u = source.uniform()
    digit: Expr = astype(u > 2.0, "int64") + 1
    for d in range(2, 10):
        digit = digit + astype(u >= math.log10(d), "int64")
    return digit


def _beta_negative_binomial(source: Source, n: Expr, a: Expr, b: Expr) -> Expr:
    (g1, h1), (g2, h2) = gamma_parts(source, a, 0), gamma_parts(source, b, 2)
    g3, h3 = gamma_parts(source, n, 4)
    rate = scaled(g2 / g1 * g3, h2 - h1 + h3)
    return astype(poisson_count(source, rate, 6), "int64")


def _negative_hypergeometric(source: Source, ngood: Expr, nbad: Expr, r: Expr) -> Expr:
    bad, fails = astype(nbad, "float64"), astype(r, "float64")
    return _beta_binomial(source, ngood, fails, bad - fails + 1.0)


# fmt: off
skellam           = Kernel(_skellam, block=True)
yule_simon        = Kernel(_yule_simon, block=True)
planck            = Kernel(lambda s, lam: _count(_waiting(s.first[0], lam)))
discrete_laplace  = Kernel(_discrete_laplace, block=True)
benford           = Kernel(_benford)
beta_negative_binomial = Kernel(_beta_negative_binomial, block=True)
negative_hypergeometric = Kernel(_negative_hypergeometric, block=True)
point_mass        = Kernel(lambda s, value: value)
bits              = Kernel(lambda s: s.first[0])
bernoulli         = Kernel(lambda s, p: astype(s.uniform() < p, "int64"))
geometric         = Kernel(_geometric)
poisson           = Kernel(_poisson, block=True)
binomial          = Kernel(_binomial, block=True)
negative_binomial = Kernel(_negative_binomial, block=True)
beta_binomial     = Kernel(_beta_binomial, block=True)
log_series        = Kernel(_log_series, block=True)
zipf              = Kernel(_zipf, block=True)
hypergeometric    = Kernel(_hypergeometric, block=True)
discrete_uniform  = Kernel(_discrete_uniform, block=True)
# fmt: on
