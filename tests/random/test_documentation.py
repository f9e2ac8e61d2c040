"""The docstrings that are made from the declarations, and their examples."""

import doctest
from typing import Any

import pytest

import astragal as ag


@pytest.mark.parametrize("name", sorted(ag.random.RANDOM_OPS))
def test_the_example_of_every_distribution_runs(name: Any) -> None:
    function = getattr(ag.random, name)
    found = doctest.DocTestFinder().find(function, name, globs={})
    for example in found:
        results = doctest.DocTestRunner(verbose=False).run(example)
        assert results.attempted
        assert not results.failed
    for p in function.op.distribution.parameters:
        assert f"\n{p.name}\n    " in function.__doc__
