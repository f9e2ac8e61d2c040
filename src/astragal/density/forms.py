"""Sums of terms in statistics of one variable, and their arithmetic.

What the terms mean is told in `astragal.density.statistics`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.types import Shape
from astragal.ops import elementwise as e
from astragal.ops.manipulation import broadcast_to
from astragal.ops.searching import where

Monomial = tuple[Fraction, Fraction, Fraction, Fraction]
"""Exponents of z, 1 - z, log z and log(1 - z)."""

_0, _1 = Fraction(0), Fraction(1)
IDENTITY: Monomial = (_1, _0, _0, _0)
COMPLEMENT: Monomial = (_0, _1, _0, _0)
LOG: Monomial = (_0, _0, _1, _0)
LOG_COMPLEMENT: Monomial = (_0, _0, _0, _1)
SQUARE: Monomial = (Fraction(2), _0, _0, _0)
INVERSE: Monomial = (Fraction(-1), _0, _0, _0)
INVERSE_SQUARE: Monomial = (Fraction(-2), _0, _0, _0)
LOG_SQUARE: Monomial = (_0, _0, Fraction(2), _0)

ONE = scalar(1.0, "float64")


MINUS = scalar(-1.0, "float64")


def scalar_value(x: Expr) -> float | None:
    """Give the value of a scalar constant; None of all else."""
    if is_constant(x) and value_of(x).shape == ():
        return float(value_of(x))
    return None


def times(a: Expr, b: Expr) -> Expr:
    """Multiply, where 0, 1 and numbers fold."""
    p, q = scalar_value(a), scalar_value(b)
    if p == 1.0:
        return b
    if q == 1.0:
        return a
    if p == 0.0 and a.type == b.type:  # a zero for an array would lose its shape
        return a
    if q == 0.0 and a.type == b.type:
        return b
    if p is not None and q is not None:
        return scalar(p * q, a.dtype)
    if p == -1.0:
        return e.negative(b) if b.op is not e.negative else b.args[0]
    if q == -1.0:
        return times(b, a)
    if a is b:
        # 1 / s times 1 / s reads better, and differentiates simpler, as 1 / s^2.
        if a.op is e.divide and scalar_value(a.args[0]) == 1.0:
            return e.divide(1.0, e.square(a.args[1]))
        return e.square(a)
    return a * b


def plus(a: Expr | None, b: Expr | None) -> Expr | None:
    """Add, where None is zero and numbers fold."""
    if a is None:
        return b
    if b is None:
        return a
    p, q = scalar_value(a), scalar_value(b)
    if p == 0.0 and a.dtype == b.dtype:
        return b
    if q == 0.0 and a.dtype == b.dtype:
        return a
    if p is not None and q is not None:
        return scalar(p + q, a.dtype)
    return a + b


def is_zero(x: Expr | None, depth: int = 12) -> bool:
    """Tell whether a coefficient is zero everywhere, by the way it is written."""
    if x is None:
        return True
    if is_constant(x):
        return not np.any(value_of(x))
    if depth == 0:
        return False
    name = x.op.name
    if name in _ZERO_OF_ONE:
        return is_zero(x.args[0], depth - 1)
    if name in _ZERO_OF_EITHER:
        return any(is_zero(a, depth - 1) for a in x.args)
    if name in _ZERO_OF_SECOND:
        return isinstance(x.args[1], Expr) and is_zero(x.args[1], depth - 1)
    if name in _ZERO_OF_ALL:
        return all(is_zero(a, depth - 1) for a in x.args if isinstance(a, Expr))
    return False


_ZERO_OF_ONE = frozenset(
    {"broadcast_to", "reshape", "permute_dims", "index", "negative", "sum", "square", "sqrt"}
)
_ZERO_OF_SECOND = frozenset({"full", "solve", "solve_triangular"})
_ZERO_OF_EITHER = frozenset({"multiply", "matmul"})
_ZERO_OF_ALL = frozenset({"add", "subtract", "concatenate", "stack"})


@dataclass
class Form:
    """A node as terms in statistics; see the module's docstring."""

    shape: Shape
    terms: dict[tuple[Expr, Monomial], Expr] = field(default_factory=dict)
    rest: Expr | None = None
    const: Expr | None = None

    @property
    def free(self) -> bool:
        """Whether nothing of z is left in it."""
        return not self.terms and self.rest is None


