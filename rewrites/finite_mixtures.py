r"""Finite mixtures and truncation of any law.

    Z ~ Categorical(w)        X | Z ~ F_Z
    ──────────────────────────────────────
    X ~ Mixture(w; F₁, …, Fₖ)

`mixture` and `truncated` make new laws of old ones. Read backward, the label of a mixture is
introduced, as Gibbs samplers do; what acts on every component acts on the mixture.

Example: a mixture of normals, moved and stretched.

>>> import astragal as ag
>>> from astragal.rewrites.finite_mixtures import normal_mixture_affine
>>> m = ag.input("m", shape=(2,))
>>> x = ag.random.mixture(ag.key(0), [0.25, 0.75], ag.random.normal.law(m, 1.0))
>>> y = normal_mixture_affine.forward(3.0 + 2.0 * x)
>>> y.op is x.op
True
"""

from math import inf

from astragal import (
    Key,
    PositiveVector,
    Simplex,
    Vector,
    abs,
    equal,
    exp,
    given,
    not_equal,
    ones,
    relation,
    split,
    sqrt,
    where,
)
from astragal.random import (
    bernoulli,
    categorical,
    exponential,
    gamma,
    log_uniform,
    lognormal,
    mixture,
    normal,
    poisson,
    truncated,
    zero_inflated_poisson,
)

BISHOP = "Bishop 2006, Pattern Recognition and Machine Learning, ch. 9"
JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"

# Labels ----------------------------------------------------------------------------------


@relation("in law", source=BISHOP)
def normal_mixture_label(k: Key, w: Simplex, m: Vector, s: PositiveVector):
    """The component first, and then a value from it."""
    k1, k2 = split(k)
    z = categorical(k1, w)
    return normal(k2, m[z], s[z]), mixture(k, w, normal.law(m, s))


@relation("in law", source=BISHOP)
def poisson_mixture_label(k: Key, w: Simplex, λ: PositiveVector):
    """The same of counts."""
    k1, k2 = split(k)
    z = categorical(k1, w)
    return poisson(k2, λ[z]), mixture(k, w, poisson.law(λ))


@relation("in law", source=BISHOP)
def gamma_mixture_label(k: Key, w: Simplex, a: PositiveVector, r: PositiveVector):
    """The same of positive numbers."""
    k1, k2 = split(k)
    z = categorical(k1, w)
    return gamma(k2, a[z], rate=r[z]), mixture(k, w, gamma.law(a, rate=r))


@relation("in law", source=BISHOP)
def exponential_mixture_label(k: Key, w: Simplex, r: PositiveVector):
    """The same of waiting times: hyperexponential."""
    k1, k2 = split(k)
    return (
        exponential(k2, rate=r[categorical(k1, w)]),
        mixture(k, w, exponential.law(rate=r)),
    )


@relation("in law", source=BISHOP)
def one_normal_component(k: Key, m, s):
    """A mixture of one."""
    return mixture(k, ones(1), normal.law(m * ones(1), s * ones(1))), normal(k, m, s)


@relation("in law", source="Lambert 1992, Technometrics 34")
def zero_inflation_without_zeros(k: Key, λ):
    """No extra zeros."""
    return zero_inflated_poisson(k, 0.0, λ), poisson(k, λ)


@relation("in law", source="Lambert 1992, Technometrics 34")
def zero_inflated_poisson_label(k: Key, p, λ):
    """Some zeros have a cause of their own."""
    k1, k2 = split(k)
    return (
        where(equal(bernoulli(k1, p), 1), 0, poisson(k2, λ)),
        zero_inflated_poisson(k, p, λ),
    )


# Maps and sums ---------------------------------------------------------------------------


@relation("in law", source=BISHOP, where=lambda b: not_equal(b, 0.0))
def normal_mixture_affine(k: Key, a, b, w: Simplex, m: Vector, s: PositiveVector):
    """An affine map acts on each component."""
    return (
        a + b * mixture(k, w, normal.law(m, s)),
        mixture(k, w, normal.law(a + b * m, abs(b) * s)),
    )


@relation("in law", source=BISHOP)
def normal_mixture_and_normal(k: Key, w: Simplex, m: Vector, s: PositiveVector, c, t):
    """Noise widens each component."""
    k1, k2 = split(k)
    return (
        mixture(k1, w, normal.law(m, s)) + normal(k2, c, t),
        mixture(k, w, normal.law(m + c, sqrt(s**2 + t**2))),
    )


@relation("in law", source=BISHOP)
def exp_normal_mixture(k: Key, w: Simplex, m: Vector, s: PositiveVector):
    """The exponential of a mixture is the mixture of exponentials."""
    return (
        exp(mixture(k, w, normal.law(m, s))),
        mixture(k, w, lognormal.law(m, s)),
    )


# Truncation ------------------------------------------------------------------------------


@relation("in law", source=f"{JKB1}, ch. 19", where=lambda h: h > 0)
def exponential_truncation(k: Key, r, h):
    """A waiting time that is known to be short."""
    x = exponential(k, rate=r)
    return given(x, x < h), truncated(k, exponential.law(rate=r), lower=0.0, upper=h)


@relation("in law", source=f"{JKB1}, ch. 19")
def exponential_cut_nowhere(k: Key, r):
    """A waiting time of which nothing is known."""
    return (
        truncated(k, exponential.law(rate=r), lower=0.0, upper=inf),
        exponential(k, rate=r),
    )


@relation("in law", source=f"{JKB1}, ch. 17", where=lambda a, b: (a >= 0, b > a))
def gamma_truncation(k: Key, c, r, a, b):
    """A gamma variable on an interval."""
    x = gamma(k, c, rate=r)
    return given(x, (x > a) & (x < b)), truncated(k, gamma.law(c, rate=r), lower=a, upper=b)


@relation("in law", source="Leemis & McQueston 2008", where=lambda a, b, c: (a < c, c <= b))
def log_uniform_truncation(k: Key, a, b, c):
    """A log-uniform variable below a bound."""
    x = log_uniform(k, a, b)
    return given(x, x < c), log_uniform(k, a, c)


@relation("in law", source=f"{JKB1}, ch. 19", where=lambda c: c > 0)
def exponential_by_threshold(k: Key, r, c):
    """Whether a waiting time is short, and then how long it is."""
    k1, k2, k3 = split(k, 3)
    early = bernoulli(k1, 1 - exp(-r * c))
    short = truncated(k2, exponential.law(rate=r), lower=0.0, upper=c)
    return where(equal(early, 1), short, c + exponential(k3, rate=r)), exponential(k, rate=r)
