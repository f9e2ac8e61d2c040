"""The samplers of the univariate distributions, as functions of bits and parameters."""

from __future__ import annotations

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import cond, while_loop
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.exact import unit_interval
from astragal.random.sampler import Kernel, Source, until


def standard_normal(bits: Expr) -> Expr:
    """Turn 64 bits into a standard normal value, by the quantile."""
    # The bits give 1.f in [1, 2); 1.f - (3/2 - 2**-53) has no exact constant, so two steps.
    return exact.normal_quantile(unit_interval(bits) - 0.5)


def standard_exponential(bits: Expr) -> Expr:
    """Turn 64 bits into a standard exponential value, by the quantile."""
    return -exact.log(unit_interval(bits))


# -- gamma -----------------------------------------------------------------------------------


def gamma_parts(source: Source, shape: Expr, tag: int = 0) -> tuple[Expr, Expr]:
    """Give g and h such that g exp(h) is a standard gamma value.

    Marsaglia & Tsang 2000. Below a shape of 1, a value for shape + 1 times U**(1 / shape),
    whose logarithm is h, so that nothing underflows. Uses the tags ``tag`` and ``tag + 1``.
    """
    boost = shape < 1.0
    d = where(boost, shape + 1.0, shape) - 1.0 / 3.0
    c = 1.0 / e.sqrt(9.0 * d)

    def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
        x = standard_normal(first)
        root = 1.0 + c * x
        v = root * root * root
        u = unit_interval(second)
        square = x * x
        sure = u < 1.0 - 0.0331 * square * square

        def exactly(u: Expr, square: Expr, v: Expr, root: Expr, d: Expr) -> Expr:
            safe = where(root > 0.0, v, 1.0)
            return exact.log(u) < 0.5 * square + d * (1.0 - safe + exact.log(safe))

        accepted = cond(
            e.logical_or(sure, root <= 0.0),
            lambda u, square, v, root, d: root > 0.0,
            exactly,
            *(u, square, v, root, d),
        )
        return [d * v], accepted

    (g,) = until(source, attempt, tag)

    def boosted(shape: Expr) -> Expr:
        return exact.log(unit_interval(source.block_at(0, tag + 1)[0])) / shape

    h = cond(boost, boosted, lambda shape: shape * 0.0, shape)
    return g, h


def scaled(g: Expr, h: Expr) -> Expr:
    """Give g exp(h), where h is mostly zero."""
    return cond(e.equal(h, 0.0), lambda g, h: g, lambda g, h: g * exact.exp(h), g, h)


def _gamma(source: Source, shape: Expr, rate: Expr) -> Expr:
    return scaled(*gamma_parts(source, shape)) / rate


def _inverse_gamma(source: Source, shape: Expr, scale: Expr) -> Expr:
    g, h = gamma_parts(source, shape)
    return scale / g * scaled(g * 0.0 + 1.0, -h)


def _beta(source: Source, a: Expr, b: Expr) -> Expr:
    g1, h1 = gamma_parts(source, a, 0)
    g2, h2 = gamma_parts(source, b, 2)
    # Only the difference of the exponents counts: the larger one is taken out.
    top = e.maximum(h1, h2)
    x, y = scaled(g1, h1 - top), scaled(g2, h2 - top)
    return x / (x + y)


# -- counts ----------------------------------------------------------------------------------


def log_poisson(k: Expr, lam: Expr) -> Expr:
    """Log mass of a Poisson count, without cancellation (Loader 2000)."""
    m = e.maximum(k, 1.0)
    inner = -exact.stirling_error(m) - exact.deviance(m, lam) - 0.5 * exact.log(m)
    return where(k < 0.5, -lam, inner - exact.HALF_LOG_2PI)


