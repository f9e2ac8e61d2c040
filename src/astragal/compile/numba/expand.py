"""Operations that are written with others before code is generated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from astragal.compile.numba.plan import below
from astragal.graph.expr import Expr, Op
from astragal.graph.literal import scalar
from astragal.graph.types import tensor_type
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.indexing import INDEX
from astragal.ops.searching import where

GREATEST = Op(
    "greatest",
    lambda x, axes, keepdims: tensor_type(x.dtype, r.reduced_shape(x, axes, keepdims)),
)
"""Maximum that is minus infinity where there are no elements."""


def _logsumexp(x: Expr, axes: tuple[int, ...], keepdims: bool) -> Expr:
    if not axes:
        return x
    top = GREATEST(x, axes, True)
    shift = where(e.isfinite(top), top, scalar(0.0, x.dtype))
    total = e.add(e.log(r.sum(e.exp(e.subtract(x, shift)), axes, True)), shift)
    if keepdims:
        return total
    spec = tuple(("int", 0) if a in axes else ("slice", None, None, 1) for a in range(x.ndim))
    return INDEX(total, spec)


RULES: dict[str, Callable[..., Expr]] = {"logsumexp": _logsumexp}


def expanded(outputs: Sequence[Expr], known: Collection[Expr]) -> Sequence[Expr]:
    """Write what has a rule here with other operations."""
    order = below(outputs, known)
    if not any(n.op.name in RULES for n in order):
        return outputs
    new: dict[Expr, Expr] = {}
    for n in order:
        args = [new.get(a, a) if isinstance(a, Expr) else a for a in n.args]
        if n.op.name in RULES:
            new[n] = RULES[n.op.name](*args)
        elif any(a is not b for a, b in zip(args, n.args, strict=True)):
            new[n] = n.op(*args)
    return [new.get(o, o) for o in outputs]
