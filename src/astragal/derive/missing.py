"""How fast latents and the rest, drawn in turn, forget where they were.

With latents z and the rest u, of draws in turn the slowest direction of u keeps a share of its
place in each sweep: that of the information that z being unknown takes away (Liu, Wong & Kong
1994, Biometrika 81:27-40; Louis 1982, J. R. Stat. Soc. B 44:226-233),

    r = largest eigenvalue of (H + V)^-1 V
    H = -d2 log p(u, y)      V = Var(d log p(u, z, y) | u, y)

at a mode of p(u, y). One effective draw takes (1 + r) / (1 - r) sweeps. V follows without draws:

- where the law of z is exp(eta(u) . T(z) - A(eta(u))), it is the information that this law has
  about u, J' A''(eta) J with J = d eta / du;
- where the second derivatives of log p(u, z, y) are linear in z, H + V is minus these at the
  mean of z given u.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from astragal.derive.block import Block
from astragal.derive.check import Array, compiled
from astragal.derive.climb import climb
from astragal.derive.conjugate import KEY, Neighbourhoods
from astragal.derive.exact import Link
from astragal.derive.information import shares
from astragal.derive.moves import coordinates
from astragal.derive.points import Points
from astragal.derive.spectra import curvature, diagonal, least_ratio, left_in_turn
from astragal.derive.standards import standards
from astragal.graph.errors import DomainError
from astragal.graph.expr import Expr
from astragal.graph.subgraph import placeholder
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import tensor_type
from astragal.ops.gradient import grad
from astragal.ops.manipulation import broadcast_to
from astragal.random.distribution import is_random, random_parts
from astragal.random.keys import key

LARGEST = 64
"""Coordinates of the rest, above which nothing is computed where their mode has to be found."""
_STARTS, _STEPS, _DRAWS, _SAME = 3, 40, 8, 1e-3
_STEP = 1e-4

Slope = Callable[[Array], Array]
"""From coordinates to numbers that are differentiated along these."""


class Rest:
    """What is left where latents have been integrated out, on unconstrained coordinates.

    Parameters
    ----------
    inner
        The joint law with the latents integrated out.
    left
        Names of the rest, which is continuous.
    """

    def __init__(self, inner: Neighbourhoods, left: Sequence[str]) -> None:
        self.inner = inner
        self.names, self.transforms = coordinates(inner, left)
        self.block = Block(inner, self.names, self.transforms, {})
        self.u = placeholder(tensor_type("float64", (self.block.size,)))
        self.given = {n: x for n, x in inner.joint.coordinates.items() if n not in self.names}

    def at(self, state: Mapping[str, Array]) -> Array:
        """Give the coordinates of values of all variables."""
        run = compiled([self.block.coordinates[n] for n in self.names], [self.block.at()])
        return np.ravel(run(*(state[n] for n in self.names))[0])

    def slope(self, block: Block, state: Mapping[str, Array]) -> Slope:
        """Give the gradient of the log density of a block that has these coordinates."""
        given = {n: x for n, x in block.coordinates.items() if n not in self.names}
        run = compiled([self.u, *given.values()], [block.density(self.u)[1]])
        values = [state[n] for n in given]
        return lambda x: np.asarray(run(x, *values)[0])

    def top(self, points: Points) -> tuple[dict[str, Array], Array] | None:
        """Find a mode: values of all variables from which it was reached, and its coordinates.

        The highest that a few climbs reach; where two reach the same, these are enough.
        """
        run = compiled([self.u, *self.given.values()], list(self.block.density(self.u)))
        points.restart()
        rng = np.random.default_rng(20_10)
        best: tuple[float, dict[str, Array], Array] | None = None
        for _ in range(_STARTS):
            state = points(rng)
            points(rng)  # every second point has other data
            values = [state[n] for n in self.given]

            def height(x: Array, values: Sequence[Array] = values) -> tuple[float, Array]:
                logp, slope = run(x, *values)
                return float(logp), np.asarray(slope)

            found = climb(height, self.at(state), _STEPS)
            if found is None:
                continue
            again = best is not None and abs(best[0] - found[0]) < _SAME
            if best is None or found[0] > best[0]:
                best = found[0], state, found[1]
            if again:
                break
        return None if best is None else best[1:]


def sweeps(
    whole: Neighbourhoods,
    inner: Neighbourhoods,
    links: Sequence[Link],
    left: Sequence[str],
    points: Points,
) -> float:
    """Estimate how many sweeps one effective draw of the rest takes.

    Parameters
    ----------
    whole, inner
        The joint law, and that with the latents integrated out.
    links
        The laws of the latents, in the order in which they were integrated out.
    left
        Names of the rest, which is continuous.
    points
        Generic values of all variables.

    Returns
    -------
    float
        Infinite where it cannot be told.
    """
    rest = Rest(inner, left)
    if rest.block.size > LARGEST or any(link.found.natural is None for link in links):
        return math.inf
    reached = rest.top(points)
    if reached is None:
        return math.inf
    state, at = reached
    try:
        taken = _information(rest, whole.joint.coordinates, links, state, at)
    except DomainError:
        return math.inf
    return _sweeps(_curvature(rest.slope(rest.block, state), at), taken)


class Held(NamedTuple):
    """How slowly draws given latents move, and how long trajectories of the same have to be.

    Attributes
    ----------
    sweeps
        That one effective draw takes at least.
    stretch
        Most over least curvature of the log density without the latents, each coordinate over
        its own.
    """

    sweeps: float
    stretch: float


def held_by_means(
    whole: Neighbourhoods,
    inner: Neighbourhoods,
    links: Sequence[Link],
    left: Sequence[str],
    among: Sequence[Sequence[str]],
    labels: Mapping[Expr, str],
    points: Points,
    generic: Points,
) -> Held:
    """Estimate the same from the means of latents in which second derivatives are linear.

    Parameters
    ----------
    whole, inner, links, left, points
        As for `sweeps`.
    among
        What of the rest counts, by the steps that draw it, given all else of it: this is the
        least that draws in turn take.
    labels
        Names of expressions.
    generic
        Generic values of all, latents too.

    Returns
    -------
    Held
        Infinite, or not a number, where it cannot be told.
    """
    rest = Rest(inner, left)
    names = rest.names
    own = {s.name: s for s in standards(inner, names, labels)}
    _, state = shares(Block(inner, names, rest.transforms, own), rest.transforms, points)
    place = {n: x for n, x in whole.joint.coordinates.items() if n in state}
    known = {n: m for link in links if (m := _mean(link)) is not None for n in link.found.targets}
    means = compiled(list(place.values()), list(known.values()))(*(state[n] for n in place))
    # Without a formula, as of utilities, derivatives of linear predictors do not read it.
    any_ones = generic(np.random.default_rng(20_12))
    centres = {**any_ones, **state, **dict(zip(known, means, strict=True))}
    at = rest.at(state)
    complete = Block(whole, names, rest.transforms, {})
    ends = np.cumsum([0, *rest.block.sizes])
    place_of = {n: np.arange(ends[i], ends[i + 1]) for i, n in enumerate(names)}
    steps = [np.concatenate([place_of[n] for n in step]) for step in among]
    counted = np.concatenate(steps)
    h = curvature(rest.slope(rest.block, state), at, counted)
    full = curvature(rest.slope(complete, centres), at, counted)
    wide = diagonal(full, len(counted))
    # Where the density has no peak, nothing holds; what latents take away is at least nothing.
    left_over = least_ratio(h, full, wide)
    left_over = min(left_over, left_in_turn(h, full, [len(step) for step in steps]))
    share = 1.0 - min(max(left_over, _FLATTEST), 1.0)
    own_wide = diagonal(h, len(counted))
    low, high = (
        least_ratio(lambda x, s=s: s * h(x), lambda x: own_wide * x, own_wide)  # type: ignore[misc]
        for s in (1.0, -1.0)
    )
    if not np.isfinite([left_over, low, high]).all():
        return Held(math.inf, math.inf)
    return Held((1.0 + share) / (1.0 - share), max(-high, 0.0) / max(low, _FLATTEST))


_FLATTEST = 1e-6
"""Curvature, beside what it is compared with, below which it is not believed."""


def _mean(link: Link) -> Expr | None:
    """Write the mean of a link's law, where there is a formula."""
    law = link.found.law
    if law is None or not is_random(law):
        return None
    distribution, _, _, parameters = random_parts(law)
    mean = None if distribution.mean is None else distribution.mean(*parameters)
    return None if mean is None else broadcast_to(mean, law.shape)


