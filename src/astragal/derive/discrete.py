"""Finite discrete variables: drawn from all their values' probabilities, and summed out."""

from __future__ import annotations

import math
from collections.abc import Mapping

from astragal.density.tables import (
    MOST_OF_ONE,
    MOST_VALUES,
    finite_values,
    indicator_form,
)
from astragal.derive.conjugate import KEY, Found, Natural, Neighbourhood
from astragal.derive.notation import write
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import substitute
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops import special as sp
from astragal.ops.control import scan
from astragal.ops.creation import arange
from astragal.ops.manipulation import astype, broadcast_to
from astragal.ops.searching import where
from astragal.random import RANDOM_OPS


def enumerated(near: Neighbourhood) -> Found | str:
    """Find the conditional of a finite discrete variable whose elements are independent.

    Returns
    -------
    Found, or str
        Why there is none.
    """
    own, z = near.own, near.z
    if own is None:
        return "it has no distribution of its own"
    single = all(d == 1 for d in z.shape)
    values = finite_values(own.rv, MOST_OF_ONE if single else MOST_VALUES)
    if values is None:
        return "its values are not finitely many, or not known"
    terms = [*(f.guarded for f in near.factors), *near.extra]
    form = indicator_form(z, values, terms) if len(values) <= MOST_VALUES else None
    form = form or _each_value(z, values, terms)
    if form is None:
        return "its elements are not independent given the rest"
    natural, const = form
    if near.extra:
        natural = _possible(near, values, natural)
    name = str(z.args[0])
    normaliser = r.logsumexp(natural, axis=-1)
    logp = natural - normaliser[..., None]
    places = z - values.start
    chosen = e.equal(places[..., None], arange(len(values)))
    picked = r.sum(where(chosen, logp, 0.0), -1)
    law: Expr | None = None
    if len(values) == 2 and values.start == 0:
        odds = natural[..., 1] - natural[..., 0]
        law = RANDOM_OPS["bernoulli"](KEY, z.shape, sp.expit(odds))
        draw = law
    else:
        # One uniform an element, compared with the cumulative probabilities.
        u = RANDOM_OPS["uniform"](KEY, z.shape, 0.0, 1.0)
        draw = drawn_place(u, e.exp(logp), z.dtype) + values.start
    return Found(
        targets=(name,),
        family="bernoulli" if law is not None else "categorical",
        law=law,
        outputs={name: draw},
        logq=r.sum(picked),
        marginal=const + r.sum(normaliser),
        text=lambda labels: _text(natural, labels, law is not None),
        finder="finite_sum",
        natural=Natural((natural,), lambda eta: r.sum(r.logsumexp(eta, axis=-1))),
    )


def _possible(near: Neighbourhood, values: range, natural: Expr) -> Expr:
    """Give impossible values no probability.

    What integrating others out left is no number there: a beta law of theta given k of n
    successes has none for n below k.
    """
    z = near.z
    conditions = [f.support for f in near.factors if f.support is not None]
    terms = [where(c, 0.0, -math.inf) for c in conditions]
    if not terms:
        return natural
    form = indicator_form(z, values, terms) if len(values) <= MOST_VALUES else None
    form = form or _each_value(z, values, terms)
    return natural if form is None else where(e.equal(form[0], -math.inf), -math.inf, natural)


def drawn_place(u: Expr, p: Expr, dtype: str) -> Expr:
    """Count the cumulative probabilities, short of the last, that a uniform number reaches."""
    (k,) = p.shape[-1:]
    assert isinstance(k, int)
    if k > MOST_VALUES:
        reached = u[..., None] >= r.CUMULATIVE_SUM(p[..., :-1], p.ndim - 1)
        return r.sum(astype(reached, dtype), -1)
    total = p[..., 0]
    count = astype(u >= total, dtype)
    for i in range(1, k - 1):
        total = total + p[..., i]
        count = count + astype(u >= total, dtype)
    return count


def _each_value(z: Expr, values: range, terms: list[Expr]) -> tuple[Expr, Expr] | None:
    """Compute what a single number enters at each of its values; None for several numbers."""
    if any(d != 1 for d in z.shape):
        return None

    def at(value: Expr) -> Expr:
        moved = {z: broadcast_to(astype(value, z.dtype), z.shape)}
        first, *rest = substitute([r.sum(t) for t in terms], moved)
        for t in rest:
            first = first + t
        return first

    _, natural = scan(lambda none, v: (none, at(v)), [], arange(values.start, values.stop))
    return broadcast_to(natural, (*z.shape, len(values))), scalar(0.0, natural.dtype)


def _text(natural: Expr, labels: Mapping[Expr, str], binary: bool) -> str:
    word = "Bernoulli" if binary else "Categorical"
    shown = write(natural, labels)
    if len(shown) > 120 or ";" in shown:
        shown = "log p(value, ...), for each value"
    return f"{word}(log odds of {shown})" if binary else f"{word}(log p = {shown})"
