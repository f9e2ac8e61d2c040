"""Steps of a loop as draws about their places: ``x + s * normal(k, 0, 1)`` is ``normal(k, x, s)``.

The two have the same law, and the place that the next step reads is then a draw itself: the
path holds to its neighbours alone, while one written by its shocks would hold to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from astragal.density.loops import Loop
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import same_shape
from astragal.ops import elementwise as e
from astragal.random.distribution import random_parts


def centred(loop: Loop, given: Iterable[int]) -> Expr | None:
    """Build the loop whose normal shocks are draws about where they lead to.

    Parameters
    ----------
    loop
        A loop that draws.
    given
        Outputs that have values: the draws that they determine stay what they are.

    Returns
    -------
    Expr or None
        None where no state is a place plus a scale times a normal draw of its own.
    """
    own = set(loop.undetermined(given))
    for x in loop.next:
        if x in own:
            continue
        for w in [w for w in toposort([x]) if w in own and w.op.name == "normal"]:
            parts = _location_scale(x, w)
            if parts is None or not same_shape(w.shape, x.shape) or w.dtype != x.dtype:
                continue
            place, slope = parts
            if is_constant(slope) and not value_of(slope).all():
                continue  # a place that is certain has no density
            key, (loc, scale) = w.args[0], random_parts(w)[3]
            new = w.op(key, w.args[1], place + slope * loc, e.abs(slope) * scale)
            if not same_shape(new.shape, x.shape):
                continue
            mapping = {x: new, w: (new - place) / slope}
            outputs = substitute([*loop.next, *loop.stacked], mapping)
            return loop.with_outputs(outputs)
    return None


def _location_scale(x: Expr, w: Expr) -> tuple[Expr, Expr] | None:
    """Write an expression as ``place + slope * w``; None where it is not that."""
    place, slope = scalar(0.0, w.dtype), scalar(1.0, w.dtype)
    path = [x]
    while path[-1] is not w:
        inside = [a for a in path[-1].args if isinstance(a, Expr) and w in toposort([a])]
        if len(inside) != 1:
            return None
        path.append(inside[0])
    for node, below in zip(path[-2::-1], path[:0:-1], strict=True):
        name = node.op.name
        if name == "negative":
            place, slope = -place, -slope
            continue
        if name not in ("add", "subtract", "multiply", "divide"):
            return None
        first = node.args[0] is below
        other = node.args[1 if first else 0]
        if name == "add":
            place = place + other
        elif name == "subtract":
            place, slope = (place - other, slope) if first else (other - place, -slope)
        elif name == "multiply":
            place, slope = place * other, slope * other
        elif first:
            place, slope = place / other, slope / other
        else:
            return None
    return place, slope
