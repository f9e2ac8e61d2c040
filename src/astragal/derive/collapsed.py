"""Collapsed steps: what has no closed form moves with what has one integrated out."""

from __future__ import annotations

import copy
import math

from astragal.density.transforms import transform_of
from astragal.derive.check import check_exact
from astragal.derive.conjugate import KEY, Neighbourhoods
from astragal.derive.exact import (
    Link,
    closed_forms,
    integrate_out,
)
from astragal.derive.plan import (
    Plan,
    closed_step,
    data_names,
    general_steps,
    given,
    inputs_of,
    refusal,
)
from astragal.derive.sampler import Conditional, Program, Step, UsedRelation
from astragal.derive.slice import TUNING
from astragal.graph.expr import Expr
from astragal.random.keys import split

COLLAPSE = UsedRelation(
    "collapsing", "van Dyk & Park 2008, J. Am. Stat. Assoc. 103:790-796, section 3"
)


FEWEST = 4
"""Most coordinates that a collapsed step moves unless it is asked for: its density is dear."""


def collapsed(plan: Plan, refused: set[str]) -> list[Step] | None:
    """Move what has no closed form with the normal variables below it integrated out.

    These are drawn afterwards, from their law given the rest, so that a scale and what it
    is the scale of do not hold each other.
    """
    if {"gibbs", "collapse"} & refused:
        return None
    wanted = "collapse" in plan.prefer

    def allowed(link: Link) -> bool:
        normal = link.found.family in {"normal", "multivariate_normal"}
        return (wanted or normal) and not refusal(plan, link, refused)

    order = {f.value: i for i, f in enumerate(plan.joint.factors)}
    ranked = sorted(plan.latent, key=lambda n: -order[plan.joint.coordinates[n]])
    for blocks in (False, True):
        links, joint, left = integrate_out(plan.reads, ranked, allowed, blocks)
        inner = plan.reads.after(joint)
        if links and _worth_it(plan, inner, left, links, wanted):
            break
    else:
        return None
    if not left:
        return None  # nothing has to move
    left = [n for n in plan.latent if n in left]
    check_exact(
        [link.found for link in links],
        plan.joint.coordinates,
        plan.joint.total,
        joint.total,
        plan.points,
    )
    view = copy.copy(plan)
    view.joint, view.reads = joint, inner
    moves = general_steps(view, left, refused)
    draws = [closed_step(plan, link, "gibbs", given(plan, link)) for link in links[::-1]]
    plan.why_not.clear()
    return [_joined(plan, left, moves, draws)]


def _joined(plan: Plan, left: list[str], moves: list[Step], draws: list[Step]) -> Step:
    """One step: what is left moves, then what was integrated out is drawn.

    Neither half keeps the joint law by itself.
    """
    steps = [*moves, *draws]
    keys = split(KEY, len(steps))
    own = {n: x for s in steps for n, x in s.program.inputs.items()}
    state: dict[str, Expr] = dict(own)
    outputs: dict[str, Expr] = {}
    info: dict[str, Expr] = {}
    for i, s in enumerate(steps):
        new, told = s.move(keys[i], state, TUNING)
        state |= new
        outputs |= new
        info |= told if len(moves) == 1 else {f"{s.name}:{q}": v for q, v in told.items()}
    program = Program(KEY, inputs_of([*outputs.values(), *info.values()]), TUNING, outputs, info)
    gone = ", ".join(n for n in plan.latent if n not in left)
    kinds = "/".join(dict.fromkeys(s.kind for s in moves))
    first = f"({', '.join(left)})" if len(left) > 1 else left[0]
    text = [f"{first} | {data_names(plan)} by {kinds}, {gone} integrated out"]
    text += [s.conditional.text for s in draws]
    relations = {r.name: r for s in steps for r in s.relations}
    return Step(
        targets=tuple(t for s in steps for t in s.targets),
        kind="collapse",
        conditional=Conditional(
            text="\n     then ".join(text),
            law=None,
            logdensity=plan.joint.total,
            premises=tuple(dict.fromkeys(p for s in steps for p in s.conditional.premises)),
        ),
        relations=(COLLAPSE, *relations.values()),
        program=program,
        tuning={n: x for s in moves for n, x in s.tuning.items()},
    )


def _worth_it(
    plan: Plan, inner: Neighbourhoods, left: list[str], links: list[Link], wanted: bool
) -> bool:
    """Whether what is left can be moved, and nothing of it had a closed form before."""
    transforms = [t for n in left if (own := inner.of(n).own) and (t := transform_of(own))]
    if len(transforms) < len(left):
        return False
    if wanted:
        return True
    size = sum(math.prod(int(d) for d in t.shape) for t in transforms)
    closed = {n for link in closed_forms(plan.reads, plan.latent) for n in link.found.targets}
    return size <= FEWEST and closed.isdisjoint(left)
