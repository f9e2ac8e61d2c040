"""PyMC models are read with their names, dimensions and data."""

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.interop import from_pymc

pm = pytest.importorskip("pymc")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # PyMC's own use of PyTensor
    pytest.mark.filterwarnings("ignore:No safe default transform"),
]

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
    # made of others
    (lambda: pm.NormalMixture("x", [0.2, 0.8], [0.3, -1.0], [0.4, 2.0], shape=3), [0.7, 0.1, -2.0]),
    (lambda: pm.Mixture("x", [0.3, 0.7], [pm.Gamma.dist(2.5, 0.4), pm.LogNormal.dist(0.3)]), 1.7),
    (lambda: pm.ZeroInflatedPoisson("x", 0.3, 2.5, shape=2), [0, 3]),
    (lambda: pm.ZeroInflatedBinomial("x", 0.3, 5, 0.4), 2),
    (lambda: pm.ZeroInflatedNegativeBinomial("x", 0.3, mu=2.5, alpha=0.4), 2),
    (lambda: pm.HurdlePoisson("x", 0.3, 2.5, shape=2), [0, 3]),
    (lambda: pm.HurdleGamma("x", 0.3, 2.5, 0.4, shape=2), [0.0, 3.1]),
    (lambda: pm.Truncated("x", pm.Gamma.dist(2.5, 0.4), lower=0.5, upper=4.0, shape=2), [0.7, 3.9]),
    (lambda: pm.Truncated("x", pm.Poisson.dist(2.5), lower=1, upper=6), 6),
    (lambda: pm.Truncated("x", pm.Normal.dist(0.3, 2.0), upper=4.0), 3.9),
    (lambda: pm.Censored("x", pm.Normal.dist([0.3, 0.4], 2.0), None, 1.0), [0.7, 1.0]),
    (lambda: pm.Censored("x", pm.Weibull.dist(2.5, 0.4), 0.2, 1.0, shape=3), [0.2, 0.5, 1.0]),
    (lambda: pm.OrderedLogistic("x", 0.3, cutpoints=[-1.0, 0.4, 1.0]), 2),
]
# fmt: on


@pytest.mark.parametrize(("make", "value"), CASES)
def test_a_law_has_the_density_of_pymcs(make: Any, value: Any) -> None:
    with pm.Model() as model:
        x = make()
    wanted = np.sum(pm.logp(x, np.asarray(value)).eval())
    got = ag.evaluate(ag.logdensity(from_pymc(model).model, {"x": value}))
    np.testing.assert_allclose(got, wanted, rtol=1e-5)  # PyMC keeps numbers in single precision


def series(kind: str) -> Any:
    start = pm.Normal.dist(0.2, 2.0)
    return {
        "walk": lambda: pm.GaussianRandomWalk("x", mu=0.1, sigma=0.5, init_dist=start, steps=4),
        "ar1": lambda: pm.AR("x", rho=[0.7], sigma=0.5, init_dist=start, steps=4),
        "ar2": lambda: pm.AR(
            "x", rho=[0.3, 0.7, -0.2], sigma=0.5, init_dist=start, constant=True, steps=3
        ),
    }[kind]


@pytest.mark.parametrize("kind", ["walk", "ar1", "ar2"])
def test_a_series_has_the_density_of_pymcs(kind: str) -> None:
    path = np.array([0.3, 0.5, 0.2, 1.0, 0.7])
    with pm.Model() as model:
        series(kind)()
    wanted = np.sum(pm.logp(model["x"], path).eval())
    read = from_pymc(model).model
    first = 2 if kind == "ar2" else 1
    init = path[:first] if kind.startswith("ar") else path[0]
    got = ag.logdensity(ag.Model({n: read[n] for n in ("x_init", "x_steps")}),
                        {"x_init": init, "x_steps": path[first:]})  # fmt: skip
    np.testing.assert_allclose(ag.evaluate(got), wanted, rtol=1e-5)


def test_an_observed_series_gives_its_data_to_the_parts() -> None:
    path = np.array([0.3, 0.5, 0.2, 1.0, 0.7])
    with pm.Model() as model:
        sigma = pm.HalfNormal("sigma", 1.0)
        pm.AR("x", rho=[0.7], sigma=sigma, init_dist=pm.Normal.dist(0.0, 2.0), observed=path)
    reading = from_pymc(model)
    assert list(reading.model) == ["sigma", "x_init", "x_steps"]
    np.testing.assert_array_equal(reading.observed["x_steps"], path[1:])
    assert ag.derive(reading.model, reading.observed).exact


def test_a_local_level_is_sampled_as_one_path() -> None:
    with pm.Model() as model:
        level = pm.GaussianRandomWalk(
            "level", mu=0.0, sigma=0.5, init_dist=pm.Normal.dist(0, 2), steps=5
        )
        pm.Normal("y", level, 1.0, observed=[0.1, 0.4, -0.2, 0.9, 1.4, 1.0])
    reading = from_pymc(model)
    sampler = ag.derive(reading.model, reading.observed)
    assert sampler.exact
    assert sampler.deterministic_names == ("level",)


def test_potentials_and_orders_are_part_of_the_density() -> None:
    ordered = pm.distributions.transforms.ordered
    with pm.Model() as model:
        mu = pm.Normal("mu", 0.0, 1.5, shape=2, transform=ordered, initval=[-1.0, 1.0])
        pm.Potential("weight", -0.5 * mu**2)
    read = from_pymc(model).model
    assert {"mu", "mu_ordered", "weight"} == set(read)
    at = np.array([-0.4, 1.3])
    wanted = pm.logp(mu, at).eval().sum() - 0.5 * (at**2).sum()
    np.testing.assert_allclose(ag.evaluate(ag.logdensity(read, {"mu": at})), wanted, rtol=1e-5)
    assert ag.evaluate(ag.logdensity(read, {"mu": at[::-1]})) == -np.inf


