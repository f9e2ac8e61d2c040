"""Each notebook is stored clean, runs from a clean kernel, and ends with an assertion."""

import ast
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PLACE = re.compile(r"(?<![\w.:/~])/(?:home|root|Users|opt|tmp|mnt|srv|var)/\w")

# These compile samplers, which takes longer than all the rest of the notebook.
COMPILING = {
    "a_hidden_chain",
    "a_mixture",
    "convolution_and_pumps",
    "eight_schools",
    "sparse_logistic",
    "three_backends",
}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
each_notebook_by_speed = pytest.mark.parametrize(
    "path",
    [
        pytest.param(p, id=p.stem, marks=[pytest.mark.slow] if p.stem in COMPILING else [])
        for p in NOTEBOOKS
    ],
)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> list[str]:
    """Everything that a reader sees below a cell, as text."""
    return [
        str(text)
        for output in cell.outputs
        for text in (output.get("text", ""), *output.get("data", {}).values())
    ]


def storage_faults(path: Path) -> list[str]:
    """What a stored notebook holds that only a run should make."""
    notebook = nbformat.read(path, as_version=4)
    cells = code_cells(notebook)
    faults = [f"cell {n} has outputs" for n, c in enumerate(cells) if c.outputs]
    faults += [f"cell {n} has a number" for n, c in enumerate(cells) if c.execution_count]
    if notebook.metadata.get("kernelspec", {}).get("name", "python3") != "python3":
        faults.append("the kernel is not called python3")
    if PLACE.search(path.read_text(encoding="utf-8")):
        faults.append("it names a place on a machine")
    last = ast.parse(cells[-1].source).body if cells else []
    if not any(isinstance(node, ast.Assert) for node in last):
        faults.append("it does not end with an assertion")
    return faults


def run(path: Path, folder: Path) -> Any:
    """The notebook after a run from a clean kernel, in a folder of its own."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    return client.execute()


def run_faults(notebook: Any) -> list[str]:
    """What a reader should not see: warnings, and places on a machine."""
    places = (str(ROOT), str(Path.home()), sys.prefix)
    faults = []
    for number, cell in enumerate(code_cells(notebook)):
        if any(output.get("name") == "stderr" for output in cell.outputs):
            faults.append(f"cell {number} writes a warning: {shown(cell)}")
        for text in shown(cell):
            if PLACE.search(text) or any(place in text for place in places):
                faults.append(f"cell {number} shows a place on a machine: {text[:200]}")
    return faults


@each_notebook
def test_is_stored_clean(path: Path) -> None:
    assert storage_faults(path) == []


@each_notebook_by_speed
def test_runs_from_a_clean_kernel(path: Path, tmp_path: Path) -> None:
    assert run_faults(run(path, tmp_path)) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import warnings; warnings.warn('beware')\nassert True", "writes a warning"),
        ("import os\nprint(os.path.expanduser('~/x'))\nassert True", "shows a place"),
    ],
)
def test_a_notebook_that_warns_or_names_a_place_is_caught(
    source: str, fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.ipynb"
    cell = nbformat.v4.new_code_cell(source)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    [found, *_] = run_faults(run(path, tmp_path))
    assert fault in found


def test_a_notebook_with_stored_outputs_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "bad.ipynb"
    output = nbformat.v4.new_output("stream", text="3")
    cell = nbformat.v4.new_code_cell("print(3)", outputs=[output], execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    assert storage_faults(path) == [
        "cell 0 has outputs",
        "cell 0 has a number",
        "it does not end with an assertion",
    ]
