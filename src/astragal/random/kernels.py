"""Samplers of continuous distributions, as functions of bits and parameters."""

from __future__ import annotations

import math
from collections.abc import Callable

from astragal.graph.expr import Expr
from astragal.ops import elementwise as e
from astragal.ops.control import cond
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random import exact, single
from astragal.random.counts import poisson_count
from astragal.random.exact import unit_interval
from astragal.random.sampler import Kernel, Source, until
from astragal.random.standard import (
    boost_ahead,
    gamma_parts,
    scaled,
    standard_exponential,
    standard_normal,
)


def _gamma(source: Source, shape: Expr, rate: Expr) -> Expr:
    return scaled(*gamma_parts(source, shape)) / rate


def _inverse_gamma(source: Source, shape: Expr, scale: Expr) -> Expr:
    g, h = gamma_parts(source, shape)
    return scale / g * scaled(g * 0.0 + 1.0, -h)


def _two_gammas(a: Expr, b: Expr) -> tuple[int, ...]:
    return 2, *boost_ahead(a), *boost_ahead(b, 2)


def _beta(source: Source, a: Expr, b: Expr) -> Expr:
    g1, h1 = gamma_parts(source, a, 0)
    g2, h2 = gamma_parts(source, b, 2)
    # Only the difference of the exponents counts: the larger one is taken out.
    top = e.maximum(h1, h2)
    x, y = scaled(g1, h1 - top), scaled(g2, h2 - top)
    return x / (x + y)


def ratio_parts(source: Source, a: Expr, b: Expr) -> tuple[Expr, Expr]:
    """Give q and h such that q exp(h) is a ratio of gamma values; uses four tags."""
    g1, h1 = gamma_parts(source, a, 0)
    g2, h2 = gamma_parts(source, b, 2)
    return g1 / g2, h1 - h2


def _beta_prime(source: Source, a: Expr, b: Expr) -> Expr:
    return scaled(*ratio_parts(source, a, b))


def _f(source: Source, dfnum: Expr, dfden: Expr) -> Expr:
    return scaled(*ratio_parts(source, 0.5 * dfnum, 0.5 * dfden)) * (dfden / dfnum)


def _noncentral_chi_square(source: Source, df: Expr, nonc: Expr) -> Expr:
    # A chi-square whose degrees of freedom grow by twice a Poisson count.
    n = poisson_count(source, 0.5 * nonc, 2)
    return 2.0 * scaled(*gamma_parts(source, 0.5 * df + n))


def standard_t(source: Source, df: Expr) -> Expr:
    """Give a Student t value: normal over the root of gamma; uses three tags."""
    g, h = gamma_parts(source, 0.5 * df)
    z = standard_normal(source.block_at(0, 2)[0])
    return scaled(z / e.sqrt(g / (0.5 * df)), -0.5 * h)


# -- by the quantile -------------------------------------------------------------------------


def _centred(source: Source) -> tuple[Expr, Expr]:
    """Give a uniform number between -1 and 1, apart: its magnitude, and whether it is negative."""
    q = source.uniform() - 0.5
    return 2.0 * e.abs(q), q < 0.0


def _signed(negative: Expr, x: Expr) -> Expr:
    return where(negative, -x, x)


def _cauchy(source: Source, loc: Expr, scale: Expr) -> Expr:
    v, negative = _centred(source)
    return loc + scale * _signed(negative, exact.tan_half_pi(v))


def _laplace(source: Source, loc: Expr, scale: Expr) -> Expr:
    v, negative = _centred(source)
    return loc - scale * _signed(negative, exact.log(1.0 - v))


def _asymmetric_laplace(source: Source, loc: Expr, scale: Expr, kappa: Expr) -> Expr:
    u = source.uniform()
    square = kappa * kappa
    below = square / (1.0 + square)
    lower = kappa * exact.log(u / below)
    upper = -exact.log((1.0 - u) * (1.0 + square)) / kappa
    return loc + scale * where(u < below, lower, upper)


def logistic_noise(source: Source) -> Expr:
    """Give a standard logistic value."""
    u = source.uniform()
    return exact.log(u) - exact.log(1.0 - u)


def _gumbel(source: Source, loc: Expr, scale: Expr) -> Expr:
    return loc - scale * exact.log(standard_exponential(source.first[0]))


