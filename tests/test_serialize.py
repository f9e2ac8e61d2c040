"""Graphs as data: what is loaded is what was saved, and a file can hold nothing else."""

import copy
import io
import json
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import FormatError
from astragal.serialize import VERSION, dump_tree, dumps, load_tree, loads

X = ag.input("x", shape=("n", 3))
K = ag.input("k", shape=(2,), dtype="key")
I = ag.input("i", dtype="int64")  # noqa: E741


def loop() -> Any:
    total, _ = ag.scan(lambda c, row: (c * ag.sum(row) + X[0, 1], None), 0.25, X, reverse=True)
    return total


def nested() -> Any:
    def body(c: ag.Expr, row: ag.Expr) -> Any:
        _, new = ag.while_loop(lambda s: s[1] < 10.0, lambda s: (s[0] + 1, s[1] * 2.0), (0, c))
        return ag.cond(row[0] > new, lambda v: v, lambda v: -v, new), new

    return ag.scan(body, 1.0, X)[1]


def shifted() -> Any:
    p = ag.input("p")
    return ag.subgraph([p], {"a": p + 1.0, "b": p * 2.0})(X[0, 0])["b"]


GRAPHS: dict[str, Callable[[], Any]] = {
    "input": lambda: X,
    "scalar constant": lambda: ag.constant(-0.0),
    "not a number": lambda: ag.constant(np.array([np.nan, np.inf, -np.inf])),
    "small constant": lambda: ag.constant(np.arange(6, dtype="int8").reshape(2, 3)),
    "empty constant": lambda: ag.constant(np.zeros((0, 3), dtype="float32")),
    "large constant": lambda: ag.constant(np.arange(60.0).reshape(3, 4, 5)),
    "booleans": lambda: ag.constant(np.arange(200) % 3 == 0),
    "uint64": lambda: ag.constant(np.array([2**64 - 1, 7], dtype="uint64")),
    "arithmetic": lambda: ag.exp(X) * 2.0 - ag.log1p(ag.sum(X, axis=1, keepdims=True)),
    "slices": lambda: X[1:I, ::-1],
    "index arrays": lambda: X[ag.constant([0, 2, 2]), None, ..., I],
    "mask": lambda: X[X[:, 0] > 0.0],
    "update": lambda: X.at[0, 1].set(2.5),
    "shape": lambda: ag.reshape(X, (-1,)) + ag.zeros(X.shape[0] * 3),
    "key": lambda: ag.random.normal(ag.key(2**127 + 3), 1.0, 2.0, size=(4,)),
    "keys": lambda: ag.random.gamma(ag.fold_in(K, I), ag.exp(X[0, 0]), rate=2.5),
    "size": lambda: ag.random.uniform(K[0], size=(X.shape[0], 2)),
    "words": lambda: ag.key_data(ag.wrap_key_data(ag.key_data(K[0]))),
    "scan": loop,
    "nested loops": nested,
    "call": shifted,
    "svd": lambda: ag.linalg.svd(X, full_matrices=False).S,
    "awkward name": lambda: ag.input('"\n\u0000λ[0]', dtype="float32"),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_loaded_is_the_identical_object(name: str, tmp_path: Path) -> None:
    x = GRAPHS[name]()
    ag.save(tmp_path / "x.ag", x)
    assert ag.load(tmp_path / "x.ag") is x
    assert loads(dumps((x, x)))[1] is x
    assert pickle.loads(pickle.dumps(x)) is x
    assert copy.copy(x) is copy.deepcopy(x) is x


@pytest.mark.parametrize("name", GRAPHS)
def test_the_same_graph_gives_the_same_bytes(name: str) -> None:
    first = dumps((GRAPHS[name](),))
    assert dumps((GRAPHS[name](),)) == first
    assert dumps(loads(first)) == first


def test_another_process_writes_the_same_bytes_and_reads_the_same_values(tmp_path: Path) -> None:
    code = """
import sys, numpy as np, astragal as ag
x = ag.input("x", shape=("n",))
k = ag.input("k", dtype="key")
total, _ = ag.scan(lambda c, v: (c * v, None), 1.5, x)
ag.save(sys.argv[1], {"y": ag.random.normal(k, total), "c": ag.constant(np.arange(50.0))})
"""
    for seed in ("1", "2"):
        path = str(tmp_path / f"{seed}.ag")
        subprocess.run([sys.executable, "-c", code, path], check=True, env={"PYTHONHASHSEED": seed})
    assert (tmp_path / "1.ag").read_bytes() == (tmp_path / "2.ag").read_bytes()
    found = ag.load(tmp_path / "1.ag")
    x, k = ag.input("x", shape=("n",)), ag.input("k", dtype="key")
    total, _ = ag.scan(lambda c, v: (c * v, None), 1.5, x)
    assert found["y"] is ag.random.normal(k, total)


@pytest.mark.parametrize(
    "tree",
    [
        {"a": X, "b": [X, (I, None)], 3: ()},
        [],
        (X,),
        {"number": 2.5, "name": "text", "flag": True, "none": None, "nan": float("inf")},
    ],
)
def test_containers_keep_their_form(tree: Any, tmp_path: Path) -> None:
    ag.save(tmp_path / "x.ag", tree)
    assert ag.load(tmp_path / "x.ag") == tree


def test_models_are_saved(tmp_path: Path) -> None:
    k = ag.split(ag.input("key", dtype="key"))
    mu = ag.random.normal(k[0], 0.0, 10.0)
    model = ag.Model({"mu": mu, "y": ag.random.normal(k[1], mu, 1.5)})
    ag.save(tmp_path / "model.ag", {"model": model})
    found = ag.load(tmp_path / "model.ag")["model"]
    assert isinstance(found, ag.Model)
    assert list(found.variables.items()) == list(model.variables.items())


def test_a_model_keeps_its_dims_coords_and_constants() -> None:
    @ag.model(dims={"theta": "school", "hours": "school"}, coords={"term": [1.5, 2]})
    def named(key: ag.Expr, hours: Any) -> dict[str, ag.Expr]:
        return {"theta": ag.random.normal(key, hours, 1.0)}

    model = named(np.array([1.0, 2.5])).labelled(coords={"school": ["A", "B"]})
    buffer = dump_tree(model, by_value=True)[0]
    found = load_tree(buffer)
    assert (found.dims, found.coords) == (model.dims, model.coords)
    assert found.labels == model.labels
    assert found["theta"] is model["theta"]


def test_labels_that_are_dates_are_kept_and_others_refused() -> None:
    x = ag.random.normal(ag.key(0), 0.0, 1.0, size=1)
    days = np.array(["2020-03-01"], dtype="datetime64[D]")
    model = ag.Model({"x": x}, dims={"x": "day"}, coords={"day": days})
    assert load_tree(dump_tree(model)[0]).coords == model.coords
    odd = model.labelled(coords={"day": [1j]})
    with pytest.raises(FormatError, match="coords of 'day': the label 1j cannot be saved"):
        dump_tree(odd)


def test_arrays_beside_expressions_become_constants(tmp_path: Path) -> None:
    ag.save(tmp_path / "x.ag", [X, np.array([1.0, 2.0])])
    assert ag.load(tmp_path / "x.ag")[1] is ag.constant([1.0, 2.0])


def test_shared_variables_are_saved_by_value(tmp_path: Path) -> None:
    total, count = ag.shared([1.0, 2.5], name="total"), ag.shared(3, name="count")
    key = ag.shared(ag.key(7), name="key")
    total.default_update = total * count
    ag.save(tmp_path / "x.ag", {"y": total + 1.0, "again": total, "draw": ag.random.normal(key)})
    found = ag.load(tmp_path / "x.ag")
    again = found["again"]
    assert again is not total
    assert found["y"] is again + 1.0
    assert again.value.tolist() == [1.0, 2.5]
    f = ag.function([], found["y"], backend="numpy")
    assert f().tolist() == [2.0, 3.5]
    assert f().tolist() == [4.0, 8.5]
    assert total.value.tolist() == [1.0, 2.5]
    assert float(ag.evaluate(found["draw"])) == float(ag.evaluate(ag.random.normal(ag.key(7))))


def test_deep_graphs_are_saved_and_loaded() -> None:
    x = ag.input("x")
    deep = x
    for _ in range(20_000):
        deep = ag.sin(deep) + 0.5
    data = dumps((deep,))
    assert loads(data) == (deep,)
    assert len(data) < 1_500_000


def test_large_constants_take_their_size() -> None:
    data = dumps((ag.constant(np.arange(100_000.0)),))
    assert 800_000 < len(data) < 801_000


@pytest.mark.parametrize("thing", [object(), {1, 2}, np.sin, 1j, np.array(["a"])])
def test_what_is_no_graph_is_not_saved(thing: Any, tmp_path: Path) -> None:
    with pytest.raises((FormatError, ag.DTypeError)):
        ag.save(tmp_path / "x.ag", {"a": thing})
    assert not (tmp_path / "x.ag").exists()


# -- files that are not what they should be -------------------------------------------------------


def archive(head: Any, **members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("graph.json", head if isinstance(head, str) else json.dumps(head))
        for name, data in members.items():
            z.writestr(f"constants/{name}.npy", data)
    return out.getvalue()


def file_of(*items: Any, tree: Any = None, **more: Any) -> bytes:
    head = {"format": "astragal graph", "version": VERSION, "tree": tree, "items": list(items)}
    return archive({**head, **more})


FLOAT: dict[str, Any] = {"tensor": ["float64", []]}
VECTOR: dict[str, Any] = {"tensor": ["float64", [3]]}
KEY: dict[str, Any] = {"key": ["threefry4x32", []]}
IX, IV, IK = ["input", "x", FLOAT], ["input", "v", VECTOR], ["input", "k", KEY]


def test_the_format_is_what_these_tests_forge() -> None:
    x = ag.input("x")
    assert load_tree(file_of(IX, ["add", [0], [0]], tree=[1])) is x + x


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no graph of Astragal"),
        (b"PK\x03\x04 and no more", "no graph of Astragal"),
        (b"\x80\x04\x95pickle", "no graph of Astragal"),
        (archive("{"), "graph.json is no JSON"),
        (archive("[" * 100_000), "graph.json is no JSON"),
        (archive([1, 2]), "no graph of Astragal"),
        (archive({"format": "other", "version": 1}), "no graph of Astragal"),
        (archive({"format": "astragal graph", "version": "1"}), "damaged: version '1'"),
        (
            archive({"format": "astragal graph", "version": 99}),
            f"written in version 99 .* reads up to version {VERSION}: update it",
        ),
        (archive({"format": "astragal graph", "version": 1}), "a list is missing"),
        (file_of(["frobnicate", 1]), "unknown operation 'frobnicate'"),
        (file_of(IX, ["add", [0], [1]]), "refers to item 1, which does not precede it"),
        (file_of(IX, ["add", [0], [-1]]), "refers to item -1"),
        (file_of(IX, ["add", [0], [True]]), "refers to item True"),
        (file_of(IX, tree=[7]), "refers to item 7"),
        (file_of(["constant", 0]), r"constants/0\.npy is missing"),
    ],
)
def test_a_file_of_another_kind_says_what_is_wrong(
    data: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=message):
        load_tree(data)
    (tmp_path / "x.ag").write_bytes(data)
    with pytest.raises(FormatError, match=r"x\.ag: "):
        ag.load(tmp_path / "x.ag")


