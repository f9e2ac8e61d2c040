"""Closed graphs used as functions: the bodies of loops, branches and samplers."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Container, Sequence
from typing import Any

from astragal.graph.errors import ModelError
from astragal.graph.expr import INPUT, PARAMETER, Expr, Op, describe
from astragal.graph.literal import is_constant
from astragal.graph.traverse import children, depends_on, substitute, toposort
from astragal.graph.types import Type

_fresh = itertools.count()
_TABLE: weakref.WeakValueDictionary[tuple[Any, ...], Subgraph] = weakref.WeakValueDictionary()


class Subgraph:
    """A graph closed over nothing: parameters, and outputs that depend on them alone.

    Two subgraphs that differ in nothing but the names of their parameters are the
    same object. A subgraph is a static argument of the operations that use it
    (`scan`, `while_loop`, `cond`, `call`), so a traversal of the outer graph does
    not enter it.

    Attributes
    ----------
    parameters : tuple of Expr
    outputs : tuple of Expr
    """

    __slots__ = ("__weakref__", "outputs", "parameters")

    parameters: tuple[Expr, ...]
    outputs: tuple[Expr, ...]

    def __new__(cls, parameters: Sequence[Expr], outputs: Sequence[Expr]) -> Subgraph:
        """Make the subgraph, or find the equal one that was made before."""
        canonical = tuple(PARAMETER(i, p.type) for i, p in enumerate(parameters))
        outputs = substitute(outputs, dict(zip(parameters, canonical, strict=True)))
        for node in toposort(outputs):
            if node.op is INPUT or (node.op is PARAMETER and node not in canonical):
                raise ModelError(
                    f"a subgraph is closed over nothing, but it reads {describe(node)}; "
                    "pass it as an argument"
                )
        key = (canonical, outputs)
        found = _TABLE.get(key)
        if found is not None:
            return found
        self = object.__new__(cls)
        self.parameters = canonical
        self.outputs = outputs
        return _TABLE.setdefault(key, self)

    def __call__(self, *args: Expr) -> tuple[Expr, ...]:
        """Inline: the outputs with arguments for parameters."""
        return substitute(self.outputs, dict(zip(self.parameters, args, strict=True)))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Subgraph, (self.parameters, self.outputs))

    def __repr__(self) -> str:
        types = ", ".join(repr(p.type) for p in self.parameters)
        outs = ", ".join(repr(o.type) for o in self.outputs)
        return f"<subgraph ({types}) -> ({outs})>"


def without_calls(body: Subgraph, keep: Container[Subgraph] = ()) -> Subgraph:
    """Write the calls in a subgraph in place; what its loops and branches call stays.

    Parameters
    ----------
    body
        The subgraph.
    keep
        What is called as before.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> twice = ag.subgraph([x], x * 2.0)
    >>> without_calls(Subgraph([x], [twice(x) + 1.0])).outputs
    (%0 * 2.0 + 1.0,)
    """
    if not any(n.op.name == "call" and n.args[0] not in keep for n in toposort(body.outputs)):
        return body
    new: dict[Expr, Expr | tuple[Expr, ...]] = {}
    for node in toposort(body.outputs):
        args: list[Any] = [new.get(a, a) if isinstance(a, Expr) else a for a in node.args]
        if node.op.name == "call" and args[0] not in keep:
            called, *operands = args
            new[node] = without_calls(called, keep)(*operands)
        elif node.op.name == "item" and isinstance(args[0], tuple):
            new[node] = args[0][args[1]]
        elif any(a is not b for a, b in zip(args, node.args, strict=True)):
            new[node] = node.op(*args)
        else:
            new[node] = node
    return Subgraph(body.parameters, [new[o] for o in body.outputs])  # type: ignore[misc]


def placeholder(type: Type) -> Expr:
    """Make a leaf that no other expression holds, to trace a function with."""
    return INPUT(_Fresh(), type)


class _Fresh:
    """A name that equals no other."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = next(_fresh)

    def __repr__(self) -> str:
        return f"_{self.number}"

    __str__ = __repr__


def close(parameters: Sequence[Expr], outputs: Sequence[Expr]) -> tuple[Subgraph, tuple[Expr, ...]]:
    """Make a subgraph of traced outputs, and list what it captures from outside.

    Whatever does not depend on the parameters is computed outside, once: the largest
    such expressions become further parameters, and are returned as their arguments.

    Returns
    -------
    Subgraph
        With the given parameters first, then one a capture.
    tuple of Expr
        The captured expressions.
    """
    inside = depends_on(outputs, parameters)
    captured: dict[Expr, None] = {}
    for out in outputs:
        if out not in inside and not is_constant(out):
            captured[out] = None
    for node in toposort(outputs):
        if node in inside:
            for c in children(node):
                if c not in inside and not is_constant(c):
                    captured[c] = None
    stand_ins = {c: placeholder(c.type) for c in captured}
    inner = substitute(outputs, stand_ins)
    return Subgraph([*parameters, *stand_ins.values()], inner), tuple(captured)


def trace(
    function: Callable[..., Sequence[Expr]], types: Sequence[Type]
) -> tuple[Subgraph, tuple[Expr, ...]]:
    """Run a Python function on placeholders and close the result."""
    parameters = [placeholder(t) for t in types]
    return close(parameters, list(function(*parameters)))


def call_types(sub: Subgraph, args: Sequence[Expr], op: str) -> None:
    """Check that arguments fit a subgraph's parameters.

    Raises
    ------
    ModelError
        Naming the operation, the argument's position and both types.
    """
    if len(args) != len(sub.parameters):
        raise ModelError(f"{op}: {len(args)} arguments for {len(sub.parameters)} parameters")
    for i, (a, p) in enumerate(zip(args, sub.parameters, strict=True)):
        if not compatible(a.type, p.type):
            raise ModelError(f"{op}: argument {i} is {describe(a)}, expected {p.type!r}")


def compatible(given: Type, wanted: Type) -> bool:
    """Tell whether a value of one type may stand where the other is expected."""
    if type(given) is not type(wanted):
        return False
    if given == wanted:
        return True
    a, b = given, wanted
    from astragal.graph.types import KeyType, TensorType, TupleType

    if isinstance(a, TupleType) and isinstance(b, TupleType):
        return len(a.items) == len(b.items) and all(map(compatible, a.items, b.items))
    if isinstance(a, TensorType) and isinstance(b, TensorType) and a.dtype != b.dtype:
        return False
    if isinstance(a, KeyType) and isinstance(b, KeyType) and a.impl != b.impl:
        return False
    # A symbolic dimension may turn out to be the static one.
    return len(a.shape) == len(b.shape) and all(
        m == n if isinstance(m, int) and isinstance(n, int) else True
        for m, n in zip(a.shape, b.shape, strict=True)
    )


__all__ = ["Op", "Subgraph", "call_types", "close", "compatible", "placeholder", "trace"]
