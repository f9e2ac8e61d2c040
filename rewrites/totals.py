r"""Counts given a total or another count, and totals first.

    x ~ Multinomial(n, p)
    ──────────────────────────────────────────────────────────────
    x_i | x_j = k        ~  Binomial(n - k, p_i / (1 - p_j))
    x_i | x_i + x_j = k  ~  Binomial(k, p_i / (p_i + p_j))

What is known of some counts takes their balls out of the urn, and leaves an urn of the rest: of
the same colours with replacement (multinomial), with fewer balls without (hypergeometric), with
more where each draw adds one (Dirichlet-multinomial). The other way round independent counts
of one parameter, given their total, are the colours of such an urn.

Example: one count of a multinomial vector where another is known.

>>> import astragal as ag
>>> from astragal.rewrites.totals import multinomial_given_another
>>> x = ag.random.multinomial(ag.key(1), 9, ag.constant([0.5, 0.25, 0.25]))
>>> seen = multinomial_given_another.forward(ag.given(x[1], ag.equal(x[0], 4)))
>>> seen.op.name, [float(v) for v in ag.evaluate(list(seen.args[2:]))]
('binomial', [5.0, 0.5])
"""

from astragal import (
    Integer,
    IntegerVector,
    Key,
    PositiveVector,
    Probability,
    Simplex,
    astype,
    equal,
    given,
    not_equal,
    ones,
    relation,
    split,
    sum,
)
from astragal.random import (
    bernoulli,
    beta_binomial,
    binomial,
    dirichlet_multinomial,
    hypergeometric,
    multinomial,
    multivariate_hypergeometric,
    negative_binomial,
    poisson,
)

JKB97 = "Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate Distributions"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"
KINGMAN = "Kingman 1993, Poisson Processes"

# Independent counts given their total ------------------------------------------------------------


@relation("in law", source=f"{JKB97}, ch. 39", where=lambda m, k: [k >= 0, k <= sum(m)])
def binomials_given_total(key: Key, m: IntegerVector, p, k: Integer):
    """Successes of several groups of trials: which of all trials they were does not matter."""
    x = binomial(key, m, p)
    return given(x, equal(sum(x), k)), multivariate_hypergeometric(key, m, k)


@relation("in law", source=f"{JKB97}, ch. 39", where=lambda m, k: [k >= 0, k <= m])
def trials_given_total(key: Key, p, m: Integer, k: Integer):
    """Which of some trials succeeded, where their number is known."""
    x = bernoulli(key, p, size=(m,))
    return given(x, equal(sum(x), k)), multivariate_hypergeometric(
        key, astype(ones((m,)), "int64"), k
    )


@relation(
    "in law",
    source=f"{JKB97}, ch. 37",
    where=lambda λ, i, k: [i >= 0, i < λ.shape[0], k >= 0],
)
def poisson_part_given_total(key: Key, λ: PositiveVector, i: Integer, k: Integer):
    """One of several counts, where their total is known."""
    x = poisson(key, λ)
    return given(x[i], equal(sum(x), k)), binomial(key, k, λ[i] / sum(λ))


# One count given another -------------------------------------------------------------------------


@relation(
    "in law",
    source=f"{JKB97}, ch. 35",
    where=lambda n, p, i, j, k: [
        p.shape[0] >= 3,
        i >= 0,
        i < p.shape[0],
        j >= 0,
        j < p.shape[0],
        not_equal(i, j),
        k >= 0,
        k <= n,
    ],
)
def multinomial_given_another(key: Key, n: Integer, p: Simplex, i: Integer, j: Integer, k: Integer):
    """A count, where another is known: the rest of the trials have the rest of the chances."""
    x = multinomial(key, n, p)
    return given(x[i], equal(x[j], k)), binomial(key, n - k, p[i] / (1 - p[j]))


