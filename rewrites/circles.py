r"""Angles: what uniform directions give on a line, and laws that a rotation keeps.

    U ~ Uniform(-π/2, π/2)
    ───────────────────────────────
    m + s tan U ~ Cauchy(m, s)

A line through (0, 1) at a uniform angle meets the axis at a Cauchy point. Doubling the angle
keeps its law, and so the maps of the line that double angles keep the Cauchy law. Angles add
modulo a full turn, where a uniform one absorbs every other.

Example: a uniform angle seen from one side.

>>> import astragal as ag
>>> from astragal.rewrites.circles import tangent_of_uniform
>>> angle = ag.random.uniform(ag.key(1), -pi / 2, pi / 2)
>>> tangent_of_uniform.forward(2.0 + 3.0 * ag.tan(angle))
cauchy(key(1, 'threefry4x32'), 2.0, 3.0)
"""

from math import pi

from astragal import (
    Expr,
    Integer,
    Key,
    atan,
    atan2,
    ceil,
    cos,
    relation,
    sin,
    split,
    sqrt,
    square,
    sum,
    tan,
)
from astragal.random import (
    arcsine,
    beta,
    cauchy,
    normal,
    student_t,
    uniform,
    von_mises,
)


def wrapped(x: Expr) -> Expr:
    """Turn an angle by full turns into (-π, π]."""
    return x - 2 * pi * ceil((x / pi - 1) / 2)


