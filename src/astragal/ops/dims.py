"""Arithmetic of dimensions: integers stay integers, expressions stay canonical.

A symbolic dimension is a sum of integer multiples of products of atoms (leaves such as
``n``, or whatever else computes an integer), written in one order. So ``n + 0``,
``1 * n`` and ``2 * n - n`` are all ``n``, and shapes can be compared by identity.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import Dim, same_dim
from astragal.ops import elementwise as e

# A product of atoms, in order; and a sum of such products with their factors.
Monomial = tuple[Expr, ...]
Polynomial = dict[Monomial, int]

_POLYNOMIALS: weakref.WeakKeyDictionary[Expr, Polynomial] = weakref.WeakKeyDictionary()


def canonical(d: Dim) -> Dim:
    """Bring a dimension to its canonical form.

    Examples
    --------
    >>> import astragal as ag
    >>> n = ag.input("x", shape=("n",)).shape[0]
    >>> canonical(0 + 1 * n) is n, canonical(n - n), canonical(2 * n + 3 - n)
    (True, 0, n + 3)
    """
    if not isinstance(d, Expr):
        return int(d)
    if d.op.name == "dimension":
        return d
    return _build(_polynomial(d))


def add(*terms: Dim) -> Dim:
    """Sum of dimensions."""
    numbers = [t for t in terms if isinstance(t, int)]
    if len(numbers) == len(terms):
        return sum(numbers)
    total: Polynomial = {}
    for t in terms:
        total = _plus(total, _polynomial(t), 1)
    return _build(total)


def subtract(a: Dim, b: Dim) -> Dim:
    """Difference of two dimensions."""
    if isinstance(a, int) and isinstance(b, int):
        return a - b
    return _build(_plus(_polynomial(a), _polynomial(b), -1))


def product(factors: Iterable[Dim]) -> Dim:
    """Product of dimensions; of none it is 1."""
    known = 1
    total: Polynomial | None = None
    for f in factors:
        if isinstance(f, int):
            known *= f
        else:
            total = _polynomial(f) if total is None else _times(total, _polynomial(f))
    return known if total is None else _build(_times(total, {(): known} if known else {}))


def quotient(a: Dim, b: Dim) -> Dim:
    """Number of times that one dimension goes into another, rounded down."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if same_dim(b, 1):
        return a
    whole = _exact_quotient(_polynomial(a), _polynomial(b))
    return _build(whole) if whole is not None else _as_dim(e.floor_divide(_expr(a), _expr(b)))


def minimum(a: Dim, b: Dim) -> Dim:
    """Return the lesser of two dimensions."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    return a if same_dim(a, b) else e.minimum(_expr(a), _expr(b))


def maximum(a: Dim, b: Dim) -> Dim:
    """Return the greater of two dimensions."""
    if isinstance(a, int) and isinstance(b, int):
        return max(a, b)
    return a if same_dim(a, b) else e.maximum(_expr(a), _expr(b))


def _exact_quotient(a: Polynomial, b: Polynomial) -> Polynomial | None:
    """Divide by a single product of atoms, where that leaves no remainder."""
    if len(b) != 1:
        return {(): 1} if a == b else None
    ((below, factor),) = b.items()
    out: Polynomial = {}
    for above, n in a.items():
        rest = list(above)
        for atom in below:
            if not any(atom is r for r in rest):
                return None
            del rest[next(i for i, r in enumerate(rest) if r is atom)]
        if n % factor:
            return None
        out[tuple(rest)] = n // factor
    return out


def _as_dim(d: Expr) -> Dim:
    return int(value_of(d)) if is_constant(d) else d


def _expr(d: Dim) -> Expr:
    from astragal.graph.literal import scalar

    return d if isinstance(d, Expr) else scalar(d, "int64")


def _polynomial(d: Dim) -> Polynomial:
    if isinstance(d, int):
        return {(): d} if d else {}
    stack = [d]
    while stack:
        node = stack[-1]
        if _known(node) is not None:
            stack.pop()
            continue
        waiting = [p for p in node.args if _known(p) is None]
        if waiting:
            stack += waiting
            continue
        stack.pop()
        _POLYNOMIALS[node] = _combine(node, [_known(p) or {} for p in node.args])
    return _known(d) or {}


def _known(node: Expr) -> Polynomial | None:
    """Polynomial of a leaf, or of a node met before.

    An atom's is not kept: it holds the atom, which would then never be forgotten.
    """
    if is_constant(node):
        value = int(value_of(node))
        return {(): value} if value else {}
    if node.op in (e.add, e.subtract, e.multiply, e.negative) and node.dtype == "int64":
        return _POLYNOMIALS.get(node)
    return {(node,): 1}


def _combine(node: Expr, parts: list[Polynomial]) -> Polynomial:
    if node.op is e.negative:
        return _plus({}, parts[0], -1)
    if node.op is e.multiply:
        return _times(*parts)
    return _plus(parts[0], parts[1], 1 if node.op is e.add else -1)


def _plus(a: Polynomial, b: Polynomial, sign: int) -> Polynomial:
    out = dict(a)
    for m, n in b.items():
        total = out.pop(m, 0) + sign * n
        if total:
            out[m] = total
    return out


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    out: Polynomial = {}
    for p, m in a.items():
        for q, n in b.items():
            both = tuple(sorted((*p, *q), key=_text))
            out = _plus(out, {both: m * n}, 1)
    return out


def _text(atom: Expr) -> str:
    return str(atom.args[0]) if atom.op.name == "dimension" else repr(atom)


def _order(m: Monomial) -> tuple[int, list[str]]:
    return -len(m), [_text(a) for a in m]


def _build(p: Polynomial) -> Dim:
    """Write a polynomial as an expression: positive terms first, the number last."""
    if not p or (len(p) == 1 and () in p):
        return p.get((), 0)
    terms = sorted(p, key=lambda m: (p[m] < 0 or not m, p[m] < 0, _order(m)))
    out: Expr | None = None
    for m in terms:
        n = p[m]
        size = abs(n)
        term: Expr | None = None
        for atom in m:
            term = atom if term is None else e.multiply(term, atom)
        if term is None or size != 1:
            term = _expr(size) if term is None else e.multiply(_expr(size), term)
        if out is None:
            out = term if n > 0 else e.negative(term)
        else:
            out = (e.add if n > 0 else e.subtract)(out, term)
    assert out is not None
    return out
