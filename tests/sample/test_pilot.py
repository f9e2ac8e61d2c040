"""Pilot runs choose among samplers of one posterior."""

from __future__ import annotations

import numpy as np
import pytest

import astragal as ag
from astragal.derive.steps import Trial
from astragal.sample import pilot

R = ag.random


def schools() -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"), 4)
    mu = R.normal(k[0], 0.0, 5.0)
    tau = R.half_cauchy(k[1], 5.0)
    theta = R.normal(k[2], mu, tau, size=3)
    return ag.Model({"mu": mu, "tau": tau, "theta": theta, "y": R.normal(k[3], theta, 10.0)})


@pytest.mark.slow
def test_a_pilot_tries_the_samplers_there_are_and_keeps_the_best() -> None:
    sampler = ag.derive(schools(), {"y": [28.0, 8.0, -3.0]}, tune="pilot")
    kinds = {tuple(sorted({kind for _, kind in t.steps})) for t in sampler.trials}
    assert {("collapse",), ("nuts on standardised coordinates",)} <= kinds
    assert len(sampler.trials) <= pilot.TRIED + 1
    assert ("nuts",) not in kinds  # it was expected to take longest
    assert all(t.work > 0.0 and t.sweeps >= 1.0 and "expected" in str(t) for t in sampler.trials)
    rates = [t.rate for t in sampler.trials]
    assert rates == sorted(rates, reverse=True)
    for step, (name, kind) in zip(sampler.steps, sampler.trials[0].steps, strict=True):
        assert step.name == name
        assert kind.startswith(step.kind)
    assert "Pilot runs:" in sampler.explain()


def test_an_exact_sampler_needs_no_pilot() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    p = R.beta(k[0], 2.0, 3.0)
    model = ag.Model({"p": p, "y": R.binomial(k[1], 10, p)})
    assert ag.derive(model, {"y": 7}, tune="pilot").exact


def test_a_way_of_tuning_that_there_is_not_is_refused() -> None:
    with pytest.raises(ag.ModelError, match="'fast', expected 'pilot'"):
        ag.derive(schools(), {"y": np.zeros(3)}, tune="fast")


def test_a_pilot_distrusts_chains_that_disagree_or_stand_still() -> None:
    def run(r_hat: float, width: float) -> pilot._Run:
        trial = Trial(steps=(("x", "gibbs"),), rate=1.0)
        return pilot._Run(trial, r_hat, {"x": np.array([width, 1.0])})

    runs = [run(1.01, 1.0), run(1.5, 9.0), run(1.0, 0.1), run(1.05, 0.9)]
    judged = pilot._judged(runs)
    assert [t.trusted for t in judged] == [True, False, False, True]
    assert "chains disagree" in str(judged[1])
    assert "disagree" not in str(judged[0])
