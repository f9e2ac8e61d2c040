r"""Norms: square roots of sums of squares, and what shares and quotients they have.

    X ~ χ(a)   Y ~ χ(b)                    X ~ Normal(m, 1)   Y ~ χ²(d)
    ──────────────────────────             ─────────────────────────────
    √(X² + Y²) ~ χ(a + b)                  X² + Y² ~ χ²(d + 1, m²)

Half-normal, Rayleigh and Maxwell variables are lengths of normal vectors in one, two and three
dimensions. Put at right angles, dimensions add. A direction is independent of a length: the share
of one squared coordinate is beta, in three dimensions one coordinate is uniform (Archimedes).

Example: a length in the plane and a height.

>>> import astragal as ag
>>> from astragal.rewrites.norms import rayleigh_and_normal
>>> k1, k2 = ag.split(ag.key(0))
>>> x, z = ag.random.rayleigh(k1, 2.0), ag.random.normal(k2, 0.0, 2.0)
>>> rayleigh_and_normal.forward(ag.sqrt(x**2 + z**2))
maxwell(key(0, 'threefry4x32'), 2.0)
"""

from astragal import (
    Expr,
    Family,
    Integer,
    Key,
    Positive,
    Vector,
    abs,
    constant,
    relation,
    split,
    sqrt,
    square,
    sum,
)
from astragal.random import (
    beta,
    birnbaum_saunders,
    cauchy,
    chi,
    chi_square,
    exponential,
    f,
    folded_normal,
    gamma,
    generalized_inverse_gaussian,
    half_cauchy,
    half_normal,
    inverse_gaussian,
    levy,
    maxwell,
    nakagami,
    noncentral_beta,
    noncentral_chi_square,
    noncentral_f,
    noncentral_t,
    normal,
    rayleigh,
    rice,
    skew_normal,
    student_t,
    uniform,
)

JKB1 = "Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1"
JKB2 = "Johnson, Kotz & Balakrishnan 1995, Continuous Univariate Distributions 2"
LEEMIS = "Leemis & McQueston 2008, Am. Stat. 62(1)"
AZZALINI = "Azzalini 1985, Scand. J. Stat. 12"

# Lengths ---------------------------------------------------------------------------------


@relation("in law", source=f"{JKB1}, ch. 18")
def chi_norm(k: Key, a, b):
    """Lengths at right angles: dimensions add."""
    k1, k2 = split(k)
    return sqrt(square(chi(k1, a)) + square(chi(k2, b))), chi(k, a + b)


@relation("in law", source=f"{JKB1}, ch. 18")
def chi_squares(k: Key, a, b):
    """The same without the root."""
    k1, k2 = split(k)
    return square(chi(k1, a)) + square(chi(k2, b)), chi_square(k, a + b)


@relation("in law", source=f"{JKB1}, ch. 18")
def half_normal_norm(k: Key, s):
    """Two half-normal coordinates."""
    k1, k2 = split(k)
    return sqrt(square(half_normal(k1, s)) + square(half_normal(k2, s))), rayleigh(k, s)


@relation("in law", source=f"{JKB1}, ch. 18")
def rayleigh_and_normal(k: Key, s):
    """A length in the plane and a height."""
    k1, k2 = split(k)
    return sqrt(square(rayleigh(k1, s)) + square(normal(k2, 0.0, s))), maxwell(k, s)


@relation("in law", source=f"{JKB1}, ch. 18")
def rayleigh_pair_norm(k: Key, s):
    """Two lengths in planes at right angles."""
    k1, k2 = split(k)
    return sqrt(square(rayleigh(k1, s)) + square(rayleigh(k2, s))), s * chi(k, 4.0)


@relation("in law", source=f"{JKB1}, ch. 18")
def rayleigh_sum_of_squares(k: Key, s, n: Integer):
    """Squares of Rayleigh variables are waiting times."""
    x = rayleigh(k, s, size=(n,))
    return sum(square(x)), gamma(k, n, rate=1 / (2 * s**2))


@relation("in law", source=f"{JKB1}, ch. 18")
def normal_norm(k: Key, s, n: Integer):
    """The length of a normal vector."""
    return sqrt(sum(square(normal(k, 0.0, s, size=(n,))))), s * chi(k, n)


