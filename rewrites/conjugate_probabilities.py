r"""Conjugate updates of probabilities, odds and shares, and of indicators of mixtures.

    p ~ Beta(a, b)        y | p has the likelihood p^s (1 - p)^f
    ─────────────────────────────────────────────────────────────
    p | y ~ Beta(a + s, b + f)

Successes add to one exponent, failures to the other, whatever rule stopped the trials. With
more than two outcomes the counts of each add to the exponents of a Dirichlet law; with an indicator
the weights are multiplied by the densities of what was seen, and made to add up to one.

Example: five trials.

>>> import astragal as ag
>>> from astragal.rewrites.conjugate_probabilities import bernoulli_sample
>>> k1, k2 = ag.split(ag.key(1))
>>> p = ag.random.beta(k1, 2.0, 3.0)
>>> y = ag.random.bernoulli(k2, p, size=(5,))
>>> posterior, _ = bernoulli_sample.forward((p, y))
>>> posterior.op.name
'beta'
"""

from collections.abc import Callable
from typing import Any

from astragal import (
    Expr,
    Family,
    Integer,
    IntegerVector,
    Key,
    PositiveVector,
    Simplex,
    Vector,
    constant,
    equal,
    log,
    relation,
    softmax,
    special,
    stack,
    sum,
    where,
)
from astragal.random import (
    arcsine,
    bernoulli,
    beta,
    beta_binomial,
    beta_prime,
    binomial,
    categorical,
    dirichlet,
    discrete_uniform,
    gamma,
    geometric,
    hypergeometric,
    multinomial,
    negative_binomial,
    poisson,
    power,
    uniform,
)
from astragal.rewrites.conjugacy import one_hot

BDA = "Gelman et al., BDA3, section 2.4"
FINK = "Fink 1997, A Compendium of Conjugate Priors"


def flat(k: Expr, size: Any = None) -> Expr:
    """Bayes' prior of a probability."""
    return uniform(k, 0.0, 1.0, size=size)


def jeffreys(k: Expr, size: Any = None) -> Expr:
    """Jeffreys' prior of a probability: the arcsine law."""
    return arcsine(k, 0.0, 1.0, size=size)


class Reference(Family):
    """Priors of a probability that claim no information."""

    words = "a reference prior"
    listed = ((flat, ""), (jeffreys, ""))

    def exponent(self) -> Expr:
        """Give both exponents of the beta law that it is."""
        half = self.member is not None and self.member.name == "jeffreys"
        return self.written("a", lambda: constant(0.5 if half else 1.0))


class Trials(Family):
    """Laws of what comes of trials."""

    roles = ("p",)
    words = "a law of trials"
    listed = ((bernoulli, "p"), (binomial, "p"), (geometric, "p"), (negative_binomial, "p"))

    def won(self, y: Expr) -> Expr:
        """Count the trials that succeeded, in each observation."""
        return self.written("s", self.row[0], y)

    def lost(self, y: Expr) -> Expr:
        """Count those that failed."""
        return self.written("f", self.row[1], y)

    @property
    def row(self) -> tuple[Callable[..., Expr], Callable[..., Expr]]:
        """The two functions."""
        return OUTCOMES[self.member.name if self.member else "bernoulli"]


OUTCOMES: dict[str, tuple[Callable[..., Expr], Callable[..., Expr]]] = {
    "bernoulli": (lambda y: y, lambda y: 1 - y),
    "binomial": (lambda y, m: y, lambda y, m: m - y),
    "geometric": (lambda y: 1 + 0 * y, lambda y: y - 1),
    "negative_binomial": (lambda y, r: r + 0 * y, lambda y, r: y),
}


# A beta prior --------------------------------------------------------------------------


@relation("conditional", source=BDA)
def bernoulli_sample(kp: Key, ky: Key, a, b, n: Integer):
    """Successes and failures among n trials."""
    p = beta(kp, a, b)
    y = bernoulli(ky, p, size=(n,))
    yield p, y
    yield beta(kp, a + sum(y), b + (n - sum(y))), y


