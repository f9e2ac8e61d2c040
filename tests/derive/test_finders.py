"""Each way to find a law in closed form has a public name, which can be forbidden."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.derive.relations import FINDERS
from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr

R = ag.random
Build = Callable[[Expr], tuple[dict[str, Expr], dict[str, Any]]]
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "sampler.md"


def keys() -> Expr:
    return ag.split(ag.input("key", dtype="key"), 4)


def thinned(k: Expr) -> tuple[dict[str, Expr], dict[str, Any]]:
    n = R.poisson(k[0], 8.0)
    return {"z": n, "y": R.binomial(k[1], n, 0.3)}, {"y": 2}


def rate(k: Expr) -> tuple[dict[str, Expr], dict[str, Any]]:
    z = R.gamma(k[0], 2.0, rate=4.0)
    return {"z": z, "y": R.poisson(k[1], z)}, {"y": 2}


def below(k: Expr) -> tuple[dict[str, Expr], dict[str, Any]]:
    z = R.uniform(k[0], 0.5, 3.0)
    return {"z": z, "y": R.poisson(k[1], z)}, {"y": 2}


def matrix(k: Expr) -> tuple[dict[str, Expr], dict[str, Any]]:
    z = R.inverse_wishart(k[0], 5.0, np.eye(2))
    return {"z": z, "y": R.multivariate_normal(k[1], np.zeros(2), z)}, {"y": [0.3, 1.0]}


def indicator(k: Expr) -> tuple[dict[str, Expr], dict[str, Any]]:
    z = R.bernoulli(k[0], 0.3)
    return {"z": z, "y": R.normal(k[1], z * 1.0, 0.5)}, {"y": 0.2}


def slopes(k: Expr) -> tuple[dict[str, Expr], dict[str, Any]]:
    z = R.normal(k[0], 0.0, 1.0, size=2)
    return {"z": z, "y": R.normal(k[1], z[0] - z[1], 0.5)}, {"y": 0.2}


CASES: dict[str, Build] = {
    "reversal_of_the_book": thinned,
    "exponential_family_form": rate,
    "law_between_bounds": below,
    "wishart_form": matrix,
    "finite_sum": indicator,
    "jointly_normal_form": slopes,
}


@pytest.mark.parametrize("name", CASES)
def test_a_way_to_find_a_law_can_be_forbidden(name: str) -> None:
    variables, observed = CASES[name](keys())
    model = ag.Model(variables)
    assert ag.derive(model, observed).exact
    other = ag.derive(model, observed, forbid=[name])
    assert not other.exact
    assert other.step("z").kind != "gibbs"
    assert any(f"{name} is forbidden" in r or "forbidden" in r for r in other.rejected)


def test_an_unknown_name_is_refused_with_those_that_there_are() -> None:
    variables, observed = rate(keys())
    with pytest.raises(ModelError, match="did you mean 'finite_sum'") as caught:
        ag.derive(ag.Model(variables), observed, forbid=["finite_sums"])
    for name in (*FINDERS, "gibbs", "nuts"):
        assert name in str(caught.value)


def test_the_page_on_samplers_lists_every_name() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert listed == list(FINDERS)
