"""The law of an expression where an event is observed, as a term that relations rewrite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.types import TensorType, Type, same_shape, show_shape
from astragal.ops.declare import as_expr


def _infer(x: Expr, event: Expr) -> Type:
    for name, y in (("expression", x), ("event", event)):
        if not isinstance(y.type, TensorType) or (name == "event" and y.dtype != "bool"):
            wanted = "booleans" if name == "event" else "an array"
            raise DTypeError(f"given: the {name} is {describe(y)}, expected {wanted}")
    lead = event.type.shape
    if not same_shape(lead, x.type.shape[: len(lead)]):
        raise ShapeError(
            f"given: the event has shape {show_shape(lead)}, expected the first dimensions of "
            f"the expression's, {show_shape(x.type.shape)}"
        )
    return x.type


GIVEN = Op("given", _infer, lambda x, event: (as_expr(x), as_expr(event)))
"""``given(x, event)``: element by element of the event, the law of x where it holds."""


def given(x: Any, event: Any) -> Any:
    """Condition an expression, or several together, on an event.

    The result stands for a conditional law. Relations rewrite it into a law that can be
    drawn; it has no value of its own, and no backend computes it.

    Parameters
    ----------
    x
        An expression, or a tuple of them, whose joint conditional law is meant.
    event
        Booleans. An event of an array conditions element by element.

    Returns
    -------
    Expr or tuple of Expr

    Raises
    ------
    DTypeError
        For an event that is no boolean.
    ShapeError
        For an event of another shape than the expression.

    Examples
    --------
    >>> import astragal as ag
    >>> @ag.relation("in law", where=lambda t: t > 0)
    ... def lack_of_memory(k: ag.Key, r, t):
    ...     x = ag.random.exponential(k, rate=r)
    ...     return ag.given(x - t, x > t), ag.random.exponential(k, rate=r)
    >>> wait = ag.random.exponential(ag.key(0), rate=2.0)
    >>> lack_of_memory.forward(ag.given(wait - 1.0, wait > 1.0))
    exponential(key(0, 'threefry4x32'), 2.0)
    """
    if isinstance(x, Sequence):
        return tuple(GIVEN(y, event) for y in x)
    return GIVEN(x, event)
