"""Where chains begin, and the points of checks: what conditions and data leave possible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.density.joint import factorise
from astragal.derive.points import possible_values
from astragal.derive.sampler import Sampler
from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr


def started(sampler: Sampler, seed: int, data: dict[str, Any]) -> dict[str, Any]:
    given = {n: ag.constant(v) for n, v in data.items()}
    found: dict[str, Any] = ag.evaluate(sampler.initial(ag.key(seed), given))
    return found


@pytest.mark.parametrize("rising", [True, False])
def test_a_vector_that_must_be_in_order_starts_in_order(rising: bool) -> None:
    y = np.linspace(0.0, 3.0, 25) * (1 if rising else -1)

    @ag.model
    def trend(key: Expr) -> dict[str, Expr]:
        k = ag.split(key, 3)
        level = ag.random.normal(k[0], 0.0, 5.0, size=25)
        noise = ag.random.half_normal(k[1], 1.0)
        order = level[1:] > level[:-1] if rising else level[:-1] >= level[1:]
        return {
            "level": level,
            "noise": noise,
            "order": ag.constrain(ag.all(order)),
            "y": ag.random.normal(k[2], level, noise),
        }

    s = ag.derive(trend(), {"y": y})
    # Its check has points too at which the law is not zero.
    assert [step.kind for step in s.steps if "noise" in step.targets] == ["gibbs"]
    for seed in range(3):
        level = started(s, seed, {"y": y})["level"]
        assert (np.diff(level) > 0).all() if rising else (np.diff(level) < 0).all()


def test_a_vector_starts_as_it_was_drawn_where_that_will_do() -> None:
    @ag.model
    def pair(key: Expr, bound: bool) -> dict[str, Expr]:
        k = ag.split(key, 2)
        x = ag.random.normal(k[0], 0.0, 1.0, size=3)
        extra = {"near": ag.constrain(ag.all(ag.abs(x) < 50.0))} if bound else {}
        return {"x": x, **extra, "y": ag.random.student_t(k[1], 3.0, ag.sin(x), 1.0)}

    y = np.array([0.1, 0.4, -0.3])
    free, held = (ag.derive(pair(bound), {"y": y}) for bound in (False, True))
    for seed in range(4):
        a, b = (started(s, seed, {"y": y})["x"] for s in (free, held))
        np.testing.assert_array_equal(a, b)


def test_orders_that_contradict_each_other_are_still_an_error() -> None:
    @ag.model
    def none(key: Expr) -> dict[str, Expr]:
        k = ag.split(key, 2)
        x = ag.random.normal(k[0], 0.0, 1.0, size=3)
        never = ag.constrain((x[0] < x[1]) & (x[1] < x[2]) & (x[2] < x[0]))
        return {"x": x, "never": never, "y": ag.random.student_t(k[1], 3.0, ag.sin(x), 1.0)}

    s = ag.derive(none(), {"y": np.zeros(3)})
    with pytest.raises(ModelError, match="no starting point"):
        s.sample(seed=1, draws=1, warmup=1, chains=1, progress=False)


def test_one_of_two_causes_that_was_drawn_first_is_changed_where_it_leaves_none() -> None:
    # Counts need a trait that some cannot have, and exposure: each alone explains nothing.
    able = np.array([0.0] * 10 + [1.0] * 30)
    y = np.array([0] * 15 + [3] * 25)

    @ag.model
    def counts(key: Expr) -> dict[str, Expr]:
        k = ag.split(key, 5)
        share = ag.random.beta(k[0], 1.0, 2.0)
        rate = ag.random.gamma(k[1], 2.0, rate=1.0)
        trait = ag.random.bernoulli(k[2], share * able)
        seen = ag.random.bernoulli(k[3], 0.5, size=40)
        return {
            "share": share,
            "rate": rate,
            "trait": trait,
            "seen": seen,
            "y": ag.random.poisson(k[4], rate * trait * seen),
        }

    s = ag.derive(counts(), {"y": y})
    tree = s.sample(seed=3, draws=800, warmup=200, chains=2, progress=False)
    drawn = tree.posterior
    assert drawn["trait"].values[:, :, 15:].all()
    assert drawn["seen"].values[:, :, 15:].all()
    assert not drawn["trait"].values[:, :, :10].any()
    # Nothing that was seen has less than one count, so the rate is near 3.
    assert abs(float(drawn["rate"].mean()) - 3.0) < 0.3


def test_counts_without_an_end_start_at_what_was_seen_of_them_or_above() -> None:
    x = np.linspace(-1.0, 1.0, 15)
    seen = np.stack([np.arange(15), 3 * np.arange(15), np.r_[np.zeros(14, int), 200]], 1)
    k = ag.split(ag.input("key", dtype="key"), 4)
    a, b = ag.random.normal(k[0], 0.0, 10.0, size=2), ag.random.normal(k[1], 0.0, 1.5)
    n = ag.random.poisson(k[2], ag.exp(a[0] + a[1] * x))
    y = ag.random.binomial(k[3], n[:, None], ag.expit(b + 0.1 * x[:, None]), size=(15, 3))
    joint = factorise(ag.Model({"a": a, "b": b, "n": n, "y": y}), ["y"], name_all=True)
    assert (possible_values(joint, {"y": seen}, [1, 2])["n"] >= seen.max(1)).all()
