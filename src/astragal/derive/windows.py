"""Counts without an end, summed out over windows that are laid anew in each sweep.

Unknown numbers N and the probability that each of them is seen hold each other: given one,
the other hardly moves, and no finite sum takes all of N. Let windows of K whole numbers lie
side by side, beginning at a place that is drawn without regard to N. Given the window in which
N is, it has K values: the rest moves with N summed out over these, and then N is drawn from
them. Which window it is follows from N, so that this keeps the law, as every draw given a
function of the state does (Besag & Green 1993, J. R. Stat. Soc. B 55:25-37). Where windows are
wider than the law of N, it is as good as if N were summed out altogether.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from astragal.density.tables import finite_values, indicator_form
from astragal.density.transforms import transform_of
from astragal.derive.check import Array, check_exact
from astragal.derive.collapsed import joined
from astragal.derive.conjugate import KEY, Found, Neighbourhood
from astragal.derive.discrete import drawn_place
from astragal.derive.exact import Link, collapse, elementwise_law
from astragal.derive.gaussian import size_of
from astragal.derive.plan import Plan, closed_step, data_names, general_steps
from astragal.derive.steps import Step, UsedRelation
from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import FLOATS, tensor_type
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import scan
from astragal.ops.creation import arange
from astragal.ops.manipulation import astype, broadcast_to, permute_dims
from astragal.ops.searching import where
from astragal.random import RANDOM_OPS
from astragal.random.keys import split

WINDOW = UsedRelation("window_of_counts", "Besag & Green 1993, J. R. Stat. Soc. B 55:25-37")
WIDTH = 32
"""Values in a window."""
LARGEST = 200
"""Counts above which half a window is not as wide as the law of one of them."""
MOST = 150
"""Coordinates of the rest."""


def windowed(plan: Plan, refused: set[str]) -> list[Step] | None:
    """Move what is continuous with unbounded counts summed out over windows about them.

    Parameters
    ----------
    plan
        What is known of the model.
    refused
        Names of kinds of steps and of relations that may not be used.

    Returns
    -------
    list of Step or None
        None where there are no such counts, or the rest is not continuous and small.
    """
    if {"gibbs", "collapse", "nuts", WINDOW.name} & refused or {"gibbs", "sites"} & plan.prefer:
        return None
    counts = [n for n in plan.latent if plan.reads.of(n).z.dtype not in FLOATS]
    left = [n for n in plan.latent if n not in counts]
    owns = [plan.reads.of(n).own for n in left]
    if len(counts) != 1 or not left or not all(o and transform_of(o) for o in owns):
        return None
    near = plan.reads.of(counts[0])
    at = None if isinstance(elementwise_law(near, plan.reads), Found) else _typical(plan, near)
    if at is None or sum(size_of(plan.reads.of(n).z) or MOST for n in left) > MOST:
        return None
    found = _law(near, [plan.reads.of(n).z for n in left])
    if found is None:
        return None
    link = Link(found, (near,))
    after = collapse(plan.reads, [link], left)
    # The centre of the window stays, in the place of the count.
    joint = replace(after, coordinates=plan.joint.coordinates)
    check_exact([found], joint.coordinates, plan.joint.total, joint.total, plan.points)
    view = copy.copy(plan)
    view.joint, view.reads = joint, plan.reads.after(joint)
    view.latent = left
    moves = general_steps(view, left, refused)
    draws = [closed_step(plan, link, "gibbs", f"a window, {data_names(plan)}")]
    plan.why_not.clear()
    own = split(KEY)
    step = joined(plan, left, moves, draws, own[0], {counts[0]: _centre(near.z, at, own[1])})
    return [replace(step, relations=(WINDOW, *step.relations))]


def _centre(z: Expr, typical: Array, key: Expr) -> Expr:
    """Lay windows side by side, and take those in which counts are; give their centres.

    Where they begin is drawn without regard to the counts: every other time so that typical
    ones are well inside, or else anywhere, so that no two counts are apart for ever.
    """
    k = split(key)
    anywhere = e.floor(RANDOM_OPS["uniform"](k[0], z.shape, 0.0, float(WIDTH)))
    first = RANDOM_OPS["uniform"](k[1], None, 0.0, 1.0) < 0.5
    low = constant(typical - WIDTH // 4) + astype(where(first, 0.0, anywhere), z.dtype)
    return z - (z - low) % WIDTH + WIDTH // 2


def _typical(plan: Plan, near: Neighbourhood) -> Array | None:
    """Give counts that go with the data; None where these are not small beside a window."""
    own = near.own
    if own is None or finite_values(own.rv) is not None or own.distribution.core:
        return None
    plan.points.restart()
    at = plan.points(np.random.default_rng(20_13))[str(near.z.args[0])]
    return np.asarray(at) if np.all(np.abs(at) < LARGEST) else None


def _law(near: Neighbourhood, left: Sequence[Expr]) -> Found | None:
    """Find the law of counts whose elements are independent, given windows about them."""
    z = near.z
    # What the rest does not change is found once for all places that it moves to.
    fixed: list[Expr] = [
        where(f.support, 0.0, -math.inf) for f in near.factors if f.support is not None
    ]
    moved: list[Expr] = []
    for x in [*(f.density for f in near.factors), *near.extra]:
        for part in _addends(x):
            (moved if set(toposort([part])) & set(left) else fixed).append(part)
    tables = [_table(z, terms) for terms in (fixed, moved) if terms]
    if any(t is None for t in tables):
        return None
    (natural, const), *more = (t for t in tables if t is not None)
    for also, and_const in more:
        natural, const = natural + also, const + and_const
    natural = where(e.isnan(natural), -math.inf, natural)
    normaliser = r.logsumexp(natural, axis=-1)
    logp = natural - normaliser[..., None]
    u = RANDOM_OPS["uniform"](KEY, z.shape, 0.0, 1.0)
    name = str(z.args[0])
    return Found(
        targets=(name,),
        family="categorical",
        law=None,
        outputs={name: z - WIDTH // 2 + drawn_place(u, e.exp(logp), z.dtype)},
        # Before windows are laid, a count is at the centre of its own.
        logq=r.sum(logp[..., WIDTH // 2]),
        marginal=const + r.sum(normaliser),
        text=lambda labels: f"Categorical(log p(value, ...), for {WIDTH} values in a row)",
        finder="finite_sum",
    )


def _table(z: Expr, terms: Sequence[Expr]) -> tuple[Expr, Expr] | None:
    """Give terms at each value in a window, along a last axis, and what no value changes."""
    place, value = placeholder(z.type), placeholder(tensor_type(z.dtype, ()))
    form = indicator_form(place, [value], substitute(terms, {z: z - WIDTH // 2 + place}))
    if form is None:
        return None
    one, const = form

    def at(v: Expr) -> Expr:
        return substitute([one[..., 0]], {value: v})[0]

    _, rows = scan(lambda none, v: (none, at(v)), [], astype(arange(WIDTH), z.dtype))
    return permute_dims(rows, (*range(1, len(z.shape) + 1), 0)), const


def _addends(x: Expr) -> Iterator[Expr]:
    """Take a sum of two apart, and so on."""
    if x.op not in (e.add, e.subtract):
        yield x
        return
    for a, sign in zip(x.args, (1.0, 1.0 if x.op is e.add else -1.0), strict=True):
        for part in _addends(a):
            yield sign * (part if part.shape == x.shape else broadcast_to(part, x.shape))