@relation("conditional", source=BDA)
def binomial_sample(kp: Key, ky: Key, a, b, m: Integer, n: Integer):
    """Successes and failures among n times m trials."""
    p = beta(kp, a, b)
    y = binomial(ky, m, p, size=(n,))
    yield p, y
    yield beta(kp, a + sum(y), b + (n * m - sum(y))), y


@relation("conditional", source=BDA)
def binomial_trials(kp: Key, ky: Key, a, b, m: IntegerVector):
    """Successes and failures among trials whose number varies."""
    p = beta(kp, a, b)
    y = binomial(ky, m, p)
    yield p, y
    yield beta(kp, a + sum(y), b + sum(m - y)), y


@relation("conditional", source=FINK)
def negative_binomial_sample(kp: Key, ky: Key, a, b, r, n: Integer):
    """Failures before the r-th success, n times."""
    p = beta(kp, a, b)
    y = negative_binomial(ky, r, p, size=(n,))
    yield p, y
    yield beta(kp, a + n * r, b + sum(y)), y


@relation("conditional", source=FINK)
def geometric_sample(kp: Key, ky: Key, a, b, n: Integer):
    """Trials up to the first success, n times."""
    p = beta(kp, a, b)
    y = geometric(ky, p, size=(n,))
    yield p, y
    yield beta(kp, a + n, b + (sum(y) - n)), y


@relation("conditional", source=FINK)
def geometric_update(kp: Key, ky: Key, a, b):
    """Trials up to the first success, once."""
    p = beta(kp, a, b)
    y = geometric(ky, p)
    yield p, y
    yield beta(kp, a + 1, b + (y - 1)), y


@relation("conditional", source=FINK)
def negative_binomial_update(kp: Key, ky: Key, a, b, r):
    """Failures before the r-th success, once."""
    p = beta(kp, a, b)
    y = negative_binomial(ky, r, p)
    yield p, y
    yield beta(kp, a + r, b + y), y


@relation("conditional", source="Jeffreys 1946, Proc. R. Soc. A 186")
def reference_prior_sample(kp: Key, ky: Key, P: Reference, D: Trials, n: Integer):
    """A prior without information is a beta law, of exponents 1 or 1/2."""
    p = P(kp)
    y = D(ky, p, size=(n,))
    yield p, y
    yield beta(kp, P.exponent() + sum(D.won(y)), P.exponent() + sum(D.lost(y))), y


@relation("conditional", source="Jeffreys 1946, Proc. R. Soc. A 186")
def reference_prior_once(kp: Key, ky: Key, P: Reference, D: Trials):
    """The same of one observation."""
    p = P(kp)
    y = D(ky, p)
    yield p, y
    yield beta(kp, P.exponent() + D.won(y), P.exponent() + D.lost(y)), y


@relation("conditional", source=FINK)
def power_prior_sample(kp: Key, ky: Key, D: Trials, a, n: Integer):
    """A power law on (0, 1) is Beta(a, 1)."""
    p = power(kp, a, 1.0)
    y = D(ky, p, size=(n,))
    yield p, y
    yield beta(kp, a + sum(D.won(y)), 1 + sum(D.lost(y))), y


@relation("conditional", source=FINK)
def power_prior_once(kp: Key, ky: Key, D: Trials, a):
    """The same of one observation."""
    p = power(kp, a, 1.0)
    y = D(ky, p)
    yield p, y
    yield beta(kp, a + D.won(y), 1 + D.lost(y)), y


@relation("reversal", source="Bayes 1763, Phil. Trans. 53")
def uniform_binomial(kp: Key, ky: Key, n: Integer):
    """Bayes' billiard table: every number of successes is as likely."""
    p = uniform(kp, 0.0, 1.0)
    yield p, binomial(ky, n, p)
    y = discrete_uniform(ky, 0, n + 1)
    yield beta(kp, 1 + y, 1 + (n - y)), y


