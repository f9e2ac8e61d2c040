"""Exponentials and logarithms that LLVM writes in place, so that loops over them become SIMD.

A call of the C library takes one number at a time, however wide the registers are. These are
straight lines of arithmetic, selections and bit casts: within 2.5 units in the last place, with
the values of IEEE 754 at infinities, zeros and NaN. They stand in loops over float64 arrays;
single numbers still go to the library, and draws use `astragal.random.exact`, whose bits are
those of every backend.
"""

# mypy: disable-error-code="no-untyped-call, untyped-decorator"
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_DOUBLE, _LONG = ir.DoubleType(), ir.IntType(64)
_ROUND = 1.5 * 2.0**52  # added to a number, it leaves the nearest integer in the low bits
_ROUND_BITS = 0x4338 << 48
_BIAS = 1023 << 52
_LOWEST_MANTISSA = 0x3FE6A09E667F3BCD  # of sqrt(1/2)
_TINY = 2.0**-1022
# The first has 32 bits: integers times it are exact.
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


class Lane:
    """A number of a function that is being written: arithmetic on it writes instructions."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def _given(self, x: Lane | float) -> Any:
        return x.value if isinstance(x, Lane) else ir.Constant(_DOUBLE, x)

    def _new(self, value: Any) -> Lane:
        return Lane(self.builder, value)

    def __add__(self, other: Lane | float) -> Lane:
        return self._new(self.builder.fadd(self.value, self._given(other)))

    def __sub__(self, other: Lane | float) -> Lane:
        return self._new(self.builder.fsub(self.value, self._given(other)))

    def __rsub__(self, other: float) -> Lane:
        return self._new(self.builder.fsub(self._given(other), self.value))

    def __mul__(self, other: Lane | float) -> Lane:
        return self._new(self.builder.fmul(self.value, self._given(other)))

    def __truediv__(self, other: Lane) -> Lane:
        return self._new(self.builder.fdiv(self.value, other.value))

    def __rtruediv__(self, other: float) -> Lane:
        return self._new(self.builder.fdiv(self._given(other), self.value))

    def __neg__(self) -> Lane:
        return self._new(self.builder.fneg(self.value))

    def fused(self, factor: Lane | float, term: Lane | float) -> Lane:
        """Give ``self * factor + term``, rounded once where the processor can."""
        return self._called("fmuladd", self._given(factor), self._given(term))

    def _called(self, name: str, *args: Any) -> Lane:
        wanted = ir.FunctionType(_DOUBLE, [_DOUBLE] * (1 + len(args)))
        function = self.builder.module.declare_intrinsic(f"llvm.{name}", [_DOUBLE], wanted)
        return self._new(self.builder.call(function, [self.value, *args]))

    def __abs__(self) -> Lane:
        return self._called("fabs")

    def signed(self, other: Lane) -> Lane:
        """Give this with the sign of another."""
        return self._called("copysign", other.value)

    def where(self, order: str, bound: Lane | float, value: Lane | float) -> Lane:
        """Give another value where a comparison with a bound holds; it never does for NaN."""
        return self.chosen(order, bound, value, self)

    def chosen(
        self, order: str, bound: Lane | float, value: Lane | float, other: Lane | float
    ) -> Lane:
        """Give one of two values by a comparison of this with a bound."""
        test = self.builder.fcmp_ordered(order, self.value, self._given(bound))
        return self._new(self.builder.select(test, self._given(value), self._given(other)))

    def bits(self) -> Any:
        """Give the bits as an integer."""
        return self.builder.bitcast(self.value, _LONG)

    def of_bits(self, bits: Any) -> Lane:
        """Give the number of some bits."""
        return self._new(self.builder.bitcast(bits, _DOUBLE))


def _long(x: int) -> Any:
    return ir.Constant(_LONG, x)


def _polynomial(x: Lane, coefficients: Sequence[float]) -> Lane:
    """Evaluate by pairs (Estrin), the constant first: few steps wait for one another."""
    terms: list[Lane | float] = list(coefficients)
    power = x
    while len(terms) > 1:
        pairs: list[Lane | float] = [
            power.fused(high, low) for low, high in zip(terms[::2], terms[1::2], strict=False)
        ]
        terms = pairs + terms[2 * len(pairs) :]
        if len(terms) > 1:
            power = power * power
    (total,) = terms
    assert isinstance(total, Lane)
    return total


# (exp(r) - 1 - r) / r^2 by its series: half of log 2 to the 14th over 14! is below a rounding.
_EXP = tuple(1.0 / math.factorial(n) for n in range(2, 14))
# (log(1 + f) - ...) likewise, in z = s^2 with s = f / (2 + f), at most 0.172.
_LOG = tuple(2.0 / (2 * n + 1) for n in range(1, 11))


def _reduced(x: Lane) -> tuple[Lane, Lane, Lane]:
    """Give k + _ROUND, k and exp(r) - 1, where x = k log 2 + r."""
    shifted = x * (1.0 / math.log(2.0)) + _ROUND
    k = shifted - _ROUND
    r = k.fused(-_LN2_LOW, k.fused(-_LN2_HIGH, x))
    return shifted, k, (r * r).fused(_polynomial(r, _EXP), r)


def _power_of_two(shifted: Lane) -> Lane:
    """Give 2^k of k + _ROUND, for k from -1022 to 1023."""
    b = shifted.builder
    return shifted.of_bits(b.add(b.shl(shifted.bits(), _long(52)), _long(_BIAS)))


def _halves(shifted: Lane, k: Lane) -> tuple[Lane, Lane]:
    """Give 2^k as two factors, both of them normal numbers."""
    first = k * 0.5 + _ROUND
    return _power_of_two(first), _power_of_two(shifted - (first - _ROUND))


def exp(x: Lane) -> Lane:
    """Exponential."""
    y = x.where("<", -750.0, -750.0).where(">", 710.0, 710.0)
    shifted, k, rest = _reduced(y)
    first, second = _halves(shifted, k)
    return (rest + 1.0) * first * second


def expm1(x: Lane) -> Lane:
    """Exponential minus one."""
    y = x.where("<", -50.0, -50.0).where(">", 710.0, 710.0)
    shifted, k, rest = _reduced(y)
    first, second = _halves(shifted, k)
    # 2^-k is a factor that the sum can take: 1 - 2^-k is exact, or 1 to rounding.
    back = _power_of_two((-k).where("<", -1022.0, -1022.0) + _ROUND)
    out = (rest + (1.0 - back)) * first * second
    # A zero keeps its sign.
    return abs(x).chosen("<", 1e-300, x, out)


def _log_of(u: Lane, lost: Lane | None) -> Lane:
    """Logarithm of a positive normal number, to which a lost part may belong."""
    b = u.builder
    bits = u.bits()
    # u = 2^k m with m between sqrt(1/2) and sqrt(2).
    over = b.lshr(b.add(bits, _long(_BIAS - _LOWEST_MANTISSA)), _long(52))
    k = u.of_bits(b.add(over, _long(_ROUND_BITS))) - (_ROUND + 1023.0)
    whole = b.sub(over, _long(1023))
    f = u.of_bits(b.sub(bits, b.shl(whole, _long(52)))) - 1.0
    if lost is not None:
        back = u.of_bits(b.sub(_long(_BIAS), b.shl(whole, _long(52))))
        f = lost.fused(back, f)
    s = f / (f + 2.0)
    z = s * s
    half = f * f * 0.5
    rest = z * _polynomial(z, _LOG)
    return k.fused(_LN2_HIGH, f - (half - s.fused(half + rest, k * _LN2_LOW)))


def log(x: Lane) -> Lane:
    """Natural logarithm."""
    big = x.where("<", _TINY, x * 2.0**54)
    value = _log_of(big, None)
    value = x.chosen("<", _TINY, value - 54.0 * math.log(2.0), value)
    value = x.chosen("==", math.inf, x, value)
    value = x.chosen(">", 0.0, value, math.nan)
    return abs(x).chosen("<=", 0.0, -math.inf, value)


def log1p(x: Lane) -> Lane:
    """Logarithm of one plus a number."""
    u = x + 1.0
    # What the sum lost: the smaller of both is taken off last.
    lost = x.chosen("<", 1.0, x - (u - 1.0), 1.0 - (u - x))
    value = _log_of(u, lost)
    value = x.chosen("==", math.inf, x, value)
    value = x.chosen(">", -1.0, value, math.nan)
    value = x.chosen("==", -1.0, -math.inf, value)
    return abs(x).chosen("<", 2.0**-54, x, value)


def logaddexp(x: Lane, y: Lane) -> Lane:
    """Logarithm of a sum of exponentials, without overflow."""
    return x.chosen(">", y, x, y) + _log_of_sum(x.chosen("==", y, 1.0, exp(-abs(x - y))))


def _log_of_sum(t: Lane) -> Lane:
    """Logarithm of 1 + t, for t from 0 to 1 or NaN."""
    u = t + 1.0
    return _log_of(u, t - (u - 1.0))


def expit(x: Lane) -> Lane:
    """Logistic function."""
    # The same exponential as in `logaddexp`, which stands beside it where there are gradients.
    small = exp(-abs(x))
    return x.chosen("<", 0.0, small, 1.0) / (small + 1.0)


def tanh(x: Lane) -> Lane:
    """Hyperbolic tangent."""
    m = expm1(abs(x) * -2.0)
    return (-m / (m + 2.0)).signed(x)


def log1mexp(x: Lane) -> Lane:
    """Logarithm of ``1 - exp(x)`` for negative x, without cancellation."""
    return x.chosen(">", -math.log(2.0), log(-expm1(x)), log1p(-exp(x)))


def xlogy(x: Lane, y: Lane) -> Lane:
    """``x log y``, which is 0 where x is 0 and y is a number."""
    return _unless_zero(x, y, log(y))


def xlog1py(x: Lane, y: Lane) -> Lane:
    """``x log(1 + y)``, likewise."""
    return _unless_zero(x, y, log1p(y))


def _unless_zero(x: Lane, y: Lane, logarithm: Lane) -> Lane:
    return x.chosen("==", 0.0, y.chosen("==", y, 0.0, y), x * logarithm)


def _in_place(name: str, formula: Callable[..., Lane], arity: int) -> Any:
    """Make a function of float64 that is written wherever it is called."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        module = builder.module
        symbol = f"astragal_lane_{name}"
        function = module.globals.get(symbol)
        if function is None:
            kind = ir.FunctionType(_DOUBLE, [_DOUBLE] * arity)
            function = ir.Function(module, kind, symbol)
            function.linkage = "internal"
            for attribute in ("alwaysinline", "nounwind", "readnone"):
                function.attributes.add(attribute)
            inner = ir.IRBuilder(function.append_basic_block())
            inner.ret(formula(*(Lane(inner, a) for a in function.args)).value)
        return builder.call(function, args)

    def unary(typingctx: Any, x: Any) -> Any:
        return types.float64(types.float64), codegen

    def binary(typingctx: Any, x: Any, y: Any) -> Any:
        return types.float64(types.float64, types.float64), codegen

    return intrinsic(unary if arity == 1 else binary)


LANES: Mapping[str, Any] = {
    f"lane_{f.__name__}": _in_place(f.__name__, f, f.__code__.co_argcount)
    for f in (exp, expm1, log, log1p, logaddexp, log1mexp, expit, tanh, xlogy, xlog1py)
}
"""The functions for generated code, by the names that they have there."""

globals().update(LANES)
