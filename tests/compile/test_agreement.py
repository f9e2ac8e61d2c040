"""Random well-typed graphs: inference predicts, backends agree, files give back the same."""

import functools
import operator
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given, settings

import astragal as ag
from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr
from astragal.ops.declare import broadcast_shapes
from astragal.serialize import dumps, loads

# Inputs with their values: every dtype, shapes that broadcast and one known at the call only.
RNG = np.random.default_rng(11)
# fmt: off
VALUES: dict[str, tuple[Any, Any]] = {
    "scalar": ((), np.float64(-1.25)),
    "vector": ((3,), RNG.normal(size=3)),
    "row":    ((1, 3), RNG.normal(size=(1, 3))),
    "matrix": ((2, 3), RNG.normal(size=(2, 3))),
    "open":   (("n", 3), RNG.normal(size=(2, 3))),
    "single": ((3,), RNG.normal(size=3).astype("float32")),
    "counts": ((2, 3), RNG.integers(-4, 9, size=(2, 3))),
    "small":  ((3,), RNG.integers(0, 5, size=3).astype("int8")),
    "flags":  ((2, 1), np.array([[True], [False]])),
}
# fmt: on
INPUTS = {n: ag.input(n, shape=s, dtype=v.dtype) for n, (s, v) in VALUES.items()}

Build = Callable[..., Expr]

# Bounded functions, so that values stay of a size at which rounding is not amplified, and
# none that jumps: a last bit may decide a comparison of rounded numbers, but not of integers.
FLOAT_1: list[Build] = [
    ag.tanh,
    ag.expit,
    lambda x: ag.exp(-ag.abs(x)),
    lambda x: ag.log1p(ag.square(x)),
    lambda x: ag.sqrt(ag.abs(x) + 0.5),
    lambda x: ag.sin(ag.clip(x, -3.0, 3.0)),
    lambda x: ag.special.gammaln(ag.abs(x) + 1.5),
    lambda x: ag.softmax(x, axis=-1) if x.ndim else x * 0.5,
    lambda x: -x,
    lambda x: ag.astype(x, "float32"),
]
FLOAT_2: list[Build] = [
    operator.add,
    operator.sub,
    ag.maximum,
    ag.minimum,
    ag.logaddexp,
    lambda x, y: x * ag.tanh(y),
    lambda x, y: x / (1.5 + ag.square(y)),
    lambda x, y: ag.special.xlogy(ag.abs(x), 1.25 + ag.abs(y)),
]
INTEGER_1: list[Build] = [
    operator.neg,
    lambda x: x * 3 + 1,
    lambda x: x % 7,
    lambda x: x // 2,
    lambda x: x & 6,
    ag.sign,
]
INTEGER_2: list[Build] = [operator.add, operator.sub, ag.maximum, lambda x, y: x ^ y]
COMPARE: list[Build] = [ag.less, ag.greater_equal, ag.equal, ag.not_equal]
ANY_1: list[Build] = [
    lambda x: x.T,
    lambda x: ag.reshape(x, (-1,)),
    lambda x: x[..., None],
    lambda x: x[::-1] if x.ndim else x,
    lambda x: x[1:] if x.type == INPUTS["vector"].type else x,
    lambda x: x[..., :2] if x.ndim and isinstance(x.shape[-1], int) else x,
    lambda x: ag.broadcast_to(x, (2, *x.shape)) if x.ndim < 3 else x,
    lambda x: (
        x[ag.constant([1, 0, 1])]
        if x.ndim and isinstance(x.shape[0], int) and x.shape[0] > 1
        else x
    ),
    lambda x: ag.stack([x, x], -1) if x.ndim < 3 else x,
]
REDUCE: list[Build] = [ag.sum, ag.max, ag.min, ag.prod]


def _sort(x: Expr) -> str:
    return "bool" if x.dtype == "bool" else "float" if x.dtype.startswith("float") else "integer"


def _reduced(f: Build, x: Expr, axis: int | None) -> Expr:
    out = f(x, axis)
    return ag.tanh(out) if _sort(x) == "float" else out % 11


def _scanned(x: Expr) -> Expr:
    """A running sum along the first axis, kept bounded."""
    start = ag.zeros(x.shape[1:], dtype=x.dtype)
    last: Expr
    seen: Expr
    last, seen = ag.scan(lambda c, v: (ag.tanh(c + v), c * 0.5), start, x)
    return seen + last


