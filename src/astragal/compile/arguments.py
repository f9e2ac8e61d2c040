"""What compiled functions take: values checked against types, by name.

Exact types pass at once. Python numbers, and lists of them, adapt to the input; arrays
are converted only where no value can change (``numpy.can_cast`` calls that safe): int64
to float64, but not float64 to float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from astragal.compile.keyarray import KeyArray
from astragal.graph.errors import DomainError, DTypeError, ShapeError
from astragal.graph.expr import Expr
from astragal.graph.types import FLOATS, GeneratorType, KeyType, Shape, TensorType, Type, show_shape
from astragal.random.implementations import IMPLEMENTATIONS
from astragal.random.keys import is_jax, is_jax_key, seed_of
from astragal.random.sequential import words_of

Check = Callable[[Any], Any]


def checker(type: Type, what: str, keep_jax: bool = False) -> Check:
    """Give the function that turns a value into what a backend takes, or raises.

    Parameters
    ----------
    type
        Type of the input. Only static dimensions are compared.
    what
        How an error names the input, as in ``"input 'x'"``.
    keep_jax
        Whether JAX arrays stay JAX arrays.

    Returns
    -------
    callable
        From a value to an array (of words, for keys).
    """
    if isinstance(type, KeyType):
        return _key_checker(type, what)
    if isinstance(type, GeneratorType):
        return _generator_checker(what)
    assert isinstance(type, TensorType)
    return _tensor_checker(type, what, keep_jax)


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(
        not isinstance(b, int) or a == b for a, b in zip(shape, wanted, strict=True)
    )


def _tensor_checker(type: TensorType, what: str, keep_jax: bool) -> Check:
    dtype = np.dtype(type.dtype)
    shape = type.shape
    static = all(isinstance(d, int) for d in shape)
    exact: Any = {"float64": float, "bool": bool}.get(type.dtype) if not shape else None
    numpy_scalar: Any = dtype.type if not shape else None
    ndarray = np.ndarray

    def check(value: Any) -> Any:
        kind = value.__class__
        if kind is ndarray:
            if value.dtype == dtype and (
                value.shape == shape if static else _fits(value.shape, shape)
            ):
                return value
        elif kind is exact or kind is numpy_scalar:
            return value
        return convert(value)

    def convert(value: Any) -> Any:
        if isinstance(value, Expr):
            raise DTypeError(
                f"{what} is given an expression; a compiled function takes values: "
                "astragal.evaluate gives the value of an expression without inputs"
            )
        if isinstance(value, KeyArray) or is_jax_key(value):
            raise DTypeError(f"{what} is given a key, expected {type!r}")
        of_jax = is_jax(value)
        weak = not of_jax and not isinstance(value, (np.ndarray, np.generic))
        array = value if of_jax else _as_array(value, what, type)
        if array.dtype != dtype and not _may_become(array, dtype, weak):
            raise DTypeError(
                f"{what} is of type {type!r}, given {array.dtype}{_hint(array.dtype, dtype, weak)}"
            )
        if not _fits(array.shape, shape):
            raise ShapeError(
                f"{what} has shape {show_shape(shape)}, given {show_shape(array.shape)}"
            )
        if of_jax:
            if keep_jax:
                return value
            array = np.asarray(value)
        return array.astype(dtype, copy=False)

    return check


def _as_array(value: Any, what: str, type: TensorType) -> Any:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise DTypeError(f"{what} is of type {type!r}, given {_shown(value)}: {error}") from None
    if array.dtype.kind not in "biuf" and array.size:
        raise DTypeError(f"{what} is of type {type!r}, given {_shown(value)}")
    return array


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.60}"


def _may_become(array: Any, dtype: np.dtype[Any], weak: bool) -> bool:
    given = array.dtype
    if np.can_cast(given, dtype, "safe"):
        return True
    if not weak:
        return False
    if array.size == 0:
        return True
    if dtype.name in FLOATS:
        return given.kind in "biuf"
    if dtype.kind in "iu" and given.kind in "iu":
        limits = np.iinfo(dtype)
        return int(array.min()) >= limits.min and int(array.max()) <= limits.max
    return False


def _hint(given: Any, dtype: np.dtype[Any], weak: bool) -> str:
    if weak and given.kind in "iu" and dtype.kind in "iu":
        return f" outside the range of {dtype.name}"
    if given.kind == "f" or dtype.kind != "b":
        return f"; that may change values: convert it with .astype({dtype.name!r}) if that is meant"
    return ""


def _generator_checker(what: str) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, np.random.Generator):
            raise DTypeError(
                f"{what} is a generator, given {_shown(value)}; pass a numpy.random.Generator, "
                "such as numpy.random.default_rng(seed)"
            )
        return words_of(value)

    return check


# -- keys ------------------------------------------------------------------------------------


def _key_checker(type: KeyType, what: str) -> Check:
    shape = type.shape
    impl = type.impl

    def check(value: Any) -> Any:
        if value.__class__ is not KeyArray:
            value = as_keys(value, impl, what)
        if value.impl != impl:
            raise DTypeError(f"{what} is a key of {impl}, given one of {value.impl}")
        words = value.words
        if not _fits(words.shape[:-1], shape):
            raise ShapeError(
                f"{what} holds keys of shape {show_shape(shape)}, given {show_shape(value.shape)}"
            )
        return words

    return check


def as_keys(value: Any, impl: str, what: str = "key") -> KeyArray:
    """Turn what users have for a key into a `KeyArray`.

    Takes keys, key expressions without inputs, ``numpy.random.SeedSequence`` (its first
    128 bits are the seed) and JAX's key arrays (their words, for an implementation of the
    same name; else the words are a seed).

    Raises
    ------
    DTypeError
        For anything else; the message says what to pass.
    """
    if isinstance(value, KeyArray):
        return value
    if isinstance(value, Expr) and isinstance(value.type, KeyType):
        from astragal.compile import evaluate

        out = evaluate(value)
        assert isinstance(out, KeyArray)
        return out
    if isinstance(value, np.random.SeedSequence):
        return KeyArray(list(IMPLEMENTATIONS[impl].seed(seed_of(value, impl))), impl)
    if is_jax_key(value):
        return _from_jax(value, impl)
    if isinstance(value, (int, np.integer)):
        raise DTypeError(
            f"{what} is a random key, given the integer {value}; pass astragal.key({value})"
        )
    raise DTypeError(
        f"{what} is a random key, given {_shown(value)}; pass astragal.key(seed), a key that a "
        "function gave, a jax.random.key, or a numpy.random.SeedSequence"
    )


def _from_jax(value: Any, impl: str) -> KeyArray:
    import jax

    words: Any = jax.random.key_data(value)
    name = str(jax.random.key_impl(value))
    if name == impl:
        return KeyArray(words if _is_tracer(words) else np.asarray(words), impl)
    if _is_tracer(words):
        raise DTypeError(
            f"a traced JAX key of {name} cannot seed a key of {impl}; pass a key of {impl}"
        )
    flat = np.asarray(words).reshape(-1, words.shape[-1])
    try:
        rows = [
            IMPLEMENTATIONS[impl].seed(sum(int(w) << 32 * i for i, w in enumerate(reversed(row))))
            for row in flat
        ]
    except DomainError:
        raise DTypeError(
            f"a JAX key of {name} has more bits than a seed of {impl}; pass a key of {impl}"
        ) from None
    out = np.array(rows, dtype=np.uint32).reshape(*words.shape[:-1], -1)
    return KeyArray(out, impl)


def _is_tracer(x: Any) -> bool:
    import jax

    return isinstance(x, jax.core.Tracer)  # pyright: ignore[reportAttributeAccessIssue]
