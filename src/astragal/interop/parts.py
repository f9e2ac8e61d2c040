"""Variables of PyMC that are read as several: series, Cholesky factors, vectors with sum zero.

Each has a density only on a set of its own, or step by step. It becomes independent random
variables, its parts, and the deterministic variable that they make.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from astragal import random as r
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.interop.loops import inline
from astragal.interop.operations import whole
from astragal.ops import elementwise as e
from astragal.ops import linalg
from astragal.ops.control import scan
from astragal.ops.declare import as_expr
from astragal.ops.manipulation import concatenate, moveaxis
from astragal.ops.reductions import cumulative_prod, cumulative_sum
from astragal.ops.reductions import sum as total
from astragal.random.improper import factor
from astragal.random.keys import split
from astragal.random.wrapper import Law

if TYPE_CHECKING:
    from astragal.interop.reader import Reader

Array = np.ndarray[Any, Any]


class Parts(NamedTuple):
    """The parts of a variable by what is added to its name, and what they make.

    `take` gives the values of the parts for a value of the whole: observed data are theirs.
    """

    parts: dict[str, Expr]
    whole: Expr
    take: Callable[[Array], dict[str, Array]]


Row = Callable[["Reader", Any, Expr], Parts]


# -- series ----------------------------------------------------------------------------------

LOCATION = {"normal": 0, "multivariate_normal": 0, "student_t": 1, "multivariate_t": 0,
            "laplace": 0, "cauchy": 0, "logistic": 0, "gumbel": 0}  # fmt: skip
"""Which parameter of a law is a shift, by distribution."""


def _random_walk(read: Reader, node: Any, key: Expr) -> Parts:
    first, step, steps = node.inputs[:3]
    law = read.law(step, True)
    own = split(key)
    n, core = whole(read[steps])[0], law.op.distribution.core
    batch = tuple((read.size_of(step) or (n,))[1:])
    start = read.law(first, True)(own[0], tuple((read.size_of(first) or (1,))[1:]))
    keys = split(own[1], n)
    at = LOCATION.get(law.op.name)

    def take(x: Array) -> dict[str, Array]:
        x = np.moveaxis(x, -1 - core, 0)
        rest = np.diff(x, axis=0) if at is None else x[1:]
        return {"init": x[0], ("innovations" if at is None else "steps"): rest}

    if at is None:
        _, moves = scan(lambda c, k: (c, law(k, batch)), (), keys)
        path = cumulative_sum(concatenate([start[None], moves]), axis=0)
        parts = {"init": start, "innovations": moves}
        return Parts(parts, moveaxis(path, 0, -1 - core), take)
    p = list(law.parameters)

    def move(x: Expr, k: Expr) -> tuple[Expr, Expr]:
        new = Law(law.op, (*p[:at], x + p[at], *p[at + 1 :]))(k, batch)
        return new, new

    _, after = scan(move, start, keys)
    path = concatenate([start[None], after])
    return Parts({"init": start, "steps": after}, moveaxis(path, 0, -1 - core), take)


def _last(n: int) -> Callable[[Array], dict[str, Array]]:
    """Split a series along its last dimension: first values, and those after them, time first."""
    return lambda x: {
        "init": x[..., :n] if n else x[..., 0],
        "steps": np.moveaxis(x[..., max(n, 1) :], -1, 0),
    }


def _series(start: Expr, after: Expr, n: int) -> Parts:
    head = start if n else start[..., None]
    path = concatenate([head, moveaxis(after, 0, -1)], axis=-1)
    return Parts({"init": start, "steps": after}, path, _last(n))


def _autoregression(read: Reader, node: Any, key: Expr) -> Parts:
    rho, scale = (read.parameter(v, True) for v in node.inputs[:2])
    order, n = node.op.ar_order, whole(read[node.inputs[3]])[0]
    own = split(key)
    size = read.size_of(node.inputs[2])
    start = read.law(node.inputs[2], True)(own[0], (order,) if size is None else size)
    # PyMC's first coefficient belongs to the latest value.
    has_constant = node.op.constant_term
    weights = (rho[..., 1:] if has_constant else rho)[..., ::-1]

    def move(x: Expr, k: Expr) -> tuple[Expr, Expr]:
        mean = total(x * weights, axis=-1)
        new = r.normal(k, mean + rho[..., 0] if has_constant else mean, scale, size=x.shape[:-1])
        return concatenate([x[..., 1:], new[..., None]], axis=-1), new

    _, after = scan(move, start, split(own[1], n))
    return _series(start, after, order)


def _garch(read: Reader, node: Any, key: Expr) -> Parts:
    omega, alpha, beta, scale = (read.parameter(v, True) for v in node.inputs[:4])
    own = split(key)
    start = read.law(node.inputs[4], True)(own[0], read.size_of(node.inputs[4]))

    def move(state: tuple[Expr, Expr], k: Expr) -> tuple[tuple[Expr, Expr], Expr]:
        y, sd = state
        new_sd = e.sqrt(omega + alpha * e.square(y) + beta * e.square(sd))
        new = r.normal(k, 0.0, new_sd)
        return (new, new_sd), new

    first = (start, scale + 0.0 * start)
    _, after = scan(move, first, split(own[1], whole(read[node.inputs[5]])[0]))
    return _series(start, after, 0)


def _euler_maruyama(read: Reader, node: Any, key: Expr) -> Parts:
    first, steps, *given = node.inputs[:-1]
    own = split(key)
    start = read.law(first, True)(own[0], read.size_of(first))
    values = [read.parameter(v, True) for v in given]
    # The user's function of the equation is in PyTensor: it is asked once, and its graph read.
    inside = [first.type(), *(v.type() for v in given)]
    dt = read[node.op.dt]
    slopes = [v if hasattr(v, "owner") else as_expr(v) for v in node.op.sde_fn(*inside)]

    def move(y: Expr, k: Expr) -> tuple[Expr, Expr]:
        made = iter(inline(read, inside, [v for v in slopes if hasattr(v, "owner")], [y, *values]))
        drift, diffusion = (next(made) if hasattr(v, "owner") else v for v in slopes)
        new = r.normal(k, y + dt * drift, e.sqrt(dt) * diffusion, size=y.shape)
        return new, new

    _, after = scan(move, start, split(own[1], whole(read[steps])[0]))
    return _series(start, after, 0)


# -- matrices --------------------------------------------------------------------------------


def _size(n: Expr, what: str) -> int:
    if not is_constant(n):
        raise UnsupportedError(f"{what} needs a size that is known beforehand")
    return int(value_of(n).reshape(()))


def _lkj_cholesky(read: Reader, node: Any, key: Expr) -> Parts:
    _, n, eta, spread = node.inputs
    size = _size(read[n], "LKJCholeskyCov")
    own = split(key)
    if len(read.size_of(spread) or ()) > 1:
        raise UnsupportedError("several LKJCholeskyCov in one variable are not read")
    law = read.law(spread, True)
    deviations = law(own[0], () if law.op.distribution.core else (size,))
    correlation = r.lkj(own[1], size, read.parameter(eta, True))
    rows, columns = np.tril_indices(size)
    lower = deviations[:, None] * linalg.cholesky(correlation)

    def take(packed: Array) -> dict[str, Array]:
        c = np.zeros((size, size))
        c[rows, columns] = packed
        sd = np.sqrt((c**2).sum(1))
        return {"stds": sd, "corr": c @ c.T / np.outer(sd, sd)}

    return Parts({"stds": deviations, "corr": correlation}, lower[rows, columns], take)


def _lkj_correlation(read: Reader, node: Any, key: Expr) -> Parts:
    _, _, n, eta = node.inputs
    size = _size(read[n], "LKJCorr")
    if read.size(node.inputs):
        raise UnsupportedError("several LKJCorr in one variable are not read")
    matrix = r.lkj(key, size, read.parameter(eta, True))
    rows, columns = np.triu_indices(size, k=1)

    def take(above: Array) -> dict[str, Array]:
        c = np.eye(size)
        c[rows, columns] = c[columns, rows] = above
        return {"corr": c}

    return Parts({"corr": matrix}, matrix[rows, columns], take)


# -- vectors ---------------------------------------------------------------------------------


def _sum_zero(x: Expr, axis: int) -> Expr:
    """One element more along an axis, so that all add up to zero; distances stay as they are."""
    n = int(x.shape[axis]) + 1
    gap = total(x, axis=axis, keepdims=True)
    shift = gap / (math.sqrt(n) + n)
    made: Expr = concatenate([x, shift - gap / math.sqrt(n)], axis=axis) - shift
    return made


def _without_last(x: Array, axis: int) -> Array:
    """The inverse of `_sum_zero`."""
    n = x.shape[axis]
    last = np.take(x, [-1], axis=axis)
    short: Array = np.delete(x, -1, axis=axis) - last * math.sqrt(n) / (math.sqrt(n) + n)
    return short


def _zero_sum_normal(read: Reader, node: Any, key: Expr) -> Parts:
    _, _, scale, support = node.inputs
    lengths = whole(read[support])
    axes = range(-len(lengths), 0)
    size, scale = read.size(node.inputs), read.parameter(scale, False)
    batch = scale.shape[: -len(lengths)] if size is None else size
    free = r.normal(key, 0.0, scale, size=(*batch, *(n - 1 for n in lengths)))
    x = free
    for axis in axes:
        x = _sum_zero(x, axis)

    def take(value: Array) -> dict[str, Array]:
        for axis in axes:
            value = _without_last(value, axis)
        return {"free": value}

    return Parts({"free": free}, x, take)


def _stick_breaking(read: Reader, node: Any, key: Expr) -> Parts:
    _, _, alpha, n = node.inputs
    k, concentration = whole(read[n])[0], read.parameter(alpha, False)
    size = read.size(node.inputs)
    batch = concentration.shape if size is None else size
    sticks = r.beta(key, 1.0, concentration[..., None], size=(*batch, k))
    left = cumulative_prod(1.0 - sticks, axis=-1)
    weights = concatenate(
        [sticks[..., :1], sticks[..., 1:] * left[..., :-1], left[..., -1:]], axis=-1
    )

    def take(w: Array) -> dict[str, Array]:
        before = 1.0 - np.cumsum(w, axis=-1) + w
        return {"sticks": w[..., :-1] / before[..., :-1]}

    return Parts({"sticks": sticks}, weights, take)


def _intrinsic_car(read: Reader, node: Any, key: Expr) -> Parts:
    _, _, edges, scale, spread = node.inputs
    w = read.parameter(edges, True)
    if not is_constant(w):
        raise UnsupportedError("ICAR needs neighbours that are known beforehand")
    n = int(w.shape[-1])
    rows, columns = np.nonzero(np.tril(value_of(w)) == 1)
    sd, wide = read.parameter(scale, True), read.parameter(spread, True) * n
    x = r.improper_uniform(key, size=(n,))
    # As PyMC has it: without the power of sd that the number of neighbours would ask for.
    weight = -0.5 * total(e.square(x[rows] - x[columns])) / e.square(sd)
    weight = weight - 0.5 * e.square(total(x) / wide) - 0.5 * np.log(2.0 * np.pi) - e.log(wide)
    return Parts({"": x, "neighbours": factor(weight)}, x, lambda value: {"": value})


# fmt: off
ROWS: dict[str, Row] = {
    "RandomWalkRV": _random_walk, "AutoRegressiveRV": _autoregression, "GARCH11RV": _garch,
    "EulerMaruyamaRV": _euler_maruyama,
    "_LKJCholeskyCovRV": _lkj_cholesky, "LKJCorrRV": _lkj_correlation,
    "ZeroSumNormalRV": _zero_sum_normal, "StickBreakingWeightsRV": _stick_breaking,
    "ICARRV": _intrinsic_car,
}
# fmt: on
