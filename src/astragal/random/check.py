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

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import KeyReuseError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import toposort
from astragal.graph.types import INTEGERS, KeyType, TupleType, Type
from astragal.ops.creation import shape_dims
from astragal.ops.fuse_scans import fuse_scans
from astragal.ops.indexing import python_index
from astragal.random.distribution import RandomOp
from astragal.random.ledger import Counter, Counters, Ids, Keys, Ledger, Value, bounded, name_of


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
    _Walk(Ledger(int(largest) + 3), {}, {}).run(exprs, order)


_MOST = 64  # ways in which an array of keys may be chosen that are told apart


def _distinct(options: Sequence[Ids]) -> list[Ids]:
    """Leave out options that are there already."""
    if len(options) == 1:
        return list(options)
    return list({o.tobytes(): o for o in options}.values())


_SOURCES = frozenset({"key", "input", "parameter", "variable", "split", "fold_in"})


def _holds_keys(type: Type) -> bool:
    if isinstance(type, TupleType):
        return any(map(_holds_keys, type.items))
    return isinstance(type, KeyType)


class _Walk:
    """One pass over one graph or body."""

    def __init__(self, ledger: Ledger, values: Mapping[Expr, Value], counters: Counters) -> None:
        self.ledger = ledger
        self.values: dict[Expr, Value] = dict(values)
        self.counters: dict[Expr, Counter] = dict(counters)

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
        elif name == "wrap_key_data":
            return self._wrapped(node)
        elif name not in _SOURCES:
            raise KeyReuseError(f"{name_of(node)} does with keys what the check does not know")
        return _fresh(self, node.type)

    def _wrapped(self, node: Expr) -> Keys:
        """Words that come from keys may be any of these keys."""
        data = node.args[0]
        if data.op.name == "key_data":
            keys: Keys = self.values[data.args[0]]
            return keys
        sources = [n.args[0] for n in toposort([data]) if n.op.name == "key_data"]
        if not sources:
            return self.ledger.fresh(node.type.shape)
        ids = np.unique(np.concatenate([o.ravel() for s in sources for o in self.options(s)]))
        shape = [self.ledger.length(d) for d in node.type.shape]
        if not shape:
            return Keys(tuple(np.array(i) for i in ids))
        return Keys((np.resize(ids, shape),), unknown=True)

    def _count(self, node: Expr) -> None:
        """Note which integers differ from turn to turn of the loop."""
        name, args = node.op.name, node.args
        if name not in ("astype", "add", "subtract", "multiply", "broadcast_to", "reshape"):
            return
        exprs = [a for a in args if isinstance(a, Expr) and not isinstance(a.type, TupleType)]
        moving = [a for a in exprs if a in self.counters]
        if len(moving) != 1:
            return
        found: Counter | None = self.counters[moving[0]]
        assert found is not None
        if name in ("add", "subtract", "multiply"):
            (still,) = [a for a in exprs if a is not moving[0]] or [moving[0]]
            number = _number(still)
            if number is None:
                return
            if name == "multiply":
                found = found.times(number) if number else None
            elif name == "add":
                found = found.plus(number)
            elif moving[0] is args[0]:
                found = found.plus(-number)
            else:
                negative = found.times(-1)
                found = negative and negative.plus(number)
        if found is not None and found.fits(node.dtype):
            self.counters[node] = found

    def _fold(self, node: Expr) -> None:
        key, data = node.args
        self.ledger.fold(self.values[key], node, self._known(data), data in self.counters)

    def _known(self, x: Expr) -> Ids | None:
        """Give the integers of an expression where they are known."""
        if is_constant(x):
            return value_of(x)
        if x.op.name == "iota" and isinstance(x.args[0], int):
            return np.arange(x.args[0])
        if x.op.name == "astype":
            return self._known(x.args[0])
        return None

    def _move(self, node: Expr) -> Keys:
        sources = [self.values[a] for a in node.args if isinstance(a, Expr) and a in self.values]
        keys = [s for s in sources if isinstance(s, Keys)]
        varies = all(k.varies for k in keys)
        unknown = any(k.unknown for k in keys)
        if node.op.name == "where" and not node.type.shape and not is_constant(node.args[0]):
            return Keys(None, varies, unknown, tuple(keys))
        try:
            options, moved, lost = _MOVES[node.op.name](self, node)
        except (ValueError, IndexError):
            # Lengths that only seem to differ: all keys, in no known order.
            options = (np.unique(np.concatenate([o.ravel() for k in keys for o in k.options])),)
            moved, lost = False, True
        options = _distinct(options)
        if len(options) > _MOST and options[0].shape:
            # Too many to follow: all keys, in no known order.
            every = np.unique(np.concatenate([o.ravel() for o in options]))
            options, lost = [np.resize(every, options[0].shape)], True
        return Keys(tuple(options), varies or moved, unknown or lost)

    def options(self, x: Expr) -> tuple[Ids, ...]:
        keys: Keys = self.values[x]
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
    at_axes: list[int] = []
    for s in spec:
        if s[0] == "expr" and known[place] is None:
            items.append(("any", axis))
            at_axes.append(axis)
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
    lengths = [x.type.shape[i] for i in at_axes]
    varies = all(
        o in walk.counters and walk.counters[o].chooses(n if isinstance(n, int) else None)
        for o, n in zip(moving, lengths, strict=True)
    )
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


