"""Sums of products of powers, with exact coefficients, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.types import FLOATS, TensorType
from astragal.logic.algebra.numbers import HALF, ONE, Large, exact_scalar, nearest_scalar, number_of
from astragal.ops import elementwise as e

Monomial = tuple[tuple[Expr, Fraction], ...]  # atoms in order of first appearance, no zero powers
MOST_TERMS = 24


class Poly:
    """A sum of monomials: from monomial (as a set, order does not count) to coefficient."""

    __slots__ = ("terms",)

    def __init__(self) -> None:
        self.terms: dict[frozenset[tuple[Expr, Fraction]], tuple[Monomial, Fraction]] = {}

    def put(self, m: Monomial, c: Fraction) -> None:
        """Add a term."""
        if not c:
            return
        key = frozenset(m)
        old = self.terms.get(key)
        total = c if old is None else old[1] + c
        if total:
            self.terms[key] = (m if old is None else old[0], total)
            if len(self.terms) > MOST_TERMS:
                raise Large
        else:
            del self.terms[key]

    def items(self) -> Iterable[tuple[Monomial, Fraction]]:
        """List the terms in order of first appearance."""
        return self.terms.values()

    def constant(self) -> Fraction | None:
        """Give the number that it is, if it is one."""
        if not self.terms:
            return Fraction(0)
        if len(self.terms) == 1:
            [(m, c)] = self.terms.values()
            if not m:
                return c
        return None

    def single(self) -> tuple[Monomial, Fraction] | None:
        """Give its only term."""
        if len(self.terms) == 1:
            [term] = self.terms.values()
            return term
        return None


def number(c: Fraction) -> Poly:
    """Give a number as a sum of one term."""
    p = Poly()
    p.put((), c)
    return p


def atom(x: Expr, power: Fraction = ONE) -> Poly:
    """Give a power of what is not taken apart."""
    p = Poly()
    p.put(((x, power),), ONE)
    return p


def added(a: Poly, b: Poly, sign: int = 1) -> Poly:
    """Give the sum, or the difference where the sign is -1."""
    out = Poly()
    for m, c in a.items():
        out.put(m, c)
    for m, c in b.items():
        out.put(m, sign * c)
    return out


def build(p: Poly, like: Expr, exact: bool = True) -> Expr:
    """Write a normal form as an expression of the data type of another.

    Parameters
    ----------
    exact
        Whether a number that the data type cannot hold is written as a quotient; otherwise
        it is rounded.
    """
    t = like.type
    assert isinstance(t, TensorType)
    number = p.constant()
    if number is not None and (kept := exact_scalar(number, t.dtype)) is not None:
        return kept
    positive: list[Expr] = []
    negative_: list[Expr] = []
    for m, c in p.items():
        x = _build_term(m, abs(c), t.dtype, exact)
        (negative_ if c < 0 else positive).append(x)
    if not positive and not negative_:
        return scalar(0.0 if t.dtype in FLOATS else 0, t.dtype)
    if positive:
        total = positive[0]
        for x in positive[1:]:
            total = e.add(total, x)
    else:
        total = e.negative(negative_.pop(0))
    for x in negative_:
        total = e.subtract(total, x)
    return total


def _build_number(c: Fraction, dtype: str, exact: bool) -> Expr:
    kept = exact_scalar(c, dtype)
    if kept is None and dtype in FLOATS:
        if exact:
            top = exact_scalar(Fraction(c.numerator), dtype)
            bottom = exact_scalar(Fraction(c.denominator), dtype)
            if top is None or bottom is None:
                raise Large
            return e.divide(top, bottom)
        kept = nearest_scalar(c, dtype)
    if kept is None:
        raise Large
    return kept


def _build_term(m: Monomial, c: Fraction, dtype: str, exact: bool) -> Expr:
    top: Expr | None = None
    bottom: Expr | None = None
    for x, p in m:
        n = number_of(x)
        if n and p == HALF and c.denominator % n.numerator == 0:
            c *= n  # sqrt(2) / 2 is written 1 / sqrt(2)
            p = -HALF  # noqa: PLW2901
        f = _build_power(x, abs(p))
        if p > 0:
            top = f if top is None else e.multiply(top, f)
        else:
            bottom = f if bottom is None else e.multiply(bottom, f)
    if top is None:
        top = _build_number(c, dtype, exact)
    elif c != 1:
        top = e.multiply(_build_number(c, dtype, exact), top)
    return top if bottom is None else e.divide(top, bottom)


def _build_power(x: Expr, p: Fraction) -> Expr:
    if p == 1:
        return x
    if p == HALF:
        return e.sqrt(x)
    dtype = x.type.dtype  # type: ignore[union-attr]
    return e.pow(x, scalar(float(p) if dtype in FLOATS else int(p), dtype))
