"""What declarations of continuous distributions share: parameters, supports, constants."""

from __future__ import annotations

import math

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.types import FLOATS, INTEGERS
from astragal.ops import elementwise as e
from astragal.random.distribution import (
    NON_NEGATIVE,
    POSITIVE,
    REAL,
    Domain,
    Parameter,
)

LOG_2 = math.log(2)
EULER = 0.57721566490153286061


def _inverse(x: Expr) -> Expr:
    # A number stays a number, and the inverse of an inverse is plain: so that a rate given as
    # a scale is found by relations.
    if _is_number(x) and (value := value_of(x).item()):
        return scalar(1.0 / value, x.dtype if x.dtype in FLOATS else "float64")
    if (
        x.op is e.divide
        and x.args[1].type == x.type
        and _is_number(x.args[0])
        and (value_of(x.args[0]).item() == 1)
    ):
        inner: Expr = x.args[1]
        return inner
    return e.divide(1.0, x)


def _is_number(x: Expr) -> bool:
    return is_constant(x) and not x.shape and x.dtype in (*FLOATS, *INTEGERS)


LOC = Parameter("loc", REAL, 0.0)
SCALE = Parameter("scale", POSITIVE, 1.0)
SHAPE = Parameter("shape", POSITIVE)
RATE = Parameter("rate", POSITIVE, keyword=True, alternatives={"scale": _inverse})
DF = Parameter("df", POSITIVE)
NONC = Parameter("nonc", NON_NEGATIVE)


def real(*parameters: Expr) -> Domain:
    """Give the whole line."""
    return REAL


def positive(*parameters: Expr) -> Domain:
    """Give the positive numbers."""
    return POSITIVE


def non_negative(*parameters: Expr) -> Domain:
    """Give the numbers from 0 on."""
    return NON_NEGATIVE
