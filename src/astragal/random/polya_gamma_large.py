"""The sampler of Polya-Gamma variables of large shapes, whose cost does not grow with the shape.

As in `astragal.random.polya_gamma`, with PG(h, 2 c) a quarter of a variable X, the sum of gamma
variables of shape h and rates d_k + c^2 / 2, whose Laplace transform is (cosh c / cosh w)^h with
w^2 = c^2 + 2 t. Its mean is h m and its variance h v, with m = tanh(w) / w and v = -2 dm / dw^2 at
w = c. Tilted by exp(-t x) it is of the same kind, with w for c. Hence for every w

    f(x) = exp(t x) (cosh c / cosh w)^h g(x),    with g the density for w.             (*)

*The hat.* The modulus of the characteristic function of X is the product of
(1 + s^2 / rate^2)^(-h/2), at most (1 + s^2 v)^(-h/2), since the product of 1 + a_k is at least
1 + the sum of a_k. Its integral bounds the density: g <= C / sqrt(h v), with
C = sqrt(h) Gamma((h - 1) / 2) / (2 sqrt(pi) Gamma(h / 2)), at most (1 + 1/h) / sqrt(2 pi) for
h >= 5. In (*), three values of w give a flat hat and two exponential ones, all proved. With t at
plus and minus sqrt(2) / sigma, the best choice for a normal density, they touch it where they
should: some 85 % of the proposals are accepted.

*The density.* In (*), let w be that of which x is the mean: g(x) is R / sqrt(2 pi h v), with R
near 1. It is 1 for an inverse Gaussian variable, which X becomes as w grows, and
exp(-1 / (12 h) + ...) for a gamma variable, which it becomes as w^2 goes to -pi^2 / 4; between the
two it is between them. So R decides only where a comparison lies between 1 - 1 / (8 h) and
1 + 1 / (24 h), once in 6 h proposals; there it is the integral of the characteristic function, by
the trapezoid rule in theta where the frequency is sinh(theta) / sqrt(v), along which the modulus
falls at least as fast as cosh(theta)^(-h). Its error is below 10^-10 at a shape of 12, and that of
rounding from a shape of 16 on.

*Far tilts.* The transform is that of an inverse Gaussian variable, exp(-h (w - c)), times
((1 + exp(-2 c)) / (1 + exp(-2 w)))^h, that of a signed measure within 2 h exp(-2 c) of a point.
Where this is below 2^-60, the inverse Gaussian variable is drawn.
"""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import cond, while_loop
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.exact import polynomial, unit_interval
from astragal.random.kernels import inverse_gaussian_factor
from astragal.random.once import once
from astragal.random.sampler import LAST_ATTEMPT, Source
from astragal.random.standard import standard_normal

LARGE = 12.0
"""Shapes from which variables are drawn here."""
_NODES = 64.0  # of the trapezoid rule: enough for that shape
_EDGE = 0.25 * math.pi**2  # minus the first singularity of m, as a function of w^2


def _fraction(levels: int) -> tuple[list[float], list[float]]:
    """Give the polynomials whose ratio is 1 / (3 + x / (5 + x / (7 + ...)))."""
    above, below = [1], [2 * levels + 1]
    for k in range(levels - 1, 0, -1):
        longer = [(2 * k + 1) * b for b in [*below, 0]]
        for i, a in enumerate(above):
            longer[i + 1] += a
        above, below = below, longer if longer[-1] else longer[:-1]
    return [float(a) for a in above[::-1]], [float(b) for b in below[::-1]]


_ABOVE, _BELOW = _fraction(12)


