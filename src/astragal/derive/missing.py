"""How fast latents and the rest, drawn in turn, forget where they were.

With latents z and the rest u, of draws in turn the slowest direction of u keeps a share of its
place in each sweep: that of the information that z being unknown takes away (Liu, Wong & Kong
1994, Biometrika 81:27-40; Louis 1982, J. R. Stat. Soc. B 44:226-233),

    r = largest eigenvalue of (H + V)^-1 V
    H = -d2 log p(u, y)      V = Var(d log p(u, z, y) | u, y)

at a mode of p(u, y). One effective draw takes (1 + r) / (1 - r) sweeps. Where the second
derivatives of log p(u, z, y) are linear in z, H + V is minus these at the mean of z given u:
nothing has to be drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from astragal.derive.block import Block
from astragal.derive.check import Array, compiled
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
from astragal.graph.traverse import substitute
from astragal.graph.types import tensor_type
from astragal.ops.manipulation import broadcast_to
from astragal.random.distribution import is_random, random_parts
from astragal.random.keys import key

LARGEST = 64
"""Coordinates of the rest, above which nothing is computed."""
_STARTS, _SWEEPS, _STEPS, _DRAWS = 3, 20, 40, 64

Height = Callable[[Array], tuple[float, Array]]


def sweeps(
    whole: Neighbourhoods,
    inner: Neighbourhoods,
    links: Sequence[Link],
    closed: Sequence[Link],
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
    closed
        The laws of all variables, each given all others.
    left
        Names of the rest, which is continuous.
    points
        Generic values of all variables.

    Returns
    -------
    float
        Infinite where it cannot be told.
    """
    names, transforms = coordinates(inner, left)
    block, complete = (Block(reads, names, transforms, {}) for reads in (inner, whole))
    if block.size > LARGEST:
        return math.inf
    u = placeholder(tensor_type("float64", (block.size,)))
    data = [n for n in inner.joint.coordinates if n not in names]
    given = [inner.joint.coordinates[n] for n in data]
    run = compiled([u, *given], list(block.density(u)))
    back = compiled([block.coordinates[n] for n in names], [block.at()])
    values: list[Array] = []
    starts = []
    for state in _starts(whole, closed, points):
        values = [state[n] for n in data]
        starts.append(np.ravel(back(*(state[n] for n in names))[0]))

    def height(x: Array) -> tuple[float, Array]:
        logp, slope = run(x, *values)
        return float(logp), np.asarray(slope)

    at = _mode(height, starts)
    if at is None:
        return math.inf
    try:
        slopes = _slopes(complete, u, links, dict(zip(data, values, strict=True)), at)
    except DomainError:
        return math.inf
    if not np.isfinite(slopes).all():
        return math.inf
    taken = np.atleast_2d(np.cov(slopes, rowvar=False))
    return _sweeps(_curvature(height, at), taken)


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
    whole, inner, left, points
        As for `sweeps`.
    links
        The laws of the latents.
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
    names, transforms = coordinates(inner, left)
    block, complete = (Block(reads, names, transforms, {}) for reads in (inner, whole))
    own = {s.name: s for s in standards(inner, names, labels)}
    _, state = shares(Block(inner, names, transforms, own), transforms, points)
    place = whole.joint.coordinates
    given = [x for x in place.values() if str(x.args[0]) in state]
    values = [state[str(x.args[0])] for x in given]
    latents = {n: place[n] for link in links for n in link.found.targets}
    known = {n: m for link in links if (m := _mean(link)) is not None for n in link.found.targets}
    # Without a formula, as of utilities, derivatives of linear predictors do not read it.
    any_ones = generic(np.random.default_rng(20_12))
    means = dict(zip(known, compiled(given, list(known.values()))(*values), strict=True))
    centres = [means.get(n, any_ones[n]) for n in latents]
    at = np.ravel(compiled([place[n] for n in names], [block.at()])(*(state[n] for n in names))[0])
    u = placeholder(tensor_type("float64", (block.size,)))
    marginal = compiled([u, *given], [block.density(u)[1]])
    joint = compiled([u, *latents.values(), *given], [complete.density(u)[1]])
    ends = np.cumsum([0, *block.sizes])
    place_of = {n: np.arange(ends[i], ends[i + 1]) for i, n in enumerate(names)}
    steps = [np.concatenate([place_of[n] for n in step]) for step in among]
    counted = np.concatenate(steps)
    h = curvature(lambda x: np.asarray(marginal(x, *values)[0]), at, counted)
    full = curvature(lambda x: np.asarray(joint(x, *centres, *values)[0]), at, counted)
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


