"""Which coordinates a hierarchy is moved on: how much the data tell of each variable.

Where the data tell more of a variable than its own law, it moves best as it is; where they tell
less, on standardised coordinates (Papaspiliopoulos, Roberts & Sköld 2007, Stat. Sci. 22,
section 2: the two rates of convergence add up to one). Either is read off the curvature of the
log density, at a mode on standardised coordinates, where hierarchies have one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from astragal.density.joint import Factor
from astragal.density.transforms import Transform
from astragal.derive.between import between
from astragal.derive.block import Block
from astragal.derive.check import Array, compiled
from astragal.derive.climb import climb
from astragal.derive.conjugate import Neighbourhood, Neighbourhoods
from astragal.derive.directions import along
from astragal.derive.fitted import Rooted, fitted, rooted, whitened
from astragal.derive.noncentred import KIND, PATH, WHITE, Standard, check_standard
from astragal.derive.points import Points
from astragal.derive.scaled import FITTED, held_along, products
from astragal.derive.scaled import RELATION as PRODUCT
from astragal.derive.standards import standards
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute
from astragal.graph.types import tensor_type
from astragal.ops import reductions as r
from astragal.ops.gradient import hvp

PROBES = 16
"""Products with the matrix of second derivatives, from which its diagonal is estimated."""
_STEPS, _ROUNDS, _SETTLED = 20, 4, 0.05


@dataclass(frozen=True, eq=False)
class Choice:
    """Coordinates for a variable that has standardised ones.

    Attributes
    ----------
    name
        Of the variable.
    standard
        The standardised coordinates; None where it is moved as it is.
    reason
        Why, in words.
    told
        What the data tell of it over what its own law tells: the median of its elements.
    """

    name: str
    standard: Standard | None
    reason: str
    told: float


def choose_coordinates(
    reads: Neighbourhoods,
    names: Sequence[str],
    transforms: Mapping[str, Transform],
    labels: Mapping[Expr, str],
    points: Points,
    *,
    block: Iterable[str],
    forced: bool,
    refused: Iterable[str],
) -> list[Choice]:
    """Choose the coordinates of those variables of a block that have standardised ones.

    Parameters
    ----------
    reads, names, transforms
        The block, with the parameters that others of its variables have elsewhere, in the order
        of the graph.
    block
        Names of the variables that coordinates are chosen for.
    labels
        Names of expressions, for what people read.
    points
        Generic values of all variables.
    forced
        Whether to standardise wherever that is possible.
    refused
        Names of relations that may not be used, or ``"noncentre"`` for all.
    """
    never = set(refused)
    found = {}
    mine = set(block)
    for s in standards(reads, names, labels):
        if s.name not in mine or {KIND, s.relation.name} & never:
            continue
        own = reads.of(s.name).own
        assert own is not None
        if all(_checked(x, own, reads, points) for x in (s, s.held) if x is not None):
            found[s.name] = s
    roots: dict[str, Rooted] = {}
    for x in () if {KIND, FITTED} & never else rooted(reads, names):
        if x.standard.name in mine and x.standard.name not in found:
            found[x.standard.name], roots[x.standard.name] = x.standard, x
    scales: dict[str, Expr] = {}
    for s, scale in () if {KIND, PRODUCT} & never else products(reads, names, labels):
        if s.name in mine and s.name not in found:
            found[s.name], scales[s.name] = s, scale
    if not found:
        return []
    # Moves of a part and of all at once may ask for the same.
    asked = (shares, reads.joint, tuple(names), tuple(found))
    if asked not in reads.blocks:
        reads.blocks[asked] = shares(Block(reads, names, transforms, found), transforms, points)
    told, values = reads.blocks[asked]
    as_written = scales.keys() | roots.keys()
    chosen = [_choice(s, told[n], forced) for n, s in found.items() if n not in as_written]
    if not forced:
        chosen = [_between(c, found[c.name], reads, told[c.name], values, points) for c in chosen]
        for n, scale in scales.items():
            chosen.append(_product(found[n], scale, reads, told[n], values, points))
        chosen += [_fitted(x, reads, told[n], values, points) for n, x in roots.items()]
    return chosen


def _fitted(
    x: Rooted,
    reads: Neighbourhoods,
    told: Array,
    values: Mapping[str, Array],
    points: Points,
) -> Choice:
    """Choose coordinates of a vector that a matrix of parameters multiplies."""
    name, own = x.standard.name, reads.of(x.standard.name).own
    assert own is not None
    share = float(np.median(told))
    says = _said(share)
    new = fitted(x, reads, values)
    if new is None or not _checked(new[0], own, reads, points):
        return Choice(name, None, says, 1.0 / max(share, _LEAST))
    says = f"the data tell up to {new[1]:.1g} times as much of it as its own law, along a direction"
    return Choice(name, new[0], f"{says}; what they tell is taken off", 1.0)


def _product(
    s: Standard,
    scale: Expr,
    reads: Neighbourhoods,
    told: Array,
    values: Mapping[str, Array],
    points: Points,
) -> Choice:
    """Choose coordinates of a variable that the model has standardised: of its product."""
    own = reads.of(s.name).own
    assert own is not None
    share = float(np.median(told))
    says = _said(share)
    against = 1.0 / max(share, _LEAST)
    if np.size(told) <= MOST and told.ndim == 1 and not scale.shape:
        told = _curvatures(reads, s.name, s.transform)(values)
    new = held_along(s, own, scale, told, reads.joint.coordinates, values)
    if new is None or not _checked(new, own, reads, points):
        return Choice(s.name, None, says, against)
    return Choice(s.name, new, f"{says}; its products are held as far", against)


def _said(share: float) -> str:
    return f"the data tell {share:.1g} times as much of it as its own law"


_LEAST = 1e-9
STRONG = 30.0
"""Times as much as its own law that data tell of a variable that is moved as it is in any case:
below that its scale can be so small that its own law tells more."""


def _between(
    c: Choice,
    s: Standard,
    reads: Neighbourhoods,
    told: Array,
    values: Mapping[str, Array],
    points: Points,
) -> Choice:
    """Take off what the data tell, where that is known and of a variable with a scale."""
    own = reads.of(c.name).own
    if s.relation.name == WHITE and own is not None:
        return _along_directions(c, s, reads, values, points)
    strong = c.standard is None and not float(np.median(told)) < STRONG
    if strong or own is None or s.held is not None or len(own.parameters) != 2:
        return c
    coordinates = reads.joint.coordinates
    run = compiled(list(coordinates.values()), list(own.parameters))
    loc, sd = (np.asarray(p) for p in run(*(values[n] for n in coordinates)))
    new = between(s, own, told, loc, sd, np.asarray(values[c.name]))
    if new is s or not _checked(new, own, reads, points):
        return c
    return replace(c, standard=new, reason=f"{c.reason}; what they tell is taken off")


MOST = 200
"""Elements of a vector whose directions are looked at: each costs a slope of the data's part."""


