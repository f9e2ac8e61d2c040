"""Statements about vectors, matrices, counts and heavy tails: true ones and their near misses."""

# ruff: noqa: E741
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import pytest

import astragal as ag
from astragal import (
    Integer,
    Key,
    Positive,
    Relation,
    exp,
    log,
    maximum,
    minimum,
    relation,
    split,
    sqrt,
    where,
)
from astragal import random as r

FALSE: list[Relation] = []
TRUE: list[Relation] = []


def false(kind="in law", **options):
    return lambda f: FALSE.append(relation(kind, **options)(f))


def true(kind="in law", **options):
    return lambda f: TRUE.append(relation(kind, **options)(f))


def number(x):
    return ag.astype(x, "float64")


# -- a rate for a scale, a deviation for a variance -----------------------------------------------


@false()
def rayleigh_from_an_exponential_rate(k: Key, s):
    return sqrt(r.exponential(k, rate=2 * s**2)), r.rayleigh(k, s)


@true()
def rayleigh_from_an_exponential(k: Key, s):
    return sqrt(r.exponential(k, scale=2 * s**2)), r.rayleigh(k, s)


@false()
def maxwell_with_two_degrees(k: Key, s):
    return s * sqrt(r.chi_square(k, 2.0)), r.maxwell(k, s)


@true()
def maxwell_with_three_degrees(k: Key, s):
    return s * sqrt(r.chi_square(k, 3.0)), r.maxwell(k, s)


@false()
def nakagami_by_a_gamma_of_its_spread(k: Key, m, w):
    return sqrt(r.gamma(k, m, rate=m / w)), r.nakagami(k, m, w)


@true()
def nakagami_by_a_gamma(k: Key, m, w):
    return sqrt(r.gamma(k, m, rate=m / w**2)), r.nakagami(k, m, w)


@false()
def levy_scaled_by_a_root(k: Key, s, c: Positive):
    return c * r.levy(k, 0.0, s), r.levy(k, 0.0, sqrt(c) * s)


@false()
def inverse_gaussian_scaled_in_its_mean_alone(k: Key, m, s, c: Positive):
    return c * r.inverse_gaussian(k, m, s), r.inverse_gaussian(k, c * m, s)


@true()
def inverse_gaussian_scaled(k: Key, m, s, c: Positive):
    return c * r.inverse_gaussian(k, m, s), r.inverse_gaussian(k, c * m, c * s)


@false()
def inverse_gaussians_of_one_mean_added(k: Key, m, s, t):
    a, b = split(k)
    x, y = r.inverse_gaussian(a, m, s), r.inverse_gaussian(b, m, t)
    return x + y, r.inverse_gaussian(k, 2 * m, s + t)


@true()
def inverse_gaussians_of_one_ratio_added(k: Key, m, n, c: Positive):
    a, b = split(k)
    x, y = r.inverse_gaussian(a, m, c * m**2), r.inverse_gaussian(b, n, c * n**2)
    return x + y, r.inverse_gaussian(k, m + n, c * (m + n) ** 2)


@false()
def generalized_gamma_power_without_its_scale(k: Key, a, c, s):
    return r.generalized_gamma(k, a, c, s) ** c, r.gamma(k, a, scale=s)


@true()
def generalized_gamma_power(k: Key, a, c, s):
    return r.generalized_gamma(k, a, c, s) ** c, r.gamma(k, a, scale=s**c)


@false()
def gompertz_scaled_with_its_shape(k: Key, c, s, b: Positive):
    return b * r.gompertz(k, c, s), r.gompertz(k, b * c, b * s)


@true()
def gompertz_is_a_cut_off_extreme_value(k: Key, c, s):
    return s * ag.log1p(r.exponential(k, rate=c)), r.gompertz(k, c, s)


@false()
def pareto_log_with_the_scale(k: Key, a, s):
    return log(r.pareto(k, a, scale=s) / s), r.exponential(k, scale=a)


# -- right marginals, a wrong joint law -----------------------------------------------------------


@false()
def two_skellams_that_share_a_count(k: Key, l, m):
    a, b, c, d = split(k, 4)
    x, y, z, w = r.poisson(a, l), r.poisson(b, l), r.poisson(c, m), r.poisson(d, m)
    return (x - z, y - z), (x - z, y - w)


@false()
def polar_angle_beside_a_coordinate(k: Key):
    a, b, c, d = split(k, 4)
    x, y = r.normal(a, 0.0, 1.0), r.normal(b, 0.0, 1.0)
    u, v = r.normal(c, 0.0, 1.0), r.normal(d, 0.0, 1.0)
    return (x, y / x), (x, u / v)


