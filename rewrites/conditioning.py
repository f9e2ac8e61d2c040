r"""Conditioning: laws given an event or a total, and joint laws in another order.

    X ~ F                                X ~ Poisson(λ)   Y ~ Poisson(μ)
    ──────────────────────────────       ────────────────────────────────
    X | a < X < b  has density            X | X + Y = n  ~  Binomial(n, λ / (λ + μ))
    f(x) / (F(b) - F(a)) on (a, b)

Given its total, a family whose parts add up to the same family forgets the parameter that the
parts share: the total is sufficient for it. Each such identity says the same as a joint one:
draw the total first, and then share it out.

`given(x, event)` stands for the law of x where the event holds.

Example: waiting longer does not help (no memory).

>>> import astragal as ag
>>> from astragal.rewrites.conditioning import exponential_residual
>>> wait = ag.random.exponential(ag.key(0), rate=2.0)
>>> exponential_residual.forward(ag.given(wait - 1.0, wait > 1.0))
exponential(key(0, 'threefry4x32'), 2.0)
"""

from math import inf, pi

from astragal import (
    Integer,
    Key,
    PositiveVector,
    Simplex,
    atan2,
    equal,
    given,
    ones,
    relation,
    sort,
    special,
    split,
    sum,
    where,
)
from astragal.random import (
    bernoulli,
    beta,
    beta_binomial,
    binomial,
    dirichlet_multinomial,
    discrete_uniform,
    exponential,
    gamma,
    geometric,
    half_normal,
    hypergeometric,
    laplace,
    lomax,
    multinomial,
    negative_binomial,
    normal,
    pareto,
    poisson,
    rayleigh,
    truncated_normal,
    uniform,
)

JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"
JKB97 = "Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate Distributions"
KINGMAN = "Kingman 1993, Poisson Processes"
LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
LUKACS = "Lukacs 1955, Ann. Math. Stat. 26"

# What remains after a threshold --------------------------------------------------------------


@relation("in law", source=LEEMIS, where=lambda t: t > 0)
def exponential_residual(k: Key, r, t):
    """A waiting time has no memory."""
    x = exponential(k, rate=r)
    return given(x - t, x > t), exponential(k, rate=r)


@relation("in law", source=LEEMIS, where=lambda n: n >= 0)
def geometric_residual(k: Key, p, n: Integer):
    """Neither has a number of trials."""
    x = geometric(k, p)
    return given(x - n, x > n), geometric(k, p)


@relation("in law", source=f"{JKB1}, ch. 20", where=lambda t: t > 0)
def lomax_residual(k: Key, c, s, t):
    """The longer a Lomax variable has lasted, the longer it will: the scale grows."""
    x = lomax(k, c, s)
    return given(x - t, x > t), lomax(k, c, s + t)


@relation("in law", source=f"{JKB1}, ch. 20", where=lambda m, t: t > m)
def pareto_tail(k: Key, b, m, t):
    """The tail of a Pareto law is a Pareto law."""
    x = pareto(k, b, m)
    return given(x, x > t), pareto(k, b, t)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 24", where=lambda m, t: t > m)
def laplace_tail(k: Key, m, s, t):
    """Beyond its location a Laplace variable is a waiting time."""
    x = laplace(k, m, s)
    return given(x - t, x > t), exponential(k, scale=s)


@relation("in law", source=f"{JKB1}, ch. 18", where=lambda t: t > 0)
def rayleigh_residual(k: Key, s, t):
    """The square of a Rayleigh variable is a waiting time, which has no memory."""
    x = rayleigh(k, s)
    return given(x**2 - t**2, x > t), exponential(k, scale=2 * s**2)


# Truncation ----------------------------------------------------------------------------------


@relation("in law", source=LEEMIS, where=lambda low, high, a, b: (low <= a, b <= high))
def uniform_truncation(k: Key, low, high, a, b):
    """A uniform variable on a smaller interval."""
    x = uniform(k, low, high)
    return given(x, (x > a) & (x < b)), uniform(k, a, b)


@relation("in law", source=f"{JKB1}, ch. 13", where=lambda a, b: a < b)
def normal_truncation(k: Key, m, s, a, b):
    """A normal on an interval."""
    x = normal(k, m, s)
    return given(x, (x > a) & (x < b)), truncated_normal(k, m, s, a, b)


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_upper_tail(k: Key, m, s, a):
    """A normal above a bound: what a probit model knows of a latent where the answer is yes."""
    x = normal(k, m, s)
    return given(x, x > a), truncated_normal(k, m, s, a, inf)


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_lower_tail(k: Key, m, s, b):
    """A normal below a bound."""
    x = normal(k, m, s)
    return given(x, x < b), truncated_normal(k, m, s, -inf, b)


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_positive(k: Key, s):
    """A centred normal above its mean."""
    x = normal(k, 0.0, s)
    return given(x, x > 0.0), half_normal(k, s)


