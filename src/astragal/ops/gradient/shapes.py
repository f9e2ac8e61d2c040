"""Rules for reductions, indexing, shapes and joins.

``max`` and ``min`` share a cotangent evenly among ties. Where an index array names a
place twice, ``set_index`` keeps one of the values, and the cotangent goes to that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.types import TensorType, same_dim
from astragal.ops import elementwise as e
from astragal.ops.creation import IOTA, full
from astragal.ops.declare import cast
from astragal.ops.gradient.build import (
    Ct,
    add,
    div,
    expand,
    insert_axes,
    lit,
    mul,
    or_zeros,
    reshape,
    strip,
    sum_axes,
    take,
    unbroadcast,
    where,
)
from astragal.ops.gradient.elementwise import shares
from astragal.ops.gradient.engine import Contribution, Update, reverse
from astragal.ops.indexing import INDEX, SET_INDEX
from astragal.ops.linalg import matmul
from astragal.ops.manipulation import (
    CONCATENATE,
    PERMUTE,
    STACK,
    flip,
    permute_dims,
    take_along_axis,
)
from astragal.ops.reductions import CUMULATIVE_SUM, count
from astragal.ops.reductions import sum as sum_
from astragal.ops.searching import where as select
from astragal.ops.sorting import ARGSORT

Needs = tuple[bool, ...]
Parts = Sequence[Contribution]


def only(part: Contribution, node: Expr, at: int = 0) -> Parts:
    """Put a contribution at one argument of a node."""
    return [part if i == at else None for i in range(len(node.args))]


# -- reductions ------------------------------------------------------------------------


def _unreduce(node: Expr, g: Expr) -> Expr:
    """Bring a value for each result back to the shape of the operand, unexpanded."""
    x, axes, keepdims = node.args
    return g if keepdims else insert_axes(g, axes, x.ndim)


def _sum_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    return only(expand(_unreduce(node, g), node.args[0].shape), node)


def _extremum_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, axes, _ = node.args
    best = e.equal(x, _unreduce(node, node))
    ties = sum_(cast(best, x.dtype), axes, True)
    return only(where(best, expand(div(_unreduce(node, g), ties), x.shape), None), node)  # type: ignore[arg-type]


def pairwise_product(x: Expr, axis: int) -> Expr:
    """Multiply along an axis by a tree of products: differentiable to any order, zeros included."""
    n = x.shape[axis]
    if not isinstance(n, int):
        from astragal.ops.control import scan

        order = (axis, *(i for i in range(x.ndim) if i != axis))
        rows = permute_dims(x, order)
        one = full(rows.shape[1:], lit(1.0, x))
        whole, _ = scan(lambda c, row: (e.multiply(c, row), ()), one, rows)
        return whole  # type: ignore[no-any-return]
    pre = (slice(None),) * axis
    if n == 0:
        return full((*x.shape[:axis], *x.shape[axis + 1 :]), lit(1.0, x))
    while n > 1:
        half = n // 2
        low, high = x[(*pre, slice(0, half))], x[(*pre, slice(half, 2 * half))]
        paired = e.multiply(low, high)
        if n % 2:
            from astragal.ops.manipulation import concatenate

            paired = concatenate([paired, x[(*pre, slice(2 * half, n))]], axis)
        x, n = paired, half + n % 2
    return x[(*pre, 0)]


def _prod_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, axes, keepdims = node.args
    out = x
    for a in reversed(axes):
        out = pairwise_product(out, a)
    flat = out if not keepdims else insert_axes(out, axes, x.ndim)
    return only(reverse([flat], [g], [x])[0], node)


def _logsumexp_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, axes, keepdims = node.args
    if x.op is STACK and axes == x.args[:1] and len(x.args) == 3:
        pre = (slice(None),) * axes[0]
        top, g = (take(v, (*pre, 0)) if keepdims else v for v in (node, g))
        parts = (mul(g, share) for share in shares(top, *x.args[1:]))
        return only(STACK(*axes, *(or_zeros(p, top) for p in parts)), node)
    # Where all are -inf, the weights are 0 and not -inf less -inf.
    top = select(e.isfinite(node), node, lit(0.0, node))
    weights = e.exp(e.subtract(x, _unreduce(node, top)))
    return only(mul(_unreduce(node, g), weights), node)


def _cumulative_sum_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    axis = node.args[1]
    return only(flip(CUMULATIVE_SUM(flip(g, axis=axis), axis), axis=axis), node)


def _cumulative_prod_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, axis = node.args
    return only(reverse([doubled_product(x, axis)], [g], [x])[0], node)


def doubled_product(x: Expr, axis: int) -> Expr:
    """Multiply up along an axis in steps of 1, 2, 4, ...: exact derivatives at zeros too."""
    n = x.shape[axis]
    pre = (slice(None),) * axis
    if not isinstance(n, int):
        from astragal.ops.control import scan

        order = (axis, *(i for i in range(x.ndim) if i != axis))
        rows = permute_dims(x, order)
        one = full(rows.shape[1:], lit(1.0, x))
        _, products = scan(lambda c, row: (e.multiply(c, row),) * 2, one, rows)  # pyright: ignore[reportArgumentType]
        back = tuple(order.index(i) for i in range(x.ndim))
        return permute_dims(products, back)
    step = 1
    while step < n:
        later = e.multiply(x[(*pre, slice(step, n))], x[(*pre, slice(0, n - step))])
        x = CONCATENATE(axis, x[(*pre, slice(0, step))], later)
        step *= 2
    return x


def _sort_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, axis = node.args
    ranks = ARGSORT(ARGSORT(x, axis), axis)
    return only(take_along_axis(g, ranks, axis=axis), node)


def _sort_forward(node: Expr, tangents: Sequence[Ct]) -> Ct:
    x, axis = node.args
    t = tangents[0]
    return None if t is None else take_along_axis(t, ARGSORT(x, axis), axis=axis)


# -- indexing --------------------------------------------------------------------------


def _index_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, spec, *operands = node.args
    if all(s[0] == "new" or s == ("slice", None, None, 1) for s in spec):
        return only(reshape(g, x.shape), node)
    return only(Update(g, spec, tuple(operands)), node)


def _set_index_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, _, spec, *operands = node.args
    kept = SET_INDEX(g, lit(0.0, g), spec, *operands) if needs[0] else None
    given: Ct = INDEX(g, spec, *operands) if needs[1] else None
    if given is not None and any(o.type.shape for o in operands):
        given = where(_winners(x, given, spec, operands), given, None)
    return [kept, given, *(None for _ in node.args[2:])]


def _winners(x: Expr, part: Expr, spec: Any, operands: Sequence[Expr]) -> Expr:
    """Tell which elements of a part remain, where its indices name places twice."""
    numbers = reshape(IOTA(count(part, tuple(range(part.ndim))), "int64"), part.shape)
    owner = SET_INDEX(full(x.shape, -1), numbers, spec, *operands)
    return e.equal(INDEX(owner, spec, *operands), numbers)


def _add_index_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    _, _, spec, *operands = node.args
    given = INDEX(g, spec, *operands) if needs[1] else None
    return [g, given, *(None for _ in node.args[2:])]


def _where_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    c = node.args[0]
    return [
        None,
        where(c, g, None) if needs[1] else None,
        where(c, None, g) if needs[2] else None,
    ]


# -- shapes ----------------------------------------------------------------------------


def _reshape_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    return only(reshape(g, node.args[0].shape), node)


def _permute_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, axes = node.args
    inverse = tuple(axes.index(i) for i in range(len(axes)))
    return only(_permute(g, inverse, x.shape), node)


def _permute(g: Expr, axes: tuple[int, ...], shape: Any) -> Expr:
    if not strip(g).shape:
        return expand(g, shape)
    if g.op is PERMUTE:
        return permute_dims(g.args[0], tuple(g.args[1][a] for a in axes))
    return permute_dims(g, axes)


def _broadcast_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    return only(g, node)  # the engine sums over what was repeated


def _full_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    return only(sum_axes(g, tuple(range(g.ndim))), node, 1)


def _concatenate_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    axis, *xs = node.args
    parts: list[Contribution] = [None]
    start: Any = 0
    for x, need in zip(xs, needs[1:], strict=True):
        stop = start + x.shape[axis]
        parts.append(_piece(g, axis, start, stop) if need else None)
        start = stop
    return parts


def _piece(g: Expr, axis: int, start: Any, stop: Any) -> Expr:
    """Take a slice along an axis; where that is one of the arrays joined there, take that."""
    if g.op is CONCATENATE and g.args[0] == axis:
        at: Any = 0
        for x in g.args[1:]:
            end = at + x.shape[axis]
            if same_dim(at, start) and same_dim(end, stop):
                return x  # type: ignore[no-any-return]
            at = end
    return take(g, (slice(None),) * axis + (slice(start, stop),))


def _stack_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    axis = node.args[0]
    if g.op is STACK and g.args[0] == axis:
        return [None, *g.args[1:]]
    pre = (slice(None),) * axis
    return [None, *(take(g, (*pre, i)) if n else None for i, n in enumerate(needs[1:]))]


def _astype_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    return only(cast(g, node.args[0].dtype), node)


def _matmul_rule(node: Expr, g: Expr, needs: Needs) -> Parts:
    x, y = node.args
    if x.ndim == 1 and y.ndim == 1:
        return [mul(g, y) if needs[0] else None, mul(g, x) if needs[1] else None]
    if x.ndim == 2 and y.ndim == 1 and not needs[0]:
        return [None, matmul(g, x)]
    if x.ndim == 1 and y.ndim == 2 and not needs[1]:
        return [matmul(y, g), None]
    # Vectors become matrices of one row or column; the products then have one form.
    a = x if x.ndim > 1 else insert_axes(x, (0,), 2)
    b = y if y.ndim > 1 else insert_axes(y, (1,), 2)
    rows = g if x.ndim > 1 else insert_axes(g, (g.ndim - (y.ndim > 1),), g.ndim + 1)
    whole = rows if y.ndim > 1 else insert_axes(rows, (rows.ndim,), rows.ndim + 1)
    left: Ct = None
    right: Ct = None
    if needs[0]:
        # An outer product with a column is a product of broadcast arrays.
        left = mul(whole, _transpose(b)) if y.ndim == 1 else matmul(whole, _transpose(b))
        left = unbroadcast(left, a.shape)
        left = left if left is None else reshape(left, x.shape)
    if needs[1]:
        right = mul(_transpose(a), whole) if x.ndim == 1 else matmul(_transpose(a), whole)
        right = unbroadcast(right, b.shape)
        right = right if right is None else reshape(right, y.shape)
    return [left, right]


def _transpose(x: Expr) -> Expr:
    axes = (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
    return _permute(x, axes, tuple(x.shape[a] for a in axes))


def _matmul_forward(node: Expr, tangents: Sequence[Ct]) -> Ct:
    x, y = node.args
    s, t = tangents
    return add(
        None if s is None else matmul(s, y),
        None if t is None else matmul(x, t),
    )


RULES: dict[str, Any] = {
    "sum": _sum_rule,
    "max": _extremum_rule,
    "min": _extremum_rule,
    "prod": _prod_rule,
    "logsumexp": _logsumexp_rule,
    "cumulative_sum": _cumulative_sum_rule,
    "cumulative_prod": _cumulative_prod_rule,
    "sort": _sort_rule,
    "index": _index_rule,
    "set_index": _set_index_rule,
    "add_index": _add_index_rule,
    "where": _where_rule,
    "reshape": _reshape_rule,
    "permute_dims": _permute_rule,
    "broadcast_to": _broadcast_rule,
    "full": _full_rule,
    "concatenate": _concatenate_rule,
    "stack": _stack_rule,
    "astype": _astype_rule,
    "matmul": _matmul_rule,
}

# -- forward ---------------------------------------------------------------------------


def on_first(node: Expr, tangents: Sequence[Ct]) -> Ct:
    """Tangent of an operation that is linear in its first argument, and takes no other."""
    t = tangents[0]
    return None if t is None else node.op(t, *node.args[1:])


def jointly(node: Expr, tangents: Sequence[Ct]) -> Ct:
    """Tangent of an operation that is linear in all its tensor operands together."""
    return node.op(
        *(
            or_zeros(t, a)
            if isinstance(a, Expr) and isinstance(a.type, TensorType) and a.dtype == node.dtype
            else a
            for a, t in zip(node.args, tangents, strict=True)
        )
    )


def _where_forward(node: Expr, tangents: Sequence[Ct]) -> Ct:
    out = where(node.args[0], tangents[1], tangents[2])
    return None if out is None else expand(out, node.shape)


def _full_forward(node: Expr, tangents: Sequence[Ct]) -> Ct:
    t = tangents[1]
    return None if t is None else expand(t, node.shape)


FORWARD: dict[str, Any] = {
    "sum": on_first,
    "cumulative_sum": on_first,
    "sort": _sort_forward,
    "index": on_first,
    "reshape": on_first,
    "permute_dims": on_first,
    "broadcast_to": on_first,
    "astype": on_first,
    "concatenate": jointly,
    "stack": jointly,
    "where": _where_forward,
    "matmul": _matmul_forward,
    "full": _full_forward,
}
