"""A bound at infinity leaves no trace in a slope: not 0 times infinity, which is no number."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import astragal as ag

Y = np.array([0.1, 0.5, 0.02, 1.0])
BOUNDS = [(0.0, np.inf), (-np.inf, 2.0), (-np.inf, np.inf), (0.0, 2.0), (-50.0, 50.0)]


@pytest.mark.parametrize("known", [True, False], ids=["literal", "input"])
@pytest.mark.parametrize(("lower", "upper"), BOUNDS)
def test_slopes_of_a_truncated_normal(lower: float, upper: float, known: bool) -> None:
    loc, scale, low, high = (ag.input(n) for n in ("loc", "scale", "low", "high"))
    bounds = (lower, upper) if known else (low, high)
    y = ag.random.truncated_normal(ag.key(0), loc, scale, *bounds, size=4)
    density = ag.logdensity({"y": y}, {"y": Y})
    slopes = [ag.grad(density, loc), ag.grad(density, scale)]
    extra = {"low": lower, "high": upper}

    def reference(m: float, s: float) -> float:
        a, b = (lower - m) / s, (upper - m) / s
        return float(scipy.stats.truncnorm.logpdf(Y, a, b, loc=m, scale=s).sum())

    f = ag.function([loc, scale, low, high], [density, *slopes], backend="numpy")
    for m, s in ((-3.0, 0.7), (0.0, 1.0), (2.0, 1.3), (0.0, 20.0)):
        value, by_loc, by_scale = map(float, f(m, s, **extra))
        h = 1e-5
        # Central differences lose half of the digits.
        assert value == pytest.approx(reference(m, s), rel=1e-9)
        expected = (reference(m + h, s) - reference(m - h, s)) / (2 * h)
        assert by_loc == pytest.approx(expected, rel=1e-5, abs=1e-6)
        expected = (reference(m, s + h) - reference(m, s - h)) / (2 * h)
        assert by_scale == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.slow
def test_trajectories_move_where_data_are_truncated_on_one_side() -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    sd = ag.random.uniform(k[0], 0.2, 1.6)
    mean = ag.random.logistic(k[1], 0.5, sd)
    y = ag.random.truncated_normal(k[2], mean, 1.0, lower=0.0, size=4)
    sampler = ag.derive(ag.Model({"sd": sd, "mean": mean, "y": y}), {"y": Y})
    draws = sampler.sample(draws=1000, warmup=300, chains=2, seed=1, progress=False)
    assert sampler.step("mean").kind == "nuts"
    assert draws["sample_stats"]["acceptance_rate"].mean() > 0.6
