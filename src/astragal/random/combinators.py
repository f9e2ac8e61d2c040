"""Laws made of laws: mixtures, truncation, censoring, transformation.

Each is one random variable: a term ``op(key, size, *parameters)`` whose operation is made, once,
from those of its parts, and is named after them, as in ``mixture[normal, gamma]``.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from astragal.graph.errors import DomainError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.types import KeyType
from astragal.ops import elementwise as e
from astragal.ops.declare import as_expr, cast
from astragal.ops.manipulation import reshape
from astragal.random import (
    bounded,
    mixtures,
    real,
    transformation,
    truncation,
)
from astragal.random.bijections import BIJECTIONS
from astragal.random.distribution import Distribution, RandomOp, is_random
from astragal.random.wrapper import Law

Components = Law | Sequence[Law]


# -- operations --------------------------------------------------------------------------------


class Table(dict[str, Op]):
    """The operations by name; those of combinators are made from their names."""

    def __missing__(self, name: str) -> Op:
        """Find the operation of a combinator.

        Raises
        ------
        KeyError
            Where there is none of that name.
        """
        found = parse(self, name)
        if found is None:
            raise KeyError(name)
        return found


@cache
def op_of(d: Distribution) -> RandomOp:
    """Give the one operation of a derived declaration."""
    return RandomOp(d)


def parse(table: dict[str, Op], name: str, depth: int = 0) -> RandomOp | None:
    """Find the operation of a name like ``truncated[mixture[*normal]]``, or None."""
    if name in table:
        op = table[name]
        return op if isinstance(op, RandomOp) else None
    match = re.fullmatch(r"(mixture|truncated|censored|transformed)\[(.+)\]", name)
    if match is None or depth > 8 or len(name) > 1000:
        return None
    kind, inside = match.groups()
    how = ""
    if kind == "transformed":
        how, _, inside = inside.partition(", ")
        if how not in BIJECTIONS:
            return None
    along = kind == "mixture" and inside.startswith("*")
    ops = [parse(table, part, depth + 1) for part in _parts(inside[1:] if along else inside)]
    laws = tuple(op.distribution for op in ops if op is not None)
    if len(laws) != len(ops) or (len(laws) != 1 and (kind != "mixture" or along)):
        return None
    if kind == "mixture":
        d = mixtures.mixture(laws, along)
    elif kind == "transformed":
        d = transformation.transformed(laws[0], how)
    else:
        d = getattr(truncation, kind)(laws[0])
    return op_of(d)


def _parts(text: str) -> list[str]:
    """Split at the commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "[") - (c == "]")
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 2
    return [*parts, text[start:]]


# -- functions ---------------------------------------------------------------------------------


class Combinator:
    """A function that draws, whose attribute ``law`` makes the law without the key."""

    def __init__(self, make: Callable[..., Law]) -> None:
        self.law = make
        self.__name__ = self.__qualname__ = make.__name__.lstrip("_")
        self.__doc__ = make.__doc__

    def __call__(
        self, key: Any, *args: Any, size: Any = None, dtype: Any = None, **named: Any
    ) -> Expr:
        """Draw from the law that the arguments make."""
        if not (isinstance(key, Expr) and isinstance(key.type, KeyType)):
            shown = describe(key) if isinstance(key, Expr) else f"{key!r:.60}"
            raise TypeError(f"{self._call}: the first argument is a key, got {shown}")
        try:
            inspect.signature(self.law).bind(*args, **named)
        except TypeError as error:
            raise TypeError(f"{self._call}: {error}") from None
        law = self.law(*args, **named)
        if dtype is not None:
            law = with_dtype(law, dtype)
        return law(key, size)

    @property
    def _call(self) -> str:
        """How it is called, for errors."""
        names = ", ".join(inspect.signature(self.law).parameters)
        return f"{self.__name__}(key, {names}, size=, dtype=)"

    def __repr__(self) -> str:
        return f"<astragal.random.{self.__name__}>"


