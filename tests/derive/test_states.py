"""Finite discrete latents: drawn in turn, or summed out, by what the data leave open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats as st
from scipy import special

import astragal as ag
from astragal.derive.exact import integrate_out
from astragal.derive.missing import sweeps
from astragal.derive.plan import Plan
from astragal.derive.ties import tied
from astragal.sample.calibrate import start_at_truth

R = ag.random
NOISE = np.linspace(-1.5, 1.5, 30)


def keys(n: int) -> Any:
    return ag.split(ag.input("key", dtype="key"), n)


def kinds(model: ag.Model, data: dict[str, Any], **options: Any) -> dict[str, str]:
    return {s.name: s.kind for s in ag.derive(model, data, **options).steps}


def mixture(gap: float) -> tuple[ag.Model, dict[str, Any]]:
    k = keys(4)
    share = R.beta(k[0], 2.0, 2.0)
    mu = R.normal(k[1], np.array([0.0, gap]), 2.0)
    z = R.bernoulli(k[2], share, size=60)
    model = ag.Model({"share": share, "mu": mu, "z": z, "y": R.normal(k[3], mu[z], 1.0)})
    return model, {"y": np.concatenate([NOISE, NOISE + gap])}


def test_states_are_drawn_in_turn_where_the_data_tell_them_apart() -> None:
    assert kinds(*mixture(12.0)) == {"share": "gibbs", "mu": "gibbs", "z": "gibbs"}


def test_states_are_summed_out_where_the_data_hardly_tell_them() -> None:
    assert kinds(*mixture(1.0)) == {"share+mu+z": "collapse"}
    assert kinds(*mixture(1.0), forbid=["collapse"])["z"] == "gibbs"


@pytest.mark.parametrize("sd", [0.5, 2.0])
def test_sweeps_are_those_of_a_chain_that_is_known(sd: float) -> None:
    k = keys(3)
    mu = R.normal(k[0], 0.0, 1000.0)
    z = R.normal(k[1], mu, 1.0, size=40)
    model = ag.Model({"mu": mu, "z": z, "y": R.normal(k[2], z, sd)})
    plan = Plan(model, {"y": np.linspace(-2.0, 3.0, 40)})
    links, joint, left = integrate_out(plan.reads, ["z"], lambda link: True, False)
    assert left == []
    found = sweeps(plan.reads, plan.reads.after(joint), links, ["mu"], plan.points)
    # The share of the information on mu that z holds back is sd^2 / (1 + sd^2).
    assert found == pytest.approx(1.0 + 2.0 * sd**2, rel=1e-3)


def test_what_latents_hold_of_each_other_counts_too() -> None:
    # Two of them between the mean and the data: what is known of the upper one is a draw.
    k = keys(4)
    mu = R.normal(k[0], 0.0, 1000.0)
    upper = R.normal(k[1], mu, 1.0, size=40)
    lower = R.normal(k[2], upper, 2.0)
    model = ag.Model({"mu": mu, "upper": upper, "lower": lower, "y": R.normal(k[3], lower, 1.5)})
    plan = Plan(model, {"y": np.linspace(-2.0, 3.0, 40)})
    links, joint, _ = integrate_out(plan.reads, ["lower", "upper"], lambda link: True, False)
    assert len(links) == 2
    found = sweeps(plan.reads, plan.reads.after(joint), links, ["mu"], plan.points)
    # Only the upper ones read mu; the data have a share 1 / 7.25 of what these would tell.
    assert found == pytest.approx(1.0 + 2.0 * (4.0 + 2.25), rel=1e-3)


def regressions() -> tuple[ag.Model, dict[str, Any]]:
    k = keys(4)
    x = np.linspace(-1.0, 1.0, 8)
    b = R.normal(k[0], 0.0, 2.0, size=(2, 2))
    z = R.bernoulli(k[1], 0.4, size=8)
    model = ag.Model({"b": b, "z": z, "y": R.normal(k[2], b[z, 0] + b[z, 1] * x, 0.7)})
    return model, {"y": np.sin(3.0 * x)}


def raters() -> tuple[ag.Model, dict[str, Any]]:
    k = keys(4)
    p = R.dirichlet(k[0], np.ones(3))
    table = R.dirichlet(k[1], np.ones((4, 3, 3)) + 3.0 * np.eye(3))
    z = R.categorical(k[2], p, size=6)
    y = R.categorical(k[3], table[np.arange(4)[None, :], z[:, None]])
    return ag.Model({"p": p, "table": table, "z": z, "y": y}), {
        "y": np.arange(24).reshape(6, 4) % 3
    }


def half_seen() -> tuple[ag.Model, dict[str, Any]]:
    k = keys(5)
    q, phi = R.beta(k[0], 2.0, 3.0), R.beta(k[1], np.array([2.0, 4.0]), 3.0)
    seen, hidden = R.bernoulli(k[2], q, size=4), R.bernoulli(k[3], q, size=5)
    w = R.bernoulli(k[4], phi[ag.concatenate([seen, hidden])])
    data = {"seen": [0, 1, 1, 0], "w": [0, 1, 1, 1, 0, 0, 1, 0, 1]}
    return ag.Model({"q": q, "phi": phi, "seen": seen, "hidden": hidden, "w": w}), data


@pytest.mark.parametrize(
    ("model", "name"), [(regressions, "z"), (raters, "z"), (half_seen, "hidden")]
)
def test_states_are_found_through_indices_of_all_kinds(model: Any, name: str) -> None:
    # Each law is compared with the joint density when it is found.
    assert kinds(*model(), forbid=["collapse"])[name] == "gibbs"
    (kind,) = kinds(*model(), prefer=["collapse"]).values()
    assert kind == "collapse"


def test_the_law_of_states_of_which_some_are_known_is_that_of_enumeration() -> None:
    model, data = half_seen()
    law = ag.derive(model, data, forbid=["collapse"]).step("hidden").conditional.law
    assert law is not None
    values: dict[str, Any] = {"q": np.array(0.3), "phi": np.array([0.2, 0.9])}
    values |= {n: np.array(x) for n, x in data.items()}
    inputs = [ag.input(n, v.shape, v.dtype.name) for n, v in values.items()]
    p = ag.function(inputs, law.args[2], backend="numpy")(*values.values())
    w = np.array(data["w"][4:])
    one, none = (st.bernoulli(a).pmf(w) for a in (0.9, 0.2))
    np.testing.assert_allclose(p, 0.3 * one / (0.3 * one + 0.7 * none), rtol=1e-12)


@pytest.mark.slow
def test_states_summed_out_keep_the_joint_law() -> None:
    k = keys(4)
    share = R.beta(k[0], 2.0, 2.0)
    mu = R.normal(k[1], np.array([0.0, 1.0]), 1.0)
    z = R.bernoulli(k[2], share, size=5)
    model = ag.Model({"share": share, "mu": mu, "z": z, "y": R.normal(k[3], mu[z], 1.0)})
    sampler = ag.derive(model, {"y": np.linspace(-1.0, 2.0, 5)}, prefer=["collapse"])
    assert sampler.steps[0].kind == "collapse"
    start_at_truth(sampler, simulations=2000, seed=6).check()


@pytest.mark.parametrize(("length", "expected"), [(80, "collapse"), (20, "gibbs")])
def test_scales_of_a_long_path_move_with_the_path_integrated_out(
    length: int, expected: str
) -> None:
    k = keys(4)
    step, noise = R.inverse_gamma(k[0], 2.0, scale=1.0), R.inverse_gamma(k[1], 2.0, scale=1.0)
    x = R.random_walk(k[2], length, 0.0, 0.1, ag.sqrt(step))
    y = R.normal(k[3], x, ag.sqrt(noise))
    model = ag.Model({"step": step, "noise": noise, "x": x, "y": y})
    sampler = ag.derive(model, {"y": np.sin(np.arange(length))})
    assert sampler.step("x").kind == expected


@pytest.mark.slow
def test_a_number_of_many_values_is_drawn_from_all_their_probabilities() -> None:
    # How many were asked, five times, and what share of them answered.
    k = keys(3)
    answers = np.array([16, 18, 22, 25, 27])
    n, share = R.discrete_uniform(k[0], 27, 201), R.beta(k[1], 1.0, 1.0)
    model = ag.Model({"n": n, "share": share, "y": R.binomial(k[2], n, share, size=5)})
    sampler = ag.derive(model, {"y": answers})
    assert sampler.exact
    counts = np.arange(27, 201)
    a, b = 1 + answers.sum(), 1 + 5 * counts - answers.sum()
    each = special.gammaln(counts[:, None] + 1) - special.gammaln(counts[:, None] - answers + 1)
    each = each - special.gammaln(answers + 1)
    logs = each.sum(1) + special.betaln(a, b) - np.log(len(counts))
    assert sampler.log_evidence() == pytest.approx(special.logsumexp(logs), rel=1e-10)
    tree = sampler.sample(seed=3, draws=200, chains=2, backend="numpy", progress=False)
    drawn = tree["posterior"]["n"].values
    p = np.exp(logs - special.logsumexp(logs))
    spread = np.sqrt(p @ counts**2 - (p @ counts) ** 2)
    assert abs(drawn.mean() - p @ counts) < 4 * spread / np.sqrt(400)
    assert abs((drawn < 60).mean() - p[counts < 60].sum()) < 4 * 0.5 / np.sqrt(400)


def both(size: int | None) -> tuple[ag.Model, dict[str, Any]]:
    """Two states of which it was seen that they agree, and a number without a closed form."""
    k = keys(6)
    share, a = R.beta(k[0], 2.0, 3.0), R.normal(k[1], 0.0, 1.0)
    z, w = R.bernoulli(k[2], share, size=size), R.bernoulli(k[3], share, size=size)
    same = R.bernoulli(k[4], ag.where(ag.equal(z, w), 1.0, 0.0))
    y = R.normal(k[5], ag.exp(a) * (1.0 + z), 1.0)
    model = ag.Model({"share": share, "a": a, "z": z, "w": w, "same": same, "y": y})
    return model, {"same": np.ones(size or (), int), "y": np.full(size or (), 2.1)}


def test_states_that_cannot_change_alone_are_summed_out() -> None:
    assert kinds(*both(None)) == {"share+a+z+w": "collapse"}


@pytest.mark.parametrize("size", [None, 3])
def test_states_that_cannot_change_alone_are_found(size: int | None) -> None:
    assert tied(Plan(*both(size))) == [("z", "w")]


def test_a_pair_that_cannot_change_alone_has_its_posterior() -> None:
    draws = ag.derive(*both(None)).sample(seed=4, draws=1000, chains=2, progress=False)
    grid = np.linspace(-8.0, 5.0, 4001)
    like = [
        float(np.sum(st.norm.pdf(grid) * st.norm.pdf(2.1, np.exp(grid) * (1 + z)))) for z in (0, 1)
    ]
    # E share^2 = 6 / 30 and E (1 - share)^2 = 12 / 30.
    one = 0.2 * like[1] / (0.2 * like[1] + 0.4 * like[0])
    posterior = draws["posterior"]
    assert np.array_equal(posterior["z"], posterior["w"])
    assert abs(float(posterior["z"].mean()) - one) < 0.05


def occupancy() -> tuple[ag.Model, dict[str, Any]]:
    """Species that may be absent, sites that a species that is there may not occupy."""
    k = keys(5)
    omega, psi = R.beta(k[0], 2.0, 3.0), R.beta(k[1], 1.5, 2.0, size=2)
    w = R.bernoulli(k[2], omega, size=2)
    z = R.bernoulli(k[3], (psi * w)[:, None], size=(2, 3))
    model = ag.Model(
        {"omega": omega, "psi": psi, "w": w, "z": z, "x": R.binomial(k[4], 4, 0.3 * z)}
    )
    return model, {"x": np.array([[2, 0, 0], [0, 0, 0]])}


def test_states_of_states_are_summed_out_as_by_enumeration() -> None:
    model, data = occupancy()
    plan = Plan(model, data)
    _, joint, left = integrate_out(plan.reads, ["z", "w"], lambda link: True, False)
    assert left == []
    omega, psi = 0.35, np.array([0.6, 0.2])
    inputs = [joint.coordinates[n] for n in ("omega", "psi", "x")]
    found = ag.function(inputs, joint.total, backend="numpy")(omega, psi, data["x"])
    expected = st.beta(2.0, 3.0).logpdf(omega) + st.beta(1.5, 2.0).logpdf(psi).sum()
    seen, none = st.binom(4, 0.3).pmf(data["x"]), data["x"] == 0
    for i in range(2):
        there = np.prod(psi[i] * seen[i] + (1.0 - psi[i]) * none[i])
        expected += np.log(omega * there + (1.0 - omega) * none[i].all())
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_states_of_one_year_after_the_other_are_summed_out_as_by_enumeration() -> None:
    k = keys(4)
    q, z = R.beta(k[0], 2.0, 3.0), [R.bernoulli(k[1], 0.6, size=3)]
    for own in ag.split(k[2], 4):
        z.append(R.bernoulli(own, z[-1] * q + (1 - z[-1]) * 0.2))
    y = [R.bernoulli(own, 0.5 * x) for own, x in zip(ag.split(k[3], 5), z, strict=True)]
    states = {f"z{t}": x for t, x in enumerate(z)}
    model = ag.Model({"q": q, **states, **{f"y{t}": x for t, x in enumerate(y)}})
    seen = np.array([[0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]])
    plan = Plan(model, {f"y{t}": x for t, x in enumerate(seen)})
    _, joint, left = integrate_out(plan.reads, [*states][::-1], lambda link: True, False)
    assert left == []
    inputs = [joint.coordinates[n] for n in ("q", *(f"y{t}" for t in range(5)))]
    found = ag.function(inputs, joint.total, backend="numpy")(0.35, *seen)
    step, expected = np.array([[0.8, 0.2], [0.65, 0.35]]), st.beta(2.0, 3.0).logpdf(0.35)
    for column in seen.T:
        forward = np.array([0.4, 0.6])
        for t, x in enumerate(column):
            forward = (forward if t == 0 else forward @ step) * np.array([1.0 - x, 0.5])
        expected += np.log(forward.sum())
    np.testing.assert_allclose(found, expected, rtol=1e-12)


INHERITED = np.array(
    [
        [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1.0, 0.0]],
        [[0.5, 0.5, 0.0], [0.25, 0.5, 0.25], [0.0, 0.5, 0.5]],
        [[0.0, 1.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]],
    ]
)
"""Probabilities of a child's copies of a gene, given those of its parents."""


