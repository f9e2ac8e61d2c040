"""Chains start where constraints hold, however rare that is among draws."""

from __future__ import annotations

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import ModelError
from astragal.sample.chain import chain_keys, program_of

R = ag.random


def started(model: ag.Model, observed: dict[str, object]) -> dict[str, np.ndarray]:
    sampler = ag.derive(model, observed)
    start, _ = chain_keys(1, 0)
    return program_of(sampler, "numpy").start(start, dict(sampler.observed))


def keys(n: int) -> ag.Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def test_a_long_vector_in_order_is_started_in_order() -> None:
    k = keys(2)
    mu = R.normal(k[0], 0.0, 10.0, size=10)
    y = R.student_t(k[1], 4.0, mu, 1.0)
    model = ag.Model({"mu": mu, "order": ag.constrain(mu[1:] > mu[:-1]), "y": y})
    assert (np.diff(started(model, {"y": np.arange(10.0)})["mu"]) > 0.0).all()


def test_bounds_between_and_the_supports_that_they_are_read_by_are_kept() -> None:
    k = keys(4)
    high, low = (R.uniform(k[i], 0.0, 1e4, size=4) for i in range(2))
    inside = R.uniform(k[2], low, high)
    order = ag.constrain(ag.all(high > low) & ag.all(low[:-1] > high[1:]))
    y = R.student_t(k[3], 4.0, inside, 50.0)
    model = ag.Model({"high": high, "low": low, "inside": inside, "order": order, "y": y})
    at = started(model, {"y": [4000.0, 3000.0, 2000.0, 1000.0]})
    assert (at["high"] > at["inside"]).all()
    assert (at["inside"] > at["low"]).all()
    assert (at["low"][:-1] > at["high"][1:]).all()


def test_constraints_that_contradict_each_other_are_still_told() -> None:
    k = keys(2)
    x = R.normal(k[0], 0.0, 1.0, size=2)
    y = R.student_t(k[1], 4.0, x, 1.0)
    both = ag.constrain((x[0] > x[1] + 1.0) & (x[1] > x[0]))
    with pytest.raises(ModelError, match="contradict"):
        started(ag.Model({"x": x, "both": both, "y": y}), {"y": [0.0, 1.0]})
