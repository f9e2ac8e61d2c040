"""Coordinates in which a variable is times what it is multiplied with.

Who writes effects as ``m + s z`` with z standard normal has z hold s, and be held by it, where
the data tell much. With u = s z held in place of z the data stay as they are when s moves.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from astragal.density.transforms import Transform
from astragal.derive.noncentred import Standard
from astragal.derive.notation import write
from astragal.derive.plan import Plan
from astragal.derive.steps import UsedRelation
from astragal.graph.expr import Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.creation import zeros_like

RELATION = "held_product"
SOURCE = "Yu & Meng 2011, J. Comput. Graph. Stat. 20:531-570, section 2.3"
"""The ancillary parametrisation is the model's own, the sufficient one is that of the product."""
_LINEAR = ("index", "item", "reshape", "permute_dims", "broadcast_to")
"""Operations that a number may be multiplied with before or after."""


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
    near = plan.reads.of(other)
    own, z = near.own, near.z
    place = plan.joint.coordinates[name]
    if own is None or place in toposort([own.total]):
        return None
    parameter = plan.reads.of(name).own
    if parameter is None or z in toposort([parameter.total]):
        return None
    parts = [p for f in near.factors if f is not own for p in f.parameters]
    parts += near.extra
    product, scale = _multiplied(toposort(parts), z)
    # All else that reads the variable would change with it.
    if z in toposort(substitute(parts, {product: placeholder(product.type)})):
        return None
    below = () if scale is None else toposort([scale])
    if scale is None or place not in below:
        return None
    # What else it reads is a number that stays where it is.
    others = [plan.joint.coordinates[n] for n in plan.latent if n != name]
    if any(x.shape != () for x in others if x in below):
        return None
    return _held(plan, other, scale)


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


def _held(plan: Plan, other: str, scale: Expr) -> Standard:
    own = plan.reads.of(other).own
    assert own is not None
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
    shown = f"u = {write(value * scale, plan.labels)}"
    return Standard(other, transform, density, UsedRelation(RELATION, SOURCE, ((other, shown),)))
