"""Variables that a chain does not remember are not measured at the end of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

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


@pytest.mark.parametrize(
    ("options", "recovered"), [({"prefer": ["collapse"]}, ("z",)), ({"forbid": ["collapse"]}, ())]
)
def test_a_sweep_goes_on_alike_from_any_states_that_are_not_remembered(
    options: dict[str, Any], recovered: tuple[str, ...]
) -> None:
    sampler = mixture(**options)
    assert sampler.recovered_names == recovered
    data = {"y": ag.constant(Y)}
    state = dict(sampler.initial(ag.key(1), data))
    means = []
    for z in (np.zeros(Y.size, int), np.ones(Y.size, int)):
        new, _ = sampler.sweep(ag.key(2), state | {"z": ag.constant(z)}, data)
        means.append(np.asarray(ag.evaluate(new["mu"])))
    assert np.array_equal(means[0], means[1]) == bool(recovered)


def test_what_was_integrated_out_is_not_remembered() -> None:
    k = ag.split(ag.key(0), 4)
    tau = R.half_cauchy(k[0], 5.0)
    mu = R.normal(k[1], 0.0, 10.0)
    theta = R.normal(k[2], mu, tau, size=3)
    y = R.normal(k[3], theta, 1.0)
    model = ag.Model({"tau": tau, "mu": mu, "theta": theta, "y": y})
    sampler = ag.derive(model, {"y": [1.0, 3.0, -2.0]})
    assert sampler.recovered_names == ("mu", "theta")
    in_turn = ag.derive(model, {"y": [1.0, 3.0, -2.0]}, forbid=["collapse", "nuts"])
    assert in_turn.recovered_names == ()


def test_a_table_leaves_out_what_it_is_told_to() -> None:
    rng = np.random.default_rng(3)
    drawn = {"mu": rng.normal(size=(2, 50, 2)), "z": rng.integers(0, 2, (2, 50, Y.size))}
    arrays = {n: (("chain", "draw", f"{n}_dim"), x) for n, x in drawn.items()}
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(arrays)})
    assert [*diagnose(tree).index[:3]] == ["mu[0]", "mu[1]", "z[0]"]
    assert [*diagnose(tree, mixture(prefer=["collapse"]).recovered_names).index] == [
        "mu[0]",
        "mu[1]",
    ]
    assert len(diagnose(tree, ["mu", "z"])) == 0
