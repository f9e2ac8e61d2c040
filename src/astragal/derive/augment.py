"""Auxiliary variables that bring a model's conditionals into closed form, found by search.

Two sources. A relation of the book that writes one random variable with several, as a
Student t is a normal with a gamma precision, expands the model: that is sound wherever the
variable stands. And a leaf, a variable that nothing else reads, may be added to any model: if
its density and its neighbour's multiply to something simpler, the pair is written so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from astragal.density.joint import Factor, Joint
from astragal.derive.relations import book
from astragal.derive.steps import UsedRelation
from astragal.graph.errors import AstragalError, DomainError
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant, is_constant, scalar, value_of
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import KeyType, Shape
from astragal.logic.relation import Relation
from astragal.model import Model
from astragal.ops import elementwise as e
from astragal.ops import special as sp
from astragal.ops.manipulation import astype, broadcast_to
from astragal.ops.reductions import cumulative_sum
from astragal.ops.searching import where
from astragal.random import RANDOM_OPS
from astragal.random.check import check_keys
from astragal.random.distribution import batch_shape, is_random
from astragal.random.keys import DEFAULT, fold_in

LEAF_KEY = INPUT("auxiliary key", KeyType(DEFAULT, ()))
"""From which added leaves draw."""


# -- leaves --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Leaf:
    """A family of auxiliary leaves.

    Attributes
    ----------
    name
        Of the identity.
    source
        Where it is proved.
    argument
        From a random variable to the linear predictor that it is for; None where it is not.
    make
        From a key, the random variable and its predictor to the leaf.
    relative
        From the leaf's value and parameters to its log density, elementwise, relative to a
        measure that reads nothing of the predictor.
    pair
        From the values of variable, its parameters, the predictor and the leaf to two log
        densities, elementwise, the second relative to the same measure; their sum is that
        of the pair as it was.
    measured
        From the leaf to what the measure reads. It has to be known: the law of a number of
        trials would lack it.
    """

    name: str
    source: str
    argument: Callable[[Expr], Expr | None]
    make: Callable[[Expr, Expr, Expr], Expr]
    relative: Callable[..., Expr]
    pair: Callable[[Expr, tuple[Expr, ...], Expr, Expr, str], tuple[Expr, Expr]]
    measured: Callable[[Expr], tuple[Expr, ...]]


def logit_of(p: Expr) -> Expr | None:
    """Find x where p is ``expit(x)``, written as that or with an exponential."""
    if p.op is sp.expit:
        return _operand(p)
    if p.op is e.subtract and _is(p.args[0], 1.0):
        x = logit_of(p.args[1])
        return None if x is None else -x
    if p.op in (e.divide, e.reciprocal):
        top = _operand(p) if p.op is e.divide else scalar(1.0, p.dtype)
        below = _operand(p, len(p.args) - 1)
        if below.op is not e.add:
            return None
        for a, b in (below.args, below.args[::-1]):
            if b.op is e.exp and (a is top or (_is(a, 1.0) and _is(top, 1.0))):
                # a / (a + exp(x)) is expit(log a - x).
                return -_operand(b) if _is(a, 1.0) else e.log(a) - _operand(b)
            if b is top and b.op is e.exp and _is(a, 1.0):
                return _operand(b)
    return None


def _operand(x: Expr, at: int = 0) -> Expr:
    found: Expr = x.args[at]
    return found


def _is(x: Expr, number: float) -> bool:
    return is_constant(x) and bool((value_of(x) == number).all())


def _float(x: Expr) -> Expr:
    return x if x.dtype == "float64" else astype(x, "float64")


# From the value and parameters: successes counted for the predictor, and trials in all; then
# the part of the log density that is free of the predictor.
_Counts = Callable[..., tuple[Expr, Expr, Expr]]
_ZERO = scalar(0.0, "float64")
# fmt: off
LOGISTIC: Mapping[str, tuple[int, _Counts]] = {
    "bernoulli": (0, lambda y, p: (_float(y), scalar(1.0, "float64"), _ZERO)),
    "binomial":  (1, lambda y, n, p: (_float(y), _float(n),
                     sp.gammaln(_float(n) + 1.0) - sp.gammaln(_float(y) + 1.0)
                     - sp.gammaln(_float(n) - _float(y) + 1.0))),
    "negative_binomial": (1, lambda y, n, p: (_float(n), _float(n) + _float(y),
                     sp.gammaln(_float(n) + _float(y)) - sp.gammaln(_float(y) + 1.0)
                     - sp.gammaln(_float(n)))),
}
# fmt: on


def _logistic_argument(v: Expr) -> Expr | None:
    row = LOGISTIC.get(v.op.name)
    return None if row is None else logit_of(v.args[2 + row[0]])


MOST_TRIALS = 2000
"""With more trials the steps given Polya-Gamma variables are short where successes are rare."""


def _polya_gamma(key: Expr, v: Expr, predictor: Expr) -> Expr:
    _, counts = LOGISTIC[v.op.name]
    _, trials, _ = counts(v, *v.args[2:])
    if is_constant(trials) and bool((value_of(trials) > MOST_TRIALS).any()):
        raise DomainError(f"more trials than {MOST_TRIALS}")
    return RANDOM_OPS["polya_gamma"](key, batch_shape(v), trials, predictor)


def _relative_polya_gamma(w: Expr, h: Expr, x: Expr) -> Expr:
    """Relative to the law at 0: cosh(x / 2)^h exp(-w x^2 / 2)."""
    half = 0.5 * e.abs(x)
    log_cosh = half + e.log1p(e.exp(-2.0 * half)) - math.log(2.0)
    return h * log_cosh - 0.5 * w * e.square(x)


def _logistic_pair(
    y: Expr, parameters: tuple[Expr, ...], predictor: Expr, w: Expr, family: str
) -> tuple[Expr, Expr]:
    """Of y, exp(k x) / 2^b; of the leaf, exp(-w x^2 / 2)."""
    successes, trials, rest = LOGISTIC[family][1](y, *parameters)
    own = (successes - 0.5 * trials) * predictor - math.log(2.0) * trials + rest
    return own, -0.5 * w * e.square(predictor)


def _probit_argument(v: Expr) -> Expr | None:
    place = {"bernoulli": 2, "binomial": 3}.get(v.op.name)
    if place is None:
        return None
    p = v.args[place]
    if p.op is sp.ndtr:
        return _operand(p)
    if p.op is e.subtract and _is(p.args[0], 1.0) and p.args[1].op is sp.ndtr:
        return -_operand(p.args[1])
    return None


MOST_UTILITIES = 100
"""Each trial has a utility of its own: with more of them other steps are cheaper."""


def _trials(n: Expr, shape: Shape) -> Expr:
    """Write a 1 for each trial that there is, a 0 for others, the trials in front."""
    if not is_constant(n):
        raise DomainError("the number of trials is not known")
    number = value_of(n)
    most = int(number.max(initial=0))
    if not 0 < most <= MOST_UTILITIES:
        raise DomainError(f"{most} trials, expected 1 to {MOST_UTILITIES}")
    places = np.arange(most).reshape(most, *(1,) * len(shape))
    return constant((places < number).astype(float))


def _utility(key: Expr, v: Expr, predictor: Expr) -> Expr:
    """One utility a trial, the trials in front: first those above 0, then those below."""
    draw, shape = RANDOM_OPS["truncated_normal"], batch_shape(v)
    if v.op.name == "bernoulli":
        low = where(e.equal(v, 1), 0.0, -math.inf)
        high = where(e.equal(v, 1), math.inf, 0.0)
        return draw(key, shape, predictor, 1.0, low, high)
    used = _trials(v.args[2], shape)
    above = e.less(cumulative_sum(used, axis=0), v + 0.5)
    low = where(above & (used > 0.0), 0.0, -math.inf)
    high = where(above | (used < 1.0), math.inf, 0.0)
    # Of trials that there are not, the utilities know nothing of the predictor.
    return draw(key, (used.shape[0], *shape), used * predictor, 1.0, low, high)


def _probit_pair(
    y: Expr, parameters: tuple[Expr, ...], predictor: Expr, w: Expr, family: str
) -> tuple[Expr, Expr]:
    ways = _ZERO
    if family == "binomial":
        n, k = _float(parameters[0]), _float(y)
        ways = sp.gammaln(n + 1.0) - sp.gammaln(k + 1.0) - sp.gammaln(n - k + 1.0)
        predictor = _trials(parameters[0], w.shape[1:]) * predictor
    return ways, -0.5 * e.square(w - predictor) - sp.HALF_LOG_2PI


POLYA_GAMMA = Leaf(
    "polya_gamma_augmentation",
    "Polson, Scott & Windle 2013, J. Am. Stat. Assoc. 108:1339-1349, theorem 1",
    _logistic_argument,
    _polya_gamma,
    _relative_polya_gamma,
    _logistic_pair,
    lambda leaf: (leaf.args[2],),
)
PROBIT = Leaf(
    "probit_augmentation",
    "Albert & Chib 1993, J. Am. Stat. Assoc. 88:669-679, section 3",
    _probit_argument,
    _utility,
    RANDOM_OPS["truncated_normal"].distribution.logdensity,
    _probit_pair,
    lambda leaf: (),
)
LEAVES = (POLYA_GAMMA, PROBIT)


def tilted(joint: Joint, names: Iterable[str]) -> tuple[Joint, Joint]:
    """Write the densities of added leaves and of their neighbours as simpler pairs.

    Returns
    -------
    Joint, Joint
        The joint law with the leaves' densities relative to a measure that reads nothing
        else, and the same in simpler form.
    """
    before, after = list(joint.factors), list(joint.factors)
    for name in names:
        at = next(i for i, f in enumerate(before) if f.name == name)
        leaf = before[at]
        for i, f in enumerate(before):
            kind = next((k for k in LEAVES if i != at and _belongs(k, leaf, f)), None)
            if kind is None:
                continue
            predictor = _predictor(kind, f)
            assert predictor is not None
            shape = leaf.density.shape
            relative = broadcast_to(kind.relative(leaf.value, *leaf.parameters), shape)
            own, other = kind.pair(f.value, f.parameters, predictor, leaf.value, f.family)
            before[at] = replace(leaf, density=relative)
            after[i] = replace(f, density=broadcast_to(own, f.density.shape))
            after[at] = replace(leaf, density=broadcast_to(other, shape), relative=relative)
            break

    def rebuilt(factors: list[Factor]) -> Joint:
        return Joint(joint.model, joint.coordinates, tuple(factors), joint.jacobians, joint.values)

    return rebuilt(before), rebuilt(after)


def _belongs(kind: Leaf, leaf: Factor, f: Factor) -> bool:
    """Whether a leaf is the one made for a variable: its law has the same parameters."""
    predictor = _predictor(kind, f)
    if predictor is None:
        return False
    # The variable with its value in place of its parameters' own variables.
    made = kind.make(LEAF_KEY, _as_node(f), predictor)
    wanted = substitute(made.args[2:], {_as_node(f): f.value})
    return made.op is leaf.rv.op and all(
        a is b or a is broadcast_to(b, a.shape) if a.shape != b.shape else a is b
        for a, b in zip(wanted, leaf.parameters, strict=True)
    )


def _as_node(f: Factor) -> Expr:
    return f.rv.op(LEAF_KEY, batch_shape(f.rv), *f.parameters)


def _predictor(kind: Leaf, f: Factor) -> Expr | None:
    return kind.argument(_as_node(f)) if f.family in {*LOGISTIC, "bernoulli"} else None


# -- the search ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Augmented:
    """A model with auxiliary variables.

    Attributes
    ----------
    model
        The augmented one.
    leaves
        Names of added leaves.
    used
        The identities, in order.
    """

    model: Model
    leaves: tuple[str, ...] = ()
    used: tuple[UsedRelation, ...] = ()


def augmentations(
    now: Augmented, stuck: set[str], observed: Iterable[str], refused: set[str]
) -> Iterator[Augmented]:
    """Give the models with one auxiliary variable more, or one for each of a kind.

    Parameters
    ----------
    now
        Where to go on from.
    stuck
        Names of variables without a closed form.
    observed
        Names of the data.
    refused
        Names of identities that may not be used.
    """
    variables = now.model.variables
    nodes = toposort(variables.values())
    rvs = [n for n in nodes if is_random(n)]
    names = {x: n for n, x in variables.items()}
    data = {variables[n] for n in observed if n in variables}
    yield from _leafy(now, rvs, names, data, refused)
    near = _near(rvs, {variables[n] for n in stuck if n in variables}, names)
    families = dict.fromkeys(v.op.name for v in near)
    for family in families:
        for rule, direction in expansions(family):
            if rule.name in refused:
                continue
            model = _expanded(
                now.model, rule, direction, [v for v in near if v.op.name == family], set(observed)
            )
            if model is not None:
                used = UsedRelation(rule.name, rule.source)
                yield Augmented(model, now.leaves, (*now.used, used))


def _leafy(
    now: Augmented, rvs: list[Expr], names: Mapping[Expr, str], data: set[Expr], refused: set[str]
) -> Iterator[Augmented]:
    """Add a leaf to every variable of one kind at once."""
    for kind in LEAVES:
        if kind.name in refused:
            continue
        added: dict[str, Expr] = {}
        for v in rvs:
            name = f"{names.get(v, v.op.name)}_auxiliary"
            if name in now.model or (predictor := kind.argument(v)) is None:
                continue
            key = fold_in(LEAF_KEY, len(now.leaves) + len(added))
            try:
                added[name] = kind.make(key, v, predictor)
            except DomainError:
                break  # a binomial of no trials has no leaf
            if not _known(kind.measured(added[name]), data):
                break
        else:
            if not added:
                continue
            model = now.model.like({**now.model.variables, **added})
            yield Augmented(
                model,
                (*now.leaves, *added),
                (*now.used, UsedRelation(kind.name, kind.source)),
            )


def _known(xs: Iterable[Expr], data: Iterable[Expr]) -> bool:
    """Tell whether some expressions read nothing random but data."""
    left = substitute(xs, {x: placeholder(x.type) for x in data})
    return not any(isinstance(x.type, KeyType) for x in toposort(left))


def _near(rvs: list[Expr], stuck: set[Expr], names: Mapping[Expr, str]) -> list[Expr]:
    """The variables that have no closed form, and those that read them."""
    hidden = {v for v in rvs if v not in names}
    seeds = stuck | hidden
    out = []
    for v in rvs:
        direct = v in seeds
        if direct or any(x in stuck for p in v.args[2:] for x in toposort([p])):
            out.append(v)
    return out


def expansions(family: str) -> Iterator[tuple[Relation, str]]:
    """Relations of the book that write one variable of a family with several."""
    for rule in book().values():
        if rule.kind != "in law":
            continue
        for direction, a, b in (
            ("forward", rule.left, rule.right),
            ("backward", rule.right, rule.left),
        ):
            if len(a.roots) != 1 or len(b.roots) != 1 or a.roots[0].op.name != family:
                continue
            mine = sum(is_random(n) for n in toposort(a.roots))
            theirs = [n for n in toposort(b.roots) if is_random(n)]
            if mine == 1 and len(theirs) > 1:
                yield rule, direction


def _expanded(
    model: Model, rule: Relation, direction: str, places: list[Expr], observed: set[str]
) -> Model | None:
    """Expand all variables of a family; None where the identity does not apply."""
    mapping: dict[Expr, Expr] = {}
    data = {model[n] for n in observed if n in model}
    for v in places:
        # What it reads may have been expanded before it: places are in the order of the graph.
        (present,) = substitute([v], mapping)
        try:
            new = rule.apply(present, direction, {})
        except AstragalError:
            return None
        if not isinstance(new, Expr) or new.type != v.type:
            continue
        if v in data and not is_random(new):
            continue  # data are values of a random variable
        mapping[v] = new
    if not mapping:
        return None
    variables = substitute(model.variables.values(), mapping)
    try:
        # Were a variable there twice, as it was and as it is now, its key would be spent twice.
        check_keys(*variables)
        return model.like(dict(zip(model.variables, variables, strict=True)))
    except AstragalError:
        return None
