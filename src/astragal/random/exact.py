"""Functions that give the same bits on every machine and backend.

Each is made of operations that IEEE 754 rounds exactly (``+ - * /``, square root),
comparisons, selection, integer arithmetic and bit casts, in a stated order. Samplers use
these instead of a library's ``log`` and ``exp``, which differ in the last bits. All of them
compute in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.manipulation import astype, bitcast
from astragal.ops.searching import where
from astragal.ops.special import HALF_LOG_2PI
from astragal.random.once import once

LN2_HIGH = 6.93147180369123816490e-01  # the first 32 bits: k * LN2_HIGH is exact
LN2_LOW = 1.90821492927058770002e-10


def polynomial(x: Expr, coefficients: Sequence[float]) -> Expr:
    """Evaluate by Horner's rule; the coefficient of the highest power comes first."""
    total: Expr = x * coefficients[0] + coefficients[1]
    for c in coefficients[2:]:
        total = total * x + c
    return total


def as_float(bits: Expr) -> Expr:
    """Read a uint64 as a float64."""
    return bitcast(bits, "float64")


def as_bits(x: Expr) -> Expr:
    """Read a float64 as a uint64."""
    return bitcast(x, "uint64")


_LOG_EVEN = (1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01)
_LOG_ODD = (
    1.479819860511658591e-01,
    1.818357216161805012e-01,
    2.857142874366239149e-01,
    6.666666666666735130e-01,
)


@once
def log(x: Expr) -> Expr:
    """Natural logarithm of a positive normal number, within 1 ulp (fdlibm's e_log.c).

    Zero gives a number below -708, which is no logarithm; see `log_or_infinite`.
    """
    bits = as_bits(x)
    # x = 2**k * m with m in [sqrt(1/2), sqrt(2)).
    shifted = bitcast(bits - 0x3FE6A09E667F3BCD, "int64") >> 52
    f = as_float(bits - bitcast(shifted << 52, "uint64")) - 1.0
    k = astype(shifted, "float64")
    s = f / (f + 2.0)
    z = s * s
    w = z * z
    r = w * polynomial(w, _LOG_EVEN) + z * polynomial(w, _LOG_ODD)
    half = 0.5 * f * f
    return k * LN2_HIGH - ((half - (s * (half + r) + k * LN2_LOW)) - f)


@once
def log_or_infinite(x: Expr) -> Expr:
    """Natural logarithm of any non-negative number; of zero, minus infinity."""
    tiny = x < 2.2250738585072014e-308
    scaled = log(where(tiny, x * 2.0**54, x))
    out = where(tiny, scaled - 54 * math.log(2), scaled)
    out = where(e.isinf(x), x, out)
    return where(e.equal(x, 0.0), -math.inf, out)


_EXP = (
    4.13813679705723846039e-08,
    -1.65339022054652515390e-06,
    6.61375632143793436117e-05,
    -2.77777777770155933842e-03,
    1.66666666666666019037e-01,
)


@once
def exp(x: Expr) -> Expr:
    """Exponential, within 1 ulp (fdlibm's e_exp.c); 0 below the smallest normal number."""
    y = e.minimum(e.maximum(x, -709.0), 710.0)
    k = e.floor(y * 1.44269504088896338700 + 0.5)
    high = y - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    t = r * r
    c = r - t * polynomial(t, _EXP)
    value = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    # 2**k in two factors, so that both are normal numbers.
    first = e.floor(k * 0.5)
    out = value * power_of_two(first) * power_of_two(k - first)
    out = where(x < -708.3964, 0.0, out)
    return where(x > 709.782712893384, math.inf, out)


def power_of_two(k: Expr) -> Expr:
    """Two to an integer between -1022 and 1023, given as a float64."""
    return as_float(astype(astype(k, "int64") + 1023, "uint64") << 52)


@once
def log1p(x: Expr) -> Expr:
    """Logarithm of 1 + x, for x > -1, without loss for small x."""
    u = 1.0 + x
    # log(1 + x) = log(u) + log(1 + (x - (u - 1)) / u), and the last is tiny.
    lost = where(x < 1.0, x - (u - 1.0), 1.0 - (u - x))
    return where(e.abs(x) < 2.0**-53, x, log(u) + lost / u)


