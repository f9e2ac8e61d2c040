"""Trajectories learn how their coordinates hang together, and keep the law that they draw from."""

from __future__ import annotations

import numpy as np
import pytest

import astragal as ag
from astragal.derive import metric, nuts
from astragal.graph.expr import Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute
from astragal.sample import run

MIXED = np.array([[1.0, 0.8, 0.0], [0.0, 0.7, -0.9], [0.3, 0.0, 0.5]])
LOGISTIC = np.pi**2 / 3.0


def test_a_transition_keeps_a_law_whatever_the_matrix_is() -> None:
    back = ag.constant(np.linalg.inv(MIXED))

    def density(u: Expr) -> tuple[Expr, Expr]:
        at = placeholder(u.type)
        z = ag.matmul(back, at)
        logp = -ag.sum(ag.abs(z) + 2 * ag.log1p(ag.exp(-ag.abs(z))))
        return tuple(substitute([logp, ag.grad(logp, at)], {at: u}))  # type: ignore[return-value]

    k, start = ag.input("k", dtype="key"), ag.input("start", (3,))
    matrix = ag.constant([[1.1, 0.3, 0.1], [0.3, 0.9, -0.5], [0.1, -0.5, 1.0]])
    mixing = metric.Mixing(matrix, ag.constant(True))
    mass = ag.constant([2.0, 4.0, 1.0])

    def move(x: Expr, i: Expr) -> tuple[Expr, Expr]:
        own = ag.fold_in(k, i)
        new, _ = nuts.transition(density, x, ag.constant(0.5), mass, own, mixing=mixing)
        return new, new

    _, xs = ag.scan(move, start, ag.arange(20_000))
    draws = ag.function([k, start], xs, backend="numba")(ag.evaluate(ag.key(5)), np.zeros(3))
    standard = draws @ np.linalg.inv(MIXED).T / np.sqrt(LOGISTIC)
    # Five thousand effective draws of products at least: four standard errors.
    np.testing.assert_allclose(np.cov(standard.T), np.eye(3), atol=0.09)
    np.testing.assert_allclose(standard.mean(0), 0.0, atol=0.06)


def _learnt(draws: np.ndarray) -> tuple[np.ndarray, bool]:
    n = draws.shape[1]
    centred = draws - draws.mean(0)
    state = metric.mixing_start(n)
    state["products"] = ag.constant(centred.T @ centred)
    zero, yes = ag.zeros((n,)), ag.constant(True)
    seen = ag.constant(float(len(draws)))
    new = metric.learnt(state, zero, zero, ag.constant(False), yes, seen)
    matrix, used = ag.function([], (new["mixing"], new["mixed"]), backend="numpy")()
    return matrix, bool(used)


def test_correlations_are_learnt_where_they_are_beyond_noise() -> None:
    rng = np.random.default_rng(0)
    n = 6
    wide = np.full((n, n), 0.97) + 0.03 * np.eye(n)
    scales = 10.0 ** np.arange(n)
    matrix, used = _learnt(rng.multivariate_normal(np.zeros(n), wide, size=400) * scales)
    assert used
    found = np.linalg.eigvalsh(matrix @ matrix)
    truth = np.linalg.eigvalsh(wide)
    np.testing.assert_allclose(found[-1], truth[-1], rtol=0.1)
    np.testing.assert_allclose(found[:-1], truth[:-1], atol=0.03)


@pytest.mark.parametrize("size", [25, 50, 400])
@pytest.mark.parametrize("n", [2, 10, 40])
def test_noise_is_not_learnt(n: int, size: int) -> None:
    matrix, used = _learnt(np.random.default_rng(n + size).normal(size=(size, n)))
    assert not used
    np.testing.assert_allclose(matrix, np.eye(n), atol=1e-10)


def test_what_never_moved_has_no_correlations() -> None:
    draws = np.random.default_rng(0).normal(size=(50, 3))
    draws[:, 1] = 2.5
    matrix, used = _learnt(draws)
    assert not used
    np.testing.assert_allclose(matrix, np.eye(3), atol=1e-10)


def test_coordinates_that_are_alone_or_too_many_learn_no_matrix() -> None:
    for n, gradient in ((1, 1e9), (metric.FEW + 1, 1e3), (metric.MOST + 1, 1e9)):
        assert metric.mixing_start(n, gradient) == {}
        assert metric.mixing_of(metric.mixing_start(n, gradient)) is None
    assert metric.mixing_of(metric.mixing_start(metric.FEW + 1, 1e6)) is not None
    assert metric.mixing_of(metric.mixing_start(2)) is not None


@pytest.mark.slow
def test_a_narrow_ridge_takes_few_steps() -> None:
    """A curve whose level and slope hold each other at 0.995, far from the origin."""
    x = np.linspace(9.0, 11.0, 40)
    k = ag.split(ag.key(0), 3)
    level = ag.random.student_t(k[0], 4.0, 0.0, 10.0)
    slope = ag.random.student_t(k[1], 4.0, 0.0, 10.0)
    y = ag.random.poisson(k[2], ag.exp(level + slope * x))
    counts = np.random.default_rng(1).poisson(np.exp(0.2 + 0.3 * x))
    sampler = ag.derive(ag.Model({"level": level, "slope": slope, "y": y}), {"y": counts})
    assert [s.kind for s in sampler.steps] == ["nuts"]
    tree = run(sampler, draws=1_000, chains=2, seed=4, backend="jax", progress=False)
    assert float(tree["sample_stats"]["n_steps"].mean()) < 9.0
    draws = np.stack([np.ravel(tree["posterior"][n]) for n in ("level", "slope")])
    grid = np.stack(np.meshgrid(np.linspace(-6, 7, 601), np.linspace(-0.4, 0.9, 601)))
    height = -2.5 * np.log1p(grid**2 / 400.0).sum(0)
    for at, count in zip(x, counts, strict=True):
        eta = grid[0] + grid[1] * at
        height += count * eta - np.exp(eta)
    weight = np.exp(height - height.max())
    weight /= weight.sum()
    mean = (grid * weight).sum((1, 2))
    spread = np.sqrt(((grid - mean[:, None, None]) ** 2 * weight).sum((1, 2)))
    # Five hundred effective draws at least: four standard errors.
    np.testing.assert_allclose(draws.mean(1), mean, atol=0.18 * spread.max())
    np.testing.assert_allclose((draws.mean(1) - mean) / spread, 0.0, atol=0.18)
    np.testing.assert_allclose(draws.std(1), spread, rtol=0.15)