# A beta prime prior on odds ------------------------------------------------------------


@relation("conditional", source="Raiffa & Schlaifer 1961, section 7.4")
def binomial_odds_sample(kw: Key, ky: Key, a, b, m: Integer, n: Integer):
    """Successes and failures, where the odds have the prior."""
    w = beta_prime(kw, a, b)
    y = binomial(ky, m, w / (1 + w), size=(n,))
    yield w, y
    yield beta_prime(kw, a + sum(y), b + (n * m - sum(y))), y


@relation("conditional", source="Raiffa & Schlaifer 1961, section 7.4")
def bernoulli_odds_sample(kw: Key, ky: Key, a, b, n: Integer):
    """Single trials."""
    w = beta_prime(kw, a, b)
    y = bernoulli(ky, w / (1 + w), size=(n,))
    yield w, y
    yield beta_prime(kw, a + sum(y), b + (n - sum(y))), y


@relation("conditional", source="Raiffa & Schlaifer 1961, section 7.4")
def geometric_odds_sample(kw: Key, ky: Key, a, b, n: Integer):
    """Trials up to the first success, where the odds of a failure have the prior."""
    w = beta_prime(kw, a, b)
    y = geometric(ky, 1 / (1 + w), size=(n,))
    yield w, y
    yield beta_prime(kw, a + (sum(y) - n), b + n), y


@relation("conditional", source="Raiffa & Schlaifer 1961, section 7.4")
def negative_binomial_odds_sample(kw: Key, ky: Key, a, b, r, n: Integer):
    """Counts before r successes: their mean is r times the odds of a failure."""
    w = beta_prime(kw, a, b)
    y = negative_binomial(ky, r, 1 / (1 + w), size=(n,))
    yield w, y
    yield beta_prime(kw, a + sum(y), b + n * r), y


@relation("reversal", source="Raiffa & Schlaifer 1961, section 7.4")
def binomial_odds(kw: Key, ky: Key, a, b, m: Integer):
    """The predictive count does not know whether odds or a probability had the prior."""
    w = beta_prime(kw, a, b)
    yield w, binomial(ky, m, w / (1 + w))
    y = beta_binomial(ky, m, a, b)
    yield beta_prime(kw, a + y, b + (m - y)), y


# A Dirichlet prior on shares -----------------------------------------------------------


@relation("conditional", source="Gelman et al., BDA3, section 3.4")
def multinomial_twice(kp: Key, ky: Key, kz: Key, a: Vector, n: Integer, m: Integer):
    """Counts of two rounds add up."""
    p = dirichlet(kp, a)
    y, z = multinomial(ky, n, p), multinomial(kz, m, p)
    yield p, y, z
    yield dirichlet(kp, a + y + z), y, z


@relation("conditional", source=BDA)
def multinomial_sample(kp: Key, ky: Key, a: PositiveVector, m: Integer, n: Integer):
    """Counts of a sample of multinomial vectors add up."""
    p = dirichlet(kp, a)
    y = multinomial(ky, m, p, size=(n,))
    yield p, y
    yield dirichlet(kp, a + sum(y, axis=0)), y


@relation("conditional", source="Gelman et al., BDA3, section 3.4")
def categorical_sample(kp: Key, ky: Key, a: PositiveVector, n: Integer):
    """Each outcome adds one to its exponent."""
    p = dirichlet(kp, a)
    y = categorical(ky, p, size=(n,))
    yield p, y
    yield dirichlet(kp, a + sum(one_hot(y, a), axis=0)), y


@relation("conditional", source="Ishwaran & James 2001, J. Am. Stat. Assoc. 96")
def multinomial_sticks(k1: Key, k2: Key, ky: Key, a1, b1, a2, b2, n: Integer):
    """Breaks of a stick: each is a beta variable given the counts beyond it."""
    v, w = beta(k1, a1, b1), beta(k2, a2, b2)
    y = multinomial(ky, n, stack([v, (1 - v) * w, (1 - v) * (1 - w)]))
    yield v, w, y
    yield beta(k1, a1 + y[0], b1 + y[1] + y[2]), beta(k2, a2 + y[1], b2 + y[2]), y


