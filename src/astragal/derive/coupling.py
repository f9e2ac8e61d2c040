"""How strongly variables that are drawn in turn hold each other.

A posterior is taken for a normal law, whose precision H is the mean of minus the second
derivatives of the log density over a few places that are typical of it. A draw of some
coordinates b given the rest is then a projection,

    x_b  ->  x_b - H_bb^-1 (H x)_b  +  noise,

a sweep is the product of those of its steps, and a share r of where it was, the largest modulus
among the product's eigenvalues, is left after each (Roberts & Sahu 1997, J. R. Stat. Soc. B
59:291-317, theorem 1). One effective draw takes (1 + r) / (1 - r) sweeps. What holds a scale to
the squares of many variables is not seen so, but in how its slope varies with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.derive.block import Block
from astragal.derive.bounds import above_zero
from astragal.derive.check import Array, compiled
from astragal.derive.climb import climb
from astragal.derive.conjugate import KEY
from astragal.derive.moves import coordinates
from astragal.graph.errors import DomainError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute
from astragal.graph.types import FLOATS, tensor_type
from astragal.random.keys import key

if TYPE_CHECKING:
    from astragal.derive.exact import Link
    from astragal.derive.plan import Plan

LARGEST = 150
"""Coordinates above which nothing is computed."""
_STARTS, _SWEEPS, _EVERY, _OTHERS = 3, 20, 5, 4
_STEP = 1e-4


@dataclass(frozen=True, eq=False)
class Coupling:
    """How the variables of a model hold each other.

    Attributes
    ----------
    where
        Each variable among the coordinates.
    precision
        The matrix H.
    held
        For few positive numbers, as scales are, the share of where they were that is left after
        all others and then they are drawn: Var(d log p / dx | x) / E(-d2 log p / dx dx), the
        information that the others take away (Liu, Wong & Kong 1994, Biometrika 81:27-40).
    """

    where: Mapping[str, slice]
    precision: Array
    held: Mapping[str, float]

    def places(self, names: Sequence[str]) -> list[int]:
        """Give the coordinates of some variables."""
        every = range(len(self.precision))
        return [i for n in names for i in every[self.where[n]]]

    def sweeps(self, blocks: Sequence[Sequence[int]]) -> float:
        """Count the sweeps that an effective draw takes, from the coordinates of each step.

        Returns
        -------
        float
            At least one; infinite where something never moves.
        """
        h = self.precision
        whole = np.eye(len(h))
        for block in blocks:
            own = list(block)
            whole[own] -= np.linalg.solve(h[np.ix_(own, own)], h[own] @ whole)
        share = float(np.abs(np.linalg.eigvals(whole)).max())
        return (1.0 + share) / (1.0 - share) if share < 1.0 - 1e-9 else math.inf


def coupling(plan: Plan, links: Sequence[Link]) -> Coupling | None:
    """Compute how the variables of a model hold each other.

    Parameters
    ----------
    plan
        What is known of the model.
    links
        Laws of variables given all others, by which typical values are found.

    Returns
    -------
    Coupling or None
        None where a variable is discrete, there are too many coordinates, or the places that
        were reached are not like a peak.
    """
    nears = {n: plan.reads.of(n) for n in plan.latent}
    if any(near.z.dtype not in FLOATS for near in nears.values()):
        return None
    drawn = {n for link in links for n in link.found.targets}
    try:
        names, transforms = coordinates(plan.reads, plan.latent)
        block = Block(plan.reads, names, transforms, {})
    except (AssertionError, TypeError, UnsupportedError):
        return None
    if block.size > LARGEST:
        return None
    u = placeholder(tensor_type("float64", (block.size,)))
    data = [n for n in plan.joint.coordinates if n not in names]
    given = [plan.joint.coordinates[n] for n in data]
    run = compiled([u, *given], list(block.density(u)))
    back = compiled([block.coordinates[n] for n in names], [block.at()])
    ends = np.cumsum([0, *block.sizes]).tolist()
    where = {n: slice(a, b) for n, a, b in zip(names, ends[:-1], ends[1:], strict=True)}
    free = compiled([u, *given], list(block.back(u).values()))
    loose = [i for n in names if n not in drawn for i in range(ends[-1])[where[n]]]

    def coordinates_of(state: Mapping[str, Array]) -> Array:
        return np.ravel(back(*(state[n] for n in names))[0])

    def settle(state: dict[str, Array]) -> dict[str, Array]:
        """Put what no law is known of where its density is highest given the rest."""
        if not loose:
            return state
        values = [state[n] for n in data]
        at = _highest(lambda x: run(x, *values), coordinates_of(state), loose)
        return {**state, **dict(zip(names, free(at, *values), strict=True))}

    small = [n for n in names if n in drawn and where[n].stop - where[n].start <= SMALL]
    small = [n for n in small if above_zero(nears[n].own)]
    total, seen = np.zeros((block.size, block.size)), 0
    slopes: dict[str, list[Array]] = {n: [] for n in small}

    def slope(x: Array, state: Mapping[str, Array]) -> Array:
        return np.asarray(run(x, *(state[n] for n in data))[1])

    typical = _Typical(plan, links, settle)
    try:
        for state in typical.places():
            at = coordinates_of(state)
            total += _curvature(lambda x, s=state: slope(x, s), at)  # type: ignore[misc]
            seen += 1
            for n in small:
                for other in typical.given(state, n):
                    slopes[n].append(slope(coordinates_of(other), other)[where[n]])
    except DomainError:  # from a place so far off that a law there is not proper
        return None
    total /= seen
    if not (np.isfinite(total).all() and (np.diag(total) > 0.0).all()):
        return None
    held = {n: _held(np.stack(x), np.diag(total)[where[n]], seen) for n, x in slopes.items()}
    return Coupling(where, _peaked(total), held)


def _held(slopes: Array, information: Array, groups: int) -> float:
    """From slopes, in groups at one place each, and information to the share that is left."""
    parts = slopes.reshape(groups, -1, slopes.shape[-1])
    taken = parts.var(axis=1, ddof=1).mean(axis=0)
    share = np.where(information > taken, taken / np.maximum(information, 1e-300), MOST_HELD)
    return float(np.clip(np.nan_to_num(share, nan=MOST_HELD), 0.0, MOST_HELD).max())


MOST_HELD = 0.99
SMALL = 4
"""Most elements of a variable for which it is computed what the others take away."""


def sweeps_of(share: float) -> float:
    """Sweeps that an effective draw takes where a share of the place is left by each."""
    return (1.0 + share) / (1.0 - share)


def _peaked(h: Array) -> Array:
    """Lift what is flat, or curved the other way: nothing is known of how wide it is."""
    wide = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(h)), 1e-300))
    values, vectors = np.linalg.eigh(h * np.outer(wide, wide))
    lifted = (vectors * np.maximum(values, _FLATTEST)) @ vectors.T
    return np.asarray(lifted / np.outer(wide, wide))


_FLATTEST = 1e-3
"""Curvature in a direction, beside that along the coordinates, below which it is not believed."""


class _Typical:
    """Values of all variables after draws in turn, from several starts."""

    def __init__(
        self,
        plan: Plan,
        links: Sequence[Link],
        settle: Callable[[dict[str, Array]], dict[str, Array]],
    ) -> None:
        from astragal.compile import function

        self.points, self.settle = plan.points, settle
        self.place = place = plan.joint.coordinates
        keys = [placeholder(KEY.type) for _ in links]
        symbols: dict[Expr, Expr] = {x: x for x in place.values()}
        for k, link in zip(keys, links, strict=True):
            outputs = link.found.outputs
            new = substitute(outputs.values(), {**symbols, KEY: k})
            symbols |= {place[n]: x for n, x in zip(outputs, new, strict=True)}
        self.links = len(links)
        self.run = function([*keys, *place.values()], list(symbols.values()), backend="numpy")

    def sweep(self, state: dict[str, Array], seed: int) -> dict[str, Array]:
        own = [key(1000 * seed + m) for m in range(self.links)]
        with np.errstate(all="ignore"):
            new = self.run(*own, *(state[n] for n in self.place))
        return dict(zip(self.place, new, strict=True))

    def places(self) -> Iterator[dict[str, Array]]:
        """Give a few values of all variables."""
        self.points.restart()
        rng = np.random.default_rng(20_11)
        for i in range(_STARTS):
            point = self.points(rng)
            self.points(rng)  # every second point has other data
            state = self.settle({n: np.asarray(point[n]) for n in self.place})
            for j in range(_SWEEPS):
                state = self.sweep(state, 100 * i + j)
                if (j + 1) % _EVERY == 0:
                    state = self.settle(state)
                    if j >= _SWEEPS // 2:
                        yield state

    def given(self, state: dict[str, Array], name: str) -> Iterator[dict[str, Array]]:
        """Give values of the others, with one variable where it is."""
        at = state[name]
        for j in range(_OTHERS):
            state = {**self.sweep(state, 5000 + j), name: at}
            yield state


def _curvature(slope: Callable[[Array], Array], at: Array) -> Array:
    """Minus the second derivatives, by differences of gradients."""
    rows = [(slope(at - d) - slope(at + d)) / (2.0 * _STEP) for d in _STEP * np.eye(len(at))]
    out = np.stack(rows)
    return np.asarray(0.5 * (out + out.T))


def _highest(height: Callable[[Array], list[Any]], start: Array, free: Sequence[int]) -> Array:
    """Climb along some coordinates."""

    def whole(x: Array) -> Array:
        out = start.copy()
        out[list(free)] = x
        return out

    def along(x: Array) -> tuple[float, Array]:
        logp, slope = height(whole(x))
        return float(logp), np.asarray(slope)[list(free)]

    top = climb(along, start[list(free)], 20)
    return start if top is None else whole(top[1])
