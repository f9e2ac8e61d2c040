"""Collapsed steps: what has no closed form moves with what has one integrated out."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

from astragal.density.joint import Joint
from astragal.density.tables import finite_values
from astragal.density.transforms import transform_of
from astragal.derive.centres import at_centres
from astragal.derive.check import check_exact, check_same
from astragal.derive.conjugate import KEY, Neighbourhood, Neighbourhoods
from astragal.derive.exact import (
    Link,
    closed_forms,
    integrate_out,
)
from astragal.derive.gaussian import LARGEST_BLOCK, size_of
from astragal.derive.missing import sweeps
from astragal.derive.plan import (
    Plan,
    closed_step,
    data_names,
    general_steps,
    given,
    inputs_of,
    refusal,
)
from astragal.derive.ratios import along_rays
from astragal.derive.slice import TUNING
from astragal.derive.steps import Conditional, Program, Step, UsedRelation, remembered
from astragal.derive.ties import MOST, joint_values, tied
from astragal.graph.expr import Expr
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS
from astragal.random.keys import split

COLLAPSE = UsedRelation(
    "collapsing", "van Dyk & Park 2008, J. Am. Stat. Assoc. 103:790-796, section 3"
)


FEWEST = 4
"""Most coordinates that a collapsed step moves unless it is asked for: its density is dear."""
SWEEPS = 10.0
"""Sweeps of draws in turn that cost about as much as moving the rest with latents summed out:
mixtures of 48 to 500 observations were even at 7 to 8, a hidden chain of 200 at over 12."""
FEWEST_STATES = 20
"""States below which draws in turn cost little, and a curvature at a mode tells little of them."""
STATES = ("bernoulli", "categorical", "hidden_markov_path")
"""Laws of finite discrete latents."""
NORMAL = ("normal", "multivariate_normal")
ELEMENTWISE = ("beta", "gamma", "inverse_gamma")
"""Laws of many numbers whose integrals cost about what their densities cost."""
MOST_PLACES = 100
"""Values of a discrete number, above which it is not drawn with normal ones integrated out."""


def collapsed(plan: Plan, refused: set[str]) -> list[Step] | None:
    """Move what has no closed form with latents integrated out, and draw these afterwards.

    Finite discrete ones are summed out; of the others the normal ones, so that a scale and
    what it is the scale of do not hold each other, nor a change point and what changes there;
    then conjugate ones that only data read, such as rates of groups. Where the rest has closed
    forms given the latents, this pays if draws in turn forget slowly.
    """
    if {"gibbs", "collapse"} & refused:
        return None
    wanted = "collapse" in plan.prefer
    order = {f.value: i for i, f in enumerate(plan.joint.factors)}
    ranked = sorted(plan.latent, key=lambda n: -order[plan.joint.coordinates[n]])
    states = [n for n in ranked if plan.reads.of(n).z.dtype not in FLOATS]
    ends = [n for n in ranked if plan.reads.of(n).z.shape and _read_by_data(plan, n)]
    for names, families, blocks in (
        (states, STATES, False),
        (ranked, None if wanted else NORMAL, False),
        (ranked, None if wanted else NORMAL, True),
        (ends, ELEMENTWISE, False),
    ):

        def allowed(link: Link, families: tuple[str, ...] | None = families) -> bool:
            known = families is None or link.found.family in families
            return known and not refusal(plan, link, refused)

        links, joint, _ = integrate_out(plan.reads, names, allowed, blocks)
        gone = {n for link in links for n in link.found.targets}
        left = [n for n in plan.latent if n not in gone]
        inner = plan.reads.after(joint)
        if links and _worth_it(plan, inner, left, links, wanted):
            break
    else:
        return None
    if not left:
        return None  # nothing has to move
    step = collapsed_step(plan, left, links, joint, refused)
    plan.why_not.clear()
    return [step]


def collapsed_step(
    plan: Plan, left: list[str], links: list[Link], joint: Joint, refused: set[str]
) -> Step:
    """Move variables with others integrated out, and draw these afterwards.

    Parameters
    ----------
    plan
        What is known of the model.
    left
        Names of what moves; all else that was not integrated out stays where it is.
    links
        The laws of what was integrated out, in that order.
    joint
        The joint law of the rest.
    refused
        What may not be used.
    """
    check_exact(
        [link.found for link in links],
        plan.joint.coordinates,
        plan.joint.total,
        joint.total,
        plan.points,
    )
    view = copy.copy(plan)
    view.joint = at_centres(plan.joint, joint, links)
    view.reads = plan.reads.after(view.joint)
    if view.joint is not joint:
        check_same(joint.total, view.joint.total, joint.coordinates, plan.points, what="at centres")
    moves = [*general_steps(view, left, refused), *along_rays(view, left, links, refused)]
    draws = [closed_step(plan, link, "gibbs", given(plan, link)) for link in links[::-1]]
    return joined(plan, left, moves, draws)


def joined(
    plan: Plan,
    left: list[str],
    moves: list[Step],
    draws: list[Step],
    key: Expr = KEY,
    start: Mapping[str, Expr] | None = None,
) -> Step:
    """One step: what is left moves, then what was integrated out is drawn.

    Neither half keeps the joint law by itself.

    Parameters
    ----------
    plan
        What is known of the model.
    left
        Names of what moves.
    moves, draws
        The steps of the two halves.
    key
        What both draw with.
    start
        Values that are not those of the state.
    """
    steps = [*moves, *draws]
    keys = split(key, len(steps))
    own = {n: x for s in steps for n, x in s.program.inputs.items()}
    state: dict[str, Expr] = own | dict(start or {})
    outputs: dict[str, Expr] = {}
    info: dict[str, Expr] = {}
    for i, s in enumerate(steps):
        new, told = s.move(keys[i], state, TUNING)
        state |= new
        outputs |= new
        info |= told if len(moves) == 1 else {f"{s.name}:{q}": v for q, v in told.items()}
    inputs = inputs_of([*outputs.values(), *info.values()])
    held = frozenset(inputs) - remembered(steps)
    program = Program(KEY, inputs, TUNING, outputs, info, held)
    gone = ", ".join(n for s in draws for n in s.targets)
    kinds = "/".join(dict.fromkeys(s.kind for s in moves))
    first = f"({', '.join(left)})" if len(left) > 1 else left[0]
    others = {*plan.latent} - {*left} - {t for s in draws for t in s.targets}
    text = [f"{first} | {'...' if others else data_names(plan)} by {kinds}, {gone} integrated out"]
    text += [s.conditional.text for s in draws]
    relations = {r.name: r for s in steps for r in s.relations}
    return Step(
        targets=tuple(dict.fromkeys(t for s in steps for t in s.targets)),
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
        parts=tuple(steps),
    )


def _worth_it(
    plan: Plan, inner: Neighbourhoods, left: list[str], links: list[Link], wanted: bool
) -> bool:
    """Whether what is left can be moved, and is better moved so than by draws in turn."""
    transforms = [t for n in left if (own := inner.of(n).own) and (t := transform_of(own))]
    normal = all(link.found.family in NORMAL for link in links)
    places = [n for n in left if normal and not wanted and _few_places(inner.of(n))]
    if len(transforms) + len(places) < len(left):
        return False
    if wanted:
        return True
    size = sum(math.prod(int(d) for d in t.shape) for t in transforms) + len(places)
    closed = list(closed_forms(plan.reads, plan.latent))
    drawn = {n for link in closed for n in link.found.targets}
    if all(link.found.family in STATES for link in links):
        gone = [n for link in links for n in link.found.targets]
        if joint_values(plan, gone) <= MOST and any({*pair} <= {*gone} for pair in tied(plan)):
            return True  # drawn in turn, they would never move
        if sum(size_of(near.z) or 0 for link in links for near in link.nears) < FEWEST_STATES:
            return False
        # What has to move in steps anyway does so better with the states summed out.
        if not drawn.issuperset(left):
            return True
        return sweeps(plan.reads, inner, links, left, plan.points) > SWEEPS
    if normal and size > FEWEST:
        return False
    if normal and (drawn.isdisjoint(left) or places):
        return True
    if normal and any(_is_path(near) for link in links for near in link.nears):
        return True
    if drawn.issuperset(left):
        return False
    # Where nothing can be told, draws in turn are as good as any.
    return SWEEPS < sweeps(plan.reads, inner, links, left, plan.points) < math.inf


def _few_places(near: Neighbourhood) -> bool:
    """Tell whether a variable is one discrete number with few values."""
    values = None if near.own is None else finite_values(near.own.rv)
    return near.z.shape == () and values is not None and 2 < len(values) <= MOST_PLACES


def _read_by_data(plan: Plan, name: str) -> bool:
    """Tell whether the laws that read a variable are those of data."""
    near = plan.reads.of(name)
    return not near.extra and all(f is near.own or f.name in plan.observed for f in near.factors)


def _is_path(near: Neighbourhood) -> bool:
    """Tell whether the elements of a variable follow one another, so many that a band pays."""
    own = near.own
    if own is None or (size_of(near.z) or 0) < LARGEST_BLOCK:
        return False
    return own.family in PATHS or near.z in toposort(own.parameters)


PATHS = ("random_walk", "ar1", "stationary_ar1")
"""Families of whole paths."""
