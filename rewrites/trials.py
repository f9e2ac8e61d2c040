r"""Trials: none, all, the odd ones, and trials of unlike chances.

    Xᵢ ~ Bernoulli(pᵢ), independent
    ───────────────────────────────────────────────
    Π X ~ Bernoulli(Π p)     max X ~ Bernoulli(1 - Π (1 - p))     Σ X ~ PoissonBinomial(p)

That all succeed has the product of the chances, that none does the product of the complements.
Whether a number is even is a product, too: E (-1)^X is a product over the trials. Digits of a
uniform number are independent, and what is uniform round a circle stays so whatever is added.

Example: whether an odd number of five trials succeeds.

>>> import astragal as ag
>>> from astragal.rewrites.trials import binomial_parity
>>> x = ag.random.binomial(ag.key(0), 2, 0.25)
>>> binomial_parity.forward(x % 2)
bernoulli(key(0, 'threefry4x32'), 0.375)
"""

from collections.abc import Callable

from astragal import (
    Expr,
    Family,
    Integer,
    Key,
    Positive,
    Simplex,
    Vector,
    astype,
    ceil,
    concat,
    cumulative_sum,
    equal,
    exp,
    floor,
    log,
    log1p,
    max,
    min,
    minimum,
    ones,
    prod,
    relation,
    sort,
    split,
    stack,
    sum,
    where,
)
from astragal.random import (
    benford,
    bernoulli,
    beta,
    beta_negative_binomial,
    binomial,
    categorical,
    discrete_laplace,
    discrete_uniform,
    exponential,
    gamma,
    geometric,
    hypergeometric,
    log_series,
    log_uniform,
    negative_binomial,
    negative_hypergeometric,
    normal,
    planck,
    poisson,
    poisson_binomial,
    skellam,
    uniform,
    zero_inflated_poisson,
)

JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"
ORDERED = "David & Nagaraja 2003, Order Statistics, 3rd ed., section 2.4"
FELLER = "Feller 1968, vol. 1"


class Added(Family):
    """Laws of which a random number of draws is added up."""

    words = "a law of one number"
    listed = ((gamma, ""), (normal, ""))


# All and none ----------------------------------------------------------------------------


@relation("in law", source=FELLER)
def bernoulli_product_of_n(k: Key, p, n: Integer):
    """That all of n trials succeed."""
    return prod(bernoulli(k, p, size=(n,))), bernoulli(k, p**n)


@relation("in law", source=FELLER)
def bernoulli_maximum_of_n(k: Key, p, n: Integer):
    """That one of them does."""
    return max(bernoulli(k, p, size=(n,))), bernoulli(k, 1 - (1 - p) ** n)


@relation("in law", source=FELLER)
def bernoulli_vector_product(k: Key, p: Vector):
    """That all succeed, with unlike chances."""
    return prod(bernoulli(k, p)), bernoulli(k, prod(p))


@relation("in law", source=FELLER)
def bernoulli_vector_maximum(k: Key, p: Vector):
    """That one does."""
    return max(bernoulli(k, p)), bernoulli(k, 1 - prod(1 - p))


@relation("in law", source=FELLER)
def binomial_none(k: Key, n: Integer, p):
    """That none succeeds."""
    return where(equal(binomial(k, n, p), 0), 1, 0), bernoulli(k, (1 - p) ** n)


@relation("in law", source=FELLER)
def negative_binomial_none(k: Key, r, p):
    """That none fails."""
    return where(equal(negative_binomial(k, r, p), 0), 1, 0), bernoulli(k, p**r)


@relation("in law", source=FELLER)
def geometric_at_once(k: Key, p):
    """That the first trial succeeds."""
    return where(equal(geometric(k, p), 1), 1, 0), bernoulli(k, p)


