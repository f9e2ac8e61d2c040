"""Affine maps of several vectors, with explicit matrices, and sums of products of two.

`astragal.density.quadratic` reads log densities as such.
"""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass, field

import numpy as np

from astragal.density.forms import ONE, is_zero, plus, times
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant
from astragal.graph.traverse import toposort
from astragal.graph.types import Shape
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.manipulation import broadcast_to, permute_dims, reshape


@dataclass
class Slope:
    """A scalar factor times a matrix of shape (*shape of the node, length of the variable)."""

    scale: Expr
    matrix: Expr


@dataclass
class Affine:
    """``const + sum over variables of slope @ variable``."""

    shape: Shape
    const: Expr | None = None
    slopes: dict[Expr, Slope] = field(default_factory=dict)


@dataclass
class Total:
    """``x' Q x + b' x + const``, by blocks, where each Q counts one order of a pair."""

    blocks: dict[tuple[Expr, Expr], Expr] = field(default_factory=dict)
    linear: dict[Expr, Expr] = field(default_factory=dict)
    const: Expr | None = None


@dataclass
class Product:
    """``c f g``; where it was summed over axes, ``axes`` are theirs in the shape of f."""

    c: Expr
    f: Affine
    g: Affine
    shape: Shape
    axes: tuple[int, ...] = ()

    def scaled(self, c: Expr, outer: Shape, shape: Shape) -> Product | None:
        """Multiply by what has the shape after summing; None where that repeats the sum."""
        if not self.axes:
            return Product(times(self.c, c), self.f, self.g, shape)
        if shape != outer:
            return None
        if c.shape != ():
            whole = broadcast_to(c, outer)
            keep = [i not in self.axes for i in range(len(self.shape))]
            c = whole[tuple(slice(None) if k else None for k in keep)]
        return Product(times(self.c, c), self.f, self.g, self.shape, self.axes)


@dataclass
class Quadratic:
    """Sums of products of affine maps, and what has been summed up already."""

    shape: Shape
    products: list[Product] = field(default_factory=list)
    affine: Affine | None = None
    total: Total | None = None


Value = Affine | Quadratic


def length(z: Expr) -> int:
    """Count the elements of a variable."""
    return math.prod(int(d) for d in z.shape)


def fold(x: Expr) -> Expr:
    """Compute what depends on nothing, so that no sweep computes it again."""
    if is_constant(x) or any(n.op.name in {"input", "parameter", "key"} for n in toposort([x])):
        return x
    from astragal.compile import evaluate

    known = _FOLDED.get(x)
    if known is None:
        known = _FOLDED[x] = constant(np.asarray(evaluate(x)), x.dtype)
    return known


_FOLDED: weakref.WeakValueDictionary[Expr, Expr] = weakref.WeakValueDictionary()
"""Constants that were computed, while anything reads them: the same rows are picked again."""


def fit(slope: Slope, shape: Shape) -> Slope:
    """Repeat a slope's matrix to the shape of a node."""
    wanted = (*shape, slope.matrix.shape[-1])
    if slope.matrix.shape == wanted:
        return slope
    return Slope(slope.scale, broadcast_to(slope.matrix, wanted))


def _merge(a: Slope, b: Slope) -> Slope:
    if a.scale is b.scale:
        return Slope(a.scale, fold(a.matrix + b.matrix))
    return Slope(ONE, times(a.scale, a.matrix) + times(b.scale, b.matrix))


def add_maps(shape: Shape, *parts: Affine) -> Affine:
    """Add affine maps."""
    out = Affine(shape)
    for p in parts:
        out.const = plus(out.const, p.const)
        for z, s in p.slopes.items():
            new = fit(s, shape)
            out.slopes[z] = _merge(out.slopes[z], new) if z in out.slopes else new
    return out


def scale_map(a: Affine, c: Expr, shape: Shape) -> Affine:
    """Multiply an affine map by what is free of the variables."""
    out = Affine(shape, None if a.const is None else times(a.const, c))
    for z, s in a.slopes.items():
        if c.shape == ():
            new = Slope(times(s.scale, c), s.matrix)
        else:
            new = Slope(s.scale, fold(s.matrix * c[..., None]))
        out.slopes[z] = fit(new, shape)
    return out


