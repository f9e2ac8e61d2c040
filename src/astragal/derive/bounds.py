"""Laws that are cut: where a variable's own interval and the supports of its children let it lie.

A child that is uniform below z, or a Pareto variable above it, bounds z and else multiplies
its density by a power. So the law of z is that of a family, between two bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from astragal.density.algebra import fold, fold_all, simplify
from astragal.density.forms import IDENTITY, LOG, Monomial
from astragal.density.joint import Factor
from astragal.density.transforms import Interval, interval_of
from astragal.derive.families import FAMILIES, Family, proper
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import same_shape
from astragal.logic.algebra import nonnegative, positive
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.manipulation import broadcast_to
from astragal.ops.searching import where
from astragal.random import RANDOM_OPS
from astragal.random.combinators import op_of
from astragal.random.distribution import Distribution, batch_shape
from astragal.random.tails import log_mass
from astragal.random.transformation import transformed
from astragal.random.truncation import truncated


@dataclass(frozen=True, eq=False)
class Limits:
    """What conditions on a variable say.

    Attributes
    ----------
    lows, highs
        Bounds of it, each a scalar or of its shape.
    rest
        Conditions that are free of it; None for none.
    """

    lows: tuple[Expr, ...] = ()
    highs: tuple[Expr, ...] = ()
    rest: Expr | None = None


def limits(test: Expr, z: Expr, above_zero: bool) -> Limits | None:
    """Read a condition as bounds of a variable, and conditions that are free of it.

    Parameters
    ----------
    test
        Elementwise truth values.
    z
        A continuous variable.
    above_zero
        Whether it is known to be positive.

    Returns
    -------
    Limits or None
        None where it says something else.
    """
    lows: list[Expr] = []
    highs: list[Expr] = []
    rest: Expr | None = None
    for part in conjuncts(test):
        free = part if z not in toposort([part]) else _free_of_sign(part, z, above_zero)
        if free is not None:
            rest = both(rest, free)
            continue
        if part.op.name not in COMPARISONS:
            return None
        a, b = part.args if COMPARISONS[part.op.name] else part.args[::-1]
        found = _isolated(a, b, z)  # a <= b
        if found is None:
            return None
        bound, below = found
        whole = _per_element(bound, part.shape, z, below)
        if whole is None:
            return None
        (highs if below else lows).append(whole)
    return Limits(tuple(lows), tuple(highs), rest)


COMPARISONS = {"less": True, "less_equal": True, "greater": False, "greater_equal": False}
"""Of two numbers, and whether the first is the smaller one."""


def condition(test: Expr) -> Expr:
    """Give the log weight of an event: 0 where it holds everywhere, else minus infinity."""
    return r.sum(where(test, scalar(0.0, "float64"), scalar(-math.inf, "float64")))


def condition_of(term: Expr) -> Expr | None:
    """Read the event of a log weight as `condition` gives it; None for other weights."""
    while term.op.name == "sum":
        term = term.args[0]
    if term.op.name != "where":
        return None
    test, yes, no = term.args
    if not (is_constant(yes) and is_constant(no)):
        return None
    holds = not np.any(value_of(yes)) and bool(np.all(np.isneginf(value_of(no))))
    return test if holds else None


def addends(term: Expr) -> list[Expr]:
    """Split a log weight into those whose sum it is."""
    out, stack = [], [term]
    while stack:
        x = stack.pop()
        if x.op.name == "add":
            stack += x.args[::-1]
        elif x.op.name == "subtract":
            out.append(-x.args[1])
            stack.append(x.args[0])
        else:
            out.append(x)
    return out


def conjuncts(test: Expr) -> list[Expr]:
    """Split a condition into those that all must hold, each throughout."""
    out, stack = [], [test]
    while stack:
        x = stack.pop()
        if x.op.name in ("logical_and", "bitwise_and"):
            stack += x.args[::-1]
        elif x.op.name == "all":
            stack.append(x.args[0])
        else:
            out.append(x)
    return out


def _free_of_sign(part: Expr, z: Expr, above_zero: bool) -> Expr | None:
    """Leave a finite variable out of ``isfinite(y - z)``, a positive one out of ``y / z > 0``."""
    if part.op.name == "isfinite":
        x = _without_terms(part.args[0], z)
        if above_zero and z in toposort([x]):
            found = _without_factors(x, z)
            x = x if found is None else found
        return None if z in toposort([x]) else part.op(x)
    if part.op.name not in COMPARISONS or not above_zero:
        return None
    a, b = part.args
    for x, y, turn in ((a, b, False), (b, a, True)):
        if is_constant(y) and not np.any(value_of(y)):
            new = _without_factors(x, z)
            if new is not None:
                return part.op(y, new) if turn else part.op(new, y)
    return None


def _without_terms(x: Expr, z: Expr) -> Expr:
    """Leave z out where it is added or subtracted."""
    while x.op.name in ("add", "subtract"):
        a, b = x.args
        if b is z:
            x = a
        elif a is z:
            x = b
        else:
            break
    return x


def _without_factors(x: Expr, z: Expr) -> Expr | None:
    """Divide a product by its powers of z; None where something else reads z."""
    if z not in toposort([x]):
        return x
    name = x.op.name
    if x is z:
        return scalar(1.0, z.dtype)
    if name in ("multiply", "divide"):
        a, b = (_without_factors(y, z) for y in x.args)
        return None if a is None or b is None else x.op(a, b)
    if name in ("sqrt", "square", "reciprocal", "broadcast_to", "index", "negative", "reshape"):
        inner = _without_factors(x.args[0], z)
        if inner is None:
            return None
        if name in ("broadcast_to", "index", "reshape"):
            inner = broadcast_to(inner, x.args[0].shape)
        return x.op(inner, *x.args[1:])
    return None


def _isolated(a: Expr, b: Expr, z: Expr) -> tuple[Expr, bool] | None:
    """Solve ``a <= b`` for z: a bound, and whether z lies below it."""
    inside = [z in toposort([x]) for x in (a, b)]
    if all(inside):
        return None
    x, other, below = (a, b, True) if inside[0] else (b, a, False)
    while x is not z:
        name = x.op.name
        if name == "negative":
            x, other, below = x.args[0], -other, not below
        elif name == "broadcast_to" and x.args[0].shape == ():
            x = x.args[0]
        elif name in ("add", "subtract", "multiply", "divide"):
            first = z in toposort([x.args[0]])
            inner, c = x.args if first else x.args[::-1]
            if z in toposort([c]):
                return None
            if name in ("add", "subtract"):
                if name == "add":
                    other = other - c
                elif first:
                    other = other + c
                else:
                    other, below = c - other, not below
            elif not positive(c) or (name == "divide" and not first):
                return None
            else:
                other = other / c if name == "multiply" else other * c
            x = inner
        else:
            return None
    return other, below


def _per_element(bound: Expr, shape: tuple[object, ...], z: Expr, below: bool) -> Expr | None:
    """Bring a bound to a scalar variable's shape, or to that of one whose elements it repeats."""
    bound = broadcast_to(bound, shape)
    extra = bound.ndim - z.ndim
    if extra < 0 or (z.ndim and not same_shape(bound.shape[extra:], z.shape)):
        return None
    if not extra:
        return bound
    axes = tuple(range(extra))
    return r.min(bound, axes) if below else r.max(bound, axes)