@false()
def total_beside_the_first_share(k: Key, a, b, c):
    i, j, l = split(k, 3)
    x, y = r.gamma(i, a, rate=c), r.gamma(j, b, rate=c)
    return (x + y, x), (x + y, (x + y) * r.beta(l, b, a))


@true()
def total_beside_its_first_share(k: Key, a, b, c):
    i, j = split(k)
    x, y = r.gamma(i, a, rate=c), r.gamma(j, b, rate=c)
    t = r.gamma(i, a + b, rate=c)
    return (x + y, x), (t, t * r.beta(j, a, b))


@false()
def largest_and_smallest_of_three_apart(k: Key):
    a, b = split(k)
    x = ag.sort(r.exponential(k, rate=1.0, size=3))
    y = ag.sort(r.exponential(a, rate=1.0, size=3))
    z = ag.sort(r.exponential(b, rate=1.0, size=3))
    return (x[0], x[2]), (y[0], z[2])


@true()
def spacings_of_three_exponentials(k: Key):
    x = ag.sort(r.exponential(k, rate=1.0, size=3))
    a, b, c = split(k, 3)
    return (x[0], x[1] - x[0], x[2] - x[1]), (
        r.exponential(a, rate=3.0),
        r.exponential(b, rate=2.0),
        r.exponential(c, rate=1.0),
    )


@false()
def spacings_that_grow(k: Key):
    x = ag.sort(r.exponential(k, rate=1.0, size=3))
    a, b, c = split(k, 3)
    return (x[0], x[1] - x[0], x[2] - x[1]), (
        r.exponential(a, rate=3.0),
        r.exponential(b, rate=1.0),
        r.exponential(c, rate=2.0),
    )


@false()
def mean_and_variance_of_exponentials(k: Key):
    x = r.exponential(k, rate=1.0, size=4)
    a, b = split(k)
    y, z = r.exponential(a, rate=1.0, size=4), r.exponential(b, rate=1.0, size=4)
    return (ag.mean(x), ag.var(x)), (ag.mean(y), ag.var(z))


@true()
def mean_and_variance_of_normals(k: Key, m, s):
    x = r.normal(k, m, s, size=4)
    a, b = split(k)
    y, z = r.normal(a, m, s, size=4), r.normal(b, m, s, size=4)
    return (ag.mean(x), ag.var(x)), (ag.mean(y), ag.var(z))


@false()
def three_pairwise_free_signs(k: Key):
    a, b, c = split(k, 3)
    x, y, z = (2.0 * number(r.bernoulli(i, 0.5)) - 1.0 for i in (a, b, c))
    return (x, y, x * y), (x, y, z)


@true()
def two_signs_and_their_product(k: Key):
    a, b = split(k)
    x, y = (2.0 * number(r.bernoulli(i, 0.5)) - 1.0 for i in (a, b))
    return (x, x * y), (x, y)


@false()
def shock_common_to_two_lives(k: Key, a, b, c):
    i, j, l, o = split(k, 4)
    x, y, z = r.exponential(i, rate=a), r.exponential(j, rate=b), r.exponential(l, rate=c)
    return (minimum(x, z), minimum(y, z)), (
        minimum(x, z),
        minimum(y, r.exponential(o, rate=c)),
    )


# -- order statistics -----------------------------------------------------------------------------


@false()
def third_of_seven_counted_from_one(k: Key):
    return ag.sort(r.uniform(k, 0.0, 1.0, size=7))[3], r.beta(k, 3.0, 5.0)


@true()
def third_of_seven(k: Key):
    return ag.sort(r.uniform(k, 0.0, 1.0, size=7))[2], r.beta(k, 3.0, 5.0)


@false()
def smallest_of_paretos(k: Key, a, s):
    return ag.min(r.pareto(k, a, scale=s, size=4)), r.pareto(k, 3 * a, scale=s)


@true()
def smallest_of_four_paretos(k: Key, a, s):
    return ag.min(r.pareto(k, a, scale=s, size=4)), r.pareto(k, 4 * a, scale=s)


@false()
def largest_of_gumbels(k: Key, m, s):
    return ag.max(r.gumbel(k, m, s, size=5)), r.gumbel(k, m + s * 1.3862943611198906, s)


@true()
def largest_of_five_gumbels(k: Key, m, s):
    return ag.max(r.gumbel(k, m, s, size=5)), r.gumbel(k, m + s * 1.6094379124341003, s)


