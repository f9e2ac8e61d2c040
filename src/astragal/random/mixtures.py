"""Declarations of mixtures, from those of their components."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from astragal.graph.errors import ShapeError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.types import FLOATS, show_shape
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import switch
from astragal.ops.declare import cast
from astragal.ops.manipulation import broadcast_arrays, stack
from astragal.ops.searching import where
from astragal.random import ordered
from astragal.random.distribution import (
    NON_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    REAL,
    Distribution,
    Domain,
    Function,
    Joint,
    Parameter,
    Tails,
)
from astragal.random.multivariate import SIMPLEX
from astragal.random.parts import Hat, among, entry, has_hat, hat_along, hat_of
from astragal.random.sampler import Composition, Kernel, Source
from astragal.random.tails import (
    is_discrete,
    log_above,
    log_below,
    log_density,
)

if TYPE_CHECKING:
    from astragal.random.lower import Draws

from astragal.random.derived import (
    Params,
    has_atoms,
    is_atom,
    joint_of,
    part,
    require_scalar,
    sample,
    tails_if_any,
    word,
)

_FIXED = (REAL, POSITIVE, NON_NEGATIVE, PROBABILITY)


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
        self.whole = all(map(is_discrete, laws))
        # Whether all probability is that of single values, or none is.
        self.pure = self.whole or not any(map(has_atoms, laws))

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
                return cast(k.draw(part(source, k), *q[start : start + size]), dtype)

            branches.append(branch)
        return switch(index, branches, *p)  # type: ignore[no-any-return]

    return Kernel(draw, block=True)


_UNIFORM = Kernel(lambda s: s.uniform())


def _choose(draws: Draws, weights: Expr) -> Expr:
    bounds = ordered.prefix(weights)
    u = ordered.pointwise(ordered.multiply, draws.values(_UNIFORM), bounds[..., -1])
    return r.sum(bounds[..., :-1] <= u[..., None], -1)


def _mixture_sampler(c: _Components) -> Composition:
    kernel = _one_kernel(c.laws, c.whole)

    def draw(draws: Draws, weights: Expr, *p: Expr) -> Expr:
        choice, value = draws.split(2)
        index = _choose(choice, weights)
        if c.along:
            # One number of the components is enough, also where it is broadcast.
            return sample(c.laws[0], value, [entry(x, index) for x in p])
        if kernel is not None:
            return value.values(kernel, index, *p)  # type: ignore[no-any-return]
        # All under one key: of each element only one component is ever seen.
        out = [cast(sample(d, value, q), "int64" if c.whole else "float64") for d, q in c.each(p)]
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
        require_scalar(d, "mixture")
        if along and any(p.core for p in d.parameters):
            raise UnsupportedError(
                f"mixture: {d.name} has parameters that are vectors; give its components as a list"
            )
    c = _Components(laws, along)
    name, parameters, order = _named(c)
    has_mean = all(d.mean is not None for d in laws)
    has_variance = has_mean and all(d.variance is not None for d in laws)
    tails = tails_if_any(laws, Tails(_tail(c, log_below), _tail(c, log_above)))
    return Distribution(
        name=name,
        parameters=(Parameter("weights", SIMPLEX, core=1), *parameters),
        support=_support(c),
        logdensity=_logdensity(c),
        sampler=_mixture_sampler(c),
        part=_part(c) if all(map(has_hat, laws)) else None,
        dtype="int64" if c.whole else "float",
        tails=tails,
        cdf=None if tails is None else lambda x, *p: e.exp(tails.below(x, *p)),
        mean=_mean(c) if has_mean else None,
        variance=_variance(c) if has_variance else None,
        atoms=None if c.pure else _mixture_atoms(c),
        ordered=order,
        joint=_joint(c),
        check=_check_components(name, None if along else len(laws)),
        latex=rf"\mathrm{{Mixture[{', '.join(map(word, laws))}]}}",
    )


def _named(c: _Components) -> tuple[str, list[Parameter], tuple[tuple[str, str], ...]]:
    """Name, parameters beside the weights, and which of these are in order."""
    if c.along:
        (law,) = c.laws
        return (
            f"mixture[*{law.name}]",
            [replace(p, core=1, keyword=False) for p in law.parameters],
            law.ordered,
        )
    parameters = [
        replace(p, name=f"{p.name}_{i}", keyword=False, alternatives={})
        for i, d in enumerate(c.laws)
        for p in d.parameters
    ]
    order = tuple((f"{a}_{i}", f"{b}_{i}") for i, d in enumerate(c.laws) for a, b in d.ordered)
    return f"mixture[{', '.join(d.name for d in c.laws)}]", parameters, order


def _support(c: _Components) -> Callable[..., Domain]:
    def support(weights: Expr, *p: Expr) -> Domain:
        domains = [d.support(*q) for d, q in c.each(p)]
        if c.pure:
            common = _common_domain(domains)
            if common is not None and (not c.along or common in _FIXED):
                return common

        def contains(x: Expr) -> Expr:
            if c.along:
                return r.any(domains[0].contains(x[..., None]), -1)
            inside = domains[0].contains(x)
            for d in domains[1:]:
                inside = inside | d.contains(x)
            return inside

        words = domains[0].words if c.along else "a value of a component"
        return Domain(words, r"\bigcup_i S_i", contains)

    return support


def _logdensity(c: _Components) -> Function:
    def atomic(d: Distribution, x: Expr, q: Params) -> Expr:
        return is_atom(d, x, q) & d.support(*q).contains(x)

    def logdensity(x: Expr, weights: Expr, *p: Expr) -> Expr:
        at = c.at(x)
        logs = c.table(lambda d, q: log_density(d, at, q), p)
        if not c.pure:
            # Where some component has a probability, densities do not count beside it.
            atoms = c.table(lambda d, q: atomic(d, at, q), p)
            logs = where(e.equal(atoms, r.any(atoms, -1, keepdims=True)), logs, -math.inf)
        return r.logsumexp(e.log(weights) + logs, -1)

    return logdensity


def _tail(c: _Components, function: Callable[..., Expr]) -> Function:
    return lambda x, weights, *p: r.logsumexp(
        e.log(weights) + c.table(lambda d, q: function(d, c.at(x), q), p), -1
    )


def _mean(c: _Components) -> Function:
    return lambda weights, *p: r.sum(weights * c.table(lambda d, q: d.mean(*q), p), -1)


def _variance(c: _Components) -> Function:
    mean = _mean(c)

    def variance(weights: Expr, *p: Expr) -> Expr:
        means = c.table(lambda d, q: d.mean(*q), p)
        spread = e.square(means - mean(weights, *p)[..., None])
        return r.sum(weights * (c.table(lambda d, q: d.variance(*q), p) + spread), -1)

    return variance


def _part(c: _Components) -> Callable[..., Hat]:
    def part(args: Params, lower: Expr, upper: Expr) -> Hat:
        weights, *p = args
        if c.along:
            return hat_along(c.laws[0], weights, p, lower, upper)
        hats = [hat_of(d, q, lower, upper) for d, q in c.each(p)]
        return among(hats, [e.log(weights[..., i]) for i in range(len(hats))])

    return part


def _joint(c: _Components) -> tuple[Joint, ...]:
    """What the parameters of each component must fulfil together."""
    if c.along:

        def of_all(j: Joint) -> Joint:
            return Joint(j.name, lambda w, *p: r.all(j.holds(*p), -1), j.words)

        return tuple(map(of_all, c.laws[0].joint))

    def of_one(i: int) -> tuple[Joint, ...]:
        a, b = c.ends[i]
        return joint_of(c.laws[i], lambda args: args[1 + a : 1 + b], lambda name: f"{name}_{i}")

    return tuple(j for i in range(len(c.laws)) for j in of_one(i))


def _mixture_atoms(c: _Components) -> Function:
    def atoms(x: Expr, weights: Expr, *p: Expr) -> Expr:
        at = c.at(x)
        each = c.table(lambda d, q: is_atom(d, at, q) & d.support(*q).contains(at), p)
        return r.any(each, -1)

    return atoms
