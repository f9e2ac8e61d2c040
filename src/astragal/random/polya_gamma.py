"""The sampler of Polya-Gamma variables, for shapes of any size.

A variable of shape h is a sum of independent ones whose shapes sum to h. Those of shape 1 are
drawn by Devroye's rejection from an alternating series (Polson, Scott & Windle 2013). What is
left, or all of a shape above 32, is the defining series

    PG(h, z) = 1 / (2 pi^2) * sum over k of Gamma_k(h) / ((k - 1/2)^2 + (z / (2 pi))^2)

whose first 32 terms are drawn, and the rest of them together as one gamma variable with their
mean and variance: exact in the first two moments, and to about 1e-8 in the third.
"""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import cond, while_loop
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.exact import unit_interval
from astragal.random.kernels import inverse_gaussian_value
from astragal.random.once import once
from astragal.random.sampler import Kernel, Source
from astragal.random.standard import gamma_parts, scaled, standard_exponential

_CUT = 0.64  # where the two forms of the series meet
TERMS = 32
_LARGE = 32.0


@once
def mills(x: Expr) -> Expr:
    """Ratio of the upper tail of the normal distribution to its density, for x >= 0."""
    near = x < 2.0
    # By the series of the distribution function.
    s = where(near, x, 2.0)
    square = s * s
    term = s
    total = s
    for n in range(1, 30):
        term = term * square * (1.0 / (2 * n + 1))
        total = total + term
    series = (0.5 * math.sqrt(2 * math.pi)) * exact.exp(0.5 * square) - total
    # By the continued fraction of Laplace.
    t = where(near, 2.0, x)
    fraction = t
    for n in range(60, 0, -1):
        fraction = t + float(n) / fraction
    return where(near, series, 1.0 / fraction)


@once
def _right_mass(z: Expr) -> Expr:
    """Probability of proposing beyond the cut."""
    k = math.pi**2 / 8 + 0.5 * z * z
    right = math.pi / (2.0 * k) * math.exp(-(math.pi**2) / 8 * _CUT)
    root = math.sqrt(_CUT)
    a, b = (_CUT * z - 1.0) / root, (_CUT * z + 1.0) / root
    c = 2.0 * math.exp(-0.5 / _CUT) / math.sqrt(2 * math.pi)
    # All divided by exp(-cut z^2 / 2).
    below = where(
        a <= 0.0,
        c * mills(e.abs(a)),
        2.0 * exact.exp(0.5 * _CUT * z * z - z) - c * mills(e.abs(a)),
    )
    return right / (right + (below + c * mills(b)))


@once
def _accepts(x: Expr, v: Expr) -> Expr:
    """Whether v times the first term is below the alternating series."""
    left = x <= _CUT
    factor = where(left, 2.0 / (math.pi * x), 1.0)
    factor = factor * e.sqrt(factor)
    rate = where(left, 2.0 / x, 0.5 * math.pi**2 * x)

    def coefficient(n: Expr) -> Expr:
        h = n + 0.5
        return math.pi * h * factor * exact.exp(-rate * (h * h))

    zero = x * 0.0
    first = coefficient(zero)
    y = v * first

    def step(state: tuple[Expr, ...]) -> tuple[Expr, ...]:
        n, s, sign, _, _ = state
        n = n + 1.0
        s = s - sign * coefficient(n)
        # After an odd term the sum is a lower bound, after an even one an upper bound.
        yes, no = (sign > 0.0) & (y <= s), (sign < 0.0) & (y > s)
        return n, s, -sign, yes | no | (n > 100.0), yes

    start = (zero, first, zero + 1.0, x < 0.0, x < 0.0)
    accepted: Expr = while_loop(lambda s: e.logical_not(s[3]), step, start)[4]
    return accepted


