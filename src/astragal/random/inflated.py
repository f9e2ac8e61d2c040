"""Inflated and hurdle forms: mixtures of a law with zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import constant, is_constant, value_of
from astragal.graph.types import FLOATS
from astragal.ops.declare import as_expr, cast
from astragal.ops.manipulation import broadcast_arrays, stack
from astragal.random import discrete, positive
from astragal.random.combinators import Combinator, mixture, op_of_named, truncated
from astragal.random.wrapper import Law

_FAMILIES = {
    "poisson": discrete.poisson,
    "binomial": discrete.binomial,
    "negative_binomial": discrete.negative_binomial,
    "gamma": positive.gamma,
    "lognormal": positive.lognormal,
}
_INFLATED = """Draw from a {words} distribution with extra zeros.

    Zero with probability ``pi``, else a {words} value, which may be zero too: a `mixture`.

    Parameters
    ----------
    key
        Random key, which the draw spends.
    pi
        Probability of an extra zero.
    {names}
        As for `astragal.random.{name}`.
    size
        Batch shape; by default that of the parameters, broadcast.

    Examples
    --------
    >>> import astragal as ag
    >>> callable(ag.random.zero_inflated_{name}.law)
    True
    """
_HURDLE = """Draw zero with a given probability, else a positive {words} value.

    A `mixture` of zero and the {words} law{given}.

    Parameters
    ----------
    key
        Random key, which the draw spends.
    pi
        Probability of zero.
    {names}
        As for `astragal.random.{name}`.
    size
        Batch shape; by default that of the parameters, broadcast.

    Examples
    --------
    >>> import astragal as ag
    >>> callable(ag.random.hurdle_{name}.law)
    True
    """


def _zero() -> Law:
    return Law(op_of_named(discrete.point_mass), (0,))


def _weights(pi: Any) -> Expr:
    x = as_expr(pi)
    if is_constant(x):
        value = value_of(x) if x.dtype in FLOATS else value_of(x).astype("float64")
        return constant(np.stack([value, 1.0 - value], axis=-1))
    if x.dtype not in FLOATS:
        x = cast(x, "float64")
    return stack(broadcast_arrays(x, 1.0 - x), axis=-1)


def _make(name: str, hurdle: bool) -> Combinator:
    d = _FAMILIES[name]
    counts = d.dtype != "float"

    def make(pi: Any, *args: Any, **named: Any) -> Law:
        import astragal.random as random

        law: Law = getattr(random, name).law(*args, **named)
        if hurdle and counts:
            law = truncated.law(law, 1)
        return mixture.law(_weights(pi), [_zero(), law])

    make.__name__ = f"{'hurdle' if hurdle else 'zero_inflated'}_{name}"
    text = _HURDLE if hurdle else _INFLATED
    make.__doc__ = text.format(
        words=name.replace("_", " "),
        name=name,
        names=", ".join(p.name for p in d.parameters),
        given=", given that it is positive" if counts else "",
    )
    return Combinator(make)


zero_inflated_poisson = _make("poisson", hurdle=False)
zero_inflated_binomial = _make("binomial", hurdle=False)
zero_inflated_negative_binomial = _make("negative_binomial", hurdle=False)
hurdle_poisson = _make("poisson", hurdle=True)
hurdle_binomial = _make("binomial", hurdle=True)
hurdle_negative_binomial = _make("negative_binomial", hurdle=True)
hurdle_gamma = _make("gamma", hurdle=True)
hurdle_lognormal = _make("lognormal", hurdle=True)
