"""Chains start where constraints hold, however rare that is among draws."""

from __future__ import annotations

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import ModelError
from astragal.sample.chain import chain_keys, program_of
from astragal.sample.feasible import Search

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
    with pytest.raises(ModelError, match=r"the condition 'both', last at x = .*start=\{'x'"):
        started(ag.Model({"x": x, "both": both, "y": y}), {"y": [0.0, 1.0]})


def test_a_density_that_is_no_number_is_named_with_what_it_reads() -> None:
    k = keys(3)
    x, z = R.normal(k[0], 0.0, 1.0), R.normal(k[1], 0.0, 1.0)
    y = R.student_t(k[2], 4.0, z + ag.log(-1.0 - x * x), 1.0)
    with pytest.raises(ModelError, match=r"density of 'y', last at (x|z) = .*, (x|z) = "):
        started(ag.Model({"x": x, "z": z, "y": y}), {"y": 0.5})


def test_a_set_that_priors_hardly_reach_is_found() -> None:
    k = keys(2)
    x = R.normal(k[0], 0.0, 1000.0, size=20)
    y = R.student_t(k[1], 4.0, x, 1.0)
    size = ag.sum(ag.square(x))
    ring = ag.constrain((size < 1.0) & (size > 0.99))
    at = started(ag.Model({"x": x, "ring": ring, "y": y}), {"y": np.zeros(20)})
    assert 0.99 < np.square(at["x"]).sum() < 1.0


def test_logarithms_far_from_what_is_drawn_are_found() -> None:
    k = keys(2)
    x = R.normal(k[0], 0.0, 1.0)
    y = R.student_t(k[1], 4.0, ag.log(x - 20.0), 1.0)
    assert started(ag.Model({"x": x, "y": y}), {"y": 1.0})["x"] > 20.0


def test_numbers_are_not_mended_to_one_that_their_vector_has() -> None:
    k = keys(2)
    x = R.normal(k[0], 0.0, 10.0, size=3)
    y = R.student_t(k[1], 4.0, x, 1.0)
    # Steps have no slope, so that only single numbers are changed; ties would fulfil them.
    order = ag.constrain(ag.floor(x[1:]) >= ag.floor(x[:-1]))
    sampler = ag.derive(ag.Model({"x": x, "order": order, "y": y}), {"y": np.zeros(3)})
    drawn = {**sampler.observed, "x": np.array([7.5, 3.5, -2.5])}
    for seed in range(4):
        search = Search(sampler)
        for turn in range(20):
            search.better(drawn, sampler.observed, 20 * seed + turn)
        at, height = search.better(drawn, sampler.observed, 80)
        assert np.isfinite(height)
        assert len({*at["x"].tolist()}) == 3
