"""Declarations of smooth, monotone functions of variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    Parameter,
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


@dataclass(frozen=True, eq=False)
class _Image:
    """What follows for the image of a variable: from its law and the bijection."""

    d: Distribution
    b: Bijection
    name: str

    def parts(self, args: Params) -> tuple[list[Expr], list[Expr]]:
        """Parameters of the law, and those of the bijection."""
        n = len(self.d.parameters)
        return list(args[:n]), list(args[n:])

    def support(self, *args: Expr) -> Domain:
        p, q = self.parts(args)
        b, domain = self.b, self.d.support(*p)
        if domain.bounds is None or not _within(domain, b.source):
            raise UnsupportedError(
                f"transformed: {self.name} takes {b.source.words}, {self.d.name} gives "
                f"{domain.words}"
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

        return Domain(f"{self.name} of {domain.words}", domain.latex, contains, (low, high))

    def logdensity(self, y: Expr, *args: Expr) -> Expr:
        p, q = self.parts(args)
        return self.d.logdensity(self.b.inverse(y, *q), *p) + self.b.log_slope(y, *q)

    def tails(self) -> Tails | None:
        def side(own: Callable[..., Expr], other: Callable[..., Expr]) -> Function:
            def tail(y: Expr, *args: Expr) -> Expr:
                p, q = self.parts(args)
                x, up = self.b.inverse(y, *q), self.b.rising(*q)
                if isinstance(up, bool):
                    return own(self.d, x, p) if up else other(self.d, x, p)
                return where(up, own(self.d, x, p), other(self.d, x, p))

            return tail

        both = Tails(side(log_below, log_above), side(log_above, log_below))
        return tails_if_any([self.d], both)

    def sampler(self) -> Sampler:
        kernel = self.d.sampler
        if isinstance(kernel, Kernel):

            def draw(source: Source, *args: Expr) -> Expr:
                p, q = self.parts(args)
                return self.b.forward(kernel.draw(source, *p), *q)

            return Kernel(draw, block=kernel.block)

        def compose(draws: Draws, *args: Expr) -> Expr:
            p, q = self.parts(args)
            return ordered.pointwise(self.b.forward, sample(self.d, draws, p), *q)

        return Composition(compose)

    def moment(self, i: int) -> Function | None:
        moments, mean, variance = self.b.moments, self.d.mean, self.d.variance
        if moments is None or mean is None or (i and variance is None):
            return None

        def value(*args: Expr) -> Expr:
            p, q = self.parts(args)
            m = mean(*p)
            return moments(m, m if variance is None else variance(*p), *q)[i]

        return value

    def parameters(self) -> tuple[Parameter, ...]:
        own = tuple(replace(p, keyword=False, alternatives={}) for p in self.d.parameters)
        taken = {p.name for p in own}
        return own + tuple(
            replace(p, name=f"{p.name}_{len(own)}" if p.name in taken else p.name)
            for p in self.b.parameters
        )


@cache
def transformed(d: Distribution, name: str) -> Distribution:
    """Declare the law of a smooth, monotone function of a variable."""
    require_scalar(d, "transformed")
    b = BIJECTIONS[name]
    _fits(d, b, name)
    image, n = _Image(d, b, name), len(d.parameters)
    tails = image.tails()
    return Distribution(
        name=f"transformed[{name}, {d.name}]",
        parameters=image.parameters(),
        support=image.support,
        logdensity=image.logdensity,
        sampler=image.sampler(),
        part=_part(d, b) if has_hat(d) else None,
        tails=tails,
        cdf=None if tails is None else lambda x, *args: e.exp(tails.below(x, *args)),
        mean=image.moment(0),
        variance=image.moment(1),
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
