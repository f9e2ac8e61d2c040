"""Posteriors with a closed form: each is that closed form, at asymmetric parameters.

References: Gelman et al., Bayesian Data Analysis (3rd ed.), chapters 2 and 3; Fink (1997),
A compendium of conjugate priors. The formulas are written out here with SciPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats as st

import astragal as ag
from astragal.graph.expr import Expr

R = ag.random
Y = np.array([1.3, -0.2, 0.7, 2.2, 0.4])
COUNTS = np.array([7, 2, 0, 4])
TIMES = np.array([0.7, 0.2, 1.1])
FLAGS = np.array([0, 1, 1, 0, 1, 1, 1])


def keys(n: int = 3) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


@dataclass
class Case:
    """A model with one scalar (or elementwise) latent, and its posterior in closed form."""

    name: str
    build: Callable[[], dict[str, Expr]]
    observed: dict[str, Any]
    posterior: Any  # a frozen SciPy distribution
    latent: str = "z"


def normal_posterior(mean: float, sd: float, y: Any, noise: float) -> Any:
    precision = 1 / sd**2 + np.size(y) / noise**2
    return st.norm((mean / sd**2 + np.sum(y) / noise**2) / precision, precision**-0.5)


def normal_mean() -> dict[str, Expr]:
    k = keys()
    z = R.normal(k[0], 0.5, 2.0)
    return {"z": z, "y": R.normal(k[1], z, 1.5, size=5)}


def normal_mean_of_logs() -> dict[str, Expr]:
    k = keys()
    z = R.normal(k[0], 0.5, 2.0)
    return {"z": z, "y": ag.exp(R.normal(k[1], z, 1.5, size=5))}


def normal_variance() -> dict[str, Expr]:
    k = keys()
    z = R.inverse_gamma(k[0], 3.0, scale=2.0)
    return {"z": z, "y": R.normal(k[1], 0.3, ag.sqrt(z), size=5)}


def normal_precision() -> dict[str, Expr]:
    k = keys()
    z = R.gamma(k[0], 3.0, rate=2.0)
    return {"z": z, "y": R.normal(k[1], 0.3, 1 / ag.sqrt(z), size=5)}


def bernoulli_data() -> dict[str, Expr]:
    k = keys()
    z = R.beta(k[0], 2.0, 3.5)
    return {"z": z, "y": R.bernoulli(k[1], z, size=7)}


def binomial_of_the_complement() -> dict[str, Expr]:
    k = keys()
    z = R.beta(k[0], 2.0, 3.5)
    return {"z": z, "y": R.binomial(k[1], 10, 1.0 - z)}


def uniform_prior() -> dict[str, Expr]:
    k = keys()
    z = R.uniform(k[0])
    return {"z": z, "y": R.binomial(k[1], 10, z)}


def negative_binomial_data() -> dict[str, Expr]:
    k = keys()
    z = R.beta(k[0], 2.0, 3.5)
    return {"z": z, "y": R.negative_binomial(k[1], 4.5, z, size=4)}


def poisson_data() -> dict[str, Expr]:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=4.0)
    return {"z": z, "y": R.poisson(k[1], z, size=4)}


def one_poisson_count() -> dict[str, Expr]:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=4.0)
    return {"z": z, "y": R.poisson(k[1], z)}


def poisson_with_exposure() -> dict[str, Expr]:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=4.0)
    return {"z": z, "y": R.poisson(k[1], z * np.array([0.5, 2.0, 1.25, 7.0]))}


def exponential_data() -> dict[str, Expr]:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=3.5)
    return {"z": z, "y": R.exponential(k[1], rate=z, size=3)}


def exponential_data_by_scale() -> dict[str, Expr]:
    k = keys()
    z = R.inverse_gamma(k[0], 2.0, scale=3.5)
    return {"z": z, "y": R.exponential(k[1], scale=z, size=3)}


def gamma_data() -> dict[str, Expr]:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=3.5)
    return {"z": z, "y": R.gamma(k[1], 1.75, rate=z / 3.0, size=3)}


def exponential_prior() -> dict[str, Expr]:
    k = keys()
    z = R.exponential(k[0], rate=0.75)
    return {"z": z, "y": R.poisson(k[1], z, size=4)}


def two_children() -> dict[str, Expr]:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=3.5)
    return {"z": z, "y": R.poisson(k[1], z * 2.0), "x": R.exponential(k[2], rate=z / 3.0)}


def doubled() -> dict[str, Expr]:
    k = keys()
    z = R.normal(k[0], 1.0, 2.0)
    return {"z": z, "y": R.normal(k[1], z + z, 1.5)}


def added_to_a_draw_around_it() -> dict[str, Expr]:
    k = keys()
    z = R.normal(k[0], 1.0, 2.0)
    return {"z": z, "y": z + R.normal(k[1], z, 1.5)}


def sum_of_two() -> dict[str, Expr]:
    k = keys()
    a, b = R.normal(k[0], 1.0, 2.0), R.normal(k[1], 3.0, 1.0)
    return {"a": a, "b": b, "s": a + b}


def through_an_affine_map() -> dict[str, Expr]:
    k = keys()
    z = R.normal(k[0], 1.0, 2.0)
    return {"z": z, "y": R.normal(k[1], 3.0 - 0.5 * z, 1.5)}


CASES = [
    Case("normal mean", normal_mean, {"y": Y}, normal_posterior(0.5, 2.0, Y, 1.5)),
    Case("normal mean of logs", normal_mean_of_logs, {"y": np.exp(Y)},
         normal_posterior(0.5, 2.0, Y, 1.5)),
    Case("normal variance", normal_variance, {"y": Y},
         st.invgamma(3 + 2.5, scale=2 + 0.5 * np.sum((Y - 0.3) ** 2))),
    Case("normal precision", normal_precision, {"y": Y},
         st.gamma(3 + 2.5, scale=1 / (2 + 0.5 * np.sum((Y - 0.3) ** 2)))),
    Case("bernoulli", bernoulli_data, {"y": FLAGS}, st.beta(2 + 5, 3.5 + 2)),
    Case("1 - p", binomial_of_the_complement, {"y": 7}, st.beta(2 + 3, 3.5 + 7)),
    Case("uniform prior", uniform_prior, {"y": 7}, st.beta(8, 4)),
    Case("negative binomial", negative_binomial_data, {"y": COUNTS},
         st.beta(2 + 4 * 4.5, 3.5 + COUNTS.sum())),
    Case("poisson", poisson_data, {"y": COUNTS}, st.gamma(2 + COUNTS.sum(), scale=1 / 8)),
    Case("one count", one_poisson_count, {"y": 3}, st.gamma(5, scale=1 / 5)),
    Case("exposure", poisson_with_exposure, {"y": COUNTS},
         st.gamma(2 + COUNTS.sum(), scale=1 / (4 + 10.75))),
    Case("exponential", exponential_data, {"y": TIMES}, st.gamma(5, scale=1 / (3.5 + 2.0))),
    Case("exponential by scale", exponential_data_by_scale, {"y": TIMES},
         st.invgamma(5, scale=3.5 + 2.0)),
    Case("gamma", gamma_data, {"y": TIMES}, st.gamma(2 + 3 * 1.75, scale=1 / (3.5 + 2.0 / 3))),
    Case("exponential prior", exponential_prior, {"y": COUNTS},
         st.gamma(1 + COUNTS.sum(), scale=1 / 4.75)),
    Case("two children", two_children, {"y": 4, "x": 1.7},
         st.gamma(2 + 4 + 1, scale=1 / (3.5 + 2 + 1.7 / 3))),
    Case("x + x", doubled, {"y": 10.0}, normal_posterior(1.0, 2.0, 5.0, 0.75)),
    Case("x + normal(x)", added_to_a_draw_around_it, {"y": 10.0},
         normal_posterior(1.0, 2.0, 5.0, 0.75)),
    Case("a + b = 10", sum_of_two, {"s": 10.0}, normal_posterior(1.0, 2.0, 7.0, 1.0), "a"),
    Case("affine", through_an_affine_map, {"y": -2.0}, normal_posterior(1.0, 2.0, 10.0, 3.0)),
]  # fmt: skip


@pytest.fixture(params=CASES, ids=lambda c: c.name)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


def test_the_posterior_is_drawn_exactly_from_its_closed_form(
    case: Case, law_of: Callable[..., float]
) -> None:
    sampler = ag.derive(ag.Model(case.build()), case.observed)
    assert sampler.exact
    for q in (0.03, 0.4, 0.85):
        at = float(case.posterior.ppf(q))
        assert law_of(sampler, case.latent, at) == pytest.approx(
            case.posterior.logpdf(at), rel=1e-9
        )


def test_the_joint_density_over_the_posterior_is_the_evidence(case: Case) -> None:
    sampler = ag.derive(ag.Model(case.build()), case.observed)
    for q in (0.1, 0.7):
        at = float(case.posterior.ppf(q))
        joint = sampler.logdensity({case.latent: at})
        assert joint - case.posterior.logpdf(at) == pytest.approx(sampler.log_evidence(), rel=1e-9)


def test_the_evidence_is_the_integral_of_the_joint_density(case: Case) -> None:
    sampler = ag.derive(ag.Model(case.build()), case.observed)
    low, high = case.posterior.ppf([1e-9, 1 - 1e-9])
    peak = sampler.logdensity({case.latent: float(case.posterior.median())})
    inner = ag.input("at")
    run = ag.function([inner], sampler.logdensity({case.latent: inner}), backend="numpy")
    area, _ = scipy.integrate.quad(lambda v: np.exp(float(run(v)) - peak), low, high, limit=200)
    assert np.log(area) + peak == pytest.approx(sampler.log_evidence(), abs=1e-5)


@pytest.mark.parametrize("name", ["normal mean", "exposure", "1 - p", "a + b = 10"])
def test_draws_follow_the_closed_form(name: str, draws_of: Callable[..., Any]) -> None:
    case = next(c for c in CASES if c.name == name)
    draws = draws_of(ag.derive(ag.Model(case.build()), case.observed), 2000)[case.latent]
    assert st.kstest(draws, case.posterior.cdf).pvalue > 1e-3


def test_other_data_of_the_same_shape_need_no_new_derivation() -> None:
    sampler = ag.derive(ag.Model(poisson_data()), {"y": COUNTS})
    other = np.array([1, 1, 5, 30])
    direct = ag.derive(ag.Model(poisson_data()), {"y": other})
    assert sampler.log_evidence({"y": other}) == pytest.approx(direct.log_evidence(), rel=1e-12)
    assert sampler.log_evidence({"y": other}) != pytest.approx(sampler.log_evidence(), rel=1e-3)


def test_a_normal_sample_with_both_parameters_unknown_is_normal_inverse_gamma(
    law_of: Callable[..., float],
) -> None:
    k = keys()
    v = R.inverse_gamma(k[0], 3.0, scale=2.0)
    m = R.normal(k[1], 0.5, ag.sqrt(v / 2.5))
    model = ag.Model({"v": v, "m": m, "y": R.normal(k[2], m, ag.sqrt(v), size=5)})
    sampler = ag.derive(model, {"y": Y})
    assert sampler.exact
    assert [s.name for s in sampler.steps] == ["v", "m"]
    n, mean = Y.size, Y.mean()
    kappa = 2.5 + n
    scale = 2 + 0.5 * np.sum((Y - mean) ** 2) + 0.5 * 2.5 * n / kappa * (mean - 0.5) ** 2
    variance = st.invgamma(3 + n / 2, scale=scale)
    centre = (2.5 * 0.5 + n * mean) / kappa
    for at in (0.4, 1.9):
        assert law_of(sampler, "v", at) == pytest.approx(variance.logpdf(at), rel=1e-9)
        expected = st.norm(centre, np.sqrt(at / kappa)).logpdf(1.1)
        assert law_of(sampler, "m", 1.1, {"v": at}) == pytest.approx(expected, rel=1e-9)


def test_a_hierarchy_of_normals_with_known_variances_is_drawn_exactly(
    law_of: Callable[..., float],
) -> None:
    k = keys()
    mu = R.normal(k[0], 0.0, 5.0)
    theta = R.normal(k[1], mu, 2.0, size=5)
    model = ag.Model({"mu": mu, "theta": theta, "y": R.normal(k[2], theta, 1.5)})
    sampler = ag.derive(model, {"y": Y})
    assert sampler.exact
    # Given mu alone each y is normal with the two variances added.
    expected = normal_posterior(0.0, 5.0, Y, np.sqrt(2.0**2 + 1.5**2))
    for at in (-1.0, 0.8):
        assert law_of(sampler, "mu", at) == pytest.approx(expected.logpdf(at), rel=1e-9)
    cov = 25.0 + 2.0**2 * np.eye(5) + 1.5**2 * np.eye(5)
    evidence = st.multivariate_normal(np.zeros(5), cov).logpdf(Y)
    assert sampler.log_evidence() == pytest.approx(evidence, rel=1e-9)


def test_an_index_sends_each_observation_to_its_own_group(law_of: Callable[..., float]) -> None:
    k = keys()
    group = np.array([0, 1, 1, 3, 0, 1])
    z = R.normal(k[0], 0.5, 2.0, size=4)
    y = np.array([1.0, 0.2, -1.0, 4.0, 2.0, 0.7])
    sampler = ag.derive(ag.Model({"z": z, "y": R.normal(k[1], z[group], 1.5)}), {"y": y})
    assert sampler.exact
    at = np.array([0.3, -0.7, 2.5, 1.1])
    expected = sum(normal_posterior(0.5, 2.0, y[group == g], 1.5).logpdf(at[g]) for g in range(4))
    assert law_of(sampler, "z", at) == pytest.approx(expected, rel=1e-9)
