"""Coordinates in which a variable is times what it is multiplied with.

Who writes effects as ``m + s z`` with z standard normal has z hold s, and be held by it, where
the data tell much. With u = s z held in place of z the data stay as they are when s moves, and
so they do where a root of a covariance matrix stands between the two, as in ``s * (L @ z)``.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.density.joint import Factor
from astragal.density.transforms import Transform
from astragal.derive.between import pulled
from astragal.derive.check import Array, compiled
from astragal.derive.conjugate import Neighbourhoods
from astragal.derive.noncentred import Standard
from astragal.derive.notation import write
from astragal.derive.steps import UsedRelation
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, value_of
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.creation import zeros_like

if TYPE_CHECKING:
    from astragal.derive.plan import Plan

RELATION = "held_product"
FITTED = "fitted_product"
"""Of a vector with a matrix (`astragal.derive.fitted`)."""
SOURCE = "Yu & Meng 2011, J. Comput. Graph. Stat. 20:531-570, section 2.3"
"""The ancillary parametrisation is the model's own, the sufficient one is that of the product."""
_LINEAR = ("index", "item", "reshape", "permute_dims", "broadcast_to", "cumulative_sum")
"""Operations that a number may be multiplied with before or after."""
_LITTLE = 0.1
"""What data tell of a variable, over what its own law tells, up to which its products with a scale
are not held."""

ALONE = 0.5
"""Of what data tell of elements given all others, the least share that they tell without these."""


def product_of(plan: Plan, name: str, other: str) -> Standard | None:
    """Find coordinates of a variable that are its product with what reads a parameter.

    Parameters
    ----------
    plan
        What is known of the model.
    name
        The parameter.
    other
        The variable, whose law is free of the parameter.

    Returns
    -------
    Standard or None
        None where the variable is multiplied with nothing that reads the parameter.
    """
    scale = _scale_of(plan.reads, name, other)
    if scale is None:
        return None
    # What else it reads is a number that stays where it is.
    below = toposort([scale])
    others = [plan.joint.coordinates[n] for n in plan.latent if n != name]
    if any(x.shape != () for x in others if x in below):
        return None
    own = plan.reads.of(other).own
    assert own is not None
    return held_product(other, own, scale, plan.labels)


def products(
    reads: Neighbourhoods, names: Sequence[str], labels: Mapping[Expr, str]
) -> Iterator[tuple[Standard, Expr]]:
    """Give the variables of a block that are multiplied with others of it.

    Parameters
    ----------
    reads
        The joint law.
    names
        The block, in its order.
    labels
        Names of expressions.

    Yields
    ------
    standard, scale
        Coordinates that are the variable itself, whose law reads no parameters, and what it is
        multiplied with.
    """
    place = [reads.joint.coordinates[n] for n in names]
    for other in names:
        near = reads.of(other)
        own = near.own
        if own is None or not own.value.shape or not is_standard(own):
            continue
        # Coordinates of what reads a product would have to come after it.
        if any(f.value in place for f in near.factors if f is not own):
            continue
        found = (_scale_of(reads, n, other) for n in names if n != other)
        scale = next((s for s in found if s is not None), None)
        if scale is not None:
            yield replace(held_product(other, own, scale, labels), **as_it_is(own)), scale


def held_along(
    s: Standard,
    own: Factor,
    scale: Expr,
    told: Array,
    linear: Array,
    coordinates: Mapping[str, Expr],
    at: Mapping[str, Array],
) -> Standard | None:
    """Hold products with standard normal numbers as far as data tell of them.

    The products x = s z are normal with the scale s, so that coordinates between x and z take
    off what data tell, whatever s is (`astragal.derive.between`). With one s for all they do so
    along the directions that data tell apart. With one for each element, these have to be told
    apart as they are: of two columns that are much the same data tell the sum.

    Parameters
    ----------
    s
        Coordinates that are the variable itself.
    own
        Its law.
    scale
        What it is multiplied with.
    told, linear
        What data tell of its elements, or the matrix of that, and the linear part beside it.
    coordinates, at
        The model's variables, and their values where that was read off.

    Returns
    -------
    Standard or None
        None where data tell little.
    """
    wide = e.abs(scale)
    shape = own.value.shape
    (sd,) = compiled(list(coordinates.values()), [wide])(*(at[n] for n in coordinates))
    if not (np.isfinite(told).all() and np.isfinite(linear).all()):
        return None
    share, z, turn = _told_apart(told, linear, turns=not wide.shape and len(shape) == 1)
    if share.max() <= _LITTLE:
        return None
    inner = pulled(
        zeros_like(wide), wide, share.reshape(shape), loc=np.zeros(()), sd=np.asarray(sd),
        at=z.reshape(shape) * sd,
    )  # fmt: skip
    if inner is None:
        return None
    t, density = inner

    def forward(u: Expr) -> Expr:
        z = t.forward(u) / wide
        return z if turn is None else constant(turn) @ z

    transform = Transform(
        forward,
        lambda z: t.backward((z if turn is None else z @ constant(turn)) * wide),
        lambda u: t.log_jacobian(u) - e.log(wide),
        shape,
    )
    return replace(s, transform=transform, density=density)


