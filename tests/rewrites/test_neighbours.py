"""Neighbours of the book's relations that are false: no check lets them pass, no page has them."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import pytest

import astragal as ag
from astragal import Integer, Key, Positive, Relation, Simplex, Vector, relation, split, sqrt, where
from astragal import random as r
from astragal.rewrites.conjugate_rates import OfRate, OfScale
from astragal.rewrites.order_statistics import ProportionalHazards

FALSE: list[Relation] = []


def false(kind="in law", **options):
    return lambda f: FALSE.append(relation(kind, **options)(f))


# -- conjugate updates ---------------------------------------------------------------------------


@false("conditional")
def rate_that_counts_each_observation_twice(kθ: Key, ky: Key, D: OfRate, α, β):
    θ = r.gamma(kθ, α, rate=β)
    y = D(ky, θ)
    yield θ, y
    yield r.gamma(kθ, α + 2 * D.count(), rate=β + D.statistic(y)), y


@false("conditional")
def rate_without_the_statistic(kθ: Key, ky: Key, D: OfRate, α, β):
    θ = r.gamma(kθ, α, rate=β)
    y = D(ky, θ)
    yield θ, y
    yield r.gamma(kθ, α + D.count(), rate=β + 1), y


@false("conditional")
def scale_with_a_gamma_posterior(kθ: Key, ky: Key, D: OfScale, α, β):
    θ = r.inverse_gamma(kθ, α, scale=β)
    y = D(ky, θ)
    yield θ, y
    yield r.gamma(kθ, α + D.count(), rate=β + D.statistic(y)), y


@false("reversal")
def normal_gamma_with_the_variance_of_the_mean_alone(
    kτ: Key, kμ: Key, ky: Key, α, β, m, κ: Positive
):
    τ = r.gamma(kτ, α, rate=β)
    μ = r.normal(kμ, m, 1 / sqrt(κ * τ))
    yield τ, μ, r.normal(ky, μ, 1 / sqrt(τ))
    y = r.student_t(ky, 2 * α, m, sqrt(β / (α * κ)))
    τ = r.gamma(kτ, α + 0.5, rate=β + κ * ag.square(y - m) / (2 * (κ + 1)))
    yield τ, r.normal(kμ, (κ * m + y) / (κ + 1), 1 / sqrt((κ + 1) * τ)), y


@false("conditional")
def direction_that_adds_concentrations(kμ: Key, ky: Key, m, c, κ):
    μ = r.von_mises(kμ, m, c)
    y = r.von_mises(ky, μ, κ)
    yield μ, y
    yield r.von_mises(kμ, (c * m + κ * y) / (c + κ), c + κ), y


@false("conditional")
def start_of_a_pareto_law_after_the_data(kθ: Key, ky: Key, k, c, a):
    θ = r.power(kθ, k, c)
    y = r.pareto(ky, a, θ)
    yield θ, y
    yield r.power(kθ, k + a, c), y


@false("conditional")
def jeffreys_prior_as_a_uniform_one(kp: Key, ky: Key, n: Integer):
    p = r.arcsine(kp, 0.0, 1.0)
    y = r.binomial(ky, n, p)
    yield p, y
    yield r.beta(kp, 1 + y, 1 + (n - y)), y


@false("conditional")
def exponential_mean_without_its_slope(kμ: Key, ky: Key, s, t):
    μ = r.exponential(kμ, rate=s)
    y = r.normal(ky, μ, t)
    yield μ, y
    yield r.truncated_normal(kμ, y, t, 0.0, float("inf")), y


# -- counts and waiting times --------------------------------------------------------------------


@false(where=lambda n: n >= 1)
def arrivals_one_too_many(k: Key, n: Integer, s, t: Positive):
    return where(r.gamma(k, n, rate=s) <= t, 1, 0), where(r.poisson(k, s * t) > n, 1, 0)


@false(where=lambda n, j: [j >= 1, j <= n])
def successes_of_one_trial_more(k: Key, n: Integer, j: Integer, p):
    return where(r.beta(k, j, n - j + 1) <= p, 1, 0), where(r.binomial(k, n + 1, p) >= j, 1, 0)


@false()
def gamma_race_as_one_of_waits(k: Key, a, b, s, t):
    k1, k2 = split(k)
    race = where(r.gamma(k1, a, rate=s) < r.gamma(k2, b, rate=t), 1, 0)
    return race, r.bernoulli(k, s / (s + t))


@false()
def poisson_binomial_as_a_binomial_of_the_mean(k: Key, p, q):
    k1, k2 = split(k)
    return r.bernoulli(k1, p) + r.bernoulli(k2, q), r.binomial(k, 2, (p + q) / 2)


@false()
def geometric_thinned_from_the_first_trial(k: Key, p, q):
    k1, k2 = split(k)
    return r.binomial(k2, r.geometric(k1, p), q), r.geometric(k, p / (p + q - p * q)) - 1


# -- continuous laws -----------------------------------------------------------------------------


@false()
def weibull_ratio_of_twice_the_shape(k: Key, c, s, t):
    k1, k2 = split(k)
    return r.weibull(k1, c, s) / r.weibull(k2, c, t), r.log_logistic(k, 2 * c, s / t)


@false()
def beta_products_with_the_share_that_is_lost(k: Key, a, b, c):
    k1, k2 = split(k)
    x, y = r.beta(k1, a, b), r.beta(k2, a + b, c)
    return (x * y, (1 - x) * y), (r.beta(k1, a, b + c), r.beta(k2, b, a + c))


@false()
def laplace_located_with_the_rate_for_the_scale(k: Key, m, s):
    k1, k2 = split(k)
    return m + r.exponential(k1, rate=s) - r.exponential(k2, rate=s), r.laplace(k, m, s)


@false()
def whole_and_fraction_of_another_rate(k: Key, s, h: Positive):
    x = r.exponential(k, rate=s)
    return x % h, r.truncated(k, r.exponential.law(rate=s * h), lower=0.0, upper=h)


@false()
def fold_of_bounds_that_are_not_symmetric(k: Key, s, a: Positive):
    x = ag.abs(r.truncated_normal(k, 0.0, s, -a, 2 * a))
    return x, r.truncated_normal(k, 0.0, s, 0.0, 2 * a)


@false()
def rejection_of_half_the_square_keeps_it_uniform(k: Key):
    k1, k2 = split(k)
    x, y = r.uniform(k1, 0.0, 1.0), r.uniform(k2, 0.0, 1.0)
    return ag.given(x, x + y <= 1), r.uniform(k, 0.0, 1.0)


@false()
def skew_normal_with_the_sign_turned(k: Key, α):
    k1, k2 = split(k)
    x, z = r.normal(k1, 0.0, 1.0), r.normal(k2, 0.0, 1.0)
    return where(z < α * x, -x, x), r.skew_normal(k, 0.0, 1.0, α)


@false()
def minimum_of_hazards_that_multiply(k: Key, D: ProportionalHazards, a, b):
    k1, k2 = split(k)
    return ag.minimum(D(k1, a), D(k2, b)), D(k, a * b)


@false()
def greatest_of_n_at_a_power(k: Key, n: Integer):
    u = r.uniform(k, 0.0, 1.0)
    return ag.max(r.gumbel(k, 0.0, 1.0, size=(n,))), -ag.log(-ag.log(u**n))


# -- scales, turns and orders --------------------------------------------------------------------


@false("sure")
def minimum_of_a_vector_scaled_by_any_sign(b, x: Vector):
    return ag.min(b * x), b * ag.min(x)


@false(where=lambda n: n >= 1)
def sine_over_half_turns(k: Key, a, n: Integer):
    return ag.sin(r.uniform(k, a, a + 3.141592653589793 * n)), r.arcsine(k, -1.0, 1.0)


@false()
def lengths_with_dimensions_that_multiply(k: Key, s):
    k1, k2 = split(k)
    norm = sqrt(ag.square(r.rayleigh(k1, s)) + ag.square(r.maxwell(k2, s)))
    return norm, s * r.chi(k, 6.0)


@false()
def half_normal_added_with_the_skew_of_the_scales_turned(k: Key, m, s, t):
    k1, k2 = split(k)
    sum_ = r.normal(k1, m, s) + r.half_normal(k2, t)
    return sum_, r.skew_normal(k, m, sqrt(s**2 + t**2), s / t)


@false(where=lambda t: t > 0)
def lomax_tail_that_keeps_its_scale(k: Key, c, s, t):
    x = r.lomax(k, c, s)
    return ag.given(x, x > t), t + r.lomax(k, c, s)


@false()
def johnson_mirrored_about_its_lower_end(k: Key, a, b, m, s):
    return -r.johnson_sb(k, a, b, m, s), r.johnson_sb(k, -a, b, -m, s)


@false(where=lambda n, i: (i >= 0) & (i < n))
def sorted_trials_counted_from_the_other_end(k: Key, n: Integer, i: Integer, p):
    return ag.sort(r.bernoulli(k, p, size=(n,)))[i], where(r.binomial(k, n, p) > i, 1, 0)


# -- vectors -------------------------------------------------------------------------------------


@false()
def dirichlet_mixed_by_a_uniform_weight(k: Key, a: Vector):
    k1, k2, k3 = split(k, 3)
    w = r.uniform(k3, 0.0, 1.0)
    mixed = w * r.dirichlet(k1, ag.exp(a)) + (1 - w) * r.dirichlet(k2, ag.exp(a))
    return mixed, r.dirichlet(k, 2 * ag.exp(a))


@false()
def multinomial_thinned_with_the_rest_counted(k: Key, n: Integer, p: Simplex):
    k1, k2 = split(k)
    return r.binomial(k2, r.multinomial(k1, n, p), 0.3), r.multinomial(k, n, p)


@pytest.mark.parametrize("neighbour", FALSE, ids=lambda x: x.name)
def test_a_false_neighbour_is_rejected(neighbour: Relation) -> None:
    verdict = ag.verify(neighbour, effort="quick")
    assert not verdict.holds
    assert verdict.counterexample is not None


@pytest.mark.parametrize(
    "roots",
    [
        # A variance where the page has a standard deviation, and a rate where it has a scale.
        lambda a, b, c: (
            (v := r.inverse_gamma(a, 2.0, scale=3.0)),
            r.normal(b, 0.0, v, size=(4,)),
        ),
        lambda a, b, c: ((t := r.gamma(a, 2.0, rate=3.0)), r.weibull(b, 1.7, t, size=(4,))),
        lambda a, b, c: ((t := r.gamma(a, 2.0, rate=3.0)), r.gamma(b, t, rate=1.0, size=(4,))),
        # The parameter is read twice.
        lambda a, b, c: ((t := r.gamma(a, 2.0, rate=3.0)), r.gamma(b, t, rate=t, size=(4,))),
    ],
)
def test_a_false_pair_is_not_updated(roots) -> None:
    from astragal.rewrites.conjugate_rates import (
        gamma_scale_sample,
        rate_once,
        rate_sample,
        scale_sample,
    )

    pair = roots(*ag.split(ag.key(3), 3))
    found = [x.forward(pair) for x in (rate_sample, rate_once, scale_sample, gamma_scale_sample)]
    assert found == [None] * 4
