"""Rules for loops, branches and calls: the derivative of a body is a body of its own.

The reverse pass of `scan` is a scan in the other direction. It reads the carries as they
were before each step, which a forward scan stores; only those that the derivative
depends on are stored, and that scan computes nothing else. `while_loop` makes an unknown
number of steps, so there is nowhere to store them: it has a forward pass alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant
from astragal.graph.subgraph import Subgraph, close, placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import KeyType, TensorType, TupleType
from astragal.ops.control import CALL, MAP, SCAN, SWITCH, WHILE
from astragal.ops.gradient.build import Ct, expand, or_zeros, zeros
from astragal.ops.gradient.engine import (
    active_nodes,
    forward,
    reverse,
    unsupported,
)
from astragal.ops.gradient.shapes import Needs, Parts
from astragal.ops.indexing import ITEM
from astragal.ops.manipulation import concatenate


def _inlined(body: Subgraph) -> tuple[list[Expr], list[Expr]]:
    """Open a body: leaves for its parameters, and its outputs on them."""
    leaves = [placeholder(p.type) for p in body.parameters]
    return leaves, list(body(*leaves))


def _leaves_below(outputs: Sequence[Expr]) -> set[Expr]:
    return {n for n in toposort(outputs) if n.op.name == "input"}


class _Carry(NamedTuple):
    """State of a loop that is being built: its leaf, its first value, its next one."""

    leaf: Expr
    first: Expr
    next: Expr
    wanted: bool


def _scan(
    length: Any,
    backward: bool,
    carries: Sequence[_Carry],
    sequences: Sequence[tuple[Expr, Expr]],
    captures: Sequence[tuple[Expr, Expr]],
    stacked: Sequence[Expr],
) -> tuple[list[Expr], list[Expr]]:
    """Build a scan of what is wanted, and of nothing that this does not need.

    Gives the final values of the wanted carries, and what is stacked.
    """
    needed = [c for c in carries if c.wanted]
    while True:
        below = _leaves_below([*(c.next for c in needed), *stacked])
        more = [c for c in carries if c.wanted or c.leaf in below]
        if len(more) == len(needed):
            break
        needed = more
    rows = [(leaf, s) for leaf, s in sequences if leaf in below]
    held = [(leaf, c) for leaf, c in captures if leaf in below]
    parameters = [*(c.leaf for c in needed), *(leaf for leaf, _ in (*rows, *held))]
    sub, outside = close(parameters, [*(c.next for c in needed), *stacked])
    node = SCAN(
        sub,
        length,
        backward,
        len(needed),
        len(rows),
        *(c.first for c in needed),
        *(s for _, s in rows),
        *(c for _, c in held),
        *outside,
    )
    last = [ITEM(node, i) for i, c in enumerate(needed) if c.wanted]
    return last, [ITEM(node, len(needed) + j) for j in range(len(stacked))]


def _draws(node: Expr) -> bool:
    """Tell whether a node spends a key: it must not be computed twice."""
    if node.op is ITEM:
        node = node.args[0]
    elif not isinstance(node.type, TensorType):
        return False
    return any(isinstance(a, Expr) and isinstance(a.type, KeyType) for a in node.args)


def _scan_rule(node: Expr, g: Sequence[Ct], needs: Needs) -> Parts:
    body, length, backward, k, m, *operands = node.args
    wanted = needs[5:]
    leaves, outs = _inlined(body)
    elements, captures = leaves[k : k + m], leaves[k + m :]
    active = _active_leaves(leaves, outs, k, [p for p, w in zip(leaves, wanted, strict=True) if w])
    live = active_nodes(toposort(outs), active)
    after = {
        i: placeholder(o.type)
        for i, o in enumerate(outs)
        if o in live and (g[i] is not None or i < k)
    }
    sums = {c: placeholder(c.type) for c in captures if c in active}
    flowing = {i for i in after if i < k and g[i] is not None}
    while True:
        # Carries whose cotangent can be nonzero: given at the end, or reached from there.
        seeds = [
            after[i] if i in flowing or (i >= k and i in after) else None for i in range(len(outs))
        ]
        pulled = dict(zip(active, reverse(outs, seeds, active, sums), strict=True))
        reached = flowing | {i for i in after if i < k and pulled.get(leaves[i]) is not None}
        if reached == flowing:
            break
        flowing = reached
    keys = [p for p in active if pulled[p] is not None and pulled[p] is not sums.get(p)]
    values: list[Any] = [pulled[p] for p in keys]
    stored, values = _residuals(node, leaves, outs, values)
    found = dict(zip(keys, values, strict=True))
    back = [
        _Carry(
            after[i],
            or_zeros(g[i], leaves[i]),
            or_zeros(found.get(leaves[i]), leaves[i]),
            wanted[i],
        )
        for i in sorted(flowing)
    ]
    totals = [
        _Carry(sums[c], zeros(c), found[c], w)
        for c, w in zip(captures, wanted[k + m :], strict=True)
        if c in found
    ]
    rows = [e for e, w in zip(elements, wanted[k:], strict=False) if w and e in found]
    last, stacked = _scan(
        length,
        not backward,
        [*back, *totals],
        [
            *stored,
            *((e, s) for e, s in zip(elements, operands[k : k + m], strict=True)),
            *((after[i], or_zeros(g[i], outs[i])) for i in after if i >= k),
        ],
        list(zip(captures, operands[k + m :], strict=True)),
        [found[e] for e in rows],
    )
    result = dict(zip(rows, stacked, strict=True))
    ends = [leaves[i] for i in sorted(flowing) if wanted[i]]
    ends += [c for c, w in zip(captures, wanted[k + m :], strict=True) if c in found and w]
    result.update(zip(ends, last, strict=True))
    return [*(None,) * 5, *(result.get(p) for p in leaves)]


def _active_leaves(
    leaves: Sequence[Expr], outs: Sequence[Expr], k: int, given: Sequence[Expr]
) -> list[Expr]:
    """Close a set of a loop's leaves under its carries: what a change of them can change."""
    active = set(given)
    order = toposort(outs)
    while True:
        live = active_nodes(order, active)
        more = {p for p, o in zip(leaves[:k], outs, strict=False) if o in live} - active
        if not more:
            return [p for p in leaves if p in active]
        active |= more


