"""Special functions that JAX lacks, on whole arrays.

Quantiles are found by Newton's method on the logarithm of the smaller tail, in a
coordinate in which the answer may be tiny, kept inside a bracket by bisection. Their
derivatives follow from the implicit function theorem.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy import special

Array = Any
Curve = Callable[[Array], tuple[Array, Array]]
"""From a coordinate to the height above the wanted one, and the slope."""

_TURNS = 200


def _root(curve: Curve, low: Array, high: Array) -> Array:
    """Find where an increasing curve is zero, elementwise, to rounding."""
    eps = np.finfo(low.dtype).eps

    def turn(state: Any) -> Any:
        i, u, low, high, _ = state
        height, slope = curve(u)
        low, high = jnp.where(height < 0, u, low), jnp.where(height < 0, high, u)
        newton = u - height / slope
        inside = (newton > low) & (newton < high)
        new = jnp.where(inside, newton, (low + high) / 2)
        done = (jnp.abs(new - u) <= eps * jnp.maximum(jnp.abs(u), 1)) | (height == 0)
        return i + 1, jnp.where(height == 0, u, new), low, high, jnp.all(done | jnp.isnan(height))

    start = (0, (low + high) / 2, low, high, jnp.array(False))
    out: Array = lax.while_loop(lambda s: (s[0] < _TURNS) & ~s[4], turn, start)[1]
    return out


def _log_tail(tail: Array, density: Array, wanted: Array, sign: Array) -> tuple[Array, Array]:
    """Height and slope of the logarithm of a tail; ``sign`` is -1 for a falling one."""
    tiny = np.finfo(tail.dtype).tiny
    tail = jnp.maximum(tail, tiny)
    return sign * (jnp.log(tail) - jnp.log(wanted)), jnp.maximum(density / tail, tiny)


# -- gamma -----------------------------------------------------------------------------------


def _gamma_quantile(a: Array, p: Array, q: Array) -> Array:
    """The x with gammainc(a, x) = p = 1 - q, where the smaller of p and q is exact."""
    a, p, q = jnp.broadcast_arrays(a, p, q)
    lower = p <= q
    wanted = jnp.where(lower, p, q)
    tiny = math.log(float(np.finfo(a.dtype).tiny))
    # P(a, x) <= x^a / gamma(a + 1), and a sub-gamma bound on the upper tail.
    low = jnp.maximum(
        (jnp.log(jnp.maximum(p, np.finfo(p.dtype).tiny)) + special.gammaln(a + 1)) / a, tiny
    )
    high = jnp.log(a + jnp.sqrt(-2 * a * tiny) - tiny)

    def curve(u: Array) -> tuple[Array, Array]:
        x = jnp.exp(u)
        tail = jnp.where(lower, special.gammainc(a, x), special.gammaincc(a, x))
        density = jnp.exp(a * u - x - special.gammaln(a))
        return _log_tail(tail, density, wanted, jnp.where(lower, 1, -1))

    x = jnp.exp(_root(curve, jnp.minimum(low, high), high))
    x = jnp.where(p <= 0, 0.0, jnp.where(q <= 0, jnp.inf, x))
    fits = (a > 0) & (p >= 0) & (q >= 0)
    return jnp.where(fits, x, jnp.nan)


def _gamma_jvp(x: Array, primals: Any, tangents: Any, sign: int) -> Array:
    (a, _), (da, dp) = primals, tangents
    _, along = jax.jvp(lambda a: special.gammainc(a, x), (a,), (da,))
    density = jnp.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))
    return (sign * dp - along) / density


@jax.custom_jvp
def gammaincinv(a: Array, p: Array) -> Array:
    """Inverse of ``gammainc`` in its second argument."""
    return _gamma_quantile(a, p, 1 - p)


@jax.custom_jvp
def gammainccinv(a: Array, q: Array) -> Array:
    """Inverse of ``gammaincc`` in its second argument."""
    return _gamma_quantile(a, 1 - q, q)


@gammaincinv.defjvp
def _(primals: Any, tangents: Any) -> Any:
    x = gammaincinv(*primals)
    return x, _gamma_jvp(x, primals, tangents, 1)


@gammainccinv.defjvp
def _(primals: Any, tangents: Any) -> Any:
    x = gammainccinv(*primals)
    return x, _gamma_jvp(x, primals, tangents, -1)


# -- beta ------------------------------------------------------------------------------------


@jax.custom_jvp
def betaincinv(a: Array, b: Array, p: Array) -> Array:
    """Inverse of ``betainc`` in its third argument."""
    a, b, p = jnp.broadcast_arrays(a, b, p)
    lower = p <= 0.5
    wanted = jnp.where(lower, p, 1 - p)
    norm = special.betaln(a, b)

    def curve(t: Array) -> tuple[Array, Array]:
        # t = logit(x): both x and 1 - x are exact where they are small.
        x, y = special.expit(t), special.expit(-t)
        # The upper tail of a tiny x, whose complement rounds to 1, is 1 - I; p > 1/2 has no
        # digits beyond that.
        upper = jnp.where(x < 0.5, 1 - special.betainc(a, b, x), special.betainc(b, a, y))
        tail = jnp.where(lower, special.betainc(a, b, x), upper)
        density = jnp.exp(-a * jnp.logaddexp(0.0, -t) - b * jnp.logaddexp(0.0, t) - norm)
        return _log_tail(tail, density, wanted, jnp.where(lower, 1, -1))

    tiny = math.log(float(np.finfo(a.dtype).tiny))
    t = _root(curve, jnp.full_like(a, tiny), jnp.full_like(a, -tiny))
    x = special.expit(t)
    x = jnp.where(p == 0, 0.0, jnp.where(p == 1, 1.0, x))
    return jnp.where((a > 0) & (b > 0) & (p >= 0) & (p <= 1), x, jnp.nan)


@betaincinv.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (a, b, p), (da, db, dp) = primals, tangents
    x = betaincinv(a, b, p)
    density = jnp.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))
    if type(da) is jax.custom_derivatives.SymbolicZero:
        return x, dp / density
    return x, (dp - _betainc_slope(a, b, x, da, db)) / density


def _betainc_slope(a: Array, b: Array, x: Array, da: Array, db: Array) -> Array:
    """Directional derivative of ``betainc`` in its shapes, by central differences.

    JAX has no derivative there; `astragal.grad` is what to use for an accurate one.
    """
    h = np.finfo(x.dtype).eps ** (1 / 3)
    up = special.betainc(a * (1 + h), b, x) - special.betainc(a * (1 - h), b, x)
    across = special.betainc(a, b * (1 + h), x) - special.betainc(a, b * (1 - h), x)
    return up / (2 * h * a) * da + across / (2 * h * b) * db


# -- Bessel functions --------------------------------------------------------------------------


def _log_kve_parts(v: Array, x: Array) -> tuple[Array, Array]:
    """Logarithm of the integral of exp(x - x cosh t) cosh(v t) over t > 0; its slope in v.

    The integrand is smooth and falls off twice exponentially, so that the trapezoidal
    rule is exact to rounding once its step is small beside the width of the peak.
    """
    v = jnp.abs(v)
    size = jnp.hypot(v, x)
    peak = jnp.log(v + size) - jnp.log(x)
    width = lax.rsqrt(jnp.maximum(size, 1.0))

    def height(t: Array) -> Array:
        # x cosh t - x = 2 x sinh(t / 2)^2, without cancellation or overflow of cosh.
        root = jnp.exp(0.5 * (jnp.log(2 * x) + t) - math.log(2)) * -jnp.expm1(-t)
        return v * t - root * root + jnp.log1p(jnp.exp(-2 * v * t)) - math.log(2)

    top = height(peak)
    small = -math.log(float(np.finfo(x.dtype).eps)) + 10

    def edge(inner: Array, outer: Array) -> Array:
        """Where the integrand has fallen from the peak to nothing."""

        def halve(_: int, pair: Any) -> Any:
            inner, outer = pair
            middle = (inner + outer) / 2
            high = height(middle) > top - small
            return jnp.where(high, middle, inner), jnp.where(high, outer, middle)

        out: Array = lax.fori_loop(0, 60, halve, (inner, outer))[1]
        return out

    # Beyond the peak x cosh t outgrows v t + small before t has grown by this much.
    last = jnp.log1p((2 * small + 2 * size) / x) + 2 * small * width + 5
    low = edge(peak, jnp.zeros_like(peak))
    high = edge(peak, peak + last)
    steps = jnp.max(jnp.ceil((high - low) / jnp.minimum(0.2, 0.5 * width)), initial=1.0)
    steps = jnp.where(jnp.isfinite(steps), steps, 1.0)
    h = (high - low) / steps
    ends = jnp.where(low > 0, 1.0, 0.5)  # half the weight at t = 0, where the integrand is even

    def add(i: Array, sums: Any) -> Any:
        t = low + h * i
        weight = jnp.where(i == 0, ends, 1.0) * jnp.exp(height(t) - top)
        return sums[0] + weight, sums[1] + weight * t * jnp.tanh(v * t)

    zero = jnp.zeros_like(top)
    total, moment = lax.fori_loop(0, steps.astype("int64") + 1, add, (zero, zero))
    return top + jnp.log(total * h), moment / total


@jax.custom_jvp
def log_kve(v: Array, x: Array) -> Array:
    """Logarithm of exp(x) times the modified Bessel function of the second kind, of order v."""
    v, x = jnp.broadcast_arrays(v, x)
    inside = (x > 0) & jnp.isfinite(x) & jnp.isfinite(v)
    out, _ = _log_kve_parts(jnp.where(inside, v, 0.0), jnp.where(inside, x, 1.0))
    edge = jnp.where(x == 0, jnp.inf, jnp.where(jnp.isposinf(x), -jnp.inf, jnp.nan))
    return jnp.where(inside, out, jnp.where(jnp.isnan(v), jnp.nan, edge))


@log_kve.defjvp
def _(primals: Any, tangents: Any) -> Any:
    v, x = jnp.broadcast_arrays(*primals)
    dv, dx = tangents
    out, along_v = _log_kve_parts(v, x)
    # K_v' = -(K_{v-1} + K_{v+1}) / 2
    around = jnp.logaddexp(log_kve(v - 1, x), log_kve(v + 1, x)) - math.log(2)
    return out, jnp.sign(v) * along_v * dv + (1 - jnp.exp(around - out)) * dx


def digamma(x: Array) -> Array:
    """Derivative of ``gammaln``; at the pole in 0 the infinity of its side, not NaN."""
    return jnp.where(x == 0, -jnp.copysign(jnp.inf, x), special.digamma(x))


def gammainc(a: Array, x: Array) -> Array:
    """Regularized lower incomplete gamma function; of shape 0 all mass is at 0."""
    empty = (a == 0) & (x > 0)
    return jnp.where(empty, 1.0, special.gammainc(jnp.where(empty, 1.0, a), x))


def polygamma(n: Array, x: Array) -> Array:
    """Derivative of order n of ``digamma``."""
    plain = n == 0
    # jax.scipy.special.polygamma wants an integer order; what it calls does not.
    orders = jnp.where(plain, 1, n).astype(x.dtype)
    return jnp.where(plain, digamma(x), lax.polygamma(*jnp.broadcast_arrays(orders, x)))


_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def _beyond_stirling(x: Array) -> Array:
    """What ``gammaln(x)`` adds to Stirling's formula, for x of 10 and more."""
    y = 1 / (x * x)
    total = jnp.zeros_like(x)
    for c in reversed(_STIRLING):
        total = total * y + c
    return total / x


def betaln(a: Array, b: Array) -> Array:
    """Logarithm of the beta function; JAX's own is good to eight digits where b exceeds 8."""
    a, b = jnp.minimum(a, b), jnp.maximum(a, b)
    few = special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b)
    # gammaln(b) - gammaln(a + b) by Stirling's formula, so that nothing large cancels.
    large = jnp.maximum(b, 10.0)
    ratio = a - a * jnp.log(large) - (a + large - 0.5) * jnp.log1p(a / large)
    ratio = ratio + _beyond_stirling(large) - _beyond_stirling(a + large)
    return jnp.where(b < 10.0, few, special.gammaln(a) + ratio)
