"""Random keys: values with a type of their own, made from a seed, split, and spent once.

How an implementation turns keys into bits is in `astragal.random.implementations`;
here are the operations that every implementation has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from astragal.graph.errors import DomainError, DTypeError, ShapeError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import INTEGERS, KeyType, TensorType, Type, tensor_type
from astragal.ops.creation import shape_argument, shape_dims
from astragal.ops.declare import as_dims, as_expr, broadcast_shapes
from astragal.ops.manipulation import reshape
from astragal.random.implementations import IMPLEMENTATIONS
from astragal.random.places import PlacedOp

DEFAULT = "threefry4x32"


class _KeyWords(Mapping[str, int]):
    """Number of uint32 words in a key, by implementation."""

    def __getitem__(self, impl: str) -> int:
        return IMPLEMENTATIONS[impl].words

    def __iter__(self) -> Iterator[str]:
        return iter(IMPLEMENTATIONS)

    def __len__(self) -> int:
        return len(IMPLEMENTATIONS)


KEY_WORDS: Mapping[str, int] = _KeyWords()


def key_type(x: Any, op: str) -> KeyType:
    """Give the key type of an operand.

    Raises
    ------
    DTypeError
        Where it is no key, naming the operation.
    """
    if isinstance(x, Expr) and isinstance(x.type, KeyType):
        return x.type
    raise DTypeError(f"{op} takes a key (astragal.key, astragal.split), got {describe(x)}")


def as_key(x: Any, op: str) -> Expr:
    """Take what users have for a key: a key, or a value that stands for one.

    Values are those that functions give, key arrays of ``jax.random`` (of the implementation that
    is JAX's own), and ``numpy.random.SeedSequence``.

    Raises
    ------
    DTypeError
        For anything else, naming the operation.
    """
    from astragal.compile.keyarray import KeyArray

    if isinstance(x, np.random.SeedSequence):
        return key(x)
    if isinstance(x, KeyArray):
        return wrap_key_data(np.asarray(x.words), x.impl)
    if is_jax_key(x):
        import jax

        impl = str(jax.random.key_impl(x))
        if impl not in KEY_WORDS:
            raise DTypeError(
                f"{op}: a JAX key of {impl} is none of {', '.join(KEY_WORDS)}; "
                "make one with jax.random.key(seed, impl='threefry2x32')"
            )
        return wrap_key_data(np.asarray(jax.random.key_data(x)), impl)
    key_type(x, op)
    return x  # type: ignore[no-any-return]


def is_jax(value: Any) -> bool:
    """Tell whether a value is one of JAX's, without importing JAX."""
    return type(value).__module__.partition(".")[0] in ("jax", "jaxlib")


def is_jax_key(value: Any) -> bool:
    """Tell whether a value is an array of keys of ``jax.random``."""
    return is_jax(value) and str(getattr(value, "dtype", "")).startswith("key<")


def _check_impl(impl: str) -> str:
    if impl not in KEY_WORDS:
        raise DomainError(f"unknown key implementation {impl!r}; known: {', '.join(KEY_WORDS)}")
    return impl


def seed_of(sequence: np.random.SeedSequence, impl: str) -> int:
    """Give the first 128 bits of a seed sequence of NumPy as a seed; 64 where no more fit."""
    seed = sum(int(w) << 32 * i for i, w in enumerate(sequence.generate_state(4)))
    try:
        IMPLEMENTATIONS[impl].seed(seed)
    except DomainError:
        seed %= 2**64
    return seed


def _prepare_key(seed: Any, impl: str = DEFAULT) -> tuple[Any, ...]:
    if isinstance(seed, np.random.SeedSequence):
        seed = seed_of(seed, _check_impl(impl))
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        seed = int(seed)
        if not 0 <= seed < 2**128:
            raise DomainError(f"key: a seed lies in 0 .. 2**128 - 1, got {seed}")
        # 128 bits do not fit a tensor of the vocabulary: the seed is a static argument.
        IMPLEMENTATIONS[_check_impl(impl)].seed(seed)
        return seed, impl
    raise DTypeError(f"key: a seed is a non-negative integer, got {describe(seed)}")


KEY = Op("key", lambda seed, impl: KeyType(impl, ()), _prepare_key)
"""``key(seed, impl)``: a root key."""


def key(seed: int | np.random.SeedSequence, impl: str = DEFAULT) -> Expr:
    """Make a root key from a seed.

    Parameters
    ----------
    seed
        Integer from 0 to 2**128 - 1, below 2**64 where an implementation's keys hold no more;
        different ones give different streams. Or a ``numpy.random.SeedSequence``, whose first bits
        are taken.
    impl
        Key implementation.

    Raises
    ------
    DTypeError, DomainError
        For a seed that is no integer or out of range, or an unknown implementation.

    Examples
    --------
    >>> import astragal as ag
    >>> ag.key(7).type
    key<threefry4x32>
    """
    return KEY(seed, impl)


def _infer_split(k: Expr, n: Any) -> Type:
    t = key_type(k, "split")
    return KeyType(t.impl, (*shape_dims((n,) if not isinstance(n, Expr) else n), *t.shape))


def _prepare_split(k: Any, n: Any = 2) -> tuple[Any, ...]:
    k = as_key(k, "split")
    if isinstance(n, Expr) and n.op.name == "shape":
        return k, n
    argument = shape_argument(as_dims(n, "split"))
    if not isinstance(argument, Expr) and len(argument) != 1:
        raise ShapeError(f"split takes the number of keys, got {n!r}")
    return k, argument if isinstance(argument, Expr) else argument[0]


SPLIT = PlacedOp("split", _infer_split, _prepare_split)


def split(key: Expr, n: int | Expr | tuple[int, ...] = 2) -> Expr:
    """Spend a key for n fresh ones, stacked along a new leading dimension.

    Several numbers give an array of keys of that shape: those of their product, in row-major order.

    Raises
    ------
    DTypeError
        Where the operand is no key.

    Examples
    --------
    >>> import astragal as ag
    >>> a, b = ag.split(ag.key(0))
    >>> a is b
    False
    """
    k = as_key(key, "split")
    if isinstance(n, tuple) and len(n) > 1:
        dims = as_dims(n, "split")
        flat = SPLIT(k, math.prod(dims))
        return reshape(flat, (*dims, *flat.shape[1:]))
    return SPLIT(k, n)


def _prepare_fold_in(k: Any, data: Any) -> tuple[Any, ...]:
    k = as_key(k, "fold_in")
    number: Any = data
    if isinstance(number, (int, np.integer)) and not 0 <= number < 2**63:
        raise DomainError(f"fold_in: data lie in 0 .. 2**63 - 1, got {data}")
    d = as_expr(data)
    if not isinstance(d.type, TensorType) or d.type.dtype not in INTEGERS:
        raise DTypeError(f"fold_in: data are integers, got {describe(d)}")
    if is_constant(d) and value_of(d).min(initial=0) < 0:
        raise DomainError(f"fold_in: data are non-negative, got {d!r}")
    return k, d


def _infer_fold_in(k: Expr, data: Expr) -> Type:
    t = key_type(k, "fold_in")
    return KeyType(t.impl, broadcast_shapes([t.shape, data.type.shape], "fold_in"))


FOLD_IN = PlacedOp("fold_in", _infer_fold_in, _prepare_fold_in)


def fold_in(key: Expr, data: Any) -> Expr:
    """Derive a key from a key and an integer, such as the number of an iteration.

    Different data from 0 to 2**63 - 1 give different keys; a key that is folded in is not to be
    split or drawn from as well.
    """
    return FOLD_IN(as_key(key, "fold_in"), data)


def _infer_key_data(k: Expr) -> Type:
    t = key_type(k, "key_data")
    return tensor_type("uint32", (*t.shape, KEY_WORDS[t.impl]))


KEY_DATA = Op("key_data", _infer_key_data, lambda k: (as_key(k, "key_data"),))


def key_data(key: Expr) -> Expr:
    """Give the words of a key as uint32, along a new last dimension: the explicit way out."""
    return KEY_DATA(key)


def _infer_wrap(data: Expr, impl: str) -> Type:
    n = KEY_WORDS[impl]
    if not isinstance(data.type, TensorType) or data.dtype != "uint32" or data.shape[-1:] != (n,):
        raise ShapeError(
            f"wrap_key_data: {impl} keys are uint32 with a last dimension of {n}, "
            f"got {describe(data)}"
        )
    well_formed = IMPLEMENTATIONS[impl].well_formed
    if is_constant(data) and not all(map(well_formed, value_of(data).reshape(-1, n).tolist())):
        raise DomainError(f"wrap_key_data: no key of {impl} has such words; take those of key_data")
    return KeyType(impl, data.shape[:-1])


WRAP_KEY_DATA = Op(
    "wrap_key_data",
    _infer_wrap,
    lambda data, impl=DEFAULT: (as_expr(data), _check_impl(impl)),
)


def wrap_key_data(data: Any, impl: str = DEFAULT) -> Expr:
    """Take words as keys: the explicit way in, for words that `key_data` gave."""
    return WRAP_KEY_DATA(data, impl)


OPS: tuple[Op, ...] = (KEY, SPLIT, FOLD_IN, KEY_DATA, WRAP_KEY_DATA)