def _weibull(source: Source, shape: Expr, scale: Expr) -> Expr:
    return scale * exact.exp(exact.log(standard_exponential(source.first[0])) / shape)


def _log_logistic(source: Source, shape: Expr, scale: Expr) -> Expr:
    return scale * exact.exp(logistic_noise(source) / shape)


def _pareto(source: Source, shape: Expr, scale: Expr) -> Expr:
    return scale * exact.exp(standard_exponential(source.first[0]) / shape)


def _lomax(source: Source, shape: Expr, scale: Expr) -> Expr:
    return scale * exact.expm1(standard_exponential(source.first[0]) / shape)


def _rayleigh(source: Source, scale: Expr) -> Expr:
    return scale * e.sqrt(2.0 * standard_exponential(source.first[0]))


def _levy(source: Source, loc: Expr, scale: Expr) -> Expr:
    z = standard_normal(source.first[0])
    return loc + scale / (z * z)


def _kumaraswamy(source: Source, a: Expr, b: Expr) -> Expr:
    # 1 - (1 - x**a)**b is uniform.
    below = -exact.expm1(-standard_exponential(source.first[0]) / b)
    return exact.exp(exact.log_or_infinite(below) / a)


def _triangular(source: Source, left: Expr, mode: Expr, right: Expr) -> Expr:
    u = source.uniform()
    width = right - left
    rising = u * width < mode - left
    first = left + e.sqrt(u * width * (mode - left))
    second = right - e.sqrt((1.0 - u) * width * (right - mode))
    return where(rising, first, second)


# -- from two or three ------------------------------------------------------------------------


def _skew_normal(source: Source, loc: Expr, scale: Expr, alpha: Expr) -> Expr:
    first, second = (standard_normal(w) for w in source.first)
    z = (alpha * e.abs(first) + second) / e.sqrt(1.0 + alpha * alpha)
    return loc + scale * z


def _ex_gaussian(source: Source, loc: Expr, scale: Expr, nu: Expr) -> Expr:
    z, x = standard_normal(source.first[0]), standard_exponential(source.first[1])
    return (loc + scale * z) + nu * x


def _maxwell(source: Source, scale: Expr) -> Expr:
    g, _ = gamma_parts(source, as_expr(1.5))
    return scale * e.sqrt(2.0 * g)


def inverse_gaussian_value(first: Expr, second: Expr, mean: Expr, scale: Expr) -> Expr:
    """Turn two uint64 into an inverse Gaussian value.

    Michael, Schucany & Haas 1976, with the smaller root in a form that loses no digits.
    """
    z = standard_normal(first)
    return mean * inverse_gaussian_factor(mean * z * z / (2.0 * scale), second)


def inverse_gaussian_factor(r: Expr, second: Expr) -> Expr:
    """Give the value over its mean, from mean z^2 / (2 scale) of a normal z, and random bits."""
    ratio = 1.0 / (1.0 + r + e.sqrt(r * (2.0 + r)))
    small = unit_interval(second) * (1.0 + ratio) <= 1.0
    return where(small, ratio, 1.0 / ratio)


def _inverse_gaussian(source: Source, mean: Expr, scale: Expr) -> Expr:
    first, second = source.first
    return inverse_gaussian_value(first, second, mean, scale)


def _von_mises(source: Source, mu: Expr, kappa: Expr) -> Expr:
    """Best & Fisher 1979: rejection from a wrapped Cauchy, by half-angle tangents.

    With t the tangent of half a uniform angle, the wrapped Cauchy angle has the half-angle
    tangent t sqrt((r - 1) / (r + 1)); no cosine is needed, and no digits cancel.
    """
    k = e.maximum(kappa, 1e-100)
    # The powers of a larger number overflow; there rho is 1, and its distance from 1 is below.
    inner = e.minimum(k, 1e100)
    near = 1.0 + e.sqrt(1.0 + 4.0 * inner * inner)
    rho = e.sqrt(near) * (2.0 * inner / (near * (e.sqrt(near) + math.sqrt(2.0))))
    root = where(k > 1e100, 2.0 * k, e.sqrt(1.0 + 4.0 * inner * inner))
    tau = 1.0 + root
    # 1 - rho, without cancellation where kappa is large.
    rest = where(k < 1.0, 1.0 - rho, (e.sqrt(2.0 * tau) - 1.0 - 1.0 / (2.0 * k + root)) / (2.0 * k))
    above = rest * rest / (2.0 * rho)  # r - 1, where r = (1 + rho^2) / (2 rho)
    narrow = e.sqrt(above / (2.0 + above))

    def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
        t = exact.tan_half_pi(unit_interval(first))
        c = k * (2.0 + above) * (above / (above + 2.0 / (1.0 + t * t)))
        u = unit_interval(second)
        sure = c * (2.0 - c) > u
        accepted = cond(
            sure,
            lambda c, u: u > 0.0,
            lambda c, u: exact.log(c / u) + 1.0 - c >= 0.0,
            *(c, u),
        )
        # The lowest bit of the first word is not among those of the uniform.
        return [t, e.equal(first & 1, 1)], accepted

    t, negative = until(source, attempt)
    angle = 2.0 * exact.arctan(narrow * t)
    x = mu + _signed(negative, angle)
    turns = e.floor((x + math.pi) * (0.5 / math.pi))
    return x - 2.0 * math.pi * turns


