"""Exponential-family form: a log density as a linear function of sufficient statistics.

Let z be a variable, elementwise inside an interval, and L a scalar expression. We look
for statistics ``z^e (1 - z)^f (log z)^g (log(1 - z))^h`` such that L is linear in them,
element by element of z. Each node above z is represented as

    sum over terms  c * S(z)^e (1 - S(z))^f (log S(z))^g (log(1 - S(z)))^h  +  rest  +  const

where S is a structural map (indexing, reshaping, repeating), c is free of z, ``const`` is
free of z, and ``rest`` is an expression linear in fresh inputs that stand for whole
statistics of z (what is left of sums, matrix products and the like). Elementwise
functions commute with structural maps, so indexing, exposures, plates and groups need no
rule of their own. Linearity in elementwise statistics also proves that the elements of z
are independent given everything else.

The natural parameters are then gradients with respect to the fresh inputs.

The file is long because it is a table: one short rule an operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np

from astragal.density.forms import (
    COMPLEMENT,
    IDENTITY,
    LOG,
    LOG_COMPLEMENT,
    MINUS,
    ONE,
    Form,
    Monomial,
    _0,
    add_forms,
    add_term,
    apply,
    cancels,
    choose,
    is_zero,
    multiply_forms,
    plus,
    scalar_value,
    scale_form,
    scaled,
    spread,
    times,
)
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import children, substitute, toposort
from astragal.graph.types import FLOATS, TensorType, same_shape
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.creation import zeros
from astragal.ops.manipulation import broadcast_to, concatenate, expand_dims, stack


class Statistics:
    """Reads expressions as linear forms in statistics of one variable.

    Parameters
    ----------
    z
        The input to read for.
    positive
        Whether z is positive throughout, so that log z and roots of z exist.
    unit
        Whether z lies between 0 and 1, so that log(1 - z) exists as well.
    """

    def __init__(self, z: Expr, positive: bool, unit: bool) -> None:
        assert isinstance(z.type, TensorType)
        self.z = z
        self.positive = positive or unit
        self.unit = unit
        self.stand_ins: dict[Monomial, Expr] = {}
        self._above: set[Expr] = {z}
        self._seen: set[Expr] = set()
        self._forms: dict[Expr, Form | None] = {z: Form(z.shape, {(z, IDENTITY): ONE})}
        self._logs: dict[Expr, Form | None] = {}

    # -- reading -------------------------------------------------------------------------

    def read(self, x: Expr) -> Form | None:
        """Give the form of an expression; None where it is not linear in statistics."""
        order = toposort([x])
        for node in order:
            if node in self._seen:
                continue
            self._seen.add(node)
            if any(c in self._above for c in children(node)):
                self._above.add(node)
            if node in self._above and node not in self._forms:
                self._forms[node] = self._node(node)
        return self._get(x)

    def _get(self, x: Expr) -> Form | None:
        if x not in self._above:
            return Form(x.shape, const=x)
        return self._forms[x]

    def total(self, x: Expr) -> tuple[Expr | None, Expr | None] | None:
        """Sum up an expression: its linear part in the stand-ins, and what is free of z."""
        form = self.read(r.sum(x))
        return None if form is None else (self.materialise(form), form.const)

    def stand_in(self, m: Monomial) -> Expr:
        """Give the fresh input that stands for a statistic of the whole z."""
        found = self.stand_ins.get(m)
        if found is None:
            found = self.stand_ins[m] = placeholder(self.z.type)
        return found

    def materialise(self, form: Form) -> Expr | None:
        """Write terms and rest, without the constant, as one expression in the stand-ins."""
        out = form.rest
        for (p, m), c in form.terms.items():
            if is_zero(c):
                continue
            (image,) = substitute([p], {self.z: self.stand_in(m)})
            out = plus(out, times(c, image))
        if out is not None and not same_shape(out.shape, form.shape):
            out = broadcast_to(out, form.shape)
        return out

    # -- rules ---------------------------------------------------------------------------

    def _node(self, node: Expr) -> Form | None:
        rule = _RULES.get(node.op.name)
        if rule is None or not isinstance(node.type, TensorType):
            return None
        return rule(self, node)

    def _linear(self, node: Expr, at: int) -> Form | None:
        """A linear operation that mixes elements.

        Of a scalar z it mixes coefficients only; of another its image of the stand-ins is
        the rest.
        """
        x = node.args[at]
        form = self._get(x)
        if form is None:
            return None
        out = Form(node.shape)
        loose = Form(x.shape, rest=form.rest)
        for (p, m), c in form.terms.items():
            if p.shape == ():
                add_term(out, p, m, apply(node, at, spread(c, x.shape)))
            else:
                loose.terms[p, m] = c
        inner = self.materialise(loose)
        if inner is not None:
            out.rest = apply(node, at, spread(inner, x.shape))
        if form.const is not None:
            out.const = apply(node, at, spread(form.const, x.shape))
        return out

    def _structural(self, node: Expr, form: Form) -> Form:
        """Indexing and its like: on coefficients and on z alike."""
        x = node.args[0]

        def image(v: Expr) -> Expr:
            return v if v.shape == () else apply(node, 0, spread(v, x.shape))

        out = Form(node.shape)
        for (p, m), c in form.terms.items():
            add_term(out, image(p), m, image(c))
        if form.rest is not None:
            out.rest = apply(node, 0, spread(form.rest, x.shape))
        if form.const is not None:
            out.const = image(form.const)
        return out

    def monomial(self, form: Form) -> tuple[Expr, Expr, Monomial] | None:
        """Read a form as ``c * z^e ...``; 1 - z counts as one."""
        if form.rest is not None or len(form.terms) != 1:
            return None
        ((p, m), c), *_ = form.terms.items()
        if form.const is None or is_zero(form.const):
            return c, p, m
        if m == IDENTITY and cancels(c, form.const):
            return form.const, p, COMPLEMENT
        return None

    def log(self, x: Expr) -> Form | None:
        """Give the form of log x, for a node x."""
        if x not in self._above:
            return Form(x.shape, const=e.log(x))
        if x not in self._logs:
            self._logs[x] = self._log(x)
        return self._logs[x]

    def _log(self, x: Expr) -> Form | None:
        name = x.op.name
        if name == "exp":
            return self._get(x.args[0])
        if name in ("multiply", "divide"):
            a, b = self.log(x.args[0]), self.log(x.args[1])
            if a is not None and b is not None:
                return add_forms(x.shape, a, scale_form(b, MINUS) if name == "divide" else b)
        if name == "pow" and x.args[1] not in self._above:
            a = self.log(x.args[0])
            return None if a is None else scaled(a, x.args[1], x.shape)
        if name in ("sqrt", "square", "reciprocal"):
            power = {"sqrt": 0.5, "square": 2.0, "reciprocal": -1.0}[name]
            a = self.log(x.args[0])
            return None if a is None else scale_form(a, scalar(power, x.dtype))
        if name in _STRUCTURAL:
            a = self.log(x.args[0])
            return None if a is None else self._structural(x, a)
        if name == "where" and x.args[0] not in self._above:
            a, b = self.log(x.args[1]), self.log(x.args[2])
            return None if a is None or b is None else choose(x.shape, x.args[0], a, b)
        if name in ("stack", "concatenate"):
            return (_stack if name == "stack" else _concatenate)(self, x, self.log)
        if (chosen := _choice(x)) is not None and chosen[0] not in self._above:
            return self._log_of_choice(x, *chosen)
        form = self._get(x)
        return None if form is None else self._log_of_monomial(form)

    def _log_of_choice(self, x: Expr, test: Expr, p: Expr) -> Form | None:
        """The logarithm of one chosen entry is the chosen one of the logarithms."""
        a = self.log(p)
        if a is None:
            return None
        inner, axes, keep = x.args
        picked = choose(inner.shape, test, a, Form(inner.shape))
        out = Form(x.shape)
        rest = self.materialise(Form(picked.shape, picked.terms, picked.rest))
        out.rest = None if rest is None else r.sum(rest, axes, keep)
        if picked.const is not None:
            out.const = r.sum(spread(picked.const, inner.shape), axes, keep)
        return out

    def _log_of_monomial(self, form: Form) -> Form | None:
        found = self.monomial(form)
        if found is None:
            return None
        c, p, (a, b, g, h) = found
        if g or h or (a and not self.positive) or (b and not self.unit):
            return None
        out = Form(form.shape, const=None if scalar_value(c) == 1.0 else e.log(c))
        for power, m in ((a, LOG), (b, LOG_COMPLEMENT)):
            if power:
                add_term(out, p, m, scalar(float(power), c.dtype))
        return out

    def _power(self, form: Form, power: Fraction) -> Form | None:
        if power == 1:
            return form
        if power == 2:
            return multiply_forms(form.shape, form, form)
        if power == 0:
            return Form(form.shape, const=ONE)
        found = self.monomial(form)
        if found is None:
            return None
        c, p, m = found
        if power.denominator != 1 and (m[2] or m[3] or not self.positive):
            return None  # a root of what may be negative
        if m[1] and power.denominator != 1 and not self.unit:
            return None
        out = Form(form.shape)
        new = tuple(a * power for a in m)
        factor = e.divide(1.0, c) if power == -1 else e.pow(c, float(power))
        add_term(out, p, new, ONE if scalar_value(c) == 1.0 else factor)  # type: ignore[arg-type]
        return out


def _choice(x: Expr) -> tuple[Expr, Expr] | None:
    """Read ``sum(where(k == i, p, 0), axis)``, k counting along the axis: one entry of p.

    Gives the test and p. At most one k equals each i, which is constant along the axis.
    """
    if x.op.name != "sum" or len(x.args[1]) != 1 or x.args[0].op.name != "where":
        return None
    test, p, other = x.args[0].args
    (axis,) = x.args[1]
    if not is_constant(other) or np.any(value_of(other)) or test.op.name != "equal":
        return None
    for k, i in (test.args, test.args[::-1]):
        back = x.args[0].ndim - axis
        fixed = i.ndim < back or i.shape[i.ndim - back] == 1
        if fixed and is_constant(k) and k.ndim >= back:
            counts = np.moveaxis(value_of(k), k.ndim - back, 0)
            if len({row.tobytes() for row in counts}) == len(counts) == x.args[0].shape[axis]:
                return test, p
    return None


Rule = Callable[[Statistics, Expr], "Form | None"]


def _add(sign: Expr) -> Rule:
    def rule(s: Statistics, node: Expr) -> Form | None:
        a, b = s._get(node.args[0]), s._get(node.args[1])
        if a is None or b is None:
            return None
        return add_forms(node.shape, a, scale_form(b, sign))

    return rule


def _multiply(s: Statistics, node: Expr) -> Form | None:
    a, b = s._get(node.args[0]), s._get(node.args[1])
    return None if a is None or b is None else multiply_forms(node.shape, a, b)


def _divide(s: Statistics, node: Expr) -> Form | None:
    a, b = s._get(node.args[0]), s._get(node.args[1])
    if a is None or b is None:
        return None
    if b.free:
        c = node.args[1]
        number = scalar_value(c)
        inverse = e.divide(1.0, c) if number is None else scalar(1.0 / number, c.dtype)
        return scaled(a, inverse, node.shape) if number != 0 else None
    lower = s._power(b, Fraction(-1))
    return None if lower is None else multiply_forms(node.shape, a, lower)


def _fixed_power(power: Fraction) -> Rule:
    def rule(s: Statistics, node: Expr) -> Form | None:
        a = s._get(node.args[0])
        return None if a is None else s._power(a, power)

    return rule


def _pow(s: Statistics, node: Expr) -> Form | None:
    a, power = s._get(node.args[0]), scalar_value(node.args[1])
    if a is None or power is None or node.args[1] in s._above:
        return None
    exact = Fraction(power).limit_denominator(1000)
    return s._power(a, exact) if float(exact) == power else None


def _unary(factor: float) -> Rule:
    def rule(s: Statistics, node: Expr) -> Form | None:
        a = s._get(node.args[0])
        return None if a is None else scale_form(a, scalar(factor, node.dtype))

    return rule


def _astype(s: Statistics, node: Expr) -> Form | None:
    a = s._get(node.args[0])
    if a is None or node.dtype not in FLOATS or node.args[0].dtype not in FLOATS:
        return None
    return a if node.dtype == node.args[0].dtype else None


def _log1p(s: Statistics, node: Expr) -> Form | None:
    x = node.args[0]
    a = s._get(x)
    if a is None:
        return None
    return s._log_of_monomial(add_forms(node.shape, a, Form((), const=ONE)))


def _exp(s: Statistics, node: Expr) -> Form | None:
    a = s._get(node.args[0])
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
    a, b = s._get(node.args[0]), s.log(node.args[1])
    if a is None or b is None:
        return None
    out = multiply_forms(node.shape, a, b)
    if out is not None and a.free and b.const is not None and b.const.op is e.log:
        # 0 log 0 is 0 here, as in the node itself.
        assert a.const is not None
        out.const = sp.xlogy(a.const, b.const.args[0])
    return out


def _xlog1py(s: Statistics, node: Expr) -> Form | None:
    a, y = s._get(node.args[0]), s._get(node.args[1])
    if a is None or y is None:
        return None
    if y.free:
        b: Form | None = Form(node.shape, const=e.log1p(node.args[1]))
    else:
        b = s._log_of_monomial(add_forms(node.shape, y, Form((), const=ONE)))
    return None if b is None else multiply_forms(node.shape, a, b)


def _structural(s: Statistics, node: Expr) -> Form | None:
    if any(a in s._above for a in children(node)[1:]):
        return None  # an index that depends on z
    a = s._get(node.args[0])
    return None if a is None else s._structural(node, a)


def _broadcast(s: Statistics, node: Expr) -> Form | None:
    a = s._get(node.args[0])
    return None if a is None else Form(node.shape, a.terms, a.rest, a.const)


def _where(s: Statistics, node: Expr) -> Form | None:
    if node.args[0] in s._above:
        return None
    a, b = s._get(node.args[1]), s._get(node.args[2])
    return None if a is None or b is None else choose(node.shape, node.args[0], a, b)


def _sum_rule(s: Statistics, node: Expr) -> Form | None:
    return s._linear(node, 0)


def _matmul(s: Statistics, node: Expr) -> Form | None:
    inside = [a in s._above for a in node.args]
    if not all(inside):
        return s._linear(node, inside.index(True))
    a, b = (s._get(x) for x in node.args)
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
    if any(a in s._above for a in places):
        return None
    whole = s._get(x)
    if whole is None:
        return None
    if value not in s._above:
        return add_forms(node.shape, whole, Form(node.shape, const=_added(node, value)))
    form = s._get(value)
    if form is None:
        return None
    out, loose = Form(node.shape), Form(value.shape, rest=form.rest)
    for (p, m), c in form.terms.items():
        if p.shape == ():
            add_term(out, p, m, _added(node, spread(c, value.shape)))
        else:
            loose.terms[p, m] = c
    inner = s.materialise(loose)
    out.rest = None if inner is None else _added(node, inner)
    out.const = None if form.const is None else _added(node, spread(form.const, value.shape))
    return add_forms(node.shape, whole, out)


def _added(node: Expr, value: Expr) -> Expr:
    """Another value, added to zeros at the places of a node."""
    return node.op(zeros(node.shape, dtype=node.dtype), value, *node.args[2:])


def _stack(
    s: Statistics, node: Expr, read: Callable[[Expr], Form | None] | None = None
) -> Form | None:
    """Each operand's terms, with coefficients that are zero at the places of the others."""
    axis, *xs = node.args
    out = Form(node.shape)
    for i, x in enumerate(xs):
        form = s._get(x) if read is None else read(x)
        if form is None:
            return None

        def place(v: Expr, i: int = i, x: Expr = x) -> Expr:
            blank = zeros(x.shape, dtype=v.dtype)
            return stack([spread(v, x.shape) if j == i else blank for j in range(len(xs))], axis)

        for (p, m), c in form.terms.items():
            image = p if p.shape == () else expand_dims(spread(p, x.shape), axis)
            add_term(out, image, m, place(c))
        out.rest = plus(out.rest, None if form.rest is None else place(form.rest))
        out.const = plus(out.const, None if form.const is None else place(form.const))
    return out


