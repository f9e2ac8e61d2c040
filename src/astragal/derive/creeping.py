"""Whether draws given Polya-Gamma or probit variables creep, beside trajectories of everything.

What is regressed on forgets as slowly as these variables hold it: with few trials, or counts far
from half of them, one effective draw takes many sweeps. How many is estimated
(`astragal.derive.missing`), and the work of both is counted.
"""

from __future__ import annotations

import math

from astragal.derive.alternatives import GRADIENT, JOINT, LEAF, START
from astragal.derive.choices import BESIDE, say
from astragal.derive.collapsed import NORMAL
from astragal.derive.exact import closed_forms
from astragal.derive.gaussian import size_of
from astragal.derive.missing import sweeps
from astragal.derive.plan import Plan
from astragal.derive.work import work

MANY = 600
"""Auxiliary numbers above which nothing is estimated: drawing them so often takes seconds."""
MARGIN = 4.0
"""How much cheaper trajectories have to be: works are counted, and trajectories guessed."""
CREEP = 10.0
"""Sweeps an effective draw beyond which any gain counts: of 4,000 draws fewer than 400 are left."""
STEPS = 7.0
"""Leapfrog steps of a trajectory along coefficients, in a metric that was learnt."""


def creeps(plain: Plan, plan: Plan) -> bool:
    """Tell whether trajectories are much cheaper than draws given auxiliary variables.

    Parameters
    ----------
    plain
        What is known of the model.
    plan
        The same with auxiliary variables, given which everything has a closed form.

    Returns
    -------
    bool
        False where it cannot be told. What was compared is kept for explanations.
    """
    added = [n for n in plan.latent if n not in plain.latent]
    if sum(size_of(plan.joint.coordinates[n]) or MANY for n in added) > MANY:
        return False
    closed = list(closed_forms(plan.reads, plan.latent))
    links = [link for link in closed if {*link.found.targets} <= {*added}]
    if any(link.found.family not in NORMAL for link in closed if link not in links):
        return False  # scales move a second time, which the estimate does not know
    plan.points.restart()
    taken = sweeps(plan.reads, plain.reads, links, closed, plain.latent, plan.points)
    plan.points.restart()
    if not math.isfinite(taken):
        return False
    size = sum(size_of(plain.joint.coordinates[n]) or 1 for n in plain.latent)
    leaf = GRADIENT * work([plain.joint.total], plain.observed) + LEAF + 3.0 * size
    moved = BESIDE + START + STEPS * leaf
    drawn = BESIDE + sum(work(link.found.outputs.values(), plan.observed) for link in closed)
    said = f"given {', '.join(added)}: {say(drawn, taken)}; by trajectories: {say(moved, JOINT)}"
    for one in (plain, plan):
        one.compared.append(said)
    return (1.0 if taken > CREEP else MARGIN) * moved * JOINT < drawn * taken
