"""Exponential families: from statistics and natural parameters to a distribution.

A row says: on this support, a log density that is linear in these statistics is this
distribution, with these parameters. It names no prior and no likelihood.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from astragal.density.statistics import (
    IDENTITY,
    INVERSE,
    LOG,
    LOG_COMPLEMENT,
    LOG_SQUARE,
    SQUARE,
    Monomial,
)
from astragal.derive.notation import tidy
from astragal.graph.expr import Expr
from astragal.ops import elementwise as e


@dataclass(frozen=True)
class Family:
    """A row of the table.

    Attributes
    ----------
    name
        Of the distribution, as in `astragal.random`.
    support
        ``real``, ``positive``, ``unit`` or ``simplex``.
    statistics
        In the order of the natural parameters.
    parameters
        From natural parameters to the distribution's own.
    """

    name: str
    support: str
    statistics: tuple[Monomial, ...]
    parameters: Callable[..., tuple[Expr, ...]]


def _tidy(x: Expr) -> Expr:
    return tidy(x, backwards=True)


def _normal(eta1: Expr, eta2: Expr) -> tuple[Expr, ...]:
    precision = _tidy(-2.0 * eta2)
    return _tidy(eta1) / precision, e.divide(1.0, e.sqrt(precision))


# fmt: off
FAMILIES: tuple[Family, ...] = (
    Family("gamma",         "positive", (LOG, IDENTITY),         lambda a, b: (_tidy(a + 1.0), _tidy(-b))),
    Family("inverse_gamma", "positive", (LOG, INVERSE),          lambda a, b: (_tidy(-a - 1.0), _tidy(-b))),
    Family("lognormal",     "positive", (LOG, LOG_SQUARE),       lambda a, b: _normal(a + 1.0, b)),
    Family("beta",          "unit",     (LOG, LOG_COMPLEMENT),   lambda a, b: (_tidy(a + 1.0), _tidy(b + 1.0))),
    Family("normal",        "real",     (IDENTITY, SQUARE),      _normal),
    Family("dirichlet",     "simplex",  (LOG,),                  lambda a: (_tidy(a + 1.0),)),
)
# fmt: on


def find_family(support: str, used: set[Monomial], known: set[str]) -> Family | None:
    """Find the row of a support whose statistics include those used.

    Parameters
    ----------
    support, used
        What the log density is like.
    known
        Names of the distributions that there are.
    """
    for f in FAMILIES:
        if f.support == support and used <= set(f.statistics) and f.name in known:
            # Without its leading statistic a family is another one: no normal without z^2.
            if f.name in {"normal", "lognormal"} and f.statistics[-1] not in used:
                continue
            return f
    return None
