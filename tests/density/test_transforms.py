"""Unconstrained coordinates: bijections whose Jacobians agree with finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.density.joint import factorise
from astragal.density.transforms import Transform, transform_of
from astragal.graph.expr import Expr

R = ag.random
Array = np.ndarray[Any, Any]
SCALE = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.7]])


def whole(z: Array) -> Array:
    return z.ravel()


def all_but_last(z: Array) -> Array:
    return z[..., :-1].ravel()


def triangle(z: Array) -> Array:
    return z[..., *np.tril_indices(z.shape[-1])].ravel()


def below_diagonal(z: Array) -> Array:
    return z[..., *np.tril_indices(z.shape[-1], -1)].ravel()


Free = Callable[[Array], Array]
# fmt: off
CASES: dict[str, tuple[Callable[[Expr], Expr], Free]] = {
    "real":            (lambda k: R.normal(k, 0.0, 1.0, size=3), whole),
    "positive":        (lambda k: R.gamma(k, 2.0, rate=1.0, size=(2, 2)), whole),
    "unit":            (lambda k: R.beta(k, 2.0, 3.0), whole),
    "interval":        (lambda k: R.uniform(k, -2.0, np.array([1.0, 5.0])), whole),
    "cut normal":      (lambda k: R.truncated_normal(k, 0.0, 1.0, 1.0, np.inf), whole),
    "cut above":       (lambda k: R.truncated_normal(k, 0.0, 1.0, -np.inf, -0.5), whole),
    "half-line":       (lambda k: R.pareto(k, 2.0, scale=1.5), whole),
    "angle":           (lambda k: R.von_mises(k, np.array([2.8, -3.0, 0.3]), 1.0), whole),
    "simplex":         (lambda k: R.dirichlet(k, np.ones(4)), all_but_last),
    "simplex of two":  (lambda k: R.dirichlet(k, np.ones(2), size=2), all_but_last),
    "vector":          (lambda k: R.multivariate_normal(k, np.zeros(3), SCALE), whole),
    "matrix":          (lambda k: R.matrix_normal(k, np.zeros((3, 3)), SCALE, SCALE), whole),
    "covariance":      (lambda k: R.wishart(k, 5.0, SCALE), triangle),
    "inverse wishart": (lambda k: R.inverse_wishart(k, 5.0, SCALE), triangle),
    "correlation":     (lambda k: R.lkj(k, 4, 1.5), below_diagonal),
    "one correlation": (lambda k: R.lkj(k, 2, 1.5), below_diagonal),
}
# fmt: on


def coordinates(build: Callable[[Expr], Expr]) -> Transform:
    model = ag.Model({"z": build(ag.input("key", dtype="key"))})
    found = transform_of(factorise(model).factors[0])
    assert found is not None
    return found


def compiled(t: Transform) -> tuple[Callable[..., Any], Callable[..., Any]]:
    u = ag.input("u", shape=t.shape)
    forward = ag.function([u], [t.forward(u), ag.sum(t.log_jacobian(u))], backend="numpy")
    z = ag.input("z", shape=t.forward(u).shape)
    return forward, ag.function([z], t.backward(z), backend="numpy")


@pytest.mark.parametrize("name", CASES)
def test_the_jacobian_is_that_of_finite_differences(name: str) -> None:
    build, free = CASES[name]
    t = coordinates(build)
    forward, backward = compiled(t)
    at = np.random.default_rng(7).normal(size=t.shape)
    value, slope = forward(at)
    columns = []
    for i in range(at.size):
        step = np.zeros(at.size)
        step[i] = 1e-5
        up, down = (forward(at + s * step.reshape(at.shape))[0] for s in (1.0, -1.0))
        columns.append((free(np.asarray(up)) - free(np.asarray(down))) / 2e-5)
    sign, expected = np.linalg.slogdet(np.array(columns))
    assert sign != 0
    assert float(slope) == pytest.approx(expected, abs=1e-6)
    assert np.allclose(backward(value), at)


@pytest.mark.parametrize("name", CASES)
def test_every_point_of_the_line_is_inside_the_support(name: str) -> None:
    t = coordinates(CASES[name][0])
    model = ag.Model({"z": CASES[name][0](ag.input("key", dtype="key"))})
    forward, _ = compiled(t)
    for seed in range(5):
        value, _ = forward(2.0 * np.random.default_rng(seed).normal(size=t.shape))
        assert np.isfinite(float(ag.evaluate(ag.logdensity(model, {"z": value}))))


def test_a_count_has_no_unconstrained_coordinates() -> None:
    model = ag.Model({"z": R.poisson(ag.input("key", dtype="key"), 3.0)})
    assert transform_of(factorise(model).factors[0]) is None
