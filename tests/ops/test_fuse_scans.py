"""Scans over the same steps are taken once, and give what they gave apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import astragal as ag
from astragal.graph.traverse import toposort
from astragal.ops.fuse_scans import fuse_scans

X, A, S = ag.input("x", shape=(6,)), ag.input("a"), ag.input("s")
V = np.array([0.3, -1.2, 0.8, 0.1, -0.4, 1.7])


def scans(exprs: Sequence[ag.Expr]) -> int:
    return sum(n.op.name == "scan" for n in toposort(exprs))


def assert_unchanged(exprs: Sequence[ag.Expr], expected: int) -> None:
    fused = fuse_scans(exprs)
    assert scans(fused) == expected
    before = ag.function([X, A, S], list(exprs), backend="numpy")(V, 0.7, 1.3)
    after = ag.function([X, A, S], list(fused), backend="numpy")(V, 0.7, 1.3)
    for p, q, x, y in zip(before, after, exprs, fused, strict=True):
        np.testing.assert_array_equal(p, q)
        assert x.type == y.type


def filtered() -> ag.Expr:
    def step(c: Any, x: Any) -> Any:
        m, v = c
        new = ag.tanh(m * A) + 0.3 * (x - m)
        return (new, v * 0.5 + S), -0.5 * ag.square((x - m) / v)

    (_, _), ys = ag.scan(step, (ag.constant(0.0), ag.constant(1.0)), X)
    return ag.sum(ys)


def test_a_value_and_its_gradient_go_forward_once() -> None:
    y = filtered()
    assert_unchanged([y, *ag.grad(y, (A, S))], 2)


def test_carries_of_one_first_value_are_told_apart_by_their_steps() -> None:
    def one(c: Any, x: Any) -> Any:
        p, q = c
        return (p + x, q * A + 1.0), q

    def other(c: Any, x: Any) -> Any:
        q, p = c
        return (q * A + 1.0, p + x), p * q

    zero = ag.constant(0.0)
    (p, q), ys = ag.scan(one, (zero, zero), X)
    (r, s), zs = ag.scan(other, (zero, zero), X)
    assert_unchanged([p, q, ys, r, s, zs], 1)


def test_a_scan_with_a_part_of_the_carries_joins_the_one_with_all() -> None:
    zero = ag.constant(0.0)
    p, _ = ag.scan(lambda c, x: (c + x, ()), zero, X)
    (r, s), _ = ag.scan(lambda c, x: ((c[0] + x, c[1] * c[0] + A), ()), (zero, ag.constant(1.0)), X)
    assert_unchanged([p, r, s], 1)


def test_scans_of_other_steps_stay_apart() -> None:
    zero = ag.constant(0.0)
    p, _ = ag.scan(lambda c, x: (c + x, ()), zero, X)
    q, _ = ag.scan(lambda c, x: (c + x * A, ()), zero, X)
    r, _ = ag.scan(lambda c, x: (c + x, ()), zero, X, reverse=True)
    s, _ = ag.scan(lambda c, x: (c + x, ()), zero, X[::-1] * S)
    assert_unchanged([p, q, r, s], 4)


def test_a_scan_over_what_another_gave_stays_apart() -> None:
    zero = ag.constant(0.0)
    p, ys = ag.scan(lambda c, x: (c + A, c + x), zero, X)
    q, _ = ag.scan(lambda c, y: (c + A, ()), zero, ys)
    assert_unchanged([p, q], 2)
    y = ag.sum(ys * q)
    assert_unchanged([y, ag.grad(y, A)], scans(fuse_scans([y, ag.grad(y, A)])))


def test_each_of_several_scans_in_a_row_is_fused_with_its_own_repetition() -> None:
    zero = ag.constant(0.0)
    _, ys = ag.scan(lambda c, x: (ag.sin(c * A) + x, c * x), zero, X)
    last, _ = ag.scan(lambda c, y: (ag.tanh(c + y * S), ()), zero, ys)
    both = [last, *ag.grad(last, (A, S))]
    assert scans(both) == 6
    assert_unchanged(both, 4)


def test_hundreds_of_scans_are_fused_at_once() -> None:
    total = ag.constant(0.0)
    rates = [ag.input(f"a{i}") for i in range(100)]
    for a in rates:
        total = total + ag.scan(lambda c, x: (ag.sin(c * a) + x, ()), 0.0, X)[0]  # noqa: B023
    both = [total, *ag.grad(total, rates)]
    assert (scans(both), scans(fuse_scans(both))) == (300, 200)
