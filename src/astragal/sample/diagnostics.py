"""R-hat, effective sample sizes and quantiles of many scalars at once.

Rank-normalised split R-hat, bulk and tail effective sample size, and the Monte Carlo error of
the mean (Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, Bayesian Anal. 16(2):667-718),
as ArviZ computes them one scalar after the other. One sort serves quantiles, ranks and the ranks
of distances from the median; the normal scores of ranks are the same for all scalars; and of
chains that forget soon the few lags that count are summed without a Fourier transform.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri

Array = np.ndarray[Any, Any]

TAILS = (0.05, 0.95)
FEWEST = 4
"""Draws of a chain below which nothing is said about convergence."""
_AT_ONCE = 2_000_000  # numbers: what a part of the work keeps in memory
_DIRECT = 8
"""Pairs of lags that are summed as they are: so many cost about half of a transform."""


def measures(draws: Array) -> dict[str, Array]:
    """Measure each of several scalars.

    Parameters
    ----------
    draws
        Of shape (chain, draw, scalar).

    Returns
    -------
    dict
        One number a scalar: ``mean``, ``sd``, ``5%``, ``50%``, ``95%``; from four draws on
        ``mcse``, ``ess_bulk`` and ``ess_tail``, and of several chains ``r_hat``. NaN where a
        draw is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> found = measures(np.random.default_rng(0).normal(size=(4, 1000, 2)))
    >>> bool(np.all(found["r_hat"] < 1.01))
    True
    """
    chains, count, scalars = draws.shape
    size = max(1, _AT_ONCE // max(1, chains * count))
    parts = [
        _measured(np.ascontiguousarray(np.moveaxis(draws[..., i : i + size], 2, 0), dtype=float))
        for i in range(0, max(scalars, 1), size)
    ]
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _measured(x: Array) -> dict[str, Array]:
    """Measure scalars of shape (scalar, chain, draw)."""
    scalars, chains, count = x.shape
    flat = x.reshape(scalars, chains * count)
    with np.errstate(all="ignore"):  # NaN of what never moved, or has no draws
        ordered, order, z = _ranked(flat)
        low, median, high = (_quantile(ordered, q) for q in (TAILS[0], 0.5, TAILS[1]))
        sd = flat.std(axis=1, ddof=1) if flat.shape[1] > 1 else np.full(scalars, np.nan)
        out = {"mean": flat.mean(axis=1), "sd": sd, "5%": low, "50%": median, "95%": high}
        lost = np.isnan(flat).any(axis=1)
        for name in ("5%", "50%", "95%"):
            out[name][lost] = np.nan
        if count < FEWEST:
            return out
        halves = _halves(x)
        if count % 2:  # without the middle draws the others have other ranks
            ordered, order, z = _ranked(halves.reshape(scalars, chains * (count // 2) * 2))
        z = z.reshape(halves.shape)
        out["mcse"] = sd / np.sqrt(effective(halves))
        out["ess_bulk"] = effective(z)
        out["ess_tail"] = np.minimum(
            *(effective(_halves((x <= q[:, None, None]).astype(float))) for q in (low, high))
        )
        if chains > 1:
            tails = _folded(ordered, order).reshape(halves.shape)
            out["r_hat"] = np.fmax(_spread(z), _spread(tails))
        for name in {"mcse", "ess_bulk", "ess_tail", "r_hat"} & out.keys():
            out[name][lost] = np.nan
    return out


def _halves(x: Array) -> Array:
    """Split each chain in two, leaving out the middle draw of an odd number."""
    scalars, chains, count = x.shape
    if count % 2:
        half = count // 2
        return np.concatenate([x[..., :half], x[..., -half:]], axis=1)
    return x.reshape(scalars, 2 * chains, count // 2)


def _scores(n: int) -> Array:
    """Give the normal scores of the ranks of n numbers."""
    found: Array = ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    return found


def _ranked(x: Array) -> tuple[Array, Array, Array]:
    """Give rows in order, where each element was, and the normal scores of ranks."""
    order = np.empty(x.shape, dtype=np.intp)
    ordered = np.empty_like(x)
    for i, row in enumerate(x):
        order[i] = np.argsort(row)
        ordered[i] = row[order[i]]
    return ordered, order, _placed(ordered, order)


def _folded(ordered: Array, order: Array) -> Array:
    """Give the normal scores of the ranks of distances from the median.

    Below and above the median distances are in order already: a stable sort merges the two.
    """
    middle = ordered.shape[1] // 2
    median = 0.5 * (ordered[:, middle - 1] + ordered[:, middle])
    apart = np.abs(ordered - median[:, None])
    both = np.concatenate([apart[:, middle:], apart[:, :middle][:, ::-1]], axis=1)
    where = np.concatenate([order[:, middle:], order[:, :middle][:, ::-1]], axis=1)
    for i, row in enumerate(both):
        merged = np.argsort(row, kind="stable")
        both[i], where[i] = row[merged], where[i][merged]
    return _placed(both, where)


def _placed(ordered: Array, order: Array) -> Array:
    """Put the normal score of each rank where its element was; ties have their mean rank's."""
    scores = _scores(ordered.shape[1])
    z = np.empty_like(ordered)
    for i, places in enumerate(order):
        z[i][places] = scores
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if tied.any():
        z[tied] = _of_ties(ordered[tied], order[tied], scores)
    return z


