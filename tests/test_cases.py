"""Cases of the literature: what is derived for them, and that results agree with references.

The data stand beside the project, if anywhere; without them these tests are skipped. The whole
comparison is a command: ``python -m astragal.examples.cases --data FOLDER``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.examples.cases import CASES
from astragal.examples.cases.__main__ import find, reference_names, run

FOLDER = Path(__file__).parents[2] / "shared" / "cases"
here = pytest.mark.skipif(
    not FOLDER.exists(), reason="the cases' data do not stand beside the project"
)
pytestmark = [here, pytest.mark.slow]

# Kinds of steps, by what each draws; what an expert would have written.
KINDS = {
    "rats": {"alpha+beta+alpha_c+beta_c": "gibbs", "tau_c": "gibbs"},
    "birats": {"R": "gibbs", "mu_beta+beta": "gibbs", "tauC": "gibbs"},
    "line": {"alpha+beta": "gibbs", "tau": "gibbs"},
    "bda_light": {"mu": "exact", "sigma2": "exact"},
    "nist_norris": {"beta": "exact", "sigma2": "exact"},
    "nes2000-nes": {"beta": "exact", "sigma": "exact"},
    "gym_brownian": {"steps": "exact"},
    "eight_schools-eight_schools_centered": {"tau+mu+theta": "collapse"},
    "kidiq-kidscore_interaction": {"sigma+beta": "collapse"},
    "sblrc-blr": {"beta": "gibbs", "sigma": "gibbs"},
    "beetles_logit": {"alpha_star+beta": "nuts"},
    "surgical": {"mu+tau+b": "nuts"},
    "gym_german_logistic": {"weights": "nuts"},
    "stacks_t4": {"beta0+beta": "gibbs", "tau": "gibbs"},
    "garch-garch11": {"mu+alpha0+alpha1+beta1": "nuts"},
}
# Given auxiliary variables, which take more work there.
AUGMENTED = {
    "beetles_logit": {"alpha_star+beta": "gibbs", "r_auxiliary": "gibbs"},
    "surgical": {"mu+b": "gibbs", "tau": "gibbs", "r_auxiliary": "gibbs"},
    "gym_german_logistic": {"weights": "gibbs", "labels_auxiliary": "gibbs"},
}


def data_of(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((find(FOLDER, name) / "data.json").read_text())
    return loaded


@pytest.mark.parametrize("name", KINDS)
def test_the_sampler_that_an_expert_would_write_is_found(name: str) -> None:
    sampler = CASES[name].derive(data_of(name))
    steps = {s.name: s.kind for s in sampler.steps}
    assert KINDS[name].items() <= steps.items()


@pytest.mark.parametrize("name", AUGMENTED)
def test_draws_given_auxiliary_variables_are_found_and_said(name: str) -> None:
    model, observed = CASES[name].build(data_of(name))
    assert "(polya_gamma_augmentation): " in ag.derive(model, observed).explain()
    sampler = ag.derive(model, observed, prefer=["augment"])
    steps = {s.name: s.kind for s in sampler.steps}
    assert AUGMENTED[name].items() <= steps.items()


def test_every_case_has_a_model() -> None:
    names = {p.parent.name for p in FOLDER.glob("*/*/data.json")}
    assert names == set(CASES)


@pytest.mark.parametrize("name", ["line", "bda_light", "gym_brownian", "rats", "pumps"])
def test_draws_agree_with_the_reference(name: str) -> None:
    from arviz_stats.base import array_stats

    _, draws, _, _ = run(name, FOLDER, "numba", 1)
    reference = json.loads((find(FOLDER, name) / "reference.json").read_text())["params"]
    bases = {b: n for n, b in reference_names(FOLDER, name).items()}
    for label, wanted in reference.items():
        base, _, index = label.partition("[")
        values = draws[bases[base]]
        for i in index.rstrip("]").split(",") if index else ():
            values = values[:, :, int(i) - 1]
        if wanted["mean"] is None:
            continue
        error = float(np.squeeze(array_stats.mcse(values, chain_axis=0, draw_axis=1)))
        spread = np.hypot(error, wanted.get("mcse_mean") or 0.0)
        # Five standard errors, for all of some hundred numbers.
        assert abs(values.mean() - wanted["mean"]) < 5 * spread, label
