"""Log densities in which nothing cancels, however large the counts and shapes (Loader 2000).

The declarations give log densities in powers, logarithms and log gamma functions, which
derivations read; at 10**9 those terms are 10**10 and their sum is 10. Here they are the same
functions through `special.log_gamma_density` and `special.log_beta_density`, for their values.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.ops.special import log_beta_density, log_gamma_density, xlog1py, xlogy
from astragal.random.series import (
    around,
    beta_peak,
    chi_square_peak,
    log_sum,
    skellam_counts,
    together,
)

LOG_2 = math.log(2.0)


def _real(x: Expr) -> Expr:
    return astype(x, "float64") if x.dtype not in ("float32", "float64") else x


def poisson(x: Expr, lam: Expr) -> Expr:
    """Log mass of a Poisson count."""
    return log_gamma_density(x + 1.0, lam)


def gamma(x: Expr, shape: Expr, rate: Expr) -> Expr:
    """Log density of a gamma variable."""
    return log_gamma_density(shape, rate * x) + e.log(rate)


def inverse_gamma(x: Expr, shape: Expr, scale: Expr) -> Expr:
    """Log density of the reciprocal of a gamma variable."""
    return log_gamma_density(shape, scale / x) + e.log(scale) - 2.0 * e.log(x)


def chi_square(x: Expr, df: Expr) -> Expr:
    """Log density of a chi-square variable."""
    return log_gamma_density(0.5 * df, 0.5 * x) - LOG_2


def chi(x: Expr, df: Expr) -> Expr:
    """Log density of the root of a chi-square variable."""
    return log_gamma_density(0.5 * df, 0.5 * e.square(x)) + e.log(x)


def log_gamma(x: Expr, shape: Expr) -> Expr:
    """Log density of the logarithm of a gamma variable."""
    return log_gamma_density(shape, e.exp(x)) + x


def nakagami(x: Expr, nu: Expr, scale: Expr) -> Expr:
    """Log density of the root of a gamma variable of mean scale**2."""
    y = x / scale
    return log_gamma_density(nu, nu * e.square(y)) + e.log(2.0 * nu * y / scale)


def generalized_gamma(x: Expr, a: Expr, c: Expr, scale: Expr) -> Expr:
    """Log density of a power of a gamma variable."""
    logs = c * e.log(x / scale)
    return log_gamma_density(a, e.exp(logs)) + logs + e.log(c / x)


def beta(x: Expr, a: Expr, b: Expr) -> Expr:
    """Log density of a beta variable."""
    return log_beta_density(a, b, x, 1.0 - x)


def beta_prime(x: Expr, a: Expr, b: Expr) -> Expr:
    """Log density of the odds of a beta variable."""
    rest = 1.0 / (1.0 + x)
    return log_beta_density(a, b, x * rest, rest) - 2.0 * e.log1p(x)


def f(x: Expr, dfnum: Expr, dfden: Expr) -> Expr:
    """Log density of a ratio of mean squares."""
    ratio = dfnum / dfden
    return beta_prime(ratio * x, 0.5 * dfnum, 0.5 * dfden) + e.log(ratio)


def binomial(x: Expr, n: Expr, p: Expr) -> Expr:
    """Log mass of a number of successes."""
    successes, trials = _real(x), _real(n)
    none, all_of_them = e.equal(x, 0), e.equal(x, n)
    # What is not chosen has a finite slope: a probability of 0 or 1 is none for the inside.
    at = where(none | all_of_them, 0.5, p)
    inner = _choices(successes, trials, at, 1.0 - at)
    # Near 0 the logarithm of the mass is small, and has digits of its own.
    ends = where(none, xlog1py(where(none, trials, 0.0), -p), xlogy(where(none, 0.0, trials), p))
    return where(none | all_of_them, ends, inner)


def _choices(x: Expr, n: Expr, p: Expr, q: Expr) -> Expr:
    return log_beta_density(x + 1.0, n - x + 1.0, p, q) - e.log1p(n)


def negative_binomial(x: Expr, n: Expr, p: Expr) -> Expr:
    """Log mass of a number of failures before the n-th success."""
    usual = log_beta_density(n, x + 1.0, p, 1.0 - p) + e.log(p / (n + x))
    return where(e.equal(x, 0), n * e.log(p), usual)


def hypergeometric(x: Expr, ngood: Expr, nbad: Expr, nsample: Expr) -> Expr:
    """Log mass of a number of good ones: three binomial ones, of any probability."""
    k, good, bad, n = (_real(v) for v in (x, ngood, nbad, nsample))
    whole = good + bad
    p = n / e.maximum(whole, 1.0)
    q = (whole - n) / e.maximum(whole, 1.0)
    return _choices(k, good, p, q) + _choices(n - k, bad, p, q) - _choices(n, whole, p, q)


def beta_binomial(x: Expr, n: Expr, a: Expr, b: Expr) -> Expr:
    """Log mass of a binomial count whose probability is a beta variable."""
    k, trials = _real(x), _real(n)
    whole = trials + (a + b)
    p, q = (k + a) / whole, (trials - k + b) / whole
    posterior = log_beta_density(k + a, trials - k + b, p, q)
    return _choices(k, trials, p, q) + log_beta_density(a, b, p, q) - posterior


def negative_hypergeometric(x: Expr, ngood: Expr, nbad: Expr, r: Expr) -> Expr:
    """Log mass of a number of good ones before the r-th bad one."""
    fails, bad = _real(r), _real(nbad)
    return beta_binomial(x, ngood, fails, bad - fails + 1.0)


def beta_negative_binomial(x: Expr, n: Expr, a: Expr, b: Expr) -> Expr:
    """Log mass of a negative binomial count whose probability is a beta variable."""
    k = _real(x)
    whole = (a + n) + (k + b)
    p, q = (a + n) / whole, (k + b) / whole
    prior = log_beta_density(n, k + 1.0, p, q) + log_beta_density(a, b, p, q)
    return prior - log_beta_density(a + n, k + b, p, q) + e.log(p / (k + n))


def multinomial(x: Expr, n: Expr, p: Expr) -> Expr:
    """Log mass of counts in categories: Poisson counts given their sum."""
    trials = _real(n)
    parts = log_gamma_density(x + 1.0, trials[..., None] * p)
    return r.sum(parts, -1) - log_gamma_density(trials + 1.0, trials)


def dirichlet(x: Expr, alpha: Expr) -> Expr:
    """Log density of shares: gamma variables given their sum."""
    whole = r.sum(alpha, -1)
    parts = r.sum(log_gamma_density(alpha, whole[..., None] * x), -1)
    others = _real(as_expr(alpha.shape[-1])) - 1.0
    return parts - log_gamma_density(whole, whole) + others * e.log(whole)


def dirichlet_multinomial(x: Expr, n: Expr, alpha: Expr) -> Expr:
    """Log mass of multinomial counts whose probabilities are a Dirichlet vector."""
    whole = _real(n) + r.sum(alpha, -1)
    p = (x + alpha) / whole[..., None]
    return multinomial(x, n, p) + dirichlet(p, alpha) - dirichlet(p, x + alpha)


def over_counts(mean: Expr, peak: Expr, log_part: Callable[[Expr], Expr]) -> Expr:
    """Log of the mean over a Poisson count, of which the terms around one are taken."""
    j, step = around(peak)
    return log_sum(log_gamma_density(j + 1.0, mean[..., None]) + log_part(j)) + step


def noncentral_chi_square(x: Expr, df: Expr, nonc: Expr) -> Expr:
    """Log density of a squared length of a normal vector."""
    x, df, nonc = together(x, df, nonc)
    y, a = 0.5 * x[..., None], 0.5 * df[..., None]
    peak = chi_square_peak(df, nonc, x)
    return over_counts(0.5 * nonc, peak, lambda j: log_gamma_density(a + j, y)) - LOG_2


def _noncentral_beta(x: Expr, rest: Expr, a: Expr, b: Expr, nonc: Expr) -> Expr:
    x, rest, a, b, half = together(x, rest, a, b, 0.5 * nonc)
    y, z, p, q = (v[..., None] for v in (x, rest, a, b))
    peak = beta_peak(a, b, half * x)
    return over_counts(half, peak, lambda j: log_beta_density(p + j, q, y, z))


def noncentral_beta(x: Expr, a: Expr, b: Expr, nonc: Expr) -> Expr:
    """Log density of a share of a noncentral and a plain chi-square variable."""
    return _noncentral_beta(x, 1.0 - x, a, b, nonc)


def noncentral_f(x: Expr, dfnum: Expr, dfden: Expr, nonc: Expr) -> Expr:
    """Log density of a ratio of mean squares, the first noncentral."""
    ratio = dfnum / dfden
    rest = 1.0 / (1.0 + ratio * x)
    parts = ratio * x * rest, rest, 0.5 * dfnum, 0.5 * dfden
    return _noncentral_beta(*parts, nonc) + 2.0 * e.log(rest) + e.log(ratio)


def skellam(x: Expr, mu1: Expr, mu2: Expr) -> Expr:
    """Log mass of a difference of Poisson counts."""
    k, a, b = together(x, mu1, mu2)
    j, step = skellam_counts(k, a, b)
    first = log_gamma_density(j + k[..., None] + 1.0, a[..., None])
    return log_sum(first + log_gamma_density(j + 1.0, b[..., None])) + step
