"""Slice sampling of one continuous variable, coordinate by coordinate.

Neal (2003), Slice sampling, Annals of Statistics 31: stepping out (figure 3, with its
limit on the number of steps, split at random between the two ends) and shrinkage
(figure 5), on unconstrained coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from astragal.density.transforms import Transform
from astragal.derive.conjugate import KEY, Neighbourhood
from astragal.derive.steps import Program
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import tensor_type
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import scan, while_loop
from astragal.ops.creation import arange, full, ones
from astragal.ops.manipulation import astype, reshape
from astragal.ops.searching import where
from astragal.random import RANDOM_OPS
from astragal.random.keys import fold_in, split

TUNING = INPUT("tuning", tensor_type("int64", ()))
"""Iterations of the warm-up to come, this one counted: 0 after it."""
ADAPTING = TUNING > 0
"""Whether steps may adapt."""

_LIMIT = 64
_UNIFORM = RANDOM_OPS["uniform"]


def univariate(
    logp: Callable[[Expr], Expr], x0: Expr, width: Expr, key: Expr
) -> tuple[Expr, Expr, Expr]:
    """Build one slice update of a scalar.

    Parameters
    ----------
    logp
        Log density up to a constant; not a number counts as outside.
    x0
        Current value.
    width
        Initial size of the interval.
    key
        Spent.

    Returns
    -------
    new value, size of the last interval, number of evaluations
    """
    # One vector of uniforms: each place that draws is compiled on its own.
    k = split(key)
    u = _UNIFORM(k[0], (3,), 0.0, 1.0)
    below = e.log1p(-u[0])
    left = x0 - width * u[1]
    # The steps to the left are a random share of the limit: Neal's condition for reversibility.
    lefts = e.floor(u[2] * _LIMIT)

    def step_out(s: tuple[Expr, ...]) -> tuple[Expr, ...]:
        # The density is as long as the code gets, so it is written once for the current value
        # (which gives the level) and both ends.
        end, x, level, low, high, steps, n = s
        value = logp(x)
        ahead = (value > level) & (steps < where(end < 0, lefts, (_LIMIT - 1.0) - lefts))
        first, at_left, at_right = e.equal(end, 0.0), ~ahead & (end < 0), ~ahead & (end > 0)
        level = where(first, value + below, level)
        low, high = where(at_left, x, low), where(at_right, x, high)
        start = where(first, left, left + width)
        x = where(first | at_left, start, x + where(ahead & ~first, end * width, 0.0))
        steps = where(first | at_left, 0.0, steps + 1.0)
        end = where(first, -1.0, where(at_left, 1.0, where(at_right, 2.0, end)))
        return end, x, level, low, high, steps, n + 1.0

    zero = scalar(0.0, "float64")
    _, _, level, low, high, _, outside = while_loop(
        lambda s: s[0] < 2.0,
        step_out,
        (zero, x0, scalar(float("inf"), "float64"), x0, x0, zero, zero),
    )

    def shrink(s: tuple[Expr, ...]) -> tuple[Expr, ...]:
        a, b, x, _, n = s
        a, b = where(x < x0, x, a), where(x < x0, b, x)
        a, b = where(n > 0, a, low), where(n > 0, b, high)
        new = a + (b - a) * _UNIFORM(fold_in(k[1], n), None, 0.0, 1.0)
        # An interval that has shrunk to the current value holds nothing else.
        return a, b, new, (logp(new) >= level) | ~(b > a), n + 1

    a, b, x, _, n = while_loop(
        lambda s: ~s[3], shrink, (low, high, x0, scalar(False, "bool"), scalar(0, "int64"))
    )
    return x, b - a, astype(n, "float64") + outside


def by_coordinates(
    logp_of: Callable[[Expr], Expr], u0: Expr, width: Expr
) -> tuple[Expr, Expr, Expr]:
    """Build one slice update of each coordinate in turn.

    Parameters
    ----------
    logp_of
        Log density up to a constant, at coordinates of the shape of ``u0``.
    u0
        Current coordinates.
    width
        Initial sizes of the intervals, of the same shape.

    Returns
    -------
    new coordinates, widths of the next sweep, mean number of evaluations
    """
    shape = u0.shape
    if shape == ():
        u, size, n = univariate(logp_of, u0, width, KEY)
    else:
        flat = reshape(u0, (-1,))
        count = flat.shape[0]

        def one(carry: Expr, x: tuple[Expr, Expr, Expr]) -> tuple[Expr, tuple[Expr, Expr]]:
            i, k, w = x
            new, size, n = univariate(
                lambda v: logp_of(reshape(carry.at[i].set(v), shape)), carry[i], w, k
            )
            return carry.at[i].set(new), (size, n)

        new_flat, (sizes, ns) = scan(
            one, flat, (arange(count), split(KEY, count), reshape(width, (-1,)))
        )
        u, size, n = reshape(new_flat, shape), reshape(sizes, shape), r.mean(ns)
    # In the warm-up the width follows twice the size of the intervals that were left.
    return u, where(ADAPTING, 0.9 * width + 0.2 * size, width), n


def program_of(
    outputs: dict[str, Expr], label: str, width: Expr, adapted: Expr, n: Expr
) -> tuple[Program, dict[str, Expr]]:
    """Make the step of a slice update, and its tuning's initial values."""
    below = toposort(list(outputs.values()))
    inputs = {str(x.args[0]): x for x in below if x.op is INPUT and x not in (KEY, TUNING)}
    program = Program(
        KEY,
        {**inputs, label: width},
        TUNING,
        {**outputs, label: adapted},
        {"evaluations": n},
    )
    return program, {label: ones(width.shape)}


def slice_program(name: str, near: Neighbourhood, t: Transform) -> tuple[Program, dict[str, Expr]]:
    """Build the step of one variable, and its tuning's initial values."""
    z = near.z
    label = f"{name}:width"
    width = INPUT(label, tensor_type("float64", t.shape))

    ends = [t.forward(full(t.shape, end)) for end in (-math.inf, math.inf)]

    def logp_of(u: Expr) -> Expr:
        x = t.forward(u)
        (out,) = substitute([near.total], {z: x})
        # Where rounding has reached an end of the support, no coordinate leads back, and densities
        # that grow without bound there are infinite: such points count as outside.
        total = out + r.sum(t.log_jacobian(u))
        inside = e.isfinite(total) & r.all(e.not_equal(x, ends[0]) & e.not_equal(x, ends[1]))
        return where(inside, total, scalar(float("-inf"), total.dtype))

    u, adapted, n = by_coordinates(logp_of, t.backward(z), width)
    return program_of({name: t.forward(u)}, label, width, adapted, n)