@false()
def largest_of_kumaraswamys(k: Key, a, b):
    return ag.max(r.kumaraswamy(k, a, b, size=3)), r.kumaraswamy(k, 3 * a, b)


@true()
def smallest_of_kumaraswamys(k: Key, a, b):
    return ag.min(r.kumaraswamy(k, a, b, size=3)), r.kumaraswamy(k, a, 3 * b)


@true()
def largest_of_powers(k: Key, a, s):
    return ag.max(r.power(k, a, s, size=3)), r.power(k, 3 * a, s)


@false()
def median_of_five_as_of_four(k: Key):
    return ag.sort(r.uniform(k, 0.0, 1.0, size=5))[2], r.beta(k, 2.5, 2.5)


# -- vectors and matrices -------------------------------------------------------------------------

COV = [[1.3, 0.4], [0.4, 0.8]]


@false()
def correlation_lost_in_a_slice(k: Key, a, b):
    i, j = split(k)
    x = r.multivariate_normal(k, ag.stack([a, b]), ag.constant(COV))
    return (x[0], x[1]), (r.normal(i, a, sqrt(1.3)), r.normal(j, b, sqrt(0.8)))


@true()
def one_part_after_the_other(k: Key, a, b):
    i, j = split(k)
    x = r.multivariate_normal(k, ag.stack([a, b]), ag.constant(COV))
    u = r.normal(i, a, sqrt(1.3))
    v = r.normal(j, b + 0.4 / 1.3 * (u - a), sqrt(0.8 - 0.16 / 1.3))
    return (x[0], x[1]), (u, v)


@false()
def slope_of_the_other_variable(k: Key, a, b):
    i, j = split(k)
    x = r.multivariate_normal(k, ag.stack([a, b]), ag.constant(COV))
    u = r.normal(i, a, sqrt(1.3))
    v = r.normal(j, b + 0.4 / 0.8 * (u - a), sqrt(0.8 - 0.16 / 1.3))
    return (x[0], x[1]), (u, v)


@false()
def difference_without_the_covariance(k: Key, a, b):
    x = r.multivariate_normal(k, ag.stack([a, b]), ag.constant(COV))
    return x[0] - x[1], r.normal(k, a - b, sqrt(2.1))


@true()
def difference_with_the_covariance(k: Key, a, b):
    x = r.multivariate_normal(k, ag.stack([a, b]), ag.constant(COV))
    return x[0] - x[1], r.normal(k, a - b, sqrt(1.3))


@false()
def quadratic_form_with_a_degree_too_many(k: Key, a, b):
    m = ag.stack([a, b])
    x = r.multivariate_normal(k, m, ag.constant(COV)) - m
    return ag.sum(x * ag.linalg.solve(ag.constant(COV), x)), r.chi_square(k, 3.0)


@true()
def quadratic_form_of_a_normal_vector(k: Key, a, b):
    m = ag.stack([a, b])
    x = r.multivariate_normal(k, m, ag.constant(COV)) - m
    return ag.sum(x * ag.linalg.solve(ag.constant(COV), x)), r.chi_square(k, 2.0)


@false()
def factor_from_the_wrong_side(k: Key):
    root = ag.linalg.cholesky(ag.constant(COV))
    z = r.normal(k, 0.0, 1.0, size=2)
    return ag.matmul(ag.matrix_transpose(root), z), ag.matmul(root, z)


@false()
def orthogonal_by_a_shear(k: Key, s):
    x = r.normal(k, 0.0, s, size=2)
    return ag.matmul(ag.constant([[0.6, 0.8], [0.8, 0.6]]), x), x


@true()
def orthogonal_by_a_reflection(k: Key, s):
    x = r.normal(k, 0.0, s, size=2)
    return ag.matmul(ag.constant([[0.6, 0.8], [0.8, -0.6]]), x), x


@false()
def trace_of_a_wishart_by_its_order(k: Key):
    x = r.wishart(k, 5.0, ag.constant([[1.0, 0.0], [0.0, 1.0]]))
    return x[0, 0] + x[1, 1], r.chi_square(k, 5.0)


@true()
def trace_of_a_wishart(k: Key):
    x = r.wishart(k, 5.0, ag.constant([[1.0, 0.0], [0.0, 1.0]]))
    return x[0, 0] + x[1, 1], r.chi_square(k, 10.0)


@false()
def corner_of_a_wishart(k: Key):
    x = r.wishart(k, 6.0, ag.constant(COV))
    return x[1, 1] / 1.3, r.chi_square(k, 6.0)


