"""Generators as values, and their methods that draw single numbers or choose."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.graph.errors import DomainError, DTypeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.literal import constant, is_constant
from astragal.graph.types import GeneratorType, TensorType, TupleType, Type, tensor_type
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.creation import shape_argument, shape_dims
from astragal.ops.declare import as_dims, as_expr, broadcast_shapes, cast
from astragal.ops.manipulation import astype, reshape
from astragal.random.distribution import (
    COUNT,
    INTEGER,
    NON_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    REAL,
    Domain,
)
from astragal.random.multivariate import SIMPLEX

WORDS = 6
"""Words of a state, uint64: state and increment of PCG64 (high, low each), and the half of the
last 64 bits that was kept for the next 32-bit draw (whether there is one, and which)."""

_SUCCESS = Domain("a positive probability", "(0, 1]", lambda x: (x > 0) & (x <= 1))
_OPEN = Domain("a number in [0, 1)", "[0, 1)", lambda x: (x >= 0) & (x < 1))
_ABOVE_ONE = Domain("a number above 1", r"(1, \infty)", lambda x: x > 1)
_FEW = Domain(
    "a non-negative integer below 10**9", r"\{0, \dots\}", lambda x: (x >= 0) & (x < 10**9)
)


@dataclass(frozen=True)
class Method:
    """A method of ``numpy.random.Generator`` that draws from numbers.

    Attributes
    ----------
    name
        Of the method.
    parameters
        Names, domains and defaults (None for none), as NumPy has them.
    dtype
        Of what is drawn.
    integers
        Which parameters are integers.
    """

    name: str
    parameters: tuple[tuple[str, Domain, float | None], ...] = ()
    dtype: str = "float64"
    integers: tuple[str, ...] = ()


# fmt: off
_LOC_SCALE = (("loc", REAL, 0.0), ("scale", NON_NEGATIVE, 1.0))
METHODS: dict[str, Method] = {m.name: m for m in (
    Method("random"),
    Method("uniform", (("low", REAL, 0.0), ("high", REAL, 1.0))),
    Method("standard_normal"),
    Method("normal", _LOC_SCALE),
    Method("lognormal", (("mean", REAL, 0.0), ("sigma", NON_NEGATIVE, 1.0))),
    Method("standard_exponential"),
    Method("exponential", (("scale", NON_NEGATIVE, 1.0),)),
    Method("standard_gamma", (("shape", NON_NEGATIVE, None),)),
    Method("gamma", (("shape", NON_NEGATIVE, None), ("scale", NON_NEGATIVE, 1.0))),
    Method("beta", (("a", POSITIVE, None), ("b", POSITIVE, None))),
    Method("chisquare", (("df", POSITIVE, None),)),
    Method("noncentral_chisquare", (("df", POSITIVE, None), ("nonc", NON_NEGATIVE, None))),
    Method("f", (("dfnum", POSITIVE, None), ("dfden", POSITIVE, None))),
    Method("standard_t", (("df", POSITIVE, None),)),
    Method("standard_cauchy"),
    Method("laplace", _LOC_SCALE),
    Method("logistic", _LOC_SCALE),
    Method("pareto", (("a", POSITIVE, None),)),
    Method("weibull", (("a", NON_NEGATIVE, None),)),
    Method("power", (("a", POSITIVE, None),)),
    Method("rayleigh", (("scale", NON_NEGATIVE, 1.0),)),
    Method("triangular", (("left", REAL, None), ("mode", REAL, None), ("right", REAL, None))),
    Method("gumbel", _LOC_SCALE),
    Method("vonmises", (("mu", REAL, None), ("kappa", NON_NEGATIVE, None))),
    Method("wald", (("mean", POSITIVE, None), ("scale", POSITIVE, None))),
    Method("noncentral_f",
           (("dfnum", POSITIVE, None), ("dfden", POSITIVE, None), ("nonc", NON_NEGATIVE, None))),
    Method("poisson", (("lam", NON_NEGATIVE, 1.0),), "int64"),
    Method("binomial", (("n", COUNT, None), ("p", PROBABILITY, None)), "int64", ("n",)),
    Method("negative_binomial", (("n", POSITIVE, None), ("p", _SUCCESS, None)), "int64"),
    Method("geometric", (("p", _SUCCESS, None),), "int64"),
    Method("zipf", (("a", _ABOVE_ONE, None),), "int64"),
    Method("hypergeometric",
           (("ngood", _FEW, None), ("nbad", _FEW, None), ("nsample", COUNT, None)), "int64",
           ("ngood", "nbad", "nsample")),
    Method("logseries", (("p", _OPEN, None),), "int64"),
    Method("integers", (("low", INTEGER, None), ("high", INTEGER, None)), "int64", ("low", "high")),
)}
_ORDERED: dict[str, tuple[tuple[str, str, bool], ...]] = {  # below, above, whether strictly
    "integers":   (("low", "high", True),),
    "uniform":    (("low", "high", False),),
    "triangular": (("left", "mode", False), ("mode", "right", False), ("left", "right", True)),
}
# fmt: on


def is_generator(x: object) -> bool:
    """Tell whether an expression is a generator, or what stands for one after lowering."""
    if not isinstance(x, Expr):
        return False
    t = x.type
    return isinstance(t, GeneratorType) or t == tensor_type("uint64", (WORDS,))


# -- operations --------------------------------------------------------------------------------


def _infer(method: str, size: Any, rng: Expr, *parameters: Expr) -> Type:
    dtype = METHODS[method].dtype if method in METHODS else "int64"
    return TupleType((rng.type, tensor_type(dtype, shape_dims(size))))


def _prepare(method: str, size: Any, rng: Any, *parameters: Any) -> tuple[Any, ...]:
    if not is_generator(rng):
        raise DTypeError(
            f"{method} takes a generator (astragal.numpy_generator), got {describe(rng)}"
        )
    return method, size, rng, *parameters


SEQUENTIAL = Op("sequential", _infer, _prepare)
"""``sequential(method, size, rng, *parameters)``: the state after a draw, and what was drawn.

