"""``map`` and ``random_bits`` on the JAX backend, with the bits that IEEE 754 prescribes.

The scalar body of a map is run on whole arrays: a ``switch`` computes all branches and
selects, a ``while_loop`` goes on while any element needs it. XLA fuses products into sums,
re-associates constants and turns divisions into products, which changes last bits. Here each
such place is guarded by an operation that XLA cannot see through.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence, Set
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from astragal.compile.arrays import array_lowerings
from astragal.compile.jax_ciphers import FEW, rolled
from astragal.compile.numpy_map import first_block
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.subgraph import Subgraph, without_calls
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, TensorType
from astragal.random.implementations import IMPLEMENTATIONS

Array = Any
SUMS = frozenset({"add", "subtract"})
ROUNDED = frozenset({"divide", "sqrt"})
_SINGLE = TensorType("float32", ())


def guard(x: Array) -> Array:
    """Give a number back, through an operation that stops XLA from fusing or re-associating.

    Infinity becomes the largest number: only sums of overflowed products could tell.
    """
    return lax.min(x, jnp.asarray(np.finfo(x.dtype).max, x.dtype))


def keep(x: Array) -> Array:
    """Guard a number that comes from outside or goes there, infinity included."""
    return jnp.where(x == jnp.inf, x, guard(x))


def _divide(x: Array, y: Array) -> Array:
    # A divisor that seems to depend on the numerator is neither inverted nor hoisted.
    x, y = jnp.broadcast_arrays(x, y)
    return lax.div(x, jnp.where(x != x, x, y))


def through_double(rule: Callable[..., Array]) -> Callable[..., Array]:
    """Round a quotient or a root of float32 correctly where the device does not.

    A GPU divides in float32 to 2 units in the last place, and XLA asks for no better. The
    float64 result, rounded once more, is the correctly rounded one, since 53 >= 2 * 24 + 2
    (Figueroa 1995, SIGNUM Newsletter 30(3):21-26). The guard keeps XLA from narrowing it again.
    """

    def rounded(*values: Array) -> Array:
        wide = (lax.convert_element_type(v, jnp.float64) for v in values)
        return lax.convert_element_type(guard(rule(*wide)), jnp.float32)

    return rounded


def rounds_singles() -> bool:
    """Tell whether the default device divides and takes roots in float32 as IEEE 754 asks."""
    return jax.default_backend() == "cpu"


def _astype(x: Array, dtype: str) -> Array:
    return lax.convert_element_type(x, dtype)


_RULES: dict[str, Callable[..., Any]] = {
    **array_lowerings(jnp),
    "astype": _astype,
    "bitcast": lambda x, dtype: lax.bitcast_convert_type(x, jnp.dtype(dtype)),
    "divide": _divide,
    "bitwise_left_shift": jnp.left_shift,
    "bitwise_right_shift": jnp.right_shift,
}


def needs_guard(node: Expr, arg: Expr, fixed: Set[Expr]) -> bool:
    """Tell whether XLA could merge an operation into the one that uses it.

    Parameters
    ----------
    node, arg
        An operation, and one of its arguments.
    fixed
        What may be a constant of the program, whose products and sums XLA computes beforehand.
    """

    def with_fixed(x: Expr) -> bool:
        return any(is_constant(a) or a in fixed for a in x.args)

    if arg.op.name == "negative":
        arg = arg.args[0]
    user, used = node.op.name, arg.op.name
    if user in SUMS:
        # What a loop or a branch gives may be a product.
        return used in ("multiply", "square", "item") or (
            used in SUMS and with_fixed(node) and with_fixed(arg)
        )
    if user == "multiply":
        merges = used == "multiply" and with_fixed(node) and with_fixed(arg)
        return merges or used in ("divide", "sqrt")
    return user == "divide" and used in ("divide", "sqrt", "multiply")


def _merges(x: Expr) -> bool:
    """Tell whether a number of floating point comes from what XLA merges with what uses it."""
    used = x.args[0].op.name if x.op.name == "negative" else x.op.name
    known = used in ("multiply", "square", "divide", "sqrt")
    return known and isinstance(x.type, TensorType) and x.type.dtype in FLOATS


def fixed_nodes(sub: Subgraph) -> frozenset[Expr]:
    """List what does not depend on random bits: it may be known when XLA compiles."""
    fixed = {
        p
        for p in sub.parameters
        if isinstance(p.type, TensorType) and not p.type.dtype.startswith("uint")
    }
    for node in toposort(sub.outputs):
        operands = [a for a in node.args if isinstance(a, Expr)]
        if node not in fixed and operands and all(is_constant(a) or a in fixed for a in operands):
            fixed.add(node)
    return frozenset(fixed)


class Body:
    """A scalar subgraph, prepared to run on arrays."""

    def __init__(self, sub: Subgraph) -> None:
        # Calls are written in place, so that guards see through them; a cipher needs none.
        self.sub = sub = without_calls(sub, keep=rolled())
        parameters = set(sub.parameters)
        self.order = [n for n in toposort(sub.outputs) if n not in parameters]
        self.fixed = fixed_nodes(sub)
        self.summed = {
            a
            for n in self.order
            if n.op.name in SUMS
            for a in n.args
            if a in parameters and isinstance(a.type, TensorType) and a.type.dtype in FLOATS
        }
        self.inner = [a for n in self.order for a in n.args if isinstance(a, Subgraph)]

    def size(self, few: bool) -> int:
        """Count the operations that XLA would compute anew: a loop it computes once.

        Parameters
        ----------
        few
            Whether ciphers are loops (see `astragal.compile.jax_ciphers`).
        """
        inner = (s for s in self.inner if not (few and s in rolled()))
        return len(self.order) + sum(body_of(s).size(few) for s in inner)

    def run(self, args: Sequence[Array], mask: Array | None, shape: tuple[int, ...]) -> list[Array]:
        """Compute the outputs; loops run for the elements of the mask."""
        known: dict[Expr, Any] = dict(zip(self.sub.parameters, args, strict=True))
        for p in self.summed:
            # A product from outside would be fused into the sum.
            known[p] = keep(jnp.asarray(known[p]))
        for node in self.order:
            if is_constant(node):
                known[node] = value_of(node)
                continue
            values = [known[a] if isinstance(a, Expr) else a for a in node.args]
            name = node.op.name
            control = _CONTROL.get(name)
            if control is not None:
                # Branches are written in place: what they take could be merged into them.
                taken = (
                    keep(jnp.asarray(v)) if isinstance(a, Expr) and _merges(a) else v
                    for a, v in zip(node.args, values, strict=True)
                )
                known[node] = control(mask, shape, *(taken if name == "switch" else values))
                continue
            if isinstance(node.type, TensorType) and node.type.dtype in FLOATS:
                values = [
                    guard(jnp.asarray(v))
                    if isinstance(a, Expr) and needs_guard(node, a, self.fixed)
                    else v
                    for a, v in zip(node.args, values, strict=True)
                ]
            rule = _RULES.get(name) or getattr(jnp, name)
            if name in ROUNDED and node.type == _SINGLE and not rounds_singles():
                rule = through_double(rule)
            known[node] = rule(*values)
        return [known[o] for o in self.sub.outputs]


_BODIES: weakref.WeakKeyDictionary[Subgraph, Body] = weakref.WeakKeyDictionary()


def body_of(sub: Subgraph) -> Body:
    """Prepare a subgraph, once."""
    found = _BODIES.get(sub)
    if found is None:
        found = _BODIES[sub] = Body(sub)
    return found


def _and(mask: Array | None, test: Array) -> Array:
    return test if mask is None else jnp.logical_and(mask, test)


LARGE = 1 << 12
"""Elements from which those that need more turns than most are put together."""


def _while(
    mask: Array | None,
    shape: tuple[int, ...],
    condition: Subgraph,
    body: Subgraph,
    n: int,
    *args: Any,
) -> tuple[Array, ...]:
    captures = args[n:]
    test, step = body_of(condition), body_of(body)
    state = tuple(
        jnp.broadcast_to(jnp.asarray(a, p.type.dtype), shape)  # type: ignore[union-attr]
        for a, p in zip(args[:n], condition.parameters, strict=False)
    )

    def loop(state: Any, captures: Sequence[Array], going: Array, few: int) -> Any:
        """Go on until at most a few elements need more turns."""
        shape = going.shape

        def again(carry: Any) -> Any:
            going, state = carry
            new = step.run([*state, *captures], going, shape)
            state = tuple(jnp.where(going, a, b) for a, b in zip(new, state, strict=True))
            return active(state, captures, going, shape), state

        more = (lambda c: jnp.any(c[0])) if not few else (lambda c: jnp.sum(c[0]) > few)
        return lax.while_loop(more, again, (going, state))

    def active(
        state: Sequence[Array], captures: Sequence[Array], mask: Any, shape: tuple[int, ...]
    ) -> Array:
        go = test.run([*state, *captures], mask, shape)[0]
        return jnp.broadcast_to(_and(mask, go), shape)

    going = active(state, captures, mask, shape)
    size = math.prod(shape)
    out: tuple[Array, ...]
    if size < LARGE:
        _, out = loop(state, captures, going, 0)
        return out
    # The last elements go on by themselves, put together.
    few = size // 8
    going, state = loop(state, captures, going, few)
    (at,) = jnp.nonzero(going.reshape(-1), size=few, fill_value=size)

    def gathered(x: Array) -> Array:
        x = jnp.asarray(x)
        if not x.ndim:
            return x
        return jnp.broadcast_to(x, shape).reshape(-1).at[at].get(mode="clip")

    _, ends = loop(tuple(map(gathered, state)), [gathered(c) for c in captures], at < size, 0)
    out = tuple(
        s.reshape(-1).at[at].set(e, mode="drop").reshape(shape)
        for s, e in zip(state, ends, strict=True)
    )
    return out


def _switch(mask: Array | None, shape: tuple[int, ...], n: int, index: Any, *rest: Any) -> Any:
    branches, args = rest[:n], rest[n:]
    index = jnp.clip(jnp.asarray(index), 0, n - 1)
    if index.ndim == 0:
        # One branch for all elements: only that one runs.
        def run(branch: Subgraph) -> Callable[[], Any]:
            return lambda: tuple(
                jnp.broadcast_to(v, shape) for v in body_of(branch).run(args, mask, shape)
            )

        return lax.switch(index, [run(b) for b in branches])
    outs = None
    for i, branch in enumerate(branches):
        chosen = index == i
        new = body_of(branch).run(args, _and(mask, chosen), shape)
        outs = (
            new
            if outs is None
            else [jnp.where(chosen, a, b) for a, b in zip(new, outs, strict=True)]
        )
    assert outs is not None
    return tuple(outs)


def _map(mask: Array | None, shape: tuple[int, ...], sub: Subgraph, *args: Any) -> Any:
    outs = body_of(sub).run(args, mask, shape)
    return outs[0] if len(outs) == 1 else tuple(outs)


def _call(mask: Array | None, shape: tuple[int, ...], sub: Subgraph, *args: Any) -> Any:
    if math.prod(shape) <= FEW:
        return rolled()[sub](*(jnp.asarray(a) for a in args))
    return tuple(body_of(sub).run(args, mask, shape))


_CONTROL: dict[str, Callable[..., Any]] = {
    "while_loop": _while,
    "switch": _switch,
    "map": _map,
    "call": _call,
}


def _outwards(x: Array, node: Expr) -> Array:
    """Keep a result that may be a product, a quotient or a root from being merged outside."""
    free = node.op.name in ("item", "negative", "where") or _merges(node)
    return keep(x) if free and x.dtype.name in FLOATS else x


def run_map(sub: Subgraph, *args: Any) -> Any:
    """Run a scalar subgraph on each element of broadcast arrays."""
    arrays = [jnp.asarray(a) for a in args]
    shape = jnp.broadcast_shapes(*(a.shape for a in arrays))

    def compute(arrays: Sequence[Array]) -> tuple[Array, ...]:
        return tuple(
            jnp.broadcast_to(_outwards(jnp.asarray(o, t.type.dtype), t), shape)  # type: ignore[union-attr]
            for o, t in zip(body_of(sub).run(arrays, None, shape), sub.outputs, strict=True)
        )

    words = [a for a in arrays if a.dtype == jnp.uint32]
    blocks = math.prod(shape)
    long = words and blocks and body_of(sub).size(blocks <= FEW) > FENCE
    outs = fenced(arrays, compute, words[0]) if long else compute(arrays)
    return outs[0] if len(outs) == 1 else outs


# -- random bits -----------------------------------------------------------------------------


FENCE = 100
"""Operations of a map's body above which recomputing it costs more than a fence."""


