"""Discrete variables that a chain does not remember are not measured at the end of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.derive import Sampler
from astragal.sample import diagnose

R = ag.random
Y = np.random.default_rng(5).normal([[-2.0], [2.0]], 1.0, (2, 15)).ravel()


def mixture(**options: Any) -> Sampler:
    k = ag.split(ag.key(0), 3)
    mu = R.normal(k[0], np.array([-1.0, 1.0]), 3.0)
    z = R.bernoulli(k[1], 0.5, size=Y.size)
    y = R.normal(k[2], mu[z], 1.0)
    return ag.derive(ag.Model({"mu": mu, "z": z, "y": y}), {"y": Y}, **options)


def test_states_that_are_summed_out_and_recovered_are_not_remembered() -> None:
    assert mixture(prefer=["collapse"]).recovered_names == ("z",)


def test_states_that_a_step_reads_are_remembered() -> None:
    sampler = mixture(forbid=["collapse"])
    remembered = sampler.steps[0].program.inputs
    assert ("z" in sampler.recovered_names) == ("z" not in remembered)
    assert "mu" not in sampler.recovered_names


@pytest.mark.filterwarnings("ignore::astragal.sample.SamplingWarning")
def test_a_table_leaves_out_what_it_is_told_to() -> None:
    sampler = mixture(prefer=["collapse"])
    tree = sampler.sample(draws=50, warmup=50, chains=2, backend="numpy", progress=False)
    whole = diagnose(tree)
    assert [*whole.index[:3]] == ["mu[0]", "mu[1]", "z[0]"]
    assert [*diagnose(tree, sampler.recovered_names).index] == ["mu[0]", "mu[1]"]
    assert len(diagnose(tree, ["mu", "z"])) == 0
