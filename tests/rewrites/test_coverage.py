"""What the book covers of the catalogue beside the project does not become less."""

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "logic"))
import book_coverage as coverage  # type: ignore[import-not-found]

if not coverage.FOLDER.exists():
    pytest.skip("the catalogue does not stand beside the project", allow_module_level=True)
pytest.importorskip("yaml")

# fmt: off
AT_LEAST = {
    "convolution": 42, "transformation": 165, "special-case": 64, "conjugate": 96, "mixture": 45,
    "augmentation": 29, "conditioning": 34, "reparameterization": 46, "linear-gaussian": 24,
    "order-statistic": 42,
}
# fmt: on


@pytest.mark.slow
@pytest.mark.parametrize("family", AT_LEAST)
def test_a_family_stays_covered(family: str) -> None:
    rows = [e for e in coverage.entries() if e["family"] == family]
    found = Counter(coverage.covered(e)[0] for e in rows)
    assert found[True] >= AT_LEAST[family]
