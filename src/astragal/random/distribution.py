"""What a distribution is: one declaration, from which everything else is derived.

The declaration gives the parameters with their domains, the support, the shape rule,
the log density and the sampler as expressions. From it follow the operation, the
function under `astragal.random`, its documentation, the checks of its parameters, and
what the backends, the densities and the relations need.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from astragal.graph.errors import DomainError, DTypeError, ShapeError
from astragal.graph.expr import INPUT, Expr, describe
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import (
    FLOATS,
    Shape,
    TensorType,
    Type,
    promote,
    same_shape,
    show_shape,
    tensor_type,
)
from astragal.ops import elementwise as e
from astragal.ops.creation import shape_argument, shape_dims
from astragal.ops.declare import as_dims, as_expr, cast
from astragal.random.batches import batch_of
from astragal.random.keys import as_key
from astragal.random.places import PlacedOp

Ends = tuple[Expr | float | None, Expr | float | None]


@dataclass(frozen=True)
class Domain:
    """A set of numbers, with a test for it.

    Attributes
    ----------
    words
        How an error message names it, as in "a positive number".
    latex
        Its symbol.
    contains
        From values to booleans, elementwise, as an expression (NaN is in no domain).
    bounds
        Of an interval of real numbers, its ends, as numbers or expressions; None for an end
        that is infinite. None where the domain is no such interval.
    ends
        Of a set of whole numbers, its ends, in the same way.
    """

    words: str
    latex: str
    contains: Callable[[Expr], Expr]
    bounds: Ends | None = None
    ends: Ends | None = None

    @property
    def range(self) -> Ends | None:
        """The smallest and the largest number; None where they are not known."""
        return self.ends if self.bounds is None else self.bounds


def interval(words: str, latex: str, low: Expr, high: Expr | None) -> Domain:
    """Make the domain of numbers between two bounds, which may be parameters."""

    def contains(x: Expr) -> Expr:
        return x >= low if high is None else (x >= low) & (x <= high)

    return Domain(words, latex, contains, (low, high))


# fmt: off
REAL         = Domain("a finite number", r"\mathbb{R}", e.isfinite, (None, None))
NUMBER       = Domain("a number", r"[-\infty, \infty]", lambda x: e.logical_not(e.isnan(x)))
POSITIVE     = Domain("a positive number", r"(0, \infty)",
                      lambda x: (x > 0) & e.isfinite(x), (0.0, None))
NON_NEGATIVE = Domain("a non-negative number", r"[0, \infty)",
                      lambda x: (x >= 0) & e.isfinite(x), (0.0, None))
PROBABILITY  = Domain("a probability", "[0, 1]", lambda x: (x >= 0) & (x <= 1), (0.0, 1.0))
INTEGER      = Domain("an integer", r"\mathbb{Z}", lambda x: e.equal(e.floor(x), x))
COUNT        = Domain("a non-negative integer", r"\mathbb{N}_0",
                      lambda x: (x >= 0) & e.equal(e.floor(x), x), ends=(0.0, None))
# fmt: on


@dataclass(frozen=True)
class Parameter:
    """A parameter of a distribution.

    Attributes
    ----------
    name
        Its name in NumPy or SciPy.
    domain
        Where it lies; checked when the node is built if static, at the call if not.
    default
        Its value where the user gives none.
    keyword
        Whether it must be named (where the field has two conventions).
    alternatives
        Other names under which it may be given instead, each with the map to this one.
    alternative_domains
        Domains of those alternatives that have another one.
    core
        Number of its own (not batch) dimensions.
    integer
        Whether it is a count, kept as int64.
    """

    name: str
    domain: Domain
    default: float | None = None
    keyword: bool = False
    alternatives: dict[str, Callable[[Expr], Expr]] = field(default_factory=dict)
    alternative_domains: dict[str, Domain] = field(default_factory=dict)
    core: int = 0
    integer: bool = False


Function = Callable[..., Expr]


@dataclass(frozen=True, eq=False)
class Joint:
    """What parameters must fulfil together.

    Attributes
    ----------
    name
        Of the parameter that an error names.
    holds
        From all parameters to a condition, one for each batch element.
    words
        How an error goes on, as in "is not between left and right".
    """

    name: str
    holds: Function
    words: str


@dataclass(frozen=True, eq=False)
class Tails:
    """Log probabilities, accurate where they are small; meant inside the support.

    Attributes
    ----------
    below, above
        Of values up to x, and of values beyond x, as functions of ``(x, *parameters)``.
    """

    below: Function
    above: Function


@dataclass(frozen=True, eq=False)
class Standard:
    """A monotone coordinate in which a distribution of numbers is log-concave.

    Attributes
    ----------
    coordinate, value
        ``coordinate(m, x, *parameters)`` from values, ``value(m, y, *parameters)`` back, where
        ``m`` gives the functions log, exp, log1p, expm1: `astragal.random.exact`, for the same
        bits everywhere, or the vocabulary's.
    drop
        ``drop(a, b, *parameters)``: the log density of the coordinate at a less that at b,
        without cancellation. None where the coordinate is standard exponential: it is then
        minus the log of the probability above, or below if it falls.
    mode
        Where the density of the coordinate is largest, from the parameters.
    range
        The coordinates of the ends of the support.
    rising
        Whether the coordinate grows with the value.
    lattice
        Whether the values are whole numbers, which are then their own coordinates if ``drop``
        is given.
    where
        For which parameters this is so; None for all.
    """

    coordinate: Function = lambda m, x, *p: x
    value: Function = lambda m, y, *p: y
    drop: Function | None = None
    mode: Function = lambda *p: as_expr(0.0)
    range: tuple[float, float] = (-math.inf, math.inf)
    rising: bool = True
    lattice: bool = False
    where: Function | None = None


@dataclass(frozen=True, eq=False)
class Turns:
    """Where a density rises and where it falls, to draw from a part of it.

    Attributes
    ----------
    coordinate
        ``"value"``, ``"log"`` or ``"odds"`` (log x - log(1 - x)): of what the density is meant.
    points
        From parameters to values in rising order, between which it is monotone. None where it
        turns once, in a place that has no formula and is searched for.
    start, step
        Where to look for it first, in values, and how far to go then, in the coordinate: made
        without arithmetic, so that all backends have the same bits.
    hollow
        For which parameters the density falls first; None for none.
    """

    coordinate: str = "value"
    points: Callable[..., Sequence[Expr]] | None = None
    start: Function = lambda *p: as_expr(0.0)
    step: Function = lambda *p: as_expr(1.0)
    hollow: Function | None = None


@dataclass(frozen=True, eq=False)
class Distribution:
    """The one declaration of a distribution.

    Attributes
    ----------
    name
        Whole words, as in ``negative_binomial``.
    parameters
        In order.
    dtype
        ``"float"`` (that of the parameters), ``"int64"`` or ``"bool"``.
    support
        From parameters to the domain of values.
    logdensity
        ``logdensity(x, *parameters)``, elementwise over the batch; meant inside the support. In
        terms that derivations read.
    accurate
        The same where nothing cancels at large numbers, for its values; None where that is
        ``logdensity``.
    sampler
        See `astragal.random.sampler`.
    cdf, quantile, mean, variance
        Where they exist, as functions of ``(x, *parameters)`` or ``(*parameters)``.
    tails
        Logarithms of the probabilities below and above a value, accurate in the tails.
    standard
        A coordinate in which the distribution is log-concave, to draw from a part of it.
    turns
        Where the density turns, to draw from a part of a distribution without such a coordinate.
    cells
        From parameters to the number of values, of a table of probabilities from 0 on.
    part
        Of a law made of others, from ``(parameters, lower, upper)`` to an
        `astragal.random.parts.Hat`.
    atoms
        ``atoms(x, *parameters)``: of a law of floating point, which values have a probability
        of their own. The log density is there the log of that probability. None for no value.
    check
        Refuses static parameters whose shapes do not fit together.
    joint
        What the parameters must fulfil together, checked like their domains.
    core
        Number of dimensions of one value.
    core_shape
        From the parameters to the shape of one value; by default the core dimensions of the
        first parameter that has as many.
    latex
        Symbol of the family.
    ordered
        Pairs of parameters of which the first must be below the second.
    source
        Where the density and the sampler are from.
    doc_note
        A sentence on the convention, for the documentation.
    """

    name: str
    parameters: tuple[Parameter, ...]
    support: Callable[..., Domain]
    logdensity: Function
    accurate: Function | None = None
    sampler: Any = None
    dtype: str = "float"
    cdf: Function | None = None
    quantile: Function | None = None
    mean: Function | None = None
    variance: Function | None = None
    tails: Tails | None = None
    standard: Standard | None = None
    turns: Turns | None = None
    cells: Callable[..., Any] | None = None
    part: Callable[..., Any] | None = None
    atoms: Function | None = None
    check: Callable[..., None] | None = None
    joint: tuple[Joint, ...] = ()
    core: int = 0
    core_shape: Callable[..., Shape] | None = None
    latex: str = ""
    ordered: tuple[tuple[str, str], ...] = ()
    source: str = ""
    doc_note: str = ""
    doc: str = ""

    def batch(self, keys: Shape, size: Any, exprs: Sequence[Expr]) -> Shape:
        """Give the batch shape that keys, a size and parameters make."""
        shapes = [
            x.type.shape[: len(x.type.shape) - p.core]
            for x, p in zip(exprs, self.parameters, strict=True)
        ]
        return batch_of(self.name, shapes, keys, size)


class RandomOp(PlacedOp):
    """The operation of a distribution: ``op(key, size, *parameters)``.

    Attributes
    ----------
    distribution : Distribution
    """

    __slots__ = ("distribution",)

    def __init__(self, distribution: Distribution) -> None:
        super().__init__(distribution.name, self._infer_rv, self._prepare_rv)
        self.distribution = distribution

    def __call__(self, *args: Any) -> Expr:
        """Give the term; one that is there already is found without a look at its arguments."""
        ref = self._table.get(args) if all(type(a) is Expr or a is None for a in args) else None
        found = ref() if ref is not None else None
        return super().__call__(*args) if found is None else found

    def _prepare_rv(self, key: Any, size: Any, *parameters: Any) -> tuple[Any, ...]:
        d = self.distribution
        key = as_key(key, d.name)
        if len(parameters) != len(d.parameters):
            raise TypeError(f"{d.name} takes {len(d.parameters)} parameters, got {len(parameters)}")
        exprs = [self._as_parameter(v, p) for v, p in zip(parameters, d.parameters, strict=True)]
        dtype = None
        for x, p in zip(exprs, d.parameters, strict=True):
            # Python numbers adapt to the arrays beside them.
            if not p.integer and not isinstance(parameters[d.parameters.index(p)], (int, float)):
                dtype = x.dtype if dtype is None else promote(dtype, x.dtype)
        dtype = dtype if dtype in FLOATS else "float64"
        exprs = [
            x if p.integer else cast(x, dtype) for x, p in zip(exprs, d.parameters, strict=True)
        ]
        for low, high in d.ordered:
            self._check_order(low, high, exprs)
        if d.check is not None:
            d.check(*exprs)
        if d.joint and all(map(is_constant, exprs)):
            self._check_joint(exprs)
        if size is not None:
            dims = shape_dims(size) if isinstance(size, Expr) else as_dims(size, d.name)
            # A size that the parameters imply is not said twice: one term a law.
            implied = same_shape(d.batch(key.type.shape, None, exprs), dims)
            size = None if implied else shape_argument(dims)
        return key, size, *exprs

    def _as_parameter(self, value: Any, p: Parameter) -> Expr:
        if type(value) is Expr and not p.core and not p.integer and not is_constant(value):
            type0 = value.type
            if type(type0) is TensorType and type0.dtype in FLOATS:
                return value
        name = self.distribution.name
        x = as_expr(value)
        if not isinstance(x.type, TensorType):
            raise DTypeError(
                f"{name}: parameter {p.name} is {describe(x)}, expected {p.domain.words}"
            )
        if p.integer:
            if x.dtype in FLOATS and not is_constant(x):
                raise DTypeError(f"{name}: parameter {p.name} is {describe(x)}, expected integers")
            if x.dtype not in FLOATS:
                x = cast(x, "int64")
        if len(x.shape) < p.core:
            raise ShapeError(
                f"{name}: parameter {p.name} has shape {show_shape(x.shape)}, expected at least "
                f"{p.core} dimensions"
            )
        if is_constant(x):
            if not _is_inside(p.domain, x):
                value = value_of(x)
                inside = contains(p.domain, value)
                same = value.shape and inside.shape == value.shape
                bad = value[~inside].flat[0] if same else value
                raise DomainError(
                    f"{name}: parameter {p.name} is {np.asarray(bad).tolist()}, "
                    f"expected {p.domain.words}"
                )
            if p.integer:
                x = cast(x, "int64")
        return x

    def _check_joint(self, exprs: Sequence[Expr]) -> None:
        from astragal.compile import evaluate

        d = self.distribution
        names = [p.name for p in d.parameters]
        for j in d.joint:
            with np.errstate(all="ignore"):
                if not np.all(evaluate(j.holds(*exprs), backend="numpy")):
                    value = value_of(exprs[names.index(j.name)]).tolist()
                    raise DomainError(f"{d.name}: parameter {j.name} is {value}, which {j.words}")

    def _check_order(self, low: str, high: str, exprs: Sequence[Expr]) -> None:
        d = self.distribution
        names = [p.name for p in d.parameters]
        a, b = exprs[names.index(low)], exprs[names.index(high)]
        if is_constant(a) and is_constant(b):
            try:
                wrong = ~(value_of(a) < value_of(b))
            except ValueError:
                return  # shapes that do not fit are another error
            if np.any(wrong):
                raise DomainError(
                    f"{d.name}: {low} is {value_of(a).tolist()} and {high} is "
                    f"{value_of(b).tolist()}, expected {low} < {high}"
                )

    def _check_lengths(self, n: Expr | int, exprs: Sequence[Expr]) -> None:
        """Check that a vector's parameters are all of its length."""
        for x, p in zip(exprs, self.distribution.parameters, strict=True):
            for dim in x.type.shape[len(x.type.shape) - p.core :]:
                if isinstance(dim, int) and isinstance(n, int) and dim != n:
                    raise ShapeError(
                        f"{self.name}: parameter {p.name} has shape {show_shape(x.type.shape)}, "
                        f"expected {' by '.join([str(n)] * p.core)} for a value of length {n}"
                    )

    def _infer_rv(self, key: Expr, size: Any, *exprs: Expr) -> Type:
        d = self.distribution
        batch = d.batch(key.type.shape, size, exprs)
        core: Shape = ()
        if d.core_shape is not None:
            core = d.core_shape(*exprs)
        elif d.core:
            first = next(x for x, p in zip(exprs, d.parameters, strict=True) if p.core >= d.core)
            core = first.type.shape[len(first.type.shape) - d.core :]
        if len(core) == 1:
            self._check_lengths(core[0], exprs)
        dtype = d.dtype
        if dtype == "float":
            dtype = next(
                (x.dtype for x, p in zip(exprs, d.parameters, strict=True) if not p.integer),
                "float64",
            )
        return tensor_type(dtype, (*batch, *core))


