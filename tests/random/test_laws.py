"""Every sampler and log density against SciPy's law, at asymmetric parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from laws import CONTINUOUS, DISCRETE, UNIVARIATE, Case  # type: ignore[import-not-found]
from scipy import stats

import astragal as ag
from astragal.random.distribution import Distribution

DRAWS = 20_000
# One of about 60 tests fails by chance once in 10^4 / 60 sets of keys; the keys are fixed.
LEVEL = 1e-4


def declaration(case: Case) -> Distribution:
    found: Distribution = getattr(ag.random, case.name).op.distribution
    return found


def parameters(case: Case) -> tuple[Any, ...]:
    args: tuple[Any, ...] = case.draw(ag.key(0)).args
    return args[2:]


def draws(case: Case) -> Any:
    number = UNIVARIATE.index(case)
    return ag.evaluate(case.draw(ag.fold_in(ag.key(2026), number), DRAWS))


def p_value(x: Any, law: Any) -> float:
    """Give the p-value of draws under a law: Kolmogorov-Smirnov, or chi-square for counts."""
    if x.dtype.kind == "f":
        return float(stats.kstest(x, law.cdf).pvalue)
    values = np.arange(int(law.ppf(1e-6)), int(law.ppf(1 - 1e-3)) + 1)
    expected = law.pmf(values) * len(x)
    values, expected = values[expected > 5], expected[expected > 5]
    seen = np.array([(x == v).sum() for v in values])
    seen = np.append(seen, len(x) - seen.sum())
    expected = np.append(expected, max(len(x) - expected.sum(), 1e-9))
    if expected[-1] < 5:
        seen, expected = seen[:-1], expected[:-1] * seen[:-1].sum() / expected[:-1].sum()
    return float(stats.chisquare(seen, expected).pvalue)


@pytest.mark.parametrize("case", UNIVARIATE, ids=str)
def test_draws_follow_the_law(case: Case) -> None:
    assert p_value(draws(case), case.law) > LEVEL


@pytest.mark.parametrize("case", [CONTINUOUS[0], DISCRETE[3]], ids=str)
def test_draws_of_a_slightly_different_law_are_found_out(case: Case) -> None:
    # The test of the test: 3 per cent more of one parameter must show.
    name = next(iter(case.parameters))
    other = Case(case.name, {**case.parameters, name: 1.03 * case.parameters[name]}, case.law)
    x = ag.evaluate(other.draw(ag.key(5), 20 * DRAWS))
    assert p_value(x, case.law) < LEVEL


@pytest.mark.parametrize("case", UNIVARIATE, ids=str)
def test_the_log_density_is_scipys(case: Case) -> None:
    x = np.sort(draws(case))[[0, 3, 50, DRAWS // 3, DRAWS // 2, DRAWS - 50, DRAWS - 3, DRAWS - 1]]
    expected = case.law.logpdf(x) if case in CONTINUOUS else case.law.logpmf(x)
    found = ag.evaluate(declaration(case).logdensity(ag.constant(x), *parameters(case)))
    np.testing.assert_allclose(found, expected, rtol=2e-12, atol=2e-12)


@pytest.mark.parametrize("case", UNIVARIATE, ids=str)
def test_draws_lie_in_the_support(case: Case) -> None:
    domain = declaration(case).support(*parameters(case))
    assert ag.evaluate(domain.contains(ag.constant(draws(case)))).all()


WITH_MOMENTS = [c for c in UNIVARIATE if hasattr(c.law, "mean")]


@pytest.mark.parametrize("case", WITH_MOMENTS, ids=str)
def test_mean_and_variance_are_scipys(case: Case) -> None:
    d = declaration(case)
    for function, expected in ((d.mean, case.law.mean()), (d.variance, case.law.var())):
        if function is not None and math.isfinite(expected):
            found = float(ag.evaluate(function(*parameters(case))))
            assert found == pytest.approx(expected, rel=1e-12)


WITH_CDF = [c for c in UNIVARIATE if declaration(c).cdf is not None]


@pytest.mark.parametrize("case", WITH_CDF, ids=str)
def test_the_distribution_function_is_scipys_and_the_quantile_its_inverse(case: Case) -> None:
    d = declaration(case)
    x = np.quantile(draws(case), [0.001, 0.1, 0.4, 0.77, 0.999], method="nearest")
    assert d.cdf is not None
    u = d.cdf(ag.constant(x), *parameters(case))
    np.testing.assert_allclose(ag.evaluate(u), case.law.cdf(x), rtol=1e-11, atol=1e-14)
    if d.quantile is not None:
        back = ag.evaluate(d.quantile(u, *parameters(case)))
        np.testing.assert_allclose(back, x, rtol=1e-9)


def test_angles_of_a_huge_concentration_are_nearly_normal() -> None:
    for kappa in (1e9, 1e150, 1e300):
        x = ag.evaluate(ag.random.von_mises(ag.key(4), 0.0, kappa, size=DRAWS)) * math.sqrt(kappa)
        assert stats.kstest(x, stats.norm.cdf).pvalue > LEVEL
