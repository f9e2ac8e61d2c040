"""Graphs lifted to batches: every value gets a leading dimension, and draws are repeated.

A rule an operation, in one table; elementwise operations need none. A key stays one key: its
random variable draws n times as many elements, each from its own number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import KeyType
from astragal.ops.creation import arange, shape_dims
from astragal.ops.manipulation import broadcast_to, permute_dims, reshape
from astragal.random.distribution import batch_shape, is_random, random_parts


class NotBatched(Exception):
    """An operation has no rule; the message names it."""


def lift(
    roots: Iterable[Expr], given: Mapping[Expr, Expr], batched: Iterable[Expr], n: int
) -> tuple[Expr, ...]:
    """Build a graph over batches of n values.

    Parameters
    ----------
    roots
        Shapes below them must be static.
    given
        What stands in the place of some nodes. Random variables that are not among them draw
        anew, n times.
    batched
        Those of the given nodes whose replacements have the leading dimension.

    Returns
    -------
    tuple of Expr
        The roots' images, all with a leading dimension of n.

    Raises
    ------
    NotBatched
        Where an operation has no rule.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.key(0)
    >>> x = ag.random.normal(k, 0.0, 1.0, size=3)
    >>> lift([ag.sum(x)], {}, [], 1000)[0].type
    float64(1000,)
    """
    roots = tuple(roots)
    new: dict[Expr, Expr] = dict(given)
    many: set[Expr] = set(batched)
    for x in toposort(roots):
        if x in new:
            continue
        if is_random(x):
            new[x] = _drawn(x, new, many, n)
            many.add(x)
        elif not any(isinstance(a, Expr) and a in many for a in x.args):
            new[x] = x.op(*(new[a] if isinstance(a, Expr) else a for a in x.args))
        else:
            new[x] = _lifted(x, new, many, n)
            many.add(x)
    return tuple(
        new[r] if r in many else broadcast_to(new[r], (n, *new[r].type.shape)) for r in roots
    )


def _aligned(a: Expr, rank: int) -> Expr:
    """Put dimensions of length one after the first, up to a rank without it."""
    own = a.type.shape
    if len(own) - 1 == rank:
        return a
    return reshape(a, (own[0], *(1,) * (rank - len(own) + 1), *own[1:]))


def _drawn(x: Expr, new: Mapping[Expr, Expr], many: set[Expr], n: int) -> Expr:
    d, key, _, parameters = random_parts(x)
    batch = batch_shape(x)
    assert isinstance(key.type, KeyType)
    lead = len(key.type.shape)
    if key in many:
        raise NotBatched(f"the key of {d.name} differs between the elements of a batch")
    out = []
    for a, p in zip(parameters, d.parameters, strict=True):
        y = new[a]
        if a in many:
            y = _aligned(y, len(batch) + p.core)
        elif lead:
            y = reshape(y, (1, *(1,) * (len(batch) + p.core - y.ndim), *y.type.shape))
        if lead:
            # The keys' dimensions must lead: the new one comes after them.
            y = permute_dims(y, (*range(1, lead + 1), 0, *range(lead + 1, y.ndim)))
        out.append(y)
    size = (*batch[:lead], n, *batch[lead:])
    drawn = x.op(new[key], size, *out)
    return permute_dims(drawn, (lead, *range(lead), *range(lead + 1, drawn.ndim)))


def _lifted(x: Expr, new: Mapping[Expr, Expr], many: set[Expr], n: int) -> Expr:
    args = [new[a] if isinstance(a, Expr) else a for a in x.args]
    if x.op.elementwise:
        rank = max(len(a.type.shape) for a in x.args if isinstance(a, Expr))
        return x.op(
            *(
                _aligned(y, rank) if isinstance(a, Expr) and a in many else y
                for a, y in zip(x.args, args, strict=True)
            )
        )
    rule = _RULES.get(x.op.name)
    if rule is None:
        raise NotBatched(f"{x.op.name} has no rule for batches")
    return rule(x, args, [isinstance(a, Expr) and a in many for a in x.args], n)


Rule = Callable[[Expr, list[Any], list[bool], int], Expr]


def _whole(y: Expr, is_many: bool, n: int) -> Expr:
    return y if is_many else broadcast_to(y, (n, *y.type.shape))


def _axes(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    y, axes, *rest = args
    return x.op(y, tuple(a + 1 for a in axes), *rest)


def _axis(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    y, axis, *rest = args
    return x.op(y, axis + 1, *rest)


def _index(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    y, spec, *rest = args
    if any(many[2:]):
        # One index of the first axis: what it differs by comes first in what it gives.
        first = spec[0] == ("expr",) and len(rest) == 1 and not x.args[2].type.shape
        if not first or any(s != ("slice", None, None, 1) for s in spec[1:]):
            raise NotBatched("an index that differs between the elements of a batch")
        chosen: Expr = y[arange(n), rest[0]] if many[0] else y[rest[0]]
        return chosen
    return x.op(y, (("slice", None, None, 1), *spec), *rest)


def _shape(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    return reshape(args[0], (n, *shape_dims(args[1])))


def _broadcast(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    dims = shape_dims(args[1])
    return broadcast_to(_aligned(args[0], len(dims)), (n, *dims))


def _permute(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    return x.op(args[0], (0, *(a + 1 for a in args[1])))


def _joined(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    axis, *parts = args
    return x.op(axis + 1, *(_whole(p, m, n) for p, m in zip(parts, many[1:], strict=True)))


def _as_it_is(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    return x.op(*args)


def _matmul(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    a, b = (_whole(y, m, n) for y, m in zip(args, many, strict=True))
    flat_a, flat_b = a.ndim == 2, b.ndim == 2  # vectors, one an element of the batch
    if flat_a:
        a = reshape(a, (n, 1, a.type.shape[1]))
    if flat_b:
        b = reshape(b, (n, b.type.shape[1], 1))
    rank = max(a.ndim, b.ndim) - 1
    out = x.op(_aligned(a, rank), _aligned(b, rank))
    return reshape(out, (n, *x.type.shape))


def _solve(x: Expr, args: list[Any], many: list[bool], n: int) -> Expr:
    rank = max(x.args[0].ndim, x.args[1].ndim)
    a, b = (_aligned(_whole(y, m, n), rank) for y, m in zip(args[:2], many[:2], strict=True))
    return x.op(a, b, *args[2:])


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("sum", "prod", "max", "min", "any", "all", "logsumexp"), _axes),
    **dict.fromkeys(("cumulative_sum", "cumulative_prod", "sort", "argsort"), _axis),
    **dict.fromkeys(("argmax", "argmin"), _axis),
    **dict.fromkeys(("cholesky", "det", "slogdet", "eigh", "qr", "svd"), _as_it_is),
    **dict.fromkeys(("solve", "solve_triangular"), _solve),
    "index": _index,
    "reshape": _shape,
    "broadcast_to": _broadcast,
    "permute_dims": _permute,
    "concatenate": _joined,
    "stack": _joined,
    "matmul": _matmul,
    "item": _as_it_is,
}
