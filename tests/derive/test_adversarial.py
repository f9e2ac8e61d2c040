"""Models where a derivation by pattern goes wrong, against numerical integration.

Where the step is in closed form its law and the evidence are those of the integral; where
there is no closed form, none is claimed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.integrate

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
Y = np.array([1.3, -0.2, 0.7, 2.2, 0.4])
COUNTS = np.array([7, 2, 0, 4])
TIMES = np.array([0.7, 0.2, 1.1])
X = np.array([1.0, 2.0, 0.0, -1.0, 0.5])
Build = Callable[[Expr], dict[str, Expr]]


def gamma(k: Expr) -> Expr:
    return R.gamma(k, 2.0, rate=1.5)


def normal(k: Expr) -> Expr:
    return R.normal(k, 0.5, 1.0)


def beta(k: Expr) -> Expr:
    return R.beta(k, 2.0, 3.5)


def variance(k: Expr) -> Expr:
    return R.inverse_gamma(k, 3.0, scale=2.0)


@dataclass
class Case:
    """A latent's prior, what depends on it, data, and where it lies."""

    name: str
    prior: Callable[[Expr], Expr]
    children: Callable[[Expr, Expr], dict[str, Expr]]
    observed: dict[str, Any]
    low: float
    high: float
    closed: bool


