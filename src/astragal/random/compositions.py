"""Samplers of multivariate distributions, made of several draws and ordered arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astragal.graph.expr import Expr
from astragal.graph.types import Shape
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import scan
from astragal.ops.creation import arange, zeros
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import astype, broadcast_to, concatenate, reshape
from astragal.ops.searching import where
from astragal.random import counts, exact, ordered
from astragal.random.kernels import beta as beta_kernel
from astragal.random.kernels import logistic_noise
from astragal.random.sampler import Composition, Kernel
from astragal.random.standard import gamma_parts, scaled, standard_normal

if TYPE_CHECKING:
    from astragal.random.lower import Draws

# fmt: off
UNIFORM  = Kernel(lambda s: s.uniform())
NORMAL   = Kernel(lambda s: standard_normal(s.first[0]))
LOGISTIC = Kernel(logistic_noise)
GAMMA    = Kernel(lambda s, shape: scaled(*gamma_parts(s, shape)), block=True)
GAMMA_PARTS = Kernel(gamma_parts, block=True)
# fmt: on


# -- choices ---------------------------------------------------------------------------------


def _categorical(draws: Draws, p: Expr) -> Expr:
    bounds = ordered.prefix(p)
    u = ordered.pointwise(ordered.multiply, draws.values(UNIFORM), bounds[..., -1])
    return r.sum(bounds[..., :-1] <= u[..., None], -1)


def _ordered_logistic(draws: Draws, eta: Expr, cutpoints: Expr) -> Expr:
    latent = draws.values(LOGISTIC) + eta
    return r.sum(cutpoints < latent[..., None], -1)


def _cells(draws: Draws, p: Expr) -> tuple[Expr, Expr]:
    """Numbers of the cells of each variable under its key, and weights with cells in front."""
    cells = p.shape[-1]
    tail: Shape = draws.batch[draws.parts[0].ndim :]
    count: Expr | int = 1
    for d in tail:
        count = count * d
    element = reshape(arange(count), tail) * cells if tail else as_expr(0)
    weights = broadcast_to(p, (*draws.batch, cells))
    return element, weights


def _share(p: Expr, rest: Expr) -> Expr:
    return where(rest > 0.0, e.minimum(p / where(rest > 0.0, rest, 1.0), 1.0), 1.0)


_BINOMIAL = Kernel(counts.binomial.draw)
_BETA_BINOMIAL = Kernel(counts.beta_binomial.draw)


def _multinomial(draws: Draws, n: Expr, p: Expr) -> Expr:
    # Cell after cell, each binomial given what is left.
    element, weights = _cells(draws, p)
    shares = ordered.pointwise(_share, weights, ordered.prefix(weights, reverse=True))

    def step(state: tuple[Expr, Expr], share: Expr) -> tuple[tuple[Expr, Expr], Expr]:
        left, number = state
        x = draws.numbered(_BINOMIAL, astype(number, "uint64"), left, share)
        return (left - x, number + 1), x

    start = (broadcast_to(n, draws.batch), element)
    _, out = scan(step, start, ordered.last_first(shares))
    return ordered.first_last(out)


def _dirichlet_multinomial(draws: Draws, n: Expr, alpha: Expr) -> Expr:
    element, weights = _cells(draws, alpha)
    after = ordered.prefix(weights, reverse=True)
    # What comes after each cell: the sums from the next one on, and nothing after the last.
    beyond = ordered.last_first(after)[1:]

    def step(state: tuple[Expr, Expr], ab: tuple[Expr, Expr]) -> tuple[tuple[Expr, Expr], Expr]:
        left, number = state
        x = draws.numbered(_BETA_BINOMIAL, astype(number, "uint64"), left, *ab)
        return (left - x, number + 1), x

    start = (broadcast_to(n, draws.batch), element)
    first = ordered.last_first(weights)[:-1]
    (left, _), out = scan(step, start, (first, beyond))
    return ordered.first_last(concatenate([out, left[None]]))


_HYPERGEOMETRIC = Kernel(counts.hypergeometric.draw)


def _multivariate_hypergeometric(draws: Draws, m: Expr, n: Expr) -> Expr:
    # Cell after cell, each hypergeometric given what is left of the sample.
    element, cells = _cells(draws, m)
    after = ordered.prefix(astype(cells, "float64"), reverse=True)
    beyond = concatenate(
        [astype(ordered.last_first(after)[1:], "int64"), zeros((1, *draws.batch), dtype="int64")]
    )

    def step(state: tuple[Expr, Expr], cell: Any) -> tuple[tuple[Expr, Expr], Expr]:
        left, number = state
        good, rest = cell
        x = draws.numbered(_HYPERGEOMETRIC, astype(number, "uint64"), good, rest, left)
        return (left - x, number + 1), x

    start = (broadcast_to(n, draws.batch), element)
    _, out = scan(step, start, (ordered.last_first(cells), beyond))
    return ordered.first_last(out)


def _poisson_binomial(draws: Draws, p: Expr) -> Expr:
    u = draws.values(UNIFORM, core=(p.shape[-1],))
    return r.sum(astype(u < p, "int64"), -1)


# -- on the simplex --------------------------------------------------------------------------


def _times_exp(g: Expr, h: Expr, top: Expr) -> Expr:
    return g * exact.exp(h - top)


def _dirichlet(draws: Draws, alpha: Expr) -> Expr:
    g, h = draws.values(GAMMA_PARTS, alpha, core=(alpha.shape[-1],))
    # The largest exponent is taken out, so that tiny parameters do not underflow together.
    x = ordered.pointwise(_times_exp, g, h, r.max(h, -1, keepdims=True))
    return ordered.pointwise(ordered.divide, x, ordered.total(x)[..., None])


# -- normal vectors and matrices -------------------------------------------------------------


def _times_vector(a: Expr, z: Expr) -> Expr:
    return ordered.matmul(a, z[..., None])[..., 0]


def _multivariate_normal(draws: Draws, mean: Expr, cov: Expr) -> Expr:
    z = draws.values(NORMAL, core=(mean.shape[-1],))
    return mean + _times_vector(ordered.cholesky(cov), z)


def _t_factor(z: Expr, g: Expr, df: Expr) -> Expr:
    return z / e.sqrt(g / (0.5 * df))


def _multivariate_t(draws: Draws, loc: Expr, shape: Expr, df: Expr) -> Expr:
    normal, chi = draws.split(2)
    z = normal.values(NORMAL, core=(loc.shape[-1],))
    g = chi.values(GAMMA, 0.5 * df)
    y = _times_vector(ordered.cholesky(shape), z)
    return loc + ordered.pointwise(_t_factor, y, g[..., None], broadcast_to(df, g.shape)[..., None])


def _matrix_normal(draws: Draws, mean: Expr, rowcov: Expr, colcov: Expr) -> Expr:
    z = draws.values(NORMAL, core=mean.shape[-2:])
    left = ordered.matmul(ordered.cholesky(rowcov), z)
    return mean + ordered.matmul(left, ordered.transpose(ordered.cholesky(colcov)))


# -- random covariance and correlation -------------------------------------------------------


def _root(x: Expr) -> Expr:
    return e.sqrt(2.0 * x)


def _bartlett(draws: Draws, df: Expr, n: int | Expr) -> Expr:
    """Lower triangular A with A A' a Wishart matrix of unit scale (Bartlett 1933)."""
    below, diagonal = draws.split(2)
    i = arange(n)
    z = below.values(NORMAL, core=(n, n))
    g = diagonal.values(GAMMA, 0.5 * (df[..., None] - astype(i, "float64")), core=(n,))
    on = ordered.pointwise(_root, g)[..., None]
    return where(i[:, None] > i, z, where(e.equal(i[:, None], i), on, 0.0))


