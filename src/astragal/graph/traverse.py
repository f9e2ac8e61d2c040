"""Walks over shared graphs: each node once, none by recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from astragal.graph.expr import Expr

T = TypeVar("T")


def children(node: Expr) -> list[Expr]:
    """Give the arguments of a node that are expressions, in order."""
    return [a for a in node.args if isinstance(a, Expr)]


def toposort(roots: Iterable[Expr]) -> list[Expr]:
    """List all nodes below the roots, arguments before users, in a fixed order.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> [n.op.name for n in toposort([ag.exp(x) * ag.exp(x)])]
    ['input', 'exp', 'multiply']
    """
    order: list[Expr] = []
    done: set[Expr] = set()
    for root in roots:
        stack: list[tuple[Expr, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in done:
                continue
            if ready:
                done.add(node)
                order.append(node)
                continue
            stack.append((node, True))
            for a in reversed(node.args):
                if isinstance(a, Expr) and a not in done:
                    stack.append((a, False))
    return order


def fold(roots: Iterable[Expr], step: Callable[[Expr, list[T]], T]) -> dict[Expr, T]:
    """Compute a value for every node from the values of its arguments."""
    values: dict[Expr, T] = {}
    for node in toposort(roots):
        values[node] = step(node, [values[c] for c in children(node)])
    return values


def rebuild(node: Expr, new: Mapping[Expr, Expr]) -> Expr:
    """Apply a node's operation to the images of its arguments."""
    args = [new.get(a, a) if isinstance(a, Expr) else a for a in node.args]
    for a, b in zip(args, node.args, strict=True):
        if a is not b:
            return node.op.again(node, args)
    return node


def substitute(roots: Iterable[Expr], mapping: Mapping[Expr, Expr]) -> tuple[Expr, ...]:
    """Replace nodes, and rebuild what stands above them.

    Parameters
    ----------
    roots
        Expressions to rewrite.
    mapping
        From node to replacement; nothing inside a replacement is replaced again.

    Returns
    -------
    tuple of Expr
        The images of the roots, in order.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x"), ag.input("y")
    >>> substitute([ag.exp(x) + x], {x: y})
    (exp(y) + y,)
    """
    roots = tuple(roots)
    new: dict[Expr, Expr] = dict(mapping)
    # Nodes below a replaced one are not visited: the stack starts at the roots and stops there.
    for root in roots:
        stack: list[tuple[Expr, bool]] = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in new:
                continue
            if ready:
                new[node] = rebuild(node, new)
                continue
            stack.append((node, True))
            for a in reversed(node.args):
                if isinstance(a, Expr) and a not in new:
                    stack.append((a, False))
    return tuple(new[r] for r in roots)


def depends_on(roots: Iterable[Expr], sources: Iterable[Expr]) -> set[Expr]:
    """Collect the nodes below the roots that are, or depend on, one of the sources."""
    found = set(sources)
    for node in toposort(roots):
        if node not in found and any(isinstance(a, Expr) and a in found for a in node.args):
            found.add(node)
    return found


def users(roots: Iterable[Expr]) -> dict[Expr, list[Expr]]:
    """Map each node below the roots to the nodes that take it as an argument, in order."""
    out: dict[Expr, list[Expr]] = {}
    for node in toposort(roots):
        out.setdefault(node, [])
        for c in dict.fromkeys(children(node)):
            out[c].append(node)
    return out