def _residuals(
    node: Expr, leaves: Sequence[Expr], outs: Sequence[Expr], values: Sequence[Expr]
) -> tuple[list[tuple[Expr, Expr]], list[Any]]:
    """Replace what a step's derivative reads of the forward pass by stored sequences.

    Carries are stored as they were before each step, draws as they fell; the rest is
    computed again.
    """
    _, length, backward, k, m, *operands = node.args
    # What the scan gives out is read there: no key is spent again for it.
    shown = {
        n: (placeholder(n.type), ITEM(node, k + j))
        for j, n in enumerate(outs[k:])
        if isinstance(n.type, TensorType) and n not in leaves and not is_constant(n)
    }
    given = {n: leaf for n, (leaf, _) in shown.items()}
    values = list(substitute(values, given))
    # All else that leads to a carry is computed again, in a loop that is one with the first.
    drawn = {n: leaf for n, leaf in given.items() if _draws(n)}
    nexts = list(substitute(outs[:k], drawn))
    save = {n: placeholder(n.type) for n in toposort(values) if _draws(n)}
    values = list(substitute(values, save))
    below = _leaves_below(values)
    # A draw that only another draw depends on is not read any more.
    save = {n: leaf for n, leaf in save.items() if leaf in below}
    before = {c: placeholder(c.type) for c in leaves[:k] if c in below}
    values = list(substitute(values, before))
    sequences = [*shown.values()]
    for c, first, after in zip(leaves[:k], operands, outs, strict=False):
        # Each carry that is given out is that before the next step.
        if c in before and after in shown and isinstance(length, int) and length:
            late = _late(first, shown[after][1], backward)
            sequences.append((before.pop(c), late))
    _, stacked = (
        _scan(
            length,
            backward,
            [_Carry(c, x, o, False) for c, x, o in zip(leaves[:k], operands, nexts, strict=False)],
            [*zip(leaves[k : k + m], operands[k : k + m], strict=True), *sequences],
            list(zip(leaves[k + m :], operands[k + m :], strict=True)),
            [*before, *save],
        )
        if before or save
        else ([], [])
    )
    stored = zip([*before.values(), *save.values()], stacked, strict=True)
    return [*sequences, *stored], values


def _late(first: Expr, values: Expr, backward: bool) -> Expr:
    """Move a sequence on by one step, and put a first value before it."""
    if backward:
        return concatenate([values[1:], first[None]])
    return concatenate([first[None], values[:-1]])


