r"""Vectors of shares and of counts: what is put together, taken out, added up.

    x ~ Dirichlet(a)                                      x ~ Multinomial(n, p)
    ──────────────────────────────────────────────        ─────────────────────────────────
    (x₁ + x₂, x₃) ~ Dirichlet(a₁ + a₂, a₃)                x₁ + x₂ ~ Binomial(n, p₁ + p₂)
    x₁ / (x₁ + x₂) ~ Beta(a₁, a₂)

A Dirichlet vector is gamma variables over their sum. Sums of gamma variables are gamma, and shares
do not depend on the sum: so shares may be merged, and those within a part are shares of their own.
Counts of a multinomial, of a Pólya urn and of an urn without replacement are merged alike.

Example: two shares of three, merged.

>>> import astragal as ag
>>> from astragal.rewrites.shares import dirichlet_pair_merged
>>> x = ag.random.dirichlet(ag.key(1), ag.constant([2.0, 3.0, 5.0]))
>>> dirichlet_pair_merged.forward(x[0] + x[1]).op.name
'beta'
"""

from astragal import (
    Integer,
    IntegerVector,
    Key,
    PositiveVector,
    Probability,
    Simplex,
    arange,
    argmax,
    astype,
    equal,
    ones,
    relation,
    split,
    stack,
    sum,
    where,
)
from astragal.random import (
    bernoulli,
    beta,
    beta_binomial,
    binomial,
    categorical,
    chi_square,
    dirichlet,
    dirichlet_multinomial,
    exponential,
    gamma,
    hypergeometric,
    multinomial,
    multivariate_hypergeometric,
    poisson,
)

KBJ = "Kotz, Balakrishnan & Johnson 2000, Continuous Multivariate Distributions 1"
JKB = "Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate Distributions"
MUIRHEAD = "Muirhead 1982, Aspects of Multivariate Statistical Theory"
GUPTA = "Gupta & Nagar 1999, Matrix Variate Distributions"


# One entry ---------------------------------------------------------------------------------


@relation("in law", source=KBJ, where=lambda a, i: [i >= 0, i < a.shape[0]])
def dirichlet_share(k: Key, a: PositiveVector, i: Integer):
    """One share of a Dirichlet vector."""
    return dirichlet(k, a)[i], beta(k, a[i], sum(a) - a[i])


@relation("in law", source=JKB, where=lambda p, i: [i >= 0, i < p.shape[0]])
def multinomial_count(k: Key, n: Integer, p: Simplex, i: Integer):
    """One count of a multinomial vector."""
    return multinomial(k, n, p)[i], binomial(k, n, p[i])


@relation("in law", source=JKB, where=lambda a, i: [i >= 0, i < a.shape[0]])
def dirichlet_multinomial_count(k: Key, n: Integer, a: PositiveVector, i: Integer):
    """One count of a Pólya urn."""
    return dirichlet_multinomial(k, n, a)[i], beta_binomial(k, n, a[i], sum(a) - a[i])


@relation("in law", source=JKB, where=lambda p, i: [i >= 0, i < p.shape[0]])
def categorical_indicator(k: Key, p: Simplex, i: Integer):
    """Whether an outcome is a given one."""
    return where(equal(categorical(k, p), i), 1, 0), bernoulli(k, p[i])