@relation(
    "in law",
    source=f"{JKB97}, ch. 35",
    where=lambda n, p, i, j, k: [
        p.shape[0] >= 3,
        i >= 0,
        i < p.shape[0],
        j >= 0,
        j < p.shape[0],
        not_equal(i, j),
        k >= 0,
        k <= n,
    ],
)
def multinomial_given_two(key: Key, n: Integer, p: Simplex, i: Integer, j: Integer, k: Integer):
    """A count, where its sum with another is known."""
    x = multinomial(key, n, p)
    return given(x[i], equal(x[i] + x[j], k)), binomial(key, k, p[i] / (p[i] + p[j]))


@relation(
    "in law",
    source=f"{JKB97}, ch. 35",
    where=lambda n, a, i, j, k: [
        a.shape[0] >= 3,
        i >= 0,
        i < a.shape[0],
        j >= 0,
        j < a.shape[0],
        not_equal(i, j),
        k >= 0,
        k <= n,
    ],
)
def urn_that_grows_given_another(
    key: Key, n: Integer, a: PositiveVector, i: Integer, j: Integer, k: Integer
):
    """The same of an urn to which each draw adds a ball."""
    x = dirichlet_multinomial(key, n, a)
    return given(x[i], equal(x[j], k)), beta_binomial(key, n - k, a[i], sum(a) - a[i] - a[j])


@relation(
    "in law",
    source=f"{JKB97}, ch. 35",
    where=lambda n, a, i, j, k: [
        a.shape[0] >= 3,
        i >= 0,
        i < a.shape[0],
        j >= 0,
        j < a.shape[0],
        not_equal(i, j),
        k >= 0,
        k <= n,
    ],
)
def urn_that_grows_given_two(
    key: Key, n: Integer, a: PositiveVector, i: Integer, j: Integer, k: Integer
):
    """A count of such an urn, where its sum with another is known."""
    x = dirichlet_multinomial(key, n, a)
    return given(x[i], equal(x[i] + x[j], k)), beta_binomial(key, k, a[i], a[j])


@relation(
    "in law",
    source=f"{JKB97}, ch. 39",
    where=lambda m, n, k: [equal(m.shape[0], 3), n <= sum(m), k >= 0, k <= m[0], k <= n],
)
def urn_given_first(key: Key, m: IntegerVector, n: Integer, k: Integer):
    """The same of an urn from which balls are taken: those of the first colour are seen."""
    x = multivariate_hypergeometric(key, m, n)
    return given(x[1], equal(x[0], k)), hypergeometric(key, m[1], m[2], n - k)


@relation(
    "in law",
    source=f"{JKB97}, ch. 39",
    where=lambda m, n, k: [equal(m.shape[0], 3), n <= sum(m), k >= 0, k <= n, k <= m[0] + m[1]],
)
def urn_given_two(key: Key, m: IntegerVector, n: Integer, k: Integer):
    """One colour, where how many are of it or of another is known."""
    x = multivariate_hypergeometric(key, m, n)
    return given(x[0], equal(x[0] + x[1], k)), hypergeometric(key, m[0], m[1], k)


# Pairs that agree, or do not ---------------------------------------------------------------------


@relation("in law", source="Bayes' theorem")
def outcome_where_two_agree(key: Key, p: Probability, q: Probability):
    """The outcome of two trials that came out the same."""
    k1, k2 = split(key)
    x, y = bernoulli(k1, p), bernoulli(k2, q)
    return given(x, equal(x, y)), bernoulli(key, p * q / (p * q + (1 - p) * (1 - q)))


@relation("in law", source="McNemar 1947, Psychometrika 12; Cox 1958, Biometrika 45")
def outcome_where_two_differ(key: Key, p: Probability, q: Probability):
    """Which of two trials succeeded, where one did: von Neumann's fair coin, where p = q."""
    k1, k2 = split(key)
    x, y = bernoulli(k1, p), bernoulli(k2, q)
    return given(x, equal(x + y, 1)), bernoulli(key, p * (1 - q) / (p * (1 - q) + q * (1 - p)))


