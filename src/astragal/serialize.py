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
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from astragal.graph.errors import FormatError
from astragal.graph.expr import Expr, Op, describe
from astragal.graph.literal import CONSTANT, constant, value_of
from astragal.graph.subgraph import Subgraph
from astragal.graph.types import GeneratorType, KeyType, TensorType, TupleType, Type

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
    if exprs is None or isinstance(exprs, (bool, int, float, str)):
        raise FormatError(f"save: there is no expression in {describe(exprs)}")
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
            return self.model(t)
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

    def model(self, model: Any) -> Any:
        """Write variables, and labels where the model has some."""
        variables = [[name, self.tree(x)] for name, x in model.variables.items()]
        if not (model.constants or model.dims or model.coords):
            return {"model": variables}
        constants = [[name, self.tree(x)] for name, x in model.constants.items()]
        dims = [[name, list(names)] for name, names in model.dims.items()]
        coords = [[dim, [_label(v, dim) for v in ls]] for dim, ls in model.coords.items()]
        return {"labelled": [variables, constants, dims, coords]}

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
        if isinstance(a, (TensorType, KeyType, GeneratorType, TupleType)):
            return self.type(a)
        if type(a).__name__ == "Cell":
            return {"shared": self.cell(a)}
        if type(a).__name__ == "_Fresh":
            return {"fresh": self.fresh.setdefault(a, len(self.fresh))}
        raise FormatError(f"{type(a).__name__} {a!r:.60} cannot be saved: it is no graph")

    def type(self, t: Type) -> Any:
        if isinstance(t, TupleType):
            return {"types": [self.type(i) for i in t.items]}
        if isinstance(t, GeneratorType):
            return {"generator": []}
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
            held = cell.read()
            value = np.asarray(held.words if isinstance(held, KeyArray) else held)
            update = None if cell.update is None else self.tree(cell.update)
            about = [cell.name, self.type(cell.type), self.array(value), update, cell.private]
            shown.append(about)
        return shown


def _label(label: Any, dim: str) -> Any:
    """Write a label along a dimension: a plain value."""
    value = label.item() if isinstance(label, np.generic) else label
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return {"float": value.hex()}
    if type(value) is date or (type(value) is datetime and value.tzinfo is None):
        return {type(value).__name__: value.isoformat()}
    raise FormatError(
        f"coords of {dim!r}: the label {label!r:.60} cannot be saved; texts, numbers and dates can"
    )


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
        elif isinstance(a, (TensorType, KeyType, GeneratorType, TupleType)):
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


def load_tree(data: bytes, cells: Sequence[Any] = ()) -> Any:
    """Read what `dump_tree` wrote.

    Raises
    ------
    FormatError
        Where the bytes are damaged, forged, of another kind, or of a newer version.
    """
    from astragal.deserialize import read

    return read(data, cells)
