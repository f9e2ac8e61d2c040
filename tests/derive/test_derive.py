"""Deriving: the pumps model, general moves, what must not happen, and bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.expr import Expr

R = ag.random
HOURS = np.array([94.3, 15.7, 62.9, 126, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5])
FAILURES = np.array([5, 1, 5, 14, 3, 19, 1, 1, 4, 22])


def keys(n: int = 5) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


@ag.model
def pumps(key: Expr, hours: Any) -> dict[str, Expr]:
    k = ag.split(key, 4)
    alpha = R.exponential(k[0], rate=1.0)
    beta = R.gamma(k[1], 0.1, rate=1.0)
    theta = R.gamma(k[2], alpha, rate=beta, size=hours.shape)
    failures = R.poisson(k[3], theta * hours)
    return {"alpha": alpha, "beta": beta, "theta": theta, "failures": failures}


def kinds(sampler: Sampler) -> dict[str, str]:
    return {s.name: s.kind for s in sampler.steps}


# -- pumps ---------------------------------------------------------------------------------


def test_pumps_has_two_gibbs_steps_and_one_of_its_own() -> None:
    sampler = ag.derive(pumps(HOURS), {"failures": FAILURES})
    assert kinds(sampler) == {"alpha": "slice", "beta": "gibbs", "theta": "gibbs"}
    assert [r.name for r in sampler.step("theta").relations] == ["gamma_poisson"]
    assert [r.name for r in sampler.step("beta").relations] == ["gamma_gamma_rate"]


def test_pumps_conditionals_are_the_textbook_ones(law_of: Callable[..., float]) -> None:
    sampler = ag.derive(pumps(HOURS), {"failures": FAILURES})
    theta = np.linspace(0.05, 2.0, 10)
    given = {"alpha": 0.7, "beta": 0.9, "theta": theta}
    expected = st.gamma(0.7 + FAILURES, scale=1 / (0.9 + HOURS)).logpdf(theta).sum()
    assert law_of(sampler, "theta", theta, given) == pytest.approx(expected)
    expected = st.gamma(0.1 + 10 * 0.7, scale=1 / (1.0 + theta.sum())).logpdf(1.4)
    assert law_of(sampler, "beta", 1.4, given) == pytest.approx(expected)


def test_the_printed_sampler_shows_laws_relations_and_sources() -> None:
    text = str(ag.derive(pumps(HOURS), {"failures": FAILURES}))
    assert "theta | ... ~ Gamma(alpha + failures, rate = beta + hours)" in text
    assert "beta | ... ~ Gamma(10.0 * alpha + 0.1, rate = sum(theta) + 1.0)" in text
    assert "gamma_poisson (Gelman et al., BDA3, section 2.6)" in text


# -- general moves -------------------------------------------------------------------------


def three_laws() -> ag.Model:
    """Independent variables of known laws, beside an observation that says nothing of them."""
    k = keys()
    a = R.normal(k[0], 1.0, 2.0)
    b = R.gamma(k[1], 2.5, rate=3.0)
    c = R.beta(k[2], 2.0, 0.7)
    u = R.uniform(k[3], -1.0, 3.0)
    return ag.Model({"a": a, "b": b, "c": c, "u": u, "y": R.normal(k[4], 0.0 * a, 1.0)})


LAWS = {
    "a": st.norm(1, 2),
    "b": st.gamma(2.5, scale=1 / 3),
    "c": st.beta(2, 0.7),
    "u": st.uniform(-1, 4),
}


@pytest.mark.parametrize(
    ("forbid", "kind"), [(("gibbs", "nuts"), "slice"), (("gibbs", "slice"), "nuts")]
)
def test_general_moves_leave_known_laws_as_they_are(forbid: tuple[str, ...], kind: str) -> None:
    sampler = ag.derive(three_laws(), {"y": 0.0}, forbid=forbid)
    assert set(kinds(sampler).values()) == {kind}
    data = {"y": ag.constant(0.0)}

    def one(state: Any, i: Any) -> Any:
        new, _ = sampler.sweep(ag.fold_in(ag.key(5), i), state, data, tuning=i < 500)
        return new, [new[n] for n in LAWS]

    _, ys = ag.scan(one, sampler.initial(ag.key(1), data), ag.arange(12_500))
    for law, draws in zip(LAWS.values(), ag.function([], list(ys), backend="numba")(), strict=True):
        assert st.kstest(np.asarray(draws)[500::12], law.cdf).pvalue > 1e-4


# -- what must not happen ------------------------------------------------------------------


def test_a_scale_below_uniform_data_is_not_updated_as_if_it_had_no_bound() -> None:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=1.0)
    model = ag.Model({"z": z, "y": R.uniform(k[1], 0.0, z, size=2)})
    sampler = ag.derive(model, {"y": [0.4, 1.2]})
    assert kinds(sampler) == {"z": "slice"}
    assert sampler.logdensity(z=1.1) == -np.inf


def test_a_truncated_prior_keeps_its_truncation(law_of: Callable[..., float]) -> None:
    k = keys()
    z = R.half_normal(k[0], 2.0)
    y = np.array([-0.4, 0.6, 1.0])
    sampler = ag.derive(ag.Model({"z": z, "y": R.normal(k[1], z, 1.5, size=3)}), {"y": y})
    precision = 1 / 4 + 3 / 2.25
    mean, sd = y.sum() / 2.25 / precision, precision**-0.5
    expected = st.truncnorm(-mean / sd, np.inf, mean, sd)
    assert sampler.exact
    assert law_of(sampler, "z", 0.9) == pytest.approx(expected.logpdf(0.9))
    bounded = R.uniform(k[0], -0.5, 0.8)
    sampler = ag.derive(
        ag.Model({"z": bounded, "y": R.normal(k[1], bounded, 1.5, size=3)}), {"y": y}
    )
    mean, sd = y.mean(), 1.5 / np.sqrt(3)
    expected = st.truncnorm((-0.5 - mean) / sd, (0.8 - mean) / sd, mean, sd)
    assert law_of(sampler, "z", 0.2) == pytest.approx(expected.logpdf(0.2))


def test_a_constant_that_depends_on_another_latent_is_kept(law_of: Callable[..., float]) -> None:
    """The normalising constant of theta's prior decides what beta is given theta."""
    k = keys()
    beta = R.gamma(k[0], 2.0, rate=1.0)
    theta = R.gamma(k[1], 3.0, rate=beta, size=4)
    sampler = ag.derive(
        ag.Model({"beta": beta, "theta": theta, "y": R.poisson(k[2], theta)}), {"y": [1, 0, 3, 2]}
    )
    at = np.array([0.4, 1.2, 0.7, 0.9])
    expected = st.gamma(2 + 4 * 3, scale=1 / (1 + at.sum())).logpdf(2.2)
    assert law_of(sampler, "beta", 2.2, {"theta": at}) == pytest.approx(expected)