Elements are drawn in the order of memory, each from its own element of the parameters. Methods
are those of `METHODS`, and two that draw an array as a whole: ``permutation``, and ``choice``,
whose parameters are the numbers of elements to choose from and to choose, whether one may be
chosen again, whether the order is random too, and perhaps the probabilities.
"""


def _prepare_generator(seed: Any) -> tuple[Any, ...]:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise DTypeError(f"numpy_generator: a seed is an integer, got {describe(seed)}")
    if seed < 0:
        raise DomainError(f"numpy_generator: a seed is non-negative, got {seed}")
    return (int(seed),)


GENERATOR = Op("numpy_generator", lambda seed: GeneratorType(), _prepare_generator)
"""``numpy_generator(seed)``: the state of ``numpy.random.default_rng(seed)``."""

OPS: tuple[Op, ...] = (GENERATOR, SEQUENTIAL)


def numpy_generator(seed: int) -> Expr:
    """Give a generator in the state of ``numpy.random.default_rng(seed)``.

    Draw from it with the functions of `astragal.random.sequential`. An input of such a type,
    ``astragal.input("rng", dtype="generator")``, takes a ``numpy.random.Generator``, which
    is copied; a function gives generators of that class.

    Parameters
    ----------
    seed
        Non-negative integer.

    Raises
    ------
    DTypeError, DomainError
        For a seed that is no integer, or negative.

    Examples
    --------
    >>> import astragal as ag
    >>> rng, x = ag.random.sequential.uniform(ag.numpy_generator(123), size=2)
    >>> rng, y = ag.random.sequential.uniform(rng, size=2)
    >>> ag.evaluate(x).round(8).tolist(), ag.evaluate(y).round(8).tolist()
    ([0.68235186, 0.05382102], [0.22035987, 0.18437181])
    """
    return GENERATOR(seed)


def words_of(generator: np.random.Generator) -> np.ndarray[Any, Any]:
    """Give the state of NumPy's generator as words.

    Raises
    ------
    DTypeError
        Where its bits are not those of PCG64.
    """
    state = generator.bit_generator.state
    if state["bit_generator"] != "PCG64":
        raise DTypeError(
            f"a generator is one of PCG64, as numpy.random.default_rng makes, "
            f"given one of {state['bit_generator']}"
        )
    inner, low = state["state"], 2**64 - 1
    parts = (inner["state"] >> 64, inner["state"] & low, inner["inc"] >> 64, inner["inc"] & low)
    return np.array([*parts, state["has_uint32"], state["uinteger"]], dtype=np.uint64)


def set_words(generator: np.random.Generator, words: Any) -> None:
    """Put NumPy's generator into a state."""
    a, b, c, d, has, kept = (int(w) for w in words)
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": a << 64 | b, "inc": c << 64 | d},
        "has_uint32": has,
        "uinteger": kept,
    }


