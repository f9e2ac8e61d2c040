"""Gaussian processes in discrete time: random walks and autoregressions of order one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr, describe
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import Dim
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import scan
from astragal.ops.creation import arange
from astragal.ops.manipulation import astype, broadcast_to, concatenate
from astragal.ops.searching import where
from astragal.ops.special import HALF_LOG_2PI
from astragal.random import ordered
from astragal.random.compositions import NORMAL
from astragal.random.distribution import POSITIVE, REAL, Distribution, Domain, Parameter
from astragal.random.multivariate import VECTOR
from astragal.random.sampler import Composition

if TYPE_CHECKING:
    from astragal.random.lower import Draws

LENGTH = Domain("a positive integer", r"\mathbb{N}", lambda x: (x >= 1) & e.equal(e.floor(x), x))
STABLE = Domain("a number between -1 and 1", "(-1, 1)", lambda x: e.abs(x) < 1.0, (-1.0, 1.0))
STEPS = Parameter("n", LENGTH, integer=True)
START, LOC = Parameter("start", REAL, 0.0), Parameter("loc", REAL, 0.0)
SCALE = Parameter("scale", POSITIVE, 1.0)


def _length(n: Expr) -> Dim:
    if n.type.shape:
        raise ShapeError(f"the number of steps is one integer, got {describe(n)}")
    return int(value_of(n)) if is_constant(n) else n


def _shape(n: Expr, *rest: Expr) -> Any:
    return (_length(n),)


def _squares(x: Expr, scale: Expr) -> Expr:
    """Log density of independent normal residuals along the last dimension."""
    z = x / scale[..., None]
    return r.sum(-0.5 * e.square(z) - e.log(scale)[..., None] - HALF_LOG_2PI, -1)


def _time(n: Expr) -> Expr:
    """The numbers of the steps, from 1."""
    return astype(arange(_length(n)), "float64") + 1.0


def _before(x: Expr, start: Expr) -> Expr:
    """Each position's predecessor; of the first, the start."""
    first = broadcast_to(start[..., None], (*x.shape[:-1], 1))
    return concatenate([astype(first, x.dtype), x[..., :-1]], axis=x.ndim - 1)


# -- random walk -------------------------------------------------------------------------------


def _draw_walk(draws: Draws, n: Expr, start: Expr, drift: Expr, scale: Expr) -> Expr:
    z = draws.values(NORMAL, core=(_length(n),))
    steps = ordered.pointwise(ordered.multiply_add, drift[..., None], scale[..., None], z)
    return start[..., None] + ordered.prefix(steps)


def _log_walk(x: Expr, n: Expr, start: Expr, drift: Expr, scale: Expr) -> Expr:
    return _squares(x - _before(x, start) - drift[..., None], scale)


random_walk = Distribution(
    name="random_walk",
    parameters=(STEPS, START, Parameter("drift", REAL, 0.0), SCALE),
    sampler=Composition(_draw_walk),
    support=lambda n, start, drift, scale: VECTOR,
    core=1,
    core_shape=_shape,
    logdensity=_log_walk,
    mean=lambda n, start, drift, scale: start[..., None] + drift[..., None] * _time(n),
    variance=lambda n, start, drift, scale: e.square(scale)[..., None] * _time(n),
    latex=r"\mathrm{RandomWalk}",
    doc_note="The first ``n`` positions after ``start``, each a normal step from the one before.",
)

# -- autoregression ----------------------------------------------------------------------------


def _next(x: Expr, z: Expr, rho: Expr, loc: Expr, scale: Expr) -> Expr:
    return (loc + rho * (x - loc)) + scale * z


def _recursion(z: Expr, first: Expr, rho: Expr, loc: Expr, scale: Expr) -> Expr:
    """Positions after a first one, from noise along the last dimension."""

    def step(x: Expr, noise: Expr) -> tuple[Expr, Expr]:
        y = ordered.pointwise(_next, x, noise, rho, loc, scale)
        return y, y

    _, out = scan(step, first, ordered.last_first(z))
    return ordered.first_last(out)


