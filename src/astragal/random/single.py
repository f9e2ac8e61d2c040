"""Samplers in float32 arithmetic, for variables of that data type.

They are the algorithms of float64 with constants and approximations for 24 bits: fdlibm's e_logf.c
and e_expf.c, and PPND7 of Wichura 1988. The operations are those of `astragal.random.exact`, so
that the bits are the same everywhere. Numbers near 0 keep their relative precision down to
2**-32, where the grid of the random bits ends.

Counts have no such samplers: a rate or a mass in 24 bits would move their laws by more than a
float32 rounds, so they are drawn in float64, whatever the data type of their parameters.
"""

from __future__ import annotations

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import cond
from astragal.ops.manipulation import astype, bitcast
from astragal.ops.searching import where
from astragal.random.exact import polynomial
from astragal.random.once import once
from astragal.random.sampler import Source, until


def _number(x: Expr) -> Expr:
    """Read a uint32 as a float32."""
    return bitcast(x, "float32")


@once
def log(x: Expr) -> Expr:
    """Natural logarithm of a positive normal float32, within 1 ulp."""
    bits = bitcast(x, "uint32")
    shifted = bitcast(bits - 0x3F3504F3, "int32") >> 23
    f = _number(bits - bitcast(shifted << 23, "uint32")) - 1.0
    k = astype(shifted, "float32")
    s = f / (f + 2.0)
    z = s * s
    w = z * z
    r = z * (0.66666662693 + w * 0.28498786688) + w * (0.40000972152 + w * 0.24279078841)
    half = 0.5 * f * f
    return k * 6.9313812256e-01 - ((half - (s * (half + r) + k * 9.0580006145e-06)) - f)


@once
def exp(x: Expr) -> Expr:
    """Exponential of a float32, within 1 ulp; 0 below the smallest normal number."""
    y = e.minimum(e.maximum(x, -88.0), 89.0)
    k = e.floor(y * 1.4426950216 + 0.5)
    high = y - k * 6.9314575195e-1
    low = k * 1.4286067653e-6
    r = high - low
    t = r * r
    c = r - t * (1.6666625440e-1 - t * 2.7667332906e-3)
    value = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    first = e.floor(k * 0.5)
    out = value * _power_of_two(first) * _power_of_two(k - first)
    out = where(x < -87.33654, 0.0, out)
    return where(x > 88.72283, float("inf"), out)


def _power_of_two(k: Expr) -> Expr:
    return _number(astype(astype(k, "int32") + 127, "uint32") << 23)


def _grid(bits: Expr) -> Expr:
    """The upper half of 64 random bits, without its lowest one: 31 bits, as int32."""
    return astype(bits >> 33, "int32")


def _tail(v: Expr) -> Expr:
    """Probability up to a point of the grid of 31 bits."""
    return astype(v, "float32") * 2.0**-31 + 2.0**-32


def unit_interval(bits: Expr) -> Expr:
    """Turn 64 random bits into the midpoint of one of 2**23 intervals of (0, 1)."""
    return _number(astype(bits >> 41, "uint32") | 0x3F800000) - (1.0 - 2.0**-24)


def standard_exponential(bits: Expr) -> Expr:
    """Turn 64 bits into a standard exponential value, with small ones in full precision."""
    v = _grid(bits)
    p = _tail(v)
    near = p < 0.5
    u = where(near, 1.0 - p, _tail(0x7FFFFFFF - v))
    # What 1 - p lost by rounding.
    lost = where(near, (1.0 - u) - p, 0.0)
    return -(log(u) + lost / u)


_CENTRE = (59.109374720, 159.29113202, 50.434271938, 3.3871327179)
_CENTRE_BELOW = (67.187563600, 78.757757664, 17.895169469, 1.0)
_MIDDLE = (0.17023821103, 1.3067284816, 2.7568153900, 1.4234372777)
_MIDDLE_BELOW = (0.12021132975, 0.73700164250, 1.0)


def _centre(p: Expr) -> Expr:
    q = p - 0.5
    r = 0.180625 - q * q
    return q * polynomial(r, _CENTRE) / polynomial(r, _CENTRE_BELOW)


def _outside(p: Expr) -> Expr:
    # The root is below 5, since p is above 2**-33.
    t = e.sqrt(-log(p)) - 1.6
    return -polynomial(t, _MIDDLE) / polynomial(t, _MIDDLE_BELOW)


@once
def normal_quantile(p: Expr) -> Expr:
    """Normal quantile of a probability between 2**-33 and 1/2."""
    x: Expr = cond(p >= 0.075, _centre, _outside, p)
    return x


def standard_normal(bits: Expr) -> Expr:
    """Turn 64 bits into a standard normal value: a sign, and the quantile of a lower tail."""
    x = normal_quantile(0.5 * _tail(_grid(bits)))
    return where(e.equal(bits & 1, 1), -x, x)


_REST = (-3 / 10, 3 / 9, -3 / 8, 3 / 7, -3 / 6, 3 / 5, -3 / 4)


def gamma_parts(source: Source, shape: Expr, tag: int = 0) -> tuple[Expr, Expr]:
    """Give g and h such that g exp(h) is a standard gamma value; see the one of float64."""
    boost = shape < 1.0
    d = where(boost, shape + 1.0, shape) - 1.0 / 3.0
    c = 1.0 / e.sqrt(9.0 * d)

    def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
        x = standard_normal(first)
        w = c * x
        root = 1.0 + w
        v = root * root * root
        u = _tail(_grid(second))
        square = x * x
        sure = u < 1.0 - 0.0331 * square * square

        def exactly(u: Expr, square: Expr, v: Expr, w: Expr, d: Expr) -> Expr:
            # x^2 / 2 + d (1 - v + log v) is d times the rest of 3 log(1 + w) after the cube,
            # by its series where w is small and all else would cancel.
            near = e.abs(w) < 0.1
            s = where(near, w, 0.0)
            fourth = (s * s) * (s * s)
            rest = d * fourth * polynomial(s, _REST)
            safe = where(near, 1.0, v)
            return log(u) < where(near, rest, 0.5 * square + d * (1.0 - safe + log(safe)))

        accepted = cond(
            e.logical_or(sure, root <= 0.0),
            lambda u, square, v, w, d: w > -1.0,
            exactly,
            *(u, square, v, w, d),
        )
        return [d * v], accepted

    (g,) = until(source, attempt, tag)

    def boosted(shape: Expr) -> Expr:
        return log(_tail(_grid(source.block_at(0, tag + 1)[0]))) / shape

    h = cond(boost, boosted, lambda shape: shape * 0.0, shape)
    return g, h


def scaled(g: Expr, h: Expr) -> Expr:
    """Give g exp(h), where h is mostly zero."""
    out: Expr = cond(e.equal(h, 0.0), lambda g, h: g, lambda g, h: g * exp(h), g, h)
    return out


def beta(source: Source, a: Expr, b: Expr) -> Expr:
    """Draw a beta value."""
    g1, h1 = gamma_parts(source, a, 0)
    g2, h2 = gamma_parts(source, b, 2)
    top = e.maximum(h1, h2)
    x, y = scaled(g1, h1 - top), scaled(g2, h2 - top)
    return x / (x + y)
