"""How a compiled function is called: arguments to values, results to containers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from astragal.compile.dimensions import name_of
from astragal.compile.keyarray import KeyArray
from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr
from astragal.graph.types import GeneratorType, KeyType, TensorType, Type, show_shape
from astragal.random.sequential import set_words

Read = Callable[[tuple[Any, ...], dict[str, Any]], Sequence[Any]]
Convert = Callable[[Any], Any]


# -- arguments -----------------------------------------------------------------------------------


def reader(inputs: Any, leaves: Sequence[Expr]) -> Read:
    """Give the function from a call's arguments to values, one a leaf.

    A list or tuple of inputs is called with positional arguments, or by the names of
    inputs; a dictionary with one dictionary, or by its keys.
    """
    if isinstance(inputs, Mapping):
        return _dict_reader(dict(inputs))
    items = [inputs] if isinstance(inputs, Expr) else list(inputs or ())
    flat = all(isinstance(x, Expr) for x in items)
    names = [name_of(x) for x in leaves]
    order = {n: i for i, n in enumerate(names)} if flat else {}
    count = len(items)
    take = _taker(items, "inputs")

    def read(args: tuple[Any, ...], named: dict[str, Any]) -> Sequence[Any]:
        if named:
            args = _by_name(args, named, order, names)
        if len(args) != count:
            shown = ", ".join(names)
            raise TypeError(f"the function takes {count} arguments ({shown}), {len(args)} given")
        return args if flat else take(args)

    return read


def _dict_reader(inputs: dict[Any, Any]) -> Read:
    take = _taker(inputs, "inputs")

    def read(args: tuple[Any, ...], named: dict[str, Any]) -> Sequence[Any]:
        given = args[0] if len(args) == 1 and not named else named
        if (args and given is named) or not isinstance(given, Mapping):
            raise TypeError(f"the function takes one dictionary with the keys {list(inputs)}")
        return take(given)

    return read


def _by_name(
    args: tuple[Any, ...], named: dict[str, Any], order: Mapping[str, int], names: Sequence[str]
) -> tuple[Any, ...]:
    out: dict[int, Any] = dict(enumerate(args))
    for name, value in named.items():
        if name not in order:
            raise TypeError(f"the function has no input {name!r}; it takes {', '.join(names)}")
        if order[name] in out:
            raise TypeError(f"input {name!r} is given twice")
        out[order[name]] = value
    missing = [n for n, i in order.items() if i not in out]
    if missing:
        raise TypeError(f"no value is given for {', '.join(missing)}")
    return tuple(out[i] for i in range(len(out)))


def _taker(wanted: Any, where: str) -> Callable[[Any], list[Any]]:
    """Give the function that takes values out of a container, in the order of one like it."""
    if isinstance(wanted, Expr):
        return lambda given: [given]
    if wanted is None:
        return lambda given: []
    if isinstance(wanted, Mapping):
        return _dict_taker(wanted, where)
    takers = [_taker(w, f"{where}[{i}]") for i, w in enumerate(wanted)]

    def take(given: Any) -> list[Any]:
        if not isinstance(given, (list, tuple)) or len(given) != len(takers):
            raise TypeError(
                f"{where}: expected {len(takers)} items, got {type(given).__name__} {given!r:.60}"
            )
        return [v for t, g in zip(takers, given, strict=True) for v in t(g)]

    return take


def _dict_taker(wanted: Mapping[Any, Any], where: str) -> Callable[[Any], list[Any]]:
    takers = {k: _taker(w, f"{where}[{k!r}]") for k, w in wanted.items()}
    plain = all(isinstance(w, Expr) for w in wanted.values())

    def take(given: Any) -> list[Any]:
        if not isinstance(given, Mapping) or given.keys() != takers.keys():
            got = list(given) if isinstance(given, Mapping) else type(given).__name__
            raise TypeError(
                f"{where}: expected a dictionary with the keys {list(takers)}, got {got}"
            )
        if plain:
            return [given[k] for k in takers]
        return [v for k, t in takers.items() for v in t(given[k])]

    return take


# -- results -------------------------------------------------------------------------------------


def builder(outputs: Any, write: Convert) -> Convert:
    """Give the function from a list of results to a container like the outputs."""
    parts: Any = outputs.values() if isinstance(outputs, dict) else outputs
    if outputs is None or isinstance(outputs, (list, tuple, dict)):
        nested = outputs is None or any(
            v is None or isinstance(v, (list, tuple, dict)) for v in parts
        )
        if type(outputs) is list and not nested:
            return lambda values: values
        if type(outputs) is tuple and not nested:
            return tuple
        return write
    return lambda values: values[0]


# What may give back one of its operands, or a part of it, without a copy.
_ALIASES = frozenset({"bitcast", "positive", "map"})


def is_fresh(node: Expr) -> bool:
    """Tell whether a program's result for a node is an array that nothing else holds."""
    return node.op.elementwise and node.op.name not in _ALIASES


def finisher(type: Type, fresh: bool, on_jax: bool) -> Convert:
    """Give the function from what a program computed to what a user gets.

    Users get arrays of their own: neither an argument, nor a constant, nor state.
    """
    if isinstance(type, KeyType):
        impl = type.impl
        return lambda words: KeyArray(words, impl)
    if isinstance(type, GeneratorType):
        return _generator
    if on_jax or not isinstance(type, TensorType):
        return lambda value: value
    dtype = np.dtype(type.dtype)
    if fresh:
        return lambda value: np.asarray(value, dtype=dtype)
    return lambda value: np.array(value, dtype=dtype)


def _generator(words: Any) -> np.random.Generator:
    out = np.random.Generator(np.random.PCG64())
    set_words(out, words)
    return out


def keeper(type: Type, fresh: bool, on_jax: bool, what: str) -> Convert:
    """Give the function from what a program computed to what a shared variable holds."""
    finish = finisher(type, fresh, on_jax)
    wanted = type.shape

    def keep(value: Any) -> Any:
        out = finish(value)
        if out.shape != wanted:
            raise ShapeError(f"{what} has shape {out.shape}, the variable {show_shape(wanted)}")
        if isinstance(out, np.ndarray):
            out.flags.writeable = False
        return out

    return keep
