"""The vocabulary beside the Python array API standard (2024.12): names, keywords and values.

``array_api_strict``, the standard's own minimal implementation, is the reference: what it
refuses is not compared, what it computes must come out the same, data type included.
"""

from __future__ import annotations

import inspect
import itertools
import warnings
from typing import Any

import numpy as np
import pytest

import astragal as ag

xp: Any = pytest.importorskip("array_api_strict")

# What is not here, and why.
ABSENT = {
    "conj": "there are no complex numbers",
    "imag": "there are no complex numbers",
    "real": "there are no complex numbers",
    "from_dlpack": "values enter a graph by asarray, and functions take arrays of any library",
    "broadcast_shapes": "of a later version of the standard",
}
OTHER_KEYWORDS = {
    "device": "a graph is on no device until it is compiled",
    "copy": "expressions are immutable",
}
NUMBERS = ["float64", "float32", "int64", "int32", "int8", "uint8", "uint64"]
DTYPES = [*NUMBERS, "bool"]


def functions(module: Any) -> dict[str, Any]:
    """The standard's functions in a module of the reference."""
    own = ("_array_api_strict_flags", "__array_namespace_info__")
    names = [n for n in module.__all__ if not n.endswith(own)]
    found = {n: getattr(module, n) for n in names}
    return {n: f for n, f in found.items() if callable(f) and not isinstance(f, type)}


def edges(dtype: str) -> np.ndarray[Any, Any]:
    """Values at which implementations differ."""
    if dtype == "bool":
        return np.array([False, True])
    if dtype.startswith("float"):
        big = float(np.finfo(dtype).max)
        tiny = float(np.finfo(dtype).tiny)
        ends = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, big, -big, tiny]
        return np.array([*ends, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, 710.0], dtype)
    info = np.iinfo(dtype)
    return np.array([info.min, info.max, 0, 1, 2, 7, info.max - 1, info.min + 1], dtype)


ELEMENTWISE_1 = [
    *[
        "abs",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "bitwise_invert",
        "ceil",
        "cos",
        "cosh",
        "exp",
        "expm1",
        "floor",
    ],
    *[
        "isfinite",
        "isinf",
        "isnan",
        "log",
        "log1p",
        "log2",
        "log10",
        "logical_not",
        "negative",
        "positive",
    ],
    *[
        "reciprocal",
        "round",
        "sign",
        "signbit",
        "sin",
        "sinh",
        "square",
        "sqrt",
        "tan",
        "tanh",
        "trunc",
    ],
]
ELEMENTWISE_2 = [
    *["add", "atan2", "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift"],
    *[
        "bitwise_xor",
        "copysign",
        "divide",
        "equal",
        "floor_divide",
        "greater",
        "greater_equal",
        "hypot",
    ],
    *[
        "less",
        "less_equal",
        "logaddexp",
        "logical_and",
        "logical_or",
        "logical_xor",
        "maximum",
        "minimum",
    ],
    *["multiply", "nextafter", "not_equal", "pow", "remainder", "subtract"],
]
# Results that the standard leaves open, and where the reference shows a machine's.
OPEN = {
    "floor_divide": "integers divided by 0",
    "remainder": "integers divided by 0",
    "bitwise_left_shift": "shifts by a negative number, or by all bits",
    "bitwise_right_shift": "shifts by a negative number, or by all bits",
    "pow": "integers to negative powers",
}


def is_open(name: str, b: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if name not in OPEN or b.dtype.kind == "f":
        return np.zeros(b.shape, bool)
    if name in ("floor_divide", "remainder"):
        return np.asarray(b == 0)
    if name == "pow":
        return np.asarray(b < 0)
    return np.asarray((b < 0) | (b >= b.dtype.itemsize * 8))


def standard(call: Any) -> Any:
    """What the reference computes, or None where it refuses."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return call()
        except (TypeError, ValueError, IndexError, OverflowError):
            return None


def assert_same(got: Any, want: Any, what: str, hole: Any = False) -> None:
    """Compare a value with the reference's: shape, data type, and each element."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.dtype == want.dtype, what
    assert got.shape == want.shape, what
    keep = ~np.broadcast_to(hole, got.shape)
    if got.dtype.kind == "f":
        rtol = 1e-5 if got.dtype == np.float32 else 1e-13
        np.testing.assert_allclose(got[keep], want[keep], rtol=rtol, err_msg=what)
        zero = keep & (want == 0)
        np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]), what)
    else:
        np.testing.assert_array_equal(got[keep], want[keep], what)


# -- names and keywords --------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["", "linalg"])
def test_every_function_is_here_or_its_absence_has_a_reason(where: str) -> None:
    theirs, ours = (xp.linalg, ag.linalg) if where else (xp, ag)
    missing = {n for n in functions(theirs) if not hasattr(ours, n)}
    assert missing == (set() if where else set(ABSENT))


