"""Models that stand in collections, with made-up data: what is derived for each."""

from __future__ import annotations

import numpy as np

import astragal as ag

R = ag.random


def test_animals_never_caught_may_exist() -> None:
    # Capture and recapture, augmented by rows of zeros: caught animals exist for certain, so
    # that hardly any prior draw of z is possible beside the data.
    caught = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 1]] + [[0, 0, 0]] * 6)
    k = ag.split(ag.input("key", dtype="key"), 3)
    omega, p = R.uniform(k[0], 0.0, 1.0), R.uniform(k[1], 0.0, 1.0)
    keys = ag.split(k[2])
    z = R.bernoulli(keys[0], omega, size=10)
    y = R.bernoulli(keys[1], z[:, None] * p, size=(10, 3))
    sampler = ag.derive(ag.Model({"omega": omega, "p": p, "z": z, "y": y}), {"y": caught})
    kinds = {s.name: s.kind for s in sampler.steps}
    assert kinds["z"] == "gibbs"
    assert kinds["omega"] == "gibbs"


def test_grades_of_tissue_are_counted_by_hidden_stage() -> None:
    counts = np.array([[2, 0, 0], [1, 1, 0], [0, 1, 2], [0, 3, 0]])
    k = ag.split(ag.input("key", dtype="key"), 4)
    p = R.dirichlet(k[0], np.ones(2))
    grades = R.dirichlet(k[1], np.array([[2.0, 1.0, 1.0], [1.0, 1.0, 3.0]]))
    stage = R.categorical(k[2], p, size=4)
    x = R.multinomial(k[3], counts.sum(1), grades[stage])
    model = ag.Model({"p": p, "grades": grades, "stage": stage, "x": x})
    kinds = {s.name: s.kind for s in ag.derive(model, {"x": counts}).steps}
    assert kinds == {"p": "gibbs", "grades": "gibbs", "stage": "gibbs"}


def test_censored_lifetimes_of_groups() -> None:
    # Books of augmentations are searched: one of them counts a random number of terms.
    times = np.minimum(np.random.default_rng(1).weibull(2.0, (2, 6)) * 25.0, 30.0)
    k = ag.split(ag.input("key", dtype="key"), 3)
    r = R.exponential(k[0], rate=0.1)
    beta = R.normal(k[1], 0.0, 10.0, size=2)
    law = R.weibull.law(r, ag.exp(-beta / r)[:, None])
    t = R.censored(k[2], law, upper=30.0, size=(2, 6))
    sampler = ag.derive(ag.Model({"r": r, "beta": beta, "t": t}), {"t": times})
    assert [s.kind for s in sampler.steps] == ["nuts"]