def _wishart(draws: Draws, df: Expr, scale: Expr) -> Expr:
    a = ordered.matmul(ordered.cholesky(scale), _bartlett(draws, df, scale.shape[-1]))
    return ordered.matmul(a, ordered.transpose(a))


def _inverse_wishart(draws: Draws, df: Expr, scale: Expr) -> Expr:
    # With scale = C C', the inverse of a Wishart matrix of scale inverse(scale) is B' B for
    # B = inverse(A) C'.
    c = ordered.transpose(ordered.cholesky(scale))
    b = ordered.solve_lower(_bartlett(draws, df, scale.shape[-1]), c)
    return ordered.matmul(ordered.transpose(b), b)


def _row(z: Expr, y: Expr, square: Expr) -> Expr:
    return z * e.sqrt(y / square)


def _rest(y: Expr) -> Expr:
    return e.sqrt(1.0 - y)


def _lkj(draws: Draws, n: Expr, eta: Expr) -> Expr:
    # The onion of Lewandowski, Kurowicka & Joe 2009: rows of the Cholesky factor.
    from astragal.graph.literal import value_of

    size = int(value_of(n))
    if size == 1:
        return zeros((*draws.batch, 1, 1)) + 1.0
    radius, direction = draws.split(2)
    i = arange(1, size)
    b = eta[..., None] + 0.5 * astype(size - 1 - i, "float64")
    y = radius.values(beta_kernel, 0.5 * astype(i, "float64"), b, core=(size - 1,))
    z = where(arange(size) < i[:, None], direction.values(NORMAL, core=(size - 1, size)), 0.0)
    norm = ordered.total(ordered.pointwise(ordered.multiply, z, z))
    rows = ordered.pointwise(_row, z, y[..., None], norm[..., None])
    on = e.equal(arange(size), i[:, None])
    rows = where(on, ordered.pointwise(_rest, y)[..., None], rows)
    first = zeros((*draws.batch, 1, size)) + where(e.equal(arange(size), 0), 1.0, 0.0)
    factor = concatenate([first, rows], axis=len(draws.batch))
    out = ordered.matmul(factor, ordered.transpose(factor))
    return where(e.equal(arange(size)[:, None], arange(size)), 1.0, out)


# fmt: off
categorical           = Composition(_categorical)
ordered_logistic      = Composition(_ordered_logistic)
multivariate_hypergeometric = Composition(_multivariate_hypergeometric)
poisson_binomial      = Composition(_poisson_binomial)
multinomial           = Composition(_multinomial)
dirichlet_multinomial = Composition(_dirichlet_multinomial)
dirichlet             = Composition(_dirichlet)
multivariate_normal   = Composition(_multivariate_normal)
multivariate_t        = Composition(_multivariate_t)
matrix_normal         = Composition(_matrix_normal)
wishart               = Composition(_wishart)
inverse_wishart       = Composition(_inverse_wishart)
lkj                   = Composition(_lkj)
# fmt: on
