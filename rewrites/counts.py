r"""Counts and events: complements, thresholds, and what rounding makes of waiting times.

    X has distribution function F
    ─────────────────────────────────────────
    1[X > t] ~ Bernoulli(1 - F(t))

An event about a variable is a Bernoulli variable of its probability. Rounding a waiting time
cuts the line into pieces of equal conditional probability, and the number of the piece is
geometric. What is not a success is a failure, and what is not drawn is left.

Example: a latent variable above a threshold.

>>> import astragal as ag
>>> from astragal.rewrites.counts import exponential_above
>>> x = ag.random.exponential(ag.key(1), rate=2.0)
>>> exponential_above.forward(ag.where(x > 3.0, 1, 0))
bernoulli(key(1, 'threefry4x32'), exp(-2.0 * 3.0))
"""

from astragal import (
    Integer,
    Key,
    astype,
    ceil,
    exp,
    expm1,
    floor,
    log,
    log1p,
    maximum,
    minimum,
    relation,
    special,
    split,
    where,
)
from astragal.random import (
    bernoulli,
    beta_binomial,
    binomial,
    discrete_uniform,
    exponential,
    geometric,
    gumbel,
    hypergeometric,
    logistic,
    normal,
    poisson,
    uniform,
    weibull,
)

# Complements ---------------------------------------------------------------------------


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 3")
def bernoulli_complement(k: Key, p):
    """What is not a success is a failure."""
    return 1 - bernoulli(k, p), bernoulli(k, 1 - p)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 3")
def binomial_complement(k: Key, n: Integer, p):
    """The failures among n trials."""
    return n - binomial(k, n, p), binomial(k, n, 1 - p)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 6", where=lambda g, b, n: [n <= g + b])
def hypergeometric_complement(k: Key, g: Integer, b: Integer, n: Integer):
    """The other colour in the sample."""
    return n - hypergeometric(k, g, b, n), hypergeometric(k, b, g, n)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 6", where=lambda g, b, n: [n <= g + b])
def hypergeometric_unsampled(k: Key, g: Integer, b: Integer, n: Integer):
    """What is left in the urn is a sample too."""
    return g - hypergeometric(k, g, b, n), hypergeometric(k, g, b, g + b - n)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 6")
def discrete_uniform_shift(k: Key, a: Integer, low: Integer, n: Integer):
    """A shifted uniform whole number (the upper end is left out)."""
    return a + discrete_uniform(k, low, low + n), discrete_uniform(k, a + low, a + low + n)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 6")
def discrete_uniform_reflection(k: Key, low: Integer, n: Integer):
    """The mirrored uniform whole number."""
    return 2 * low + n - 1 - discrete_uniform(k, low, low + n), discrete_uniform(k, low, low + n)


# Events put together -------------------------------------------------------------------


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 3")
def bernoulli_or(k: Key, p, q):
    """One event or the other: neither fails to happen by itself."""
    k1, k2 = split(k)
    return maximum(bernoulli(k1, p), bernoulli(k2, q)), bernoulli(k, 1 - (1 - p) * (1 - q))


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 3")
def bernoulli_and(k: Key, p, q):
    """One event and the other."""
    k1, k2 = split(k)
    return bernoulli(k1, p) * bernoulli(k2, q), bernoulli(k, p * q)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 3")
def bernoulli_minimum(k: Key, p, q):
    """One event and the other, written as a minimum."""
    k1, k2 = split(k)
    return minimum(bernoulli(k1, p), bernoulli(k2, q)), bernoulli(k, p * q)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 3")
def bernoulli_xor(k: Key, p, q):
    """One event without the other."""
    k1, k2 = split(k)
    return (bernoulli(k1, p) + bernoulli(k2, q)) % 2, bernoulli(k, p + q - 2 * p * q)


# Thresholds ----------------------------------------------------------------------------


@relation("in law", source="Devroye 1986, section II.2")
def uniform_below(k: Key, p):
    """How a Bernoulli variable is drawn."""
    return where(uniform(k, 0.0, 1.0) < p, 1, 0), bernoulli(k, p)


@relation("in law", source="Devroye 1986, section II.2")
def uniform_above(k: Key, p):
    """The other tail."""
    return where(uniform(k, 0.0, 1.0) > p, 1, 0), bernoulli(k, 1 - p)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 4")
