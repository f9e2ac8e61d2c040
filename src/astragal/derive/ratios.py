"""Second moves along rays: both parameters of a beta or gamma law, their ratio held.

Of rates of groups the data tell the mean, which is a function of the ratio of the two parameters;
how far they spread is their common size, of which they may tell that it is small, or without end.
Between the two lies little mass, and trajectories seldom cross it. A slice update along the ray
steps over what lies between, and keeps the joint law.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from astragal.density.transforms import interval_of
from astragal.derive.conjugate import Neighbourhoods
from astragal.derive.exact import Link
from astragal.derive.gaussian import size_of
from astragal.derive.interweave import KIND, MOST, second_move
from astragal.derive.plan import Plan
from astragal.derive.scaled import held_product
from astragal.derive.steps import Step
from astragal.graph.traverse import toposort

RAYS = ("beta", "gamma", "inverse_gamma")
"""Laws whose mean, or mode, is a function of the ratio of their parameters."""


def along_rays(
    plan: Plan, left: Sequence[str], links: Sequence[Link], refused: set[str]
) -> list[Step]:
    """Give second moves for pairs of parameters of laws that were integrated out.

    Parameters
    ----------
    plan
        What is known of the model without what was integrated out.
    left
        Names of what moves.
    links
        The laws, in the order in which they were integrated out.
    refused
        What may not be used.
    """
    if KIND in refused:
        return []
    moves = []
    for a, b in dict.fromkeys(_pairs(plan.reads, left, links)):
        own, scale = plan.reads.of(b).own, 1.0 / plan.joint.coordinates[a]
        assert own is not None
        moves.append(second_move(plan, a, {b: held_product(b, own, scale, plan.labels)}))
    return [m for m in moves if m is not None]


def _pairs(
    reads: Neighbourhoods, left: Sequence[str], links: Sequence[Link]
) -> Iterator[tuple[str, str]]:
    """Give the positive numbers that the two parameters of a law are, each of its own."""
    place = {reads.joint.coordinates[n]: n for n in left if _is_positive(reads, n)}
    for own in (near.own for link in links for near in link.nears):
        if own is None or own.family not in RAYS or len(own.parameters) != 2:
            continue
        a, b = ([n for x, n in place.items() if x in {*toposort([p])}] for p in own.parameters)
        if len(a) == len(b) == 1 and a != b and _shape(reads, a[0]) == _shape(reads, b[0]):
            yield a[0], b[0]


def _shape(reads: Neighbourhoods, name: str) -> tuple[object, ...]:
    return reads.joint.coordinates[name].shape


def _is_positive(reads: Neighbourhoods, name: str) -> bool:
    near = reads.of(name)
    interval = None if near.own is None else interval_of(near.own)
    few = (size_of(near.z) or MOST + 1) <= MOST
    return few and interval is not None and interval.kind == "positive"
