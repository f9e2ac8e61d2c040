r"""Order statistics: the least, the greatest, and those between.

    P(min(X, Y) > t) = P(X > t) P(Y > t)        P(max(X, Y) ≤ t) = P(X ≤ t) P(Y ≤ t)

Survival functions multiply for minima, distribution functions for maxima. Where a family's
survival function is Sᵃ with S the same throughout, the exponents a add: such families have
proportional hazards. Where its distribution function is Fᵃ, the same holds for maxima.

For the rest there is the uniform case: the kth of n uniform numbers is Beta(k, n - k + 1), and
an increasing function keeps the order.

Example: two machines in series fail when the first of them does.

>>> import astragal as ag
>>> from astragal.rewrites.order_statistics import exponential_minimum
>>> k1, k2 = ag.split(ag.key(0))
>>> first = ag.minimum(ag.random.exponential(k1, rate=2.0), ag.random.exponential(k2, rate=3.0))
>>> exponential_minimum.forward(first)
exponential(key(0, 'threefry4x32'), 5.0)
"""

from astragal import (
    Family,
    HasQuantile,
    Integer,
    Key,
    PositiveVector,
    Vector,
    argmax,
    argmin,
    exp,
    log,
    logsumexp,
    max,
    maximum,
    min,
    minimum,
    relation,
    softmax,
    sort,
    split,
    sqrt,
    stack,
    sum,
    where,
)
from astragal.random import (
    bernoulli,
    beta,
    burr,
    categorical,
    dirichlet,
    exponential,
    gamma,
    geometric,
    gompertz,
    gumbel,
    kumaraswamy,
    lomax,
    normal,
    pareto,
    rayleigh,
    skew_normal,
    uniform,
    weibull,
)

LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
DAVID = "David & Nagaraja 2003, Order Statistics, 3rd ed."
COLES = "Coles 2001, An Introduction to Statistical Modeling of Extreme Values"

# Minima: survival functions multiply --------------------------------------------------------


class Comparable(Family):
    """Laws of which independent draws are compared."""

    words = "continuous"
    listed = tuple((d, "") for d in (normal, exponential, gamma, uniform))


class ProportionalHazards(Family):
    """Families whose survival function has the parameter as its exponent."""

    roles = ("a",)
    words = "a family of proportional hazards"
    listed = (
        (exponential, "rate"),
        (pareto, "shape"),
        (lomax, "shape"),
        (kumaraswamy, "b"),
        (burr, "d"),
        (gompertz, "c"),
    )


@relation("in law", source=LEEMIS)
def exponential_minimum(k: Key, r1, r2):
    """The first of two waiting times: rates add."""
    k1, k2 = split(k)
    return minimum(exponential(k1, rate=r1), exponential(k2, rate=r2)), exponential(k, rate=r1 + r2)


@relation("in law", source=f"{LEEMIS}; {DAVID}")
def minimum_of_two(k: Key, D: ProportionalHazards, a, b):
    """Survival functions multiply, so their exponents add."""
    k1, k2 = split(k)
    return minimum(D(k1, a), D(k2, b)), D(k, a + b)


@relation("in law", source=f"{LEEMIS}; {DAVID}")
def minimum_of_n(k: Key, D: ProportionalHazards, n: Integer, a):
    """The least of n has n times the exponent."""
    return min(D(k, a, size=(n,))), D(k, n * a)


@relation("in law", source=f"{LEEMIS}; Coles 2001")
def weibull_minimum(k: Key, c, s1, s2):
    """Weibull variables of one shape: their cth powers are waiting times."""
    k1, k2 = split(k)
    return (
        minimum(weibull(k1, c, s1), weibull(k2, c, s2)),
        weibull(k, c, (s1 ** (-c) + s2 ** (-c)) ** (-1 / c)),
    )


