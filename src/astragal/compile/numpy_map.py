"""``map`` and ``random_bits`` on the NumPy backend: scalar graphs, run on whole arrays.

A loop in the body goes on for the elements whose condition still holds, and each branch of a
``switch`` runs on the elements that take it: both on arrays compressed to those elements.
"""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from astragal.compile.program import Program
from astragal.graph.errors import DomainError
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.types import TensorType, tensor_type
from astragal.random.implementations import IMPLEMENTATIONS

Array = np.ndarray[Any, Any]
CHUNK = 1 << 14
"""Number of elements that the body of a map runs on at a time: they stay in the cache."""


def run_map(sub: Subgraph, *args: Any) -> Any:
    """Run a scalar subgraph on each element of broadcast arrays."""
    arrays = [np.asarray(a) for a in args]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    size = math.prod(shape)
    if size <= CHUNK:
        outs = [np.broadcast_to(o, shape) for o in _call(sub, arrays)]
        return outs[0] if len(outs) == 1 else tuple(outs)
    flat = [a if a.ndim == 0 else np.broadcast_to(a, shape).reshape(-1) for a in arrays]
    results = [np.empty(size, _dtype(o)) for o in sub.outputs]
    for start in range(0, size, CHUNK):
        part = slice(start, min(start + CHUNK, size))
        values = _call(sub, [a if a.ndim == 0 else a[part] for a in flat])
        for whole, value in zip(results, values, strict=True):
            whole[part] = value
    shaped = [r.reshape(shape) for r in results]
    return shaped[0] if len(shaped) == 1 else tuple(shaped)


def _dtype(x: Expr) -> str:
    assert isinstance(x.type, TensorType)
    return x.type.dtype


_PROGRAMS: weakref.WeakKeyDictionary[Subgraph, Program] = weakref.WeakKeyDictionary()


def _call(sub: Subgraph, args: Sequence[Array]) -> list[Array]:
    """Run a scalar subgraph on arrays that broadcast."""
    program = _PROGRAMS.get(sub)
    if program is None:
        program = _PROGRAMS[sub] = Program(sub.parameters, sub.outputs, _rule)
    return program.run(args)


def _rule(node: Expr) -> Callable[..., Any]:
    from astragal.compile.numpy import rule

    found: Callable[..., Any] = _MASKED.get(node.op.name) or rule(node)
    return found


def _flatten(arrays: Sequence[Any]) -> tuple[tuple[int, ...], list[Array]]:
    """Broadcast arrays to one dimension; scalars stay as they are."""
    given = [np.asarray(a) for a in arrays]
    shape = np.broadcast_shapes(*(a.shape for a in given))
    if not shape:
        return (), [a.reshape(1) for a in given]
    return shape, [a if a.ndim == 0 else np.broadcast_to(a, shape).reshape(-1) for a in given]


def _pick(arrays: Sequence[Array], chosen: Array) -> list[Array]:
    return [a if a.ndim == 0 else a[chosen] for a in arrays]


def _while(condition: Subgraph, body: Subgraph, n: int, *args: Any) -> tuple[Array, ...]:
    shape, flat = _flatten(args)
    size = math.prod(shape)
    state = [np.broadcast_to(a, (size,)) for a in flat[:n]]
    captures = flat[n:]
    out = [s.copy() for s in state]
    active = np.arange(size)
    while active.size:
        go = np.broadcast_to(_call(condition, [*state, *captures])[0], active.shape)
        if not go.all():
            for whole, s in zip(out, state, strict=True):
                whole[active[~go]] = s[~go]
            active = active[go]
            if not active.size:
                break
            state, captures = _pick(state, go), _pick(captures, go)
        new = _call(body, [*state, *captures])
        state = [np.broadcast_to(s, active.shape) for s in new]
    return tuple(o.reshape(shape) for o in out)


def _switch(n: int, index: Any, *rest: Any) -> tuple[Array, ...]:
    branches: Sequence[Subgraph] = rest[:n]
    at = np.clip(np.asarray(index), 0, n - 1)
    if at.size and (at == at.flat[0]).all():
        values = _call(branches[int(at.flat[0])], rest[n:])
        return tuple(np.broadcast_to(v, np.broadcast_shapes(v.shape, at.shape)) for v in values)
    shape, (at, *flat) = _flatten([at, *rest[n:]])
    out = [np.empty(at.shape, _dtype(o)) for o in branches[0].outputs]
    for i, branch in enumerate(branches):
        chosen = np.nonzero(at == i)[0]
        if chosen.size:
            for whole, value in zip(out, _call(branch, _pick(flat, chosen)), strict=True):
                whole[chosen] = value
    return tuple(o.reshape(shape) for o in out)


def _inner(sub: Subgraph, *args: Any) -> tuple[Array, ...]:
    return tuple(_call(sub, args))


_MASKED: dict[str, Callable[..., Any]] = {
    "while_loop": _while,
    "switch": _switch,
    "map": run_map,
    "call": _inner,
}


@functools.cache
def first_block(impl: str, tag: int) -> Subgraph:
    """The kernel from words and an element to its first block."""
    implementation = IMPLEMENTATIONS[impl]
    words = [placeholder(tensor_type("uint32")) for _ in range(implementation.words)]
    element = placeholder(tensor_type("uint64"))
    outs = implementation.block(tuple(words), element, scalar(0, "uint32"), tag)
    return Subgraph([*words, element], outs)


def require(x: Any, ok: Any, message: str) -> Any:
    """Refuse a parameter outside its domain."""
    if not np.all(ok):
        raise DomainError(message)
    return x


def random_bits(impl: str, block: bool, tag: int, count: Any, *words: Any) -> Any:
    """Make the first bits of elements: see `astragal.random.lower.RANDOM_BITS`."""
    count = int(count[0]) if isinstance(count, tuple) else int(count)
    keys = [np.asarray(w)[..., None] for w in words]
    lead = keys[0].shape[:-1]
    paired = not block and IMPLEMENTATIONS[impl].pairs
    # Of an incomplete group of 32 elements, the first 16 have a block each.
    n = 16 * (count // 32) + min(count % 32, 16) if paired else count
    a, b, c, d = run_map(first_block(impl, tag), *keys, np.arange(n, dtype=np.uint64))
    if not block and not paired:
        # jax.random's order: the first word is the high half.
        return a.astype(np.uint64) << np.uint64(32) | b
    first = a.astype(np.uint64) | b.astype(np.uint64) << np.uint64(32)
    second = c.astype(np.uint64) | d.astype(np.uint64) << np.uint64(32)
    if block:
        return first, second
    groups = -(-count // 32)
    out = np.zeros((*lead, groups * 16, 2), np.uint64)
    out[..., :n, 0], out[..., :n, 1] = first, second
    out = np.moveaxis(out.reshape(*lead, groups, 16, 2), -1, -2)
    return out.reshape(*lead, groups * 32)[..., :count]
