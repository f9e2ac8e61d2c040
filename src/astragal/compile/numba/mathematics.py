"""Compiled special functions that SciPy's Cython API lacks."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
from __future__ import annotations

import math

import numpy as np

from astragal.compile.loader import FEW, STIRLING, TERMS
from astragal.compile.numba.runtime import helper
from astragal.compile.numba.special import special
from astragal.ops.special import HALF_LOG_2PI

_kve = special("kve")
_digamma = special("digamma")
_gammaln = special("gammaln")

# (2 k)! / B(2 k), for the tail of the Euler-Maclaurin sum (Cephes, zeta.c).
_TAIL = (
    12.0,
    -720.0,
    30240.0,
    -1209600.0,
    47900160.0,
    -1.8924375803183791606e9,
    7.47242496e10,
    -2.950130727918164224e12,
    1.1646782814350067249e14,
    -4.5979787224074726105e15,
    1.8152105401943546773e17,
    -7.1661652561756670113e18,
)


@helper
def zeta(x, q):
    """Hurwitz's zeta function: the sum of (k + q)^-x over k = 0, 1, ..."""
    if x != x or q != q or x < 1.0:
        return np.nan
    if x == 1.0:
        return np.inf
    if q <= 0.0:
        if q == math.floor(q):
            return np.inf
        if x != math.floor(x):
            return np.nan
    if q > 1e8:
        return (1.0 / (x - 1.0) + 1.0 / (2.0 * q)) * q ** (1.0 - x)
    total = q**-x
    a, i, b = q, 0, 0.0
    while i < 9 or a <= 9.0:
        i += 1
        a += 1.0
        b = a**-x
        total += b
        if abs(b / total) < 1.1e-16:
            return total
    w = a
    total += b * w / (x - 1.0) - 0.5 * b
    a = 1.0
    k = 0.0
    for c in _TAIL:
        a *= x + k
        b /= w
        t = a * b / c
        total += t
        if abs(t / total) < 1.1e-16:
            return total
        k += 1.0
        a *= x + k
        b /= w
        k += 1.0
    return total


@helper
def polygamma(n, x):
    """Derivative of order n of the digamma function."""
    if n == 0.0:
        return _digamma(x, np.int32(0))
    sign = 1.0 if n % 2.0 == 1.0 else -1.0
    return sign * math.exp(_gammaln(n + 1.0, np.int32(0))) * zeta(n + 1.0, x)


@helper
def log_kve(v, x):
    """Logarithm of the scaled Bessel function of the third kind; by quadrature where it must be."""
    v = abs(v)
    out = math.log(_kve(v, x, np.int32(0)))
    if out - out == 0 or not x > 0 or x - x != 0 or v - v != 0:
        return out
    peak = math.log(v + math.hypot(v, x)) - math.log(x)
    width = 1.0 / math.sqrt(max(math.hypot(v, x), 1.0))
    low, high = max(peak - 40.0 * width, 0.0), peak + 40.0 * width
    # The integrand is smooth and falls off twice exponentially: the trapezoidal rule is exact
    # to rounding. Its values are kept relative to the greatest so far.
    count = 1_600
    step = (high - low) / count
    top, total = -np.inf, 0.0
    for i in range(count + 1):
        t = low + step * i
        grown = math.exp(math.log(x) + t) / 2.0 - x + x * math.exp(-t) / 2.0
        f = v * t - grown + math.log1p(math.exp(-2.0 * v * t)) - math.log(2.0)
        weight = 0.5 * step if i == 0 or i == count else step
        if f > top:
            total = total * math.exp(top - f) + weight
            top = f
        else:
            total += weight * math.exp(f - top)
    return top + math.log(total)


@helper
def _deviance(n, m):
    """Give n log(n / m) + m - n, without cancellation."""
    v = (n - m) / (n + m)
    if abs(v) < 0.1:
        w = v * v
        total = 0.0
        for c in TERMS[::-1]:
            total = total * w + c
        return (n - m) * v + 2.0 * n * v * w * total
    if m == np.inf:
        return np.inf
    ratio = n / m
    # A quotient beyond the largest number has a logarithm within the range.
    return n * (math.log(ratio) if abs(ratio) < np.inf else math.log(n) - math.log(m)) + m - n


@helper
def log_gamma_density(a, x):
    """(a - 1) log x - x - log Gamma(a), as in `astragal.compile.loader`."""
    if not (a > 0.0 and x >= 0.0):
        return np.nan
    if a >= FEW:
        n = a - 1.0
        w = 1.0 / (n * n)
        rest = 0.0
        for c in STIRLING[::-1]:
            rest = rest * w + c
        return -_deviance(n, x) - rest / n - 0.5 * math.log(n) - HALF_LOG_2PI
    if x == np.inf:
        return -np.inf
    power = 0.0 if a == 1.0 else (a - 1.0) * math.log(x)
    return power - x - math.lgamma(a)


@helper
def log_beta_density(a, b, p, q):
    """(a - 1) log p + (b - 1) log q - log B(a, b) + (a + b) (1 - p - q), likewise."""
    if not (a > 0.0 and b > 0.0 and p >= 0.0 and q >= 0.0):
        return np.nan
    n = a + b
    if n >= FEW:
        some = log_gamma_density(a, n * p) + log_gamma_density(b, n * q)
        return some - log_gamma_density(n, n) + math.log(n)
    first = 0.0 if a == 1.0 else (a - 1.0) * math.log(p)
    second = 0.0 if b == 1.0 else (b - 1.0) * math.log(q)
    both = math.lgamma(a) + math.lgamma(b) - math.lgamma(n)
    return first + second + n * ((1.0 - p) - q) - both
