r"""Statistics of a sample: sums of squares, mean and variance, products.

    X₁, …, Xₙ ~ Normal(m, s)      independent
    ──────────────────────────────────────────────────────────────
    X̄ ~ Normal(m, s / √n)    (n - 1) S² / s² ~ ChiSquare(n - 1)    independent

A rotation that sends (1, …, 1) / √n to the first axis makes X̄ a first coordinate; S² is the
squared length of the other n - 1, which are normal, centred and independent of it. So Student's
quotient of the two has n - 1 degrees of freedom, whatever m and s are.

Example: a sum of five squares.

>>> import astragal as ag
>>> from astragal.rewrites.samples import sum_of_squares
>>> x = ag.random.normal(ag.key(1), 0.0, 1.0, size=(5,))
>>> sum_of_squares.forward(ag.sum(x**2))
chi_square(key(1, 'threefry4x32'), 5.0)
"""

from astragal import (
    Expr,
    Integer,
    Key,
    Matrix,
    Vector,
    equal,
    exp,
    linalg,
    log,
    mean,
    prod,
    relation,
    split,
    sqrt,
    square,
    sum,
    var,
)
from astragal.random import (
    beta,
    chi_square,
    f,
    gamma,
    lognormal,
    maxwell,
    multivariate_normal,
    multivariate_t,
    noncentral_chi_square,
    normal,
    student_t,
    uniform,
)


def mahalanobis(x: Expr, cov: Expr) -> Expr:
    """Measure a squared length in units of a covariance."""
    return sum(x * linalg.solve(cov, x))


# Sums of squares -----------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18, definition")
def sum_of_squares(k: Key, n: Integer):
    """Squares of standard normal variables add up to chi-square, by definition."""
    return sum(square(normal(k, 0.0, 1.0, size=(n,)))), chi_square(k, n)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def scaled_sum_of_squares(k: Key, s, n: Integer):
    """Squares of centred normal variables, in units of their variance."""
    return sum(square(normal(k, 0.0, s, size=(n,)))) / s**2, chi_square(k, n)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def plain_sum_of_squares(k: Key, s, n: Integer):
    """Squares of centred normal variables add up to a gamma variable."""
    return sum(square(normal(k, 0.0, s, size=(n,)))), gamma(k, n / 2, rate=1 / (2 * s**2))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 29")
def sum_of_shifted_squares(k: Key, m: Vector):
    """Squares of normal variables with means: only the length of the mean counts."""
    n = m.shape[0]
    return sum(square(normal(k, m, 1.0))), noncentral_chi_square(k, n, sum(square(m)))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def maxwell_norm(k: Key, s):
    """The distance from the origin of a normal point in space."""
    return sqrt(sum(square(normal(k, 0.0, s, size=(3,))))), maxwell(k, s)


@relation("in law", source="Muirhead 1982, section 1.4")
def mahalanobis_normal(k: Key, m: Vector, S: Matrix):
    """The squared length of a normal vector in units of its covariance."""
    n = m.shape[0]
    return mahalanobis(multivariate_normal(k, m, S) - m, S), chi_square(k, n)


@relation(
    "in law", source="Kotz & Nadarajah 2004, section 1.7", where=lambda n, m: equal(n, m.shape[0])
)
def mahalanobis_student_t(k: Key, ν, m: Vector, S: Matrix, n: Integer):
    """The mean squared length of a Student t vector is an F variable."""
    return mahalanobis(multivariate_t(k, m, S, ν) - m, S) / n, f(k, n, ν)


# Mean and variance ---------------------------------------------------------------------


@relation("in law", source="Casella & Berger 2002, Thm 5.3.1")
def sample_variance(k: Key, m, s, n: Integer):
    """The sum of squares about the sample mean loses a degree of freedom."""
    x = normal(k, m, s, size=(n,))
    return (n - 1) * var(x, correction=1) / s**2, chi_square(k, n - 1)


@relation("in law", source="Casella & Berger 2002, Thm 5.3.1")
def plain_sample_variance(k: Key, m, s, n: Integer):
    """The sample variance is a gamma variable of mean s²."""
    x = normal(k, m, s, size=(n,))
    return var(x, correction=1), gamma(k, (n - 1) / 2, rate=(n - 1) / (2 * s**2))


@relation("in law", source="Casella & Berger 2002, Thm 5.3.1")
def sample_mean_and_variance(k: Key, m, s, n: Integer):
    """Mean and variance of a normal sample are independent."""
    k1, k2 = split(k)
    x = normal(k, m, s, size=(n,))
    return (mean(x), var(x, correction=1)), (
        normal(k1, m, s / sqrt(n)),
        s**2 * chi_square(k2, n - 1) / (n - 1),
    )


@relation("in law", source="Casella & Berger 2002, section 5.3.2")
def student_statistic(k: Key, m, s, n: Integer):
    """Student's quotient of the error of the mean and its estimated size."""
    x = normal(k, m, s, size=(n,))
    return (
        (mean(x) - m) / sqrt(var(x, correction=1) / n),
        student_t(k, n - 1, 0.0, 1.0),
    )


@relation("in law", source="Casella & Berger 2002, section 5.3.2")
def variance_ratio(k: Key, m1, m2, s, n1: Integer, n2: Integer):
    """The quotient of the variances of two samples with one true variance."""
    k1, k2 = split(k)
    return (
        var(normal(k1, m1, s, size=(n1,)), correction=1)
        / var(normal(k2, m2, s, size=(n2,)), correction=1),
        f(k, n1 - 1, n2 - 1),
    )


# Products ------------------------------------------------------------------------------


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 14")
def lognormal_sample_product(k: Key, m, s, n: Integer):
    """A product of log-normal variables: logarithms add."""
    return prod(lognormal(k, m, s, size=(n,))), lognormal(k, n * m, sqrt(n) * s)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1995, ch. 26")
def uniform_sample_product(k: Key, n: Integer):
    """A product of uniform variables: waiting times add."""
    return prod(uniform(k, 0.0, 1.0, size=(n,))), exp(-gamma(k, n, rate=1.0))


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 18")
def fisher_combination(k: Key, n: Integer):
    """Fisher's sum of logarithms of independent p-values."""
    return -2 * sum(log(uniform(k, 0.0, 1.0, size=(n,)))), chi_square(k, 2 * n)


# Directions ----------------------------------------------------------------------------


@relation("in law", source="Muirhead 1982, section 1.5", where=lambda n, i: [n >= 2, i >= 0, i < n])
def square_on_the_sphere(k: Key, s, n: Integer, i: Integer):
    """One of them."""
    z = normal(k, 0.0, s, size=(n,))
    return square(z[i]) / sum(square(z)), beta(k, 0.5, (n - 1) / 2)


@relation(
    "in law", source="Archimedes, On the Sphere and Cylinder", where=lambda i: [i >= 0, i < 3]
)
def height_on_the_sphere(k: Key, s, i: Integer):
    """In space, a coordinate of a direction is uniform."""
    z = normal(k, 0.0, s, size=(3,))
    return z[i] / sqrt(sum(square(z))), uniform(k, -1.0, 1.0)


@relation("in law", source="Johnson, Kotz & Balakrishnan 1994, ch. 13")
def normal_vector_mean(k: Key, m: Vector, s: Vector):
    """The mean of normals with means and spreads of their own."""
    return mean(normal(k, m, s)), normal(k, mean(m), sqrt(sum(s**2)) / m.shape[0])
