"""Expressions of a model with values in place of some variables, inside loops as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from astragal.density.loops import Loop, is_random_loop
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute, toposort
from astragal.ops.indexing import ITEM


def given(exprs: Iterable[Expr], values: Mapping[Expr, Expr]) -> tuple[Expr, ...]:
    """Put values in place of variables; what remains is drawn given them.

    Parameters
    ----------
    exprs
        Of a model's graph.
    values
        From nodes to values of their types. An output of a loop is replaced inside the
        loop too, so that what the next steps draw depends on the value.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> z = ag.random.normal(k[0], 0.0, 1.0)
    >>> given([ag.random.normal(k[1], z, 2.0)], {z: ag.constant(3.0)})[0].args[2]
    3.0
    """
    exprs = tuple(exprs)
    mapping: dict[Expr, Expr] = {}
    inside: dict[Expr, dict[int, Expr]] = {}
    for node, value in values.items():
        if node.op is ITEM and is_random_loop(node.args[0]):
            loop, i = node.args
            if i >= loop.args[3]:
                inside.setdefault(loop, {})[i - loop.args[3]] = value
        mapping[node] = value
    for node in toposort(exprs):
        if node in inside:
            (now,) = substitute([node], mapping)
            items = Loop(now).rebuilt(inside[node])
            # The items of the loop as it was, in this model's graph.
            for i in range(len(node)):
                mapping.setdefault(ITEM(node, i), items[ITEM(now, i)])
    return substitute(exprs, mapping)