def cancels(c: Expr, const: Expr) -> bool:
    """Tell whether one coefficient is minus the other."""
    p, q = scalar_value(c), scalar_value(const)
    if p is not None and q is not None:
        return p == -q
    return times(const, MINUS) is c or times(c, MINUS) is const


def apply(node: Expr, at: int, value: Expr) -> Expr:
    """Apply a node's operation with another value for one argument."""
    args = list(node.args)
    args[at] = value
    return node.op(*args)


def spread(x: Expr, shape: Shape) -> Expr:
    """Repeat a coefficient over a shape."""
    return broadcast_to(x, shape)


def add_term(form: Form, p: Expr, m: Monomial, c: Expr) -> None:
    """Add ``c`` times a monomial of an image of z to a form, in place."""
    if not any(m):
        form.const = plus(form.const, c)
        return
    total = plus(form.terms.get((p, m)), c)
    assert total is not None
    if is_zero(total):
        form.terms.pop((p, m), None)
    else:
        form.terms[p, m] = total


def add_forms(shape: Shape, *forms: Form) -> Form:
    """Add forms up."""
    out = Form(shape)
    for f in forms:
        for (p, m), c in f.terms.items():
            add_term(out, p, m, c)
        out.rest = plus(out.rest, f.rest)
        out.const = plus(out.const, f.const)
    return out


def scale_form(form: Form, c: Expr) -> Form:
    """Multiply a form by what is free of z."""
    return scaled(form, c, form.shape)


def scaled(form: Form, c: Expr, shape: Shape) -> Form:
    """A form times something free of z."""
    out = Form(shape)
    for (p, m), k in form.terms.items():
        add_term(out, p, m, times(k, c))
    out.rest = None if form.rest is None else times(form.rest, c)
    out.const = None if form.const is None else times(form.const, c)
    return out


def multiply_forms(
    shape: Shape, a: Form, b: Form, by: Callable[[Expr, Expr], Expr] = times
) -> Form | None:
    """Multiply two forms; None where different elements of z would meet.

    ``by`` is the product of two coefficients: the matrix product, for matrices of a scalar z.
    """
    if by is times:
        if b.free:
            return scaled(a, b.const, shape) if b.const is not None else Form(shape)
        if a.free:
            return multiply_forms(shape, b, a)
    if a.rest is not None or b.rest is not None:
        return None
    out = Form(shape)
    for (p, m), c in a.terms.items():
        for (q, n), d in b.terms.items():
            if p is not q:
                return None
            # (1 - z) and z multiply as they are, and meet again as exponents.
            add_term(out, p, tuple(x + y for x, y in zip(m, n, strict=True)), by(c, d))  # type: ignore[arg-type]
        if b.const is not None:
            add_term(out, p, m, by(c, b.const))
    if a.const is not None:
        for (q, n), d in b.terms.items():
            add_term(out, q, n, by(a.const, d))
        if b.const is not None:
            out.const = plus(out.const, by(a.const, b.const))
    return out


def choose(shape: Shape, test: Expr, a: Form, b: Form) -> Form:
    """``where(test, a, b)``, term by term."""
    out = Form(shape)

    def pick(x: Expr | None, y: Expr | None) -> Expr | None:
        if x is None and y is None:
            return None
        like = x if x is not None else y
        assert like is not None
        zero = scalar(0.0, like.dtype)
        return where(test, zero if x is None else x, zero if y is None else y)

    for key in dict.fromkeys((*a.terms, *b.terms)):
        c = pick(a.terms.get(key), b.terms.get(key))
        assert c is not None
        add_term(out, *key, c)
    out.rest = pick(a.rest, b.rest)
    out.const = pick(a.const, b.const)
    return out
