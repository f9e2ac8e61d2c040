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
from astragal.graph.types import FLOATS, KeyType, Shape, TupleType, Type, tensor_type
from astragal.ops.control import MAP
from astragal.ops.creation import IOTA, shape_argument, shape_dims
from astragal.ops.declare import as_expr, cast
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
from astragal.random import keys
from astragal.random.distribution import Distribution, RandomOp, batch_of
from astragal.random.implementations import IMPLEMENTATIONS
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

Memo = dict[Expr, Expr]


def lowered_type(type: Type) -> Type:
    """Give the type that stands for another after lowering: keys become uint32."""
    if isinstance(type, KeyType):
        return tensor_type("uint32", (*type.shape, keys.KEY_WORDS[type.impl]))
    if isinstance(type, TupleType):
        return TupleType(tuple(map(lowered_type, type.items)))
    return type


def lower_random(roots: Sequence[Expr]) -> tuple[Expr, ...]:
    """Rewrite graphs so that they hold no keys and no random variables.

    Parameters
    ----------
    roots
        Inputs and outputs of a function. An input that is a key becomes an input of the same
        name that is a uint32 array.

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
    new: Memo = {}
    for node in toposort(roots):
        new[node] = _lower(node, new)
    return tuple(new[r] for r in roots)


_BODIES: weakref.WeakKeyDictionary[Subgraph, Subgraph] = weakref.WeakKeyDictionary()


def lower_body(body: Subgraph) -> Subgraph:
    """Lower a subgraph; what it becomes is kept."""
    found = _BODIES.get(body)
    if found is None:
        n = len(body.parameters)
        lowered = lower_random([*body.parameters, *body.outputs])
        found = Subgraph(lowered[:n], lowered[n:])
        _BODIES[body] = found
    return found


def _lower(node: Expr, new: Memo) -> Expr:
    if isinstance(node.op, RandomOp):
        return _lower_rv(node, new)
    rule = _KEY_RULES.get(node.op.name)
    if rule is not None and (isinstance(node.type, KeyType) or node.op.name == "key_data"):
        return rule(node, *(new[a] if isinstance(a, Expr) else a for a in node.args))
    args = []
    changed = False
    for a in node.args:
        b = new[a] if isinstance(a, Expr) else lower_body(a) if isinstance(a, Subgraph) else a
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
    source = node.args[0]
    if source.op is keys.SPLIT and spec[0][0] == "int" and isinstance(source.args[1], int):
        # One child of a split is computed alone.
        pass
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


def _kernel_body(d: Distribution, impl: str, dtypes: tuple[str, ...], dtype: str) -> Any:
    """Trace a kernel: its subgraph, and which of the possible operands it uses.

    Possible operands: first bits (one or two), words of the key, element, parameters.
    """
    key = (d, impl, dtypes, dtype)
    found = _KERNELS.get(key)
    if found is not None:
        return found
    kernel = d.sampler
    implementation = IMPLEMENTATIONS[impl]
    first = _scalars(2 if kernel.block else 1, "uint64")
    words = _scalars(implementation.words, "uint32")
    (element,) = _scalars(1, "uint64")
    parameters = [placeholder(tensor_type(t)) for t in dtypes]
    source = Source(implementation, tuple(words), element, tuple(first))
    # float32 variables are float64 ones, rounded.
    wide = [cast(p, "float64") if p.dtype in FLOATS else p for p in parameters]
    out = cast(kernel.draw(source, *wide), dtype)
    operands = [*first, *words, element, *parameters]
    below = set(toposort([out]))
    used = tuple(i for i, p in enumerate(operands) if p in below)
    found = Subgraph([operands[i] for i in used], [out]), used
    _KERNELS[key] = found
    return found


def element_numbers(tail: Shape) -> Expr:
    """Number the elements under one key, in row-major order, as uint64."""
    count = _product(tail)
    return reshape(IOTA(count, "uint64"), tail) if tail else scalar(0, "uint64")


def _product(dims: Shape) -> Any:
    if all(isinstance(d, int) for d in dims):
        return math.prod(dims)  # type: ignore[arg-type]
    total: Any = 1
    for d in dims:
        total = total * d
    return total


def draw_with_kernel(
    d: Distribution, impl: str, words: Expr, batch: Shape, parameters: Sequence[Expr], dtype: str
) -> Expr:
    """Lower a random variable whose sampler is a kernel."""
    kernel = d.sampler
    rank = words.ndim - 1
    tail = batch[rank:]
    count = _product(tail)
    argument = shape_argument((count,))
    parts = components(words)
    bits = RANDOM_BITS(
        impl, kernel.block, 0, argument if isinstance(argument, Expr) else count, *parts
    )
    body, used = _kernel_body(d, impl, tuple(p.dtype for p in parameters), dtype)
    # Words of the keys stand beside the elements: K + (1, ..., 1).
    apart = (*words.type.shape[:-1], *(1,) * len(tail))
    n_first = 2 if kernel.block else 1
    n_words = keys.KEY_WORDS[impl]
    operands: list[Expr] = []
    for i in used:
        if i < n_first:
            part = bits[i] if kernel.block else bits
            operands.append(reshape(part, batch))
        elif i < n_first + n_words:
            operands.append(reshape(parts[i - n_first], apart) if rank else parts[i - n_first])
        elif i == n_first + n_words:
            operands.append(element_numbers(tail))
        else:
            operands.append(parameters[i - n_first - n_words - 1])
    out = MAP(body, *operands)
    return broadcast_to(out, batch)


def _lower_rv(node: Expr, new: Memo) -> Expr:
    op = node.op
    assert isinstance(op, RandomOp)
    d = op.distribution
    key, size, *parameters = node.args
    assert isinstance(key.type, KeyType)
    words = new[key]
    lowered = [new[p] for p in parameters]
    size = new[size] if isinstance(size, Expr) else size
    batch = batch_of(d, words.type.shape[:-1], size, lowered)
    if isinstance(d.sampler, Kernel):
        dtype = node.dtype
        return draw_with_kernel(d, key.type.impl, words, batch, lowered, dtype)
    if isinstance(d.sampler, Composition):
        graph = d.sampler.draw(keys.WRAP_KEY_DATA(words, key.type.impl), batch, *lowered)
        return lower_random([cast(graph, node.dtype)])[0]
    raise UnsupportedError(f"{d.name} has no sampler")


_ = as_expr
