"""Supports as unconstrained coordinates: a bijection from the whole line, with its Jacobian."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from astragal.density.joint import Factor
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import FLOATS, Shape, TensorType
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.creation import zeros_like
from astragal.random.distribution import NON_NEGATIVE, POSITIVE, PROBABILITY, REAL


@dataclass(frozen=True, eq=False)
class Interval:
    """Where a scalar continuous variable lies, element by element.

    Attributes
    ----------
    low, high
        Bounds, as expressions free of the variable; None for none.
    """

    low: Expr | None
    high: Expr | None

    @property
    def kind(self) -> str:
        """``real``, ``positive``, ``unit`` or ``interval``."""
        if self.low is None and self.high is None:
            return "real"
        if _is(self.low, 0.0) and self.high is None:
            return "positive"
        if _is(self.low, 0.0) and _is(self.high, 1.0):
            return "unit"
        return "interval"


def _is(x: Expr | None, number: float) -> bool:
    return x is not None and is_constant(x) and bool((value_of(x) == number).all())


@dataclass(frozen=True, eq=False)
class Transform:
    """A bijection from unconstrained coordinates to a support.

    Attributes
    ----------
    forward
        From coordinates to values.
    backward
        From values to coordinates.
    log_jacobian
        From coordinates to log |d value / d coordinate|: elementwise, or a scalar where
        the elements are tied together.
    shape
        Of the coordinates.
    """

    forward: Callable[[Expr], Expr]
    backward: Callable[[Expr], Expr]
    log_jacobian: Callable[[Expr], Expr]
    shape: Shape


def interval_of(factor: Factor) -> Interval | None:
    """Find the interval of a variable from its own distribution; None where it has none."""
    from astragal.graph.literal import scalar

    d = factor.rv.op.distribution  # type: ignore[attr-defined]
    if not isinstance(factor.rv.type, TensorType) or factor.rv.dtype not in FLOATS or d.core:
        return None
    domain = d.support(*factor.parameters)
    dtype = factor.rv.dtype
    if domain is REAL:
        return Interval(None, None)
    if domain is POSITIVE or domain is NON_NEGATIVE:
        return Interval(scalar(0.0, dtype), None)
    if domain is PROBABILITY:
        return Interval(scalar(0.0, dtype), scalar(1.0, dtype))
    names = [p.name for p in d.parameters]
    at = dict(zip(names, factor.parameters, strict=True))
    if d.name == "pareto":
        return Interval(at["scale"], None)
    if d.name in {"uniform", "truncated_normal", "triangular"}:
        low, high = (
            next((at[n] for n in choice if n in at), None)
            for choice in (("low", "lower", "left"), ("high", "upper", "right"))
        )
        if low is not None and high is not None:
            return Interval(
                None if _is(low, -math.inf) else low, None if _is(high, math.inf) else high
            )
    return None


def to_line(interval: Interval, shape: Shape) -> Transform:
    """Give the transform of an interval: identity, exponential or logistic, moved and scaled."""
    low, high = interval.low, interval.high
    if low is None and high is None:
        return Transform(lambda u: u, lambda z: z, zeros_like, shape)
    if high is None:
        assert low is not None
        if _is(low, 0.0):
            return Transform(e.exp, e.log, lambda u: u, shape)
        return Transform(lambda u: low + e.exp(u), lambda z: e.log(z - low), lambda u: u, shape)
    if low is None:
        return Transform(lambda u: high - e.exp(u), lambda z: e.log(high - z), lambda u: u, shape)

    def slope(u: Expr) -> Expr:
        return -e.logaddexp(0.0, u) - e.logaddexp(0.0, -u)

    if interval.kind == "unit":
        return Transform(sp.expit, sp.logit, slope, shape)
    width = high - low
    return Transform(
        lambda u: low + width * sp.expit(u),
        lambda z: sp.logit((z - low) / width),
        lambda u: slope(u) + e.log(width),
        shape,
    )