def free_part(test: Expr, z: Expr, above_zero: bool) -> Expr | None:
    """Give the conditions of a test that do not read a variable; None for none."""
    out: Expr | None = None
    for part in conjuncts(test):
        free = part if z not in toposort([part]) else _free_of_sign(part, z, above_zero)
        if free is not None:
            out = both(out, free)
    return out


def both(a: Expr | None, b: Expr) -> Expr:
    """Join two conditions, each of which holds throughout, whatever their shapes."""
    if a is None:
        return b
    return a & b if same_shape(a.shape, b.shape) else r.all(a) & r.all(b)


# -- cut families --------------------------------------------------------------------------


def joined(own: Interval, found: Sequence[Limits]) -> Interval:
    """The part of an interval that lies within all limits."""
    low, high = own.low, own.high
    for one in found:
        for x in one.lows:
            low = x if low is None else fold(e.maximum(low, x))
        for x in one.highs:
            high = x if high is None else fold(e.minimum(high, x))
    return Interval(low, high)


def not_below_zero(low: Expr | None, own: Factor) -> bool:
    """Whether a lower bound is known not to be negative."""
    if low is None:
        return False
    return own.family == "pareto" or (is_constant(low) and bool((value_of(low) >= 0).all()))


def above_zero(own: Factor | None) -> bool:
    """Whether a variable is known to be positive."""
    interval = None if own is None else interval_of(own)
    return interval is not None and own is not None and not_below_zero(interval.low, own)


