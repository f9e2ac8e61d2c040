"""Saved graphs read back: every node built through its operation, every fault named.

A file may be damaged or forged. What it describes is checked as if a user had written
it, and whatever fails on the way is a fault of the file: a `FormatError`.
"""

from __future__ import annotations

import functools
import io
import json
import sys
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError, FormatError
from astragal.graph.expr import DIMENSION, INPUT, PARAMETER, Expr, Op
from astragal.graph.literal import CONSTANT, Literal, constant, value_of
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.types import (
    DTYPES,
    GeneratorType,
    KeyType,
    Shape,
    TensorType,
    TupleType,
    tensor_type,
)
from astragal.ops.declare import as_dims
from astragal.ops.indexing import parse_index
from astragal.random.keys import KEY_WORDS
from astragal.serialize import FORMAT, VERSION, op_of_name


def read(data: bytes, cells: Sequence[Any] = ()) -> Any:
    """Read what `astragal.serialize.dump_tree` wrote.

    Parameters
    ----------
    data
        An archive.
    cells
        The shared variables that it refers to, where it does not hold them itself.

    Raises
    ------
    FormatError
        Where the bytes are damaged, forged, of another kind, or of a newer version.
    """
    return _Reader(data, cells).result


_TYPES = (TensorType, KeyType, GeneratorType, TupleType)


