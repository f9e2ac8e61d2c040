"""Choosing relations of a long book: by name, kind, distribution and page."""

import pytest

from astragal.__main__ import main
from astragal.logic.report import selected
from astragal.rewrites import BOOK


def test_without_a_choice_it_is_the_whole_book_in_order() -> None:
    assert selected() == list(BOOK)


def test_patterns_kinds_distributions_and_pages_choose() -> None:
    chosen = selected(["gamma_*"], kind="reversal", distribution="poisson", page="conjugacy")
    assert {r.name for r in chosen} >= {"gamma_poisson"}
    assert all(r.name.startswith("gamma_") and r.kind == "reversal" for r in chosen)


def test_a_name_that_is_not_there_gets_the_nearest() -> None:
    with pytest.raises(KeyError, match="nearest are gamma_poisson"):
        selected(["gamma_poison"])
    with pytest.raises(KeyError, match="no relation fits; kinds are"):
        selected(kind="approximate")


def test_the_command_line_verifies_a_choice_with_progress(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rules", "verify", "gamma_poisson*", "--fast"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("[1/2] holds  gamma_poisson:")
    assert lines[-1].startswith("2 of 2 relations hold")
    assert main(["rules", "list", "--distribution", "levy"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("relations")
    assert main(["rules", "verify", "gamma_poison"]) == 2