def within_unit(interval: Interval, own: Factor) -> bool:
    """Whether an interval is known to lie between 0 and 1."""
    high = interval.high
    if high is None or not not_below_zero(interval.low, own):
        return False
    return is_constant(high) and bool((value_of(high) <= 1).all())


@dataclass(frozen=True, eq=False)
class Cut:
    """A family between two bounds: its law, and the log of the integral of its density.

    Attributes
    ----------
    family, law, log_normaliser
    plain
        The law without what keeps single elements of it proper; None where that is the law.
    """

    family: str
    law: Expr
    log_normaliser: Expr
    plain: Expr | None = None

    @property
    def shown(self) -> Expr:
        """The law for people."""
        return self.law if self.plain is None else self.plain


Natural = Callable[[Sequence[Monomial]], list[Expr]]
"""From statistics to their natural parameters, simplified."""


def cut(
    used: Sequence[Monomial],
    natural: Natural,
    interval: Interval,
    own: Factor,
    values: Mapping[Expr, Expr],
    key: Expr,
) -> Cut | str:
    """Find the family, cut to an interval, with the statistics of a log density.

    Parameters
    ----------
    used
        Statistics in which it is linear.
    natural
        Gives their parameters.
    interval
        Where the variable lies.
    own
        Its own law.
    values
        Random variables, by their coordinates: what is known of signs.
    key
        From which the law draws.

    Returns
    -------
    Cut or str
        Why there is none.
    """
    zero_or_more = not_below_zero(interval_of(own).low, own)  # type: ignore[union-attr]
    if set(used) == {IDENTITY} and interval.low is not None and interval.high is not None:
        return _slope(natural([IDENTITY])[0], interval, own, values, key)
    if set(used) == {LOG} and zero_or_more:
        return _power_law(natural([LOG])[0], interval, own, values, key)
    words = ["real"]
    if zero_or_more:
        words.insert(0, "positive")
    if within_unit(interval_of(own), own):  # type: ignore[arg-type]
        words.insert(0, "unit")
    for family in FAMILIES:
        if family.support not in words or not set(used) <= set(family.statistics):
            continue
        eta = natural(family.statistics)
        if family.name in _DOMAINS and _proper(family, eta, values):
            return _cut_family(family, eta, interval, own, key)
    return "no family, cut to an interval, has its statistics and parameters of known sign"


_DOMAINS: Mapping[str, Callable[..., tuple[Sequence[Expr], Sequence[Expr]]]] = {
    "gamma": lambda a, b: ([a + 1.0], [-b]),
    "inverse_gamma": lambda a, b: ([-a - 1.0], [-b]),
    "beta": lambda a, b: ([a + 1.0, b + 1.0], []),
    "normal": lambda a, b: ([], [-b]),
    "lognormal": lambda a, b: ([], [-b]),
}
"""Of natural parameters: what must be positive, and what may be zero by chance alone."""


def _proper(family: Family, eta: Sequence[Expr], values: Mapping[Expr, Expr]) -> bool:
    over, not_under = _DOMAINS[family.name](*eta)
    return all(_sign(x, values, True) for x in over) and all(
        _sign(x, values, False) for x in not_under
    )


def _sign(x: Expr, values: Mapping[Expr, Expr], strict: bool) -> bool:
    """Whether a number is known to be positive, or not to be negative and not always 0."""
    tell = positive if strict else nonnegative
    others = {v: _failures(rv) for v, rv in values.items() if rv.op.name in _TRIALS}
    for known in (values, {**values, **others}):
        (new,) = substitute([simplify(x, keep_shape=False)], known)
        new = fold_all(simplify(new, keep_shape=False))
        if is_constant(new):
            return bool((value_of(new) > 0).all())
        if tell(new):
            return True
    return False