def fenced(
    words: Sequence[Array],
    compute: Callable[[Sequence[Array]], tuple[Array, ...]],
    witness: Array,
) -> tuple[Array, ...]:
    """Compute arrays from keys behind a fence.

    XLA would compute a cipher anew for every use of its result. A loop that turns once, but
    whose end depends on the witness (a word of a key), keeps it together.
    """
    shapes = jax.eval_shape(compute, words)
    first = witness.reshape(-1)[0]
    # Zero, which XLA does not see: a word has at most 32 bits set.
    zero = lax.shift_right_logical(lax.population_count(first), jnp.uint32(6))

    def body(carry: Any) -> Any:
        turn, _ = carry
        # The cipher's input depends on the turn, or XLA would move all of it out of the loop.
        inside = [w ^ turn if w.dtype == jnp.uint32 else w for w in words]
        return turn + jnp.uint32(1), compute(inside)

    start = (zero, tuple(jnp.zeros(s.shape, s.dtype) for s in shapes))
    end: tuple[Array, ...] = lax.while_loop(lambda c: c[0] < jnp.uint32(1), body, start)[1]
    return end


def random_bits(impl: str, block: bool, tag: int, count: Any, *words: Array) -> Any:
    """Make the first bits of elements: see `astragal.random.lower.RANDOM_BITS`."""
    count = int(count[0]) if isinstance(count, tuple) else int(count)
    keys = [jnp.asarray(w) for w in words]
    lead = keys[0].shape
    paired = not block and IMPLEMENTATIONS[impl].pairs
    n = 16 * (count // 32) + min(count % 32, 16) if paired else count
    body = body_of(first_block(impl, tag))

    def compute(keys: Sequence[Array]) -> tuple[Array, ...]:
        element = lax.iota(jnp.uint64, n)
        shape = (*lead, n)
        outs = body.run([*(k[..., None] for k in keys), element], None, shape)
        wide = [jnp.broadcast_to(w, shape).astype(jnp.uint64) for w in outs]
        if not block and not paired:
            # jax.random's order: the first word is the high half.
            return (wide[0] << 32 | wide[1],)
        return wide[0] | wide[1] << 32, wide[2] | wide[3] << 32

    if not math.prod((*lead, n)):
        empty = jnp.zeros((*lead, count), jnp.uint64)
        return (empty, empty) if block else empty
    long = body.size(math.prod(lead) * n <= FEW) > FENCE
    out = fenced(keys, compute, keys[0]) if long else compute(keys)
    if block:
        return out
    if not paired:
        return out[0]
    groups = -(-count // 32)
    pad = [(0, 0)] * len(lead) + [(0, groups * 16 - n)]
    halves = [jnp.pad(o, pad).reshape(*lead, groups, 1, 16) for o in out]
    return jnp.concatenate(halves, axis=-2).reshape(*lead, groups * 32)[..., :count]