def _truncated_normal(source: Source, loc: Expr, scale: Expr, lower: Expr, upper: Expr) -> Expr:
    """Rejection from the normal, a uniform or a shifted exponential (Robert 1995)."""
    a, b = (lower - loc) / scale, (upper - loc) / scale
    # Mirrored where needed, so that the interval leans to the right.
    mirrored = a + b < 0.0
    low, high = where(mirrored, -b, a), where(mirrored, -a, b)
    width = high - low
    root = e.sqrt(e.maximum(low, 0.0) * e.maximum(low, 0.0) + 4.0)
    rate = 0.5 * (e.maximum(low, 0.0) + root)
    tail = low > 0.5
    # Uniform proposals where the density changes little over the interval.
    flat = where(tail, width * rate < 1.5, width < 2.0)
    bound = e.maximum(low, 0.0)

    def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
        u = unit_interval(second)

        def uniformly(first: Expr, u: Expr) -> tuple[Expr, Expr]:
            x = low + width * unit_interval(first)
            return x, exact.log(u) <= 0.5 * (bound - x) * (bound + x)

        def exponentially(first: Expr, u: Expr) -> tuple[Expr, Expr]:
            x = low + standard_exponential(first) / rate
            d = x - rate
            return x, (x <= high) & (exact.log(u) <= -0.5 * d * d)

        def normally(first: Expr, u: Expr) -> tuple[Expr, Expr]:
            x = standard_normal(first)
            return x, (x >= low) & (x <= high)

        def other(first: Expr, u: Expr) -> tuple[Expr, Expr]:
            return cond(tail, exponentially, normally, first, u)  # type: ignore[no-any-return]

        x, accepted = cond(flat, uniformly, other, first, u)
        return [x], accepted

    (x,) = until(source, attempt)
    value = loc + scale * _signed(mirrored, x)
    return e.minimum(e.maximum(value, lower), upper)


def _generalized_inverse_gaussian(source: Source, p: Expr, b: Expr, scale: Expr) -> Expr:
    """Rejection in the logarithm, whose density is log-concave (Devroye 2014)."""
    lam = e.abs(p)
    root = e.sqrt(lam * lam + b * b)
    alpha = b * (b / (root + lam))

    def sinh(x: Expr) -> Expr:
        # Far below zero expm1 is -1 but for few digits, from -37 on it is -1.
        far = x < -10.0
        m = exact.expm1(_signed(far, x))
        return _signed(far, 0.5 * (m + m / (m + 1.0)))

    def psi(x: Expr) -> Expr:
        # cosh x - 1 = 2 sinh(x / 2)^2.
        half = sinh(0.5 * x)
        return -2.0 * alpha * half * half - lam * (exact.expm1(x) - x)

    def slope(x: Expr) -> Expr:
        return -alpha * sinh(x) - lam * exact.expm1(x)

    one = lam * 0.0 + 1.0
    at_one, at_minus = -psi(one), -psi(-one)
    t = where(
        at_one > 2.0,
        e.sqrt(2.0 / (alpha + lam)),
        where(at_one < 0.5, exact.log(4.0 / (alpha + 2.0 * lam)), 1.0),
    )
    inverse = 1.0 / alpha
    small = exact.log(1.0 + inverse + e.sqrt(inverse * (inverse + 2.0)))
    s = where(
        at_minus > 2.0,
        e.sqrt(4.0 / (alpha * math.cosh(1.0) + lam)),
        where(at_minus < 0.5, e.minimum(1.0 / e.maximum(lam, 1e-300), small), 1.0),
    )
    eta, zeta, theta, xi = -psi(t), -slope(t), -psi(-s), slope(-s)
    left, right = 1.0 / xi, 1.0 / zeta
    t_in, s_in = t - right * eta, s - left * theta
    middle = t_in + s_in
    total = middle + left + right

    def attempt(first: Expr, second: Expr, third: Expr, _: Expr) -> tuple[list[Expr], Expr]:
        u, v = unit_interval(first) * total, unit_interval(second)
        tail = -exact.log(v)
        x = where(
            u < middle,
            -s_in + middle * v,
            where(u < middle + right, t_in + right * tail, -s_in - left * tail),
        )
        hat = where(x > t_in, -eta - zeta * (x - t), where(x < -s_in, -theta + xi * (x + s), 0.0))
        return [x], exact.log(unit_interval(third)) + hat <= psi(x)

    (x,) = until(source, attempt, blocks=2)
    # The mode of the other form, (lam + root) / b, and its inverse for a negative p.
    logarithm = x + exact.log((lam + root) / b)
    return scale * exact.exp(_signed(p < 0.0, logarithm))


