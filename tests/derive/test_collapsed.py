"""What is integrated out before the rest moves, beside discrete states, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.expr import Expr
from astragal.sample import run

R = ag.random
TRIALS = np.array([9, 8, 8, 13, 12, 10, 10, 9, 13, 5, 7, 10])
# Almost alike: two shapes of their law are large together or not at all.
ALIKE = np.array([8, 8, 7, 12, 11, 9, 10, 8, 12, 5, 6, 9])
PLACES = np.linspace(-1.4, 1.2, 12)
BENT = np.where(PLACES < 0.1, -0.4, -1.0) * (PLACES - 0.1) + 0.02 * np.sin(7.0 * PLACES)


def keys(n: int) -> Any:
    return ag.split(ag.input("key", dtype="key"), n)


def rates(shape_law: Any) -> ag.Model:
    k = keys(4)
    a, b = shape_law(k[0]), shape_law(k[1])
    p = R.beta(k[2], a, b, size=len(TRIALS))
    return ag.Model({"a": a, "b": b, "p": p, "y": R.binomial(k[3], TRIALS, p)})


def bent_line(scale: Any, place: str) -> ag.Model:
    k = keys(5)
    level = R.normal(k[0], 0.0, 10.0)
    slopes = R.normal(k[1], 0.0, 10.0, size=2)
    if place == "known values":
        at = R.categorical(k[2], np.ones(len(PLACES)) / len(PLACES))
        change, side = ag.constant(PLACES)[at], ag.where(np.arange(len(PLACES)) <= at, 0, 1)
    else:
        at = R.uniform(k[2], -1.3, 1.1)
        change, side = at, ag.where(at < PLACES, 1, 0)
    line = level + slopes[side] * (PLACES - change)
    if scale is not None:
        y = R.normal(k[3], line, scale)
        return ag.Model({"level": level, "slopes": slopes, "at": at, "y": y})
    precision = R.gamma(k[4], 0.001, rate=0.001)
    y = R.normal(k[3], line, 1.0 / ag.sqrt(precision))
    return ag.Model({"level": level, "slopes": slopes, "at": at, "precision": precision, "y": y})


def kinds(model: ag.Model, data: Any, **options: Any) -> dict[str, str]:
    return {s.name: s.kind for s in ag.derive(model, {"y": data}, **options).steps}


def test_rates_of_groups_are_integrated_out_where_their_shapes_would_hold_them() -> None:
    wide = rates(lambda k: R.gamma(k, 1.0, rate=0.001))
    assert kinds(wide, ALIKE) == {"a+b+p": "collapse"}
    assert kinds(wide, ALIKE, forbid=["collapse"]) == {"a+b": "nuts", "p": "gibbs"}


def test_rates_of_groups_are_drawn_in_turn_where_their_shapes_are_known_well() -> None:
    narrow = rates(lambda k: R.gamma(k, 400.0, rate=100.0))
    assert kinds(narrow, ALIKE) == {"a+b": "nuts", "p": "gibbs"}


@pytest.mark.parametrize("place", ["known values", "anywhere"])
def test_a_change_point_moves_with_the_lines_integrated_out(place: str) -> None:
    assert list(kinds(bent_line(None, place), BENT).values()) == ["collapse"]


def test_a_change_point_alone_is_drawn_exactly() -> None:
    assert set(kinds(bent_line(0.05, "known values"), BENT).values()) == {"exact"}


def test_many_labels_are_not_drawn_with_all_lines_integrated_out() -> None:
    k = keys(3)
    means = R.normal(k[0], np.array([-2.0, 0.0, 2.0]), 1.0)
    z = R.categorical(k[1], np.ones(3) / 3, size=8)
    model = ag.Model({"means": means, "z": z, "y": R.normal(k[2], means[z], 1.0)})
    assert "collapse" not in kinds(model, np.linspace(-3.0, 3.0, 8)).values()


def test_a_change_point_has_the_posterior_of_all_its_places() -> None:
    scale = 0.3
    sampler = ag.derive(bent_line(scale, "known values"), {"y": BENT}, forbid=["exact"])
    assert [s.kind for s in sampler.steps] == ["collapse"]
    tree = run(sampler, draws=400, warmup=0, chains=2, seed=4, backend="numpy", progress=False)
    draws = tree["posterior"]["at"]
    # The normal law of the data at each place, by linear algebra.
    logs = []
    for at, change in enumerate(PLACES):
        first = np.arange(len(PLACES)) <= at
        x = np.column_stack([np.ones(12), (PLACES - change) * first, (PLACES - change) * ~first])
        v = scale**2 * np.eye(12) + 100.0 * x @ x.T
        logs.append(-0.5 * (np.linalg.slogdet(v)[1] + BENT @ np.linalg.solve(v, BENT)))
    p = np.exp(np.array(logs) - max(logs))
    seen = np.bincount(np.asarray(draws).ravel(), minlength=12) / draws.size
    np.testing.assert_allclose(seen, p / p.sum(), atol=0.08)


def growth(rise: Callable[[Expr, Expr, Expr], Expr]) -> ag.Model:
    """A curve whose coefficients are flat: generic values of them are far from any data."""
    k = keys(5)
    a, b, c = (R.improper_uniform(k[i]) for i in range(3))
    v = R.improper_uniform(k[3], low=0.0)
    y = R.normal(k[4], rise(a, b, c), ag.sqrt(v))
    return ag.Model({"a": a, "b": b, "c": c, "v": v, "flat": ag.factor(-ag.log(v)), "y": y})


TIMES = np.linspace(77.6, 760.0, 8)


def test_no_law_is_proper_far_off_where_nothing_bounds_the_coefficients() -> None:
    # exp(500) there: a variance that is infinite, a mean that is no number.
    data = 239.0 * (1.0 - np.exp(-5.5e-4 * TIMES))
    found = kinds(growth(lambda a, b, c: a * (c - ag.exp(-b * TIMES))), data)
    assert set("+".join(found).split("+")) == {"a", "b", "c", "v"}


def test_a_law_that_can_be_checked_nowhere_is_not_used() -> None:
    # A sharp peak far from all generic points: zeros are all that they see.
    curve = 1.5 / 4.1 * np.exp(-0.5 * ((TIMES - 451.5) / 4.1) ** 2)
    found = kinds(growth(lambda a, b, c: (a / b) * ag.exp(-0.5 * ((TIMES - c) / b) ** 2)), curve)
    assert found == {"a+b+c": "nuts", "v": "gibbs"}