@relation("in law", source=f"{JKB1}, ch. 18")
def rice_by_axis(k: Key, n: Positive, s):
    """A normal point about a point on an axis."""
    k1, k2 = split(k)
    return sqrt(square(normal(k1, n, s)) + square(normal(k2, 0.0, s))), rice(k, n, s)


@relation("in law", source=f"{JKB1}, ch. 18")
def maxwell_square_case(k: Key, s):
    """In units of the variance, a squared Maxwell variable has three degrees of freedom."""
    return square(maxwell(k, s) / s), chi_square(k, 3.0)


@relation("in law", source=f"{JKB1}, ch. 18")
def nakagami_chi(k: Key, n, s):
    """A Nakagami variable is a length of 2n dimensions, in its own units."""
    return s * chi(k, 2 * n) / sqrt(2 * n), nakagami(k, n, s)


@relation("in law", source=f"{JKB2}, ch. 29")
def folded_normal_sign(k: Key, m, s):
    """A fold forgets the sign of the mean."""
    return folded_normal(k, -m, s), folded_normal(k, m, s)


# Squares with means ----------------------------------------------------------------------


@relation("in law", source=f"{JKB2}, ch. 29")
def noncentral_and_central(k: Key, a, c, b):
    """Central squares add degrees of freedom alone."""
    k1, k2 = split(k)
    return (
        noncentral_chi_square(k1, a, c) + chi_square(k2, b),
        noncentral_chi_square(k, a + b, c),
    )


@relation("in law", source=f"{JKB2}, ch. 29")
def shifted_square_and_central(k: Key, m, d):
    """One square with a mean, others without."""
    k1, k2 = split(k)
    return (
        square(normal(k1, m, 1.0)) + chi_square(k2, d),
        noncentral_chi_square(k, d + 1, m**2),
    )


@relation("in law", source=f"{JKB2}, ch. 29")
def two_shifted_squares(k: Key, a, b):
    """Two squares with means."""
    k1, k2 = split(k)
    x, y = normal(k1, a, 1.0), normal(k2, b, 1.0)
    return square(x) + square(y), noncentral_chi_square(k, 2.0, a**2 + b**2)


@relation("in law", source=f"{JKB2}, ch. 29")
def noncentral_sum_of_n(k: Key, d, c, n: Integer):
    """Degrees of freedom and squared means of a sample."""
    x = noncentral_chi_square(k, d, c, size=(n,))
    return sum(x), noncentral_chi_square(k, n * d, n * c)


@relation("in law", source=f"{JKB2}, ch. 31")
def square_noncentral_t(k: Key, n, d):
    """The square of a shifted normal over a mean square."""
    return square(noncentral_t(k, n, d)), noncentral_f(k, 1.0, n, d**2)


@relation("in law", source=f"{JKB2}, ch. 30")
def noncentral_share(k: Key, a, b, c):
    """The share of squares with means in all squares."""
    k1, k2 = split(k)
    x = noncentral_chi_square(k1, a, c)
    return x / (x + chi_square(k2, b)), noncentral_beta(k, a / 2, b / 2, c)


@relation("in law", source=f"{JKB2}, ch. 30")
def noncentral_f_share(k: Key, a, b, c):
    """The same from a quotient."""
    q = a * noncentral_f(k, a, b, c) / b
    return q / (1 + q), noncentral_beta(k, a / 2, b / 2, c)


@relation("in law", source=AZZALINI)
def square_skew_normal(k: Key, a):
    """A square does not see the skew."""
    return square(skew_normal(k, 0.0, 1.0, a)), chi_square(k, 1.0)


@relation("in law", source=AZZALINI)
def abs_skew_normal(k: Key, a, s):
    """Nor does the size."""
    return abs(skew_normal(k, 0.0, s, a)), half_normal(k, s)


@relation("in law", source=AZZALINI)
def skew_normal_and_normal(k: Key, a, m1, s1, m2, s2):
    """Noise dilutes the skew."""
    k1, k2 = split(k)
    return (
        skew_normal(k1, m1, s1, a) + normal(k2, m2, s2),
        skew_normal(
            k,
            m1 + m2,
            sqrt(s1**2 + s2**2),
            a * s1 / sqrt(s1**2 + (1 + a**2) * s2**2),
        ),
    )


