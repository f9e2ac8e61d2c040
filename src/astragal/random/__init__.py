"""Random variables: ``astragal.random.NAME(key, *parameters, size=None, dtype=None)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from astragal.graph.expr import Expr, Op
from astragal.random import continuous, discrete, keys, lower, multivariate
from astragal.random.distribution import RandomOp, make_function

DISTRIBUTIONS = (
    *continuous.DISTRIBUTIONS,
    *discrete.DISTRIBUTIONS,
    *multivariate.DISTRIBUTIONS,
)

RANDOM_OPS: dict[str, RandomOp] = {d.name: RandomOp(d) for d in DISTRIBUTIONS}
"""The operation of every distribution, by name."""

OPS: dict[str, Op] = {
    op.name: op for op in (*keys.OPS, lower.RANDOM_BITS, lower.REQUIRE, *RANDOM_OPS.values())
}

for _name, _op in RANDOM_OPS.items():
    globals()[_name] = make_function(_op)

if TYPE_CHECKING:

    def __getattr__(name: str) -> Callable[..., Expr]: ...


__all__ = ["OPS", "RANDOM_OPS", *RANDOM_OPS]  # noqa: PLE0604
