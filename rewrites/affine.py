r"""Affine maps: change of location, of scale and of rate, and what every known law has.

    X ~ D(m, s)  of a location-scale family
    ────────────────────────────────────────
    a + b X ~ D(a + b m, b s)        b > 0

A family is closed under a change of scale if its density is f((x - m) / s) / s. The family
variable of a relation stands for every such distribution of the library: it finds them by
their declarations. Where the standard law is symmetric, b may be negative and counts by its
absolute value. A distribution function at its own variable is uniform, whatever the law, and
an event about a variable is Bernoulli.

Example: degrees Celsius to Fahrenheit, of a Laplace law.

>>> import astragal as ag
>>> from astragal.rewrites.affine import location_scale_affine
>>> celsius = ag.random.laplace(ag.key(1), 20.0, 5.0)
>>> location_scale_affine.forward(32.0 + 1.8 * celsius)
laplace(key(1, 'threefry4x32'), 68.0, 9.0)
"""

from astragal import (
    Family,
    HasCdf,
    Key,
    Location,
    LocationScale,
    Rate,
    Scale,
    Vector,
    abs,
    log,
    max,
    min,
    relation,
    sign,
    where,
)
from astragal import random as r
from astragal.random import (
    arcsine,
    ex_gaussian,
    inverse_gaussian,
    lognormal,
    skew_normal,
    triangular,
    uniform,
)
from astragal.rewrites.standard import Symmetric


class Latent(Family):
    """Laws of a latent variable that an event about it is stated for."""

    words = "of a known distribution function"
    listed = tuple(
        (d, "")
        for d in (
            r.normal,
            r.logistic,
            r.student_t,
            r.cauchy,
            r.gumbel,
            r.exponential,
            r.weibull,
            r.laplace,
            r.gamma,
            r.pareto,
            r.beta,
        )
    )


# Location and scale --------------------------------------------------------------------


@relation("in law", source="Casella & Berger 2002, Thm 3.5.6")
def location_scale_affine(k: Key, D: LocationScale, a, b, m, s):
    """An affine map of a location-scale variable stays in the family."""
    return a + b * D(k, m, s), D(k, a + b * m, b * s)


@relation("in law", source="Casella & Berger 2002, Thm 3.5.6")
def location_scale_scaling(k: Key, D: LocationScale, b, m, s):
    """A multiple of a location-scale variable stays in the family."""
    return b * D(k, m, s), D(k, b * m, b * s)


@relation("in law", source="Casella & Berger 2002, Thm 3.5.6")
def location_shift(k: Key, D: Location, a, m):
    """A shifted variable of a location family stays in the family."""
    return a + D(k, m), D(k, a + m)


@relation("in law", source="Casella & Berger 2002, Thm 3.5.6")
def symmetric_affine(k: Key, D: Symmetric, a, b, m, s):
    """A symmetric law does not tell a mirror image."""
    return a + b * D(k, m, s), D(k, a + b * m, abs(b) * s)


@relation("in law", source="Casella & Berger 2002, Thm 3.5.6")
def symmetric_scaling(k: Key, D: Symmetric, b, m, s):
    """A multiple, of either sign, of a symmetric variable."""
    return b * D(k, m, s), D(k, b * m, abs(b) * s)


@relation("in law", source="Azzalini 1985")
def skew_normal_affine(k: Key, a, b, m, s, α):
    """A mirror image of a skew normal variable is skewed the other way."""
    return (
        a + b * skew_normal(k, m, s, α),
        skew_normal(k, a + b * m, abs(b) * s, sign(b) * α),
    )


@relation("in law", source="Azzalini 1985")
def skew_normal_scaling(k: Key, b, m, s, α):
    """A multiple, of either sign, of a skew normal variable."""
    return b * skew_normal(k, m, s, α), skew_normal(k, b * m, abs(b) * s, sign(b) * α)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def uniform_affine(k: Key, a, b, l, h):  # noqa: E741
    """The ends of an interval move with it."""
    return a + b * uniform(k, l, h), uniform(k, a + b * l, a + b * h)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def uniform_scaling(k: Key, b, l, h):  # noqa: E741
    """The same without a shift."""
    return b * uniform(k, l, h), uniform(k, b * l, b * h)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def uniform_shift(k: Key, a, l, h):  # noqa: E741
    """The same without a change of scale."""
    return a + uniform(k, l, h), uniform(k, a + l, a + h)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def uniform_mirrored(k: Key, a, b, l, h):  # noqa: E741
    """A mirror image of an interval: its ends change places."""
    return a - b * uniform(k, l, h), uniform(k, a - b * h, a - b * l)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def uniform_reflection(k: Key, a, l, h):  # noqa: E741
    """The same without a change of scale; about the middle, a = l + h, nothing changes."""
    return a - uniform(k, l, h), uniform(k, a - h, a - l)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def triangular_affine(k: Key, a, b, l, c, h):  # noqa: E741
    """A triangle moves with its corners."""
    return a + b * triangular(k, l, c, h), triangular(k, a + b * l, a + b * c, a + b * h)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def triangular_scaling(k: Key, b, l, c, h):  # noqa: E741
    """The same without a shift."""
    return b * triangular(k, l, c, h), triangular(k, b * l, b * c, b * h)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def triangular_shift(k: Key, a, l, c, h):  # noqa: E741
    """The same without a change of scale."""
    return a + triangular(k, l, c, h), triangular(k, a + l, a + c, a + h)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def triangular_reflection(k: Key, a, l, c, h):  # noqa: E741
    """A mirrored triangle."""
    return a - triangular(k, l, c, h), triangular(k, a - h, a - c, a - l)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def arcsine_affine(k: Key, a, b, l, h):  # noqa: E741
    """The arcsine law moves with its ends."""
    return a + b * arcsine(k, l, h), arcsine(k, a + b * l, a + b * h)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def arcsine_mirrored(k: Key, a, b, l, h):  # noqa: E741
    """A mirror image of it."""
    return a - b * arcsine(k, l, h), arcsine(k, a - b * h, a - b * l)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def triangular_mirrored(k: Key, l, c, h):  # noqa: E741
    """A triangle about zero, mirrored."""
    return -triangular(k, l, c, h), triangular(k, -h, -c, -l)


