"""The table of operations and backends has an example of every operation.

Building the documentation compiles the examples; that they exist is seen here, sooner.
"""

import runpy
from pathlib import Path
from typing import Any

import pytest

from astragal.graph.traverse import toposort
from astragal.ops import OPS

PAGE: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "_backends.py"))


@pytest.mark.parametrize("name", [n for n in OPS if n not in PAGE["LEAF_OPS"]])
def test_every_operation_has_an_example_that_uses_it(name: str) -> None:
    examples = PAGE["example"](name)
    assert name in {node.op.name for node in toposort(examples)}


def test_what_is_no_operation_has_no_example() -> None:
    assert set(PAGE["EXAMPLES"]) <= set(OPS)
    with pytest.raises(KeyError):
        PAGE["example"]("no_such_operation")