@st.composite
def graphs(draw: st.DrawFn) -> list[Expr]:
    pool = list(INPUTS.values())
    for _ in range(draw(st.integers(1, 12))):
        x = draw(st.sampled_from(pool))
        y = draw(st.sampled_from(pool))
        sort = _sort(x)
        try:
            match draw(st.sampled_from(["own", "own", "two", "two", "move", "reduce", "choose"])):
                case "own" if sort == "float":
                    steps = [
                        *FLOAT_1,
                        *([_scanned] if x.ndim and isinstance(x.shape[0], int) else []),
                    ]
                    new = draw(st.sampled_from(steps))(x)
                case "own" if sort == "integer":
                    new = draw(st.sampled_from(INTEGER_1))(x)
                case "own":
                    new = ~x
                case "two" if sort == "bool":
                    new = ag.logical_xor(x, y) if _sort(y) == "bool" else ag.where(x, y, -y)
                case "two" if _sort(y) == "bool":
                    new = ag.where(y, x * 2, x)
                case "two" if sort == "integer" and _sort(y) == "integer":
                    new = draw(st.sampled_from([*INTEGER_2, *COMPARE]))(x, y)
                case "two":
                    new = draw(st.sampled_from(FLOAT_2))(ag.tanh(x), y)
                case "reduce" if sort != "bool" and x.ndim:
                    axis = draw(st.sampled_from([None, 0, -1]))
                    new = _reduced(draw(st.sampled_from(REDUCE)), x, axis)
                case "choose" if sort != "bool":
                    other = ag.astype(y, x.dtype) if _sort(y) == sort else x
                    new = ag.where(INPUTS["counts"] > 2, x, other)
                case _:
                    new = draw(st.sampled_from(ANY_1))(x)
        except ShapeError:
            continue
        if new.ndim < 4:
            pool.append(new)
    return pool[len(INPUTS) :][-3:] or pool[:1]


ARGUMENTS = [v for _, v in VALUES.values()]


@functools.cache
def reference(outputs: tuple[Expr, ...]) -> list[np.ndarray[Any, Any]]:
    f = ag.function(list(INPUTS.values()), list(outputs), backend="numpy")
    try:
        return list(f(*ARGUMENTS))
    except ShapeError:
        # A length that is known at the call only may turn out not to fit.
        assume(False)
        raise


def assert_close(got: Any, want: Any) -> None:
    got = np.asarray(got)
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
    else:
        # float32 may stand anywhere below a float64 result.
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-4)


@settings(max_examples=150)
@given(graphs())
def test_inference_predicts_what_comes_out(outputs: list[Expr]) -> None:
    n = ag.input("open", shape=("n", 3)).shape[0]
    for x, value in zip(outputs, reference(tuple(outputs)), strict=True):
        known = [d if isinstance(d, int) else int(_length(d, n)) for d in x.shape]
        assert (str(value.dtype), list(value.shape)) == (x.dtype, known)


def _length(d: Expr, n: Any) -> Any:
    x = INPUTS["open"]
    return ag.function([x], d, backend="numpy")(VALUES["open"][1])


@settings(max_examples=150)
@given(graphs())
def test_saving_and_loading_gives_the_identical_graph(outputs: list[Expr]) -> None:
    data = dumps(outputs)
    again = loads(data)
    assert len(again) == len(outputs)
    assert all(a is b for a, b in zip(again, outputs, strict=True))
    assert dumps(again) == data


@settings(max_examples=25)
@given(graphs())
def test_jax_agrees_with_the_reference(outputs: list[Expr]) -> None:
    expected = reference(tuple(outputs))
    f = ag.function(list(INPUTS.values()), outputs, backend="jax")
    for got, want in zip(f(*ARGUMENTS), expected, strict=True):
        assert_close(got, want)


@pytest.mark.slow
@settings(max_examples=200)
@given(graphs())
def test_jax_agrees_with_the_reference_on_many(outputs: list[Expr]) -> None:
    expected = reference(tuple(outputs))
    f = ag.function(list(INPUTS.values()), outputs, backend="jax")
    for got, want in zip(f(*ARGUMENTS), expected, strict=True):
        assert_close(got, want)


@settings(max_examples=8)
@given(graphs())
def test_numba_agrees_with_the_reference(outputs: list[Expr]) -> None:
    expected = reference(tuple(outputs))
    f = ag.function(list(INPUTS.values()), outputs, backend="numba")
    for got, want in zip(f(*ARGUMENTS), expected, strict=True):
        assert_close(got, want)


@pytest.mark.slow
@settings(max_examples=60)
@given(graphs())
def test_numba_agrees_with_the_reference_on_many(outputs: list[Expr]) -> None:
    expected = reference(tuple(outputs))
    f = ag.function(list(INPUTS.values()), outputs, backend="numba")
    for got, want in zip(f(*ARGUMENTS), expected, strict=True):
        assert_close(got, want)


def test_the_comparison_catches_a_lie() -> None:
    with pytest.raises(AssertionError):
        assert_close(np.array([1.0, 2.001]), np.array([1.0, 2.0]))
    with pytest.raises(AssertionError):
        assert_close(np.array([1, 2], dtype="int32"), np.array([1, 2]))
    assert broadcast_shapes([(2, 1), (3,)], "") == (2, 3)
