"""What the data tell of variables, beside what their own laws tell: curvatures of the log density.

They are read off at a mode on standardised coordinates, where hierarchies have one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from astragal.density.transforms import Transform
from astragal.derive.block import Block
from astragal.derive.check import Array, compiled
from astragal.derive.climb import climb
from astragal.derive.conjugate import Neighbourhood, Neighbourhoods
from astragal.derive.noncentred import PATH, WHITE, Standard
from astragal.derive.points import Points
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute
from astragal.graph.types import tensor_type
from astragal.ops import reductions as r
from astragal.ops.gradient import grad, hvp

PROBES = 16
"""Products with the matrix of second derivatives, from which its diagonal is estimated."""
_STEPS, _ROUNDS, _SETTLED = 20, 4, 0.05


def shares(
    block: Block, transforms: Mapping[str, Transform], points: Points
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Give, for each variable, what the data tell of its elements over what its own law tells.

    Of a stationary path, the first number is about its first value, given all of the data.
    Then the values of all variables at the place where that was read off.
    """
    points.restart()
    # The first point has the data that were given.
    values = dict(points(np.random.default_rng(20_06)))
    u = placeholder(tensor_type("float64", (block.size,)))
    rest = [n for n in block.coordinates if n not in block.names]
    inputs = [u, *(block.coordinates[n] for n in rest)]
    given = [values[n] for n in rest]
    height = compiled(inputs, list(block.density(u)))
    image, _ = block.values(u)
    here = compiled(inputs, [image[block.coordinates[n]] for n in block.names])
    told = {n: _share(block, n, transforms[n]) for n in block.standards}
    signs = np.random.default_rng(20_08).choice([-1.0, 1.0], size=block.size)
    at, out = np.zeros(block.size), dict.fromkeys(block.standards, np.zeros(()))
    for _ in range(_ROUNDS):
        at = _mode(lambda x: height(x, *given), at, signs * _deviations(block, out))
        values |= dict(zip(block.names, here(at, *given), strict=True))
        before, out = out, {n: f(values) for n, f in told.items()}
        if all(np.allclose(before[n], out[n], rtol=_SETTLED) for n in told):
            break
    return out, values


def _deviations(block: Block, told: Mapping[str, Array]) -> Array:
    """Of what is standardised, about its mode; the rest stays there."""
    out = []
    for n, k in zip(block.names, block.sizes, strict=True):
        wide = 1.0 / np.sqrt(1.0 + told[n]) if n in told else np.zeros(())
        out.append(np.broadcast_to(np.ravel(wide), k) if wide.size in (1, k) else np.zeros(k))
    return np.concatenate(out)


def _mode(height: Callable[[Array], list[Any]], start: Array, spread: Array) -> Array:
    """Find the highest mean of the log density at two points about a place.

    As in EM: at its very mode, a hierarchy's scale would be larger than the data say, since
    there what is standardised has no spread.
    """

    def both(x: Array) -> tuple[float, Array]:
        total, slope = 0.0, np.zeros_like(x)
        for side in (x + spread, x - spread) if spread.any() else (x,):
            logp, gradient = height(side)
            total, slope = total + float(logp), slope + gradient
        return total, slope

    # The choice needs a place where the curvatures are typical, not the mode itself.
    top = climb(both, start, _STEPS, gain=1e-4)
    return start if top is None else top[1]


def _data(near: Neighbourhood) -> Expr:
    """Give the terms of the log density that read a variable, but for its own law."""
    others: Expr = scalar(0.0, "float64")
    for x in [*(f.total for f in near.factors if f is not near.own), *near.extra]:
        others = others + x
    return others


Form = Callable[[Mapping[str, Array]], tuple[Array, Array]]
"""From values of all variables to what the data tell of one's coordinates, about these: the matrix
of a quadratic form, or its diagonal, and the linear part."""


def expanded(reads: Neighbourhoods, name: str, t: Transform) -> Form:
    """Give all of the matrix."""

    def form(at: Array, slope: Array, product: Callable[[Array], Array]) -> tuple[Array, Array]:
        found = np.stack([product(row.reshape(at.shape)).ravel() for row in np.eye(at.size)])
        found = 0.5 * (found + found.T)
        return found, slope.ravel() + found @ at.ravel()

    return _form(reads, name, t, form)


