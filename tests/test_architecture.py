"""The shape of the project: which layer may import which, and what files may not say."""

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "astragal"
REWRITES = ROOT / "rewrites"

# fmt: off
MAY_IMPORT: dict[str, set[str]] = {
    "graph":   set(),
    "ops":     {"graph"},
    "random":  {"graph", "ops"},
    "compile": {"graph", "ops", "random"},
    "serialize": {"graph", "ops", "random", "compile", "model"},
    "deserialize": {"graph", "ops", "random", "compile", "model", "serialize"},
    "labels":  {"graph"},
    "model":   {"graph", "labels", "ops", "random", "compile"},
    "logic":   {"graph", "ops", "random", "compile"},
    "density": {"graph", "ops", "random", "compile", "model", "logic"},
    "derive":  {"graph", "ops", "random", "compile", "model", "logic", "density"},
    "sample":  {"graph", "labels", "ops", "random", "serialize", "model", "logic", "density",
                "derive", "compile"},
    "display": {"graph", "ops", "random", "model", "logic", "density", "derive", "compile",
                "sample"},
    "interop": {"graph", "ops", "random", "model", "logic", "density", "derive", "compile",
                "sample", "display"},
}
# Doors for the user: a method of a lower layer that opens a higher one. Such an import
# stands inside the function, so that the modules still load in the order of the layers.
DOORS: set[tuple[str, str]] = {
    ("graph", "ops"),       # expr[i], and how an index is written
    ("graph", "serialize"), # pickling an expression writes its graph
    ("compile", "serialize"),  # pickling a function writes its graph
    ("serialize", "deserialize"),  # saving and loading are one door, in two files
    ("model", "display"),   # how a notebook shows a model
    ("model", "density"),   # model.do sets values inside loops too
    ("graph", "display"),   # how a notebook shows an expression
    ("logic", "display"),   # how a notebook shows a relation and a rewriting
    ("derive", "display"),  # how a notebook shows a sampler
    ("ops", "random"),      # input(dtype="key")
    ("random", "compile"),  # the domain of a static parameter is tested by running the test
    ("derive", "sample"),   # sampler.sample
    ("derive", "rewrites"), # a step names the relations of the book that it rests on
    ("logic", "compile"),   # verification computes both sides of a relation
}
# fmt: on

TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".ipynb", ".cff", ".rst", ".json", ".txt", ""}
UNSTORED = {"__pycache__", "_build", "generated"}
FOLDERS = ("src", "rewrites", "tests", "docs", "notebooks", "examples", "benchmarks", ".github")


def sources(folder: Path) -> list[Path]:
    """Python files below a folder, in order, without those behind links."""
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f != "__pycache__")
        found += [Path(here, name) for name in sorted(names) if name.endswith(".py")]
    return found


def texts() -> Iterator[Path]:
    """Every text file that the project stores."""
    for folder in FOLDERS:
        for here, folders, names in os.walk(ROOT / folder):
            folders[:] = sorted(f for f in folders if f not in UNSTORED)
            yield from (Path(here, n) for n in sorted(names) if Path(n).suffix in TEXT)
    yield from (p for p in sorted(ROOT.iterdir()) if p.is_file() and p.suffix in TEXT)


def imports(path: Path, package: str) -> Iterator[tuple[str, str, int, bool]]:
    """Module, name ('' for the module itself), line, and whether it is inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or for_types(function)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, "", node.lineno, id(node) in inside
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                parents = package.split(".")
                base = parents[: len(parents) - node.level + 1]
                module = ".".join([*base, module] if module else base)
            for alias in node.names:
                yield module, alias.name, node.lineno, id(node) in inside


def for_types(node: ast.AST) -> bool:
    """Whether a block is read by type checkers only."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def package_of(path: Path) -> str:
    return ".".join(("astragal", *path.relative_to(SRC).parent.parts))


