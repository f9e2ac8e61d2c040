"""Polya-Gamma draws at shapes of all sizes, against the defining series and exact moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import astragal as ag

DRAWS = 40_000


def mean(h: float, z: float) -> float:
    return h / 4 if z == 0 else h / (2 * z) * np.tanh(z / 2)


def reference(h: float, z: float, n: int = 8_000, terms: int = 2_000) -> Any:
    """Sum two thousand terms of the series drawn by NumPy, and the mean of the others."""
    rng = np.random.default_rng(1)
    total = np.zeros(n)
    share = 0.0
    for first in range(1, terms, 100):
        k = np.arange(first, first + 100)
        weight = 1 / ((k - 0.5) ** 2 + (z / (2 * np.pi)) ** 2) / (2 * np.pi**2)
        total += rng.gamma(h, size=(n, 100)) @ weight
        share += weight.sum()
    return total + (mean(h, z) - h * share)


CASES = [(1.0, 0.0), (1.0, 2.5), (1.0, -9.0), (3.0, 0.7), (0.3, 0.5), (2.7, 4.0), (40.0, 1.5)]


@pytest.mark.parametrize(("h", "z"), CASES)
def test_draws_follow_the_defining_series(h: float, z: float) -> None:
    key = ag.fold_in(ag.key(3), CASES.index((h, z)))
    x = ag.evaluate(ag.random.polya_gamma(key, h, z, size=DRAWS))
    assert stats.ks_2samp(x, reference(h, z)).pvalue > 1e-4
    of = ag.random.polya_gamma.op.distribution.variance
    assert of is not None
    variance = float(ag.evaluate(of(ag.constant(h), ag.constant(z))))
    assert abs(x.mean() - mean(h, z)) < 4 * np.sqrt(variance / DRAWS)
    assert x.var() == pytest.approx(variance, rel=0.1)


def test_the_mean_at_a_half_integer_shape_is_not_biased() -> None:
    # A truncation of the series at 200 terms without the rest is half a percent low.
    n = 400_000
    x = ag.evaluate(ag.random.polya_gamma(ag.key(8), 0.5, 1.0, size=n))
    assert x.mean() == pytest.approx(mean(0.5, 1.0), rel=4 * x.std() / mean(0.5, 1.0) / np.sqrt(n))


def test_the_log_density_integrates_to_one() -> None:
    d = ag.random.polya_gamma.op.distribution
    x = np.geomspace(1e-3, 1.5, 4001)
    log = ag.evaluate(d.logdensity(ag.constant(x), ag.constant(1.7), ag.constant(2.0)))
    draws = ag.evaluate(ag.random.polya_gamma(ag.key(1), 1.7, 2.0, size=DRAWS))
    inside = (draws < 1.5).mean()
    assert np.trapezoid(np.exp(log), x) == pytest.approx(inside, abs=4e-3)
