"""``scan`` on the JAX backend: step after step, or side by side where no step reads another.

A loop that carries nothing, such as one draw a key, is run in chunks: XLA computes the steps
of a chunk together, many times faster than one after the other. An element is a function of
its own inputs either way; sums and matrix products may differ in their last bits.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from astragal.compile.jax_checks import Checks, checks_of, first
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import toposort
from astragal.graph.types import TensorType, Type

Array = Any
Call = Callable[[Subgraph, Sequence[Any]], list[Any]]
CHUNK = 256
"""Most steps that are computed together."""
MEMORY = 1 << 20
"""Most elements that an array of a chunk may have."""


def leaf(value: Any, type: Type) -> Any:
    """Bring a value to a carry's exact type: no weak types, no NumPy scalars."""
    if isinstance(type, TensorType):
        return jnp.asarray(value, dtype=type.dtype)
    return value


def run_scan(
    call: Call, body: Subgraph, n: Any, reverse: bool, k: int, m: int, *args: Any
) -> tuple[Any, ...]:
    """Compute a ``scan``, given what traces a subgraph on values."""
    length = int(n[0]) if isinstance(n, tuple) else int(n)
    parameters, outs = body.parameters, body.outputs
    init = [leaf(a, p.type) for a, p in zip(args[:k], parameters[:k], strict=True)]
    xs = [jnp.asarray(s) for s in args[k : k + m]]
    captures = args[k + m :]

    def step(carry: list[Any], x: list[Any]) -> tuple[list[Any], list[Any]]:
        out = call(body, [*carry, *x, *captures])
        new = [leaf(v, o.type) for v, o in zip(out, outs, strict=True)]
        return new[:k], new[k:]

    checks = checks_of(body)
    chunk = 1
    if length > 1 and parameters[:k] == outs[:k] and _branchless(body):
        sizes = [_largest(body), *(jnp.size(a) for a in captures)]
        sizes += [s.size // length for s in xs]
        chunk = max(1, min(CHUNK, MEMORY // max(sizes)))
    if chunk > 1:
        return (*init, *_together(lambda x: step(init, x)[1], xs, length, chunk, checks))
    return _in_turn(step, init, xs, length, reverse, checks)


def _in_turn(
    step: Callable[[list[Any], list[Any]], Any],
    init: list[Any],
    xs: list[Any],
    length: int,
    reverse: bool,
    checks: Checks | None,
) -> tuple[Any, ...]:
    """Run one step after the other."""
    if checks is None:
        last, rows = lax.scan(step, init, xs, length=length, reverse=reverse)
        return (*last, *rows)

    def checked(state: Any, x: list[Any]) -> Any:
        (new, ys), failed = checks.within(lambda: step(state[0], x))
        return (new, first(state[1], failed)), ys

    start = init, jnp.int32(0)
    (last, failed), rows = lax.scan(checked, start, xs, length=length, reverse=reverse)
    checks.add(failed)
    return (*last, *rows)


def _together(
    step: Callable[[list[Any]], list[Any]],
    xs: list[Any],
    length: int,
    chunk: int,
    checks: Checks | None,
) -> list[Any]:
    """Run chunks of steps one after the other, the steps of each at once."""

    def checked(x: list[Any]) -> Any:
        return (step(x), jnp.int32(0)) if checks is None else checks.within(lambda: step(x))

    # Without sequences there is still an axis to map over.
    columns: list[Any] = [jnp.arange(length), *xs]
    turns = -(-length // chunk)
    chunk = -(-length // turns)
    if turns == 1:
        rows, failed = jax.vmap(lambda x: checked(x[1:]))(columns)
    else:
        # The last chunk is filled up with its last step: one program serves all chunks.
        at = jnp.minimum(jnp.arange(turns * chunk), length - 1).reshape(turns, chunk)
        each: Any = jax.vmap(lambda i: checked([c[i] for c in xs]))
        rows, failed = lax.map(each, at)
        rows = [r.reshape(turns * chunk, *r.shape[2:])[:length] for r in rows]
        failed = failed.reshape(-1)
    if checks is not None:
        checks.add(failed[jnp.argmax(failed != 0)])
    return list(rows)


_BRANCHLESS: weakref.WeakKeyDictionary[Subgraph, bool] = weakref.WeakKeyDictionary()


def _branchless(body: Subgraph) -> bool:
    """Whether steps side by side do the work of steps in turn: no branch, no loop that waits."""
    found = _BRANCHLESS.get(body)
    if found is None:
        nodes = toposort(body.outputs)
        found = not any(n.op.name in ("switch", "while_loop") for n in nodes) and all(
            _branchless(a)
            for n in nodes
            if n.op.name != "map"
            for a in n.args
            if isinstance(a, Subgraph)
        )
        _BRANCHLESS[body] = found
    return found


def _largest(body: Subgraph) -> int:
    """Number of elements of the largest array of a step, as far as it is known."""
    sizes = [1]
    for node in toposort(body.outputs):
        if isinstance(node.type, TensorType):
            dims = [d for d in node.type.shape if isinstance(d, int)]
            sizes.append(math.prod(dims))
        if node.op.name == "scan":
            sizes += [_largest(a) for a in node.args if isinstance(a, Subgraph)]
    return max(sizes)