@relation("in law", source=f"{FELLER}, section XI.2")
def binomial_parity(k: Key, n: Integer, p):
    """That an odd number succeeds."""
    return binomial(k, n, p) % 2, bernoulli(k, (1 - (1 - 2 * p) ** n) / 2)


@relation("in law", source=f"{FELLER}, section XI.2")
def poisson_parity(k: Key, m):
    """That a Poisson number is odd."""
    return poisson(k, m) % 2, bernoulli(k, (1 - exp(-2 * m)) / 2)


# Unlike chances --------------------------------------------------------------------------


@relation("in law", source=f"{JKK}, ch. 3")
def poisson_binomial_of_trials(k: Key, p: Vector):
    """Successes in trials of unlike chances, by definition."""
    return sum(bernoulli(k, p)), poisson_binomial(k, p)


@relation("in law", source=f"{JKK}, ch. 3")
def poisson_binomial_complement(k: Key, p: Vector):
    """Failures instead of successes."""
    return p.shape[0] - poisson_binomial(k, p), poisson_binomial(k, 1 - p)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda b, n: n <= b + 1)
def hypergeometric_one_marked(k: Key, b: Integer, n: Integer):
    """Whether the one that is marked is drawn."""
    return hypergeometric(k, 1, b, n), bernoulli(k, n / (b + 1))


@relation("in law", source=f"{JKK}, ch. 6", where=lambda b, r: [r >= 1, r <= b])
def negative_hypergeometric_complement(k: Key, g: Integer, b: Integer, r: Integer):
    """An urn that is emptied from the other end."""
    return g - negative_hypergeometric(k, g, b, r), negative_hypergeometric(k, g, b, b - r + 1)


# Whole steps -----------------------------------------------------------------------------


@relation("in law", source=f"{JKK}, ch. 5")
def planck_minimum(k: Key, a, b):
    """The first of two waits in whole steps."""
    k1, k2 = split(k)
    return minimum(planck(k1, a), planck(k2, b)), planck(k, a + b)


@relation("in law", source=f"{JKK}, ch. 5")
def planck_minimum_of_n(k: Key, a, n: Integer):
    """The first of n."""
    return min(planck(k, a, size=(n,))), planck(k, n * a)


@relation("in law", source=f"{JKK}, ch. 5")
def planck_pair(k: Key, a):
    """Two waits, one after the other."""
    k1, k2 = split(k)
    return planck(k1, a) + planck(k2, a), negative_binomial(k, 2.0, 1 - exp(-a))


@relation("in law", source=f"{JKK}, ch. 5")
def planck_sum(k: Key, a, n: Integer):
    """Several."""
    return sum(planck(k, a, size=(n,))), negative_binomial(k, n, 1 - exp(-a))


@relation("in law", source=f"{JKK}, ch. 5")
def exponential_floor_planck(k: Key, r, c: Positive):
    """Whole steps of a waiting time."""
    return floor(exponential(k, rate=r) / c), 1.0 * planck(k, c * r)


@relation("in law", source=f"{JKK}, ch. 4")
def skellam_less_poisson(k: Key, a, b, c):
    """Losses alone add to one side."""
    k1, k2 = split(k)
    return skellam(k1, a, b) - poisson(k2, c), skellam(k, a, b + c)


@relation("in law", source=f"{JKK}, ch. 4")
def skellam_sum(k: Key, a, b, n: Integer):
    """Gains and losses of n rounds."""
    return sum(skellam(k, a, b, size=(n,))), skellam(k, n * a, n * b)


@relation("in law", source=f"{JKK}, ch. 4")
def thinned_pair(k: Key, a, p, b, q):
    """Two sources, each seen in part."""
    k1, k2, k3, k4 = split(k, 4)
    return (
        binomial(k1, poisson(k2, a), p) + binomial(k3, poisson(k4, b), q),
        poisson(k, a * p + b * q),
    )


# Digits and circles ----------------------------------------------------------------------