@pytest.mark.parametrize("where", ["", "linalg"])
def test_keywords_are_the_standards(where: str) -> None:
    theirs, ours = (xp.linalg, ag.linalg) if where else (xp, ag)
    for name, function in functions(theirs).items():
        if name in ABSENT:
            continue
        wanted = inspect.signature(function).parameters.values()
        mine = inspect.signature(getattr(ours, name)).parameters
        open_ended = any(p.kind is p.VAR_KEYWORD for p in mine.values())
        for p in wanted:
            if p.kind is p.KEYWORD_ONLY and p.name not in OTHER_KEYWORDS:
                assert p.name in mine or open_ended, f"{name}({p.name}=)"


# -- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE_1)
def test_elementwise_functions_of_one_array(name: str) -> None:
    compared = 0
    for dtype in DTYPES:
        values = edges(dtype)
        for part in (values, values[:0], values[1], values.reshape(-1, 1)):
            x = np.asarray(part)
            want = standard(lambda x=x: getattr(xp, name)(xp.asarray(x)))
            if want is not None:
                assert_same(
                    ag.evaluate(getattr(ag, name)(ag.constant(x))), want, f"{name} of {dtype}"
                )
                compared += 1
    assert compared >= 4


@pytest.mark.parametrize("name", ELEMENTWISE_2)
def test_elementwise_functions_of_two_arrays(name: str) -> None:
    compared = 0
    for s, t in itertools.product(DTYPES, DTYPES):
        a, b = edges(s)[:, None], edges(t)[None, :]
        want = standard(lambda a=a, b=b: getattr(xp, name)(xp.asarray(a), xp.asarray(b)))
        if want is None:
            continue
        wide = np.broadcast_to(b, (a.size, b.size)).astype(np.result_type(a, b))
        got = ag.evaluate(getattr(ag, name)(ag.constant(a), ag.constant(b)))
        assert_same(got, want, f"{name} of {s} and {t}", is_open(name, wide))
        compared += 1
    assert compared >= 1


REDUCTIONS: dict[str, list[dict[str, Any]]] = {
    **{n: [{}, {"dtype": "float64"}, {"dtype": "int64"}] for n in ("sum", "prod")},
    **{n: [{}] for n in ("max", "min", "mean", "any", "all", "count_nonzero")},
    **{n: [{}, {"correction": 1}] for n in ("std", "var")},
}


@pytest.mark.parametrize("name", list(REDUCTIONS))
def test_reductions(name: str) -> None:
    compared = 0
    for dtype, more in itertools.product(DTYPES, REDUCTIONS[name]):
        v = edges(dtype)[-6:] if dtype != "bool" else edges(dtype)
        if dtype.startswith("float"):
            v = v / 4
        empty = [np.zeros(shape, dtype) for shape in ((0, 3), (2, 0))]
        for x in (np.resize(v, (2, 3)), np.asarray(v[1]), *empty):
            axes = [None, 0, -1, (0, 1), ()] if x.ndim == 2 else [None]
            for axis, keepdims in itertools.product(axes, (False, True)):
                options: dict[str, Any] = {"axis": axis, "keepdims": keepdims}
                theirs = {
                    **options,
                    **{k: getattr(xp, d) if k == "dtype" else d for k, d in more.items()},
                }
                want = standard(lambda x=x, o=theirs: getattr(xp, name)(xp.asarray(x), **o))
                if want is None:
                    continue
                got = ag.evaluate(getattr(ag, name)(ag.constant(x), **options, **more))
                assert_same(got, want, f"{name} of {dtype}{x.shape}, {options}, {more}")
                compared += 1
    assert compared >= 20


M = np.arange(24.0).reshape(2, 3, 4)
V = np.array([3, 1, 2, 1, 3])
B = np.array([[True, False], [False, True]])
F = np.array([2.0, np.nan, -0.0, 0.0, np.inf, -1.0])
A = np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])

