"""Gibbs steps by exponential-family form."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from astragal.density.algebra import fold, simplify
from astragal.density.forms import LOG, SQUARE, Monomial
from astragal.density.joint import Factor, Joint
from astragal.density.statistics import linear_form
from astragal.density.transforms import Interval, interval_of
from astragal.derive.bounds import (
    Cut,
    Limits,
    above_zero,
    addends,
    condition,
    condition_of,
    cut,
    joined,
    limits,
    within_unit,
)
from astragal.derive.families import Family, find_family, proper
from astragal.derive.notation import write_law
from astragal.graph.expr import INPUT, Expr
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import FLOATS, KeyType, Shape, TensorType
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.creation import zeros, zeros_like
from astragal.ops.gradient import grad
from astragal.ops.manipulation import broadcast_to
from astragal.ops.special import HALF_LOG_2PI
from astragal.random import RANDOM_OPS
from astragal.random.distribution import batch_shape, is_random, random_parts
from astragal.random.keys import DEFAULT

KEY = INPUT("key", KeyType(DEFAULT, ()))
"""The key from which a step draws."""
Seen = tuple[Expr, tuple[Factor, ...], tuple[Expr, ...]]


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """What the joint log density says about one variable.

    Attributes
    ----------
    z
        Its coordinate.
    own
        The factor whose value is z itself; None where z enters only through others.
    factors
        All factors that depend on z, in order, its own included.
    extra
        Jacobians that depend on z.
    """

    z: Expr
    own: Factor | None
    factors: tuple[Factor, ...]
    extra: tuple[Expr, ...]

    @property
    def seen(self) -> Seen:
        """All that a law of z follows from."""
        return self.z, self.factors, self.extra

    @property
    def total(self) -> Expr:
        """The log density of z given everything else, up to a constant."""
        terms = [*(f.total for f in self.factors), *self.extra]
        out = terms[0]
        for t in terms[1:]:
            out = out + t
        return out


class Neighbourhoods:
    """Finds what depends on each coordinate, for all of them in one pass.

    Attributes
    ----------
    joint
        The joint law.
    variables
        Random variables, by their coordinates.
    laws
        What was found, or why nothing was, for neighbourhoods seen so far: it holds wherever
        the same terms come again, as when others have been integrated out.
    blocks
        What was found of variables together, by the terms that it follows from; it holds for
        other models in which these are the same.
    """

    def __init__(
        self,
        joint: Joint,
        laws: dict[Seen, Found | str] | None = None,
        blocks: dict[Hashable, Any] | None = None,
    ) -> None:
        self.joint = joint
        self.blocks: dict[Hashable, Any] = {} if blocks is None else blocks
        self.variables = {f.value: f.rv for f in joint.factors if is_random(f.rv)}
        self.laws: dict[Seen, Found | str] = {} if laws is None else laws
        inputs = list(joint.coordinates.values())
        roots: list[Expr] = []
        for f in joint.factors:
            roots += [f.density, *([] if f.support is None else [f.support])]
        roots += joint.jacobians.values()
        order = toposort(roots)
        bit = {x: 1 << i for i, x in enumerate(inputs)}
        self._mask: dict[Expr, int] = {}
        for node in order:
            mask = bit.get(node, 0)
            for a in node.args:
                if isinstance(a, Expr):
                    mask |= self._mask[a]
            self._mask[node] = mask
        self._bit = bit
        self._inputs = inputs
        self._factors: dict[Expr, list[Factor]] = {}
        self._extras: dict[Expr, list[Expr]] = {}
        for f in joint.factors:
            # A flat density reads no variable, not even its own.
            own = bit.get(f.value, 0)
            mask = own | self._mask[f.density] | (0 if f.support is None else self._mask[f.support])
            for z in self._list(mask):
                self._factors.setdefault(z, []).append(f)
        for j in joint.jacobians.values():
            for z in self._list(self._mask[j]):
                self._extras.setdefault(z, []).append(j)

    def after(self, joint: Joint) -> Neighbourhoods:
        """Read another joint law of the same model, with what is known already."""
        return Neighbourhoods(joint, self.laws, self.blocks)

    def depends(self, x: Expr, z: Expr) -> bool:
        """Tell whether an expression of the joint density reads a coordinate."""
        return bool(self._mask[x] & self._bit[z])

    def of(self, name: str) -> Neighbourhood:
        """Collect what depends on one coordinate."""
        z = self.joint.coordinates[name]
        factors = self._factors.get(z, [])
        own = next((f for f in factors if f.value is z), None)
        return Neighbourhood(z, own, tuple(factors), tuple(self._extras.get(z, ())))

    def beside(self, name: str) -> set[Expr]:
        """Collect the other coordinates that something reads together with one of them."""
        near = self.of(name)
        mask = 0
        for f in near.factors:
            mask |= self._bit.get(f.value, 0) | self._mask[f.density]
            mask |= 0 if f.support is None else self._mask[f.support]
        for x in near.extra:
            mask |= self._mask[x]
        return {*self._list(mask)} - {near.z}

    def _list(self, mask: int) -> list[Expr]:
        """Coordinates of a mask."""
        out = []
        while mask:
            low = mask & -mask
            out.append(self._inputs[low.bit_length() - 1])
            mask ^= low
        return out


@dataclass(frozen=True, eq=False)
class Centre:
    """Where a normal law is highest.

    Attributes
    ----------
    values
        Of its targets, by name.
    logq
        Log density there.
    """

    values: Mapping[str, Expr]
    logq: Expr


@dataclass(frozen=True, eq=False)
class Natural:
    """The exponential-family form of a law: exp(parameters . statistics - log normaliser).

    Attributes
    ----------
    parameters
        The natural ones, or numbers of which these are multiples.
    log_normaliser
        From parameters to the log of the integral, of all elements together.
    """

    parameters: tuple[Expr, ...]
    log_normaliser: Callable[..., Expr]


@dataclass(frozen=True, eq=False)
class Found:
    """A conditional in closed form.

    Attributes
    ----------
    targets
        The variables that it is the law of, jointly.
    family
        Name of the distribution.
    law
        A random variable of the key input ``"key"`` and the other coordinates, where the
        law is one in the vocabulary.
    outputs
        Graphs that draw the targets, by name.
    logq
        Log density of the targets' coordinates under the law.
    marginal
        The log density of everything else, the targets integrated out, as far as their
        neighbourhood goes.
    text
        The law in statistics notation, given labels of constants.
    relation
        Name of the relation that gave it, where one did.
    finder
        Name of the way in which it was found, where the family does not tell:
        `astragal.derive.relations.FINDERS`.
    centre
        Of a normal law.
    natural
        Its exponential-family form, where it was found in that form.
    """

    targets: tuple[str, ...]
    family: str
    law: Expr | None
    outputs: Mapping[str, Expr]
    logq: Expr
    marginal: Expr
    text: Callable[[Mapping[Expr, str]], str]
    relation: str = ""
    finder: str = ""
    centre: Centre | None = None
    natural: Natural | None = None


def support_word(own: Factor) -> str | None:
    """Name the support of a variable as the table of families does."""
    if own.family == "dirichlet":
        return "simplex"
    interval = interval_of(own)
    return None if interval is None else interval.kind


def conjugate(near: Neighbourhood, reads: Neighbourhoods) -> Found | str:
    """Find the conditional of a variable by exponential-family form.

    Returns
    -------
    Found, or str
        Why there is none.
    """
    z, own = near.z, near.own
    if not isinstance(z.type, TensorType) or z.dtype not in FLOATS:
        return "it is discrete"
    if own is None:
        return "it has no distribution of its own"
    word = support_word(own)
    if word is None:
        return f"its support, that of {own.family}, has no row in the table of families"
    interval = interval_of(own)
    over_zero = word == "simplex" or above_zero(own)
    bounds: list[Limits] = []
    for f in near.factors:
        if f is not own and f.support is not None and reads.depends(f.support, z):
            found = limits(f.support, z, over_zero)
            if found is None:
                return f"the support of {f.name} depends on it"
            bounds.append(found)
    weights, conditions, free = _conditions(near, over_zero)
    bounds += conditions
    bounded = any(b.lows or b.highs for b in bounds)
    if bounded and interval is None:
        return f"it is bounded by others, and {own.family} is no law of single numbers"
    form = linear_form(
        z,
        # Gradients list the last term first: so the prior comes before the children.
        [*weights, *(f.density for f in reversed(near.factors))],
        positive=over_zero,
        unit=interval is not None and within_unit(interval, own),
    )
    if form is None:
        return "its log density is not linear in statistics of it"
    whole, stand_ins, const = form
    for x in free:
        const = const + x
    form = whole, stand_ins, const
    if interval is not None and (word == "interval" or bounded):
        return _cut(near, form, joined(interval, bounds), reads)
    family = find_family(word, set(stand_ins), set(RANDOM_OPS))
    power = common_power(stand_ins) if family is None and word == "positive" else None
    if power is not None:
        return _of_power(near, whole, stand_ins, const, power)
    if family is None and interval is not None and SQUARE in stand_ins:
        # On any interval: the normal, cut to it.
        return _cut(near, form, interval, reads)
    if family is None:
        shown = ", ".join(sorted(show_monomial(m) for m in stand_ins))
        return f"no family has the statistics {shown} on its support"
    natural = natural_parameters(whole, [stand_ins.get(m) for m in family.statistics], z)
    natural = [simplify(x, keep_shape=False) for x in natural]
    size = _size(z, own)
    if family.support == "simplex":
        natural = [broadcast_to(p, z.shape) for p in natural]
    kept, plain = proper(family, natural, None, None), _law(family, natural, size)
    law = plain if kept == natural else _law(family, kept, size)
    target = str(z.args[0])

    def log_normaliser(*eta: Expr) -> Expr:
        return r.sum(broadcast_to(family.log_normaliser(*eta), size))

    return Found(
        targets=(target,),
        family=family.name,
        law=law,
        outputs={target: law},
        logq=law_density(law, z),
        marginal=simplify(const + log_normaliser(*kept)),
        text=lambda labels: write_law(plain, labels),
        centre=centre_of(law, target),
        natural=Natural(tuple(kept), log_normaliser),
    )


def _law(family: Family, natural: Sequence[Expr], size: Shape) -> Expr:
    """Draw from the distribution of a row."""
    parameters = [simplify(x, keep_shape=False) for x in family.parameters(*natural)]
    return RANDOM_OPS[family.name](KEY, size, *parameters)


def _conditions(
    near: Neighbourhood, over_zero: bool
) -> tuple[list[Expr], list[Limits], list[Expr]]:
    """Split further log weights into plain ones, bounds of the variable, and what is free of it."""
    weights: list[Expr] = []
    bounds: list[Limits] = []
    free: list[Expr] = []
    for whole in near.extra:
        parts = [(x, condition_of(x)) for x in addends(whole)]
        if all(test is None for _, test in parts):
            weights.append(whole)
            continue
        for term, test in parts:
            found = None if test is None else limits(test, near.z, over_zero)
            if found is None:
                weights.append(term)
                continue
            bounds.append(found)
            if found.rest is not None:
                free.append(condition(found.rest))
    return weights, bounds, free


def centre_of(law: Expr, target: str) -> Centre | None:
    """Give the centre of a law of independent normal numbers; None for others."""
    if law.op.name != "normal":
        return None
    size, (loc, sd) = batch_shape(law), random_parts(law)[3]
    height = e.negative(e.log(sd)) - HALF_LOG_2PI
    return Centre({target: broadcast_to(loc, size)}, r.sum(broadcast_to(height, size)))


def _cut(
    near: Neighbourhood,
    form: tuple[Expr, Mapping[Monomial, Expr], Expr],
    interval: Interval,
    reads: Neighbourhoods,
) -> Found | str:
    """The law of a variable between two bounds."""
    z, own = near.z, near.own
    assert own is not None
    whole, stand_ins, const = form

    def natural(statistics: Sequence[Monomial]) -> list[Expr]:
        eta = natural_parameters(whole, [stand_ins.get(m) for m in statistics], z)
        return [simplify(x, keep_shape=False) for x in eta]

    found = cut(list(stand_ins), natural, interval, own, reads.variables, KEY)
    power = common_power(stand_ins) if isinstance(found, str) and above_zero(own) else None
    if power is not None:
        used, of_power = _in_power(z, whole, stand_ins, power)
        c = float(power)
        interval = Interval(
            *(None if x is None else fold(e.pow(x, c)) for x in (interval.low, interval.high))
        )
        found = cut(used, of_power, interval, own, reads.variables, KEY)
        if isinstance(found, Cut):
            return _root(near, found, const, c)
    if isinstance(found, str):
        return found
    law, target = found.law, str(z.args[0])
    normaliser = broadcast_to(found.log_normaliser, _size(z, own))
    return Found(
        targets=(target,),
        family=found.family,
        law=law,
        outputs={target: law},
        logq=law_density(law, z),
        marginal=simplify(const + r.sum(normaliser)),
        text=lambda labels: write_law(found.shown, labels),
        finder="law_between_bounds",
    )


def common_power(used: Iterable[Monomial]) -> Fraction | None:
    """Find c where the statistics of z are log, identity and inverse of w = z^c; None for 1."""
    powers = {abs(m[0]) for m in used if m[0]}
    plain = all(not (m[1] or m[3]) and (m == LOG or (m[0] and not m[2])) for m in used)
    if not plain or len(powers) != 1 or powers == {Fraction(1)}:
        return None
    return powers.pop()


def _of_power(
    near: Neighbourhood,
    whole: Expr,
    stand_ins: Mapping[Monomial, Expr],
    const: Expr,
    power: Fraction,
) -> Found | str:
    """The law of z where w = z^c has a known one, such as a scale with an inverse gamma square."""
    z, own = near.z, near.own
    assert own is not None
    used, natural = _in_power(z, whole, stand_ins, power)
    family = find_family("positive", set(used), set(RANDOM_OPS))
    if family is None:
        shown = ", ".join(sorted(show_monomial(m) for m in stand_ins))
        return f"no family has the statistics {shown} on its support"
    eta, size = natural(family.statistics), _size(z, own)
    kept = proper(family, eta, None, None)
    law = Cut(
        family.name, _law(family, kept, size), family.log_normaliser(*kept), _law(family, eta, size)
    )
    return _root(near, law, const, float(power))


def _in_power(
    z: Expr, whole: Expr, stand_ins: Mapping[Monomial, Expr], power: Fraction
) -> tuple[list[Monomial], Callable[[Sequence[Monomial]], list[Expr]]]:
    """Statistics of w = z^c, and their natural parameters.

    exp(a log z + ...) dz is exp((a / c + 1 / c - 1) log w + ...) dw / c.
    """
    zero, c = Fraction(0), float(power)
    of: dict[Monomial, Monomial] = {
        LOG if m == LOG else (m[0] / power, zero, zero, zero): m for m in stand_ins
    }

    def natural(statistics: Sequence[Monomial]) -> list[Expr]:
        given = [stand_ins[of[m]] if m in of else None for m in statistics]
        eta = natural_parameters(whole, given, z)
        if LOG in statistics:
            at = list(statistics).index(LOG)
            eta[at] = (eta[at] + (1.0 - c)) / c
        return [simplify(x, keep_shape=False) for x in eta]

    return list(of), natural


def _root(near: Neighbourhood, found: Cut, const: Expr, c: float) -> Found:
    """The law of z where z^c has one."""
    z, target, law = near.z, str(near.z.args[0]), found.law
    root = "sqrt({})" if c == 2.0 else f"({{}})^{1.0 / c:g}"
    slope = r.sum(math.log(c) + (c - 1.0) * e.log(z))
    normaliser = broadcast_to(found.log_normaliser - math.log(c), batch_shape(law))
    return Found(
        targets=(target,),
        family=found.family,
        law=None,
        outputs={target: e.sqrt(law) if c == 2.0 else e.pow(law, 1.0 / c)},
        logq=law_density(law, e.pow(z, c)) + slope,
        marginal=simplify(const + r.sum(normaliser)),
        text=lambda labels: root.format(write_law(found.shown, labels)),
    )


def law_density(law: Expr, z: Expr) -> Expr:
    """Scalar log density of a value under a random variable's distribution."""
    d, _, _, parameters = random_parts(law)
    return r.sum(broadcast_to(d.logdensity(z, *parameters), batch_shape(law)))


def natural_parameters(whole: Expr, stand_ins: Sequence[Expr | None], z: Expr) -> list[Expr]:
    """Differentiate a linear form by its statistics.

    The gradient of a linear form holds no statistic; where one is left in the graph, as a
    factor that cancels, zeros stand for it.
    """
    present = [t for t in stand_ins if t is not None]
    gradients = grad(whole, present) if present else []
    below = set(toposort(gradients))
    if any(t in below for t in present):
        gradients = substitute(gradients, {t: zeros_like(t) for t in present})
    given = iter(gradients)
    return [
        zeros(z.shape, dtype=z.dtype) if t is None else broadcast_to(next(given), z.shape)
        for t in stand_ins
    ]


def _size(z: Expr, own: Factor) -> Shape:
    core = own.rv.op.distribution.core  # type: ignore[attr-defined]
    return z.shape[: len(z.shape) - core]


def show_monomial(m: Sequence[object]) -> str:
    """Write a statistic: ``z^2``, ``log z``."""
    bases = ("z", "(1 - z)", "log z", "log(1 - z)")
    parts = [b if p == 1 else f"{b}^{p}" for b, p in zip(bases, m, strict=True) if p]
    return " ".join(parts)
