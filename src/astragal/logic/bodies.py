"""Rewriting inside the bodies of loops, branches, calls and maps.

A body is a kernel: given its parameters, it has a law of its outputs. A rewriting that keeps this
law keeps that of the loop, since every turn spends keys of its own, which the check of keys proves
of the whole graph. Inside, the outputs are what can be observed: the keys and values that are
carried on are among them, so that what another turn or the graph outside reads never vanishes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from astragal.graph.errors import KeyReuseError
from astragal.graph.expr import Expr, Op
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import substitute
from astragal.logic.relation import Relation, Step
from astragal.ops import control
from astragal.random.check import check_keys

HOLDERS: frozenset[Op] = frozenset(control.OPS)
"""Operations that have bodies."""

Refused = tuple[Relation, Expr, str]
Inner = Callable[[tuple[Expr, ...]], tuple[Sequence[Step], Sequence[Refused]]]
"""Rewrites the outputs of a body: gives its steps, and what was refused."""


@dataclass(frozen=True)
class InBodies:
    """A graph whose bodies are rewritten.

    Attributes
    ----------
    roots : tuple of Expr
    steps : list of Step
        Each replaces a loop, or whatever has the body, by one with a rewritten body.
    refused : list
        Matches that may not be rewritten, where, and why.
    """

    roots: tuple[Expr, ...]
    steps: list[Step]
    refused: list[Refused]


def in_bodies(roots: tuple[Expr, ...], order: Sequence[Expr], inner: Inner) -> InBodies:
    """Rewrite all bodies of a sorted graph; none where keys would come to be spent twice.

    The gradient of a loop repeats its draws: with another body the loop would draw others.
    """
    image: dict[Expr, Expr] = {}
    steps: list[Step] = []
    refused: list[Refused] = []
    for x in order:
        y = x
        if any(isinstance(a, Expr) and a in image for a in x.args):
            y = x.op(*(image.get(a, a) if isinstance(a, Expr) else a for a in x.args))
        if x.op in HOLDERS:
            y = _with_bodies(y, inner, steps, refused)
        if y is not x:
            image[x] = y
    if not steps:
        return InBodies(roots, steps, refused)
    new = tuple(image.get(r, r) for r in roots)
    try:
        check_keys(*new)
    except KeyReuseError as error:
        refused += [(s.relation, s.old[0], f"inside a body: {error}") for s in steps]
        return InBodies(roots, [], refused)
    return InBodies(new, steps, refused)


def _with_bodies(x: Expr, inner: Inner, steps: list[Step], refused: list[Refused]) -> Expr:
    """Rewrite the bodies of one node; each step inside is one of the node."""
    for i, body in enumerate(x.args):
        if not isinstance(body, Subgraph):
            continue
        found, why = inner(body.outputs)
        refused += why
        outputs = body.outputs
        for step in found:
            outputs = substitute(outputs, dict(zip(step.old, step.new, strict=True)))
            new = x.op(*x.args[:i], Subgraph(body.parameters, outputs), *x.args[i + 1 :])
            if new is not x:
                steps.append(replace(step, old=(x,), new=(new,)))
                x = new
    return x