# Function, arrays, and what else it is called with.
CALLS: list[tuple[str, list[Any], tuple[Any, ...], dict[str, Any]]] = [
    ("broadcast_to", [V], ((2, 5),), {}),
    ("expand_dims", [M], (), {"axis": 1}),
    ("expand_dims", [M], (), {"axis": -1}),
    ("flip", [M], (), {}),
    ("flip", [M], (), {"axis": (0, 2)}),
    ("matrix_transpose", [M], (), {}),
    ("moveaxis", [M], (0, -1), {}),
    ("permute_dims", [M], ((2, 0, 1),), {}),
    ("repeat", [V], (2,), {}),
    ("repeat", [M], (2,), {"axis": 1}),
    ("reshape", [M], ((4, -1),), {}),
    ("roll", [M], (1,), {}),
    ("roll", [M], ((1, -2),), {"axis": (0, 2)}),
    ("squeeze", [M[:, :1]], (1,), {}),
    ("tile", [B], ((2, 3),), {}),
    ("tril", [M], (), {"k": -1}),
    ("triu", [M], (), {"k": 1}),
    ("diff", [V], (), {"n": 2}),
    ("diff", [M], (), {"axis": 1}),
    ("cumulative_sum", [V], (), {}),
    ("cumulative_sum", [M], (), {"axis": 1, "include_initial": True}),
    ("cumulative_prod", [V], (), {"include_initial": True}),
    ("cumulative_sum", [V.astype("int8")], (), {}),
    ("argmax", [F], (), {}),
    ("argmin", [M], (), {"axis": 1, "keepdims": True}),
    ("argsort", [V], (), {"stable": True}),
    ("argsort", [V], (), {"descending": True, "stable": True}),
    ("sort", [M], (), {"axis": 0, "descending": True}),
    ("searchsorted", [np.array([1, 2, 3]), V], (), {"side": "right"}),
    ("where", [B, M[0, :2, :2], V[:2].astype(float)], (), {}),
    ("clip", [F], (-0.5, 1.5), {}),
    ("clip", [V], (), {"min": 2}),
    ("take", [M], (np.array([2, 0]),), {"axis": 1}),
    ("take_along_axis", [A, np.argsort(A, 0)], (), {"axis": 0}),
    ("isin", [V, np.array([1, 7])], (), {}),
    ("matmul", [A, A[0]], (), {}),
    ("matmul", [M, M[0].T.copy()], (), {}),
    ("tensordot", [M, M], (), {"axes": 3}),
    ("tensordot", [M, A], (), {"axes": ((1,), (0,))}),
    ("vecdot", [M, M[0]], (), {}),
    ("vecdot", [A, A], (), {"axis": -2}),
    ("astype", [F[:1]], ("float32",), {}),
    ("unique_values", [V], (), {}),
    ("unique_counts", [V], (), {}),
    ("unique_inverse", [V], (), {}),
    ("nonzero", [B], (), {}),
    ("broadcast_arrays", [V, A[:, :1]], (), {}),
    ("meshgrid", [F, A[0]], (), {"indexing": "ij"}),
    ("unstack", [M], (), {"axis": 1}),
    ("linalg.cholesky", [A], (), {}),
    ("linalg.cholesky", [A], (), {"upper": True}),
    ("linalg.cross", [A, A[::-1].copy()], (), {}),
    ("linalg.det", [A], (), {}),
    ("linalg.diagonal", [M], (), {"offset": 1}),
    ("linalg.eigvalsh", [A], (), {}),
    ("linalg.inv", [A], (), {}),
    ("linalg.matrix_norm", [M], (), {}),
    ("linalg.matrix_norm", [M], (), {"ord": 1, "keepdims": True}),
    ("linalg.matrix_norm", [M], (), {"ord": "nuc"}),
    ("linalg.matrix_norm", [M], (), {"ord": -np.inf}),
    ("linalg.matrix_power", [A], (3,), {}),
    ("linalg.matrix_power", [A], (-2,), {}),
    ("linalg.matrix_rank", [np.outer(V, V).astype(float)], (), {}),
    ("linalg.outer", [V, V], (), {}),
    ("linalg.pinv", [M], (), {}),
    ("linalg.slogdet", [A], (), {}),
    ("linalg.solve", [A, A[0]], (), {}),
    ("linalg.solve", [A, M[:, :3]], (), {}),
    ("linalg.svdvals", [M], (), {}),
    ("linalg.trace", [M], (), {"offset": -1}),
    ("linalg.vector_norm", [M], (), {"axis": (0, 2)}),
    ("linalg.vector_norm", [F[2:4]], (), {"ord": np.inf}),
    ("linalg.vector_norm", [V.astype(float)], (), {"ord": 3, "keepdims": True}),
    ("linalg.vector_norm", [V.astype(float)], (), {"ord": 0}),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda c: f"{c[0]} {c[2]} {c[3]}")