@relation("in law", source=f"{JKK}, ch. 6", where=lambda n, m: [n >= 1, m >= 1])
def two_digits(k: Key, n: Integer, m: Integer):
    """Two digits of a number."""
    k1, k2 = split(k)
    return (
        discrete_uniform(k1, 0, n) + n * discrete_uniform(k2, 0, m),
        discrete_uniform(k, 0, n * m),
    )


@relation("in law", source=f"{JKK}, ch. 6", where=lambda n: n >= 1)
def digit_and_fraction(k: Key, n: Integer):
    """A digit and what follows it."""
    k1, k2 = split(k)
    return discrete_uniform(k1, 0, n) + uniform(k2, 0.0, 1.0), uniform(k, 0.0, 1.0 * n)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda n: n >= 1)
def uniform_cycle_pair(k: Key, n: Integer):
    """Two steps round a circle of n places."""
    k1, k2 = split(k)
    return (discrete_uniform(k1, 0, n) + discrete_uniform(k2, 0, n)) % n, discrete_uniform(k, 0, n)


@relation("in law", source=f"{JKK}, ch. 6", where=lambda n: n >= 1)
def uniform_cycle_poisson(k: Key, n: Integer, m):
    """Any number of steps from a place that is uniform."""
    k1, k2 = split(k)
    return (discrete_uniform(k1, 0, n) + poisson(k2, m)) % n, discrete_uniform(k, 0, n)


@relation("in law", source=FELLER)
def categorical_agreement(k: Key, p: Simplex, q: Simplex):
    """That two choices agree."""
    k1, k2 = split(k)
    return where(equal(categorical(k1, p), categorical(k2, q)), 1, 0), bernoulli(k, sum(p * q))


@relation("in law", source="Benford 1938")
def first_digit_of_log_uniform(k: Key):
    """The first digit of a number of uniform logarithm, itself."""
    return floor(log_uniform(k, 1.0, 10.0)), 1.0 * benford(k)


@relation("in law", source=f"{JKK}, ch. 5")
def floors_difference(k: Key, r):
    """The difference of two waits in whole steps."""
    k1, k2 = split(k)
    x, y = exponential(k1, rate=r), exponential(k2, rate=r)
    return floor(x) - floor(y), 1.0 * discrete_laplace(k, r)


@relation("in law", source="Johnson, Kemp & Kotz 2005, ch. 6")
def poisson_rate_or_nothing(k: Key, m, p):
    """A source that is open with some probability."""
    k1, k2 = split(k)
    return poisson(k2, m * bernoulli(k1, p)), zero_inflated_poisson(k, 1 - p, m)


@relation("reversal", source=f"{JKK}, ch. 3")
def binomial_total(k1: Key, k2: Key, n: Integer, m: Integer, p):
    """Successes of one group, and of both: the group's are drawn from an urn."""
    x = binomial(k1, n, p)
    yield x, x + binomial(k2, m, p)
    total = binomial(k2, n + m, p)
    yield hypergeometric(k1, n, m, total), total


@relation("in law", source=JKK)
def poisson_binomial_one(k: Key, p):
    """One trial of unlike chances."""
    return poisson_binomial(k, stack([p])), bernoulli(k, p)


@relation("in law", source=JKK)
def poisson_binomial_equal(k: Key, p, n: Integer):
    """Chances that are alike after all."""
    return poisson_binomial(k, p * ones((n,))), binomial(k, n, p)


@relation("in law", source=JKK)
def poisson_binomial_pair(k: Key, p, q):
    """Two trials of unlike chances."""
    k1, k2 = split(k)
    return bernoulli(k1, p) + bernoulli(k2, q), poisson_binomial(k, stack([p, q]))


@relation("in law", source=JKK)
def poisson_binomial_sum(k: Key, p: Vector, q: Vector):
    """Trials put together."""
    k1, k2 = split(k)
    return poisson_binomial(k1, p) + poisson_binomial(k2, q), poisson_binomial(k, concat([p, q]))