@relation("in law", source=f"{JKB1}, ch. 13", where=lambda a, b, c: (a <= c) & (c < b))
def truncated_normal_again(k: Key, m, s, a, b, c):
    """Cut once more from below."""
    x = truncated_normal(k, m, s, a, b)
    return given(x, x > c), truncated_normal(k, m, s, c, b)


@relation("in law", source=LEEMIS, where=lambda t: (t > 0) & (t < 1))
def beta_power_truncation(k: Key, a, t):
    """The density a x^(a - 1) below a bound is the same on a smaller scale."""
    x = beta(k, a, 1.0)
    return given(x, x < t), t * beta(k, a, 1.0)


@relation("in law", source="Devroye 1986, ch. V")
def uniform_disc(k: Key):
    """A point of a square that lies in the disc: squared radius and angle are uniform."""
    k1, k2 = split(k)
    x, z = uniform(k1, -1.0, 1.0), uniform(k2, -1.0, 1.0)
    return (
        given((x**2 + z**2, atan2(z, x)), x**2 + z**2 < 1.0),
        (uniform(k1, 0.0, 1.0), uniform(k2, -pi, pi)),
    )


# Given a total -------------------------------------------------------------------------------


@relation("in law", source=f"{JKK}, ch. 4")
def poisson_given_total(k: Key, λ, μ, n: Integer):
    """Each of n points is of the first kind with the share of its rate."""
    k1, k2 = split(k)
    x, z = poisson(k1, λ), poisson(k2, μ)
    return given(x, equal(x + z, n)), binomial(k, n, λ / (λ + μ))


@relation("in law", source=f"{JKB97}, ch. 35")
def poisson_vector_given_total(k: Key, λ: PositiveVector, n: Integer):
    """The same with many kinds."""
    x = poisson(k, λ)
    return given(x, equal(sum(x), n)), multinomial(k, n, λ / sum(λ))


@relation("in law", source=f"{JKK}, ch. 6", where=lambda n1, n2, n: (n >= 0) & (n <= n1 + n2))
def binomial_given_total(k: Key, n1: Integer, n2: Integer, p, n: Integer):
    """Fisher's exact test: given the margins, the probability does not matter."""
    k1, k2 = split(k)
    x, z = binomial(k1, n1, p), binomial(k2, n2, p)
    return given(x, equal(x + z, n)), hypergeometric(k, n1, n2, n)


@relation("in law", source=f"{JKK}, ch. 6")
def negative_binomial_given_total(k: Key, r1, r2, p, n: Integer):
    """Failures before successes of two kinds."""
    k1, k2 = split(k)
    x, z = negative_binomial(k1, r1, p), negative_binomial(k2, r2, p)
    return given(x, equal(x + z, n)), beta_binomial(k, n, r1, r2)


@relation("in law", source=f"{JKK}, ch. 5", where=lambda n: n >= 2)
def geometric_given_total(k: Key, p, n: Integer):
    """The first success may have been at any trial before the second."""
    k1, k2 = split(k)
    x, z = geometric(k1, p), geometric(k2, p)
    return given(x, equal(x + z, n)), discrete_uniform(k, 1, n)


# Totals first, shares after ---------------------------------------------------------------------


@relation("reversal", source=f"{KINGMAN}, section 5.1")
def poisson_splitting(kn: Key, kx: Key, λ, p):
    """Points of two kinds: their number, or each kind by itself."""
    n = poisson(kn, λ)
    x = binomial(kx, n, p)
    yield x, n - x
    yield poisson(kx, λ * p), poisson(kn, λ * (1 - p))


@relation("reversal", source=f"{KINGMAN}, section 5.1", where=lambda p: equal(p.shape[0], 3))
def poisson_splitting_in_three(kn: Key, kx: Key, λ, p: Simplex):
    """Points of three kinds."""
    x = multinomial(kx, poisson(kn, λ), p)
    k = split(kx, 3)
    yield x[0], x[1], x[2]
    yield poisson(k[0], λ * p[0]), poisson(k[1], λ * p[1]), poisson(k[2], λ * p[2])


@relation("reversal", source=f"{JKK}, ch. 3")
def binomial_thinning(kn: Key, kx: Key, n: Integer, p, q):
    """Of n trials some succeed, and of those some are kept."""
    m = binomial(kn, n, p)
    yield binomial(kx, m, q), m
    x = binomial(kx, n, p * q)
    yield x, x + binomial(kn, n - x, p * (1 - q) / (1 - p * q))


@relation("reversal", source=f"{JKK}, ch. 6")
def negative_binomial_splitting(kx: Key, kt: Key, a, b, p):
    """Two counts of failures: each by itself, or their total and how it is shared."""
    x = negative_binomial(kx, a, p)
    yield x, x + negative_binomial(kt, b, p)
    t = negative_binomial(kt, a + b, p)
    yield beta_binomial(kx, t, a, b), t