def _sweeps(known: Array, taken: Array) -> float:
    """From H and V to the number of sweeps."""
    if not (np.isfinite(known).all() and np.isfinite(taken).all()):
        return math.inf
    values, vectors = np.linalg.eigh(known)
    if values[-1] <= 0.0:
        return math.inf
    # Where the density has no peak, nothing holds.
    known = (vectors * np.maximum(values, 1e-6 * values[-1])) @ vectors.T
    share = float(np.linalg.eigvals(np.linalg.solve(known + taken, taken)).real.max())
    return (1.0 + share) / (1.0 - share) if share < 1.0 else math.inf


def _curvature(slope: Slope, at: Array) -> Array:
    """Minus the second derivatives, by differences of gradients."""
    return _symmetric(-np.stack(list(_along(slope, at))))


def _along(f: Slope, at: Array) -> Iterator[Array]:
    """Differentiate along each coordinate."""
    for d in _STEP * np.eye(len(at)):
        yield (f(at + d) - f(at - d)) / (2.0 * _STEP)


def _symmetric(x: Array) -> Array:
    return np.asarray(0.5 * (x + x.T))


def _information(
    rest: Rest,
    place: Mapping[str, Expr],
    links: Sequence[Link],
    state: Mapping[str, Array],
    at: Array,
) -> Array:
    """Sum the information that the laws of latents have about the rest.

    That of one whose law reads latents drawn before it is a mean over draws of these.
    """
    image, _ = rest.block.values(rest.u)
    others = {n: x for n, x in place.items() if n not in rest.names}
    eta, mean = _forms(links)
    read = set(toposort(eta))
    gone = [n for link in links for n in link.found.targets]
    mixed = any(place[n] in read for n in gone)
    places = list(_drawn(rest, place, links, state, at)) if mixed else [state]
    run = compiled([rest.u, *others.values()], substitute([*eta, *mean], image))
    total = np.zeros((len(at), len(at)))
    for values in places:

        def both(x: Array, values: Mapping[str, Array] = values) -> Array:
            out = [np.ravel(v) for v in run(x, *(values[n] for n in others))]
            return np.stack([np.concatenate(out[: len(eta)]), np.concatenate(out[len(eta) :])])

        with np.errstate(invalid="ignore"):
            moved = np.stack(list(_along(both, at)))
        # What is impossible stays so.
        moved = np.where(np.isfinite(moved), moved, 0.0)
        total += moved[:, 0] @ moved[:, 1].T
    return _symmetric(total / len(places))


