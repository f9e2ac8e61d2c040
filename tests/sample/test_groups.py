"""Results carry the labels of the model, and the groups that ArviZ works on."""

from __future__ import annotations

from typing import Any

import arviz_base
import arviz_stats
import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive import Sampler
from astragal.sample import SamplingWarning
from astragal.sample.groups import as_tree, named_stats
from astragal.sample.results import warnings_of

# Runs this short usually have something to warn of.
pytestmark = pytest.mark.filterwarnings("ignore::astragal.sample.SamplingWarning")

R = ag.random
Y = np.array([28.0, 8.0, -3.0, 7.0, -1.0])
SIGMA = np.array([15.0, 10.0, 16.0, 11.0, 9.0])
NAMES = ["A", "B", "C", "D", "E"]


@ag.model(dims={"theta": ("school",), "y": "school", "sigma": "school"}, coords={"school": NAMES})
def schools(key: Any, sigma: Any) -> dict[str, Any]:
    k = ag.split(key, 3)
    mu = R.normal(k[0], 0.0, 5.0)
    theta = R.normal(k[1], mu, 7.0, size=5)
    return {"mu": mu, "theta": theta, "y": R.normal(k[2], theta, sigma)}


@pytest.fixture(scope="module")
def tree() -> Any:
    groups = ["log_likelihood", "log_prior", "posterior_predictive", "prior", "prior_predictive"]
    sampler = ag.derive(schools(SIGMA), {"y": Y})
    return sampler.sample(draws=100, backend="numpy", progress=False, groups=groups)


def test_every_group_has_the_coordinates_of_the_model(tree: Any) -> None:
    for group, name in [
        ("posterior", "theta"), ("log_likelihood", "y"), ("log_prior", "theta"),
        ("posterior_predictive", "y"), ("prior", "theta"), ("prior_predictive", "y"),
        ("observed_data", "y"), ("constant_data", "sigma"),
    ]:  # fmt: skip
        array = tree[group][name]
        assert array.dims[-1] == "school", group
        assert array.coords["school"].values.tolist() == NAMES, group
    assert tree["constant_data"]["sigma"].values.tolist() == SIGMA.tolist()
    assert float(tree["observed_data"]["y"].sel(school="B")) == 8.0


def test_labels_are_those_that_arviz_gives() -> None:
    a, b = np.zeros((4, 5, 3, 2)), np.zeros((4, 5, 3))
    k = ag.split(ag.key(0), 2)
    variables = {"a": R.normal(k[0], 0.0, 1.0, size=(3, 2)), "b": R.normal(k[1], 0.0, 1.0, size=3)}
    model = ag.Model(variables, dims={"a": (None, "side")}, coords={"side": ["left", "right"]})
    given = {"posterior": {"a": a, "b": b}, "observed_data": {"b": b[0, 0]}}
    ours = as_tree(model, given)
    theirs = arviz_base.from_dict(
        given, dims={"a": [None, "side"]}, coords={"side": ["left", "right"]}
    )
    for group in given:
        assert (
            ours[group].to_dataset().drop_attrs().identical(theirs[group].to_dataset().drop_attrs())
        )
        assert {*theirs[group].attrs} <= {*ours[group].attrs}


def test_log_likelihoods_and_priors_are_those_of_scipy(tree: Any) -> None:
    draws = tree["posterior"]
    theta, mu = draws["theta"].values, draws["mu"].values
    np.testing.assert_allclose(tree["log_likelihood"]["y"], st.norm(theta, SIGMA).logpdf(Y))
    np.testing.assert_allclose(tree["log_prior"]["mu"], st.norm(0, 5).logpdf(mu))
    wanted = st.norm(mu[..., None], 7.0).logpdf(theta)
    np.testing.assert_allclose(tree["log_prior"]["theta"], wanted)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # pandas, of arviz_stats