@lru_cache(maxsize=4096)
def _is_inside(domain: Domain, x: Expr) -> bool:
    return bool(np.all(contains(domain, value_of(x))))


def contains(domain: Domain, value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Test concrete values for membership of a domain."""
    from astragal.graph.literal import constant

    x = constant(value)
    assert isinstance(x.type, TensorType)
    with np.errstate(all="ignore"):
        return np.asarray(_membership(domain, x.type)(value_of(x)))


@lru_cache(maxsize=256)
def _membership(domain: Domain, t: TensorType) -> Callable[[Any], Any]:
    """Compile the test for values of a type: many are asked of the same."""
    from astragal.compile import function

    x = INPUT("x", t)
    run: Callable[[Any], Any] = function([x], domain.contains(x), backend="numpy")
    return run


def is_random(x: Expr) -> bool:
    """Tell whether an expression is a random variable."""
    return isinstance(x.op, RandomOp)


def random_parts(x: Expr) -> tuple[Distribution, Expr, Any, tuple[Expr, ...]]:
    """Take a random variable apart: distribution, key, size, parameters."""
    op = x.op
    assert isinstance(op, RandomOp)
    return op.distribution, x.args[0], x.args[1], x.args[2:]


def batch_shape(x: Expr) -> Shape:
    """Give the batch shape of a random variable: its shape without one value's dimensions."""
    core = random_parts(x)[0].core
    return x.type.shape[: len(x.type.shape) - core]
