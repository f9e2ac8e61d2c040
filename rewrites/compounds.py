r"""Compound laws: what is left when a parameter or a number of terms is random.

    Y ~ InverseGamma(a, s)              N ~ NegBinomial(r, p)
    ────────────────────────            ──────────────────────────────
    Exponential(mean Y) ~ Lomax(a, s)   Gamma(r + N, rate q) ~ Gamma(r, rate p q)

A mixture over a gamma variable is a moment generating function in closed form, and a parameter
that is itself an average keeps the mean: these are the predictive laws of conjugate pairs.

Example: waiting times of which there is a geometric number.

>>> import astragal as ag
>>> from astragal.rewrites.compounds import gamma_of_geometric
>>> k1, k2 = ag.split(ag.key(0))
>>> gamma_of_geometric.forward(ag.random.gamma(k2, ag.random.geometric(k1, 0.25), rate=8.0))
exponential(key(0, 'threefry4x32'), 2.0)
"""

from astragal import (
    Integer,
    Key,
    Positive,
    Probability,
    cos,
    equal,
    exp,
    relation,
    special,
    split,
    sqrt,
    sum,
    where,
)
from astragal.random import (
    bernoulli,
    beta,
    beta_binomial,
    beta_negative_binomial,
    beta_prime,
    binomial,
    cauchy,
    chi_square,
    discrete_uniform,
    exponential,
    gamma,
    geometric,
    half_normal,
    half_student_t,
    hypergeometric,
    inverse_gamma,
    inverse_gaussian,
    laplace,
    levy,
    logit_normal,
    maxwell,
    negative_binomial,
    noncentral_chi_square,
    normal,
    normal_inverse_gaussian,
    poisson,
    rayleigh,
    uniform,
    zero_inflated_poisson,
)

JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"
WEST = "West 1987, Biometrika 74"
BAYES = "the law of total probability"

# Positive variables ----------------------------------------------------------------------


@relation("in law", source=f"{JKB1}, ch. 17")
def inverse_gamma_of_gamma(k: Key, a, b, c):
    """A gamma scale of an inverse gamma variable."""
    ky, kx = split(k)
    y = gamma(ky, b, rate=c)
    return inverse_gamma(kx, a, scale=y), 1 / c * beta_prime(k, b, a)


@relation("in law", source=WEST)
def half_student_t_mixture(k: Key, d, s):
    """Student's law, folded, as a mixture."""
    ky, kx = split(k)
    y = inverse_gamma(ky, d / 2, scale=d * s**2 / 2)
    return half_normal(kx, sqrt(y)), half_student_t(k, d, s)


@relation("in law", source=WEST)
def half_student_t_precision_mixture(k: Key, d, s):
    """The same over precisions."""
    ky, kx = split(k)
    return half_normal(kx, s / sqrt(gamma(ky, d / 2, rate=d / 2))), half_student_t(k, d, s)


@relation("in law", source=f"{JKB1}, ch. 17")
def gamma_of_geometric(k: Key, p, r):
    """Waiting times of which there is a geometric number."""
    kn, kx = split(k)
    return gamma(kx, geometric(kn, p), rate=r), exponential(k, rate=r * p)


@relation("in law", source=f"{JKB1}, ch. 17")
def gamma_of_negative_binomial(k: Key, a, p, r):
    """A gamma variable seen through its own Poisson number."""
    kn, kx = split(k)
    n = negative_binomial(kn, a, p)
    return gamma(kx, a + n, rate=r), gamma(k, a, rate=r * p)


@relation("in law", source=f"{JKB2}, ch. 29")
def noncentral_chi_square_of_chi_square(k: Key, d, c: Positive):
    """Means that are themselves normal."""
    ky, kx = split(k)
    return (
        noncentral_chi_square(kx, d, c * chi_square(ky, d)),
        (1 + c) * chi_square(k, d),
    )


@relation("in law", source="Pearson 1905, Nature 72")
def normal_of_rayleigh(k: Key, s):
    """One coordinate of a length and a direction."""
    kr, ku = split(k)
    angle = uniform(ku, -3.141592653589793, 3.141592653589793)
    return rayleigh(kr, s) * cos(angle), normal(k, 0.0, s)


@relation("in law", source="Khinchine 1938")
def normal_of_maxwell(k: Key, s):
    """One coordinate of a direction in space is uniform."""
    kr, kx = split(k)
    y = maxwell(kr, s)
    return uniform(kx, -y, y), normal(k, 0.0, s)


@relation("in law", source="Khinchine 1938")
def half_normal_of_maxwell(k: Key, s):
    """The same without the sign."""
    kr, kx = split(k)
    return uniform(kx, 0.0, maxwell(kr, s)), half_normal(k, s)


@relation("in law", source="Khinchine 1938")
def beta_of_uniform(k: Key, b):
    """A density that falls is a mixture of uniform ones."""
    ky, kx = split(k)
    return uniform(kx, 0.0, beta(ky, 2.0, b)), beta(k, 1.0, b + 1)


# Locations that add up -------------------------------------------------------------------


@relation("in law", source="stable laws; Feller 1971, vol. 2, ch. VI")
def cauchy_of_cauchy(k: Key, m, t, s):
    """A Cauchy location of a Cauchy variable."""
    ky, kx = split(k)
    return cauchy(kx, cauchy(ky, m, t), s), cauchy(k, m, s + t)


