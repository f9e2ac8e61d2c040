"""Latent vectors on a simplex, multivariate normals, and laws with moving ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute

R = ag.random
ALPHA = np.array([1.0, 2.5, 3.0])
COV = np.array([[2.0, 0.5], [0.5, 1.0]])
NOISE = np.array([[1.0, -0.3], [-0.3, 0.6]])


def keys(n: int = 5) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def test_dirichlet_and_categorical_add_counts(law_of: Callable[..., float]) -> None:
    k = keys()
    p = R.dirichlet(k[0], ALPHA)
    y = np.array([0, 2, 2, 1, 2])
    sampler = ag.derive(ag.Model({"p": p, "y": R.categorical(k[1], p, size=5)}), {"y": y})
    assert sampler.exact
    at = np.array([0.2, 0.3, 0.5])
    expected = st.dirichlet(ALPHA + np.array([1, 1, 3])).logpdf(at)
    assert law_of(sampler, "p", at) == pytest.approx(expected)
    evidence = st.dirichlet_multinomial(ALPHA, np.array(5)).logpmf([1, 1, 3])
    ways = st.multinomial(5, [1 / 3] * 3).logpmf([1, 1, 3]) - 5 * np.log(1 / 3)
    assert sampler.log_evidence() == pytest.approx(evidence - ways)


def test_dirichlet_and_multinomial_add_counts(law_of: Callable[..., float]) -> None:
    k = keys()
    p = R.dirichlet(k[0], ALPHA)
    y = np.array([4, 2, 3])
    sampler = ag.derive(ag.Model({"p": p, "y": R.multinomial(k[1], 9, p)}), {"y": y})
    at = np.array([0.2, 0.3, 0.5])
    assert law_of(sampler, "p", at) == pytest.approx(st.dirichlet(ALPHA + y).logpdf(at))
    expected = st.dirichlet_multinomial(ALPHA, np.array(9)).logpmf(y)
    assert sampler.log_evidence() == pytest.approx(expected)


def test_a_categorical_mixture_has_gibbs_steps_for_all_its_parts(
    law_of: Callable[..., float],
) -> None:
    k = keys()
    w = R.dirichlet(k[0], ALPHA)
    z = R.categorical(k[1], w, size=4)
    mu = R.normal(k[2], 0.5, 3.0, size=3)
    y = np.array([4.0, -1.0, 0.3, 2.0])
    sampler = ag.derive(
        ag.Model({"w": w, "z": z, "mu": mu, "y": R.normal(k[3], mu[z], 0.7)}), {"y": y}
    )
    assert [s.kind for s in sampler.steps] == ["gibbs"] * 3
    labels, weights, means = np.array([2, 0, 0, 1]), np.array([0.2, 0.3, 0.5]), np.array([0, 2, 3])
    given = {"w": weights, "z": labels, "mu": means.astype(float)}
    expected = st.dirichlet(ALPHA + np.array([2, 1, 1])).logpdf(weights)
    assert law_of(sampler, "w", weights, given) == pytest.approx(expected)
    logs = np.log(weights) + st.norm(means, 0.7).logpdf(y[:, None])
    probabilities = np.exp(logs - logs.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    step = sampler.step("z")

    def one(carry: Expr, key: Expr) -> tuple[Expr, Expr]:
        state = {n: ag.constant(v) for n, v in {**given, "y": y}.items()}
        return carry, step.update(key, state)["z"]

    _, draws = ag.scan(one, ag.constant(0.0), ag.split(ag.key(2), 3000))
    found = np.asarray(ag.function([], draws, backend="numpy")())
    for i in range(4):
        counts = np.bincount(found[:, i], minlength=3)
        seen = probabilities[i] * 3000 > 1
        p = st.chisquare(counts[seen], 3000 * probabilities[i][seen] / probabilities[i][seen].sum()
                         * counts[seen].sum() / 3000).pvalue  # fmt: skip
        assert p > 1e-3


def test_a_multivariate_normal_mean_has_its_closed_form() -> None:
    k = keys()
    m = np.array([1.0, 2.0])
    mu = R.multivariate_normal(k[0], m, COV)
    y = np.array([[4.0, 2.0], [0.0, 1.0], [2.0, 2.5]])
    model = ag.Model({"mu": mu, "y": R.multivariate_normal(k[1], mu, NOISE, size=3)})
    sampler = ag.derive(model, {"y": y})
    assert sampler.exact
    precision = np.linalg.inv(COV) + 3 * np.linalg.inv(NOISE)
    mean = np.linalg.solve(precision, np.linalg.solve(COV, m) + np.linalg.solve(NOISE, y.sum(0)))
    at = np.array([0.7, 1.9])
    expected = st.multivariate_normal(mean, np.linalg.inv(precision)).logpdf(at)
    density = sampler.logdensity(mu=at) - sampler.log_evidence()
    assert density == pytest.approx(expected, rel=1e-9)


def test_a_pareto_end_below_uniform_data_moves_up_to_the_largest(
    law_of: Callable[..., float],
) -> None:
    k = keys()
    z = R.pareto(k[0], 2.5, scale=1.0)
    for y, end in (([0.4, 2.0, 3.0], 3.0), ([0.4, 0.2, 0.3], 1.0)):
        sampler = ag.derive(ag.Model({"z": z, "y": R.uniform(k[1], 0.0, z, size=3)}), {"y": y})
        assert sampler.exact
        expected = st.pareto(5.5, scale=end)
        assert law_of(sampler, "z", 4.2) == pytest.approx(expected.logpdf(4.2))
        density = sampler.logdensity(z=4.2) - sampler.log_evidence()
        assert density == pytest.approx(expected.logpdf(4.2))


def test_a_variance_with_a_count_is_generalised_inverse_gaussian(
    law_of: Callable[..., float],
) -> None:
    k = keys()
    v = R.inverse_gamma(k[0], 2.0, scale=1.5)
    model = ag.Model({"v": v, "y": R.normal(k[1], 0.0, ag.sqrt(v)), "n": R.poisson(k[2], 3.0 * v)})
    sampler = ag.derive(model, {"y": 1.2, "n": 4})
    assert sampler.exact
    # v^(4 - 1/2 - 3) exp(-3 v - (1.5 + 1.2^2 / 2) / v)
    a, c = 3.0, 1.5 + 0.72
    expected = st.geninvgauss(4 - 0.5 - 2, 2 * np.sqrt(a * c), scale=np.sqrt(c / a))
    for at in (0.3, 1.1):
        assert law_of(sampler, "v", at) == pytest.approx(expected.logpdf(at), rel=1e-8)


def scales_of_plates(extra: Callable[[Expr], Expr] | None = None) -> ag.Sampler:
    """Effects of three kinds, with scales between bounds that stand in one vector."""
    k = keys(6)
    s = R.uniform(k[0], 0.0, 20.0, size=3)
    a, b, c = (R.normal(k[1 + i], 0.0, s[i], size=4 + 2 * i) for i in range(3))
    at = np.arange(24)
    y = R.normal(k[4], a[at % 4] + b[at % 6] + c[at % 8], 1.0)
    named = {"s": s, "a": a, "b": b, "c": c, "y": y}
    if extra is not None:
        named["weight"] = ag.factor(extra(s))
    return ag.derive(ag.Model(named), {"y": np.sin(at)}, forbid=["collapse"])


def test_scales_of_several_plates_in_one_vector_have_a_closed_form() -> None:
    sampler = scales_of_plates()
    step = sampler.step("s")
    assert step.kind == "gibbs"
    effects = {"a": np.full(4, 0.3), "b": np.full(6, 9.0), "c": np.full(8, 1.9)}
    key = ag.input("key", dtype="key")
    given = {x: ag.constant(effects[n]) for n, x in step.program.inputs.items()}
    (drawn,) = substitute([step.program.outputs["s"]], given)
    draws = ag.function([key], drawn)
    keys_of = ag.evaluate(ag.split(ag.key(3), 600))
    s = np.array([draws(keys_of[i]) for i in range(600)])
    for i, x in enumerate(effects.values()):
        # 1 / s^2 is gamma, above 1 / 20^2.
        law = st.gamma((len(x) - 1) / 2, scale=2 / (x**2).sum())
        low = law.cdf(1 / 400)
        assert st.kstest((law.cdf(s[:, i] ** -2.0) - low) / (1 - low), "uniform").pvalue > 1e-3


def test_a_weight_of_unknown_sign_leaves_no_closed_form_for_scales() -> None:
    sampler = scales_of_plates(lambda s: 5.0 * ag.sum(s**-2.0))
    assert sampler.step("s").kind != "gibbs"
