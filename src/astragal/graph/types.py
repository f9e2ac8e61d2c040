"""Types of expressions: tensors, keys and tuples of them.

A dimension is an ``int`` where it is known when the graph is built, and a scalar
integer expression where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from astragal.graph.errors import DTypeError

if TYPE_CHECKING:
    from astragal.graph.expr import Expr

Dim: TypeAlias = "int | Expr"
Shape: TypeAlias = "tuple[Dim, ...]"

DTYPES: tuple[str, ...] = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
)
FLOATS = frozenset({"float32", "float64"})
SIGNED = frozenset({"int8", "int16", "int32", "int64"})
UNSIGNED = frozenset({"uint8", "uint16", "uint32", "uint64"})
INTEGERS = SIGNED | UNSIGNED
NUMERIC = INTEGERS | FLOATS


@cache
def dtype_name(dtype: object) -> str:
    """Give the canonical name of a data type.

    Raises
    ------
    DTypeError
        Where the type is none of the array API's real and boolean types.

    Examples
    --------
    >>> import numpy as np
    >>> dtype_name(np.float32), dtype_name(float), dtype_name("int64")
    ('float32', 'float64', 'int64')
    """
    import numpy as np

    try:
        name = np.dtype(dtype).name  # type: ignore[call-overload]
    except TypeError:
        name = str(dtype)
    if name not in DTYPES:
        raise DTypeError(f"dtype {dtype!r} is not supported; expected one of {', '.join(DTYPES)}")
    return str(name)


def show_shape(shape: Shape) -> str:
    """Write a shape as NumPy does, with symbolic dimensions by their name."""
    dims = [str(d) if isinstance(d, int) else d.label for d in shape]
    return "(" + ", ".join(dims) + ("," if len(dims) == 1 else "") + ")"


def same_dim(a: Dim, b: Dim) -> bool:
    """Tell whether two dimensions are known to be equal.

    ``==`` will not do: between an expression and a number it is an error.
    """
    return a is b or (isinstance(a, int) and isinstance(b, int) and a == b)


def same_shape(a: Shape, b: Shape) -> bool:
    """Tell whether two shapes are known to be equal, dimension by dimension.

    Examples
    --------
    >>> import astragal as ag
    >>> n = ag.input("x", shape=("n",)).shape[0]
    >>> same_shape((n, 3), (n, 3)), same_shape((n,), (3,))
    (True, False)
    """
    return a is b or (len(a) == len(b) and all(map(same_dim, a, b)))


@dataclass(frozen=True, slots=True, eq=False)
class TensorType:
    """An array of a data type and a shape."""

    dtype: str
    shape: Shape

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, TensorType)
            and self.dtype == other.dtype
            and same_shape(self.shape, other.shape)
        )

    def __hash__(self) -> int:
        return hash((self.dtype, self.shape))

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"{self.dtype}{show_shape(self.shape) if self.shape else ''}"


@dataclass(frozen=True, slots=True, eq=False)
class KeyType:
    """An array of random keys of one implementation."""

    impl: str
    shape: Shape = ()

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, KeyType)
            and self.impl == other.impl
            and same_shape(self.shape, other.shape)
        )

    def __hash__(self) -> int:
        return hash((self.impl, self.shape))

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"key<{self.impl}>{show_shape(self.shape) if self.shape else ''}"


@dataclass(frozen=True, slots=True)
class GeneratorType:
    """The state of a sequential generator of NumPy (PCG64)."""

    @property
    def ndim(self) -> int:
        """Number of dimensions: none."""
        return 0

    @property
    def shape(self) -> Shape:
        """No dimensions."""
        return ()

    def __repr__(self) -> str:
        return "generator"


@dataclass(frozen=True, slots=True)
class TupleType:
    """A fixed number of values, taken apart with ``expr[i]``."""

    items: tuple[Type, ...]

    @property
    def ndim(self) -> int:
        """A tuple is no array: this is always an error."""
        raise DTypeError("a tuple-typed expression has no shape; take an item of it with expr[i]")

    @property
    def shape(self) -> Shape:
        """A tuple is no array: this is always an error."""
        raise DTypeError("a tuple-typed expression has no shape; take an item of it with expr[i]")

    def __repr__(self) -> str:
        return "(" + ", ".join(map(repr, self.items)) + ")"


Type: TypeAlias = TensorType | KeyType | GeneratorType | TupleType

_STATIC: dict[tuple[str, Shape], TensorType] = {}


def tensor_type(dtype: str, shape: Shape = ()) -> TensorType:
    """Give the one `TensorType` of a data type and a shape; static ones are shared.

    Examples
    --------
    >>> tensor_type("float64", (2, 3))
    float64(2, 3)
    """
    found = _STATIC.get((dtype, shape))
    if found is not None:
        return found
    new = TensorType(dtype, shape)
    if all(type(d) is int for d in shape):
        return _STATIC.setdefault((dtype, shape), new)
    return new


@cache
def promote(first: str, second: str) -> str:
    """Give the data type of an operation on two, as NumPy promotes arrays.

    Examples
    --------
    >>> promote("int64", "float32"), promote("bool", "int8")
    ('float64', 'int8')
    """
    import numpy as np

    return dtype_name(np.promote_types(first, second))