# Shares ----------------------------------------------------------------------------------


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: a.shape[0] >= 3)
def dirichlet_pair_merged(k: Key, a: PositiveVector):
    """The first two shares together."""
    x = dirichlet(k, a)
    return x[0] + x[1], beta(k, a[0] + a[1], sum(a) - a[0] - a[1])


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: equal(a.shape[0], 3))
def dirichlet_merged_to_two(k: Key, a: PositiveVector):
    """Three shares, of which two are put together."""
    x = dirichlet(k, a)
    return stack([x[0] + x[1], x[2]]), dirichlet(k, stack([a[0] + a[1], a[2]]))


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: equal(a.shape[0], 4))
def dirichlet_merged_to_three(k: Key, a: PositiveVector):
    """Four shares, of which two are put together."""
    x = dirichlet(k, a)
    return (
        stack([x[0] + x[1], x[2], x[3]]),
        dirichlet(k, stack([a[0] + a[1], a[2], a[3]])),
    )


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: equal(a.shape[0], 4))
def dirichlet_merged_in_pairs(k: Key, a: PositiveVector):
    """Four shares, put together in pairs."""
    x = dirichlet(k, a)
    return (
        stack([x[0] + x[1], x[2] + x[3]]),
        dirichlet(k, stack([a[0] + a[1], a[2] + a[3]])),
    )


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: a.shape[0] >= 3)
def dirichlet_share_within(k: Key, a: PositiveVector):
    """One share within a part."""
    x = dirichlet(k, a)
    return x[0] / (x[0] + x[1]), beta(k, a[0], a[1])


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: a.shape[0] >= 3)
def dirichlet_shares_within(k: Key, a: PositiveVector):
    """All shares within a part."""
    x = dirichlet(k, a)
    return stack([x[0], x[1]]) / (x[0] + x[1]), dirichlet(k, stack([a[0], a[1]]))


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: equal(a.shape[0], 3))
def dirichlet_neutrality(k: Key, a: PositiveVector):
    """A share, and the next one of what is left, are independent."""
    x = dirichlet(k, a)
    yield x[0], x[1] / (1 - x[0])
    k1, k2 = split(k)
    yield beta(k1, a[0], a[1] + a[2]), beta(k2, a[1], a[2])


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_of_two(k: Key, a, b):
    """Two shares are one beta variable and its complement."""
    x = beta(k, a, b)
    return stack([x, 1 - x]), dirichlet(k, stack([a, b]))


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_times_gamma(kg: Key, kd: Key, a: PositiveVector, r):
    """A total with its own exponent, shared out, is gamma variables."""
    return gamma(kg, sum(a), rate=r) * dirichlet(kd, a), gamma(kd, a, rate=r)


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_of_gammas_of_a_rate(k: Key, a: PositiveVector, r):
    """Gamma variables of any one rate over their sum."""
    x = gamma(k, a, rate=r)
    return x / sum(x), dirichlet(k, a)


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_of_chi_squares(k: Key, d: PositiveVector):
    """Sums of squares over their sum."""
    x = chi_square(k, d)
    return x / sum(x), dirichlet(k, d / 2)


@relation("in law", source=f"{KBJ}, ch. 49")
def dirichlet_of_waits(k: Key, r, n: Integer):
    """Waiting times over their sum: all shares are alike."""
    x = exponential(k, rate=r, size=(n,))
    return x / sum(x), dirichlet(k, ones((n,)))


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda n: n >= 2)
def share_of_a_wait(k: Key, r, n: Integer):
    """One of them."""
    x = exponential(k, rate=r, size=(n,))
    return x[0] / sum(x), beta(k, 1.0, n - 1)


@relation("in law", source=f"{KBJ}, ch. 49", where=lambda a: a.shape[0] >= 2)
def share_of_a_gamma(k: Key, a: PositiveVector, r):
    """One gamma variable of several."""
    x = gamma(k, a, rate=r)
    return x[0] / sum(x), beta(k, a[0], sum(a) - a[0])


# Counts ----------------------------------------------------------------------------------


@relation("in law", source=f"{JKB}, ch. 35", where=lambda p: p.shape[0] >= 3)
def multinomial_pair_merged(k: Key, n: Integer, p: Simplex):
    """Two categories together."""
    x = multinomial(k, n, p)
    return x[0] + x[1], binomial(k, n, p[0] + p[1])


@relation("in law", source=f"{JKB}, ch. 35", where=lambda p: equal(p.shape[0], 3))
def multinomial_merged_to_two(k: Key, n: Integer, p: Simplex):
    """Three categories, of which two are put together."""
    x = multinomial(k, n, p)
    return (
        stack([x[0] + x[1], x[2]]),
        multinomial(k, n, stack([p[0] + p[1], p[2]])),
    )


@relation("in law", source=f"{JKB}, ch. 35")
def multinomial_of_two(k: Key, n: Integer, p):
    """Two categories: successes and failures."""
    x = binomial(k, n, p)
    return stack([x, n - x]), multinomial(k, n, stack([p, 1 - p]))


@relation("in law", source=f"{JKB}, ch. 35")
def multinomial_of_poisson(kn: Key, kx: Key, m, p: Simplex):
    """A Poisson number, sorted into categories, is independent Poisson numbers."""
    return multinomial(kx, poisson(kn, m), p), poisson(kx, m * p)


@relation("in law", source=f"{JKB}, ch. 35")
def multinomial_winner(k: Key, p: Simplex):
    """One trial: the category that was hit."""
    return argmax(multinomial(k, 1, p)), categorical(k, p)


@relation("in law", source=f"{JKB}, ch. 35", where=lambda p: p.shape[0] >= 3)
def categorical_pair_merged(k: Key, p: Simplex):
    """Whether an outcome is one of the first two."""
    return where(categorical(k, p) < 2, 1, 0), bernoulli(k, p[0] + p[1])


@relation("in law", source=f"{JKB}, ch. 35", where=lambda a: a.shape[0] >= 3)
def polya_pair_merged(k: Key, n: Integer, a: PositiveVector):
    """Two colours of a Pólya urn together."""
    x = dirichlet_multinomial(k, n, a)
    return x[0] + x[1], beta_binomial(k, n, a[0] + a[1], sum(a) - a[0] - a[1])


