"""Linear algebra."""

from __future__ import annotations

from typing import Any

from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.types import NUMERIC, Type, show_shape, tensor_type
from astragal.ops.declare import ArrayLike, as_expr, broadcast_dim, broadcast_shapes, cast, common_dtype


def _prepare_matmul(x: ArrayLike, y: ArrayLike) -> tuple[Any, ...]:
    a, b = as_expr(x), as_expr(y)
    dtype = common_dtype("matmul", (a, b), NUMERIC, False)
    return cast(a, dtype), cast(b, dtype)


def _infer_matmul(x: Expr, y: Expr) -> Type:
    a, b = x.shape, y.shape
    if not a or not b:
        raise ShapeError(f"matmul of a scalar: {describe(x)} and {describe(y)}")
    inner = b[0] if len(b) == 1 else b[-2]
    fits = broadcast_dim(a[-1], inner)
    if fits is None or (a[-1] != inner and 1 in (a[-1], inner)):
        raise ShapeError(f"matmul: shapes {show_shape(a)} and {show_shape(b)} do not fit")
    batch = broadcast_shapes([a[:-2], b[:-2]], "matmul")
    rows = (a[-2],) if len(a) > 1 else ()
    columns = (b[-1],) if len(b) > 1 else ()
    return tensor_type(x.dtype, (*batch, *rows, *columns))


matmul = Op("matmul", _infer_matmul, _prepare_matmul)

OPS: tuple[Op, ...] = (matmul,)
