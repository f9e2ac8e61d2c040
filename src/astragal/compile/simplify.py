"""Simplification before compilation: sure rules, in one pass from the leaves up.

A rule is a pair of expressions: what is looked for and what takes its place. It is
marked *exact* where both give the same bits for every input, infinities, NaN and the
sign of zero included; else it is *stable*: the new side is the more accurate one, and
differs by rounding, overflow or cancellation alone. What holds only for some inputs
(``exp(log(x)) = x``, ``0 * x = 0``) is no rule here.

Rules about shapes, data types and axes, which expressions cannot say, are functions in
`astragal.compile.simplify_structure`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from astragal.graph.expr import Expr, Op
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.traverse import toposort
from astragal.graph.types import (
    FLOATS,
    INTEGERS,
    NUMERIC,
    TensorType,
    Type,
    same_shape,
    tensor_type,
)
from astragal.graph.types import SIGNED as SIGNED_INTEGERS
from astragal.ops import elementwise as e
from astragal.ops import special as s
from astragal.ops.creation import FULL
from astragal.ops.declare import ALL
from astragal.ops.manipulation import BROADCAST, broadcast_to
from astragal.ops.searching import where

Sides = tuple[Expr, Expr]

FLOAT = tensor_type("float64")
BOOL = tensor_type("bool")


@dataclass(frozen=True)
class Rule:
    """Two sides over variables, and the data types for which they are equal."""

    name: str
    variables: tuple[Expr, ...]
    left: Expr
    right: Expr
    exact: bool
    accepts: frozenset[str]
    condition: Callable[..., bool] | None

    def __repr__(self) -> str:
        return f"<rule {self.name}>"


def _rule(
    name: str,
    sides: Callable[..., Sides],
    *,
    exact: bool = False,
    types: Sequence[Type] | None = None,
    accepts: frozenset[str] = FLOATS,
    condition: Callable[..., bool] | None = None,
) -> Rule:
    """Make a rule of a function from variables to both sides."""
    count = sides.__code__.co_argcount
    variables = tuple(placeholder(t) for t in types or (FLOAT,) * count)
    left, right = sides(*variables)
    return Rule(name, variables, left, right, exact, accepts, condition)


def not_negative(x: Expr, depth: int = 8) -> bool:
    """Tell whether no element can be below zero, or be a negative zero; NaN may occur."""
    if is_constant(x):
        value = value_of(x)
        return not bool(np.any(np.signbit(value) & ~np.isnan(value)))
    if x.op in _NEVER_NEGATIVE:
        return True
    if not depth:
        return False
    if x.op in _KEEPS_SIGN:
        return all(not_negative(a, depth - 1) for a in x.args if isinstance(a, Expr))
    return x.op in (BROADCAST, FULL) and not_negative(
        x.args[0 if x.op is BROADCAST else 1], depth - 1
    )


def _unless_zero(a: Expr, x: Expr, log: Expr) -> Expr:
    """Multiply, with 0 where ``a`` is 0 and ``x`` a number, whatever the logarithm is."""
    return where(e.equal(a, 0.0) & ~e.isnan(x), 0.0, a * log)


_NEVER_NEGATIVE = {e.exp, e.abs, e.square, s.expit, s.ndtr, s.erfc}
_KEEPS_SIGN = {e.add, e.multiply, e.divide, e.sqrt, e.maximum, e.minimum}

_exact = partial(_rule, exact=True)
SIGNED = FLOATS | SIGNED_INTEGERS
LOGIC: dict[str, Any] = {"types": (BOOL,), "accepts": frozenset({"bool"})}
NEGATIVE_ZERO = scalar(-0.0, "float64")

# fmt: off
RULES: tuple[Rule, ...] = (
    # Neutral elements. x + 0 is not x where x is -0, but x + -0 always is.
    _exact("x - 0 = x",            lambda x: (x - 0.0, x), accepts=NUMERIC),
    _exact("x + -0 = x",           lambda x: (x + NEGATIVE_ZERO, x)),
    _exact("x + 0 = x, x >= +0",   lambda x: (x + 0.0, x), condition=not_negative),
    _exact("x + 0 = x, integers",  lambda x: (x + 0.0, x), accepts=INTEGERS),
    _exact("x * 1 = x",            lambda x: (x * 1.0, x), accepts=NUMERIC),
    _exact("x / 1 = x",            lambda x: (x / 1.0, x)),
    _exact("x // 1 = x, integers", lambda x: (x // 1.0, x), accepts=INTEGERS),
    _exact("x ** 1 = x",           lambda x: (x ** 1.0, x), accepts=NUMERIC),
    _exact("+x = x",               lambda x: (+x, x), accepts=NUMERIC),
    # Signs. -(x - y) is not y - x where x = y: the zeros differ in sign.
    _exact("-(-x) = x",            lambda x: (e.negative(-x), x), accepts=SIGNED),
    _exact("x + -y = x - y",       lambda x, y: (x + -y, x - y), accepts=SIGNED),
    _exact("x - -y = x + y",       lambda x, y: (x - -y, x + y), accepts=SIGNED),
    _exact("-x * -y = x * y",      lambda x, y: (-x * -y, x * y), accepts=SIGNED),
    _exact("-x / -y = x / y",      lambda x, y: (-x / -y, x / y)),
    _exact("|-x| = |x|",           lambda x: (abs(-x), abs(x)), accepts=SIGNED),
    _exact("|(|x|)| = |x|",        lambda x: (abs(abs(x)), abs(x)), accepts=SIGNED),
    _exact("|x^2| = x^2",          lambda x: (abs(e.square(x)), e.square(x))),
    _exact("(-x)^2 = x^2",         lambda x: (e.square(-x), e.square(x)), accepts=SIGNED),
    _exact("|x|^2 = x^2",          lambda x: (e.square(abs(x)), e.square(x)), accepts=SIGNED),
    # Powers. x ** 0.5 of -0 is 0, sqrt of -0 is -0.
    _rule("x ** 2 = x^2",         lambda x: (x ** 2.0, e.square(x)), accepts=NUMERIC),
    _rule("x ** 0.5 = sqrt x, x >= +0", lambda x: (x ** 0.5, e.sqrt(x)), condition=not_negative),
    _rule("x ** -1 = 1 / x",      lambda x: (x ** -1.0, e.reciprocal(x))),
    _rule("sqrt(x^2) = |x|",      lambda x: (e.sqrt(e.square(x)), abs(x))),
    # A root of what underflows has no slope; that of the half does not underflow so soon.
    _rule("sqrt(exp x) = exp(x / 2)", lambda x: (e.sqrt(e.exp(x)), e.exp(0.5 * x))),
    _rule("sqrt(a exp x) = sqrt a exp(x / 2)", lambda a, x: (
        e.sqrt(a * e.exp(x)), e.sqrt(a) * e.exp(0.5 * x))),
    # Logarithms and exponentials. exp(log x) is not x where x < 0.
    _rule("log(exp x) = x",       lambda x: (e.log(e.exp(x)), x)),
    _rule("log1p(expm1 x) = x",   lambda x: (e.log1p(e.expm1(x)), x)),
    _rule("exp x - 1 = expm1 x",  lambda x: (e.exp(x) - 1.0, e.expm1(x))),
    _rule("log(1 + exp x) = softplus x", lambda x: (e.log(1.0 + e.exp(x)), s.softplus(x))),
    _rule("log1p(exp x) = softplus x", lambda x: (e.log1p(e.exp(x)), s.softplus(x))),
    _rule("log(1 - exp x) = log1mexp x", lambda x: (e.log(1.0 - e.exp(x)), s.log1mexp(x))),
    _rule("log1p(-exp x) = log1mexp x", lambda x: (e.log1p(-e.exp(x)), s.log1mexp(x))),
    _rule("log(-expm1 x) = log1mexp x", lambda x: (e.log(-e.expm1(x)), s.log1mexp(x))),
    _rule("log(exp x + exp y) = logaddexp(x, y)",
          lambda x, y: (e.log(e.exp(x) + e.exp(y)), e.logaddexp(x, y))),
    _rule("log(1 + x) = log1p x", lambda x: (e.log(1.0 + x), e.log1p(x))),
    _rule("log(1 - x) = log1p(-x)", lambda x: (e.log(1.0 - x), e.log1p(-x))),
    # Logistic functions
    _rule("1 / (1 + exp(-x)) = expit x", lambda x: (1.0 / (1.0 + e.exp(-x)), s.expit(x))),
    _rule("1 / (1 + exp x) = expit(-x)", lambda x: (1.0 / (1.0 + e.exp(x)), s.expit(-x))),
    _rule("exp x / (1 + exp x) = expit x", lambda x: (e.exp(x) / (1.0 + e.exp(x)), s.expit(x))),
    _rule("expit(-x) * exp x = expit x", lambda x: (s.expit(-x) * e.exp(x), s.expit(x))),
    _rule("1 - expit x = expit(-x)", lambda x: (1.0 - s.expit(x), s.expit(-x))),
    _rule("log(expit x) = -softplus(-x)", lambda x: (e.log(s.expit(x)), s.log_expit(x))),
    _rule("log1p(-expit x) = -softplus x", lambda x: (e.log1p(-s.expit(x)), -s.softplus(x))),
    # a * log(expit x) is NaN where a is 0 and x infinite; xlogy is 0 there.
    _rule("xlogy(a, exp x) = a x", lambda a, x: (
        s.xlogy(a, e.exp(x)), _unless_zero(a, x, x))),
    _rule("xlog1py(a, -exp x) = a log1mexp x", lambda a, x: (
        s.xlog1py(a, -e.exp(x)), _unless_zero(a, x, s.log1mexp(x)))),
    _rule("xlogy(a, -expm1 x) = a log1mexp x", lambda a, x: (
        s.xlogy(a, -e.expm1(x)), _unless_zero(a, x, s.log1mexp(x)))),
    _rule("xlogy(a, 1 - exp x) = a log1mexp x", lambda a, x: (
        s.xlogy(a, 1.0 - e.exp(x)), _unless_zero(a, x, s.log1mexp(x)))),
    _rule("xlog1py(a, -(1 - exp x)) = a x", lambda a, x: (
        s.xlog1py(a, -(1.0 - e.exp(x))), _unless_zero(a, x, x))),
    _rule("xlog1py(a, expm1 x) = a x", lambda a, x: (
        s.xlog1py(a, e.expm1(x)), _unless_zero(a, x, x))),
    _rule("xlogy(a, expit x) = a log(expit x)", lambda a, x: (
        s.xlogy(a, s.expit(x)), _unless_zero(a, x, s.log_expit(x)))),
    _rule("xlog1py(a, -expit x) = -a softplus x", lambda a, x: (
        s.xlog1py(a, -s.expit(x)), _unless_zero(a, x, -s.softplus(x)))),
    _rule("xlogy(a, ndtr x) = a log_ndtr x", lambda a, x: (
        s.xlogy(a, s.ndtr(x)), _unless_zero(a, x, s.log_ndtr(x)))),
    _rule("xlog1py(a, -ndtr x) = a log_ndtr(-x)", lambda a, x: (
        s.xlog1py(a, -s.ndtr(x)), _unless_zero(a, x, s.log_ndtr(-x)))),
    _rule("logit(expit x) = x",   lambda x: (s.logit(s.expit(x)), x)),
    # Distribution functions and their complements
    _rule("1 - ndtr x = ndtr(-x)", lambda x: (1.0 - s.ndtr(x), s.ndtr(-x))),
    _rule("log(ndtr x) = log_ndtr x", lambda x: (e.log(s.ndtr(x)), s.log_ndtr(x))),
    _rule("log1p(-ndtr x) = log_ndtr(-x)", lambda x: (e.log1p(-s.ndtr(x)), s.log_ndtr(-x))),
    _rule("1 + erf x = erfc(-x)", lambda x: (1.0 + s.erf(x), s.erfc(-x))),
    _rule("xlog1py(a, -1/2 erfc x) = xlogy(a, 1/2 erfc(-x))", lambda a, x: (
        s.xlog1py(a, -(0.5 * s.erfc(x))), s.xlogy(a, 0.5 * s.erfc(-x)))),
    _rule("1 - erf x = erfc x",   lambda x: (1.0 - s.erf(x), s.erfc(x))),
    _rule("1 - erfc x = erf x",   lambda x: (1.0 - s.erfc(x), s.erf(x))),
    _rule("1 - gammainc = gammaincc", lambda a, x: (1.0 - s.gammainc(a, x), s.gammaincc(a, x))),
    _rule("1 - gammaincc = gammainc", lambda a, x: (1.0 - s.gammaincc(a, x), s.gammainc(a, x))),
    # Equal operands
    _exact("max(x, x) = x",        lambda x: (e.maximum(x, x), x), accepts=NUMERIC),
    _exact("min(x, x) = x",        lambda x: (e.minimum(x, x), x), accepts=NUMERIC),
    _exact("where(c, x, x) = x",   lambda c, x: (where(c, x, x), x),
           types=(BOOL, FLOAT), accepts=ALL),
    _exact("where(not c, x, y) = where(c, y, x)",
           lambda c, x, y: (where(e.logical_not(c), x, y), where(c, y, x)),
           types=(BOOL, FLOAT, FLOAT), accepts=ALL),
    # Logic
    _exact("not not c = c", lambda c: (e.logical_not(e.logical_not(c)), c), **LOGIC),
    _exact("c and c = c",          lambda c: (e.logical_and(c, c), c), **LOGIC),
    _exact("c or c = c",           lambda c: (e.logical_or(c, c), c), **LOGIC),
    _exact("c and true = c",       lambda c: (e.logical_and(c, True), c), **LOGIC),
    _exact("c or false = c",       lambda c: (e.logical_or(c, False), c), **LOGIC),
)
"""The table, more special patterns before more general ones."""
# fmt: on

_COMMUTATIVE = {e.add, e.multiply, e.maximum, e.minimum, e.logical_and, e.logical_or, e.logaddexp}


# -- matching -------------------------------------------------------------------------------

Binding = list["Expr | None"]
Matcher = Callable[[Expr, Binding], bool]


def _matcher(pattern: Expr, variables: tuple[Expr, ...]) -> Matcher:
    """Make the test for a pattern: it fills in what the variables stand for."""
    if pattern in variables:
        place = variables.index(pattern)

        def variable(x: Expr, found: Binding) -> bool:
            if found[place] is None:
                found[place] = x
                return True
            return found[place] is x

        return variable
    if is_constant(pattern):
        number = value_of(pattern)[()]
        return lambda x, found: _holds(number, x)
    op = pattern.op
    tests = [_matcher(a, variables) for a in pattern.args]
    swapped = tests[::-1] if op in _COMMUTATIVE and len(set(pattern.args)) > 1 else None

    def term(x: Expr, found: Binding) -> bool:
        if x.op is not op:
            return False
        if swapped is None:
            return all(test(a, found) for test, a in zip(tests, x.args, strict=True))
        before = found.copy()
        for order in (tests, swapped):
            if order[0](x.args[0], found) and order[1](x.args[1], found):
                return True
            found[:] = before
        return False

    return term


def _holds(number: Any, x: Expr) -> bool:
    """Tell whether an expression is a number throughout, the sign of zero included."""
    while x.op is FULL or x.op is BROADCAST:
        x = x.args[1 if x.op is FULL else 0]
    if not is_constant(x):
        return False
    value = value_of(x)
    if not value.size or (value.dtype == bool) != (number.dtype == bool):
        return False
    if value.dtype == bool or number != 0:
        return bool(np.all(value == number))
    return bool(np.all((value == 0) & (np.signbit(value) == np.signbit(number))))


_BY_OP: dict[Op, list[tuple[Rule, Matcher]]] = {}
for _each in RULES:
    _BY_OP.setdefault(_each.left.op, []).append((_each, _matcher(_each.left, _each.variables)))


def apply(rule: Rule, matcher: Matcher, x: Expr) -> Expr | None:
    """Apply a rule at the root of an expression; None where it does not apply."""
    found: Binding = [None] * len(rule.variables)
    if not matcher(x, found):
        return None
    if not isinstance(x.type, TensorType) or x.type.dtype not in rule.accepts:
        return None
    bound: list[Expr] = [b for b in found if b is not None]
    if rule.condition is not None and not rule.condition(*bound):
        return None
    new: dict[Expr, Expr] = dict(zip(rule.variables, bound, strict=True))
    for node in toposort([rule.right]):
        if node in new:
            continue
        if is_constant(node):
            # A number of the pattern takes the data type of what is replaced.
            new[node] = scalar(value_of(node).item(), x.type.dtype)
        else:
            new[node] = node.op(*(new[a] if isinstance(a, Expr) else a for a in node.args))
    return fitted(new[rule.right], x)


def fitted(new: Expr, old: Expr) -> Expr | None:
    """Give a replacement the shape of what it replaces; None where its data type differs."""
    a, b = new.type, old.type
    if a == b:
        return new
    if not isinstance(a, TensorType) or not isinstance(b, TensorType) or a.dtype != b.dtype:
        return None
    return new if same_shape(a.shape, b.shape) else broadcast_to(new, b.shape)


# -- the pass -------------------------------------------------------------------------------

_BODIES: weakref.WeakKeyDictionary[Subgraph, Subgraph] = weakref.WeakKeyDictionary()


def simplify(outputs: Sequence[Expr]) -> tuple[Expr, ...]:
    """Rewrite expressions by the rules above, each node once.

    Parameters
    ----------
    outputs
        Expressions of any types; random variables and keys are left as they are.

    Returns
    -------
    tuple of Expr
        Expressions of the same types, in order.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> simplify([ag.log(1.0 + ag.exp(x * 1.0))])
    (logaddexp(x, 0.0),)
    """
    from astragal.compile.simplify_structure import STRUCTURE, fold_constants

    done: dict[Expr, Expr] = {}
    settled: set[Expr] = set()

    def step(x: Expr) -> Expr | None:
        folded = fold_constants(x)
        if folded is not None:
            return folded
        for structural in STRUCTURE.get(x.op.name, ()):
            new = structural(x)
            if new is not None and new is not x:
                return new
        for rule, matcher in _BY_OP.get(x.op, ()):
            new = apply(rule, matcher, x)
            if new is not None and new is not x:
                return new
        return None

    stack: list[tuple[Expr, Expr | None]] = [(x, None) for x in reversed(outputs)]
    while stack:
        node, image = stack.pop()
        if image is not None:
            # What replaced the node has been simplified in turn.
            done[node] = done[image]
            continue
        if node in done:
            continue
        waiting = [a for a in node.args if isinstance(a, Expr) and a not in done]
        if waiting:
            stack.append((node, None))
            stack += [(a, None) for a in reversed(waiting)]
            continue
        built = _rebuilt(node, done)
        new = None if built in settled else step(built)
        if new is None:
            settled.add(built)
            done[built] = done[node] = built
        else:
            stack += [(node, new), (new, None)]
    return tuple(done[x] for x in outputs)


def _rebuilt(node: Expr, done: Mapping[Expr, Expr]) -> Expr:
    args: list[Any] = []
    changed = False
    for a in node.args:
        new = done[a] if isinstance(a, Expr) else simplify_body(a) if isinstance(a, Subgraph) else a
        changed = changed or new is not a
        args.append(new)
    return node.op.again(node, args) if changed else node


def simplify_body(body: Subgraph) -> Subgraph:
    """Simplify the body of a loop, a branch or a call; each is simplified once."""
    found = _BODIES.get(body)
    if found is None:
        found = Subgraph(body.parameters, simplify(body.outputs))
        _BODIES[body] = _BODIES[found] = found
    return found
