"""Errors name the page that explains them."""

import traceback
from pathlib import Path

import pytest

import astragal as ag
from astragal.graph import errors

ROOT = Path(__file__).parents[2]
KINDS = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_there(kind: type[ag.AstragalError]) -> None:
    page, _, anchor = kind.page.partition("#")
    headings = [line[3:].lower() for line in (ROOT / page).read_text().splitlines()]
    assert anchor == "" or anchor in headings


def test_a_traceback_ends_with_the_page() -> None:
    with pytest.raises(ag.ShapeError) as caught:
        ag.constant([1.0, 2.0]) + ag.constant([1.0, 2.0, 3.0])
    last = traceback.format_exception(caught.value)[-1]
    assert last.strip() == "Explained in docs/reference/errors.md#shapeerror"
    assert "Explained" not in str(caught.value)
