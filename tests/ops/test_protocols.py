"""NumPy's functions and operators, and the methods of arrays, on expressions."""

# A row of the table is a line, and reads alike whatever its lambda holds.
# ruff: noqa: E501, PLW0108

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import astragal as ag
from astragal.compile.numpy import compile_numpy
from astragal.graph.tree import flatten
from astragal.ops.protocols import FUNCTIONS, REDUCTIONS, UFUNCS

RNG = np.random.default_rng(5)
M, N, V = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 3)), np.array([3.0, -1.0, 4.0, 1.5])
S = N.T @ N + np.eye(3)
POSITIVE = np.array([0.3, 0.9, 0.05, 0.6])


def evaluated(build: Callable[..., Any], *arrays: np.ndarray) -> Any:
    """Give what the same Python code makes of expressions."""
    inputs = [ag.input(f"x{i}", a.shape, a.dtype) for i, a in enumerate(arrays)]
    result = build(*inputs)
    leaves, write = flatten(result)
    return write(compile_numpy(inputs, [ag.asarray(v) for v in leaves])(*arrays))


def assert_same(build: Callable[..., Any], *arrays: np.ndarray) -> None:
    ours, theirs = flatten(evaluated(build, *arrays))[0], build(*arrays)
    many = isinstance(theirs, (tuple, list))
    for a, b in zip(ours, list(theirs) if many else [theirs], strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


# fmt: off
CALLS: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "ufunc":          (lambda x: np.exp(np.sin(x)) + np.log1p(np.abs(x)), (M,)),
    "array first":    (lambda x: np.arange(4.0) * x - np.ones(4) / (1.0 + x**2), (M,)),
    "scalar first":   (lambda x: np.float64(2.5) * x + np.int64(3) - np.float64(1) / (3 + x), (M,)),
    "power":          (lambda x: np.power(np.abs(x), 1.5) + np.float64(2.0) ** x, (M,)),
    "comparison":     (lambda x: (np.less(x, 0.3) & (np.zeros(4) <= x)) | np.logical_not(x), (M,)),
    "bits":           (lambda x: (np.bitwise_and(x, 6) << 1) ^ np.invert(x), (np.array([5, 9, 12]),)),
    "divmod":         (lambda x: np.divmod(x, 1.25), (M,)),
    "degrees":        (lambda x: np.deg2rad(x) + np.degrees(x) + np.exp2(x), (M,)),
    "fmax":           (lambda x: np.fmax(x, np.array([np.nan, 0.0, 1.0, np.nan])), (M,)),
    "reduce":         (lambda x: np.add.reduce(x) + np.maximum.reduce(x, axis=0), (M,)),
    "accumulate":     (lambda x: np.add.accumulate(x, axis=1), (M,)),
    "outer ufunc":    (lambda x: np.subtract.outer(x, x), (V,)),
    "scipy":          (lambda x: scipy.special.gammaln(x) + scipy.special.expit(x) * scipy.special.ndtr(x), (POSITIVE,)),
    "scipy of two":   (lambda x: scipy.special.xlogy(x, x) + scipy.special.betaln(x, 2.0), (POSITIVE,)),
    "sum":            (lambda x: np.sum(x, axis=0) + np.sum(x) + np.sum(x, axis=1, keepdims=True)[0], (M,)),
    "sum in float32": (lambda x: np.sum(x, dtype="float32"), (POSITIVE,)),
    "prod":           (lambda x: np.prod(x, axis=-1), (M,)),
    "mean":           (lambda x: np.mean(x, axis=(0, 1), keepdims=True), (M,)),
    "var":            (lambda x: np.var(x, axis=1, ddof=1) + np.std(x, axis=1), (M,)),
    "average":        (lambda x: np.average(x, axis=1, weights=np.array([1.0, 2.0, 3.0, 4.0])), (M,)),
    "extremes":       (lambda x: (np.max(x), np.amin(x, axis=0), np.ptp(x, axis=1)), (M,)),
    "any and all":    (lambda x: (np.any(x, axis=0), np.all(x - x[0, 0])), (M,)),
    "cumsum":         (lambda x: (np.cumsum(x), np.cumprod(x, axis=0)), (M,)),
    "quantiles":      (lambda x: (np.median(x, axis=0), np.quantile(x, [0.2, 0.5]), np.percentile(x, 30.0, axis=1)), (M,)),
    "places":         (lambda x: (np.argmax(x, axis=1), np.argmin(x), np.argsort(x), np.count_nonzero(x)), (M,)),
    "sort":           (lambda x: np.sort(x, axis=0), (M,)),
    "searchsorted":   (lambda x: np.searchsorted(np.array([0.0, 1.0, 2.0]), x, side="right"), (V,)),
    "unique":         (lambda x: np.unique(x), (np.array([3, 1, 3, 2]),)),
    "isin":           (lambda x: np.isin(x, [1, 2]), (np.array([3, 1, 3, 2]),)),
    "where":          (lambda x: np.where(x > 0, x, 0.0), (M,)),
    "where, one":     (lambda x: np.where(x > 0), (M,)),
    "clip":           (lambda x: np.clip(x, -0.5, 0.5) + np.round(x, 1), (M,)),
    "nan_to_num":     (lambda x: np.nan_to_num(x, nan=2.0, posinf=9.0), (np.array([np.nan, np.inf, -np.inf, 1.0]),)),
    "isclose":        (lambda x: np.isclose(x, x + 1e-9, rtol=1e-6), (M,)),
    "allclose":       (lambda x: np.allclose(x, x + 1.0), (M,)),
    "take":           (lambda x: (np.take(x, [2, 0], axis=1), np.take(x, [5, 1])), (M,)),
    "reshape":        (lambda x: np.reshape(x, (2, 6)) @ np.ravel(x).reshape(6, 2), (M,)),
    "transpose":      (lambda x: (np.transpose(x), np.swapaxes(x, 0, 1), np.moveaxis(x, 0, 1), x.transpose(1, 0)), (M,)),
    "squeeze":        (lambda x: np.squeeze(x[None, :, None]), (M,)),
    "expand_dims":    (lambda x: np.expand_dims(x, 1), (M,)),
    "broadcast":      (lambda x: np.broadcast_to(x, (2, 3, 4)), (M,)),
    "joins":          (lambda x: np.concatenate([x, x * 2, np.ones((1, 4))]), (M,)),
    "joins, flat":    (lambda x: np.concatenate([x, x[:1]], axis=None), (M,)),
    "stacks":         (lambda x: np.vstack([x, x[0]]) if x.ndim == 1 else np.vstack([x, x[:1]]), (M,)),
    "stack of rows":  (lambda x: (np.stack([x, -x], axis=1), np.hstack([x, x]), np.vstack([x, x]), np.dstack([x, x]), np.column_stack([x, x])), (V,)),
    "split":          (lambda x: np.split(x, 2, axis=1), (M,)),
    "split at":       (lambda x: np.split(x, [1, 3], axis=1), (M,)),
    "append":         (lambda x: np.append(x, [1.0, 2.0]), (M,)),
    "repeats":        (lambda x: (np.tile(x, 2), np.repeat(x, 2, axis=0), np.roll(x, 1, axis=1), np.flip(x, 0), np.fliplr(x)), (M,)),
    "likes":          (lambda x: np.zeros_like(x) + np.ones_like(x) * np.full_like(x, 2.5), (M,)),
    "triangles":      (lambda x: np.tril(x) + np.triu(x, 1), (M,)),
    "diff":           (lambda x: np.diff(x, n=2, axis=0), (M,)),
    "dot":            (lambda x, y: (np.dot(x, y), x.dot(y), np.matmul(x, y), x @ y), (M, N)),
    "array @":        (lambda x: np.arange(3.0) @ x, (M,)),
    "inner":          (lambda x, y: (np.inner(x, y.T), np.vdot(x, y.T), np.outer(x, y)), (M, N)),
    "tensordot":      (lambda x, y: np.tensordot(x, y, axes=([0, 1], [1, 0])), (M, N)),
    "einsum":         (lambda x, y: np.einsum("ij,ji->i", x, y), (M, N)),
    "diag":           (lambda x: (np.diag(x), np.trace(x), np.diagonal(x, 1), x.trace(), x.diagonal()), (S,)),
    "kron":           (lambda x, y: np.kron(x, y), (M, N)),
    "norm":           (lambda x: (np.linalg.norm(x), np.linalg.norm(x, axis=1), np.linalg.norm(x, ord=1), np.linalg.norm(x, ord=3, axis=0)), (M,)),
    "solve":          (lambda x, y: (np.linalg.solve(x, y[:3]), np.linalg.inv(x), np.linalg.det(x), np.linalg.cholesky(x)), (S, N)),
    "slogdet":        (lambda x: np.linalg.slogdet(x), (S,)),
    "eigh":           (lambda x: np.linalg.eigvalsh(x), (S,)),
    "svd":            (lambda x: np.linalg.svd(x, compute_uv=False), (M,)),
    "matrix_power":   (lambda x: (np.linalg.matrix_power(x, 3), np.linalg.pinv(x), np.linalg.matrix_rank(x)), (S,)),
    "methods":        (lambda x: (x.sum(), x.prod(0), x.mean(axis=1), x.max(), x.min(0), x.any(), x.all(), x.var(), x.std()), (M,)),
    "more methods":   (lambda x: (x.cumsum(), x.cumprod(0), x.argmax(), x.argmin(0), x.argsort(), x.clip(-1, 1), x.round(1)), (M,)),
    "shape methods":  (lambda x: (x.T, x.mT, x.ravel(), x.flatten(), x.reshape(2, -1), x.reshape((4, 3)), x.swapaxes(0, 1), x.squeeze(), x.copy()), (M,)),
    "places by method": (lambda x: (x.take([0, 2]), x.take([1], axis=1), x.repeat(2), x.repeat(2, axis=0)), (M,)),
    "Python's own":   (lambda x: (abs(x), -x, +x, round(x, 1), divmod(x, 2.0), x.astype("float32"), x // 0.5, x % 0.7), (M,)),
}
# fmt: on


@pytest.mark.parametrize("name", CALLS)
def test_code_written_for_arrays_gives_the_same_with_expressions(name: str) -> None:
    build, arrays = CALLS[name]
    if name == "Python's own":
        for part in range(8):
            if part != 4:
                assert_same(lambda x, part=part: _python(x)[part], *arrays)
        assert_same(lambda x: divmod(x, 2.0), *arrays)
    else:
        assert_same(build, *arrays)


def _python(x: Any) -> list[Any]:
    rounded = np.round(x, 1) if isinstance(x, np.ndarray) else round(x, 1)
    return [abs(x), -x, +x, rounded, None, x.astype("float32"), x // 0.5, x % 0.7]


NUMPYS = sorted(name for name in UFUNCS if isinstance(getattr(np, name, None), np.ufunc))


@pytest.mark.parametrize("name", NUMPYS)
def test_every_ufunc_of_the_table_is_numpys_and_takes_an_expression(name: str) -> None:
    ufunc = getattr(np, name)
    kind = "i" if "bitw" in name or "shift" in name or name == "invert" else "f"
    array = np.array([[2, 3], [1, 2]]) if kind == "i" else np.array([[0.3, 0.9], [0.4, 0.6]])
    array = array + 1.0 if name in {"arccosh", "acosh"} else array
    assert_same(lambda *xs: ufunc(*xs), *[array] * ufunc.nin)


@pytest.mark.parametrize("name", sorted(REDUCTIONS))
def test_every_reduction_of_a_ufunc_is_numpys(name: str) -> None:
    flags = name.startswith("logical")
    assert_same(lambda x: getattr(np, name).reduce(x, axis=1), M > 0 if flags else M)


def test_every_function_of_the_table_is_numpys() -> None:
    assert all(f.__module__.startswith("numpy") for f in FUNCTIONS)


x = ag.input("x", (3,))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: np.fft.fft(x), "numpy.fft.fft of an expression is not supported"),
        (lambda: np.modf(x), "numpy.modf of an expression is not supported"),
        (lambda: np.exp(x, out=np.ones(3)), r"cannot write into an array \(out=\)"),
        (lambda: np.sum(x, out=np.ones(())), "numpy.sum of an expression.*out"),
        (lambda: np.sum(x, where=np.array([True, False, True])), "numpy.sum of .*where"),
        (lambda: np.exp(x, where=np.array([True, False, True])), "numpy.exp of .*where"),
        (lambda: np.multiply.reduceat(x, [0]), "multiply.reduceat"),
        (lambda: np.array([object()]) + x, "array of objects"),
        (lambda: np.asarray(x), "has no value before the graph runs"),
        (lambda: float(x[0]), "has no value before the graph runs"),
        (lambda: [0, 1, 2][ag.input("i", (), "int64")], "has no value before the graph runs"),
        (lambda: x + "a", "unsupported operand"),
        (lambda: x + None, "unsupported operand"),
        (lambda: bool(x[0] > 0), "truth of"),
        (lambda: x[0] == 1.0, "use astragal.equal"),
        (lambda: np.asarray(ag.key(0)), "a key is not an array"),
        (lambda: np.exp(ag.key(0)), "exp of a key"),
    ],
)
def test_what_is_not_supported_says_so(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        call()


def test_arguments_that_hold_the_default_are_let_through() -> None:
    found: list[Any] = [
        np.sum(x, axis=None, dtype=None, out=None),
        np.exp(x, out=None, where=True, dtype="float64"),
        np.add(x, 1.0, casting="same_kind"),
    ]
    assert found == [ag.sum(x), ag.exp(x), x + 1.0]


def test_shapes_are_read_by_numpys_functions() -> None:
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((3,), 1, 3)
    assert np.result_type(x, np.float32(1)) == np.float64
