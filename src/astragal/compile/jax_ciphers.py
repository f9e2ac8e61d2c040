"""Ciphers on the JAX backend: traced once a program, and rolled into a loop for few blocks.

XLA's time to compile grows with the number of operations. A sampler's sweep has a dozen
ciphers of four hundred operations each on a handful of words; as a loop of a fifth of
the operations they compile in a third of the time. Many blocks run twice as fast unrolled.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.types import tensor_type
from astragal.random.implementations import PARITY, ROTATIONS_4, threefry4x32

Array = Any
FEW = 1024
"""Number of blocks up to which a cipher is a loop."""


def _threefry4x32(*words: Array) -> tuple[Array, ...]:
    """Encrypt as `astragal.random.implementations.threefry4x32` does, four rounds a turn."""
    shape = jnp.broadcast_shapes(*(w.shape for w in words))
    key, counter = words[:4], words[4:]
    parity = key[0] ^ key[1] ^ key[2] ^ key[3] ^ jnp.uint32(PARITY)
    schedule = tuple(jnp.broadcast_to(k, shape) for k in (*key, parity))
    start = tuple(jnp.broadcast_to(c + k, shape) for c, k in zip(counter, key, strict=True))

    def turn(carry: Any) -> Any:
        number, block, schedule = carry
        x = list(block)
        odd = (number & jnp.uint32(1)) == jnp.uint32(1)
        for r in range(4):
            even_turn, odd_turn = ROTATIONS_4[r], ROTATIONS_4[r + 4]
            first, second = (
                jnp.where(odd, jnp.uint32(b), jnp.uint32(a))
                for a, b in zip(even_turn, odd_turn, strict=True)
            )
            a, b = (1, 3) if r % 2 == 0 else (3, 1)
            x[0] = x[0] + x[a]
            x[a] = _rotate(x[a], first) ^ x[0]
            x[2] = x[2] + x[b]
            x[b] = _rotate(x[b], second) ^ x[2]
        schedule = (*schedule[1:], schedule[0])
        x = [w + k for w, k in zip(x, schedule, strict=False)]
        number = number + jnp.uint32(1)
        x[3] = x[3] + number
        return number, tuple(x), schedule

    end = lax.while_loop(lambda c: c[0] < jnp.uint32(5), turn, (jnp.uint32(0), start, schedule))
    out: tuple[Array, ...] = end[1]
    return out


def _rotate(x: Array, bits: Array) -> Array:
    return (x << bits) | (x >> (jnp.uint32(32) - bits))


def _body(cipher: Callable[..., Any], *counts: int) -> Subgraph:
    """Give the one subgraph that every call of a cipher is of."""
    words = [tuple(placeholder(tensor_type("uint32")) for _ in range(n)) for n in counts]
    first: Expr = cipher(*words)[0]
    found = first.args[0].args[0]
    assert isinstance(found, Subgraph)
    return found


@functools.cache
def rolled() -> dict[Subgraph, Callable[..., tuple[Array, ...]]]:
    """Map the ciphers that are loops on few blocks to functions that JAX traces once."""
    return {_body(threefry4x32, 4, 4): jax.jit(_threefry4x32)}
