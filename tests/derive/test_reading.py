"""Explanations read like a textbook: group sums, brackets, no guards that always hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.derive.reading import readable
from astragal.graph.expr import Expr

R = ag.random
GROUP = np.array([0, 2, 1, 0, 2, 2])


def keys() -> Expr:
    return ag.split(ag.input("key", dtype="key"), 4)


def explained(variables: dict[str, Expr], observed: dict[str, Any]) -> str:
    return ag.derive(ag.Model(variables), observed).explain()


def test_an_index_is_written_as_sums_over_groups() -> None:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=1.0, size=3)
    y = R.poisson(k[1], z[GROUP] * np.array([0.5, 1.0, 2.0, 1.0, 1.0, 3.0]))
    sampler = ag.derive(ag.Model({"z": z, "y": y}), {"y": [1, 0, 2, 3, 1, 1]})
    text = sampler.explain()
    wanted = "Gamma(sum(y where [0, 2, 1, 0, 2, 2] = i) + 2.0, rate = [2.5, 3.0, 6.0])"
    assert f"so z | y ~ {wanted}" in text
    assert r"\sum_{k: a_{k} = j} y_{k} + 2" in sampler.latex()
    assert "add_index" not in text + sampler.latex() + sampler._repr_html_()


def test_numbers_of_a_latent_index_are_counts() -> None:
    k = keys()
    z = R.categorical(k[0], np.array([0.2, 0.5, 0.3]), size=3)
    mu = R.normal(k[1], np.array([0.0, 1.0, 2.0]), 1.0)
    text = explained({"z": z, "mu": mu, "y": R.normal(k[2], mu[z], 0.8)}, {"y": [0.5, 2.0, 1.0]})
    assert "/ (0.78125 * count(z = i) + 0.5), sd = 1.0 / sqrt(1.5625 * count(z = i) + 1.0)" in text


def test_a_support_that_data_have_anyway_is_not_written() -> None:
    k = keys()
    rate = R.gamma(k[0], 3.0, rate=0.5)
    n = R.poisson(k[1], rate)
    text = explained({"rate": rate, "n": n, "y": R.binomial(k[2], n, 0.3)}, {"y": 4})
    assert "so rate | y ~ Gamma(y + 3.0, rate = 0.8)" in text
    assert "with n integrated out" in text
    assert "where(" not in text


def test_an_indicator_is_a_bracket_and_a_cut_law_has_its_bounds() -> None:
    k = keys()
    z, slab = R.bernoulli(k[0], 0.3), R.normal(k[1], 0.2, 1.5)
    y = R.normal(k[2], ag.where(ag.equal(z, 1), slab, 0.0), 0.8, size=3)
    text = explained({"z": z, "slab": slab, "y": y}, {"y": [0.1, 2.0, 0.5]})
    assert "sd = 1.0 / sqrt(4.6875 * [z == 1.0] + 0.4444444444444444)" in text
    sd = R.uniform(k[0], 0.0, 4.0)
    text = explained({"sd": sd, "y": R.normal(k[1], 0.3, sd, size=3)}, {"y": [0.1, 2.0, 0.5]})
    assert (
        "sqrt(InverseGamma(1.0, scale = 0.5 * sum(square(y - 0.3))) between 0.0 and 16.0)" in text
    )


def test_every_law_in_closed_form_names_what_it_rests_on() -> None:
    k = keys()
    rate, far = R.gamma(k[0], 2.0, rate=1.0), R.bernoulli(k[1], 0.4)
    z = R.normal(k[2], 0.0, 2.0)
    y = R.normal(k[3], z, ag.where(ag.equal(far, 1), 3.0, 1.0) / ag.sqrt(rate), size=3)
    model = ag.Model({"rate": rate, "far": far, "z": z, "y": y})
    for forbid in ((), ("exact",), ("exact", "collapse")):
        sampler = ag.derive(model, {"y": [0.5, 2.0, 1.0]}, forbid=forbid)
        nameless = [s.targets for s in sampler.steps if s.kind != "nuts" and not s.relations]
        assert nameless == [], forbid


def test_a_function_of_a_variable_is_written_with_its_law() -> None:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=3.0)
    y = ag.minimum(R.exponential(k[1], rate=z, size=3), 2.0)
    text = explained({"z": z, "y": y}, {"y": [0.5, 2.0, 1.0]})
    assert "y ~ minimum(Exponential(rate = " in text


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_written_has_the_same_value(sign: float) -> None:
    y, c = ag.input("y", 6), ag.input("c", (), "bool")
    base = np.array([0.3, -1.0, 2.0])
    whole = ag.constant(base).at[GROUP].add(sign * 2.0 * y - 3.0)
    x = -whole / (ag.square(ag.where(c, 1.5, 0.0)) * sign - 4.0)
    run = ag.function([y, c], [x, readable(x)], backend="numpy")
    for test in (True, False):
        before, after = run(np.arange(6.0) - 1.3, test)
        np.testing.assert_allclose(np.broadcast_to(after, before.shape), before, rtol=1e-12)