# From the circle to the line -----------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def tangent_of_uniform(k: Key, m, s):
    """The tangent of a uniform angle is Cauchy."""
    return m + s * tan(uniform(k, -pi / 2, pi / 2)), cauchy(k, m, s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def tangent_of_uniform_itself(k: Key):
    """The same, where the line is at distance 1."""
    return tan(uniform(k, -pi / 2, pi / 2)), cauchy(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def tangent_of_full_turn(k: Key):
    """The tangent has period π: a full turn gives the same law."""
    return tan(uniform(k, -pi, pi)), cauchy(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def tangent_of_shifted_uniform(k: Key):
    """Inversion, written as the quantile function of a Cauchy variable has it."""
    return tan(pi * (uniform(k, 0.0, 1.0) - 0.5)), cauchy(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def angle_of_cauchy(k: Key, m, s):
    """The angle under which a Cauchy point is seen is uniform."""
    return atan((cauchy(k, m, s) - m) / s), uniform(k, -pi / 2, pi / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def angle_of_standard_cauchy(k: Key):
    """The same for a Cauchy point about the origin at distance 1."""
    return atan(cauchy(k, 0.0, 1.0)), uniform(k, -pi / 2, pi / 2)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def cauchy_double_angle(k: Key):
    """The cotangent of twice the angle: (x - 1/x) / 2 keeps the Cauchy law."""
    x = cauchy(k, 0.0, 1.0)
    return (x - 1 / x) / 2, cauchy(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def cauchy_tangent_double_angle(k: Key):
    """The tangent of twice the angle keeps the Cauchy law."""
    x = cauchy(k, 0.0, 1.0)
    return 2 * x / (1 - square(x)), cauchy(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16")
def cauchy_cayley(k: Key):
    """A quarter turn of the double angle keeps the Cauchy law."""
    x = cauchy(k, 0.0, 1.0)
    return (1 + x) / (1 - x), cauchy(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def cosine_of_uniform(k: Key):
    """A coordinate of a uniform point of the circle has the arcsine law on (-1, 1)."""
    return cos(uniform(k, 0.0, pi)), 2 * beta(k, 0.5, 0.5) - 1


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def cosine_of_full_turn(k: Key):
    """The upper half of the circle gives the same coordinate as the whole."""
    return cos(uniform(k, -pi, pi)), cos(uniform(k, 0.0, pi))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def cosine_of_positive_turn(k: Key):
    """The same, with angles from 0 to a full turn."""
    return cos(uniform(k, 0.0, 2 * pi)), cos(uniform(k, 0.0, pi))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def sine_of_full_turn(k: Key):
    """Both coordinates of a uniform point of the circle have one law."""
    return sin(uniform(k, -pi, pi)), cos(uniform(k, -pi, pi))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def sine_of_half_turn(k: Key):
    """The same, from the half of the circle on which the sine is one to one."""
    return sin(uniform(k, -pi / 2, pi / 2)), 2 * beta(k, 0.5, 0.5) - 1


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def squared_cosine(k: Key):
    """The squared coordinate has the arcsine law on (0, 1)."""
    return square(cos(uniform(k, -pi, pi))), beta(k, 0.5, 0.5)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 25")
def squared_sine(k: Key):
    """The same, as Lévy's law of the time in the lead is written."""
    return square(sin(uniform(k, 0.0, pi / 2))), beta(k, 0.5, 0.5)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 28")
def student_t_polar(k: Key, n):
    """A polar form of Student's t: a radius of a uniform variable, and an angle."""
    ku, ka = split(k)
    return (
        sqrt(n * (uniform(ku, 0.0, 1.0) ** (-2 / n) - 1)) * cos(2 * pi * uniform(ka, 0.0, 1.0)),
        student_t(k, n, 0.0, 1.0),
    )


# On the circle -------------------------------------------------------------------------


@relation("in law", source="Mardia & Jupp 2000, section 3.5")
def von_mises_rotation(k: Key, m, c, a):
    """A rotation moves the mean direction."""
    return wrapped(von_mises(k, m, c) + a), von_mises(k, wrapped(m + a), c)


@relation("in law", source="Mardia & Jupp 2000, section 3.5")
def von_mises_reflection(k: Key, m, c):
    """A reflection mirrors the mean direction."""
    return wrapped(-von_mises(k, m, c)), von_mises(k, wrapped(-m), c)


@relation("in law", source="Mardia & Jupp 2000, section 3.3")
def uniform_absorbs_normal(k: Key, m, s):
    """A uniform direction absorbs what is added to it."""
    k1, k2 = split(k)
    return wrapped(normal(k1, m, s) + uniform(k2, -pi, pi)), uniform(k, -pi, pi)


@relation("in law", source="Mardia & Jupp 2000, section 3.3")
def uniform_absorbs_von_mises(k: Key, m, c):
    """A uniform direction absorbs any other direction."""
    k1, k2 = split(k)
    return wrapped(von_mises(k1, m, c) + uniform(k2, -pi, pi)), uniform(k, -pi, pi)


@relation("in law", source="Mardia & Jupp 2000, section 3.3")
def uniform_rotation(k: Key, a):
    """A rotation keeps a uniform direction."""
    return wrapped(uniform(k, -pi, pi) + a), uniform(k, -pi, pi)


@relation("in law", source="Box & Muller 1958, Ann. Math. Stat. 29")
def angle_of_normals(k: Key, s):
    """The direction of a normal point in the plane."""
    k1, k2 = split(k)
    return atan2(normal(k1, 0.0, s), normal(k2, 0.0, s)), uniform(k, -pi, pi)


def turned(k: Expr, c: Expr, s: Expr) -> Expr:
    """Draw an angle from a direction whose coordinates are c and s."""
    return von_mises(k, atan2(s, c), sqrt(square(c) + square(s)))


@relation("conditional", source="Mardia & El-Atoum 1976, Biometrika 63")
def von_mises_direction_sample(kμ: Key, ky: Key, m, c, κ, n: Integer):
    """A mean direction: the directions that are seen add to it as vectors."""
    μ = von_mises(kμ, m, c)
    y = von_mises(ky, μ, κ, size=(n,))
    yield μ, y
    yield turned(kμ, c * cos(m) + κ * sum(cos(y)), c * sin(m) + κ * sum(sin(y))), y


@relation("conditional", source="Mardia & El-Atoum 1976, Biometrika 63")
def von_mises_direction(kμ: Key, ky: Key, m, c, κ):
    """The same, seen once."""
    μ = von_mises(kμ, m, c)
    y = von_mises(ky, μ, κ)
    yield μ, y
    yield turned(kμ, c * cos(m) + κ * cos(y), c * sin(m) + κ * sin(y)), y


@relation("conditional", source="Mardia & El-Atoum 1976, Biometrika 63")
def uniform_direction_sample(kμ: Key, ky: Key, κ, n: Integer):
    """A direction of which nothing is known."""
    μ = uniform(kμ, -pi, pi)
    y = von_mises(ky, μ, κ, size=(n,))
    yield μ, y
    yield turned(kμ, κ * sum(cos(y)), κ * sum(sin(y))), y


@relation("reversal", source="symmetry")
def uniform_direction(kμ: Key, ky: Key, κ):
    """A direction of which nothing is known, seen once: either is as the other."""
    μ = uniform(kμ, -pi, pi)
    yield μ, von_mises(ky, μ, κ)
    y = uniform(ky, -pi, pi)
    yield von_mises(kμ, y, κ), y


@relation("in law", source="rotation of a line")
def cauchy_turned(k: Key, a):
    """The slope of a line after a turn."""
    x = cauchy(k, 0.0, 1.0)
    return (x * cos(a) - sin(a)) / (x * sin(a) + cos(a)), cauchy(k, 0.0, 1.0)


@relation("in law", source="Devroye 1986, section II.3", where=lambda n: n >= 1)
def uniform_multiple(k: Key, n: Integer):
    """A uniform number on a circle, wound n times."""
    return (n * uniform(k, 0.0, 1.0)) % 1, uniform(k, 0.0, 1.0)


@relation("in law", source="Mardia & Jupp 2000, Directional Statistics")
def uniform_angle_doubled(k: Key):
    """A uniform angle, doubled."""
    return wrapped(2 * uniform(k, -pi, pi)), uniform(k, -pi, pi)


@relation("in law", source="Feller 1971, section III.4")
def squared_sine_of_turn(k: Key):
    """The square of a coordinate of a point on the circle."""
    return square(sin(uniform(k, 0.0, 2 * pi))), beta(k, 0.5, 0.5)


# Any number of half turns ------------------------------------------------------------------


@relation("in law", source="Feller 1971, section III.4", where=lambda n: n >= 1)
def sine_over_turns(k: Key, a, n: Integer):
    """A coordinate of a point of the circle, whole turns from any place."""
    return sin(uniform(k, a, a + 2 * pi * n)), arcsine(k, -1.0, 1.0)


@relation("in law", source="Feller 1971, section III.4", where=lambda n: n >= 1)
def cosine_over_turns(k: Key, a, n: Integer):
    """The other one."""
    return cos(uniform(k, a, a + 2 * pi * n)), arcsine(k, -1.0, 1.0)


@relation("in law", source="Feller 1971, section III.4", where=lambda n: n >= 1)
def squared_sine_over_half_turns(k: Key, a, n: Integer):
    """Squares return after half a turn."""
    return square(sin(uniform(k, a, a + pi * n))), arcsine(k, 0.0, 1.0)


@relation("in law", source="Feller 1971, section III.4", where=lambda n: n >= 1)
def squared_cosine_over_half_turns(k: Key, a, n: Integer):
    """The square of the other one."""
    return square(cos(uniform(k, a, a + pi * n))), arcsine(k, 0.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 16", where=lambda n: n >= 1)
def tangent_over_half_turns(k: Key, a, n: Integer):
    """So does the tangent."""
    return tan(uniform(k, a, a + pi * n)), cauchy(k, 0.0, 1.0)


@relation("in law", source="Mardia & Jupp 2000, section 3.5")
def von_mises_uniform_case(k: Key, m):
    """Without a concentration every direction is as likely."""
    return von_mises(k, m, 0.0), uniform(k, -pi, pi)
