"""Auxiliary variables: found by search, and the posterior is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom, norm

import astragal as ag
from astragal.derive import augment
from astragal.derive.moves import alone
from astragal.derive.plan import Plan
from astragal.graph.expr import Expr
from astragal.sample.calibrate import start_at_truth

R = ag.random
rng = np.random.default_rng(7)
X = rng.normal(size=(40, 2))
ETA = X @ [1.0, -2.0]


def keys(n: int = 3) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def weights(k: Expr) -> Expr:
    return R.normal(k[0], 0.5, 2.0, size=2)


def bernoulli(k: Expr, b: Expr) -> Expr:
    return R.bernoulli(k[1], ag.expit(X @ b))


def reversed_bernoulli(k: Expr, b: Expr) -> Expr:
    return R.bernoulli(k[1], 1 - ag.expit(X @ b))


def binomial(k: Expr, b: Expr) -> Expr:
    return R.binomial(k[1], 1 + np.arange(40) % 5, 1 / (1 + ag.exp(-(X @ b))))


def negative_binomial(k: Expr, b: Expr) -> Expr:
    return R.negative_binomial(k[1], 3.5, ag.expit(X @ b))


def probit(k: Expr, b: Expr) -> Expr:
    return R.bernoulli(k[1], ag.special.ndtr(X @ b))


def probit_of_trials(k: Expr, b: Expr) -> Expr:
    return R.binomial(k[1], 4, ag.special.ndtr(X @ b))


def probit_of_other_trials(k: Expr, b: Expr) -> Expr:
    return R.binomial(k[1], np.arange(40) % 5, 1 - ag.special.ndtr(X @ b))


DATA: dict[Callable[[Expr, Expr], Expr], Any] = {
    bernoulli: (ETA > 0).astype(int),
    reversed_bernoulli: (ETA < 0.3).astype(int),
    binomial: np.minimum(1 + np.arange(40) % 5, 2),
    negative_binomial: np.arange(40) % 7,
    probit: (ETA > -0.2).astype(int),
    probit_of_trials: np.arange(40) % 5,
    probit_of_other_trials: np.minimum(np.arange(40) % 5, 2),
}


@pytest.mark.parametrize("likelihood", DATA, ids=lambda f: f.__name__)
def test_coefficients_of_a_regression_get_one_normal_block(
    likelihood: Callable[[Expr, Expr], Expr],
) -> None:
    k = keys()
    b = weights(k)
    model = ag.Model({"b": b, "y": likelihood(k, b)})
    sampler = ag.derive(model, {"y": DATA[likelihood]}, prefer=["augment"])
    assert [s.kind for s in sampler.steps] == ["gibbs", "gibbs"]
    assert "MultivariateNormal" in sampler.steps[0].conditional.text
    assert len(sampler.auxiliary) == 1
    # What people ask the density of is their own model.
    at = {"b": [0.3, -0.7]}
    own = ag.evaluate(ag.logdensity(model, {**at, "y": DATA[likelihood]}))
    assert sampler.logdensity(at) == pytest.approx(float(own))


@pytest.mark.slow
@pytest.mark.parametrize(
    "likelihood", [binomial, probit, probit_of_other_trials], ids=lambda f: f.__name__
)
def test_steps_with_auxiliary_variables_keep_the_joint_law(
    likelihood: Callable[[Expr, Expr], Expr],
) -> None:
    k = keys()
    b = weights(k)
    model = ag.Model({"b": b, "y": likelihood(k, b)})
    sampler = ag.derive(model, {"y": DATA[likelihood]}, prefer=["augment"])
    start_at_truth(sampler, simulations=3000, seed=11).check()


def test_forbidding_augmentation_leaves_the_general_sampler() -> None:
    k = keys()
    b = weights(k)
    model = ag.Model({"b": b, "y": bernoulli(k, b)})
    for name in ("augment", "polya_gamma_augmentation"):
        sampler = ag.derive(model, {"y": DATA[bernoulli]}, forbid=(name,))
        assert [s.kind for s in sampler.steps] == ["nuts"], name


CURES = [0, 0, 2, 0, 5, 0, 3]
TRIALS = [6, 3, 9, 7, 11, 5, 8]


def test_numbers_that_discrete_ones_alone_hold_move_by_themselves() -> None:
    """A share of cured patients, and a rate of the others: given who is cured they are apart."""
    k = keys(4)
    share, rate = R.normal(k[0], 0.5, 1.5), R.normal(k[1], -1.0, 2.0)
    cured = R.bernoulli(k[2], ag.expit(share), size=7)
    y = R.binomial(k[3], TRIALS, ag.where(ag.equal(cured, 1), 0.0, ag.expit(rate)))
    sampler = ag.derive(
        ag.Model({"share": share, "rate": rate, "cured": cured, "y": y}), {"y": CURES}
    )
    assert [(s.name, s.kind) for s in sampler.steps] == [
        ("share", "slice"), ("rate", "slice"), ("cured", "gibbs"),
    ]  # fmt: skip
    draws = sampler.sample(seed=3, draws=8000, warmup=500, progress=False)["posterior"]

    a, b = np.meshgrid(np.linspace(-7, 8, 300), np.linspace(-9, 7, 300), indexing="ij")
    p, q = expit(a), expit(b)
    logp = norm.logpdf(a, 0.5, 1.5) + norm.logpdf(b, -1.0, 2.0)
    for count, n in zip(CURES, TRIALS, strict=True):
        logp += np.log(p * (count == 0) + (1.0 - p) * binom.pmf(count, n, q))
    weight = np.exp(logp - logp.max())
    for name, grid in {"share": a, "rate": b}.items():
        mean = np.sum(weight * grid) / np.sum(weight)
        deviation = np.sqrt(np.sum(weight * (grid - mean) ** 2) / np.sum(weight))
        # 32,000 draws of which at least 8,000 are effective: 0.011 deviations each.
        assert draws[name].values.mean() == pytest.approx(mean, abs=0.045 * deviation)
        assert draws[name].values.std() == pytest.approx(deviation, rel=0.045)


def test_numbers_that_effects_hold_are_not_apart() -> None:
    k = keys(4)
    share, rate = R.normal(k[0], 0.5, 1.5), R.normal(k[1], -1.0, 2.0)
    effects = R.normal(k[2], share + rate, 1.0, size=7)
    plan = Plan(
        ag.Model({"a": share, "b": rate, "z": effects, "y": R.poisson(k[3], ag.exp(effects))}),
        {"y": np.array(CURES)},
        (),
    )
    assert alone(plan.reads, plan.latent) == frozenset()


def test_what_is_no_logit_gets_no_auxiliary_variable() -> None:
    k = keys()
    b = weights(k)
    model = ag.Model({"b": b, "y": R.bernoulli(k[1], ag.exp(-ag.square(X @ b)))})
    assert ag.derive(model, {"y": DATA[bernoulli]}).auxiliary == ()


@pytest.mark.parametrize(
    ("p", "x"),
    [
        (ag.expit, 1.0),
        (lambda x: 1 - ag.expit(x), -1.0),
        (lambda x: 1 / (1 + ag.exp(x)), -1.0),
        (lambda x: 1 / (1 + ag.exp(-x)), 1.0),
        (lambda x: ag.exp(x) / (1 + ag.exp(x)), 1.0),
    ],
)
def test_logits_are_seen_however_they_are_written(p: Callable[[Expr], Expr], x: float) -> None:
    at = ag.input("x")
    found = augment.logit_of(p(at))
    assert found is not None
    assert float(ag.function([at], found, backend="numpy")(0.7)) == pytest.approx(0.7 * x)


def test_the_odds_of_a_mean_are_a_logit() -> None:
    at = ag.input("x")
    found = augment.logit_of(3.5 / (3.5 + ag.exp(at)))
    assert found is not None
    assert float(ag.function([at], found, backend="numpy")(0.7)) == pytest.approx(np.log(3.5) - 0.7)


def test_more_trials_than_utilities_are_worth_get_none() -> None:
    k = keys()
    b = weights(k)
    many = augment.MOST_UTILITIES + 1
    model = ag.Model({"b": b, "y": R.binomial(k[1], many, ag.special.ndtr(X @ b))})
    assert ag.derive(model, {"y": np.arange(40)}).auxiliary == ()


def test_a_binomial_of_no_trials_gets_no_auxiliary_variable() -> None:
    k = keys()
    b = weights(k)
    model = ag.Model({"b": b, "y": R.binomial(k[1], np.arange(40) % 3, ag.expit(X @ b))})
    sampler = ag.derive(model, {"y": np.arange(40) % 3 // 2})
    assert sampler.auxiliary == ()


def horseshoe() -> ag.Model:
    k = keys(5)
    tau = R.half_cauchy(k[0], 0.5)
    lam = R.half_cauchy(k[1], 1.0, size=2)
    b = R.normal(k[2], 0.0, tau * lam)
    v = R.inverse_gamma(k[3], 3.0, scale=2.0)
    y = R.normal(k[4], X[:10] @ b, ag.sqrt(v))
    return ag.Model({"tau": tau, "lam": lam, "b": b, "v": v, "y": y})


def test_half_cauchy_scales_are_drawn_from_laws_of_the_book() -> None:
    sampler = ag.derive(horseshoe(), {"y": ETA[:10]})
    assert {s.kind for s in sampler.steps} == {"gibbs", "interweave"}
    assert [u.source for u in sampler.auxiliary] != []
    assert set(sampler.deterministic_names) >= {"tau", "lam"}


@pytest.mark.slow
def test_steps_of_half_cauchy_scales_keep_the_joint_law() -> None:
    k = keys()
    lam = R.half_cauchy(k[0], 0.5, size=2)
    b = R.normal(k[1], 0.3, 1.4 * lam)
    model = ag.Model({"lam": lam, "b": b, "y": R.normal(k[2], X[:10] @ b, 0.8)})
    sampler = ag.derive(model, {"y": ETA[:10]}, forbid=["collapse"])
    assert [u.name for u in sampler.auxiliary] == ["half_cauchy_by_inverse_gammas"]
    start_at_truth(sampler, simulations=2000, seed=3).check()


def test_without_relations_of_the_book_the_scales_move_by_gradients() -> None:
    sampler = ag.derive(horseshoe(), {"y": ETA[:10]}, forbid=["augment"])
    assert "gibbs" not in {s.kind for s in sampler.steps if "tau" in s.targets}


def test_scales_that_move_by_gradients_anyway_get_no_auxiliary_variables() -> None:
    # The scale of the errors alone would get a law of the book, and auxiliaries hold the others.
    k = keys(4)
    a, b, sigma = (R.half_cauchy(k[i], 1.0) for i in range(3))
    y = R.normal(k[3], ag.log(a * np.linspace(0.5, 2.0, 10) + b), sigma)
    model = ag.Model({"a": a, "b": b, "sigma": sigma, "y": y})
    sampler = ag.derive(model, {"y": ETA[:10]})
    assert [s.kind for s in sampler.steps] == ["nuts"]
    assert not sampler.auxiliary


@pytest.mark.parametrize(
    ("errors", "name"),
    [
        (lambda k, m: R.laplace(k, m, 0.7), "laplace_exponential_mixture"),
        (lambda k, m: R.asymmetric_laplace(k, m, 0.7, 0.6), "asymmetric_laplace_mixture"),
        (lambda k, m: R.student_t(k, 4.0, m, 0.7), "student_t_mixture"),
        (lambda k, m: R.cauchy(k, m, 0.7), "cauchy_levy_mixture"),
    ],
)
def test_errors_with_heavy_tails_are_normals_of_random_variance(
    errors: Callable[[Expr, Expr], Expr], name: str
) -> None:
    k = keys()
    b = weights(k)
    sampler = ag.derive(ag.Model({"b": b, "y": errors(k[1], ag.matmul(X, b))}), {"y": ETA})
    assert [s.kind for s in sampler.steps] == ["gibbs", "gibbs"]
    assert [u.name for u in sampler.auxiliary] == [name]


def test_a_model_whose_latents_all_have_laws_has_nothing_to_collapse() -> None:
    k = keys()
    z = R.normal(k[0], 0.5, 2.0)
    model = ag.Model({"z": z, "y": R.normal(k[1], z, 1.5, size=3)})
    sampler = ag.derive(model, {"y": [1.0, 2.0, 4.0]}, forbid=("exact",), prefer=("collapse",))
    assert [s.kind for s in sampler.steps] == ["gibbs"]


@pytest.mark.parametrize("law", ["laplace", "student_t", "logistic"])
def test_a_variable_and_one_that_reads_it_are_expanded_together(law: str) -> None:
    k = ag.split(ag.input("key", dtype="key"), 3)
    draw = getattr(ag.random, law)
    shape = (4.0,) if law == "student_t" else ()
    mean = draw(k[0], *shape, 0.0, 1.0)
    groups = ag.random.normal(k[1], mean, 1.5, size=3)
    y = draw(k[2], *shape, groups, 0.7)
    model = ag.Model({"mean": mean, "groups": groups, "y": y})
    sampler = ag.derive(model, {"y": [0.3, -1.0, 2.0]})
    # The model's variables and auxiliary ones: nothing is there twice, as it was and as it is.
    ours = [n for n in sampler.latent_names if n not in ("mean", "groups")]
    assert len(ours) <= 2
    assert not any(n.startswith((law, "normal")) for n in ours)
    start_at_truth(sampler, simulations=1000, seed=4).check()


def _hierarchy(scale: Callable[[Expr, int], Expr], size: int = 12) -> tuple[ag.Model, Any]:
    k = keys(4)
    spread = scale(k[0], size)
    a = R.normal(k[1], 0.0, spread, size=size)
    y = R.binomial(k[2], 9, ag.expit(a))
    model = ag.Model({"spread": spread, "a": a, "y": y})
    return model, {"y": np.arange(size) % 10}


def _exponential(k: Expr, size: int) -> Expr:
    return R.exponential(k, rate=1.0)


def _half_cauchy(k: Expr, size: int) -> Expr:
    return R.half_cauchy(k, 1.0, size=size)


@pytest.mark.parametrize("scale", [_exponential, _half_cauchy])
def test_scales_that_would_need_more_than_a_leaf_move_by_trajectories(
    scale: Callable[[Expr, int], Expr],
) -> None:
    model, data = _hierarchy(scale)
    plain = ag.derive(model, data)
    assert [s.kind for s in plain.steps] == ["nuts"]
    assert plain.auxiliary == ()
    asked = ag.derive(model, data, prefer=["augment"])
    assert "polya_gamma_augmentation" in [r.name for r in asked.auxiliary]
    # Without trajectories there is no other way.
    left = ag.derive(model, data, forbid=["nuts"])
    assert [r.name for r in left.auxiliary] == [r.name for r in asked.auxiliary]


def test_long_vectors_keep_their_leaves() -> None:
    long, data = _hierarchy(_exponential, 200)
    assert len(ag.derive(long, data).auxiliary) >= 1


def bioassay() -> ag.Model:
    """Dose and response of twenty animals, with flat priors (Gelman et al. 2013, section 3.7)."""
    k = keys()
    a, b = R.improper_uniform(k[0]), R.improper_uniform(k[1])
    dose = np.array([-0.86, -0.3, -0.05, 0.73])
    return ag.Model({"a": a, "b": b, "y": R.binomial(k[2], 5, ag.expit(a + b * dose))})


def test_coefficients_that_their_leaves_would_hold_move_by_trajectories() -> None:
    deaths = {"y": [0, 1, 3, 5]}
    sampler = ag.derive(bioassay(), deaths)
    assert [(s.name, s.kind) for s in sampler.steps] == [("a+b", "nuts")]
    # Of 4,000 sweeps of the leaves 140 to 210 were effective.
    assert "given y_auxiliary (polya_gamma_augmentation): " in sampler.explain()
    asked = ag.derive(bioassay(), deaths, prefer=["augment"])
    assert {s.kind for s in asked.steps} == {"gibbs"}