def test_a_pedigree_whose_last_generation_was_seen_is_derived() -> None:
    k = keys(14)
    q = R.uniform(k[0], 0.0, 1.0)
    founders = ag.stack([(1.0 - q) ** 2, 2.0 * q * (1.0 - q), q**2])
    table = ag.constant(INHERITED)
    a, b, c, d = (R.categorical(x, founders) for x in k[1:5])
    first, second = R.categorical(k[5], table[a, b]), R.categorical(k[6], table[c, d])
    third = R.categorical(k[7], table[first, second])
    fourth = R.categorical(k[8], table[third, third])
    ill = ag.constant([0.0, 0.0, 1.0])
    founders_of = {"a": a, "b": b, "c": c, "d": d}
    people = {**founders_of, "first": first, "second": second, "third": third, "fourth": fourth}
    seen = {
        f"{n}_ill": R.bernoulli(key, ill[people[n]])
        for n, key in zip(("a", "b", "c", "d", "fourth"), k[9:14], strict=True)
    }
    model = ag.Model({"q": q, **people, **seen})
    data = {n: np.array(v) for n, v in zip(seen, (0, 0, 0, 0, 1), strict=True)}
    plan = Plan(model, data)
    points = [plan.points(np.random.default_rng(i)) for i in range(6)]
    assert all(int(p["fourth"]) == 2 for p in points[::2])
    # One step up or down at a time leads from any family to any other.
    assert tied(plan) == []
    assert kinds(model, data)["third"] == "gibbs"


def test_no_auxiliary_variable_holds_states() -> None:
    """Counts of what is there, given which rates have closed forms, are none where nothing is."""
    k = keys(4)
    p, psi = R.beta(k[0], 2.0, 2.0, size=2), R.beta(k[1], 2.0, 2.0)
    z = R.bernoulli(k[2], psi, size=10)
    y = R.binomial(k[3], 4, z * p[np.arange(10) % 2])
    model = ag.Model({"p": p, "psi": psi, "z": z, "y": y})
    data = {"y": np.array([0, 0, 1, 2, 0, 3, 0, 0, 1, 0])}
    assert {*ag.derive(model, data).latent_names} == {"p", "psi", "z"}