# fmt: off
CASES = [
    # A closed form that is easily got wrong.
    Case("trials to a success", beta, lambda z, k: {"y": R.geometric(k[1], z, size=4)},
         {"y": [1, 4, 2, 3]}, 0, 1, True),
    Case("failures of the complement", beta,
         lambda z, k: {"y": R.negative_binomial(k[1], 3.0, 1.0 - z, size=4)},
         {"y": COUNTS}, 0, 1, True),
    Case("a scale for a rate", gamma, lambda z, k: {"y": R.exponential(k[1], scale=z, size=3)},
         {"y": TIMES}, 0, np.inf, True),
    Case("a vector of slopes", normal, lambda z, k: {"y": R.normal(k[1], z * X, 1.5)},
         {"y": Y}, -20, 20, True),
    Case("a prior cut at both ends", lambda k: R.truncated_normal(k, 0.0, 1.0, -0.5, 2.0),
         lambda z, k: {"y": R.normal(k[1], z, 1.5, size=5)}, {"y": Y}, -0.5, 2, True),
    Case("a precision with a count of variances", variance,
         lambda z, k: {"y": R.normal(k[1], 0.3, ag.sqrt(z), size=5), "n": R.poisson(k[2], 1 / z)},
         {"y": Y, "n": 2}, 0, np.inf, True),
    Case("several shares and a complement", normal,
         lambda z, k: {"y": R.normal(k[1], z + z + 0.5 * z, 2.0),
                       "w": R.normal(k[2], 1.0 - z, 0.7, size=2)},
         {"y": 1.0, "w": [0.0, 1.0]}, -20, 20, True),
    Case("a lognormal seen in logs", lambda k: R.lognormal(k, 0.5, 0.7),
         lambda z, k: {"y": R.normal(k[1], ag.log(z), 1.5, size=5)}, {"y": Y}, 0, np.inf, True),
    Case("half-normal children", variance,
         lambda z, k: {"y": R.half_normal(k[1], ag.sqrt(z), size=3)}, {"y": TIMES}, 0, np.inf,
         True),
    Case("the shape of an inverse Gaussian", gamma,
         lambda z, k: {"y": R.inverse_gaussian(k[1], 1.3, z, size=3)}, {"y": TIMES}, 0, np.inf,
         True),
    Case("nothing but zeros", gamma, lambda z, k: {"y": R.poisson(k[1], 2.0 * z, size=4)},
         {"y": [0, 0, 0, 0]}, 0, np.inf, True),
    # Cut to an interval: by the prior, or by the supports of children.
    Case("a standard deviation on an interval", lambda k: R.uniform(k, 0.2, 7.0),
         lambda z, k: {"y": R.normal(k[1], 0.3, z, size=5)}, {"y": Y}, 0.2, 7, True),
    Case("a standard deviation from zero on", lambda k: R.uniform(k, 0.0, 1.5),
         lambda z, k: {"y": R.normal(k[1], 0.3, z, size=5)}, {"y": Y}, 0, 1.5, True),
    Case("a probability on an interval", lambda k: R.uniform(k, 0.25, 0.9),
         lambda z, k: {"y": R.binomial(k[1], 10, 1.0 - z)}, {"y": 7}, 0.25, 0.9, True),
    Case("a gamma cut above", lambda k: R.truncated(k, R.gamma.law(2.5, rate=4.0), 0.0, 0.9),
         lambda z, k: {"y": R.poisson(k[1], 2.0 * z, size=4)}, {"y": COUNTS}, 0, 0.9, True),
    Case("a uniform scale", lambda k: R.uniform(k, 0.5, 6.0),
         lambda z, k: {"y": R.uniform(k[1], 0.0, 2.0 * z, size=3)}, {"y": [0.3, 2.2, 1.0]}, 1.1,
         6, True),
    Case("a gamma above its children", gamma,
         lambda z, k: {"y": R.pareto(k[1], 2.5, scale=z, size=2), "n": R.poisson(k[2], 3.0 * z)},
         {"y": [2.0, 1.4], "n": 3}, 0, 1.4, True),
    Case("a power of a uniform number", lambda k: R.uniform(k, 0.0, 5.0),
         lambda z, k: {"y": R.pareto(k[1], 2.5, scale=z, size=2)}, {"y": [2.0, 1.4]}, 0, 1.4, True),
    Case("a start before exponential times", normal,
         lambda z, k: {"y": z + R.exponential(k[1], rate=1.5, size=3)}, {"y": [0.9, 0.4, 1.7]},
         -20, 0.4, True),
    Case("an end after exponential times", lambda k: R.exponential(k, rate=0.7),
         lambda z, k: {"y": z - R.exponential(k[1], rate=1.5, size=3)}, {"y": [0.9, 0.4, 1.7]},
         1.7, np.inf, True),
    Case("a start and an end", lambda k: R.uniform(k, -1.0, 3.0),
         lambda z, k: {"y": z + R.exponential(k[1], rate=1.5, size=3)}, {"y": [0.9, 0.4, 1.7]},
         -1, 0.4, True),
    Case("a factor of lognormal numbers", lambda k: R.lognormal(k, 0.5, 0.7),
         lambda z, k: {"y": z * R.lognormal(k[1], -0.3, 0.5, size=3)}, {"y": TIMES}, 0, np.inf,
         True),
    Case("a divisor of gamma numbers", gamma,
         lambda z, k: {"y": R.gamma(k[1], 2.5, rate=2.0, size=3) / z}, {"y": TIMES}, 0, np.inf,
         True),
    Case("a factor of exponential numbers", variance,
         lambda z, k: {"y": z * R.exponential(k[1], rate=2.0, size=3)}, {"y": TIMES}, 0, np.inf,
         True),
    # No closed form, though each looks like one.
    Case("a variable as its own scale", gamma, lambda z, k: {"y": R.normal(k[1], z, z, size=5)},
         {"y": Y}, 0, np.inf, False),
    Case("a shape", gamma, lambda z, k: {"y": R.gamma(k[1], z, rate=2.0, size=3)},
         {"y": TIMES}, 0, np.inf, False),
    Case("a squared mean", normal, lambda z, k: {"y": R.normal(k[1], z**2, 1.0, size=5)},
         {"y": Y}, -20, 20, False),
    Case("a gamma on an interval", lambda k: R.uniform(k, 0.5, 3.0),
         lambda z, k: {"y": R.poisson(k[1], z, size=4)}, {"y": COUNTS}, 0.5, 3, True),
    Case("both ends of a uniform", lambda k: R.pareto(k, 2.5, scale=1.0),
         lambda z, k: {"y": R.uniform(k[1], -z, z, size=3)}, {"y": [-1.4, 0.2, 0.9]}, 1, np.inf,
         True),
    Case("half a probability", beta,
         lambda z, k: {"y": R.binomial(k[1], np.array([3, 9, 20]), 0.5 * z)}, {"y": [1, 2, 6]},
         0, 1, False),
    Case("a rate above a background", gamma,
         lambda z, k: {"y": R.poisson(k[1], z + 1.5, size=4)}, {"y": COUNTS}, 0, np.inf, False),
    Case("a mean that is cut", normal,
         lambda z, k: {"y": R.normal(k[1], ag.maximum(z, 0.0), 0.5, size=5)}, {"y": Y}, -20, 20,
         False),
    Case("an absolute rate", normal,
         lambda z, k: {"y": R.exponential(k[1], rate=ag.abs(z), size=3)}, {"y": TIMES}, -20, 20,
         False),
    Case("children cut at zero", normal,
         lambda z, k: {"y": R.truncated_normal(k[1], z, 1.0, 0.0, np.inf, size=3)},
         {"y": TIMES}, -20, 20, False),
    Case("an end below the data", gamma, lambda z, k: {"y": R.pareto(k[1], 2.0, scale=z, size=3)},
         {"y": [2.0, 3.0, 1.5]}, 0, 1.5, True),
    Case("one value of unknown standard deviation", lambda k: R.uniform(k, 0.0, 7.0),
         lambda z, k: {"y": R.normal(k[1], 0.3, z)}, {"y": 1.3}, 0, 7, False),
    Case("an end that is a square", normal,
         lambda z, k: {"y": R.uniform(k[1], -1.5, z**2, size=2)}, {"y": [-1.2, -0.4]}, -20, 20,
         False),
    Case("censored children", normal,
         lambda z, k: {"y": ag.clip(R.normal(k[1], z, 1.0, size=4), -0.5, 1.0)},
         {"y": [-0.5, 0.2, 1.0, 1.0]}, -20, 20, False),
    Case("rounded children", normal,
         lambda z, k: {"y": ag.round(R.normal(k[1], z, 1.0, size=4))}, {"y": [1.0, 2.0, 0.0, 1.0]},
         -20, 20, False),
]
# fmt: on


