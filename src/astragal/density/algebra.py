"""Algebra on the small expressions that become parameters: products and sums collected.

Each node is read as a number times a product of powers of bases, or as a sum of those.
What is known to be a repeated scalar is kept as the scalar, so that ``sum`` of it is a
product. The values are those of the given expression wherever that is finite.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.traverse import children, rebuild, toposort
from astragal.graph.types import FLOATS, Shape, TensorType, same_shape
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.manipulation import broadcast_to

_1 = Fraction(1)


def number_of(x: Expr) -> float | None:
    """Give the value of a scalar constant; None of all else."""
    if is_constant(x):
        value = value_of(x)
        if value.shape == ():
            return float(value)
        if value.size and (value == value.flat[0]).all():
            return float(value.flat[0])
    return None


def fold(x: Expr) -> Expr:
    """Compute an operation on constants, so that no sweep computes it again."""
    operands = [a for a in x.args if isinstance(a, Expr)]
    if not operands or not isinstance(x.type, TensorType) or not all(map(is_constant, operands)):
        return x
    from astragal.compile import evaluate

    return constant(np.asarray(evaluate(x)), x.dtype)


def fold_all(x: Expr) -> Expr:
    """Compute whatever depends on constants alone."""
    image: dict[Expr, Expr] = {}
    for node in toposort([x]):
        image[node] = fold(rebuild(node, image))
    return image[x]


@dataclass(frozen=True)
class Product:
    """A number times powers of bases, in order of appearance."""

    number: float
    powers: tuple[tuple[Expr, Fraction], ...]

    def times(self, other: Product) -> Product:
        """Multiply."""
        powers = dict(self.powers)
        for base, p in other.powers:
            powers[base] = powers.get(base, Fraction(0)) + p
        kept = tuple((b, p) for b, p in powers.items() if p)
        return Product(self.number * other.number, kept)

    def power(self, p: Fraction) -> Product | None:
        """Raise to a power; None where a root of what may be negative would be taken."""
        if p.denominator != 1:
            if self.number <= 0 or len(self.powers) > 1:
                return None
            if any(q.numerator % 2 == 0 for _, q in self.powers):
                return None
        if self.number == 0:
            return None
        return Product(self.number ** float(p), tuple((b, q * p) for b, q in self.powers))

    @property
    def sign(self) -> int:
        """Sign of the number."""
        return -1 if self.number < 0 else 1


def _raise(base: Expr, p: Fraction) -> Expr:
    if p == 1:
        return base
    if p == 2:
        return e.square(base)
    if p == Fraction(1, 2):
        return e.sqrt(base)
    return e.pow(base, float(p))


def build(product: Product, dtype: str) -> Expr:
    """Write a product as an expression: a quotient where powers are negative."""
    above: Expr | None = None
    below: Expr | None = None
    for base, p in product.powers:
        if p > 0:
            x = _raise(base, p)
            above = x if above is None else above * x
        else:
            x = _raise(base, -p)
            below = x if below is None else below * x
    size = abs(product.number)
    if above is None:
        above = scalar(size, dtype)
    elif size != 1:
        above = scalar(size, dtype) * above
    out = above if below is None else above / below
    return e.negative(out) if product.number < 0 else out


class Simplifier:
    """Simplifies expressions, each node once."""

    def __init__(self) -> None:
        self._images: dict[Expr, Expr] = {}
        self._products: dict[Expr, Product] = {}

    def __call__(self, x: Expr) -> Expr:
        """Give a simpler expression of the same value, whose shape broadcasts to the same."""
        order = toposort([x])
        # A sum that only sums read is collected with the outermost of them: once, not at
        # each level.
        read = {c for n in order if n.op.name not in _SUMS for c in children(n)} | {x}
        for node in order:
            if node in self._images:
                continue
            if node.op.name in _SUMS and node not in read and node.dtype in FLOATS:
                self._images[node] = node.op(*(self._images[a] for a in node.args))
            else:
                self._images[node] = self._node(node)
        return self._images[x]

    def product(self, x: Expr) -> Product:
        """Read an image as a product."""
        found = self._products.get(x)
        if found is None:
            value = number_of(x)
            found = Product(1.0, ((x, _1),)) if value is None else Product(value, ())
            self._products[x] = found
        return found

    def _keep(self, p: Product, dtype: str) -> Expr:
        out = build(p, dtype)
        self._products[out] = p
        return out

    def _node(self, node: Expr) -> Expr:
        if not isinstance(node.type, TensorType) or node.dtype not in FLOATS:
            return node
        value = number_of(node)
        if value is not None:
            return scalar(value, node.dtype)
        name = node.op.name
        args = [self._images[a] if isinstance(a, Expr) else a for a in node.args]
        if name in _SUMS:
            return self.sum(node, args)
        if name in _PRODUCTS:
            p = self._as_product(name, args)
            if p is not None:
                return self._spread(p, node.dtype)
        elif name == "sum":
            return self._total(node, args[0])
        elif name == "astype" and node.args[0].op.name in (*_SUMS, "multiply"):
            # Counts below 2^53 are added up exactly as floating-point numbers too.
            inner = node.args[0]
            floats = [self(a.astype(node.dtype)) for a in inner.args]
            if inner.op.name in _SUMS:
                return self.sum(inner.op(*floats), floats)
            return self._keep(self.product(floats[0]).times(self.product(floats[1])), node.dtype)
        elif name in ("broadcast_to", "full"):
            x = args[0] if name == "broadcast_to" else args[1]
            if x.shape == ():
                return x
        return self._rebuild(node, args)

    def _spread(self, p: Product, dtype: str) -> Expr:
        """Write a product; a number times a sum becomes a sum of multiples."""
        if p.number != 1 and len(p.powers) == 1:
            base, power = p.powers[0]
            if power == 1 and base.op.name in _SUMS:
                return self._collect([(base, p.number)], dtype)
        return self._keep(p, dtype)

    def _as_product(self, name: str, args: list[Expr]) -> Product | None:
        first = self.product(args[0])
        if name == "multiply":
            return first.times(self.product(args[1]))
        if name == "negative":
            return first.times(Product(-1.0, ()))
        if name == "divide":
            lower = self.product(args[1]).power(Fraction(-1))
            return None if lower is None else first.times(lower)
        if name == "square":
            return Product(0.0, ()) if first.number == 0 else first.power(Fraction(2))
        if name == "reciprocal":
            return first.power(Fraction(-1))
        if name == "sqrt":
            return first.power(Fraction(1, 2))
        if name == "pow":
            p = number_of(args[1])
            if p is not None and float(Fraction(p).limit_denominator(4)) == p and p:
                return first.power(Fraction(p).limit_denominator(4))
        return None

    def sum(self, node: Expr, args: list[Expr]) -> Expr:
        """Collect a sum: equal products and numbers are added up."""
        return self._collect(list(zip(args, _SUMS[node.op.name], strict=True)), node.dtype)

    def _collect(self, parts: list[tuple[Expr, float]], dtype: str) -> Expr:
        terms: dict[tuple[tuple[Expr, Fraction], ...], list[float]] = {}
        stack = parts[::-1]
        while stack:
            x, factor = stack.pop()
            if x.op.name in _SUMS:
                pairs = zip(x.args, _SUMS[x.op.name], strict=True)
                stack += [(a, factor * s) for a, s in pairs][::-1]
                continue
            p = self.product(x)
            if len(p.powers) == 1 and p.powers[0][1] == 1 and p.powers[0][0].op.name in _SUMS:
                stack.append((p.powers[0][0], factor * p.number))
                continue
            terms.setdefault(p.powers, []).append(factor * p.number)
        # Summed exactly: 0.1 - 1 + 1 is 0.1. The number stands last.
        collected = {powers: _total(n) for powers, n in terms.items()}
        number = collected.pop((), 0.0)
        products = [Product(n, powers) for powers, n in collected.items() if n]
        shared = _shared_divisor(products) if not number else ()
        if shared:
            rest = [p.times(Product(1.0, tuple((b, -q) for b, q in shared))) for p in products]
            if all(p.powers for p in rest) or len(rest) > 1:
                inner = self._collect([(self._keep(p, dtype), 1.0) for p in rest], dtype)
                whole = self.product(inner).times(Product(1.0, shared))
                return self._keep(whole, dtype)
        return self._write_sum(products, number, dtype)

    def _write_sum(self, products: list[Product], number: float, dtype: str) -> Expr:
        if len(products) == 1 and not number:
            return self._keep(products[0], dtype)
        out: Expr | None = None
        for p in sorted(products, key=lambda p: p.number < 0):
            if out is None:
                out = self._keep(p, dtype)
            elif p.number < 0:
                out = out - build(p.times(Product(-1.0, ())), dtype)
            else:
                out = out + build(p, dtype)
        if out is None:
            return scalar(number, dtype)
        if number:
            if number > 0 and all(p.number < 0 for p in products):
                # c - x reads better than -x + c.
                first, *rest = sorted(products, key=lambda p: p.number < 0)
                out = scalar(number, dtype)
                for p in (first, *rest):
                    out = out - build(p.times(Product(-1.0, ())), dtype)
                return out
            size = scalar(abs(number), dtype)
            out = out + size if number > 0 else out - size
        return out

    def _total(self, node: Expr, x: Expr) -> Expr:
        """A sum over axes: numbers come out, repetitions become a factor."""
        inner, axes, keep = node.args
        if not axes:
            return x
        shape = inner.shape
        if x.shape == () and not keep:
            count = math.prod(n for n in (shape[a] for a in axes) if isinstance(n, int))
            if all(isinstance(shape[a], int) for a in axes):
                return self._keep(self.product(x).times(Product(float(count), ())), node.dtype)
        if x.op.name in _SUMS:
            parts = [self._total(node, a) for a in x.args]
            whole = x.op(*(self._widen(p, node.shape) for p in parts))
            return self.sum(whole, parts)
        p = self.product(x)
        if not keep:
            # A scalar factor that multiplies every element stands before the sum.
            scalars = tuple((b, q) for b, q in p.powers if b.shape == ())
            rest = tuple((b, q) for b, q in p.powers if b.shape != ())
            core = build(Product(1.0, rest), node.dtype) if rest else None
            if core is not None and len(core.shape) == len(shape):
                total = r.sum(broadcast_to(core, shape), axes, keep)
                return self._keep(
                    Product(p.number, scalars).times(Product(1.0, ((total, _1),))), node.dtype
                )
        return r.sum(broadcast_to(x, shape), axes, keep)

    def _widen(self, x: Expr, shape: Shape) -> Expr:
        return x

    def _rebuild(self, node: Expr, args: list[Expr]) -> Expr:
        """Another operation: on operands of the shapes that it had."""
        if all(a is b for a, b in zip(args, node.args, strict=True)):
            return fold(node)
        if node.op.elementwise and node.op.name != "astype":
            return fold(node.op(*args))
        whole: list[Any] = list(args)
        for i, b in enumerate(node.args):
            if (
                isinstance(b, Expr)
                and isinstance(b.type, TensorType)
                and not same_shape(args[i].shape, b.shape)
            ):
                whole[i] = broadcast_to(args[i], b.shape)
        return fold(node.op(*whole))


def _total(numbers: list[float]) -> float:
    """Add up exactly; a result that rounding alone keeps from a short number is that number."""
    total = math.fsum(numbers)
    short = float(f"{total:.14g}")
    near = abs(short - total) <= 4 * sys.float_info.epsilon * max(map(abs, numbers))
    return short if near else total


def _shared_divisor(products: list[Product]) -> tuple[tuple[Expr, Fraction], ...]:
    """Powers below one that all terms of a sum have: ``a / v + b / v`` is ``(a + b) / v``."""
    if len(products) < 2:
        return ()
    first = dict(products[0].powers)
    return tuple(
        (b, q)
        for b, q in first.items()
        if q < 0 and all(dict(p.powers).get(b) == q for p in products[1:])
    )


_SUMS: Mapping[str, tuple[float, ...]] = {"add": (1.0, 1.0), "subtract": (1.0, -1.0)}
_PRODUCTS = frozenset({"multiply", "divide", "negative", "square", "reciprocal", "sqrt", "pow"})


def simplify(x: Expr, *, keep_shape: bool = True) -> Expr:
    """Collect products and sums of an expression.

    Parameters
    ----------
    x
        Expression.
    keep_shape
        Whether the result has the same shape, or one that broadcasts to it.

    Examples
    --------
    >>> import astragal as ag
    >>> a, y = ag.input("a"), ag.input("y", 3)
    >>> simplify((a - 1.0) + ag.sum(-y * a) + 1.0)
    a - a * sum(y)
    """
    out = Simplifier()(x)
    return broadcast_to(out, x.shape) if keep_shape and not same_shape(out.shape, x.shape) else out