# -- in float32 arithmetic -----------------------------------------------------------------------


def _uniform_32(source: Source, low: Expr, high: Expr) -> Expr:
    return low + (high - low) * single.unit_interval(source.first[0])


def _normal_32(source: Source, loc: Expr, scale: Expr) -> Expr:
    return loc + scale * single.standard_normal(source.first[0])


def _gamma_32(source: Source, shape: Expr, rate: Expr) -> Expr:
    return single.scaled(*single.gamma_parts(source, shape)) / rate


# -- from gamma and normal variables -------------------------------------------------------------


def power_of_gamma(
    shape: Callable[..., Expr], power: Callable[..., Expr], unit: Callable[..., Expr]
) -> Kernel:
    """Make the sampler of unit * g^(1 / power), where g is standard gamma."""

    def draw(source: Source, *p: Expr) -> Expr:
        g, h = gamma_parts(source, shape(*p))
        return unit(*p) * exact.exp((exact.log(g) + h) / power(*p))

    return Kernel(draw, block=True)


def _log_gamma(source: Source, shape: Expr) -> Expr:
    g, h = gamma_parts(source, shape)
    return exact.log(g) + h


def _generalized_normal(source: Source, beta: Expr, loc: Expr, scale: Expr) -> Expr:
    g, h = gamma_parts(source, 1.0 / beta)
    size = exact.exp((exact.log(g) + h) / beta)
    return loc + scale * _signed(e.equal(source.block_at(0, 2)[0] & 1, 1), size)


def _semicircle(source: Source, radius: Expr) -> Expr:
    g1, _ = gamma_parts(source, as_expr(1.5), 0)
    g2, _ = gamma_parts(source, as_expr(1.5), 2)
    return radius * ((g1 - g2) / (g1 + g2))


def _arcsine(source: Source, low: Expr, high: Expr) -> Expr:
    t = exact.tan_half_pi(source.uniform())
    square = t * t
    return e.minimum(low + (high - low) * (square / (1.0 + square)), high)


def _hyperbolic_secant(source: Source, loc: Expr, scale: Expr) -> Expr:
    return loc + scale * exact.log(exact.tan_half_pi(source.uniform()))


def _normal_inverse_gaussian(source: Source, a: Expr, b: Expr, loc: Expr, scale: Expr) -> Expr:
    gamma = e.sqrt((a - b) * (a + b))
    first, second = source.first
    v = inverse_gaussian_value(first, second, 1.0 / gamma, as_expr(1.0))
    z = standard_normal(source.block_at(0, 1)[0])
    return loc + scale * (b * v + e.sqrt(v) * z)


def _noncentral_t(source: Source, df: Expr, nonc: Expr) -> Expr:
    g, h = gamma_parts(source, 0.5 * df)
    z = standard_normal(source.block_at(0, 2)[0]) + nonc
    return scaled(z / e.sqrt(g / (0.5 * df)), -0.5 * h)