@pytest.fixture(params=CASES, ids=lambda c: c.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def integrated(run: Callable[..., Any], low: float, high: float) -> tuple[float, float]:
    """Log of an integral of a density whose logarithm is given; and the peak."""
    inner = [v for v in (0.05, 0.3, 0.6, 0.9, 1.2, 2.0, 4.0) if low < v < high]
    inner = [v for v in (-4.0, -1.0, -0.3, 0.0) if low < v < high] + inner
    peak = max(float(run(v)) for v in inner)
    edges = [low, *inner, high]
    area = 0.0
    for a, b in itertools.pairwise(edges):
        area += scipy.integrate.quad(lambda v: np.exp(float(run(v)) - peak), a, b, limit=200)[0]
    return float(np.log(area) + peak), peak


def test_the_law_is_that_of_the_integral(case: Case, law_of: Callable[..., float]) -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    z = case.prior(k[0])
    sampler = ag.derive(ag.Model({"z": z, **case.children(z, k)}), case.observed)
    at = ag.input("at")
    run = ag.function([at], sampler.logdensity({"z": at}), backend="numpy")
    with np.errstate(all="ignore"):
        whole, _ = integrated(run, case.low, case.high)
    assert np.isfinite(whole)
    assert sampler.exact == case.closed
    if not case.closed:
        assert sampler.step("z").kind in {"slice", "gibbs"}
        assert sampler.step("z").kind == "slice" or sampler.auxiliary
        return
    assert sampler.log_evidence() == pytest.approx(whole, abs=1e-5)
    if sampler.step("z").conditional.law is None:
        return
    for v in (0.31, 0.77, 1.4, 1.9):
        if case.low < v < case.high:
            assert law_of(sampler, "z", v) == pytest.approx(float(run(v)) - whole, abs=1e-5)
