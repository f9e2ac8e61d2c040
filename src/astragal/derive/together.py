"""Trajectories of everything at once, where draws in turn beside them would forget slowly.

A scale that is drawn given standardised values, while trajectories move a length scale given both,
follows neither: each holds the others. So do a mean vector that is drawn, and what trajectories
move about it. One gradient of the density costs the same whatever of it moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from astragal.density.transforms import interval_of
from astragal.derive.gaussian import size_of
from astragal.derive.plan import Plan
from astragal.derive.steps import Step
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS
from astragal.random.distribution import random_parts

Build = Callable[[Plan, set[str]], list[Step]]


def all_at_once(
    plain: Plan, plan: Plan, steps: list[Step], refused: set[str], build: Build
) -> tuple[Plan, list[Step]]:
    """Move everything by trajectories, where draws in turn would hold what these move.

    Of what moves twice, along its scale too, effective draws are 1.2 to 3 times as many so.

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
    """Whether trajectories move several numbers beside draws in turn."""
    coordinates = plan.joint.coordinates
    real = all(coordinates[n].dtype in FLOATS for n in plan.latent)
    kinds = {s.kind for s in steps}
    moved = [coordinates[n] for s in steps if s.kind == "nuts" for n in s.targets]
    several = len(moved) > 1 or any(size_of(x) != 1 for x in moved)
    return real and several and "gibbs" in kinds


def _held(plain: Plan, plan: Plan, steps: Sequence[Step]) -> bool:
    """Whether a draw in turn holds what trajectories move, or needed auxiliaries.

    It does where both stand in one law or weight that is not of data, as a scale and what it is
    the scale of, or where it is no scale and data depend on both: only the noise of data is
    nearly independent of what these are about. Rates of groups that are drawn given their shapes
    were looked at before (`astragal.derive.collapsed`). Auxiliaries count where what they were
    added for and what trajectories move have a law in common: they have not freed the model of
    trajectories.
    """
    moved = [n for s in steps if s.kind == "nuts" for n in s.targets]
    drawn = [n for s in steps if s.kind == "gibbs" for n in s.targets]
    near = {f for n in moved for f in plan.reads.of(n).factors}
    weights = {x for n in moved for x in plan.reads.of(n).extra}
    for n in drawn:
        seen = plan.reads.of(n)
        common = near & {*seen.factors}
        laws = [f for f in common if f.name not in plan.observed and f is not seen.own]
        if laws or weights & {*seen.extra} or (common and _on_the_line(plan, n)):
            return True
    if plain is plan:
        return False
    place = plan.joint.coordinates
    new = {place[n] for n in plan.latent if n not in plain.latent}
    freed = [n for n in drawn if n in plain.latent and _reads(plan, n) & new]
    return any(near & {*plan.reads.of(n).factors} for n in freed)


def _on_the_line(plan: Plan, name: str) -> bool:
    """Whether a variable is a number, or a vector, without bounds."""
    own = plan.reads.of(name).own
    if own is None:
        return True
    interval = interval_of(own)
    return not random_parts(own.rv)[0].core if interval is None else interval.kind == "real"


def _reads(plan: Plan, name: str) -> set[object]:
    """Nodes of the laws that read a variable."""
    return set(toposort([f.total for f in plan.reads.of(name).factors]))
