"""Lowerings of linear algebra, sorting and what runs along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from astragal.compile.numba.loops import Index, Nest, fixed
from astragal.compile.numba.plan import is_one
from astragal.compile.numba.writer import Array, product
from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr
from astragal.graph.types import FLOATS

if TYPE_CHECKING:
    from astragal.compile.numba.scope import Scope

Lowering = Callable[..., Any]


# -- along an axis ---------------------------------------------------------------------------


def _along(function: str, drops: bool = False) -> Lowering:
    """Make the rule of a helper that works along one axis."""

    def lower(scope: Scope, node: Expr) -> Any:
        x, axis = node.args[:2]
        a = scope.array(x)
        dims = a.dims
        outer, n, inner = product(dims[:axis]), dims[axis], product(dims[axis + 1 :])
        if drops and (n == "0" or not n.isdigit()):
            error = ShapeError(f"{node.op.name}: axis {axis} has no elements")
            scope.writer.check(f"{n} == 0", error)
        code = f"{function}({scope.vector(a)}, {outer}, {n}, {inner})"
        out_dims = (*dims[:axis], *dims[axis + 1 :]) if drops else dims
        name = scope.writer.let(code, "a")
        if not out_dims:
            return scope.writer.let(f"at({name}, 0)")
        return Array(name, out_dims, node.dtype, owned=True)

    return lower


def _searchsorted(scope: Scope, node: Expr) -> Any:
    x1, x2, side = node.args
    a = scope.array(x1)
    code = f"search_{side}({a.name}, {a.offset}, {a.dims[0]}, "
    if not x2.type.shape:
        return scope.writer.let(f"{code}{scope.scalar(x2)})")
    dims = scope.dims(x2)
    out = scope.empty(dims, "int64")
    nest = Nest(scope, dims)
    value, _ = nest.element(x2, nest.index)
    place, _ = nest.offset(dims, nest.index)
    nest.after[-1].append(f"put({out.name}, {place}, {code}{value}))")
    nest.close()
    return out


def _nonzero(scope: Scope, node: Expr) -> list[Any]:
    a = scope.array(node.args[0])
    size = product(a.dims)
    count = scope.writer.let(f"count_true({a.name}, {a.offset}, {size})", "n")
    out = []
    for axis, length in enumerate(a.dims):
        stride = product(a.dims[axis + 1 :])
        code = f"places_true({a.name}, {a.offset}, {size}, {count}, {stride}, {length})"
        out.append(scope.result(code, (count,), "int64"))
    return out


# -- matrices --------------------------------------------------------------------------------


def _square(scope: Scope, node: Expr) -> tuple[Array, tuple[str, ...], str]:
    a = scope.array(node.args[0])
    scope.same(node.op.name, a.dims[-2], a.dims[-1])
    return a, a.dims[:-2], a.dims[-1]


def _value(scope: Scope, name: str, dims: tuple[str, ...], dtype: str) -> Any:
    if not dims:
        return scope.writer.let(f"at({name}, 0)")
    return Array(name, dims, dtype, owned=True)


def _dtype(node: Expr) -> str:
    return str(node.args[0].dtype)


def _cholesky(scope: Scope, node: Expr) -> Array:
    a, batch, n = _square(scope, node)
    code = f"cholesky_all({scope.vector(a)}, {product(batch)}, {n})"
    return scope.result(code, a.dims, node.dtype)


def _det(scope: Scope, node: Expr) -> Any:
    a, batch, n = _square(scope, node)
    name = scope.writer.let(f"det_all({scope.vector(a)}, {product(batch)}, {n})", "a")
    return _value(scope, name, batch, node.dtype)


def _several(scope: Scope, code: str, shapes: list[tuple[str, ...]], dtype: str) -> list[Any]:
    names = [scope.writer.fresh("a") for _ in shapes]
    scope.writer.line(f"{', '.join(names)} = {code}")
    return [_value(scope, name, dims, dtype) for name, dims in zip(names, shapes, strict=True)]


def _slogdet(scope: Scope, node: Expr) -> list[Any]:
    a, batch, n = _square(scope, node)
    code = f"slogdet_all({scope.vector(a)}, {product(batch)}, {n})"
    return _several(scope, code, [batch, batch], _dtype(node))


def _eigh(scope: Scope, node: Expr) -> list[Any]:
    a, batch, n = _square(scope, node)
    code = f"eigh_all({scope.vector(a)}, {product(batch)}, {n})"
    return _several(scope, code, [(*batch, n), (*batch, n, n)], _dtype(node))


def _smaller(scope: Scope, m: str, n: str) -> str:
    if m.isdigit() and n.isdigit():
        return str(min(int(m), int(n)))
    return m if m == n else scope.writer.let(f"min({m}, {n})", "n")


def _qr(scope: Scope, node: Expr) -> list[Any]:
    a = scope.array(node.args[0])
    *batch, m, n = a.dims
    complete = node.args[1] == "complete"
    k = m if complete else _smaller(scope, m, n)
    code = f"qr_all({scope.vector(a)}, {product(batch)}, {m}, {n}, {complete})"
    return _several(scope, code, [(*batch, m, k), (*batch, k, n)], _dtype(node))


def _svd(scope: Scope, node: Expr) -> list[Any]:
    a = scope.array(node.args[0])
    *batch, m, n = a.dims
    full = node.args[1]
    k = _smaller(scope, m, n)
    shapes = [(*batch, m, m if full else k), (*batch, k), (*batch, n if full else k, n)]
    code = f"svd_all({scope.vector(a)}, {product(batch)}, {m}, {n}, {full})"
    return _several(scope, code, shapes, _dtype(node))


def broadcast_batch(
    scope: Scope, node: Expr, *operands: tuple[Expr, tuple[str, ...]]
) -> tuple[str, ...]:
    """Give the batch of stacks of matrices, and check it."""
    ndim = max(0, *(len(dims) - 2 for _, dims in operands))
    out = ["1"] * ndim
    for e, dims in operands:
        lead = dims[:-2]
        for k, d in enumerate(lead):
            axis = ndim - len(lead) + k
            if is_one(e.type.shape[k]):
                continue
            if out[axis] != "1":
                scope.same(node.op.name, out[axis], d)
            out[axis] = d
    return tuple(out)


def matrix_start(nest: Nest, e: Expr, dims: tuple[str, ...], batch_index: Index) -> str:
    """Give the flat position of the matrix of a stack that belongs to a batch index."""
    lead = len(dims) - 2
    index = batch_index[len(batch_index) - lead :] if lead > 0 else ()
    shape = e.type.shape[: max(lead, 0)]
    at = tuple(fixed(0) if is_one(t) else i for t, i in zip(shape, index, strict=True))
    return nest.offset(dims, (*at, *(fixed(0) for _ in dims[len(at) :])))[0]


def _solve(scope: Scope, node: Expr) -> Array:
    x, y, *static = node.args
    a, b = scope.array(x), scope.array(y)
    n, m = b.dims[-2], b.dims[-1]
    scope.same(node.op.name, a.dims[-2], a.dims[-1])
    scope.same(node.op.name, a.dims[-1], n)
    u, v = scope.vector(a), scope.vector(b)
    batch = broadcast_batch(scope, node, (x, a.dims), (y, b.dims))
    dims = (*batch, n, m)
    out = scope.empty(dims, node.dtype)
    nest = Nest(scope, batch)
    left = matrix_start(nest, x, a.dims, nest.index)
    right = matrix_start(nest, y, b.dims, nest.index)
    target, _ = nest.offset(dims, (*nest.index, fixed(0), fixed(0)))
    size = product((n, m))
    nest.after[-1].append(f"copy_part({v}, {right}, {out.name}, {target}, {size})")
    if node.op.name == "solve":
        call = f"solve_one({u}, {left}, {out.name}, {target}, {n}, {m})"
    else:
        lower, unit = static
        call = f"triangular_one({u}, {left}, {out.name}, {target}, {n}, {m}, {lower}, {unit})"
    nest.after[-1].append(call)
    nest.close()
    return out


def _matmul(scope: Scope, node: Expr) -> Any:
    x, y = node.args
    a, b = scope.array(x), scope.array(y)
    scope.same("matmul", a.dims[-1], b.dims[-2] if len(b.dims) > 1 else b.dims[0])  # pyright: ignore[reportGeneralTypeIssues]
    u, v = scope.vector(a), scope.vector(b)
    if len(a.dims) == len(b.dims) == 1:
        return scope.writer.let(f"dot({u}, {v})")
    if len(a.dims) + len(b.dims) == 3:
        name, matrix = ("matvec", a) if len(a.dims) == 2 else ("vecmat", b)
        out = scope.empty(matrix.dims[:1] if matrix is a else matrix.dims[1:], node.dtype)
        scope.writer.line(f"{name}({u}, {v}, {out.name}, {', '.join(matrix.dims)})")
        return out
    rows = a.dims[-2:-1] if len(a.dims) > 1 else ()
    columns = b.dims[-1:] if len(b.dims) > 1 else ()
    n, k, m = rows[0] if rows else "1", a.dims[-1], columns[0] if columns else "1"  # pyright: ignore[reportGeneralTypeIssues]
    batch = broadcast_batch(scope, node, (x, a.dims), (y, b.dims))
    dims = (*batch, *rows, *columns)
    out = scope.empty(dims, node.dtype)
    nest = Nest(scope, batch)
    left = matrix_start(nest, x, a.dims, nest.index)
    right = matrix_start(nest, y, b.dims, nest.index)
    target, _ = nest.offset(dims, (*nest.index, *(fixed(0) for _ in (*rows, *columns))))
    multiply = "gemm" if node.dtype in FLOATS else "matmat"
    places = f"{u}, {left}, {v}, {right}, {out.name}, {target}"
    nest.after[-1].append(f"{multiply}({places}, {n}, {k}, {m})")
    nest.close()
    return out


LOWERINGS: dict[str, Lowering] = {
    "sort": _along("sort_along"),
    "argsort": _along("argsort_along"),
    "argmax": _along("argmax_along", drops=True),
    "argmin": _along("argmin_along", drops=True),
    "cumulative_sum": _along("cumulative_sum_along"),
    "cumulative_prod": _along("cumulative_prod_along"),
    "searchsorted": _searchsorted,
    "nonzero": _nonzero,
    "matmul": _matmul,
    "cholesky": _cholesky,
    "det": _det,
    "slogdet": _slogdet,
    "eigh": _eigh,
    "qr": _qr,
    "svd": _svd,
    "solve": _solve,
    "solve_triangular": _solve,
}