# -- functions ---------------------------------------------------------------------------------


def draw(method: Method, rng: Any, values: dict[str, Any], size: Any) -> tuple[Expr, Expr]:
    """Draw with a method, whose parameters are given by name."""
    exprs: list[Expr] = []
    for name, _, default in method.parameters:
        given = values.get(name, default)
        if given is None:
            raise TypeError(f"{method.name}: parameter {name} is missing")
        x = as_expr(given)
        if not isinstance(x.type, TensorType):
            raise DTypeError(f"{method.name}: parameter {name} is {describe(x)}, expected numbers")
        if name in method.integers and x.dtype in ("float32", "float64"):
            raise DTypeError(f"{method.name}: parameter {name} is {describe(x)}, expected integers")
        exprs.append(cast(x, "int64" if name in method.integers else "float64"))
    shape = broadcast_shapes([x.type.shape for x in exprs], method.name)
    if size is not None:
        dims = shape_dims(size) if isinstance(size, Expr) else as_dims(size, method.name)
        broadcast_shapes([shape, dims], method.name)
        shape = dims
    _refuse(method.name, exprs)
    node = SEQUENTIAL(method.name, shape_argument(shape), rng, *exprs)
    return node[0], node[1]


def _refuse(name: str, exprs: Sequence[Expr]) -> None:
    """Refuse static parameters that NumPy would refuse."""
    from astragal.compile import evaluate

    for _, ok, words in conditions(name, exprs):
        if all(map(is_constant, exprs)) and not np.all(evaluate(ok)):
            raise DomainError(f"{name}: {words.format(of='')}")


def conditions(name: str, exprs: Sequence[Expr]) -> list[tuple[int, Expr, str]]:
    """Give what must hold: number of a parameter, condition, words with room for a name."""
    if name == "choice":
        return _conditions_of_choice(*exprs)
    method = METHODS.get(name)
    if method is None:
        return []
    names = [p[0] for p in method.parameters]
    out = []
    for i, (x, (parameter, domain, _)) in enumerate(zip(exprs, method.parameters, strict=True)):
        words = f"parameter {parameter}{{of}} has a value that is not {domain.words}"
        out.append((i, domain.contains(x), words))
    for low, high, strictly in _ORDERED.get(name, ()):
        a, b = exprs[names.index(low)], exprs[names.index(high)]
        ok, relation = (a < b, "below") if strictly else (a <= b, "at most")
        if is_constant(a):
            words = f"{high}{{of}} is not {'above' if strictly else 'at least'} {low}"
        else:
            words = f"{low}{{of}} is not {relation} {high}"
        # Named after one that the call brings.
        out.append((names.index(high if is_constant(a) else low), ok, words))
    if name == "hypergeometric":
        good, bad, n = exprs
        # Named after one that the call brings.
        i = next((i for i in (2, 1, 0) if not is_constant(exprs[i])), 2)
        relation = "is too large for" if i == 2 else "is too small for"
        rest = "ngood + nbad" if i == 2 else "nsample"
        out.append((i, n <= good + bad, f"{names[i]}{{of}} {relation} {rest}"))
    return out


def _conditions_of_choice(
    population: Expr, count: Expr, replace: Expr, shuffle: Expr, *p: Expr
) -> list[tuple[int, Expr, str]]:
    some = (population > 0) | e.equal(count, 0)
    out = [
        (0, some, "a{of} has no elements to choose"),
        (0, replace | (count <= population), "a{of} has fewer elements than are chosen"),
    ]
    for weights in p:
        positive = r.sum(astype(weights > 0, "int64"))
        out += [
            (4, SIMPLEX.contains(weights), f"p{{of}} is not {SIMPLEX.words}"),
            (4, replace | (count <= positive), "p{of} has fewer positive entries than are chosen"),
        ]
    return out