def _noncentral_f(source: Source, dfnum: Expr, dfden: Expr, nonc: Expr) -> Expr:
    n = poisson_count(source, 0.5 * nonc, 4)
    return scaled(*ratio_parts(source, 0.5 * dfnum + n, 0.5 * dfden)) * (dfden / dfnum)


def _noncentral_beta(source: Source, a: Expr, b: Expr, nonc: Expr) -> Expr:
    return _beta(source, a + poisson_count(source, 0.5 * nonc, 4), b)


def _rice(source: Source, nu: Expr, scale: Expr) -> Expr:
    x, y = (scale * standard_normal(w) for w in source.first)
    x = x + nu
    return e.sqrt(x * x + y * y)


# fmt: off
arcsine      = Kernel(_arcsine)
hyperbolic_secant = Kernel(_hyperbolic_secant)
folded_normal = Kernel(lambda s, loc, scale: e.abs(loc + scale * standard_normal(s.first[0])))
log_gamma, semicircle = Kernel(_log_gamma, block=True), Kernel(_semicircle, block=True)
generalized_normal = Kernel(_generalized_normal, block=True)
normal_inverse_gaussian = Kernel(_normal_inverse_gaussian, block=True)
noncentral_t = Kernel(_noncentral_t, block=True)
noncentral_f = Kernel(_noncentral_f, block=True)
noncentral_beta = Kernel(_noncentral_beta, block=True)
rice         = Kernel(_rice, block=True)
uniform      = Kernel(lambda s, low, high: low + (high - low) * s.uniform(), single=_uniform_32)
normal       = Kernel(lambda s, loc, scale: loc + scale * standard_normal(s.first[0]),
                      single=_normal_32)
lognormal    = Kernel(lambda s, mean, sigma: exact.exp(mean + sigma * standard_normal(s.first[0])))
half_normal  = Kernel(lambda s, scale: scale * e.abs(standard_normal(s.first[0])))
half_cauchy  = Kernel(lambda s, scale: scale * exact.tan_half_pi(s.uniform()))
exponential  = Kernel(lambda s, rate: standard_exponential(s.first[0]) / rate,
                      single=lambda s, rate: single.standard_exponential(s.first[0]) / rate)
logistic     = Kernel(lambda s, loc, scale: loc + scale * logistic_noise(s))
cauchy, laplace, asymmetric_laplace = Kernel(_cauchy), Kernel(_laplace), Kernel(_asymmetric_laplace)
gumbel, weibull, log_logistic = Kernel(_gumbel), Kernel(_weibull), Kernel(_log_logistic)
pareto, lomax, rayleigh, levy = Kernel(_pareto), Kernel(_lomax), Kernel(_rayleigh), Kernel(_levy)
kumaraswamy, triangular = Kernel(_kumaraswamy), Kernel(_triangular)
gamma             = Kernel(_gamma, block=True, ahead=lambda shape, rate: boost_ahead(shape),
                           single=_gamma_32)
inverse_gamma     = Kernel(_inverse_gamma, block=True, ahead=lambda a, scale: boost_ahead(a))
beta              = Kernel(_beta, block=True, ahead=_two_gammas, single=single.beta)
beta_prime        = Kernel(_beta_prime, block=True, ahead=_two_gammas)
chi_square        = Kernel(lambda s, df: 2.0 * scaled(*gamma_parts(s, 0.5 * df)), block=True)
noncentral_chi_square = Kernel(_noncentral_chi_square, block=True)
f                 = Kernel(_f, block=True, ahead=lambda *_: (2,))
student_t         = Kernel(lambda s, df, loc, scale: loc + scale * standard_t(s, df),
                           block=True, ahead=lambda *_: (2,))
half_student_t    = Kernel(lambda s, df, scale: scale * e.abs(standard_t(s, df)),
                           block=True, ahead=lambda *_: (2,))
skew_normal       = Kernel(_skew_normal, block=True)
ex_gaussian       = Kernel(_ex_gaussian, block=True)
maxwell           = Kernel(_maxwell, block=True)
inverse_gaussian  = Kernel(_inverse_gaussian, block=True)
von_mises         = Kernel(_von_mises, block=True)
truncated_normal  = Kernel(_truncated_normal, block=True)
generalized_inverse_gaussian = Kernel(_generalized_inverse_gaussian, block=True)
# fmt: on
