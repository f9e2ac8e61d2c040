"""Variables that a density reads by where they lie only: it jumps, and its gradient sees nothing.

The time of a change is compared with the years, a threshold with doses. Between two of these the
density is level, so that a trajectory along it has no slope to follow, and jumps spoil its energy.
"""

from __future__ import annotations

from astragal.derive.conjugate import Neighbourhood
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, TensorType

STEPS = frozenset({"ceil", "floor", "floor_divide", "round", "sign", "trunc"})
"""Operations on numbers whose results are level between jumps; tests and whole numbers are so by
their type."""


def jumps(near: Neighbourhood) -> bool:
    """Tell whether another variable's density reads a variable by steps alone.

    Supports and constraints do not count: a trajectory that leaves them is refused.
    """
    return any(
        near.z in toposort([f.density]) and not _follows(f.density, near.z)
        for f in near.factors
        if f is not near.own
    )


def _follows(x: Expr, z: Expr) -> bool:
    """Tell whether a number moves with a variable between the variable's jumps."""
    moving: set[Expr] = set()
    for node in toposort([x]):
        level = isinstance(node.type, TensorType) and node.dtype not in FLOATS
        if node is z or (
            not level
            and node.op.name not in STEPS
            and any(isinstance(a, Expr) and a in moving for a in node.args)
        ):
            moving.add(node)
    return x in moving