def scale_quadratic(q: Quadratic, c: Expr, shape: Shape) -> Quadratic | None:
    """Multiply by what is free of the variables; None where a sum would be repeated."""
    if q.total is not None and (c.shape != () or shape != ()):
        return None
    products = [p.scaled(c, q.shape, shape) for p in q.products]
    if any(p is None for p in products):
        return None
    return Quadratic(
        shape,
        [p for p in products if p is not None],
        None if q.affine is None else scale_map(q.affine, c, shape),
        None if q.total is None else _scale_total(q.total, c),
    )


def _scale_total(t: Total, c: Expr) -> Total:
    return Total(
        {k: times(c, v) for k, v in t.blocks.items()},
        {k: times(c, v) for k, v in t.linear.items()},
        None if t.const is None else times(t.const, c),
    )


def _quadratic(v: Value) -> Quadratic:
    return v if isinstance(v, Quadratic) else Quadratic(v.shape, [], v)


def add_values(shape: Shape, a: Value, b: Value) -> Value | None:
    """Add two values; None where a sum would be repeated."""
    if isinstance(a, Affine) and isinstance(b, Affine):
        return add_maps(shape, a, b)
    p, q = _widened(_quadratic(a), shape), _widened(_quadratic(b), shape)
    if p is None or q is None:
        return None
    if shape != () and (p.total is not None or q.total is not None):
        return None
    affine = [x.affine for x in (p, q) if x.affine is not None]
    total = p.total if q.total is None else q.total
    if p.total is not None and q.total is not None:
        total = add_totals(p.total, q.total)
    return Quadratic(
        shape, [*p.products, *q.products], add_maps(shape, *affine) if affine else None, total
    )


def _widened(q: Quadratic, shape: Shape) -> Quadratic | None:
    return q if q.shape == shape else scale_quadratic(q, ONE, shape)


def add_totals(a: Total, b: Total) -> Total:
    """Add two quadratic forms."""
    out = Total(dict(a.blocks), dict(a.linear), a.const)
    add_to_total(out, b)
    return out


def add_to_total(out: Total, b: Total) -> None:
    """Add a quadratic form to one, in place."""
    for k, v in b.blocks.items():
        out.blocks[k] = out.blocks[k] + v if k in out.blocks else v
    for z, v in b.linear.items():
        out.linear[z] = out.linear[z] + v if z in out.linear else v
    out.const = plus(out.const, b.const)


def _flat(x: Expr, shape: Shape) -> Expr:
    return reshape(broadcast_to(x, shape), (-1,))


def _rows(s: Slope, shape: Shape) -> Expr:
    # Of a variable of size 0 the number of rows does not follow from that of the elements.
    known = all(isinstance(d, int) for d in shape)
    rows = math.prod(d for d in shape if isinstance(d, int)) if known else -1
    return reshape(fit(s, shape).matrix, (rows, s.matrix.shape[-1]))


def total_of(v: Value) -> Total:
    """Sum all elements up as one quadratic form."""
    q = _quadratic(v)
    out = Total() if q.total is None else q.total
    for p in q.products:
        out = add_totals(out, _product_total(p.c, p.f, p.g, p.shape))
    if q.affine is not None:
        a = q.affine
        part = Total(const=None if a.const is None else r.sum(broadcast_to(a.const, q.shape)))
        for z, s in a.slopes.items():
            part.linear[z] = times(s.scale, fold(r.sum(_rows(s, q.shape), 0)))
        out = add_totals(out, part)
    return out


def _product_total(c: Expr, f: Affine, g: Affine, shape: Shape) -> Total:
    """Sum ``c f g`` over all elements."""
    out = Total()
    scalar_c = c.shape == ()
    weight = None if scalar_c else _flat(c, shape)

    def weighted(rows: Expr) -> Expr:
        return rows if weight is None else rows * weight[:, None]

    def outside(x: Expr) -> Expr:
        return times(c, x) if scalar_c else x

    for z, s in f.slopes.items():
        for w, t in g.slopes.items():
            gram = fold(linalg.matmul(permute_dims(_rows(s, shape)), weighted(_rows(t, shape))))
            block = outside(times(times(s.scale, t.scale), gram))
            out.blocks[z, w] = out.blocks[z, w] + block if (z, w) in out.blocks else block
    for a, b in ((f, g), (g, f)):
        if b.const is None or is_zero(b.const):
            continue
        other = _flat(b.const, shape)
        for z, s in a.slopes.items():
            part = outside(times(s.scale, linalg.matmul(other, weighted(_rows(s, shape)))))
            out.linear[z] = out.linear[z] + part if z in out.linear else part
    if f.const is not None and g.const is not None:
        out.const = r.sum(broadcast_to(times(times(c, f.const), g.const), shape))
    return out
