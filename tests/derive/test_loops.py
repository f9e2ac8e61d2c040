"""Time series and other loops, sums of draws, and discrete variables that hold together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.expr import Expr
from astragal.sample.calibrate import start_at_truth

R = ag.random
T = 6
Y = np.array([0.4, -1.0, 0.3, 0.9, 2.0, 1.1])
P = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])


def keys(n: int = 4) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def walk(k: Expr, rho: Any = 0.8, sd: Any = 0.6) -> Expr:
    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.normal(key, rho * x + 0.1, sd)
        return new, new

    out: Expr = ag.scan(step, ag.constant(0.5), ag.split(k, T))[1]
    return out


def test_a_local_level_is_drawn_exactly_with_its_evidence() -> None:
    k = keys()
    x = walk(k[0])
    sampler = ag.derive(ag.Model({"x": x, "y": R.normal(k[1], x, 0.5)}), {"y": Y})
    assert sampler.exact
    inverse = np.linalg.inv(np.eye(T) - 0.8 * np.eye(T, k=-1))
    mean = inverse @ (0.1 + np.eye(T)[0] * 0.8 * 0.5)
    cov = 0.36 * inverse @ inverse.T + 0.25 * np.eye(T)
    expected = st.multivariate_normal(mean, cov).logpdf(Y)
    assert sampler.log_evidence() == pytest.approx(expected, rel=1e-9)


def test_the_coefficient_and_variance_of_an_autoregression_are_conjugate(
    law_of: Callable[..., float],
) -> None:
    k = keys()
    rho, v = R.normal(k[0], 0.0, 2.0), R.inverse_gamma(k[1], 3.0, scale=2.0)
    sampler = ag.derive(ag.Model({"rho": rho, "v": v, "x": walk(k[2], rho, ag.sqrt(v))}), {"x": Y})
    assert [s.kind for s in sampler.steps] == ["gibbs", "gibbs"]
    before = np.concatenate([[0.5], Y[:-1]])
    precision = 1 / 4 + before @ before / 0.7
    law = st.norm(before @ (Y - 0.1) / 0.7 / precision, precision**-0.5)
    assert law_of(sampler, "rho", 0.3, {"v": 0.7}) == pytest.approx(law.logpdf(0.3))
    law = st.invgamma(3 + T / 2, scale=2 + 0.5 * np.sum((Y - 0.1 - 0.3 * before) ** 2))
    assert law_of(sampler, "v", 0.7, {"rho": 0.3}) == pytest.approx(law.logpdf(0.7))


def test_a_walk_that_nothing_observes_is_not_drawn_from_its_old_values() -> None:
    k = keys()
    x = walk(k[0])
    sampler = ag.derive(ag.Model({"x": x, "y": R.normal(k[1], x[-1], 0.5)}), {"y": 0.3})
    assert sampler.exact
    inverse = np.linalg.inv(np.eye(T) - 0.8 * np.eye(T, k=-1))
    mean = (inverse @ (0.1 + np.eye(T)[0] * 0.8 * 0.5))[-1]
    sd = np.sqrt(0.36 * (inverse @ inverse.T)[-1, -1] + 0.25)
    assert sampler.log_evidence() == pytest.approx(st.norm(mean, sd).logpdf(0.3))


def test_an_observed_sum_moves_all_its_terms() -> None:
    k = keys()
    x = R.normal(k[0], np.array([0.0, 1.0, 2.0]), 1.5)
    sampler = ag.derive(ag.Model({"x": x, "s": ag.sum(x)}), {"s": 6.0})
    assert sampler.exact
    assert sampler.log_evidence() == pytest.approx(st.norm(3, 1.5 * np.sqrt(3)).logpdf(6.0))
    data = {"s": ag.constant(6.0)}
    new, _ = sampler.sweep(ag.key(1), sampler.initial(ag.key(0), data), data)
    drawn = np.asarray(ag.evaluate(sampler.values(new, data)["x"]))
    assert drawn.sum() == pytest.approx(6.0)


def switching() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    mu = R.normal(k[1], np.array([-1.0, 0.5, 2.0]), 1.0)

    def step(z: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.categorical(key, ag.constant(P)[z])
        return new, new

    z = ag.scan(step, ag.constant(0), ag.split(k[0], 4))[1]
    return ag.Model({"mu": mu, "z": z, "y": R.normal(k[2], mu[z], 0.7)}), {"y": Y[:4]}


def summed_counts() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    a, b = R.poisson(k[0], 1.5), R.poisson(k[1], 2.5)
    return ag.Model({"a": a, "b": b, "s": a + b}), {"s": 6}


def mean_of(sampler: Sampler, name: str, sweeps: int = 4000, seed: int = 3) -> Any:
    """Average of a variable over a chain on the fast backend."""
    data = {n: ag.constant(v) for n, v in sampler.observed.items()}

    def one(state: Mapping[str, Expr], i: Expr) -> tuple[Any, Expr]:
        new, _ = sampler.sweep(ag.fold_in(ag.key(seed), i), state, data, tuning=i < 200)
        return new, sampler.values(new, data)[name].astype("float64")

    start = sampler.initial(ag.key(seed + 1), data)
    _, out = ag.scan(one, start, ag.arange(sweeps))
    return np.asarray(ag.function([], ag.mean(out[200:], axis=0), backend="numba")())


@pytest.mark.slow
def test_counts_with_an_observed_sum_are_binomial() -> None:
    """Given their sum, Poisson counts are binomial: 6 trials of probability 1.5 / 4."""
    sampler = ag.derive(*summed_counts())
    assert [s.kind for s in sampler.steps] == ["sites"]
    assert mean_of(sampler, "a") == pytest.approx(6 * 1.5 / 4, abs=0.1)


@pytest.mark.slow
def test_states_of_a_chain_have_the_posterior_of_enumeration() -> None:
    model, observed = switching()
    sampler = ag.derive(model, {**observed, "mu": [-1.0, 0.5, 2.0]})
    weights, ones = [], []
    for path in itertools.product(range(3), repeat=4):
        p = np.prod([P[a, b] for a, b in itertools.pairwise((0, *path))])
        means = np.array([-1.0, 0.5, 2.0])[list(path)]
        weights.append(p * np.prod(st.norm(means, 0.7).pdf(Y[:4])))
        ones.append(np.array(path))
    expected = np.average(ones, axis=0, weights=weights)
    assert mean_of(sampler, "z") == pytest.approx(expected, abs=0.12)


@pytest.mark.slow
def test_steps_of_loops_keep_the_joint_law() -> None:
    start_at_truth(ag.derive(*switching()), simulations=2000, seed=2).check()


def joined(key: Expr, n: int = T) -> tuple[Expr, Expr, Expr]:
    """First value and path of a loop that no name of a model holds apart."""
    k = ag.split(key)
    first = R.normal(k[0], 0.2, 1.1)

    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.normal(key, 0.7 * x, 0.6)
        return new, new

    _, rest = ag.scan(step, first, ag.split(k[1], n - 1))
    return first, rest, ag.concatenate([first[None], rest])


def test_a_path_that_is_named_only_as_a_whole_is_that_of_its_parts() -> None:
    k = keys()
    first, rest, x = joined(k[0])
    y = R.normal(k[1], x, 0.5)
    whole = ag.derive(ag.Model({"x": x, "y": y}), {"y": Y})
    parts = ag.derive(ag.Model({"first": first, "rest": rest, "y": y}), {"y": Y})
    assert whole.exact
    assert whole.log_evidence() == pytest.approx(parts.log_evidence(), rel=1e-12)
    assert set(whole.latent_names) == {"normal_1", "normal_2"}
    state = whole.initial(ag.key(3), {"y": ag.constant(Y)})
    shown = ag.evaluate(whole.values(state, {"y": ag.constant(Y)})["x"])
    drawn = [np.atleast_1d(ag.evaluate(state[n])) for n in ("normal_2", "normal_1")]
    np.testing.assert_array_equal(shown, np.concatenate(drawn))


def test_draws_of_a_loop_are_named_by_outputs_that_determine_them() -> None:
    k = keys()

    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = x + 0.6 * R.normal(key, 0.1, 1.0)
        return new, new

    _, rest = ag.scan(step, ag.constant(0.5), ag.split(k[0], T - 1))
    x = ag.concatenate([ag.constant([0.5]), rest])
    sampler = ag.derive(ag.Model({"x": x, "y": R.normal(k[1], x, 0.5)}), {"y": Y})
    inverse = np.tril(np.ones((T - 1, T - 1)))
    cov = np.zeros((T, T))
    cov[1:, 1:] = 0.36 * inverse @ inverse.T
    mean = 0.5 + 0.06 * np.arange(T)
    law = st.multivariate_normal(mean, cov + 0.25 * np.eye(T))
    assert sampler.log_evidence() == pytest.approx(law.logpdf(Y), rel=1e-9)


def test_draws_of_a_loop_that_no_output_holds_are_named_all_the_same() -> None:
    k = keys()

    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        each = ag.split(key)
        new = R.normal(each[0], 0.8 * x + 0.1, 0.6)
        return new, new + 0.5 * R.normal(each[1], 0.0, 1.0)

    _, y = ag.scan(step, ag.constant(0.5), ag.split(k[0], T))
    hidden = ag.derive(ag.Model({"y": y}), {"y": Y})
    x = walk(k[1])
    shown = ag.derive(ag.Model({"x": x, "y": R.normal(k[2], x, 0.5)}), {"y": Y})
    assert hidden.exact
    assert hidden.log_evidence() == pytest.approx(shown.log_evidence(), rel=1e-12)


def test_a_trend_written_by_its_shocks_is_one_block() -> None:
    k = keys()
    sd = R.half_normal(k[1], 1.0)

    def step(at: tuple[Expr, Expr], key: Expr) -> tuple[tuple[Expr, Expr], tuple[Expr, Expr]]:
        each = ag.split(key)
        level = at[0] + at[1] - sd * R.normal(each[0], 0.2, 1.0)
        slope = at[1] + R.normal(each[1], 0.0, 2.0) / 8.0
        return (level, slope), (level, slope)

    _, (level, slope) = ag.scan(step, (ag.constant(0.5), ag.constant(0.1)), ag.split(k[0], T))
    model = {"sd": sd, "level": level, "slope": slope, "y": R.normal(k[2], level, 0.5)}
    sampler = ag.derive(ag.Model(model), {"y": Y, "sd": 0.6})
    assert sampler.exact
    rows, before = np.eye(T), np.eye(T, k=-1)
    # level_t = level_{t-1} + slope_{t-1} - 0.12 + 0.6 e_t, slope_t = slope_{t-1} + 0.25 d_t
    slopes = np.linalg.inv(rows - before)
    start = 0.5 * rows[0]
    drift = np.linalg.solve(rows - before, start + before @ np.full(T, 0.1) + 0.1 * rows[0] - 0.12)
    shocks = np.hstack([0.6 * slopes, 0.25 * slopes @ before @ slopes])
    law = st.multivariate_normal(drift, shocks @ shocks.T + 0.25 * rows)
    expected = law.logpdf(Y) + st.halfnorm().logpdf(0.6)
    assert sampler.log_evidence() == pytest.approx(expected, rel=1e-9)


def test_a_shock_that_is_shown_stays_a_shock() -> None:
    k = keys()

    def step(x: Expr, key: Expr) -> tuple[Expr, tuple[Expr, Expr]]:
        shock = R.normal(key, 0.0, 1.0)
        return x + 0.6 * shock, (x, shock)

    _, (x, shock) = ag.scan(step, ag.constant(0.5), ag.split(k[0], T))
    y = R.normal(k[1], x, 0.5)
    assert ag.derive(ag.Model({"shock": shock, "y": y}), {"y": Y}).latent_names == ("shock",)


@pytest.mark.slow
def test_predictions_follow_a_path_that_has_no_name() -> None:
    k = keys()

    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        each = ag.split(key)
        new = 0.8 * x + R.normal(each[0], 0.1, 0.6)
        return new, R.normal(each[1], new, 0.01)

    _, y = ag.scan(step, ag.constant(0.5), ag.split(k[0], T))
    sampler = ag.derive(ag.Model({"y": y}), {"y": Y})
    tree = sampler.sample(seed=1, draws=200, chains=2, backend="numba", progress=False)
    tree = ag.sample.predict(sampler, tree, backend="numba")
    predicted = tree["posterior_predictive"].dataset["y"].values
    # Noise of sd 0.01 twice, five times over.
    np.testing.assert_allclose(predicted[0], np.broadcast_to(Y, (200, T)), atol=0.1)


@pytest.mark.parametrize("newest_last", [True, False])
def test_a_state_that_keeps_its_last_values_is_made_of_the_path(newest_last: bool) -> None:
    k = keys()
    w = np.array([0.5, -0.2, 0.3])

    def step(last: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.normal(key, ag.sum(last * (w if newest_last else w[::-1])), 0.6)
        kept = [last[1:], new[None]] if newest_last else [new[None], last[:-1]]
        return ag.concatenate(kept), new

    before = np.array([0.4, 0.1, -0.7])
    start = ag.constant(before if newest_last else before[::-1])
    _, x = ag.scan(step, start, ag.split(k[0], T))
    sampler = ag.derive(ag.Model({"x": x, "y": R.normal(k[1], x, 0.5)}), {"y": Y})
    assert sampler.exact
    shocks = np.eye(T) - sum(w[2 - j] * np.eye(T, k=-1 - j) for j in range(3))
    mean = np.zeros(T)
    for t in range(T):
        mean[t] = w @ np.concatenate([before, mean])[t : t + 3]
    inverse = np.linalg.inv(shocks)
    law = st.multivariate_normal(mean, 0.36 * inverse @ inverse.T + 0.25 * np.eye(T))
    assert sampler.log_evidence() == pytest.approx(law.logpdf(Y), rel=1e-9)


def test_a_state_that_is_turned_round_is_no_record_of_the_path() -> None:
    k = keys()

    def step(last: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.normal(key, last[0], 0.6)
        return ag.concatenate([last[::-1][1:], new[None]]), new

    start = np.array([0.4, 0.1, -0.7])
    _, x = ag.scan(step, ag.constant(start), ag.split(k[0], T))
    model = ag.Model({"x": x})
    values, last, expected = np.array([0.3, -0.2, 0.9, 1.1, 0.2, 0.7]), start, 0.0
    for v in values:
        expected += st.norm(last[0], 0.6).logpdf(v)
        last = np.append(last[::-1][1:], v)
    found = ag.evaluate(ag.logdensity(model, {"x": values}))
    assert float(found) == pytest.approx(expected)