def layer(module: str, name: str = "") -> str:
    """The layer that an import reaches; 'astragal' stands for the top of the package."""
    parts = [*module.split("."), name]
    if parts[0] != "astragal":
        return ""
    return parts[1] if parts[1] in MAY_IMPORT or parts[1] == "rewrites" else "astragal"


def layer_files() -> list[Path]:
    return [p for p in sources(SRC) if name_of(p) in MAY_IMPORT]


def name_of(path: Path) -> str:
    """The layer that a file belongs to: a folder, or a file at the top of the package."""
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def wrong_way(path: Path) -> list[str]:
    here = name_of(path)
    allowed = {"", here, *MAY_IMPORT[here]}
    return [
        f"{path.relative_to(ROOT)}:{line}: {here} may not import {module} {name}".rstrip()
        for module, name, line, deferred in imports(path, package_of(path))
        if (there := layer(module, name)) not in allowed
        and not (deferred and (here, there) in DOORS)
    ]


def test_imports_follow_the_direction_of_the_layers() -> None:
    assert [fault for path in layer_files() for fault in wrong_way(path)] == []


def test_every_folder_of_the_package_is_a_layer() -> None:
    folders = {p.name for p in SRC.iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert folders - set(MAY_IMPORT) - {"rewrites", "examples"} == set()


def test_the_table_of_layers_has_no_circle() -> None:
    assert all(here not in MAY_IMPORT[there] for here in MAY_IMPORT for there in MAY_IMPORT[here])


@pytest.mark.parametrize(
    ("statement", "reaches"),
    [
        ("import astragal.sample.chains", "sample"),
        ("from astragal import derive", "derive"),
        ("from astragal import model", "model"),
        ("from astragal import pprint", "astragal"),
        ("from ..sample import chains", "sample"),
        ("from .. import display", "display"),
        ("from . import keys", "random"),
        ("import numpy as np", ""),
    ],
)
def test_an_import_is_traced_to_its_layer(statement: str, reaches: str, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(statement)
    [(module, name, _, _)] = imports(path, "astragal.random")
    assert layer(module, name) == reaches


def public_names(module: str) -> set[str]:
    """What a page may take from a module: the names that it lists as public."""
    import importlib

    return set(getattr(importlib.import_module(module), "__all__", ()))


def page_faults(path: Path) -> Iterator[str]:
    where = path.relative_to(ROOT)
    within = path.relative_to(REWRITES).parent.parts
    for module, name, line, _ in imports(path, ".".join(("astragal.rewrites", *within))):
        top, *rest = module.split(".")
        if top in sys.stdlib_module_names or module.startswith("astragal.rewrites"):
            continue
        if top != "astragal":
            yield f"{where}:{line}: a page imports only astragal, not {module}"
        elif rest and (len(rest) > 1 or rest[0] not in public_names("astragal")):
            yield f"{where}:{line}: {module} is not part of the public API"
        elif name and name not in {*public_names(module), "rewrites"}:
            yield f"{where}:{line}: {module}.{name} is not part of the public API"


def test_pages_use_only_the_public_api() -> None:
    assert [fault for path in sources(REWRITES) for fault in page_faults(path)] == []


def test_no_file_names_a_place_on_a_machine() -> None:
    here = {str(ROOT), str(Path.home()), sys.prefix} - {"/"}
    place = re.compile(r"(?<![\w.:/~])/(?:home|root|Users|opt|tmp|mnt|srv)/\w")
    host = re.compile(r"\b(?:extra-)?index-url\b|pypi\.org/simple|files\.pythonhosted")
    faults = []
    for path in texts():
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if place.search(line) or host.search(line) or any(h in line for h in here):
                faults.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert faults == []


def test_folders_of_tests_mirror_the_package() -> None:
    """`tests/golden` holds expected texts; every other folder is called like what it tests."""
    folders = {p.name for p in (ROOT / "tests").iterdir() if p.is_dir()} - {"__pycache__", "golden"}
    assert folders - set(MAY_IMPORT) - {"rewrites", "docs", "examples", "benchmarks"} == set()