@false()
def residual_of_a_wishart(k: Key):
    x = r.wishart(k, 6.0, ag.constant([[1.0, 0.0], [0.0, 1.0]]))
    return x[1, 1] - x[0, 1] ** 2 / x[0, 0], r.chi_square(k, 6.0)


@true()
def residual_of_a_wishart_has_a_degree_less(k: Key):
    x = r.wishart(k, 6.0, ag.constant([[1.0, 0.0], [0.0, 1.0]]))
    return x[1, 1] - x[0, 1] ** 2 / x[0, 0], r.chi_square(k, 5.0)


@false()
def rows_and_columns_of_a_matrix_normal(k: Key):
    m = ag.constant([[0.0, 0.0], [0.0, 0.0]])
    row, col = ag.constant(COV), ag.constant([[1.0, -0.3], [-0.3, 0.5]])
    return r.matrix_normal(k, m, row, col), r.matrix_normal(k, m, col, row)


@true()
def matrix_normal_turned(k: Key):
    m = ag.constant([[0.0, 1.0], [-0.5, 0.3]])
    row, col = ag.constant(COV), ag.constant([[1.0, -0.3], [-0.3, 0.5]])
    return ag.matrix_transpose(r.matrix_normal(k, m, row, col)), r.matrix_normal(
        k, ag.matrix_transpose(m), col, row
    )


@false()
def shares_merged_by_their_mean(k: Key, a, b, c):
    i, j = split(k)
    x = r.dirichlet(i, ag.stack([a, b, c]))
    return x[0] + x[1], r.beta(j, (a + b) / 2, c)


@true()
def shares_merged(k: Key, a, b, c):
    x = r.dirichlet(k, ag.stack([a, b, c]))
    return x[0] + x[1], r.beta(k, a + b, c)


@false()
def share_of_the_rest_keeps_the_total(k: Key, a, b, c):
    x = r.dirichlet(k, ag.stack([a, b, c]))
    return x[0] / (x[0] + x[1]), r.beta(k, a, b + c)


@true()
def share_of_the_rest(k: Key, a, b, c):
    x = r.dirichlet(k, ag.stack([a, b, c]))
    return x[0] / (x[0] + x[1]), r.beta(k, a, b)


@false()
def cells_given_their_total_with_equal_chances(k: Key, p):
    x = r.multinomial(k, 6, ag.stack([p / 3, 2 * p / 3, 1.0 - p]))
    i, j = split(k)
    n = r.binomial(i, 6, p)
    return (x[0], x[1]), (r.binomial(j, n, 0.5), n - r.binomial(j, n, 0.5))


@true()
def cells_given_their_total(k: Key, p):
    x = r.multinomial(k, 6, ag.stack([p / 3, 2 * p / 3, 1.0 - p]))
    i, j = split(k)
    n = r.binomial(i, 6, p)
    m = r.binomial(j, n, 1.0 / 3.0)
    return (x[0], x[1]), (m, n - m)


@false()
def walk_that_forgets_its_start(k: Key, s):
    x = r.random_walk(k, 3, 1.0, 0.0, s)
    return x[2], r.normal(k, 1.0, s * sqrt(2.0))


@true()
def last_place_of_a_walk(k: Key, s):
    x = r.random_walk(k, 3, 1.0, 0.0, s)
    return x[2] - x[0], r.normal(k, 0.0, s * sqrt(2.0))


@false()
def softmax_of_a_subset_of_noises(k: Key, a, b):
    x = ag.stack([a, b, 0.0 * a])
    return ag.argmax(x + r.gumbel(k, 0.0, 1.0, size=3)), r.categorical(k, ag.softmax(2.0 * x))


# -- counts ---------------------------------------------------------------------------------------


@false()
def range_of_a_die_without_its_last_face(k: Key):
    return r.discrete_uniform(k, 1, 6), r.discrete_uniform(k, 1, 7)


@false()
def planck_from_one(k: Key, l):
    return r.planck(k, l), r.geometric(k, 1.0 - exp(-l))


@true()
def planck_from_zero(k: Key, l):
    return r.planck(k, l), r.geometric(k, 1.0 - exp(-l)) - 1


@false()
def laplace_of_counts_with_one_zero(k: Key, a):
    i, j = split(k)
    return r.geometric(i, 1.0 - exp(-a)) - r.geometric(j, 1.0 - exp(-2 * a)), r.discrete_laplace(
        k, a
    )


