"""Expressions of a model with values in place of some variables, inside loops as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from astragal.density.loops import Loop, is_random_loop
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute, toposort
from astragal.ops.indexing import INDEX, ITEM, SET_INDEX
from astragal.random.distribution import is_random


def places(values: Mapping[Expr, Expr]) -> dict[Expr, Expr]:
    """Say what nodes become where variables have values.

    A value of a part of a variable, ``x[1:]``, leaves the rest of x to be drawn.
    """
    out: dict[Expr, Expr] = {}
    for node, value in values.items():
        x = node.args[0] if node.op is INDEX else None
        if isinstance(x, Expr) and is_random(x):
            out[x] = SET_INDEX(out.get(x, x), value, *node.args[1:])
        else:
            out[node] = value
    return out


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
