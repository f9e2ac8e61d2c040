"""False neighbours of the book's updates and conditional laws: no check lets them pass."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

import pytest

import astragal as ag
from astragal import (
    Covariance,
    Integer,
    IntegerVector,
    Key,
    Matrix,
    PositiveVector,
    Probability,
    Relation,
    Simplex,
    Vector,
    linalg,
    matmul,
    matrix_transpose,
    relation,
    softmax,
    sqrt,
)
from astragal import random as r
from astragal.rewrites.components import OfLocation, OfOne
from astragal.rewrites.conjugate_each import OfRateAndOther
from astragal.rewrites.conjugate_gig import CommonScale, DisguisedWithRate
from astragal.rewrites.conjugate_normals import Normal
from astragal.rewrites.conjugate_probabilities import Reference, Trials
from astragal.rewrites.conjugate_rates import gig

FALSE: list[Relation] = []


def false(kind="conditional", **options):
    return lambda f: FALSE.append(relation(kind, **options)(f))


@false()
def component_with_its_weight_twice(kz: Key, ky: Key, D: OfOne, w: Simplex, θ: PositiveVector):
    z = r.categorical(kz, w)
    y = D(ky, θ[z])
    yield z, y
    yield r.categorical(kz, softmax(2 * ag.log(w) + D.logdensity(y, θ))), y


@false()
def hypotheses_exchanged(kz: Key, ky: Key, D: OfLocation, p, a, b):
    z = r.bernoulli(kz, p)
    y = D(ky, ag.where(ag.equal(z, 1), a, b))
    yield z, y
    ratio = D.logdensity(y, b) - D.logdensity(y, a)
    yield r.bernoulli(kz, ag.expit(ag.special.logit(p) + ratio)), y


@false()
def rate_each_counted_once(kθ: Key, ky: Key, D: OfRateAndOther, α, β, x: PositiveVector):
    θ = r.gamma(kθ, α, rate=β)
    y = D(ky, θ, x)
    yield θ, y
    yield r.gamma(kθ, α + 1, rate=β + ag.sum(D.statistic_at(y, x))), y


@false()
def weights_that_divide_the_precision(kτ: Key, ky: Key, α, β, m, w: PositiveVector):
    τ = r.gamma(kτ, α, rate=β)
    y = r.normal(ky, m, 1 / sqrt(τ * w))
    yield τ, y
    yield r.gamma(kτ, α + w.shape[0] / 2, rate=β + ag.sum(ag.square(y - m) / w) / 2), y


@false()
def disguised_prior_of_a_scale_as_of_a_rate(
    kθ: Key, ky: Key, P: DisguisedWithRate, D: CommonScale, n: Integer
):
    θ = P(kθ)
    y = D(ky, θ, size=(n,))
    yield θ, y
    yield gig(kθ, *P.updated(n * D.count(), 0.0, ag.sum(D.statistic(y)))), y


@false()
def references_exchanged(kp: Key, ky: Key, P: Reference, D: Trials):
    p = P(kp)
    y = D(ky, p)
    yield p, y
    yield r.beta(kp, 1.5 - P.exponent() + D.won(y), P.exponent() + D.lost(y)), y


@false()
def normal_mean_of_what_was_seen(kμ: Key, ky: Key, D: Normal, m, s, t, n: Integer):
    μ = r.normal(kμ, m, s)
    y = D(ky, μ, t, size=(n,))
    yield μ, y
    p, q = s**-2, n / t**2
    yield r.normal(kμ, (m * p + ag.sum(D.back(y)) / t) / (p + q), 1 / sqrt(p + q)), y


@false(where=lambda ν, P, M, U: [ν > P.shape[0] - 1,
                                 ag.equal(M.shape[0], U.shape[0]),
                                 ag.equal(M.shape[1], P.shape[0])])  # fmt: skip
def covariance_of_rows_taken_for_columns(
    kS: Key, kY: Key, ν, P: Covariance, M: Matrix, U: Covariance
):
    S = r.inverse_wishart(kS, ν, P)
    Y = r.matrix_normal(kY, M, U, S)
    yield S, Y
    d = Y - M
    yield r.inverse_wishart(kS, ν + U.shape[0], P + matmul(matrix_transpose(d), d)), Y


@false("reversal")
def projection_seen_without_its_noise(kx: Key, ky: Key, m: Vector, S: Covariance, h: Vector, s):
    x = r.multivariate_normal(kx, m, S)
    yield x, r.normal(ky, ag.sum(h * x), s)
    Sh = matmul(S, h)
    g = ag.sum(h * Sh) + s**2
    y = r.normal(ky, ag.sum(h * m), sqrt(g))
    gain = (y - ag.sum(h * m)) / (g + s**2)
    yield r.multivariate_normal(kx, m + Sh * gain, S - linalg.outer(Sh, Sh) / g), y


@false()
def lasso_rate_of_halves(kr: Key, kv: Key, α, β, n: Integer):
    rate = r.gamma(kr, α, rate=β)
    v = r.exponential(kv, rate=rate / 2, size=(n,))
    yield rate, v
    yield r.gamma(kr, α + n, rate=β + ag.sum(v)), v


# -- counts given others -------------------------------------------------------------------------


@false("in law", where=lambda m, k: [k >= 0, k <= ag.sum(m)])
def binomials_given_total_with_replacement(key: Key, m: IntegerVector, p, k: Integer):
    x = r.binomial(key, m, p)
    return ag.given(x, ag.equal(ag.sum(x), k)), r.multinomial(key, k, m / ag.sum(m))


@false("in law", where=lambda n, p, k: [p.shape[0] >= 3, k >= 0, k <= n])
def multinomial_given_another_as_if_unseen(key: Key, n: Integer, p: Simplex, k: Integer):
    x = r.multinomial(key, n, p)
    return ag.given(x[1], ag.equal(x[0], k)), r.binomial(key, n - k, p[1])


@false("in law", where=lambda n, a, k: [a.shape[0] >= 3, k >= 0, k <= n])
def urn_that_grows_given_another_that_adds_its_balls(
    key: Key, n: Integer, a: PositiveVector, k: Integer
):
    x = r.dirichlet_multinomial(key, n, a)
    rest = ag.sum(a) - a[0] - a[1]
    return ag.given(x[1], ag.equal(x[0], k)), r.beta_binomial(key, n - k, a[1], rest + k)


@false("in law", where=lambda N, k: k <= N)
def urn_that_grows_sampled_as_one_that_does_not(
    key: Key, N: Integer, a: PositiveVector, k: Integer
):
    k1, k2 = ag.split(key)
    x = r.dirichlet_multinomial(k1, N, a)
    return r.multivariate_hypergeometric(k2, x, k), r.multinomial(key, k, a / ag.sum(a))


@false("in law")
def outcome_where_two_agree_as_of_one(key: Key, p: Probability, q: Probability):
    k1, k2 = ag.split(key)
    x, y = r.bernoulli(k1, p), r.bernoulli(k2, q)
    return ag.given(x, ag.equal(x, y)), r.bernoulli(key, p)


# -- processes -----------------------------------------------------------------------------------


@false("in law")
def walk_with_independent_increments_as_values(k: Key, m, s, t):
    k1, k2 = ag.split(k)
    x = r.normal(k1, m, s)
    cov = linalg.diag(ag.stack([s**2, s**2 + t**2]))
    return ag.stack([x, r.normal(k2, x, t)]), r.multivariate_normal(k, ag.stack([m, m]), cov)


@false("in law")
def difference_of_entries_as_of_independent_ones(k: Key, m: Vector, S: Covariance):
    x = r.multivariate_normal(k, m, S)
    return x[0] - x[1], r.normal(k, m[0] - m[1], sqrt(S[0, 0] + S[1, 1]))


@false()
def walk_drift_of_one_step(kμ: Key, k1: Key, k2: Key, m, s, x, t):
    μ = r.normal(kμ, m, s)
    y = r.normal(k1, x + μ, t)
    z = r.normal(k2, y + μ, t)
    yield μ, y, z
    p = s**-2 + t**-2
    yield r.normal(kμ, (m * s**-2 + (z - x) / t**2) / p, 1 / sqrt(p)), y, z


@pytest.mark.parametrize("neighbour", FALSE, ids=lambda q: q.name)
def test_a_false_update_is_not_let_through(neighbour: Relation) -> None:
    verdict = ag.verify(neighbour, effort="quick")
    assert not verdict.holds
    assert verdict.counterexample, verdict.evidence
