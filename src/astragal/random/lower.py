"""Lowering of randomness: from keys and random variables to integers and arrays.

`lower_random` runs before every backend. Keys become uint32 arrays with a last dimension of
words, what is done to them becomes integer arithmetic, and each random variable becomes
``random_bits`` followed by ``map`` of its kernel. The bodies of loops, branches and calls
are lowered too.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import INPUT, PARAMETER, Expr, Op
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, GeneratorType, KeyType, Shape, TupleType, Type, tensor_type
from astragal.ops import elementwise as e
from astragal.ops.control import MAP
from astragal.ops.creation import IOTA, shape_argument, shape_dims
from astragal.ops.declare import cast
from astragal.ops.indexing import INDEX, SET_INDEX
from astragal.ops.manipulation import (
    BROADCAST,
    CONCATENATE,
    PERMUTE,
    RESHAPE,
    STACK,
    broadcast_to,
    reshape,
    stack,
)
from astragal.ops.searching import where
from astragal.random import keys, sequential
from astragal.random.distribution import RandomOp
from astragal.random.implementations import IMPLEMENTATIONS
from astragal.random.improper import FACTOR
from astragal.random.sampler import Composition, Kernel, Source

_ALL = ("slice", None, None, 1)


def _infer_bits(impl: str, block: bool, tag: int, count: Any, *words: Expr) -> Type:
    n = shape_dims((count,) if not isinstance(count, Expr) else count)
    bits = tensor_type("uint64", (*words[0].type.shape, *n))
    return TupleType((bits, bits)) if block else bits


RANDOM_BITS = Op("random_bits", _infer_bits)
"""The first bits of many elements: ``random_bits(impl, block, tag, count, *words)``.