@true()
def laplace_of_counts(k: Key, a):
    i, j = split(k)
    p = 1.0 - exp(-a)
    return r.geometric(i, p) - r.geometric(j, p), r.discrete_laplace(k, a)


@false()
def zero_inflated_counts_once(k: Key, p, l):
    i, j = split(k)
    x = number(r.poisson(i, l))
    return where(r.uniform(j, 0.0, 1.0) < p, x, 0.0), number(r.poisson(k, p * l))


@false()
def compound_count_with_the_wrong_zero(k: Key, p):
    x = r.negative_binomial(k, 2.0, p)
    return ag.given(x, x >= 1), 1 + r.negative_binomial(k, 2.0, p)


@false()
def hypergeometric_of_what_is_left(k: Key):
    return 5 - r.hypergeometric(k, 9, 6, 5), r.hypergeometric(k, 6, 9, 6)


@true()
def hypergeometric_of_the_others(k: Key):
    return 5 - r.hypergeometric(k, 9, 6, 5), r.hypergeometric(k, 6, 9, 5)


@true()
def hypergeometric_of_thousands(k: Key):
    return r.hypergeometric(k, 700, 500, 90), r.hypergeometric(k, 90, 1110, 700)


@false()
def poisson_given_a_total_of_unlike_rates(k: Key, l, m):
    a, b = split(k)
    x, y = r.poisson(a, l), r.poisson(b, m)
    return ag.given(x, ag.equal(x + y, 5)), r.binomial(k, 5, l / (l + 2 * m))


@true()
def poisson_given_a_total(k: Key, l, m):
    a, b = split(k)
    x, y = r.poisson(a, l), r.poisson(b, m)
    return ag.given(x, ag.equal(x + y, 5)), r.binomial(k, 5, l / (l + m))


@true()
def poisson_of_a_large_mean_split(k: Key):
    a, b = split(k)
    return r.poisson(a, 900.0) + r.poisson(b, 350.0), r.poisson(k, 1250.0)


@false()
def poisson_of_a_large_mean_off_by_one(k: Key):
    return r.poisson(k, 900.0), r.poisson(k, 899.0)


@false()
def binomials_of_unlike_chances(k: Key, p):
    a, b = split(k)
    x = r.binomial(a, 4, p / 2) + r.binomial(b, 4, p / 4)
    return x, r.binomial(k, 8, 3 * p / 8)


# -- wrong far out, or at some settings alone -----------------------------------------------------


@false()
def student_of_six_with_a_constant_of_five(k: Key):
    a, b = split(k)
    return r.normal(a, 0.0, 1.0) * sqrt(6.0 / r.chi_square(b, 6.0)), r.student_t(k, 6.2, 0.0, 1.0)


@false()
def half_logistic_doubled_in_its_tail(k: Key, s):
    return ag.abs(r.logistic(k, 0.0, s)), r.half_logistic(k, s * 1.01)


@true()
def half_logistic_by_a_fold(k: Key, s):
    return ag.abs(r.logistic(k, 0.0, s)), r.half_logistic(k, s)


@false()
def secant_for_a_logistic(k: Key):
    x = r.hyperbolic_secant(k, 0.0, 1.0)
    return x, r.logistic(k, 0.0, 0.8660254037844386)


@true()
def secant_by_a_cauchy(k: Key):
    return ag.asinh(r.cauchy(k, 0.0, 1.0)), r.hyperbolic_secant(k, 0.0, 1.0)


@false()
def generalized_normal_at_two_and_a_bit(k: Key, m, s):
    return r.generalized_normal(k, 2.05, m, s), r.normal(k, m, s / sqrt(2.0))


@true()
def generalized_normal_at_two(k: Key, m, s):
    return r.generalized_normal(k, 2.0, m, s), r.normal(k, m, s / sqrt(2.0))


@false()
def generalized_pareto_at_its_limit(k: Key, s):
    return r.generalized_pareto(k, 0.02, 0.0, s), r.exponential(k, scale=s)


@false()
def weibull_of_a_large_index_as_gumbel(k: Key):
    x = 50.0 * (r.weibull(k, 50.0, 1.0) - 1.0)
    return x, r.gumbel_minimum(k, 0.0, 1.0)


@false()
def von_mises_for_a_wrapped_normal(k: Key, s):
    return r.normal(k, 0.0, minimum(s, 0.6)) % 6.283185307179586, r.von_mises(
        k, 0.0, 1 / minimum(s, 0.6) ** 2
    ) % 6.283185307179586