@once
def expm1(x: Expr) -> Expr:
    """Exponential minus one, without loss for small x (Kahan)."""
    u = exp(x)
    d = u - 1.0
    inner = (e.abs(x) < 1.0) & e.not_equal(d, 0.0)
    # d is the exact image of log(u), which is near x.
    near = d * (x / log(where(inner, u, 2.0)))
    return where(inner, near, where(e.abs(x) < 1.0, x, d))


@once
def tanh(x: Expr) -> Expr:
    """Hyperbolic tangent of a non-negative number."""
    m = expm1(-2.0 * x)
    return -m / (m + 2.0)


# Wichura 1988, Algorithm AS 241, PPND16.
_CENTRE = (
    2.5090809287301226727e3,
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080,
)
_CENTRE_BELOW = (
    5.2264952788528545610e3,
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1.0,
)
_MIDDLE = (
    7.74545014278341407640e-4,
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258,
    3.64784832476320460504,
    5.76949722146069140550,
    4.63033784615654529590,
    1.42343711074968357734,
)
_MIDDLE_BELOW = (
    1.05075007164441684324e-9,
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940,
    2.05319162663775882187,
    1.0,
)
_FAR = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    1.24266094738807843860e-3,
    2.65321895265761230930e-2,
    2.96560571828504891230e-1,
    1.78482653991729133580,
    5.46378491116411436990,
    6.65790464350110377720,
)
_FAR_BELOW = (
    2.04426310338993978564e-15,
    1.42151175831644588870e-7,
    1.84631831751005468180e-5,
    7.86869131145613259100e-4,
    1.48753612908506148525e-2,
    1.36929880922735805310e-1,
    5.99832206555887937690e-1,
    1.0,
)


def normal_centre(q: Expr) -> Expr:
    """Normal quantile of 1/2 + q, for q between -0.425 and 0.425."""
    r = 0.180625 - q * q
    return q * polynomial(r, _CENTRE) / polynomial(r, _CENTRE_BELOW)


def normal_tail(q: Expr) -> Expr:
    """Normal quantile of 1/2 + q, for q outside -0.425 .. 0.425."""
    r = e.sqrt(-log(0.5 - e.abs(q)))
    near = r <= 5.0
    t = r - where(near, 1.6, 5.0)
    above = [where(near, a, b) for a, b in zip(_MIDDLE, _FAR, strict=True)]
    below = [where(near, a, b) for a, b in zip(_MIDDLE_BELOW, _FAR_BELOW, strict=True)]
    x = _horner(t, above) / _horner(t, below)
    return where(q < 0.0, -x, x)


def _horner(x: Expr, coefficients: Sequence[Expr]) -> Expr:
    total = coefficients[0]
    for c in coefficients[1:]:
        total = total * x + c
    return total


@once
def normal_quantile(q: Expr) -> Expr:
    """Normal quantile of 1/2 + q, within 1e-16 of relative error (AS 241)."""
    from astragal.ops.control import cond

    out: Expr = cond(e.abs(q) <= 0.425, normal_centre, normal_tail, q)
    return out


_SIN = (
    1.58969099521155010221e-10,
    -2.50507602534068634195e-08,
    2.75573137070700676789e-06,
    -1.98412698298579493134e-04,
    8.33333333332248946124e-03,
    -1.66666666666666324348e-01,
)
_COS = (
    -1.13596475577881948265e-11,
    2.08757232129817482790e-09,
    -2.75573143513906633035e-07,
    2.48015872894767294178e-05,
    -1.38888888888741095749e-03,
    4.16666666666666019037e-02,
)


def sin_cos(x: Expr) -> tuple[Expr, Expr]:
    """Sine and cosine of an angle between -pi/4 and pi/4 (fdlibm's k_sin.c and k_cos.c)."""
    z = x * x
    sine = x + x * z * polynomial(z, _SIN)
    cosine = 1.0 - (0.5 * z - z * z * polynomial(z, _COS))
    return sine, cosine


@once
def sin_cos_far(x: Expr) -> tuple[Expr, Expr]:
    """Sine and cosine of any angle below 10^6 in size, to about its last digit."""
    turns = e.floor(x * (2.0 / math.pi) + 0.5)
    # pi / 2 in parts of 33 bits, so that the products are exact (fdlibm's e_rem_pio2.c).
    r = (x - turns * 1.57079632673412561417) - turns * 6.07710050650619224932e-11
    sine, cosine = sin_cos(r)
    quarter = astype(turns, "int64") & 3
    odd = e.equal(quarter & 1, 1)
    first, second = where(odd, cosine, sine), where(odd, sine, cosine)
    upper = (quarter + 1) & 2
    return where(quarter >= 2, -first, first), where(upper > 0, -second, second)


