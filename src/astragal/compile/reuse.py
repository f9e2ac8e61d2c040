"""Shared values that a program may change in place: who reads them, and when.

A value that becomes another one of the same shape can lend its memory to it, if nothing else
reads it. Whether the memory is the variable's alone is known at the call (see
`astragal.compile.shared.Cell.lend`); what the graph does with it is found here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant
from astragal.graph.traverse import children, toposort
from astragal.graph.types import TensorType

UPDATES = frozenset({"set_index", "add_index"})


def candidates(
    operands: Sequence[Expr], results: Sequence[Expr], updates: Mapping[int, int]
) -> dict[int, int]:
    """Find the updates whose result has the type of what it replaces.

    Parameters
    ----------
    operands, results
        A lowered graph.
    updates
        From the position of a result to that of the shared value that it becomes.

    Returns
    -------
    dict
        As ``updates``. It is empty where a later error could leave a call half done: where
        the length of any new value is known only once the program has run.
    """
    kinds = [results[r].type for r in updates]
    if not all(isinstance(t, TensorType) and _is_static(t) for t in kinds):
        return {}
    leaves = set(operands)
    return {
        r: x
        for r, x in updates.items()
        if results[r].type == operands[x].type
        and operands[x].type.shape
        and results[r] not in leaves
        and not is_constant(results[r])
        and results.count(results[r]) == 1
        and operands[x] not in results
    }


def _is_static(type: TensorType) -> bool:
    return all(isinstance(d, int) for d in type.shape)


def by_updates(x: Expr, result: Expr, users: Mapping[Expr, Sequence[Expr]]) -> bool:
    """Tell whether a result is x with some elements set, and nothing else reads x."""
    node = result
    while node.op.name in UPDATES and (node is result or len(users[node]) == 1):
        node = node.args[0]
    return node is x and len(users[x]) == 1


def by_elements(x: Expr, result: Expr, users: Mapping[Expr, Sequence[Expr]]) -> bool:
    """Tell whether each element of a result is made of the one of x, and nothing else reads x."""
    cone, stack = {x}, [x]
    while stack:
        for u in users[stack.pop()]:
            if u in cone:
                continue
            if not u.op.elementwise or not isinstance(u.type, TensorType) or u.op.name == "map":
                return False
            if u.type.shape != x.type.shape:
                return False
            cone.add(u)
            if u is not result:
                stack.append(u)
    return result in cone and not users[result]


def users_of(outputs: Sequence[Expr], wanted: Collection[Expr]) -> dict[Expr, list[Expr]]:
    """List the users of all nodes, one entry a use; an output counts as used once more."""
    users: dict[Expr, list[Expr]] = {x: [] for x in wanted}
    for node in toposort(outputs):
        users.setdefault(node, [])
        for c in children(node):
            users[c].append(node)
    return users
