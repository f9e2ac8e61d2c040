"""Solving ``expression = value`` for one random variable, with the log Jacobian.

A path of invertible operations from the expression down to the variable is undone, one
operation at a time. Where the variable is reached twice but affinely (``x + x``), the two
coefficients are read off by substitution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.traverse import depends_on, substitute
from astragal.graph.types import FLOATS, TensorType, same_shape
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import ones_like, zeros_like
from astragal.ops.manipulation import concatenate, permute_dims, reshape
from astragal.ops.searching import where

Undo = Callable[[Expr, Expr], "tuple[Expr, Expr]"]
"""From (node, its value) to (the operand's value, log |d operand / d node|), elementwise."""


def _logistic(node: Expr, v: Expr) -> tuple[Expr, Expr]:
    return sp.logit(v), -e.log(v) - e.log1p(-v)


# fmt: off
UNARY: dict[str, Undo] = {
    "negative":   lambda n, v: (-v, zeros_like(v)),
    "positive":   lambda n, v: (v, zeros_like(v)),
    "exp":        lambda n, v: (e.log(v), -e.log(v)),
    "expm1":      lambda n, v: (e.log1p(v), -e.log1p(v)),
    "log":        lambda n, v: (e.exp(v), v),
    "log1p":      lambda n, v: (e.expm1(v), v),
    "reciprocal": lambda n, v: (e.divide(1.0, v), -2.0 * e.log(e.abs(v))),
    "sqrt":       lambda n, v: (e.square(v), e.log(2.0 * v)),
    "sinh":       lambda n, v: (e.asinh(v), -0.5 * e.log1p(e.square(v))),
    "asinh":      lambda n, v: (e.sinh(v), e.log(e.cosh(v))),
    "tanh":       lambda n, v: (e.atanh(v), -e.log1p(-e.square(v))),
    "atanh":      lambda n, v: (e.tanh(v), e.log1p(-e.square(e.tanh(v)))),
    "expit":      _logistic,
    "logit":      lambda n, v: (sp.expit(v), -e.logaddexp(0.0, v) - e.logaddexp(0.0, -v)),
    "ndtr":       lambda n, v: (sp.ndtri(v), 0.5 * e.square(sp.ndtri(v)) + sp.HALF_LOG_2PI),
    "ndtri":      lambda n, v: (sp.ndtr(v), -0.5 * e.square(v) - sp.HALF_LOG_2PI),
}
# fmt: on


def undo_binary(node: Expr, at: int, v: Expr) -> tuple[Expr, Expr] | None:
    """Undo an operation of two operands; None where it is not invertible in this one."""
    if len(node.args) != 2:
        return None
    other = node.args[1 - at]
    name = node.op.name
    if name == "add":
        return v - other, zeros_like(v)
    if name == "subtract":
        return (v + other if at == 0 else other - v), zeros_like(v)
    if name == "multiply":
        return v / other, _log_abs_inverse(other, v)
    if name == "divide":
        if at == 0:
            return v * other, -_log_abs_inverse(other, v)
        return other / v, e.log(e.abs(other)) - 2.0 * e.log(e.abs(v))
    if name == "logaddexp":
        # v = log(e^x + e^o): x = v + log(1 - e^(o - v)), and dx/dv = 1 / (1 - e^(o - v)).
        gap = e.log(-e.expm1(other - v))
        return v + gap, -gap
    if name == "pow" and at == 0 and is_constant(other):
        p = value_of(other)
        if p.shape == () and p % 2 == 1:
            # Odd powers keep the sign, and so do their roots.
            root = e.sign(v) * e.pow(e.abs(v), 1.0 / float(p))
            return root, (1.0 / float(p) - 1.0) * e.log(e.abs(v)) - e.log(float(p) + 0.0 * v)
    return None


def _log_abs_inverse(x: Expr, like: Expr) -> Expr:
    """-log|x|, in the shape of another."""
    return -e.log(e.abs(x)) + zeros_like(like)


def invert(expr: Expr, value: Expr, rv: Expr) -> tuple[Expr, Expr] | None:
    """Solve ``expr = value`` for a random variable inside it.

    Parameters
    ----------
    expr
        An expression that depends on the variable.
    value
        Its value, of the same type.
    rv
        What to solve for: a node below the expression.

    Returns
    -------
    (value of the variable, log |d variable / d value|), or None
        The Jacobian's term is elementwise, in the shape of the variable, or a scalar; None
        where the path is not invertible.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x"), ag.input("y")
    >>> invert(3.0 + ag.exp(x), y, x)[0]
    log(y - 3.0)
    """
    if not isinstance(rv.type, TensorType) or rv.dtype not in FLOATS:
        # A discrete variable can be moved about, but the sum over its values is another matter.
        return _relocate(expr, value, rv)
    above = depends_on([expr], [rv])
    now = _Path(expr, value, zeros_like(value))
    while now.node is not rv:
        places = [i for i, a in enumerate(now.node.args) if isinstance(a, Expr) and a in above]
        if not (_undone(now, places[0]) if len(places) == 1 else _several(now, rv)):
            return None
    if not now.tied:
        return now.value, now.jacobian
    total = r.sum(now.jacobian)
    for t in now.tied:
        total = total + t
    return now.value, total


@dataclass
class _Path:
    """How far a path has been undone.

    Attributes
    ----------
    node, value, jacobian
        Where it is, the value there, and the elementwise terms so far.
    tied
        Terms of operations that tie elements together, and of the elements before these.
    """

    node: Expr
    value: Expr
    jacobian: Expr
    tied: list[Expr] = field(default_factory=list)


def _undone(now: _Path, at: int) -> bool:
    """Undo one operation, in one of its operands."""
    node, v = now.node, now.value
    x, name = node.args[at], node.op.name
    if name == "broadcast_to" or (node.op.elementwise and not same_shape(x.shape, node.shape)):
        return False  # one value of the variable cannot have several
    if name in MOVES and at == 0:
        moved, jacobian = MOVES[name](node, v), MOVES[name](node, now.jacobian)
        if moved is None or jacobian is None:
            return False
        now.value, now.jacobian = moved, jacobian
    elif name in TIES:
        pair = TIES[name](node, at, v)
        if pair is None:
            return False
        now.value, step = pair
        # The terms so far belong to the elements before.
        now.tied += [step, r.sum(now.jacobian)]
        now.jacobian = zeros_like(now.value)
    elif name == "astype" and x.dtype in FLOATS and node.dtype in FLOATS:
        now.value, now.jacobian = v.astype(x.dtype), now.jacobian.astype(x.dtype)
    else:
        pair = UNARY[name](node, v) if name in UNARY else undo_binary(node, at, v)
        if pair is None:
            return False
        now.value, now.jacobian = pair[0], now.jacobian + pair[1]
    now.node = x
    return True


def _several(now: _Path, rv: Expr) -> bool:
    """Undo what reads the variable in several operands, or none."""
    found = _square_of(now.node, now.value) or _affine(now.node, now.value, rv)
    if found is None:
        return False
    now.value, step, now.node = found
    if step.shape == ():
        now.tied.append(step)
    else:
        now.jacobian = now.jacobian + step
    return True


# -- operations that move elements about ---------------------------------------------------


def _unmove_reshape(node: Expr, v: Expr) -> Expr | None:
    return reshape(v, node.args[0].shape)


def _unmove_permute(node: Expr, v: Expr) -> Expr | None:
    order = node.args[1]
    return permute_dims(v, tuple(order.index(i) for i in range(len(order))))


def _unmove_index(node: Expr, v: Expr) -> Expr | None:
    """Undo an index that takes every element once: a flip, a permutation, a new axis."""
    x, spec, *operands = node.args
    static = all(isinstance(d, int) for d in x.shape) and all(map(is_constant, operands))
    if not static:
        return None
    places = np.arange(int(np.prod(x.shape, dtype=np.int64))).reshape(x.shape)
    given = iter(operands)
    taken: list[Any] = []
    for item in spec:
        if item[0] == "new":
            taken.append(None)
        elif item[0] == "int":
            taken.append(item[1])
        elif item[0] == "expr":
            taken.append(value_of(next(given)))
        elif "expr" in item[1:3]:
            return None
        else:
            taken.append(slice(*item[1:]))
    picked = places[tuple(taken)]
    if picked.size != places.size or len(set(picked.ravel().tolist())) < places.size:
        return None
    order = np.argsort(picked.ravel())
    flat = reshape(v, (-1,))
    return reshape(flat if (order == np.arange(order.size)).all() else flat[order], x.shape)


# fmt: off
MOVES: dict[str, Callable[[Expr, Expr], Expr | None]] = {
    "reshape":      _unmove_reshape,
    "permute_dims": _unmove_permute,
    "index":        _unmove_index,
}
# fmt: on


# -- operations that tie elements together: a value and a scalar log Jacobian --------------


def _uncumulate(node: Expr, at: int, v: Expr) -> tuple[Expr, Expr] | None:
    axis = node.args[1]
    lead = (slice(None),) * axis
    steps = v[(*lead, slice(1, None))] - v[(*lead, slice(None, -1))]
    return concatenate([v[(*lead, slice(0, 1))], steps], axis), scalar(0.0, "float64")


def _unmultiply(node: Expr, at: int, v: Expr) -> tuple[Expr, Expr] | None:
    """``A @ x`` and ``x @ A`` for a square matrix A and a vector x."""
    a, x = node.args[1 - at], node.args[at]
    if x.ndim != 1 or a.ndim != 2 or a.shape[0] != a.shape[1]:
        return None
    matrix = a if at == 1 else permute_dims(a)
    return linalg.solve(matrix, v), -linalg.slogdet(matrix)[1]


def _unsolve(node: Expr, at: int, v: Expr) -> tuple[Expr, Expr] | None:
    """``A^-1 b``, by columns of b, for a matrix A or one of its triangles."""
    a, b, *static = node.args
    n, columns = b.shape[-2:]
    if at != 1 or a.ndim != 2 or b.ndim != 2:
        return None
    if not isinstance(n, int) or not isinstance(columns, int):
        return None
    if static:
        lower, unit = static
        if unit:
            return None
        shape = np.ones((n, n), dtype=bool)
        a = where(constant(np.tril(shape) if lower else np.triu(shape)), a, 0.0)
        slope = r.sum(e.log(e.abs(linalg.diagonal(a))))
    else:
        slope = linalg.slogdet(a)[1]
    return linalg.matmul(a, v), columns * slope


def _uncholesky(node: Expr, at: int, v: Expr) -> tuple[Expr, Expr] | None:
    """A lower factor L of X = L L': |d X / d L| is 2^n prod L_ii^(n - i) (Muirhead 1982)."""
    n = node.shape[-1]
    if node.ndim != 2 or not isinstance(n, int) or any(node.args[1:]):
        return None
    powers = np.arange(n, 0.0, -1.0)
    slope = r.sum(powers * e.log(linalg.diagonal(v))) + n * math.log(2.0)
    return linalg.matmul(v, permute_dims(v)), slope


# fmt: off
TIES: dict[str, Callable[[Expr, int, Expr], tuple[Expr, Expr] | None]] = {
    "cumulative_sum": _uncumulate,
    "matmul":         _unmultiply,
    "solve":          _unsolve,
    "solve_triangular": _unsolve,
    "cholesky":       _uncholesky,
}
# fmt: on


def _square_of(node: Expr, v: Expr) -> tuple[Expr, Expr, Expr] | None:
    """``L @ L.T`` for L the Cholesky factor of a variable: the variable itself."""
    if node.op.name != "matmul" or node.ndim != 2:
        return None
    left, right = node.args
    turned = right.op.name == "permute_dims" and right.args[0] is left
    if left.op.name != "cholesky" or not turned or any(left.args[1:]):
        return None
    return v, zeros_like(v), left.args[0]


_AFFINE = frozenset({"add", "subtract", "negative", "positive", "multiply", "divide"})


def _affine(expr: Expr, value: Expr, rv: Expr) -> tuple[Expr, Expr, Expr] | None:
    """Solve an elementwise affine function of a variable that occurs more than once."""
    if not same_shape(expr.shape, rv.shape):
        return None
    above = depends_on([expr], [rv])
    for node in above:
        if node is rv:
            continue
        if node.op.name not in _AFFINE or not same_shape(node.shape, rv.shape):
            return None
        inside = [isinstance(a, Expr) and a in above for a in node.args]
        if node.op.name == "multiply" and all(inside):
            return None
        if node.op.name == "divide" and inside[1]:
            return None
    (at_zero,) = substitute([expr], {rv: zeros_like(rv)})
    (at_one,) = substitute([expr], {rv: ones_like(rv)})
    slope = at_one - at_zero
    return (value - at_zero) / slope, -e.log(e.abs(slope)) + zeros_like(rv), rv


def _relocate(expr: Expr, value: Expr, rv: Expr) -> tuple[Expr, Expr] | None:
    """Solve for a discrete variable: through sums with integers only, and no Jacobian."""
    above = depends_on([expr], [rv])
    node, v = expr, value
    while node is not rv:
        places = [i for i, a in enumerate(node.args) if isinstance(a, Expr) and a in above]
        if len(places) != 1:
            return None
        at = places[0]
        x, name = node.args[at], node.op.name
        if name in MOVES and at == 0:
            moved = MOVES[name](node, v)
            if moved is None:
                return None
            node, v = x, moved
            continue
        if x.dtype != node.dtype or not same_shape(x.shape, node.shape):
            return None
        if name == "add":
            v = v - node.args[1 - at]
        elif name == "subtract":
            v = v + node.args[1] if at == 0 else node.args[0] - v
        elif name == "negative":
            v = -v
        else:
            return None
        node = x
    return v, zeros_like(v, dtype="float64")