def _forms(links: Sequence[Link]) -> tuple[list[Expr], list[Expr]]:
    """Give the natural parameters of laws, and the means of their statistics."""
    eta: list[Expr] = []
    means: list[Expr] = []
    for link in links:
        form = link.found.natural
        assert form is not None
        symbols = [placeholder(x.type) for x in form.parameters]
        slopes = grad(form.log_normaliser(*symbols), symbols)
        eta += form.parameters
        means += substitute(slopes, dict(zip(symbols, form.parameters, strict=True)))
    return eta, means


def _drawn(
    rest: Rest,
    place: Mapping[str, Expr],
    links: Sequence[Link],
    state: Mapping[str, Array],
    at: Array,
) -> Iterator[Mapping[str, Array]]:
    """Give values of all variables with latents drawn from their laws."""
    from astragal.compile import function

    known, _ = rest.block.values(rest.u)
    keys = [placeholder(KEY.type) for _ in links]
    new: dict[str, Expr] = {}
    for k, link in zip(keys, links[::-1], strict=True):
        outputs = link.found.outputs
        new |= dict(zip(outputs, substitute(outputs.values(), {**known, KEY: k}), strict=True))
        known |= {place[n]: new[n] for n in outputs}
    run = function([rest.u, *keys, *rest.given.values()], list(new.values()), backend="numpy")
    values = [state[n] for n in rest.given]
    for i in range(_DRAWS):
        own = [key(1000 * i + j) for j in range(len(keys))]
        yield {**state, **dict(zip(new, run(at, *own, *values), strict=True))}