_TRIALS = ("binomial", "bernoulli")


def _failures(successes: Expr) -> Expr:
    """Trials less a number that is not negative: so ``n - y`` is seen not to be negative."""
    n = successes.args[2] if successes.op.name == "binomial" else 1
    return n - successes


def _ends(interval: Interval, dtype: str) -> tuple[Expr, Expr]:
    low, high = interval.low, interval.high
    return (
        scalar(-math.inf, dtype) if low is None else low,
        scalar(math.inf, dtype) if high is None else high,
    )


def _cut_family(
    family: Family, eta: Sequence[Expr], interval: Interval, own: Factor, key: Expr
) -> Cut:
    low, high = _ends(interval, own.rv.dtype)
    kept = proper(family, eta, interval.low, interval.high)
    parameters, shown = (
        [simplify(p, keep_shape=False) for p in family.parameters(*x)] for x in (kept, eta)
    )
    found = _cut_law(family.name, parameters, low, high, own, family.log_normaliser(*kept), key)
    return replace(found, plain=found.law.op(*found.law.args[:2], *shown, low, high))


def _cut_law(
    name: str,
    parameters: Sequence[Expr],
    low: Expr,
    high: Expr,
    own: Factor,
    whole: Expr,
    key: Expr,
) -> Cut:
    d: Distribution = RANDOM_OPS[name].distribution
    op = RANDOM_OPS["truncated_normal"] if name == "normal" else op_of(truncated(d))
    law = op(key, batch_shape(own.rv), *parameters, low, high)
    return Cut(op.name, law, whole + log_mass(d, low, high, parameters))


def _slope(
    eta: Expr, interval: Interval, own: Factor, values: Mapping[Expr, Expr], key: Expr
) -> Cut | str:
    """``exp(eta z)`` between two bounds: exponential from either of them, cut at the other."""
    low, high = interval.low, interval.high
    assert low is not None
    assert high is not None
    one, zero = scalar(1.0, own.rv.dtype), scalar(0.0, own.rv.dtype)
    exponential: Distribution = RANDOM_OPS["exponential"].distribution
    op = op_of(transformed(truncated(exponential), "affine"))
    for slope, start, turn in ((-eta, low, one), (eta, high, e.negative(one))):
        rate = simplify(slope, keep_shape=False)
        if _sign(rate, values, True):
            law = op(key, batch_shape(own.rv), rate, zero, high - low, start, turn)
            mass = log_mass(exponential, zero, high - low, [rate])
            return Cut("exponential", law, mass - e.log(rate) - turn * rate * start)
    return "the sign of its slope is not known"


def _power_law(
    eta: Expr, interval: Interval, own: Factor, values: Mapping[Expr, Expr], key: Expr
) -> Cut | str:
    """``z^eta`` between two bounds: a Pareto law above the lower, or a power of a uniform one."""
    low, high = interval.low, interval.high
    assert low is not None
    shape = simplify(-eta - 1.0, keep_shape=False)
    size = batch_shape(own.rv)
    if _sign(shape, values, True) and not (is_constant(low) and (value_of(low) <= 0).any()):
        normaliser = -shape * e.log(low) - e.log(shape)
        if high is None:
            law = RANDOM_OPS["pareto"](key, size, shape, low)
            return Cut("pareto", law, normaliser)
        return _cut_law("pareto", [shape, low], low, high, own, normaliser, key)
    above = simplify(eta + 1.0, keep_shape=False)
    from_zero = is_constant(low) and not np.any(value_of(low))
    if high is not None and from_zero and _sign(above, values, True):
        # A share of the upper end: a power of a uniform number.
        one, zero = scalar(1.0, own.rv.dtype), scalar(0.0, own.rv.dtype)
        op = op_of(transformed(RANDOM_OPS["beta"].distribution, "affine"))
        law = op(key, size, above, one, zero, high)
        return Cut("beta", law, above * e.log(high) - e.log(above))
    return "a power of it is no density on its interval"
