"""Expressions in normal form, as sums of products of powers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant
from astragal.graph.types import FLOATS, INTEGERS, TensorType
from astragal.logic.algebra.numbers import (
    HALF,
    ONE,
    Large,
    exact_power,
    exact_scalar,
    fold_roots,
    is_constant_power,
    number_of,
)
from astragal.logic.algebra.poly import Monomial, Poly, added, atom, build, number
from astragal.logic.algebra.signs import nonnegative
from astragal.ops import elementwise as e
from astragal.ops.declare import ASTYPE

MOST_NODES = 120


class Normalizer:
    """Turns expressions into normal form.

    Parameters
    ----------
    nonnegative
        Atoms that are known not to be negative, beside those of which it can be seen.
    fold
        Whether roots of squares may be taken as the number itself: true where the
        context demands a positive value, so that a negative one is an error anyway.
    """

    def __init__(self, nonnegative: Iterable[Expr] = (), fold: bool = False) -> None:
        self.known = frozenset(nonnegative)
        self.fold = fold
        self.memo: dict[Expr, Poly] = {}
        self.sums: dict[frozenset[tuple[frozenset[tuple[Expr, Fraction]], Fraction]], Expr] = {}
        self.nodes = 0

    def written(self, p: Poly, x: Expr) -> Expr | None:
        """Find a part of an expression that has a normal form."""
        wanted = {k: c for k, (_, c) in p.terms.items()}
        for part, q in self.memo.items():
            if part is x or len(q.terms) != len(wanted) or is_constant(part):
                continue
            if {k: c for k, (_, c) in q.terms.items()} == wanted:
                return part
        return None

    def whole(self, p: Poly, like: Expr) -> Expr:
        """Write a sum that is an atom in something else: once, in whatever order it comes."""
        key = frozenset((k, c) for k, (_, c) in p.terms.items())
        found = self.sums.get(key)
        if found is None:
            found = self.sums[key] = build(p, like)
        return found

    def poly(self, x: Expr, depth: int = 0) -> Poly:
        """Give the normal form.

        Raises
        ------
        Large
            Where it is larger than the bound.
        """
        found = self.memo.get(x)
        if found is None:
            self.nodes += 1
            if self.nodes > MOST_NODES:
                raise Large
            found = self._poly(x, depth) if depth < 60 else atom(x)
            self.memo[x] = found
        return found

    def _poly(self, x: Expr, depth: int) -> Poly:
        name = x.op.name
        t = x.type
        if not isinstance(t, TensorType) or t.dtype == "bool":
            return atom(x)
        if name == "constant":
            value = number_of(x)
            return atom(x) if value is None else number(value)
        if name not in NUMERIC:
            return atom(x)
        if name in {"divide", "sqrt", "reciprocal"} and t.dtype not in FLOATS:
            return atom(x)
        go = [self.poly(a, depth + 1) for a in x.args if isinstance(a, Expr)]
        made = _RATIONAL.get(name)
        if made is not None:
            return made(self, x, *go)
        if name == "pow":
            return self._pow(x, *go)
        if name == "astype":
            return _as_float(x, go[0])
        if name == "abs":
            s = go[0].single()
            if s is not None and all(self._nonnegative(a) for a, _ in s[0]):
                return added(Poly(), go[0], -1) if s[1] < 0 else go[0]
            return atom(x)
        inverse = {"exp": e.log, "log": e.exp}[name]
        inner: Expr = x.args[0]
        return self.poly(inner.args[0], depth + 1) if inner.op is inverse else atom(x)

    def _pow(self, x: Expr, base: Poly, exponent: Poly) -> Poly:
        c = exponent.constant()
        if c is None or c.denominator > 12 or abs(c.numerator) > 12:
            return atom(x)
        if x.dtype in INTEGERS and (c < 0 or c.denominator != 1):
            return atom(x)
        return self.power(base, c, x.args[0])

    def product(self, a: Poly, b: Poly) -> Poly:
        """Multiply out."""
        out = Poly()
        for m, c in a.items():
            for n, d in b.items():
                for mono, k in self._join(m, n, c * d).items():
                    out.put(mono, k)
        return out

    def _join(self, m: Monomial, n: Monomial, c: Fraction) -> Poly:
        powers = dict(m)
        opened: list[Expr] = []
        for x, p in n:
            total = powers.get(x, Fraction(0)) + p
            if not total:
                del powers[x]
            elif total == 1 and x in powers and x.op.name in NUMERIC:
                # A root of a sum, squared: the sum is taken apart again.
                del powers[x]
                opened.append(x)
            else:
                powers[x] = total
        if is_constant_power(powers):
            powers, c = fold_roots(powers, c)
        out = Poly()
        out.put(tuple(powers.items()), c)
        for x in opened:
            out = self.product(out, self.poly(x))
        return out

    def power(self, p: Poly, k: Fraction, written: Expr) -> Poly:
        """Raise to a constant power; a sum that cannot be multiplied out is an atom."""
        if k == 1:
            return p
        single = p.single()
        if single is not None:
            m, c = single
            root = exact_power(c, k)
            powers: dict[Expr, Fraction] = {}
            if root is None and c > 0 and m and (kept := exact_scalar(c, "float64")) is not None:
                # The number itself is the atom, as in the root of 2.
                powers[kept] = k
                root = ONE
            if root is not None:
                for x, q in m:
                    total = q * k
                    even = q.denominator == 1 and q.numerator % 2 == 0
                    lost = even and not (total.denominator == 1 and total.numerator % 2 == 0)
                    # The root of a square is an absolute value.
                    given = self.fold and c > 0 and len(m) == 1
                    if lost and k.denominator != 1 and not given and not self._nonnegative(x):
                        x = e.abs(x)  # noqa: PLW2901
                    powers[x] = powers.get(x, Fraction(0)) + total
                if is_constant_power(powers):
                    powers, root = fold_roots(powers, root)
                out = Poly()
                out.put(tuple(powers.items()), root)
                if len(powers) == 1:
                    [(x, total)] = powers.items()
                    if total == 1 and x.op.name in NUMERIC:
                        return self.poly(x)
                return out
        if (c0 := p.constant()) is not None:
            # A number whose power is no fraction: the number is the atom.
            kept = exact_scalar(c0, "float64")
            return atom(written if kept is None else kept, k)
        if k.denominator == 1 and 1 < k.numerator <= 4:
            out = p
            for _ in range(k.numerator - 1):
                out = self.product(out, p)
            return out
        return atom(self.whole(p, written), k)

    def certain(self, x: Expr, power: Fraction) -> bool:
        """Tell whether a power of an atom is seen not to be negative."""
        even = power.denominator == 1 and power.numerator % 2 == 0
        return even or power.denominator != 1 or self._nonnegative(x)

    def _nonnegative(self, x: Expr) -> bool:
        return x in self.known or nonnegative(x)


def _as_float(x: Expr, p: Poly) -> Poly:
    """Convert a whole number term by term, where it is made of sums and products."""
    t = x.type
    inner = x.args[0].type
    if not (isinstance(t, TensorType) and t.dtype in FLOATS and inner.dtype in INTEGERS):
        return atom(x)
    out = Poly()
    for m, c in p.items():
        if any(k.denominator != 1 or k < 0 for _, k in m) or c.denominator != 1:
            return atom(x)
        out.put(tuple((ASTYPE(a, t.dtype), k) for a, k in m), c)
    return out


_RATIONAL: dict[str, Callable[..., Poly]] = {
    "add": lambda n, x, a, b: added(a, b),
    "subtract": lambda n, x, a, b: added(a, b, -1),
    "negative": lambda n, x, a: added(Poly(), a, -1),
    "positive": lambda n, x, a: a,
    "multiply": lambda n, x, a, b: n.product(a, b),
    "divide": lambda n, x, a, b: n.product(a, n.power(b, Fraction(-1), x.args[1])),
    "reciprocal": lambda n, x, a: n.power(a, Fraction(-1), x.args[0]),
    "square": lambda n, x, a: n.product(a, a),
    "sqrt": lambda n, x, a: n.power(a, HALF, x.args[0]),
}
NUMERIC = frozenset([*_RATIONAL, "pow", "abs", "exp", "log", "astype"])
