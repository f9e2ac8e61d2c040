"""Graphs as data: saved, loaded, pickled, copied; never as code.

A file is a zip archive without compression. ``graph.json`` lists the nodes, arguments
before users; small constants stand in it as hexadecimal bytes, large ones beside it as
``.npy``. The same graph gives the same bytes. Loading builds every node through its
operation, so that a file can hold only what a user could have written.

In ``graph.json`` an argument that is a node or a subgraph is a list of one number, its
place among the items; numbers, booleans, texts and ``null`` stand for themselves; all
else is an object with one key that says what it is.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError, FormatError
from astragal.graph.expr import DIMENSION, INPUT, PARAMETER, Expr, Op, describe
from astragal.graph.literal import CONSTANT, Literal, constant, value_of
from astragal.graph.subgraph import Subgraph, placeholder
from astragal.graph.types import DTYPES, KeyType, Shape, TensorType, TupleType, Type, tensor_type

FORMAT = "astragal graph"
VERSION = 1
SMALL = 64  # bytes: constants up to this size stand in graph.json


def op_by_name(name: str) -> Op:
    """Find an operation of the vocabulary.

    Raises
    ------
    KeyError
        Where no operation has that name.
    """
    from astragal import ops, random

    return ops.OPS.get(name) or random.OPS[name]


# -- the user's functions ----------------------------------------------------------------------


def save(path: str | Path, exprs: Any) -> None:
    """Write expressions to a file, as data.

    Parameters
    ----------
    path
        Where to; an existing file is replaced.
    exprs
        An expression, a model, or a container (dictionary, list, tuple) of them.

    Raises
    ------
    FormatError
        For what is no graph.

    Examples
    --------
    >>> import tempfile, pathlib, astragal as ag
    >>> x = ag.input("x", shape=("n",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "model.ag"
    ...     ag.save(path, {"total": ag.sum(x)})
    ...     ag.load(path)["total"] is ag.sum(x)
    True
    """
    data, _ = dump_tree(exprs, by_value=True)
    Path(path).write_bytes(data)


def load(path: str | Path) -> Any:
    """Read expressions from a file that `save` wrote.

    Returns
    -------
    Expr, Model or container
        What was saved; expressions are the identical objects where they still exist.

    Raises
    ------
    FormatError
        Where the file is damaged, of another kind, or of a newer version.
    """
    path = Path(path)
    try:
        return load_tree(path.read_bytes())
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None


def dumps(exprs: Sequence[Expr]) -> bytes:
    """Write expressions as bytes."""
    return dump_tree(tuple(exprs), by_value=True)[0]


def loads(data: bytes) -> tuple[Expr, ...]:
    """Read expressions from bytes that `dumps` gave."""
    out: tuple[Expr, ...] = load_tree(data)
    return out


def loads_one(data: bytes, cells: Sequence[Any] = ()) -> Expr:
    """Read one expression; what a pickle calls."""
    out = load_tree(data, cells)
    assert isinstance(out, Expr)
    return out


def pickled(expr: Expr) -> tuple[Any, ...]:
    """Give what ``Expr.__reduce__`` returns; shared variables are left to the pickler."""
    return (loads_one, dump_tree(expr))


# -- writing -------------------------------------------------------------------------------------


def dump_tree(tree: Any, *, by_value: bool = False) -> tuple[bytes, tuple[Any, ...]]:
    """Write a container of expressions as bytes.

    Parameters
    ----------
    tree
        Expressions, models and containers of them.
    by_value
        Whether shared variables are written with their values. Otherwise they are given
        back, for a pickler to keep their identity.

    Returns
    -------
    bytes
    tuple
        The shared variables that the bytes refer to.
    """
    writer = _Writer(by_value)
    shown = writer.tree(tree)
    return writer.archive(shown), () if by_value else tuple(writer.cells)


class _Writer:
    def __init__(self, by_value: bool) -> None:
        self.by_value = by_value
        self.items: list[Any] = []
        self.places: dict[Any, int] = {}
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.cells: dict[Any, int] = {}
        self.fresh: dict[Any, int] = {}

    def archive(self, tree: Any) -> bytes:
        head: dict[str, Any] = {"format": FORMAT, "version": VERSION, "tree": tree}
        if self.by_value and self.cells:
            head["shared"] = self.shared()
        head["items"] = self.items
        text = json.dumps(head, separators=(",", ":"), allow_nan=False)
        # One node a line: files can be read and compared.
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            _write(archive, "graph.json", text.encode())
            for i, array in enumerate(self.arrays):
                npy = io.BytesIO()
                np.lib.format.write_array(npy, array, version=(1, 0), allow_pickle=False)
                _write(archive, f"constants/{i}.npy", npy.getvalue())
        return out.getvalue()

    def tree(self, t: Any) -> Any:
        from astragal.model import Model

        if t is None or isinstance(t, (bool, int, float, str)):
            return self.argument(t)
        if isinstance(t, Expr):
            self.visit(t)
            return [self.places[t]]
        if isinstance(t, Model):
            return {"model": [[name, self.tree(x)] for name, x in t.variables.items()]}
        if isinstance(t, Mapping):
            return {"dict": [[self.tree(k), self.tree(v)] for k, v in t.items()]}
        if isinstance(t, (list, tuple)):
            return {"list" if isinstance(t, list) else "tuple": [self.tree(v) for v in t]}
        if isinstance(t, (np.ndarray, np.generic)):
            return self.tree(constant(t))
        raise FormatError(
            f"save takes expressions, models and containers of them, not {type(t).__name__} "
            f"{t!r:.60}"
        )

    def visit(self, root: Any) -> None:
        """List everything below a node or subgraph, what is read before what reads it."""
        stack: list[tuple[Any, bool]] = [(root, False)]
        places = self.places
        while stack:
            thing, ready = stack.pop()
            if thing in places:
                continue
            if ready:
                shown = self.item(thing)
                places[thing] = len(self.items)
                self.items.append(shown)
                continue
            stack.append((thing, True))
            below = [d for d in _parts(thing) if d not in places]
            stack.extend((d, False) for d in reversed(below))

    def item(self, thing: Any) -> Any:
        if isinstance(thing, Subgraph):
            parameters = [self.type(p.type) for p in thing.parameters]
            return ["#subgraph", parameters, [self.places[o] for o in thing.outputs]]
        if thing.op is CONSTANT:
            return ["constant", *self.array(value_of(thing))]
        op = op_of_name(thing.op.name)
        if op is None or op is not thing.op:
            raise FormatError(f"{describe(thing)}: the operation is not part of the vocabulary")
        return [thing.op.name, *(self.argument(a) for a in thing.args)]

    def array(self, value: np.ndarray[Any, Any]) -> list[Any]:
        little = np.ascontiguousarray(value, value.dtype.newbyteorder("<")).reshape(value.shape)
        if value.nbytes <= SMALL:
            return [value.dtype.name, list(value.shape), little.tobytes().hex()]
        self.arrays.append(little)
        return [len(self.arrays) - 1]

    def argument(self, a: Any) -> Any:
        if a is None or type(a) in (bool, int, str):
            return a
        if isinstance(a, (Expr, Subgraph)):
            return [self.places[a]]
        if type(a) is float:
            return {"float": a.hex()}
        if type(a) is tuple:
            return {"tuple": [self.argument(v) for v in a]}
        if isinstance(a, (TensorType, KeyType, TupleType)):
            return self.type(a)
        if type(a).__name__ == "Cell":
            return {"shared": self.cell(a)}
        if type(a).__name__ == "_Fresh":
            return {"fresh": self.fresh.setdefault(a, len(self.fresh))}
        raise FormatError(f"{type(a).__name__} {a!r:.60} cannot be saved: it is no graph")

    def type(self, t: Type) -> Any:
        if isinstance(t, TupleType):
            return {"types": [self.type(i) for i in t.items]}
        dims = [d if isinstance(d, int) else [self.places[d]] for d in t.shape]
        if isinstance(t, KeyType):
            return {"key": [t.impl, dims]}
        return {"tensor": [t.dtype, dims]}

    def cell(self, cell: Any) -> int:
        return self.cells.setdefault(cell, len(self.cells))

    def shared(self) -> list[Any]:
        """Shared variables with their values; an update may read further ones."""
        from astragal.compile.keyarray import KeyArray

        shown: list[Any] = []
        while len(shown) < len(self.cells):
            cell = list(self.cells)[len(shown)]
            held = cell.value
            value = np.asarray(held.words if isinstance(held, KeyArray) else held)
            update = None if cell.update is None else self.tree(cell.update)
            shown.append([cell.name, self.type(cell.type), self.array(value), update])
        return shown


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.create_system = 3  # the same bytes on every system
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def _parts(thing: Any) -> Iterator[Any]:
    """Nodes and subgraphs that a node or subgraph refers to, in types too."""
    if isinstance(thing, Subgraph):
        for p in thing.parameters:
            yield from _type_parts(p.type)
        yield from thing.outputs
        return
    for a in thing.args:
        if isinstance(a, (Expr, Subgraph)):
            yield a
        elif isinstance(a, (TensorType, KeyType, TupleType)):
            yield from _type_parts(a)
        elif isinstance(a, tuple):
            yield from (v for v in a if isinstance(v, (Expr, Subgraph)))


def _type_parts(t: Type) -> Iterator[Expr]:
    if isinstance(t, TupleType):
        for i in t.items:
            yield from _type_parts(i)
    else:
        yield from (d for d in t.shape if isinstance(d, Expr))


def op_of_name(name: str) -> Op | None:
    """Find an operation, or give None."""
    try:
        return op_by_name(name)
    except KeyError:
        return None


# -- reading -------------------------------------------------------------------------------------


def load_tree(data: bytes, cells: Sequence[Any] = ()) -> Any:
    """Read what `dump_tree` wrote.

    Raises
    ------
    FormatError
        Where the bytes are damaged, forged, of another kind, or of a newer version.
    """
    return _Reader(data, cells).result


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
            if shown[3] is not None:
                from astragal.compile.shared import as_update, leaf

                cell.update = as_update(leaf(cell), self.tree(shown[3]))
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
            if not all(isinstance(t, (TensorType, KeyType, TupleType)) for t in types):
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
            from astragal.random.keys import KEY_WORDS

            impl, dims = value
            if impl not in KEY_WORDS:
                raise FormatError(f"unknown key implementation {impl!r}")
            return KeyType(impl, self.dims(dims))
        if sort == "fresh":
            if value not in self.fresh:
                self.fresh[value] = placeholder(tensor_type("bool")).args[0]
            return self.fresh[value]
        if sort == "shared":
            return self.cells[value]
        raise FormatError(f"damaged: unknown argument {sort!r}")

    def dims(self, shown: Any) -> Shape:
        from astragal.ops.declare import as_dims

        return as_dims([d if isinstance(d, int) else self.node(d[0]) for d in shown], "a type")

    def cell(self, shown: Any) -> Any:
        from astragal.compile.keyarray import KeyArray
        from astragal.compile.shared import Cell, frozen_value

        name, type, value, _ = shown
        if not isinstance(name, str):
            raise FormatError("damaged: a shared variable has no name")
        wanted = self.argument(type)
        held: Any = self.array(value)
        if isinstance(wanted, KeyType):
            held = KeyArray(held, wanted.impl)
        return Cell(name, wanted, frozen_value(held, wanted, f"shared variable {name!r}"))

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
        return self.argument(t)


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
        else:
            items.append(
                {"int": lambda i: i, "new": lambda: None, "expr": rest.pop}[sort](
                    *(parts if sort != "expr" else (0,))
                )
            )
    from astragal.ops.indexing import parse_index

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
    typed = op is DIMENSION or isinstance(args[1], (TensorType, KeyType, TupleType))
    if not fits or not typed or len(args) != (1 if op is DIMENSION else 2) or name in ("", -1):
        raise FormatError(f"damaged: {op.name} without a name or a type")
