"""Parts of normal vectors: their law is the marginal one, whatever is read of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.graph.errors import UnsupportedError

R = ag.random
COV = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 1.5]])


def test_rows_of_which_different_elements_are_read() -> None:
    mean = np.arange(12.0).reshape(4, 3)
    x = R.multivariate_normal(ag.key(0), mean, COV)
    rows, columns = np.array([3, 0, 3, 1, 2]), np.array([2, 1, 0, 1, 2])
    value = np.array([1.0, -2.0, 0.5, 3.0, 4.0])
    found = ag.evaluate(ag.logdensity(ag.Model({"y": x[rows, columns]}), {"y": value}))
    wanted = st.multivariate_normal(mean[3, [0, 2]], COV[np.ix_([0, 2], [0, 2])]).logpdf([0.5, 1.0])
    for v, i, j in [(-2.0, 0, 1), (3.0, 1, 1), (4.0, 2, 2)]:
        wanted += st.norm(mean[i, j], np.sqrt(COV[j, j])).logpdf(v)
    assert found == pytest.approx(wanted, rel=1e-12)


def test_covariances_of_their_own() -> None:
    scales = np.array([1.0, 2.0, 3.0])
    x = R.multivariate_normal(ag.key(0), np.zeros(3), COV * scales[:, None, None])
    value = np.array([[0.3, -1.0], [0.2, 0.7], [2.0, 1.1]])
    found = ag.evaluate(ag.logdensity(ag.Model({"y": x[:, 1:]}), {"y": value}))
    wanted = sum(
        st.multivariate_normal(np.zeros(2), COV[1:, 1:] * s).logpdf(v)
        for s, v in zip(scales, value, strict=True)
    )
    assert found == pytest.approx(wanted, rel=1e-12)


def incomplete(at: Any) -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"))
    precision = R.wishart(k[0], 4.0, np.eye(2))
    x = R.multivariate_normal(k[1], np.zeros(2), ag.linalg.inv(precision), size=3)
    return ag.Model({"precision": precision, "y": x[at]})


def test_incomplete_pairs_give_a_sampler_of_their_precision() -> None:
    at = (np.array([0, 0, 1, 2]), np.array([0, 1, 0, 1]))
    sampler = ag.derive(incomplete(at), {"y": [1.0, -1.0, 2.0, 0.5]})
    p = np.array([[1.3, 0.4], [0.4, 0.7]])
    s = np.linalg.inv(p)
    wanted = st.wishart(4, np.eye(2)).logpdf(p)
    wanted += st.multivariate_normal(np.zeros(2), s).logpdf([1.0, -1.0])
    wanted += st.norm(0.0, np.sqrt(s[0, 0])).logpdf(2.0) + st.norm(0.0, np.sqrt(s[1, 1])).logpdf(
        0.5
    )
    assert sampler.logdensity(precision=p) == pytest.approx(wanted, rel=1e-12)


def test_an_element_that_is_taken_twice_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="'y' is a function of random variables"):
        ag.derive(incomplete((np.array([0, 0]), np.array([1, 1]))), {"y": [1.0, 1.0]})