def _scan_forward(node: Expr, tangents: Sequence[Ct]) -> list[Ct]:
    body, length, backward, k, m, *operands = node.args
    leaves, outs = _inlined(body)
    moved, dots = _loop_tangents(leaves, outs, k, tangents[5:])
    carries = [_Carry(c, x, o, False) for c, x, o in zip(leaves[:k], operands, outs, strict=False)]
    moving = [i for i in range(k) if leaves[i] in moved]
    carries += [
        _Carry(
            moved[leaves[i]],
            or_zeros(tangents[5 + i], operands[i]),
            or_zeros(dots[i], outs[i]),
            True,
        )
        for i in moving
    ]
    sequences = list(zip(leaves[k : k + m], operands[k : k + m], strict=True))
    captures = list(zip(leaves[k + m :], operands[k + m :], strict=True))
    for i, (p, t) in enumerate(zip(leaves, tangents[5:], strict=True)):
        if i >= k and t is not None:
            (sequences if i < k + m else captures).append((moved[p], t))
    rows = [j for j in range(k, len(outs)) if dots[j] is not None]
    last, stacked = _scan(
        length,
        backward,
        carries,
        sequences,
        captures,
        [dots[j] for j in rows],  # type: ignore[misc]
    )
    result: list[Ct] = [None] * len(outs)
    for i, x in zip([*moving, *rows], [*last, *stacked], strict=True):
        result[i] = x
    return result


def _loop_tangents(
    leaves: Sequence[Expr], outs: Sequence[Expr], k: int, tangents: Sequence[Ct]
) -> tuple[dict[Expr, Expr], list[Ct]]:
    """Find which leaves of a loop move, with a leaf for each tangent, and the outputs' tangents."""
    moved = {p: placeholder(p.type) for p, t in zip(leaves, tangents, strict=True) if t is not None}
    while True:
        dots = forward(outs, list(moved), list(moved.values()))
        more = [p for p, t in zip(leaves[:k], dots, strict=False) if t is not None]
        if all(p in moved for p in more):
            return moved, dots
        moved.update({p: placeholder(p.type) for p in more if p not in moved})


def _while_rule(node: Expr, g: Sequence[Ct], needs: Needs) -> Parts:
    raise unsupported(
        node,
        "a while_loop makes an unknown number of steps, and its reverse pass would have to store "
        "each; use astragal.scan with a fixed length, or astragal.jvp, which goes forward",
    )


def _while_forward(node: Expr, tangents: Sequence[Ct]) -> list[Ct]:
    condition, body, n, *operands = node.args
    leaves, outs = _inlined(body)
    test = condition(*leaves)[0]
    moved, dots = _loop_tangents(leaves, outs, n, tangents[3:])
    moving = [i for i in range(n) if leaves[i] in moved]
    held = [i for i in range(n, len(leaves)) if leaves[i] in moved]
    parameters = [
        *leaves[:n],
        *(moved[leaves[i]] for i in moving),
        *leaves[n:],
        *(moved[leaves[i]] for i in held),
    ]
    sub, outside = close(parameters, [test, *outs, *(or_zeros(dots[i], outs[i]) for i in moving)])
    looped = WHILE(
        Subgraph(sub.parameters, sub.outputs[:1]),
        Subgraph(sub.parameters, sub.outputs[1:]),
        n + len(moving),
        *operands[:n],
        *(or_zeros(tangents[3 + i], operands[i]) for i in moving),
        *operands[n:],
        *(tangents[3 + i] for i in held),
        *outside,
    )
    result: list[Ct] = [None] * n
    for j, i in enumerate(moving):
        result[i] = ITEM(looped, n + j)
    return result


# -- branches, calls and maps -----------------------------------------------------------

Derive = Callable[[list[Expr]], "list[Ct]"]


def _derived(
    bodies: Sequence[Subgraph],
    operands: Sequence[Expr],
    extra: Sequence[tuple[Expr, Expr]],
    leaves: Sequence[Expr],
    derive: Derive,
) -> tuple[list[int], list[Subgraph], list[Expr]]:
    """Derive each body, and make bodies of the results with the operands that they need.

    Gives the places of results that are not zero in every body, the new bodies, and
    their operands.
    """
    results = [derive(list(b(*leaves))) for b in bodies]
    places = [j for j in range(len(results[0])) if any(r[j] is not None for r in results)]
    like = {j: next(r[j] for r in results if r[j] is not None) for j in places}
    flat = [or_zeros(r[j], like[j]) for r in results for j in places]  # type: ignore[arg-type]
    below = _leaves_below(flat)
    given = [(p, a) for p, a in (*zip(leaves, operands, strict=True), *extra) if p in below]
    sub, outside = close([p for p, _ in given], flat)
    n = len(places)
    parts = [Subgraph(sub.parameters, sub.outputs[i * n : (i + 1) * n]) for i in range(len(bodies))]
    return places, parts, [*(a for _, a in given), *outside]


