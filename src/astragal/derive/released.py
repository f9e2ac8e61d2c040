"""Scales that are drawn with what they are the scales of integrated out, given auxiliary variables.

Many effects, of each of which the data tell little, hold their scale, be they moved as they are or
standardised: neither move of interweaving is wide. Given Polya-Gamma variables or utilities the
effects are normal, and the scale is drawn without them, then they given it. This needs no more than
the factor that drawing them takes, some times.

Of x ~ Normal(m, s), of whose n elements the data tell t times what their law tells, the data have
2 sum (t / (1 + t))^2 of information on log s, those and x have 2 n, and those and (x - m) / s have
sum t. A draw given what has more of it keeps the rest of its place (Liu, Wong & Kong 1994,
Biometrika 81:27-40), and of two moves in turn each keeps its share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from astragal.derive.block import Block
from astragal.derive.check import Array
from astragal.derive.choices import BESIDE, JOINT, say
from astragal.derive.collapsed import FEWEST, NORMAL, collapsed_step
from astragal.derive.exact import Link, closed_forms, collapse
from astragal.derive.gaussian import size_of
from astragal.derive.information import shares
from astragal.derive.moves import coordinates
from astragal.derive.plan import Plan
from astragal.derive.scaled import products
from astragal.derive.standards import standards
from astragal.derive.steps import Step
from astragal.graph.errors import UnsupportedError
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS

BROAD = 0.25
"""Information on the logarithm of a scale that all else has at least."""
TYPICAL = 0.25
"""What data tell where a chain is, over what they tell at a mode: there a scale is about twice as
large, with the effects at theirs."""

LEAST = 2.0 * JOINT
"""Sweeps below which steps without what is normal are not looked for: they cost more, and time."""


def released(plain: Plan, plan: Plan, steps: Sequence[Step], refused: set[str]) -> list[Step]:
    """Draw scales of normal blocks with these integrated out, where they would hold each other.

    Parameters
    ----------
    plain, plan
        What is known of the model without auxiliary variables, and with them.
    steps
        The steps of the latter so far.
    refused
        What may not be used.

    Returns
    -------
    list of Step
        The given ones, where that costs less.
    """
    if "collapse" in refused or not plan.augmented.leaves:
        return [*steps]
    for link in closed_forms(plan.reads, plan.latent):
        block = next((s for s in steps if {*s.targets} == {*link.found.targets}), None)
        scales = [s for s in steps if s is not block and _is_scale(plan, s, link)]
        left = [n for s in scales for n in s.targets]
        normal = link.found.family in NORMAL and block is not None and block.kind == "gibbs"
        if not normal or not 0 < _size(plan, left) <= FEWEST:
            continue
        taken = _interwoven(plain)
        if taken < LEAST:
            break
        rest = [n for n in plan.latent if n not in link.found.targets]
        try:
            step = collapsed_step(plan, left, [link], collapse(plan.reads, [link], rest), refused)
        except UnsupportedError:
            continue
        others = [s for s in steps if s is not block and s not in scales]
        if _cheaper(plan, steps, [step, *others], left, taken):
            return [step, *others]
    return [*steps]


def _cheaper(
    plan: Plan, steps: Sequence[Step], found: Sequence[Step], left: Sequence[str], taken: float
) -> bool:
    """Tell whether new steps cost less an effective draw, and say so."""
    from astragal.derive.alternatives import work_of  # which searches

    now, then = (BESIDE + sum(work_of(s, None, plan.observed) for s in x) for x in (steps, found))
    plan.compared.append(
        f"{', '.join(left)} given all else, and once more: {say(now, taken)}; "
        f"without what is normal: {say(then, JOINT)}"
    )
    return then * JOINT < now * taken


def _interwoven(plain: Plan) -> float:
    """Estimate the sweeps that an effective draw of a scale takes with interweaving."""
    reads = plain.reads
    names, transforms = coordinates(reads, plain.latent)
    every = [*standards(reads, names, plain.labels)]
    every += [s for s, _ in products(reads, names, plain.labels)]
    own = {s.name: s for s in every}
    told, _ = shares(Block(reads, names, transforms, own), transforms, plain.points)
    return max((_sweeps(TYPICAL * np.ravel(t)) for t in told.values()), default=1.0)


def _sweeps(told: Array) -> float:
    if not np.isfinite(told).all():
        return 1.0
    told = told.clip(0.0)
    known = BROAD + 2.0 * float(np.square(told / (1.0 + told)).sum())
    given = (BROAD + 2.0 * told.size, BROAD + float(told.sum()))
    kept = math.prod(1.0 - min(known / x, 1.0) for x in given)
    return (1.0 + kept) / (1.0 - kept)


def _size(plan: Plan, names: Sequence[str]) -> int:
    return sum(size_of(plan.joint.coordinates[n]) or FEWEST + 1 for n in names)


def _is_scale(plan: Plan, step: Step, link: Link) -> bool:
    """Tell whether a step draws a number that laws of a block, or of what reads it, depend on."""
    name = step.targets[0]
    z = plan.joint.coordinates[name]
    alone = len(step.targets) == 1 and step.kind in ("gibbs", "slice") and z.dtype in FLOATS
    if not alone or name in plan.augmented.leaves:
        return False
    block = {plan.joint.coordinates[n] for n in link.found.targets}
    return any(block & {*toposort([f.total])} for f in plan.reads.of(name).factors)
