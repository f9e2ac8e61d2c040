r"""Sums of a random number of terms.

    N ~ Poisson(λ)        X₁, X₂, … ~ F independent
    ────────────────────────────────────────────────
    X₁ + … + X_N  has generating function  exp(λ (g(t) - 1))

The generating function of the number is taken at that of a term. Thinning is the case of
terms that are 0 or 1; a geometric number of waiting times is a waiting time, since each
arrival of a Poisson process may be the last.

Example: points of a Poisson count, each kept with probability 1/4.

>>> import astragal as ag
>>> from astragal.rewrites.random_sums import poisson_number_of_trials
>>> k1, k2 = ag.split(ag.key(0))
>>> n = ag.random.poisson(k1, 8.0)
>>> kept = ag.sum(ag.random.bernoulli(k2, 0.25, size=(n,)))
>>> poisson_number_of_trials.forward(kept)
poisson(key(0, 'threefry4x32'), 2.0)
"""

from astragal import Integer, Key, log, relation, split, sqrt, sum
from astragal.random import (
    bernoulli,
    binomial,
    exponential,
    geometric,
    log_series,
    negative_binomial,
    normal,
    poisson,
)

KINGMAN = "Kingman 1993, Poisson Processes, ch. 5"
JKK = "Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions"


@relation("in law", source=KINGMAN)
def poisson_number_of_trials(k: Key, λ, p):
    """Successes in a Poisson number of trials."""
    k1, k2 = split(k)
    n = poisson(k1, λ)
    return sum(bernoulli(k2, p, size=(n,))), poisson(k, λ * p)


@relation("in law", source=f"{JKK}, ch. 3")
def binomial_number_of_trials(k: Key, n: Integer, p, q):
    """Successes in as many trials as there were successes before."""
    k1, k2 = split(k)
    m = binomial(k1, n, p)
    return sum(bernoulli(k2, q, size=(m,))), binomial(k, n, p * q)


@relation("in law", source="Feller 1971, vol. 2, ch. II")
def geometric_number_of_waits(k: Key, p, r):
    """Waiting until an arrival that counts."""
    k1, k2 = split(k)
    n = geometric(k1, p)
    return sum(exponential(k2, rate=r, size=(n,))), exponential(k, rate=r * p)


@relation("in law", source=f"{JKK}, ch. 5")
def geometric_number_of_geometrics(k: Key, p, q):
    """Trials until a success that counts."""
    k1, k2 = split(k)
    n = geometric(k1, p)
    return sum(geometric(k2, q, size=(n,))), geometric(k, p * q)


@relation("in law", source="Quenouille 1949, Biometrics 5")
def poisson_number_of_log_series(k: Key, r, p):
    """Clusters of logarithmic size, as many as a Poisson count: negative binomial."""
    k1, k2 = split(k)
    n = poisson(k1, -r * log(p))
    return sum(log_series(k2, 1 - p, size=(n,))), negative_binomial(k, r, p)


@relation("in law", source=KINGMAN)
def poisson_number_of_normals(k: Key, λ, m, s):
    """Steps of a random walk: given their number, their sum is normal."""
    k1, k2 = split(k)
    n = poisson(k1, λ)
    return (
        sum(normal(k2, m, s, size=(n,))),
        n * m + sqrt(n) * s * normal(k2, 0.0, 1.0),
    )