def _draw_ar1(draws: Draws, n: Expr, rho: Expr, scale: Expr, loc: Expr, start: Expr) -> Expr:
    z = draws.values(NORMAL, core=(_length(n),))
    return _recursion(z, broadcast_to(start, draws.batch), rho, loc, scale)


def _residuals(x: Expr, before: Expr, rho: Expr, loc: Expr) -> Expr:
    m, a = loc[..., None], rho[..., None]
    return (x - m) - a * (before - m)


def _log_ar1(x: Expr, n: Expr, rho: Expr, scale: Expr, loc: Expr, start: Expr) -> Expr:
    return _squares(_residuals(x, _before(x, start), rho, loc), scale)


def _power(rho: Expr, n: Expr) -> Expr:
    """Powers of rho from the first to the n-th."""
    t = _time(n)
    size = e.exp(t * e.log(where(e.equal(rho, 0.0), 1.0, e.abs(rho)))[..., None])
    odd = e.equal(e.remainder(t, 2.0), 1.0)
    signed = where(odd & (rho < 0.0)[..., None], -size, size)
    return where(e.equal(rho, 0.0)[..., None], 0.0, signed)


def _ar1_variance(n: Expr, rho: Expr, scale: Expr, loc: Expr, start: Expr) -> Expr:
    square = e.square(rho)[..., None]
    unit = e.equal(square, 1.0)
    growth = (1.0 - e.square(_power(rho, n))) / where(unit, 1.0, 1.0 - square)
    return e.square(scale)[..., None] * where(unit, _time(n), growth)


ar1 = Distribution(
    name="ar1",
    parameters=(STEPS, Parameter("rho", REAL), SCALE, LOC, START),
    sampler=Composition(_draw_ar1),
    support=lambda n, rho, scale, loc, start: VECTOR,
    core=1,
    core_shape=_shape,
    logdensity=_log_ar1,
    mean=lambda n, rho, scale, loc, start: (
        loc[..., None] + _power(rho, n) * (start - loc)[..., None]
    ),
    variance=_ar1_variance,
    latex=r"\mathrm{AR}",
    doc_note=(
        "The first ``n`` values after ``start``: each is ``loc + rho * (before - loc)`` plus "
        "normal noise of deviation ``scale``."
    ),
)


def _spread(rho: Expr) -> Expr:
    return e.sqrt((1.0 - rho) * (1.0 + rho))


def _over(x: Expr, rho: Expr) -> Expr:
    return x / _spread(rho)


def _draw_stationary(draws: Draws, n: Expr, rho: Expr, scale: Expr, loc: Expr) -> Expr:
    z = draws.values(NORMAL, core=(_length(n),))
    width = ordered.pointwise(_over, scale, rho)
    first = broadcast_to(
        ordered.pointwise(ordered.multiply_add, loc, width, z[..., 0]), draws.batch
    )
    rest = _recursion(z[..., 1:], first, rho, loc, scale)
    return concatenate([first[..., None], rest], axis=len(draws.batch))


def _log_stationary(x: Expr, n: Expr, rho: Expr, scale: Expr, loc: Expr) -> Expr:
    first = _squares(x[..., :1] - loc[..., None], scale / _spread(rho))
    return first + _squares(_residuals(x[..., 1:], x[..., :-1], rho, loc), scale)


stationary_ar1 = Distribution(
    name="stationary_ar1",
    parameters=(STEPS, Parameter("rho", STABLE), SCALE, LOC),
    sampler=Composition(_draw_stationary),
    support=lambda n, rho, scale, loc: VECTOR,
    core=1,
    core_shape=_shape,
    logdensity=_log_stationary,
    mean=lambda n, rho, scale, loc: loc[..., None] + 0.0 * _time(n),
    variance=lambda n, rho, scale, loc: e.square(scale / _spread(rho))[..., None] + 0.0 * _time(n),
    latex=r"\mathrm{AR}",
    doc_note="``n`` values of an autoregression that has run for ever; see ``ar1``.",
)

DISTRIBUTIONS: tuple[Distribution, ...] = (random_walk, ar1, stationary_ar1)