@relation("in law", source="stable laws; Feller 1971, vol. 2, ch. VI")
def levy_of_levy(k: Key, m, t, s):
    """A Lévy location of a Lévy variable."""
    ky, kx = split(k)
    return levy(kx, levy(ky, m, t), s), levy(k, m, (sqrt(s) + sqrt(t)) ** 2)


@relation("in law", source="Casella & Berger 2002, section 4.4")
def logit_normal_of_normal(k: Key, m, t, s):
    """A normal mean of a logit."""
    ky, kx = split(k)
    return logit_normal(kx, normal(ky, m, t), s), logit_normal(k, m, sqrt(s**2 + t**2))


@relation("in law", source="Barndorff-Nielsen 1997, Scand. J. Stat. 24")
def symmetric_normal_inverse_gaussian(k: Key, a, m, s):
    """Without drift, a normal variable at a first passage."""
    ky, kx = split(k)
    y = inverse_gaussian(ky, 1 / a, 1.0)
    return normal(kx, m, s * sqrt(y)), normal_inverse_gaussian(k, a, 0.0, m, s)


# Probabilities that are random -----------------------------------------------------------


@relation("in law", source=BAYES)
def bernoulli_of_exponential(k: Key, r):
    """Whether nothing has come by a random time: a Laplace transform."""
    ky, kx = split(k)
    return bernoulli(kx, exp(-exponential(ky, rate=r))), bernoulli(k, r / (1 + r))


@relation("in law", source=BAYES)
def bernoulli_of_gamma(k: Key, a, r):
    """The Laplace transform of a gamma variable."""
    ky, kx = split(k)
    return bernoulli(kx, exp(-gamma(ky, a, rate=r))), bernoulli(k, (r / (1 + r)) ** a)


@relation("in law", source=BAYES)
def bernoulli_of_probit(k: Key, m, s):
    """A normal number put through the normal distribution function."""
    ky, kx = split(k)
    return (
        bernoulli(kx, special.ndtr(normal(ky, m, s))),
        bernoulli(k, special.ndtr(m / sqrt(1 + s**2))),
    )


@relation("in law", source=BAYES)
def bernoulli_of_either(k: Key, p, q: Probability, t: Probability):
    """One of two trials, chosen by a third."""
    kx, k1, k0 = split(k, 3)
    return (
        where(equal(bernoulli(kx, p), 1), bernoulli(k1, q), bernoulli(k0, t)),
        bernoulli(k, p * q + (1 - p) * t),
    )


# Numbers that are random -----------------------------------------------------------------


@relation("in law", source=f"{JKK}, ch. 3")
def binomial_of_bernoulli(k: Key, p, q):
    """Thinned once: a trial of a trial."""
    kn, kx = split(k)
    return binomial(kx, bernoulli(kn, p), q), bernoulli(k, p * q)


@relation("in law", source=f"{JKK}, ch. 5")
def binomial_of_negative_binomial(k: Key, r, p, q):
    """A thinned negative binomial number."""
    kn, kx = split(k)
    return (
        binomial(kx, negative_binomial(kn, r, p), q),
        negative_binomial(k, r, p / (p + q - p * q)),
    )


@relation("in law", source=f"{JKK}, ch. 6")
def negative_binomial_of_beta_prime(k: Key, r, a, b):
    """A Poisson rate with a gamma law of beta prime scale."""
    kz, ky, kx = split(k, 3)
    y = gamma(ky, r, rate=1.0) * beta_prime(kz, b, a)
    return poisson(kx, y), beta_negative_binomial(k, r, a, b)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda n, N: n <= N)
def hypergeometric_of_discrete_uniform(k: Key, N: Integer, n: Integer):
    """A sample of an urn of which nothing is known."""
    kg, kx = split(k)
    g = discrete_uniform(kg, 0, N + 1)
    return hypergeometric(kx, g, N - g, n), discrete_uniform(k, 0, n + 1)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda g, b, n, m: [n <= g + b, m <= n])
def hypergeometric_of_hypergeometric(k: Key, g: Integer, b: Integer, n: Integer, m: Integer):
    """A sample of a sample."""
    kx, ky = split(k)
    x = hypergeometric(kx, g, b, n)
    return hypergeometric(ky, x, n - x, m), hypergeometric(k, g, b, m)


@relation("in law", source="Bayes 1763")
def beta_of_beta_binomial(k: Key, n: Integer, a, b):
    """A probability seen through its own trials."""
    kn, kx = split(k)
    x = beta_binomial(kn, n, a, b)
    return beta(kx, a + x, b + (n - x)), beta(k, a, b)


@relation("in law", source="Bayes 1763")
def beta_of_discrete_uniform(k: Key, n: Integer):
    """An order statistic of random rank is any draw."""
    kn, kx = split(k)
    x = discrete_uniform(kn, 0, n + 1)
    return beta(kx, x + 1, n - x + 1), uniform(k, 0.0, 1.0)


@relation("in law", source="Kotz, Kozubowski & Podgórski 2001, The Laplace Distribution, ch. 2")
def geometric_number_of_laplaces(k: Key, p, s):
    """A geometric number of Laplace variables: Laplace variables are geometrically stable."""
    kn, kx = split(k)
    n = geometric(kn, p)
    return sum(laplace(kx, 0.0, s, size=(n,))), laplace(k, 0.0, s / sqrt(p))


@relation("in law", source=f"{JKK}, ch. 4")
def poisson_or_nothing(k: Key, p, m):
    """A number that is shown with some probability."""
    kz, kx = split(k)
    return bernoulli(kz, p) * poisson(kx, m), zero_inflated_poisson(k, 1 - p, m)
