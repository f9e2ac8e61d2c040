r"""Augmentation: a variable brought in so that the others become tractable.

    w ~ Gamma(ν/2, rate ν/2)        y | w ~ Normal(m, s / √w)
    ──────────────────────────────────────────────────────────
    y     ~ StudentT(ν, m, s)
    w | y ~ Gamma((ν + 1)/2, rate (ν + ((y - m) / s)²) / 2)

Read backward, each relation brings a latent variable in; read forward it integrates it out. A
heavy tail is a normal variable of random variance, and a collapsed count remembers what was seen
before it.

Example: a Student t variable with its precision.

>>> import astragal as ag
>>> from astragal.rewrites.augmentation import student_t_precision
>>> k1, k2 = ag.split(ag.key(1))
>>> w = ag.random.gamma(k1, 2.0, rate=2.0)
>>> _, y = student_t_precision.forward((w, ag.random.normal(k2, 0.0, 1.0 / ag.sqrt(w))))
>>> y.op.name
'student_t'
"""

from astragal import Key, Positive, abs, relation, sqrt, square
from astragal.random import (
    exponential,
    gamma,
    generalized_inverse_gaussian,
    inverse_gamma,
    inverse_gaussian,
    laplace,
    normal,
    student_t,
)


@relation("reversal", source="West 1987")
def student_t_precision(kw: Key, ky: Key, ν, m, s):
    """A Student t variable is a normal one whose precision is a gamma variable."""
    w = gamma(kw, ν / 2, rate=ν / 2)
    yield w, normal(ky, m, s / sqrt(w))
    y = student_t(ky, ν, m, s)
    yield gamma(kw, (ν + 1) / 2, rate=(ν + square((y - m) / s)) / 2), y


@relation("reversal", source="West 1987")
def student_t_variance(kv: Key, ky: Key, ν, m, s):
    """The same with an inverse gamma variance."""
    v = inverse_gamma(kv, ν / 2, scale=ν * s**2 / 2)
    yield v, normal(ky, m, sqrt(v))
    y = student_t(ky, ν, m, s)
    yield inverse_gamma(kv, (ν + 1) / 2, scale=(ν * s**2 + square(y - m)) / 2), y


@relation("conditional", source="Andrews & Mallows 1974")
def laplace_variance(kv: Key, ky: Key, m, r):
    """A Laplace variable is a normal one whose variance is a waiting time."""
    v = exponential(kv, rate=r)
    y = normal(ky, m, sqrt(v))
    yield v, y
    a, b = 2 * r, square(y - m)
    yield generalized_inverse_gaussian(kv, 0.5, sqrt(a * b), sqrt(b / a)), y


@relation("reversal", source="Park & Casella 2008")
def lasso_inverse_variance(ku: Key, kb: Key, l, s):  # noqa: E741
    """The reciprocal of a lasso coefficient's variance is inverse Gaussian."""
    u = inverse_gamma(ku, 1.0, scale=l**2 / 2)
    yield u, normal(kb, 0.0, s / sqrt(u))
    b = laplace(kb, 0.0, s / l)
    yield inverse_gaussian(ku, l * s / abs(b), l**2), b


@relation("conditional", source="Makalic & Schmidt 2016")
def half_cauchy_auxiliary(ka: Key, kv: Key, b, c: Positive):
    """A chain of inverse gamma variables: the first given the second."""
    a = inverse_gamma(ka, 0.5, scale=b)
    v = inverse_gamma(kv, c / 2, scale=c / a)
    yield a, v
    yield inverse_gamma(ka, (c + 1) / 2, scale=b + c / v), v
