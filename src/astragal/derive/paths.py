"""Coordinates of a path: the noise of its steps, by its name or by the loop that draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from astragal.density.joint import Factor, Joint
from astragal.density.loops import Loop, is_random_loop
from astragal.density.transforms import Transform
from astragal.derive.noncentred import (
    PATH,
    SOURCE,
    STEPS,
    Form,
    Standard,
    affine,
    standard_draw,
)
from astragal.derive.steps import UsedRelation
from astragal.graph.expr import INPUT, Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import scan
from astragal.ops.creation import ones_like, zeros_like
from astragal.ops.indexing import ITEM
from astragal.ops.manipulation import concatenate
from astragal.ops.special import HALF_LOG_2PI
from astragal.random.distribution import is_random, random_parts


def _before(x: Expr, start: Expr) -> Expr:
    """Give for each step of a path the value that it left from."""
    return concatenate([start[None], x[:-1]])


def _recursion(first: Expr, noise: Expr, rho: Expr, loc: Expr, scale: Expr) -> Expr:
    """Give the values of an autoregression after its first, from the noise of their steps."""

    def step(x: Expr, z: Expr) -> tuple[Expr, Expr]:
        new = loc + rho * (x - loc) + scale * z
        return new, new

    out: Expr = scan(step, first, noise)[1]
    return out


def _walk(p: Sequence[Expr], held: bool) -> Transform:
    start, drift, scale = p
    return Transform(
        lambda u: start + r.CUMULATIVE_SUM(drift + scale * u, 0),
        lambda x: (x - _before(x, start) - drift) / scale,
        lambda u: e.log(scale) + zeros_like(u),
        (),
    )


def _ar1(p: Sequence[Expr], held: bool) -> Transform:
    rho, scale, loc, start = p
    return Transform(
        lambda u: _recursion(start, u, rho, loc, scale),
        lambda x: ((x - loc) - rho * (_before(x, start) - loc)) / scale,
        lambda u: e.log(scale) + zeros_like(u),
        (),
    )


def _width(rho: Expr, scale: Expr) -> Expr:
    """Deviation of one value of a stationary autoregression."""
    return scale / e.sqrt((1.0 - rho) * (1.0 + rho))


def _stationary(p: Sequence[Expr], held: bool) -> Transform:
    """Where it is held, the first value is its own coordinate."""
    rho, scale, loc = p
    at, wide = (zeros_like(loc), ones_like(loc)) if held else (loc, _width(rho, scale))

    def forward(u: Expr) -> Expr:
        first = at + wide * u[0]
        return concatenate([first[None], _recursion(first, u[1:], rho, loc, scale)])

    def backward(x: Expr) -> Expr:
        rest = ((x[1:] - loc) - rho * (x[:-1] - loc)) / scale
        return concatenate([((x[0] - at) / wide)[None], rest])

    def slope(u: Expr) -> Expr:
        return concatenate([e.log(wide)[None], e.log(scale) + zeros_like(u[1:])])

    return Transform(forward, backward, slope, ())


PATHS: Mapping[str, Callable[[Sequence[Expr], bool], Transform]] = {
    "random_walk": _walk,
    "ar1": _ar1,
    "stationary_ar1": _stationary,
}


def path_of(name: str, own: Factor) -> Standard | None:
    """A path by the noise of its steps, each standard normal.

    The first value of a stationary one is noise too, or keeps its place (`Standard.held`).
    """
    shape = own.value.shape
    if len(shape) != 1 or not isinstance(shape[0], int) or shape[0] < 3:
        return None
    p = own.parameters[1:]
    if any(x.shape for x in p):
        return None

    def made(held: bool) -> Standard:
        transform = replace(PATHS[own.family](p, held), shape=shape)

        def density(u: Expr) -> Expr:
            if not held:
                return r.sum(-0.5 * e.square(u) - HALF_LOG_2PI)
            rho, scale, loc = p
            width = _width(rho, scale)
            noise = concatenate([((u[0] - loc) / width)[None], u[1:]])
            return r.sum(-0.5 * e.square(noise) - HALF_LOG_2PI) - e.log(width)

        how = STEPS + (", its first value as it is" if held else "")
        return Standard(name, transform, density, UsedRelation(PATH, SOURCE, ((name, how),)))

    plain = made(False)
    return replace(plain, held=made(True)) if own.family == "stationary_ar1" else plain


def loop_of(
    name: str, own: Factor, found: Form, joint: Joint, labels: Mapping[Expr, str]
) -> Standard | None:
    """A path that a loop draws step by step, by the standard draws of its steps."""
    item = own.source
    node = item.args[0] if item.op is ITEM else None
    if not (isinstance(node, Expr) and is_random_loop(node)):
        return None
    loop = Loop(node)
    output = int(item.args[1]) - loop.carries
    w = loop.stacked[output] if output >= 0 else None
    if w is None or not is_random(w) or w.op is not own.rv.op:
        return None
    step = standard_draw(w, random_parts(w)[3])
    if step is None or step[2].name != found[2].name:
        return None
    values = {f.source: f.value for f in joint.factors}
    noise = placeholder(w.type)
    draws = {w: substitute([step[0]], {step[1]: noise})[0]}
    others: dict[Expr, Expr] = {}
    for j, x in enumerate(loop.stacked):
        drawn = ITEM(node, loop.carries + j)
        if is_random(x) and x not in draws and drawn in values:
            draws[x] = placeholder(x.type)
            others[draws[x]] = values[drawn]

    def replay(standard: Expr) -> Expr:
        whole = loop.replayed(output, draws, {**others, noise: standard})
        return substitute([whole], values)[0]

    leaf = placeholder(own.value.type)
    whole = toposort([replay(leaf)])
    known = {leaf, *joint.coordinates.values()} - {own.value}
    if any(is_random(x) or (x.op is INPUT and x not in known) for x in whole):
        return None
    return affine(name, own, found, labels, replay)