@relation("in law", source="von Neumann 1951, Nat. Bur. Stand. Appl. Math. Ser. 12")
def fair_coin(key: Key, p: Probability):
    """Two throws of one coin, which differ: either may be the head."""
    k1, k2 = split(key)
    x, y = bernoulli(k1, p), bernoulli(k2, p)
    return given(x, equal(x + y, 1)), bernoulli(key, 0.5)


# Totals first ------------------------------------------------------------------------------------


@relation("reversal", source=f"{JKK}, ch. 3")
def hypergeometric_splitting(kg: Key, kx: Key, N: Integer, n: Integer, p):
    """Good items in a sample and in the rest of a lot are independent."""
    g = binomial(kg, N, p)
    x = hypergeometric(kx, g, N - g, n)
    yield x, g - x
    yield binomial(kx, n, p), binomial(kg, N - n, p)


@relation("reversal", source=f"{JKK}, ch. 5")
def negative_binomial_thinning(kn: Key, kx: Key, r, p: Probability, q: Probability):
    """Failures of which some are noticed, and how many were not."""
    n = negative_binomial(kn, r, p)
    yield binomial(kx, n, q), n
    x = negative_binomial(kx, r, p / (p + q - p * q))
    yield x, x + negative_binomial(kn, r + x, 1 - (1 - p) * (1 - q))


@relation("reversal", source=f"{KINGMAN}, section 5.1")
def poisson_sorting(kn: Key, kx: Key, ky: Key, λ, p, q):
    """Points sorted in two steps are of three independent kinds."""
    n = poisson(kn, λ)
    x = binomial(kx, n, p)
    y = binomial(ky, n - x, q)
    yield x, y, n - x - y
    yield poisson(kx, λ * p), poisson(ky, λ * (1 - p) * q), poisson(kn, λ * (1 - p) * (1 - q))


@relation("reversal", source=f"{JKB97}, ch. 35", where=lambda p: equal(p.shape[0], 3))
def multinomial_by_groups(key: Key, n: Integer, p: Simplex):
    """Counts of two kinds together, and then of one of them."""
    x = multinomial(key, n, p)
    yield x[0] + x[1], x[0]
    k1, k2 = split(key)
    t = binomial(k1, n, p[0] + p[1])
    yield t, binomial(k2, t, p[0] / (p[0] + p[1]))


@relation("reversal", source=f"{JKB97}, ch. 35", where=lambda a: equal(a.shape[0], 3))
def urn_that_grows_by_groups(key: Key, n: Integer, a: PositiveVector):
    """The same of an urn that grows."""
    x = dirichlet_multinomial(key, n, a)
    yield x[0] + x[1], x[0]
    k1, k2 = split(key)
    t = beta_binomial(k1, n, a[0] + a[1], a[2])
    yield t, beta_binomial(k2, t, a[0], a[1])


@relation("in law", source=f"{JKB97}, ch. 39", where=lambda N, k: k <= N)
def multinomial_sampled(key: Key, N: Integer, p: Simplex, k: Integer):
    """Some of the trials of a multinomial vector, taken without replacement."""
    k1, k2 = split(key)
    return multivariate_hypergeometric(k2, multinomial(k1, N, p), k), multinomial(key, k, p)


@relation("in law", source=f"{JKB97}, ch. 39", where=lambda N, k: k <= N)
def urn_that_grows_sampled(key: Key, N: Integer, a: PositiveVector, k: Integer):
    """Some of the draws from an urn that grows, taken without replacement."""
    k1, k2 = split(key)
    x = dirichlet_multinomial(k1, N, a)
    return multivariate_hypergeometric(k2, x, k), dirichlet_multinomial(key, k, a)


@relation("in law", source="symmetry", where=lambda g, b, n: n <= g + b)
def sample_thinned(key: Key, g: Integer, b: Integer, n: Integer, p):
    """Good items of a sample that pass a test: the test may be made before the sample."""
    k1, k2 = split(key)
    x = binomial(k2, hypergeometric(k1, g, b, n), p)
    good = binomial(k1, g, p)
    return x, hypergeometric(k2, good, g + b - good, n)
