"""Selection by a condition."""

from __future__ import annotations

from typing import Any

from astragal.graph.errors import DTypeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.literal import scalar
from astragal.graph.types import KeyType, Type, tensor_type
from astragal.ops import elementwise as e
from astragal.ops.declare import ALL, ArrayLike, as_expr, broadcast_shapes, cast, common_dtype
from astragal.ops.indexing import with_shape


def _prepare_where(condition: Any, x: Any, y: Any) -> tuple[Expr, ...]:
    if isinstance(condition, bool):
        raise DTypeError(
            f"where: the condition is the Python value {condition}; == between expressions "
            "compares identity, astragal.equal compares elements"
        )
    c = as_expr(condition)
    if c.type.__class__ is KeyType or c.dtype != "bool":
        raise DTypeError(f"where: the condition is {describe(c)}, expected booleans")
    if isinstance(x, Expr) and isinstance(x.type, KeyType):
        y = as_expr(y)
        if y.type.__class__ is not KeyType or y.type.impl != x.type.impl:
            raise DTypeError(f"where: cannot choose between {describe(x)} and {describe(y)}")
        return c, x, y
    dtype = common_dtype("where", (x, y), ALL, False)
    return c, *(
        scalar(v, dtype) if isinstance(v, (int, float)) else cast(as_expr(v), dtype) for v in (x, y)
    )


def _infer_where(c: Expr, x: Expr, y: Expr) -> Type:
    shape = broadcast_shapes([c.type.shape, x.type.shape, y.type.shape], "where")
    if isinstance(x.type, KeyType):
        return with_shape(x.type, shape)
    return tensor_type(x.dtype, shape)


where = Op("where", _infer_where, _prepare_where, elementwise=True)


def clip(x: ArrayLike, min: ArrayLike | None = None, max: ArrayLike | None = None) -> Expr:
    """Bring values into an interval.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.evaluate(ag.clip([-1.0, 0.5, 3.0], 0.0, 1.0)).tolist()
    [0.0, 0.5, 1.0]
    """
    out = as_expr(x)
    if min is not None:
        out = e.maximum(out, min)
    if max is not None:
        out = e.minimum(out, max)
    return out


OPS: tuple[Op, ...] = (where,)