def _starts(
    whole: Neighbourhoods, closed: Sequence[Link], points: Points
) -> Iterator[Mapping[str, Array]]:
    """Give values of all variables after a few draws in turn, which bring them near the data."""
    from astragal.compile import function

    place = whole.joint.coordinates
    keys = [placeholder(KEY.type) for _ in closed]
    state = {x: x for x in place.values()}
    for k, link in zip(keys, closed, strict=True):
        outputs = link.found.outputs
        new = substitute(outputs.values(), {**state, KEY: k})
        state |= {place[n]: x for n, x in zip(outputs, new, strict=True)}
    sweep = function([*keys, *place.values()], list(state.values()), backend="numpy")
    points.restart()
    rng = np.random.default_rng(20_10)
    for i in range(_STARTS):
        point = points(rng)
        points(rng)  # every second point has other data
        now = [point[n] for n in place]
        for j in range(_SWEEPS):
            own = [key(10_000 * i + 100 * j + m) for m in range(len(keys))]
            try:
                now = sweep(*own, *now)
            except DomainError:  # so far off that a law there is not proper
                break
        yield dict(zip(place, now, strict=True))


def _sweeps(known: Array, taken: Array) -> float:
    """From H and V to the number of sweeps."""
    values, vectors = np.linalg.eigh(known)
    if not np.isfinite(values).all() or values[-1] <= 0.0:
        return math.inf
    # Where the density has no peak, nothing holds.
    known = (vectors * np.maximum(values, 1e-6 * values[-1])) @ vectors.T
    share = float(np.linalg.eigvals(np.linalg.solve(known + taken, taken)).real.max())
    return (1.0 + share) / (1.0 - share) if share < 1.0 else math.inf


def _mode(height: Height, starts: Sequence[Array]) -> Array | None:
    """Climb from several places; give the highest that was reached."""
    from scipy.optimize import minimize

    def falling(x: Array) -> tuple[float, Array]:
        logp, slope = height(x)
        if not (math.isfinite(logp) and np.isfinite(slope).all()):
            return 1e30, np.zeros_like(x)
        return -logp, -slope

    options = {"maxiter": _STEPS, "maxfun": 2 * _STEPS}
    search: Any = minimize
    found = [search(falling, x, jac=True, method="L-BFGS-B", options=options) for x in starts]
    best = min(found, key=lambda f: float(f.fun))
    return np.asarray(best.x) if best.fun < 1e30 else None


def _curvature(height: Height, at: Array) -> Array:
    """Minus the second derivatives, by differences of gradients."""
    step = 1e-4
    rows = [(height(at - d)[1] - height(at + d)[1]) / (2.0 * step) for d in step * np.eye(len(at))]
    out = np.stack(rows)
    return 0.5 * (out + out.T)


def _slopes(
    complete: Block, u: Expr, links: Sequence[Link], data: dict[str, Array], at: Array
) -> Array:
    """Gradients of the whole log density at draws of the latents."""
    from astragal.compile import function

    image, _ = complete.values(u)
    known: dict[Expr, Expr] = dict(image)
    keys = [placeholder(KEY.type) for _ in links]
    for k, link in zip(keys, links[::-1], strict=True):
        outputs = link.found.outputs
        new = substitute(outputs.values(), {**known, KEY: k})
        known |= {complete.coordinates[n]: x for n, x in zip(outputs, new, strict=True)}
    latents = {n: known[complete.coordinates[n]] for link in links for n in link.found.targets}
    inputs = [complete.coordinates[n] for n in data]
    draw = function([u, *keys, *inputs], list(latents.values()), backend="numpy")
    gradient = compiled([u, *(complete.coordinates[n] for n in (*latents, *data))],
                        [complete.density(u)[1]])  # fmt: skip
    out = []
    for i in range(_DRAWS + 4 * len(at)):
        own = [key(1000 * i + j) for j in range(len(keys))]
        out.append(gradient(at, *draw(at, *own, *data.values()), *data.values())[0])
    return np.stack(out)
