"""Coordinates of a normal vector in which its law and the data together are about standard.

Of x = m + L z, z standard normal, where L reads parameters, data tell about as much as a normal
law with a precision D and a linear part b. Given the parameters, z has the precision A = I + L' D L
= R R' then, and the mean inv(A) L' (b - D m). With these taken off, as z = inv(R') (inv(R) L'
(b - D m) + u), steps of one size fit whatever the parameters are: a smooth function that is seen
in many places holds the scale and the length of its law on any other coordinates (Kleppe 2019,
J. Comput. Graph. Stat. 28:493-507, sections 2 and 3). Any D and b give the same law: what they
are is a matter of speed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from astragal.density.joint import Factor
from astragal.density.transforms import Transform
from astragal.derive.check import Array, compiled
from astragal.derive.conjugate import Neighbourhood, Neighbourhoods
from astragal.derive.noncentred import Standard
from astragal.derive.scaled import FITTED, as_it_is, is_standard
from astragal.derive.steps import UsedRelation
from astragal.graph.expr import Expr
from astragal.graph.literal import constant, scalar
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.gradient import grad, hvp
from astragal.ops.manipulation import broadcast_to, matrix_transpose

SOURCE = "Kleppe 2019, J. Comput. Graph. Stat. 28:493-507, sections 2 and 3"
LARGEST = 64
"""Elements of a vector up to which a root is taken for each density: its cost is cubic."""
SEEN = 200
"""Elements of what data read up to which their curvatures are looked at: each costs a slope."""
_LITTLE = 1.0
"""What data tell along a direction, over what the law tells, up to which nothing is taken off."""


@dataclass(frozen=True, eq=False)
class Rooted:
    """A normal vector whose spread reads parameters.

    Attributes
    ----------
    standard
        Coordinates that are standard normal numbers z.
    root
        The matrix L of x = m + L z.
    mean
        Its mean m; None for zero.
    node
        x, as the density of all else reads it.
    """

    standard: Standard
    root: Expr
    mean: Expr | None
    node: Expr


def rooted(reads: Neighbourhoods, names: Sequence[str]) -> Iterator[Rooted]:
    """Give the standard normal vectors of a block that a matrix of its parameters multiplies."""
    place = {reads.joint.coordinates[n] for n in names}
    for name in names:
        near = reads.of(name)
        own, z = near.own, near.z
        if own is None or not _small(z) or not is_standard(own):
            continue
        # Coordinates of what reads the product would have to come after it.
        if any(f.value in place for f in near.factors if f is not own):
            continue
        found = _product(near, place - {z})
        if found is not None:
            used = UsedRelation(FITTED, SOURCE, ((name, "what data and its law leave of it"),))
            yield Rooted(Standard(name, **as_it_is(own), relation=used), found[0], None, found[1])


def whitened(s: Standard, own: Factor) -> Rooted | None:
    """Give a normal vector with an unknown covariance, from its standardised coordinates."""
    mean, covariance = own.parameters
    if not _small(own.value) or covariance.ndim != 2:
        return None
    mean = broadcast_to(mean, own.value.shape)
    used = replace(s.relation, source=f"{s.relation.source}; {SOURCE}")
    return Rooted(replace(s, relation=used), linalg.cholesky(covariance), mean, own.value)


def _small(x: Expr) -> bool:
    return x.ndim == 1 and x.dtype == "float64" and 1 <= int(x.shape[0]) <= LARGEST


def _product(near: Neighbourhood, parameters: set[Expr]) -> tuple[Expr, Expr] | None:
    """Read all that data read of a vector as one matrix times it: the matrix, and the product.

    A matrix that is known, times a number, has directions of its own (`astragal.derive.scaled`).
    """
    z = near.z
    parts = [p for f in near.factors if f is not near.own for p in f.parameters] + [*near.extra]
    nodes = toposort(parts)
    found = [x for x in nodes if x.op.name == "matmul" and x.args[1] is z]
    if len(found) != 1 or found[0].ndim != 1:
        return None
    product, root = found[0], found[0].args[0]
    below = set(toposort([root]))
    if z in below or not below & parameters:
        return None
    while True:
        users = [x for x in nodes if any(a is product for a in x.args)]
        factors = [a for x in users if x.op is e.multiply for a in x.args if a is not product]
        if len(users) != 1 or len(factors) != 1 or factors[0].shape or z in toposort(factors):
            break
        product, root = users[0], factors[0] * root
    # All else that reads the vector would change with it.
    left = toposort(substitute(parts, {product: placeholder(product.type)}))
    return None if z in left else (root, product)


def fitted(
    x: Rooted, reads: Neighbourhoods, at: Mapping[str, Array]
) -> tuple[Standard, float] | None:
    """Take off what the data tell of a normal vector, about as its parameters change it.

    Parameters
    ----------
    x
        The vector.
    reads
        The joint law.
    at
        Values of all variables where what the data tell is read off.

    Returns
    -------
    standard, share
        New coordinates, and how much more than its law the data tell along some direction; None
        where that is little, or not known.
    """
    told = _told(x, reads, at)
    if told is None:
        return None
    precision, linear = told
    names = list(reads.joint.coordinates)
    inputs = [reads.joint.coordinates[n] for n in names]
    (here,) = compiled(inputs, [x.root])(*(at[n] for n in names))
    along = here.T @ precision @ here
    share = float(np.linalg.eigvalsh(along)[-1]) if np.isfinite(along).all() else 0.0
    if not share > _LITTLE:
        return None
    t = _coordinates(x.root, x.mean, precision, linear)
    s = x.standard
    outer = s.transform
    new = Transform(
        lambda u: outer.forward(t.forward(u)),
        lambda v: t.backward(outer.backward(v)),
        lambda u: outer.log_jacobian(t.forward(u)) + t.log_jacobian(u),
        outer.shape,
    )

    def density(u: Expr) -> Expr:
        return s.density(t.forward(u)) + r.sum(t.log_jacobian(u))

    return replace(s, transform=new, density=density), share


def _coordinates(root: Expr, mean: Expr | None, precision: Array, linear: Array) -> Transform:
    """Give standard normal numbers z as a function of what law and data leave of them."""
    n = int(root.shape[1])
    turned = matrix_transpose(root)
    alone = not np.any(precision - np.diag(np.diag(precision)))
    weights = constant(np.diag(precision)[:, None] if alone else precision)
    weighted = weights * root if alone else weights @ root
    lower = linalg.cholesky(constant(np.eye(n)) + turned @ weighted)
    pull = constant(linear)
    if mean is not None:
        pull = pull - (weights[:, 0] * mean if alone else weights @ mean)
    centre = linalg.solve_triangular(lower, turned @ pull, lower=True)

    def forward(u: Expr) -> Expr:
        return linalg.solve_triangular(lower, centre + u, lower=True, transpose=True)

    return Transform(
        forward,
        lambda z: matrix_transpose(lower) @ z - centre,
        lambda u: -e.log(linalg.diagonal(lower)),
        (n,),
    )


def _told(x: Rooted, reads: Neighbourhoods, at: Mapping[str, Array]) -> tuple[Array, Array] | None:
    """Read what all else tells of a vector as a precision and a linear part."""
    near = reads.of(x.standard.name)
    length = int(x.node.shape[0])
    if length > SEEN:
        return None
    others: Expr = scalar(0.0, "float64")
    for term in [*(f.total for f in near.factors if f is not near.own), *near.extra]:
        others = others + term
    c, v = placeholder(x.node.type), placeholder(x.node.type)
    (data,) = substitute([others], {x.node: c})
    if near.z in toposort([data]):
        return None
    names = list(reads.joint.coordinates)
    inputs = [reads.joint.coordinates[n] for n in names]
    given = [at[n] for n in names]
    (here,) = compiled(inputs, [x.node])(*given)
    (slope,) = compiled([c, *inputs], [grad(data, c)])(here, *given)
    run = compiled([c, v, *inputs], [hvp(data, c, v)])
    found = -np.stack([run(here, row, *given)[0] for row in np.eye(length)])
    if not (np.isfinite(found).all() and np.isfinite(slope).all()):
        return None
    values, vectors = np.linalg.eigh(0.5 * (found + found.T))
    if values[0] < 0.0:  # a precision has none below zero
        found = (vectors * values.clip(0.0)) @ vectors.T
    return found, slope + found @ here