Moving = Sequence["Counter | None"]


def _body(walk: _Walk, body: Subgraph, values: Sequence[Value], counters: Moving) -> list[Value]:
    known = dict(zip(body.parameters, values, strict=True))
    moving = {p: c for p, c in zip(body.parameters, counters, strict=True) if c is not None}
    return _Walk(walk.ledger, known, moving).run(body.outputs)


def _counters(walk: _Walk, args: Sequence[Expr]) -> list[Counter | None]:
    return [walk.counters.get(a) for a in args]


def _fresh(walk: _Walk, type: Type) -> Value:
    if isinstance(type, TupleType):
        return [_fresh(walk, t) for t in type.items]
    return walk.ledger.fresh(type.shape) if isinstance(type, KeyType) else None


def _number(x: Expr) -> int | None:
    """Give the one number that a constant holds."""
    if x.op.name in ("broadcast_to", "astype"):
        return _number(x.args[0])
    if not is_constant(x) or x.dtype not in INTEGERS or value_of(x).size != 1:
        return None
    return int(value_of(x).item())


def _advances(body: Subgraph, init: Sequence[Expr], turns: int | None) -> list[Counter | None]:
    """Find the carried integers that grow by a constant in every turn."""
    out: list[Counter | None] = []
    for p, o, start in zip(body.parameters, body.outputs, init, strict=False):
        steps = [a for a in o.args if a is not p] if o.op.name in ("add", "subtract") else []
        number = _number(steps[0]) if len(steps) == 1 and p in o.args else None
        if not number or (o.op.name == "subtract" and o.args[0] is not p):
            out.append(None)
            continue
        step = number if o.op.name == "add" else -number
        first = _number(start)
        last = None if first is None or turns is None else first + step * max(turns - 1, 0)
        ends = (first, last) if step > 0 else (last, first)
        found = bounded(*ends) if abs(step) < 2**20 else None
        out.append(found if found is not None and found.fits(p.dtype) else None)
    return out


