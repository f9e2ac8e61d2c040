"""Signs are seen through sums of parts, products of negative numbers, and what is put in places."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import astragal as ag
from astragal.graph.expr import Expr
from astragal.logic.algebra import nonnegative, nonpositive

Made = Callable[[Expr, Expr], Expr]

ABOVE: dict[str, Made] = {
    "difference": lambda s, x: s - (-s),
    "negative product": lambda s, x: (-s) * (-2.0 * ag.abs(x)),
    "twice negative": lambda s, x: -ag.multiply(-3.0, s),
    "placed": lambda s, x: ag.zeros(4).at[1].add(s[0]).at[[2, 2, 3]].add(s),
    "side by side": lambda s, x: ag.concatenate([s, x**2]),
    "product of matrices": lambda s, x: ag.matmul(ag.stack([s, s]), x**2),
}
UNKNOWN: dict[str, Made] = {
    "difference": lambda s, x: s - s[0],
    "product": lambda s, x: s * x,
    "placed": lambda s, x: ag.zeros(4).at[1].add(s[0]).at[[2, 2, 3]].add(x),
    "placed on": lambda s, x: x.at[0].add(s[0]),
    "side by side": lambda s, x: ag.concatenate([s, x]),
    "product of matrices": lambda s, x: ag.matmul(ag.stack([s, x]), s),
    "negative": lambda s, x: -x,
}


def _numbers() -> tuple[Expr, Expr]:
    x = ag.input("x", shape=(3,))
    return ag.exp(ag.input("u", shape=(3,))), x


@pytest.mark.parametrize("name", ABOVE)
def test_numbers_that_are_not_negative_are_seen(name: str) -> None:
    y = ABOVE[name](*_numbers())
    assert nonnegative(y)
    assert not nonpositive(y)
    assert nonpositive(-y)


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_may_have_either_sign_is_not_seen(name: str) -> None:
    y = UNKNOWN[name](*_numbers())
    assert not nonnegative(y)
    assert not nonpositive(y)


def test_a_sign_does_not_outlive_a_type_without_one() -> None:
    y = ag.astype(ag.constant([-1, -2]) + ag.astype(ag.input("n", dtype="bool"), "int64"), "uint8")
    assert not nonpositive(y)
