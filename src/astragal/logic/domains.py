"""Whether what a variable of a statement stands for is seen to lie where its annotation says."""

from __future__ import annotations

import numpy as np

from astragal.graph.expr import Expr
from astragal.graph.literal import is_constant, value_of
from astragal.logic.algebra import decide, positive
from astragal.logic.match import Match
from astragal.logic.variables import Variable
from astragal.ops.indexing import INDEX
from astragal.random.distribution import (
    NON_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    Domain,
    contains,
    is_random,
    random_parts,
)
from astragal.random.multivariate import COVARIANCE


def in_domain(v: Variable, domain: Domain, found: Match, known: set[Expr]) -> bool:
    """Tell whether a variable's value is seen to lie where its annotation says."""
    for d in found.side.draws:
        pairs = zip(d.args[2:], random_parts(d)[0].parameters, strict=True)
        for a, q in pairs:
            # The random variable itself demands it, of the value or of a product with it.
            row = a.op is INDEX and a.args[0] is v
            if ((a is v or row) and q.domain is domain) or (
                q.domain in _DEMANDING.get(domain.words, ()) and _is_factor(v, a)
            ):
                return True
    x = found.env[v]
    if any(x in random_parts(y)[3] and _demands(y, x, domain) for y in found.draws):
        return True
    # What is finite is a number; whether it is one, the random variable asks.
    ends = [x > 0.0] if domain is POSITIVE else [x >= 0.0, x <= 1.0]
    wanted = ends if domain in (POSITIVE, PROBABILITY) else [domain.contains(x)]
    if all(decide(c, known) is True for c in wanted):
        return True
    return is_constant(x) and bool(np.all(contains(domain, value_of(x))))


def _is_factor(v: Expr, x: Expr) -> bool:
    """Whether an expression is a variable times or over what is positive, or a choice of it."""
    if x is v:
        return True
    if x.op.name in {"index", "sqrt", "inv"}:
        return _is_factor(v, x.args[0])
    if x.op.name == "where":
        return _is_factor(v, x.args[1]) or _is_factor(v, x.args[2])
    if x.op.name not in {"multiply", "divide"}:
        return False
    a, b = x.args
    return (_is_factor(v, a) and _definite(b)) or (_is_factor(v, b) and _definite(a))


def _definite(x: Expr) -> bool:
    """Whether an expression is seen to be positive, or a positive definite matrix."""
    if not is_random(x):
        return positive(x)
    d, _, _, parameters = random_parts(x)
    return d.support(*parameters) in (POSITIVE, COVARIANCE)


_DEMANDING = {
    POSITIVE.words: (POSITIVE, NON_NEGATIVE, COVARIANCE),
    COVARIANCE.words: (COVARIANCE,),
}


def _demands(draw: Expr, x: Expr, domain: Domain) -> bool:
    d, _, _, parameters = random_parts(draw)
    return any(a is x and q.domain is domain for a, q in zip(parameters, d.parameters, strict=True))