# Scale and rate ------------------------------------------------------------------------


@relation("in law", source="Casella & Berger 2002, Thm 3.5.6")
def scale_scaling(k: Key, D: Scale, c, s):
    """A multiple of a variable of a scale family stays in the family."""
    return c * D(k, s), D(k, c * s)


@relation("in law", source="Casella & Berger 2002, Thm 3.5.6")
def rate_scaling(k: Key, D: Rate, c, b):
    """A longer time is a smaller rate."""
    return c * D(k, b), D(k, b / c)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 14")
def lognormal_scaling(k: Key, c, m, s):
    """A multiple of a log-normal variable shifts its logarithm."""
    return c * lognormal(k, m, s), lognormal(k, m + log(c), s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 15")
def inverse_gaussian_scaling(k: Key, c, m, l):  # noqa: E741
    """Mean and shape of an inverse Gaussian variable scale together."""
    return c * inverse_gaussian(k, m, l), inverse_gaussian(k, c * m, c * l)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def chi_square_scaling(k: Key, c, n):
    """A multiple of a chi-square variable is a gamma variable."""
    return c * r.chi_square(k, n), r.gamma(k, n / 2, rate=1 / (2 * c))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 13")
def ex_gaussian_affine(k: Key, a, b, m, s, t):
    """A normal variable plus a waiting time scales in both."""
    return a + b * ex_gaussian(k, m, s, t), ex_gaussian(k, a + b * m, b * s, b * t)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 13")
def ex_gaussian_scaling(k: Key, b, m, s, t):
    """The same without a shift."""
    return b * ex_gaussian(k, m, s, t), ex_gaussian(k, b * m, b * s, b * t)


# Any law -------------------------------------------------------------------------------


@relation("in law", source="Casella & Berger 2002, Thm 2.1.10")
def probability_integral_transform(k: Key, D: HasCdf):
    """The distribution function of a continuous variable at itself is uniform."""
    return D.cdf(D(k)), uniform(k, 0.0, 1.0)


@relation("in law", source="Casella & Berger 2002, Thm 2.1.10")
def survival_transform(k: Key, D: HasCdf):
    """So is the probability of its upper tail."""
    return 1 - D.cdf(D(k)), uniform(k, 0.0, 1.0)


@relation("in law", source="Devroye 1986, section II.2")
def event_below(k: Key, D: Latent, t):
    """Whether a variable is below a threshold."""
    return where(D(k) < t, 1, 0), r.bernoulli(k, D.cdf(t))


@relation("in law", source="Devroye 1986, section II.2")
def event_at_most(k: Key, D: Latent, t):
    """The threshold itself does not count."""
    return where(D(k) <= t, 1, 0), r.bernoulli(k, D.cdf(t))


@relation("in law", source="Devroye 1986, section II.2")
def event_above(k: Key, D: Latent, t):
    """Whether a variable is above a threshold."""
    return where(D(k) > t, 1, 0), r.bernoulli(k, 1 - D.cdf(t))


@relation("in law", source="Devroye 1986, section II.2")
def event_at_least(k: Key, D: Latent, t):
    """The same from the threshold on."""
    return where(D(k) >= t, 1, 0), r.bernoulli(k, 1 - D.cdf(t))


# Extremes ------------------------------------------------------------------------------


@relation("sure", source="an increasing map keeps the order")
def minimum_of_a_shifted_vector(a, x: Vector):
    """What is added to all is added to the least."""
    return min(a + x), a + min(x)


@relation("sure", source="an increasing map keeps the order")
def maximum_of_a_shifted_vector(a, x: Vector):
    """And to the greatest."""
    return max(a + x), a + max(x)


@relation("sure", source="an increasing map keeps the order", where=lambda b: b >= 0)
def minimum_of_a_scaled_vector(b, x: Vector):
    """A positive factor of all is one of the least."""
    return min(b * x), b * min(x)


@relation("sure", source="an increasing map keeps the order", where=lambda b: b >= 0)
def maximum_of_a_scaled_vector(b, x: Vector):
    """And of the greatest."""
    return max(b * x), b * max(x)
