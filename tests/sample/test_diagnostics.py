"""R-hat and effective sample sizes are those of ArviZ."""

from __future__ import annotations

from typing import Any

import arviz_stats
import numpy as np
import pytest
import xarray as xr

from astragal.sample.diagnostics import measures

rng = np.random.default_rng(3)


def walk(chains: int, draws: int, rho: float) -> np.ndarray[Any, Any]:
    x = rng.normal(size=(chains, draws))
    for t in range(1, draws):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho**2) * x[:, t]
    return x


def samples(chains: int, draws: int) -> dict[str, np.ndarray[Any, Any]]:
    apart = rng.normal(size=(chains, draws)) + np.arange(chains)[:, None]
    stuck = rng.normal(size=(chains, draws))
    stuck[0] = stuck[0, 0]
    return {
        "independent": rng.normal(size=(chains, draws)),
        "slow": walk(chains, draws, 0.95),
        "alternating": walk(chains, draws, -0.7),
        "heavy": rng.standard_cauchy(size=(chains, draws)),
        "counts": rng.poisson(2.0, size=(chains, draws)).astype(float),
        "rare": (rng.random((chains, draws)) < 0.01).astype(float),
        "apart": apart,
        "one chain stuck": stuck,
        "constant": np.full((chains, draws), 0.3),
        "tiny": 1e-9 * rng.normal(size=(chains, draws)) + 5.0,
        "missing": np.where(rng.random((chains, draws)) < 0.1, np.nan, 1.0),
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("chains", "draws"), [(4, 1000), (4, 501), (1, 200), (2, 10), (3, 5), (2, 4), (2, 7)]
)
def test_measures_are_those_of_arviz(chains: int, draws: int) -> None:
    given = samples(chains, draws)
    found = measures(np.stack(list(given.values()), axis=2))
    data = xr.Dataset({n: (("chain", "draw"), v) for n, v in given.items()})
    wanted = {
        "mcse": arviz_stats.mcse(data, method="mean"),
        "ess_bulk": arviz_stats.ess(data, method="bulk"),
        "ess_tail": arviz_stats.ess(data, method="tail", prob=(0.05, 0.95)),
    }
    if chains > 1:
        wanted["r_hat"] = arviz_stats.rhat(data)
    for measure, want in wanted.items():
        for i, name in enumerate(given):
            got, expected = found[measure][i], float(want[name])
            assert np.isclose(got, expected, rtol=1e-8, equal_nan=True), (measure, name, got)
    for i, x in enumerate(given.values()):
        shown = [found[n][i] for n in ("5%", "50%", "95%", "mean", "sd")]
        plain = [*np.quantile(x, [0.05, 0.5, 0.95]), x.mean(), x.std(ddof=1)]
        np.testing.assert_allclose(shown, plain, rtol=1e-12)


def test_many_scalars_are_measured_in_parts() -> None:
    x = rng.normal(size=(2, 3000, 700))
    found = measures(x)
    assert found["r_hat"].shape == (700,)
    np.testing.assert_allclose(found["mean"], x.mean((0, 1)), rtol=1e-9, atol=1e-12)
    alone = measures(x[:, :, 512:513])
    for name, value in alone.items():
        np.testing.assert_allclose(found[name][512], value[0], rtol=1e-9)


def test_of_few_draws_there_is_no_convergence() -> None:
    assert set(measures(rng.normal(size=(2, 3, 1)))) == {"mean", "sd", "5%", "50%", "95%"}
    one = measures(np.ones((1, 1, 2)))
    assert np.isnan(one["sd"]).all()
    assert measures(np.ones((1, 5, 0)))["mean"].shape == (0,)