``words`` are those of the keys, each a uint32 array of the keys' shape. The result has the
keys' shape and a last dimension of ``count`` elements: uint64, or where ``block`` is true a
pair of them. Element i has block i to itself where ``block`` is true. Where it is false, two
elements share a block, so arranged that 16 neighbouring blocks fill 32 neighbouring elements,
for SIMD: of the elements 32 g + j, those with j below 16 have the first half of block
16 g + j, the others the second half of block 16 g + j - 16.
"""


class Memo(dict[Expr, Expr]):
    """What nodes have become; and whether the children of a split are computed one by one."""

    def __init__(self, alone: bool) -> None:
        super().__init__()
        self.alone = alone


def lowered_type(type: Type) -> Type:
    """Give the type that stands for another after lowering: keys become uint32."""
    if isinstance(type, KeyType):
        return tensor_type("uint32", (*type.shape, keys.KEY_WORDS[type.impl]))
    if isinstance(type, GeneratorType):
        return tensor_type("uint64", (sequential.WORDS,))
    if isinstance(type, TupleType):
        return TupleType(tuple(map(lowered_type, type.items)))
    return type


def lower_random(roots: Sequence[Expr], alone: bool = False) -> tuple[Expr, ...]:
    """Rewrite graphs so that they hold no keys and no random variables.

    Parameters
    ----------
    roots
        Inputs and outputs of a function. An input that is a key becomes an input of the same
        name that is a uint32 array.
    alone
        Whether a child that is taken out of a split of one key is computed by itself: faster
        where scalars need no arrays.

    Returns
    -------
    tuple of Expr
        The images of the roots, in order; graphs without randomness are unchanged.

    Examples
    --------
    >>> import astragal as ag
    >>> (draw,) = lower_random([ag.random.uniform(ag.key(1), size=3)])
    >>> draw.op.name, ag.evaluate(draw).shape
    ('map', (3,))
    """
    new = Memo(alone)
    for node in toposort(roots):
        if isinstance(node.op, RandomOp):
            new[node] = _lower_rv(node, new)
        else:
            new[node] = _lower(node, new)
    return tuple(new[r] for r in roots)


_BODIES: weakref.WeakKeyDictionary[Subgraph, dict[bool, Subgraph]] = weakref.WeakKeyDictionary()


def lower_body(body: Subgraph, alone: bool) -> Subgraph:
    """Lower a subgraph; what it becomes is kept."""
    kept = _BODIES.setdefault(body, {})
    if alone not in kept:
        n = len(body.parameters)
        lowered = lower_random([*body.parameters, *body.outputs], alone)
        kept[alone] = Subgraph(lowered[:n], lowered[n:])
    return kept[alone]


def _lower(node: Expr, new: Memo) -> Expr:
    if node.op is FACTOR:
        return new[node.args[0]]
    if new.alone and node.op is INDEX and node.args[0].op is keys.SPLIT:
        child = _only_child(node, new)
        if child is not None:
            return child
    rule = _KEY_RULES.get(node.op.name)
    if rule is not None and (isinstance(node.type, KeyType) or node.op.name == "key_data"):
        return rule(node, *(new[a] if isinstance(a, Expr) else a for a in node.args))
    if node.op is sequential.GENERATOR:
        return sequential.lowered(node.args[0])
    args = []
    changed = False
    for a in node.args:
        b = new[a] if isinstance(a, Expr) else a
        if isinstance(a, Subgraph):
            b = lower_body(a, new.alone)
        changed = changed or b is not a
        args.append(b)
    if node.op in (INPUT, PARAMETER):
        name, type = node.args
        return node.op(name, _new_type(type, new))
    return node.op(*args) if changed else node


def _new_type(type: Type, new: Memo) -> Type:
    """Lower a type; symbolic dimensions are leaves, which stay as they are."""
    return lowered_type(type)


# -- keys ------------------------------------------------------------------------------------


def _words(node: Expr) -> int:
    assert isinstance(node.type, KeyType)
    return keys.KEY_WORDS[node.type.impl]


def components(words: Expr) -> list[Expr]:
    """Take lowered keys apart into one array a word."""
    n = words.type.shape[-1]
    assert isinstance(n, int)
    last = words.ndim - 1
    if words.op is STACK and words.args[0] == last:
        return list(words.args[1:])
    if is_constant(words):
        value = value_of(words)
        return [constant(value[..., j]) for j in range(n)]
    if words.op is INDEX and words.args[1][-1] == _ALL and words.args[0].op is STACK:
        # A part of stacked words: the parts of the words.
        inner, spec, *operands = words.args
        if inner.args[0] == inner.ndim - 1:
            return [INDEX(w, spec[:-1], *operands) for w in inner.args[1:]]
    return [words[..., j] for j in range(n)]


def _key(node: Expr, seed: int, impl: str) -> Expr:
    import numpy as np

    return constant(np.array(IMPLEMENTATIONS[impl].seed(seed), "uint32"))


def _scalars(count: int, dtype: str) -> list[Expr]:
    return [placeholder(tensor_type(dtype)) for _ in range(count)]


_CHILD: dict[tuple[str, int | None], Subgraph] = {}


def _child_body(impl: str, n: int | None) -> Subgraph:
    """The kernel from words and an index (and n, where it is not static) to a child's words."""
    found = _CHILD.get((impl, n))
    if found is None:
        implementation = IMPLEMENTATIONS[impl]
        words = _scalars(implementation.words, "uint32")
        index, count = _scalars(2, "uint64")
        outs = implementation.child(tuple(words), index, count if n is None else n)
        found = Subgraph([*words, index, *([count] if n is None else [])], outs)
        _CHILD[impl, n] = found
    return found


def _items(node: Expr) -> list[Expr]:
    if isinstance(node.type, TupleType):
        return [node[i] for i in range(len(node))]
    return [node]


def _split(node: Expr, words: Expr, n: Any) -> Expr:
    assert isinstance(node.type, KeyType)
    impl = node.type.impl
    dim = shape_dims((n,) if not isinstance(n, Expr) else n)[0]
    rank = words.ndim - 1
    index = reshape(IOTA(dim, "uint64"), (dim, *(1,) * rank))
    more = [] if isinstance(dim, int) else [cast(dim, "uint64")]
    body = _child_body(impl, dim if isinstance(dim, int) else None)
    out = _items(MAP(body, *components(words), index, *more))
    shape = (dim, *words.type.shape[:-1])
    return stack([broadcast_to(w, shape) for w in out], axis=rank + 1)


FEW = 16  # children of a split up to which one is computed by itself


def _only_child(node: Expr, new: Memo) -> Expr | None:
    """Compute one child of one key, without the others."""
    (key, n), spec = node.args[0].args, node.args[1]
    assert isinstance(key.type, KeyType)
    alone = not key.type.shape and isinstance(n, int) and n <= FEW
    if not alone or len(spec) != 1 or spec[0][0] != "int":
        return None
    body = _child_body(key.type.impl, n)
    return stack(_items(MAP(body, *components(new[key]), scalar(spec[0][1] % n, "uint64"))))


