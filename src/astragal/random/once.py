"""Functions of scalars that stand once in what is compiled, however often they are used."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from astragal.graph.expr import Expr
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.tree import flatten
from astragal.ops.control import CALL

F = TypeVar("F", bound=Callable[..., Any])


def once(function: F) -> F:
    """Make a function of scalar expressions a call of one subgraph.

    A backend that compiles a subgraph by itself compiles the function once for all its
    users; the others write it in place. On arrays the function is applied as it is.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> square = once(lambda v: v * v)
    >>> square(x).op.name, square(x + 1.0).args[0].args[0] is square(x).args[0].args[0]
    ('item', True)
    """
    bodies: dict[tuple[Any, ...], tuple[Subgraph, Any]] = {}

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        leaves, write = flatten(list(args))
        if any(not isinstance(a, Expr) or a.type.shape for a in leaves):
            return function(*args)
        key = tuple(a.type for a in leaves)
        found = bodies.get(key)
        if found is None:
            stand_ins = [placeholder(t) for t in key]
            outs, put = flatten(function(*write(stand_ins)))
            found = bodies[key] = Subgraph(stand_ins, outs), put
        body, put = found
        node = CALL(body, *leaves)
        return put([node[i] for i in range(len(body.outputs))])

    return call  # type: ignore[return-value]
