r"""Counts and waiting times: the same event told in two ways.

    P(the nth arrival comes by t) = P(at least n arrivals by t)
    ────────────────────────────────────────────────────────────
    Gamma(n, rate r) ≤ t          as        Poisson(r t) ≥ n
    Beta(j, n - j + 1) ≤ p        as        Binomial(n, p) ≥ j
    NegBinomial(j, p) ≤ n         as        Binomial(n + j, p) ≥ j

The jth of n uniform numbers is below p where at least j of them are; the jth success comes before
more than n failures where n + j trials bring it. So tails of gamma and beta laws of whole shapes
are sums of Poisson and binomial probabilities.

Example: three arrivals by time 2.

>>> import astragal as ag
>>> from astragal.rewrites.dualities import arrivals_by_a_time
>>> third = ag.random.gamma(ag.key(0), 3.0, rate=1.5)
>>> arrivals_by_a_time.forward(ag.where(third <= 2.0, 1, 0))
where(3 <= poisson(key(0, 'threefry4x32'), 3.0), 1, 0)
"""

from astragal import Integer, Key, Positive, relation, split, where
from astragal.random import beta, binomial, gamma, negative_binomial, poisson

JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"


@relation("in law", source=f"{JKK}, section 4.12", where=lambda n: n >= 1)
def arrivals_by_a_time(k: Key, n: Integer, r, t: Positive):
    """The nth arrival comes by a time."""
    return where(gamma(k, n, rate=r) <= t, 1, 0), where(poisson(k, r * t) >= n, 1, 0)


@relation("in law", source=f"{JKK}, section 4.12", where=lambda n: n >= 1)
def arrivals_after_a_time(k: Key, n: Integer, r, t: Positive):
    """It comes later."""
    return where(gamma(k, n, rate=r) > t, 1, 0), where(poisson(k, r * t) < n, 1, 0)


@relation("in law", source=f"{JKK}, section 3.4", where=lambda n, j: [j >= 1, j <= n])
def successes_by_order(k: Key, n: Integer, j: Integer, p):
    """The jth of n uniform numbers is at most p."""
    return where(beta(k, j, n - j + 1) <= p, 1, 0), where(binomial(k, n, p) >= j, 1, 0)


@relation("in law", source=f"{JKK}, section 3.4", where=lambda n, j: [j >= 1, j <= n])
def fewer_successes_by_order(k: Key, n: Integer, j: Integer, p):
    """It is above p."""
    return where(beta(k, j, n - j + 1) > p, 1, 0), where(binomial(k, n, p) < j, 1, 0)


@relation("in law", source=f"{JKK}, section 5.6", where=lambda n, j: [j >= 1, n >= 0])
def failures_before_successes(k: Key, n: Integer, j: Integer, p):
    """The jth success comes before more than n failures."""
    return (
        where(negative_binomial(k, j, p) <= n, 1, 0),
        where(binomial(k, n + j, p) >= j, 1, 0),
    )


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, vol. 2, ch. 25")
def gamma_race(k: Key, a, b, r1, r2):
    """Which of two gamma variables is the smaller is said by the share of one in both."""
    k1, k2 = split(k)
    return (
        where(gamma(k1, a, rate=r1) < gamma(k2, b, rate=r2), 1, 0),
        where(beta(k, a, b) < r1 / (r1 + r2), 1, 0),
    )
