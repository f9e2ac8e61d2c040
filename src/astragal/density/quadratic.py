"""Quadratic form: a log density as a quadratic function of several vectors at once.

Nodes above the variables are read as affine maps with explicit matrices, and as sums of
products of two such maps. Whatever is read so is a polynomial of degree two, so the
variables are jointly normal given everything else, with the matrix of that polynomial.

The file is long because it is a table: one short rule an operation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from astragal.density.forms import ONE, is_zero, plus, times
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, scalar
from astragal.graph.traverse import children, toposort
from astragal.graph.types import FLOATS, Shape, TensorType
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.creation import zeros
from astragal.ops.manipulation import (
    broadcast_to,
    concatenate,
    expand_dims,
    matrix_transpose,
    permute_dims,
    reshape,
    stack,
)
from astragal.ops.searching import where


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


def _length(z: Expr) -> int:
    return math.prod(int(d) for d in z.shape)


def fold(x: Expr) -> Expr:
    """Compute what depends on nothing, so that no sweep computes it again."""
    if is_constant(x) or any(n.op.name in {"input", "parameter", "key"} for n in toposort([x])):
        return x
    from astragal.compile import evaluate

    return constant(np.asarray(evaluate(x)), x.dtype)


class Quadratics:
    """Reads expressions as quadratic functions of some inputs.

    Parameters
    ----------
    variables
        Floating-point inputs of static shape.
    """

    def __init__(self, variables: Sequence[Expr]) -> None:
        self.variables = tuple(variables)
        self._values: dict[Expr, Value | None] = {}
        self._above: set[Expr] = set(variables)
        self._seen: set[Expr] = set()
        for z in variables:
            n = _length(z)
            matrix = constant(np.eye(n).reshape((*z.shape, n)), z.dtype)
            self._values[z] = Affine(z.shape, None, {z: Slope(ONE, matrix)})

    def read(self, x: Expr) -> Value | None:
        """Give the value of an expression; None where it is not quadratic."""
        for node in toposort([x]):
            if node in self._seen:
                continue
            self._seen.add(node)
            if any(c in self._above for c in children(node)):
                self._above.add(node)
            if node in self._above and node not in self._values:
                rule = _RULES.get(node.op.name)
                known = rule is not None and isinstance(node.type, TensorType)
                self._values[node] = rule(self, node) if rule and known else None
        return self.get(x)

    def get(self, x: Expr) -> Value | None:
        """Look a node up."""
        return Affine(x.shape, x) if x not in self._above else self._values[x]

    def affine(self, x: Expr) -> Affine | None:
        """Look a node up that must be affine."""
        value = self.get(x)
        return value if isinstance(value, Affine) else None

    def total(self, x: Expr) -> Total | None:
        """Sum an expression up as one quadratic form."""
        value = self.read(x)
        return None if value is None else _total(value)


# -- arithmetic ----------------------------------------------------------------------------


def _fit(slope: Slope, shape: Shape) -> Slope:
    wanted = (*shape, slope.matrix.shape[-1])
    if slope.matrix.shape == wanted:
        return slope
    return Slope(slope.scale, broadcast_to(slope.matrix, wanted))


def _merge(a: Slope, b: Slope) -> Slope:
    if a.scale is b.scale:
        return Slope(a.scale, fold(a.matrix + b.matrix))
    return Slope(ONE, times(a.scale, a.matrix) + times(b.scale, b.matrix))


def _add(shape: Shape, *parts: Affine) -> Affine:
    out = Affine(shape)
    for p in parts:
        out.const = plus(out.const, p.const)
        for z, s in p.slopes.items():
            new = _fit(s, shape)
            out.slopes[z] = _merge(out.slopes[z], new) if z in out.slopes else new
    return out


def _scale(a: Affine, c: Expr, shape: Shape) -> Affine:
    out = Affine(shape, None if a.const is None else times(a.const, c))
    for z, s in a.slopes.items():
        if c.shape == ():
            new = Slope(times(s.scale, c), s.matrix)
        else:
            new = Slope(s.scale, fold(s.matrix * c[..., None]))
        out.slopes[z] = _fit(new, shape)
    return out


def _scale_quadratic(q: Quadratic, c: Expr, shape: Shape) -> Quadratic | None:
    if q.total is not None and (c.shape != () or shape != ()):
        return None
    products = [p.scaled(c, q.shape, shape) for p in q.products]
    if any(p is None for p in products):
        return None
    return Quadratic(
        shape,
        [p for p in products if p is not None],
        None if q.affine is None else _scale(q.affine, c, shape),
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


def _add_values(shape: Shape, a: Value, b: Value) -> Value | None:
    if isinstance(a, Affine) and isinstance(b, Affine):
        return _add(shape, a, b)
    p, q = _widened(_quadratic(a), shape), _widened(_quadratic(b), shape)
    if p is None or q is None:
        return None
    if shape != () and (p.total is not None or q.total is not None):
        return None
    affine = [x.affine for x in (p, q) if x.affine is not None]
    total = p.total if q.total is None else q.total
    if p.total is not None and q.total is not None:
        total = _add_totals(p.total, q.total)
    return Quadratic(
        shape, [*p.products, *q.products], _add(shape, *affine) if affine else None, total
    )


def _widened(q: Quadratic, shape: Shape) -> Quadratic | None:
    return q if q.shape == shape else _scale_quadratic(q, ONE, shape)


def _add_totals(a: Total, b: Total) -> Total:
    out = Total(dict(a.blocks), dict(a.linear), plus(a.const, b.const))
    for k, v in b.blocks.items():
        out.blocks[k] = out.blocks[k] + v if k in out.blocks else v
    for z, v in b.linear.items():
        out.linear[z] = out.linear[z] + v if z in out.linear else v
    return out


def _flat(x: Expr, shape: Shape) -> Expr:
    return reshape(broadcast_to(x, shape), (-1,))


def _rows(s: Slope, shape: Shape) -> Expr:
    return reshape(_fit(s, shape).matrix, (-1, s.matrix.shape[-1]))


def _total(v: Value) -> Total:
    q = _quadratic(v)
    out = Total() if q.total is None else q.total
    for p in q.products:
        out = _add_totals(out, _product_total(p.c, p.f, p.g, p.shape))
    if q.affine is not None:
        a = q.affine
        part = Total(const=None if a.const is None else r.sum(broadcast_to(a.const, q.shape)))
        for z, s in a.slopes.items():
            part.linear[z] = times(s.scale, fold(r.sum(_rows(s, q.shape), 0)))
        out = _add_totals(out, part)
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


# -- rules ---------------------------------------------------------------------------------

Rule = Callable[[Quadratics, Expr], "Value | None"]
_MINUS = scalar(-1.0, "float64")


def _sum_of(sign: Expr) -> Rule:
    def rule(s: Quadratics, node: Expr) -> Value | None:
        a, b = s.get(node.args[0]), s.get(node.args[1])
        if a is None or b is None:
            return None
        b = _scaled(b, sign, b.shape)
        return None if b is None else _add_values(node.shape, a, b)

    return rule


def _scaled(v: Value, c: Expr, shape: Shape) -> Value | None:
    return _scale(v, c, shape) if isinstance(v, Affine) else _scale_quadratic(v, c, shape)


def _multiply(s: Quadratics, node: Expr) -> Value | None:
    x, y = node.args
    for a, b in ((x, y), (y, x)):
        if b not in s._above:
            v = s.get(a)
            return None if v is None else _scaled(v, b, node.shape)
    f, g = s.affine(x), s.affine(y)
    return (
        None if f is None or g is None else Quadratic(node.shape, [Product(ONE, f, g, node.shape)])
    )


def _divide(s: Quadratics, node: Expr) -> Value | None:
    x, y = node.args
    v = s.get(x)
    return None if y in s._above or v is None else _scaled(v, e.divide(1.0, y), node.shape)


def _square(s: Quadratics, node: Expr) -> Value | None:
    f = s.affine(node.args[0])
    return None if f is None else Quadratic(node.shape, [Product(ONE, f, f, node.shape)])


def _pow(s: Quadratics, node: Expr) -> Value | None:
    p = node.args[1]
    if not is_constant(p) or p.shape != () or float(p.args[0].value) != 2.0:
        return None
    return _square(s, node)


def _times(number: float) -> Rule:
    def rule(s: Quadratics, node: Expr) -> Value | None:
        v = s.get(node.args[0])
        return None if v is None else _scaled(v, scalar(number, node.dtype), node.shape)

    return rule


def _sum_rule(s: Quadratics, node: Expr) -> Value | None:
    x, axes, keep = node.args
    v = s.get(x)
    if isinstance(v, Affine):
        return _image(node, v, lambda m: r.sum(m, axes, keep), x.shape)
    if isinstance(v, Quadratic) and node.shape == ():
        return Quadratic((), total=_total(v))
    if isinstance(v, Quadratic) and v.total is None and not keep:
        if any(p.axes for p in v.products):
            return None
        products = [Product(p.c, p.f, p.g, p.shape, axes) for p in v.products]
        inner = v.affine
        affine = None
        if inner is not None:
            affine = _image(node, inner, lambda m: r.sum(m, axes, keep), x.shape)
        return Quadratic(node.shape, products, affine)
    return None


def _cumulative(s: Quadratics, node: Expr) -> Value | None:
    x, *static = node.args
    v = s.affine(x)
    return None if v is None else _image(node, v, lambda m: node.op(m, *static), x.shape)


def _image(node: Expr, v: Affine, matrix: Callable[[Expr], Expr], shape: Shape) -> Affine:
    """A linear operation: on the constant as it is, on matrices as given."""
    out = Affine(node.shape)
    if v.const is not None:
        out.const = node.op(broadcast_to(v.const, shape), *node.args[1:])
    for z, s in v.slopes.items():
        out.slopes[z] = Slope(s.scale, fold(matrix(_fit(s, shape).matrix)))
    return out


def _index(s: Quadratics, node: Expr) -> Value | None:
    x, spec, *operands = node.args
    v = s.affine(x)
    if v is None or any(o in s._above for o in operands):
        return None
    whole = (*spec, ("slice", None, None, 1))
    return _image(node, v, lambda m: node.op(m, whole, *operands), x.shape)


def _reshape(s: Quadratics, node: Expr) -> Value | None:
    v = s.affine(node.args[0])
    if v is None:
        return None
    return _image(node, v, lambda m: reshape(m, (*node.shape, m.shape[-1])), node.args[0].shape)


def _permute(s: Quadratics, node: Expr) -> Value | None:
    x, axes = node.args
    v = s.affine(x)
    if v is None:
        return None
    return _image(node, v, lambda m: permute_dims(m, (*axes, len(axes))), x.shape)


def _broadcast(s: Quadratics, node: Expr) -> Value | None:
    v = s.affine(node.args[0])
    if v is None:
        return None
    slopes = {z: _fit(t, node.shape) for z, t in v.slopes.items()}
    return Affine(node.shape, v.const, slopes)


def _where(s: Quadratics, node: Expr) -> Value | None:
    test, x, y = node.args
    a, b = s.affine(x), s.affine(y)
    if test in s._above or a is None or b is None:
        return None
    zero = scalar(0.0, node.dtype)
    on = where(test, scalar(1.0, node.dtype), zero)
    off = where(test, zero, scalar(1.0, node.dtype))
    return _add(node.shape, _scale(a, on, node.shape), _scale(b, off, node.shape))


def _matmul(s: Quadratics, node: Expr) -> Value | None:
    x, y = node.args
    if x in s._above and y in s._above:
        return s.read(r.sum(x * y)) if x.ndim == y.ndim == 1 else None
    at = 0 if x in s._above else 1
    v = s.affine(node.args[at])
    if v is None:
        return None
    shape = node.args[at].shape
    out = Affine(node.shape)
    if v.const is not None:
        out.const = _product(node, at, broadcast_to(v.const, shape))
    for z, t in v.slopes.items():
        out.slopes[z] = Slope(t.scale, fold(_of_columns(node, at, _fit(t, shape).matrix)))
    return out


def _product(node: Expr, at: int, operand: Expr) -> Expr:
    """A matrix product with another value for one operand."""
    x, y = node.args
    return linalg.matmul(operand, y) if at == 0 else linalg.matmul(x, operand)


def _of_columns(node: Expr, at: int, m: Expr) -> Expr:
    """A matrix product for each of the columns that stand in the last dimension of m."""
    x, y = node.args
    if at == 0:
        if y.ndim > 1:
            y = matrix_transpose(y) if x.ndim == 1 else expand_dims(matrix_transpose(y), -3)
        return linalg.matmul(y, m)
    if y.ndim == 1:
        return linalg.matmul(x, m)
    *lead, c, n = m.shape
    product = linalg.matmul(x, reshape(m, (*lead, c * n)))
    return reshape(product, (*product.shape[:-1], c, n))


def _solve(s: Quadratics, node: Expr) -> Value | None:
    a, b, *static = node.args
    v = s.affine(b)
    if a in s._above or v is None:
        return None
    *batch, rows, columns = b.shape
    out = Affine(node.shape)
    if v.const is not None:
        out.const = node.op(a, broadcast_to(v.const, b.shape), *static)
    for z, t in v.slopes.items():
        m = _fit(t, b.shape).matrix
        # The columns of all right-hand sides stand side by side.
        solved = node.op(a, reshape(m, (*batch, rows, -1)), *static)
        whole = (*solved.shape[:-2], rows, columns, m.shape[-1])
        out.slopes[z] = _fit(Slope(t.scale, fold(reshape(solved, whole))), node.shape)
    return out


def _join(s: Quadratics, node: Expr) -> Value | None:
    axis, *xs = node.args
    parts = [s.affine(x) for x in xs]
    if any(p is None for p in parts):
        return None
    joint = stack if node.op.name == "stack" else concatenate
    known = [p for p in parts if p is not None]
    out = Affine(node.shape)
    if any(p.const is not None for p in known):
        out.const = joint(
            [
                zeros(x.shape, dtype=x.dtype) if p.const is None else broadcast_to(p.const, x.shape)
                for x, p in zip(xs, known, strict=True)
            ],
            axis,
        )
    for z in dict.fromkeys(z for p in known for z in p.slopes):
        rows = []
        for x, p in zip(xs, known, strict=True):
            t = p.slopes.get(z)
            blank = zeros((*x.shape, _length(z)), dtype=x.dtype)
            rows.append(blank if t is None else times(t.scale, _fit(t, x.shape).matrix))
        out.slopes[z] = Slope(ONE, fold(joint(rows, axis)))
    return out


# fmt: off
_RULES: dict[str, Rule] = {
    "add":              _sum_of(ONE),
    "subtract":         _sum_of(_MINUS),
    "multiply":         _multiply,
    "divide":           _divide,
    "negative":         _times(-1.0),
    "positive":         _times(1.0),
    "square":           _square,
    "pow":              _pow,
    "sum":              _sum_rule,
    "cumulative_sum":   _cumulative,
    "index":            _index,
    "reshape":          _reshape,
    "permute_dims":     _permute,
    "broadcast_to":     _broadcast,
    "where":            _where,
    "matmul":           _matmul,
    "solve":            _solve,
    "solve_triangular": _solve,
    "stack":            _join,
    "concatenate":      _join,
}
# fmt: on


def quadratic_form(variables: Sequence[Expr], terms: Iterable[Expr]) -> Total | None:
    """Write a log density as one quadratic form.

    Parameters
    ----------
    variables
        Inputs of static shapes.
    terms
        Its (elementwise) terms that depend on them.

    Returns
    -------
    Total or None
        None where it is not quadratic, or a dimension is not static.
    """
    for z in variables:
        if not isinstance(z.type, TensorType) or z.dtype not in FLOATS:
            return None
        if not all(isinstance(d, int) for d in z.shape):
            return None
    reader = Quadratics(variables)
    out = Total()
    for t in terms:
        part = reader.total(t)
        if part is None:
            return None
        out = _add_totals(out, part)
    return out
