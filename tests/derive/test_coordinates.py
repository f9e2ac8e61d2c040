"""NUTS on every kind of continuous latent: the posterior has the right moments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.expr import Expr
from astragal.sample.calibrate import start_at_truth

R = ag.random
SCALE = np.array([[0.5, 0.1], [0.1, 0.3]])


def keys(n: int = 4) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def simplex() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    p = R.dirichlet(k[0], np.array([1.5, 2.0, 4.0]))
    return ag.Model({"p": p, "y": R.normal(k[1], ag.log(p), 0.5)}), {"y": [-1.0, -1.0, -0.5]}


def covariance() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    w = R.wishart(k[0], 5.0, SCALE)
    return ag.Model({"w": w, "y": R.normal(k[1], ag.log(w[0, 0]), 0.5)}), {"y": 1.0}


def correlation() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    c = R.lkj(k[0], 3, 1.5)
    return ag.Model({"c": c, "y": R.normal(k[1], 2.0 * c[0, 1] + c[1, 2], 0.5)}), {"y": 1.0}


def angle() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    a = R.von_mises(k[0], 2.9, 1.5)
    return ag.Model({"a": a, "y": R.von_mises(k[1], a, 2.0, size=2)}), {"y": [-2.5, 3.0]}


def moving_end() -> tuple[ag.Model, dict[str, Any]]:
    k = keys()
    a = R.gamma(k[0], 2.0, rate=1.0)
    b = R.uniform(k[1], 0.0, a, size=2)
    return ag.Model({"a": a, "b": b, "y": R.normal(k[2], ag.sin(b), 0.5)}), {"y": [0.3, 0.9]}


@pytest.mark.slow
@pytest.mark.parametrize("build", [simplex, angle])
def test_nuts_keeps_the_joint_law_on_its_coordinates(
    build: Callable[[], tuple[ag.Model, dict[str, Any]]],
) -> None:
    model, observed = build()
    sampler = ag.derive(model, observed, forbid=["gibbs", "slice"])
    assert [s.kind for s in sampler.steps] == ["nuts"]
    start_at_truth(sampler, simulations=1000, seed=4).check()


@pytest.mark.parametrize("build", [simplex, covariance, correlation, angle, moving_end])
def test_every_continuous_latent_has_a_step(
    build: Callable[[], tuple[ag.Model, dict[str, Any]]],
) -> None:
    assert ag.derive(*build()).steps
