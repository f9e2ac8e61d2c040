r"""Latent variables: what is seen says where an unseen variable lies, or which of several it is.

    z ~ Normal(m, s)        y = 1 where z > 0, otherwise 0
    ───────────────────────────────────────────────────────
    y     ~ Bernoulli(Φ(m / s))
    z | y ~ Normal(m, s), cut at 0 from below or from above

Read backward, a category becomes a utility that crossed a threshold, a censored time becomes the
time itself, a point of a density becomes a point under it. What was brought in has a law that is
simple given everything else.

Example: a threshold, turned round.

>>> import astragal as ag
>>> from astragal.rewrites.latent_variables import probit_utility
>>> k1, k2 = ag.split(ag.key(1))
>>> z = ag.random.normal(k1, 0.5, 1.0)
>>> y = ag.random.bernoulli(k2, ag.where(z > 0, 1, 0))
>>> new, seen = probit_utility.forward((z, y))
>>> new.op.name
'truncated_normal'
"""

from math import inf

from astragal import (
    Key,
    PositiveVector,
    Simplex,
    Vector,
    equal,
    exp,
    less_equal,
    log,
    maximum,
    minimum,
    relation,
    softmax,
    special,
    split,
    sqrt,
    square,
    stack,
    sum,
    where,
)
from astragal.random import (
    bernoulli,
    beta,
    categorical,
    dirichlet,
    exponential,
    gamma,
    logistic,
    mixture,
    normal,
    poisson,
    student_t,
    truncated,
    truncated_normal,
    uniform,
    zero_inflated_poisson,
)
from astragal.rewrites.conjugacy import one_hot

ALBERT = "Albert & Chib 1993, J. Am. Stat. Assoc. 88"
TANNER = "Tanner & Wong 1987, J. Am. Stat. Assoc. 82"
JKB = "Johnson, Kotz & Balakrishnan 1997, Discrete Multivariate Distributions"


# Thresholds --------------------------------------------------------------------------------


@relation("reversal", source=ALBERT)
def probit_utility(kz: Key, ky: Key, m, s):
    """Whether a normal utility is positive, and the utility given that."""
    z = normal(kz, m, s)
    yield z, bernoulli(ky, where(z > 0, 1, 0))
    y = bernoulli(ky, special.ndtr(m / s))
    yield truncated_normal(kz, m, s, where(equal(y, 1), 0, -inf), where(equal(y, 1), inf, 0)), y


@relation("in law", source="Liu 2004, Robit Regression")
def robit(k: Key, ν, m, s, c):
    """A Student t utility is a normal one of unknown precision."""
    k1, k2 = split(k)
    w = gamma(k1, ν / 2, rate=ν / 2)
    return (
        where(student_t(k, ν, m, s) > c, 1, 0),
        bernoulli(k2, special.ndtr((m - c) / s * sqrt(w))),
    )


@relation("in law", source="McCullagh 1980, JRSS B 42", where=lambda a, b: a < b)
def ordered_logit(k: Key, m, s, a, b):
    """Two thresholds of a logistic utility make three ordered categories."""
    z = logistic(k, m, s)
    low, high = special.expit((a - m) / s), special.expit((b - m) / s)
    return (
        where(z > a, 1, 0) + where(z > b, 1, 0),
        categorical(k, stack([low, high - low, 1 - high])),
    )


@relation("in law", source=ALBERT, where=lambda a, b: a < b)
def ordered_probit(k: Key, m, s, a, b):
    """And two thresholds of a normal one."""
    z = normal(k, m, s)
    low, high = special.ndtr((a - m) / s), special.ndtr((b - m) / s)
    return (
        where(z > a, 1, 0) + where(z > b, 1, 0),
        categorical(k, stack([low, high - low, 1 - high])),
    )


# Censoring ---------------------------------------------------------------------------------


@relation("in law", source=TANNER, where=lambda c: c > 0)
def censored_exponential(k: Key, r, c):
    """Whether a time is censored, and the time in either case: waiting starts again at c."""
    k1, k2, k3 = split(k, 3)
    x = exponential(k, rate=r)
    yield minimum(x, c), where(less_equal(x, c), 1, 0), x
    d = bernoulli(k1, 1 - exp(-c * r))
    early = truncated(k2, exponential.law(rate=r), lower=0.0, upper=c)
    x = where(equal(d, 1), early, c + exponential(k3, rate=r))
    yield minimum(x, c), d, x


