"""Variables that move together, on one vector of unconstrained coordinates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from astragal.compile.simplify import simplify
from astragal.density.transforms import Transform
from astragal.derive.conjugate import Neighbourhoods
from astragal.derive.noncentred import Standard
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import scalar
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.gradient import grad
from astragal.ops.manipulation import concatenate, reshape
from astragal.ops.searching import where


class Block:
    """Variables, and the coordinates of each.

    Parameters
    ----------
    reads
        The joint law.
    names
        The variables, so that bounds and other parameters come before what they belong to.
    transforms
        Unconstrained coordinates of each.
    standards
        Those that are moved on standardised coordinates instead.
    """

    def __init__(
        self,
        reads: Neighbourhoods,
        names: Sequence[str],
        transforms: Mapping[str, Transform],
        standards: Mapping[str, Standard],
    ) -> None:
        self.reads, self.names, self.standards = reads, tuple(names), standards
        self.coordinates = reads.joint.coordinates
        self.transforms = {
            n: standards[n].transform if n in standards else transforms[n] for n in names
        }
        shapes = {n: [int(d) for d in t.shape] for n, t in self.transforms.items()}
        self.sizes = [math.prod(shapes[n]) for n in names]
        self.size = sum(self.sizes)
        terms: dict[Expr, None] = {}
        replaced: set[Expr] = set()
        for name in names:
            near = reads.of(name)
            terms.update(dict.fromkeys([*(f.total for f in near.factors), *near.extra]))
            if name in standards and near.own is not None:
                replaced.add(near.own.total)
        self.target = _sum(list(terms))
        self._rest = [t for t in terms if t not in replaced]

    def values(self, u: Expr) -> tuple[dict[Expr, Expr], Expr]:
        """Give the variables' values at coordinates, and the log Jacobian.

        The latter has the own laws of those on standardised coordinates in it.
        """
        # Bounds are replaced inside the transforms, never inside u, which may hold the
        # current coordinates: u is a leaf here.
        assert u.op is INPUT
        image: dict[Expr, Expr] = {}
        jacobian: Expr = scalar(0.0, "float64")
        start = 0
        for name, k in zip(self.names, self.sizes, strict=True):
            t, s = self.transforms[name], self.standards.get(name)
            part = reshape(u[start : start + k], t.shape)
            start += k
            slope = r.sum(t.log_jacobian(part)) if s is None else s.density(part)
            value, more = substitute([t.forward(part), slope], image)
            image[self.coordinates[name]] = value
            jacobian = jacobian + more
        return image, jacobian

    def height(self, u: Expr) -> Expr:
        """Give the log density at coordinates, which are an input."""
        image, jacobian = self.values(u)
        return _height([*substitute(self._rest, image), jacobian])

    def density(self, u: Expr) -> tuple[Expr, Expr]:
        """Give the log density and its gradient at coordinates."""
        at = placeholder(u.type)
        image, jacobian = self.values(at)
        # What a term is level in has no part in the gradient: there an input stands for it.
        level = {t: x for t, x in self.reads.joint.level.items() if t in self._rest}
        terms = [level[t].term if t in level else t for t in self._rest]
        held = {p: v for x in level.values() for p, v in x.values.items()}
        logp = _height([*substitute(terms, image), jacobian])
        gradient = grad(logp, at)
        known = dict(zip(held, simplify(substitute(held.values(), image)), strict=True))
        new = substitute(substitute([logp, gradient], known), {at: u})
        return new[0], new[1]

    def at(self) -> Expr:
        """Give the current coordinates."""
        parts = zip(self.names, self.sizes, strict=True)
        here = self.coordinates
        return concatenate([reshape(self.transforms[m].backward(here[m]), (k,)) for m, k in parts])

    def back(self, x: Expr) -> dict[str, Expr]:
        """Give the variables' values at coordinates, by name."""
        leaf = placeholder(x.type)
        image, _ = self.values(leaf)
        new = substitute([image[self.coordinates[m]] for m in self.names], {leaf: x})
        return dict(zip(self.names, new, strict=True))


def _height(terms: Sequence[Expr]) -> Expr:
    """Add up a log density; what is no number is minus infinity."""
    # Before the gradient: that of xlogy(y, expit(x)) is 0 / 0 where expit(x) rounds to 1.
    (logp,) = simplify([_sum(terms)])
    return where(e.isfinite(logp), logp, scalar(-math.inf, "float64"))


def _sum(terms: Sequence[Expr]) -> Expr:
    first, *others = terms
    for t in others:
        first = first + t
    return first