def function_of(method: Method) -> Callable[..., tuple[Expr, Expr]]:
    """Make the function that draws with a method."""
    names = [p[0] for p in method.parameters]

    def function(rng: Expr, *args: Any, size: Any = None, **named: Any) -> tuple[Expr, Expr]:
        if len(args) > len(names):
            raise TypeError(f"{method.name} takes {len(names)} parameters, got {len(args)}")
        values = dict(zip(names, args, strict=False))
        for name, value in named.items():
            if name not in names or name in values:
                why = "given twice" if name in values else f"none of {', '.join(names)}"
                raise TypeError(f"{method.name}: parameter {name!r} is {why}")
            values[name] = value
        return draw(method, rng, values, size)

    function.__name__ = function.__qualname__ = method.name
    shown = "".join(f", {n}" + ("" if d is None else f"={d:g}") for n, _, d in method.parameters)
    function.__doc__ = (
        f"Draw as ``numpy.random.Generator.{method.name}`` does: "
        f"``{method.name}(rng{shown}, size=None)``.\n\n"
        "Gives the generator after the draw, and what was drawn."
    )
    return function


def integers(
    rng: Expr, low: Any, high: Any = None, size: Any = None, endpoint: bool = False
) -> tuple[Expr, Expr]:
    """Draw integers from ``low`` to below ``high`` (from 0 where one bound is given)."""
    if high is None:
        low, high = 0, low
    # One past the bound would overflow: NumPy draws up to the last integer in the same way.
    bound = as_expr(high) + 1 if endpoint else high
    return draw(METHODS["integers"], rng, {"low": low, "high": bound}, size)


def choice(
    rng: Expr, a: Any, size: Any = None, replace: bool = True, p: Any = None, shuffle: bool = True
) -> tuple[Expr, Expr]:
    """Draw elements of an array, or of 0 .. a - 1.

    Parameters
    ----------
    rng
        Generator.
    a
        Array, whose first dimension is chosen from, or a number of elements.
    size
        Shape of the choice.
    replace
        Whether one element may be chosen more than once.
    p
        Probabilities; by default all are equal.
    shuffle
        Whether the order of a choice without replacement is random too.

    Raises
    ------
    DomainError
        Where there are fewer elements than are chosen, or ``p`` are no probabilities: here where
        it is static, at the call where not.

    Examples
    --------
    >>> import numpy as np
    >>> import astragal as ag
    >>> rng, x = ag.random.sequential.choice(ag.numpy_generator(5), 10, 4, replace=False)
    >>> bool((ag.evaluate(x) == np.random.default_rng(5).choice(10, 4, replace=False)).all())
    True
    """
    pool = as_expr(a)
    count = pool if not pool.type.shape else as_expr(pool.shape[0])
    if replace and p is None:
        rng, at = integers(rng, 0, count, size)
    else:
        dims = () if size is None else as_dims(size, "choice")
        total: Any = math.prod(dims)
        weights = [] if p is None else [cast(as_expr(p), "float64")]
        flags = [constant(np.asarray(v)) for v in (replace, shuffle)]
        exprs = [cast(count, "int64"), cast(as_expr(total), "int64"), *flags, *weights]
        _refuse("choice", exprs)
        rng, drawn = whole("choice", total, rng, *exprs)
        at = reshape(drawn, dims)
    return rng, at if not pool.type.shape else pool[at]


def whole(method: str, count: Any, rng: Expr, *parameters: Expr) -> tuple[Expr, Expr]:
    """Draw an array of one dimension as a whole."""
    node = SEQUENTIAL(method, shape_argument(as_dims(count, method)), rng, *parameters)
    return node[0], node[1]


def lowered(seed: int) -> Expr:
    """Give the words of a new generator."""
    return constant(words_of(np.random.default_rng(seed)))
