"""Second moves of scales that effects are multiplied with: where there is one, and where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive.plan import Plan
from astragal.derive.scaled import product_of
from astragal.graph.expr import Expr

R = ag.random
GROUP = np.repeat(np.arange(6), 4)
EFFECTS = np.array([0.4, -1.0, 2.3, 0.9, 4.1, -2.2])
Y = EFFECTS[GROUP] + 0.3 * np.sin(7.0 * np.arange(24.0))
ROOT = np.linalg.cholesky(0.6 * np.eye(6) + 0.4)

Line = Callable[[Expr, Expr, Expr], Expr]


def effects(line: Line, law: Any = None, scale: Any = None) -> ag.Model:
    """Effects z of groups, a scale s and a number m, by which a line is made."""
    k = ag.split(ag.input("key", dtype="key"), 4)
    s = R.half_normal(k[0], 2.0) if scale is None else scale(k[0])
    m = R.normal(k[1], 0.0, 3.0)
    z = R.normal(k[2], 0.0, 1.0, size=6) if law is None else law(k[2], s)
    y = R.normal(k[3], line(m, s, z), 0.5)
    return ag.Model({"s": s, "m": m, "z": z, "y": y})


def found(model: ag.Model) -> str | None:
    """What of z is held, as it is written, while s moves."""
    standard = product_of(Plan(model, {"y": Y}), "s", "z")
    return None if standard is None else standard.relation.bindings[0][1]


@pytest.mark.parametrize(
    ("line", "held"),
    [
        pytest.param(lambda m, s, z: m + (s * z)[GROUP], "z * s", id="before it is spread"),
        pytest.param(lambda m, s, z: m + s * z[GROUP], "z * s", id="after it is spread"),
        pytest.param(lambda m, s, z: m + (z / ag.sqrt(s))[GROUP], "z / sqrt(s)", id="quotient"),
        pytest.param(lambda m, s, z: m + (2.0 * s * z)[GROUP], "s", id="several factors"),
        pytest.param(lambda m, s, z: m + (s * (ROOT @ z))[GROUP], "z * s", id="by a matrix"),
    ],
)
def test_products_are_found(line: Line, held: str) -> None:
    said = found(effects(line))
    assert said is not None
    assert all(part in said for part in ("u = ", "z", "s")), (said, held)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(lambda m, s, z: m + s + z[GROUP], id="a sum"),
        pytest.param(lambda m, s, z: m * z[GROUP] + s, id="another factor"),
        pytest.param(lambda m, s, z: m + s * ag.exp(z)[GROUP], id="not of it itself"),
        pytest.param(lambda m, s, z: m + s * z[::-1][GROUP] * z[GROUP], id="by itself"),
        pytest.param(lambda m, s, z: m + (s * z)[GROUP] + z[0], id="read beside"),
    ],
)
def test_what_is_no_product_with_the_scale_is_not(line: Line) -> None:
    assert found(effects(line)) is None


def test_a_law_that_reads_the_scale_has_coordinates_of_its_own() -> None:
    centred = effects(
        lambda m, s, z: m + s * z[GROUP], law=lambda k, s: R.normal(k, 0.0, s, size=6)
    )
    assert found(centred) is None


def test_each_element_has_its_own_scale_only_where_it_was() -> None:
    def scales(key: Expr) -> Expr:
        return R.half_normal(key, 2.0, size=6)

    assert found(effects(lambda m, s, z: m + (s * z)[GROUP], scale=scales)) is not None
    spread = effects(lambda m, s, z: m + s[GROUP] * z[GROUP], scale=scales)
    assert found(spread) is None
    moved = effects(lambda m, s, z: m + (s * z[::-1])[GROUP], scale=scales)
    assert found(moved) is None


def seen_twice(model: ag.Model) -> str:
    """What is said of trajectories of a model with effects."""
    return ag.derive(model, {"y": Y}, forbid=["collapse", "gibbs"]).explain()


def test_trajectories_hold_products_that_data_tell_of() -> None:
    assert "held_product" in seen_twice(effects(lambda m, s, z: m + (s * (ROOT @ z))[GROUP]))
    # Of what is a thousandth as wide the same data tell next to nothing.
    assert "held_product" not in seen_twice(effects(lambda m, s, z: m + 0.001 * (s * z)[GROUP]))


def test_products_with_scales_of_their_own_are_held_where_data_tell_them_apart() -> None:
    def scales(key: Expr) -> Expr:
        return R.half_normal(key, 2.0, size=6)

    def by(matrix: Any) -> str:
        return seen_twice(effects(lambda m, s, z: m + matrix @ (s * z), scale=scales))

    apart = np.eye(6)[GROUP]
    assert "held_product" in by(apart)
    # Of columns that are nearly the same they tell the sum.
    assert "held_product" not in by(2.0 + 0.02 * apart)


def above(grid: Any, covariance: Any) -> Any:
    """The posterior of s on a grid: effects and their mean integrated out of normal means."""
    means = Y.reshape(6, 4).mean(1)
    cov = [s * s * covariance + np.eye(6) * 0.25 / 4 + 9.0 for s in grid]
    logp = np.array([st.multivariate_normal(np.zeros(6), c).logpdf(means) for c in cov])
    logp += st.halfnorm(scale=2.0).logpdf(grid)
    weight = np.exp(logp - logp.max())
    return weight / weight.sum()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("root", "forbid", "kind"),
    [
        pytest.param(ROOT, ["collapse"], ("s+z", "interweave"), id="in turn"),
        pytest.param(ROOT, ["collapse", "gibbs"], ("s+m+z", "nuts"), id="by trajectories"),
    ],
)
def test_the_posterior_of_a_scale_that_data_tell_much_of(
    root: Any, forbid: list[str], kind: tuple[str, str]
) -> None:
    model = effects(lambda m, s, z: m + (s * (root @ z))[GROUP])
    sampler = ag.derive(model, {"y": Y}, forbid=forbid)
    kinds = [(x.name, x.kind) for x in sampler.steps]
    assert kind in kinds
    assert "held_product" in sampler.explain()
    without = ag.derive(model, {"y": Y}, forbid=[*forbid, "held_product"])
    assert "held_product" not in without.explain()
    tree = sampler.sample(seed=3, draws=4_000, chains=2, warmup=300, progress=False)
    drawn = tree.posterior["s"].values
    grid = np.linspace(0.02, 9.0, 1_500)
    weight = above(grid, root @ root.T)
    for q in (1.3, 1.8, 2.4, 3.2):
        # 3,000 effective draws at least: four standard errors are 0.037.
        assert (drawn < q).mean() == pytest.approx(weight[grid < q].sum(), abs=0.04), q
