"""The graph: immutable, hash-consed expressions with one output each.

An `Expr` is an operation, its arguments and a type. Building the same expression
twice gives the same object, so equality is identity, sharing is free, and a
traversal visits each node once. An argument is an `Expr` or a static value (an
axis, a name, a `Subgraph`); ``t.op(*t.args) is t`` holds for every term.
"""

# The declarations for type checkers have no docstrings: the functions they stand for have.
# ruff: noqa: D102

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from astragal.graph.errors import DTypeError
from astragal.graph.types import KeyType, Shape, TensorType, TupleType, Type

if TYPE_CHECKING:
    import numpy as np

_NAMED = frozenset({"input", "dimension", "variable"})  # their first argument is their name
Arg = Any  # an Expr, or a static hashable value


class _Ref(weakref.ref["Expr"]):
    """A weak reference that knows its place in an op's table."""

    __slots__ = ("key", "table")

    key: tuple[Arg, ...]
    table: dict[tuple[Arg, ...], _Ref]


def _forget(ref: _Ref) -> None:
    if ref.table.get(ref.key) is ref:
        ref.table.pop(ref.key, None)  # another thread may have been here


class Op:
    """An operation: a name, a rule that prepares its arguments, and one that types the result.

    Parameters
    ----------
    name
        The word used in text, in saved graphs and in the backends' tables.
    infer
        Takes the prepared arguments; gives the type, or raises naming the operation.
    prepare
        Turns what a caller passed into canonical arguments (constants into `Expr`,
        axes into sorted tuples). It must leave canonical arguments as they are.
    elementwise
        Whether element i of the result depends on element i of the (broadcast) operands alone.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> t = x + 1.0
    >>> t.op.name, t.op(*t.args) is t
    ('add', True)
    """

    __slots__ = ("__weakref__", "_table", "elementwise", "infer", "name", "prepare")

    def __init__(
        self,
        name: str,
        infer: Callable[..., Type],
        prepare: Callable[..., tuple[Arg, ...]] | None = None,
        *,
        elementwise: bool = False,
    ) -> None:
        self.name = name
        self.infer = infer
        self.prepare = prepare
        self.elementwise = elementwise
        self._table: dict[tuple[Arg, ...], _Ref] = {}

    def __call__(self, *args: Arg, **named: Arg) -> Expr:
        """Apply the operation: a new term, or the one that was built before."""
        if self.prepare is not None:
            args = self.prepare(*args, **named) if named else self.prepare(*args)
        elif named:
            raise TypeError(f"{self.name} takes no arguments by name: {', '.join(named)}")
        ref = self._table.get(args)
        if ref is not None:
            found = ref()
            if found is not None:
                return found
        return self._intern(args, self.infer(*args))

    def _intern(self, args: tuple[Arg, ...], type: Type, sort: Any = None) -> Expr:
        node: Expr = _new(sort or Expr)
        node.op = self
        node.args = args
        node.type = type
        ref = _Ref(node, _forget)
        ref.key = args
        ref.table = self._table
        # Two threads may build one term at once: the first to arrive is the term.
        while (kept := self._table.setdefault(args, ref)) is not ref:
            other = kept()
            if other is not None:
                return other
            _forget(kept)
        return node

    def again(self, node: Expr, args: Sequence[Arg]) -> Expr:
        """Apply the operation to other arguments, in the place of a term of it."""
        return self(*args)

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return (_op_by_name, (self.name,))


def _op_by_name(name: str) -> Op:
    from astragal.serialize import op_by_name

    return op_by_name(name)


_new: Callable[[Any], Any] = object.__new__


