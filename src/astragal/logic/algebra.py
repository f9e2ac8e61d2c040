"""Normal forms of numeric expressions: sums of products of powers, with exact coefficients.

Used where a relation's parameters are compared, solved for, or have just been put
together. It is bounded: what is large or foreign is an atom. It never changes the
written form of an expression unless the result is smaller.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS, INTEGERS, TensorType
from astragal.ops import elementwise as e
from astragal.ops.declare import ASTYPE
from astragal.random.distribution import NON_NEGATIVE, POSITIVE, is_random, random_parts

Monomial = tuple[tuple[Expr, Fraction], ...]  # atoms in order of first appearance, no zero powers
ONE = Fraction(1)
HALF = Fraction(1, 2)
MOST_TERMS = 24
MOST_NODES = 120


class _Large(Exception):
    """The expression is larger than the bound, or holds a number that cannot be written."""


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
                raise _Large
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


def _number(c: Fraction) -> Poly:
    p = Poly()
    p.put((), c)
    return p


def _atom(x: Expr, power: Fraction = ONE) -> Poly:
    p = Poly()
    p.put(((x, power),), ONE)
    return p


def _sum(a: Poly, b: Poly, sign: int = 1) -> Poly:
    out = Poly()
    for m, c in a.items():
        out.put(m, c)
    for m, c in b.items():
        out.put(m, sign * c)
    return out


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
        _Large
            Where it is larger than the bound.
        """
        found = self.memo.get(x)
        if found is None:
            self.nodes += 1
            if self.nodes > MOST_NODES:
                raise _Large
            found = self._poly(x, depth) if depth < 60 else _atom(x)
            self.memo[x] = found
        return found

    def _poly(self, x: Expr, depth: int) -> Poly:
        name = x.op.name
        t = x.type
        if not isinstance(t, TensorType) or t.dtype == "bool":
            return _atom(x)
        if name == "constant":
            value = number_of(x)
            return _atom(x) if value is None else _number(value)
        if name not in _NUMERIC:
            return _atom(x)
        if name in {"divide", "sqrt", "reciprocal"} and t.dtype not in FLOATS:
            return _atom(x)
        go = [self.poly(a, depth + 1) for a in x.args if isinstance(a, Expr)]
        if name == "add":
            return _sum(go[0], go[1])
        if name == "subtract":
            return _sum(go[0], go[1], -1)
        if name == "negative":
            return _sum(Poly(), go[0], -1)
        if name == "positive":
            return go[0]
        if name == "multiply":
            return self.product(*go)
        if name == "divide":
            return self.product(go[0], self.power(go[1], Fraction(-1), x.args[1]))
        if name == "reciprocal":
            return self.power(go[0], Fraction(-1), x.args[0])
        if name == "square":
            return self.product(go[0], go[0])
        if name == "sqrt":
            return self.power(go[0], HALF, x.args[0])
        if name == "pow":
            c = go[1].constant()
            if c is None or c.denominator > 12 or abs(c.numerator) > 12:
                return _atom(x)
            if t.dtype in INTEGERS and (c < 0 or c.denominator != 1):
                return _atom(x)
            return self.power(go[0], c, x.args[0])
        if name == "abs":
            s = go[0].single()
            if s is not None and all(self._nonnegative(a) for a, _ in s[0]):
                return _sum(Poly(), go[0], -1) if s[1] < 0 else go[0]
            return _atom(x)
        if name == "exp" and x.args[0].op is e.log:
            return self.poly(x.args[0].args[0], depth + 1)
        if name == "log" and x.args[0].op is e.exp:
            return self.poly(x.args[0].args[0], depth + 1)
        if name == "astype" and t.dtype in FLOATS:
            inner = x.args[0]
            if inner.type.dtype in INTEGERS:
                out = Poly()
                for m, c in go[0].items():
                    # A whole-number expression stays one under addition and products alone.
                    if any(p.denominator != 1 or p < 0 for _, p in m) or c.denominator != 1:
                        return _atom(x)
                    out.put(tuple((ASTYPE(a, t.dtype), p) for a, p in m), c)
                return out
        return _atom(x)

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
            elif total == 1 and x in powers and x.op.name in _NUMERIC:
                # A root of a sum, squared: the sum is taken apart again.
                del powers[x]
                opened.append(x)
            else:
                powers[x] = total
        if is_constant_power(powers):
            powers, c = _fold_roots(powers, c)
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
            root = _exact_power(c, k)
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
                    powers, root = _fold_roots(powers, root)
                out = Poly()
                out.put(tuple(powers.items()), root)
                if len(powers) == 1:
                    [(x, total)] = powers.items()
                    if total == 1 and x.op.name in _NUMERIC:
                        return self.poly(x)
                return out
        if (c0 := p.constant()) is not None:
            # A number whose power is no fraction: the number is the atom.
            kept = exact_scalar(c0, "float64")
            return _atom(written if kept is None else kept, k)
        if k.denominator == 1 and 1 < k.numerator <= 4:
            out = p
            for _ in range(k.numerator - 1):
                out = self.product(out, p)
            return out
        return _atom(self.whole(p, written), k)

    def certain(self, x: Expr, power: Fraction) -> bool:
        """Tell whether a power of an atom is seen not to be negative."""
        even = power.denominator == 1 and power.numerator % 2 == 0
        return even or power.denominator != 1 or self._nonnegative(x)

    def _nonnegative(self, x: Expr) -> bool:
        return x in self.known or nonnegative(x)


