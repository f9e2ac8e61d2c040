"""Every false identity of the catalogue beside the project is rejected, true ones are accepted."""

import sys
from pathlib import Path
from typing import Any

import pytest

import astragal as ag

pytest.importorskip("yaml")
sys.path.insert(0, str(Path(__file__).parent))
import statements  # type: ignore[import-not-found]

if not statements.FOLDER.exists():
    pytest.skip("the catalogue does not stand beside the project", allow_module_level=True)


@pytest.mark.slow
def test_every_false_identity_is_rejected_with_a_counterexample() -> None:
    wrong = []
    found = statements.entries("false.yaml")
    for entry in found:
        verdicts = [ag.verify(r, effort="fast") for r in statements.relations_of(entry)]
        if not any(v.counterexample for v in verdicts if not v.holds):
            wrong.append(entry["id"])
    assert len(found) > 50
    assert wrong == []


# True, and refuted by rounding: near the ends of ranges 1 - p has lost its digits.
ROUNDED: set[str] = set()


@pytest.mark.slow
def test_true_identities_are_accepted() -> None:
    # All of them: python tests/logic/statements.py
    verdicts: dict[str, Any] = {}
    for entry in statements.entries("catalogue.yaml")[::12]:
        try:
            rules = statements.relations_of(entry)
        except statements.REFUSED:
            continue
        verdicts |= {r.name: ag.verify(r, effort="quick") for r in rules}
    assert len(verdicts) > 30
    assert {n: v for n, v in verdicts.items() if not v.holds and n not in ROUNDED} == {}
