"""Scans that go over the same steps become one.

The gradient of a scan stores its carries by a second scan; a value and its gradient,
compiled together, would take the same steps twice. Two scans are one where the carries of
the smaller are carries of the greater: same first value, same next value as soon as the
others are taken to be equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph, close, placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import Type
from astragal.ops.control import SCAN
from astragal.ops.indexing import ITEM


class _Scan(NamedTuple):
    """A scan taken apart."""

    node: Expr
    body: Subgraph
    carries: tuple[Expr, ...]
    sequences: tuple[Expr, ...]
    captures: tuple[Expr, ...]

    def items(self) -> list[Expr]:
        """What it gives: final carries, then what is stacked."""
        return [ITEM(self.node, i) for i in range(len(self.body.outputs))]


def _open(node: Expr) -> _Scan:
    body, _, _, k, m, *operands = node.args
    return _Scan(
        node, body, tuple(operands[:k]), tuple(operands[k : k + m]), tuple(operands[k + m :])
    )


def fuse_scans(roots: Sequence[Expr]) -> tuple[Expr, ...]:
    """Replace scans that repeat each other's steps by one that does both's work.

    Examples
    --------
    >>> import astragal as ag
    >>> x, a = ag.input("x", shape=(9,)), ag.input("a")
    >>> last, _ = ag.scan(lambda c, xi: (ag.sin(c * a) + xi, ()), 0.0, x)
    >>> count = lambda exprs: sum(n.op.name == "scan" for n in toposort(exprs))
    >>> both = last, ag.grad(last, a)
    >>> count(both), count(fuse_scans(both))
    (3, 2)
    """
    done = tuple(roots)
    refused: set[tuple[Expr, Expr]] = set()
    while items := _round(done, refused):
        done = substitute(done, items)
    return done


def _round(roots: tuple[Expr, ...], refused: set[tuple[Expr, Expr]]) -> dict[Expr, Expr]:
    """Find fusions of which none stands below another, so that all can be made at once."""
    order = toposort(roots)
    scans = [_open(n) for n in order if n.op is SCAN]
    if len(scans) < 2:
        return {}
    below = _scans_below(order)
    items: dict[Expr, Expr] = {}
    chosen = under = 0
    for i, j in _candidates(scans):
        a, b = scans[i], scans[j]
        both, pair = 1 << i | 1 << j, (a.node, b.node)
        cone = (below[a.node] | below[b.node]) & ~both
        if pair in refused or both & (chosen | under) or cone & chosen:
            continue
        # b is listed after a, so only b can be built on a.
        fused = None if below[b.node] & 1 << i else _fusion(a, b)
        if fused is None:
            refused.add(pair)
            continue
        chosen |= both
        under |= cone
        items.update(fused)
    return items


def _scans_below(order: Sequence[Expr]) -> dict[Expr, int]:
    """For each node the scans that it is built on, itself included, as bits."""
    below: dict[Expr, int] = {}
    n = 0
    for node in order:
        bits = 0
        for x in node.args:
            if isinstance(x, Expr):
                bits |= below[x]
        if node.op is SCAN:
            bits |= 1 << n
            n += 1
        below[node] = bits
    return below


def _candidates(scans: Sequence[_Scan]) -> Iterator[tuple[int, int]]:
    """Pairs of which one might take the steps of the other, and no more."""
    operands = [frozenset(s.node.args[5:]) for s in scans]
    for j, b in enumerate(scans):
        for i in range(j):
            a = scans[i]
            if (
                (operands[i] <= operands[j] or operands[j] <= operands[i])
                and a.node.args[1:3] == b.node.args[1:3]
                and a.carries
                and b.carries
            ):
                yield i, j


def _fusion(a: _Scan, b: _Scan) -> dict[Expr, Expr] | None:
    """Give the items of both scans as items of one, or None where neither holds the other."""
    elements: dict[Expr, Expr] = {}
    captures: dict[Expr, Expr] = {}
    for s in (a, b):
        k, m = len(s.carries), len(s.sequences)
        for x, p in zip(s.sequences, s.body.parameters[k:], strict=False):
            elements.setdefault(x, placeholder(p.type))
        for x, p in zip(s.captures, s.body.parameters[k + m :], strict=True):
            captures.setdefault(x, placeholder(p.type))
    classes = _equal_carries((a, b), elements, captures)
    if classes is None:
        return None
    leaves, outputs = classes
    mine = [set(ls) for ls in leaves]
    if not (mine[0] <= mine[1] or mine[1] <= mine[0]):
        return None
    first: dict[Expr, Expr] = {}
    after: dict[Expr, Expr] = {}
    stacked: dict[Expr, None] = {}
    for s, ls, outs in zip((a, b), leaves, outputs, strict=True):
        for leaf, x, o in zip(ls, s.carries, outs, strict=False):
            first.setdefault(leaf, x)
            after.setdefault(leaf, o)
        stacked.update(dict.fromkeys(outs[len(ls) :]))
    sub, outside = close(
        [*first, *elements.values(), *captures.values()], [*after.values(), *stacked]
    )
    whole = SCAN(
        sub,
        *a.node.args[1:3],
        len(first),
        len(elements),
        *first.values(),
        *elements,
        *captures,
        *outside,
    )
    place = {leaf: i for i, leaf in enumerate(first)}
    shown = {y: len(first) + j for j, y in enumerate(stacked)}
    result: dict[Expr, Expr] = {}
    for s, ls, outs in zip((a, b), leaves, outputs, strict=True):
        places = [*(place[leaf] for leaf in ls), *(shown[y] for y in outs[len(ls) :])]
        result.update({item: ITEM(whole, at) for item, at in zip(s.items(), places, strict=True)})
    return result


Opened = tuple[list[list[Expr]], list[list[Expr]]]


def _equal_carries(
    scans: Sequence[_Scan], elements: dict[Expr, Expr], captures: dict[Expr, Expr]
) -> Opened | None:
    """Find the carries that are equal throughout, and open the bodies on one leaf for each.

    Carries of one first value are taken to be equal, until their next values, computed
    under that assumption, tell them apart: the coarsest partition that the steps keep.
    """
    names: list[list[tuple[object, ...]]] = [
        [(x, p.type) for x, p in zip(s.carries, s.body.parameters, strict=False)] for s in scans
    ]
    while True:
        leaf: dict[tuple[object, ...], Expr] = {}
        types: dict[tuple[object, ...], Type] = {}
        for s, row in zip(scans, names, strict=True):
            for name, p in zip(row, s.body.parameters, strict=False):
                types.setdefault(name, p.type)
                leaf.setdefault(name, placeholder(types[name]))
        leaves = [[leaf[name] for name in row] for row in names]
        if not set(leaves[0]) & set(leaves[1]):
            return None
        outputs = [
            list(
                s.body(*ls, *(elements[x] for x in s.sequences), *(captures[x] for x in s.captures))
            )
            for s, ls in zip(scans, leaves, strict=True)
        ]
        finer: list[list[tuple[object, ...]]] = [
            [(mine, o) for mine, o in zip(ls, outs, strict=False)]
            for ls, outs in zip(leaves, outputs, strict=True)
        ]
        if len({n for row in finer for n in row}) == len(leaf):
            return leaves, outputs
        names = finer
