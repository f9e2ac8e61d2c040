"""Supports as unconstrained coordinates: a bijection from the whole line, with its Jacobian."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from astragal.density import matrices
from astragal.density.algebra import fold_all
from astragal.density.joint import Factor
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, Shape, TensorType
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.creation import zeros_like
from astragal.ops.searching import where
from astragal.random.distribution import Domain, random_parts
from astragal.random.multivariate import CORRELATION, COVARIANCE, MATRIX, SIMPLEX, VECTOR


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
        From coordinates to log |d value / d coordinate|: elementwise, or one number a
        value where the elements are tied together. The value of a simplex is measured by
        all its entries but the last, that of a symmetric matrix by its lower triangle.
    shape
        Of the coordinates.
    """

    forward: Callable[[Expr], Expr]
    backward: Callable[[Expr], Expr]
    log_jacobian: Callable[[Expr], Expr]
    shape: Shape


def interval_of(factor: Factor) -> Interval | None:
    """Find the interval of a variable from its own distribution; None where it has none."""
    d = random_parts(factor.rv)[0]
    if not isinstance(factor.rv.type, TensorType) or factor.rv.dtype not in FLOATS or d.core:
        return None
    domain = d.support(*factor.parameters)
    if domain.bounds is None:
        return None
    ends = []
    for end, none in zip(domain.bounds, (-math.inf, math.inf), strict=True):
        x = scalar(end, factor.rv.dtype) if isinstance(end, (int, float)) else end
        x = None if x is None else fold_all(x)
        ends.append(None if x is None or _is(x, none) else x)
    if any(x is not None and factor.value in toposort([x]) for x in ends):
        return None  # a bound that the variable moves itself
    return Interval(*ends)


def transform_of(factor: Factor) -> Transform | None:
    """Give the unconstrained coordinates of a continuous variable, from its own support.

    Returns
    -------
    Transform or None
        None for discrete variables, and supports without a known transform.
    """
    type = factor.rv.type
    if not isinstance(type, TensorType) or factor.rv.dtype not in FLOATS:
        return None
    interval = interval_of(factor)
    if interval is not None:
        if factor.family == "von_mises":
            return circle(factor.parameters[0], type.shape)
        return to_line(interval, type.shape)
    return _tied(random_parts(factor.rv)[0].support(*factor.parameters), type.shape)


def _tied(domain: Domain, shape: Shape) -> Transform | None:
    """Supports whose elements are tied together."""
    if domain is VECTOR or domain is MATRIX:
        return Transform(lambda u: u, lambda z: z, zeros_like, shape)
    if domain not in (SIMPLEX, COVARIANCE, CORRELATION):
        return None
    n = shape[-1]
    if not isinstance(n, int) or n == 0:
        return None
    maps = {SIMPLEX: matrices.simplex, COVARIANCE: matrices.covariance}
    forward, backward, slope, size = maps.get(domain, matrices.correlation)(n)
    batch = shape[: len(shape) - (1 if domain is SIMPLEX else 2)]
    return Transform(forward, backward, slope, (*batch, size))


def circle(centre: Expr, shape: Shape) -> Transform:
    """Give the transform of an angle: cut open at the point that lies opposite to a centre."""
    whole = 2.0 * math.pi

    def wrapped(x: Expr) -> Expr:
        return x - whole * e.round(x / whole)

    return Transform(
        lambda u: wrapped(centre + whole * (sp.expit(u) - 0.5)),
        lambda z: sp.logit(wrapped(z - centre) / whole + 0.5),
        lambda u: -e.logaddexp(0.0, u) - e.logaddexp(0.0, -u) + math.log(whole),
        shape,
    )


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
    if _may_be_infinite(low) or _may_be_infinite(high):
        return _some_infinite(low, high, slope, shape)
    width = high - low
    return Transform(
        lambda u: low + width * sp.expit(u),
        lambda z: sp.logit((z - low) / width),
        lambda u: slope(u) + e.log(width),
        shape,
    )


def _may_be_infinite(bound: Expr) -> bool:
    """Whether a bound is made with infinite numbers."""
    numbers = (value_of(x) for x in toposort([bound]) if is_constant(x) and x.dtype in FLOATS)
    return any(bool(np.isinf(v).any()) for v in numbers)


def _some_infinite(low: Expr, high: Expr, slope: Callable[[Expr], Expr], shape: Shape) -> Transform:
    """Intervals of which some are half-lines, others the whole line."""
    below, above = e.isfinite(low), e.isfinite(high)
    left, right = where(below, low, 0.0), where(above, high, 0.0)
    width = where(below & above, right - left, 1.0)

    def choose(both: Expr, up: Expr, down: Expr, free: Expr) -> Expr:
        return where(below, where(above, both, up), where(above, down, free))

    return Transform(
        lambda u: choose(left + width * sp.expit(u), left + e.exp(u), right - e.exp(u), u),
        lambda z: choose(sp.logit((z - left) / width), e.log(z - left), e.log(right - z), z),
        lambda u: choose(slope(u) + e.log(width), u, u, zeros_like(u)),
        shape,
    )