def estimated(reads: Neighbourhoods, name: str, t: Transform) -> Form:
    """Give the diagonal, from random signs; unknown where there is more beside it than in it."""

    def form(at: Array, slope: Array, product: Callable[[Array], Array]) -> tuple[Array, Array]:
        signs = np.random.default_rng(20_09).choice([-1.0, 1.0], size=(PROBES, *at.shape))
        each = np.stack([v * product(v) for v in signs])
        found = each.mean(axis=0)
        # Of signs the variance of each is the sum of squares beside the diagonal.
        if not each.var(axis=0, ddof=1).sum() <= np.square(found).sum():
            found = np.full(at.shape, np.nan)
        return found, slope + found * at

    return _form(reads, name, t, form)


def _form(
    reads: Neighbourhoods,
    name: str,
    t: Transform,
    form: Callable[[Array, Array, Callable[[Array], Array]], tuple[Array, Array]],
) -> Form:
    near, names = reads.of(name), list(reads.joint.coordinates)
    c = placeholder(t.backward(near.z).type)
    v = placeholder(c.type)
    (data,) = substitute([_data(near)], {near.z: t.forward(c)})
    inputs = [reads.joint.coordinates[n] for n in names]
    run = compiled([c, v, *inputs], [hvp(data, c, v)])
    climbs = compiled([c, *inputs], [grad(data, c)])
    place = compiled(inputs, [t.backward(near.z)])

    def read(values: Mapping[str, Array]) -> tuple[Array, Array]:
        given = [values[n] for n in names]
        at = np.asarray(place(*given)[0])
        slope = np.asarray(climbs(at, *given)[0])
        return form(at, slope, lambda w: -np.asarray(run(at, w, *given)[0]))

    return read


def _share(block: Block, name: str, t: Transform) -> Callable[[Mapping[str, Array]], Array]:
    """From values of all variables to the shares of one, on its coordinates as it is."""
    near, s = block.reads.of(name), block.standards[name]
    z = block.coordinates[name]
    assert near.own is not None
    c = placeholder(t.backward(z).type)
    v = placeholder(c.type)
    others = _data(near)
    if s.relation.name == WHITE:
        t = s.transform  # along its elements as they are, its law may seem narrower than it is
    data, own = substitute([others, near.own.total], {z: t.forward(c)})
    own = own + r.sum(t.log_jacobian(c))
    inputs = list(block.coordinates.values())
    run = compiled([c, v, *inputs], [hvp(data, c, v), hvp(own, c, v)])
    place = compiled(inputs, [t.backward(z), s.transform.log_jacobian(s.transform.backward(z))])

    def share(values: Mapping[str, Array]) -> Array:
        given = [values[n] for n in block.coordinates]
        at, wide = place(*given)
        n = int(np.size(at))
        rng = np.random.default_rng(20_07)
        probes = np.eye(n) if n <= PROBES else rng.choice([-1.0, 1.0], size=(PROBES, n))
        curvature = np.zeros((2, *np.shape(at)))
        for probe in probes:
            w = probe.reshape(np.shape(at))
            curvature -= np.stack([w * d for d in run(at, w, *given)])
        told, law = curvature / (1.0 if n <= PROBES else PROBES)
        told = np.maximum(told, 0.0)
        if s.relation.name == PATH:
            return _along(told, wide, s)
        return np.asarray(np.where(law > 0.0, told / np.where(law > 0.0, law, 1.0), np.inf))

    return share


def _along(told: Array, wide: Array, s: Standard) -> Array:
    """Over the widths of steps; the first value of a stationary path hears of the others."""
    out = told * np.exp(2.0 * wide)
    if s.held is not None:
        kept = 1.0 - np.exp(2.0 * (wide[1] - wide[0]))
        noise = np.exp(-2.0 * wide[1])
        heard = told[-1]
        for now in told[-2::-1]:
            heard = now + kept * heard * noise / (heard + noise)
        out[0] = heard * np.exp(2.0 * wide[0])
    return np.asarray(out)
