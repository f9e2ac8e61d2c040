"""Trajectories of variables that the supports of their children cut."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate

import astragal as ag

R = ag.random
Y = np.array([[0.3, 1.0, 0.2], [1.5, 0.2, 3.0]])


def model() -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"))
    z = R.uniform(k[0], -1.0, 2.0, size=3)
    return ag.Model({"z": z, "y": R.uniform(k[1], z, 4.0, size=(2, 3))})


@pytest.mark.slow
def test_no_trajectory_meets_the_end_that_data_set() -> None:
    sampler = ag.derive(model(), {"y": Y})
    assert sampler.step("z").kind == "nuts"
    draws = sampler.sample(seed=3, draws=2000, warmup=500, chains=2, progress=False)
    assert not draws["sample_stats"]["diverging"].values.any()
    z = draws["posterior"]["z"].values.reshape(-1, 3)
    for j, end in enumerate(Y.min(axis=0)):
        mass, first, second = (
            scipy.integrate.quad(lambda v, n=n: v**n / (4.0 - v) ** 2, -1.0, end)[0]
            for n in range(3)
        )
        mean = first / mass
        assert (z[:, j] < end).all()
        assert z[:, j].mean() == pytest.approx(mean, abs=0.04)
        assert z[:, j].var() == pytest.approx(second / mass - mean**2, rel=0.12)
