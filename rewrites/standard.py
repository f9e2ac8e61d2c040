r"""Standard forms: location, scale, and a uniform number behind each variable.

    Z ~ D(0, 1)                          U ~ Uniform(0, 1)
    ───────────────────                  ──────────────────
    m + s Z ~ D(m, s)                    F⁻¹(U) ~ F

A family is one of location and scale if its distribution function depends on x through
(x - m) / s alone. Every draw of it is then an affine function of a standard draw with the
same key. Read from right to left, these are the non-centred parameterisations: a hierarchy
x ~ D(μ, τ) becomes x = μ + τ z, where z depends on nothing.

Example: a normal variable around 3, taken apart and put together.

>>> import astragal as ag
>>> from astragal.rewrites.standard import standard_location_scale
>>> x = ag.random.normal(ag.key(0), 3.0, 2.0)
>>> standard_location_scale.backward(x)
3.0 + 2.0 * normal(key(0, 'threefry4x32'), 0.0, 1.0)
>>> standard_location_scale.forward(standard_location_scale.backward(x)) is x
True
"""

from astragal import Family, HasQuantile, Key, LocationScale, Rate, Scale, exp, relation
from astragal.random import (
    cauchy,
    generalized_normal,
    hyperbolic_secant,
    laplace,
    logistic,
    lognormal,
    normal,
    student_t,
    uniform,
)

NON_CENTRED = "Papaspiliopoulos, Roberts & Sköld 2007, Stat. Sci. 22"
DEVROYE = "Devroye 1986, Non-Uniform Random Variate Generation"

# Location and scale ----------------------------------------------------------------------


@relation("sure", source=NON_CENTRED, where=lambda s: s > 0)
def standard_location_scale(k: Key, D: LocationScale, m, s):
    """A location and a scale act on a standard draw."""
    return m + s * D(k, 0.0, 1.0), D(k, m, s)


@relation("sure", source=NON_CENTRED, where=lambda s: s > 0)
def standard_log_location_scale(k: Key, m, s):
    """A lognormal draw has a location and a scale on the logarithm."""
    return exp(m + s * normal(k, 0.0, 1.0)), lognormal(k, m, s)


@relation("sure", source=NON_CENTRED, where=lambda s: s > 0)
def standard_scale(k: Key, D: Scale, s):
    """A scale acts on a standard draw."""
    return s * D(k, 1.0), D(k, s)


@relation("sure", source=NON_CENTRED, where=lambda s: s > 0)
def standard_rate(k: Key, D: Rate, s):
    """A mean or scale acts on a draw of rate one."""
    return s * D(k, 1.0), D(k, 1 / s)


@relation("sure", source=NON_CENTRED, where=lambda a, b: b > a)
def standard_uniform(k: Key, a, b):
    """A uniform draw on an interval is a stretched one from the unit interval."""
    return a + (b - a) * uniform(k, 0.0, 1.0), uniform(k, a, b)


@relation("in law", source=NON_CENTRED)
def partly_centred(kμ: Key, kx: Key, m, t, s, w):
    """A fraction w of the mean may be added after the draw instead of before it."""
    μ = normal(kμ, m, t)
    yield μ, normal(kx, (1 - w) * μ, s) + w * μ
    yield μ, normal(kx, μ, s)


# Symmetry --------------------------------------------------------------------------------


class Symmetric(Family):
    """Families of location and scale whose standard form is its own mirror image."""

    roles = ("loc", "scale")
    words = "symmetric about its location"
    listed = (
        (normal, "loc scale"),
        (cauchy, "loc scale"),
        (laplace, "loc scale"),
        (logistic, "loc scale"),
        (student_t, "loc scale"),
        (hyperbolic_secant, "loc scale"),
        (generalized_normal, "loc scale"),
    )


@relation("in law", source="symmetry of the density")
def mirrored_about_zero(k: Key, D: Symmetric, s):
    """About zero, a symmetric law is its own mirror image."""
    return -D(k, 0.0, s), D(k, 0.0, s)


# The uniform number behind a draw ---------------------------------------------------------


@relation("in law", source=f"{DEVROYE}, ch. II.2")
def by_quantile(k: Key, D: HasQuantile):
    """The quantile function at a uniform number has the distribution it belongs to."""
    return D.quantile(uniform(k, 0.0, 1.0)), D(k)


@relation("in law", source=f"{DEVROYE}, ch. II.2")
def by_upper_quantile(k: Key, D: HasQuantile):
    """So has it at 1 - U: a uniform number is its own mirror image."""
    return D.quantile(1 - uniform(k, 0.0, 1.0)), D(k)