def _told_apart(told: Array, linear: Array, *, turns: bool) -> tuple[Array, Array, Array | None]:
    """Give what data tell of numbers of their own, where these are about, and what turns them back.

    With a scale for each, numbers cannot be turned: where data tell of sums of several, nothing.
    """
    if told.shape == linear.shape:
        share = told.clip(0.0)
        return share, linear / (1.0 + share), None
    values, vectors = np.linalg.eigh(told)
    if np.allclose(np.abs(vectors).max(axis=0), 1.0):
        return _told_apart(np.diagonal(told), linear, turns=turns)
    values = values.clip(0.0)
    z = vectors.T @ linear / (1.0 + values)
    if turns:
        return values, z, vectors
    each = 1.0 / (np.square(vectors) @ (1.0 / (1.0 + values))) - 1.0
    apart = each.sum() >= ALONE * values.sum()
    return each if apart else np.zeros_like(each), vectors @ z, None


def behind(names: Iterable[str], standards: Mapping[str, Standard]) -> tuple[str, ...]:
    """Put products after what they are products with."""
    every = list(names)
    products = (RELATION, FITTED)
    last = [n for n in every if n in standards and standards[n].relation.name in products]
    return (*(n for n in every if n not in last), *last)


def _scale_of(reads: Neighbourhoods, name: str, other: str) -> Expr | None:
    """Find what a variable is multiplied with, if that reads a parameter and its law does not."""
    near = reads.of(other)
    own, z = near.own, near.z
    place = reads.joint.coordinates[name]
    parameter = reads.of(name).own
    if own is None or place in toposort([own.total]):
        return None
    if parameter is None or z in toposort([parameter.total]):
        return None
    parts = [p for f in near.factors if f is not own for p in f.parameters]
    parts += near.extra
    product, scale = _multiplied(toposort(parts), z)
    # All else that reads the variable would change with it.
    if z in toposort(substitute(parts, {product: placeholder(product.type)})):
        return None
    return scale if scale is not None and place in toposort([scale]) else None


def _multiplied(nodes: Sequence[Expr], z: Expr) -> tuple[Expr, Expr | None]:
    """Follow a variable to where it is added to anything; collect what it is multiplied with."""
    reads = {z}
    for x in nodes:
        if any(a in reads for a in x.args if isinstance(a, Expr)):
            reads.add(x)
    now, scale = z, None
    while True:
        step = next((s for x in nodes if (s := _step(x, now, z, reads)) is not None), None)
        if step is None:
            return now, scale
        now, factor = step
        if factor is not None:
            scale = factor if scale is None else scale * factor


def _step(x: Expr, now: Expr, z: Expr, reads: Container[Expr]) -> tuple[Expr, Expr | None] | None:
    """Go from a node to one that is it times something, or has its elements elsewhere."""
    if x.op.name in _LINEAR and x.args[0] is now:
        rest = [a for a in x.args[1:] if isinstance(a, Expr)]
        return None if any(a in reads for a in rest) else (x, None)
    if x.op.name == "matmul" and any(a is now for a in x.args):
        return None if all(a in reads for a in x.args) else (x, None)
    if x.op not in (e.multiply, e.divide):
        return None
    a, b = x.args
    if b is now and x.op is e.multiply:
        a, b = b, a
    if a is not now or b in reads:
        return None
    # Where elements have moved, only one number for all of them has not.
    if b.shape != () and not (x.shape == z.shape == now.shape and _in_place(now, z)):
        return None
    return x, b if x.op is e.multiply else 1.0 / b


def _in_place(now: Expr, z: Expr) -> bool:
    """Whether every element of a product is still where it was."""
    while now is not z:
        if now.op not in (e.multiply, e.divide):
            return False
        now = next(a for a in now.args if z in toposort([a]))
    return True


def is_standard(own: Factor) -> bool:
    """Whether a law is that of independent standard normal numbers."""
    known = own.family == "normal" and all(is_constant(p) for p in own.parameters)
    return known and all(
        np.all(value_of(p) == x) for p, x in zip(own.parameters, (0.0, 1.0), strict=True)
    )


def as_it_is(own: Factor) -> dict[str, Any]:
    """Give the coordinates and the density of a variable that moves as it is."""
    value, law = own.value, own.total
    same = Transform(lambda u: u, lambda z: z, zeros_like, value.shape)
    return {"transform": same, "density": lambda u: substitute([law], {value: u})[0]}


def held_product(other: str, own: Factor, scale: Expr, labels: Mapping[Expr, str]) -> Standard:
    """Give coordinates of a variable that are its product with something.

    Parameters
    ----------
    other
        Its name.
    own
        Its law, which does not read the scale.
    scale
        What it is multiplied with.
    labels
        Names of expressions.
    """
    value, law = own.value, own.total

    def density(u: Expr) -> Expr:
        inner = substitute([law], {value: u / scale})[0]
        return inner - r.sum(e.log(e.abs(scale)) + zeros_like(u))

    transform = Transform(
        lambda u: u / scale,
        lambda z: z * scale,
        lambda u: zeros_like(u) - e.log(e.abs(scale)),
        value.shape,
    )
    shown = f"u = {write(value * scale, labels)}"
    return Standard(other, transform, density, UsedRelation(RELATION, SOURCE, ((other, shown),)))
