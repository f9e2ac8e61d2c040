"""Trajectories take along what draws in turn would hold."""

from __future__ import annotations

import numpy as np

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.expr import Expr

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


def test_a_scale_that_moves_twice_is_drawn_as_before() -> None:
    k = ag.split(ag.input("key", dtype="key"), 4)
    mu, tau = R.normal(k[0], 0.0, 1.0), R.inverse_gamma(k[1], 2.0, scale=1.0)
    x = R.normal(k[2], mu, ag.sqrt(tau), size=6)
    y = R.poisson(k[3], ag.exp(x))
    model = ag.Model({"mu": mu, "tau": tau, "x": x, "y": y})
    found = kinds(ag.derive(model, {"y": [1, 0, 3, 2, 5, 1]}))
    assert found["tau"] == "gibbs"
    assert found["tau+x"] == "interweave"