def _loop(
    walk: _Walk,
    node: Expr,
    bodies: Sequence[Subgraph],
    args: Sequence[Expr],
    moved: int,
    counters: Moving,
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
    counters = [*counters, *(None for _ in captured)]
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
        if isinstance(v, Keys):
            seen += [np.unique(np.concatenate([o.ravel() for o in v.options]))]
    if not seen:
        return
    ids = np.concatenate(seen)
    place = name_of(node)
    if ids.size and ids.min() < ledger.barriers[-1]:
        raise KeyReuseError(f"the body of {place} hands on a key from outside in every turn")
    if len(np.unique(ids)) < ids.size:
        raise KeyReuseError(f"the body of {place} hands one key on twice")
    taken = ids[ledger.owner[ids] > 0]
    if taken.size:
        consumer = ledger.consumers[ledger.owner[taken[0]]]
        raise KeyReuseError(
            f"the body of a {node.op.name} spends a key in {name_of(consumer)} and hands it on to "
            "the next turn; hand on a part of its split instead"
        )


def _scan(walk: _Walk, node: Expr) -> Value:
    body, length, _, k, m, *args = node.args
    turns = length if isinstance(length, int) else None
    counters = [*_advances(body, args[:k], turns), *(_counted(a) for a in args[k : k + m])]
    _loop(walk, node, [body], args, k + m, counters)
    return _fresh(walk, node.type)


def _counted(sequence: Expr) -> Counter | None:
    """Give the bounds of a sequence of integers that are all different."""
    if sequence.op.name == "iota":
        n = sequence.args[0]
        return Counter(0, n - 1 if isinstance(n, int) else None)
    if is_constant(sequence) and sequence.ndim == 1 and sequence.dtype in INTEGERS:
        value = value_of(sequence)
        if value.size and len(np.unique(value)) == value.size:
            return bounded(int(value.min()), int(value.max()))
    if sequence.op.name == "astype":
        found = _counted(sequence.args[0])
        return found if found is not None and found.fits(sequence.dtype) else None
    return None


def _while(walk: _Walk, node: Expr) -> Value:
    condition, body, n, *args = node.args
    _loop(walk, node, [condition, body], args, n, _advances(body, args[:n], None))
    return _fresh(walk, node.type)


def _switch(walk: _Walk, node: Expr) -> Value:
    n, _, *rest = node.args
    branches, args = rest[:n], rest[n:]
    ledger = walk.ledger
    values = [walk.values.get(a) for a in args]
    counters = _counters(walk, args)
    spent: list[tuple[Ids, Ids]] = []
    folded: list[tuple[int, int, Expr]] = []
    outs = []
    for branch in branches:
        kept, ledger.log = ledger.log, []
        mark = len(ledger.folded)
        outs.append(_body(walk, branch, values, counters))
        for ids in ledger.log:
            spent.append((ids, ledger.owner[ids]))
        for ids in ledger.log:
            ledger.owner[ids] = 0
        for i, n, consumer in ledger.folded[mark:]:
            del ledger.folds[i][n]
            folded.append((i, n, consumer))
        del ledger.folded[mark:]
        ledger.log = kept
    for ids, owner in spent:
        ledger.owner[ids] = owner
        ledger.log.append(ids)
    for i, n, consumer in folded:
        ledger.folds[i][n] = consumer
        ledger.folded.append((i, n, consumer))
    return [_either(column) for column in zip(*outs, strict=True)]


def _either(values: Sequence[Value]) -> Value:
    if not isinstance(values[0], Keys):
        return None
    return Keys(
        tuple(o for v in values for o in v.options),
        all(v.varies for v in values),
        any(v.unknown for v in values),
    )


def _call(walk: _Walk, node: Expr) -> Value:
    body, *args = node.args
    values = [walk.values.get(a) for a in args]
    return _body(walk, body, values, _counters(walk, args))


def _map(walk: _Walk, node: Expr) -> Value:
    """Look at a body that runs once an element: a key that is stretched is used again."""
    body, *args = node.args
    type0 = node.type.items[0] if isinstance(node.type, TupleType) else node.type
    shape = [walk.ledger.length(d) for d in type0.shape]
    read = set(toposort(body.outputs))
    inside: list[Value] = []
    for a, p in zip(args, body.parameters, strict=True):
        if isinstance(a.type, KeyType) and p in read:
            keys: Keys = walk.values[a]
            wide = tuple(np.broadcast_to(o, shape) for o in keys.options)
            walk.ledger.spend(Keys(wide, keys.varies, keys.unknown), node)
        inside.append(_fresh(walk, p.type))
    _body(walk, body, inside, [None] * len(args))
    return _fresh(walk, node.type)


_CONTROL = {"scan": _scan, "while_loop": _while, "switch": _switch, "call": _call, "map": _map}
