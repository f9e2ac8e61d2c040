"""The NumPy backend's rules for what NumPy has under another name, or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from astragal.compile.loader import Densities

Lowering = Callable[..., Any]


def _logsumexp(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    top = np.max(x, axis=axes, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(top), top, 0)
    total = np.log(np.sum(np.exp(x - shift), axis=axes, keepdims=True)) + shift
    return total if keepdims else np.squeeze(total, axis=axes)


def _nan_where_undefined(f: Callable[..., Any]) -> Lowering:
    """Give NaN for each matrix of a stack for which LAPACK reports a failure."""

    def lowered(a: Any, *rest: Any) -> Any:
        try:
            return f(a, *rest)
        except np.linalg.LinAlgError:
            if all(np.ndim(x) <= 2 for x in (a, *rest)):
                return np.full_like(rest[-1] if rest else a, np.nan)
        batch = np.broadcast_shapes(*(np.shape(x)[:-2] for x in (a, *rest)))
        stacks = [np.broadcast_to(x, batch + np.shape(x)[-2:]) for x in (a, *rest)]
        out = np.empty_like(stacks[-1])
        for i in np.ndindex(batch):
            out[i] = lowered(*(x[i] for x in stacks))
        return out

    return lowered


def _solve_triangular(a: Any, b: Any, lower: bool, unit_diagonal: bool) -> Any:
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, batch + a.shape[-2:])
    b = np.broadcast_to(b, batch + b.shape[-2:])
    if not a.size or not b.size:
        return np.zeros_like(b)
    if math.prod(batch) > a.shape[-1]:
        return _substituted(a, b, lower, unit_diagonal)
    out = np.empty_like(b)
    found: Any = scipy.linalg.get_lapack_funcs(("trtrs",), (a, b))
    (trtrs,) = found
    for i in np.ndindex(batch):
        x, info = trtrs(a[i], b[i], lower=lower, unitdiag=unit_diagonal)
        out[i] = np.nan if info > 0 else x
    return out


def _substituted(a: Any, b: Any, lower: bool, unit_diagonal: bool) -> Any:
    """Solve many small systems, one row of all of them at a time."""
    n = a.shape[-1]
    out = np.array(b)
    with np.errstate(all="ignore"):
        for i in range(n) if lower else range(n - 1, -1, -1):
            known = slice(0, i) if lower else slice(i + 1, n)
            row = out[..., i, :] - (a[..., i, None, known] @ out[..., known, :])[..., 0, :]
            out[..., i, :] = row if unit_diagonal else row / a[..., i, i, None]
    if not unit_diagonal:
        out[(np.diagonal(a, axis1=-2, axis2=-1) == 0).any(-1)] = np.nan
    return out


def _eigh(x: Any) -> Any:
    try:
        return tuple(np.linalg.eigh(x))
    except np.linalg.LinAlgError:
        return np.full(x.shape[:-1], np.nan), np.full_like(x, np.nan)


def _svd(x: Any, full: bool) -> Any:
    try:
        return tuple(np.linalg.svd(x, full_matrices=full))
    except np.linalg.LinAlgError:
        finite = np.linalg.svd(np.zeros_like(x), full_matrices=full)
        return tuple(np.full_like(part, np.nan) for part in finite)


def _polygamma(n: Any, x: Any) -> Any:
    return np.where(n == 0, scipy.special.digamma(x), scipy.special.polygamma(n, x))


def _log_kve(v: Any, x: Any) -> Any:
    """Through SciPy where that neither overflows nor vanishes, else by quadrature."""
    dtype = np.result_type(v, x)
    v, x = np.broadcast_arrays(np.abs(np.asarray(v, "float64")), np.asarray(x, "float64"))
    out = np.asarray(np.log(scipy.special.kve(v, x)))
    bad = ~np.isfinite(out) & (x > 0) & np.isfinite(x) & np.isfinite(v)
    if np.any(bad):
        groups = np.array_split(np.stack([v[bad], x[bad]]), -(-np.sum(bad) // 500), axis=1)
        out[bad] = np.concatenate([_log_kve_integral(*pair) for pair in groups])
    return out.astype(dtype)


def _log_kve_integral(v: Any, x: Any) -> Any:
    """Logarithms of the integral of exp(x - x cosh t) cosh(v t) over t > 0.

    The integrand is smooth and falls off twice exponentially, so that the trapezoidal
    rule is exact to rounding.
    """
    v, x = v[:, None], x[:, None]
    size = np.hypot(v, x)
    peak = np.log(v + size) - np.log(x)
    width = 1.0 / np.sqrt(np.maximum(size, 1.0))
    low = np.maximum(peak - 40 * width, 0.0)
    share = np.linspace(0.0, 1.0, 1601)
    t = low + (peak + 40 * width - low) * share
    # x cosh t - x = 2 x sinh(t / 2)^2, without cancellation; x enters as a logarithm,
    # since it may be too small for the product.
    grown = np.exp(np.log(x) + t) / 2 - x + x * np.exp(-t) / 2
    f = v * t - grown + np.log1p(np.exp(-2 * v * t)) - math.log(2)
    weights = np.full(share.shape, share[1])
    weights[[0, -1]] /= 2
    top = f.max(axis=1)
    total = np.exp(f - top[:, None]) @ weights
    return top + np.log(total * (t[:, -1] - t[:, 0]))


_DENSITIES = Densities(np, scipy.special.gammaln, scipy.special.xlogy)

VOCABULARY: dict[str, Lowering] = {
    "logsumexp": _logsumexp,
    "cholesky": _nan_where_undefined(np.linalg.cholesky),
    "solve": _nan_where_undefined(np.linalg.solve),
    "solve_triangular": _solve_triangular,
    "eigh": _eigh,
    "svd": _svd,
    "polygamma": _polygamma,
    "log_kve": _log_kve,
    "log_gamma_density": _DENSITIES.gamma,
    "log_beta_density": _DENSITIES.beta,
}
"""Operation to function of the values of its arguments."""
