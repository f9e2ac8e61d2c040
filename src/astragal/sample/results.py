"""A report of how far to trust draws, in figures and in words."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.derive.nuts import MAX_DEPTH
from astragal.sample.diagnostics import measures

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = np.ndarray[Any, Any]

RHAT_LIMIT = 1.01  # Vehtari et al. 2021, Bayesian Anal. 16(2), section 4
BFMI_LIMIT = 0.3  # Betancourt 2016, arXiv:1604.00695, as Stan and PyMC warn
ESS_PER_CHAIN = 100  # likewise: below it, the estimates of R-hat and ESS are themselves noisy


def diagnose(tree: xr.DataTree, without: Collection[str] = ()) -> pd.DataFrame:
    """Tabulate mean, standard deviation, quantiles, ESS and R-hat of every scalar.

    Parameters
    ----------
    tree
        What `Sampler.sample` gave.
    without
        Variables that are left out.

    Returns
    -------
    pandas.DataFrame
        One row a scalar component; columns ``mean``, ``sd``, ``5%``, ``50%``, ``95%``,
        ``mcse``, ``ess_bulk``, ``ess_tail``, ``r_hat``, all floats.
    """
    import pandas as pd

    posterior = tree["posterior"].dataset
    labels: list[str] = []
    columns: list[Array] = [np.empty((posterior.sizes["chain"], posterior.sizes["draw"], 0))]
    for name, array in posterior.data_vars.items():
        if name in without:
            continue
        values = np.asarray(array, dtype=float)
        shape = values.shape[2:]
        flat = values.reshape(*values.shape[:2], math.prod(shape))
        columns.append(flat)
        places = range(flat.shape[2])
        labels += [f"{name}[{_place(i, shape)}]" if shape else str(name) for i in places]
    return pd.DataFrame(measures(np.concatenate(columns, axis=2)), index=labels)


def _place(flat: int, shape: tuple[int, ...]) -> str:
    return ", ".join(str(int(i)) for i in np.unravel_index(flat, shape))


def warnings_of(tree: xr.DataTree, table: pd.DataFrame) -> list[str]:
    """Say in words what is wrong with a run, and what to do about it.

    Parameters
    ----------
    tree
        What `Sampler.sample` gave.
    table
        Its table, of `diagnose`.
    """
    chains = tree["posterior"].sizes["chain"]
    out = [*_about_draws(table, chains)]
    if "sample_stats" in tree.children:
        out += _about_trajectories(tree["sample_stats"].dataset)
    if chains == 1:
        out.append("one chain only: R-hat needs several to see that chains disagree.")
    return out


def _about_draws(table: pd.DataFrame, chains: int) -> Iterator[str]:
    """Chains that disagree, and effective draws that are few."""
    if "r_hat" in table and (bad := table["r_hat"] > RHAT_LIMIT).any():  # pyright: ignore[reportGeneralTypeIssues]
        worst = table["r_hat"].idxmax()
        yield (
            f"{int(bad.sum())} of {len(table)} quantities have not converged: R-hat of {worst} is "  # pyright: ignore[reportArgumentType]
            f"{table['r_hat'].max():.3f}, above {RHAT_LIMIT}. Run longer, or look at the chains' "
            f"traces of {worst}."
        )
    if "ess_bulk" in table:
        least = table[["ess_bulk", "ess_tail"]].min(axis=1)
        if (least < ESS_PER_CHAIN * chains).any():
            yield (
                f"few effective draws: {least.min():.0f} for {least.idxmin()}, fewer than "
                f"{ESS_PER_CHAIN} a chain. Draw more, or try sampler.alternatives()."
            )


def _about_trajectories(stats: xr.Dataset) -> Iterator[str]:
    """Divergences, trajectories that were cut off, and energies that hardly move."""

    def of(name: str) -> list[Any]:
        whole = [str(n) for n in stats.data_vars if str(n).rpartition(":")[2] == name]
        return [np.asarray(stats[n]) for n in whole]

    divergent = int(np.sum(stats["diverging"])) if "diverging" in stats else 0
    if divergent:
        yield (
            f"{divergent} of {stats['diverging'].size} transitions diverged: the posterior has "
            "places too narrow for the step size, and draws near them are missing. Sample with a "
            "target_accept closer to 1, write the model in other coordinates (non-centred), or see "
            "sampler.alternatives()."
        )
    deepest = int(stats.attrs.get("max_depth", MAX_DEPTH))
    if long := sum(int(np.sum(d >= deepest)) for d in of("tree_depth")):
        yield (
            f"{long} trajectories were cut off after 2^{deepest} steps: draws follow each other "
            "slowly. Bring the variables to like scales, run a longer warm-up, or sample with a "
            "larger max_depth."
        )
    for energy in of("energy"):
        moves = np.square(np.diff(energy, axis=1)).mean(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            fraction = float(np.min(moves / energy.var(axis=1)))
        if fraction < BFMI_LIMIT:
            yield (
                f"energies hardly move from draw to draw (fraction {fraction:.2f}, below "
                f"{BFMI_LIMIT}): the tails are explored slowly. Reparameterise heavy tails, such "
                "as a Cauchy variable by its scale mixture."
            )