def _along_directions(
    c: Choice, s: Standard, reads: Neighbourhoods, values: Mapping[str, Array], points: Points
) -> Choice:
    """Take off what the data tell of a normal vector, along each of its directions."""
    own = reads.of(c.name).own
    assert own is not None
    if own.value.ndim != 1 or int(own.value.shape[0]) > MOST:
        return c
    told = _curvatures(reads, c.name, s.transform)(values)
    new = along(s, own, told, reads.joint.coordinates, values)
    if new is s and (x := whitened(s, own)) is not None and (better := fitted(x, reads, values)):
        new = better[0]
    if new is s or not _checked(new, own, reads, points):
        return c
    reason = f"{c.reason}; what they tell of each of its directions is taken off"
    return replace(c, standard=new, reason=reason)


def _checked(s: Standard, own: Factor, reads: Neighbourhoods, points: Points) -> bool:
    points.restart()
    return check_standard(s, own, reads.joint.coordinates, points)


def _choice(s: Standard, told: Array, forced: bool) -> Choice:
    share = float(np.median(told[1:] if s.held is not None else told))
    says = _said(share)
    if forced:
        says = "as preferred"
    elif not np.isfinite(share):
        says = "how much the data tell of it is not known"
    elif share >= 1.0:
        return Choice(s.name, None, says, share)
    first = s.held is not None and bool(told[0] >= 1.0)
    return Choice(s.name, s.held if first else s, says, share)


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


def _curvatures(
    reads: Neighbourhoods, name: str, t: Transform
) -> Callable[[Mapping[str, Array]], Array]:
    """From values of all variables to the matrix of what the data tell of one's coordinates."""
    near, names = reads.of(name), list(reads.joint.coordinates)
    c = placeholder(t.backward(near.z).type)
    v = placeholder(c.type)
    (data,) = substitute([_data(near)], {near.z: t.forward(c)})
    inputs = [reads.joint.coordinates[n] for n in names]
    run = compiled([c, v, *inputs], [hvp(data, c, v)])
    place = compiled(inputs, [t.backward(near.z)])

    def matrix(values: Mapping[str, Array]) -> Array:
        given = [values[n] for n in names]
        (at,) = place(*given)
        found = -np.stack([run(at, row, *given)[0] for row in np.eye(np.size(at))])
        return np.asarray(0.5 * (found + found.T))

    return matrix


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
