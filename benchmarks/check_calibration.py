"""Calibration at length: every kind of step from 20,000 exact starts, and ranks of the truth.

    python benchmarks/check_calibration.py [--simulations 20000] [--only NAME]
    python benchmarks/check_calibration.py --ranks 500 --plots FOLDER

The first form runs `start_at_truth` on the models of ``tests/sample/kinds.py`` and names
any step that does not keep the joint law. With ``--ranks`` it runs simulation-based
calibration of each whole sampler, and draws the rank histograms.
"""

from __future__ import annotations

import argparse
import runpy
import time
from pathlib import Path
from typing import TYPE_CHECKING

from astragal.sample.calibrate import ranks, start_at_truth

if TYPE_CHECKING:
    from astragal.sample.calibrate import Calibration

TABLE = Path(__file__).parents[1] / "tests" / "sample" / "kinds.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=20_000)
    parser.add_argument("--ranks", type=int, default=0, help="data sets for ranks of the truth")
    parser.add_argument("--plots", type=Path, help="folder for rank plots")
    parser.add_argument("--only", default="", help="models whose name holds this")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrong = 0
    for name, kind in runpy.run_path(str(TABLE), run_name="kinds")["KINDS"].items():
        if options.only not in name:
            continue
        begin = time.process_time()
        result: Calibration
        if options.ranks:
            result = ranks(kind.sampler(), simulations=options.ranks, seed=options.seed)
            if options.plots is not None:
                options.plots.mkdir(parents=True, exist_ok=True)
                result.save_plot(options.plots / f"{name.replace(' ', '-').replace(',', '')}.png")
        else:
            result = start_at_truth(
                kind.sampler(), simulations=options.simulations, seed=options.seed
            )
        wrong += not result.holds
        spent = time.process_time() - begin
        print(f"{name:28s} p = {result.p_value:.3g}  {spent:6.1f} s CPU  {result}".splitlines()[0])
        if not result.holds:
            print(result)
    return wrong


if __name__ == "__main__":
    raise SystemExit(main())
