"""Random bits in generated code: numbers or memory, whatever reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import astragal as ag


def readers(k: Any, p: Any, n: int) -> list[ag.Expr]:
    """Give what reads the bits of n elements: arithmetic, branches, loops, outputs, other bits."""
    keys = ag.split(k, 4)
    b, x = ag.random.bits(keys[0], size=n), ag.random.normal(keys[1], size=n)

    def low(b: Any, x: Any) -> Any:
        return ag.sum(b) + ag.astype(ag.abs(ag.max(x)) * 8.0, "uint64")

    def step(carry: Any, key: Any) -> Any:
        return ag.random.bits(key, size=n) + carry[0] // 3, carry[-1]

    last, passed = ag.scan(step, b, ag.split(keys[2], 4))
    turned = ag.while_loop(lambda s: s[1] < 3, lambda s: (s[0] * 3 + b, s[1] + 1), (b, 0))[0]
    alone, square = ag.random.bits(keys[3]), ag.random.bits(keys[3], size=(1, 1))
    branch = ag.cond(p, low, lambda b, x: b[0] * 3, b, x)
    return [branch, ag.sum(b) + ag.max(b), b, last, passed, turned, alone, square, square + b]


@pytest.mark.parametrize("n", [1, 5])
def test_bits_are_those_of_the_reference_whatever_reads_them(n: int) -> None:
    k, p = ag.input("k", dtype="key"), ag.input("p", dtype="bool")
    outputs = readers(k, p, n)
    reference = ag.function([k, p], outputs, backend="numpy")
    compiled = ag.function([k, p], outputs, backend="numba")
    key = ag.evaluate(ag.key(3))
    for choice in (True, False):
        for a, b in zip(reference(key, choice), compiled(key, choice), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_scalar_draw_takes_no_memory() -> None:
    k = ag.input("k", dtype="key")
    source = ag.function([k], ag.random.normal(k), backend="numba").source
    assert "empty(" not in source
    np.testing.assert_array_equal(
        ag.function([k], ag.random.normal(k), backend="numba")(ag.evaluate(ag.key(1))),
        ag.evaluate(ag.random.normal(ag.key(1))),
    )


@pytest.mark.parametrize("at", [0, -1, (1, 2)])
def test_one_element_of_a_vector_of_draws_is_read_by_itself(at: Any) -> None:
    key = ag.input("key", dtype="key")
    k = ag.split(key)
    size = (2, 3) if isinstance(at, tuple) else 3
    one = ag.random.uniform(k[0], 0.1, 0.5 + ag.random.gamma(k[1], 2.0, scale=1.0), size=size)[at]
    given = ag.evaluate(ag.key(1))
    numba, numpy = (ag.function([key], one, backend=b)(given) for b in ("numba", "numpy"))
    assert numba == numpy