@relation("in law", source=f"{LEEMIS}; Coles 2001")
def weibull_minimum_of_n(k: Key, n: Integer, c, s):
    """The least of n Weibull variables of one law."""
    return min(weibull(k, c, s, size=(n,))), weibull(k, c, s * n ** (-1 / c))


@relation("in law", source=LEEMIS)
def rayleigh_minimum(k: Key, s1, s2):
    """Squares of Rayleigh variables are waiting times."""
    k1, k2 = split(k)
    return minimum(rayleigh(k1, s1), rayleigh(k2, s2)), rayleigh(k, s1 * s2 / sqrt(s1**2 + s2**2))


@relation("in law", source=LEEMIS)
def rayleigh_minimum_of_n(k: Key, n: Integer, s):
    """The least of n Rayleigh variables of one law."""
    return min(rayleigh(k, s, size=(n,))), rayleigh(k, s / sqrt(n))


@relation("in law", source=LEEMIS)
def geometric_minimum(k: Key, p, q):
    """Trials until the first of two kinds of success."""
    k1, k2 = split(k)
    return minimum(geometric(k1, p), geometric(k2, q)), geometric(k, 1 - (1 - p) * (1 - q))


@relation("in law", source=LEEMIS)
def geometric_minimum_of_n(k: Key, n: Integer, p):
    """Trials until the first of n kinds of success."""
    return min(geometric(k, p, size=(n,))), geometric(k, 1 - (1 - p) ** n)


@relation("in law", source=LEEMIS)
def beta_minimum(k: Key, a, b):
    """Two beta variables with a first exponent of 1."""
    k1, k2 = split(k)
    return minimum(beta(k1, 1.0, a), beta(k2, 1.0, b)), beta(k, 1.0, a + b)


@relation("in law", source=LEEMIS)
def bernoulli_minimum_of_n(k: Key, n: Integer, p):
    """All succeed."""
    return min(bernoulli(k, p, size=(n,))), bernoulli(k, p**n)


# Maxima: distribution functions multiply ------------------------------------------------------


@relation("in law", source=LEEMIS)
def gumbel_maximum(k: Key, m1, m2, s):
    """The greater of two Gumbel variables of one scale."""
    k1, k2 = split(k)
    return (
        maximum(gumbel(k1, m1, s), gumbel(k2, m2, s)),
        gumbel(k, s * log(exp(m1 / s) + exp(m2 / s)), s),
    )


@relation("in law", source=COLES)
def gumbel_maximum_of_n(k: Key, n: Integer, m, s):
    """The greatest of n Gumbel variables moves by s log n, and keeps its shape."""
    return max(gumbel(k, m, s, size=(n,))), gumbel(k, m + s * log(n), s)


@relation("in law", source=COLES)
def gumbel_vector_maximum(k: Key, m: Vector):
    """The greatest of Gumbel variables with locations of their own."""
    return max(gumbel(k, m, 1.0)), gumbel(k, logsumexp(m), 1.0)


@relation("in law", source=LEEMIS)
def beta_maximum(k: Key, a, b):
    """Two beta variables with a second exponent of 1."""
    k1, k2 = split(k)
    return maximum(beta(k1, a, 1.0), beta(k2, b, 1.0)), beta(k, a + b, 1.0)


@relation("in law", source=LEEMIS)
def beta_maximum_of_n(k: Key, n: Integer, a):
    """The greatest of n beta variables with a second exponent of 1."""
    return max(beta(k, a, 1.0, size=(n,))), beta(k, n * a, 1.0)


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12")
def normal_maximum(k: Key, m, s):
    """The greater of two normals of one law is skew normal."""
    k1, k2 = split(k)
    return maximum(normal(k1, m, s), normal(k2, m, s)), skew_normal(k, m, s, 1.0)


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12")
def normal_minimum(k: Key, m, s):
    """The lesser leans the other way."""
    k1, k2 = split(k)
    return minimum(normal(k1, m, s), normal(k2, m, s)), skew_normal(k, m, s, -1.0)


