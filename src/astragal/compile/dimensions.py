"""Symbolic dimensions of a compiled function: where they are read, what must agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import ModelError, ShapeError
from astragal.graph.expr import DIMENSION, Expr
from astragal.graph.traverse import toposort
from astragal.random.lower import lower_random

Place = tuple[int, int]
"""Number of an input, and axis."""


def name_of(x: Expr) -> str:
    """Give the name of an input."""
    return str(x.args[0])


class Dimensions:
    """Where the symbolic dimensions are read, and what they must agree with."""

    def __init__(
        self, leaves: Sequence[Expr], lowered: Sequence[Expr], results: Sequence[Expr]
    ) -> None:
        self._names = [name_of(x) for x in leaves]
        found: dict[Expr, list[Place]] = {}
        computed: list[tuple[Expr, Place]] = []
        for i, x in enumerate(leaves):
            for axis, d in enumerate(x.type.shape):
                if isinstance(d, Expr) and d.op is DIMENSION:
                    found.setdefault(d, []).append((i, axis))
                elif isinstance(d, Expr):
                    computed.append((d, (i, axis)))
        self._found = found
        needed = [n for n in toposort(results) if n.op is DIMENSION]
        for d in needed:
            if d not in found:
                raise ModelError(
                    f"dimension {d.label!r} is not known: no input has it as one of its dimensions"
                )
        self.places: dict[Expr, Place] = {d: found[d][0] for d in needed}
        self._sizes = None
        if computed:
            from astragal.compile.numpy import compile_numpy

            self._computed = computed
            exprs = lower_random([d for d, _ in computed])
            below = set(toposort(exprs))
            at = [i for i, x in enumerate(lowered) if x in below]
            self._operands = at
            self._sizes = compile_numpy([*(lowered[i] for i in at), *found], exprs)

    def __bool__(self) -> bool:
        return bool(self._found) or self._sizes is not None

    def read(self, values: Sequence[Any]) -> list[Any]:
        """Give the dimensions that the program reads; check that all agree."""
        size: dict[Expr, int] = {}
        for d, places in self._found.items():
            first, axis = places[0]
            n = values[first].shape[axis]
            for i, other in places[1:]:
                if values[i].shape[other] != n:
                    raise ShapeError(
                        f"dimension {d.label!r}: input {self._names[first]!r} has {n} along axis "
                        f"{axis}, input {self._names[i]!r} has {values[i].shape[other]} along "
                        f"axis {other}"
                    )
            size[d] = n
        if self._sizes is not None:
            wanted = self._sizes(*(values[i] for i in self._operands), *size.values())
            for n, (d, (i, axis)) in zip(wanted, self._computed, strict=True):
                if values[i].shape[axis] != int(n):
                    raise ShapeError(
                        f"input {self._names[i]!r} has {values[i].shape[axis]} along axis {axis}, "
                        f"expected {d!r} = {int(n)}"
                    )
        return [np.int64(size[d]) for d in self.places]
