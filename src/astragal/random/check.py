"""Proof that no key is spent twice, over a whole graph, its loops and branches included.

The graph is interpreted with numbers in the place of keys: each source of keys (an input, a
seed, a split) hands out fresh numbers, and what only moves keys about (indexing, reshaping,
stacking, ...) is run by its NumPy meaning on arrays of these numbers. A consumer (a random
variable, a split, a fold) spends the numbers that it is given, and a number spent twice is an
error that names both consumers. Each node is looked at once, or once a call of its subgraph.

Loops: the keys that a loop carries or runs over are moved into it. Its body sees fresh
numbers, and may spend them or hand them on, each once. A key from outside must not be spent in
the body, since every turn would spend it again, unless it is folded with, or selected by, a
counter that differs from turn to turn. Branches of a switch may each spend the same key.

Lengths that are not static are stood for by a small number. An index that is not static
selects all that it could select.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.graph.errors import KeyReuseError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.subgraph import Subgraph
from astragal.graph.text import one_line
from astragal.graph.traverse import toposort
from astragal.graph.types import KeyType, Shape, TupleType, Type
from astragal.ops.creation import shape_dims
from astragal.ops.fuse_scans import fuse_scans
from astragal.ops.indexing import python_index
from astragal.random.distribution import RandomOp
from astragal.random.places import place_of

Ids = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class _Keys:
    """Numbers of keys: arrays of one shape, any of which may be the one that is meant.

    ``varies`` says that within a loop each turn means other ones, by a counter; ``unknown``,
    that an element may occur more than once.
    """

    options: tuple[Ids, ...]
    varies: bool = False
    unknown: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.options[0].shape)


Value = Any  # _Keys, a list of values for a tuple, None for what is no key


class _Ledger:
    """Who spent which number."""

    def __init__(self, stand_in: int) -> None:
        self.owner = np.zeros(64, np.int64)
        self.count = 1
        self.consumers: list[Expr | None] = [None]
        self.folds: dict[int, dict[int, Expr]] = {}
        self.log: list[Ids] = []
        self.barriers: list[int] = [0]
        self.stand_in = stand_in

    def fresh(self, shape: Shape) -> _Keys:
        dims = [self.length(d) for d in shape]
        start, self.count = self.count, self.count + math.prod(dims)
        if self.count > len(self.owner):
            self.owner = np.concatenate([self.owner, np.zeros(self.count, np.int64)])
        return _Keys((np.arange(start, self.count).reshape(dims) if dims else np.array(start),))

    def length(self, dim: Any) -> int:
        """Give a length; of one that is not static, that of the stand-ins."""
        if isinstance(dim, int):
            return dim
        if is_constant(dim):
            return int(value_of(dim))
        rule = _LENGTHS.get(dim.op.name)
        if rule is not None:
            return max(0, int(rule(*(self.length(a) for a in dim.args))))
        return self.stand_in

    def spend(self, keys: _Keys, consumer: Expr) -> None:
        """Record that a consumer spends keys."""
        if len(keys.options) == 1 and keys.options[0].size == 1 and not keys.unknown:
            # One key: the usual case, without arrays.
            i = int(keys.options[0].item())
            if i >= self.barriers[-1] and not self.owner[i]:
                self._take(keys.options[0].ravel(), consumer)
                return
        if keys.unknown:
            raise KeyReuseError(
                f"{_name(consumer)} may use a key more than once: which keys an index selects "
                "is not known before the graph runs; split a key for each use instead"
            )
        for ids in keys.options:
            if len(np.unique(ids)) < ids.size:
                raise KeyReuseError(
                    f"{_name(consumer)} uses one key for several elements; "
                    f"give each its own (astragal.split){_source(self, ids)}"
                )
        ids = np.unique(np.concatenate([o.ravel() for o in keys.options]))
        self._refuse_in_loop(ids, consumer, keys.varies)
        taken = ids[self.owner[ids] > 0]
        if taken.size:
            first = self.consumers[self.owner[taken[0]]]
            raise _twice(first, consumer)
        self._take(ids, consumer)

    def fold(self, keys: _Keys, consumer: Expr, data: Ids | None, varies: bool) -> None:
        """Record that integers are folded into keys."""
        if data is None or keys.unknown or len(keys.options) > 1 or keys.varies:
            self.spend(_Keys(keys.options, keys.varies or varies, keys.unknown), consumer)
            return
        ids, numbers = np.broadcast_arrays(keys.options[0], data)  # pyright: ignore[reportGeneralTypeIssues]
        self._refuse_in_loop(ids, consumer, False)
        for i, n in zip(ids.ravel().tolist(), numbers.ravel().tolist(), strict=True):
            known = self.folds.setdefault(i, {})
            other = known.get(n) if known else self.consumers[self.owner[i]]
            if other is not None:
                raise _twice(other, consumer)
            known[n] = consumer
        self._take(np.unique(ids), consumer)

    def _take(self, ids: Ids, consumer: Expr) -> None:
        self.consumers.append(consumer)
        self.owner[ids] = len(self.consumers) - 1
        self.log.append(ids)

    def _refuse_in_loop(self, ids: Ids, consumer: Expr, varies: bool) -> None:
        # A counter tells the turns of the innermost loop apart, not those of the loops around.
        barrier = self.barriers[-2] if varies and len(self.barriers) > 1 else self.barriers[-1]
        if ids.size and ids.min() < barrier:
            raise KeyReuseError(
                f"{_name(consumer)} spends a key from outside the loop again in every turn; "
                "carry the key and split it, scan over split keys, or fold in the loop's counter "
                "(astragal.fold_in)"
            )


_LENGTHS: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "floor_divide": lambda a, b: a // max(b, 1),
    "maximum": max,
    "minimum": min,
}


def _name(x: Expr | None) -> str:
    assert x is not None
    where = place_of(x)
    return one_line(x, 90) + (f" ({where})" if where else "")


def _source(ledger: _Ledger, ids: Ids) -> str:
    return f" ({ids.size} elements, {len(np.unique(ids))} keys)"


def _twice(first: Expr | None, second: Expr) -> KeyReuseError:
    if first is second:
        return KeyReuseError(f"{_name(first)} uses a key more than once")
    return KeyReuseError(
        f"a key is used twice, by\n  {_name(first)}\nand by\n  {_name(second)}\n"
        "Split it first: a, b = astragal.split(key)"
    )


def check_keys(*exprs: Expr) -> None:
    """Prove that no key in a graph is spent more than once.

    Parameters
    ----------
    *exprs
        All outputs of the graph: keys may be shared between outputs as little as within one.

    Raises
    ------
    KeyReuseError
        Naming both consumers, with where they were built.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.key(0)
    >>> ag.check_keys(ag.random.normal(ag.split(k)[0]) + ag.random.normal(ag.split(k)[1]))
    >>> ag.check_keys(ag.random.normal(k) + ag.random.uniform(k))
    Traceback (most recent call last):
    ...
    astragal.graph.errors.KeyReuseError: a key is used twice, by
    ...
    """
    # The gradient of a loop repeats its steps: with the same draws, which are one draw.
    exprs = fuse_scans(exprs)
    order = toposort(exprs)
    # Lengths that are not static are larger than any static position.
    largest = max(
        (abs(s[1]) for n in order if n.op.name == "index" for s in n.args[1] if s[0] == "int"),
        default=0,
    )
    _Walk(_Ledger(int(largest) + 3), {}, {}).run(exprs, order)


def _holds_keys(type: Type) -> bool:
    if isinstance(type, TupleType):
        return any(map(_holds_keys, type.items))
    return isinstance(type, KeyType)


class _Walk:
    """One pass over one graph or body."""

    def __init__(
        self, ledger: _Ledger, values: Mapping[Expr, Value], counters: Mapping[Expr, bool]
    ) -> None:
        self.ledger = ledger
        self.values: dict[Expr, Value] = dict(values)
        self.counters: dict[Expr, bool] = dict(counters)

    def run(self, outputs: Sequence[Expr], order: Sequence[Expr] | None = None) -> list[Value]:
        for node in toposort(outputs) if order is None else order:
            if node not in self.values:
                self.values[node] = self._value(node)
        return [self.values[o] for o in outputs]

    def _value(self, node: Expr) -> Value:
        name = node.op.name
        if isinstance(node.op, RandomOp):
            self.ledger.spend(self.values[node.args[0]], node)
            return None
        control = _CONTROL.get(name)
        if control is not None:
            return control(self, node)
        if not _holds_keys(node.type):
            self._count(node)
            return None
        if name == "item":
            return self.values[node.args[0]][node.args[1]]
        if name == "split":
            self.ledger.spend(self.values[node.args[0]], node)
        elif name == "fold_in":
            self._fold(node)
        elif name in _MOVES:
            return self._move(node)
        elif name == "wrap_key_data" and node.args[0].op.name == "key_data":
            return self.values[node.args[0].args[0]]
        assert isinstance(node.type, KeyType)
        return self.ledger.fresh(node.type.shape)

    def _count(self, node: Expr) -> None:
        """Note which integers differ from turn to turn of the loop."""
        name, args = node.op.name, node.args
        if name in ("astype", "add", "subtract", "multiply", "broadcast_to", "reshape"):
            exprs = [a for a in args if isinstance(a, Expr)]
            moving = [a for a in exprs if self.counters.get(a)]
            still = [a for a in exprs if a not in moving]
            constant = len(moving) == 1 and all(is_constant(a) for a in still)
            if constant and (name != "multiply" or all(np.all(value_of(a) != 0) for a in still)):
                self.counters[node] = True

    def _fold(self, node: Expr) -> None:
        key, data = node.args
        self.ledger.fold(self.values[key], node, self._known(data), self.counters.get(data, False))

    def _known(self, x: Expr) -> Ids | None:
        """Give the integers of an expression where they are known."""
        if is_constant(x):
            return value_of(x)
        if x.op.name == "iota" and isinstance(x.args[0], int):
            return np.arange(x.args[0])
        if x.op.name == "astype":
            return self._known(x.args[0])
        return None

    def _move(self, node: Expr) -> _Keys:
        sources = [self.values[a] for a in node.args if isinstance(a, Expr) and a in self.values]
        keys = [s for s in sources if isinstance(s, _Keys)]
        varies = all(k.varies for k in keys)
        unknown = any(k.unknown for k in keys)
        try:
            options, moved, lost = _MOVES[node.op.name](self, node)
        except (ValueError, IndexError):
            # Lengths that only seem to differ: all keys, in no known order.
            options = (np.unique(np.concatenate([o.ravel() for k in keys for o in k.options])),)
            moved, lost = False, True
        return _Keys(tuple(options), varies or moved, unknown or lost)

    def options(self, x: Expr) -> tuple[Ids, ...]:
        keys: _Keys = self.values[x]
        return keys.options


# -- what moves keys -------------------------------------------------------------------------

Moved = tuple[Sequence[Ids], bool, bool]


def _index(walk: _Walk, node: Expr) -> Moved:
    x, spec, *operands = node.args
    known = [walk._known(o) for o in operands]
    if all(k is not None for k in known):
        return [o[python_index(spec, known)] for o in walk.options(x)], False, False
    moving = [o for o, k in zip(operands, known, strict=True) if k is None]
    if any(o.type.shape for o in moving) or any(s[0] == "slice" and "expr" in s for s in spec):
        # Positions that are not known, several at a time: any may occur twice.
        ids = np.concatenate([o.ravel() for o in walk.options(x)])
        shape = [walk.ledger.length(d) for d in node.type.shape]
        return [np.resize(np.unique(ids), shape)], False, True
    # One position that is not known: any of its axis.
    options = list(walk.options(x))
    axis = 0
    place = 0
    items: list[tuple[Any, ...]] = []
    for s in spec:
        if s[0] == "expr" and known[place] is None:
            items.append(("any", axis))
        else:
            items.append(s)
        place += s[0] == "expr"
        axis += s[0] != "new"
    for at, item in enumerate(items):
        if item[0] == "any":
            options = [(o, i) for o in options for i in range(o.shape[item[1]])]  # type: ignore[misc]
            options = [np.take(o, [i], axis=item[1]) for o, i in options]
            items[at] = ("int", 0)
    rest = [k for k in known if k is not None]
    varies = all(walk.counters.get(o) for o in moving)
    return [o[python_index(tuple(items), list(rest))] for o in options], varies, False


def _set_index(walk: _Walk, node: Expr) -> Moved:
    x, value, spec, *operands = node.args
    known = [walk._known(o) for o in operands]
    if any(k is None for k in known):
        ids = np.concatenate([o.ravel() for a in (x, value) for o in walk.options(a)])
        return [np.resize(np.unique(ids), walk.options(x)[0].shape)], False, True
    out = []
    for a in walk.options(x):
        for b in walk.options(value):
            new = a.copy()
            new[python_index(spec, known)] = b
            out.append(new)
    return out, False, False


def _each(walk: _Walk, x: Expr, f: Callable[[Ids], Ids]) -> Moved:
    return [f(o) for o in walk.options(x)], False, False


def _dims(walk: _Walk, argument: Any) -> list[int]:
    return [walk.ledger.length(d) for d in shape_dims(argument)]


def _joined(walk: _Walk, node: Expr, join: Callable[..., Ids]) -> Moved:
    # Every array has its options; they are taken side by side, the shorter lists repeated.
    axis, *xs = node.args
    lists = [walk.options(x) for x in xs]
    most = max(map(len, lists))
    return [join([o[i % len(o)] for o in lists], axis=axis) for i in range(most)], False, False


def _where(walk: _Walk, node: Expr) -> Moved:
    c, x, y = node.args
    shape = [walk.ledger.length(d) for d in node.type.shape]
    both = [np.broadcast_to(o, shape) for a in (x, y) for o in walk.options(a)]
    if is_constant(c) and len(both) == 2:
        return [np.where(value_of(c), *both)], False, False
    return both, False, False


_MOVES: dict[str, Callable[[_Walk, Expr], Moved]] = {
    "index": _index,
    "set_index": _set_index,
    "reshape": lambda w, n: _each(w, n.args[0], lambda o: o.reshape(_dims(w, n.args[1]))),
    "broadcast_to": lambda w, n: _each(
        w, n.args[0], lambda o: np.broadcast_to(o, _dims(w, n.args[1]))
    ),
    "permute_dims": lambda w, n: _each(w, n.args[0], lambda o: o.transpose(n.args[1])),
    "concatenate": lambda w, n: _joined(w, n, np.concatenate),
    "stack": lambda w, n: _joined(w, n, np.stack),
    "where": _where,
}


# -- loops, branches, calls ------------------------------------------------------------------


def _body(
    walk: _Walk, body: Subgraph, values: Sequence[Value], counters: Sequence[bool]
) -> list[Value]:
    known = dict(zip(body.parameters, values, strict=True))
    moving = {p: c for p, c in zip(body.parameters, counters, strict=True) if c}
    return _Walk(walk.ledger, known, moving).run(body.outputs)


def _fresh(walk: _Walk, type: Type) -> Value:
    if isinstance(type, TupleType):
        return [_fresh(walk, t) for t in type.items]
    return walk.ledger.fresh(type.shape) if isinstance(type, KeyType) else None


def _advances(body: Subgraph, k: int) -> list[bool]:
    """Tell which carried integers grow by a constant in every turn."""
    out = []
    for p, o in zip(body.parameters[:k], body.outputs[:k], strict=True):
        steps = [a for a in o.args if a is not p] if o.op.name in ("add", "subtract") else []
        out.append(
            len(steps) == 1
            and o.args[0 if o.op.name == "subtract" else o.args.index(p)] is p
            and is_constant(steps[0])
            and bool(np.all(value_of(steps[0]) != 0))
        )
    return out


def _loop(
    walk: _Walk,
    node: Expr,
    bodies: Sequence[Subgraph],
    args: Sequence[Expr],
    moved: int,
    counters: Sequence[bool],
) -> list[Value]:
    """Look at the bodies of a loop; ``moved`` operands are carried or run over."""
    ledger = walk.ledger
    step = bodies[-1]
    used = set(toposort(step.outputs)) | set(toposort(bodies[0].outputs))
    inside: list[Value] = []
    for a, p in zip(args[:moved], step.parameters, strict=False):
        if isinstance(p.type, KeyType) and p in used:
            ledger.spend(walk.values[a], node)
    ledger.barriers.append(ledger.count)
    for p in step.parameters[:moved]:
        inside.append(_fresh(walk, p.type))
    captured = [walk.values.get(a) for a in args[moved:]]
    counters = [*counters, *(False for _ in captured)]
    out: list[Value] = []
    for body in bodies:
        out = _body(walk, body, [*inside, *captured], counters)
    _check_handed_on(walk, node, out)
    ledger.barriers.pop()
    return out


def _check_handed_on(walk: _Walk, node: Expr, values: Sequence[Value]) -> None:
    """Refuse a body that hands on a key that it has spent, or hands one on twice."""
    ledger = walk.ledger
    seen: list[Ids] = []
    for v in values:
        if isinstance(v, _Keys):
            seen += [np.unique(np.concatenate([o.ravel() for o in v.options]))]
    if not seen:
        return
    ids = np.concatenate(seen)
    place = _name(node)
    if ids.size and ids.min() < ledger.barriers[-1]:
        raise KeyReuseError(f"the body of {place} hands on a key from outside in every turn")
    if len(np.unique(ids)) < ids.size:
        raise KeyReuseError(f"the body of {place} hands one key on twice")
    taken = ids[ledger.owner[ids] > 0]
    if taken.size:
        consumer = ledger.consumers[ledger.owner[taken[0]]]
        raise KeyReuseError(
            f"the body of a {node.op.name} spends a key in {_name(consumer)} and hands it on to "
            "the next turn; hand on a part of its split instead"
        )


def _scan(walk: _Walk, node: Expr) -> Value:
    body, _, _, k, m, *args = node.args
    counters = [*_advances(body, k), *(_is_counter(a) for a in args[k : k + m])]
    _loop(walk, node, [body], args, k + m, counters)
    return _fresh(walk, node.type)


def _is_counter(sequence: Expr) -> bool:
    if sequence.op.name == "iota":
        return True
    if is_constant(sequence) and sequence.ndim == 1:
        value = value_of(sequence)
        return len(np.unique(value)) == value.size
    return sequence.op.name == "astype" and _is_counter(sequence.args[0])


def _while(walk: _Walk, node: Expr) -> Value:
    condition, body, n, *args = node.args
    _loop(walk, node, [condition, body], args, n, _advances(body, n))
    return _fresh(walk, node.type)


def _switch(walk: _Walk, node: Expr) -> Value:
    n, _, *rest = node.args
    branches, args = rest[:n], rest[n:]
    ledger = walk.ledger
    values = [walk.values.get(a) for a in args]
    counters = [walk.counters.get(a, False) for a in args]
    spent: list[tuple[Ids, Ids]] = []
    outs = []
    for branch in branches:
        kept, ledger.log = ledger.log, []
        before = {i: dict(f) for i, f in ledger.folds.items()}
        outs.append(_body(walk, branch, values, counters))
        for ids in ledger.log:
            spent.append((ids, ledger.owner[ids]))
        for ids in ledger.log:
            ledger.owner[ids] = 0
        ledger.folds = before
        ledger.log = kept
    for ids, owner in spent:
        ledger.owner[ids] = owner
        ledger.log.append(ids)
    return [_either(column) for column in zip(*outs, strict=True)]


def _either(values: Sequence[Value]) -> Value:
    if not isinstance(values[0], _Keys):
        return None
    return _Keys(
        tuple(o for v in values for o in v.options),
        all(v.varies for v in values),
        any(v.unknown for v in values),
    )


def _call(walk: _Walk, node: Expr) -> Value:
    body, *args = node.args
    values = [walk.values.get(a) for a in args]
    return _body(walk, body, values, [walk.counters.get(a, False) for a in args])


_CONTROL = {"scan": _scan, "while_loop": _while, "switch": _switch, "call": _call}
