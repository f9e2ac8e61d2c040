"""Trajectories of everything at once, where draws in turn beside them would forget slowly.

A scale that is drawn given standardised values, while trajectories move a length scale given both,
follows neither: each holds the others. So do a mean vector that is drawn, and what trajectories
move about it. One gradient of the density costs the same whatever of it moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from astragal.derive.interweave import KIND as INTERWEAVE
from astragal.derive.plan import Plan
from astragal.derive.steps import Step
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS

Build = Callable[[Plan, set[str]], list[Step]]


def all_at_once(
    plain: Plan, plan: Plan, steps: list[Step], refused: set[str], build: Build
) -> tuple[Plan, list[Step]]:
    """Move everything by trajectories, where draws in turn would hold what these move.

    What moves twice, along its scale too, does not creep so, and is left as it is.

    Parameters
    ----------
    plain
        What is known of the model without auxiliary variables.
    plan, steps
        With those that were added, and the steps that were found.
    refused
        What may not be used.
    build
        Makes the steps of a plan.

    Returns
    -------
    Plan, list of Step
        The given ones, or those by trajectories alone.
    """
    if "gibbs" in plain.prefer or not _mixed(plan, steps) or not _held(plain, plan, steps):
        return plan, steps
    drawn = {n for s in steps if s.kind == "gibbs" for n in s.targets}
    before = dict(plan.why_not)
    plain.why_not = {n: before[n] for n in plain.latent if n in before and n not in drawn}
    for n in plain.latent:
        if n in drawn:
            plain.reject(n, "gibbs", "drawn in turn it would hold what trajectories move")
    moved = build(plain, refused | {"gibbs"})
    if {s.kind for s in moved} == {"nuts"}:
        return plain, moved
    plan.why_not = before
    return plan, steps


def _mixed(plan: Plan, steps: Sequence[Step]) -> bool:
    """Whether trajectories move several numbers beside draws in turn, none of which moves twice."""
    coordinates = plan.joint.coordinates
    real = all(coordinates[n].dtype in FLOATS for n in plan.latent)
    kinds = {s.kind for s in steps}
    several = any(s.kind == "nuts" and len(s.targets) > 1 for s in steps)
    return real and several and "gibbs" in kinds and INTERWEAVE not in kinds


def _held(plain: Plan, plan: Plan, steps: Sequence[Step]) -> bool:
    """Whether a draw in turn is of a parameter of what trajectories move, or needed auxiliaries.

    Auxiliaries count where what they were added for and what trajectories move have a law in
    common: they have not freed the model of trajectories.
    """
    moved = [n for s in steps if s.kind == "nuts" for n in s.targets]
    drawn = [n for s in steps if s.kind == "gibbs" for n in s.targets]
    place = plan.joint.coordinates
    laws = [own for n in moved if (own := plan.reads.of(n).own) is not None]
    read = set(toposort([p for own in laws for p in own.parameters]))
    if any(place[n] in read for n in drawn):
        return True
    if plain is plan:
        return False
    new = {place[n] for n in plan.latent if n not in plain.latent}
    freed = [n for n in drawn if n in plain.latent and _reads(plan, n) & new]
    common = {f for n in moved for f in plan.reads.of(n).factors}
    return any(common & {*plan.reads.of(n).factors} for n in freed)


def _reads(plan: Plan, name: str) -> set[object]:
    """Nodes of the laws that read a variable."""
    return set(toposort([f.total for f in plan.reads.of(name).factors]))