def poisson_positive(k: Key, m):
    """Whether a Poisson count is not zero."""
    return where(poisson(k, m) > 0, 1, 0), bernoulli(k, 1 - exp(-m))


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 4")
def poisson_zero(k: Key, m):
    """Whether a Poisson count is zero."""
    return astype(poisson(k, m) <= 0, "int64"), bernoulli(k, exp(-m))


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 3")
def binomial_positive(k: Key, n: Integer, p):
    """Whether there is a success among n trials."""
    return where(binomial(k, n, p) > 0, 1, 0), bernoulli(k, 1 - (1 - p) ** n)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 5")
def geometric_above(k: Key, p, n: Integer):
    """Whether the first n trials fail."""
    return where(geometric(k, p) > n, 1, 0), bernoulli(k, (1 - p) ** n)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 19")
def exponential_above(k: Key, r, t):
    """Whether a waiting time is not over at time t."""
    return where(exponential(k, rate=r) > t, 1, 0), bernoulli(k, exp(-r * t))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 21")
def weibull_above(k: Key, c, s, t):
    """Whether a Weibull lifetime is not over at time t."""
    return where(weibull(k, c, s) > t, 1, 0), bernoulli(k, exp(-((t / s) ** c)))


@relation("in law", source="Albert & Chib 1993")
def normal_above(k: Key, m, s, c):
    """A probit link is a normal variable above a threshold."""
    return where(normal(k, m, s) > c, 1, 0), bernoulli(k, special.ndtr((m - c) / s))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 23")
def logistic_above(k: Key, m, s, c):
    """A logit link is a logistic variable above a threshold."""
    return where(logistic(k, m, s) > c, 1, 0), bernoulli(k, special.expit((m - c) / s))


@relation("in law", source="Yellott 1977")
def gumbel_race(k: Key, a, b, s):
    """Of two Gumbel utilities the first is larger with a logistic probability."""
    k1, k2 = split(k)
    return where(gumbel(k1, a, s) > gumbel(k2, b, s), 1, 0), bernoulli(
        k, special.expit((a - b) / s)
    )


@relation("in law", source="Albert & Chib 1993")
def normal_race(k: Key, a, s, b, t):
    """Of two normal utilities the first is larger with a probit probability."""
    k1, k2 = split(k)
    return where(normal(k1, a, s) > normal(k2, b, t), 1, 0), bernoulli(
        k, special.ndtr((a - b) / (s**2 + t**2) ** 0.5)
    )


@relation("in law", source="Feller 1971, section I.6")
def exponential_race(k: Key, r1, r2):
    """Of two waiting times the first is longer in proportion to the other's rate."""
    k1, k2 = split(k)
    return where(exponential(k1, rate=r1) > exponential(k2, rate=r2), 1, 0), bernoulli(
        k, r2 / (r1 + r2)
    )


# Rounding ------------------------------------------------------------------------------


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 5")
def exponential_floor(k: Key, r):
    """The whole units of time that have passed: failures before a success."""
    return floor(exponential(k, rate=r)), geometric(k, -expm1(-r)) - 1.0


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 5")
def exponential_ceil(k: Key, r):
    """The unit of time in which it happens: trials up to a success."""
    return ceil(exponential(k, rate=r)), astype(geometric(k, -expm1(-r)), "float64")


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 5")
def exponential_floor_count(k: Key, r):
    """The same as a count."""
    return astype(floor(exponential(k, rate=r)), "int64"), geometric(k, -expm1(-r)) - 1


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 5")
def exponential_ceil_count(k: Key, r):
    """The same as a count."""
    return astype(ceil(exponential(k, rate=r)), "int64"), geometric(k, -expm1(-r))


@relation("in law", source="Devroye 1986, section X.2")
def geometric_by_inversion(k: Key, p):
    """How a geometric variable is drawn."""
    return (
        ceil(log(uniform(k, 0.0, 1.0)) / log1p(-p)),
        astype(geometric(k, p), "float64"),
    )


@relation("in law", source="Devroye 1986, section III.2")
def uniform_floor(k: Key, n: Integer):
    """The number of the piece into which a uniform variable falls."""
    return astype(floor(n * uniform(k, 0.0, 1.0)), "int64"), discrete_uniform(k, 0, n)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 6")
def beta_binomial_complement(k: Key, n: Integer, a, b):
    """Failures instead of successes, with a random chance."""
    return n - beta_binomial(k, n, a, b), beta_binomial(k, n, b, a)
