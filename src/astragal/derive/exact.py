"""Exact posteriors: one latent after the other is integrated out, then drawn in reverse.

If z given the rest is a known law q, the density of the rest is joint / q, which is the
reversal of z's arrows: it holds no z. Where this can be repeated until nothing latent is
left, what remains is the evidence, and drawing in the reverse order gives independent
draws of the posterior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from astragal.density.joint import Factor, Joint
from astragal.derive.conjugate import Found, Neighbourhood, Neighbourhoods, conjugate
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar


@dataclass(frozen=True, eq=False)
class Link:
    """One latent of a chain: its law given those after it, and how it was found."""

    name: str
    found: Found
    near: Neighbourhood


def collapse(joint: Joint, reads: Neighbourhoods, name: str, found: Found) -> Joint:
    """Integrate a variable out of a joint law."""
    z = joint.coordinates[name]
    near = reads.of(name)
    zero = scalar(0.0, "float64")

    def without(f: Factor) -> Factor:
        return replace(f, density=zero) if f in near.factors else f

    jacobians = {n: j for n, j in joint.jacobians.items() if not reads.depends(j, z)}
    jacobians[f"without {name}"] = found.marginal
    return Joint(
        joint.model,
        {n: x for n, x in joint.coordinates.items() if n != name},
        tuple(without(f) for f in joint.factors if f is not near.own),
        jacobians,
        joint.values,
    )


def exact_chain(joint: Joint, latent: list[str], tries: int = 40) -> tuple[list[Link], Expr] | None:
    """Integrate all latents out, one after the other.

    Parameters
    ----------
    joint
        The joint law.
    latent
        Names to integrate out.
    tries
        Most laws to look for.

    Returns
    -------
    (links, log evidence), or None
        Links in the order in which they were integrated out; None where some order of at
        most ``tries`` attempts did not reach the end.
    """
    order = [f.value for f in joint.factors]
    ranked = sorted(latent, key=lambda n: -order.index(joint.coordinates[n]))
    budget = [tries + len(latent)]

    def go(now: Joint, left: list[str]) -> tuple[list[Link], Expr] | None:
        if not left:
            return [], now.total
        reads = Neighbourhoods(now)
        for name in left:
            if budget[0] <= 0:
                return None
            budget[0] -= 1
            near = reads.of(name)
            found = conjugate(near, reads)
            if isinstance(found, str):
                continue
            rest = go(collapse(now, reads, name, found), [n for n in left if n != name])
            if rest is not None:
                return [Link(name, found, near), *rest[0]], rest[1]
        return None

    return go(joint, ranked)
