"""Arithmetic of generated code: of floats, of integers of one word, and special functions.

Quotients are as NumPy has them; what LLVM or the C library has is called there.

Everything here is compiled into its callers.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, misc"
from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from astragal.compile.numba.runtime import helper, inlined, intrinsic, scalar

# -- floating point --------------------------------------------------------------------


def _llvm(name: str, arity: int) -> Any:
    """Wrap an intrinsic function of LLVM on floats."""

    def codegen(context, builder, sig, args):
        t = args[0].type
        fn = builder.module.declare_intrinsic(f"llvm.{name}", [t], ir.FunctionType(t, [t] * arity))
        return builder.call(fn, args)

    if arity == 1:

        def unary(typingctx, x):
            return x(x), codegen

        return intrinsic(unary)

    def binary(typingctx, x, y):
        return x(x, x), codegen

    return intrinsic(binary)


floor = _llvm("floor", 1)
ceil = _llvm("ceil", 1)
rint = _llvm("rint", 1)
trunc = _llvm("trunc", 1)
fabs = _llvm("fabs", 1)
sqrt = _llvm("sqrt", 1)
exp = _llvm("exp", 1)
log = _llvm("log", 1)
log2 = _llvm("log2", 1)
log10 = _llvm("log10", 1)
sin = _llvm("sin", 1)
cos = _llvm("cos", 1)
power = _llvm("pow", 2)
copysign = _llvm("copysign", 2)


@intrinsic
def free_add(typingctx, x, y):
    """Sum of floats which LLVM may re-associate, so that sums over loops become SIMD."""

    def codegen(context, builder, sig, args):
        return builder.fadd(args[0], args[1], flags=("reassoc",))

    return x(x, x), codegen


@intrinsic
def free_mul(typingctx, x, y):
    """Product of floats which LLVM may re-associate."""

    def codegen(context, builder, sig, args):
        return builder.fmul(args[0], args[1], flags=("reassoc",))

    return x(x, x), codegen


def _extreme(order: str) -> Any:
    def codegen(context, builder, sig, args):
        # A NaN wins, the first of two: `x op y or x is NaN`, as in NumPy.
        x, y = args
        first = builder.or_(builder.fcmp_ordered(order, x, y), builder.fcmp_unordered("uno", x, x))
        return builder.select(first, x, y)

    def extreme(typingctx, x, y):
        return x(x, x), codegen

    return intrinsic(extreme)


fmax = _extreme(">=")
fmin = _extreme("<=")


def _bitcast(dtype: str) -> Any:
    target = scalar(dtype)

    def codegen(context, builder, sig, args):
        return builder.bitcast(args[0], context.get_value_type(target))

    def bitcast(typingctx, x):
        return target(x), codegen

    return intrinsic(bitcast)


bits_int32, bits_int64 = _bitcast("int32"), _bitcast("int64")
bits_uint32, bits_uint64 = _bitcast("uint32"), _bitcast("uint64")
bits_float32, bits_float64 = _bitcast("float32"), _bitcast("float64")
bits_int8, bits_uint8 = _bitcast("int8"), _bitcast("uint8")
bits_int16, bits_uint16 = _bitcast("int16"), _bitcast("uint16")

# -- integers ----------------------------------------------------------------------------
# Constants come as words of the operands' type: beside Numba's own, which are signed, an unsigned
# word of 64 bits would become a float.


@inlined
def integer_power(x, n, one):
    """Power of integers, modulo the word; 0 for a negative exponent where the base is not 1."""
    if n < 0:
        return one if x == one else one - one
    result = one
    while n > 0:
        if n & 1:
            result *= x
        x *= x
        n >>= 1
    return result


def _word(name: str) -> Any:
    """Wrap integer arithmetic within one data type, which Numba's own widens."""

    def codegen(context, builder, sig, args):
        operation = name
        if name == "shift_right":
            operation = "ashr" if sig.return_type.signed else "lshr"
        return getattr(builder, _WORD_OPS.get(operation, operation))(*args)

    def word(typingctx, x, y):
        return (x(x, x), codegen) if isinstance(x, types.Integer) and x == y else None

    return intrinsic(word)


_WORD_OPS = {"and": "and_", "or": "or_", "shift_left": "shl"}
word_add, word_sub, word_mul = _word("add"), _word("sub"), _word("mul")
word_and, word_or, word_xor = _word("and"), _word("or"), _word("xor")
word_shift_left, word_shift_right = _word("shift_left"), _word("shift_right")


@inlined
def shift_left(x, n, zero):
    """Shift that is 0 where all bits leave."""
    return x << n if 0 <= n < 64 else zero


@inlined
def shift_right(x, n, zero):
    """Shift that is the sign where all bits leave."""
    if 0 <= n < 64:
        return x >> n
    return ~zero if x < 0 else zero


# -- quotients, sums of exponentials -------------------------------------------------------


@intrinsic
def fmod(typingctx, x, y):
    """Remainder of floats with the sign of the dividend."""

    def codegen(context, builder, sig, args):
        return builder.frem(args[0], args[1])

    return x(x, x), codegen


@inlined
def floor_divide(x, y):
    """Floor of a quotient of floats, as NumPy computes it."""
    if y == 0:
        return x / y
    r = fmod(x, y)
    q = (x - r) / y
    if r != 0 and (y < 0) != (r < 0):
        q -= 1
    if q == 0:
        return copysign(q, x / y)
    f = floor(q)
    return f + 1 if q - f > 0.5 else f


@inlined
def remainder(x, y):
    """Remainder of floats with the sign of the divisor."""
    r = fmod(x, y)
    if r == 0:
        return copysign(r, y)
    return r + y if (y < 0) != (r < 0) else r


@inlined
def logaddexp(x, y):
    """Logarithm of a sum of exponentials, without overflow."""
    if x == y:
        return x + math.log(x * 0 + 2) if x - x == 0 else x
    high, low = (x, y) if x > y else (y, x)
    if high != high or low != low:
        return x + y
    return high + math.log1p(exp(low - high))


@helper
def nextafter(x, y):
    """Next number after x on the way to y."""
    return np.nextafter(x, y)


# -- special functions -------------------------------------------------------------------


@inlined
def erf(x):
    """Error function."""
    return math.erf(x)


@inlined
def erfc(x):
    """One minus the error function."""
    return math.erfc(x)


@inlined
def expit(x):
    """Logistic function."""
    return 1.0 / (1.0 + exp(-x))


@inlined
def logit(x):
    """Logarithm of the odds."""
    if 0.3 <= x <= 0.65:
        # The odds are near 1: take the small difference, not the logarithm of a rounded ratio.
        s = 2.0 * (x - 0.5)
        return math.log1p(s) - math.log1p(-s)
    return log(x / (1.0 - x))


@inlined
def xlogy(x, y):
    """``x log y``, which is 0 where x is 0 and y is a number."""
    return 0.0 if x == 0.0 and y == y else x * log(y)


@inlined
def xlog1py(x, y):
    """``x log(1 + y)``, which is 0 where x is 0 and y is a number."""
    return 0.0 if x == 0.0 and y == y else x * math.log1p(y)


@inlined
def log1mexp(x):
    """``log(1 - exp(x))`` for negative x, without cancellation."""
    return log(-math.expm1(x)) if x > -0.6931471805599453 else math.log1p(-exp(x))


@inlined
def gammaln(x):
    """Logarithm of the absolute gamma function."""
    return math.lgamma(x)