class Expr:
    """A node of a graph: an operation applied to arguments.

    Expressions are made by calling operations, never directly. ``==`` is identity
    (two expressions are equal when they are the same term); elementwise comparison
    is `astragal.equal`.

    Attributes
    ----------
    op : Op
    args : tuple
        Expressions and static values.
    type : TensorType, KeyType or TupleType

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x", shape=(3,))
    >>> (ag.exp(x) + 1.0) is (ag.exp(x) + 1.0)
    True
    """

    __slots__ = ("__weakref__", "args", "op", "type")

    op: Op
    args: tuple[Arg, ...]
    type: Type

    # NumPy hands binary operations with an Expr over to us.
    __array_priority__ = 1000

    def __init__(self) -> None:
        raise TypeError("an Expr is made by calling an operation, such as astragal.add(x, y)")

    # -- what it is ------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        """Dimensions: integers, or integer expressions where they are not static."""
        return self.type.shape

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.type.shape)

    @property
    def dtype(self) -> str:
        """Name of the data type.

        Raises
        ------
        DTypeError
            For keys and tuples, which have none.
        """
        if isinstance(self.type, TensorType):
            return self.type.dtype
        raise DTypeError(f"{describe(self)} has no dtype")

    @property
    def label(self) -> str:
        """A short name: of an input its name, of another node its operation."""
        return str(self.args[0]) if self.op.name in _NAMED else self.op.name

    # -- equality is identity --------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, (int, float, complex)) or type(other).__module__ == "numpy":
            raise TypeError(
                f"== compares expressions by identity; for elementwise comparison of "
                f"{describe(self)} with {other!r} use astragal.equal"
            )
        return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"the truth of {describe(self)} is not known before the graph runs; "
            "use astragal.where, astragal.cond or astragal.logical_and"
        )

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if isinstance(self.type, KeyType):
            raise TypeError("a key is not an array; astragal.key_data(key) gives its words")
        raise TypeError(
            f"{describe(self)} has no value before the graph runs; astragal.evaluate gives it"
        )

    def __float__(self) -> NoReturn:
        self.__array__()
        raise AssertionError

    __int__ = __index__ = __float__

    def __len__(self) -> int:
        if isinstance(self.type, TupleType):
            return len(self.type.items)
        if not self.type.shape:
            raise TypeError(f"len() of {describe(self)}, which is a scalar")
        if isinstance(n := self.type.shape[0], int):
            return n
        raise TypeError(
            f"the length of {describe(self)} is not static; use expr.shape[0], an expression"
        )

    def __iter__(self) -> Iterator[Expr]:
        return (self[i] for i in range(len(self)))

    # -- operators and methods: astragal.ops defines them, type checkers read them here ---

    def __getitem__(self, index: Any) -> Expr:
        raise AssertionError("astragal.ops replaces this")

    if TYPE_CHECKING:
        # fmt: off
        def __add__(self, other: Any) -> Expr: ...
        def __radd__(self, other: Any) -> Expr: ...
        def __sub__(self, other: Any) -> Expr: ...
        def __rsub__(self, other: Any) -> Expr: ...
        def __mul__(self, other: Any) -> Expr: ...
        def __rmul__(self, other: Any) -> Expr: ...
        def __truediv__(self, other: Any) -> Expr: ...
        def __rtruediv__(self, other: Any) -> Expr: ...
        def __floordiv__(self, other: Any) -> Expr: ...
        def __rfloordiv__(self, other: Any) -> Expr: ...
        def __mod__(self, other: Any) -> Expr: ...
        def __rmod__(self, other: Any) -> Expr: ...
        def __pow__(self, other: Any) -> Expr: ...
        def __rpow__(self, other: Any) -> Expr: ...
        def __matmul__(self, other: Any) -> Expr: ...
        def __rmatmul__(self, other: Any) -> Expr: ...
        def __and__(self, other: Any) -> Expr: ...
        def __rand__(self, other: Any) -> Expr: ...
        def __or__(self, other: Any) -> Expr: ...
        def __ror__(self, other: Any) -> Expr: ...
        def __xor__(self, other: Any) -> Expr: ...
        def __rxor__(self, other: Any) -> Expr: ...
        def __lshift__(self, other: Any) -> Expr: ...
        def __rlshift__(self, other: Any) -> Expr: ...
        def __rshift__(self, other: Any) -> Expr: ...
        def __rrshift__(self, other: Any) -> Expr: ...
        def __lt__(self, other: Any) -> Expr: ...
        def __le__(self, other: Any) -> Expr: ...
        def __gt__(self, other: Any) -> Expr: ...
        def __ge__(self, other: Any) -> Expr: ...
        def __neg__(self) -> Expr: ...
        def __pos__(self) -> Expr: ...
        def __abs__(self) -> Expr: ...
        def __invert__(self) -> Expr: ...
        def astype(self, dtype: object) -> Expr: ...
        def reshape(self, *shape: Any) -> Expr: ...
        def sum(self, axis: Any = None, keepdims: bool = False) -> Expr: ...
        def prod(self, axis: Any = None, keepdims: bool = False) -> Expr: ...
        def mean(self, axis: Any = None, keepdims: bool = False) -> Expr: ...
        def var(self, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Expr: ...  # noqa: E501
        def std(self, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Expr: ...  # noqa: E501
        def max(self, axis: Any = None, keepdims: bool = False) -> Expr: ...
        def min(self, axis: Any = None, keepdims: bool = False) -> Expr: ...
        def any(self, axis: Any = None, keepdims: bool = False) -> Expr: ...
        def all(self, axis: Any = None, keepdims: bool = False) -> Expr: ...
        def transpose(self, *axes: Any) -> Expr: ...
        def swapaxes(self, axis1: int, axis2: int) -> Expr: ...
        def squeeze(self, axis: Any = None) -> Expr: ...
        def ravel(self) -> Expr: ...
        def flatten(self) -> Expr: ...
        def copy(self) -> Expr: ...
        def cumsum(self, axis: int | None = None) -> Expr: ...
        def cumprod(self, axis: int | None = None) -> Expr: ...
        def argmax(self, axis: int | None = None, keepdims: bool = False) -> Expr: ...
        def argmin(self, axis: int | None = None, keepdims: bool = False) -> Expr: ...
        def argsort(self, axis: int = -1) -> Expr: ...
        def clip(self, min: Any = None, max: Any = None) -> Expr: ...
        def round(self, decimals: int = 0) -> Expr: ...
        def dot(self, other: Any) -> Expr: ...
        def trace(self, offset: int = 0) -> Expr: ...
        def diagonal(self, offset: int = 0) -> Expr: ...
        def take(self, indices: Any, axis: int | None = None) -> Expr: ...
        def repeat(self, repeats: Any, axis: int | None = None) -> Expr: ...
        @property
        def size(self) -> Any: ...
        @property
        def T(self) -> Expr: ...
        @property
        def mT(self) -> Expr: ...
        @property
        def at(self) -> Any: ...
        # fmt: on

    # -- copying and pickling keep identity ------------------------------------------

    def __copy__(self) -> Expr:
        return self

    def __deepcopy__(self, memo: object) -> Expr:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        from astragal.serialize import pickled

        return pickled(self)

    def __repr__(self) -> str:
        from astragal.graph.text import one_line

        return one_line(self)

    def _repr_html_(self) -> str:
        from astragal.display.show import expr_html

        return expr_html(self)

    def _repr_latex_(self) -> str:
        from astragal.display.show import expr_latex

        return expr_latex(self)


def describe(x: object) -> str:
    """Name an expression in an error: its operation and type."""
    if not isinstance(x, Expr):
        return f"{type(x).__name__} {x!r}"
    if x.op.name == "input":
        return f"input {x.args[0]!r} of type {x.type!r}"
    return f"{x.op.name} of type {x.type!r}"


# -- leaves ----------------------------------------------------------------------------


def _leaf_type(_name: object, type: Type) -> Type:
    return type


INPUT = Op("input", _leaf_type)
"""A named argument of a function: ``input(name, type)``."""

PARAMETER = Op("parameter", _leaf_type)
"""A parameter of a `Subgraph`: ``parameter(index, type)``."""

DIMENSION = Op("dimension", lambda _name: TensorType("int64", ()))
"""A length that is not known before the call: ``dimension(name)``."""