def test_data_under_one_latent_count_each() -> None:
    k = keys()
    rate = R.gamma(k[0], 2.0, rate=4.0)
    sampler = ag.derive(ag.Model({"r": rate, "y": R.poisson(k[1], rate, size=3)}), {"y": [1, 2, 0]})
    once = R.gamma(k[0], 2.0, rate=4.0, size=3)
    each = ag.derive(ag.Model({"r": once, "y": R.poisson(k[1], once)}), {"y": [1, 2, 0]})
    assert "Gamma(sum(y) + 2.0, rate = 7.0)" in str(sampler)
    assert "Gamma(y + 2.0, rate = 5.0)" in str(each)


def test_a_student_prior_is_not_taken_for_a_normal_one() -> None:
    k = keys()
    z = R.student_t(k[0], 4.0, 0.0, 1.0)
    sampler = ag.derive(ag.Model({"z": z, "y": R.normal(k[1], z, 1.0)}), {"y": 0.7})
    assert kinds(sampler) == {"z": "slice"}
    assert "not linear" in sampler.explain()


# -- bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observed", "error", "message"),
    [
        ({"x": 1}, ag.ModelError, "no variable 'x' to observe"),
        ({"failures": FAILURES[:3]}, ag.ShapeError, "'failures' have shape"),
        ({"failures": FAILURES + 0.5}, ag.DomainError, "'failures' hold 5.5"),
        ({"failures": -FAILURES}, ag.DomainError, "'failures' hold -5"),
        ({"failures": ["a"] * 10}, ag.ModelError, "'failures' are no numbers"),
        ({"theta": np.full(10, np.inf)}, ag.DomainError, "'theta' hold inf"),
        ([1, 2], ag.ModelError, "mapping"),
    ],
)
def test_data_that_do_not_fit_are_refused_where_they_are_given(
    observed: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ag.derive(pumps(HOURS), observed)


def test_a_forbidden_kind_is_not_used() -> None:
    sampler = ag.derive(pumps(HOURS), {"failures": FAILURES}, forbid=["gibbs"])
    assert kinds(sampler) == {"alpha+beta+theta": "nuts"}
    with pytest.raises(ag.ModelError, match="string"):
        ag.derive(pumps(HOURS), {"failures": FAILURES}, forbid="gibbs")
    with pytest.raises(ag.ModelError, match="'gibs'"):
        ag.derive(pumps(HOURS), {"failures": FAILURES}, forbid=["gibs"])


def test_a_forbidden_relation_is_not_used() -> None:
    sampler = ag.derive(pumps(HOURS), {"failures": FAILURES}, forbid=["gamma_poisson"])
    assert kinds(sampler) == {"alpha+beta+theta": "nuts"}
    assert "gamma_poisson is forbidden" in sampler.explain()


def test_nothing_latent_is_nothing_to_sample() -> None:
    with pytest.raises(ag.ModelError, match="nothing is left"):
        ag.derive(ag.Model({"y": R.normal(keys()[0], 0.0, 1.0)}), {"y": 1.0})


def test_a_wrong_conditional_is_caught_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checker can fail: a family whose parameters are off by one is rejected by name."""
    from dataclasses import replace

    from astragal.derive import DerivationError, families

    wrong = tuple(
        replace(f, parameters=lambda a, b: (a + 2.0, -b)) if f.name == "gamma" else f
        for f in families.FAMILIES
    )
    monkeypatch.setattr(families, "FAMILIES", wrong)
    with pytest.raises(DerivationError, match="step for beta was derived as gamma"):
        ag.derive(pumps(HOURS), {"failures": FAILURES})


# -- explanation ---------------------------------------------------------------------------


def test_the_explanation_goes_from_premises_by_relations_to_conclusions() -> None:
    text = ag.derive(pumps(HOURS), {"failures": FAILURES}).explain()
    order = [
        "theta ~ Gamma(alpha, rate = beta)",
        "failures ~ Poisson(theta * hours)",
        "by gamma_poisson (Gelman et al., BDA3, section 2.6), α = alpha, β = beta",
        "so theta | ... ~ Gamma(alpha + failures, rate = beta + hours)",
        "alpha: gibbs: its log density is not linear in statistics of it",
    ]
    places = [text.rindex(line) for line in order]
    assert places == sorted(places)


def test_the_options_of_a_variable_begin_with_the_step_that_was_chosen() -> None:
    found = ag.derive(pumps(HOURS), {"failures": FAILURES}).options
    assert found["alpha"] == ("slice", "nuts")
    assert found["theta"] == ("gibbs", "slice", "nuts")


def test_a_derivation_is_shown_in_latex_and_html() -> None:
    sampler = ag.derive(pumps(HOURS), {"failures": FAILURES})
    assert r"\mathrm{Gamma}" in sampler.latex()
    assert "gamma_poisson" in sampler._repr_html_()


def test_the_same_model_gives_the_same_sampler() -> None:
    first, second = (ag.derive(pumps(HOURS), {"failures": FAILURES}) for _ in range(2))
    for a, b in zip(first.steps, second.steps, strict=True):
        assert a.program.outputs == b.program.outputs
        assert a.conditional.law is b.conditional.law


# -- a step of one's own -------------------------------------------------------------------


def test_a_step_can_be_replaced_by_one_of_the_users() -> None:
    """An independence sampler of theta: its own law again, written by hand."""
    from dataclasses import replace

    from astragal.derive.steps import Program

    sampler = ag.derive(pumps(HOURS), {"failures": FAILURES})
    old = sampler.step("theta")
    program = old.program
    alpha, beta, y = (program.inputs[n] for n in ("alpha", "beta", "failures"))
    draw = R.gamma(program.key, alpha + y, rate=beta + HOURS)
    own = replace(old, kind="mine", program=Program(program.key, program.inputs, program.tuning,
                                                    {"theta": draw}))  # fmt: skip
    new = sampler.replaced(own)
    assert kinds(new) == {"alpha": "slice", "beta": "gibbs", "theta": "mine"}
    with pytest.raises(ag.ModelError, match="no step draws gamma alone"):
        sampler.replaced(replace(own, targets=("gamma",)))
    with pytest.raises(ag.ModelError, match="gives no 'theta'"):
        sampler.replaced(replace(own, program=replace(program, outputs={})))