_FOLD: dict[str, Subgraph] = {}


def _fold_in(node: Expr, words: Expr, data: Expr) -> Expr:
    assert isinstance(node.type, KeyType)
    impl = node.type.impl
    if impl not in _FOLD:
        implementation = IMPLEMENTATIONS[impl]
        ws = _scalars(implementation.words, "uint32")
        (d,) = _scalars(1, "uint64")
        _FOLD[impl] = Subgraph([*ws, d], implementation.fold(tuple(ws), d))
    out = _items(MAP(_FOLD[impl], *components(words), cast(data, "uint64")))
    return stack(out, axis=out[0].ndim)


def _same_dims(node: Expr, words: Expr, shape: Any) -> tuple[Any, ...]:
    return (*shape_dims(shape), _words(node))


def _index(node: Expr, words: Expr, spec: Any, *operands: Expr) -> Expr:
    return INDEX(words, (*spec, _ALL), *operands)


def _broadcast(node: Expr, words: Expr, shape: Any) -> Expr:
    return BROADCAST(words, shape_argument(_same_dims(node, words, shape)))


_KEY_RULES: dict[str, Callable[..., Expr]] = {
    "key": _key,
    "split": _split,
    "fold_in": _fold_in,
    "key_data": lambda node, words: words,
    "wrap_key_data": lambda node, data, impl: data,
    "index": _index,
    "set_index": lambda node, x, v, spec, *rest: SET_INDEX(x, v, (*spec, _ALL), *rest),
    "reshape": lambda node, w, shape: RESHAPE(w, shape_argument(_same_dims(node, w, shape))),
    "broadcast_to": _broadcast,
    "permute_dims": lambda node, w, axes: PERMUTE(w, (*axes, len(axes))),
    "concatenate": lambda node, axis, *ws: CONCATENATE(axis, *ws),
    "stack": lambda node, axis, *ws: STACK(axis, *ws),
    "where": lambda node, c, x, y: where(c[..., None], x, y),
}


# -- random variables ------------------------------------------------------------------------

_KERNELS: dict[tuple[Any, ...], tuple[Subgraph, tuple[int, ...]]] = {}


def _kernel_body(
    kernel: Kernel,
    impl: str,
    first: int,
    tags: tuple[int, ...],
    dtypes: tuple[str, ...],
    dtype: str | None,
) -> tuple[Subgraph, tuple[int, ...]]:
    """Trace a kernel: its subgraph, and which of the possible operands it uses.

    Possible operands: first bits (none, one or two, and two for each tag that is ahead), words of
    the key, element, parameters.
    """
    key = (kernel, impl, first, tags, dtypes, dtype)
    found = _KERNELS.get(key)
    if found is not None:
        return found
    implementation = IMPLEMENTATIONS[impl]
    bits = _scalars(first, "uint64")
    words = _scalars(implementation.words, "uint32")
    (element,) = _scalars(1, "uint64")
    parameters = [placeholder(tensor_type(t)) for t in dtypes]
    own = first - 2 * len(tags)
    ahead = {t: tuple(bits[own + 2 * i : own + 2 * i + 2]) for i, t in enumerate(tags)}
    source = Source(implementation, tuple(words), element, tuple(bits[:own]), ahead)
    if kernel.single is not None and dtype == "float32":
        out = kernel.single(source, *parameters)
    else:
        # float32 variables are float64 ones, rounded.
        wide = [cast(p, "float64") if p.dtype in FLOATS else p for p in parameters]
        out = kernel.draw(source, *wide)
    outs = [
        _flushed(cast(x, dtype or x.dtype)) for x in (out if isinstance(out, tuple) else (out,))
    ]
    operands = [*bits, *words, element, *parameters]
    below = set(toposort(outs))
    used = tuple(i for i, p in enumerate(operands) if p in below)
    found = Subgraph([operands[i] for i in used], outs), used
    _KERNELS[key] = found
    return found


def _flushed(x: Expr) -> Expr:
    """Make zeros of subnormal numbers: JAX has none, and all backends give the same."""
    if x.dtype not in FLOATS:
        return x
    tiny = 2.0**-1022 if x.dtype == "float64" else 2.0**-126
    return where(e.abs(x) < tiny, 0.0, x)