@relation("in law", source=f"{JKB}, ch. 35", where=lambda a: equal(a.shape[0], 3))
def polya_merged_to_two(k: Key, n: Integer, a: PositiveVector):
    """Three colours, of which two are put together."""
    x = dirichlet_multinomial(k, n, a)
    return (
        stack([x[0] + x[1], x[2]]),
        dirichlet_multinomial(k, n, stack([a[0] + a[1], a[2]])),
    )


@relation("in law", source=f"{JKB}, ch. 39", where=lambda m, i: [i >= 0, i < m.shape[0]])
def urn_count(k: Key, m: IntegerVector, n: Integer, i: Integer):
    """One colour among those drawn from an urn without replacement."""
    return (
        multivariate_hypergeometric(k, m, n)[i],
        hypergeometric(k, m[i], sum(m) - m[i], n),
    )


@relation("in law", source=f"{JKB}, ch. 39", where=lambda m: m.shape[0] >= 3)
def urn_pair_merged(k: Key, m: IntegerVector, n: Integer):
    """Two colours together."""
    x = multivariate_hypergeometric(k, m, n)
    return x[0] + x[1], hypergeometric(k, m[0] + m[1], sum(m) - m[0] - m[1], n)


@relation("in law", source=f"{JKB}, ch. 39")
def urn_left_over(k: Key, m: IntegerVector, n: Integer):
    """What stays in the urn is a sample, too."""
    return (
        m - multivariate_hypergeometric(k, m, n),
        multivariate_hypergeometric(k, m, sum(m) - n),
    )


@relation("in law", source=f"{JKB}, ch. 39", where=lambda m: equal(m.shape[0], 3))
def urn_in_sequence(k: Key, m: IntegerVector, n: Integer):
    """Colour by colour, each from what is left."""
    x = multivariate_hypergeometric(k, m, n)
    yield x[0], x[1], x[2]
    k1, k2 = split(k)
    first = hypergeometric(k1, m[0], m[1] + m[2], n)
    second = hypergeometric(k2, m[1], m[2], n - first)
    yield first, second, n - first - second


@relation("in law", source=KBJ, where=lambda a, n: [n >= 1, n < a.shape[0]])
def dirichlet_first_shares(k: Key, a: PositiveVector, n: Integer):
    """The first shares together."""
    return sum(dirichlet(k, a)[:n]), beta(k, sum(a[:n]), sum(a) - sum(a[:n]))


@relation("in law", source="Sethuraman 1994, Stat. Sinica 4")
def dirichlet_mixed(k: Key, a: PositiveVector, b: PositiveVector):
    """Two Dirichlet vectors, weighed by the shares of their concentrations."""
    k1, k2, k3 = split(k, 3)
    w = beta(k3, sum(a), sum(b))
    return w * dirichlet(k1, a) + (1 - w) * dirichlet(k2, b), dirichlet(k, a + b)


@relation("in law", source="Sethuraman 1994, Stat. Sinica 4")
def dirichlet_and_an_atom(k: Key, a: PositiveVector):
    """A Dirichlet vector is left as it is by a step to a place that is drawn from its mean."""
    k1, k2, k3 = split(k, 3)
    v, x = beta(k2, 1.0, sum(a)), dirichlet(k3, a)
    place = astype(equal(arange(a.shape[0]), categorical(k1, a / sum(a))), "float64")
    return (1 - v) * x + v * place, dirichlet(k, a)


@relation("in law", source=JKB)
def multinomial_of_trials(k: Key, n: Integer, p: Simplex):
    """How often each outcome came in n trials."""
    y = categorical(k, p, size=(n,))
    hits = where(equal(arange(p.shape[0]), y[:, None]), 1, 0)
    return sum(hits, axis=0), multinomial(k, n, p)


@relation("in law", source=JKB)
def multinomial_of_one_trial(k: Key, p: Simplex):
    """One trial, as a vector of zeros and a one."""
    return where(equal(arange(p.shape[0]), categorical(k, p)), 1, 0), multinomial(k, 1, p)


@relation("in law", source=JKB)
def multinomial_and_trial(k: Key, n: Integer, p: Simplex):
    """One trial more."""
    k1, k2 = split(k)
    one = where(equal(arange(p.shape[0]), categorical(k2, p)), 1, 0)
    return multinomial(k1, n, p) + one, multinomial(k, n + 1, p)


@relation("in law", source=JKB)
def multinomial_thinned(k: Key, n: Integer, p: Simplex, q: Probability):
    """Each of the things that are counted is seen with one chance."""
    k1, k2 = split(k)
    return binomial(k2, multinomial(k1, n, p), q), multinomial(k2, binomial(k1, n, q), p)
