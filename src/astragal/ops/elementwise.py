"""Elementwise operations of the array API: one row an operation.

Their gradients are in `astragal.ops.gradient`, their lowerings in
`astragal.compile`; a backend whose library has a function of the same name needs
no line of its own.
"""

from __future__ import annotations

from astragal.graph.expr import Op
from astragal.graph.types import FLOATS, NUMERIC
from astragal.ops.declare import ALL, INTEGER_OR_BOOL, elementwise

# fmt: off
# Arithmetic
add          = elementwise("add", 2)
subtract     = elementwise("subtract", 2)
multiply     = elementwise("multiply", 2)
divide       = elementwise("divide", 2, to_float=True)
floor_divide = elementwise("floor_divide", 2)
remainder    = elementwise("remainder", 2)
pow          = elementwise("pow", 2)
negative     = elementwise("negative", 1)
positive     = elementwise("positive", 1)
abs          = elementwise("abs", 1)
sign         = elementwise("sign", 1)
square       = elementwise("square", 1)
reciprocal   = elementwise("reciprocal", 1, to_float=True)
maximum      = elementwise("maximum", 2)
minimum      = elementwise("minimum", 2)
# Powers, exponentials and logarithms
sqrt         = elementwise("sqrt", 1, to_float=True, accepts=FLOATS)
exp          = elementwise("exp", 1, to_float=True, accepts=FLOATS)
expm1        = elementwise("expm1", 1, to_float=True, accepts=FLOATS)
log          = elementwise("log", 1, to_float=True, accepts=FLOATS)
log1p        = elementwise("log1p", 1, to_float=True, accepts=FLOATS)
log2         = elementwise("log2", 1, to_float=True, accepts=FLOATS)
log10        = elementwise("log10", 1, to_float=True, accepts=FLOATS)
logaddexp    = elementwise("logaddexp", 2, to_float=True, accepts=FLOATS)
hypot        = elementwise("hypot", 2, to_float=True, accepts=FLOATS)
copysign     = elementwise("copysign", 2, to_float=True, accepts=FLOATS)
nextafter    = elementwise("nextafter", 2, to_float=True, accepts=FLOATS)
# Trigonometric and hyperbolic
sin          = elementwise("sin", 1, to_float=True, accepts=FLOATS)
cos          = elementwise("cos", 1, to_float=True, accepts=FLOATS)
tan          = elementwise("tan", 1, to_float=True, accepts=FLOATS)
asin         = elementwise("asin", 1, to_float=True, accepts=FLOATS)
acos         = elementwise("acos", 1, to_float=True, accepts=FLOATS)
atan         = elementwise("atan", 1, to_float=True, accepts=FLOATS)
atan2        = elementwise("atan2", 2, to_float=True, accepts=FLOATS)
sinh         = elementwise("sinh", 1, to_float=True, accepts=FLOATS)
cosh         = elementwise("cosh", 1, to_float=True, accepts=FLOATS)
tanh         = elementwise("tanh", 1, to_float=True, accepts=FLOATS)
asinh        = elementwise("asinh", 1, to_float=True, accepts=FLOATS)
acosh        = elementwise("acosh", 1, to_float=True, accepts=FLOATS)
atanh        = elementwise("atanh", 1, to_float=True, accepts=FLOATS)
# Rounding
floor        = elementwise("floor", 1)
ceil         = elementwise("ceil", 1)
round        = elementwise("round", 1)
trunc        = elementwise("trunc", 1)
# Comparison
equal         = elementwise("equal", 2, accepts=ALL, result="bool")
not_equal     = elementwise("not_equal", 2, accepts=ALL, result="bool")
less          = elementwise("less", 2, result="bool")
less_equal    = elementwise("less_equal", 2, result="bool")
greater       = elementwise("greater", 2, result="bool")
greater_equal = elementwise("greater_equal", 2, result="bool")
isfinite      = elementwise("isfinite", 1, accepts=NUMERIC, result="bool")
isinf         = elementwise("isinf", 1, accepts=NUMERIC, result="bool")
isnan         = elementwise("isnan", 1, accepts=NUMERIC, result="bool")
signbit       = elementwise("signbit", 1, accepts=FLOATS, result="bool")
# Logic
logical_and  = elementwise("logical_and", 2, accepts=frozenset({"bool"}))
logical_or   = elementwise("logical_or", 2, accepts=frozenset({"bool"}))
logical_xor  = elementwise("logical_xor", 2, accepts=frozenset({"bool"}))
logical_not  = elementwise("logical_not", 1, accepts=frozenset({"bool"}))
# Bits
bitwise_and         = elementwise("bitwise_and", 2, accepts=INTEGER_OR_BOOL)
bitwise_or          = elementwise("bitwise_or", 2, accepts=INTEGER_OR_BOOL)
bitwise_xor         = elementwise("bitwise_xor", 2, accepts=INTEGER_OR_BOOL)
bitwise_invert      = elementwise("bitwise_invert", 1, accepts=INTEGER_OR_BOOL)
bitwise_left_shift  = elementwise("bitwise_left_shift", 2, accepts=INTEGER_OR_BOOL - {"bool"})
bitwise_right_shift = elementwise("bitwise_right_shift", 2, accepts=INTEGER_OR_BOOL - {"bool"})
# fmt: on

OPS: tuple[Op, ...] = tuple(v for v in globals().values() if isinstance(v, Op))
