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
"""

from __future__ import annotations

from collections.abc import Iterable
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
from astragal.density.statistics_rules import JOINS, RULES, STRUCTURAL
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import children, substitute, toposort
from astragal.graph.types import TensorType, same_shape
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.manipulation import broadcast_to


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
        self.above: set[Expr] = {z}
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
            if any(c in self.above for c in children(node)):
                self.above.add(node)
            if node in self.above and node not in self._forms:
                self._forms[node] = self._node(node)
        return self.get(x)

    def get(self, x: Expr) -> Form | None:
        """Look a node up."""
        if x not in self.above:
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
        rule = RULES.get(node.op.name)
        if rule is None or not isinstance(node.type, TensorType):
            return None
        return rule(self, node)

    def linear(self, node: Expr, at: int) -> Form | None:
        """A linear operation that mixes elements.

        Of a scalar z it mixes coefficients only; of another its image of the stand-ins is
        the rest.
        """
        x = node.args[at]
        form = self.get(x)
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

    def structural(self, node: Expr, form: Form) -> Form:
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
        if x not in self.above:
            return Form(x.shape, const=e.log(x))
        if x not in self._logs:
            self._logs[x] = self._log(x)
        return self._logs[x]

    def _log(self, x: Expr) -> Form | None:
        name = x.op.name
        if name == "exp":
            return self.get(x.args[0])
        if name in ("multiply", "divide"):
            a, b = self.log(x.args[0]), self.log(x.args[1])
            if a is not None and b is not None:
                return add_forms(x.shape, a, scale_form(b, MINUS) if name == "divide" else b)
        if name == "pow" and x.args[1] not in self.above:
            a = self.log(x.args[0])
            return None if a is None else scaled(a, x.args[1], x.shape)
        if name in ("sqrt", "square", "reciprocal"):
            power = {"sqrt": 0.5, "square": 2.0, "reciprocal": -1.0}[name]
            a = self.log(x.args[0])
            return None if a is None else scale_form(a, scalar(power, x.dtype))
        if name in STRUCTURAL:
            a = self.log(x.args[0])
            return None if a is None else self.structural(x, a)
        if name == "where" and x.args[0] not in self.above:
            a, b = self.log(x.args[1]), self.log(x.args[2])
            return None if a is None or b is None else choose(x.shape, x.args[0], a, b)
        if name in JOINS:
            return JOINS[name](self, x, self.log)
        if (chosen := _choice(x)) is not None and chosen[0] not in self.above:
            return self._log_of_choice(x, *chosen)
        form = self.get(x)
        return None if form is None else self.log_of_monomial(form)

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

    def log_of_monomial(self, form: Form) -> Form | None:
        """Give the form of the logarithm of a monomial."""
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

    def power(self, form: Form, power: Fraction) -> Form | None:
        """Raise to a power."""
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