@false()
def lognormal_with_its_mean(k: Key, m, s):
    a, b = split(k)
    return r.lognormal(a, m, s) * r.lognormal(b, m, s), r.lognormal(k, 2 * m, 2 * s)


@true()
def lognormals_multiplied_far_out(k: Key, m):
    a, b = split(k)
    return r.lognormal(a, m, 30.0) * r.lognormal(b, m, 40.0), r.lognormal(k, 2 * m, 50.0)


@false()
def noncentral_shift_of_one_sign(k: Key, d):
    a, b = split(k)
    x = r.normal(a, d, 1.0) / sqrt(r.chi_square(b, 5.0) / 5.0)
    return x, r.noncentral_t(k, 5.0, ag.abs(d))


@true()
def noncentral_t_by_its_parts(k: Key, d):
    a, b = split(k)
    return r.normal(a, d, 1.0) / sqrt(r.chi_square(b, 5.0) / 5.0), r.noncentral_t(k, 5.0, d)


@false()
def skewed_by_a_half_normal_of_the_wrong_weight(k: Key, a):
    i, j = split(k)
    d = a / sqrt(1 + a**2)
    x = d * ag.abs(r.normal(i, 0.0, 1.0)) + (1 - d**2) * r.normal(j, 0.0, 1.0)
    return x, r.skew_normal(k, 0.0, 1.0, a)


@true()
def skewed_by_a_half_normal(k: Key, a):
    i, j = split(k)
    d = a / sqrt(1 + a**2)
    x = d * ag.abs(r.normal(i, 0.0, 1.0)) + sqrt(1 - d**2) * r.normal(j, 0.0, 1.0)
    return x, r.skew_normal(k, 0.0, 1.0, a)


@true()
def frechet_of_a_tiny_shape(k: Key, s):
    return s * r.exponential(k, rate=1.0) ** (-20.0), r.frechet(k, 0.05, scale=s)


@true()
def burr_of_heavy_tails(k: Key, s):
    u = r.uniform(k, 0.0, 1.0)
    return s * (u**-5.0 - 1.0) ** 4.0, r.burr(k, 0.25, 0.2, s)


@false()
def burr_and_dagum_exchanged(k: Key, c, d, s):
    return r.burr(k, c, d, s), r.dagum(k, c, d, s)


@true()
def burr_is_a_dagum_inverted(k: Key, c, d, s):
    return 1.0 / r.burr(k, c, d, s), r.dagum(k, c, d, 1.0 / s)


@true()
def beta_of_tiny_parameters_mirrored(k: Key):
    return 1.0 - r.beta(k, 0.3, 0.02), r.beta(k, 0.02, 0.3)


@true()
def odds_of_a_beta_of_small_parameters(k: Key):
    x = r.beta(k, 0.1, 0.15)
    return x / (1.0 - x), r.beta_prime(k, 0.1, 0.15)


# -- conditions at an edge ------------------------------------------------------------------------


@false(where=lambda m, c: c >= m - 0.3)
def uniform_cut_off_a_little_low(k: Key, m, c):
    x = r.uniform(k, m, m + 2.0)
    return ag.given(x, x > c), r.uniform(k, c, m + 2.0)


@true(where=lambda m, c: [c >= m, c < m + 1.5])
def uniform_cut_off(k: Key, m, c):
    x = r.uniform(k, m, m + 2.0)
    return ag.given(x, x > c), r.uniform(k, c, m + 2.0)


@false(where=lambda c: c >= -0.2)
def excess_of_a_lomax_from_below(k: Key, a, s, c):
    x = r.lomax(k, a, s)
    return ag.given(x - c, x > c), r.lomax(k, a, s + c)


@true(where=lambda c: c >= 0.0)
def excess_of_a_lomax(k: Key, a, s, c):
    x = r.lomax(k, a, s)
    return ag.given(x - c, x > c), r.lomax(k, a, s + c)


@false("sure", where=lambda c: c > -1.0)
def root_of_a_square_that_may_be_negative(k: Key, c, b):
    x = c + r.exponential(k, rate=b)
    return sqrt(x**2), x


@true("sure", where=lambda c: c >= 0.0)
def root_of_a_square_that_may_not(k: Key, c, b):
    x = c + r.exponential(k, rate=b)
    return sqrt(x**2), x


# -- posteriors -----------------------------------------------------------------------------------


@false("reversal")
def weibull_predictive_of_the_wrong_power(kt: Key, ky: Key, a, b, c):
    t = r.gamma(kt, a, rate=b)
    yield t, r.weibull(ky, c, t ** (-1 / c))
    y = r.burr(ky, c, a, b)
    yield r.gamma(kt, a + 1, rate=b + y**c), y