@relation("in law", source=AZZALINI)
def skew_normal_of_two(k: Key, a, m, s):
    """A half-normal part, and a normal one."""
    k1, k2 = split(k)
    z, w = normal(k1, 0.0, 1.0), normal(k2, 0.0, 1.0)
    return m + s * (a * abs(z) + w) / sqrt(1 + a**2), skew_normal(k, m, s, a)


# Reciprocals of squares ------------------------------------------------------------------


@relation("in law", source="Feller 1971, vol. 2, section II.4", where=lambda c: c > 0)
def square_normal_reciprocal(k: Key, c):
    """The reciprocal of a normal square is a Lévy variable."""
    return c / square(normal(k, 0.0, 1.0)), levy(k, 0.0, c)


@relation("in law", source="Feller 1971, vol. 2, section II.4")
def square_scaled_normal_reciprocal(k: Key, s):
    """The same with a scale."""
    return 1 / square(normal(k, 0.0, s)), levy(k, 0.0, 1 / s**2)


@relation("in law", source="Feller 1971, vol. 2, section II.4")
def levy_of_normal(k: Key, m, s: Positive):
    """A Lévy variable with its location."""
    return m + s / square(normal(k, 0.0, 1.0)), levy(k, m, s)


@relation("in law", source="Feller 1971, vol. 2, section II.4")
def levy_reciprocal_root(k: Key, s):
    """The root of its reciprocal is half-normal."""
    return 1 / sqrt(levy(k, 0.0, s)), half_normal(k, 1 / sqrt(s))


@relation("in law", source="Feller 1971, vol. 2, section II.4")
def levy_quotient(k: Key, s):
    """In its own units the reciprocal is a normal square."""
    return s / levy(k, 0.0, s), chi_square(k, 1.0)


@relation("in law", source="Birnbaum & Saunders 1969, J. Appl. Probab. 6")
def fatigue_square(k: Key, c, s):
    """How far a fatigue life is from its median, both ways alike."""
    x = birnbaum_saunders(k, c, s)
    return (x / s + s / x - 2) / c**2, chi_square(k, 1.0)


# First passages and their reciprocals -----------------------------------------------------


@relation("in law", source="Tweedie 1957, Ann. Math. Stat. 28")
def inverse_gaussian_reciprocal(k: Key, m, l):  # noqa: E741
    """A speed over a distance: the reciprocal of a first passage, and a square more."""
    k1, k2 = split(k)
    return (
        1 / inverse_gaussian(k, m, l),
        inverse_gaussian(k1, 1 / m, l / m**2) + chi_square(k2, 1.0) / l,
    )


@relation("in law", source="Barndorff-Nielsen, Blæsild & Halgreen 1978, Stoch. Proc. Appl. 7")
def generalized_inverse_gaussian_and_gamma(k: Key, p: Positive, b, s):
    """A gamma variable turns the sign of the exponent."""
    k1, k2 = split(k)
    return (
        generalized_inverse_gaussian(k1, -p, b, s) + gamma(k2, p, rate=b / (2 * s)),
        generalized_inverse_gaussian(k, p, b, s),
    )


@relation("in law", source="Tweedie 1957, Ann. Math. Stat. 28")
def inverse_gaussian_mean(k: Key, m, l, n: Integer):  # noqa: E741
    """The mean of first passages."""
    x = inverse_gaussian(k, m, l, size=(n,))
    return sum(x) / n, inverse_gaussian(k, m, n * l)


# Quotients and directions ----------------------------------------------------------------


@relation("in law", source=f"{JKB2}, ch. 27")
def chi_ratio(k: Key, a, b):
    """A quotient of mean squares."""
    k1, k2 = split(k)
    return square(chi(k1, a)) / a / (square(chi(k2, b)) / b), f(k, a, b)


@relation("in law", source=f"{JKB2}, ch. 27")
def normal_square_ratio(k: Key):
    """A quotient of two normal squares."""
    k1, k2 = split(k)
    return square(normal(k1, 0.0, 1.0)) / square(normal(k2, 0.0, 1.0)), f(k, 1.0, 1.0)