@pytest.mark.filterwarnings("ignore::astragal.sample.SamplingWarning")
def test_draws_have_the_dims_and_coords_of_the_pymc_model() -> None:
    with pm.Model(coords={"site": ["n", "s", "e"]}) as model:
        hours = pm.Data("hours", np.array([1.0, 2.0, 4.0]), dims="site")
        rate = pm.Gamma("rate", 2.0, 0.5, dims="site")
        pm.Deterministic("log_rate", pm.math.log(rate), dims="site")
        pm.Poisson("y", rate * hours, observed=[1, 0, 7], dims="site")
    reading = from_pymc(model)
    sampler = ag.derive(reading.model, reading.observed)
    draws = sampler.sample(
        draws=50, chains=2, backend="numpy", progress=False, groups=["log_likelihood"]
    )
    for group, name in [("posterior", "rate"), ("posterior", "log_rate"), ("observed_data", "y"),
                        ("log_likelihood", "y"), ("constant_data", "hours")]:  # fmt: skip
        assert draws[group][name].dims[-1] == "site"
        assert draws[group].coords["site"].values.tolist() == ["n", "s", "e"]


@pytest.mark.filterwarnings("ignore:Data in y contains missing values")
def test_gaps_in_the_data_are_drawn() -> None:
    with pm.Model() as model:
        mu = pm.Normal("mu", 0.5, 2.0)
        pm.Normal("y", mu, 1.5, observed=np.ma.masked_invalid([1.0, np.nan, 2.0]))
    reading = from_pymc(model)
    assert list(reading.observed) == ["y_observed"]
    sampler = ag.derive(reading.model, reading.observed)
    assert sampler.latent_names == ("mu", "y_unobserved")
    values = reading.model.sample_prior(seed=1)
    at = [values["y_observed"][0], values["y_unobserved"][0], values["y_observed"][1]]
    np.testing.assert_allclose(values["y"], at)


def test_a_transformation_that_leaves_values_out_is_named() -> None:
    with pm.Model() as model:
        pm.Normal("x", 0.0, 1.0, transform=pm.distributions.transforms.log)
    with pytest.raises(ag.UnsupportedError, match="'x' has the transformation LogTransform"):
        from_pymc(model)


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


def vectors() -> list[Any]:
    return [pm.MvNormal.dist([0.0, i], np.eye(2)) for i in (1.0, 2.0)]


# fmt: off
REFUSED: list[tuple[Any, str]] = [
    (lambda: pm.Mixture("x", w=[0.3, 0.7], comp_dists=vectors()),
     r"variable 'x' \(MixtureRV\) cannot be read: mixture takes laws of single numbers"),
    (lambda: pm.Interpolated("x", np.linspace(0, 1, 5), np.ones(5)),
     "variable 'x' needs the random variable InterpolatedRV"),
    (lambda: pm.CustomDist("x", logp=lambda value: -(value**2)),
     "variable 'x' needs the random variable CustomDist"),
    (lambda: pm.Simulator("x", lambda g, a, size=None: g.normal(a), params=(0.0,), observed=[1.0]),
     "variable 'x' needs the random variable Simulator"),
    (lambda: pm.Normal("x", pm.Minibatch(np.arange(9.0), batch_size=3), 1.0),
     "needs the random variable MinibatchIndexRV inside of a function"),
    (lambda: pm.Normal("x", 0.0, 1.0, observed=[1.0, 2.0], total_size=9),
     "variable 'x' needs the operation MinibatchRandomVariable"),
]
# fmt: on


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("make", "text"), REFUSED)
def test_what_cannot_be_read_is_named(make: Any, text: str) -> None:
    with pm.Model() as model:
        make()
    with pytest.raises(ag.UnsupportedError, match=text):
        from_pymc(model)


def test_what_is_no_model_is_named() -> None:
    with pytest.raises(ag.ModelError, match=r"from_pymc takes a pymc\.Model, got int"):
        from_pymc(3)


def test_names_that_are_no_words_become_words() -> None:
    with pm.Model() as model, pm.Model(name="sub"):
        a = pm.Normal("a")
        pm.Potential("p(a, b)", -(a**2))
    assert list(from_pymc(model).model) == ["sub_a", "sub_p_a_b"]
    with pm.Model() as twice:
        pm.Normal("a b")
        pm.Normal("a_b")
    with pytest.raises(ag.ModelError, match="would be called 'a_b', as another one is"):
        from_pymc(twice)


@pytest.mark.filterwarnings("ignore::astragal.sample.SamplingWarning", "ignore::UserWarning")
def test_a_covariance_is_sampled_by_its_parts() -> None:
    data = np.random.default_rng(3).multivariate_normal([0, 0], [[1.0, 0.6], [0.6, 2.0]], size=60)
    with pm.Model() as model:
        chol, *_ = pm.LKJCholeskyCov("chol", n=2, eta=2.0, sd_dist=pm.Exponential.dist(1.0))
        pm.MvNormal("y", np.zeros(2), chol=chol, observed=data)
    reading = from_pymc(model)
    assert set(reading.model) == {"chol", "chol_stds", "chol_corr", "y"}
    draws = ag.derive(reading.model, reading.observed).sample(
        draws=300, warmup=300, chains=2, backend="jax", progress=False
    )["posterior"]
    # With a weak prior, close to the correlation of the data about zero.
    wanted = (data[:, 0] * data[:, 1]).mean() / np.sqrt((data**2).mean(0).prod())
    assert abs(float(draws["chol_corr"][..., 0, 1].mean()) - wanted) < 0.12