@true("reversal")
def weibull_predictive(kt: Key, ky: Key, a, b, c):
    t = r.gamma(kt, a, rate=b)
    yield t, r.weibull(ky, c, t ** (-1 / c))
    y = r.burr(ky, c, a, b ** (1 / c))
    yield r.gamma(kt, a + 1, rate=b + y**c), y


@false("reversal")
def rayleigh_variance_counted_twice(kv: Key, ky: Key, a, b):
    v = r.inverse_gamma(kv, a, scale=b)
    yield v, r.rayleigh(ky, sqrt(v))
    y = sqrt(2 * r.lomax(ky, a, b))
    yield r.inverse_gamma(kv, a + 1, scale=b + y**2), y


@true("reversal")
def rayleigh_variance(kv: Key, ky: Key, a, b):
    v = r.inverse_gamma(kv, a, scale=b)
    yield v, r.rayleigh(ky, sqrt(v))
    y = sqrt(2 * r.lomax(ky, a, b))
    yield r.inverse_gamma(kv, a + 1, scale=b + y**2 / 2), y


@false("conditional")
def pareto_shape_without_its_scale(ka: Key, ky: Key, a, b, m):
    s = r.gamma(ka, a, rate=b)
    y = r.pareto(ky, s, scale=m, size=3)
    yield s, y
    yield r.gamma(ka, a + 3.0, rate=b + ag.sum(log(y))), y


@true("conditional")
def pareto_shape(ka: Key, ky: Key, a, b, m):
    s = r.gamma(ka, a, rate=b)
    y = r.pareto(ky, s, scale=m, size=3)
    yield s, y
    yield r.gamma(ka, a + 3.0, rate=b + ag.sum(log(y / m))), y


@false("conditional")
def laplace_scale_by_squares(ks: Key, ky: Key, a, b, m):
    s = r.inverse_gamma(ks, a, scale=b)
    y = r.laplace(ky, m, s, size=4)
    yield s, y
    yield r.inverse_gamma(ks, a + 4.0, scale=b + ag.sum((y - m) ** 2)), y


@true("conditional")
def laplace_scale(ks: Key, ky: Key, a, b, m):
    s = r.inverse_gamma(ks, a, scale=b)
    y = r.laplace(ky, m, s, size=4)
    yield s, y
    yield r.inverse_gamma(ks, a + 4.0, scale=b + ag.sum(ag.abs(y - m))), y


@false("conditional")
def shares_with_a_count_too_few(kp: Key, ky: Key, a, b, c):
    p = r.dirichlet(kp, ag.stack([a, b, c]))
    y = r.multinomial(ky, 5, p)
    yield p, y
    yield r.dirichlet(kp, ag.stack([a, b, c]) + maximum(number(y) - 1.0, 0.0)), y


@true("conditional")
def shares_of_counts(kp: Key, ky: Key, a, b, c):
    p = r.dirichlet(kp, ag.stack([a, b, c]))
    y = r.multinomial(ky, 5, p)
    yield p, y
    yield r.dirichlet(kp, ag.stack([a, b, c]) + number(y)), y


@false("conditional")
def mean_of_a_vector_with_the_covariance_twice(km: Key, ky: Key, a, b):
    cov, one = ag.constant(COV), ag.constant([[1.0, 0.0], [0.0, 1.0]])
    m = r.multivariate_normal(km, ag.stack([a, b]), one)
    y = r.multivariate_normal(ky, m, cov)
    yield m, y
    gain = ag.linalg.inv(one + cov)
    after = ag.matmul(gain, ag.matmul(cov, ag.stack([a, b])) + y)
    yield r.multivariate_normal(km, after, ag.matmul(gain, ag.matmul(cov, cov))), y


@true("conditional")
def mean_of_a_vector(km: Key, ky: Key, a, b):
    cov, one = ag.constant(COV), ag.constant([[1.0, 0.0], [0.0, 1.0]])
    m = r.multivariate_normal(km, ag.stack([a, b]), one)
    y = r.multivariate_normal(ky, m, cov)
    yield m, y
    gain = ag.linalg.inv(one + cov)
    after = ag.matmul(gain, ag.matmul(cov, ag.stack([a, b])) + y)
    spread = ag.matmul(gain, cov)
    yield r.multivariate_normal(km, after, (spread + ag.matrix_transpose(spread)) / 2.0), y