@relation("in law", source=f"{JKB1}, ch. 16")
def chi_one_ratio(k: Key):
    """A quotient of lengths in one dimension."""
    k1, k2 = split(k)
    return chi(k1, 1.0) / chi(k2, 1.0), half_cauchy(k, 1.0)


@relation("in law", source=f"{JKB2}, ch. 28")
def student_t_located(k: Key, n, m, s: Positive):
    """Student's quotient with its location and scale."""
    k1, k2 = split(k)
    z = s * normal(k1, 0.0, 1.0) / sqrt(chi_square(k2, n) / n)
    return m + z, student_t(k, n, m, s)


@relation("in law", source=f"{JKB2}, ch. 28; Cacoullos 1965, JASA 60")
def student_t_of_gammas(k: Key, n):
    """The difference of two gamma variables over twice their geometric mean."""
    k1, k2 = split(k)
    x, y = gamma(k1, n / 2, rate=1.0), gamma(k2, n / 2, rate=1.0)
    return sqrt(n) * (x - y) / (2 * sqrt(x * y)), student_t(k, n, 0.0, 1.0)


@relation("in law", source="Cacoullos 1965, JASA 60")
def student_t_of_f(k: Key, n):
    """The same from their quotient."""
    x = f(k, n, n)
    return sqrt(n) * (sqrt(x) - 1 / sqrt(x)) / 2, student_t(k, n, 0.0, 1.0)


@relation("in law", source="Feller 1971, vol. 2, section II.5")
def share_of_a_square(k: Key, s):
    """The share of one squared coordinate in the plane."""
    k1, k2 = split(k)
    x = normal(k1, 0.0, s)
    return square(x) / (square(x) + square(normal(k2, 0.0, s))), beta(k, 0.5, 0.5)


@relation("in law", source="Archimedes, On the Sphere and Cylinder")
def coordinate_of_a_sphere(k: Key, s):
    """One coordinate of a direction in space is uniform."""
    k1, k2, k3 = split(k, 3)
    x = normal(k1, 0.0, s)
    length = sqrt(square(x) + square(normal(k2, 0.0, s)) + square(normal(k3, 0.0, s)))
    return x / length, uniform(k, -1.0, 1.0)


@relation("in law", source="Box & Muller 1958, Ann. Math. Stat. 29")
def sum_and_quotient_of_normals(k: Key, s):
    """The length says nothing of the direction."""
    k1, k2 = split(k)
    x, y = normal(k1, 0.0, s), normal(k2, 0.0, s)
    yield square(x) + square(y), x / y
    yield exponential(k1, rate=1 / (2 * s**2)), cauchy(k2, 0.0, 1.0)


@relation("in law", source="Lukacs & King 1954, Ann. Math. Stat. 25")
def sum_and_difference_of_normals(k: Key, m, s):
    """The sum and the difference of two normals of one law are independent."""
    k1, k2 = split(k)
    x, y = normal(k1, m, s), normal(k2, m, s)
    yield x + y, x - y
    yield normal(k1, 2 * m, sqrt(2.0) * s), normal(k2, 0.0, sqrt(2.0) * s)


# Several lengths at right angles ----------------------------------------------------------------


DIMENSIONS = {"half_normal": 1.0, "rayleigh": 2.0, "maxwell": 3.0}


class Length(Family):
    """Lengths of normal vectors about the origin, by their scale."""

    roles = ("scale",)
    words = "the length of a normal vector"
    listed = ((half_normal, "scale"), (rayleigh, "scale"), (maxwell, "scale"))

    def dimensions(self) -> Expr:
        """Give the number of coordinates."""
        name = "" if self.member is None else self.member.name
        return self.written("n", lambda: constant(DIMENSIONS[name]))


class Centred(Family):
    """Lengths of normal vectors about a centre, by how far it is and their scale."""

    roles = ("far", "scale")
    words = "the length of a normal vector about a centre"
    listed = ((folded_normal, "loc scale"), (rice, "nu scale"))


@relation("in law", source=f"{JKB1}, ch. 18")
def norm_of_lengths(k: Key, D: Length, E: Length, s):
    """Lengths at right angles: dimensions add."""
    k1, k2 = split(k)
    n = D.dimensions() + E.dimensions()
    return sqrt(square(D(k1, s)) + square(E(k2, s))), s * chi(k, n)


