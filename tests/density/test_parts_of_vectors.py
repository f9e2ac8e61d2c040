"""Entries of normal vectors that are seen, with the others still to be drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr

R = ag.random
MEAN = np.array([0.5, -1.0, 2.0])
COV = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.7]])
Y = np.array([[0.1, -0.4, 2.5], [1.9, np.nan, 1.1], [np.nan, -2.0, np.nan], [np.nan, 0.3, 2.2]])
ROW, COLUMN = np.nonzero(~np.isnan(Y))


def keys() -> Any:
    return ag.split(ag.input("key", dtype="key"), 4)


def conditional(mean: Any, cov: Any) -> tuple[float, Any, Any]:
    """Log density of what is seen; mean and covariance of all entries, row after row, given it."""
    mean, n = np.broadcast_to(mean, Y.shape).ravel(), Y.size
    whole = np.zeros((n, n))
    for i in range(4):
        whole[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = np.broadcast_to(cov, (4, 3, 3))[i]
    s = np.flatnonzero(~np.isnan(Y.ravel()))
    gain = np.linalg.solve(whole[np.ix_(s, s)], whole[s]).T
    found = st.multivariate_normal(mean[s], whole[np.ix_(s, s)]).logpdf(Y.ravel()[s])
    return float(found), mean + gain @ (Y.ravel()[s] - mean[s]), whole - gain @ whole[s]


@pytest.mark.parametrize("batch", [False, True], ids=["shared", "own"])
def test_missing_entries_have_their_law_given_those_that_are_seen(batch: bool) -> None:
    mean = MEAN + np.arange(4.0)[:, None] if batch else MEAN
    cov = COV * np.arange(1.0, 5.0)[:, None, None] if batch else COV
    y = R.multivariate_normal(keys()[0], mean, cov, size=4)
    s = ag.derive(ag.Model({"y": y, "seen": y[ROW, COLUMN]}), {"seen": Y[ROW, COLUMN]})
    evidence, centre, spread = conditional(mean, cov)
    assert s.exact
    assert s.log_evidence() == pytest.approx(evidence, rel=1e-10)
    drawn = s.sample(seed=3, draws=5_000, chains=1, progress=False).posterior["y"].values[0]
    np.testing.assert_array_equal(
        drawn[:, ROW, COLUMN], np.broadcast_to(Y[ROW, COLUMN], (5_000, len(ROW)))
    )
    flat = drawn.reshape(5_000, -1)
    deviations = np.sqrt(np.diag(spread)) + 1e-9
    assert (np.abs(flat.mean(0) - centre) < 4.5 * deviations / np.sqrt(5_000)).all()
    np.testing.assert_allclose(np.cov(flat.T), spread, atol=0.1 * np.max(spread))


def test_parts_by_rows_and_columns_are_the_same_law() -> None:
    """Whole vectors, and one entry of others, with the unknown ones named or not."""

    def model(named: bool) -> ag.Model:
        k = keys()
        loc = R.normal(k[1], 0.0, 3.0, size=3)
        y = R.multivariate_normal(k[0], loc, COV, size=4)
        rest: dict[str, Expr] = {"y": y} if named else {}
        return ag.Model({"loc": loc, **rest, "whole": y[:2], "first": y[2:, 0], "last": y[3, 2:]})

    data = {"whole": Y[[0, 0]] + 0.1, "first": np.array([0.4, -1.0]), "last": np.array([2.2])}
    without, named = (ag.derive(model(n), data) for n in (False, True))
    assert named.log_evidence() == pytest.approx(without.log_evidence(), rel=1e-9)
    # Normal with covariance COV about loc, which has deviation 3.
    rows = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (3, 0), (3, 2)]
    cov = np.array([[9.0 * (a[1] == b[1]) + COV[a[1], b[1]] * (a[0] == b[0]) for a in rows]
                    for b in rows])  # fmt: skip
    values = np.concatenate([v.ravel() for v in data.values()])
    expected = st.multivariate_normal(np.zeros(9), cov).logpdf(values)
    assert without.log_evidence() == pytest.approx(expected, rel=1e-9)


def test_parts_of_vectors_that_share_an_entry_are_refused() -> None:
    y = R.multivariate_normal(keys()[0], MEAN, COV, size=4)
    model = ag.Model({"a": y[:2], "b": y[1:, 0]})
    with pytest.raises(UnsupportedError, match="cannot be solved"):
        ag.derive(model, {"a": np.zeros((2, 3)), "b": np.zeros(3)})


def test_parts_of_other_vectors_are_refused() -> None:
    p = R.dirichlet(keys()[0], np.ones(3), size=2)
    with pytest.raises(UnsupportedError, match="cannot be solved"):
        ag.derive(ag.Model({"p": p, "one": p[:, 0]}), {"one": np.array([0.2, 0.3])})