def is_constant_power(powers: dict[Expr, Fraction]) -> bool:
    """Whether some atom is a number, as in the root of 2."""
    return any(x.op.name == "constant" for x in powers)


def _fold_roots(powers: dict[Expr, Fraction], c: Fraction) -> tuple[dict[Expr, Fraction], Fraction]:
    """Bring powers of numbers to one form: a fraction times the root of one whole number."""
    out = {x: p for x, p in powers.items() if number_of(x) is None}
    inside = ONE
    for x, p in powers.items():
        value = number_of(x)
        if value is None:
            continue
        if (got := _exact_power(value, p)) is not None:
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
            raise _Large
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
_NUMERIC = frozenset(
    [
        "add",
        "subtract",
        "negative",
        "positive",
        "multiply",
        "divide",
        "reciprocal",
        "square",
        "sqrt",
        "pow",
        "abs",
        "exp",
        "log",
        "astype",
    ]
)


def number_of(x: Expr) -> Fraction | None:
    """Give the exact value of a finite numeric scalar constant."""
    if not is_constant(x):
        return None
    value = value_of(x)
    if value.shape or value.dtype.kind not in "fiu":
        return None
    number = value.item()
    return Fraction(number) if math.isfinite(number) else None


def _exact_power(c: Fraction, k: Fraction) -> Fraction | None:
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


def nonnegative(x: Expr, depth: int = 0) -> bool:
    """Tell whether an expression is seen not to be negative, wherever it is a number."""
    name = x.op.name
    if name in {"square", "abs", "sqrt", "exp"}:
        return True
    if name == "constant":
        value = value_of(x)
        return value.dtype.kind in "bu" or bool((value >= 0).all())
    if is_random(x):
        d, _, _, parameters = random_parts(x)
        support = d.support(*parameters)
        return support is POSITIVE or support is NON_NEGATIVE or support.words in _NONNEGATIVE_WORDS
    if depth > 12:
        return False
    if name in _NONNEGATIVE_OPS or name in _SAME_SIGN:
        args = [a for a in x.args if isinstance(a, Expr)]
        if name in _SAME_SIGN:
            args = args[:1]
        if name == "maximum":
            return any(nonnegative(a, depth + 1) for a in args)
        if name == "multiply" and args[0] is args[1]:
            return True
        return all(nonnegative(a, depth + 1) for a in args)
    if name == "pow":
        k = number_of(x.args[1])
        even = k is not None and k.denominator == 1 and k.numerator % 2 == 0
        return even or nonnegative(x.args[0], depth + 1)
    return False


_NONNEGATIVE_OPS = frozenset({"add", "multiply", "divide", "maximum", "reciprocal"})
_SAME_SIGN = frozenset({"astype", "index", "sum", "broadcast_to", "reshape"})


def positive(x: Expr, depth: int = 0) -> bool:
    """Tell whether an expression is seen to be above zero, wherever it is a number."""
    name = x.op.name
    if name == "exp":
        return True
    if name == "constant":
        value = value_of(x)
        return value.dtype.kind in "iuf" and bool((value > 0).all())
    if is_random(x):
        d, _, _, parameters = random_parts(x)
        return d.support(*parameters) is POSITIVE
    if depth > 12 or name not in {"add", "multiply", "divide", "sqrt", "square", "pow"}:
        return False
    args = [a for a in x.args if isinstance(a, Expr)]
    if name == "pow":
        return positive(args[0], depth + 1)
    some = any if name == "add" else all
    return nonnegative(x) and some(positive(a, depth + 1) for a in args)


_NONNEGATIVE_WORDS = frozenset(
    {
        "a probability",
        "a non-negative integer",
        "a positive integer",
        "0 or 1",
        "an integer from 0 to n",
    }
)


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
                raise _Large
            return e.divide(top, bottom)
        kept = nearest_scalar(c, dtype)
    if kept is None:
        raise _Large
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


def same_value(a: Expr, b: Expr, nonnegative: Iterable[Expr] = (), fold: bool = False) -> bool:
    """Tell whether two expressions are seen to be equal as functions of their atoms.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x"), ag.input("y")
    >>> same_value(x - -y, (2.0 * x + 2.0 * y) / 2.0), same_value(x, y)
    (True, False)
    """
    if a is b:
        return True
    n = Normalizer(nonnegative, fold)
    try:
        return not _sum(n.poly(a), n.poly(b), -1).terms
    except _Large:
        return False


