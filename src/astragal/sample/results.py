"""Draws as an ArviZ ``DataTree``, with a report in words of how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Arrays = dict[str, np.ndarray[Any, Any]]

RHAT_LIMIT = 1.01  # Vehtari et al. 2021, Bayesian Anal. 16(2), section 4
ESS_PER_CHAIN = 100  # likewise: below it, the estimates of R-hat and ESS are themselves noisy


def to_datatree(
    posterior: Arrays,
    stats: Arrays,
    observed: Mapping[str, np.ndarray[Any, Any]],
    attributes: Mapping[str, Any],
    warmup: tuple[Arrays, Arrays] | None = None,
) -> xr.DataTree:
    """Put draws, statistics and data into the groups that ArviZ reads.

    Parameters
    ----------
    posterior, stats
        Arrays of shape (chain, draw, ...).
    observed
        The data.
    attributes
        What produced them: sampler, backend, seed.
    warmup
        Draws and statistics of the warm-up, where they are kept.
    """
    from arviz_base import from_dict

    groups: dict[str, Any] = {"posterior": posterior}
    if stats:
        groups["sample_stats"] = stats
    if warmup is not None:
        groups["warmup_posterior"], groups["warmup_sample_stats"] = warmup
        groups = {k: v for k, v in groups.items() if v}
    if observed:
        groups["observed_data"] = {k: np.asarray(v) for k, v in observed.items()}
    tree: xr.DataTree = from_dict(groups, save_warmup=warmup is not None)
    tree["posterior"].attrs.update(
        {"inference_library": "astragal", **{k: v for k, v in attributes.items() if v is not None}}
    )
    return tree


def diagnose(tree: xr.DataTree) -> pd.DataFrame:
    """Tabulate mean, standard deviation, quantiles, ESS and R-hat of every scalar.

    Returns
    -------
    pandas.DataFrame
        One row a scalar component; columns ``mean``, ``sd``, ``5%``, ``50%``, ``95%``,
        ``mcse``, ``ess_bulk``, ``ess_tail``, ``r_hat``, all floats.
    """
    import pandas as pd

    posterior = tree["posterior"].dataset
    several = posterior.sizes["chain"] > 1
    enough = posterior.sizes["draw"] >= 4
    measures: dict[str, Any] = {}
    if enough:
        import arviz_stats as stats

        measures["mcse"] = stats.mcse(posterior, method="mean")
        measures["ess_bulk"] = stats.ess(posterior, method="bulk")
        measures["ess_tail"] = stats.ess(posterior, method="tail", prob=(0.05, 0.95))
        if several:
            with np.errstate(divide="ignore", invalid="ignore"):  # NaN of what never moved
                measures["r_hat"] = stats.rhat(posterior)
    rows: dict[str, dict[str, float]] = {}
    for name, array in posterior.data_vars.items():
        values = np.asarray(array, dtype=float)
        flat = values.reshape(values.shape[0] * values.shape[1], -1)
        quantiles = np.quantile(flat, [0.05, 0.5, 0.95], axis=0)
        shape = values.shape[2:]
        for i in range(flat.shape[1]):
            label = name if not shape else f"{name}[{_place(i, shape)}]"
            rows[str(label)] = {
                "mean": float(flat[:, i].mean()),
                "sd": float(flat[:, i].std(ddof=1)) if len(flat) > 1 else float("nan"),
                "5%": float(quantiles[0, i]),
                "50%": float(quantiles[1, i]),
                "95%": float(quantiles[2, i]),
            } | {k: float(np.ravel(m[name])[i]) for k, m in measures.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def _place(flat: int, shape: tuple[int, ...]) -> str:
    return ", ".join(str(int(i)) for i in np.unravel_index(flat, shape))


def warnings_of(table: pd.DataFrame, stats: Arrays, chains: int) -> list[str]:
    """Say in words what is wrong with a run, and what to do about it."""
    out = []
    if "r_hat" in table and (bad := table["r_hat"] > RHAT_LIMIT).any():  # pyright: ignore[reportGeneralTypeIssues]
        worst = table["r_hat"].idxmax()
        out.append(
            f"{int(bad.sum())} of {len(table)} quantities have not converged: R-hat of {worst} is "  # pyright: ignore[reportArgumentType]
            f"{table['r_hat'].max():.3f}, above {RHAT_LIMIT}. Run longer, or look at the chains' "
            f"traces of {worst}."
        )
    if "ess_bulk" in table:
        least = table[["ess_bulk", "ess_tail"]].min(axis=1)
        if (least < ESS_PER_CHAIN * chains).any():
            out.append(
                f"few effective draws: {least.min():.0f} for {least.idxmin()}, fewer than "
                f"{ESS_PER_CHAIN} a chain. Draw more, or try sampler.alternatives()."
            )
    divergent = int(np.sum(stats["diverging"])) if "diverging" in stats else 0
    if divergent:
        out.append(
            f"{divergent} transitions diverged: the posterior has places too narrow for the step "
            "size. Reparameterise (non-centre), or raise target_accept."
        )
    if chains == 1:
        out.append("one chain only: R-hat needs several to see that chains disagree.")
    return out