@relation("reversal", source=LUKACS)
def gamma_splitting(kt: Key, kw: Key, a, b, r):
    """A gamma total and an independent beta share: two independent gammas."""
    t, w = gamma(kt, a + b, rate=r), beta(kw, a, b)
    yield t * w, t * (1 - w)
    yield gamma(kt, a, rate=r), gamma(kw, b, rate=r)


@relation("reversal", source="David & Nagaraja 2003, ch. 6")
def exponential_splitting(kx: Key, kt: Key, r):
    """The first of two arrivals is uniform before the second."""
    x = exponential(kx, rate=r)
    yield x, x + exponential(kt, rate=r)
    t = gamma(kt, 2.0, rate=r)
    yield uniform(kx, 0.0, t), t


@relation("in law", source=f"{KINGMAN}, section 2.4")
def arrivals_given_the_last(k: Key):
    """Arrivals before the third are two uniform numbers in order."""
    k1, k2, k3 = split(k, 3)
    x, z, w = exponential(k1, rate=1.0), exponential(k2, rate=1.0), exponential(k3, rate=1.0)
    u = sort(uniform(k, 0.0, 1.0, size=(2,)))
    return (x / (x + z + w), (x + z) / (x + z + w)), (u[0], u[1])


# One count after another ------------------------------------------------------------------------


@relation("reversal", source=f"{JKB97}, ch. 35", where=lambda p: equal(p.shape[0], 3))
def multinomial_in_sequence(k: Key, n: Integer, p: Simplex):
    """Three categories: those of the first kind, and then of the second among the rest."""
    x = multinomial(k, n, p)
    yield x[0], x[1], x[2]
    k1, k2 = split(k)
    a = binomial(k1, n, p[0])
    b = binomial(k2, n - a, p[1] / (1 - p[0]))
    yield a, b, n - a - b


@relation("reversal", source=f"{JKB97}, ch. 35", where=lambda α: equal(α.shape[0], 3))
def dirichlet_multinomial_in_sequence(k: Key, n: Integer, α: PositiveVector):
    """The same where the probabilities are a Dirichlet variable."""
    x = dirichlet_multinomial(k, n, α)
    yield x[0], x[1], x[2]
    k1, k2 = split(k)
    a = beta_binomial(k1, n, α[0], α[1] + α[2])
    b = beta_binomial(k2, n - a, α[1], α[2])
    yield a, b, n - a - b


# By cases ---------------------------------------------------------------------------------------


@relation("in law", source=f"{JKB1}, ch. 13")
def normal_by_sign(k: Key, m, s):
    """The sign first, and then how far."""
    k1, k2, k3 = split(k, 3)
    z = bernoulli(k1, special.ndtr(m / s))
    return (
        where(
            equal(z, 1),
            truncated_normal(k2, m, s, 0.0, inf),
            truncated_normal(k3, m, s, -inf, 0.0),
        ),
        normal(k, m, s),
    )


@relation("in law", source=JKB97, where=lambda n: n >= 0)
def poisson_sample_given_total(k: Key, λ, m: Integer, n: Integer):
    """Counts of one rate, of which the total is known."""
    x = poisson(k, λ, size=(m,))
    return given(x, equal(sum(x), n)), multinomial(k, n, ones((m,)) / m)


@relation("in law", source="symmetry", where=lambda m, n: [n >= 0, n <= m, m >= 1])
def trial_of_sample_given_total(k: Key, p, m: Integer, n: Integer):
    """The first of some trials, of which the number of successes is known."""
    x = bernoulli(k, p, size=(m,))
    return given(x[0], equal(sum(x), n)), bernoulli(k, n / m)


@relation("in law", source="symmetry", where=lambda n: n >= 1)
def agreement_of_uniform_places(k: Key, n: Integer):
    """Two places that turn out the same are any place."""
    k1, k2 = split(k)
    x, y = discrete_uniform(k1, 0, n), discrete_uniform(k2, 0, n)
    return given(x, equal(x, y)), discrete_uniform(k, 0, n)


@relation("reversal", source="Lukacs 1955, Ann. Math. Stat. 26")
def part_and_gamma_total(k1: Key, k2: Key, a, b, r):
    """A gamma variable beside its sum with another one."""
    x = gamma(k1, a, rate=r)
    yield x, x + gamma(k2, b, rate=r)
    t = gamma(k2, a + b, rate=r)
    yield t * beta(k1, a, b), t


@relation("in law", source="Kingman 1993, Poisson Processes, section 1.4")
def poisson_counts_and_total(k: Key, λ: PositiveVector):
    """All counts beside their total."""
    k1, k2 = split(k)
    x = poisson(k, λ)
    yield x, sum(x)
    t = poisson(k1, sum(λ))
    yield multinomial(k2, t, λ / sum(λ)), t