def _product(dims: Shape) -> Any:
    if all(isinstance(d, int) for d in dims):
        return math.prod(dims)
    total: Any = 1
    for d in dims:
        total = total * d
    return total


class Draws:
    """The keys of one random variable, to draw from with kernels.

    Attributes
    ----------
    batch
        Batch shape of the variable; it begins with the shape of the keys.
    """

    def __init__(self, impl: str, parts: Sequence[Expr], batch: Shape) -> None:
        self.impl = impl
        self.parts = list(parts)
        self.batch = batch

    def split(self, n: int) -> list[Draws]:
        """Give the children of the keys, for samplers that draw more than once."""
        body = _child_body(self.impl, n)
        children = [_items(MAP(body, *self.parts, scalar(i, "uint64"))) for i in range(n)]
        return [Draws(self.impl, c, self.batch) for c in children]

    def child(self, number: Expr, n: int) -> Draws:
        """Give a child of the keys whose number is computed."""
        out = _items(MAP(_child_body(self.impl, n), *self.parts, number))
        return Draws(self.impl, out, self.batch)

    def values(
        self, kernel: Kernel, *parameters: Expr, core: Shape = (), dtype: str | None = None
    ) -> Any:
        """Draw an array of the batch shape and ``core``; spends the keys.

        A kernel with several values gives a tuple of arrays.
        """
        kernel = kernel.given(*parameters)
        shape = (*self.batch, *core)
        rank = self.parts[0].ndim
        count = _product(shape[rank:])
        argument = shape_argument((count,))
        n = argument if isinstance(argument, Expr) else count
        tags = kernel.ahead(*parameters)
        asked = [(kernel.block, 0), *((True, tag) for tag in tags)]
        bits = [RANDOM_BITS(self.impl, block, tag, n, *self.parts) for block, tag in asked]
        first = [reshape(b, shape) for made in bits for b in _items(made)]
        element = reshape(IOTA(count, "uint64"), shape[rank:]) if len(shape) > rank else None
        out = self._map(kernel, first, tags, element, shape, parameters, dtype)
        outs = [broadcast_to(x, shape) for x in _items(out)]
        return outs[0] if len(outs) == 1 else tuple(outs)

    def numbered(self, kernel: Kernel, element: Expr, *parameters: Expr) -> Expr:
        """Draw the elements of given numbers, one at a time: for samplers that go on from them.

        ``element`` has the dimensions of the batch that are not those of the keys.
        """
        return self._map(kernel, [], (), element, self.batch, parameters, None)

    def _map(
        self,
        kernel: Kernel,
        first: Sequence[Expr],
        tags: tuple[int, ...],
        element: Expr | None,
        shape: Shape,
        parameters: Sequence[Expr],
        dtype: str | None,
    ) -> Expr:
        dtypes = tuple(p.dtype for p in parameters)
        body, used = _kernel_body(kernel, self.impl, len(first), tags, dtypes, dtype)
        keys_shape = self.parts[0].type.shape
        # Words of the keys stand beside the elements: K + (1, ..., 1).
        apart = (*keys_shape, *(1,) * (len(shape) - len(keys_shape)))
        operands = [
            *first,
            *self.parts,
            scalar(0, "uint64") if element is None else element,
            *parameters,
        ]
        chosen = []
        for i in used:
            word = len(first) <= i < len(first) + len(self.parts)
            chosen.append(reshape(operands[i], apart) if word and keys_shape else operands[i])
        return MAP(body, *chosen)


def _lower_rv(node: Expr, new: Memo) -> Expr:
    op = node.op
    assert isinstance(op, RandomOp)
    d = op.distribution
    key, size, *parameters = node.args
    assert isinstance(key.type, KeyType)
    words = new[key]
    lowered = [new[p] for p in parameters]
    size = new[size] if isinstance(size, Expr) else size
    batch = d.batch(words.type.shape[:-1], size, lowered)
    draws = Draws(key.type.impl, components(words), batch)
    if isinstance(d.sampler, Kernel):
        out: Expr = draws.values(d.sampler, *lowered, dtype=node.dtype)
        return out
    if isinstance(d.sampler, Composition):
        wide = [cast(p, "float64") if p.dtype in FLOATS else p for p in lowered]
        return cast(d.sampler.draw(draws, *wide), node.dtype)
    raise UnsupportedError(f"{d.name} has no sampler")
