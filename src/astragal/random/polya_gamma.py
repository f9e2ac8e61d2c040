"""The sampler of Polya-Gamma variables, exact for shapes of any size.

From a shape of 12 on it is that of `astragal.random.polya_gamma_large`; what follows is about
smaller ones.

PG(h, z) is a quarter of J*(h, z / 2), where J*(h, z) has the density cosh(z)^h exp(-z^2 x / 2)
f(x), and f = f_h that of the sum of gamma variables G_k(h) / d_k, d_k = pi^2 (k - 1/2)^2 / 2. A
variable of shape h is a sum of independent ones whose shapes sum to h: those of shape 1 are
drawn by Devroye's rejection (Polson, Scott & Windle 2013), as many as there are whole numbers in
h; what is left has a shape h between 0 and 1, and is drawn by rejection from a hat that is proved
here.

*The series.* f(x) is the alternating sum of (Windle, Polson & Scott 2014)

    a_n(x) = 2^h Gamma(n + h) / (n! Gamma(h)) (2 n + h) (2 pi x^3)^(-1/2) exp(-(2 n + h)^2 / 2x).

The ratio a_(n+1) / a_n is (1 + h / (n + 1) + h / ((n + 1) (2 n + h))) exp(-2 (2 n + 1 + h) / x),
which falls with n. So once a term is no larger than the one before, all later ones fall too, and
partial sums lie on alternate sides of f: comparing a number with f takes finitely many terms.

*The hat on the left.* The first ratio is (2 + h) exp(-2 (1 + h) / x), below 1 for x below
2 (1 + h) / log(2 + h), which is at least 2 / log 2 = 2.88. So f <= a_0 up to T = 2.5, and a_0 is
2^h times the density of h^2 / Z^2; with exp(-z^2 x / 2), (2 exp(-z))^h times an inverse
Gaussian of mean h / z.

*The hat on the right.* From the Laplace transform, x f(x) = h (f * k)(x) with
k(y) = sum of exp(-d_k y). Let F be the least upper bound of exp(x) f(x) over x >= T, which is
finite since the transform is integrable along the line of real part -1; M = E exp(X) =
cos(sqrt(2))^(-h); K = sum of exp(-(d_k - 1)), so that k(y) <= K exp(-y) for y >= 1; and
c the integral of exp(y) k(y) over 0 .. 1, which is the sum of (1 - exp(-(d_k - 1))) / (d_k - 1).
Splitting the convolution at y = 1 gives for x >= T

    x exp(x) f(x) <= h (K M + c sup over u >= x - 1 of exp(u) f(u)) <= h (K M + c max(A, F)),

with A = 2^h h (2 pi)^(-1/2) exp(T) T^(-3/2), a bound of exp(u) a_0(u) between T - 1 and T, where
exp(u) u^(-3/2) rises. Hence F is at most the larger of h (K M + c A) / T and
h K M / (T - h c), and f(x) <= F exp(-x) there. Both are of the order of h, so that more than a
third of the proposals is accepted whatever h is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.ops import elementwise as e
from astragal.ops.control import cond, while_loop
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.exact import unit_interval
from astragal.random.kernels import inverse_gaussian_factor, inverse_gaussian_value
from astragal.random.normal_tail import mills
from astragal.random.once import once
from astragal.random.polya_gamma_large import LARGE, large_shape
from astragal.random.sampler import Kernel, Source, until
from astragal.random.standard import standard_exponential, standard_normal

_CUT = 0.64  # where the two forms of the series meet


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
    # A variable takes about two proposals: only a z that is NaN comes to this limit.
    limit = astype(e.minimum(1000.0 + 10.0 * count, 4e9), "uint32")
    end = while_loop(lambda s: (s[1] > 0.5) & (s[0] < limit), step, start)
    total: Expr = end[2]
    return total


_T = 2.5  # where the two hats meet
_SPEEDS = [0.5 * math.pi**2 * (k - 0.5) ** 2 for k in range(1, 20_001)]
_K = sum(math.exp(1.0 - d) for d in _SPEEDS[:20])
# The terms left out are below the integral of 2 / (pi k)^2 from 20,000 on.
_C = sum(-math.expm1(1.0 - d) / (d - 1.0) for d in _SPEEDS) + 2.0 / (math.pi**2 * 19_999.0)
_LOG_M = -math.log(math.cos(math.sqrt(2.0)))
_A = math.exp(_T) * _T**-1.5 / math.sqrt(2 * math.pi)


@once
def _accepts_part(h: Expr, x: Expr, y: Expr) -> Expr:
    """Whether y is below f(x) / a_0(x), for a shape h below 1."""
    zero = x * 0.0

    def step(state: tuple[Expr, ...]) -> tuple[Expr, ...]:
        n, total, sign, weight, before, _, _ = state
        n = n + 1.0
        term = (2.0 * n + h) * weight * exact.exp(-2.0 * n * (n + h) / x)
        total = total - sign * term
        falling = term <= before
        yes = falling & (sign > 0.0) & (y <= total)
        no = falling & (sign < 0.0) & (y > total)
        later = weight * ((n + h) / (n + 1.0))
        return n, total, -sign, later, term, yes | no | (n > 200.0), yes

    one = zero + 1.0
    start = (zero, one, one, one, one, x < 0.0, x < 0.0)
    accepted: Expr = while_loop(lambda s: e.logical_not(s[5]), step, start)[6]
    return accepted


def _part(source: Source, h: Expr, z: Expr) -> Expr:
    """A variable J*(h, z) of a shape between 0 and 1; uses tags 4 and 5."""
    tilt = e.maximum(z, 1e-8)
    two = exact.exp(h * math.log(2.0))
    km = _K * exact.exp(h * _LOG_M)
    bound = e.maximum((km + (_C * _A) * (two * h)) / _T, km / (_T - h * _C))  # of F / h
    rate = 1.0 + 0.5 * tilt * tilt
    left_mass = two * exact.exp(-h * tilt)
    right_mass = h * bound * exact.exp(-rate * _T) / rate
    left_share = left_mass / (left_mass + right_mass)

    def attempt(w1: Expr, w2: Expr, w3: Expr, w4: Expr) -> tuple[list[Expr], Expr]:
        left = unit_interval(w1) < left_share
        normal = standard_normal(w2)
        # An inverse Gaussian of mean h / tilt and scale h^2, which may underflow.
        factor = inverse_gaussian_factor(normal * normal / (2.0 * h * tilt), w3)
        x_left = h / tilt * factor
        x = where(left, x_left, _T + standard_exponential(w2) / rate)
        inside = e.logical_not(left) | (x < _T)
        at = where(inside, x, 1.0)
        # The hat over a_0: 1 on the left.
        hat = (bound * math.sqrt(2 * math.pi) / two) * (
            at * e.sqrt(at) * exact.exp(0.5 * h * h / at - at)
        )
        y = unit_interval(w4) * where(left, 1.0, hat)
        return [x], inside & _accepts_part(h, at, y)

    return until(source, attempt, 4, blocks=2)[0]


def _sum(source: Source, h: Expr, c: Expr) -> Expr:
    """A variable J*(h, c), as the sum of ones of shape 1 and of what is left."""
    whole = e.floor(h)
    left = h - whole
    first = _whole_part(source, whole, c)
    rest: Expr = cond(
        left > 0.0,
        lambda left, c: _part(source, where(left > 0.0, left, 0.5), c),
        lambda left, c: left * 0.0,
        *(left, c),
    )
    return first + rest


def _any(source: Source, h: Expr, c: Expr) -> Expr:
    large = h >= LARGE
    out: Expr = cond(
        large,
        lambda h, c: large_shape(source, where(h >= LARGE, h, LARGE), c),
        lambda h, c: _sum(source, where(h >= LARGE, 1.0, h), c),
        *(h, c),
    )
    return out


def _drawn(draw: Callable[[Source, Expr, Expr], Expr]) -> Callable[[Source, Expr, Expr], Expr]:
    return lambda source, h, z: 0.25 * draw(source, h, 0.5 * e.abs(z))


_SMALL, _WHOLE, _LARGE = (Kernel(_drawn(f), block=True) for f in (_sum, _whole_part, large_shape))


def _known(h: Expr, z: Expr) -> Kernel | None:
    """Tell which of the three samplers all shapes need."""
    if not is_constant(h):
        return None
    shapes = np.asarray(value_of(h), "float64")
    if np.all(shapes >= LARGE):
        return _LARGE
    if np.all(shapes < LARGE):
        return _WHOLE if np.all(shapes == np.floor(shapes)) else _SMALL
    return None


polya_gamma = Kernel(_drawn(_any), block=True, known=_known)