def with_dtype(law: Law, dtype: Any) -> Law:
    """Give a law whose parameters of floating point have a data type."""
    values = tuple(
        v if p.integer else cast(as_expr(v), str(np.dtype(dtype)))
        for v, p in zip(law.parameters, law.op.distribution.parameters, strict=True)
    )
    return Law(law.op, values)


def _law(value: Any, name: str) -> Law:
    if isinstance(value, Law):
        return value
    hint = ""
    if isinstance(value, Expr) and is_random(value):
        hint = f"; a law has no key yet: write ag.random.{value.op.name}.law(...)"
    elif isinstance(value, (FunctionType, Combinator)):
        hint = f"; give its parameters: ag.random.{value.__name__}.law(...)"
    raise TypeError(f"{name}: {value!r:.60} is no law{hint}")


def _mixture(weights: Any, components: Components) -> Law:
    """Draw from a mixture: from one of several laws, chosen with given probabilities.

    Parameters
    ----------
    key
        Random key, which the draw spends.
    weights
        Probabilities with sum 1, along the last dimension.
    components
        Laws of single numbers, one a weight: ``[ag.random.normal.law(0.0, 1.0), ...]``. Or one
        law whose parameters have the components along their last dimension (parameters
        without dimensions are the same for all).
    size
        Batch shape; by default that of the weights and parameters, broadcast.
    dtype
        Data type of floating point.

    Returns
    -------
    Expr
        One value a batch element: counts if all components are counts, real numbers if not.

    Raises
    ------
    ShapeError
        Where the number of weights is not that of the components.

    Notes
    -----
    The log density is with respect to length. Where a component has a probability of its own
    at a value (a count among real values, a bound of a censored law), it is the log of the
    probability there, since densities count for nothing beside it.

    Examples
    --------
    >>> import astragal as ag
    >>> slab = ag.random.normal.law(0.0, ag.input("scale"))
    >>> x = ag.random.mixture(ag.key(0), [0.3, 0.7], [ag.random.normal.law(0.0, 0.01), slab])
    >>> x.op.name, x.op(*x.args) is x
    ('mixture[normal, normal]', True)
    >>> centres = ag.input("centres", shape=(4,))
    >>> ag.random.mixture(ag.key(0), [0.25] * 4, ag.random.normal.law(centres, 1.0), size=9).shape
    (9,)
    """
    if isinstance(components, Law):
        d = mixtures.mixture((components.op.distribution,), True)
        values = [_with_axis(v) for v in components.parameters]
        return Law(op_of(d), (weights, *values))
    given: Any = components
    if isinstance(given, Expr) or not isinstance(given, Iterable):
        _law(given, "mixture: components")
    laws = [_law(c, "mixture") for c in given]
    if not laws:
        raise DomainError("mixture: there are no components")
    d = mixtures.mixture(tuple(c.op.distribution for c in laws), False)
    return Law(op_of(d), (weights, *(v for c in laws for v in c.parameters)))


def _with_axis(value: Any) -> Expr:
    x = as_expr(value)
    return x if x.type.shape else reshape(x, (1,))


def _truncated(law: Law, lower: Any = -math.inf, upper: Any = math.inf) -> Law:
    """Draw from a law given that the value lies between two bounds, both included.

    Parameters
    ----------
    key
        Random key, which the draw spends.
    law
        Of single numbers, as made by ``ag.random.NAME.law(...)``.
    lower, upper
        The bounds; infinite ones are none.
    size
        Batch shape; by default that of the parameters, broadcast.
    dtype
        Data type of floating point.

    Returns
    -------
    Expr
        One value a batch element.

    Raises
    ------
    DomainError
        Where there is nothing between the bounds.

    Notes
    -----
    Exact however far out the bounds lie: by inversion, by rejection from a hat of a log-concave
    density, or, after a few attempts with the whole law, from a hat of steps over a density of
    which it is known where it turns. Mixtures and transformed laws pass the bounds on. Where no
    value is possible the draw is NaN, or for counts -2**63, which no support holds. The log
    density needs the probability of the interval, which some families do not declare.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.random.truncated(ag.key(3), ag.random.gamma.law(2.0, rate=1.0), lower=400.0)
    >>> bool(400.0 <= ag.evaluate(x) < 420.0)
    True
    """
    law = _law(law, "truncated")
    d = law.op.distribution
    if d is real.normal:
        return Law(op_of_named(bounded.truncated_normal), (*law.parameters, lower, upper))
    if d.name.startswith("truncated[") or d is bounded.truncated_normal:
        *p, a, b = law.parameters
        both = e.maximum(as_expr(a), as_expr(lower)), e.minimum(as_expr(b), as_expr(upper))
        return Law(law.op, (*p, *both))
    return Law(op_of(truncation.truncated(d)), (*law.parameters, lower, upper))