@relation("in law", source=JKK)
def poisson_binomial_and_trial(k: Key, p: Vector, q):
    """One trial more."""
    k1, k2 = split(k)
    return (
        poisson_binomial(k1, p) + bernoulli(k2, q),
        poisson_binomial(k, concat([p, stack([q])])),
    )


@relation("in law", source="symmetry", where=lambda n: n >= 1)
def categorical_uniform(k: Key, n: Integer):
    """Places of one chance each."""
    return categorical(k, ones((n,)) / n), discrete_uniform(k, 0, n)


@relation("in law", source="Devroye 1986, section III.2.1", where=lambda n: n >= 1)
def uniform_floor_from(k: Key, a: Integer, n: Integer):
    """A whole number from a on, by rounding down."""
    u = uniform(k, 0.0, 1.0)
    return a + floor(n * u), 1.0 * discrete_uniform(k, a, a + n)


@relation("in law", source=JKK)
def geometric_thinned(k: Key, p, q):
    """Failures of which each is seen with a chance."""
    k1, k2 = split(k)
    return (
        binomial(k2, geometric(k1, p) - 1, q),
        geometric(k, p / (p + q - p * q)) - 1,
    )


@relation("in law", source=JKK)
def geometric_first_and_who(k: Key, p, q):
    """When the first of two kinds of success comes says nothing of which it is alone."""
    k1, k2 = split(k)
    x, y = geometric(k1, p), geometric(k2, q)
    yield minimum(x, y), where(x < y, 1, 0)
    either = p + q - p * q
    yield geometric(k1, 1 - (1 - p) * (1 - q)), bernoulli(k2, p * (1 - q) / either)


@relation("in law", source="Kingman 1993, Poisson Processes, section 2.2")
def compound_poisson_sum(k: Key, D: Added, a, b):
    """Sums over Poisson numbers of draws of one law."""
    k1, k2, k3, k4 = split(k, 4)
    n, m = poisson(k1, a), poisson(k2, b)
    return (
        sum(D(k3, size=(n,))) + sum(D(k4, size=(m,))),
        sum(D(k3, size=(poisson(k1, a + b),))),
    )


@relation("in law", source="Devroye 1986, section X.2")
def geometric_by_quantile(k: Key, p):
    """Trials up to a success, by inversion."""
    u = uniform(k, 0.0, 1.0)
    return ceil(log1p(-u) / log1p(-p)), 1.0 * geometric(k, p)


@relation("in law", source="Devroye 1986, section III.2.1")
def categorical_by_inversion(k: Key, p: Simplex):
    """An outcome is drawn by counting the cumulative chances that a uniform number passes."""
    u = uniform(k, 0.0, 1.0)
    return sum(where(u > cumulative_sum(p), 1, 0)), categorical(k, p)


# Numbers of trials -------------------------------------------------------------------------


@relation("in law", source="Kemp 1981, Appl. Stat. 30")
def log_series_of_geometric(k: Key, p):
    """A geometric count whose probability is a power of a uniform number."""
    k1, k2 = split(k)
    return geometric(k2, (1 - p) ** uniform(k1, 0.0, 1.0)), log_series(k, p)


@relation("in law", source=f"{JKK}, ch. 6")
def beta_negative_binomial_symmetry(k: Key, r, a, b):
    """Successes waited for and the second exponent may change places."""
    return beta_negative_binomial(k, r, a, b), beta_negative_binomial(k, b, a, r)


@relation("in law", source=f"{JKK}, ch. 5")
def negative_binomial_difference(k: Key, p):
    """Failures before two first successes: a Laplace law on the integers."""
    k1, k2 = split(k)
    return (
        negative_binomial(k1, 1.0, p) - negative_binomial(k2, 1.0, p),
        discrete_laplace(k, -log(1 - p)),
    )


