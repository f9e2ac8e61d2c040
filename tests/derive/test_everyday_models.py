"""Models that people bring: starts that their data allow, and lengths that a search tries."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.graph.expr import Expr


def test_animals_that_were_seen_are_there_from_the_start() -> None:
    # Capture and recapture: a start drawn without regard to the captures is impossible.
    captures = np.array([0, 1, 0, 2, 3, 1, 0, 2, 1, 0, 1, 0, 2, 0, 1, 0, 1, 2])
    occasions = 3

    @ag.model
    def population(key: Expr) -> dict[str, Expr]:
        k = ag.split(key, 4)
        there = ag.random.uniform(k[0], 0.0, 1.0)
        seen = ag.random.uniform(k[1], 0.0, 1.0)
        member = ag.random.bernoulli(k[2], there, size=captures.shape)
        y = ag.random.binomial(k[3], occasions, member * seen)
        return {"there": there, "seen": seen, "member": member, "y": y}

    sampler = ag.derive(population(), {"y": captures})
    tree = sampler.sample(seed=3, draws=4_000, chains=2, warmup=500, progress=False)
    member = tree.posterior["member"].values
    assert member[..., captures > 0].all()

    grid = (np.arange(400) + 0.5) / 400
    there, seen = grid[:, None], grid[None, :]
    weight = np.ones((400, 400))
    for y in captures:
        weight = weight * (there * st.binom.pmf(y, occasions, seen) + (1 - there) * (y == 0))
    weight /= weight.sum()
    # 1,000 effective draws of spread 0.1 at least: four standard errors are 0.013.
    for name, value in (("there", there), ("seen", seen)):
        drawn = tree.posterior[name].values
        assert drawn.mean() == pytest.approx((weight * value).sum(), abs=0.015)


def test_animals_that_were_seen_are_there_where_they_are_summed_out() -> None:
    captures = np.concatenate([np.array([1, 2, 1, 3, 2, 1, 4, 1, 2, 1, 3, 2]), np.zeros(18, int)])
    k = ag.split(ag.input("key", dtype="key"), 4)
    there, seen = ag.random.uniform(k[0], 0.0, 1.0), ag.random.uniform(k[1], 0.0, 1.0)
    member = ag.random.bernoulli(k[2], there, size=30)
    y = ag.random.binomial(k[3], 5, member * seen)
    model = ag.Model({"there": there, "seen": seen, "member": member, "y": y})
    sampler = ag.derive(model, {"y": captures}, prefer=["collapse"])
    assert [s.kind for s in sampler.steps] == ["collapse"]
    few = {"draws": 20, "chains": 2, "warmup": 20, "backend": "numpy", "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few draws are too few, and it says so
        tree = sampler.sample(seed=3, **few)
    assert tree.posterior["member"].values[..., captures > 0].all()
    assert (tree.posterior["there"].values > 0.2).all()


def test_a_search_that_meets_a_random_number_of_terms_goes_on() -> None:
    # Survival times cut off by the end of a study. An exponential is also a sum of a
    # geometric number of exponentials: a form whose length no derivation can use.
    limit, group = np.full(12, 2.0), np.repeat([0, 1, 2], 4)

    @ag.model
    def survival(key: Expr) -> dict[str, Expr]:
        k = ag.split(key, 3)
        effect = ag.random.normal(k[0], 0.0, 3.0, size=(3,))
        shape = ag.random.exponential(k[1], rate=0.5)
        time = ag.random.weibull(k[2], shape, scale=ag.exp(-effect[group] / shape))
        return {"effect": effect, "shape": shape, "y": ag.minimum(time, limit)}

    y = np.minimum(np.linspace(0.3, 2.9, 12), limit)
    sampler = ag.derive(survival(), {"y": y})
    assert {n for s in sampler.steps for n in s.targets} == {"effect", "shape"}
    effect, shape = np.array([0.2, -0.5, -1.1]), 1.7
    scale = np.exp(-effect[group] / shape)
    likelihood = np.where(
        y < limit,
        st.weibull_min.logpdf(y, shape, 0, scale),
        st.weibull_min.logsf(y, shape, 0, scale),
    )
    prior = st.norm.logpdf(effect, 0, 3).sum() + st.expon.logpdf(shape, scale=2)
    joint = sampler.logdensity({"effect": effect, "shape": shape})
    assert float(joint) == pytest.approx(prior + likelihood.sum(), rel=1e-12)


def test_auxiliaries_are_left_out_where_a_vector_would_move_given_them() -> None:
    # An item response model with slopes: given Polya-Gamma variables the abilities are
    # normal, and eight slopes that have no closed form would creep.
    answers = (np.arange(8 * 20).reshape(8, 20) * 7 % 11 < 5).astype(int)

    def model(slopes: bool) -> ag.Model:
        k = ag.split(ag.input("key", dtype="key"), 4)
        spread = ag.random.half_cauchy(k[0], 2.0)
        ability = ag.random.normal(k[1], 0.0, spread, size=(20,))
        slope = ag.random.lognormal(k[2], 0.0, 0.5, size=(8,))
        logit = slope[:, None] * ability if slopes else ability
        y = ag.random.bernoulli(k[3], ag.expit(logit), size=(8, 20))
        named = {"spread": spread, "ability": ability, "slope": slope, "y": y}
        return ag.Model(named if slopes else {n: x for n, x in named.items() if n != "slope"})

    # Asked for, since abilities with a half-Cauchy scale would move by trajectories anyway.
    alone = ag.derive(model(slopes=False), {"y": answers}, prefer=["augment"])
    assert alone.step("ability").kind == "gibbs"
    assert alone.step("y_auxiliary").kind == "gibbs"
    both = ag.derive(model(slopes=True), {"y": answers}, prefer=["augment"])
    assert not any("auxiliary" in n for s in both.steps for n in s.targets)
    assert both.step("slope").kind == both.step("ability").kind == "nuts"


@pytest.mark.parametrize(("trials", "kind"), [(4, "gibbs"), (6000, "nuts")])
def test_polya_gamma_variables_are_not_for_thousands_of_trials(trials: int, kind: str) -> None:
    # Each costs as much as it has trials; the likelihood costs the same for any number.
    k = ag.split(ag.input("key", dtype="key"), 3)
    spread = ag.random.half_normal(k[0], 1.0)
    logit = ag.random.normal(k[1], 0.0, spread, size=(6,))
    y = ag.random.binomial(k[2], trials, ag.expit(logit))
    model = ag.Model({"spread": spread, "logit": logit, "y": y})
    sampler = ag.derive(model, {"y": np.array([0, 1, 1, 2, 3, 4])})
    assert sampler.step("logit").kind == kind
