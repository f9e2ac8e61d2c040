"""Log densities of gamma and beta laws without cancellation (Loader 2000).

Written once for NumPy's arrays and JAX's; compiled code has scalars, in `numba.mathematics`.
A logarithm of a gamma function of size n log n, less others of that size, has no more than
16 digits less those of n. Here the large parts have been taken away by hand: what is left is
the deviance, whose size is that of the result, and Stirling's error, which is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from astragal.ops.special import HALF_LOG_2PI

Array = Any

STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
"""Coefficients of 1 / n, 1 / n**3, ... in log n! less Stirling's formula."""
FEW = 16.0
"""From here on Stirling's series is exact to rounding."""
TERMS = tuple(1.0 / k for k in range(3, 20, 2))
"""Coefficients of atanh(v) / v - 1 in powers of v**2, enough for |v| < 0.1."""


@dataclass(frozen=True)
class Densities:
    """The two functions, on the arrays of one library.

    Attributes
    ----------
    xp
        The library: NumPy or ``jax.numpy``.
    gammaln, xlogy
        Its special functions.
    """

    xp: Any
    gammaln: Any
    xlogy: Any

    def _polynomial(self, x: Array, coefficients: tuple[float, ...]) -> Array:
        total = self.xp.zeros_like(x)
        for c in reversed(coefficients):
            total = total * x + c
        return total

    def _deviance(self, n: Array, m: Array) -> Array:
        """Give n log(n / m) + m - n, for n of 15 and more and m of 0 and more."""
        xp = self.xp
        v = (n - m) / (n + m)
        near = abs(v) < 0.1
        w = xp.where(near, v * v, 0.0)
        small = (n - m) * v + 2.0 * n * v * w * self._polynomial(w, TERMS)
        apart = xp.where(near, 1.0, m)
        ratio = n / apart
        # A quotient beyond the largest number has a logarithm within the range.
        logs = xp.where(xp.isinf(ratio), xp.log(n) - xp.log(apart), xp.log(ratio))
        return xp.where(near, small, xp.where(xp.isinf(m), xp.inf, n * logs + m - n))

    def gamma(self, a: Array, x: Array) -> Array:
        """Give (a - 1) log x - x - log Gamma(a), for a > 0 and x >= 0."""
        xp = self.xp
        large = a >= FEW
        n = xp.where(large, a, FEW) - 1.0
        rest = self._polynomial(1.0 / (n * n), STIRLING) / n
        many = -self._deviance(n, x) - rest - 0.5 * xp.log(n) - HALF_LOG_2PI
        own, at = xp.where(large, 1.0, a), xp.where(large, 1.0, x)
        few = self.xlogy(own - 1.0, at) - at - self.gammaln(own)
        out = xp.where(large, many, xp.where(xp.isinf(at), -xp.inf, few))
        return xp.where((a > 0) & (x >= 0), out, xp.nan)

    def beta(self, a: Array, b: Array, p: Array, q: Array) -> Array:
        """Give (a - 1) log p + (b - 1) log q - log B(a, b), for a, b > 0 and p + q = 1.

        Where p + q is not 1, (a + b) (1 - p - q) is added: to first order in its rounding,
        which the terms alone would magnify, this is the value at the p and q that were meant.
        """
        xp = self.xp
        n = a + b
        large = n >= FEW
        m = xp.where(large, n, FEW)
        many = self.gamma(a, m * p) + self.gamma(b, m * q) - self.gamma(m, m) + xp.log(m)
        c, d = xp.where(large, 1.0, a), xp.where(large, 1.0, b)
        some, rest = xp.where(large, 1.0, p), xp.where(large, 1.0, q)
        few = self.xlogy(c - 1.0, some) + self.xlogy(d - 1.0, rest) + n * ((1.0 - some) - rest)
        few = few - (self.gammaln(c) + self.gammaln(d) - self.gammaln(c + d))
        out = xp.where(large, many, few)
        return xp.where((a > 0) & (b > 0) & (p >= 0) & (q >= 0), out, xp.nan)
