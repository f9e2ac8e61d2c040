"""Predictions and interventions against laws in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
COUNTS = np.array([7, 2, 0, 4])


def keys(n: int = 4) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def counts(exposure: Any = 1.0) -> ag.Model:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=4.0)
    size = np.shape(exposure) or 4
    return ag.Model({"z": z, "y": R.poisson(k[1], z * exposure, size=size)})


def agrees(draws: Any, law: Any) -> bool:
    values = np.asarray(draws).ravel()
    top = int(law.ppf(0.999))
    found = np.bincount(np.minimum(values, top), minlength=top + 1)
    expected = np.append(law.pmf(range(top)), law.sf(top - 1)) * values.size
    order = np.argsort(-expected)
    few = order[np.searchsorted(-expected[order], -20.0) - 1 :]
    many = np.setdiff1d(order, few)
    pair = [np.append(v[many], v[few].sum()) for v in (found, expected)]
    return bool(st.chisquare(pair[0], pair[1]).pvalue > 1e-4)


@pytest.mark.parametrize(
    "backend",
    ["numba", "numpy", pytest.param("jax", marks=pytest.mark.slow)],
)
def test_new_data_given_the_posterior_are_negative_binomial(backend: str) -> None:
    sampler = ag.derive(counts(), {"y": COUNTS})
    draws = sampler.sample(draws=1000, chains=2, backend=backend, progress=False, seed=3)
    new = sampler.sample_predictive(draws, seed=4, backend=backend)
    assert new["posterior_predictive"]["y"].shape == (2, 1000, 4)
    assert set(draws.children) < set(new.children)
    a, b = 2 + COUNTS.sum(), 4 + 4
    # One of the four: they share their rate.
    assert agrees(new["posterior_predictive"]["y"][..., 2], st.nbinom(a, b / (b + 1)))


def test_draws_of_another_sampler_are_refused() -> None:
    k = keys()
    rate = R.gamma(k[0], 2.0, rate=4.0)
    other = ag.derive(ag.Model({"rate": rate, "y": R.poisson(k[1], rate)}), {"y": 3})
    draws = other.sample(draws=20, chains=2, backend="numpy", progress=False)
    with pytest.raises(ag.ModelError, match="lack 'z', on which the predictions depend"):
        ag.derive(counts(), {"y": COUNTS}).sample_predictive(draws, backend="numpy")


def test_other_covariates_are_another_model() -> None:
    sampler = ag.derive(counts(), {"y": COUNTS})
    draws = sampler.sample(draws=800, chains=2, backend="numpy", progress=False, seed=3)
    other = sampler.sample_predictive(
        draws, model=counts(np.array([3.0, 0.5])), names=["y"], backend="numpy"
    )
    a, b = 2 + COUNTS.sum(), 4 + 4
    for i, t in enumerate((3.0, 0.5)):
        assert agrees(other["predictions"]["y"][..., i], st.nbinom(a, b / (b + t)))
    wrong = ag.Model({"w": counts()["z"]})
    with pytest.raises(ag.ModelError, match="lacks the latent variable 'z'"):
        sampler.sample_predictive(draws, model=wrong, names=["w"])
    with pytest.raises(ag.ModelError, match="no variable 'q'"):
        sampler.sample_predictive(draws, names=["q"])


def test_predictions_of_a_loop_follow_the_sampled_states() -> None:
    k = keys()

    def step(x: Expr, key: Expr) -> tuple[Expr, Any]:
        both = ag.split(key)
        new = R.normal(both[0], x, 0.1)
        return new, (new, R.normal(both[1], new, 0.5))

    _, (x, y) = ag.scan(step, ag.constant(0.0), ag.split(k[0], 5))
    data = np.array([4.0, 4.2, 4.1, 4.3, 4.0])
    sampler = ag.derive(ag.Model({"x": x, "y": y}), {"y": data})
    draws = sampler.sample(draws=400, chains=2, backend="numpy", progress=False, seed=1)
    new = sampler.sample_predictive(draws, backend="numpy", seed=2)
    gap = np.asarray(new["posterior_predictive"]["y"]) - np.asarray(draws["posterior"]["x"])
    assert st.kstest(gap[..., 3].ravel(), st.norm(0, 0.5).cdf).pvalue > 1e-4


def test_prior_predictions_are_of_what_was_observed() -> None:
    tree = ag.derive(counts(), {"y": COUNTS}).sample_prior(draws=3000, seed=5)
    assert set(tree["prior"].data_vars) == {"z"}
    assert agrees(tree["prior_predictive"]["y"][..., 0], st.nbinom(2, 4 / 5))


def test_the_posterior_is_a_prior_for_more_data() -> None:
    """Two halves one after the other are as good as both at once."""
    first, second = np.array([7, 2, 0, 4]), np.array([1, 3, 3, 0])
    before = ag.derive(counts(), {"y": first})
    after = ag.derive(before.posterior_model(), {"y": second})
    k = keys()
    z = R.gamma(k[0], 2.0, rate=4.0)
    both = ag.Model({"z": z, "a": R.poisson(k[1], z, size=4), "b": R.poisson(k[2], z, size=4)})
    whole = ag.derive(both, {"a": first, "b": second})
    assert before.log_evidence() + after.log_evidence() == pytest.approx(whole.log_evidence())
    assert after.posterior_model()["z"].op.name == "gamma"
    again = ag.derive(before.posterior_model({"y": second}), {"y": first})
    assert again.log_evidence() != pytest.approx(after.log_evidence())


def test_the_predictive_density_of_a_regression_is_normal() -> None:
    k = keys()
    x = np.random.default_rng(3).normal(size=(6, 2))
    b = R.normal(k[0], 0.0, 2.0, size=2)
    model = ag.Model({"b": b, "y": R.normal(k[1], ag.matmul(x, b), 1.5)})
    data = np.array([1.0, -0.3, 2.2, 0.4, 1.7, 3.1])
    after = ag.derive(model, {"y": data}).posterior_model()
    new = np.array([0.1, 0.5, -1.0, 0.3, 1.2, 2.0])
    cov = np.linalg.inv(np.eye(2) / 4 + x.T @ x / 2.25)
    mean = cov @ x.T @ data / 2.25
    expected = st.multivariate_normal(x @ mean, x @ cov @ x.T + 2.25 * np.eye(6)).logpdf(new)
    assert ag.derive(after, {"y": new}).log_evidence() == pytest.approx(expected, rel=1e-8)


def test_only_an_exact_posterior_is_a_model() -> None:
    k = keys()
    z = R.student_t(k[0], 4.0, 0.0, 1.0)
    sampler = ag.derive(
        ag.Model({"z": z, "y": R.normal(k[1], z, 1.0)}), {"y": 0.7}, forbid=["augment"]
    )
    with pytest.raises(ag.UnsupportedError, match="where it is exact"):
        sampler.posterior_model()


# -- interventions ---------------------------------------------------------------------------


def sprinkler() -> ag.Model:
    k = keys()
    rain = R.bernoulli(k[0], 0.3)
    wet = R.bernoulli(k[1], 0.1 + 0.8 * rain)
    return ag.Model({"rain": rain, "wet": wet, "slips": R.bernoulli(k[2], 0.05 + 0.4 * wet)})


def test_an_intervention_says_nothing_of_causes_and_an_observation_does() -> None:
    seen = ag.derive(sprinkler(), {"wet": 1, "slips": 1})
    p = 0.3 * 0.9 / (0.3 * 0.9 + 0.7 * 0.1)
    assert np.exp(seen.logdensity(rain=1) - seen.log_evidence()) == pytest.approx(p)
    done = ag.derive(sprinkler().do({"wet": 1}), {"slips": 1})
    assert np.exp(done.logdensity(rain=1) - done.log_evidence()) == pytest.approx(0.3)
    slips = sprinkler().do({"wet": 1}).sample_prior(draws=1000, seed=2)["slips"]
    assert abs(slips.mean() - 0.45) < 5 * np.sqrt(0.45 * 0.55 / 1000)


def test_an_intervention_inside_a_loop_moves_what_comes_after() -> None:
    def step(x: Expr, key: Expr) -> tuple[Expr, Expr]:
        new = R.normal(key, 0.5 * x, 0.1)
        return new, new

    last, x = ag.scan(step, ag.constant(0.0), ag.split(keys()[0], 3))
    noisy = R.normal(keys()[1], last, 0.1)
    model = ag.Model({"x": x, "end": noisy}).do({"x": [1.0, 2.0, 40.0]})
    assert abs(model.sample_prior(seed=1)["end"] - 40.0) < 1.0


def test_what_cannot_be_set_is_refused() -> None:
    with pytest.raises(ag.ModelError, match="no variable 'snow'"):
        sprinkler().do({"snow": 1})
    with pytest.raises(ag.DTypeError, match="'wet'"):
        sprinkler().do({"wet": 0.5})
    with pytest.raises(ag.ShapeError, match="'wet'"):
        sprinkler().do({"wet": [1, 0]})
    both = sprinkler().do({"rain": 1, "wet": 1})
    assert both.sample_prior(seed=3)["rain"] == 1


def test_any_subset_of_names_can_be_observed() -> None:
    """Deterministic ones too: each way gives the same joint law."""
    k = keys()
    a, b = R.normal(k[0], 1.0, 2.0), R.normal(k[1], -1.0, 3.0)
    model = ag.Model({"a": a, "b": b, "s": a + b, "t": ag.exp(a)})
    joint = st.norm(1, 2).logpdf(0.4) + st.norm(-1, 3).logpdf(1.2)
    assert ag.derive(model, {"a": 0.4}).logdensity(b=1.2) == pytest.approx(joint)
    assert ag.derive(model, {"s": 1.6}).logdensity(a=0.4) == pytest.approx(joint)
    by_t = ag.derive(model, {"t": np.exp(0.4)}).logdensity(b=1.2)
    assert by_t == pytest.approx(joint - 0.4)
    with pytest.raises(ag.ModelError, match="nothing is left"):
        ag.derive(model, {"s": 1.6, "b": 1.2})
    with pytest.raises(ag.ModelError, match="nothing random remains"):
        ag.derive(model, {"a": 0.4, "b": 1.2, "s": 1.6})


def test_a_model_with_a_seed_of_its_own_draws_anew_each_time() -> None:
    k = ag.split(ag.key(3))
    z = R.gamma(k[0], 2.0, rate=4.0)
    model = ag.Model({"z": z, "y": R.poisson(k[1], z, size=4)})
    assert len(set(model.sample_prior(draws=20)["z"].tolist())) == 20
    sampler = ag.derive(model, {"y": COUNTS})
    draws = sampler.sample(draws=400, chains=2, backend="numpy", progress=False, seed=3)
    new = sampler.sample_predictive(draws, backend="numpy")["posterior_predictive"]["y"]
    a, b = 2 + COUNTS.sum(), 4 + 4
    assert agrees(new[..., 1], st.nbinom(a, b / (b + 1)))
