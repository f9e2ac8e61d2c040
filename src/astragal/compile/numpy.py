"""The NumPy backend: the reference, one line an operation.

An operation whose NumPy function has the same name and arguments needs no line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import toposort
from astragal.graph.types import TensorType
from astragal.ops.indexing import python_index

Lowering = Callable[..., Any]


def _scan(body: Subgraph, n: Any, reverse: bool, k: int, m: int, *args: Any) -> Any:
    n = int(n[0]) if isinstance(n, tuple) else int(n)
    carry = list(args[:k])
    sequences, captures = args[k : k + m], args[k + m :]
    rows: list[list[Any]] = []
    for i in reversed(range(n)) if reverse else range(n):
        out = call(body, [*carry, *(s[i] for s in sequences), *captures])
        carry = out[:k]
        rows.append(out[k:])
    if reverse:
        rows.reverse()
    types = [o.type for o in body.outputs[k:]]
    stacked = [
        np.stack([np.asarray(r[j]) for r in rows])
        if rows
        else np.empty((0, *t.shape), getattr(t, "dtype", "uint32"))
        for j, t in enumerate(types)
    ]
    return (*carry, *stacked)


def _while(condition: Subgraph, body: Subgraph, n: int, *args: Any) -> Any:
    state, captures = list(args[:n]), args[n:]
    while call(condition, [*state, *captures])[0]:
        state = call(body, [*state, *captures])
    return tuple(state)


def _switch(n: int, index: Any, *rest: Any) -> Any:
    return tuple(call(rest[min(max(int(index), 0), n - 1)], rest[n:]))


def _set(x: Any, value: Any, spec: Any, *operands: Any) -> Any:
    out = np.array(x)
    out[python_index(spec, list(operands))] = value
    return out


def _add_at(x: Any, value: Any, spec: Any, *operands: Any) -> Any:
    out = np.array(x)
    np.add.at(out, python_index(spec, list(operands)), value)
    return out


def _reduce(f: Callable[..., Any]) -> Lowering:
    return lambda x, axes, keepdims: f(x, axis=axes, keepdims=keepdims)


LOWERINGS: dict[str, Lowering] = {
    "constant": lambda literal: literal.value,
    "astype": lambda x, dtype: np.asarray(x).astype(dtype),
    "bitcast": lambda x, dtype: np.asarray(x).view(dtype),
    "pow": np.power,
    "item": lambda t, i: t[i],
    "index": lambda x, spec, *operands: x[python_index(spec, list(operands))],
    "set_index": _set,
    "add_index": _add_at,
    "shape": lambda *dims: tuple(int(d) for d in dims),
    "full": lambda shape, value: np.full(shape, value),
    "iota": lambda n, dtype: np.arange(n, dtype=dtype),
    "concatenate": lambda axis, *xs: np.concatenate(xs, axis=axis),
    "stack": lambda axis, *xs: np.stack(xs, axis=axis),
    "sum": _reduce(np.sum),
    "prod": _reduce(np.prod),
    "max": _reduce(np.max),
    "min": _reduce(np.min),
    "any": _reduce(np.any),
    "all": _reduce(np.all),
    "xlog1py": scipy.special.xlog1py,
    "scan": _scan,
    "while_loop": _while,
    "switch": _switch,
    "call": lambda sub, *args: tuple(call(sub, args)),
}


def lowering(name: str) -> Lowering:
    """Find how NumPy computes an operation.

    Raises
    ------
    UnsupportedError
        Where it has no rule.
    """
    found = LOWERINGS.get(name) or getattr(np, name, None) or getattr(scipy.special, name, None)
    if found is None:
        raise UnsupportedError(f"the NumPy backend has no rule for {name}; add one in LOWERINGS")
    return found


def call(sub: Subgraph, args: Sequence[Any]) -> list[Any]:
    """Run a subgraph on values."""
    return run(list(sub.parameters), list(sub.outputs), args)


def run(inputs: Sequence[Expr], outputs: Sequence[Expr], values: Sequence[Any]) -> list[Any]:
    """Compute outputs from values for the inputs, node by node."""
    known: dict[Expr, Any] = dict(zip(inputs, values, strict=True))
    for node in toposort(outputs):
        if node in known:
            continue
        args = [known[a] if isinstance(a, Expr) else a for a in node.args]
        value = lowering(node.op.name)(*args)
        if isinstance(node.type, TensorType) and not isinstance(value, tuple):
            value = np.asarray(value, dtype=node.type.dtype)
        known[node] = value
    return [known[o] for o in outputs]
