"""Interweaving: a second move for what a hierarchy's scale or location is drawn from.

Drawn in turn, a scale and what it is the scale of hold each other where the data tell little.
After its own step a parameter s of x = m + s u moves once more with u held, so that x goes
along: one of the two moves is wide (Yu & Meng 2011, J. Comput. Graph. Stat. 20:531-570,
section 2.3). Each leaves the joint law as it is, and so do both. Where a trajectory moves a path
by its innovations, the parameters of its law move once more with the path held.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from astragal.density.transforms import Transform, transform_of
from astragal.derive.block import Block
from astragal.derive.moves import able
from astragal.derive.noncentred import PATH, WHITE, Standard, check_standard
from astragal.derive.plan import Plan, general_steps, premises
from astragal.derive.scaled import product_of
from astragal.derive.slice import by_coordinates, program_of
from astragal.derive.standards import standard_of
from astragal.derive.steps import Conditional, Program, Step, UsedRelation
from astragal.graph.expr import INPUT, Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import tensor_type
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.manipulation import concatenate, reshape
from astragal.ops.searching import where

KIND = "interweave"
SOURCE = UsedRelation(
    "interweaving", "Yu & Meng 2011, J. Comput. Graph. Stat. 20:531-570, section 2.3"
)
OF_PATHS = UsedRelation(
    "parameters given a path",
    "Kastner & Frühwirth-Schnatter 2014, Comput. Stat. Data Anal. 76:408-423",
)
MOST = 8
"""Elements of a parameter that moves once more: each costs some densities a sweep."""


def interwoven(plan: Plan, steps: Sequence[Step], refused: set[str]) -> list[Step]:
    """Give second moves for parameters that are drawn apart from what they are parameters of.

    Parameters
    ----------
    plan
        What is known of the model.
    steps
        Its steps so far.
    refused
        Names of kinds of steps and of relations that may not be used.
    """
    if KIND in refused:
        return []
    alone = [s.name for s in steps if len(s.targets) == 1 and s.kind in ("gibbs", "slice")]
    return [step for name in alone if (step := _second_move(plan, name, refused)) is not None]


def given_paths(plan: Plan, steps: Sequence[Step], refused: set[str]) -> list[Step]:
    """Give moves for parameters of a path that a trajectory moves by its innovations: it is held.

    A path that hardly comes back to its level tells little of it, and only through all of its
    innovations at once: trajectories along these enter the far tail seldom, and leave it seldom.
    Given the path, the level is free.

    Parameters
    ----------
    plan
        What is known of the model.
    steps
        Its steps so far.
    refused
        Names of kinds of steps and of relations that may not be used.
    """
    if {KIND, "slice"} & refused:
        return []
    together = {n for s in steps if s.kind == "nuts" for n in s.targets}
    paths = [n for n, s in plan.standardised.items() if n in together and s.relation.name == PATH]
    laws = [own.total for n in paths if (own := plan.reads.of(n).own) is not None]
    read = set(toposort(laws))
    names = [
        n
        for n in plan.latent
        if n in together and n not in paths and plan.joint.coordinates[n] in read
    ]
    scalars = [
        n for n in names if not plan.reads.of(n).z.shape and "slice" in able(plan.reads.of(n))
    ]
    again = general_steps(plan, scalars, {*refused, "nuts"})
    held = ", ".join(paths)
    return [
        replace(
            s,
            kind=KIND,
            conditional=replace(
                s.conditional, text=f"{s.conditional.text}, once more, with {held} held"
            ),
            relations=(SOURCE, OF_PATHS),
        )
        for s in again
    ]


def _second_move(plan: Plan, name: str, refused: set[str]) -> Step | None:
    carried = {n: s for n in plan.latent if (s := _carried(plan, name, n, refused)) is not None}
    return second_move(plan, name, carried)


def second_move(plan: Plan, name: str, carried: Mapping[str, Standard]) -> Step | None:
    """Move a parameter along coordinates of other variables that are held.

    Parameters
    ----------
    plan
        What is known of the model.
    name
        Of the parameter.
    carried
        Coordinates that read it, by the names of the others.

    Returns
    -------
    Step or None
        None where nothing is carried, or the parameter has many elements.
    """
    own = plan.reads.of(name).own
    t = None if own is None else transform_of(own)
    if t is None or not carried or not all(isinstance(d, int) for d in t.shape):
        return None
    if math.prod(int(d) for d in t.shape) > MOST:
        return None
    place = {f.value: i for i, f in enumerate(plan.joint.factors)}
    names = [name, *sorted(carried, key=lambda n: place[plan.joint.coordinates[n]])]
    block = Block(plan.reads, names, {name: t}, carried)
    program, tuning = _program(block, name, t)
    shown = ", ".join(s.relation.bindings[0][1] for s in carried.values())
    nears = tuple(plan.reads.of(n) for n in names)
    conditional = Conditional(
        text=f"({', '.join([name, *carried])}) | ... once more, along {shown} with u held",
        law=None,
        logdensity=block.target,
        premises=premises(plan, nears),
    )
    relations = dict.fromkeys([SOURCE, *(s.relation for s in carried.values())])
    return Step((name, *carried), KIND, conditional, tuple(relations), program, tuning)


def _carried(plan: Plan, name: str, other: str, refused: set[str]) -> Standard | None:
    """Coordinates in which a variable's own law, or that of data, is free of a parameter."""
    z = plan.joint.coordinates[other]
    own = plan.reads.of(other).own
    if other == name or own is None or not z.shape:
        return None
    found = standard_of(plan.reads, other, (name, other), plan.labels)
    if found is None:
        found = product_of(plan, name, other)
    if found is None or found.held is not None or found.relation.name in {WHITE, *refused}:
        return None  # a slice would take a root of a covariance matrix for each density
    plan.points.restart()
    checked = check_standard(found, own, plan.joint.coordinates, plan.points)
    return found if checked else None


_DIGITS = 1e-6
"""Most that rounding may change standardised coordinates by: of m + s u, s far below m, nothing
of u is left, and what reads the values next would see a spread of zero."""


def _with_digits(block: Block, at: Expr) -> Expr:
    """Give the log density where coordinates can be told from the values that they stand for."""
    image, _ = block.values(at)
    (again,) = substitute([block.at()], image)
    kept = e.abs(again - at) <= _DIGITS * (1.0 + e.abs(at))
    return where(r.all(kept), block.height(at), -math.inf)


def _program(block: Block, name: str, t: Transform) -> tuple[Program, dict[str, Expr]]:
    """A slice update of the parameter's coordinates, all others of the block held."""
    i = block.names.index(name)
    start, size = sum(block.sizes[:i]), block.sizes[i]
    at = placeholder(tensor_type("float64", (block.size,)))
    height, here = _with_digits(block, at), block.at()

    def whole(u: Expr) -> Expr:
        return concatenate([here[:start], reshape(u, (size,)), here[start + size :]])

    label = f"{name}:{KIND} width"
    width = INPUT(label, tensor_type("float64", t.shape))
    u, adapted, n = by_coordinates(
        lambda v: substitute([height], {at: whole(v)})[0],
        t.backward(block.coordinates[name]),
        width,
    )
    return program_of(block.back(whole(u)), label, width, adapted, n)