@once
def _moments(square: Expr) -> tuple[Expr, Expr]:
    """Give m and v from w^2.

    Lambert's fraction, 1 / m = 1 + w^2 s with s = 1 / (3 + w^2 / (5 + ...)), holds for squares of
    both signs; and v = m (m - s).
    """

    def near(square: Expr) -> tuple[Expr, Expr]:
        s = polynomial(square, _ABOVE) / polynomial(square, _BELOW)
        m = 1.0 / (1.0 + square * s)
        return m, m * (m - s)

    def far(square: Expr) -> tuple[Expr, Expr]:
        w = e.sqrt(square)
        decay = exact.exp(-2.0 * w)
        t = (1.0 - decay) / (1.0 + decay)
        # 1 - tanh^2 is 4 decay / (1 + decay)^2.
        left = (w * 4.0) * decay / ((1.0 + decay) * (1.0 + decay))
        return t / w, (t - left) / (w * square)

    return cond(square < 4.0, near, far, square)  # type: ignore[no-any-return]


def _saddle(q: Expr) -> Expr:
    """Give the w^2 for which 1 / m is q, to about 10^-11."""
    y = where(
        q < 1.0, q * (2.0 + (_EDGE - 2.0) * q), q * q - exact.exp(e.minimum(1.0 - q, 0.0)) + _EDGE
    )
    for _ in range(2):
        m, v = _moments(y - _EDGE)
        y = e.maximum(y + (q - 1.0 / m) * (2.0 * m * m / v), 0.25 * y)
    return y - _EDGE


@once
def _tilt(square: Expr, c: Expr, tanh: Expr, rest: Expr) -> tuple[Expr, Expr]:
    """Give t and log(cosh w / cosh c), without loss where w is near c.

    Also given are tanh c and 1 - 1 / cosh c.
    """
    below = square < 0.0
    w = e.sqrt(where(below, 0.0, square))
    u = e.sqrt(where(below, -square, 0.0))
    d = exact.expm1(w - c)
    over = d / (d + 1.0)
    # cosh d + tanh c sinh d - 1
    real = 0.5 * (d * over + tanh * (d + over))
    sine, _ = exact.sin_cos(0.5 * u)
    change = where(below, -2.0 * (sine * sine) * (1.0 - rest) - rest, real)
    t = 0.5 * where(below, -(u * u + c * c), (w - c) * (w + c))
    return t, exact.log1p(change)


@once
def _correction(x: Expr, h: Expr, square: Expr, v: Expr) -> Expr:
    """Give R, which the density at x is relative to that of a normal variable at its mean."""
    below = square < 0.0
    w = e.sqrt(where(below, 0.0, square))
    u = e.sqrt(where(below, -square, 0.0))
    # (1 - tanh) / 2
    share = 0.5 * (1.0 - exact.tanh(w))
    share_i = -0.5 * exact.tan_half_pi(e.maximum(u, 1e-300) * (2.0 / math.pi))
    d = exact.expm1(37.0 / h)
    step = exact.log1p(d + e.sqrt(d * (d + 2.0))) / _NODES
    growth, root = exact.exp(step), e.sqrt(v)

    def add(state: tuple[Expr, ...]) -> tuple[Expr, ...]:
        number, power, total = state
        power = power * growth
        s = (0.5 * (power - 1.0 / power)) / root
        log, angle = _log_cosh_ratio(square, 2.0 * s, w, u, share, share_i)
        _, wave = exact.sin_cos_far(s * x - h * angle)
        term = exact.exp(-h * log) * wave * (power + 1.0 / power)
        return number + 1.0, power, total + term

    zero = 0.0 * x
    total: Expr = while_loop(lambda s: s[0] < _NODES, add, (zero, zero + 1.0, zero + 1.0))[2]
    return total * (step * e.sqrt(h) * (1.0 / math.sqrt(2.0 * math.pi)))


