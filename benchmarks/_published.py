"""The cases of `astragal.examples.cases` for `bench_cases`: inputs made once, for every program.

Astragal's model, and what is made of the published data (design matrices, lags), are those of
`astragal.examples.cases`. A peer gets the same arrays through a file, for its interpreter need
not have Astragal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import _peer_curves as curves
import _peer_models as models
from _dialects import Model
from _peer_models import Data, Peer

PEERS: dict[str, Peer] = {
    "earnings-logearn_interaction": models.FLAT_REGRESSION,
    "mesquite-logmesquite_logvas": models.FLAT_REGRESSION,
    "nes2000-nes": models.FLAT_REGRESSION,
    "nist_norris": models.NORRIS,
    "nist_sirstv": models.SIRSTV,
    "bda_light": models.LIGHT,
    "kidiq-kidscore_interaction": models.KIDIQ,
    "arK-arK": models.AUTOREGRESSION,
    "kilpisjarvi_mod-kilpisjarvi": models.KILPISJARVI,
    "sblrc-blr": models.BLR,
    "line": models.LINE,
    "stacks_t4": models.STACKS,
    "rats": models.RATS,
    "birats": models.BIRATS,
    "equiv": models.EQUIVALENCE,
    "eight_schools-eight_schools_centered": models.SCHOOLS,
    "pumps": models.PUMPS,
    "bda_rat_tumors": models.RAT_TUMORS,
    "surgical": models.SURGICAL,
    "blockers": models.BLOCKERS,
    "beetles_logit": curves.BEETLES_LOGIT,
    "beetles_probit": curves.BEETLES_PROBIT,
    "gym_german_logistic": curves.GERMAN,
    "salm": curves.SALMONELLA,
    "asia": curves.ASIA,
    "low_dim_gauss_mix-low_dim_gauss_mix": curves.TWO_NORMALS,
    "hearts": curves.HEARTS,
    "gym_brownian": curves.BROWNIAN,
    "gym_stochvol": curves.STOCHASTIC_VOLATILITY,
    "garch-garch11": curves.GARCH,
    "hmm_example-hmm_example": curves.HIDDEN_NORMALS,
    "bball_drive_event_0-hmm_drive_0": curves.DRIVES,
    "dugongs": curves.DUGONGS,
    "gp_pois_regr-gp_regr": curves.GAUSSIAN_PROCESS,
    "one_comp_mm_elim_abs-one_comp_mm_elim_abs": curves.ONE_COMPARTMENT,
}
"""How the peers write each case."""


@dataclass(frozen=True)
class Published:
    """A case with its published data.

    Attributes
    ----------
    name
        As in `astragal.examples.cases.CASES`.
    raw
        The data as published.
    data
        Arguments of Astragal's model, what is observed, and the numbers among the data.
    watched
        Names of what the reference posterior has.
    """

    name: str
    raw: Data
    data: Data
    watched: tuple[str, ...]

    @classmethod
    def load(cls, name: str, folder: Path) -> Published:
        """Take a case's data out of the folder of the collection."""
        from astragal.examples.cases import CASES
        from astragal.examples.cases.__main__ import find, reference_names
        from astragal.graph.literal import value_of

        raw = json.loads((find(folder, name) / "data.json").read_text())
        model, observed = CASES[name].build(raw)
        numbers = {n: v for n, v in raw.items() if isinstance(v, (int, float))}
        arguments = {n: value_of(x) for n, x in model.constants.items()}
        data = {**numbers, **arguments, **observed}
        return cls(name, raw, data, tuple(sorted(reference_names(folder, name))))

    def write(self, path: Path) -> None:
        """Put the case into a file."""
        data = {n: np.asarray(v).tolist() for n, v in self.data.items()}
        whole = {"name": self.name, "raw": self.raw, "data": data, "watched": self.watched}
        path.write_text(json.dumps(whole), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Published:
        """Take a case out of a file."""
        whole = json.loads(path.read_text(encoding="utf-8"))
        data = {n: np.asarray(v) for n, v in whole["data"].items()}
        return cls(whole["name"], whole["raw"], data, tuple(whole["watched"]))

    def sampler(self) -> Any:
        """Derive Astragal's sampler."""
        from astragal.examples.cases import CASES

        return CASES[self.name].derive(self.raw)

    @property
    def peer(self) -> Model | None:
        """The model of PyMC and NumPyro."""
        return PEERS[self.name].model

    @property
    def jags(self) -> str | None:
        """The model of JAGS."""
        return PEERS[self.name].jags

    @property
    def start(self) -> str:
        """Where JAGS starts."""
        return PEERS[self.name].start