@relation("in law", source=f"{JKK}, ch. 3")
def binomials_of_two_probabilities(k: Key, n: Integer, m: Integer, p, q):
    """Trials with two probabilities are Poisson's trials."""
    k1, k2 = split(k)
    both = concat([p * ones((n,)), q * ones((m,))])
    return binomial(k1, n, p) + binomial(k2, m, q), poisson_binomial(k, both)


@relation(
    "in law", source="David & Nagaraja 2003, section 2.4", where=lambda n, i: (i >= 0) & (i < n)
)
def bernoulli_order_statistic(k: Key, n: Integer, i: Integer, p):
    """Sorted trials: all from one on succeed if enough of them do."""
    return (
        sort(bernoulli(k, p, size=(n,)))[i],
        where(binomial(k, n, p) >= n - i, 1, 0),
    )


@relation("in law", source="Devroye 1986, section II.2", where=lambda n: n >= 1)
def uniform_ceil(k: Key, n: Integer):
    """A uniform number rounded up: the throw of a die."""
    return ceil(n * uniform(k, 0.0, 1.0)), 1.0 * discrete_uniform(k, 1, n + 1)


# Counts by inversion -----------------------------------------------------------------------

# The least count whose distribution function reaches u.
INVERSES: dict[str, Callable[..., Expr]] = {
    "geometric": lambda u, p: ceil(log1p(-u) / log1p(-p)),
    "planck": lambda u, a: floor(-log1p(-u) / a),
    "discrete_uniform": lambda u, low, high: low + floor((high - low) * u),
}


class Invertible(Family):
    """Laws of counts whose distribution function has an inverse in closed form."""

    words = "a law of counts that is inverted in closed form"
    listed = tuple((d, "") for d in (geometric, planck, discrete_uniform))

    def inverse(self, u: Expr) -> Expr:
        """Give the count at a probability."""
        if self.member is None:
            return self.written("inverse", ceil, u)
        return astype(self.written("inverse", INVERSES[self.member.name], u), "int64")


@relation("in law", source="Devroye 1986, section III.2.1")
def count_by_inversion(k: Key, D: Invertible):
    """A count is the inverse of its distribution function at a uniform number."""
    return D.inverse(uniform(k, 0.0, 1.0)), D(k)


@relation("in law", source=ORDERED, where=lambda n, i: (i >= 0) & (i < n))
def count_order_statistic(k: Key, D: Invertible, n: Integer, i: Integer):
    """Sorted counts are those at sorted uniform numbers: an inverse keeps the order."""
    return sort(D(k, size=(n,)))[i], D.inverse(beta(k, i + 1, n - i))


@relation("in law", source=ORDERED, where=lambda n: n >= 1)
def count_maximum(k: Key, D: Invertible, n: Integer):
    """The greatest of n."""
    return max(D(k, size=(n,))), D.inverse(uniform(k, 0.0, 1.0) ** (1 / n))


@relation("in law", source=ORDERED, where=lambda n: n >= 1)
def count_minimum(k: Key, D: Invertible, n: Integer):
    """The least of n."""
    return min(D(k, size=(n,))), D.inverse(1 - uniform(k, 0.0, 1.0) ** (1 / n))


class Cumulated(Family):
    """Laws of counts whose distribution function is declared."""

    words = "a law of counts with a known distribution function"
    listed = tuple(
        (d, "") for d in (poisson, binomial, negative_binomial, geometric, planck, discrete_laplace)
    )


@relation("in law", source=ORDERED)
def count_at_most(k: Key, D: Cumulated, n: Integer):
    """Whether a count is at most a number."""
    return where(D(k) <= n, 1, 0), bernoulli(k, D.cdf(n))


@relation("in law", source=ORDERED)
def count_beyond(k: Key, D: Cumulated, n: Integer):
    """Whether it is more."""
    return where(D(k) > n, 1, 0), bernoulli(k, 1 - D.cdf(n))