def _whole_part(source: Source, count: Expr, z: Expr) -> Expr:
    """Sum of ``count`` variables J*(1, z), four times PG(1, 2 z)."""
    right_mass = _right_mass(z)
    k = math.pi**2 / 8 + 0.5 * z * z

    def propose_left(w1: Expr, w2: Expr, w3: Expr) -> tuple[Expr, Expr]:
        """A trial from the inverse Gaussian below the cut."""

        def flat(w1: Expr, w2: Expr, w3: Expr) -> tuple[Expr, Expr]:
            a, b = standard_exponential(w1), standard_exponential(w2)
            root = 1.0 + _CUT * a
            x = _CUT / (root * root)
            fits = a * a <= 2.0 / _CUT * b
            return x, fits & (exact.log(unit_interval(w3)) <= -0.5 * z * z * x)

        def peaked(w1: Expr, w2: Expr, w3: Expr) -> tuple[Expr, Expr]:
            x = inverse_gaussian_value(w1, w2, 1.0 / e.maximum(z, 1e-6), as_expr(1.0))
            return x, x < _CUT

        return cond(z * _CUT < 1.0, flat, peaked, w1, w2, w3)  # type: ignore[no-any-return]

    def step(state: tuple[Expr, ...]) -> tuple[Expr, ...]:
        number, left, total, kept, is_right = state
        words = [w for tag in (0, 1, 2) for w in source.block(number, tag)]
        # The side is chosen anew only after a proposal went through.
        is_right = where(kept, is_right, unit_interval(words[0]) < right_mass)
        x_left, ok_left = propose_left(words[1], words[2], words[3])
        x_right = _CUT + standard_exponential(words[1]) / k
        x, ok = where(is_right, x_right, x_left), is_right | ok_left
        done = ok & _accepts(where(ok, x, 1.0), unit_interval(words[4]))
        return (
            number + 1,
            where(done, left - 1.0, left),
            where(done, total + x, total),
            e.logical_not(ok),
            is_right,
        )

    zero = z * 0.0
    start = (as_expr(0, "uint32"), count, zero, z < 0.0, z < 0.0)
    end = while_loop(lambda s: (s[1] > 0.5) & (s[0] < 60_000), step, start)
    total: Expr = end[2]
    return total


def _series(source: Source, h: Expr, z: Expr) -> Expr:
    """PG(h, z) by its first terms and two moments of the rest; uses tags 4 and 5."""
    c = z * (0.5 / math.pi)
    square = c * c

    def step(state: tuple[Expr, ...]) -> tuple[Expr, ...]:
        k, total = state
        g, boost = gamma_parts(source, h, 4, start=astype(k, "uint32") * 1000)
        d = k + 0.5
        return k + 1.0, total + scaled(g, boost) / (d * d + square)

    _, total = while_loop(lambda s: s[0] < TERMS - 0.5, step, (h * 0.0, h * 0.0))
    n = float(TERMS)
    q = square / n**2
    far = q > 0.1
    ratio = e.sqrt(where(far, q, 1.0))
    # Sums over the other k of 1 / (k^2 + c^2) and of its square, by the midpoint rule.
    first = where(
        far,
        exact.arctan(ratio) / ratio,
        exact.polynomial(q, [1 / 13, -1 / 11, 1 / 9, -1 / 7, 1 / 5, -1 / 3, 1.0]),
    ) / n - 2.0 * n / (24.0 * (n * n + square) * (n * n + square))
    second = (
        where(
            far,
            (exact.arctan(ratio) / ratio - 1.0 / (1.0 + q)) / (2.0 * where(far, q, 1.0)),
            exact.polynomial(q, [7 / 15, -6 / 13, 5 / 11, -4 / 9, 3 / 7, -2 / 5, 1 / 3]),
        )
        / n**3
    )
    scale = second / first
    rest, boost = gamma_parts(source, h * (first / scale), 4, start=as_expr(50_000, "uint32"))
    out: Expr = (total + scaled(rest, boost) * scale) * (0.5 / math.pi**2)
    return out


def _polya_gamma(source: Source, h: Expr, z: Expr) -> Expr:
    half = 0.5 * e.abs(z)
    large = h > _LARGE
    whole = where(large, 0.0, e.floor(h))
    left = h - whole
    first = 0.25 * _whole_part(source, whole, half)
    rest: Expr = cond(
        left > 0.0,
        lambda left, z: _series(source, where(left > 0.0, left, 1.0), z),
        lambda left, z: left * 0.0,
        *(left, e.abs(z)),
    )
    return first + rest


polya_gamma = Kernel(_polya_gamma, block=True)
