"""Equations between parameters: checked, solved for one unknown, or split evenly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from astragal.graph.errors import AstragalError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import FLOATS, INTEGERS, TensorType
from astragal.logic.algebra import decide, nearly_equal, number_of, same_value, simplify
from astragal.logic.algebra import nonnegative as algebra_nonnegative
from astragal.logic.algebra.normalizer import Normalizer
from astragal.logic.algebra.numbers import Large
from astragal.logic.algebra.poly import Poly, added, atom, build, number
from astragal.logic.variables import variable
from astragal.ops import elementwise as e
from astragal.ops.declare import ASTYPE


@dataclass(frozen=True)
class Solution:
    """A value of an unknown, and what must hold for it to be one."""

    value: Expr
    conditions: tuple[Expr, ...] = ()


def letter(x: Expr) -> Expr:
    """Make a leaf that stands for an expression while an equation is solved."""
    return variable(None, x.type)


def occurs(v: Expr, x: Expr) -> bool:
    """Tell whether an expression holds another."""
    return v in toposort([x])


def solve(
    left: Expr,
    right: Expr,
    v: Expr,
    nonnegative: Iterable[Expr] = (),
    letters: Mapping[Expr, Expr] | None = None,
) -> Solution | None:
    """Solve ``left == right`` for a leaf of the left side.

    Parameters
    ----------
    nonnegative
        Expressions known not to be negative.
    letters
        From leaves that stand for something else to what they stand for; they are replaced
        in the solution. Numbers stand as letters, so that nothing is rounded on the way.

    Examples
    --------
    >>> import astragal as ag
    >>> m, s, t, u = (ag.input(n) for n in "mstu")
    >>> solve(ag.sqrt(s**2 + t**2), u, t, nonnegative=[s, t, u])
    Solution(value=sqrt(u**2.0 - s**2.0), conditions=(s <= u,))
    >>> solve(t / (t + 1.0), u, t).value
    u / (1.0 - u)
    """
    known = frozenset(nonnegative)
    back = dict(letters or {})
    target = right
    if is_constant(right):
        target = letter(right)
        back[target] = right
        known |= {target} if algebra_nonnegative(right) else set()
    conditions: list[Expr] = []
    for _ in range(32):
        if left is v:
            return _finish(target, back, conditions, known)
        found = _polynomial(left, target, v, known, conditions)
        if found is not None:
            return _finish(found, back, conditions, known)
        if left.op is ASTYPE:
            # Whether a number is whole shows in the number, not in a letter for it.
            target = simplify(substitute([target], back)[0])
        step = _same_form(left, target, v, back)
        step = step or _peel(left, target, v, known, conditions)
        if step is None:
            return None
        left, target = step
    return None


def _finish(
    value: Expr, back: dict[Expr, Expr], conditions: list[Expr], known: frozenset[Expr]
) -> Solution | None:
    try:
        value, *conditions = substitute([value, *conditions], back)
    except AstragalError:
        return None
    positive = known | {back[x] for x in known if x in back}
    value = simplify(value, positive, fold=True, known=True)
    known = positive
    kept = []
    for c in conditions:
        verdict = decide(c, known)
        if verdict is False:
            return None
        if verdict is None:
            kept.append(_without_squares(c, known))
    return Solution(value, tuple(kept))


def _without_squares(c: Expr, known: frozenset[Expr]) -> Expr:
    """Write ``s**2 <= t**2`` as ``s <= t`` where neither is negative."""
    if c.op is not e.less_equal:
        return c
    roots = []
    for x in c.args:
        square = x.op is e.square or (x.op is e.pow and number_of(x.args[1]) == 2)
        n = Normalizer(known)
        if not square or not n._nonnegative(x.args[0]):
            return c
        roots.append(x.args[0])
    return e.less_equal(*roots)


def _polynomial(
    left: Expr, right: Expr, v: Expr, known: frozenset[Expr], conditions: list[Expr]
) -> Expr | None:
    """Solve where one power of the unknown occurs, after clearing denominators."""
    for clear in (False, True):
        n = Normalizer(known, fold=True)
        try:
            if clear:
                (a, b), (c, d) = fraction(left, n), fraction(right, n)
                p = added(n.product(a, d), n.product(c, b), -1)
            else:
                p = added(n.poly(left), n.poly(right), -1)
            found = _one_power(p, v, left, n, conditions)
        except (Large, AstragalError):
            continue
        if found is not None:
            return found
    return None


def _one_power(p: Poly, v: Expr, like: Expr, n: Normalizer, conditions: list[Expr]) -> Expr | None:
    power: Fraction | None = None
    factor, rest = Poly(), Poly()
    for m, c in p.items():
        powers = dict(m)
        k = powers.pop(v, None)
        if any(x is not v and occurs(v, x) for x in powers):
            return None
        if k is None:
            rest.put(m, -c)
            continue
        if power is not None and k != power:
            return None
        power = k
        factor.put(tuple(powers.items()), c)
    if power is None or not factor.terms:
        return None
    conditions += _not_zero(build(factor, like), n)
    whole = n.product(rest, n.power(factor, Fraction(-1), build(factor, like)))
    if power == 1:
        return build(whole, like)
    inner = build(whole, like)
    if power < 0:
        conditions += _not_zero(inner, n)
    if power.denominator % 2 == 0 and not all(
        n.certain(x, q) for m, _ in whole.items() for x, q in m
    ):
        conditions.append(e.greater_equal(inner, _zero(inner)))
    if power.denominator == 1 and power.numerator % 2 == 0:
        positive = [(m, c) for m, c in whole.items() if c > 0]
        negative = [(m, -c) for m, c in whole.items() if c < 0]
        if negative and positive:
            a, b = Poly(), Poly()
            for terms, q in ((negative, a), (positive, b)):
                for m, c in terms:
                    q.put(m, c)
            conditions.append(e.less_equal(build(a, like), build(b, like)))
        elif negative:
            return None
        elif not all(n.certain(x, q) for m, _ in positive for x, q in m):
            conditions.append(e.greater_equal(inner, _zero(inner)))
    if power == 2:
        return e.sqrt(inner)
    dtype = like.type.dtype  # type: ignore[union-attr]
    return e.pow(inner, scalar(float(1 / power), dtype)) if dtype in FLOATS else None


def _zero(like: Expr) -> Expr:
    dtype = like.type.dtype  # type: ignore[union-attr]
    return scalar(0.0 if dtype in FLOATS else 0, dtype)


def _not_zero(x: Expr, n: Normalizer) -> list[Expr]:
    """Demand that a divisor is not zero, unless it is of a sort that is positive where it is."""
    if is_constant(x):
        return [e.not_equal(x, _zero(x))]
    try:
        terms = list(n.poly(x).items())
    except Large:
        terms = []
    if terms and all(c > 0 and all(n.certain(y, p) for y, p in m) for m, c in terms):
        return []
    return [e.not_equal(x, _zero(x))]


def fraction(x: Expr, n: Normalizer, depth: int = 0) -> tuple[Poly, Poly]:
    """Write an expression as a quotient of two polynomials."""
    one = number(Fraction(1))
    name = x.op.name
    if depth > 30:
        return atom(x), one
    if name in {"add", "subtract", "multiply", "divide"} and (
        name != "divide" or x.type.dtype in FLOATS  # type: ignore[union-attr]
    ):
        (a, b), (c, d) = (fraction(y, n, depth + 1) for y in x.args)
        if name == "multiply":
            return n.product(a, c), n.product(b, d)
        if name == "divide":
            return n.product(a, d), n.product(b, c)
        sign = 1 if name == "add" else -1
        if b.constant() == 1 and d.constant() == 1:
            return added(a, c, sign), one
        return added(n.product(a, d), n.product(c, b), sign), n.product(b, d)
    if name == "negative":
        a, b = fraction(x.args[0], n, depth + 1)
        return added(Poly(), a, -1), b
    if name == "reciprocal":
        a, b = fraction(x.args[0], n, depth + 1)
        return b, a
    return n.poly(x), one


def equal_fractions(a: Expr, b: Expr, known: Iterable[Expr] = ()) -> bool:
    """Tell whether two expressions are seen to be equal, denominators cleared."""
    if same_value(a, b, known, fold=True):
        return True
    if is_constant(b):
        return nearly_equal(simplify(a, known, fold=True, exact=False), b)
    n = Normalizer(known, fold=True)
    try:
        (p, q), (r, s) = fraction(a, n), fraction(b, n)
        return not added(n.product(p, s), n.product(r, q), -1).terms
    except (Large, AstragalError):
        return False


def _same_form(
    left: Expr, right: Expr, v: Expr, back: Mapping[Expr, Expr]
) -> tuple[Expr, Expr] | None:
    """Drop the outermost operation of both sides where the rest of its operands are the same."""
    if left.op is not right.op or len(left.args) != len(right.args):
        return None
    inside = [isinstance(a, Expr) and occurs(v, a) for a in left.args]
    if sum(inside) != 1:
        return None
    i = inside.index(True)
    a = left.args[i]
    if isinstance(a, Expr) and len(a.shape) != len(left.shape):
        return None  # a sum of a vector: nothing else would tell its length
    rest = [
        back.get(a, a) is b or a == b
        for j, (a, b) in enumerate(zip(left.args, right.args, strict=True))
        if j != i
    ]
    return (left.args[i], right.args[i]) if all(rest) else None


def _peel(
    left: Expr, right: Expr, v: Expr, known: frozenset[Expr], conditions: list[Expr]
) -> tuple[Expr, Expr] | None:
    """Undo the outermost operation of the left side, and say for which values that can be done."""
    n = Normalizer(known)
    name = left.op.name
    args = [a for a in left.args if isinstance(a, Expr)]
    inside = [occurs(v, a) for a in args]
    if sum(inside) != 1:
        return None
    i = inside.index(True)
    x = args[i]
    if name in _INVERSE:
        low = _RANGE.get(name)
        if low is not None and not (low[1] == 0.0 and n._nonnegative(right)):
            test = e.greater_equal if low[0] else e.greater
            conditions.append(test(right, scalar(low[1], right.type.dtype)))  # type: ignore[union-attr]
        if name == "reciprocal":
            conditions += _not_zero(right, n)
        if name == "atan":
            conditions.append(e.less(e.abs(right), math.pi / 2))
        return x, _INVERSE[name](right)
    if name == "astype":
        return _peel_astype(x, right)
    if len(args) != 2:
        return None
    other = args[1 - i]
    if name == "add":
        return x, right - other
    if name == "subtract":
        return x, (right + other if i == 0 else other - right)
    if name == "multiply":
        conditions += _not_zero(other, n)
        return x, right / other
    if name == "divide":
        conditions += [] if i == 0 else _not_zero(right, n)
        return x, (right * other if i == 0 else other / right)
    if name == "pow" and i == 0 and (k := number_of(other)):
        even = k.denominator == 1 and k.numerator % 2 == 0
        if (even or k.denominator % 2 == 0) and not n._nonnegative(right):
            conditions.append(e.greater_equal(right, _zero(right)))
        if k == 2:
            return x, e.sqrt(right)
        return x, e.pow(right, float(1 / k))
    return None


def _peel_astype(x: Expr, right: Expr) -> tuple[Expr, Expr] | None:
    wanted = x.type
    assert isinstance(wanted, TensorType)
    if right.op is ASTYPE and right.args[0].type.dtype == wanted.dtype:
        return x, right.args[0]
    value = number_of(right)
    if value is not None and value.denominator == 1 and wanted.dtype in INTEGERS:
        return x, scalar(int(value), wanted.dtype)
    if wanted.dtype in FLOATS and right.type.dtype in FLOATS:  # type: ignore[union-attr]
        return x, right
    return None


_RANGE: dict[str, tuple[bool, float]] = {
    "sqrt": (True, 0.0),
    "square": (True, 0.0),
    "exp": (False, 0.0),
    "expm1": (False, -1.0),
}
"""Least values that a function has, and whether it reaches them."""

_INVERSE: dict[str, Callable[[Expr], Expr]] = {
    "sqrt": lambda a: e.pow(a, 2.0),
    "square": e.sqrt,
    "negative": e.negative,
    "positive": lambda a: a,
    "reciprocal": lambda a: 1.0 / a,
    "exp": e.log,
    "log": e.exp,
    "expm1": e.log1p,
    "log1p": e.expm1,
    "tan": e.atan,
    "atan": e.tan,
}


def even_split(
    left: Expr, right: Expr, unknown: list[Expr], known: Iterable[Expr]
) -> Iterator[dict[Expr, Expr]]:
    """Give all unknowns of an equation one value: the default where they are free."""
    first = unknown[0]
    if any(u.type != first.type for u in unknown):
        return
    together = substitute([left], dict.fromkeys(unknown, first))[0]
    found = solve(together, right, first, known)
    if found is not None:
        yield dict.fromkeys(unknown, found.value)
