"""Methods of generators that draw vectors, or put the elements of arrays in another order.

Each is made of draws of single numbers, in the order in which NumPy makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import DomainError, ShapeError
from astragal.graph.expr import Expr, describe
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import Dim, Shape, same_shape, show_shape
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops import reductions as r
from astragal.ops.control import cond, scan
from astragal.ops.declare import as_dims, as_expr, broadcast_shapes, cast
from astragal.ops.manipulation import broadcast_to, concatenate, moveaxis, reshape, take
from astragal.ops.searching import where
from astragal.random import ordered
from astragal.random.sequential.methods import METHODS, draw, whole

Drawn = tuple[Expr, Expr]


def _one(name: str, rng: Expr, size: Any = None, **parameters: Any) -> Drawn:
    return draw(METHODS[name], rng, parameters, size)


def _required(name: str, parameter: str, x: Expr, ok: Expr, words: str) -> Expr:
    """Check a parameter: here where it is static, at the call where it is not."""
    from astragal.compile import evaluate
    from astragal.random.checked import REQUIRE

    message = f"{name}: parameter {parameter} has a value that is not {words}"
    if not is_constant(ok) and not is_constant(x):
        return REQUIRE(x, r.all(ok), message)
    if not bool(np.all(evaluate(ok))):
        raise DomainError(message)
    return x


def _dims(name: str, size: Any, implied: Shape) -> Shape:
    if size is None:
        return implied
    dims = as_dims(size, name)
    if not same_shape(broadcast_shapes([implied, dims], name), dims):
        raise ShapeError(
            f"{name}: size {show_shape(dims)} does not fit parameters of shape "
            f"{show_shape(implied)}"
        )
    return dims


def _product(dims: Sequence[Dim]) -> Any:
    total: Any = 1
    for d in dims:
        total = total * d
    return total


def _each(step: Any, rng: Expr, dims: Shape, rows: Sequence[Expr], core: Shape) -> Drawn:
    """Draw one vector after the other, each from its own row of the parameters."""
    if not dims:
        return step(rng, tuple(rows))  # type: ignore[no-any-return]
    total = _product(dims)
    flat = []
    for x, n in zip(rows, (0,) * (len(rows) - 1) + (1,), strict=True):
        own = x.shape[x.ndim - n :]
        flat.append(reshape(broadcast_to(x, (*dims, *own)), (total, *own)))
    rng, out = scan(step, rng, tuple(flat))
    return rng, reshape(out, (*dims, *core))


def multinomial(rng: Expr, n: Any, pvals: Any, size: Any = None) -> Drawn:
    """Draw as ``numpy.random.Generator.multinomial`` does.

    Parameters
    ----------
    rng
        Generator.
    n
        Numbers of trials.
    pvals
        Probabilities along the last dimension. The last one counts as what the others leave.
    size
        Batch shape; by default that of the parameters, broadcast.

    Raises
    ------
    DomainError
        For parameters outside their domains: here where they are static, at the call where not.

    Examples
    --------
    >>> import numpy as np
    >>> import astragal as ag
    >>> _, x = ag.random.sequential.multinomial(ag.numpy_generator(5), 20, [0.2, 0.5, 0.3])
    >>> bool((ag.evaluate(x) == np.random.default_rng(5).multinomial(20, [0.2, 0.5, 0.3])).all())
    True
    """
    trials, p = cast(as_expr(n), "int64"), cast(as_expr(pvals), "float64")
    if not p.ndim:
        raise ShapeError(f"multinomial: pvals is {describe(p)}, expected at least one dimension")
    dims = _dims("multinomial", size, broadcast_shapes([trials.shape, p.shape[:-1]], "multinomial"))
    trials = _required("multinomial", "n", trials, trials >= 0, "a non-negative integer")
    ok = r.all((p >= 0.0) & (p <= 1.0), -1) & (r.sum(p[..., :-1], -1) <= 1.0 + 1e-12)
    p = _required("multinomial", "pvals", p, ok, "probabilities with sum 1")

    def vector(rng: Expr, row: tuple[Expr, Expr]) -> Drawn:
        count, weights = row

        def cell(state: tuple[Expr, ...], q: Expr) -> tuple[tuple[Expr, ...], Expr]:
            rng, left, rest = state
            some = (left > 0) & (rest > 0.0)
            share = where(some, e.minimum(q / where(some, rest, 1.0), 1.0), 0.0)
            rng, x = _one("binomial", rng, n=left, p=share)
            return (rng, left - x, where(left > x, rest - q, rest)), x

        (rng, left, _), out = scan(cell, (rng, count, as_expr(1.0)), weights[:-1])
        return rng, concatenate([out, reshape(left, (1,))])

    return _each(vector, rng, dims, [trials, p], p.shape[-1:])


def multivariate_hypergeometric(rng: Expr, colors: Any, nsample: Any, size: Any = None) -> Drawn:
    """Draw as ``numpy.random.Generator.multivariate_hypergeometric`` does (by marginals).

    Parameters
    ----------
    rng
        Generator.
    colors
        Numbers of things of each kind, a vector.
    nsample
        Number of things that are drawn.
    size
        Batch shape.

    Raises
    ------
    DomainError
        For negative numbers, and where more are drawn than there are.

    Examples
    --------
    >>> import numpy as np
    >>> import astragal as ag
    >>> rng = ag.numpy_generator(5)
    >>> _, x = ag.random.sequential.multivariate_hypergeometric(rng, [9, 16, 5], 7)
    >>> theirs = np.random.default_rng(5).multivariate_hypergeometric([9, 16, 5], 7)
    >>> bool((ag.evaluate(x) == theirs).all())
    True
    """
    name = "multivariate_hypergeometric"
    kinds, count = (cast(as_expr(v), "int64") for v in (colors, nsample))
    if kinds.ndim != 1 or count.ndim:
        raise ShapeError(f"{name}: colors is {describe(kinds)}, expected a vector")
    kinds = _required(name, "colors", kinds, kinds >= 0, "a vector of non-negative integers")
    total = r.sum(kinds)
    ok = (count >= 0) & (count <= total)
    count = _required(name, "nsample", count, ok, "from 0 to the sum of colors")
    most = count > total // 2
    drawn = where(most, total - count, count)

    def vector(rng: Expr, _: Any) -> Drawn:
        def cell(state: tuple[Expr, ...], good: Expr) -> tuple[tuple[Expr, ...], Expr]:
            rng, left, rest = state
            rest = rest - good
            rng, x = _one("hypergeometric", rng, ngood=good, nbad=rest, nsample=left)
            return (rng, left - x, rest), x

        (rng, left, _), out = scan(cell, (rng, drawn, total), kinds[:-1])
        x = concatenate([out, reshape(left, (1,))])
        return rng, where(most, kinds - x, x)

    return _each(vector, rng, _dims(name, size, ()), [kinds], kinds.shape)


FEW = 0.1
"""Where all parameters of a Dirichlet law are below it, NumPy breaks sticks."""


def dirichlet(rng: Expr, alpha: Any, size: Any = None) -> Drawn:
    """Draw as ``numpy.random.Generator.dirichlet`` does.

    Parameters
    ----------
    rng
        Generator.
    alpha
        Positive numbers, a vector.
    size
        Batch shape.

    Raises
    ------
    DomainError
        For parameters that are not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import astragal as ag
    >>> _, x = ag.random.sequential.dirichlet(ag.numpy_generator(5), [0.3, 2.0, 5.0])
    >>> bool((ag.evaluate(x) == np.random.default_rng(5).dirichlet([0.3, 2.0, 5.0])).all())
    True
    """
    a = cast(as_expr(alpha), "float64")
    if a.ndim != 1:
        raise ShapeError(f"dirichlet: alpha is {describe(a)}, expected a vector")
    a = _required("dirichlet", "alpha", a, (a > 0.0) & e.isfinite(a), "a positive number")
    dims = _dims("dirichlet", size, ())

    def gammas(rng: Expr) -> Drawn:
        rng, g = _one("standard_gamma", rng, (*dims, a.shape[0]), shape=a)
        return rng, g * (1.0 / ordered.total(g))[..., None]

    def sticks(rng: Expr) -> Drawn:
        after = ordered.prefix(a, reverse=True)[1:]
        rng, v = _one("beta", rng, (*dims, as_expr(a.shape[0]) - 1), a=a[:-1], b=after)

        def pieces(left: Expr, share: Expr) -> Drawn:
            return left * (1.0 - share), left * share

        last, out = scan(pieces, broadcast_to(as_expr(1.0), dims), ordered.last_first(v))
        return rng, ordered.first_last(concatenate([out, last[None]]))

    tiny = r.max(a) < FEW
    if is_constant(a):
        return sticks(rng) if bool((value_of(a) < FEW).all()) else gammas(rng)
    rng, x = cond(tiny, sticks, gammas, rng)
    return rng, x


_COVARIANCE = "a symmetric matrix without negative eigenvalues"


def _is_covariance(c: Expr, method: str) -> Expr:
    """Whether a matrix is symmetric and, but for rounding, without negative eigenvalues."""
    largest = r.max(e.abs(c))
    symmetric = r.all(e.abs(c - c.T) <= 1e-8 * largest)
    least = 0.0 if method == "cholesky" else -1e-8 * largest
    return symmetric & e.isfinite(largest) & r.all(linalg.eigvalsh(c) >= least)


def multivariate_normal(
    rng: Expr, mean: Any, cov: Any, size: Any = None, method: str = "svd"
) -> Drawn:
    """Draw as ``numpy.random.Generator.multivariate_normal`` does.

    The normal values are NumPy's; the factor of the covariance is that of the backend's library of
    linear algebra, so that the vectors may differ from NumPy's by rounding on Numba.

    Parameters
    ----------
    rng
        Generator.
    mean
        Vector.
    cov
        Symmetric matrix without negative eigenvalues.
    size
        Batch shape.
    method
        ``"svd"``, ``"eigh"`` or ``"cholesky"``: how the covariance is taken apart.

    Raises
    ------
    DomainError
        For another method, and where ``cov`` is no covariance.

    Examples
    --------
    >>> import numpy as np
    >>> import astragal as ag
    >>> mean, cov = [1.0, -2.0], [[2.0, 0.6], [0.6, 1.0]]
    >>> _, x = ag.random.sequential.multivariate_normal(ag.numpy_generator(5), mean, cov)
    >>> theirs = np.random.default_rng(5).multivariate_normal(mean, cov)
    >>> bool(np.allclose(ag.evaluate(x), theirs, rtol=1e-14))
    True
    """
    name = "multivariate_normal"
    m, c = (cast(as_expr(v), "float64") for v in (mean, cov))
    if m.ndim != 1 or c.ndim != 2:
        raise ShapeError(
            f"{name}: mean is {describe(m)} and cov is {describe(c)}, "
            "expected a vector and a matrix"
        )
    n = m.shape[0]
    if any(isinstance(d, int) and isinstance(n, int) and d != n for d in c.shape):
        raise ShapeError(f"{name}: cov has shape {show_shape(c.shape)} for a mean of length {n}")
    if method not in ("svd", "eigh", "cholesky"):
        raise DomainError(f"{name}: method is {method!r}, expected 'svd', 'eigh' or 'cholesky'")
    c = _required(name, "cov", c, _is_covariance(c, method), _COVARIANCE)
    rng, z = _one("standard_normal", rng, (*_dims(name, size, ()), n))
    if method == "cholesky":
        factor = linalg.cholesky(c)
    elif method == "eigh":
        values, vectors = linalg.eigh(c)
        factor = vectors * e.sqrt(e.abs(values))
    else:
        u, s, _ = linalg.svd(c)
        factor = u * e.sqrt(s)
    return rng, m + z @ factor.T


# -- orders --------------------------------------------------------------------------------------


def _order(rng: Expr, n: Any) -> Drawn:
    return whole("permutation", n, rng)


def permutation(rng: Expr, x: Any, axis: int = 0) -> Drawn:
    """Draw a permutation of 0 .. x - 1; or of an array, along one of its dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> import astragal as ag
    >>> _, x = ag.random.sequential.permutation(ag.numpy_generator(5), 10)
    >>> bool((ag.evaluate(x) == np.random.default_rng(5).permutation(10)).all())
    True
    """
    values = as_expr(x)
    if not values.ndim:
        return _order(rng, x)
    rng, order = _order(rng, values.shape[axis])
    return rng, take(values, order, axis=axis)


def shuffle(rng: Expr, x: Any, axis: int = 0) -> Drawn:
    """Give an array in the order in which ``numpy.random.Generator.shuffle`` leaves it.

    Examples
    --------
    >>> import numpy as np
    >>> import astragal as ag
    >>> _, x = ag.random.sequential.shuffle(ag.numpy_generator(5), [3.0, 1.0, 4.0, 1.5])
    >>> theirs = np.array([3.0, 1.0, 4.0, 1.5])
    >>> np.random.default_rng(5).shuffle(theirs)
    >>> bool((ag.evaluate(x) == theirs).all())
    True
    """
    return permutation(rng, x, axis)


def permuted(rng: Expr, x: Any, axis: int | None = None) -> Drawn:
    """Permute an array as ``numpy.random.Generator.permuted`` does: each slice by itself.

    Without an axis all elements change places.

    Examples
    --------
    >>> import numpy as np
    >>> import astragal as ag
    >>> rows = np.arange(12.0).reshape(3, 4)
    >>> _, x = ag.random.sequential.permuted(ag.numpy_generator(5), rows, axis=1)
    >>> bool((ag.evaluate(x) == np.random.default_rng(5).permuted(rows, axis=1)).all())
    True
    """
    values = as_expr(x)
    if axis is None:
        rng, out = permutation(rng, reshape(values, (-1,)))
        return rng, reshape(out, values.shape)
    moved = moveaxis(values, axis, -1)
    n = moved.shape[-1]
    lanes = reshape(moved, (_product(moved.shape[:-1]), n))

    def lane(rng: Expr, row: Expr) -> Drawn:
        rng, order = _order(rng, n)
        return rng, row[order]

    rng, out = scan(lane, rng, lanes)
    return rng, moveaxis(reshape(out, moved.shape), -1, axis)
