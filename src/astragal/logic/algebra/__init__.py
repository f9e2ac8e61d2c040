"""Normal forms of numeric expressions: sums of products of powers, with exact coefficients.

Used where a relation's parameters are compared, solved for, or have just been put
together. It is bounded: what is large or foreign is an atom. It never changes the
written form of an expression unless the result is smaller.
"""

from astragal.logic.algebra.conditions import decide
from astragal.logic.algebra.forms import cost, same_value, simplify
from astragal.logic.algebra.numbers import HALF, nearly_equal, number_of
from astragal.logic.algebra.signs import nonnegative, nonpositive, positive

__all__ = [
    "HALF",
    "cost",
    "decide",
    "nearly_equal",
    "nonnegative",
    "nonpositive",
    "number_of",
    "positive",
    "same_value",
    "simplify",
]
