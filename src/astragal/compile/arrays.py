"""Lowerings that NumPy and JAX share: the same lines over two array namespaces."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from astragal.ops.indexing import python_index

Lowering = Callable[..., Any]


def _reduce(f: Callable[..., Any]) -> Lowering:
    return lambda x, axes, keepdims: f(x, axis=axes, keepdims=keepdims)


def array_lowerings(xp: Any) -> dict[str, Lowering]:
    """Give the lowerings whose text is the same for every array namespace.

    An operation that the namespace has under the same name, with the same arguments,
    needs no line.

    Parameters
    ----------
    xp
        ``numpy`` or ``jax.numpy``.
    """
    return {
        "astype": lambda x, dtype: xp.asarray(x).astype(dtype),
        "bitcast": lambda x, dtype: xp.asarray(x).view(dtype),
        "pow": xp.power,
        "item": lambda t, i: t[i],
        # A number of Python has no dimensions to index.
        "index": lambda x, spec, *operands: xp.asarray(x)[python_index(spec, list(operands))],
        "shape": lambda *dims: tuple(int(d) for d in dims),
        "full": xp.full,
        "iota": lambda n, dtype: xp.arange(n[0] if isinstance(n, tuple) else n, dtype=dtype),
        "concatenate": lambda axis, *xs: xp.concatenate(xs, axis=axis),
        "stack": lambda axis, *xs: xp.stack(xs, axis=axis),
        "sum": _reduce(xp.sum),
        "prod": _reduce(xp.prod),
        "max": _reduce(xp.max),
        "min": _reduce(xp.min),
        "any": _reduce(xp.any),
        "all": _reduce(xp.all),
        "cumulative_sum": lambda x, axis: xp.cumulative_sum(x, axis=axis),
        "cumulative_prod": lambda x, axis: xp.cumulative_prod(x, axis=axis),
        "sort": lambda x, axis: xp.sort(x, axis=axis),
        "argsort": lambda x, axis: xp.argsort(x, axis=axis, stable=True),
        "searchsorted": lambda x1, x2, side: xp.searchsorted(x1, x2, side=side),
        "det": xp.linalg.det,
        "slogdet": lambda x: tuple(xp.linalg.slogdet(x)),
        "qr": lambda x, mode: tuple(xp.linalg.qr(x, mode=mode)),
        "log1mexp": lambda x: xp.where(
            x > -math.log(2), xp.log(-xp.expm1(x)), xp.log1p(-xp.exp(x))
        ),
    }
