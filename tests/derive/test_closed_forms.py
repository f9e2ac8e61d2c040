"""Models with a closed form that is easily missed: exact, with the evidence of a prior average.

The reference is independent of densities and derivations: draws of the prior by NumPy, and
the likelihood by SciPy, averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.expr import Expr

R = ag.random
st: Any = scipy.stats
A = np.array
Array = np.ndarray[Any, Any]
N = 200_000
Case = tuple[dict[str, Expr], dict[str, Any], Callable[[np.random.Generator], Array]]
Y = A([1.3, -0.2, 0.7, 2.2, 0.4])
TIMES = A([0.7, 0.2, 1.1])
COUNTS = A([7, 2, 0, 4])
HOURS = A([2.0, 0.7, 0.3, 1.5])
GROUPS = A([0, 2, 1, 0, 2, 2])
X = A([[1.0, 0.3], [0.2, -1.0], [-0.7, 1.4], [0.5, 0.5], [1.2, -0.3], [-1.5, 0.1]])
LEVELS = A([0.4, -1.0, 2.0, 0.9, 0.1, -0.6])
STEPS = A([1, 0, 2, 1, 5, 4, 6, 3])


def keys() -> Expr:
    return ag.split(ag.input("key", dtype="key"), 8)


def column(x: Array) -> Array:
    return x[:, None]


def children_of_four_kinds() -> Case:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=1.5)
    model = {"z": z, "y": R.poisson(k[1], z * HOURS),
             "w": R.exponential(k[2], rate=3.0 * z, size=3), "u": R.gamma(k[3], 2.5, rate=z / 2.0),
             "v": R.normal(k[4], 0.3, 1 / ag.sqrt(z), size=5)}  # fmt: skip

    def likelihood(rng: np.random.Generator) -> Array:
        t = rng.gamma(2, 1 / 1.5, N)
        c = column(t)
        out = st.poisson.logpmf(COUNTS, c * HOURS).sum(1) + st.gamma.logpdf(0.9, 2.5, scale=2 / t)
        out += st.expon.logpdf(TIMES, scale=1 / (3 * c)).sum(1)
        return np.asarray(out + st.norm.logpdf(Y, 0.3, 1 / np.sqrt(c)).sum(1))

    return model, {"y": COUNTS, "w": TIMES, "u": 0.9, "v": Y}, likelihood


def an_index_an_exposure_and_a_matrix() -> Case:
    k = keys()
    a = R.normal(k[0], A([0.5, -1.0, 0.0]), A([1.0, 0.7, 1.3]))
    b, g = R.normal(k[1], 0.2, 0.8, size=2), R.normal(k[2], 0.0, 1.0)
    share = A([0.5, 1.0, 2.0, 1.5, 0.3, 1.0])
    y = R.normal(k[3], share * (a[GROUPS] + ag.matmul(X, b)) - g / 2, 1.2)

    def likelihood(rng: np.random.Generator) -> Array:
        a_ = rng.normal([0.5, -1, 0], [1, 0.7, 1.3], (N, 3))
        mean = share * (a_[:, GROUPS] + rng.normal(0.2, 0.8, (N, 2)) @ X.T)
        mean -= rng.normal(0, 1, (N, 1)) / 2
        return np.asarray(st.norm.logpdf(LEVELS, mean, 1.2).sum(1))

    return {"a": a, "b": b, "g": g, "y": y}, {"y": LEVELS}, likelihood


def a_mean_that_is_the_variance() -> Case:
    k = keys()
    z, y = R.gamma(k[0], 2.0, rate=1.5), A([1.3, 0.4, 2.2])

    def likelihood(rng: np.random.Generator) -> Array:
        t = column(rng.gamma(2, 1 / 1.5, N))
        return np.asarray(st.norm.logpdf(y, t, np.sqrt(t)).sum(1))

    return {"z": z, "y": R.normal(k[1], z, ag.sqrt(z), size=3)}, {"y": y}, likelihood


def a_scaled_sum_that_is_observed() -> Case:
    k = keys()
    a, b = R.normal(k[0], A([1.0, 0.0]), 2.0), R.normal(k[1], -0.5, A([1.5, 0.4]))
    s = A([0.8, 3.0])

    def likelihood(rng: np.random.Generator) -> Array:
        b_ = (2 * rng.normal([1, 0], 2, (N, 2)) + 1 - s) / 3
        return np.asarray(st.norm.logpdf(b_, -0.5, [1.5, 0.4]).sum(1) - 2 * np.log(3))

    return {"a": a, "b": b, "s": 2 * a - 3 * b + 1}, {"s": s}, likelihood


def a_spike_and_a_slab() -> Case:
    k = keys()
    z, slab = R.bernoulli(k[0], 0.3), R.normal(k[1], 0.2, 1.5)
    y = R.normal(k[2], ag.where(ag.equal(z, 1), slab, 0.0), 0.8, size=5)

    def likelihood(rng: np.random.Generator) -> Array:
        mean = np.where(rng.random(N) < 0.3, rng.normal(0.2, 1.5, N), 0.0)
        return np.asarray(st.norm.logpdf(Y, column(mean), 0.8).sum(1))

    return {"z": z, "slab": slab, "y": y}, {"y": Y}, likelihood


def a_thinned_count_of_unknown_rate() -> Case:
    k = keys()
    rate = R.gamma(k[0], 3.0, rate=0.5)
    n = R.poisson(k[1], rate)

    def likelihood(rng: np.random.Generator) -> Array:
        return np.asarray(st.binom.logpmf(4, rng.poisson(rng.gamma(3, 2, N)), 0.3))

    return {"rate": rate, "n": n, "y": R.binomial(k[2], n, 0.3)}, {"y": 4}, likelihood


def trials_of_unknown_number_and_probability() -> Case:
    k = keys()
    n, p, y = R.discrete_uniform(k[0], 3, 16), R.beta(k[1], 2.0, 3.0), A([3, 2, 5])

    def likelihood(rng: np.random.Generator) -> Array:
        drawn = st.binom.logpmf(y, column(rng.integers(3, 16, N)), column(rng.beta(2, 3, N)))
        return np.asarray(drawn.sum(1))

    return {"n": n, "p": p, "y": R.binomial(k[2], n, p, size=3)}, {"y": y}, likelihood


def which_of_three_means() -> Case:
    k = keys()
    z = R.categorical(k[0], A([0.2, 0.5, 0.3]))
    mu = R.normal(k[1], A([0.0, 1.0, 2.0]), A([1.0, 0.5, 2.0]))

    def likelihood(rng: np.random.Generator) -> Array:
        means = rng.normal([0, 1, 2], [1, 0.5, 2], (N, 3))
        chosen = np.take_along_axis(means, column(rng.choice(3, N, p=[0.2, 0.5, 0.3])), 1)
        return np.asarray(st.norm.logpdf(Y, chosen, 0.8).sum(1))

    return {"z": z, "mu": mu, "y": R.normal(k[2], mu[z], 0.8, size=5)}, {"y": Y}, likelihood


def a_point_of_change() -> Case:
    k = keys()
    t = R.discrete_uniform(k[0], 0, 8)
    before, after = R.gamma(k[1], 2.0, rate=1.0), R.gamma(k[2], 3.0, rate=0.7)
    y = R.poisson(k[3], ag.where(ag.arange(8) < t, before, after))

    def likelihood(rng: np.random.Generator) -> Array:
        early = np.arange(8) < column(rng.integers(0, 8, N))
        a, b = column(rng.gamma(2, 1, N)), column(rng.gamma(3, 1 / 0.7, N))
        return np.asarray(st.poisson.logpmf(STEPS, np.where(early, a, b)).sum(1))

    return {"t": t, "before": before, "after": after, "y": y}, {"y": STEPS}, likelihood


def censored_waiting_times() -> Case:
    k = keys()
    z, which = R.gamma(k[0], 2.0, rate=3.0, size=2), A([0, 1, 1, 0])
    y, ends = A([0.5, 1.2, 2.0, 3.0]), A([2.0, 1.2, 4.0, 3.0])
    waited = ag.minimum(R.exponential(k[1], scale=1 / z[which]), ends)

    def likelihood(rng: np.random.Generator) -> Array:
        rate = rng.gamma(2, 1 / 3, (N, 2))[:, which]
        return np.asarray((np.where(y < ends, np.log(rate), 0) - y * rate).sum(1))

    return {"z": z, "y": waited}, {"y": y}, likelihood


def rows_and_their_sums() -> Case:
    k = keys()
    a, s, m = R.normal(k[0], 0.5, 1.0, size=(2, 3)), A([1.0, -1.0]), A([0.4, 1.0, 0.0])
    model = {"a": a, "s": R.normal(k[1], ag.sum(a, axis=1), 0.8),
             "m": R.normal(k[2], ag.mean(a, axis=0) * 2, 0.9)}  # fmt: skip

    def likelihood(rng: np.random.Generator) -> Array:
        drawn = rng.normal(0.5, 1, (N, 2, 3))
        out = st.norm.logpdf(s, drawn.sum(2), 0.8).sum(1)
        return np.asarray(out + st.norm.logpdf(m, 2 * drawn.mean(1), 0.9).sum(1))

    return model, {"s": s, "m": m}, likelihood


def a_probability_in_five_places() -> Case:
    k = keys()
    p = R.beta(k[0], 2.0, 3.5)
    model = {"p": p, "a": R.bernoulli(k[1], p, size=3), "b": R.geometric(k[2], 1 - p, size=2),
             "c": R.negative_binomial(k[3], 2.5, p), "d": R.binomial(k[4], A([5, 8]), 1 - p),
             "e": R.categorical(k[5], ag.stack([1 - p, p]), size=2)}  # fmt: skip
    data = {"a": [1, 0, 0], "b": [2, 1], "c": 3, "d": [2, 6], "e": [1, 0]}

    def likelihood(rng: np.random.Generator) -> Array:
        q = rng.beta(2, 3.5, N)
        # Bernoulli 1, 0, 0; geometric 2, 1 of the complement; categorical 1, 0.
        out = (1 + 1 + 1) * np.log(q) + (2 + 2 + 1) * np.log1p(-q)
        out += st.nbinom.logpmf(3, 2.5, q)
        return np.asarray(out + st.binom.logpmf([2, 6], [5, 8], 1 - column(q)).sum(1))

    return model, data, likelihood


def means_and_variances_of_groups() -> Case:
    k, which = keys(), A([0, 3, 3, 0, 1])
    v = R.inverse_gamma(k[0], A([3.0, 2.0, 2.5, 4.0]), scale=2.0)
    m = R.normal(k[1], 0.3, ag.sqrt(v))

    def likelihood(rng: np.random.Generator) -> Array:
        v_ = 2 / rng.gamma([3, 2, 2.5, 4], 1, (N, 4))
        m_ = rng.normal(0.3, np.sqrt(v_))
        return np.asarray(st.norm.logpdf(Y, m_[:, which], np.sqrt(v_[:, which])).sum(1))

    return {"v": v, "m": m, "y": R.normal(k[2], m[which], ag.sqrt(v[which]))}, {"y": Y}, likelihood


def a_variance_of_weighted_normals_and_a_rate() -> Case:
    k, sd = keys(), A([1.0, 2.0, 1.0, 0.5, 3.0])
    v = R.inverse_gamma(k[0], 3.0, scale=2.0)
    m = R.normal(k[1], 1.0, ag.sqrt(v))
    model = {"v": v, "m": m, "y": R.normal(k[2], m, ag.sqrt(v) * sd),
             "w": R.normal(k[3], -0.5, ag.sqrt(3 * v)),
             "u": R.gamma(k[4], 2.0, rate=1 / v)}  # fmt: skip

    def likelihood(rng: np.random.Generator) -> Array:
        v_ = 2 / rng.gamma(3, 1, N)
        m_ = rng.normal(1, np.sqrt(v_))
        out = st.norm.logpdf(Y, column(m_), column(np.sqrt(v_)) * sd).sum(1)
        out += st.norm.logpdf(0.2, -0.5, np.sqrt(3 * v_))
        return np.asarray(out + st.gamma.logpdf(1.3, 2, scale=v_))

    return model, {"y": Y, "w": 0.2, "u": 1.3}, likelihood


CASES = [
    means_and_variances_of_groups,
    a_variance_of_weighted_normals_and_a_rate,
    children_of_four_kinds,
    an_index_an_exposure_and_a_matrix,
    a_mean_that_is_the_variance,
    a_scaled_sum_that_is_observed,
    a_spike_and_a_slab,
    a_thinned_count_of_unknown_rate,
    trials_of_unknown_number_and_probability,
    which_of_three_means,
    a_point_of_change,
    censored_waiting_times,
    rows_and_their_sums,
    a_probability_in_five_places,
]


@pytest.mark.parametrize("build", CASES, ids=lambda f: f.__name__.replace("_", " "))
def test_the_evidence_is_the_average_of_the_likelihood(
    build: Callable[[], Case], evidence_is: Callable[[Sampler, Array], None]
) -> None:
    variables, observed, likelihood = build()
    sampler = ag.derive(ag.Model(variables), observed)
    assert sampler.exact, sampler.rejected
    evidence_is(sampler, likelihood(np.random.default_rng(7)))


def test_a_number_of_many_elements_is_not_summed_out_as_one() -> None:
    """Indicators that share a mean are not independent: no table of one of them serves."""
    k = keys()
    z = R.bernoulli(k[0], 0.4, size=3)
    y = R.normal(k[1], z[0] * z[1] + z[2] * 1.0, 0.7, size=5)
    sampler = ag.derive(ag.Model({"z": z, "y": y}), {"y": Y})
    assert not sampler.exact
    assert sampler.step("z").kind == "sites"


def test_groups_that_cross_have_no_closed_form() -> None:
    """A mean with the variance of its own group, and data with that of another."""
    k, which = keys(), A([0, 1, 1, 0, 1])
    v = R.inverse_gamma(k[0], 3.0, scale=2.0, size=2)
    m = R.normal(k[1], 0.3, ag.sqrt(v))
    model = ag.Model({"v": v, "m": m, "y": R.normal(k[2], m[which], ag.sqrt(v[1 - which]))})
    sampler = ag.derive(model, {"y": Y})
    assert not sampler.exact
    assert {s.kind for s in sampler.steps} <= {"gibbs", "interweave"}


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_independent_draws_need_no_starting_point(backend: str) -> None:
    """No blind start lies above data as large as these: none is asked for."""
    k = keys()
    z, y = R.pareto(k[0], 2.5, scale=1.0), A([40.0, 12.0, 300.0])
    sampler = ag.derive(ag.Model({"z": z, "y": R.uniform(k[1], 0.0, z, size=3)}), {"y": y})
    options: dict[str, Any] = {"draws": 250, "chains": 2, "seed": 3, "progress": False}
    draws = sampler.sample(backend=backend, **options)["posterior"]["z"].to_numpy()
    assert (draws > 300.0).all()
    assert len(np.unique(draws)) == 500
    assert st.kstest(draws.ravel(), st.pareto(5.5, scale=300.0).cdf).pvalue > 1e-3
