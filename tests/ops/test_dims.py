"""Dimensions that are not known before the call: canonical, usable, and checked."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import astragal as ag
from astragal.compile.numpy import compile_numpy
from astragal.graph.types import TensorType, same_shape
from astragal.ops import dims

x = ag.input("x", ("n", "m"))


def symbolic(d: Any) -> ag.Expr:
    assert isinstance(d, ag.Expr)
    return d


N, M = map(symbolic, x.shape)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (lambda: 0 + N, lambda: N),
        (lambda: N * 1, lambda: N),
        (lambda: N - N, lambda: 0),
        (lambda: N * 0 + 3, lambda: 3),
        (lambda: N + M - N, lambda: M),
        (lambda: (N + 1) * (N - 1) - N * N, lambda: -1),
        (lambda: M * N, lambda: N * M),
        (lambda: (N + M) * 2, lambda: 2 * M + 2 * N),
        (lambda: ag.negative(-N), lambda: N),
        (lambda: ag.constant(4) + 0, lambda: 4),
    ],
)
def test_a_dimension_has_one_form(written: Callable[[], Any], canonical: Callable[[], Any]) -> None:
    a, b = dims.canonical(written()), dims.canonical(canonical())
    assert a is b or (isinstance(a, int) and a == b)


@given(
    st.recursive(
        st.sampled_from(["n", "m", "0", "1", "2", "5"]),
        lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner),
        max_leaves=12,
    )
)
def test_the_canonical_form_has_the_value_of_what_was_written(tree: Any) -> None:
    def build(t: Any, leaf: Callable[[str], Any]) -> Any:
        if isinstance(t, str):
            return leaf(t)
        a, b = build(t[1], leaf), build(t[2], leaf)
        return a + b if t[0] == "+" else a - b if t[0] == "-" else a * b

    number = build(tree, lambda s: {"n": 7, "m": 11}[s] if s in "nm" else int(s))
    found = dims.canonical(build(tree, lambda s: {"n": N, "m": M}[s] if s in "nm" else int(s)))
    if isinstance(found, ag.Expr):
        assert compile_numpy([N, M], [found])(7, 11)[0] == number
        assert dims.canonical(found) is found
    else:
        assert found == number


@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda: ag.reshape(x, (-1,)), (N * M,)),
        (lambda: ag.reshape(x, (M, -1)), (M, N)),
        (lambda: ag.reshape(ag.reshape(x, (-1,)), x.shape), (N, M)),
        (lambda: ag.concat([x, x]), (2 * N, M)),
        (lambda: ag.concat([x, ag.zeros((0, M))]), (N, M)),
        (lambda: ag.tile(x, (1, 3)), (N, 3 * M)),
        (lambda: x + ag.zeros(x.shape), (N, M)),
        (lambda: x @ x.T, (N, N)),
        (lambda: x[:, None] - x[None], (N, N, M)),
        (lambda: ag.sum(x, axis=0, keepdims=True), (1, M)),
        (lambda: ag.linalg.kron(x, ag.ones((2, 1))), (2 * N, M)),
        (lambda: x + ag.zeros((4, 1, M)), (4, N, M)),
        (lambda: x + ag.zeros((3, M)), (3, M)),
        (lambda: ag.repeat(x, N, axis=1), (N, M * N)),
    ],
)
def test_a_shape_is_inferred_in_canonical_form(build: Callable[[], Any], shape: Any) -> None:
    expected = tuple(dims.canonical(d) for d in shape)
    assert same_shape(build().shape, expected)


def test_shapes_that_are_the_same_make_the_same_term() -> None:
    assert ag.zeros((N + 0, 2)) is ag.zeros((N, 1 + 1))
    assert ag.reshape(x, x.shape) is x
    assert ag.broadcast_to(x, (N, M)) is x
    assert ag.reshape(ag.zeros((2, 3)), (ag.constant(3), 2)).shape == (3, 2)


def test_a_dimension_is_a_number_of_the_graph() -> None:
    mean = ag.sum(x) / (N * M)
    value = compile_numpy([x, N, M], [mean])(np.arange(6.0).reshape(2, 3), 2, 3)[0]
    assert value == 2.5
    assert (x.size.type, ag.mean(x).type) == (TensorType("int64", ()), TensorType("float64", ()))


def test_types_with_a_symbolic_and_a_static_dimension_differ() -> None:
    assert ag.input("a", ("n",)).type == ag.input("b", ("n",)).type
    assert ag.input("a", ("n",)).type != ag.input("b", (3,)).type
    assert hash(ag.input("a", ("n",)).type) == hash(ag.input("b", ("n",)).type)


def test_an_expression_of_another_data_type_is_no_dimension() -> None:
    with pytest.raises(ag.ShapeError, match="a dimension is a scalar integer"):
        ag.zeros((ag.input("t"),))


# -- checks at run time ------------------------------------------------------------------------

A, B = ag.input("a", ("p",)), ag.input("b", ("q",))
P, Q = symbolic(A.shape[0]), symbolic(B.shape[0])
S = ag.input("s", ("r", "r"))


def run(expr: Any, *values: Any) -> Any:
    inputs = [A, B]
    sizes = [len(v) for v in values]
    return compile_numpy([*inputs, P, Q], [expr])(*values, *sizes)[0]


@pytest.mark.parametrize(
    "build",
    [
        lambda: A + B,
        lambda: ag.where(ag.less(A, 0.0), A, B),
        lambda: ag.broadcast_to(A, (2, Q)),
        lambda: A[:, None] @ A[None, :] + B,
        lambda: ag.matmul(ag.broadcast_to(A[:, None, None], (P, 1, 1)), B[:, None, None]),
    ],
)
def test_a_length_of_one_at_run_time_does_not_stretch(build: Callable[[], Any]) -> None:
    assert run(build(), np.ones(3), np.ones(3)).shape[-1] in (1, 3)
    with pytest.raises(ag.ShapeError, match=r"(add|where|broadcast_to|matmul): operands of shapes"):
        run(build(), np.ones(1), np.ones(3))


def test_the_error_names_the_operation_the_shapes_and_the_dimensions() -> None:
    with pytest.raises(ag.ShapeError) as caught:
        run(A * B, np.ones(2), np.ones(5))
    for word in ("multiply", "(2,)", "(5,)", "(p,)", "(q,)"):
        assert word in str(caught.value)


def test_a_static_dimension_of_one_stretches() -> None:
    assert run(A[:, None] + B[None, :], np.ones(2), np.ones(5)).shape == (2, 5)
    assert run(A[None] + A[:, None], np.ones(1), np.ones(5)).shape == (1, 1)


def test_a_symbolic_dimension_must_be_the_static_one_that_it_meets() -> None:
    expr = A + ag.ones(3)
    assert run(expr, np.ones(3), np.ones(1)).tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(ag.ShapeError, match="add: operands of shapes"):
        run(expr, np.ones(1), np.ones(1))


def test_static_shapes_are_not_checked_again() -> None:
    from astragal.compile.checks import shape_check

    y = ag.input("y", (3, 1))
    assert shape_check(y + ag.ones(4)) is None
    assert shape_check(A + A * 2.0) is None
    assert shape_check(A + B) is not None
    assert shape_check(ag.exp(A)) is None
    assert shape_check(S @ S) is None
