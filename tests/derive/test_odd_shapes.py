"""Closed forms seen through odd maps and shapes: the evidence is the prior average.

The averages are over draws by NumPy of likelihoods by SciPy, as in `test_closed_forms`.
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
Case = tuple[dict[str, Expr], dict[str, Any], Callable[[np.random.Generator], Array]]
N = 200_000
Y = A([1.3, -0.2, 0.7, 2.2, 0.4])
TIMES = A([0.7, 0.2, 1.1])
FIRST, SECOND = A([0, 0, 1, 0, 1]), A([1, 1, 1, 0, 0])


def keys() -> Expr:
    return ag.split(ag.input("key", dtype="key"), 8)


def column(x: Array) -> Array:
    return x[:, None]


def one_vector_by_two_indices() -> Case:
    k, sd = keys(), A([1.0, 0.5, 2.0, 1.0, 0.9])
    a = R.normal(k[0], A([0.5, -1.0]), A([1.0, 0.6]))

    def likelihood(rng: np.random.Generator) -> Array:
        drawn = rng.normal([0.5, -1], [1, 0.6], (N, 2))
        return np.asarray(st.norm.logpdf(Y, drawn[:, FIRST] - 2 * drawn[:, SECOND], sd).sum(1))

    return {"a": a, "y": R.normal(k[1], a[FIRST] - 2 * a[SECOND], sd)}, {"y": Y}, likelihood


def minus_twice_and_a_third() -> Case:
    k = keys()
    z = R.normal(k[0], -0.3, 1.7)
    model = {"z": z, "a": R.normal(k[1], -z, 1.0, size=2), "b": R.normal(k[2], 2 * z + 1, 0.5),
             "c": R.normal(k[3], z / 3, 0.2, size=3)}  # fmt: skip
    data = {"a": A([0.2, -0.1]), "b": 0.3, "c": A([0.1, 0.2, -0.2])}

    def likelihood(rng: np.random.Generator) -> Array:
        t = rng.normal(-0.3, 1.7, N)
        out = st.norm.logpdf(data["a"], -column(t), 1).sum(1)
        out += st.norm.logpdf(0.3, 2 * t + 1, 0.5)
        return np.asarray(out + st.norm.logpdf(data["c"], column(t) / 3, 0.2).sum(1))

    return model, data, likelihood


def a_matrix_between_matrices() -> Case:
    k, sd = keys(), A([[1.0, 0.5], [2.0, 0.7], [0.3, 1.0]])
    left, right = A([[1.0, 0.3, -1.0], [0.2, 0.5, 0.7]]), A([[1.0, -0.5], [0.3, 2.0]])
    b, y = R.normal(k[0], 0.2, sd), A([[0.1, 0.5], [-0.3, 1.2]])
    mean = ag.matmul(ag.matmul(left, b), right)

    def likelihood(rng: np.random.Generator) -> Array:
        drawn = left @ rng.normal(0.2, sd, (N, 3, 2)) @ right
        return np.asarray(st.norm.logpdf(y, drawn, 0.8).sum((1, 2)))

    return {"b": b, "y": R.normal(k[1], mean, 0.8)}, {"y": y}, likelihood


def stacks_of_matrices() -> Case:
    k, x, v = keys(), A([[1.0, 0.3], [0.2, -1.0]]), A([1.0, -0.5, 0.7])
    b, y = R.normal(k[0], 0.2, 0.6, size=(2, 2, 3)), A([[0.1, 0.5], [-0.3, 1.2]])
    mean = ag.matmul(ag.matmul(x, b), v)

    def likelihood(rng: np.random.Generator) -> Array:
        drawn = (x @ rng.normal(0.2, 0.6, (N, 2, 2, 3))) @ v
        return np.asarray(st.norm.logpdf(y, drawn, 0.6).sum((1, 2)))

    return {"b": b, "y": R.normal(k[1], mean, 0.6)}, {"y": y}, likelihood


def rates_joined_end_to_end() -> Case:
    k, y = keys(), A([1, 0, 3, 2, 2])
    a, b = R.gamma(k[0], 2.0, rate=1.0, size=2), R.gamma(k[1], 1.0, rate=0.5)
    rates = ag.concatenate([a, ag.reshape(b, (1,)), 2 * a])

    def likelihood(rng: np.random.Generator) -> Array:
        a_, b_ = rng.gamma(2, 1, (N, 2)), column(rng.exponential(2, N))
        return np.asarray(st.poisson.logpmf(y, np.concatenate([a_, b_, 2 * a_], 1)).sum(1))

    return {"a": a, "b": b, "y": R.poisson(k[2], rates)}, {"y": y}, likelihood


def rates_backward_and_without_the_first() -> Case:
    k, h = keys(), A([1.0, 2.0, 3.0])
    a = R.gamma(k[0], A([2.0, 1.0, 3.0]), rate=1.0)
    model = {"a": a, "y": R.poisson(k[1], a[::-1] * h), "w": R.poisson(k[2], a[1:])}

    def likelihood(rng: np.random.Generator) -> Array:
        drawn = rng.gamma([2, 1, 3], 1, (N, 3))
        out = st.poisson.logpmf([1, 0, 3], drawn[:, ::-1] * h).sum(1)
        return np.asarray(out + st.poisson.logpmf([2, 2], drawn[:, 1:]).sum(1))

    return model, {"y": [1, 0, 3], "w": [2, 2]}, likelihood


def a_quotient_that_is_observed() -> Case:
    k = keys()
    a, b = R.gamma(k[0], 2.0, rate=1.0), R.gamma(k[1], 3.0, rate=2.0)

    def likelihood(rng: np.random.Generator) -> Array:
        b_ = rng.gamma(3, 0.5, N)
        density = st.gamma.logpdf(0.8 * b_, 2) + np.log(b_)
        return np.asarray(density + st.poisson.logpmf(2, 0.8 * b_))

    return {"a": a, "b": b, "q": a / b, "y": R.poisson(k[2], a)}, {"q": 0.8, "y": 2}, likelihood


def a_factor_with_a_minus() -> Case:
    k, y = keys(), A([-0.7, -1.2])
    a = R.gamma(k[0], 2.0, rate=1.0)

    def likelihood(rng: np.random.Generator) -> Array:
        return np.asarray(st.expon.logpdf(-y, scale=column(rng.gamma(2, 1, N)) / 2).sum(1))

    return {"a": a, "y": -a * R.exponential(k[1], rate=2.0, size=2)}, {"y": y}, likelihood


def products_of_lognormals_by_an_index() -> Case:
    k, g, y = keys(), A([0, 1, 1]), A([0.7, 2.0, 1.1])
    a, b = R.lognormal(k[0], 0.2, 0.5, size=2), R.lognormal(k[1], -0.1, 0.8)
    model = {"a": a, "b": b, "y": b * a[g] * R.lognormal(k[2], 0.0, 0.5, size=3)}

    def likelihood(rng: np.random.Generator) -> Array:
        logs = column(rng.normal(-0.1, 0.8, N)) + rng.normal(0.2, 0.5, (N, 2))[:, g]
        return np.asarray((st.norm.logpdf(np.log(y), logs, 0.5) - np.log(y)).sum(1))

    return model, {"y": y}, likelihood


def gammas_cut_to_intervals_of_their_own() -> Case:
    k, a, rate = keys(), A([2.0, 3.0]), A([1.0, 2.0])
    low, high = A([0.0, 0.5]), A([1.0, 4.0])
    z = R.truncated(k[0], R.gamma.law(a, rate=rate), low, high)

    def likelihood(rng: np.random.Generator) -> Array:
        ends = st.gamma.cdf([low, high], a, scale=1 / rate)
        u = ends[0] + (ends[1] - ends[0]) * rng.random((N, 2))
        drawn = st.gamma.ppf(u, a, scale=1 / rate)
        return np.asarray(st.poisson.logpmf([3, 0], drawn * A([2.0, 1.0])).sum(1))

    return {"z": z, "y": R.poisson(k[1], z * A([2.0, 1.0]))}, {"y": [3, 0]}, likelihood


def ends_of_columns() -> Case:
    k, y = keys(), A([[0.5, 1.0], [1.2, 2.2], [0.2, 0.1]])
    z = R.pareto(k[0], 2.5, scale=A([1.0, 2.0]))

    def likelihood(rng: np.random.Generator) -> Array:
        drawn = A([1.0, 2.0]) * (1 + rng.pareto(2.5, (N, 2)))
        inside = (y <= drawn[:, None]).all((1, 2))
        return np.where(inside, -3 * np.log(drawn).sum(1), -np.inf)

    return {"z": z, "y": R.uniform(k[1], 0.0, z, size=(3, 2))}, {"y": y}, likelihood


def a_scale_of_two_levels_and_a_waiting_time() -> Case:
    k, g = keys(), A([0, 0, 1])
    v = R.inverse_gamma(k[0], 3.0, scale=2.0)
    m = R.normal(k[1], 0.2, ag.sqrt(v / 2))
    t = R.normal(k[2], m, ag.sqrt(v) * A([1.0, 0.5]))
    model = {"v": v, "m": m, "t": t, "y": R.normal(k[3], t[g], ag.sqrt(v) * 3),
             "w": R.exponential(k[4], rate=1 / v)}  # fmt: skip

    def likelihood(rng: np.random.Generator) -> Array:
        v_ = 1 / rng.gamma(3, 0.5, N)
        sd = np.sqrt(column(v_))
        t_ = 0.2 + sd * (rng.normal(size=(N, 1)) / np.sqrt(2) + rng.normal(size=(N, 2)) * [1, 0.5])
        out = st.norm.logpdf(TIMES, t_[:, g], 3 * sd).sum(1)
        return np.asarray(out + st.expon.logpdf(0.8, scale=v_))

    return model, {"y": TIMES, "w": 0.8}, likelihood


CASES = [
    one_vector_by_two_indices,
    minus_twice_and_a_third,
    a_matrix_between_matrices,
    stacks_of_matrices,
    rates_joined_end_to_end,
    rates_backward_and_without_the_first,
    a_quotient_that_is_observed,
    a_factor_with_a_minus,
    products_of_lognormals_by_an_index,
    gammas_cut_to_intervals_of_their_own,
    ends_of_columns,
    a_scale_of_two_levels_and_a_waiting_time,
]


@pytest.mark.parametrize("build", CASES, ids=lambda f: f.__name__.replace("_", " "))
def test_the_evidence_is_the_average_of_the_likelihood(
    build: Callable[[], Case], evidence_is: Callable[[Sampler, Array], None]
) -> None:
    variables, observed, likelihood = build()
    sampler = ag.derive(ag.Model(variables), observed)
    assert sampler.exact, sampler.rejected
    evidence_is(sampler, likelihood(np.random.default_rng(7)))


def test_counts_of_counts_have_points_to_check_a_law_at() -> None:
    """A count drawn first leaves values for what is drawn from it, also above large data."""
    k = keys()
    n = R.poisson(k[0], 60.0)
    m = R.binomial(k[1], n, 0.6)
    sampler = ag.derive(ag.Model({"n": n, "m": m, "y": R.binomial(k[2], m, 0.5)}), {"y": 40})
    assert [r.name for r in sampler.step("n").relations] == ["poisson_thinning"]


def test_a_latent_under_clipped_vectors_is_no_covariance() -> None:
    k = keys()
    z = R.normal(k[0], 0.5, 1.0, size=2)
    y = ag.clip(R.normal(k[1], z[A([0, 1, 1])], 0.7), -1.0, 1.0)
    sampler = ag.derive(ag.Model({"z": z, "y": y}), {"y": A([-1.0, 0.4, 1.0])})
    assert not sampler.exact