@relation("in law", source="Azzalini 1985, Scand. J. Stat. 12", where=lambda r: (r > -1) & (r < 1))
def correlated_normal_maximum(k: Key, r):
    """The greater of two normals with correlation r."""
    k1, k2 = split(k)
    x = normal(k1, 0.0, 1.0)
    return (
        maximum(x, normal(k2, r * x, sqrt(1 - r**2))),
        skew_normal(k, 0.0, 1.0, sqrt((1 - r) / (1 + r))),
    )


@relation("in law", source="Rényi 1953, Acta Math. Hung. 4")
def exponential_pair_maximum(k: Key, s):
    """The last of two waiting times: that for either, and then for the other."""
    k1, k2 = split(k)
    return (
        maximum(exponential(k1, scale=s), exponential(k2, scale=s)),
        exponential(k1, scale=s) + exponential(k2, scale=s / 2),
    )


@relation("in law", source="Rényi 1953, Acta Math. Hung. 4")
def exponential_maximum_of_three(k: Key, s):
    """The last of three waiting times: one for each of those that are left."""
    k1, k2, k3 = split(k, 3)
    return (
        max(exponential(k, scale=s, size=(3,))),
        exponential(k1, scale=s) + exponential(k2, scale=s / 2) + exponential(k3, scale=s / 3),
    )


# Uniform variables -----------------------------------------------------------------------------


@relation("in law", source=LEEMIS)
def uniform_minimum_of_n(k: Key, n: Integer):
    """The least of n uniform numbers."""
    return min(uniform(k, 0.0, 1.0, size=(n,))), beta(k, 1.0, n)


@relation("in law", source=LEEMIS)
def uniform_maximum_of_n(k: Key, n: Integer):
    """The greatest of n uniform numbers."""
    return max(uniform(k, 0.0, 1.0, size=(n,))), beta(k, n, 1.0)


@relation("in law", source=f"{DAVID}, ch. 2")
def uniform_scaled_maximum_of_n(k: Key, n: Integer, t):
    """The greatest of n uniform numbers below a bound."""
    return max(uniform(k, 0.0, t, size=(n,))), t * beta(k, n, 1.0)


@relation("in law", source=f"{DAVID}, ch. 2")
def uniform_pair_minimum(k: Key):
    """The lesser of two uniform numbers."""
    k1, k2 = split(k)
    return minimum(uniform(k1, 0.0, 1.0), uniform(k2, 0.0, 1.0)), beta(k, 1.0, 2.0)


@relation("in law", source=f"{DAVID}, ch. 2")
def uniform_pair_maximum(k: Key):
    """The greater of two uniform numbers."""
    k1, k2 = split(k)
    return maximum(uniform(k1, 0.0, 1.0), uniform(k2, 0.0, 1.0)), beta(k, 2.0, 1.0)


@relation("in law", source=LEEMIS, where=lambda i, n: (i >= 0) & (i < n))
def uniform_order_statistic(k: Key, n: Integer, i: Integer):
    """The order statistics of n uniform numbers, counted from 0."""
    return sort(uniform(k, 0.0, 1.0, size=(n,)))[i], beta(k, i + 1, n - i)


@relation("in law", source=f"{DAVID}, ch. 2")
def order_statistic(k: Key, D: HasQuantile, n: Integer, i: Integer):
    """Those of any law are its quantiles at those of uniform numbers."""
    return sort(D(k, size=(n,)))[i], D.quantile(beta(k, i + 1, n - i))


@relation("in law", source=f"{DAVID}, ch. 2", where=lambda n: n >= 2)
def uniform_range(k: Key, n: Integer):
    """The distance between the greatest and the least of n uniform numbers."""
    u = uniform(k, 0.0, 1.0, size=(n,))
    return max(u) - min(u), beta(k, n - 1, 2.0)


