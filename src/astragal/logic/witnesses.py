"""Functions of several outputs whose expectations tell two joint laws apart.

Each is a product of functions of single outputs, so that a table of all their expectations
is a handful of products of matrices.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from astragal.logic.numeric import Array, Law, NotNumeric

_REACH = 5
_TRIPLES = 40
_SUBSETS = 300
_MOST_SIGNS = 8
_DIRECTIONS = 12
_KNOTS = 64


class Tests:
    """Functions of the outputs, centred where the outputs are.

    Bumps and steps at several places, of several widths, into the tails, and powers, which
    see a wrong spread or a tail that is a little too light; of several outputs also products
    of two, of three and of all, so that the joint law counts and not the marginals alone.

    Parameters
    ----------
    first
        A law that tells where the outputs lie.
    rough
        Also functions that no quadrature does well: Hermite polynomials of normal scores and
        their products, which see dependence whatever the marginals are; signs and the products of
        any number of them; waves along lines in all outputs.
    """

    __test__ = False  # pytest: these are no tests

    def __init__(self, first: Law, rough: bool = False) -> None:
        self.outputs = [_functions(a, first.weights, rough) for a in first.roots]
        self.directions = (
            _directions(len(self.outputs)) if rough and len(self.outputs) > 1 else None
        )
        count = len(self.outputs)
        self.pairs = list(itertools.combinations(range(count), 2))
        self.triples = list(itertools.combinations(range(count), 3))[:_TRIPLES]
        self.subsets: list[tuple[int, ...]] = []
        if rough:
            sizes = range(4, min(count, _MOST_SIGNS) + 1)
            every = (c for n in sizes for c in itertools.combinations(range(count), n))
            self.subsets = list(itertools.islice(every, _SUBSETS))
        elif count > 3:
            self.subsets = [tuple(range(count))]
        self.names = list(self._names())

    def _names(self) -> Sequence[str]:
        out = [f"{name} of output {i}" for i, own in enumerate(self.outputs) for name in own.names]
        if self.directions is not None:
            for n in range(len(self.directions)):
                out += [f"{wave} along line {n}" for wave in ("cosine", "sine")]
        for size, groups in ((2, self.pairs), (3, self.triples)):
            group: tuple[int, ...]
            for group in groups:
                chosen = [[self.outputs[i].names[j] for j in self.outputs[i].joint[size]]
                          for i in group]  # fmt: skip
                which = ", ".join(map(str, group))
                out += [f"product of {' * '.join(c)} of outputs {which}"
                        for c in itertools.product(*chosen)]  # fmt: skip
        for group in self.subsets:
            count = len(self.outputs[0].joint[4])
            out += [f"product {n} over outputs {', '.join(map(str, group))}" for n in range(count)]
        return out

    def values(self, roots: Sequence[Array]) -> list[Array]:
        """Compute the functions of each output at values of the outputs."""
        with np.errstate(all="ignore"):
            out = [own(y) for own, y in zip(self.outputs, roots, strict=True)]
            if self.directions is not None:
                scores = np.stack([v[own.score] for own, v in zip(self.outputs, out, strict=True)])
                along = self.directions @ scores
                waves = np.stack([np.cos(along), np.sin(along)], axis=1)
                out.append(waves.reshape(-1, waves.shape[-1]))
        return out

    def table(self, values: Sequence[Array], weights: Array | None = None) -> Array:
        """Sum all products over points, with weights where there are any."""
        w = np.ones(values[0].shape[-1]) if weights is None else weights
        sums = [v @ w for v in values]
        chosen = {
            size: [v[own.joint[size]] for own, v in zip(self.outputs, values, strict=False)]
            for size in (2, 3, 4)
        }
        for i, j in self.pairs:
            # A product of functions of two outputs is an entry of a product of matrices.
            left = chosen[2][i] if weights is None else chosen[2][i] * weights
            sums.append((left @ chosen[2][j].T).ravel())
        for i, j, k in self.triples:
            a, b, c = (chosen[3][n] for n in (i, j, k))
            both = (a[:, None] * b[None]).reshape(len(a) * len(b), -1)
            sums.append(((both if weights is None else both * weights) @ c.T).ravel())
        for group in self.subsets:
            sums.append(np.prod([chosen[4][i] for i in group], axis=0) @ w)
        return np.concatenate(sums)

    def expect(self, law: Law) -> Array:
        """Compute the expectations of all functions."""
        roots, weights = law.points
        return self.table(self.values(roots), weights)

    def paired(self, left: Sequence[Array], right: Sequence[Array]) -> Array:
        """Sum all functions over points of two laws, and the squares of their differences."""
        a, b = self.values(left), self.values(right)

        def sums(x: Sequence[Array], y: Sequence[Array]) -> Array:
            return self.table([v * w for v, w in zip(x, y, strict=True)])

        squares = sums(a, a) + sums(b, b) - 2.0 * sums(a, b)
        return np.stack([self.table(a), self.table(b), squares])


@dataclass(frozen=True)
class _Functions:
    """Functions of one output.

    Attributes
    ----------
    smooth
        What they are, where, and how wide.
    knots
        Values of the output, increasing, and their normal scores; None where they are not used.
    cut
        Above it, the output's sign is 1.
    joint
        Which of them make up products of two, three and more outputs.
    """

    smooth: tuple[tuple[str, float, float], ...]
    knots: tuple[Array, Array] | None
    cut: float
    joint: dict[int, list[int]]

    @property
    def names(self) -> list[str]:
        out = [f"{kind}({c:.3g}, {w:.3g})" for kind, c, w in self.smooth]
        if self.knots is not None:
            out += [f"Hermite {n}" for n in range(1, 5)] + [f"sign(y - {self.cut:.3g})"]
        return out

    @property
    def score(self) -> int:
        """Which of them is the normal score."""
        return len(self.smooth)

    def __call__(self, y: Array) -> Array:
        values = [_smooth(kind, y, c, w) for kind, c, w in self.smooth]
        if self.knots is not None:
            z = _scores(y, *self.knots)
            s = z * z
            values += [z, s - 1.0, z * (s - 3.0), s * (s - 6.0) + 3.0]
            values.append(np.where(y > self.cut, 1.0, -1.0))
        out: Array = np.stack(values)
        if not np.isfinite(out).all():
            np.nan_to_num(out, copy=False)
        return out


def _functions(y: Array, weights: Array, rough: bool) -> _Functions:
    places = _quantiles(y, weights, (0.02, 0.15, 0.4, 0.65, 0.9, 0.99))
    width = max(places[4] - places[1], 1e-3 * abs(places[2]), 1e-6)
    own = [("step", c, 0.4 * width) for c in places]
    own += [("bump", c, f * width) for c in places[1:5] for f in (0.25, 1.0)]
    own += [("step", places[2], f * width) for f in (6.0, 60.0)]
    own += [(f"power {n}", places[2], 0.45 * width) for n in (2, 3, 4)]
    steps = list(range(6))
    if not rough:
        return _Functions(tuple(own), None, 0.0, {2: steps, 3: steps[1:4], 4: steps})
    levels = (np.arange(_KNOTS) + 0.5) / _KNOTS
    found = np.asarray(_quantiles(y, weights, [float(u) for u in levels]))
    scores = np.asarray([NormalDist().inv_cdf(float(u)) for u in levels])
    knots, first, counts = np.unique(found, return_index=True, return_counts=True)
    middle = np.add.reduceat(scores, first) / counts
    n = len(own)
    joint = {2: [0, 5, n, n + 1, n + 2, n + 3], 3: [n, n + 1, n + 4], 4: [n + 4]}
    return _Functions(tuple(own), (knots, middle), _halved(y), joint)


def _smooth(kind: str, y: Array, c: float, w: float) -> Array:
    """Compute a function with values in an interval of length 1."""
    z = (y - c) / w
    if kind == "step":
        return np.arctan(z) / np.pi
    if kind == "bump":
        return np.exp(-0.5 * z * z)
    n = int(kind.split()[1])
    most = float(_REACH**n)
    return np.clip(z, -_REACH, _REACH) ** n / (most if n % 2 == 0 else 2 * most)


def _scores(y: Array, knots: Array, scores: Array) -> Array:
    """Interpolate normal scores; beyond the knots they grow slowly."""
    z = np.interp(y, knots, scores)
    spread = max(float(knots[-1] - knots[0]), 1e-3 * abs(float(knots[0])), 1e-6)
    beyond = np.maximum(y - knots[-1], 0.0) - np.maximum(knots[0] - y, 0.0)
    score: Array = np.clip(z + 4.0 * np.arcsinh(beyond / spread), -_REACH, _REACH)
    return score


def _halved(y: Array) -> float:
    """Give a number above which about half of the values lie."""
    finite = np.ravel(y)[np.isfinite(np.ravel(y))]
    middle = float(np.median(finite))
    below = float(np.nextafter(middle, -np.inf))
    return min((middle, below), key=lambda c: abs(float(np.mean(finite > c)) - 0.5))


def _directions(count: int) -> Array:
    """Give lines in the space of all outputs, and how fast to go along them."""
    rng = np.random.default_rng(count)
    lines = rng.normal(size=(_DIRECTIONS, count))
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    speeds: Array = np.resize([0.7, 1.5, 3.0], _DIRECTIONS)[:, None]
    return np.asarray(lines * speeds)


def _quantiles(y: Array, weights: Array, levels: Sequence[float]) -> list[float]:
    flat, w = np.ravel(y), np.ravel(weights)
    keep = np.isfinite(flat) & (w > 0)
    flat, w = flat[keep], w[keep]
    if not len(flat):
        raise NotNumeric("no finite values")
    order = np.argsort(flat, kind="stable")
    total = np.cumsum(w[order])
    at = np.searchsorted(total, np.asarray(levels) * total[-1])
    return [float(flat[order[min(i, len(flat) - 1)]]) for i in at]
