"""Numbers of a joint law with variables integrated out, where its closed form would cancel.

The closed form is a difference of terms such as ``m^2 / t^2``: as t goes to zero it loses all
digits, and what is left of them can be any number. But log p(rest) = log p(z, rest) -
log q(z | rest) at every z (Besag 1989, The candidate's formula, Biometrika 76:183). At the
centre of q both terms are of the size of their difference, and a centre that rounding has
moved only lowers the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from astragal.density.algebra import simplify
from astragal.density.factors import Level
from astragal.density.joint import Joint
from astragal.density.statistics import Statistics
from astragal.derive.bounds import above_zero
from astragal.derive.conjugate import Neighbourhoods
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import scalar
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.ops import reductions as r

if TYPE_CHECKING:
    from astragal.derive.exact import Link


def at_centres(before: Joint, after: Joint, links: Sequence[Link]) -> Joint:
    """Write what integrating some variables out has left by the joint law at their centres.

    Parameters
    ----------
    before, after
        The joint law with the variables, and without.
    links
        Their laws, in the order in which they were integrated out.

    Returns
    -------
    Joint
        ``after`` itself where a law's centre is not known.
    """
    held: dict[Expr, Expr] = {}
    values: dict[Expr, Expr] = {}
    logq: Expr = scalar(0.0, "float64")
    for link in reversed(links):
        centre = link.found.centre
        if centre is None:
            return after
        *where, height = substitute([*centre.values.values(), centre.logq], held)
        logq = logq + height
        for name, value in zip(centre.values, substitute(where, values), strict=True):
            place = held[before.coordinates[name]] = placeholder(value.type)
            values[place] = value
    kept = set(after.factors)
    gone = [f.total for f in before.factors if f not in kept]
    gone += [j for n, j in before.jacobians.items() if n not in after.jacobians]
    term = -logq
    for t in substitute(gone, held):
        term = term + t
    # At each centre a law's slope is zero. Only there: what else reads the same expressions, as
    # what predicts from a mean has that for its centre, changes with them.
    (whole,) = substitute([term], values)
    names = "+".join(link.name for link in links)
    same = {n: j for n, j in after.jacobians.items() if n in before.jacobians}
    level = {whole: Level(term, values)}
    return replace(after, jacobians=same | {f"without {names}": whole}, level=level)


def settled(link: Link, reads: Neighbourhoods, latent: Iterable[str]) -> Expr | None:
    """Write what integrating a variable out leaves at its centre, where scales cancel there.

    So the squares of a normal sample are taken about its mean, not about zero.

    Parameters
    ----------
    link
        The law of the variable.
    reads
        The joint law with it.
    latent
        Variables that a scale may be among.

    Returns
    -------
    Expr or None
        None where the centre reads a scale, or there is none.
    """
    centre = link.found.centre
    if centre is None:
        return None
    values = list(centre.values.values())
    terms: dict[Expr, None] = {}
    for near in link.nears:
        terms.update(dict.fromkeys(r.sum(f.density) for f in near.factors))
        terms.update(dict.fromkeys(near.extra))
    below = set(toposort(terms))
    read = {str(x.args[0]) for x in below if x.op is INPUT}
    scales = [reads.of(n) for n in latent if n in read and n not in link.found.targets]
    scales = [near for near in scales if near.z in below and above_zero(near.own)]
    for near in scales:
        reader = Statistics(near.z, positive=True, unit=False)
        forms = [reader.read(x) for x in values]
        if any(f is None or not f.free or f.const is None for f in forms):
            return None
        values = [f.const for f in forms if f is not None and f.const is not None]
    if not scales:
        return None
    coordinates = (reads.joint.coordinates[n] for n in centre.values)
    whole = -centre.logq
    for term in substitute(terms, dict(zip(coordinates, values, strict=True))):
        whole = whole + term
    return simplify(whole)
