"""Solving ``expression = value`` for one random variable, with the log Jacobian.

A path of invertible operations from the expression down to the variable is undone, one
operation at a time. Where the variable is reached twice but affinely (``x + x``), the two
coefficients are read off by substitution.
"""

from __future__ import annotations

from collections.abc import Callable

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import depends_on, substitute
from astragal.graph.types import FLOATS, TensorType
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.creation import ones_like, zeros_like
from astragal.ops.manipulation import permute_dims, reshape

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
    "ndtr":       lambda n, v: (sp.ndtri(v), 0.5 * e.square(sp.ndtri(v)) + 0.918938533204672742),
    "ndtri":      lambda n, v: (sp.ndtr(v), -0.5 * e.square(v) - 0.918938533204672742),
}
# fmt: on


def _binary(node: Expr, at: int, v: Expr) -> tuple[Expr, Expr] | None:
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
        The Jacobian's term is elementwise, in the shape of the variable; None where the
        path is not invertible.

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
    node, v = expr, value
    jacobian: Expr = zeros_like(value)
    while node is not rv:
        places = [i for i, a in enumerate(node.args) if isinstance(a, Expr) and a in above]
        if len(places) != 1:
            return _affine(node, v, jacobian, rv)
        at = places[0]
        x = node.args[at]
        name = node.op.name
        if name == "broadcast_to" or (node.op.elementwise and x.shape != node.shape):
            return None  # one value of the variable cannot have several
        if name in UNARY:
            v, step = UNARY[name](node, v)
        elif name == "reshape":
            v, jacobian, step = reshape(v, x.shape), reshape(jacobian, x.shape), None
        elif name == "permute_dims":
            order = node.args[1]
            back = tuple(order.index(i) for i in range(len(order)))
            v, jacobian, step = permute_dims(v, back), permute_dims(jacobian, back), None
        elif name == "astype" and x.dtype in FLOATS and node.dtype in FLOATS:
            v, jacobian, step = v.astype(x.dtype), jacobian.astype(x.dtype), None
        else:
            pair = _binary(node, at, v)
            if pair is None:
                return _affine(node, v, jacobian, rv)
            v, step = pair
        if step is not None:
            jacobian = jacobian + step
        node = x
    return v, jacobian


_AFFINE = frozenset({"add", "subtract", "negative", "positive", "multiply", "divide"})


def _affine(expr: Expr, value: Expr, jacobian: Expr, rv: Expr) -> tuple[Expr, Expr] | None:
    """Solve an elementwise affine function of a variable that occurs more than once."""
    if expr.shape != rv.shape:
        return None
    above = depends_on([expr], [rv])
    for node in above:
        if node is rv:
            continue
        if node.op.name not in _AFFINE or node.shape != rv.shape:
            return None
        inside = [isinstance(a, Expr) and a in above for a in node.args]
        if node.op.name == "multiply" and all(inside):
            return None
        if node.op.name == "divide" and inside[1]:
            return None
    (at_zero,) = substitute([expr], {rv: zeros_like(rv)})
    (at_one,) = substitute([expr], {rv: ones_like(rv)})
    slope = at_one - at_zero
    return (value - at_zero) / slope, jacobian - e.log(e.abs(slope))


def _relocate(expr: Expr, value: Expr, rv: Expr) -> tuple[Expr, Expr] | None:
    """Solve for a discrete variable: through sums with integers only, and no Jacobian."""
    above = depends_on([expr], [rv])
    node, v = expr, value
    while node is not rv:
        places = [i for i, a in enumerate(node.args) if isinstance(a, Expr) and a in above]
        if len(places) != 1 or node.args[places[0]].shape != node.shape:
            return None
        at = places[0]
        x, name = node.args[at], node.op.name
        if x.dtype != node.dtype:
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
