"""What a calibration found, quantity by quantity, and whether the sampler holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.graph.errors import AstragalError

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]

LEAST_P = 1e-6  # over a whole calibration: a green suite stays green


class CalibrationError(AstragalError):
    """A step does not keep the joint law, or does not move."""


@dataclass(frozen=True)
class Finding:
    """What one quantity says about one step.

    Attributes
    ----------
    step, quantity
        Names.
    p_value
        Of the law being the same before and after, corrected for the features tested.
    """

    step: str
    quantity: str
    p_value: float


@dataclass(frozen=True)
class Calibration:
    """The result of `start_at_truth` or `ranks`.

    Attributes
    ----------
    findings
        All tests, the smallest p-value first.
    moved
        For each step, in which share of the simulations its targets changed.
    simulations
        How many.
    ranks
        For `ranks`: ranks of the truth, by quantity.
    most_rank
        For `ranks`: the largest rank possible.
    """

    findings: tuple[Finding, ...]
    moved: Mapping[str, float]
    simulations: int
    ranks: Mapping[str, Array] | None = None
    most_rank: int = 0

    @property
    def p_value(self) -> float:
        """The smallest p-value, corrected for the number of tests (Bonferroni)."""
        return min(1.0, self.findings[0].p_value * len(self.findings)) if self.findings else 1.0

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the sampler."""
        return self.p_value > LEAST_P and all(m > 0.01 for m in self.moved.values())

    def check(self) -> None:
        """Raise where something speaks against the sampler.

        Raises
        ------
        CalibrationError
            Naming the guilty step and quantity.
        """
        for name, share in self.moved.items():
            if share <= 0.01:
                raise CalibrationError(
                    f"step {name} does not move: its targets changed in {share:.1%} of "
                    f"{self.simulations} simulations"
                )
        if self.p_value <= LEAST_P:
            worst = self.findings[0]
            raise CalibrationError(
                f"step {worst.step} does not keep the joint law: the law of {worst.quantity} "
                f"changes (p = {worst.p_value:.1e}, {self.simulations} simulations)"
            )

    def __str__(self) -> str:
        worst = self.findings[: min(5, len(self.findings))]
        rows = [f"  {f.step}: {f.quantity}: p = {f.p_value:.2g}" for f in worst]
        verdict = "calibrated" if self.holds else "NOT calibrated"
        return "\n".join([f"{verdict} ({self.simulations} simulations)", *rows])

    def save_plot(self, path: str | Path) -> None:
        """Draw the rank histograms of `ranks`, with the band that uniform ranks keep to."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from scipy import stats

        if self.ranks is None:
            raise CalibrationError("only simulation-based calibration (ranks) has rank plots")
        names = list(self.ranks)
        figure = Figure(figsize=(3 * min(4, len(names)), 2 * -(-len(names) // 4)))
        FigureCanvasAgg(figure)
        bins = min(16, self.most_rank + 1)
        low, high = np.asarray(stats.binom.ppf([0.005, 0.995], self.simulations, 1 / bins))
        for i, name in enumerate(names):
            axis = figure.add_subplot(-(-len(names) // 4), min(4, len(names)), i + 1)
            axis.axhspan(low, high, alpha=0.2)
            axis.hist(self.ranks[name], bins=bins, range=(-0.5, self.most_rank + 0.5))
            axis.set_title(name, fontsize=8)
            axis.set_yticks([])
        figure.tight_layout()
        figure.savefig(path, dpi=120)