def _of_ties(ordered: Array, order: Array, scores: Array) -> Array:
    """Give equal draws the score of their mean rank, from the scores of ranks without ties."""
    rows, n = ordered.shape
    first = np.ones((rows, n), dtype=bool)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    starts = np.flatnonzero(first)
    lengths = np.diff(starts, append=rows * n)
    several = lengths > 1
    ranks = starts[several] % n + 0.5 * (lengths[several] + 1)
    found = np.tile(scores, rows)
    found[np.repeat(several, lengths)] = np.repeat(
        ndtri((ranks - 0.375) / (n + 0.25)), lengths[several]
    )
    z = np.empty_like(ordered)
    np.put_along_axis(z, order, found.reshape(rows, n), axis=1)
    return z


def _quantile(ordered: Array, q: float) -> Array:
    """Interpolate between the two order statistics next to a quantile, as NumPy does."""
    place = q * (ordered.shape[1] - 1)
    below = int(place)
    above = min(below + 1, ordered.shape[1] - 1)
    found: Array = ordered[:, below] + (place - below) * (ordered[:, above] - ordered[:, below])
    # Between two equal infinities there is nothing to interpolate.
    return np.where(ordered[:, below] == ordered[:, above], ordered[:, below], found)


def _spread(x: Array) -> Array:
    """R-hat of (scalar, chain, draw) as it is: how much wider all chains are than one."""
    n = x.shape[2]
    between = n * x.mean(axis=2).var(axis=1, ddof=1)
    within = x.var(axis=2, ddof=1).mean(axis=1)
    found: Array = np.sqrt((between / within + n - 1) / n)
    return found


def effective(x: Array) -> Array:
    """Estimate effective sample sizes of the means of (scalar, chain, draw), as they are.

    Autocorrelations are summed as far as sums of pairs are positive, and made to fall
    (Geyer 1992, Stat. Sci. 7(4):473-483).
    """
    _, chains, n = x.shape
    means = x.mean(axis=2)
    centred = x - means[..., None]
    between = means.var(axis=1, ddof=1) if chains > 1 else np.zeros(len(x))
    covariance = _direct(centred, between)
    time, settled = _time(covariance, between, n)
    if not settled.all():
        slow = ~settled
        time[slow], _ = _time(_transformed(centred[slow]), between[slow], n)
    whole = float(chains * n)
    still = x.max(axis=(1, 2)) - x.min(axis=(1, 2)) < np.finfo(float).resolution
    return np.where(still, whole, whole / np.maximum(time, 1.0 / np.log10(whole)))


def _direct(centred: Array, between: Array) -> Array:
    """Give autocovariances of the first lags, as far as there is a scalar that needs more.

    Where most forget too slowly to end among them, the rest is left to a transform.
    """
    _, chains, n = centred.shape
    found: list[Array] = []
    more = np.ones(len(centred), dtype=bool)
    for lag in range(2 * min(_DIRECT, _pairs(n))):
        ahead, behind = centred[..., lag:], centred[..., : n - lag]
        found.append(np.einsum("scn,scn->s", ahead, behind) / (chains * n))
        if lag % 2:
            pair = found[-1] + found[-2]
            more &= pair + 2.0 * between > 0.0
            slow = more & (pair > found[0])
            if not more.any() or (lag > 1 and 2 * slow.sum() > len(slow)):
                break
    return np.stack(found, axis=1)


def _transformed(centred: Array) -> Array:
    """Give autocovariances at all lags; chains are added up before the transform back."""
    n = centred.shape[2]
    length = next_fast_len(2 * n, real=True)
    power = np.square(np.abs(rfft(centred, n=length, axis=2))).mean(axis=1)
    found: Array = irfft(power, n=length, axis=1)[:, : 2 * _pairs(n)] / n
    return found


def _pairs(n: int) -> int:
    """Count the pairs of lags: pair j is at 2 j and 2 j + 1, and three lags are left over."""
    return max(1, (n - 1) // 2)


def _time(covariance: Array, between: Array, n: int) -> tuple[Array, Array]:
    """Sum autocorrelations as far as their pairs are positive; and tell where this ended."""
    within = covariance[:, :1] * n / (n - 1.0)
    total = covariance[:, :1] + between[:, None]
    rho = 1.0 - (within - covariance) / total
    rho[:, 0] = 1.0
    sums = rho[:, ::2] + rho[:, 1::2]
    pairs = sums.shape[1]
    ended = (sums <= 0).any(axis=1)
    stop = np.where(ended, np.argmax(sums <= 0, axis=1), pairs - 1)
    falling = np.minimum.accumulate(sums, axis=1)
    before = np.where(np.arange(pairs) < stop[:, None], falling, 0.0).sum(axis=1)
    last = np.maximum(np.take_along_axis(rho, 2 * stop[:, None], axis=1)[:, 0], 0.0)
    return -1.0 + 2.0 * before + last, ended | (pairs == _pairs(n))
