"""What trajectories learn of how their coordinates hang together.

Draws x of a window, each coordinate divided by its deviation, have a correlation matrix
C = V diag(w) V'. On the coordinates u with x = S V diag(sqrt w) V' u, S the deviations, steps of
one size fit every direction, where along the axes the narrowest would set it. Of n coordinates
and m draws, eigenvalues of no correlations at all lie between (1 - sqrt(n / m))^2 and
(1 + sqrt(n / m))^2 (Marchenko & Pastur 1967, Mat. Sb. 72): only what is well beyond is believed,
all else is taken for 1, as nutpie does.
Where nothing is, the coordinates stay as they are, and trajectories multiply no matrix. Of
hundreds of coordinates, all that is learnt are the few directions that most of them share, as the
level of crossed effects: a trajectory turns long before it has followed these.
"""

from __future__ import annotations

from dataclasses import dataclass

from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import cond
from astragal.ops.creation import eye, zeros
from astragal.ops.linalg import eigh
from astragal.ops.manipulation import astype
from astragal.ops.products import matmul
from astragal.ops.searching import where

FEW = 150
"""Coordinates up to which correlations are learnt whatever a gradient costs."""
MOST = 600
"""Coordinates above which none are learnt: the draws of a warm-up tell too little."""
PRODUCTS = 0.6
"""Nanoseconds, for each element of the matrix, of the two products of a leapfrog step."""
BEYOND = 2.0
"""How far an eigenvalue is from what noise explains, as a factor, to be believed."""
PRIOR = 5.0
"""Draws without correlations that are counted beside those of a window, as Stan does."""

LEARNT = ("products", "mixing", "mixed")
"""Names of what is learnt, which changes in the warm-up only."""

State = dict[str, Expr]


@dataclass(frozen=True, eq=False)
class Mixing:
    """A symmetric matrix between coordinates in which trajectories move, and scaled ones.

    Attributes
    ----------
    matrix
        The square root of a correlation matrix.
    used
        Whether it is another than the identity.
    """

    matrix: Expr
    used: Expr

    def __call__(self, v: Expr) -> Expr:
        """Multiply a vector."""
        out: Expr = cond(self.used, lambda x, m: matmul(m, x), lambda x, m: x, v, self.matrix)
        return out


def learns(n: int, gradient: float) -> bool:
    """Whether correlations of so many coordinates are learnt, by what a gradient costs.

    Examples
    --------
    >>> learns(150, 1e3), learns(400, 1e3), learns(400, 1e6)
    (True, False, True)
    """
    return 1 < n <= MOST and (n <= FEW or PRODUCTS * n * n <= gradient)


def mixing_start(n: int, gradient: float = 0.0) -> State:
    """Initial values of what is learnt, by name."""
    if not learns(n, gradient):
        return {}
    none = scalar(0.0, "float64")
    return dict(zip(LEARNT, (zeros((n, n)), eye(n), none), strict=True))


def mixing_of(tuning: State) -> Mixing | None:
    """Give the matrix of a tuning; None where none is learnt."""
    if "mixing" not in tuning:
        return None
    return Mixing(tuning["mixing"], tuning["mixed"] > 0.5)


def learnt(t: State, before: Expr, after: Expr, inside: Expr, ends: Expr, seen: Expr) -> State:
    """Build what is learnt after a draw.

    Parameters
    ----------
    t
        The tuning.
    before, after
        The draw without the mean of its window before it, and with it.
    inside, ends
        Whether the draw belongs to a window, and ends it.
    seen
        Draws of the window, this one counted.
    """
    if "mixing" not in t:
        return {}

    def added(p: Expr) -> Expr:
        return p + before[:, None] * after[None, :]

    p = cond(inside, added, lambda p: p, t["products"])

    def learn(p: Expr, *_: Expr) -> tuple[Expr, Expr, Expr]:
        matrix, used = _root(p, seen)
        return zeros(p.shape), matrix, astype(used, "float64")

    products, mixing, mixed = cond(
        ends, learn, lambda p, m, u: (p, m, u), p, t["mixing"], t["mixed"]
    )
    return dict(zip(LEARNT, (products, mixing, mixed), strict=True))


def _root(products: Expr, seen: Expr) -> tuple[Expr, Expr]:
    """Give the square root of the correlations that are believed, and whether there are any."""
    n = int(products.shape[0])
    one = eye(n)
    variance = r.sum(products * one, 0)
    scale = e.sqrt(where(variance > 0.0, variance, 1.0))
    shares = products / (scale[:, None] * scale[None, :])
    moved = where(e.isfinite(shares), 0.5 * (shares + shares.T), 0.0)
    # Unit variances; what does not move is held by nothing.
    correlations = where(one > 0.0, 1.0, (seen / (seen + PRIOR)) * moved)
    w, v = eigh(correlations)
    noise = e.sqrt(n / seen)
    high = BEYOND * e.square(1.0 + noise)
    low = e.square(e.maximum(1.0 - noise, 0.0)) / BEYOND
    believed = (w > high) | (w < low)
    root = e.sqrt(where(believed, e.maximum(w, 1e-12), 1.0))
    return matmul(v * root, v.T), r.any(believed)