class _Reader:
    def __init__(self, data: bytes, cells: Sequence[Any]) -> None:
        self.archive = _open(data)
        head = self.head()
        self.items: list[Any] = []
        self.fresh: dict[int, Any] = {}
        # Shared variables come before the nodes that read them; their updates after.
        kept = head.get("shared") or []
        if not isinstance(kept, list):
            raise FormatError("damaged: the list of shared variables is missing")
        self.cells = list(cells) or [self.guarded("shared", self.cell, c) for c in kept]
        for i, shown in enumerate(_list(head.get("items"))):
            self.items.append(self.guarded(f"item {i}", self.item, shown))
        for cell, shown in zip(self.cells, kept, strict=False):
            cell.update = self.guarded("shared", functools.partial(self.update, cell), shown)
        self.result = self.guarded("tree", self.tree, head.get("tree"))

    def head(self) -> dict[str, Any]:
        try:
            head = json.loads(self.member("graph.json"))
        except (ValueError, RecursionError) as error:
            raise FormatError(f"damaged: graph.json is no JSON ({error})") from None
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise FormatError("no graph of Astragal")
        version = head.get("version")
        if not isinstance(version, int) or version < 1:
            raise FormatError(f"damaged: version {version!r}")
        if version > VERSION:
            raise FormatError(
                f"written in version {version} of the format; this Astragal reads up to version "
                f"{VERSION}: update it"
            )
        return head

    def member(self, name: str) -> bytes:
        try:
            info = self.archive.getinfo(name)
            if info.compress_type != zipfile.ZIP_STORED:
                raise FormatError(f"damaged: {name} is compressed")
            return self.archive.read(name)
        except KeyError:
            raise FormatError(f"no graph of Astragal, or damaged: {name} is missing") from None
        except (zipfile.BadZipFile, OSError, RuntimeError, EOFError) as error:
            raise FormatError(f"damaged: {name} cannot be read ({error})") from None

    def guarded(self, where: str, read: Callable[[Any], Any], shown: Any) -> Any:
        """Read something that may be forged: whatever fails is a fault of the file."""
        try:
            return read(shown)
        except FormatError as error:
            raise FormatError(f"{where}: {error}") from None
        except (
            AstragalError,
            ArithmeticError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            AssertionError,
            RecursionError,
            MemoryError,
        ) as error:
            name = f" ({shown[0]})" if isinstance(shown, list) and shown else ""
            raise FormatError(f"damaged: {where}{name} is not well formed: {error}") from None

    def item(self, shown: Any) -> Any:
        name, *rest = shown
        if name == "#subgraph":
            parameters, outs = rest
            types = [self.argument(t) for t in parameters]
            if not all(isinstance(t, _TYPES) for t in types):
                raise FormatError("damaged: a parameter has no type")
            leaves = [PARAMETER(i, t) for i, t in enumerate(types)]
            return Subgraph(leaves, [self.node(o) for o in _list(outs)])
        if name == "constant":
            return CONSTANT(Literal(self.array(rest)))
        op = op_of_name(name)
        if op is None:
            raise FormatError(f"unknown operation {name!r}; the file is from another version")
        args = [self.argument(a) for a in rest]
        if op in (INPUT, PARAMETER, DIMENSION):
            _check_leaf(op, args)
            if type(args[0]).__name__ == "Cell" and args[0].type == args[1]:
                from astragal.compile.shared import leaf

                return leaf(args[0])
        fits = _STATIC.get(name)
        if fits is not None and not fits(*args):
            raise FormatError(f"damaged: {name} does not take these arguments")
        return op(*args)

    def node(self, place: Any) -> Expr:
        found = self.place(place)
        if not isinstance(found, Expr):
            raise FormatError(f"damaged: item {place} is no node")
        return found

    def place(self, place: Any) -> Any:
        if type(place) is not int or not 0 <= place < len(self.items):
            raise FormatError(f"damaged: it refers to item {place!r}, which does not precede it")
        return self.items[place]

    def array(self, shown: Sequence[Any]) -> np.ndarray[Any, Any]:
        if len(shown) == 1:
            name = f"constants/{int(shown[0])}.npy"
            array = np.lib.format.read_array(io.BytesIO(self.member(name)), allow_pickle=False)
        else:
            dtype, shape, text = shown
            if dtype not in DTYPES:
                raise FormatError(f"damaged: unknown dtype {dtype!r}")
            little = np.dtype(dtype).newbyteorder("<")
            array = np.frombuffer(bytes.fromhex(text), little).reshape(shape)
        return value_of(constant(array))

    def argument(self, a: Any) -> Any:
        if a is None or isinstance(a, (bool, int, str)):
            return a
        if isinstance(a, list):
            (place,) = a
            return self.place(place)
        ((sort, value),) = a.items()
        if sort == "float":
            return float.fromhex(value)
        if sort == "tuple":
            return tuple(self.argument(v) for v in value)
        if sort == "types":
            return TupleType(tuple(self.argument(v) for v in value))
        if sort == "tensor":
            dtype, dims = value
            if dtype not in DTYPES:
                raise FormatError(f"damaged: unknown dtype {dtype!r}")
            return tensor_type(sys.intern(dtype), self.dims(dims))
        if sort == "key":
            impl, dims = value
            if impl not in KEY_WORDS:
                raise FormatError(f"unknown key implementation {impl!r}")
            return KeyType(impl, self.dims(dims))
        if sort == "generator":
            return GeneratorType()
        if sort == "fresh":
            if value not in self.fresh:
                self.fresh[value] = placeholder(tensor_type("bool")).args[0]
            return self.fresh[value]
        if sort == "shared":
            return self.cells[value]
        raise FormatError(f"damaged: unknown argument {sort!r}")

    def dims(self, shown: Any) -> Shape:
        return as_dims([d if isinstance(d, int) else self.node(d[0]) for d in shown], "a type")

    def cell(self, shown: Any) -> Any:
        from astragal.compile.keyarray import KeyArray
        from astragal.compile.shared import Cell, frozen_value

        name, type, value, _, private = shown
        if not isinstance(name, str) or not isinstance(private, bool):
            raise FormatError("damaged: a shared variable has no name")
        wanted = self.argument(type)
        held: Any = self.array(value)
        if isinstance(wanted, KeyType):
            held = KeyArray(held, wanted.impl)
        cell = Cell(name, wanted, frozen_value(held, wanted, f"shared variable {name!r}"))
        cell.private = private
        return cell

    def update(self, cell: Any, shown: Any) -> Expr | None:
        from astragal.compile.shared import as_update, leaf

        return None if shown[3] is None else as_update(leaf(cell), self.tree(shown[3]))

    def tree(self, t: Any) -> Any:
        if not isinstance(t, dict):
            return self.node(t[0]) if isinstance(t, list) else self.argument(t)
        ((sort, parts),) = t.items()
        if sort == "list":
            return [self.tree(v) for v in parts]
        if sort == "tuple":
            return tuple(self.tree(v) for v in parts)
        if sort == "dict":
            return {self.tree(k): self.tree(v) for k, v in parts}
        if sort == "model":
            from astragal.model import Model

            return Model({name: self.tree(v) for name, v in parts})
        if sort == "labelled":
            from astragal.model import Model

            variables, constants, dims, coords = parts
            return Model(
                {name: self.tree(v) for name, v in variables},
                dims={name: tuple(_list(names)) for name, names in dims},
                coords={dim: tuple(map(_label, _list(labels))) for dim, labels in coords},
                constants={name: self.tree(v) for name, v in constants},
            )
        return self.argument(t)


