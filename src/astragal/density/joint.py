"""The joint log density of a model, factor by factor, as graphs.

Every random variable gets a value: an input named like it, or what the value of a
deterministic variable above it implies (``y = a + b`` observed gives ``b = y - a``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from astragal.density.factorisation import depends, factorise
from astragal.density.factors import Factor, Joint
from astragal.graph.errors import DTypeError, ModelError, ShapeError
from astragal.graph.expr import Expr, describe
from astragal.graph.literal import constant
from astragal.graph.subgraph import compatible
from astragal.graph.traverse import substitute
from astragal.graph.types import FLOATS, KeyType
from astragal.model import Model
from astragal.random.distribution import is_random

__all__ = ["Factor", "Joint", "depends", "factorise", "logdensity"]


def logdensity(
    model: Model | Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    *,
    by_name: bool = False,
) -> Any:
    """Log density of a model's variables, as a graph.

    Parameters
    ----------
    model
        A `Model`, or a mapping of names to expressions.
    values
        From name to value (expressions or arrays); a variable without one stands for an
        input of its name and type.
    by_name
        Whether to give one scalar a random variable, by name, instead of their sum.

    Returns
    -------
    Expr, or dict of Expr
        Scalar; minus infinity outside the support.

    Raises
    ------
    ModelError
        For an unknown name, or random variables that the names do not determine.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> z = ag.random.gamma(k[0], 2.0, rate=4.0)
    >>> m = ag.Model({"z": z, "y": ag.random.poisson(k[1], z)})
    >>> round(float(ag.evaluate(ag.logdensity(m, {"z": 0.5, "y": 3}))), 6)
    -4.291759
    """
    if not isinstance(model, Model):
        model = Model(model)
    if values is not None and not isinstance(values, Mapping):
        raise ModelError(f"logdensity: values are a mapping from names, got {values!r:.60}")
    given = dict(values or {})
    unknown = [n for n in given if n not in model]
    if unknown:
        raise ModelError(
            f"the model has no variable {unknown[0]!r}; it has {', '.join(model.variables)}"
        )
    clamped = [n for n in given if not is_random(model[n])]
    joint = factorise(model, clamped, accurate=True)
    mapping = {
        joint.coordinates[n]: as_value(n, v, joint.coordinates[n])
        for n, v in given.items()
        if n in joint.coordinates
    }
    if by_name:
        parts = {f.name: f.total for f in joint.factors}
        for n, j in joint.jacobians.items():
            parts[n] = parts[n] + j if n in parts else j
        return dict(zip(parts, substitute(parts.values(), mapping), strict=True))
    if not joint.factors:
        raise ModelError("logdensity: the model has no random variable and no factor")
    return substitute([joint.total], mapping)[0]


def as_value(name: str, value: Any, wanted: Expr) -> Expr:
    """Make an expression of a value for a variable, and check its type."""
    if isinstance(value, Expr):
        x = value
    else:
        x = constant(value)
        if x.dtype != wanted.dtype and (wanted.dtype in FLOATS or x.dtype not in FLOATS):
            x = constant(value, wanted.dtype)
    if isinstance(x.type, KeyType) or x.dtype != wanted.dtype:
        raise DTypeError(f"the value of {name!r} is {describe(x)}, expected {wanted.dtype}")
    if not compatible(x.type, wanted.type):
        raise ShapeError(f"the value of {name!r} is {describe(x)}, expected {wanted.type!r}")
    return x
