"""Random keys as values: what compiled functions take and give where a graph has keys."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from astragal.graph.errors import DTypeError, ShapeError
from astragal.random.keys import KEY_WORDS


def _refuse(self: KeyArray, *_: Any, **__: Any) -> NoReturn:
    raise TypeError(
        "a key has no arithmetic and is no array: pass it to a compiled function, take one of an "
        "array of keys with key[i], or take its words with key.words"
    )


class KeyArray:
    """An immutable array of random keys.

    Parameters
    ----------
    words
        Words of the keys, uint32, along the last dimension.
    impl
        Key implementation.

    Attributes
    ----------
    words : array of uint32
    impl : str

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.evaluate(ag.split(ag.key(3), 4))
    >>> k.shape, k.impl, k[1:].shape
    ((4,), 'threefry4x32', (3,))
    """

    __slots__ = ("impl", "words")

    words: Any
    impl: str

    def __init__(self, words: Any, impl: str) -> None:
        count = KEY_WORDS.get(impl)
        if count is None:
            known = ", ".join(KEY_WORDS)
            raise DTypeError(f"unknown key implementation {impl!r}; known: {known}")
        if isinstance(words, (list, tuple)):
            words = np.asarray(words, dtype=np.uint32)
        if isinstance(words, np.ndarray):
            if words.dtype != np.uint32:
                raise DTypeError(f"the words of a key are uint32, got {words.dtype}")
            words = words.copy()
            words.flags.writeable = False
        if words.shape[-1:] != (count,):
            raise ShapeError(
                f"{impl} keys have {count} words along the last dimension, got shape {words.shape}"
            )
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "impl", impl)

    @property
    def shape(self) -> tuple[int, ...]:
        """Dimensions of the array of keys, without the words."""
        return tuple(self.words.shape[:-1])

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.words.shape) - 1

    def to_jax(self) -> Any:
        """Give these keys as those of ``jax.random``, for the implementation that is JAX's.

        Raises
        ------
        DTypeError
            For another implementation than ``threefry2x32``: JAX does not know its keys.
        """
        if self.impl != "threefry2x32":
            raise DTypeError(
                f"JAX has no keys of {self.impl}; make the root with "
                'astragal.key(seed, impl="threefry2x32"), which are its own'
            )
        import jax

        return jax.random.wrap_key_data(self.words, impl=self.impl)

    def seed_sequence(self) -> np.random.SeedSequence:
        """Give a seed sequence of NumPy that is made of the words of one key.

        Generators from it share nothing with draws from the key. The words are hashed: of n such
        sequences two begin alike with probability about n**2 / 2**129.

        Raises
        ------
        ShapeError
            For an array of keys.
        """
        if self.shape:
            raise ShapeError(f"seed_sequence is of one key, not of keys of shape {self.shape}")
        return np.random.SeedSequence([int(w) for w in self.words])

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a key is immutable")

    __delattr__ = __setattr__  # type: ignore[assignment]

    def __getitem__(self, index: Any) -> KeyArray:
        parts = index if isinstance(index, tuple) else (index,)
        if not any(p is Ellipsis for p in parts):
            parts = (*parts, Ellipsis)
        try:
            words = self.words[(*parts, slice(None))]
        except IndexError as error:
            raise IndexError(f"index {index!r} of keys of shape {self.shape}: {error}") from None
        return KeyArray(words, self.impl)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a single key")
        return self.shape[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, KeyArray):
            return NotImplemented
        return self.impl == other.impl and np.array_equal(self.words, other.words)

    def __hash__(self) -> int:
        words = np.asarray(self.words)
        return hash((self.impl, words.shape, words.tobytes()))

    def __repr__(self) -> str:
        if self.shape:
            return f"<keys {self.impl} {self.shape}>"
        return f"<key {self.impl} {' '.join(f'{int(w):08x}' for w in self.words)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (KeyArray, (np.asarray(self.words), self.impl))

    def __copy__(self) -> KeyArray:
        return self

    def __deepcopy__(self, memo: object) -> KeyArray:
        return self

    __array_priority__ = 1000
    __array__ = __array_ufunc__ = __array_function__ = __iter__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refuse
    __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __neg__ = __pos__ = __abs__ = _refuse
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __invert__ = _refuse
    __lshift__ = __rshift__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse
    __float__ = __int__ = __index__ = __complex__ = _refuse