def test_arviz_compares_models_by_what_comes_out(tree: Any) -> None:
    """The log likelihood of a normal of known variance: its expected value is known."""
    k = ag.split(ag.input("key", dtype="key"))
    y = np.random.default_rng(2).normal(1.0, 1.0, size=60)

    def fit(scale: float) -> Any:
        mu = R.normal(k[0], 0.0, 10.0)
        model = ag.Model({"mu": mu, "y": R.normal(k[1], mu, scale, size=60)})
        sampler = ag.derive(model, {"y": y})
        draws = sampler.sample(draws=150, backend="numpy", progress=False)
        return sampler.log_likelihood(draws, backend="numpy")

    right, wrong = fit(1.0), fit(3.0)
    # Leaving one out is normal: mean and variance in closed form.
    n = len(y) - 1
    rest = (y.sum() - y) / (n + 0.01)
    exact = st.norm(rest, np.sqrt(1.0 + 1.0 / (n + 0.01))).logpdf(y).sum()
    assert arviz_stats.loo(right).elpd == pytest.approx(exact, abs=0.1)
    ranked = arviz_stats.compare({"wrong": wrong, "right": right})
    assert list(ranked.index) == ["right", "wrong"]
    assert len(arviz_stats.loo(tree, var_name="y", pointwise=True).elpd_i) == 5


def test_a_vector_that_is_one_draw_is_one_observation() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    mu = R.normal(k[0], 0.0, 2.0)
    cov = np.array([[2.0, 0.3], [0.3, 0.7]])
    y = R.multivariate_normal(k[1], mu * np.ones(2), cov=cov, size=3)
    model = ag.Model({"mu": mu, "y": y}, dims={"y": ("person", "side")})
    data = np.array([[0.1, 1.0], [0.4, -1.0], [2.0, 0.3]])
    sampler = ag.derive(model, {"y": data})
    draws = sampler.sample(draws=20, chains=2, backend="numpy", progress=False, warmup=0)
    found = sampler.log_likelihood(draws, backend="numpy")["log_likelihood"]["y"]
    assert found.dims == ("chain", "draw", "person")
    mu0 = float(draws["posterior"]["mu"][0, 3])
    wanted = st.multivariate_normal([mu0, mu0], cov).logpdf(data)
    np.testing.assert_allclose(found[0, 3], wanted)


def test_data_that_are_a_function_have_the_slope_of_each() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    mu = R.normal(k[0], 0.0, 2.0)
    model = ag.Model({"mu": mu, "y": ag.exp(R.normal(k[1], mu, 0.7, size=3))})
    data = np.array([0.3, 1.2, 4.0])
    sampler = ag.derive(model, {"y": data})
    draws = sampler.sample(draws=20, chains=2, backend="numpy", progress=False, warmup=0)
    found = sampler.log_likelihood(draws, backend="numpy")["log_likelihood"]["y"]
    mu0 = draws["posterior"]["mu"].values[..., None]
    np.testing.assert_allclose(found, st.lognorm(0.7, scale=np.exp(mu0)).logpdf(data))


def test_other_data_have_their_own_likelihood(tree: Any) -> None:
    sampler = ag.derive(schools(SIGMA), {"y": Y})
    draws = sampler.sample(
        draws=20, backend="numpy", progress=False, warmup=0, observed={"y": Y + 1.0}
    )
    found = sampler.log_likelihood(draws, backend="numpy")["log_likelihood"]["y"]
    wanted = st.norm(draws["posterior"]["theta"].values, SIGMA).logpdf(Y + 1.0)
    np.testing.assert_allclose(found, wanted)


# -- labels --------------------------------------------------------------------------------


def test_labels_that_do_not_fit_are_refused() -> None:
    model = schools(SIGMA)
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        ({"phi": "school"}, {}, "dims of 'phi', which is no variable"),
        ({"mu": "school"}, {}, r"'mu' has shape \(\), and its dims are school"),
        ({"theta": "chain"}, {}, "'chain' is a dimension of all results"),
        ({"theta": "mu"}, {}, "dimension 'mu' of 'theta' is called like a variable"),
        ({"theta": "a b"}, {}, "'a b' is no name for a dimension"),
        ({}, {"school": ["A"]}, "'school' has length 5 in .* and 1 in its coordinates"),
        ({}, {"school": "ABCDE"}, "expected a list of labels"),
    ]
    for dims, coords, says in cases:
        with pytest.raises((ag.ModelError, ag.ShapeError), match=says):
            model.labelled(dims, coords)


