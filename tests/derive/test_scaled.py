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


@pytest.mark.slow
def test_the_posterior_of_a_scale_that_data_tell_much_of() -> None:
    model = effects(lambda m, s, z: m + (s * z)[GROUP])
    sampler = ag.derive(model, {"y": Y}, forbid=["collapse"])
    kinds = [(x.name, x.kind) for x in sampler.steps]
    assert ("s+z", "interweave") in kinds
    assert "held_product" in sampler.explain()
    without = ag.derive(model, {"y": Y}, forbid=["collapse", "interweave"])
    assert "interweave" not in [x.kind for x in without.steps]
    tree = sampler.sample(seed=3, draws=4_000, chains=2, warmup=300, progress=False)
    drawn = tree.posterior["s"].values
    # Effects and their mean integrated out: means of groups are normal.
    means = Y.reshape(6, 4).mean(1)
    grid = np.linspace(0.02, 9.0, 1_500)
    cov = [np.eye(6) * (s * s + 0.25 / 4) + 9.0 for s in grid]
    logp = np.array([st.multivariate_normal(np.zeros(6), c).logpdf(means) for c in cov])
    logp += st.halfnorm(scale=2.0).logpdf(grid)
    weight = np.exp(logp - logp.max())
    weight /= weight.sum()
    for q in (1.3, 1.8, 2.4, 3.2):
        # 3,000 effective draws at least: four standard errors are 0.037.
        assert (drawn < q).mean() == pytest.approx(weight[grid < q].sum(), abs=0.04), q