@relation("in law", source=TANNER)
def censored_normal(k: Key, m, s, c):
    """The same of a normal variable."""
    k1, k2 = split(k)
    x = normal(k, m, s)
    yield minimum(x, c), where(less_equal(x, c), 1, 0), x
    d = bernoulli(k1, special.ndtr((c - m) / s))
    x = truncated_normal(k2, m, s, where(equal(d, 1), -inf, c), where(equal(d, 1), c, inf))
    yield minimum(x, c), d, x


@relation("in law", source="Chib 1992, J. Econom. 51")
def tobit(k: Key, m, s):
    """A normal variable of which only the positive part is seen."""
    k1, k2 = split(k)
    z = normal(k, m, s)
    yield maximum(z, 0), z
    d = bernoulli(k1, special.ndtr(m / s))
    z = truncated_normal(k2, m, s, where(equal(d, 1), 0, -inf), where(equal(d, 1), inf, 0))
    yield maximum(z, 0), z


# Indicators --------------------------------------------------------------------------------


@relation("reversal", source="Lambert 1992, Technometrics 34")
def zero_inflation_indicator(kz: Key, ky: Key, p, λ):
    """Whether a zero has a cause of its own: only of a zero there is doubt."""
    z = bernoulli(kz, p)
    yield z, (1 - z) * poisson(ky, λ)
    y = zero_inflated_poisson(ky, p, λ)
    yield bernoulli(kz, where(equal(y, 0), p / (p + (1 - p) * exp(-λ)), 0)), y


@relation("reversal", source="Bishop 2006, section 9.2")
def normal_mixture_indicator(kz: Key, ky: Key, w: Simplex, m: Vector, s: PositiveVector):
    """Which component a value is from: weights times densities."""
    z = categorical(kz, w)
    yield z, normal(ky, m[z], s[z])
    y = mixture(ky, w, normal.law(m, s))
    yield categorical(kz, softmax(log(w) - log(s) - square((y - m) / s) / 2)), y


@relation("reversal", source="Bishop 2006, section 9.2")
def poisson_mixture_indicator(kz: Key, ky: Key, w: Simplex, r: PositiveVector):
    """The same of counts."""
    z = categorical(kz, w)
    yield z, poisson(ky, r[z])
    y = mixture(ky, w, poisson.law(r))
    yield categorical(kz, softmax(log(w) + y * log(r) - r)), y


# Slices ------------------------------------------------------------------------------------


@relation("in law", source="Neal 2003, Ann. Stat. 31")
def slice_of_normal(kx: Key, ku: Key):
    """A point under a bell, by its height first: the squared half-width is a gamma variable."""
    x = normal(kx, 0.0, 1.0)
    yield x, uniform(ku, 0.0, exp(-(x**2) / 2))
    v = gamma(ku, 1.5, rate=0.5)
    yield uniform(kx, -sqrt(v), sqrt(v)), exp(-v / 2)


@relation("in law", source="Damien, Wakefield & Walker 1999, JRSS B 61")
def slice_of_exponential(kx: Key, ku: Key, s):
    """A point under an exponential density, by its height first."""
    x = exponential(kx, rate=1 / s)
    yield x, uniform(ku, 0.0, exp(-x / s))
    g = gamma(ku, 2.0, rate=1 / s)
    yield uniform(kx, 0.0, g), exp(-g / s)


# Urns --------------------------------------------------------------------------------------


@relation("in law", source=f"{JKB}, ch. 40")
def polya_urn(kp: Key, k1: Key, k2: Key, k3: Key, a, b):
    """Trials of one unknown probability: each outcome makes itself likelier."""
    p = beta(kp, a, b)
    yield bernoulli(k1, p), bernoulli(k2, p), bernoulli(k3, p)
    y1 = bernoulli(k1, a / (a + b))
    y2 = bernoulli(k2, (a + y1) / (a + b + 1))
    yield y1, y2, bernoulli(k3, (a + y1 + y2) / (a + b + 2))


@relation("in law", source="Blackwell & MacQueen 1973, Ann. Stat. 1")
def dirichlet_urn(kp: Key, k1: Key, k2: Key, a: PositiveVector):
    """The same with several colours."""
    p = dirichlet(kp, a)
    yield categorical(k1, p), categorical(k2, p)
    y1 = categorical(k1, a / sum(a))
    yield y1, categorical(k2, (a + one_hot(y1, a)) / (sum(a) + 1))
