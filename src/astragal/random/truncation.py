"""Declarations of truncated and censored distributions, from those of the whole ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from astragal.graph.errors import DomainError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import cond, while_loop
from astragal.ops.declare import as_expr, cast
from astragal.ops.manipulation import astype, broadcast_to
from astragal.ops.searching import where
from astragal.random.concave import NOTHING, restricted
from astragal.random.distribution import (
    NUMBER,
    Distribution,
    Domain,
    Parameter,
    Tails,
)
from astragal.random.parts import Hat, among, draw_from, ends_of, has_hat, hat_of, single
from astragal.random.sampler import Composition, Kernel, Sampler, Source
from astragal.random.tails import (
    before,
    is_discrete,
    log_above,
    log_below,
    log_density,
    log_mass,
)

if TYPE_CHECKING:
    from astragal.random.lower import Draws

from astragal.random.derived import (
    Params,
    joint_of,
    part,
    require_scalar,
    sample,
    tails_if_any,
    word,
)

BOUNDS = (Parameter("lower", NUMBER, -math.inf), Parameter("upper", NUMBER, math.inf))


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
FEW = 64
"""The same where there is another way, which is slower where the bounds are near the bulk."""


def _rejecting(d: Distribution, most: int) -> Sampler:
    """Draw again until the value lies between the bounds, or there were too many attempts."""
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
                x = kernel.draw(part(replace(again, first=first), kernel), *p)
                return cast(x, "float64")

            zero = as_expr(0, "uint64")
            x = attempt(zero)
            _, x, ok = while_loop(
                lambda s: e.logical_not(s[2]) & (s[0] < most - 1),
                lambda s: _again(s, attempt, lambda y: kept(y, lower, upper)),
                (zero, x, kept(x, lower, upper)),
            )
            return where(ok, x, nothing)

        return Kernel(draw, block=True)

    def compose(draws: Draws, *args: Expr) -> Expr:
        *p, lower, upper = args

        def attempt(number: Expr) -> Expr:
            x = sample(d, draws.child(number, ATTEMPTS), p)
            return broadcast_to(cast(x, "float64"), draws.batch)

        def step(s: tuple[Expr, Expr, Expr]) -> tuple[Expr, Expr, Expr]:
            number, x, ok = s
            new = attempt(number + 1)
            return number + 1, where(ok, x, new), ok | kept(new, lower, upper)

        zero = as_expr(0, "uint64")
        x = attempt(zero)
        _, x, ok = while_loop(
            lambda s: e.logical_not(r.all(s[2])) & (s[0] < most - 1),
            step,
            (zero, x, broadcast_to(kept(x, lower, upper), draws.batch)),
        )
        return where(ok, x, nothing)

    return Composition(compose)


def _sampler(d: Distribution) -> Sampler:
    """Draw in a standard coordinate; by rejection, and from a hat what that does not find."""
    s = d.standard
    if s is not None and s.where is None:
        return restricted(s, lambda *p: ends_of(d, p))
    if not has_hat(d):
        return _rejecting(d, ATTEMPTS)
    near, whole = _near(d), is_discrete(d)

    def compose(draws: Draws, *args: Expr) -> Expr:
        p, lower, upper = _regroup(args)
        if near is None:
            return draw_from(hat_of(d, p, lower, upper), draws, as_expr(True), whole)
        first, far = draws.split(2)
        x = cast(first.values(near, *args), "float64")
        missing = e.equal(x, NOTHING) if whole else e.isnan(x)

        def found() -> Expr:
            return where(missing, draw_from(hat_of(d, p, lower, upper), far, missing, whole), x)

        out: Expr = cond(r.any(missing), found, lambda: x)
        return out

    return Composition(compose)


def _near(d: Distribution) -> Kernel | None:
    """A few attempts; or, for the parameters that have one, a standard coordinate.

    None for laws that are drawn as arrays: attempts would draw all of them again and again.
    """
    s, few = d.standard, _rejecting(d, FEW)
    if not isinstance(few, Kernel) or s is None or s.where is None:
        return few if isinstance(few, Kernel) else None
    concave, holds, rest = restricted(s, lambda *p: ends_of(d, p)), s.where, few

    def draw(source: Source, *args: Expr) -> Expr:
        out: Expr = cond(
            holds(*args[:-2]),
            lambda *q: concave.draw(source, *q),
            lambda *q: rest.draw(source, *q),
            *args,
        )
        return out

    return Kernel(draw, block=True)


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
    require_scalar(d, "truncated")
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

    tails = tails_if_any([d], Tails(below, above))
    return Distribution(
        name=name,
        parameters=(*_own_parameters(d, "truncated"), *BOUNDS),
        support=lambda *args: _narrowed(d, *_regroup(args)),
        logdensity=logdensity,
        sampler=_sampler(d),
        part=_part_of_part(d) if has_hat(d) else None,
        dtype=d.dtype,
        tails=tails,
        cdf=None if tails is None else lambda x, *args: e.exp(below(x, *args)),
        atoms=None if own_atoms is None else lambda x, *args: own_atoms(x, *args[:-2]),
        ordered=d.ordered,
        check=_nonempty(name, whole),
        joint=joint_of(d, lambda args: args[:-2]),
        latex=rf"\mathrm{{Truncated{word(d)}}}",
        source="Devroye 1986, section VII.2 (sampler)",
    )


def _part_of_part(d: Distribution) -> Callable[..., Hat]:
    def part(args: Params, lower: Expr, upper: Expr) -> Hat:
        p, a, b = _regroup(args)
        return hat_of(d, p, e.maximum(a, lower), e.minimum(b, upper))

    return part


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
    require_scalar(d, "censored")
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
            return _clipped(sample(d, draws, p), lower, upper, whole)

        sampler = Composition(compose)
    tails = tails_if_any([d], Tails(below, above))
    return Distribution(
        name=name,
        parameters=(*_own_parameters(d, "censored"), *BOUNDS),
        support=support,
        logdensity=logdensity,
        sampler=sampler,
        part=_part_of_censored(d) if tails is not None and has_hat(d) else None,
        dtype=d.dtype,
        tails=tails,
        cdf=None if tails is None else lambda x, *args: e.exp(below(x, *args)),
        atoms=None if whole else lambda x, *args: (x <= args[-2]) | (x >= args[-1]),
        ordered=d.ordered,
        check=_nonempty(name, whole),
        joint=joint_of(d, lambda args: args[:-2]),
        latex=rf"\mathrm{{Censored{word(d)}}}",
    )


def _part_of_censored(d: Distribution) -> Callable[..., Hat]:
    """The two bounds, where they are in the part, and what is between them."""
    whole = is_discrete(d)

    def part(args: Params, lower: Expr, upper: Expr) -> Hat:
        p, a, b = _regroup(args)
        if whole:
            a, b = e.ceil(a), e.floor(b)

        def end(x: Expr, log_probability: Expr) -> Hat:
            here = (x >= lower) & (x <= upper) & e.isfinite(x)
            return single(x, where(here, log_probability, -math.inf))

        inner = (a + 1.0, b - 1.0) if whole else (a, b)
        between = hat_of(d, p, e.maximum(inner[0], lower), e.minimum(inner[1], upper))
        low, high = log_below(d, a, p), log_above(d, before(d, b), p)
        return among([between, end(a, low), end(b, high)], [0.0 * low] * 3)

    return part


def _middle(d: Distribution, p: Params) -> Expr:
    from astragal.random.tails import interior

    at = interior(d.support(*p).range or (None, None))
    return cast(at, "int64") if is_discrete(d) else at
