"""Standard normal, exponential and gamma values, which other samplers are made of."""

from __future__ import annotations

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.ops import elementwise as e
from astragal.ops.control import cond
from astragal.ops.searching import where
from astragal.random import exact
from astragal.random.exact import unit_interval
from astragal.random.sampler import Source, until


def standard_normal(bits: Expr) -> Expr:
    """Turn 64 bits into a standard normal value, by the quantile."""
    # The bits give 1.f in [1, 2); 1.f - (3/2 - 2**-53) has no exact constant, so two steps.
    return exact.normal_quantile(unit_interval(bits) - 0.5)


def standard_exponential(bits: Expr) -> Expr:
    """Turn 64 bits into a standard exponential value, by the quantile."""
    return -exact.log(unit_interval(bits))


# -- gamma -----------------------------------------------------------------------------------


def gamma_parts(
    source: Source, shape: Expr, tag: int = 0, start: Expr | None = None
) -> tuple[Expr, Expr]:
    """Give g and h such that g exp(h) is a standard gamma value.

    Marsaglia & Tsang 2000. Below a shape of 1, a value for shape + 1 times U**(1 / shape),
    whose logarithm is h, so that nothing underflows. Uses the tags ``tag`` and ``tag + 1``.
    """
    boost = shape < 1.0
    d = where(boost, shape + 1.0, shape) - 1.0 / 3.0
    c = 1.0 / e.sqrt(9.0 * d)

    def attempt(first: Expr, second: Expr) -> tuple[list[Expr], Expr]:
        x = standard_normal(first)
        root = 1.0 + c * x
        v = root * root * root
        u = unit_interval(second)
        square = x * x
        sure = u < 1.0 - 0.0331 * square * square

        def exactly(u: Expr, square: Expr, v: Expr, root: Expr, d: Expr) -> Expr:
            safe = where(root > 0.0, v, 1.0)
            return exact.log(u) < 0.5 * square + d * (1.0 - safe + exact.log(safe))

        accepted = cond(
            e.logical_or(sure, root <= 0.0),
            lambda u, square, v, root, d: root > 0.0,
            exactly,
            *(u, square, v, root, d),
        )
        return [d * v], accepted

    (g,) = until(source, attempt, tag, start=start)

    def boosted(shape: Expr) -> Expr:
        bits = source.block_at(0, tag + 1) if start is None else source.block(start, tag + 1)
        return exact.log(unit_interval(bits[0])) / shape

    h = cond(boost, boosted, lambda shape: shape * 0.0, shape)
    return g, h


def boost_ahead(shape: Expr, tag: int = 0) -> tuple[int, ...]:
    """Give the tag of the boost where the shape is known to be mostly below 1."""
    below = is_constant(shape) and np.mean(value_of(shape) < 1.0) > 0.25
    return (tag + 1,) if below else ()


def scaled(g: Expr, h: Expr) -> Expr:
    """Give g exp(h), where h is mostly zero; zero where that is no normal number."""

    def product(g: Expr, h: Expr) -> Expr:
        x = g * exact.exp(h)
        return where(e.abs(x) < 2.0**-1022, 0.0, x)

    out: Expr = cond(e.equal(h, 0.0), lambda g, h: g, product, g, h)
    return out
