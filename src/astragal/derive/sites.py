"""Discrete variables without a closed form, element by element.

An element of few known values is drawn from the probabilities of all of them given the
rest. One of unbounded values is moved by a slice update: with a uniform number added it is
continuous, its density constant between whole numbers (Neal 2003, Annals of Statistics 31).
"""

from __future__ import annotations

from collections.abc import Callable

from astragal.density.tables import finite_values
from astragal.derive.conjugate import KEY, Neighbourhood
from astragal.derive.slice import ADAPTING, TUNING, univariate
from astragal.derive.steps import Program
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import tensor_type
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import scan
from astragal.ops.creation import arange, ones
from astragal.ops.manipulation import astype, reshape
from astragal.ops.searching import where
from astragal.random import RANDOM_OPS
from astragal.random.keys import split

Logp = Callable[[Expr], Expr]


def _from_all(logp: Logp, values: range, z: Expr, key: Expr) -> Expr:
    """Draw a value from the log probabilities of all."""
    _, logs = scan(lambda c, v: (c, logp(v)), [], arange(values.start, values.stop))
    top = r.max(logs)
    p = e.exp(logs - where(e.isfinite(top), top, 0.0))
    u = RANDOM_OPS["uniform"](key, None, 0.0, 1.0) * r.sum(p)
    below = astype(r.CUMULATIVE_SUM(p, 0) <= u, "int64")
    drawn = astype(e.minimum(r.sum(below), len(values) - 1) + values.start, z.dtype)
    # Where all are impossible another variable has to move first.
    return where(e.isfinite(top), drawn, z)


def _by_slice(logp: Logp, z: Expr, width: Expr, key: Expr) -> tuple[Expr, Expr, Expr]:
    """Move a whole number; also the size of the last interval, and the evaluations."""
    k = split(key)
    x = astype(z, "float64") + RANDOM_OPS["uniform"](k[0], None, 0.0, 1.0)
    new, size, n = univariate(lambda v: logp(astype(e.floor(v), z.dtype)), x, width, k[1])
    return astype(e.floor(new), z.dtype), size, n


def site_program(name: str, near: Neighbourhood) -> tuple[Program, dict[str, Expr]]:
    """Build the step of a discrete variable, and its tuning's initial values."""
    z, own = near.z, near.own
    values = None if own is None else finite_values(own.rv)
    flat = reshape(z, (-1,))
    count = flat.shape[0]
    label = f"{name}:width"
    width = INPUT(label, tensor_type("float64", z.shape))

    def logp_at(now: Expr, i: Expr) -> Logp:
        def logp(v: Expr) -> Expr:
            new = reshape(now.at[i].set(astype(v, z.dtype)), z.shape)
            (out,) = substitute([near.total], {z: new})
            return where(e.isnan(out), scalar(float("-inf"), out.dtype), out)

        return logp

    def one(now: Expr, x: tuple[Expr, Expr, Expr]) -> tuple[Expr, tuple[Expr, Expr]]:
        i, k, w = x
        if values is not None:
            new = _from_all(logp_at(now, i), values, now[i], k)
            return now.at[i].set(new), (w, scalar(float(len(values)), "float64"))
        new, size, n = _by_slice(logp_at(now, i), now[i], w, k)
        return now.at[i].set(new), (size, n)

    sizes_in = ones((count,)) if values is not None else reshape(width, (-1,))
    new, (sizes, ns) = scan(one, flat, (arange(count), split(KEY, count), sizes_in))
    outputs = {name: reshape(new, z.shape)}
    start: dict[str, Expr] = {}
    if values is None:
        # In the warm-up the width follows twice the size of the intervals that were left.
        after = 0.9 * width + 0.2 * reshape(sizes, z.shape)
        outputs[label] = where(ADAPTING, after, width)
        start[label] = 2.0 * ones(z.shape)
    inputs = {
        str(x.args[0]): x
        for x in toposort(outputs.values())
        if x.op is INPUT and x not in (KEY, TUNING)
    }
    return Program(KEY, inputs, TUNING, outputs, {"evaluations": r.mean(ns)}), start
