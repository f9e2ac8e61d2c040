"""Extreme ratios of quadratic forms, from products alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import eigh

from astragal.derive.spectra import curvature, diagonal, least_ratio, left_in_turn

N = 200


def matrices(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What is known with and without weights below one, as of auxiliary variables."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3 * N, N)) * rng.lognormal(size=N)
    return x.T @ (rng.uniform(0.01, 1.0, 3 * N)[:, None] * x) + np.eye(N), x.T @ x + np.eye(N)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_least_ratio_is_found_from_above(seed: int) -> None:
    a, b = matrices(seed)
    truth = eigh(a, b, eigvals_only=True)
    scale = diagonal(lambda x: b @ x, N)
    low = least_ratio(lambda x: a @ x, lambda x: b @ x, scale)
    high = -least_ratio(lambda x: -a @ x, lambda x: b @ x, scale)
    assert truth[0] <= low * (1.0 + 1e-9)
    assert high <= truth[-1] * (1.0 + 1e-9)
    np.testing.assert_allclose([low, high], truth[[0, -1]], rtol=0.05)


def test_a_direction_without_a_peak_has_a_ratio_below_zero() -> None:
    a = np.diag(np.r_[-0.5, np.linspace(1.0, 2.0, N - 1)])
    assert least_ratio(lambda x: a @ x, lambda x: x, np.ones(N)) == pytest.approx(-0.5, rel=0.01)


def test_products_are_those_with_second_derivatives() -> None:
    a, at = matrices(2)[0], np.linspace(-1.0, 1.0, N)
    counted = np.arange(50, 150)
    product = curvature(lambda x: -a @ x, at, counted)
    v = np.random.default_rng(3).normal(size=100) * 1e3
    np.testing.assert_allclose(product(v), a[50:150, 50:150] @ v, rtol=1e-6, atol=1.0)
    assert not product(np.zeros(100)).any()


def test_what_steps_in_turn_leave_is_the_radius_of_a_sweep() -> None:
    rng = np.random.default_rng(5)
    given = rng.normal(size=(5, 9))
    given = given @ given.T / 9
    h = given - 0.3 * np.outer(given[0], given[0]) / given[0, 0]
    # With leaves that are projected out, a sweep of two steps, of two and of three coordinates.
    x = rng.normal(size=5)
    start = float(np.linalg.norm(x))
    sweeps = 400
    for _ in range(sweeps):
        held = (given - h) @ x
        for own in (slice(0, 2), slice(2, 5)):
            rest = given[own] @ x - given[own, own] @ x[own]
            x[own] = np.linalg.solve(given[own, own], held[own] - rest)
    rate = (float(np.linalg.norm(x)) / start) ** (1 / sweeps)
    found = left_in_turn(lambda v: h @ v, lambda v: given @ v, [2, 3])
    assert 1.0 - found == pytest.approx(rate, abs=0.01)
    assert left_in_turn(lambda v: h @ v, lambda v: given @ v, [5]) == 1.0