def poisson_count(source: Source, lam: Expr, tag: int = 0) -> Expr:
    """Give a Poisson count as a float64; uses one tag."""

    def small(lam: Expr) -> Expr:
        # Inversion: walk up the masses until they exceed the uniform.
        u = unit_interval(source.block_at(0, tag)[0])
        mass = exact.exp(-lam)
        k, _, _ = while_loop(
            lambda s: (s[1] >= s[2]) & (s[0] < 200.0),
            lambda s: (s[0] + 1.0, s[1] - s[2], s[2] * (lam / (s[0] + 1.0))),
            (mass * 0.0, u, mass),
        )
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

    return cond(lam < 10.0, small, large, lam)


def _poisson(source: Source, lam: Expr) -> Expr:
    return astype(poisson_count(source, lam), "int64")


def log_binomial(k: Expr, n: Expr, p: Expr, q: Expr) -> Expr:
    """Log mass of a binomial count with 0 < k < n, without cancellation (Loader 2000)."""
    rest = n - k
    return (
        (exact.stirling_error(n) - exact.stirling_error(k) - exact.stirling_error(rest))
        - (exact.deviance(k, n * p) + exact.deviance(rest, n * q))
        + 0.5 * (exact.log(n) - exact.log(k) - exact.log(rest))
        - exact.HALF_LOG_2PI
    )


def _log_binomial_anywhere(k: Expr, n: Expr, p: Expr, q: Expr) -> Expr:
    inner = log_binomial(e.minimum(e.maximum(k, 1.0), n - 1.0), n, p, q)
    ends = where(k < 0.5, n * exact.log1p(-p), n * exact.log(p))
    return where((k < 0.5) | (k > n - 0.5), ends, inner)


def binomial_count(source: Source, n: Expr, p: Expr) -> Expr:
    """Give a binomial count as a float64."""
    flipped = p > 0.5
    r = where(flipped, 1.0 - p, p)
    s = 1.0 - r

    def small(n: Expr, r: Expr, s: Expr) -> Expr:
        # Inversion: walk up the masses until they exceed the uniform.
        u = unit_interval(source.block_at(0)[0])
        odds = r / s
        mass = exact.exp(n * exact.log1p(-r))
        k, _, _ = while_loop(
            lambda t: (t[1] >= t[2]) & (t[0] < n) & (t[0] < 200.0),
            lambda t: (t[0] + 1.0, t[1] - t[2], t[2] * (odds * ((n - t[0]) / (t[0] + 1.0)))),
            (mass * 0.0, u, mass),
        )
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

        return until(source, attempt)[0]

    count = cond(n * r < 10.0, small, large, n, r, s)
    return where(flipped, n - count, count)


def _binomial(source: Source, n: Expr, p: Expr) -> Expr:
    return astype(binomial_count(source, astype(n, "float64"), p), "int64")


def _negative_binomial(source: Source, n: Expr, p: Expr) -> Expr:
    # A Poisson count whose rate is gamma: failures before n successes.
    rate = scaled(*gamma_parts(source, n)) * ((1.0 - p) / p)
    return astype(poisson_count(source, rate, 2), "int64")


# fmt: off
uniform      = Kernel(lambda s, low, high: low + (high - low) * s.uniform())
normal       = Kernel(lambda s, loc, scale: loc + scale * standard_normal(s.first[0]))
half_normal  = Kernel(lambda s, scale: scale * e.abs(standard_normal(s.first[0])))
half_cauchy  = Kernel(lambda s, scale: scale * exact.tan_half_pi(s.uniform()))
exponential  = Kernel(lambda s, rate: standard_exponential(s.first[0]) / rate)
bernoulli    = Kernel(lambda s, p: astype(s.uniform() < p, "int64"))
gamma             = Kernel(_gamma, block=True)
inverse_gamma     = Kernel(_inverse_gamma, block=True)
beta              = Kernel(_beta, block=True)
poisson           = Kernel(_poisson, block=True)
binomial          = Kernel(_binomial, block=True)
negative_binomial = Kernel(_negative_binomial, block=True)
# fmt: on

_ = as_expr
