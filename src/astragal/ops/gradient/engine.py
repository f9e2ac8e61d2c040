"""The two passes: cotangents from outputs to operands, tangents from operands to outputs.

Both walk the nodes once, in a fixed order and without recursion, so a graph of n nodes
takes time linear in n. What each operation does is in the tables of `rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr, describe
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import depends_on, substitute, toposort
from astragal.graph.types import FLOATS, KeyType, TensorType, TupleType, Type
from astragal.ops.creation import zeros_like
from astragal.ops.gradient.build import Ct, or_zeros, total, unbroadcast, zeros
from astragal.ops.indexing import ADD_INDEX, ITEM


class Update(NamedTuple):
    """A cotangent of a part of an array: added into the array's own, with no zeros between."""

    value: Expr
    spec: Any
    operands: tuple[Expr, ...]


Contribution: TypeAlias = "Expr | Update | None"
Values: TypeAlias = "Any"
"""A cotangent or tangent of a node: a `Ct`, or of a tuple-typed node a list of them."""


def differentiable(type: Type) -> bool:
    """Tell whether values of a type have tangents."""
    if isinstance(type, TupleType):
        return any(map(differentiable, type.items))
    return isinstance(type, TensorType) and type.dtype in FLOATS


def active_nodes(order: Iterable[Expr], sources: Iterable[Expr]) -> set[Expr]:
    """Collect the nodes that a small change of the sources can change."""
    active = set(sources)
    for node in order:
        if node in active or not any(isinstance(a, Expr) and a in active for a in node.args):
            continue
        if differentiable(node.type):
            active.add(node)
        elif isinstance(node.args[0], Expr) and isinstance(node.args[0].type, KeyType):
            # A discrete draw whose law moves: its part of the gradient must not get lost.
            from astragal.random.pathwise import check_discrete

            check_discrete(node, active)
    return active


def gather(node: Expr, parts: Sequence[Contribution]) -> Ct:
    """Add up what the users of a node contribute to its cotangent."""
    whole = total([p for p in parts if isinstance(p, Expr)])
    updates = [p for p in parts if isinstance(p, Update)]
    if not updates:
        return whole
    out = or_zeros(whole, node)
    for u in updates:
        out = ADD_INDEX(out, u.value, u.spec, *u.operands)
    return out


def reverse(
    outputs: Sequence[Expr],
    cotangents: Sequence[Ct],
    wrt: Sequence[Expr],
    start: Mapping[Expr, Expr] | None = None,
) -> list[Ct]:
    """Pull cotangents of outputs back to nodes.

    Parameters
    ----------
    outputs, cotangents
        In order; None is zero.
    wrt
        Nodes whose cotangents are wanted: leaves or any others.
    start
        Cotangents that nodes have beforehand.
    """
    from astragal.ops.gradient.rules import reverse_rule

    order = toposort(outputs)
    active = active_nodes(order, wrt)
    wanted = set(wrt)
    found: dict[Expr, Ct] = dict.fromkeys(wrt)
    pending: dict[Expr, list[Contribution]] = {}
    items: dict[Expr, dict[int, list[Contribution]]] = {}
    for node, first in (start or {}).items():
        pending.setdefault(node, []).append(first)
        found[node] = first
    for node, seed in zip(outputs, cotangents, strict=True):
        if seed is not None:
            pending.setdefault(node, []).append(seed)
    for node in reversed(order):
        if node not in active:
            continue
        ct: Values
        if isinstance(node.type, TupleType):
            given = items.pop(node, {})
            ct = [
                gather(ITEM(node, i), given[i]) if i in given else None
                for i in range(len(node.type.items))
            ]
            if all(c is None for c in ct):
                continue
        else:
            ct = gather(node, pending.pop(node, []))
            if node in wanted:
                found[node] = ct
            if ct is None:
                continue
        needs = tuple(isinstance(a, Expr) and a in active for a in node.args)
        if not any(needs):
            continue
        if node.op is ITEM:
            items.setdefault(node.args[0], {}).setdefault(node.args[1], []).append(ct)
            continue
        parts = reverse_rule(node)(node, ct, needs)
        for a, need, part in zip(node.args, needs, parts, strict=True):
            if need and part is not None:
                whole = unbroadcast(part, a.type.shape) if isinstance(part, Expr) else part
                pending.setdefault(a, []).append(whole)
    return [found[w] for w in wrt]


def forward(outputs: Sequence[Expr], wrt: Sequence[Expr], tangents: Sequence[Ct]) -> list[Ct]:
    """Push tangents of nodes forward to outputs."""
    from astragal.ops.gradient.rules import forward_rule

    order = toposort(outputs)
    given = {w: t for w, t in zip(wrt, tangents, strict=True) if t is not None}
    active = active_nodes(order, given)
    known: dict[Expr, Values] = dict(given)
    for node in order:
        if node not in active or node in known:
            continue
        if node.op is ITEM:
            whole = known.get(node.args[0])
            known[node] = None if whole is None else whole[node.args[1]]
            continue
        inner = [known.get(a) if isinstance(a, Expr) else None for a in node.args]
        if any(t is not None for t in inner):
            known[node] = forward_rule(node)(node, inner)
    return [known.get(o) for o in outputs]


class _Items:
    """Tangents of the items of a tuple, each found when it is asked for."""

    __slots__ = ("_node", "_tangents")

    def __init__(self, node: Expr, tangents: Sequence[Values]) -> None:
        self._node = node
        self._tangents = tangents

    def __getitem__(self, item: int) -> Ct:
        type = self._node.type
        assert isinstance(type, TupleType)
        u = placeholder(type.items[item])
        g = [u if i == item else None for i in range(len(type.items))]
        return _transpose(self._node, self._tangents, u, g)


def transposed(node: Expr, tangents: Sequence[Values]) -> Values:
    """Find the tangent of a node from its reverse rule alone.

    The cotangents of the operands are linear in the node's cotangent u, so their own
    reverse pass, from the operands' tangents to u, is the forward pass.
    """
    if isinstance(node.type, TupleType):
        return _Items(node, tangents)
    u = placeholder(node.type)
    return _transpose(node, tangents, u, u)


def _unguarded(parts: Sequence[Expr], u: Expr) -> list[Expr]:
    """Take out what asks where a cotangent is 0: it stands for any, of which nothing is masked."""
    asked = [x for x in depends_on(parts, [u]) if not differentiable(x.type)]
    return [*substitute(parts, {x: zeros_like(x) for x in asked})]


def _transpose(node: Expr, tangents: Sequence[Values], u: Expr, g: Values) -> Ct:
    from astragal.ops.gradient.rules import reverse_rule

    needs = tuple(t is not None for t in tangents)
    pulled: list[Expr] = []
    pushed: list[Ct] = []
    for a, part, t in zip(node.args, reverse_rule(node)(node, g, needs), tangents, strict=True):
        if part is None or t is None:
            continue
        if isinstance(part, Update):
            pulled.append(ADD_INDEX(zeros(a), part.value, part.spec, *part.operands))
            pushed.append(t)
        elif (out := unbroadcast(part, a.type.shape)) is not None:
            pulled.append(out)
            pushed.append(t)
    result = reverse(_unguarded(pulled, u), pushed, [u])[0]
    linear = result is None or u not in toposort([result])
    assert linear, f"the reverse rule of {node.op.name} is not linear in the cotangent"
    return result


def unsupported(node: Expr, why: str) -> UnsupportedError:
    """Make the error for an operation without derivative."""
    return UnsupportedError(f"no gradient through {describe(node)}: {why}")
