"""Normal vectors moved on what data and their law leave of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
AT = np.arange(6.0)
COUNTS = np.array([40, 29, 4, 9, 77, 33])
APART = np.square(AT[:, None] - AT)


def parts() -> tuple[Expr, dict[str, Expr], Expr]:
    """The key, the length of a smooth function, and the root of its covariance."""
    k = ag.split(ag.input("key", dtype="key"), 4)
    length = R.gamma(k[0], 8.0, rate=4.0)
    covariance = 4.0 * ag.exp(-0.5 * APART / ag.square(length)) + 1e-6 * np.eye(AT.size)
    return k, {"length": length}, covariance


def curve(build: Any, data: Any = COUNTS, **options: Any) -> ag.Sampler:
    k, variables, covariance = parts()
    y, more = build(k, covariance)
    return ag.derive(ag.Model({**variables, **more, "y": y}), {"y": data}, **options)


def by_hand(k: Expr, covariance: Expr) -> tuple[Expr, dict[str, Expr]]:
    z = R.normal(k[1], 0.0, 1.0, size=AT.size)
    return R.poisson(k[2], ag.exp(ag.linalg.cholesky(covariance) @ z)), {"z": z}


def as_it_is(k: Expr, covariance: Expr) -> tuple[Expr, dict[str, Expr]]:
    f = R.multivariate_normal(k[1], np.full(AT.size, 2.0), covariance)
    return R.poisson(k[2], ag.exp(f)), {"f": f}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::astragal.sample.runner.SamplingWarning")
def test_a_smooth_curve_that_is_seen_well() -> None:
    sampler = curve(as_it_is)
    assert "of each of its directions is taken off" in sampler.explain()
    assert "Kleppe 2019" in str(sampler)
    # Its density in the new coordinates has been compared with the model's own by now. What makes
    # them worth while: trajectories are short, and none diverges.
    tree = sampler.sample(draws=150, warmup=300, chains=2, progress=False)
    assert float(tree["sample_stats"]["n_steps"].mean()) < 12.0
    assert not tree["sample_stats"]["diverging"].any()


@pytest.mark.slow
def test_the_posterior_of_a_length() -> None:
    k, variables, covariance = parts()
    seen = np.array([0.3, 1.9, -0.4, -2.6, 1.1, 2.2])
    z = R.normal(k[1], 0.0, 1.0, size=AT.size)
    y = R.normal(k[2], 2.0 * (ag.linalg.cholesky(covariance) @ z), 0.5)
    sampler = ag.derive(
        ag.Model({**variables, "z": z, "y": y}), {"y": seen}, forbid=["collapse", "gibbs"]
    )
    assert "fitted_product" in sampler.explain()
    at = np.linspace(0.05, 8.0, 800)
    logp = 7.0 * np.log(at) - 4.0 * at
    for i, length in enumerate(at):
        whole = 16.0 * np.exp(-0.5 * APART / length**2) + (4e-6 + 0.25) * np.eye(AT.size)
        logp[i] -= 0.5 * (np.linalg.slogdet(whole)[1] + seen @ np.linalg.solve(whole, seen))
    weight = np.exp(logp - logp.max())
    weight /= weight.sum()
    mean = float(weight @ at)
    sd = float(np.sqrt(weight @ np.square(at - mean)))
    drawn = sampler.sample(seed=4, draws=1500, progress=False)["posterior"]["length"].values
    # 3,000 effective draws at least: four errors of a mean are 0.073 of a standard deviation.
    assert drawn.mean() == pytest.approx(mean, abs=0.073 * sd)
    assert drawn.std() == pytest.approx(sd, rel=0.08)


def read_twice(k: Expr, covariance: Expr) -> tuple[Expr, dict[str, Expr]]:
    z = R.normal(k[1], 0.0, 1.0, size=AT.size)
    return R.poisson(k[2], ag.exp(ag.linalg.cholesky(covariance) @ z + z)), {"z": z}


def known(k: Expr, covariance: Expr) -> tuple[Expr, dict[str, Expr]]:
    z = R.normal(k[1], 0.0, 1.0, size=AT.size)
    root = np.linalg.cholesky(4.0 * np.exp(-0.5 * APART) + 1e-6 * np.eye(AT.size))
    return R.poisson(k[2], ag.exp(root @ z)), {"z": z}


def hardly_seen(k: Expr, covariance: Expr) -> tuple[Expr, dict[str, Expr]]:
    z = R.normal(k[1], 0.0, 1.0, size=AT.size)
    return R.cauchy(k[2], ag.linalg.cholesky(covariance) @ z, 50.0), {"z": z}


@pytest.mark.parametrize("build", [read_twice, known, hardly_seen])
def test_where_nothing_is_taken_off(build: Any) -> None:
    assert "fitted_product" not in curve(build).explain()


def test_it_can_be_forbidden() -> None:
    assert "fitted_product" in curve(by_hand).explain()
    assert "fitted_product" not in curve(by_hand, forbid=["fitted_product"]).explain()