def nearly_equal(a: Expr, b: Expr) -> bool:
    """Tell whether two constants are equal up to the rounding of a few operations."""
    x, y = number_of(a), number_of(b)
    if x is None or y is None:
        return False
    return abs(x - y) <= Fraction(8, 2**53) * max(abs(x), abs(y))


def cost(x: Expr, bound: int = 4 * MOST_NODES) -> tuple[int, int]:
    """Count the operations and the nodes of an expression's numeric part, up to a bound."""
    seen: set[Expr] = set()
    operations = 0
    stack = [x]
    while stack and len(seen) < bound:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            if node.op.name in _NUMERIC:
                operations += 1
                stack.extend(a for a in node.args if isinstance(a, Expr))
    return operations, len(seen)


def simplify(
    x: Expr,
    nonnegative: Iterable[Expr] = (),
    *,
    fold: bool = False,
    exact: bool = True,
    known: bool = False,
) -> Expr:
    """Write an expression shorter where something cancels; otherwise leave it as it is.

    Parameters
    ----------
    nonnegative
        Expressions known not to be negative.
    fold
        Whether the root of a square is the number itself, for the context demands it positive.
    exact
        Whether constants are folded only where no rounding is needed.
    known
        Whether the result must be a constant, or a part of the expression as it is written.

    Examples
    --------
    >>> import astragal as ag
    >>> m, n, s, t = (ag.input(x) for x in "mnst")
    >>> simplify(n + (m - n))
    m
    >>> simplify(ag.sqrt(t**2 + ag.sqrt(s**2 - t**2) ** 2), fold=True)
    s
    >>> simplify(n + m)
    n + m
    """
    if x.op.name not in _NUMERIC or not isinstance(x.type, TensorType):
        return x
    n = Normalizer(nonnegative, fold)
    try:
        p = n.poly(x)
        found = n.written(p, x) if p.constant() is None else None
        if found is not None and found.type == x.type:
            return found
        new = build(p, x, exact)
    except _Large:
        return x
    if known and not is_constant(new):
        return x
    if new.type != x.type or cost(new) >= cost(x):
        return x
    return new


def _of_constant_arrays(*sides: Expr) -> bool:
    """Tell whether nothing is open below, and arrays are: polynomials are of numbers alone."""
    order = toposort(sides)
    leaves = [x for x in order if not any(isinstance(a, Expr) for a in x.args)]
    arrays = any(isinstance(x.type, TensorType) and x.type.shape for x in leaves)
    return arrays and all(is_constant(x) for x in leaves)


def _as_numbers(condition: Expr) -> bool | None:
    """Compute a closed condition; None where it holds in some places only."""
    from astragal.compile import evaluate

    value = np.asarray(evaluate(condition))
    return True if value.all() else False if not value.any() else None


def decide(condition: Expr, nonnegative: Iterable[Expr] = ()) -> bool | None:
    """Tell whether a condition is seen to hold, or to fail; None where it is not known.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> decide(x <= x + 1.0), decide(ag.constant(2.0) < 1.0), decide(x <= 1.0)
    (True, False, None)
    """
    name = condition.op.name
    if name == "constant":
        value = value_of(condition)
        return True if value.all() else False if not value.any() else None
    if name == "logical_and":
        parts = [decide(a, nonnegative) for a in condition.args]
        return False if False in parts else None if None in parts else True
    if name == "logical_or":
        parts = [decide(a, nonnegative) for a in condition.args]
        return True if True in parts else None if None in parts else False
    if name == "logical_not":
        inner = decide(condition.args[0], nonnegative)
        return None if inner is None else not inner
    if name not in {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}:
        return None
    a, b = condition.args
    if name in {"less", "less_equal", "greater", "greater_equal"} and _of_constant_arrays(a, b):
        return _as_numbers(condition)
    n = Normalizer(nonnegative)
    try:
        d = _sum(n.poly(b), n.poly(a), -1)  # b - a
    except _Large:
        return None
    c = d.constant()
    if c is not None:
        return {
            "less": c > 0, "less_equal": c >= 0, "greater": c < 0,
            "greater_equal": c <= 0, "equal": c == 0, "not_equal": c != 0,
        }[name]  # fmt: skip
    signs = [(c > 0) if all(n.certain(x, p) for x, p in m) else None for m, c in d.items()]
    if None in signs or len(set(signs)) > 1:
        return None
    up = signs[0]
    strict = any(all(positive(x) for x, _ in m) for m, _ in d.items())
    if strict:
        return {"less": up, "greater": not up, "less_equal": up, "greater_equal": not up,
                "equal": False, "not_equal": True}[name]  # fmt: skip
    if name in {"less_equal", "greater"} and up:
        return name == "less_equal"
    if name in {"greater_equal", "less"} and not up:
        return name == "greater_equal"
    return None
