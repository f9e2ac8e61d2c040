"""Variables that are parts of others: missing elements of a vector, sums that are observed."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr

R = ag.random
SEEN, LOST = np.array([0, 2, 3]), np.array([1, 4])
SD = np.array([0.7, 0.8, 0.9, 1.0, 1.1])
Y = np.array([1.0, 0.3, 2.0])


def keys(n: int = 4) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def test_missing_elements_are_drawn_given_those_that_are_seen() -> None:
    k = keys()
    mu = R.normal(k[0], 0.5, 1.0)
    y = R.normal(k[1], mu, SD)
    model = ag.Model({"mu": mu, "seen": y[SEEN], "lost": y[LOST]})
    sampler = ag.derive(model, {"seen": Y})
    assert sampler.exact
    cov = 1.0 + np.diag(SD[SEEN] ** 2)
    expected = st.multivariate_normal([0.5] * 3, cov).logpdf(Y)
    assert sampler.log_evidence() == pytest.approx(expected)
    both = {"mu": 0.4, "lost": [0.1, -0.3]}
    density = st.norm(0.5, 1.0).logpdf(0.4) + st.norm(0.4, SD[SEEN]).logpdf(Y).sum()
    density += st.norm(0.4, SD[LOST]).logpdf([0.1, -0.3]).sum()
    assert sampler.logdensity(both) == pytest.approx(density)
    drawn = sampler.posterior_model().sample_prior(seed=1, draws=50, backend="numpy")
    assert {n: v.shape for n, v in drawn.items()} == {"mu": (50,), "seen": (50, 3), "lost": (50, 2)}


def test_what_reads_the_whole_reads_what_is_seen_and_what_is_missing() -> None:
    k = keys()
    y = R.normal(k[1], 0.5, SD)
    total = R.normal(k[2], ag.sum(y), 0.5)
    model = ag.Model({"y": y, "seen": y[SEEN], "one": y[1], "total": total})
    sampler = ag.derive(model, {"seen": Y, "total": 4.0})
    # The total less what is seen is 2 * 0.5 with the variances of the rest and of the noise.
    sd = np.sqrt(0.8**2 + 1.1**2 + 0.25)
    expected = st.norm(0.5, SD[SEEN]).logpdf(Y).sum() + st.norm(1.0, sd).logpdf(4.0 - Y.sum())
    assert sampler.exact
    assert sampler.log_evidence() == pytest.approx(expected)
    draws = sampler.sample(draws=200, chains=4, backend="numpy", progress=False)
    whole = draws["posterior"]["y"].to_numpy().reshape(-1, 5)
    assert (whole[:, SEEN] == Y).all()
    assert (whole[:, 1] == draws["posterior"]["one"].to_numpy().ravel()).all()
    draws = sampler.sample_predictive(draws, backend="numpy")
    again = draws["posterior_predictive"]
    # New elements for those seen; the missing ones are the draw's own.
    new = (again["total"] - again["seen"].sum(again["seen"].dims[-1])).to_numpy().ravel()
    rest = whole[:, LOST].sum(1)
    assert np.std(new - rest) == pytest.approx(0.5, rel=0.2)


def test_an_observed_sum_and_what_reads_its_terms() -> None:
    """What reads a term of the sum keeps its data: it was once drawn as if it had none."""
    k = keys()
    x = R.normal(k[0], np.array([0.0, 1.0, 2.0]), 1.5)
    w = R.normal(k[1], 2.0 * x[0], 0.5)
    model = ag.Model({"x": x, "t": ag.sum(x), "w": w, "v": R.normal(k[2], w - x[1], 0.7)})
    sampler = ag.derive(model, {"t": 6.0, "w": 1.0, "v": 0.3})
    assert sampler.exact
    # t, w and v - w are linear in x, with noise of their own.
    a = np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    cov = 2.25 * a @ a.T + np.diag([0.0, 0.25, 0.49])
    law = st.multivariate_normal(a @ np.array([0.0, 1.0, 2.0]), cov)
    assert sampler.log_evidence() == pytest.approx(law.logpdf([6.0, 1.0, 0.3 - 1.0]))


def test_parts_that_share_an_element_are_refused() -> None:
    k = keys()
    y = R.normal(k[1], 0.5, SD)
    model = ag.Model({"a": y[[0, 1]], "b": y[[1, 2]]})
    with pytest.raises(UnsupportedError, match="cannot be solved"):
        ag.derive(model, {"a": [0.3, 1.0]})