def test_labels_stay_with_what_is_made_of_a_model() -> None:
    model = schools(SIGMA)
    for made in (model.do({"mu": 1.0}), model.labelled(coords={"other": [1]})):
        assert made.dims["theta"] == ("school",)
        assert made.coords["school"] == tuple(NAMES)
    posterior = ag.derive(model, {"y": Y}).posterior_model()
    assert posterior.dims["theta"] == ("school",)


def test_labels_may_come_as_data() -> None:
    @ag.model(dims={"x": "site"})
    def f(key: Any, sites: Any) -> ag.Model:
        return ag.Model({"x": R.normal(key, size=len(sites))}, coords={"site": sites})

    assert f(["north", "south"]).coords == {"site": ("north", "south")}


def test_a_group_that_cannot_be_had_is_refused_before_anything_runs() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    mu = R.improper_uniform(k[0])
    sampler = ag.derive(ag.Model({"mu": mu, "y": R.normal(k[1], mu, 1.0)}), {"y": 0.3})
    with pytest.raises(ag.ModelError, match="improper prior"):
        sampler.sample(groups=["prior"], progress=False, backend="numpy")
    with pytest.raises(ag.ModelError, match="no group 'likelihood'; there are log_likelihood"):
        sampler.sample(groups=["likelihood"], progress=False, backend="numpy")


# -- statistics of trajectories ------------------------------------------------------------


def funnel() -> Sampler:
    k = ag.split(ag.input("key", dtype="key"), 3)
    v = R.normal(k[0], 0.0, 3.0)
    x = R.normal(k[1], 0.0, ag.exp(v / 2.0), size=4)
    model = ag.Model({"v": v, "x": x, "y": R.normal(k[2], x[0], 1.0)})
    closed = ["gibbs", "slice", "augment", "collapse", "exact"]
    # On other coordinates it is no funnel.
    return ag.derive(model, {"y": 0.1}, forbid=[*closed, "noncentre"])


@pytest.mark.slow
def test_divergences_are_counted_and_told() -> None:
    with pytest.warns(SamplingWarning, match="transitions diverged"):
        tree = funnel().sample(draws=300, warmup=300, chains=2, progress=False, seed=1)
    stats = tree["sample_stats"]
    assert {
        "diverging", "tree_depth", "n_steps", "acceptance_rate", "step_size", "energy", "lp",
    } <= set(stats.data_vars)  # fmt: skip
    # Energy is minus the log density plus half a chi square of as many numbers as there are.
    kinetic = (stats["energy"] + stats["lp"]).values
    assert abs(kinetic.mean() - 2.5) < 1.0
    assert int(stats["diverging"].sum()) > 0


def test_two_trajectories_keep_their_names_and_diverge_together() -> None:
    yes, no = np.array([[True, False]]), np.array([[False, False]])
    info = {"a:diverging": yes, "b:diverging": no, "a:depth": yes, "c:evaluations": no}
    out = named_stats(info, whole=False)
    assert sorted(out) == [
        "a:diverging",
        "a:tree_depth",
        "b:diverging",
        "c:evaluations",
        "diverging",
    ]
    assert out["diverging"].tolist() == [[True, False]]


def test_trouble_with_trajectories_is_put_in_words() -> None:
    import pandas as pd
    import xarray as xr

    rng = np.random.default_rng(0)
    stats = {
        "diverging": (("chain", "draw"), rng.random((2, 50)) < 0.1),
        "tree_depth": (("chain", "draw"), np.full((2, 50), 10)),
        "energy": (("chain", "draw"), np.cumsum(rng.normal(size=(2, 50)), axis=1)),
    }
    draws = {"x": (("chain", "draw"), rng.normal(size=(2, 50)))}
    tree = xr.DataTree.from_dict(
        {"posterior": xr.Dataset(draws), "sample_stats": xr.Dataset(stats)}
    )
    said = " ".join(warnings_of(tree, pd.DataFrame({"r_hat": [1.0]}, index=["x"])))
    assert "of 100 transitions diverged" in said
    assert "100 trajectories were cut off after 2^10 steps" in said
    assert "energies hardly move" in said