def _pull(
    bodies: Sequence[Subgraph], operands: Sequence[Expr], g: Sequence[Ct], needs: Sequence[bool]
) -> tuple[list[int], list[Subgraph], list[Expr]]:
    """Bodies that take operands and cotangents to the operands' cotangents."""
    leaves = [placeholder(p.type) for p in bodies[0].parameters]
    outs = bodies[0].outputs
    seeds = [None if c is None else placeholder(o.type) for c, o in zip(g, outs, strict=True)]
    extra = [(s, c) for s, c in zip(seeds, g, strict=True) if s is not None and c is not None]
    wrt = [p for p, need in zip(leaves, needs, strict=True) if need]

    def derive(values: list[Expr]) -> list[Ct]:
        found = dict(zip(wrt, reverse(values, seeds, wrt), strict=True))
        return [found.get(p) for p in leaves]

    return _derived(bodies, operands, extra, leaves, derive)


def _push(
    bodies: Sequence[Subgraph], operands: Sequence[Expr], tangents: Sequence[Ct]
) -> tuple[list[int], list[Subgraph], list[Expr]]:
    """Bodies that take operands and their tangents to the results' tangents."""
    leaves = [placeholder(p.type) for p in bodies[0].parameters]
    moved = {p: placeholder(p.type) for p, t in zip(leaves, tangents, strict=True) if t is not None}
    extra = [(moved[p], t) for p, t in zip(leaves, tangents, strict=True) if t is not None]

    def derive(values: list[Expr]) -> list[Ct]:
        return forward(values, list(moved), list(moved.values()))

    return _derived(bodies, operands, extra, leaves, derive)


def _spread(n: int, places: Sequence[int], node: Expr | None) -> list[Ct]:
    """Put the items of a derived node where they belong."""
    out: list[Ct] = [None] * n
    for j, place in enumerate(places):
        assert node is not None
        out[place] = ITEM(node, j) if isinstance(node.type, TupleType) else node
    return out


def _switch_rule(node: Expr, g: Sequence[Ct], needs: Needs) -> Parts:
    n, index, *rest = node.args
    bodies, operands = rest[:n], rest[n:]
    places, parts, args = _pull(bodies, operands, g, needs[2 + n :])
    made = SWITCH(n, index, *parts, *args) if places else None
    return [*(None,) * (2 + n), *_spread(len(operands), places, made)]


def _switch_forward(node: Expr, tangents: Sequence[Ct]) -> list[Ct]:
    n, index, *rest = node.args
    places, parts, args = _push(rest[:n], rest[n:], tangents[2 + n :])
    made = SWITCH(n, index, *parts, *args) if places else None
    return _spread(len(rest[0].outputs), places, made)


def _call_rule(node: Expr, g: Sequence[Ct], needs: Needs) -> Parts:
    body, *operands = node.args
    places, parts, args = _pull([body], operands, g, needs[1:])
    made = CALL(parts[0], *args) if places else None
    return [None, *_spread(len(operands), places, made)]


def _call_forward(node: Expr, tangents: Sequence[Ct]) -> list[Ct]:
    body, *operands = node.args
    places, parts, args = _push([body], operands, tangents[1:])
    made = CALL(parts[0], *args) if places else None
    return _spread(len(body.outputs), places, made)


def _map_rule(node: Expr, g: Any, needs: Needs) -> Parts:
    body, *operands = node.args
    cotangents = g if isinstance(node.type, TupleType) else [g]
    places, parts, args = _pull([body], operands, cotangents, needs[1:])
    made = MAP(parts[0], *args) if places else None
    return [None, *_spread(len(operands), places, made)]


def _map_forward(node: Expr, tangents: Sequence[Ct]) -> Any:
    body, *operands = node.args
    places, parts, args = _push([body], operands, tangents[1:])
    made = MAP(parts[0], *args) if places else None
    one = not isinstance(node.type, TupleType)
    shape = node.type.shape if one else node.type.items[0].shape  # type: ignore[union-attr]
    out = [
        None if t is None else expand(t, shape) for t in _spread(len(body.outputs), places, made)
    ]
    return out[0] if one else out


RULES: dict[str, Any] = {
    "scan": _scan_rule,
    "while_loop": _while_rule,
    "switch": _switch_rule,
    "call": _call_rule,
    "map": _map_rule,
}
FORWARD: dict[str, Any] = {
    "scan": _scan_forward,
    "while_loop": _while_forward,
    "switch": _switch_forward,
    "call": _call_forward,
    "map": _map_forward,
}
