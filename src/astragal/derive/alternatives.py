"""The samplers that there are of one posterior, by the work that an effective draw takes.

The work of a sweep is counted in its graphs. How many sweeps an effective draw takes is known
for independent draws (one); for draws in turn it is computed from how variables hold each other;
for trajectories and collapsed steps it is what was measured on the cases of the examples.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from astragal.derive.choices import BESIDE, BLOCK, JOINT, LEAF, START, say
from astragal.derive.coupling import Coupling, coupling, sweeps_of
from astragal.derive.creeping import HALF_ROUND, sweeps_given_leaves
from astragal.derive.exact import closed_forms
from astragal.derive.interweave import KIND as INTERWEAVE
from astragal.derive.noncentred import KIND as NONCENTRE
from astragal.derive.noncentred import PATH, RELATIONS, WHITE
from astragal.derive.nuts import MAX_DEPTH
from astragal.derive.plan import Plan
from astragal.derive.sampler import Sampler
from astragal.derive.steps import Step
from astragal.derive.work import GRADIENT, size_of_type, work
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr

Ways = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
_CLOSED = ("collapse", "augment", "gibbs", "exact")
WAYS: Ways = (
    ((), ()),
    (("exact",), ()),
    ((), ("collapse",)),
    ((), ("gibbs",)),
    (("collapse",), ()),
    ((BLOCK,), ()),
    ((INTERWEAVE,), ()),
    ((), (NONCENTRE,)),
    ((NONCENTRE,), ()),
    ((), ("augment",)),
    (("augment",), ()),
    (("collapse", "augment"), ()),
    (_CLOSED, ("nuts", NONCENTRE)),
    ((*_CLOSED, NONCENTRE), ("nuts",)),
)
"""What is forbidden and preferred to get other samplers of the same posterior."""

IN_TURN = 6.0
"""The same for draws in turn, where it is not known."""
AGAINST = 4.0
"""How many times more on coordinates that the data speak against."""
EVALUATIONS = 4.0
"""Of the density, by a slice update of one coordinate."""


@dataclass(frozen=True)
class Alternative:
    """A sampler of a posterior, and what an effective draw is expected to cost.

    Attributes
    ----------
    steps
        Names and kinds of its steps.
    work
        Nanoseconds of a sweep, counted from its graphs: right in proportion, roughly.
    sweeps
        That an effective draw takes, of what is slowest.
    why
        What the number of sweeps rests on.
    forbid, prefer
        With these `astragal.derive` gives it.
    chosen
        Whether it is the sampler that was asked.
    """

    steps: tuple[tuple[str, str], ...]
    work: float
    sweeps: float
    why: str
    forbid: tuple[str, ...] = ()
    prefer: tuple[str, ...] = ()
    chosen: bool = False

    @property
    def cost(self) -> float:
        """Nanoseconds that an effective draw is expected to cost."""
        return self.work * self.sweeps

    def __str__(self) -> str:
        shown = ", ".join(f"{name}: {kind}" for name, kind in self.steps)
        return f"{shown}; {say(self.work, self.sweeps)}: {self.why}"


Candidate = tuple[Sampler, Plan, tuple[str, ...], tuple[str, ...]]
"""A sampler, what the search knew of it, and what was forbidden and preferred."""


def candidates(sampler: Sampler) -> Iterator[Candidate]:
    """Derive the samplers that there are of one posterior, that of a derivation first."""
    from astragal.derive.search import search

    forbid, prefer = sampler.asked
    seen: set[tuple[object, ...]] = set()
    for more, first in WAYS:
        own = ((*forbid, *more), (*prefer, *first))
        try:
            s, plan = search(sampler.model, sampler.observed, *own)
        except UnsupportedError:
            continue
        shown = tuple((x.targets, x.kind, x.relations) for x in s.steps)
        if shown not in seen:
            seen.add(shown)
            yield (s, plan, *own)


def ranked(sampler: Sampler) -> list[tuple[Alternative, Sampler]]:
    """Order the samplers of one posterior by the expected cost of an effective draw."""
    every = list(candidates(sampler))
    told: dict[str, float] = {}
    for _, plan, _, _ in every:
        told |= plan.recoordinated
    known: dict[Expr, Coupling | None] = {}
    mine = _shown(sampler)
    out = []
    for s, plan, forbid, prefer in every:
        nanoseconds, sweeps, why = _expected(s, plan, known, told)
        steps = _shown(s)
        out.append((Alternative(steps, nanoseconds, sweeps, why, forbid, prefer, steps == mine), s))
    return sorted(out, key=lambda x: x[0].cost)


def _shown(sampler: Sampler) -> tuple[tuple[str, str], ...]:
    return tuple((s.name, kind_of(s)) for s in sampler.steps)


def _expected(
    s: Sampler, plan: Plan, known: dict[Expr, Coupling | None], told: Mapping[str, float]
) -> tuple[float, float, str]:
    """Give the work of a sweep, the sweeps of an effective draw, and what these rest on."""
    data = s.observed
    if s.exact:
        return BESIDE + sum(work_of(x, None, data) for x in s.steps), 1.0, "draws are independent"
    if plan.augmented.leaves:
        held = sweeps_given_leaves(Plan(s.model, data), plan)
        if held is not None:
            nanoseconds = BESIDE + sum(work_of(x, None, data) for x in s.steps)
            return nanoseconds, held, "at least, by what the auxiliary variables hold"
    h = known.setdefault(plan.joint.total, _MISSING)
    if h is _MISSING:
        h = known[plan.joint.total] = coupling(plan, list(closed_forms(plan.reads, plan.latent)))
    nanoseconds = BESIDE + sum(work_of(x, h, data) for x in s.steps)
    sweeps, why = _in_turn(s.steps, plan, h)
    worst = max((_against(x, told) for x in s.steps), default=1.0)
    if worst > 1.0:
        return nanoseconds, sweeps * worst, f"{why}, on coordinates that the data speak against"
    return nanoseconds, sweeps, why


_MISSING = Coupling({}, np.zeros((0, 0)), {})


def _in_turn(steps: Sequence[Step], plan: Plan, h: Coupling | None) -> tuple[float, str]:
    """Sweeps of an effective draw, and why."""
    main = [s for s in steps if s.kind != INTERWEAVE]
    joint = any(s.kind in ("nuts", "collapse") for s in main)
    if len(main) == 1 and joint:
        return JOINT, "all of it moves at once"
    if h is None:
        return IN_TURN, "how the steps hold each other is not known"
    blocks: list[list[int]] = []
    for s in main:
        places = h.places([n for n in s.targets if n in h.where])
        blocks += [[i] for i in places] if s.kind == "slice" else [places]
    sweeps = h.sweeps([b for b in blocks if b])
    why = "by the curvature of the log density"
    again = {s.targets[0] for s in steps if s.kind == INTERWEAVE}
    for n, share in h.held.items():
        left = share * (1.0 - share) if n in again else share
        if any(s.targets == (n,) for s in main) and sweeps_of(left) > sweeps:
            sweeps, why = sweeps_of(left), f"{n} is held by what it is a parameter of"
    return max(sweeps, JOINT if joint else 1.0), why


def _against(step: Step, told: Mapping[str, float]) -> float:
    """How much longer trajectories take on coordinates that the data speak against."""
    if step.kind != "nuts":
        return 1.0
    found = {name for r in step.relations for name, _ in r.bindings}
    worst = 1.0
    for n in set(step.targets) & told.keys():
        share = told[n] if n in found else 1.0 / max(told[n], 1e-9)
        if np.isfinite(share):
            worst = max(worst, min(share, AGAINST**2) ** 0.5)
    return worst


def work_of(step: Step, h: Coupling | None, data: Container[str]) -> float:
    """Count the work of a step, in nanoseconds."""
    if step.parts:
        return sum(work_of(p, h, data) for p in step.parts)
    density = work([step.conditional.logdensity], data)
    if step.kind == "slice" or step.kind == INTERWEAVE:
        moved = sum(_size(x) for n, x in step.tuning.items() if n.endswith("width"))
        return 100.0 + EVALUATIONS * moved * density
    if step.kind == "nuts":
        size = max(_size(x) for x in step.tuning.values())
        leaf = GRADIENT * density + LEAF + 3.0 * size
        return START + _trajectory(step, size, h) * leaf
    return work(step.program.outputs.values(), data)


def _size(x: Expr) -> int:
    return size_of_type(x.type)


def _trajectory(step: Step, size: int, h: Coupling | None) -> float:
    """Leapfrog steps of a trajectory: those of a normal law of the same curvature.

    Steps are as long as the shortest width allows, less in more dimensions, and a trajectory
    goes half round the longest.
    """
    usual = 7.0 if size <= _FEW else 15.0
    if h is None or _standardised(step) or any(n not in h.where for n in step.targets):
        return usual
    own = h.places(step.targets)
    part = h.precision[np.ix_(own, own)]
    wide = 1.0 / np.sqrt(np.diag(np.linalg.inv(part)))
    values = np.linalg.eigvalsh(part / np.outer(wide, wide))
    steps = HALF_ROUND * math.sqrt(values[-1] / values[0]) * size**0.25
    return 2.0 ** math.ceil(min(max(math.log2(steps + 1.0), 2.0), MAX_DEPTH)) - 1.0


_FEW = 20


def kind_of(step: Step) -> str:
    """Name a step's kind, and coordinates of its own choice."""
    standardised = _standardised(step) and step.kind != INTERWEAVE  # which is that by its nature
    return f"{step.kind} on standardised coordinates" if standardised else step.kind


def _standardised(step: Step) -> bool:
    return not {r.name for r in step.relations}.isdisjoint((*RELATIONS, PATH, WHITE))
