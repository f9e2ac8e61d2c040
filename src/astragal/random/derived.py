"""Declarations made from others: mixed, truncated, censored and transformed distributions.

The result is a `Distribution` like any other: its parameters are those of what it is made of,
and everything else (sampler, log density, moments, checks) is derived from theirs. Nothing
here knows a family by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from astragal.graph.errors import DomainError, ShapeError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import FLOATS, show_shape
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import switch, while_loop
from astragal.ops.declare import as_expr, cast
from astragal.ops.manipulation import astype, broadcast_arrays, broadcast_to, stack
from astragal.ops.searching import where
from astragal.random import ordered
from astragal.random.bijections import BIJECTIONS, Bijection
from astragal.random.concave import NOTHING, restricted
from astragal.random.distribution import (
    NON_NEGATIVE,
    NUMBER,
    POSITIVE,
    PROBABILITY,
    REAL,
    Distribution,
    Domain,
    Function,
    Parameter,
    Tails,
)
from astragal.random.multivariate import SIMPLEX
from astragal.random.sampler import Composition, Kernel, Sampler, Source
from astragal.random.tails import (
    before,
    is_discrete,
    log_above,
    log_below,
    log_density,
    log_mass,
    tails_of,
)

if TYPE_CHECKING:
    from astragal.random.lower import Draws

Params = Sequence[Expr]


def _is_scalar(d: Distribution) -> bool:
    return not d.core and d.dtype in ("float", "int64")


def _require_scalar(d: Distribution, what: str) -> None:
    if not _is_scalar(d) or d.sampler is None:
        raise UnsupportedError(f"{what} takes laws of single numbers, {d.name} is none")


def _is_atom(d: Distribution, x: Expr, p: Params) -> Expr | bool:
    """Whether a value of the support has a probability of its own; False where none has."""
    if is_discrete(d):
        return True
    return False if d.atoms is None else d.atoms(x, *p)


def _has_atoms(d: Distribution) -> bool:
    return is_discrete(d) or d.atoms is not None


def _sample(d: Distribution, draws: Draws, p: Params) -> Expr:
    """Draw with the sampler of another distribution."""
    if isinstance(d.sampler, Kernel):
        return draws.values(d.sampler, *p)  # type: ignore[no-any-return]
    x: Expr = d.sampler.draw(draws, *p)
    return x


def _part(source: Source, kernel: Kernel) -> Source:
    """The bits of an element as a kernel expects them: a block, or half of one."""
    return source if kernel.block else replace(source, first=source.first[:1])


def _word(d: Distribution) -> str:
    return "".join(w.capitalize() for w in d.name.split("_"))


# -- mixtures ----------------------------------------------------------------------------------


def _common_domain(domains: Sequence[Domain]) -> Domain | None:
    """The union of domains, where it is one of the named ones."""
    first = domains[0]
    if all(d is first for d in domains):
        return first
    for whole, parts in (
        (REAL, None),
        (NON_NEGATIVE, {POSITIVE, PROBABILITY, NON_NEGATIVE}),
        (POSITIVE, {POSITIVE}),
    ):
        if whole in domains and (
            all(d.bounds is not None for d in domains)
            if parts is None
            else all(d in parts for d in domains)
        ):
            return whole
    return None


class _Components:
    """The components of a mixture with their parameters: several laws, or one along an axis."""

    def __init__(self, laws: tuple[Distribution, ...], along: bool) -> None:
        self.laws, self.along = laws, along
        sizes = [len(d.parameters) for d in laws]
        self.ends = [(sum(sizes[:i]), sum(sizes[: i + 1])) for i in range(len(laws))]

    def each(self, p: Params) -> list[tuple[Distribution, list[Expr]]]:
        return [(d, list(p[a:b])) for d, (a, b) in zip(self.laws, self.ends, strict=True)]

    def table(self, function: Callable[..., Expr], p: Params) -> Expr:
        """A quantity of all components, along a new last dimension."""
        if self.along:
            return function(self.laws[0], list(p))
        columns = broadcast_arrays(*(function(d, q) for d, q in self.each(p)))
        return stack([_float(c) for c in columns], axis=-1)

    def at(self, x: Expr) -> Expr:
        return x[..., None] if self.along else x


def _float(x: Expr) -> Expr:
    return x if x.dtype in (*FLOATS, "bool") else cast(x, "float64")


def _one_kernel(laws: tuple[Distribution, ...], whole: bool) -> Kernel | None:
    """A kernel that runs the component of a given number; None where one has no kernel."""
    kernels = [d.sampler for d in laws]
    if not all(isinstance(k, Kernel) for k in kernels):
        return None
    sizes = [len(d.parameters) for d in laws]
    dtype = "int64" if whole else "float64"

    def draw(source: Source, index: Expr, *p: Expr) -> Expr:
        branches = []
        for i, k in enumerate(kernels):
            assert isinstance(k, Kernel)
            start = sum(sizes[:i])

            def branch(*q: Expr, k: Kernel = k, start: int = start, size: int = sizes[i]) -> Expr:
                return cast(k.draw(_part(source, k), *q[start : start + size]), dtype)

            branches.append(branch)
        return switch(index, branches, *p)  # type: ignore[no-any-return]

    return Kernel(draw, block=True)


_UNIFORM = Kernel(lambda s: s.uniform())


def _choose(draws: Draws, weights: Expr) -> Expr:
    bounds = ordered.prefix(weights)
    u = ordered.pointwise(ordered.multiply, draws.values(_UNIFORM), bounds[..., -1])
    return r.sum(bounds[..., :-1] <= u[..., None], -1)


def _chosen(index: Expr, p: Expr) -> Expr:
    """The entries of the last dimension that integers choose."""
    if p.shape[-1] == 1:
        return p[..., 0]
    k = e.equal(_numbers(p), index[..., None])
    return cast(r.sum(where(k, p, cast(as_expr(0), p.dtype)), -1), p.dtype)


def _numbers(p: Expr) -> Expr:
    from astragal.ops.creation import arange

    return arange(p.shape[-1])


def _mixture_sampler(c: _Components, whole: bool) -> Composition:
    kernel = _one_kernel(c.laws, whole)

    def draw(draws: Draws, weights: Expr, *p: Expr) -> Expr:
        choice, value = draws.split(2)
        index = _choose(choice, weights)
        if c.along:
            # One number of the components is enough, also where it is broadcast.
            return _sample(c.laws[0], value, [_chosen(index, x) for x in p])
        if kernel is not None:
            return value.values(kernel, index, *p)  # type: ignore[no-any-return]
        # All under one key: of each element only one component is ever seen.
        out = [cast(_sample(d, value, q), "int64" if whole else "float64") for d, q in c.each(p)]
        chosen = out[0]
        for i, x in enumerate(out[1:], 1):
            chosen = where(e.equal(index, i), x, chosen)
        return chosen

    return Composition(draw)


def _check_components(name: str, number: int | None) -> Callable[..., None]:
    def check(weights: Expr, *p: Expr) -> None:
        n = weights.shape[-1]
        if number is not None and n != number:
            raise ShapeError(
                f"{name}: {number} components need {number} weights along the last dimension, "
                f"the weights have shape {show_shape(weights.shape)}"
            )
        if number is None:
            for x in p:
                if isinstance(n, int) and x.shape[-1] not in (1, n):
                    raise ShapeError(
                        f"{name}: {n} weights do not fit parameters of shape "
                        f"{show_shape(x.shape)}, whose last dimension is that of the components"
                    )

    return check


@cache
def mixture(laws: tuple[Distribution, ...], along: bool) -> Distribution:
    """Declare the mixture of distributions, or of one whose parameters have one more dimension."""
    for d in laws:
        _require_scalar(d, "mixture")
        if along and any(p.core for p in d.parameters):
            raise UnsupportedError(
                f"mixture: {d.name} has parameters that are vectors; give its components as a list"
            )
    c = _Components(laws, along)
    whole = all(map(is_discrete, laws))
    continuous = not any(map(_has_atoms, laws))
    if along:
        name = f"mixture[*{laws[0].name}]"
        parameters = [replace(p, core=1, keyword=False) for p in laws[0].parameters]
        order = laws[0].ordered
    else:
        name = f"mixture[{', '.join(d.name for d in laws)}]"
        parameters = [
            replace(p, name=f"{p.name}_{i}", keyword=False, alternatives={})
            for i, d in enumerate(laws)
            for p in d.parameters
        ]
        order = tuple((f"{a}_{i}", f"{b}_{i}") for i, d in enumerate(laws) for a, b in d.ordered)

    def support(weights: Expr, *p: Expr) -> Domain:
        domains = [d.support(*q) for d, q in c.each(p)]
        if not along and (whole or continuous):
            common = _common_domain(domains)
            if common is not None:
                return common
        if (
            along
            and (whole or continuous)
            and domains[0] in (REAL, POSITIVE, NON_NEGATIVE, PROBABILITY)
        ):
            return domains[0]

        def contains(x: Expr) -> Expr:
            if along:
                return r.any(domains[0].contains(x[..., None]), -1)
            inside = domains[0].contains(x)
            for d in domains[1:]:
                inside = inside | d.contains(x)
            return inside

        words = laws[0].support(*c.each(p)[0][1]).words if along else "a value of a component"
        return Domain(words, r"\bigcup_i S_i", contains)

    def logdensity(x: Expr, weights: Expr, *p: Expr) -> Expr:
        at = c.at(x)
        logs = c.table(lambda d, q: log_density(d, at, q), p)
        if not (whole or continuous):
            # Where some component has a probability, densities do not count beside it.
            def atomic(d: Distribution, q: Params) -> Expr:
                inside = d.support(*q).contains(at)
                return _is_atom(d, at, q) & inside

            atoms = c.table(atomic, p)
            logs = where(e.equal(atoms, r.any(atoms, -1, keepdims=True)), logs, -math.inf)
        return r.logsumexp(e.log(weights) + logs, -1)

    def tail(function: Callable[..., Expr]) -> Function:
        return lambda x, weights, *p: r.logsumexp(
            e.log(weights) + c.table(lambda d, q: function(d, c.at(x), q), p), -1
        )

    def mean(weights: Expr, *p: Expr) -> Expr:
        return r.sum(weights * c.table(lambda d, q: d.mean(*q), p), -1)

    def variance(weights: Expr, *p: Expr) -> Expr:
        means = c.table(lambda d, q: d.mean(*q), p)
        spread = e.square(means - mean(weights, *p)[..., None])
        return r.sum(weights * (c.table(lambda d, q: d.variance(*q), p) + spread), -1)

    has_mean = all(d.mean is not None for d in laws)
    tails = _tails_if_any(laws, Tails(tail(log_below), tail(log_above)))
    return Distribution(
        name=name,
        parameters=(Parameter("weights", SIMPLEX, core=1), *parameters),
        support=support,
        logdensity=logdensity,
        sampler=_mixture_sampler(c, whole),
        dtype="int64" if whole else "float",
        tails=tails,
        cdf=None if tails is None else lambda x, *p: e.exp(tails.below(x, *p)),
        mean=mean if has_mean else None,
        variance=variance if has_mean and all(d.variance is not None for d in laws) else None,
        atoms=None if whole or continuous else _mixture_atoms(c),
        ordered=order,
        check=_check_components(name, None if along else len(laws)),
        latex=rf"\mathrm{{Mixture[{', '.join(map(_word, laws))}]}}",
    )


def _mixture_atoms(c: _Components) -> Function:
    def atoms(x: Expr, weights: Expr, *p: Expr) -> Expr:
        at = c.at(x)
        each = c.table(lambda d, q: _is_atom(d, at, q) & d.support(*q).contains(at), p)
        return r.any(each, -1)

    return atoms


def _tails_if_any(laws: Sequence[Distribution], tails: Tails) -> Tails | None:
    try:
        for d in laws:
            tails_of(d)
    except UnsupportedError:
        return None
    return tails


# -- truncated and censored --------------------------------------------------------------------

BOUNDS = (Parameter("lower", NUMBER, -math.inf), Parameter("upper", NUMBER, math.inf))


def _ends(d: Distribution, p: Params) -> tuple[Expr, Expr]:
    """The ends of the support, infinite where there is none."""
    low, high = d.support(*p).range or (None, None)
    return (
        as_expr(-math.inf if low is None else low),
        as_expr(math.inf if high is None else high),
    )


def _own_parameters(d: Distribution, what: str) -> tuple[Parameter, ...]:
    names = {p.name for p in d.parameters}
    for b in BOUNDS:
        if b.name in names:
            raise UnsupportedError(f"{what}: {d.name} has bounds of its own")
    return tuple(replace(p, keyword=False, alternatives={}) for p in d.parameters)


def _narrowed(d: Distribution, p: Params, lower: Expr, upper: Expr) -> Domain:
    base = d.support(*p)
    low, high = base.range or (None, None)
    low = lower if low is None else e.maximum(lower, low)
    high = upper if high is None else e.minimum(upper, high)

    def contains(x: Expr) -> Expr:
        return base.contains(x) & (x >= lower) & (x <= upper)

    inside = Domain(
        f"{base.words}, between lower and upper", rf"{base.latex} \cap [a, b]", contains
    )
    if is_discrete(d):
        return replace(inside, ends=(low, high))
    return inside if base.bounds is None else replace(inside, bounds=(low, high))


ATTEMPTS = 2**16
"""Rejection gives up after so many attempts, and gives no value."""


def _rejecting(d: Distribution) -> Sampler:
    """Draw again until the value lies between the bounds."""
    nothing = NOTHING if is_discrete(d) else math.nan

    def kept(x: Expr, lower: Expr, upper: Expr) -> Expr:
        return (x >= lower) & (x <= upper)

    if isinstance(d.sampler, Kernel):
        kernel = d.sampler

        def draw(source: Source, *args: Expr) -> Expr:
            *p, lower, upper = args

            def attempt(number: Expr) -> Expr:
                words = source.implementation.child(source.key, number, ATTEMPTS)
                again = replace(source, key=words, first=(), ahead={})
                first = again.block(as_expr(0, "uint32"))
                x = kernel.draw(_part(replace(again, first=first), kernel), *p)
                return cast(x, "float64")

            zero = as_expr(0, "uint64")
            x = attempt(zero)
            _, x, ok = while_loop(
                lambda s: e.logical_not(s[2]) & (s[0] < ATTEMPTS - 1),
                lambda s: _again(s, attempt, lambda y: kept(y, lower, upper)),
                (zero, x, kept(x, lower, upper)),
            )
            return where(ok, x, nothing)

        return Kernel(draw, block=True)

    def compose(draws: Draws, *args: Expr) -> Expr:
        *p, lower, upper = args

        def attempt(number: Expr) -> Expr:
            x = _sample(d, draws.child(number, ATTEMPTS), p)
            return broadcast_to(cast(x, "float64"), draws.batch)

        def step(s: tuple[Expr, Expr, Expr]) -> tuple[Expr, Expr, Expr]:
            number, x, ok = s
            new = attempt(number + 1)
            return number + 1, where(ok, x, new), ok | kept(new, lower, upper)

        zero = as_expr(0, "uint64")
        x = attempt(zero)
        _, x, ok = while_loop(
            lambda s: e.logical_not(r.all(s[2])) & (s[0] < ATTEMPTS - 1),
            step,
            (zero, x, broadcast_to(kept(x, lower, upper), draws.batch)),
        )
        return where(ok, x, nothing)

    return Composition(compose)


def _again(s: Any, attempt: Callable[[Expr], Expr], kept: Callable[[Expr], Expr]) -> Any:
    number = s[0] + 1
    x = attempt(number)
    return number, x, kept(x)


def _nonempty(name: str, lattice: bool) -> Callable[..., None]:
    def check(*args: Expr) -> None:
        lower, upper = args[-2:]
        if not (is_constant(lower) and is_constant(upper)):
            return
        try:
            a, b = (value_of(v) for v in (lower, upper))
            wrong = a > b if lattice else a >= b
        except ValueError:
            return  # shapes that do not fit are another error
        if wrong.any():
            raise DomainError(
                f"{name}: lower is {a.tolist()} and upper is {b.tolist()}, expected lower "
                f"{'at most' if lattice else 'below'} upper"
            )

    return check


@cache
def truncated(d: Distribution) -> Distribution:
    """Declare a distribution given that its value lies between two bounds."""
    _require_scalar(d, "truncated")
    name = f"truncated[{d.name}]"
    whole = is_discrete(d)
    own_atoms = d.atoms

    def split(args: Params) -> tuple[list[Expr], Expr, Expr]:
        *p, lower, upper = args
        return p, lower, upper

    def logdensity(x: Expr, *args: Expr) -> Expr:
        p, lower, upper = split(args)
        return d.logdensity(x, *p) - log_mass(d, lower, upper, p)

    def below(x: Expr, *args: Expr) -> Expr:
        p, lower, upper = split(args)
        return log_mass(d, lower, x, p) - log_mass(d, lower, upper, p)

    def above(x: Expr, *args: Expr) -> Expr:
        p, lower, upper = split(args)
        after = e.floor(x) + 1.0 if whole else x
        return log_mass(d, after, upper, p) - log_mass(d, lower, upper, p)

    if d.standard is not None:
        sampler: Sampler = restricted(d.standard, lambda *p: _ends(d, p))
    else:
        sampler = _rejecting(d)
    tails = _tails_if_any([d], Tails(below, above))
    return Distribution(
        name=name,
        parameters=(*_own_parameters(d, "truncated"), *BOUNDS),
        support=lambda *args: _narrowed(d, *_regroup(args)),
        logdensity=logdensity,
        sampler=sampler,
        dtype=d.dtype,
        tails=tails,
        cdf=None if tails is None else lambda x, *args: e.exp(below(x, *args)),
        atoms=None if own_atoms is None else lambda x, *args: own_atoms(x, *args[:-2]),
        ordered=d.ordered,
        check=_nonempty(name, whole),
        latex=rf"\mathrm{{Truncated{_word(d)}}}",
        source="Devroye 1986, section VII.2 (sampler)",
    )


def _regroup(args: Params) -> tuple[list[Expr], Expr, Expr]:
    return list(args[:-2]), args[-2], args[-1]


def _clipped(x: Expr, lower: Expr, upper: Expr, whole: bool) -> Expr:
    if not whole:
        return e.minimum(e.maximum(x, lower), upper)

    def number(b: Expr) -> Expr:
        return astype(where(e.isfinite(b), b, 0.0), "int64")

    return where(x < lower, number(lower), where(x > upper, number(upper), x))


@cache
def censored(d: Distribution) -> Distribution:
    """Declare a distribution whose values beyond two bounds are seen as the bounds."""
    _require_scalar(d, "censored")
    name = f"censored[{d.name}]"
    whole = is_discrete(d)

    def bounds(args: Params) -> tuple[list[Expr], Expr, Expr]:
        p, lower, upper = _regroup(args)
        # A count is censored at whole numbers.
        return (p, e.ceil(lower), e.floor(upper)) if whole else (p, lower, upper)

    def logdensity(x: Expr, *args: Expr) -> Expr:
        p, lower, upper = bounds(args)
        # Up to and from the bound on: the bound's own probability is in it.
        low = log_below(d, lower, p)
        high = log_above(d, before(d, upper) if whole else upper, p)
        if d.atoms is not None:
            raise UnsupportedError(
                f"{name}: {d.name} has atoms, whose censoring has no density yet"
            )
        at_low, at_high = x <= lower, x >= upper
        inner = log_density(d, where(at_low | at_high, _middle(d, p), x), p)
        return where(at_low, low, where(at_high, high, inner))

    def support(*args: Expr) -> Domain:
        p, lower, upper = bounds(args)
        base = d.support(*p)

        def contains(x: Expr) -> Expr:
            inside = base.contains(x) & (x >= lower) & (x <= upper)
            ends = (e.equal(x, lower) | e.equal(x, upper)) & e.isfinite(x)
            return inside | ends

        return Domain("a value of the law, or a bound", rf"{base.latex} \cap [a, b]", contains)

    def below(x: Expr, *args: Expr) -> Expr:
        p, lower, upper = bounds(args)
        return where(x >= upper, 0.0, where(x < lower, -math.inf, log_below(d, x, p)))

    def above(x: Expr, *args: Expr) -> Expr:
        p, lower, upper = bounds(args)
        return where(x >= upper, -math.inf, where(x < lower, 0.0, log_above(d, x, p)))

    if isinstance(d.sampler, Kernel):
        kernel = d.sampler

        def draw(source: Source, *args: Expr) -> Expr:
            p, lower, upper = bounds(args)
            return _clipped(kernel.draw(source, *p), lower, upper, whole)

        sampler: Sampler = Kernel(draw, block=kernel.block)
    else:

        def compose(draws: Draws, *args: Expr) -> Expr:
            p, lower, upper = bounds(args)
            return _clipped(_sample(d, draws, p), lower, upper, whole)

        sampler = Composition(compose)
    tails = _tails_if_any([d], Tails(below, above))
    return Distribution(
        name=name,
        parameters=(*_own_parameters(d, "censored"), *BOUNDS),
        support=support,
        logdensity=logdensity,
        sampler=sampler,
        dtype=d.dtype,
        tails=tails,
        cdf=None if tails is None else lambda x, *args: e.exp(below(x, *args)),
        atoms=None if whole else lambda x, *args: (x <= args[-2]) | (x >= args[-1]),
        ordered=d.ordered,
        check=_nonempty(name, whole),
        latex=rf"\mathrm{{Censored{_word(d)}}}",
    )


def _middle(d: Distribution, p: Params) -> Expr:
    from astragal.random.tails import interior

    at = interior(d.support(*p).range or (None, None))
    return cast(at, "int64") if is_discrete(d) else at


# -- transformed -------------------------------------------------------------------------------


def _fits(d: Distribution, b: Bijection, name: str) -> None:
    if _has_atoms(d):
        raise UnsupportedError(
            f"transformed: {d.name} is no law of a density; write the function of its draw itself"
        )


@cache
def transformed(d: Distribution, name: str) -> Distribution:
    """Declare the law of a smooth, monotone function of a variable."""
    _require_scalar(d, "transformed")
    b = BIJECTIONS[name]
    _fits(d, b, name)
    n = len(d.parameters)

    def parts(args: Params) -> tuple[list[Expr], list[Expr]]:
        return list(args[:n]), list(args[n:])

    def support(*args: Expr) -> Domain:
        p, q = parts(args)
        domain = d.support(*p)
        if domain.bounds is None or not _within(domain, b.source):
            raise UnsupportedError(
                f"transformed: {name} takes {b.source.words}, {d.name} gives {domain.words}"
            )
        if domain is b.source or (domain is NON_NEGATIVE and b.source is POSITIVE):
            return b.image
        low, high = b.moved(*domain.bounds, *q)
        if low is None and high is None:
            return REAL
        if high is None and isinstance(low, (int, float)) and low == 0.0:
            return POSITIVE

        def contains(y: Expr) -> Expr:
            return b.image.contains(y) & domain.contains(b.inverse(y, *q))

        return Domain(f"{name} of {domain.words}", domain.latex, contains, (low, high))

    def logdensity(y: Expr, *args: Expr) -> Expr:
        p, q = parts(args)
        return d.logdensity(b.inverse(y, *q), *p) + b.log_slope(y, *q)

    def side(own: Callable[..., Expr], other: Callable[..., Expr]) -> Function:
        def tail(y: Expr, *args: Expr) -> Expr:
            p, q = parts(args)
            x, up = b.inverse(y, *q), b.rising(*q)
            if isinstance(up, bool):
                return own(d, x, p) if up else other(d, x, p)
            return where(up, own(d, x, p), other(d, x, p))

        return tail

    if isinstance(d.sampler, Kernel):
        kernel = d.sampler

        def draw(source: Source, *args: Expr) -> Expr:
            p, q = parts(args)
            return b.forward(kernel.draw(source, *p), *q)

        sampler: Sampler = Kernel(draw, block=kernel.block)
    else:

        def compose(draws: Draws, *args: Expr) -> Expr:
            p, q = parts(args)
            return ordered.pointwise(b.forward, _sample(d, draws, p), *q)

        sampler = Composition(compose)
    tails = _tails_if_any([d], Tails(side(log_below, log_above), side(log_above, log_below)))
    moments, mean, variance = b.moments, d.mean, d.variance

    def moment(i: int) -> Function | None:
        if moments is None or mean is None or (i and variance is None):
            return None

        def value(*args: Expr) -> Expr:
            p, q = parts(args)
            m = mean(*p)
            v = m if variance is None else variance(*p)
            return moments(m, v, *q)[i]

        return value

    own = tuple(replace(p, keyword=False, alternatives={}) for p in d.parameters)
    taken = {p.name for p in own}
    new = tuple(
        replace(p, name=p.name if p.name not in taken else f"{p.name}_{n}") for p in b.parameters
    )
    return Distribution(
        name=f"transformed[{name}, {d.name}]",
        parameters=(*own, *new),
        support=support,
        logdensity=logdensity,
        sampler=sampler,
        tails=tails,
        cdf=None if tails is None else lambda x, *args: e.exp(tails.below(x, *args)),
        mean=moment(0),
        variance=moment(1),
        ordered=d.ordered,
        latex=rf"\mathrm{{{name.capitalize()}{_word(d)}}}",
    )


def _within(inner: Domain, outer: Domain) -> bool:
    """Whether an interval lies in another, as far as its ends are known."""
    if outer is REAL or inner is outer:
        return True
    low = inner.bounds[0] if inner.bounds is not None else None
    if outer is POSITIVE:
        if low is None:
            return False
        if isinstance(low, Expr):
            return is_constant(low) and bool((value_of(low) >= 0).all())
        return low >= 0
    return inner is PROBABILITY