def _label(shown: Any) -> Any:
    """Read a label along a dimension."""
    if not isinstance(shown, dict):
        return shown
    ((sort, text),) = shown.items()
    return _LABELS[sort](text)


_LABELS: dict[str, Callable[[str], Any]] = {
    "float": float.fromhex,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


# Operations that trust their static arguments, since only functions of the vocabulary
# make them: what those functions see to.


def _is_index(x: Expr, spec: Any, *operands: Any) -> bool:
    """Tell whether an index is one that ``x[...]`` makes."""
    rest = list(operands)
    items: list[Any] = []
    for sort, *parts in spec:
        if sort == "slice":
            start, stop, step = (rest.pop(0) if v == "expr" else v for v in parts)
            items.append(slice(start, stop, step))
        elif sort == "expr":
            items.append(rest.pop(0))
        elif sort in ("int", "new"):
            items.append(parts[0] if sort == "int" else None)
        else:
            return False
    return parse_index(x, tuple(items)) == (spec, operands)


def _is_update(x: Expr, value: Expr, spec: Any, *operands: Any) -> bool:
    same = isinstance(x.type, TensorType) and isinstance(value.type, TensorType)
    if (same and x.dtype != value.dtype) or type(x.type) is not type(value.type):
        return False
    return _is_index(x, spec, *operands)


def _counts(*numbers: Any) -> bool:
    return all(type(n) is int and n >= 0 for n in numbers)


_STATIC: dict[str, Callable[..., bool]] = {
    "permute_dims": lambda x, axes: sorted(axes) == list(range(x.ndim)),
    "index": _is_index,
    "set_index": _is_update,
    "add_index": _is_update,
    "item": lambda x, i: _counts(i),
    "concatenate": lambda axis, *xs: _counts(axis) and axis < xs[0].ndim,
    "stack": lambda axis, *xs: _counts(axis) and axis <= xs[0].ndim,
    "scan": lambda body, n, reverse, k, m, *xs: (
        _counts(k, m) and type(reverse) is bool and k + m <= len(xs) and k <= len(body.outputs)
    ),
    "while_loop": lambda test, body, n, *xs: _counts(n) and n == len(body.outputs),
    "switch": lambda n, *rest: _counts(n) and n > 0,
}


def _open(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise FormatError(f"no graph of Astragal, or damaged: {error}") from None


def _list(x: Any) -> list[Any]:
    if not isinstance(x, list):
        raise FormatError("damaged: a list is missing")
    return x


def _check_leaf(op: Op, args: Sequence[Any]) -> None:
    name = args[0]
    sorts = int if op is PARAMETER else str
    fits = type(name) is sorts or (op is INPUT and type(name).__name__ in ("Cell", "_Fresh"))
    typed = op is DIMENSION or isinstance(args[1], _TYPES)
    if not fits or not typed or len(args) != (1 if op is DIMENSION else 2) or name in ("", -1):
        raise FormatError(f"damaged: {op.name} without a name or a type")