@relation(
    "conditional",
    source="Bishop 2006, section 13.2",
    where=lambda a, b: equal(a.shape[0], b.shape[0]),
)
def chain_transitions(
    k0: Key, k1: Key, kx: Key, ky: Key, kz: Key, a: PositiveVector, b: PositiveVector, s: Integer
):
    """Rows of a transition matrix: each sees the steps that left its state."""
    p, q = dirichlet(k0, a), dirichlet(k1, b)
    x = categorical(kx, where(equal(s, 0), p, q))
    y = categorical(ky, where(equal(x, 0), p, q))
    z = categorical(kz, where(equal(y, 0), p, q))
    yield p, q, x, y, z
    steps = [(s, x), (x, y), (y, z)]
    first, other = (
        [where(equal(u, 0), one_hot(v, a), 0.0) for u, v in steps],
        [where(equal(u, 0), 0.0, one_hot(v, a)) for u, v in steps],
    )
    yield (
        dirichlet(k0, a + first[0] + first[1] + first[2]),
        dirichlet(k1, b + other[0] + other[1] + other[2]),
        x,
        y,
        z,
    )


# Indicators ----------------------------------------------------------------------------


@relation("conditional", source="Diaconis & Ylvisaker 1979, section 3")
def beta_mixture_binomial(
    kz: Key, kp: Key, ky: Key, w: Simplex, a: PositiveVector, b: PositiveVector, n: Integer
):
    """A mixture of conjugate priors is conjugate: each component by its evidence."""
    z = categorical(kz, w)
    p = beta(kp, a[z], b[z])
    y = binomial(ky, n, p)
    yield z, p, y
    evidence = special.betaln(a + y, b + (n - y)) - special.betaln(a, b)
    z = categorical(kz, softmax(log(w) + evidence))
    yield z, beta(kp, a[z] + y, b[z] + (n - y)), y


@relation("conditional", source="Diaconis & Ylvisaker 1979, section 3")
def gamma_mixture_poisson(
    kz: Key, kr: Key, ky: Key, w: Simplex, a: PositiveVector, b: PositiveVector
):
    """A mixture of gamma priors of a rate."""
    z = categorical(kz, w)
    r = gamma(kr, a[z], rate=b[z])
    y = poisson(ky, r)
    yield z, r, y
    evidence = special.gammaln(a + y) - special.gammaln(a) + a * log(b) - (a + y) * log(b + 1)
    z = categorical(kz, softmax(log(w) + evidence))
    yield z, gamma(kr, a[z] + y, rate=b[z] + 1), y


@relation("conditional", source="Diaconis & Ylvisaker 1979, section 3")
def gamma_mixture_poisson_scales(
    kz: Key, kr: Key, ky: Key, w: Simplex, a: PositiveVector, s: PositiveVector
):
    """The same, where the components are given by their scales."""
    z = categorical(kz, w)
    r = gamma(kr, a[z], scale=s[z])
    y = poisson(ky, r)
    yield z, r, y
    evidence = special.gammaln(a + y) - special.gammaln(a) + y * log(s) - (a + y) * log(1 + s)
    z = categorical(kz, softmax(log(w) + evidence))
    yield z, gamma(kr, a[z] + y, scale=s[z] / (1 + s[z])), y


# Samples without replacement -----------------------------------------------------------


@relation("reversal", source="Raiffa & Schlaifer 1961, section 7.3")
def beta_binomial_hypergeometric(kg: Key, ky: Key, N: Integer, n: Integer, a, b):
    """Good items in a lot and in a sample of it: those not drawn stay beta-binomial."""
    g = beta_binomial(kg, N, a, b)
    yield g, hypergeometric(ky, g, N - g, n)
    y = beta_binomial(ky, n, a, b)
    yield y + beta_binomial(kg, N - n, a + y, b + (n - y)), y
