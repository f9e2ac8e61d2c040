"""Unbounded counts in windows: the exact posterior, and where windows are not laid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.derive import windows

R = ag.random
SEEN = np.array([[3, 2], [0, 1], [5, 2], [1, 1], [2, 4]])


@ag.model
def abundance(key: Any, seen: Any) -> dict[str, Any]:
    """Numbers of animals at places, each of them seen with one probability at each visit."""
    k = ag.split(key, 4)
    rate = R.gamma(k[0], 4.0, rate=1.0)
    p = R.beta(k[1], 2.0, 3.0)
    n = R.poisson(k[2], rate, size=len(seen))
    y = R.binomial(k[3], n[:, None] if np.ndim(seen) == 2 else n, p, size=np.shape(seen))
    return {"rate": rate, "p": p, "n": n, "y": y}


def exact() -> tuple[Any, Any, Any]:
    """The posterior of rate and p on a grid, and the weights of its points."""
    rate, p = np.meshgrid(np.linspace(0.2, 20.0, 150), np.linspace(0.01, 0.99, 99), indexing="ij")
    count = np.arange(70)
    logp = st.gamma(4.0).logpdf(rate) + st.beta(2.0, 3.0).logpdf(p)
    for row in SEEN:
        seen = sum(st.binom.logpmf(y, count[:, None], p[0]) for y in row)
        joint = st.poisson.pmf(count, rate[:, :1]) @ np.exp(seen)
        logp = logp + np.log(joint)
    weight = np.exp(logp - logp.max())
    return rate, p, weight / weight.sum()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::astragal.sample.runner.SamplingWarning")
def test_the_posterior_of_an_n_mixture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WIDTH", 6)  # narrower than the law of a count
    sampler = ag.derive(abundance(SEEN), {"y": SEEN})
    assert [(s.name, s.kind) for s in sampler.steps] == [("rate+p+n", "collapse")]
    assert "window_of_counts" in sampler.explain()
    tree = sampler.sample(seed=5, draws=2_500, chains=4, target_accept=0.9, progress=False)
    rate, p, weight = exact()
    # 1,000 effective draws at least: four standard errors of a share are 0.063.
    for q in (3.0, 5.0, 8.0):
        found = (tree.posterior["rate"].values < q).mean()
        assert found == pytest.approx(weight[rate < q].sum(), abs=0.06), q
    for q in (0.25, 0.4, 0.55):
        found = (tree.posterior["p"].values < q).mean()
        assert found == pytest.approx(weight[p < q].sum(), abs=0.06), q


@ag.model
def growing(key: Any, seen: Any) -> dict[str, Any]:
    """Numbers of which each depends on the one before."""
    k = ag.split(key, 4)
    rate, p = R.gamma(k[0], 4.0, rate=1.0), R.beta(k[1], 2.0, 3.0)
    n = R.poisson(k[2], rate, size=5)
    y = R.binomial(k[3], n[1:] + n[:-1], p)
    return {"rate": rate, "p": p, "n": n, "y": y}


def test_where_no_windows_are_laid() -> None:
    one = ag.derive(abundance(SEEN[:, 0]), {"y": SEEN[:, 0]})  # has a law in closed form
    apart = ag.derive(growing(SEEN[1:, 0]), {"y": SEEN[1:, 0]})
    forbidden = ag.derive(abundance(SEEN), {"y": SEEN}, forbid=["window_of_counts"])
    many = ag.derive(abundance(100 * SEEN), {"y": 100 * SEEN})
    for sampler in (one, apart, forbidden, many):
        assert "window_of_counts" not in sampler.explain()