def _concatenate(
    s: Statistics, node: Expr, read: Callable[[Expr], Form | None] | None = None
) -> Form | None:
    axis, *xs = node.args
    out = Form(node.shape)
    for i, x in enumerate(xs):
        form = s._get(x) if read is None else read(x)
        if form is None:
            return None

        def place(v: Expr, i: int = i) -> Expr:
            parts = [
                spread(v, y.shape) if j == i else zeros(y.shape, dtype=v.dtype)
                for j, y in enumerate(xs)
            ]
            return concatenate(parts, axis)

        loose = Form(x.shape)
        for (p, m), c in form.terms.items():
            if p.shape == ():
                add_term(out, p, m, place(c))
            else:
                loose.terms[p, m] = c
        loose.rest = form.rest
        inner = s.materialise(loose)
        out.rest = plus(out.rest, None if inner is None else place(inner))
        out.const = plus(out.const, None if form.const is None else place(form.const))
    return out


def _abs(s: Statistics, node: Expr) -> Form | None:
    form = s._get(node.args[0])
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
    form = s._get(node.args[0])
    found = None if form is None else s.monomial(form)
    if found is None or not s.positive or found[1].shape != () or any(found[2][1:]):
        return None
    c, p, m = found
    out = Form(node.shape)
    add_term(out, p, (m[0] / 2, _0, _0, _0), node.op(broadcast_to(c, node.shape)))
    return out