@false("conditional")
def truncated_by_data_of_the_other_end(kt: Key, ky: Key, a, m):
    t = r.power(kt, a, m)
    y = r.pareto(ky, 2.0, scale=t, size=2)
    yield t, y
    yield r.power(kt, a + 4.0, minimum(m, ag.max(y))), y


@true("conditional")
def scale_of_a_pareto_by_a_power(kt: Key, ky: Key, a, m):
    t = r.power(kt, a, m)
    y = r.pareto(ky, 2.0, scale=t, size=2)
    yield t, y
    yield r.power(kt, a + 4.0, minimum(m, ag.min(y))), y


@false("reversal")
def posterior_right_evidence_of_a_fixed_chance(kp: Key, ky: Key, a, b, n: Integer):
    p = r.beta(kp, a, b)
    yield p, r.binomial(ky, n, p)
    y = r.binomial(ky, n, a / (a + b))
    yield r.beta(kp, a + y, b + n - y), y


@false("reversal")
def geometric_predictive_from_zero(kp: Key, ky: Key, a, b):
    p = r.beta(kp, a, b)
    yield p, r.geometric(ky, p)
    y = r.beta_negative_binomial(ky, 1.0, a, b)
    yield r.beta(kp, a + 1, b + y - 1), y


@false("reversal")
def variable_that_others_read_is_dropped(ka: Key, kb: Key, kc: Key, s, t, u):
    x = r.normal(ka, 0.0, s)
    y = r.normal(kb, x, t)
    yield x, y, r.normal(kc, x + y, u)
    w = r.normal(kb, 0.0, sqrt(s**2 + t**2))
    g = s**2 / (s**2 + t**2)
    z = r.normal(ka, g * w, sqrt(g) * t)
    yield z, w, r.normal(kc, (1 + g) * w, sqrt(u**2 + g * t**2))


@true("reversal")
def variable_that_others_read_is_turned(ka: Key, kb: Key, kc: Key, s, t, u):
    x = r.normal(ka, 0.0, s)
    y = r.normal(kb, x, t)
    yield x, y, r.normal(kc, x + y, u)
    w = r.normal(kb, 0.0, sqrt(s**2 + t**2))
    g = s**2 / (s**2 + t**2)
    z = r.normal(ka, g * w, sqrt(g) * t)
    yield z, w, r.normal(kc, z + w, u)


# -- values ---------------------------------------------------------------------------------------


@false("sure")
def log_of_a_product_of_any_sign(k: Key, m, s):
    a, b = split(k)
    x, y = r.normal(a, m, s), r.normal(b, m, s)
    return log(ag.abs(x * y)) + 0.0 * x, log(ag.abs(x)) + log(maximum(y, 1e-3))


@false("sure")
def cumulative_sum_shifted(k: Key, s):
    x = r.exponential(k, rate=s, size=4)
    return ag.cumulative_sum(x), ag.cumulative_sum(x) - x


@true("sure")
def inverse_of_a_product(k: Key):
    x = r.wishart(k, 7.0, ag.constant(COV))
    return ag.linalg.inv(2.0 * x), ag.linalg.inv(x) / 2.0


@false("sure")
def determinant_of_a_sum(k: Key):
    x = r.wishart(k, 7.0, ag.constant(COV))
    return ag.linalg.det(x + x), 2.0 * ag.linalg.det(x)


@true("sure")
def determinant_of_twice(k: Key):
    x = r.wishart(k, 7.0, ag.constant(COV))
    return ag.linalg.det(x + x), 4.0 * ag.linalg.det(x)


@true("sure")
def log_of_one_minus_a_chance(k: Key, a):
    x = r.gamma(k, a, rate=1.0)
    return ag.log1p(-exp(-x)), log(-ag.expm1(-x))


@pytest.mark.slow
@pytest.mark.parametrize("rule", FALSE, ids=lambda r: r.name)
def test_a_near_miss_is_rejected_with_a_counterexample(rule: Relation) -> None:
    verdict = ag.verify(rule, effort="fast")
    assert not verdict.holds, verdict.evidence
    assert verdict.counterexample, verdict.evidence


@pytest.mark.slow
@pytest.mark.parametrize("rule", TRUE, ids=lambda r: r.name)
def test_what_is_true_at_hard_settings_is_accepted(rule: Relation) -> None:
    verdict = ag.verify(rule, effort="quick")
    assert verdict.holds, (verdict.evidence, verdict.counterexample)


def test_there_are_a_hundred() -> None:
    assert len(FALSE) >= 60
    assert len(TRUE) >= 40
