"""Joint laws of the two sides of a relation, compared through expectations by quadrature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.graph.expr import Expr
from astragal.logic.numeric import NotNumeric, law
from astragal.logic.pattern import Side
from astragal.logic.witnesses import Tests

SHIFTS = (0.0, 0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Difference:
    """How far apart two laws were found.

    Attributes
    ----------
    gap : float
        The difference of the expectations that stands out most.
    bound : float
        What error or chance explains of it.
    function : str
    left, right : float
        Its expectations.
    count : int
        How many expectations were compared.
    """

    gap: float
    bound: float
    function: str
    left: float
    right: float
    count: int

    @property
    def wrong(self) -> bool:
        """Whether nothing explains the difference."""
        return self.gap > self.bound


def by_quadrature(sides: Sequence[Side], values: Mapping[Expr, Any]) -> Difference:
    """Compare expectations, each summed over grids in four places, which shows their error.

    Raises
    ------
    NotNumeric
        Where a side cannot be done, or the error is too large to tell anything.
    """
    laws = [[law(s, values, shift) for shift in SHIFTS] for s in sides]
    tests = Tests(laws[0][0])
    means, errors = [], []
    for ways in laws:
        table = np.asarray([tests.expect(w) for w in ways])
        lost = max(abs(w.mass - 1.0) for w in ways)
        means.append(table.mean(axis=0))
        errors.append(np.ptp(table, axis=0).max() + lost)
    error = max(errors)
    if not error <= 0.02:
        raise NotNumeric(f"quadrature is off by {error:.2g}")
    gap = np.abs(means[0] - means[1])
    i = int(gap.argmax())
    return Difference(
        float(gap[i]), 6 * error + 1e-8, tests.names[i],
        float(means[0][i]), float(means[1][i]), len(gap),
    )  # fmt: skip
