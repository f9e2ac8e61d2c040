"""Mistakes that are easily made and hard to see are rejected; true statements like them hold."""

# ruff: noqa: E741
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import pytest

import astragal as ag
from astragal import (
    Integer,
    Key,
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


# -- a rate for a scale, a variance for a standard deviation --------------------------------------


@true()
def three_waits_by_rates(k: Key, a, b, c):
    x, y, z = (r.exponential(i, rate=q) for i, q in zip(split(k, 3), (a, b, c), strict=True))
    return minimum(minimum(x, y), z), r.exponential(k, rate=a + b + c)


@false()
def three_waits_by_harmonic_mean(k: Key, a, b, c):
    x, y, z = (r.exponential(i, rate=q) for i, q in zip(split(k, 3), (a, b, c), strict=True))
    return minimum(minimum(x, y), z), r.exponential(k, rate=9 / (1 / a + 1 / b + 1 / c))


@true()
def four_waits_one_after_the_other(k: Key, b):
    return ag.sum(r.exponential(k, scale=b, size=4)), r.gamma(k, 4.0, scale=b)


@false()
def four_waits_with_the_scale_for_the_rate(k: Key, b):
    return ag.sum(r.exponential(k, scale=b, size=4)), r.gamma(k, 4.0, rate=b)


@true()
def mean_of_twelve_normals(k: Key, m, s):
    return ag.mean(r.normal(k, m, s, size=12)), r.normal(k, m, s / sqrt(12.0))


@false()
def mean_of_twelve_normals_with_a_variance(k: Key, m, s):
    return ag.mean(r.normal(k, m, s, size=12)), r.normal(k, m, s**2 / sqrt(12.0))


@true()
def root_of_an_exponential(k: Key, s):
    return sqrt(r.exponential(k, scale=2 * s**2)), r.rayleigh(k, s)


@false()
def root_of_an_exponential_without_the_square(k: Key, s):
    return sqrt(r.exponential(k, scale=2 * s)), r.rayleigh(k, s)


# -- missing independence -------------------------------------------------------------------------


@true()
def sums_that_share_a_term(k: Key, s, t, u):
    a, b, c = split(k, 3)
    x, y, z = r.normal(a, 0.0, s), r.normal(b, 0.0, t), r.normal(c, 0.0, u)
    return (x + y) + (x + z), r.normal(k, 0.0, sqrt(4 * s**2 + t**2 + u**2))


@false()
def sums_that_share_a_term_taken_apart(k: Key, s, t, u):
    a, b, c = split(k, 3)
    x, y, z = r.normal(a, 0.0, s), r.normal(b, 0.0, t), r.normal(c, 0.0, u)
    return (x + y) + (x + z), r.normal(k, 0.0, sqrt(2 * s**2 + t**2 + u**2))


@false()
def one_key_for_two_normals(k: Key, m1, s1, m2, s2):
    return r.normal(k, m1, s1) + r.normal(k, m2, s2), r.normal(k, m1 + m2, sqrt(s1**2 + s2**2))


@false()
def a_key_and_its_own_child(k: Key, l, u):
    return r.poisson(k, l) + r.poisson(split(k)[0], u), r.poisson(split(k)[1], l + u)


@true()
def mean_and_variance_of_normals(k: Key, s):
    a, b = split(k)
    x = r.normal(k, 0.0, s, size=3)
    return (ag.mean(x), ag.var(x, correction=1)), (
        r.normal(a, 0.0, s / sqrt(3.0)),
        s**2 * r.chi_square(b, 2.0) / 2.0,
    )


@false()
def mean_and_variance_of_exponentials(k: Key):
    a, b = split(k)
    x, y = r.exponential(k, rate=1.0, size=3), r.exponential(b, rate=1.0, size=3)
    return (ag.mean(x), ag.var(x)), (r.gamma(a, 3.0, rate=3.0), ag.var(y))


# -- every pair independent, all three not --------------------------------------------------------


@false()
def three_coins_of_which_two_decide(k: Key):
    a, b, c = split(k, 3)
    x, y, z = (r.bernoulli(i, 0.5) for i in (a, b, c))
    u, v = ag.astype(x, "int64"), ag.astype(y, "int64")
    return (u, v, ag.abs(u - v)), (u, v, ag.astype(z, "int64"))


@true()
def two_coins_make_a_third(k: Key):
    a, b = split(k)
    x, y = (ag.astype(r.bernoulli(i, 0.5), "int64") for i in (a, b))
    return (x, ag.abs(x - y)), (x, y)


@false()
def three_normals_whose_signs_multiply_to_one(k: Key):
    a, b, c = split(k, 3)
    x, y, z = (r.normal(i, 0.0, 1.0) for i in (a, b, c))
    same = where(x * y > 0.0, 1.0, -1.0)
    return (x, y, same * ag.abs(z)), (x, y, z)


@true()
def a_normal_with_the_sign_of_another(k: Key):
    a, b = split(k)
    x, y = r.normal(a, 0.0, 1.0), r.normal(b, 0.0, 1.0)
    return (x, where(x > 0.0, 1.0, -1.0) * y), (x, y)


# -- right marginals, a wrong joint law -----------------------------------------------------------


@true()
def uniform_pair_turned_round(k: Key):
    u = r.uniform(k, 0.0, 1.0)
    return (u, 1.0 - u), (1.0 - u, u)


@false()
def uniform_pair_turned_once(k: Key):
    u = r.uniform(k, 0.0, 1.0)
    return (u, 1.0 - u), (u, u)


@false()
def copulas_of_nearly_one_correlation(k: Key):
    a, b = split(k)
    x, y = r.normal(a, 0.0, 1.0), r.normal(b, 0.0, 1.0)
    return (x, 0.6 * x + 0.8 * y), (x, 0.59 * x + sqrt(1.0 - 0.59**2) * y)


@true()
def copula_of_two_frailties(k: Key, a):
    i, j, l = split(k, 3)
    v = r.gamma(i, a, rate=1.0)
    x, y = r.exponential(j, rate=1.0), r.exponential(l, rate=1.0)
    return (x / v, y / v), (r.exponential(j, rate=v), r.exponential(l, rate=v))


@false()
def copula_of_two_frailties_drawn_apart(k: Key, a):
    i, j, l, o = split(k, 4)
    v, w = r.gamma(i, a, rate=1.0), r.gamma(o, a, rate=1.0)
    x, y = r.exponential(j, rate=1.0), r.exponential(l, rate=1.0)
    return (x / v, y / v), (x / v, y / w)


@false()
def spread_of_two_uniforms_beside_the_least(k: Key):
    a, b = split(k)
    x, y = r.uniform(a, 0.0, 1.0), r.uniform(b, 0.0, 1.0)
    return (minimum(x, y), maximum(x, y) - minimum(x, y)), (
        r.beta(a, 1.0, 2.0),
        r.beta(b, 1.0, 2.0),
    )


@true()
def spread_of_two_waits_beside_the_first(k: Key, b):
    c, d = split(k)
    x, y = r.exponential(c, rate=b), r.exponential(d, rate=b)
    return (minimum(x, y), ag.abs(x - y)), (r.exponential(c, rate=2 * b), r.exponential(d, rate=b))


@false()
def share_beside_a_total_of_unequal_rates(k: Key, a, b):
    c, d = split(k)
    x, y = r.exponential(c, rate=a), r.exponential(d, rate=a + b)
    e, f = split(d)
    v, w = r.exponential(e, rate=a), r.exponential(f, rate=a + b)
    return (x / (x + y), x + y), (x / (x + y), v + w)


# -- right only where a parameter is whole, one, or of one sign -----------------------------------


@false()
def gamma_of_a_whole_shape(k: Key, a, b):
    return r.gamma(k, a, rate=b), r.gamma(k, ag.ceil(a), rate=b)


@false()
def gamma_of_a_shape_above_one(k: Key, a, b):
    return r.gamma(k, a, rate=b), r.gamma(k, maximum(a, 1.0), rate=b)


@false()
def mean_that_loses_its_sign(k: Key, m, s):
    return r.normal(k, m, s), r.normal(k, ag.abs(m), s)


@true()
def square_that_loses_its_sign(k: Key, m, s):
    return r.normal(k, m, s) ** 2, r.normal(k, ag.abs(m), s) ** 2


@false()
def root_of_a_squared_slope(k: Key, c, m, s):
    return c * r.normal(k, m, s), r.normal(k, sqrt(c**2) * m, sqrt(c**2) * s)


@false()
def truncated_to_the_larger_of_two(k: Key, a, b, m):
    return r.pareto(k, a, scale=b), r.pareto(k, a, scale=maximum(b, m))


@false()
def a_rate_capped_at_four(k: Key, b):
    return r.exponential(k, rate=b), r.exponential(k, rate=minimum(b, 4.0))


@false()
def power_of_a_weibull_at_shape_one(k: Key, c, s, p):
    return r.weibull(k, c, s) ** p, r.weibull(k, c / p, s**c)


@true()
def power_of_a_weibull(k: Key, c, s, p):
    return r.weibull(k, c, s) ** (1 / p), r.weibull(k, c * p, s ** (1 / p))


@false()
def beta_reflected_at_symmetric_parameters(k: Key, a, b):
    return 1.0 - r.beta(k, a, b), r.beta(k, a, b)


@true()
def beta_reflected(k: Key, a, b):
    return 1.0 - r.beta(k, a, b), r.beta(k, b, a)


@false()
def chance_that_is_right_at_a_half(k: Key, p):
    return 1 - ag.astype(r.bernoulli(k, p), "int64"), ag.astype(r.bernoulli(k, p), "int64")


@false()
def scale_of_the_other_family_at_one(k: Key, a, b):
    x = r.gamma(k, a, rate=b)
    return 1 / x, r.inverse_gamma(k, a, scale=b * a**0.02)


# -- wrong at the edge, or in the tail alone ------------------------------------------------------


@false("sure")
def a_normal_capped_at_three_deviations(k: Key, m, s):
    return r.normal(k, m, s), minimum(r.normal(k, m, s), m + 3 * s)


@false()
def a_normal_truncated_at_five_deviations(k: Key, m, s):
    return r.truncated_normal(k, m, s, m - 5 * s, m + 5 * s), r.normal(k, m, s)


@false()
def a_wait_cut_off_at_six_means(k: Key, b):
    return minimum(r.exponential(k, rate=b), 6 / b), r.exponential(k, rate=b)


@true()
def a_wait_cut_off_twice(k: Key, b):
    x = r.exponential(k, rate=b)
    return minimum(minimum(x, 3.0), 2.0), minimum(x, 2.0)


@false()
def excess_of_a_normal_given_far_out(k: Key, s):
    x = r.normal(k, 0.0, s)
    return ag.given(x - 4 * s, x > 4 * s), r.exponential(k, scale=s / 4)


@true()
def excess_of_an_exponential_given_far_out(k: Key, s):
    x = r.exponential(k, scale=s)
    return ag.given(x - 2 * s, x > 2 * s), r.exponential(k, scale=s)


@false()
def given_a_bound_on_the_wrong_side(k: Key, b, c: ag.Positive):
    x = r.pareto(k, b, scale=c)
    return ag.given(x, x < 2 * c), r.pareto(k, b, scale=2 * c)


@true()
def given_a_bound_on_the_right_side(k: Key, b, c: ag.Positive):
    x = r.pareto(k, b, scale=c)
    return ag.given(x, x > 2 * c), r.pareto(k, b, scale=2 * c)


# -- the limit of a law for the law ---------------------------------------------------------------


@false()
def student_of_a_sample_of_sixteen(k: Key, m, s):
    x = r.normal(k, m, s, size=16)
    t = 4.0 * (ag.mean(x) - m) / sqrt(ag.var(x, correction=1))
    return t, r.normal(k, 0.0, 1.0)


@true()
def student_of_a_sample_of_six(k: Key, m, s):
    x = r.normal(k, m, s, size=6)
    t = sqrt(6.0) * (ag.mean(x) - m) / sqrt(ag.var(x, correction=1))
    return t, r.student_t(k, 5.0, 0.0, 1.0)


@false()
def normal_over_the_root_of_a_mean_of_twenty(k: Key):
    a, b = split(k)
    v = ag.mean(r.normal(b, 0.0, 1.0, size=20) ** 2)
    return r.normal(a, 0.0, 1.0) / sqrt(v), r.normal(k, 0.0, 1.0)


@true()
def normal_over_the_root_of_a_mean_of_ten(k: Key):
    a, b = split(k)
    v = ag.mean(r.normal(b, 0.0, 1.0, size=10) ** 2)
    return r.normal(a, 0.0, 1.0) / sqrt(v), r.student_t(k, 10.0, 0.0, 1.0)


@false()
def thinning_without_replacement(k: Key, p):
    a, b = split(k)
    return r.hypergeometric(b, 10, 20, r.binomial(a, 6, p)), r.binomial(k, 6, p / 3)


# -- counts that start at zero or at one ----------------------------------------------------------


@true()
def floor_of_an_exponential(k: Key, b):
    return ag.floor(r.exponential(k, rate=b)), ag.astype(r.geometric(k, 1 - exp(-b)) - 1, "float64")


@false()
def floor_of_an_exponential_from_one(k: Key, b):
    return ag.floor(r.exponential(k, rate=b)), ag.astype(r.geometric(k, 1 - exp(-b)), "float64")


@true()
def first_of_two_geometrics(k: Key, p, q):
    a, b = split(k)
    return minimum(r.geometric(a, p), r.geometric(b, q)), r.geometric(k, p + q - p * q)


@false()
def first_of_two_counts_of_failures(k: Key, p, q):
    a, b = split(k)
    return minimum(r.geometric(a, p), r.geometric(b, q)), r.negative_binomial(k, 1.0, p + q - p * q)


@true()
def uniform_number_by_a_floor(k: Key, n: Integer):
    u = r.uniform(k, 0.0, 1.0)
    return ag.astype(ag.floor(u * n), "int64"), r.discrete_uniform(k, 0, n)


@false()
def uniform_number_with_the_end_taken_in(k: Key, n: Integer):
    u = r.uniform(k, 0.0, 1.0)
    return ag.astype(ag.floor(u * n), "int64"), r.discrete_uniform(k, 0, n + 1)


# -- posterior and predictive ---------------------------------------------------------------------


@true("reversal")
def beta_geometric(kp: Key, ky: Key, a, b):
    p = r.beta(kp, a, b)
    yield p, r.negative_binomial(ky, 1.0, p)
    y = r.beta_negative_binomial(ky, 1.0, a, b)
    yield r.beta(kp, a + 1, b + y), y


@false("reversal")
def beta_geometric_predictive_of_two(kp: Key, ky: Key, a, b):
    p = r.beta(kp, a, b)
    yield p, r.negative_binomial(ky, 1.0, p)
    y = r.beta_negative_binomial(ky, 2.0, a, b)
    yield r.beta(kp, a + 1, b + y), y


@false("reversal")
def normal_predictive_of_a_mean(km: Key, ky: Key, m, s, t):
    x = r.normal(km, m, s)
    yield x, r.normal(ky, x, t)
    y = r.normal(ky, m, sqrt(s**2 + t**2 / 2))
    v = 1 / (1 / s**2 + 1 / t**2)
    yield r.normal(km, v * (m / s**2 + y / t**2), sqrt(v)), y


@true("conditional")
def precision_of_one_normal(kt: Key, ky: Key, a, b, m):
    t = r.gamma(kt, a, rate=b)
    y = r.normal(ky, m, 1 / sqrt(t))
    yield t, y
    yield r.gamma(kt, a + 0.5, rate=b + (y - m) ** 2 / 2), y


@false("conditional")
def factor_with_a_latent_dropped(kt: Key, ky: Key, a, b, m):
    t = r.gamma(kt, a, rate=b)
    y = r.normal(ky, m, 1 / sqrt(t))
    yield t, y
    yield r.gamma(kt, a, rate=b + (y - m) ** 2 / 2), y


@false("conditional")
def rate_that_some_data_make_negative(kl: Key, ky: Key, a, b):
    l = r.gamma(kl, a, rate=b)
    y = r.exponential(ky, rate=l)
    yield l, y
    yield r.gamma(kl, a + 1, rate=b - y), y


@true("conditional")
def bounded_by_data_that_saturate(kb: Key, ky: Key, a, s):
    b = r.gamma(kb, a, rate=s)
    y = r.beta(ky, 1.0, b, size=6)
    yield b, y
    yield r.gamma(kb, a + 6.0, rate=s - ag.sum(ag.log1p(-y))), y


# -- order statistics -----------------------------------------------------------------------------


@true()
def second_of_five_uniforms(k: Key):
    return ag.sort(r.uniform(k, 0.0, 1.0, size=5))[1], r.beta(k, 2.0, 4.0)


@false()
def second_of_five_uniforms_counted_from_zero(k: Key):
    return ag.sort(r.uniform(k, 0.0, 1.0, size=5))[1], r.beta(k, 1.0, 5.0)


@true()
def middle_of_three_by_ranks(k: Key, b):
    c, d = split(k)
    return ag.sort(r.exponential(k, rate=b, size=2))[1], r.exponential(
        c, rate=2 * b
    ) + r.exponential(d, rate=b)


@false()
def gaps_of_three_waits_of_one_rate(k: Key, b):
    c, d = split(k)
    return ag.sort(r.exponential(k, rate=b, size=2))[1], r.exponential(c, rate=b) + r.exponential(
        d, rate=b
    )


@true()
def range_of_four_uniforms(k: Key):
    x = r.uniform(k, 0.0, 1.0, size=4)
    return ag.max(x) - ag.min(x), r.beta(k, 3.0, 2.0)


@false()
def range_of_four_uniforms_off_by_one(k: Key):
    x = r.uniform(k, 0.0, 1.0, size=4)
    return ag.max(x) - ag.min(x), r.beta(k, 4.0, 2.0)


# -- batches --------------------------------------------------------------------------------------


@false()
def a_draw_broadcast_over_three(k: Key, m, s):
    return ag.broadcast_to(r.normal(k, m, s), (3,)), r.normal(k, m, s, size=3)


@true()
def three_draws_shifted(k: Key, m, s):
    return m + r.normal(k, 0.0, s, size=3), r.normal(k, m, s, size=3)


@false()
def a_total_of_copies(k: Key, l):
    return 3 * r.poisson(k, l), ag.sum(r.poisson(k, l, size=3))


@false()
def walk_that_is_a_row_of_draws(k: Key, s):
    return ag.cumulative_sum(r.normal(k, 0.0, s, size=3)), r.normal(
        k, 0.0, s * sqrt(ag.constant([1.0, 2.0, 3.0])), size=3
    )


@true()
def walk_by_its_steps(k: Key, s):
    x = ag.cumulative_sum(r.normal(k, 0.0, s, size=3))
    return x[2] - x[0], r.normal(k, 0.0, sqrt(2.0) * s)


@true()
def rows_summed_in_either_order(k: Key, s):
    x = r.normal(k, 0.0, s, size=(2, 3))
    return ag.sum(x), ag.sum(ag.sum(x, axis=1))


# -- true ones beside them ------------------------------------------------------------------------


@true(where=lambda l, h, c: [l >= 0.2, l <= 0.5, h >= 3.0, h <= 5.0, c >= 1.0, c <= 2.5])
def log_uniform_cut_off(k: Key, l, h, c):
    x = r.log_uniform(k, l, h)
    return ag.given(x, x < c), r.log_uniform(k, l, c)


@true()
def uniforms_multiplied(k: Key):
    a, b = split(k)
    return -log(r.uniform(a, 0.0, 1.0) * r.uniform(b, 0.0, 1.0)), r.gamma(k, 2.0, rate=1.0)


@true()
def arcsine_by_an_angle(k: Key):
    return ag.sin(r.uniform(k, 0.0, 3.141592653589793) / 2.0) ** 2, r.beta(k, 0.5, 0.5)


@true()
def quotient_of_gammas(k: Key, a, b):
    c, d = split(k)
    x, y = r.gamma(c, a, rate=1.0), r.gamma(d, b, rate=1.0)
    return x / y, r.beta_prime(k, a, b)


@true()
def exponential_of_a_laplace(k: Key, s):
    a, b = split(k)
    return r.exponential(a, scale=s) - r.exponential(b, scale=s), r.laplace(k, 0.0, s)


@true()
def difference_of_gumbels(k: Key, m, n, s):
    a, b = split(k)
    return r.gumbel(a, m, s) - r.gumbel(b, n, s), r.logistic(k, m - n, s)


@true()
def product_of_a_sign_and_a_rayleigh(k: Key, s):
    a, b = split(k)
    angle = r.uniform(b, 0.0, 6.283185307179586)
    return r.rayleigh(a, s) * ag.cos(angle), r.normal(k, 0.0, s)


@true("sure")
def absolute_value_twice(k: Key, m, s):
    x = r.normal(k, m, s)
    return ag.abs(x), sqrt(x**2)


@true("sure")
def positive_part_both_ways(k: Key, m, s):
    x = r.normal(k, m, s)
    return maximum(x, 0.0), (x + ag.abs(x)) / 2.0


@false("sure")
def positive_part_of_a_shifted(k: Key, m, s):
    x = r.normal(k, m, s)
    return x, maximum(x, m - 3 * s)


@true()
def poisson_split_by_a_coin(k: Key, l, p):
    a, b = split(k)
    n = r.poisson(a, l)
    x = r.binomial(b, n, p)
    return (x, n - x), (r.poisson(a, l * p), r.poisson(b, l * (1 - p)))


@true()
def sum_of_squares_of_four(k: Key, s):
    return ag.sum(r.normal(k, 0.0, s, size=4) ** 2) / s**2, r.chi_square(k, 4.0)


@true()
def dirichlet_share(k: Key, a, b, c):
    x = r.dirichlet(k, ag.stack([a, b, c]))
    return x[0], r.beta(k, a, b + c)


@true()
def multinomial_cell(k: Key, p):
    x = r.multinomial(k, 6, ag.stack([p / 2, p / 2, 1.0 - p]))
    return x[0], r.binomial(k, 6, p / 2)


@true("reversal")
def exponential_of_an_unknown_rate(kl: Key, ky: Key, a, b):
    l = r.gamma(kl, a, rate=b)
    yield l, r.exponential(ky, rate=l)
    y = r.lomax(ky, a, b)
    yield r.gamma(kl, a + 1, rate=b + y), y


@true()
def maximum_of_two_frechets(k: Key, c, s, t):
    a, b = split(k)
    x, y = r.frechet(a, c, scale=s), r.frechet(b, c, scale=t)
    return maximum(x, y), r.frechet(k, c, scale=(s**c + t**c) ** (1 / c))


@true()
def heavy_tailed_sum_of_cauchys(k: Key, s, t):
    a, b = split(k)
    return r.cauchy(a, 0.0, s) + r.cauchy(b, 0.0, t), r.cauchy(k, 0.0, s + t)


@relation("in law")
def six_uniforms_as_a_normal(k: Key):
    return ag.sum(r.uniform(k, 0.0, 1.0, size=6)) - 3.0, r.normal(k, 0.0, sqrt(0.5))


def test_a_limit_taken_for_the_law_is_rejected_by_more_draws() -> None:
    verdict = ag.verify(six_uniforms_as_a_normal)
    assert not verdict.holds, verdict.evidence
    assert verdict.counterexample


@pytest.mark.parametrize("rule", FALSE, ids=lambda r: r.name)
def test_a_subtle_mistake_is_rejected_with_a_counterexample(rule: Relation) -> None:
    verdict = ag.verify(rule, effort="fast")
    assert not verdict.holds, verdict.evidence
    assert verdict.counterexample, verdict.evidence


@pytest.mark.parametrize("rule", TRUE, ids=lambda r: r.name)
def test_what_is_true_beside_it_holds(rule: Relation) -> None:
    verdict = ag.verify(rule, effort="quick")
    assert verdict.holds, (verdict.evidence, verdict.counterexample)


def test_there_are_forty_of_either_sort() -> None:
    assert len(FALSE) >= 40
    assert len(TRUE) >= 40
