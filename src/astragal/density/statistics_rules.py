"""Linear forms in statistics of one variable: one short rule an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from astragal.density.forms import (
    LOG,
    LOG_COMPLEMENT,
    MINUS,
    ONE,
    Form,
    Monomial,
    _0,
    add_forms,
    add_term,
    choose,
    multiply_forms,
    scalar_value,
    scale_form,
    scaled,
    spread,
)
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import children
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import special as sp
from astragal.ops.creation import zeros
from astragal.ops.manipulation import broadcast_to, concatenate, expand_dims, stack

if TYPE_CHECKING:
    from astragal.density.statistics import Statistics

Rule = Callable[["Statistics", Expr], "Form | None"]


def _add(sign: Expr) -> Rule:
    def rule(s: Statistics, node: Expr) -> Form | None:
        a, b = s.get(node.args[0]), s.get(node.args[1])
        if a is None or b is None:
            return None
        return add_forms(node.shape, a, scale_form(b, sign))

    return rule


def _multiply(s: Statistics, node: Expr) -> Form | None:
    a, b = s.get(node.args[0]), s.get(node.args[1])
    return None if a is None or b is None else multiply_forms(node.shape, a, b)


def _divide(s: Statistics, node: Expr) -> Form | None:
    a, b = s.get(node.args[0]), s.get(node.args[1])
    if a is None or b is None:
        return None
    if b.free:
        c = _value(b, node.args[1])
        number = scalar_value(c)
        inverse = e.divide(1.0, c) if number is None else scalar(1.0 / number, c.dtype)
        return scaled(a, inverse, node.shape) if number != 0 else None
    lower = s.power(b, Fraction(-1))
    return None if lower is None else multiply_forms(node.shape, a, lower)


def _value(form: Form, node: Expr) -> Expr:
    """A free form, without what cancels in the node that it was read from."""
    return zeros(node.shape, dtype=node.dtype) if form.const is None else form.const


def _fixed_power(power: Fraction) -> Rule:
    def rule(s: Statistics, node: Expr) -> Form | None:
        a = s.get(node.args[0])
        return None if a is None else s.power(a, power)

    return rule


def _pow(s: Statistics, node: Expr) -> Form | None:
    a, power = s.get(node.args[0]), scalar_value(node.args[1])
    if a is None or power is None or node.args[1] in s.above:
        return None
    exact = Fraction(power).limit_denominator(1000)
    return s.power(a, exact) if float(exact) == power else None


def _unary(factor: float) -> Rule:
    def rule(s: Statistics, node: Expr) -> Form | None:
        a = s.get(node.args[0])
        return None if a is None else scale_form(a, scalar(factor, node.dtype))

    return rule


def _astype(s: Statistics, node: Expr) -> Form | None:
    a = s.get(node.args[0])
    if a is None or node.dtype not in FLOATS or node.args[0].dtype not in FLOATS:
        return None
    return a if node.dtype == node.args[0].dtype else None


def _log1p(s: Statistics, node: Expr) -> Form | None:
    x = node.args[0]
    a = s.get(x)
    if a is None:
        return None
    return s.log_of_monomial(add_forms(node.shape, a, Form((), const=ONE)))


def _exp(s: Statistics, node: Expr) -> Form | None:
    a = s.get(node.args[0])
    if a is None or a.rest is not None:
        return None
    terms = {m: (p, c) for (p, m), c in a.terms.items()}
    if set(terms) - {LOG, LOG_COMPLEMENT} or len({p for p, _ in terms.values()}) != 1:
        return None
    powers = [scalar_value(terms[m][1]) if m in terms else 0.0 for m in (LOG, LOG_COMPLEMENT)]
    if any(v is None for v in powers):
        return None
    p = next(iter(terms.values()))[0]
    m = (Fraction(powers[0]), Fraction(powers[1]), _0, _0)  # type: ignore[arg-type]
    out = Form(node.shape)
    add_term(out, p, m, ONE if a.const is None else e.exp(a.const))
    return out


def _xlogy(s: Statistics, node: Expr) -> Form | None:
    a, b = s.get(node.args[0]), s.log(node.args[1])
    if a is None or b is None:
        return None
    out = multiply_forms(node.shape, a, b)
    if out is not None and a.free and b.const is not None and b.const.op is e.log:
        # 0 log 0 is 0 here, as in the node itself.
        assert a.const is not None
        out.const = sp.xlogy(a.const, b.const.args[0])
    return out


def _xlog1py(s: Statistics, node: Expr) -> Form | None:
    a, y = s.get(node.args[0]), s.get(node.args[1])
    if a is None or y is None:
        return None
    if y.free:
        b: Form | None = Form(node.shape, const=e.log1p(_value(y, node.args[1])))
    else:
        b = s.log_of_monomial(add_forms(node.shape, y, Form((), const=ONE)))
    return None if b is None else multiply_forms(node.shape, a, b)


def _structural(s: Statistics, node: Expr) -> Form | None:
    if any(a in s.above for a in children(node)[1:]):
        return None  # an index that depends on z
    a = s.get(node.args[0])
    return None if a is None else s.structural(node, a)


def _broadcast(s: Statistics, node: Expr) -> Form | None:
    a = s.get(node.args[0])
    return None if a is None else Form(node.shape, a.terms, a.rest, a.const)


def _where(s: Statistics, node: Expr) -> Form | None:
    if node.args[0] in s.above:
        return None
    a, b = s.get(node.args[1]), s.get(node.args[2])
    return None if a is None or b is None else choose(node.shape, node.args[0], a, b)


def _sum_rule(s: Statistics, node: Expr) -> Form | None:
    return s.linear(node, 0)


def _matmul(s: Statistics, node: Expr) -> Form | None:
    inside = [a in s.above for a in node.args]
    if not all(inside):
        return s.linear(node, inside.index(True))
    a, b = (s.get(x) for x in node.args)
    if a is None or b is None or any(p.shape != () for p, _ in (*a.terms, *b.terms)):
        return None  # elements of z would meet
    return multiply_forms(node.shape, _whole(a), _whole(b), linalg.matmul)


def _whole(form: Form) -> Form:
    """Coefficients that have the shape of the node that they are of."""
    terms = {key: spread(c, form.shape) for key, c in form.terms.items()}
    const = None if form.const is None else spread(form.const, form.shape)
    return Form(form.shape, terms, form.rest, const)


def _add_index(s: Statistics, node: Expr) -> Form | None:
    """What is added at places: linear in the whole and in what is added."""
    x, value, *places = node.args
    if any(a in s.above for a in places):
        return None
    whole = s.get(x)
    if whole is None:
        return None
    if value not in s.above:
        return add_forms(node.shape, whole, Form(node.shape, const=_added(node, value)))
    form = s.get(value)
    if form is None:
        return None
    out, loose = Form(node.shape), Form(value.shape, rest=form.rest)
    for (p, m), c in form.terms.items():
        if p.shape == ():
            add_term(out, p, m, _added(node, spread(c, value.shape)))
        elif p.op.name == "index" and p.args[1:] == (*places,) and p.args[0].shape == node.shape:
            # Each element is added where it was taken from: by groups, coefficients add up.
            add_term(out, p.args[0], m, _added(node, spread(c, value.shape)))
        else:
            loose.terms[p, m] = c
    inner = s.materialise(loose)
    out.rest = None if inner is None else _added(node, inner)
    out.const = None if form.const is None else _added(node, spread(form.const, value.shape))
    return add_forms(node.shape, whole, out)


def _added(node: Expr, value: Expr) -> Expr:
    """Another value, added to zeros at the places of a node."""
    return node.op(zeros(node.shape, dtype=node.dtype), value, *node.args[2:])


def _joined(
    s: Statistics, node: Expr, read: Callable[[Expr], Form | None] | None = None
) -> Form | None:
    """Terms of operands side by side: those of one statistic together, at their places."""
    axis, *xs = node.args
    stacked = node.op.name == "stack"
    found: dict[tuple[Expr, Monomial], dict[int, Expr]] = {}
    rests: dict[int, Expr] = {}
    constants: dict[int, Expr] = {}
    for i, x in enumerate(xs):
        form = s.get(x) if read is None else read(x)
        if form is None:
            return None
        loose = Form(x.shape, rest=form.rest)
        for (p, m), c in form.terms.items():
            if p.shape == ():
                found.setdefault((p, m), {})[i] = c
            elif stacked:
                found.setdefault((expand_dims(spread(p, x.shape), axis), m), {})[i] = c
            else:
                loose.terms[p, m] = c
        rest = form.rest if stacked else s.materialise(loose)
        if rest is not None:
            rests[i] = rest
        if form.const is not None:
            constants[i] = form.const

    def placed(parts: Mapping[int, Expr]) -> Expr:
        dtype = next(iter(parts.values())).dtype
        whole = [
            spread(parts[i], x.shape) if i in parts else zeros(x.shape, dtype=dtype)
            for i, x in enumerate(xs)
        ]
        return stack(whole, axis) if stacked else concatenate(whole, axis)

    out = Form(node.shape)
    for (p, m), parts in found.items():
        add_term(out, p, m, placed(parts))
    out.rest = placed(rests) if rests else None
    out.const = placed(constants) if constants else None
    return out


def _abs(s: Statistics, node: Expr) -> Form | None:
    form = s.get(node.args[0])
    if form is None or not s.positive:
        return None
    found = s.monomial(form)
    if found is None or found[2][2] or found[2][3]:
        return None
    c, p, m = found
    out = Form(node.shape)
    add_term(out, p, m, c if (scalar_value(c) or 0) > 0 else e.abs(c))
    return out


def _cholesky(s: Statistics, node: Expr) -> Form | None:
    """Root of a matrix that is a positive power of a scalar z times a matrix free of it."""
    form = s.get(node.args[0])
    found = None if form is None else s.monomial(form)
    if found is None or not s.positive or found[1].shape != () or any(found[2][1:]):
        return None
    c, p, m = found
    out = Form(node.shape)
    add_term(out, p, (m[0] / 2, _0, _0, _0), node.op(broadcast_to(c, node.shape)))
    return out


def _solve(s: Statistics, node: Expr) -> Form | None:
    a, b, *static = node.args
    left, right = s.get(a), s.get(b)
    found = None if left is None or left.free else s.monomial(left)
    if right is None or right.rest is not None or any(p.shape != () for p, _ in right.terms):
        return None
    if left is not None and left.free:
        matrix, p, power = broadcast_to(_value(left, a), a.shape), None, _0
    elif found is None or found[1].shape != () or any(found[2][1:]):
        return None
    else:
        matrix, p, power = broadcast_to(found[0], a.shape), found[1], -found[2][0]

    def solved(c: Expr) -> Expr:
        return node.op(matrix, broadcast_to(c, b.shape), *static)

    out = Form(node.shape)
    for (q, m), c in right.terms.items():
        if p is not None and q is not p:
            return None
        add_term(out, q, (m[0] + power, *m[1:]), solved(c))
    if right.const is not None:
        if p is None:
            out.const = solved(right.const)
        else:
            add_term(out, p, (power, _0, _0, _0), solved(right.const))
    return out


STRUCTURAL = frozenset({"index", "reshape", "permute_dims"})
JOINS = {"stack": _joined, "concatenate": _joined}
"""What joins operands; each may be read by another reader, as by that of logarithms."""
# fmt: off
RULES: dict[str, Rule] = {
    "add":          _add(ONE),
    "subtract":     _add(MINUS),
    "multiply":     _multiply,
    "divide":       _divide,
    "negative":     _unary(-1.0),
    "positive":     _unary(1.0),
    "square":       _fixed_power(Fraction(2)),
    "sqrt":         _fixed_power(Fraction(1, 2)),
    "reciprocal":   _fixed_power(Fraction(-1)),
    "pow":          _pow,
    "abs":          _abs,
    "astype":       _astype,
    "exp":          _exp,
    "log":          lambda s, node: s.log(node.args[0]),
    "log1p":        _log1p,
    "xlogy":        _xlogy,
    "xlog1py":      _xlog1py,
    "where":        _where,
    "index":        _structural,
    "reshape":      _structural,
    "permute_dims": _structural,
    "broadcast_to": _broadcast,
    "stack":        _joined,
    "concatenate":  _joined,
    "sum":          _sum_rule,
    "matmul":       _matmul,
    "add_index":    _add_index,
    "cholesky":     _cholesky,
    "solve":        _solve,
    "solve_triangular": _solve,
}
# fmt: on
