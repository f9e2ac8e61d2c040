"""The JAX backend's rules for what JAX has under another name, or not at all."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special
from jax import lax

from astragal.compile import jax_special
from astragal.compile.arrays import Lowering
from astragal.compile.loader import Densities

Array = Any


def _floor_divide(x: Array, y: Array) -> Array:
    x, y = jnp.asarray(x), jnp.asarray(y)
    if x.dtype.kind == "f":
        return jnp.floor_divide(x, y)
    # As in NumPy, an integer over 0 is 0; XLA leaves it open.
    return jnp.where(y == 0, 0, jnp.floor_divide(x, jnp.where(y == 0, 1, y)))


def _logsumexp(x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    x = jnp.asarray(x)
    if not x.size:
        shape = jnp.sum(x, axis=axes, keepdims=keepdims).shape
        return jnp.full(shape, -jnp.inf, x.dtype)
    return jax.scipy.special.logsumexp(x, axis=axes, keepdims=keepdims)


def _batched(a: Array, b: Array) -> tuple[Array, Array]:
    """Give two stacks of matrices the same batch."""
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return (
        jnp.broadcast_to(a, (*batch, *a.shape[-2:])),
        jnp.broadcast_to(b, (*batch, *b.shape[-2:])),
    )


def _nan_where_singular(diagonal_of: Array, x: Array) -> Array:
    singular = jnp.any(jnp.diagonal(diagonal_of, axis1=-2, axis2=-1) == 0, axis=-1)
    return jnp.where(singular[..., None, None], jnp.nan, x)


def _solve(a: Array, b: Array) -> Array:
    a, b = _batched(jnp.asarray(a), jnp.asarray(b))
    lu, _, order = lax.linalg.lu(a)
    rows = jnp.take_along_axis(b, order[..., None], axis=-2)
    half = lax.linalg.triangular_solve(lu, rows, left_side=True, lower=True, unit_diagonal=True)
    return _nan_where_singular(lu, lax.linalg.triangular_solve(lu, half, left_side=True))


def _solve_triangular(a: Array, b: Array, lower: bool, unit_diagonal: bool) -> Array:
    a, b = _batched(jnp.asarray(a), jnp.asarray(b))
    x = lax.linalg.triangular_solve(a, b, left_side=True, lower=lower, unit_diagonal=unit_diagonal)
    return x if unit_diagonal else _nan_where_singular(a, x)


def _cholesky(x: Array) -> Array:
    factor = lax.linalg.cholesky(jnp.asarray(x), symmetrize_input=False)
    failed = jnp.isnan(jnp.diagonal(factor, axis1=-2, axis2=-1)).any(-1)
    return jnp.where(failed[..., None, None], jnp.nan, jnp.tril(factor))


def _eigh(x: Array) -> tuple[Array, Array]:
    values, vectors = jnp.linalg.eigh(x, UPLO="L", symmetrize_input=False)
    return values, vectors


_DENSITIES = Densities(jnp, jax.scipy.special.gammaln, jax.scipy.special.xlogy)

VOCABULARY: dict[str, Lowering] = {
    "bitcast": lambda x, dtype: lax.bitcast_convert_type(x, jnp.dtype(dtype)),
    "floor_divide": _floor_divide,
    "logsumexp": _logsumexp,
    "cholesky": _cholesky,
    "solve": _solve,
    "solve_triangular": _solve_triangular,
    "eigh": _eigh,
    "svd": lambda x, full: tuple(jnp.linalg.svd(x, full_matrices=full)),
    "betaln": jax_special.betaln,
    "digamma": jax_special.digamma,
    "gammainc": jax_special.gammainc,
    "polygamma": jax_special.polygamma,
    "betaincinv": jax_special.betaincinv,
    "gammaincinv": jax_special.gammaincinv,
    "gammainccinv": jax_special.gammainccinv,
    "log_kve": jax_special.log_kve,
    "log_gamma_density": _DENSITIES.gamma,
    "log_beta_density": _DENSITIES.beta,
}
"""Operation to function of the values of its arguments."""
