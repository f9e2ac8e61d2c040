"""Exact numbers: fractions, powers and roots of them, and the constants that hold them."""

from __future__ import annotations

import math
from fractions import Fraction

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.types import INTEGERS

ONE = Fraction(1)
HALF = Fraction(1, 2)


class Large(Exception):
    """The expression is larger than the bound, or holds a number that cannot be written."""


def number_of(x: Expr) -> Fraction | None:
    """Give the exact value of a finite numeric scalar constant."""
    if not is_constant(x):
        return None
    value = value_of(x)
    if value.shape or value.dtype.kind not in "fiu":
        return None
    number = value.item()
    return Fraction(number) if math.isfinite(number) else None


def exact_power(c: Fraction, k: Fraction) -> Fraction | None:
    """Give ``c**k`` where it is a fraction."""
    if k.denominator == 1:
        if c == 0 and k < 0:
            return None
        return c**k.numerator if abs(k.numerator) <= 12 else None
    if c < 0:
        return None
    if k.denominator == 2:
        a, b = math.isqrt(c.numerator), math.isqrt(c.denominator)
        if a * a == c.numerator and b * b == c.denominator:
            return None if a == 0 and k < 0 else Fraction(a, b) ** k.numerator
    return Fraction(1) if c == 1 else None


def exact_scalar(c: Fraction, dtype: str) -> Expr | None:
    """Give a constant, where the data type holds the number exactly."""
    if dtype in INTEGERS:
        return scalar(int(c), dtype) if c.denominator == 1 else None
    try:
        number = float(c)
    except OverflowError:
        return None
    x = scalar(number, dtype)
    return x if number_of(x) == c else None


def nearest_scalar(c: Fraction, dtype: str) -> Expr | None:
    """Give the constant nearest to a number."""
    try:
        return scalar(float(c), dtype)
    except OverflowError:
        return None


def nearly_equal(a: Expr, b: Expr) -> bool:
    """Tell whether two constants are equal up to the rounding of a few operations."""
    x, y = number_of(a), number_of(b)
    if x is None or y is None:
        return False
    return abs(x - y) <= Fraction(8, 2**53) * max(abs(x), abs(y))


def is_constant_power(powers: dict[Expr, Fraction]) -> bool:
    """Whether some atom is a number, as in the root of 2."""
    return any(x.op.name == "constant" for x in powers)


def fold_roots(powers: dict[Expr, Fraction], c: Fraction) -> tuple[dict[Expr, Fraction], Fraction]:
    """Bring powers of numbers to one form: a fraction times the root of one whole number."""
    out = {x: p for x, p in powers.items() if number_of(x) is None}
    inside = ONE
    for x, p in powers.items():
        value = number_of(x)
        if value is None:
            continue
        if (got := exact_power(value, p)) is not None:
            c *= got
        elif p.denominator == 2 and value > 0:
            c *= value ** ((p.numerator - 1) // 2)
            inside *= value
        else:
            out[x] = p
    outside, n = _root(inside)
    c *= outside
    if n != 1:
        kept = exact_scalar(Fraction(n), "float64")
        if kept is None:
            raise Large
        out[kept] = HALF
    return out, c


def _root(value: Fraction) -> tuple[Fraction, int]:
    """Write the root of a positive fraction as a fraction times the root of a whole number."""
    n = value.numerator * value.denominator
    outside = 1
    for d in _SMALL:
        while n % (d * d) == 0:
            n //= d * d
            outside *= d
    whole = math.isqrt(n)
    if whole * whole == n:
        n, outside = 1, outside * whole
    return Fraction(outside, value.denominator), n


_SMALL = (2, 3, 5, 7, 11, 13, 17, 19, 23)
