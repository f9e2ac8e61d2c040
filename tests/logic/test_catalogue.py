"""Every false identity of the catalogue beside the project is rejected, true ones are accepted."""

import sys
from pathlib import Path
from typing import Any

import pytest

import astragal as ag

FOLDER = Path(__file__).parents[3] / "shared" / "catalogue"
yaml = pytest.importorskip("yaml")
if not FOLDER.exists():
    pytest.skip("the catalogue does not stand beside the project", allow_module_level=True)

sys.path.insert(0, str(Path(__file__).parent))
from catalogue import Untranslatable, relation_of  # type: ignore[import-not-found]  # noqa: E402


def entries(name: str) -> list[dict[str, Any]]:
    loaded = yaml.load((FOLDER / name).read_text(encoding="utf-8"), yaml.CSafeLoader)
    found: list[dict[str, Any]] = loaded["entries"]
    return found


def translated(name: str) -> list[ag.Relation]:
    out = []
    for entry in entries(name):
        if entry.get("joint") == "approx":
            continue  # a limit is no identity
        try:
            out.append(relation_of(entry))
        except (Untranslatable, ag.AstragalError, SyntaxError, TypeError, IndexError):
            continue
    return out


@pytest.mark.slow
def test_false_identities_are_rejected() -> None:
    rules = translated("false.yaml")
    assert len(rules) >= 30
    accepted = [r.name for r in rules if ag.verify(r).holds]
    assert accepted == []


@pytest.mark.slow
def test_true_identities_are_accepted() -> None:
    rules = translated("catalogue.yaml")
    assert len(rules) >= 100
    chosen = rules[::40]
    verdicts = {r.name: ag.verify(r) for r in chosen}
    assert {n: v for n, v in verdicts.items() if not v.holds} == {}
