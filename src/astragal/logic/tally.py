"""Counts of who reads what in a shared graph, kept exact while its nodes are replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from astragal.graph.expr import Expr
from astragal.graph.types import KeyType
from astragal.logic.facts import LEAVES
from astragal.random.distribution import RandomOp


def count_uses_of(order: Sequence[Expr]) -> dict[Expr, int]:
    """Count how many times each node of a sorted graph is taken as an argument."""
    uses = dict.fromkeys(order, 0)
    for x in order:
        for a in x.args:
            if isinstance(a, Expr):
                uses[a] += 1
    return uses


class Survey(NamedTuple):
    """What stands in a graph.

    Attributes
    ----------
    order : list
        The nodes that have arguments, arguments first.
    uses : dict
        How many times each node is taken as an argument. Leaves are not counted, but for keys:
        they never vanish.
    random : list
        Those of the nodes that are, or stand above, random variables.
    """

    order: list[Expr]
    uses: dict[Expr, int]
    random: list[Expr]


def survey(roots: Sequence[Expr]) -> Survey:
    """Sort a graph, and count how each of its nodes is read."""
    uses: dict[Expr, int] = dict.fromkeys(roots, 0)
    seen: set[Expr] = set()
    order: list[Expr] = []
    stack: list[Any] = list(reversed(roots))
    pop, push = stack.pop, stack.append
    while stack:
        x = pop()
        if x.__class__ is list:
            order.append(x[0])
            continue
        if x in seen or x.op in LEAVES:
            continue
        seen.add(x)
        push([x])  # a mark: its arguments are done when it comes up
        for a in reversed(x.args):
            if isinstance(a, Expr) and a not in seen:
                push(a)
    del seen
    above: set[Expr] = set()
    random: list[Expr] = []
    for x in order:
        if x not in uses:
            uses[x] = 0
        drawn = isinstance(x.op, RandomOp)
        for a in x.args:
            if isinstance(a, Expr):
                if a in uses:
                    uses[a] += 1
                    if a in above:
                        drawn = True
                elif a.type.__class__ is KeyType:
                    uses[a] = 1
        if drawn:
            above.add(x)
            random.append(x)
    return Survey(order, uses, random)


def enter(new: Expr, uses: dict[Expr, int]) -> list[Expr]:
    """Count what a new expression reads; list its nodes that were not in the graph."""
    if new in uses:
        return []
    uses[new] = 0
    fresh = [new]
    for x in fresh:  # it grows on the way
        if x.op in LEAVES:
            continue
        for a in x.args:
            if isinstance(a, Expr):
                if a in uses:
                    uses[a] += 1
                elif a.op not in LEAVES or a.type.__class__ is KeyType:
                    uses[a] = 1
                    fresh.append(a)
    return fresh


def arguments_first(nodes: Sequence[Expr]) -> list[Expr]:
    """Sort nodes that stand above one another, looking at no others."""
    those = set(nodes)
    order: list[Expr] = []
    done: set[Expr] = set()
    stack = [(x, False) for x in nodes]
    while stack:
        x, ready = stack.pop()
        if x in done:
            continue
        if ready:
            done.add(x)
            order.append(x)
            continue
        stack.append((x, True))
        stack += [(a, False) for a in reversed(x.args) if isinstance(a, Expr) and a in those]
    return order


def release(x: Expr, uses: dict[Expr, int], pinned: Mapping[Expr, str]) -> None:
    """Take a node that nothing reads out of the graph, and what only it read."""
    stack = [x]
    while stack:
        node = stack.pop()
        if uses.get(node) != 0 or node in pinned:
            continue
        del uses[node]
        for a in node.args:
            if isinstance(a, Expr) and a in uses:
                left = uses[a] = uses[a] - 1
                if not left:
                    stack.append(a)
