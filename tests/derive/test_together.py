"""Trajectories take along what draws in turn would hold."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.expr import Expr
from astragal.sample import diagnose

R = ag.random
DATA = np.array([0.3, -1.1, 0.8, 2.0, 1.4, -0.2, -0.9, 0.5, 1.2, -1.6])


def kinds(sampler: Sampler) -> dict[str, str]:
    return {s.name: s.kind for s in sampler.steps}


def curve(spread: Expr) -> ag.Model:
    """A curve of basis functions whose scale and length are unknown."""
    k = ag.split(ag.input("key", dtype="key"), 5)
    basis = np.sin(np.outer(np.linspace(0.1, 3.0, 10), np.arange(1.0, 5.0)))
    scale = R.half_student_t(k[0], 3.0, 2.0)
    length, noise = R.inverse_gamma(k[1], 2.0, scale=1.0), R.lognormal(k[2], 0.0, spread)
    z = R.normal(k[3], 0.0, 1.0, size=4)
    mean = basis @ (scale * ag.exp(-length * np.arange(1.0, 5.0)) * z)
    y = R.normal(k[4], mean, noise)
    return ag.Model({"scale": scale, "length": length, "noise": noise, "z": z, "y": y})


def test_a_scale_moves_with_the_length_that_it_is_traded_for() -> None:
    model = curve(ag.constant(1.0))
    sampler = ag.derive(model, {"y": DATA}, forbid=["collapse"])
    assert kinds(sampler) == {"scale+length+noise+z": "nuts"}
    assert "it would hold what trajectories move" in sampler.explain()
    asked = ag.derive(model, {"y": DATA}, forbid=["collapse"], prefer=["gibbs"])
    assert kinds(asked)["z"] == "gibbs"


def test_the_mean_of_a_normal_vector_moves_with_it() -> None:
    k = ag.split(ag.input("key", dtype="key"), 4)
    mu = R.normal(k[0], 0.0, ag.constant([1.0, 5.0]))
    tau = R.exponential(k[1], rate=0.5, size=2)
    x = R.multivariate_normal(k[2], mu, ag.linalg.diag(tau), size=5)
    rate = ag.exp(x[:, 0]) + ag.square(x[:, 1])
    model = ag.Model({"mu": mu, "tau": tau, "x": x, "y": R.poisson(k[3], rate)})
    sampler = ag.derive(model, {"y": [1, 0, 3, 2, 5]})
    assert kinds(sampler) == {"mu+tau+x": "nuts"}


def test_what_has_nothing_in_common_with_trajectories_is_drawn_as_before() -> None:
    k = ag.split(ag.input("key", dtype="key"), 5)
    mean, variance = R.normal(k[0], 0.0, 5.0), R.inverse_gamma(k[1], 3.0, scale=2.0)
    a, b = R.lognormal(k[2], 0.0, 1.0), R.lognormal(k[3], 0.0, 1.0)
    own = ag.split(k[4])
    model = ag.Model(
        {
            "mean": mean,
            "variance": variance,
            "a": a,
            "b": b,
            "y": R.normal(own[0], mean, ag.sqrt(variance), size=10),
            "x": R.gamma(own[1], a * b + 1.0, rate=a + b, size=3),
        }
    )
    found = kinds(ag.derive(model, {"y": DATA, "x": [0.5, 1.5, 2.5]}))
    assert found == {"mean": "gibbs", "variance": "gibbs", "a+b": "nuts"}


def test_a_scale_moves_with_what_it_is_the_scale_of() -> None:
    k = ag.split(ag.input("key", dtype="key"), 5)
    mu, tau = R.normal(k[0], 0.0, 1.0), R.inverse_gamma(k[1], 2.0, scale=1.0)
    slope = R.normal(k[4], 0.0, 1.0)
    x = R.normal(k[2], mu, ag.sqrt(tau), size=6)
    y = R.poisson(k[3], ag.exp(x + slope * DATA[:6]))
    model = ag.Model({"mu": mu, "tau": tau, "slope": slope, "x": x, "y": y})
    data = {"y": [1, 0, 3, 2, 5, 1]}
    assert set(kinds(ag.derive(model, data)).values()) == {"nuts"}
    found = kinds(ag.derive(model, data, prefer=["gibbs"]))
    assert found["tau"] == "gibbs"
    assert found["tau+x"] == "interweave"


def test_a_precision_in_a_factor_moves_with_what_it_holds() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    tau, x = R.gamma(k[0], 0.5, rate=0.5), R.improper_uniform(k[1], size=6)
    steps = ag.sum(ag.square(x[1:] - x[:-1]))
    prior = ag.factor(2.5 * ag.log(tau) - 0.5 * tau * steps)
    y = R.poisson(k[2], ag.exp(x))
    model = ag.Model({"tau": tau, "x": x, "prior": prior, "y": y})
    assert kinds(ag.derive(model, {"y": [1, 0, 3, 2, 5, 1]})) == {"tau+x": "nuts"}


@pytest.mark.slow
def test_rates_of_groups_are_drawn_beside_their_shapes() -> None:
    k = ag.split(ag.input("key", dtype="key"), 4)
    a, b = R.gamma(k[0], 400.0, rate=100.0), R.gamma(k[1], 300.0, rate=100.0)
    p = R.beta(k[2], a, b, size=4)
    y = np.array([8, 7, 9, 2])
    model = ag.Model({"a": a, "b": b, "p": p, "y": R.binomial(k[3], 9, p)})
    sampler = ag.derive(model, {"y": y}, forbid=["collapse"])
    assert kinds(sampler) == {"a+b": "nuts", "p": "gibbs"}
    table = diagnose(sampler.sample(draws=1000, warmup=500, seed=1, progress=False))
    # On a grid of the shapes, the rates integrated out.
    at, bt = np.meshgrid(np.linspace(3.0, 5.2, 80), np.linspace(2.1, 4.1, 80), indexing="ij")
    log_weight = st.gamma.logpdf(at, 400.0, scale=0.01) + st.gamma.logpdf(bt, 300.0, scale=0.01)
    log_weight += np.sum(st.betabinom.logpmf(y[:, None, None], 9, at, bt), axis=0)
    weight = np.exp(log_weight - np.max(log_weight))
    weight /= np.sum(weight)
    rates = {f"p[{i}]": np.sum(weight * (at + n) / (at + bt + 9)) for i, n in enumerate(y)}
    for name, mean in {"a": np.sum(weight * at), "b": np.sum(weight * bt), **rates}.items():
        assert abs(table.loc[name, "mean"] - mean) < 4.5 * table.loc[name, "mcse"]


def test_coefficients_move_with_the_curve_that_they_belong_to_and_noise_does_not() -> None:
    k = ag.split(ag.input("key", dtype="key"), 5)
    a = R.normal(k[0], 0.0, 2.0, size=2)
    rates = R.lognormal(k[1], 0.0, 1.0, size=2)
    noise = R.inverse_gamma(k[2], 2.0, scale=1.0)
    t = np.linspace(0.1, 3.0, 10)
    curves = ag.exp(-rates * t[:, None])
    y = R.normal(k[3], curves @ a, ag.sqrt(noise))
    model = ag.Model({"a": a, "rates": rates, "noise": noise, "y": y})
    found = kinds(ag.derive(model, {"y": DATA}, forbid=["collapse"]))
    assert found == {"a+rates+noise": "nuts"}
    fixed = ag.Model(
        {"rates": rates, "noise": noise, "y": R.normal(k[4], curves @ DATA[:2], ag.sqrt(noise))}
    )
    assert kinds(ag.derive(fixed, {"y": DATA}))["noise"] == "gibbs"


def test_states_that_free_nothing_but_slices_are_not_added() -> None:
    # A success of probability a^s b^t is one of two: given the first, a and b would move by slices.
    k = ag.split(ag.input("key", dtype="key"), 3)
    a, b = R.uniform(k[0], 0.0, 1.0), R.uniform(k[1], 0.0, 1.0)
    s, t = np.array([0, 1, 1, 2, 3]), np.array([0, 0, 1, 2, 2])
    model = ag.Model({"a": a, "b": b, "y": R.bernoulli(k[2], a**s * b**t)})
    assert kinds(ag.derive(model, {"y": [1, 1, 0, 0, 1]})) == {"a+b": "nuts"}
