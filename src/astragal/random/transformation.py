"""Declarations of smooth, monotone functions of variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.ops import elementwise as e
from astragal.ops.searching import where
from astragal.random import ordered
from astragal.random.bijections import BIJECTIONS, Bijection
from astragal.random.distribution import (
    NON_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    REAL,
    Distribution,
    Domain,
    Function,
    Tails,
)
from astragal.random.parts import Hat, has_hat, hat_of
from astragal.random.sampler import Composition, Kernel, Sampler, Source
from astragal.random.tails import (
    log_above,
    log_below,
)

if TYPE_CHECKING:
    from astragal.random.lower import Draws

from astragal.random.derived import (
    Params,
    has_atoms,
    joint_of,
    require_scalar,
    sample,
    tails_if_any,
    word,
)


def _fits(d: Distribution, b: Bijection, name: str) -> None:
    if has_atoms(d):
        raise UnsupportedError(
            f"transformed: {d.name} is no law of a density; write the function of its draw itself"
        )


@cache
def transformed(d: Distribution, name: str) -> Distribution:
    """Declare the law of a smooth, monotone function of a variable."""
    require_scalar(d, "transformed")
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
            return ordered.pointwise(b.forward, sample(d, draws, p), *q)

        sampler = Composition(compose)
    tails = tails_if_any([d], Tails(side(log_below, log_above), side(log_above, log_below)))
    moments, mean, variance = b.moments, d.mean, d.variance

    def moment(i: int) -> Function | None:
        if moments is None or mean is None or (i and variance is None):
            return None
        first, second, both = mean, variance, moments

        def value(*args: Expr) -> Expr:
            p, q = parts(args)
            m = first(*p)
            v = m if second is None else second(*p)
            return both(m, v, *q)[i]

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
        part=_part(d, b) if has_hat(d) else None,
        tails=tails,
        cdf=None if tails is None else lambda x, *args: e.exp(tails.below(x, *args)),
        mean=moment(0),
        variance=moment(1),
        ordered=d.ordered,
        joint=joint_of(d, lambda args: args[:n]),
        latex=rf"\mathrm{{{name.capitalize()}{word(d)}}}",
    )


def _part(d: Distribution, b: Bijection) -> Callable[..., Hat]:
    """The image of what is between the images of the bounds under the inverse."""
    n = len(d.parameters)

    def part(args: Params, lower: Expr, upper: Expr) -> Hat:
        p, q = args[:n], args[n:]
        first, last = (b.preimage(x, *q) for x in (lower, upper))
        hat = hat_of(d, p, e.minimum(first, last), e.maximum(first, last))

        def propose(draws: Draws) -> tuple[Expr, Expr]:
            x, ok = hat.propose(draws)
            y = ordered.pointwise(b.forward, x, *q)
            return e.minimum(e.maximum(y, lower), upper), ok

        return Hat(hat.log_area, propose)

    return part


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