def _log_cosh_ratio(
    square: Expr, b: Expr, w: Expr, u: Expr, share: Expr, share_i: Expr
) -> tuple[Expr, Expr]:
    """Give log(cosh sqrt(w^2 + i b) / cosh w), its real and imaginary parts, where w^2 is real.

    Its root is w + i u, and (1 - tanh) / 2 of that is given.
    """
    size = e.sqrt(square * square + b * b)
    larger = e.sqrt(0.5 * (size + e.abs(square)))
    smaller = 0.5 * b / larger
    below = square < 0.0
    real = where(below, smaller, larger) + w
    imaginary = where(below, larger, smaller) + u
    # What the root grows by.
    over = b / (real * real + imaginary * imaginary)
    d, d_i = over * imaginary, over * real
    sine, cosine = exact.sin_cos_far(d_i)
    # exp(-2 (d + i d_i)) - 1
    shrink = exact.expm1(-2.0 * d)
    decay = 1.0 + shrink
    g = shrink - 2.0 * decay * (sine * sine)
    g_i = -2.0 * decay * (sine * cosine)
    more, more_i = share * g - share_i * g_i, share * g_i + share_i * g
    log = 0.5 * exact.log1p(2.0 * more + (more * more + more_i * more_i))
    return d + log, d_i + exact.atan2(more_i, 1.0 + more)


def _by_rejection(source: Source, h: Expr, c: Expr) -> Expr:
    m, v = _moments(c * c)
    d = exact.expm1(-c)
    tanh, rest = c * m, d * d / (1.0 + (1.0 + d) * (1.0 + d))
    mean, sd = h * m, e.sqrt(h * v)
    edges, slopes = [], []
    for sign in (1.0, -1.0):
        slope = sign * math.sqrt(2.0) / sd
        square = c * c + 2.0 * slope
        t, log = _tilt(square, c, tanh, rest)
        # Where the exponential is as high as the flat part.
        _, there = _moments(square)
        level = t * mean - h * log + 0.5 * exact.log(v / there)
        edges.append(level / (t * sd))
        slopes.append(t * sd)
    (left, right), (rise, fall) = edges, slopes
    # Deviations in units of sd: -left to -right, and beyond.
    first, last = 1.0 / rise, -1.0 / fall
    low, high = -left, -right
    total = first + (high - low) + last
    bound = 1.0 + 1.0 / h

    def attempt(state: tuple[Expr, ...]) -> tuple[Expr, ...]:
        word, second = source.block(state[0])
        u = unit_interval(word) * total
        end = total - u
        in_left, in_right = u < first, end < last
        log = exact.log(where(in_left, u * rise, where(in_right, -end * fall, 1.0)))
        y = where(in_left, low + log / rise, low + (u - first))
        y = where(in_right, high + log / fall, y)
        x = mean + sd * y
        q = h / where(x > 0.0, x, mean)
        # Beyond, the density is 0 in double precision.
        inside = (x > 0.0) & (q > 0.02) & (q < 600.0)
        at = where(inside, x, mean)
        square = _saddle(where(inside, q, 1.0 / m))
        _, there = _moments(square)
        t, change = _tilt(square, c, tanh, rest)
        ratio = (
            unit_interval(second)
            * (bound * e.sqrt(there / v))
            * exact.exp(log - (t * at - h * change))
        )
        near = (ratio > 1.0 - 0.125 / h) & (ratio < 1.0 + (1.0 / 24.0) / h)
        limit = cond(
            near, _correction, lambda x, h, square, v: 1.0 - 0.125 / h, at, h, square, there
        )
        return state[0] + 1, inside & (ratio <= limit), at

    def going(state: tuple[Expr, ...]) -> Expr:
        return e.logical_not(state[1]) & (state[0] < LAST_ATTEMPT)

    # Written once, and not a first time before the loop: it is long.
    x: Expr = while_loop(going, attempt, (as_expr(0, "uint32"), h < 0.0, mean))[2]
    return x


def large_shape(source: Source, h: Expr, c: Expr) -> Expr:
    """Give a variable of shape h, four times PG(h, 2 c), from the blocks of tag 0."""

    def tilted(h: Expr, c: Expr) -> Expr:
        first, second = source.block_at(0)
        normal = standard_normal(first)
        return h / c * inverse_gaussian_factor(normal * normal / (2.0 * h * c), second)

    far = c > 22.0 + 0.5 * exact.log(h)
    out: Expr = cond(far, tilted, lambda h, c: _by_rejection(source, h, c), h, c)
    return out