FORGED: dict[str, bytes] = {
    "no arguments": file_of(["add"]),
    "too many arguments": file_of(IX, ["exp", [0], [0]]),
    "a number for a node": file_of(["index", 3, {"tuple": []}]),
    "text for a node": file_of(["add", "x", "y"]),
    "arithmetic of a key": file_of(IK, ["add", [0], [0]]),
    "two data types": file_of(IX, ["input", "k", KEY], ["where", [0], [0], [1]]),
    "shapes that do not broadcast": file_of(
        IV, ["constant", "float64", [2], "00" * 16], ["add", [0], [1]]
    ),
    "a draw without a key": file_of(IX, ["normal", [0], None, [0], [0]]),
    "a negative scale": file_of(
        IK, IX, ["constant", "float64", [], "000000000000f0bf"], ["normal", [0], None, [1], [2]]
    ),
    "a name that is no text": file_of(["input", 3, FLOAT]),
    "an empty name": file_of(["input", "", FLOAT]),
    "an input without a type": file_of(["input", "x", "float64"]),
    "a type of objects": file_of(["input", "x", {"tensor": ["object", []]}]),
    "a type of text": file_of(["input", "x", {"tensor": ["<U3", []]}]),
    "a negative length": file_of(["input", "x", {"tensor": ["float64", [-1]]}]),
    "a length that is no number": file_of(["input", "x", {"tensor": ["float64", ["n"]]}]),
    "a float for a length": file_of(IX, ["input", "x", {"tensor": ["float64", [[0]]]}]),
    "an unknown implementation": file_of(["input", "k", {"key": ["md5", []]}]),
    "a constant of objects": file_of(["constant", "object", [], "00"]),
    "too few bytes": file_of(["constant", "float64", [2], "00" * 8]),
    "bytes that are none": file_of(["constant", "float64", [], "zz"]),
    "an open subgraph": file_of(IX, ["#subgraph", [], [[0]]]),
    "a parameter without a type": file_of(["#subgraph", [3], []]),
    "a parameter of a negative number": file_of(["parameter", -1, FLOAT]),
    "a subgraph as an operand": file_of(["#subgraph", [], []], ["exp", [0]]),
    "a loop whose body is a node": file_of(IV, ["scan", [0], 3, False, 0, 1, [0]]),
    "a shared variable that is none": file_of(["input", {"shared": 0}, FLOAT]),
    "a shared variable without a value": file_of(shared=[["s", FLOAT]]),
    "a shared variable of another type": file_of(
        shared=[["s", VECTOR, ["float64", [], "00" * 8], None, False]]
    ),
    "an update of another type": file_of(
        IK, shared=[["s", FLOAT, ["float64", [], "00" * 8], [0], False]]
    ),
    "an unknown sort of argument": file_of(["input", {"code": "import os"}, FLOAT]),
    "an item that is no list": file_of({"a": 1}),
    "an empty item": file_of([]),
    "a tree that is none": file_of(IX, tree={"class": "os.system"}),
    "a model of numbers": file_of(tree={"model": [["x", 1]]}),
    "a transposition onto one axis": file_of(IV, ["permute_dims", [0], {"tuple": [0, 0]}]),
    "a transposition beyond the axes": file_of(IV, ["permute_dims", [0], {"tuple": [4]}]),
    "an index of no sort": file_of(IV, ["index", [0], {"tuple": [{"tuple": ["eval", 1]}]}]),
    "an index outside": file_of(IV, ["index", [0], {"tuple": [{"tuple": ["int", 7]}]}]),
    "an item of no tuple": file_of(IV, ["item", [0], 0]),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_node_is_refused(name: str) -> None:
    with pytest.raises(FormatError):
        load_tree(FORGED[name])


def test_a_pickled_constant_is_never_unpickled() -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("a constant was unpickled",))

    npy = io.BytesIO()
    np.lib.format.write_array(npy, np.array([Trap()], dtype=object), allow_pickle=True)
    head = {"format": "astragal graph", "version": 1, "tree": [0], "items": [["constant", 0]]}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("graph.json", json.dumps(head))
        z.writestr("constants/0.npy", npy.getvalue())
    with pytest.raises(FormatError, match="damaged: item 0"):
        load_tree(out.getvalue())


def test_a_compressed_member_is_refused() -> None:
    # A small file may not grow to fill the memory.
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("graph.json", " " * 1_000_000)
    with pytest.raises(FormatError, match=r"graph\.json is compressed"):
        load_tree(out.getvalue())


def test_no_flipped_byte_goes_unnoticed_or_raises_another_error() -> None:
    x = ag.exp(X) * ag.constant(np.arange(3.0)) + ag.sum(ag.random.normal(K))
    data = dumps((x,))
    for i in range(0, len(data), 7):
        broken = bytearray(data)
        broken[i] ^= 0x15
        try:
            found = load_tree(bytes(broken))
        except FormatError:
            continue
        # Fields of the archive that say nothing about the graph: times, systems.
        assert found == (x,)


def test_a_cut_file_is_refused() -> None:
    data, _ = dump_tree({"x": ag.exp(X)}, by_value=True)
    for n in range(0, len(data) - 1, 11):
        with pytest.raises(FormatError):
            load_tree(data[:n])