def test_calls(call: Any) -> None:
    name, arrays, args, named = call

    def run(lib: Any, make: Any) -> Any:
        home = lib.linalg if name.startswith("linalg.") else lib
        rest = [make(a) if isinstance(a, np.ndarray) else a for a in args]
        if lib is xp and name == "astype":
            rest = [getattr(xp, args[0])]
        return getattr(home, name.removeprefix("linalg."))(*map(make, arrays), *rest, **named)

    want = run(xp, xp.asarray)
    got = ag.evaluate(run(ag, ag.constant))
    if not isinstance(want, (list, tuple)):
        want, got = [want], [got]
    assert len(want) == len(got)
    for ours, theirs in zip(map(np.asarray, got), map(np.asarray, want), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


CREATED: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("arange", (5,), {}),
    ("arange", (1, 8, 3), {}),
    ("arange", (5.0,), {}),
    ("arange", (5, 0, -2), {"dtype": "float32"}),
    ("eye", (3,), {}),
    ("eye", (2, 4), {"k": -1, "dtype": "int8"}),
    ("full", ((2, 3), 7), {}),
    ("full", ((2,), True), {}),
    ("full", ((), 1.5), {"dtype": "float32"}),
    ("linspace", (0.0, 1.0, 5), {}),
    ("linspace", (0.0, 1.0, 5), {"endpoint": False}),
    ("linspace", (0, 7, 1), {"dtype": "float32"}),
    ("ones", ((2, 3),), {}),
    ("zeros", (4,), {"dtype": "int32"}),
]


@pytest.mark.parametrize("call", CREATED, ids=lambda c: f"{c[0]} {c[1]} {c[2]}")
def test_creation(call: Any) -> None:
    name, args, named = call
    theirs = {k: getattr(xp, v) if k == "dtype" else v for k, v in named.items()}
    assert_same(
        ag.evaluate(getattr(ag, name)(*args, **named)), getattr(xp, name)(*args, **theirs), name
    )


INDICES: list[Any] = [
    0, -1, (0, 1), (1, slice(None), -1), slice(None, None, -1), slice(1, None, 2), (..., 0),
    (None, 0), (slice(None), None, slice(2, 0, -1)), ..., (), (slice(1, 1),), (0, ..., None),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing(index: Any) -> None:
    # The standard wants all axes to be named, or an ellipsis; NumPy's habit is ours.
    full = index if isinstance(index, tuple) else (index,)
    want = xp.asarray(M)[full if Ellipsis in full else (*full, ...)]
    assert_same(ag.evaluate(ag.constant(M)[index]), want, repr(index))


@pytest.mark.parametrize(("s", "t"), list(itertools.combinations_with_replacement(DTYPES, 2)))
def test_promotion(s: str, t: str) -> None:
    want = standard(lambda: xp.result_type(getattr(xp, s), getattr(xp, t)))
    if want is not None:
        assert str(ag.result_type(s, t)) == str(np.dtype(want._np_dtype))


@pytest.mark.parametrize("name", ["concat", "stack"])
@pytest.mark.parametrize("axis", [0, -1])
def test_joins(name: str, axis: int) -> None:
    want = getattr(xp, name)([xp.asarray(A), xp.asarray(-A)], axis=axis)
    assert_same(
        ag.evaluate(getattr(ag, name)([ag.constant(A), ag.constant(-A)], axis=axis)), want, name
    )


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "full_like", "empty_like", "asarray"])
def test_likenesses(name: str) -> None:
    more = (3,) if name == "full_like" else ()
    want = np.asarray(getattr(xp, name)(xp.asarray(V), *more))
    got = ag.evaluate(getattr(ag, name)(ag.constant(V), *more))
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    if name != "empty_like":
        assert_same(got, want, name)


@pytest.mark.parametrize("name", ["eigh", "qr", "svd"])
def test_factorisations(name: str) -> None:
    want = getattr(xp.linalg, name)(xp.asarray(A))
    got = ag.evaluate(tuple(getattr(ag.linalg, name)(ag.constant(A))))
    assert [np.shape(g) for g in got] == [w.shape for w in want]
    # Columns may differ by a sign.
    for ours, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(np.abs(ours), np.abs(np.asarray(theirs)), atol=1e-12)


def test_unique_all() -> None:
    for got, want in zip(
        ag.evaluate(tuple(ag.unique_all(ag.constant(V)))), xp.unique_all(xp.asarray(V)), strict=True
    ):
        np.testing.assert_array_equal(np.asarray(got).ravel(), np.asarray(want).ravel())


@pytest.mark.parametrize("dtype", DTYPES)
def test_inspection(dtype: str) -> None:
    theirs = getattr(xp, dtype)
    kinds = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "numeric"]
    for kind in kinds:
        assert ag.isdtype(dtype, kind) == xp.isdtype(theirs, kind)
    # Between kinds the standard leaves it open; here integers may become floats.
    for other in (d for d in DTYPES if np.dtype(d).kind == np.dtype(dtype).kind):
        assert ag.can_cast(dtype, other) == xp.can_cast(theirs, getattr(xp, other))
    if dtype.startswith("float"):
        a, b = ag.finfo(dtype), xp.finfo(theirs)
        assert (float(a.eps), float(a.max), a.bits) == (float(b.eps), float(b.max), b.bits)
    elif dtype != "bool":
        assert (ag.iinfo(dtype).min, ag.iinfo(dtype).max) == (
            xp.iinfo(theirs).min,
            xp.iinfo(theirs).max,
        )
