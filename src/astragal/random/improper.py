"""Weights that are no distributions: improper priors and factors of a joint density.

An improper prior has a density to condition with, and no law to draw from. A factor
multiplies a joint density by a weight, as a constraint or a likelihood written by hand does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from astragal.graph.errors import DTypeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.types import FLOATS, TensorType, Type
from astragal.ops.creation import zeros_like
from astragal.ops.declare import as_expr
from astragal.ops.searching import where
from astragal.random.distribution import NUMBER, REAL, Distribution, Domain, Parameter, interval


def _is(x: Expr, end: float) -> bool:
    return is_constant(x) and bool(np.all(value_of(x) == end))


def _support(low: Expr, high: Expr) -> Domain:
    if _is(low, -math.inf) and _is(high, math.inf):
        return REAL
    above = None if _is(high, math.inf) else high
    if _is(low, -math.inf):
        return Domain("a number below high", r"(-\infty, b]", lambda x: x <= high, (None, above))
    return interval("a number between low and high", "[a, b]", low, above)


improper_uniform = Distribution(
    name="improper_uniform",
    parameters=(Parameter("low", NUMBER, -math.inf), Parameter("high", NUMBER, math.inf)),
    support=_support,
    logdensity=lambda x, low, high: zeros_like(x),
    ordered=(("low", "high"),),
    latex=r"\mathrm{Flat}",
    doc_note="A flat prior on an interval that may be infinite: its density is 1 throughout, "
    "so it can be conditioned, and not drawn from.",
)

DISTRIBUTIONS = (improper_uniform,)


def _infer(x: Expr) -> Type:
    if not isinstance(x.type, TensorType) or x.dtype not in FLOATS:
        raise DTypeError(f"factor: the log weight is {describe(x)}, expected real numbers")
    return x.type


FACTOR = Op("factor", _infer, lambda x: (as_expr(x),))
"""A log weight that a model's joint density is multiplied by; elsewhere the number itself."""


def factor(log_weight: Any) -> Expr:
    """Multiply the joint density of a model by a weight, named in the model.

    Parameters
    ----------
    log_weight
        Log of the weight; the elements of an array are added up.

    Returns
    -------
    Expr
        To be given a name in a model.

    Raises
    ------
    DTypeError
        For what is no array of real numbers.

    Notes
    -----
    A model with factors has a joint density, up to a constant, and no generative law:
    `Model.sample_prior` refuses it.

    Examples
    --------
    A prior for the variance of a normal that is flat on the scale of its logarithm:

    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"), 3)
    >>> mu = ag.random.improper_uniform(k[0])
    >>> v = ag.random.improper_uniform(k[1], low=0.0)
    >>> y = ag.random.normal(k[2], mu, ag.sqrt(v), size=4)
    >>> model = ag.Model({"mu": mu, "v": v, "prior": ag.factor(-ag.log(v)), "y": y})
    >>> ag.derive(model, {"y": [1.0, 2.0, 4.0, 5.0]}).exact
    True
    """
    return FACTOR(log_weight)


def constrain(event: Any) -> Expr:
    """Condition a model on an event, named in the model.

    Parameters
    ----------
    event
        Booleans, all of which hold.

    Returns
    -------
    Expr
        A factor: weight 1 where the event holds, 0 elsewhere.

    Raises
    ------
    DTypeError
        For what is no boolean.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> mu = ag.random.normal(k[0], size=2)
    >>> model = ag.Model({"mu": mu, "ordered": ag.constrain(mu[0] < mu[1])})
    >>> float(ag.evaluate(ag.logdensity(model, {"mu": [2.0, 1.0]})))
    -inf
    """
    x = as_expr(event)
    if not isinstance(x.type, TensorType) or x.dtype != "bool":
        raise DTypeError(f"constrain: the event is {describe(x)}, expected booleans")
    return FACTOR(where(x, scalar(0.0, "float64"), scalar(-math.inf, "float64")))
