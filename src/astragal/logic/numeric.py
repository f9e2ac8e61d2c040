"""Laws of small graphs as numbers: expectations by quadrature over all random variables.

Every random variable gets an axis of its own. A continuous one is mapped to the whole line
(its support decides how), where the trapezoid rule converges faster than any power; a
discrete one is summed. Shifting the grid shows how large the error is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from astragal.graph.expr import DIMENSION, INPUT, Expr
from astragal.graph.literal import value_of
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import KeyType, TensorType, tensor_type
from astragal.logic.pattern import Side, unconditioned
from astragal.logic.rounding import noisy, perturbing
from astragal.ops.creation import input as make_input
from astragal.random.distribution import Distribution, Domain, Parameter, RandomOp, random_parts

Array = np.ndarray[Any, np.dtype[Any]]
POINTS = {1: 2401, 2: 281, 3: 61}
MOST_COUNTS = {1: 4000, 2: 600, 3: 70}
MOST_SERIES = 5000


class NotNumeric(Exception):
    """The graph is not of the sort that quadrature can do; the message says why."""


def run(inputs: Sequence[Expr], outputs: Sequence[Expr], values: Sequence[Any]) -> list[Any]:
    """Compute outputs; arrays may be given where the graph has scalars."""
    if perturbing():
        from astragal.compile.numpy import rule
        from astragal.compile.program import Program

        with np.errstate(all="ignore"):
            return Program(inputs, outputs, noisy(rule)).run(values)
    return _compiled(tuple(inputs), tuple(outputs))(*values)


@lru_cache(maxsize=1024)
def _compiled(inputs: tuple[Expr, ...], outputs: tuple[Expr, ...]) -> Callable[..., list[Any]]:
    from astragal.compile.numpy import compile_numpy

    return compile_numpy(inputs, outputs)


def evaluate_at(roots: Sequence[Expr], values: Mapping[Expr, Any]) -> list[Array]:
    """Compute expressions from values for some of the nodes below them."""
    needed, inputs, outputs = _cut(tuple(roots), tuple(values))
    return [np.asarray(v) for v in run(inputs, outputs, [values[x] for x in needed])]


@lru_cache(maxsize=1024)
def _cut(
    roots: tuple[Expr, ...], given: tuple[Expr, ...]
) -> tuple[list[Expr], list[Expr], Sequence[Expr]]:
    """Put inputs in the place of nodes whose values are given: these nodes, inputs, outputs."""
    below = set(toposort(roots))
    needed = [x for x in given if x in below]
    stand = {x: make_input(f"x{i}", x.type.shape, x.type.dtype) for i, x in enumerate(needed)}  # type: ignore[union-attr]
    return needed, list(stand.values()), substitute(roots, stand)


@lru_cache(maxsize=256)
def _density(d: Distribution, rank: int = 0) -> tuple[list[Expr], list[Expr]]:
    """Build the log density, and whether a value is in the support, as a graph."""
    shape = tuple(DIMENSION(f"n{i}") for i in range(rank))
    x = INPUT("x", tensor_type("float64" if d.dtype == "float" else d.dtype, shape))
    parameters = [
        INPUT(f"p{i}", tensor_type("int64" if p.integer else "float64", shape))
        for i, p in enumerate(d.parameters)
    ]
    inside = d.support(*parameters).contains(x)
    return [x, *parameters], [d.logdensity(x, *parameters), inside]


def log_density(d: Distribution, x: Array, parameters: Sequence[Array]) -> Array:
    """Evaluate a log density, minus infinity outside the support and for parameters out of place.

    Where rounding has left nothing of it, it is not a number.

    Raises
    ------
    NotNumeric
        Where it cannot be evaluated on a grid.
    """
    values = [x, *parameters]
    wanted = np.broadcast_shapes(*(np.shape(v) for v in values))
    try:
        value, inside = run(*_density(d), values)
        if np.shape(value) not in (wanted, ()):
            raise ValueError("a series took the place of a value")
    except ValueError:
        value, inside = _one_by_one(d, values, wanted)
    with np.errstate(all="ignore"):
        valid = np.asarray(valid_parameters(d, parameters))
        return np.where(inside & valid, value, -np.inf)


def _one_by_one(d: Distribution, values: Sequence[Array], shape: Any) -> tuple[Array, Array]:
    """Evaluate a density with a series in it, whose terms have an axis of their own."""
    whole = [np.broadcast_to(v, shape).ravel() for v in values]
    if whole[0].size > MOST_SERIES:
        raise NotNumeric(f"the density of {d.name} is a series: too slow on a grid")
    try:
        value, inside = run(*_density(d, 1), whole)
    except ValueError as error:
        raise NotNumeric(f"the density of {d.name}: {error}") from None
    return np.reshape(value, shape), np.reshape(np.broadcast_to(inside, whole[0].shape), shape)


def valid_parameters(d: Distribution, parameters: Sequence[Array]) -> Array:
    """Tell where all parameters lie in their domains."""
    ok: Array = np.asarray(True)
    for p, v in zip(d.parameters, parameters, strict=True):
        ok = ok & in_domain(p, v)
    return ok


def in_domain(p: Parameter, value: Array) -> Array:
    """Tell where values of a scalar parameter lie in its domain."""
    return np.asarray(run(*_membership(p.domain, p.integer), [value])[0])


@lru_cache(maxsize=256)
def _membership(domain: Domain, integer: bool) -> tuple[list[Expr], list[Expr]]:
    x = INPUT("x", tensor_type("int64" if integer else "float64"))
    return [x], [domain.contains(x)]


@lru_cache(maxsize=256)
def _summary(d: Distribution) -> tuple[list[Expr], list[Expr]]:
    """Build a centre and a spread of a distribution as a graph."""
    parameters = [
        INPUT(f"p{i}", tensor_type("int64" if p.integer else "float64"))
        for i, p in enumerate(d.parameters)
    ]
    from astragal.graph.literal import constant
    from astragal.ops import elementwise as e

    if d.quantile is not None and d.dtype == "float":
        q = [d.quantile(constant(u), *parameters) for u in (0.25, 0.5, 0.75)]
        return parameters, [q[1], q[2] - q[0]]
    if d.mean is not None and d.variance is not None:
        return parameters, [
            e.multiply(1.0, d.mean(*parameters)),
            e.sqrt(e.multiply(1.0, d.variance(*parameters))),
        ]
    named = {p.name: x for p, x in zip(d.parameters, parameters, strict=True)}
    one = constant(1.0)
    return parameters, [named.get("loc", constant(0.0)), named.get("scale", one)]


def _bounds(d: Distribution, parameters: Sequence[Array]) -> tuple[Array | None, Array | None]:
    exprs = [
        INPUT(f"p{i}", tensor_type("int64" if p.integer else "float64"))
        for i, p in enumerate(d.parameters)
    ]
    bounds = d.support(*exprs).bounds
    if bounds is None:
        return None, None
    out: list[Array | None] = []
    for b in bounds:
        if b is None:
            out.append(None)
        elif isinstance(b, Expr):
            out.append(run(exprs, [b], parameters)[0])
        else:
            out.append(np.asarray(float(b)))
    return out[0], out[1]


def line(n: int, shift: float) -> tuple[Array, Array]:
    """Give n points of the double-exponential rule, and the logs of their weights.

    The points are ``t = sinh(s)`` for evenly spaced s; they reach far out, and are dense
    near zero.
    """
    reach = 7.0
    step = 2 * reach / n
    s = -reach + step * (np.arange(n) + shift)
    return np.sinh(s), np.log(step * np.cosh(s))


def axis_of(
    d: Distribution, parameters: Sequence[Array], n: int, shift: float, shape: tuple[int, ...]
) -> tuple[Array, Array]:
    """Give values for one random variable along a new axis, and log weights without density.

    Parameters
    ----------
    shape
        Where the new axis stands: ones, and -1 in its place.
    """
    if d.dtype != "float":
        return _counts(d, parameters, n, shape)
    t, logw = (v.reshape(shape) for v in line(n, shift))
    inputs, outputs = _summary(d)
    centre, spread = run(inputs, outputs, parameters)
    low, high = _bounds(d, parameters)
    with np.errstate(all="ignore"):
        if low is None and high is None:
            spread = np.where(np.isfinite(spread) & (spread > 0), spread, 1.0)
            centre = np.where(np.isfinite(centre), centre, 0.0)
            z = np.clip(t * 0.5, -60, 60)
            return centre + spread * np.sinh(z), logw + np.log(0.5 * spread * np.cosh(z))
        if high is None:
            assert low is not None
            start = np.where(np.isfinite(centre) & (centre > low), centre - low, 1.0)
            k = np.clip(np.nan_to_num(spread / start, nan=1.0, posinf=1.0), 0.05, 1.0)
            gap = start * np.exp(np.clip(k * t, -600, 600))
            return low + gap, logw + np.log(k * gap)
        if low is None:
            raise NotNumeric(f"{d.name} is bounded above only")
        width = high - low
        start = np.clip((centre - low) / width, 1e-6, 1 - 1e-6)
        start = np.where(np.isfinite(start), start, 0.5)
        z = (
            np.log(start)
            - np.log1p(-start)
            + t * np.clip(np.nan_to_num(spread / width / (start * (1 - start)), nan=1.0), 0.05, 1.0)
        )
        p, q = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z))
        k = np.clip(np.nan_to_num(spread / width / (start * (1 - start)), nan=1.0), 0.05, 1.0)
        value = np.where(z < 0, low + width * p, high - width * q)
        return value, logw + np.log(k * width) + np.log(p) + np.log(q)


def _counts(
    d: Distribution, parameters: Sequence[Array], n: int, shape: tuple[int, ...]
) -> tuple[Array, Array]:
    if d.dtype == "bool":
        raise NotNumeric(f"{d.name} is no number")
    start = 0
    if d.name in {"discrete_uniform", "hypergeometric"}:
        start = int(np.min(np.asarray(parameters[0]))) if d.name == "discrete_uniform" else 0
    values = start + np.arange(n).reshape(shape)
    return values, np.zeros(values.shape)


@dataclass(frozen=True)
class Law:
    """The law of a side at given parameters: values of its roots, and their weights."""

    roots: tuple[Array, ...]
    weights: Array
    mass: float

    @cached_property
    def points(self) -> tuple[list[Array], Array]:
        """Values of the roots at the points that carry weight, and the weights."""
        flat = np.ravel(self.weights)
        kept = flat > 1e-18 / flat.size * max(self.mass, 1e-300)
        return [np.ravel(r)[kept] for r in self.roots], flat[kept]


def numeric_sort(side: Side) -> str | None:
    """Say why quadrature cannot do a side; None where it can."""
    bare, event = unconditioned(side)
    side = bare if event is None else Side((*bare.roots, event))
    for x in side.order:
        if isinstance(x.type, KeyType) or not isinstance(x.type, TensorType):
            continue
        if x.type.shape:
            return f"{x.op.name} is no scalar"
        if not (isinstance(x.op, RandomOp) or x.op.elementwise or not x.args or not _has_expr(x)):
            return f"{x.op.name} is not elementwise"
    if len(side.draws) > 3:
        return f"{len(side.draws)} random variables are too many for a grid"
    return None


def _has_expr(x: Expr) -> bool:
    return any(isinstance(a, Expr) for a in x.args)


def law(side: Side, values: Mapping[Expr, Any], shift: float) -> Law:
    """Compute the law of a side at values of its parameters.

    Raises
    ------
    NotNumeric
        Where a random variable is of a sort that has no grid.
    """
    bare, event = unconditioned(side)
    if event is not None:
        return _given(law(Side((*bare.roots, event)), values, shift))
    n_axes = len(side.draws)
    if n_axes == 0:
        roots = evaluate_at(side.roots, values)
        return Law(tuple(np.broadcast_to(r, (1,)) for r in roots), np.ones(1), 1.0)
    known: dict[Expr, Any] = dict(values)
    total: Array = np.zeros((1,) * n_axes)
    for i, x in enumerate(side.draws):
        d, _, _, exprs = random_parts(x)
        parameters = [np.asarray(p) for p in evaluate_at(exprs, known)] if exprs else []
        n = (POINTS if d.dtype == "float" else MOST_COUNTS)[n_axes]
        if d.name == "bernoulli":
            n = 2
        if d.dtype != "float":
            n = _enough(d, parameters, n)
        shape = tuple(-1 if j == i else 1 for j in range(n_axes))
        # Each axis has an offset of its own, so that no diagonal is favoured.
        value, logw = axis_of(d, parameters, n, (shift * (1 + 0.37 * i)) % 1.0, shape)
        logp = log_density(d, value, parameters)
        with np.errstate(all="ignore"):
            total = total + np.nan_to_num(logp + logw, nan=-np.inf, neginf=-np.inf, posinf=-np.inf)
        known[x] = value
    with np.errstate(all="ignore"):
        weights = np.exp(total)
    mass = float(weights.sum())
    roots = [
        np.broadcast_to(np.asarray(r, float), weights.shape) for r in evaluate_at(side.roots, known)
    ]
    return Law(tuple(roots), weights, mass)


def _given(whole: Law) -> Law:
    """Condition a law on its last output, an event."""
    *roots, event = whole.roots
    weights = whole.weights * event
    chance = float(weights.sum())
    if chance < 1e-9:
        raise NotNumeric("the event has no probability on the grid")
    return Law(tuple(roots), weights / chance, whole.mass)


def _enough(d: Distribution, parameters: Sequence[Array], n: int) -> int:
    """Find how many counts hold all but a trace of the mass, for the parameters that occur."""
    inputs, outputs = _summary(d)
    centre, spread = run(inputs, outputs, parameters)
    if d.mean is None or d.variance is None:
        return n
    reach = np.quantile(np.nan_to_num(np.ravel(centre + 30 * spread), nan=1e9, posinf=1e9), 0.8)
    return int(min(n, max(40, reach + 40)))


def constant_value(x: Expr) -> Any:
    """Give the value of a constant."""
    return value_of(x)