@relation("in law", source=f"{DAVID}, ch. 6")
def uniform_spacings_of_three(k: Key):
    """Gaps between sorted uniform numbers are a flat Dirichlet."""
    x = sort(uniform(k, 0.0, 1.0, size=(3,)))
    d = dirichlet(k, stack([1.0, 1.0, 1.0, 1.0]))
    return (x[0], x[1], x[2]), (d[0], d[0] + d[1], d[0] + d[1] + d[2])


@relation("in law", source=f"{DAVID}, ch. 2")
def uniform_order_ratio(k: Key):
    """The ratio of two sorted uniform numbers is uniform, whatever the greater one is."""
    k1, k2 = split(k)
    u = uniform(k, 0.0, 1.0, size=(2,))
    return (min(u) / max(u), max(u)), (uniform(k1, 0.0, 1.0), beta(k2, 2.0, 1.0))


# Races -----------------------------------------------------------------------------------------


@relation("in law", source="Rényi 1953, Acta Math. Hung. 4")
def exponential_spacings_of_three(k: Key, s):
    """Gaps between sorted waiting times are independent: rates count those that are left."""
    k1, k2, k3 = split(k, 3)
    x = sort(exponential(k, scale=s, size=(3,)))
    a, b, c = (
        exponential(k1, scale=s / 3),
        exponential(k2, scale=s / 2),
        exponential(k3, scale=s),
    )
    return (x[0], x[1], x[2]), (a, a + b, a + b + c)


@relation("in law", source="Kingman 1993, Poisson Processes, section 2.2")
def exponential_race_and_time(k: Key, r1, r2):
    """The time of the first event says nothing of which it is."""
    k1, k2 = split(k)
    x, z = exponential(k1, rate=r1), exponential(k2, rate=r2)
    return (
        (minimum(x, z), where(x < z, 1, 0)),
        (exponential(k1, rate=r1 + r2), bernoulli(k2, r1 / (r1 + r2))),
    )


@relation("in law", source="Feller 1971, vol. 2, section I.3")
def exponential_vector_race_and_time(k: Key, r: Vector):
    """The same of many: competing risks."""
    k1, k2 = split(k)
    x = exponential(k, rate=r)
    return (
        (min(x), argmin(x)),
        (exponential(k1, rate=sum(r)), categorical(k2, r / sum(r))),
    )


@relation("in law", source="Yellott 1977, J. Math. Psych. 15")
def gumbel_max(k: Key, w: PositiveVector):
    """The Gumbel-max trick: the place of the greatest of perturbed log weights."""
    return argmax(log(w) + gumbel(k, 0.0, 1.0, size=w.shape)), categorical(k, w / sum(w))


@relation("in law", source="Maddison, Tarlow & Minka 2014, A* Sampling")
def gumbel_softmax(k: Key, m: Vector):
    """The same in terms of log weights."""
    return argmax(gumbel(k, m, 1.0)), categorical(k, softmax(m))


@relation("in law", source=f"{DAVID}, ch. 2", where=lambda n: n >= 1)
def maximum_by_quantile(k: Key, D: HasQuantile, n: Integer):
    """The greatest of n is the quantile at the greatest of n uniform numbers."""
    return max(D(k, size=(n,))), D.quantile(uniform(k, 0.0, 1.0) ** (1 / n))


@relation("in law", source=f"{DAVID}, ch. 2", where=lambda n: n >= 1)
def minimum_by_quantile(k: Key, D: HasQuantile, n: Integer):
    """The least of n."""
    return min(D(k, size=(n,))), D.quantile(1 - uniform(k, 0.0, 1.0) ** (1 / n))


@relation("in law", source=LEEMIS)
def beta_minimum_of_n(k: Key, n: Integer, b):
    """The least of n beta variables with a first exponent of 1."""
    return min(beta(k, 1.0, b, size=(n,))), beta(k, 1.0, n * b)


@relation("in law", source="definition")
def sum_of_one(k: Key, D: Comparable):
    """A sample of one is its own sum."""
    return sum(D(k, size=(1,))), D(k)
