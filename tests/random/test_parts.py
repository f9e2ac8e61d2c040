# ruff: noqa: E501
"""Parts of any law, however far out: those without a coordinate, and laws made of laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

import astragal as ag
from astragal.random.combinators import op_of
from astragal.random.distribution import Distribution, Turns
from astragal.random.parts import has_hat
from astragal.random.truncation import truncated

R = ag.random
LEVEL = 1e-4
DRAWS = 500


class Part(NamedTuple):
    """A law, bounds far from its bulk, and the probability above a value (or SciPy's law)."""

    law: Any
    lower: float
    upper: float
    above: Callable[[Any], Any]


class Mixture:
    """SciPy has no mixtures: the probability above a value."""

    def __init__(self, *parts: tuple[float, Any]) -> None:
        self.parts = parts

    def sf(self, x: Any) -> Any:
        return sum(w * law.sf(x) for w, law in self.parts)


def angles(mu: float, kappa: float, lower: float, upper: float) -> Callable[[Any], Any]:
    """Minus the von Mises law's distribution function but for factors, by the trapezoid rule."""
    x = np.linspace(lower, upper, 200_001)
    density = np.exp(kappa * (np.cos(x - mu) - np.cos(x - mu).max()))
    below = np.cumsum(density[1:] + density[:-1])
    return lambda v: -np.interp(v, x, np.append(0.0, below))


INF = math.inf
s = stats
# fmt: off
REAL = {
    "von Mises": Part(R.von_mises.law(0.8, 50.0), 2.5, 3.0, angles(0.8, 50.0, 2.5, 3.0)),
    "von Mises, around both ends": Part(R.von_mises.law(3.0, 9.0), -2.2, 1.2, angles(3.0, 9.0, -2.2, 1.2)),
    "normal inverse Gaussian": Part(R.normal_inverse_gaussian.law(2.3, -0.9, 1.0, 0.7), 12.0, INF, s.norminvgauss(2.3, -0.9, 1.0, 0.7).sf),
    "noncentral t": Part(R.noncentral_t.law(5.5, 1.3), 200.0, INF, s.nct(5.5, 1.3).sf),
    "noncentral t of heavy tails": Part(R.noncentral_t.law(0.1, 0.0), 1e200, INF, lambda x: x**-0.1),
    "noncentral chi-square": Part(R.noncentral_chi_square.law(2.7, 3.3), 100.0, INF, s.ncx2(2.7, 3.3).sf),
    "noncentral chi-square near its pole": Part(R.noncentral_chi_square.law(0.7, 30.0), 0.0, 0.01, lambda x: -s.ncx2(0.7, 30.0).cdf(x)),
    "Rice": Part(R.rice.law(1.3, 0.8), 6.5, INF, lambda x: s.ncx2(2.0, (1.3 / 0.8) ** 2).sf((x / 0.8) ** 2)),
    "folded normal": Part(R.folded_normal.law(1.3, 0.8), 9.0, INF, s.foldnorm(1.3 / 0.8, 0, 0.8).sf),
    "noncentral F": Part(R.noncentral_f.law(3.5, 7.1, 2.2), 300.0, INF, s.ncf(3.5, 7.1, 2.2).sf),
    "noncentral beta": Part(R.noncentral_beta.law(1.7, 2.4, 3.1), 0.0, 1e-3, lambda x: -s.ncf(3.4, 4.8, 3.1).cdf(2.4 / 1.7 * x / (1 - x))),
    "generalized normal with a cusp": Part(R.generalized_normal.law(0.5, 1.0, 0.7), 300.0, INF, s.gennorm(0.5, 1.0, 0.7).sf),
    "function of noncentral t": Part(R.transformed.law(R.noncentral_t.law(5.5, 1.3), "affine", 1.0, -2.0), -INF, -399.0, lambda x: -s.nct(5.5, 1.3).sf((1.0 - x) / 2.0)),
    "exponential of a normal": Part(R.transformed.law(R.normal.law(0.3, 0.8), "exp"), 100.0, INF, s.lognorm(0.8, 0, math.exp(0.3)).sf),
    "mixture": Part(R.mixture.law([0.3, 0.7], [R.normal.law(-1.0, 0.5), R.gamma.law(2.0, rate=3.0)]), 5.0, INF, Mixture((0.3, s.norm(-1, 0.5)), (0.7, s.gamma(2, scale=1 / 3))).sf),
    "mixture with steps": Part(R.mixture.law([0.5, 0.5], [R.normal.law(0.0, 1.0), R.noncentral_t.law(5.5, -3.0)]), 3.0, 1e5, Mixture((0.5, s.norm()), (0.5, s.nct(5.5, -3.0))).sf),
    "mixture along a dimension": Part(R.mixture.law([0.2, 0.5, 0.3], R.normal.law(np.array([-2.0, 0.0, 3.0]), 0.7)), 7.0, INF, Mixture((0.2, s.norm(-2, 0.7)), (0.5, s.norm(0, 0.7)), (0.3, s.norm(3, 0.7))).sf),
    "mixture along, with steps": Part(R.mixture.law([0.2, 0.8], R.folded_normal.law(np.array([0.0, 3.0]), 1.0)), 7.5, INF, Mixture((0.2, s.foldnorm(0.0)), (0.8, s.foldnorm(3.0))).sf),
    "mixture of parts": Part(R.mixture.law([0.5, 0.5], [R.truncated.law(R.folded_normal.law(1.0, 1.0), 0.0), R.normal.law(0.0, 1.0)]), 6.0, INF, Mixture((0.5, s.foldnorm(1.0)), (0.5, s.norm())).sf),
}
COUNTS = {
    "beta-binomial": (R.beta_binomial.law(100, 20.0, 3.0), 0, 30, s.betabinom(100, 20.0, 3.0)),
    "beta-binomial with its mass at the ends": (R.beta_binomial.law(1000, 0.05, 0.03), 400, 600, s.betabinom(1000, 0.05, 0.03)),
    "log series": (R.log_series.law(0.83), 60, INF, s.logser(0.83)),
    "zipf": (R.zipf.law(2.7), 300, INF, s.zipf(2.7)),
    "Skellam": (R.skellam.law(3.2, 5.1), 15, INF, s.skellam(3.2, 5.1)),
    "Skellam, below": (R.skellam.law(3.2, 5.1), -40, -25, s.skellam(3.2, 5.1)),
    "Yule-Simon": (R.yule_simon.law(3.3), 100, INF, s.yulesimon(3.3)),
    "beta negative binomial": (R.beta_negative_binomial.law(4.0, 4.5, 2.2), 200, INF, s.betanbinom(4, 4.5, 2.2)),
    "negative hypergeometric": (R.negative_hypergeometric.law(120, 18, 5), 110, 120, s.nhypergeom(138, 120, 5)),
    "negative binomial below one": (R.negative_binomial.law(0.4, 0.7), 30, INF, s.nbinom(0.4, 0.7)),
    "inflated": (R.zero_inflated_poisson.law(0.3, 2.5), 20, INF, s.poisson(2.5)),
    "rare": (R.bernoulli.law(1e-9), 1, INF, s.bernoulli(1e-9)),
}
# fmt: on


def draws(law: Any, lower: Any, upper: Any, size: Any = DRAWS, backend: Any = "numpy") -> Any:
    return ag.evaluate(R.truncated(ag.key(2), law, lower, upper, size=size), backend=backend)


@pytest.mark.parametrize("name", REAL)
def test_real_values_far_out_follow_the_law(name: str) -> None:
    law, lower, upper, above = REAL[name]
    x = draws(law, lower, upper)
    assert ((x >= lower) & (x <= upper)).all()
    top = above(lower) if math.isfinite(lower) else 0.0
    rest = above(upper) if math.isfinite(upper) else 0.0
    assert stats.kstest(x, lambda v: (top - above(v)) / (top - rest)).pvalue > LEVEL


@pytest.mark.parametrize("name", COUNTS)
def test_counts_far_out_follow_the_law(name: str) -> None:
    law, lower, upper, base = COUNTS[name]
    x = draws(law, lower, upper)
    assert ((x >= lower) & (x <= upper)).all()
    k = np.arange(lower, min(upper, lower + 20_000) + 1)
    masses = base.pmf(k) / base.pmf(k).sum()
    often = masses * DRAWS > 5
    seen = np.array([(x == v).sum() for v in k[often]])
    rest = np.append(seen, DRAWS - seen.sum())
    expected = np.append(masses[often] * DRAWS, max(DRAWS * (1.0 - masses[often].sum()), 1e-9))
    if expected[-1] < 5:
        rest, expected = seen, expected[:-1] * seen.sum() / expected[:-1].sum()
    assert len(rest) < 2 or stats.chisquare(rest, expected).pvalue > LEVEL


def test_every_law_of_numbers_can_be_drawn_from_in_part() -> None:
    # From a density without a bound the user draws with the law itself.
    laws = [op.distribution for op in R.RANDOM_OPS.values()]
    numbers = [d for d in laws if not d.core and d.sampler and d.dtype in ("float", "int64")]
    without = [
        d.name for d in numbers
        if not has_hat(d) and (d.standard is None or d.standard.where is not None)
    ]  # fmt: skip
    assert without == ["truncated_normal"]


def test_parameters_of_several_elements_have_hats_of_their_own() -> None:
    mu = np.array([0.0, 1.0, 2.0])
    x = draws(R.von_mises.law(mu, 200.0), np.array([2.0, 2.5, -3.0]), math.pi, (400, 3))
    for j, low in enumerate([2.0, 2.5, -3.0]):
        below = angles(mu[j], 200.0, low, math.pi)
        end = below(math.pi)
        assert stats.kstest(below(x[:, j]) / end, "uniform").pvalue > LEVEL


def test_where_no_value_is_possible_there_is_none() -> None:
    assert (draws(R.point_mass.law(3), 4, INF, 5) == -(2**63)).all()
    assert (draws(R.categorical.law([0.5, 0.5, 0.0]), 2, INF, 5) == -(2**63)).all()
    assert np.isnan(draws(R.von_mises.law(0.0, 1.0), 4.0, 5.0, 5)).all()
    high = ag.input("high")
    f = ag.function(
        [high], R.truncated(ag.key(1), R.von_mises.law(0.0, 9.0), 2.0, high), backend="numpy"
    )
    assert np.isnan(f(1.0))
    assert 2.0 <= f(2.1) <= 2.1


def test_a_narrow_part_is_found() -> None:
    x = draws(R.von_mises.law(0.0, 500.0), 3.0, 3.0 + 1e-12, 50)
    assert ((x >= 3.0) & (x <= 3.0 + 1e-12)).all()
    base = R.mixture.law([0.5, 0.5], [R.normal.law(0.0, 1.0), R.cauchy.law(0.0, 1.0)])
    y = draws(base, 1e6, 1e6 * (1 + 1e-12), 50)
    assert ((y >= 1e6) & (y <= 1e6 * (1 + 1e-12))).all()


def test_a_density_that_turns_elsewhere_gives_no_wrong_number() -> None:
    # Declared as rising or falling all the way, which it does not.
    d: Distribution = R.von_mises.op.distribution
    wrong = truncated(replace(d, turns=Turns(points=lambda mu, kappa: [])))
    # As high at one end as at the other, and low between.
    wanted = (-math.pi, 50.0, -2.4, 2.4)
    assert np.isnan(ag.evaluate(op_of(wrong)(ag.key(2), 20, *wanted))).all()
    right = draws(R.von_mises.law(-math.pi, 50.0), -2.4, 2.4, 200)
    assert 50 < (right > 0.0).sum() < 150


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_every_backend_draws_the_same_parts(backend: Any) -> None:
    law, lower, upper, _ = REAL["von Mises"]
    assert np.array_equal(draws(law, lower, upper, 200, backend), draws(law, lower, upper, 200))