def _solve(s: Statistics, node: Expr) -> Form | None:
    a, b, *static = node.args
    left, right = s._get(a), s._get(b)
    found = None if left is None or left.free else s.monomial(left)
    if right is None or right.rest is not None or any(p.shape != () for p, _ in right.terms):
        return None
    if left is not None and left.free:
        matrix, p, power = a, None, _0
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


_STRUCTURAL = frozenset({"index", "reshape", "permute_dims"})
# fmt: off
_RULES: dict[str, Rule] = {
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
    "stack":        _stack,
    "concatenate":  _concatenate,
    "sum":          _sum_rule,
    "matmul":       _matmul,
    "add_index":    _add_index,
    "cholesky":     _cholesky,
    "solve":        _solve,
    "solve_triangular": _solve,
}
# fmt: on


def linear_form(
    z: Expr, terms: Iterable[Expr], positive: bool, unit: bool
) -> tuple[Expr, dict[Monomial, Expr], Expr] | None:
    """Write a log density as a linear form in statistics of one variable.

    Parameters
    ----------
    z
        The variable's input.
    terms
        The (elementwise) terms of the log density that depend on it.
    positive, unit
        Where z lies.

    Returns
    -------
    (form, stand-ins, constant), or None
        The form is scalar and linear in the stand-ins, one a statistic, each of z's type;
        the constant is what does not depend on z. None where it is not linear.
    """
    reader = Statistics(z, positive, unit)
    whole: Expr | None = None
    const: Expr | None = None
    for t in terms:
        part = reader.total(t)
        if part is None:
            return None
        whole, const = plus(whole, part[0]), plus(const, part[1])
    zero = scalar(0.0, z.dtype)
    whole = zero if whole is None else whole
    below = set(toposort([whole]))
    used = {m: t for m, t in reader.stand_ins.items() if t in below}
    return whole, used, zero if const is None else const
