"""Every operation has a Numba lowering, and it computes what the reference computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.compile.numba import compile_numba
from astragal.compile.numba.codegen import generate
from astragal.compile.numba.elementwise import TEMPLATES
from astragal.compile.numba.expand import RULES
from astragal.compile.numba.plan import REDUCTIONS, SOURCES, VIEWS
from astragal.compile.numba.scope import OPAQUE
from astragal.compile.numba.special import row
from astragal.compile.numpy import compile_numpy
from astragal.graph.expr import Expr
from astragal.graph.types import FLOATS, SIGNED, TensorType
from astragal.ops import OPS

WRITTEN_OUT = {"where", "astype", "bitcast", "map", "item", "shape", "constant", "dimension"}
LEAVES = {"input", "parameter"}


def test_every_operation_has_a_lowering() -> None:
    known = {*OPAQUE, *TEMPLATES, *RULES, *REDUCTIONS, *VIEWS, *SOURCES, *WRITTEN_OUT, *LEAVES}
    assert [name for name in OPS if name not in known and row(name) is None] == []


def assert_agreement(
    inputs: list[Expr], outputs: list[Expr], *values: Any, rtol: float = 1e-12
) -> None:
    wanted = compile_numpy(inputs, outputs)(*values)
    got = compile_numba(inputs, outputs)(*values)
    for o, g, w in zip(outputs, got, wanted, strict=True):
        assert isinstance(o.type, TensorType)
        assert g.dtype == np.dtype(o.dtype), o
        assert g.shape == np.shape(w), o
        np.testing.assert_allclose(g, w, rtol=rtol, atol=1e-300, err_msg=str(o))


# -- elementwise, one operation at a time, over data types -----------------------------------

EDGES = {
    "f": [0.0, -0.0, 1.0, -1.0, 0.3, -2.7, 1e9, np.inf, -np.inf, np.nan, 2.5, 0.5],
    "i": [0, 1, -1, 3, -7, 100, 2, -128, 127, 5, -2, 6],
    "u": [0, 1, 3, 7, 100, 2, -1, 128, 5, 6, 4, -2],  # below zero: the largest of a word
    "b": [False, True],
}
# Meaningless there, or left open by C: shifts by less than nothing, integer powers below zero.
PAIRS_OF = {
    "bitwise_left_shift": lambda x, y: (x, _small(y)),
    "bitwise_right_shift": lambda x, y: (x, _small(y)),
    "pow": lambda x, y: (x, y if y.dtype.kind == "f" else np.abs(y) % 5),
}


def _small(y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return y * 0 if y.dtype.kind == "f" else np.abs(y // 2) % 70


ULPS = {"polygamma": 1e-9, "zeta": 1e-11, "pow": 1e-13, "logit": 1e-11, "log_kve": 1e-9}
# Written out: conversions have a test of their own, the others are in every graph.
SKIPPED = {"map", "astype", "bitcast", "where"}


def _values(dtype: str) -> np.ndarray[Any, Any]:
    kind = np.dtype(dtype).kind
    raw = EDGES[kind]
    with np.errstate(all="ignore"):
        return np.array(raw, "int64" if kind in "iu" else None).astype(dtype)


ROWS = [
    (name, dtype)
    for name, op in OPS.items()
    if op.elementwise and name not in SKIPPED
    for dtype in ("bool", "int8", "int64", "uint8", "uint64", "float32", "float64")
]


def _arguments(name: str, dtype: str, arity: int) -> list[np.ndarray[Any, Any]]:
    """All pairs of edge values, or a few ordinary triples."""
    if arity > 2:
        rng = np.random.default_rng(7)
        return [rng.uniform(0.1, 0.9, 20).astype(dtype) for _ in range(arity)]
    flat = [g.reshape(-1) for g in np.meshgrid(*[_values(dtype)] * arity)]
    if name == "gammaln":  # SciPy's float32 version errs at minus infinity
        flat = [f[~np.isneginf(f)] for f in flat]
    if arity < 2:
        return flat
    if name in PAIRS_OF:
        flat = list(PAIRS_OF[name](*flat))
    if name in ("polygamma", "zeta", "log_kve"):
        flat = [np.abs(f) for f in flat]
        keep = np.isfinite(flat[0]) & np.isfinite(flat[1]) & (flat[0] < 50)
        keep &= (flat[1] > 0) & (np.round(flat[0]) == flat[0])
        flat = [f[keep] for f in flat]
    return flat


NAMES = sorted({n for n, _ in ROWS})
GROUPS = [NAMES[k::6] for k in range(6)]  # a program each: compiling is what takes time


@pytest.mark.slow
@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_elementwise_operations_agree_at_ordinary_and_extreme_values(group: int) -> None:
    inputs: list[Expr] = []
    outputs: list[Expr] = []
    values: list[np.ndarray[Any, Any]] = []
    for name, dtype in [(n, d) for n, d in ROWS if n in GROUPS[group]]:
        for arity in (1, 2, 3, 4):
            with np.errstate(all="ignore"):
                given = _arguments(name, dtype, arity)
            at = len(inputs)
            args = [ag.input(f"x{at + j}", shape=v.shape, dtype=dtype) for j, v in enumerate(given)]
            try:
                out = OPS[name](*args)
            except TypeError:
                continue
            if out.op is OPS[name] and out.args == tuple(args):
                inputs += args
                values += given
                outputs.append(out)
    wanted = compile_numpy(inputs, outputs)(*values)
    got = compile_numba(inputs, outputs)(*values)
    for o, g, w in zip(outputs, got, wanted, strict=True):
        name, dtype = o.op.name, o.args[0].dtype
        assert g.dtype == np.dtype(o.dtype)
        # SciPy's functions of float32 are less exact than ours, which compute in float64.
        rtol = ULPS.get(name, 1e-12) if dtype != "float32" else 1e-4
        np.testing.assert_allclose(g, w, rtol=rtol, atol=1e-300, err_msg=f"{name} of {dtype}")


def test_conversions_agree() -> None:
    dtypes = ["bool", "int8", "int64", "uint32", "float32", "float64"]
    inputs, outputs, values = [], [], []
    for source in dtypes:
        x = ag.input(f"x_{source}", shape=(6,), dtype=source)
        inputs.append(x)
        raw = np.array([0, 1, 2, 100, 3, 0])
        values.append((-raw if source in FLOATS | SIGNED else raw).astype(source))
        for target in dtypes:
            if source not in FLOATS or target not in ("bool", "uint32"):
                outputs.append(ag.astype(x, target))
    assert_agreement(inputs, outputs, *values)


# -- whole arrays ----------------------------------------------------------------------------

RNG = np.random.default_rng(99)
M = RNG.normal(size=(2, 4, 4))
SPD = M @ np.swapaxes(M, -1, -2) + np.eye(4)
WIDE = RNG.normal(size=(2, 3, 5))
T = RNG.normal(size=(3, 4, 2))
T[1, 2, 0] = T[0, 0, 1]
m = ag.input("m", shape=(2, 4, 4))
s = ag.input("s", shape=(2, 4, 4))
w = ag.input("w", shape=(2, 3, 5))
t = ag.input("t", shape=(3, 4, 2))
VALUES = {m: M, s: SPD, w: WIDE, t: T}


def _projector(q: Expr) -> Expr:
    """What a factor determines whatever its signs: the space of its columns."""
    return q @ ag.matrix_transpose(q)


WHOLE: dict[str, Callable[[], list[Expr]]] = {
    "sort": lambda: [ag.sort(t, axis=a) for a in (0, 1, 2)],
    "argsort": lambda: (
        [ag.argsort(t, axis=a) for a in (0, 1, 2)]
        + [ag.argsort(ag.floor(t), axis=1, descending=True)]
    ),
    "argmax and argmin": lambda: [ag.argmax(t, axis=1), ag.argmin(t), ag.argmax(t[0, :, 0])],
    "searchsorted": lambda: [
        ag.searchsorted(ag.sort(t[:, 0, 0]), t[1]),
        ag.searchsorted(ag.sort(t[0, :, 0]), t[0, 1, 0], side="right"),
    ],
    "cumulative": lambda: [
        ag.cumulative_sum(t, axis=1),
        ag.cumulative_prod(t[:, 0, 1]),
        ag.cumulative_sum(t > 0, axis=0),
    ],
    "logsumexp": lambda: [
        ag.logsumexp(t, axis=1),
        ag.logsumexp(t),
        ag.logsumexp(t, axis=(0, 2), keepdims=True),
    ],
    "masks": lambda: [t[t > 0.3], t[0][t[0] > 9.0], ag.nonzero(t[0] > 0)[1]],
    "matmul": lambda: [
        m @ s,
        m[0] @ s,
        m @ s[1],
        m @ s[1, 2],
        s[0, 1] @ m,
        w @ ag.matrix_transpose(w),
        m[0] @ m[1],
        m[0, 0] @ m[1],
        m[0] @ m[1, 1],
        m[0, 0] @ m[1, 1],
    ],
    "cholesky": lambda: [ag.linalg.cholesky(s), ag.linalg.cholesky(s[0], upper=True)],
    "solve": lambda: [
        ag.linalg.solve(m, s),
        ag.linalg.solve(m[0], s[1, 2]),
        ag.linalg.solve(m, s[0]),
        ag.linalg.inv(m),
    ],
    "triangular": lambda: [
        ag.linalg.solve_triangular(m, s, lower=low, transpose=tr, unit_diagonal=unit)
        for low in (True, False)
        for tr in (True, False)
        for unit in (True, False)
    ],
    "determinants": lambda: [ag.linalg.det(m), *ag.linalg.slogdet(m), ag.linalg.det(s[0])],
    "eigh": lambda: [
        ag.linalg.eigh(s)[0],
        ag.abs(ag.linalg.eigh(s)[1]),
    ],
    "svd": lambda: [
        ag.linalg.svdvals(w),
        ag.abs(ag.linalg.svd(w, full_matrices=False)[2]),
        ag.abs(ag.linalg.svd(w[0])[0]),
    ],
    "qr": lambda: [
        *ag.linalg.qr(w),
        *ag.linalg.qr(ag.matrix_transpose(w)),
        *ag.linalg.qr(ag.matrix_transpose(w)[0], mode="complete"),
    ],
    "einsum": lambda: [ag.einsum("bij,bkj->bik", w, w), ag.einsum("bii->b", m)],
}


ORDER = ["sort", "argsort", "argmax and argmin", "searchsorted", "cumulative", "logsumexp", "masks"]
SPECTRAL = ["eigh", "svd", "qr"]
REST = [g for g in WHOLE if g not in (*ORDER, *SPECTRAL)]


@pytest.mark.parametrize(
    "groups", [ORDER, REST, pytest.param(SPECTRAL, marks=pytest.mark.slow)], ids=lambda g: g[0]
)
def test_operations_on_whole_arrays_agree(groups: list[str]) -> None:
    outputs = [o for g in groups for o in WHOLE[g]()]
    assert_agreement(list(VALUES), outputs, *VALUES.values(), rtol=1e-9)


def test_a_matrix_without_a_factor_gives_nan_and_leaves_its_neighbours() -> None:
    bad = SPD.copy()
    bad[0] = -np.eye(4)
    singular = M.copy()
    singular[1, :, 0] = 0.0
    factor, solution = compile_numba([s, m], [ag.linalg.cholesky(s), ag.linalg.inv(m)])(
        bad, singular
    )
    assert np.isnan(factor[0]).all()
    assert np.isfinite(factor[1]).all()
    assert np.isfinite(solution[0]).all()
    assert np.isnan(solution[1]).all()


def test_what_has_no_lowering_says_so() -> None:
    from astragal.graph.errors import UnsupportedError
    from astragal.ops.declare import elementwise

    strange = elementwise("strange_function", 1)
    x = ag.input("x", shape=(3,))
    with pytest.raises(UnsupportedError, match="no rule for strange_function"):
        generate([x], [strange(x)])
