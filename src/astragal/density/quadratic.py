"""Quadratic form: a log density as a quadratic function of several vectors at once.

Nodes above the variables are read as affine maps with explicit matrices, and as sums of
products of two such maps. Whatever is read so is a polynomial of degree two, so the
variables are jointly normal given everything else, with the matrix of that polynomial.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from astragal.density.affine import (
    Affine,
    Product,
    Quadratic,
    Slope,
    Total,
    Value,
    add_maps,
    add_to_total,
    add_values,
    fit,
    fold,
    length,
    scale_map,
    scale_quadratic,
    total_of,
)
from astragal.density.forms import ONE, times
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, scalar, value_of
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
            n = length(z)
            matrix = constant(np.eye(n).reshape((*z.shape, n)), z.dtype)
            self._values[z] = Affine(z.shape, None, {z: Slope(ONE, matrix)})

    def read(self, x: Expr) -> Value | None:
        """Give the value of an expression; None where it is not quadratic."""
        new = [node for node in toposort([x]) if node not in self._seen]
        for node in new:
            if any(c in self._above for c in children(node)):
                self._above.add(node)
        above = [node for node in new if node in self._above and node not in self._values]
        rules = [_RULES.get(n.op.name) if isinstance(n.type, TensorType) else None for n in above]
        if None in rules:
            return None  # nor has what reads it a value: no matrix is made for what is below
        self._seen.update(new)
        for node, rule in zip(above, rules, strict=True):
            self._values[node] = None if rule is None else rule(self, node)
        return self.get(x)

    def get(self, x: Expr) -> Value | None:
        """Look a node up."""
        return Affine(x.shape, x) if x not in self._above else self._values.get(x)

    def affine(self, x: Expr) -> Affine | None:
        """Look a node up that must be affine."""
        value = self.get(x)
        return value if isinstance(value, Affine) else None

    def total(self, x: Expr) -> Total | None:
        """Sum an expression up as one quadratic form."""
        value = self.read(x)
        return None if value is None else total_of(value)


Rule = Callable[[Quadratics, Expr], "Value | None"]
_MINUS = scalar(-1.0, "float64")


def _sum_of(sign: Expr) -> Rule:
    def rule(s: Quadratics, node: Expr) -> Value | None:
        a, b = s.get(node.args[0]), s.get(node.args[1])
        if a is None or b is None:
            return None
        b = _scaled(b, sign, b.shape)
        return None if b is None else add_values(node.shape, a, b)

    return rule


def _scaled(v: Value, c: Expr, shape: Shape) -> Value | None:
    return scale_map(v, c, shape) if isinstance(v, Affine) else scale_quadratic(v, c, shape)


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
        return Quadratic((), total=total_of(v))
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
        out.slopes[z] = Slope(s.scale, fold(matrix(fit(s, shape).matrix)))
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
    slopes = {z: fit(t, node.shape) for z, t in v.slopes.items()}
    return Affine(node.shape, v.const, slopes)


def _where(s: Quadratics, node: Expr) -> Value | None:
    test, x, y = node.args
    a, b = s.affine(x), s.affine(y)
    if test in s._above or a is None or b is None:
        return None
    zero = scalar(0.0, node.dtype)
    on = where(test, scalar(1.0, node.dtype), zero)
    off = where(test, zero, scalar(1.0, node.dtype))
    return add_maps(node.shape, scale_map(a, on, node.shape), scale_map(b, off, node.shape))


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
        out.slopes[z] = Slope(t.scale, fold(_of_columns(node, at, fit(t, shape).matrix)))
    return out


def _product(node: Expr, at: int, operand: Expr) -> Expr:
    """A matrix product with another value for one operand."""
    x, y = node.args
    return linalg.matmul(operand, y) if at == 0 else linalg.matmul(x, operand)


def _of_columns(node: Expr, at: int, m: Expr) -> Expr:
    """A matrix product for each of the columns that stand in the last dimension of m."""
    x, y = node.args
    if at == 0:
        if y.ndim == 2:
            return _once(lambda columns: linalg.matmul(permute_dims(y), columns), m)
        if y.ndim > 2:
            y = matrix_transpose(y) if x.ndim == 1 else expand_dims(matrix_transpose(y), -3)
        return linalg.matmul(y, m)
    if y.ndim == 1:
        return linalg.matmul(x, m)
    *lead, c, n = m.shape
    flat = reshape(m, (*lead, c * n))
    product = (
        _once(lambda columns: linalg.matmul(x, columns), flat)
        if x.ndim == 2
        else linalg.matmul(x, flat)
    )
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
        m = fit(t, b.shape).matrix
        # The columns of all right-hand sides stand side by side.
        sides = reshape(m, (*batch, rows, -1))
        solved = (
            _once(lambda x: node.op(a, x, *static), sides)
            if a.ndim == 2
            else node.op(a, sides, *static)
        )
        whole = (*solved.shape[:-2], rows, columns, m.shape[-1])
        out.slopes[z] = fit(Slope(t.scale, fold(reshape(solved, whole))), node.shape)
    return out


def _once(apply: Callable[[Expr], Expr], columns: Expr) -> Expr:
    """Apply a linear map to the columns of matrices: what stands there several times, once."""
    columns = fold(columns)
    whole = fold(apply(columns))
    if is_constant(whole) or not is_constant(columns):
        return whole
    values = np.moveaxis(value_of(columns), -2, 0)
    flat = values.reshape(len(values), -1)
    used = np.flatnonzero(flat.any(0))
    few, which = np.unique(flat[:, used], axis=1, return_inverse=True)
    if 2 * few.shape[1] > flat.shape[1]:
        return whole
    # The first column is zero, as are most of what holds to one of many groups.
    place = np.zeros(flat.shape[1], "int64")
    place[used] = which.ravel() + 1
    image = apply(constant(few, columns.dtype))
    image = concatenate([zeros((image.shape[0], 1), dtype=columns.dtype), image], 1)
    moved = image[:, constant(place.reshape(values.shape[1:]))]
    last = moved.ndim - 1
    return permute_dims(moved, (*range(1, last), 0, last))


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
            blank = zeros((*x.shape, length(z)), dtype=x.dtype)
            rows.append(blank if t is None else times(t.scale, fit(t, x.shape).matrix))
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
    wanted = set(variables)
    out = Total()
    for t in terms:
        part = _of_term(t, wanted)
        if part is None:
            return None
        add_to_total(out, part)
    return out


def _of_term(t: Expr, wanted: set[Expr]) -> Total | None:
    """Read one term, once for each set of variables that are in it."""
    mine = tuple(x for x in toposort([t]) if x in wanted)
    if not mine:
        return Quadratics(()).total(t)
    known = _TOTALS.setdefault(t, {})
    if mine not in known:
        known[mine] = Quadratics(mine).total(t)
    return known[mine]


_TOTALS: weakref.WeakKeyDictionary[Expr, dict[tuple[Expr, ...], Total | None]] = (
    weakref.WeakKeyDictionary()
)
"""Terms that were read: the search meets the same again with more variables, or with others."""
