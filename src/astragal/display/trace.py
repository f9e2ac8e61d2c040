"""Traces and densities of draws, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def save_trace(tree: xr.DataTree, path: str | Path, most: int = 16) -> None:
    """Draw the density and the trace of each scalar, a line a chain.

    Parameters
    ----------
    tree
        What ``sampler.sample`` gave.
    path
        File to write; its suffix says the format (png, svg, pdf).
    most
        Most scalars to draw; the first are taken.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from scipy.stats import gaussian_kde

    posterior = tree["posterior"].dataset
    rows: list[tuple[str, np.ndarray]] = []
    for name, array in posterior.data_vars.items():
        values = np.asarray(array, dtype=float)
        shape = values.shape[2:]
        flat = values.reshape(*values.shape[:2], -1)
        for i in range(flat.shape[2]):
            place = ", ".join(str(int(k)) for k in np.unravel_index(i, shape))
            rows.append((f"{name}[{place}]" if shape else str(name), flat[..., i]))
    rows = rows[:most]
    figure = Figure(figsize=(10, 1.4 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), 2, squeeze=False, width_ratios=(1, 2))
    for (label, draws), (left, right) in zip(rows, axes, strict=True):
        low, high = np.quantile(draws, [0.001, 0.999])
        grid = np.linspace(low, high, 200)
        for chain in draws:
            if np.ptp(chain) > 0 and len(chain) > 2:
                left.plot(grid, gaussian_kde(chain)(grid), linewidth=1)
            right.plot(chain, linewidth=0.4, alpha=0.8)
        left.set_ylabel(label, rotation=0, ha="right", va="center")
        left.set_yticks([])
        for axis in (left, right):
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(labelsize=7)
    axes[0][0].set_title("density", fontsize=9)
    axes[0][1].set_title("trace", fontsize=9)
    figure.savefig(path, dpi=120)
