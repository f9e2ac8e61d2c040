"""The function under `astragal.random` of each distribution: from what a user gives to the term."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from astragal.graph.errors import DTypeError
from astragal.graph.expr import Expr
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops.declare import as_expr, cast
from astragal.random.distribution import Distribution, RandomOp


def _bits(op: RandomOp, key: Expr, size: Any, dtype: Any) -> Expr:
    """Give random bits of 64 or 32 bits; the shorter are both halves of the longer, mixed."""
    x = op(key, size)
    name = "uint64" if dtype is None else str(np.dtype(dtype))
    if name not in ("uint64", "uint32"):
        raise DTypeError(f"{op.name}: dtype is uint64 or uint32, got {name}")
    return x if name == "uint64" else cast(e.bitwise_xor(x, x >> 32), "uint32")


def documentation(d: Distribution) -> str:
    """Write the docstring of a distribution's function from its declaration."""
    words = d.name.replace("_", " ")
    lines = [f"Draw from the {words} distribution.", ""]
    if d.doc_note:
        lines += [d.doc_note, ""]
    lines += ["Parameters", "----------", "key", "    Random key, which the draw spends."]
    for p in d.parameters:
        names = " or ".join(f"{n}=" for n in (p.name, *p.alternatives))
        default = "" if p.default is None else f" By default {p.default}."
        how = f" Given by keyword, as {names}." if p.keyword or p.alternatives else ""
        shape = {0: "", 1: ", along the last dimension", 2: ", in the last two dimensions"}[p.core]
        domain = p.domain.words[0].upper() + p.domain.words[1:]
        lines += [p.name, f"    {domain}{shape}.{how}{default}"]
    values = "Real values" if d.dtype == "float" else f"Values of {d.dtype}"
    each = f", each of {d.core} dimensions" if d.core else ""
    lines += [
        "size",
        "    Batch shape; by default that of the keys and parameters, broadcast.",
        "dtype",
        "    Data type of floating point; by default that of the parameters.",
        "",
        "Returns",
        "-------",
        "Expr",
        f"    {values}, one a batch element{each}.",
        "",
        "Raises",
        "------",
        "DomainError",
        "    For a parameter outside its domain: here where it is static, at the call where not.",
    ]
    if d.source:
        lines += ["", "Notes", "-----", f"Source: {d.source}."]
    lines += ["", "Examples", "--------", ">>> import astragal as ag"]
    if not any(p.core or p.integer for p in d.parameters):
        leaves = ", ".join(p.name for p in d.parameters)
        inputs = ", ".join(f'ag.input("{p.name}")' for p in d.parameters)
        call = ", ".join(f"{p.name}={p.name}" if p.keyword else p.name for p in d.parameters)
        if d.parameters:
            lines += [f">>> {leaves} = {inputs}"]
        call = f", {call}" if call else ""
        dtype = {"float": "float64"}.get(d.dtype, d.dtype)
        lines += [f">>> ag.random.{d.name}(ag.key(0){call}, size=3).type", f"{dtype}(3,)"]
    else:
        lines += [f">>> ag.random.{d.name}.op.name", f"'{d.name}'"]
    return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Law:
    """A distribution with its parameters: a random variable that waits for its key.

    ``ag.random.NAME.law(*parameters)`` makes one; `astragal.random.mixture` and the other
    combinators take them, and ``law(key, size)`` draws.

    Attributes
    ----------
    op : RandomOp
    parameters : tuple of Expr

    Examples
    --------
    >>> import astragal as ag
    >>> law = ag.random.gamma.law(2.0, scale=3.0)
    >>> law(ag.key(0)) is ag.random.gamma(ag.key(0), 2.0, scale=3.0)
    True
    """

    op: RandomOp
    parameters: tuple[Any, ...]

    def __call__(self, key: Expr, size: Any = None) -> Expr:
        """Draw: give the random variable with a key."""
        return self.op(key, size, *self.parameters)

    def __repr__(self) -> str:
        shown = ", ".join(repr(p) for p in self.parameters)
        return f"{self.op.name}.law({shown})"


def arguments(op: RandomOp, args: Sequence[Any], named: dict[str, Any], dtype: Any) -> list[Any]:
    """Put the parameters that a user gave, by position and by name, in order.

    Raises
    ------
    TypeError
        For a parameter that is missing, unknown, given twice, or must be named.
    """
    d = op.distribution
    names = [p.name for p in d.parameters]
    positional = [p for p in d.parameters if not p.keyword]
    if len(args) > len(positional):
        extra = [p for p in d.parameters if p.keyword]
        if extra and len(args) <= len(names):
            ways = " or ".join(f"{n}=" for p in extra for n in (p.name, *p.alternatives))
            raise TypeError(
                f"{d.name}: say which of {ways} is meant, by keyword; "
                f"got {args[len(positional)]!r} by position"
            )
        raise TypeError(f"{d.name} takes at most {len(names)} parameters, got {len(args)}")
    given = dict(zip((p.name for p in positional), args, strict=False))
    for name, value in named.items():
        if name in given:
            raise TypeError(f"{d.name}: parameter {name} is given twice")
        given[name] = value
    values: list[Any] = []
    for p in d.parameters:
        names_given = [n for n in (p.name, *p.alternatives) if n in given]
        if len(names_given) > 1:
            raise TypeError(f"{d.name}: give one of {' and '.join(names_given)}, not both")
        if names_given and names_given[0] != p.name:
            alternative = as_expr(given.pop(names_given[0]))
            # The check is of what was given, before it is converted.
            other = p.alternative_domains.get(names_given[0], p.domain)
            given_as = replace(p, name=names_given[0], domain=other)
            values.append(p.alternatives[names_given[0]](op._as_parameter(alternative, given_as)))
        elif names_given:
            values.append(given.pop(p.name))
        elif p.default is not None:
            values.append(p.default)
        else:
            expected = " or ".join((p.name, *p.alternatives))
            raise TypeError(f"{d.name}: parameter {expected} is missing")
    if given:
        raise TypeError(
            f"{d.name} has no parameter {next(iter(given))!r}; it takes {', '.join(names)}"
        )
    if dtype is not None and d.dtype != "uint64":
        if str(np.dtype(dtype)) not in FLOATS:
            raise DTypeError(
                f"{d.name}: dtype is that of its real parameters, float32 or float64, got {dtype!r}"
            )
        values = [
            v if p.integer else cast(as_expr(v), str(np.dtype(dtype)))
            for v, p in zip(values, d.parameters, strict=True)
        ]
    return values


def make_function(op: RandomOp) -> Callable[..., Expr]:
    """Make the function under `astragal.random` of a distribution's operation.

    It takes the key, the parameters by position or by name, ``size`` and ``dtype``. Its
    attribute ``law`` takes the parameters alone, and gives a `Law`.
    """
    d = op.distribution

    def function(key: Expr, *args: Any, size: Any = None, dtype: Any = None, **named: Any) -> Expr:
        values = arguments(op, args, named, dtype)
        return _bits(op, key, size, dtype) if d.dtype == "uint64" else op(key, size, *values)

    def law(*args: Any, dtype: Any = None, **named: Any) -> Law:
        return Law(op, tuple(arguments(op, args, named, dtype)))

    function.__name__ = function.__qualname__ = d.name
    function.__doc__ = d.doc or documentation(d)
    function.op = op  # type: ignore[attr-defined]
    function.law = law  # type: ignore[attr-defined]
    return function
