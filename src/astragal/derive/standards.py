"""Which variables of a block have coordinates in which their own law has no latent parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from astragal.derive.conjugate import Neighbourhoods
from astragal.derive.noncentred import Standard, affine, standard_draw, white
from astragal.derive.paths import PATHS, loop_of, path_of
from astragal.graph.expr import INPUT, Expr
from astragal.graph.traverse import toposort
from astragal.random.distribution import is_random


def standard_of(
    reads: Neighbourhoods, name: str, block: Sequence[str], labels: Mapping[Expr, str]
) -> Standard | None:
    """Find the standardised coordinates of a variable of a block.

    Returns
    -------
    Standard or None
        None where its law has no such form, or no parameter that moves with the block.
    """
    near = reads.of(name)
    own, z = near.own, near.z
    if own is None or own.relative is not None or not is_random(own.rv) or own.rv.type != z.type:
        return None
    below = set(toposort(own.parameters))
    others = {reads.joint.coordinates[n] for n in block if n != name}
    if not below & others:
        return None
    left = set(reads.joint.coordinates.values())
    if z not in toposort([own.density]) or any(x.op is INPUT and x not in left for x in below):
        return None  # its law was integrated, or reads what was
    if own.family in PATHS and z not in below:
        return path_of(name, own)
    if own.family == "multivariate_normal" and z not in below:
        return white(name, own)
    found = standard_draw(own.rv, own.parameters)
    if found is None:
        return None
    if z in below:
        return loop_of(name, own, found, reads.joint, labels)
    return affine(name, own, found, labels)


def standards(
    reads: Neighbourhoods, names: Sequence[str], labels: Mapping[Expr, str]
) -> Iterator[Standard]:
    """Give the standardised coordinates of those variables of a block that have any."""
    for name in names:
        found = standard_of(reads, name, names, labels)
        if found is not None:
            yield found