@once
def tan_half_pi(v: Expr) -> Expr:
    """Tangent of v * pi / 2, for v strictly between 0 and 1."""
    upper = v > 0.5
    sine, cosine = sin_cos(where(upper, 1.0 - v, v) * (0.5 * math.pi))
    return where(upper, cosine, sine) / where(upper, sine, cosine)


_ATAN = (
    1.62858201153657823623e-02,
    -3.65315727442169155270e-02,
    4.97687799461593236017e-02,
    -5.83357013379057348645e-02,
    6.66107313738753120669e-02,
    -7.69187620504482999495e-02,
    9.09088713343650656196e-02,
    -1.11111104054623557880e-01,
    1.42857142725034663711e-01,
    -1.99999999998764832476e-01,
    3.33333333333329318027e-01,
)


@once
def arctan(x: Expr) -> Expr:
    """Arc tangent of a non-negative number (polynomial of fdlibm's s_atan.c)."""
    large = x > 1.0
    t = where(large, 1.0 / e.maximum(x, 1.0), x)
    upper = t > 0.4142135623730950
    y = where(upper, (t - 1.0) / (t + 1.0), t)
    z = y * y
    small = y - y * (z * polynomial(z, _ATAN))
    angle = where(upper, 0.25 * math.pi + small, small)
    return where(large, 0.5 * math.pi - angle, angle)


@once
def atan2(y: Expr, x: Expr) -> Expr:
    """Angle of a point that is not the origin."""
    size = arctan(e.abs(y) / e.abs(x))
    angle = where(x < 0.0, math.pi - size, size)
    return where(y < 0.0, -angle, angle)


_STIRLING = (-691.0 / 360360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0)


def _chosen(usual: Expr, first: Callable[..., Expr], second: Callable[..., Expr], *x: Expr) -> Expr:
    """Give one of two functions: of scalars only that one is computed, where a backend branches."""
    from astragal.ops.control import cond

    if usual.type.shape:
        return where(usual, first(*x), second(*x))
    out: Expr = cond(usual, first, second, *x)
    return out


def _stirling_series(m: Expr) -> Expr:
    return polynomial(1.0 / (m * m), _STIRLING) / m


def _stirling_small(n: Expr) -> Expr:
    # log n! = log (n + 16)! - log((n + 1) ... (n + 16)), so small n can use the series too.
    m = n + 16.0
    product = n + 1.0
    for j in range(2, 17):
        product = product * (n + float(j))
    far = (m + 0.5) * log(m) - m + _stirling_series(m)
    return far - log(product) - ((n + 0.5) * log(n) - n)


@once
def stirling_error(n: Expr) -> Expr:
    """Give log(n!) - log(sqrt(2 pi n) (n / e)**n), for n > 0 (Loader 2000)."""
    return _chosen(n >= 16.0, _stirling_series, _stirling_small, n)


@once
def log_factorial(n: Expr) -> Expr:
    """Give log(n!), for n >= 0."""
    m = e.maximum(n, 0.5)
    value = stirling_error(m) + (m + 0.5) * log(m) - m + HALF_LOG_2PI
    return where(n < 0.5, 0.0, value)


@once
def deviance(x: Expr, mean: Expr) -> Expr:
    """Give x log(x / mean) + mean - x without cancellation, for x, mean > 0 (Loader's bd0)."""

    def near(x: Expr, mean: Expr, v: Expr) -> Expr:
        # 2 x (v**3 / 3 + v**5 / 5 + ...) + (x - mean) v, for |v| < 0.1.
        w = v * v
        terms = polynomial(w, [1.0 / k for k in range(19, 1, -2)])
        return (x - mean) * v + 2.0 * x * v * w * terms

    def far(x: Expr, mean: Expr, v: Expr) -> Expr:
        return x * log(x / mean) + mean - x

    v = (x - mean) / (x + mean)
    return _chosen(e.abs(v) < 0.1, near, far, x, mean, v)


def unit_interval(bits: Expr) -> Expr:
    """Turn 64 random bits into the midpoint of one of 2**52 intervals of (0, 1)."""
    return as_float((bits >> 12) | 0x3FF0000000000000) - (1.0 - 2.0**-53)
