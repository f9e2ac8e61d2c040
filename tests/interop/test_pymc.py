"""PyMC models are read with their names, dimensions and data."""

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.interop import from_pymc

pm = pytest.importorskip("pymc")

# fmt: off
CASES: list[tuple[Any, Any]] = [
    (lambda: pm.Gamma("x", 2.5, 0.4), 1.1), (lambda: pm.Exponential("x", 0.4), 1.1),
    (lambda: pm.InverseGamma("x", 2.5, 0.4), 1.1), (lambda: pm.Weibull("x", 2.5, 0.4), 0.7),
    (lambda: pm.HalfNormal("x", 0.4), 0.7), (lambda: pm.HalfCauchy("x", 0.4), 0.7),
    (lambda: pm.HalfStudentT("x", nu=5.0, sigma=0.4), 0.7),
    (lambda: pm.StudentT("x", nu=5.0, mu=0.3, sigma=0.4), 0.7),
    (lambda: pm.TruncatedNormal("x", mu=0.3, sigma=0.4, lower=0.1, upper=2.0), 0.7),
    (lambda: pm.SkewNormal("x", mu=0.3, sigma=0.4, alpha=2.5), 0.7),
    (lambda: pm.AsymmetricLaplace("x", b=2.5, kappa=0.4, mu=0.3), 0.7),
    (lambda: pm.ExGaussian("x", mu=0.3, sigma=0.4, nu=2.5), 0.7),
    (lambda: pm.Kumaraswamy("x", 2.5, 0.4), 0.7), (lambda: pm.Rice("x", nu=2.5, sigma=0.4), 0.7),
    (lambda: pm.Wald("x", mu=2.5, lam=0.4, alpha=0.2), 0.7),
    (lambda: pm.Beta("x", 2.5, 0.4), 0.7), (lambda: pm.VonMises("x", 0.3, 2.5), 0.7),
    (lambda: pm.NegativeBinomial("x", mu=2.5, alpha=0.4), 3),
    (lambda: pm.DiscreteUniform("x", 2, 7), 7),
    (lambda: pm.BetaBinomial("x", n=7, alpha=2.5, beta=0.4), 2),
    (lambda: pm.MvNormal("x", mu=[0.3, 1.0], tau=[[2.0, 0.3], [0.3, 0.7]]), [0.7, 0.2]),
    (lambda: pm.MvStudentT("x", nu=5.0, mu=[0.3, 1.0], scale=[[2.0, 0.3], [0.3, 0.7]]), [0.7, 0.2]),
    (lambda: pm.DirichletMultinomial("x", n=6, a=[0.7, 2.5, 1.2]), [1, 3, 2]),
]
# fmt: on


@pytest.mark.parametrize(("make", "value"), CASES)
def test_a_law_has_the_density_of_pymcs(make: Any, value: Any) -> None:
    with pm.Model() as model:
        x = make()
    wanted = np.sum(pm.logp(x, np.asarray(value)).eval())
    got = ag.evaluate(ag.logdensity(from_pymc(model).model, {"x": value}))
    np.testing.assert_allclose(got, wanted, rtol=1e-5)  # PyMC keeps numbers in single precision


def test_eight_schools_keep_names_dimensions_and_data() -> None:
    y = [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]
    with pm.Model(coords={"school": list("ABCDEFGH")}) as model:
        mu = pm.Normal("mu", 0.0, 5.0)
        tau = pm.HalfCauchy("tau", 5.0)
        sigma = pm.Data("sigma", np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]))
        theta = pm.Normal("theta", mu, tau, dims="school")
        pm.Deterministic("double", 2 * theta)
        pm.Normal("y", theta, sigma, observed=y, dims="school")
    reading = from_pymc(model)
    assert set(reading.model) == {"mu", "tau", "theta", "double", "y"}
    assert reading.dims["theta"] == ("school",)
    assert reading.coords["school"] == tuple("ABCDEFGH")
    np.testing.assert_array_equal(reading.observed["y"], y)
    assert "mu, theta integrated out" in str(ag.derive(reading.model, reading.observed))


def test_pumps_are_sampled_by_their_conjugate_steps() -> None:
    hours = np.array([94.3, 15.7, 62.9, 126.0, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5])
    with pm.Model() as model:
        alpha = pm.Exponential("alpha", 1.0)
        beta = pm.Gamma("beta", 0.1, 1.0)
        theta = pm.Gamma("theta", alpha, beta, shape=10)
        pm.Poisson("failures", theta * hours, observed=[5, 1, 5, 14, 3, 19, 1, 1, 4, 22])
    reading = from_pymc(model)
    text = str(ag.derive(reading.model, reading.observed))
    assert "gamma_gamma_rate" in text
    assert "gamma_poisson" in text


def test_what_has_no_counterpart_is_named() -> None:
    with pm.Model() as model:
        pm.CustomDist("odd", dist=lambda size: pm.Normal.dist(0, 1, size=size))
    with pytest.raises(ag.UnsupportedError, match=r"'odd' needs the random variable CustomDist"):
        from_pymc(model)
