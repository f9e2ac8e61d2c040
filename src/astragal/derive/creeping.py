"""Draws given Polya-Gamma or probit variables, or trajectories of everything: which cost less.

What is regressed on forgets as slowly as these variables hold it: with few trials, or counts far
from half of them, one effective draw takes many sweeps. How many is estimated
(`astragal.derive.missing`), and the work of both is counted. What scales hold is not: draws in
turn take at least as many sweeps as they are said to.
"""

from __future__ import annotations

import math

from astragal.derive.choices import BESIDE, CREEP, JOINT, LEAF, START, say
from astragal.derive.collapsed import NORMAL
from astragal.derive.exact import closed_forms
from astragal.derive.gaussian import size_of
from astragal.derive.metric import learns
from astragal.derive.missing import Held, held_by_means
from astragal.derive.moves import able
from astragal.derive.nuts import MAX_DEPTH
from astragal.derive.plan import Plan
from astragal.derive.work import GRADIENT, work
from astragal.graph.errors import DomainError

MARGIN = 1.25
"""How much cheaper trajectories have to be: they need a longer warm-up."""
STEPS = 4.0
"""Leapfrog steps of a trajectory along one number, in a metric that was learnt; the length of a
step falls with the fourth root of how many there are (Beskos et al. 2013, Bernoulli 19)."""

HALF_ROUND = 0.5 * math.pi / 1.5
"""The same over how much wider the widest direction is, where no metric is learnt: steps are
somewhat shorter than the narrowest would bear."""


def creeps(plain: Plan, plan: Plan) -> bool:
    """Tell whether trajectories are cheaper than draws given auxiliary variables.

    Parameters
    ----------
    plain
        What is known of the model.
    plan
        The same with auxiliary variables, given which everything has a closed form.

    Returns
    -------
    bool
        What was compared is kept for explanations.
    """
    closed = list(closed_forms(plan.reads, plan.latent))
    drawn = BESIDE + sum(work(link.found.outputs.values(), plan.observed) for link in closed)
    held = _held(plain, plan)
    taken = 1.0 if held is None else held.sweeps
    moved = _trajectory(plain, math.inf if held is None else held.stretch)
    least = MARGIN if taken <= CREEP else 0.5
    better = least * moved * JOINT < drawn * taken
    added = ", ".join(n for n in plan.latent if n not in plain.latent)
    names = ", ".join(u.name for u in plan.augmented.used)
    said = f"given {added} ({names}): {say(drawn, taken)}; by trajectories: {say(moved, JOINT)}"
    for one in (plain, plan):
        one.compared.append(said)
    return better


def sweeps_given_leaves(plain: Plan, plan: Plan) -> float | None:
    """Estimate the sweeps that an effective draw takes given added leaves.

    Parameters
    ----------
    plain, plan
        What is known of the model without auxiliary variables, and with them.

    Returns
    -------
    float or None
        The least number; None where it is not known, as of discrete variables.
    """
    held = _held(plain, plan)
    return None if held is None else held.sweeps


def _held(plain: Plan, plan: Plan) -> Held | None:
    """Estimate how added leaves hold what is normal given them; None where it cannot be told."""
    added = {n for n in plan.latent if n not in plain.latent}
    if added != {*plan.augmented.leaves}:
        return None
    if not all("nuts" in able(plain.reads.of(n)) for n in plain.latent):
        return None
    closed = list(closed_forms(plan.reads, plan.latent))
    links = [x for x in closed if added.issuperset(x.found.targets)]
    among = [x.found.targets for x in closed if x.found.family in NORMAL]
    among = [targets for targets in among if added.isdisjoint(targets)]
    if not among:
        return None
    plan.points.restart()
    try:
        held = held_by_means(
            plan.reads, plain.reads, links, plain.latent, among,
            plain.labels, plain.points, plan.points,
        )  # fmt: skip
    except DomainError:  # at a place where a law is not proper
        return None
    plan.points.restart()
    plain.points.restart()
    return held if math.isfinite(held.sweeps) else None


def _trajectory(plain: Plan, stretch: float) -> float:
    """Count the work of a trajectory of everything, in nanoseconds.

    Of many coordinates no correlations are learnt: trajectories go half round the widest
    direction, in steps as long as the narrowest allows.
    """
    size = sum(size_of(plain.joint.coordinates[n]) or 1 for n in plain.latent)
    gradient = GRADIENT * work([plain.joint.total], plain.observed)
    leaf = gradient + LEAF + 3.0 * size
    steps = STEPS if learns(size, gradient) else max(STEPS, HALF_ROUND * math.sqrt(stretch))
    longest = 2.0**MAX_DEPTH
    return BESIDE + START + min(steps * math.sqrt(math.sqrt(size)), longest) * leaf
