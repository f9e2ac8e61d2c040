"""Draws given Polya-Gamma or probit variables, or trajectories: what is estimated, and taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import log_ndtr

import astragal as ag
from astragal.derive.augment import Augmented, augmentations
from astragal.derive.creeping import sweeps_given_leaves
from astragal.derive.plan import Plan
from astragal.graph.expr import Expr

R = ag.random
Link = Callable[[Expr], Expr]
LINKS = {"logit": ag.expit, "probit": ag.special.ndtr}
OF_ALL = np.array([3, 20, 36])
"""Successes of forty trials, in three groups."""


def keys(n: int = 3) -> Any:
    return ag.split(ag.input("key", dtype="key"), n)


def regression(link: Link, x: Any, deviation: float) -> ag.Model:
    k = keys()
    b = R.normal(k[0], 0.0, deviation, size=x.shape[1])
    return ag.Model({"b": b, "y": R.bernoulli(k[1], link(x @ b))})


def simulated(n: int, p: int, seed: int = 4) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    return x, (x[:, 0] + rng.logistic(size=n) > 0.0).astype(int)


def plans(model: ag.Model, data: dict[str, Any]) -> tuple[Plan, Plan]:
    plain = Plan(model, data)
    first = next(augmentations(Augmented(model), set(plain.latent), data, set()))
    return plain, Plan(model, data, (), first, plain)


def informations(link: str, successes: Any, trials: int) -> tuple[Any, Any]:
    """Of one coefficient a group at its mode under flat priors: of the data, and given leaves."""
    p = successes / trials
    if link == "logit":
        x = np.log(p / (1.0 - p))
        return trials * p * (1.0 - p), trials * np.tanh(0.5 * x) / (2.0 * x + 1e-300)
    from scipy.special import ndtri

    x, d = ndtri(p), 1e-4

    def height(x: Any) -> Any:
        return successes * log_ndtr(x) + (trials - successes) * log_ndtr(-x)

    return -(height(x + d) - 2.0 * height(x) + height(x - d)) / d**2, np.full(3, trials, float)


def grouped(link: str) -> tuple[ag.Model, dict[str, Any]]:
    """A coefficient a group, under priors that say nothing."""
    x = np.repeat(np.eye(3), 40, axis=0)
    y = np.concatenate([np.arange(40) < n for n in OF_ALL]).astype(int)
    return regression(LINKS[link], x, 1000.0), {"y": y}


@pytest.mark.parametrize("link", LINKS)
def test_sweeps_follow_from_the_information_that_leaves_take_away(link: str) -> None:
    known, whole = informations(link, np.where(OF_ALL == 20, 20.0001, OF_ALL), 40)
    share = float((1.0 - known / whole).max())
    expected = (1.0 + share) / (1.0 - share)
    assert sweeps_given_leaves(*plans(*grouped(link))) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("link", LINKS)
def test_sweeps_are_as_many_as_draws_given_leaves_need(link: str) -> None:
    model, data = grouped(link)
    sampler = ag.derive(model, data, prefer=["augment"])
    tree = sampler.sample(draws=2000, warmup=100, chains=2, seed=1, progress=False)
    b = tree["posterior"]["b"].values
    centred = b - b.mean(axis=(0, 1))
    alike = (centred[:, 1:] * centred[:, :-1]).mean(axis=(0, 1)) / centred.var(axis=(0, 1))
    needed = ((1.0 + alike) / (1.0 - alike)).max()
    # Posteriors are no normals: those of rare events forget a little more slowly than at a mode.
    assert sweeps_given_leaves(*plans(model, data)) == pytest.approx(needed, rel=0.2)


def test_what_hundreds_of_coefficients_are_held_by_is_estimated_too() -> None:
    k, successes = keys(), np.tile(OF_ALL, 67)
    b = R.normal(k[0], 0.0, 1000.0, size=201)
    model = ag.Model({"b": b, "y": R.binomial(k[1], 40, ag.expit(b))})
    known, whole = informations("logit", np.where(OF_ALL == 20, 20.0001, OF_ALL), 40)
    share = float((1.0 - known / whole).max())
    found = sweeps_given_leaves(*plans(model, {"y": successes}))
    assert found == pytest.approx((1.0 + share) / (1.0 - share), rel=0.02)


def test_many_or_rare_events_are_regressed_on_by_trajectories() -> None:
    x, y = simulated(1000, 8)
    sampler = ag.derive(regression(ag.expit, x, 2.0), {"y": y})
    assert [(s.name, s.kind) for s in sampler.steps] == [("b", "nuts")]
    # What was found is said, and can be had.
    said = sampler.explain()
    assert "given y_auxiliary (polya_gamma_augmentation): " in said
    assert 'prefer=["augment"] takes them' in said
    asked = ag.derive(regression(ag.expit, x, 2.0), {"y": y}, prefer=["augment"])
    assert [(s.name, s.kind) for s in asked.steps] == [("b", "gibbs"), ("y_auxiliary", "gibbs")]


@pytest.mark.slow
def test_draws_given_leaves_are_listed_where_they_are_not_taken() -> None:
    x, y = simulated(60, 2)
    sampler = ag.derive(regression(ag.expit, x, 2.0), {"y": y})
    listed = {tuple(kind for _, kind in a.steps): a for a in sampler.alternatives()}
    assert listed["nuts",].chosen
    assert listed["gibbs", "gibbs"].cost > listed["nuts",].cost
    assert listed["gibbs", "gibbs"].why.endswith("what the auxiliary variables hold")


@pytest.mark.parametrize(("link", "n", "p"), [("logit", 4, 2), ("probit", 120, 3)])
def test_coefficients_that_cheap_leaves_hardly_hold_keep_them(link: str, n: int, p: int) -> None:
    x, y = simulated(n, p)
    sampler = ag.derive(regression(LINKS[link], x, 2.0), {"y": y})
    assert {s.kind for s in sampler.steps} == {"gibbs"}
    assert "by trajectories: " in sampler.explain()


def test_coefficients_that_their_leaves_would_hold_long_move_by_trajectories() -> None:
    x = np.stack([np.ones(200), np.linspace(-1.0, 1.0, 200)], axis=1)
    y = (np.arange(200) % 80 == 70).astype(int)  # two of two hundred
    sampler = ag.derive(regression(ag.special.ndtr, x, 10.0), {"y": y})
    assert {s.kind for s in sampler.steps} == {"nuts"}


def test_hierarchies_whose_leaves_are_dear_move_by_trajectories() -> None:
    k = keys(4)
    precision = R.gamma(k[0], 2.0, rate=1.0)
    a = R.normal(k[1], 0.0, 1.0 / ag.sqrt(precision), size=12)
    data = {"y": np.arange(12) % 10}
    model = ag.Model({"precision": precision, "a": a, "y": R.binomial(k[2], 9, ag.expit(a))})
    assert [s.kind for s in ag.derive(model, data).steps] == ["nuts"]
    asked = ag.derive(model, data, prefer=["augment"], forbid=["collapse"])
    assert asked.step("precision").kind == "gibbs"
    left = ag.derive(model, data, forbid=["nuts", "collapse"])
    assert left.step("precision").kind == "gibbs"


def test_discrete_variables_keep_what_is_drawn_given_leaves() -> None:
    k = keys(4)
    b = R.normal(k[0], 0.0, 2.0, size=2)
    z = R.poisson(k[1], 3.0)
    x = np.array([[1.0, 0.3], [1.0, -0.4], [1.0, 1.1], [1.0, 0.2]])
    p = ag.expit(x @ b + 0.1 * ag.astype(z, "float64"))
    model = ag.Model({"b": b, "z": z, "y": R.binomial(k[2], 30, p)})
    sampler = ag.derive(model, {"y": [12, 20, 7, 15]}, forbid=["window_of_counts"])
    assert {s.name: s.kind for s in sampler.steps}["b"] == "gibbs"


def test_steps_in_turn_that_hold_each_other_give_way_to_trajectories() -> None:
    # Covariates that were measured with error: a slope times them is no one normal vector.
    k = ag.split(ag.input("key", dtype="key"), 4)
    x = R.normal(k[0], np.array([12.0, 27.0, 42.0]), 9.0)
    level, slope = R.normal(k[1], 0.0, 30.0), R.normal(k[2], 0.0, 30.0)
    y = R.binomial(k[3], np.array([48, 34, 21]), ag.expit(level + slope * x))
    model = ag.Model({"x": x, "level": level, "slope": slope, "y": y})
    sampler = ag.derive(model, {"y": np.array([21, 20, 15])})
    assert [s.kind for s in sampler.steps] == ["nuts"]