def _censored(law: Law, lower: Any = -math.inf, upper: Any = math.inf) -> Law:
    """Draw from a law whose values beyond two bounds are seen as the bounds.

    Parameters
    ----------
    key
        Random key, which the draw spends.
    law
        Of single numbers, as made by ``ag.random.NAME.law(...)``.
    lower, upper
        The bounds; infinite ones are none.
    size
        Batch shape; by default that of the parameters, broadcast.
    dtype
        Data type of floating point.

    Returns
    -------
    Expr
        One value a batch element.

    Notes
    -----
    A bound has a probability of its own, that of all values beyond it: there the log density
    is the log of this probability, elsewhere that of the law.

    Examples
    --------
    >>> import astragal as ag
    >>> y = ag.random.censored(ag.key(3), ag.random.normal.law(0.0, 1.0), lower=0.0)
    >>> round(float(ag.evaluate(ag.logdensity({"y": y}, {"y": 0.0}))), 6)
    -0.693147
    """
    law = _law(law, "censored")
    return Law(op_of(truncation.censored(law.op.distribution)), (*law.parameters, lower, upper))


def _transformed(law: Law, bijection: str, *parameters: Any) -> Law:
    """Draw a smooth, monotone function of a variable.

    Parameters
    ----------
    key
        Random key, which the draw spends.
    law
        Of single numbers that have a density, as made by ``ag.random.NAME.law(...)``.
    bijection
        Name of the function: ``affine``, ``exp``, ``log``, ``expm1``, ``log1p``, ``expit``,
        ``logit``, ``softplus``, ``sqrt``, ``square`` (of positive numbers), ``reciprocal`` (the
        same), ``power``.
    *parameters
        Those of the function: shift and factor of ``affine``, exponent of ``power``.
    size
        Batch shape; by default that of the parameters, broadcast.
    dtype
        Data type of floating point.

    Returns
    -------
    Expr
        One value a batch element.

    Raises
    ------
    UnsupportedError
        For counts, and where the function does not take the values of the law.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.random.transformed(ag.key(3), ag.random.normal.law(0.0, 1.0), "expit")
    >>> bool(0.0 < ag.evaluate(x) < 1.0)
    True
    """
    law = _law(law, "transformed")
    if bijection not in BIJECTIONS:
        raise DomainError(f"transformed: {bijection!r} is none of {', '.join(BIJECTIONS)}")
    wanted = BIJECTIONS[bijection].parameters
    if len(parameters) != len(wanted):
        names = ", ".join(p.name for p in wanted) or "no parameters"
        raise TypeError(f"transformed: {bijection} takes {names}, got {len(parameters)}")
    d = transformation.transformed(law.op.distribution, bijection)
    made = Law(op_of(d), (*law.parameters, *parameters))
    d.support(*map(as_expr, made.parameters))  # refuses what the function does not take
    return made


def op_of_named(d: Distribution) -> RandomOp:
    """Give the operation of a declaration that has a name of its own."""
    from astragal.random import RANDOM_OPS

    return RANDOM_OPS[d.name]


mixture = Combinator(_mixture)
truncated = Combinator(_truncated)
censored = Combinator(_censored)
transformed = Combinator(_transformed)
