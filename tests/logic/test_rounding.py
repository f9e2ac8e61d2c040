"""What rounding makes of a number is seen by rounding every step of it otherwise."""

import numpy as np
import pytest

import astragal as ag
from astragal.graph.expr import Expr
from astragal.logic.numeric import evaluate_at
from astragal.logic.rounding import again

x, y = ag.input("x"), ag.input("y")


def spread(out: Expr, **values: float) -> float:
    """How much a number varies, relative to its size."""
    named = {"x": x, "y": y}
    at = {named[n]: np.asarray([v]) for n, v in values.items()}
    here = float(evaluate_at([out], at)[0][0])
    moved = [float(v[0]) for v in again(lambda: evaluate_at([out], at)[0])]
    if not np.isfinite([*moved, here]).all():
        return np.inf
    return float(np.max(np.abs(np.asarray(moved) - here))) / max(abs(here), 1e-300)


def test_a_plain_computation_keeps_its_digits() -> None:
    assert spread(ag.exp(x) * y + 3.1, x=1.3, y=0.7) < 1e-14


@pytest.mark.parametrize("far", [1e3, 1e6, 1e9])
def test_digits_that_cancel_are_lost(far: float) -> None:
    lost = spread((x * far + y) - x * far, x=1.1, y=0.3)
    assert far * 1e-18 < lost < far * 1e-13


def test_a_complement_that_saturates_is_unsure() -> None:
    assert spread(ag.log(1.0 - x), x=1e-3) < 1e-10
    assert spread(ag.log(1.0 - ag.exp(x)), x=-1e-15) > 1e-3
    assert spread(ag.log(ag.expm1(-x)), x=-1e-15) < 1e-14


def test_what_leaves_the_range_of_floats_is_put_back_at_random() -> None:
    assert spread(ag.log(ag.exp(x)), x=-800.0) == np.inf
    assert spread(ag.log(ag.exp(x)), x=800.0) == np.inf
    assert spread(ag.exp(x) + 1.0, x=-800.0) < 1e-14


def test_arithmetic_with_few_digits_is_exact() -> None:
    assert spread(ag.floor(3.0 * x + 0.5 * y), x=2.0, y=4.0) == 0.0
    assert spread(ag.floor(x / y), x=6.0, y=3.0) == 0.0


def test_every_repetition_is_the_same_on_every_call() -> None:
    at = {x: np.asarray([0.3, 0.7])}

    def once() -> list[list[float]]:
        return [v.tolist() for v in again(lambda: evaluate_at([ag.log(1.0 - x)], at)[0])]

    assert once() == once()
    assert len({tuple(v) for v in once()}) > 1


@ag.relation("sure")
def complement(k: ag.Key, s):  # type: ignore[no-untyped-def]
    z = ag.random.exponential(k, rate=s)
    return ag.log(1.0 - ag.exp(-z / 1e12)), ag.log(-ag.expm1(-z / 1e12))


@ag.relation("sure")
def complement_off_by_a_thousandth(k: ag.Key, s):  # type: ignore[no-untyped-def]
    z = ag.random.exponential(k, rate=s)
    return ag.log(1.0 - ag.exp(-z / 1e9)), ag.log(-ag.expm1(-z / 1e9)) * 1.001


@ag.relation("in law")
def wait_by_a_complement(k: ag.Key):  # type: ignore[no-untyped-def]
    z = ag.random.kumaraswamy(k, 11.294, 0.185)  # once in a thousand draws it is 1
    return -ag.log1p(-(z**11.294)), ag.random.exponential(k, rate=0.185)


@ag.relation("in law")
def wait_of_another_rate(k: ag.Key):  # type: ignore[no-untyped-def]
    z = ag.random.kumaraswamy(k, 11.294, 0.185)
    return -ag.log1p(-(z**11.294)), ag.random.exponential(k, rate=0.19)


def test_values_that_lost_their_digits_are_not_refuted() -> None:
    assert ag.verify(complement, effort="quick").holds
    assert not ag.verify(complement_off_by_a_thousandth, effort="quick").holds


def test_draws_that_saturate_are_not_refuted() -> None:
    assert ag.verify(wait_by_a_complement, effort="fast").holds
    assert not ag.verify(wait_of_another_rate, effort="fast").holds