@relation("in law", source=f"{JKB1}, ch. 18")
def squares_of_lengths(k: Key, D: Length, E: Length, s):
    """The same without the root."""
    k1, k2 = split(k)
    n = D.dimensions() + E.dimensions()
    return square(D(k1, s)) + square(E(k2, s)), gamma(k, n / 2, rate=1 / (2 * s**2))


@relation("in law", source=f"{JKB1}, ch. 18")
def norm_of_a_sample_of_lengths(k: Key, D: Length, s, n: Integer):
    """The same n times."""
    x = D(k, s, size=(n,))
    return sqrt(sum(square(x))), s * chi(k, n * D.dimensions())


@relation("in law", source=f"{JKB1}, ch. 18")
def three_squares(k: Key, s):
    """The length of a normal vector in space, coordinate by coordinate."""
    k1, k2, k3 = split(k, 3)
    x, y, z = normal(k1, 0.0, s), normal(k2, 0.0, s), normal(k3, 0.0, s)
    return sqrt(square(x) + square(y) + square(z)), maxwell(k, s)


@relation("in law", source=f"{JKB1}, ch. 18")
def nakagami_norm(k: Key, a, b, c):
    """Nakagami variables whose mean squares are as their shapes."""
    k1, k2 = split(k)
    return (
        sqrt(square(nakagami(k1, a, sqrt(a) * c)) + square(nakagami(k2, b, sqrt(b) * c))),
        nakagami(k, a + b, sqrt(a + b) * c),
    )


@relation("in law", source=f"{JKB1}, ch. 18")
def nakagami_pair_norm(k: Key, n, s):
    """Two of one law."""
    k1, k2 = split(k)
    x = sqrt(square(nakagami(k1, n, s)) + square(nakagami(k2, n, s)))
    return x, nakagami(k, 2 * n, sqrt(2.0) * s)


@relation("in law", source=f"{JKB1}, ch. 18; {JKB2}, ch. 29", where=lambda c: c > 0)
def centred_scaling(k: Key, D: Centred, c, m: Positive, s):
    """In other units the centre moves too."""
    return c * D(k, m, s), D(k, c * m, c * s)


@relation("in law", source=f"{JKB1}, ch. 18", where=lambda m1, m2: m1**2 + m2**2 > 0)
def rice_of_two_means(k: Key, m1, m2, s):
    """A normal point about a point of the plane."""
    k1, k2 = split(k)
    return (
        sqrt(square(normal(k1, m1, s)) + square(normal(k2, m2, s))),
        rice(k, sqrt(m1**2 + m2**2), s),
    )


@relation("in law", source=f"{JKB2}, ch. 29")
def scaled_shifted_squares(k: Key, m: Vector, s):
    """Squares of normals of one spread, in units of their variance."""
    x = sum(square(normal(k, m, s))) / s**2
    return x, noncentral_chi_square(k, m.shape[0], sum(m**2) / s**2)


@relation("in law", source=f"{JKB2}, ch. 29")
def root_noncentral_chi_square(k: Key, c: Positive):
    """The size of one normal about a mean."""
    return sqrt(noncentral_chi_square(k, 1.0, c)), folded_normal(k, sqrt(c), 1.0)


@relation("in law", source=f"{JKB2}, ch. 29")
def root_noncentral_chi_square_pair(k: Key, c: Positive):
    """The length of two."""
    return sqrt(noncentral_chi_square(k, 2.0, c)), rice(k, sqrt(c), 1.0)


@relation("in law", source="Tweedie 1957, Ann. Math. Stat. 28")
def inverse_gaussian_distances(k: Key, m, l, n: Integer):  # noqa: E741
    """Squared distances of inverse Gaussian variables from their mean, in their own units."""
    x = inverse_gaussian(k, m, l, size=(n,))
    return sum(l * (x - m) ** 2 / (m**2 * x)), chi_square(k, n)


@relation("in law", source="Tweedie 1957, Ann. Math. Stat. 28")
def inverse_gaussian_turned(k: Key, m, l):  # noqa: E741
    """The squared mean over a first passage time: one, and a squared normal more."""
    k1, k2 = split(k)
    return (
        m**2 / inverse_gaussian(k, m, l),
        inverse_gaussian(k1, m, l) + m**2 / l * chi_square(k2, 1.0),
    )
