"""The page of the literature's models names the steps that `derive` finds for them.

The published data are not part of the project: these are random numbers of the same shapes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astragal.examples.cases import CASES
from astragal.examples.cases.__main__ import steps_of

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "cases.md"
RNG = np.random.default_rng(1)
ROW = re.compile(r"^\| ([\w-]+) \| ((?:[\w+]+: \w+(?:, )?)+) \|", re.MULTILINE)
STEPS = dict(ROW.findall(PAGE.read_text(encoding="utf-8").partition("## Beside")[0]))


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape).tolist()


def positive(*shape: int) -> Any:
    return RNG.uniform(0.5, 2.0, shape).tolist()


def counts(*shape: int) -> Any:
    return RNG.integers(1, 9, shape).tolist()


def flags(count: int) -> Any:
    return RNG.integers(0, 2, count).tolist()


def tables(*shape: int) -> Any:
    return RNG.dirichlet([2.0, 2.0], shape).tolist()


POSTERIORDB = {
    "earnings-logearn_interaction":
        {"earn": positive(90), "height": normal(90), "male": flags(90)},
    "mesquite-logmesquite_logvas":
        {n: positive(46) for n in ("weight", "diam1", "diam2", "canopy_height", "total_height",
                                   "density", "group")},
    "nes2000-nes":
        {n: normal(76) for n in ("partyid7", "real_ideo", "race_adj", "educ1", "gender", "income")}
        | {"age_discrete": RNG.integers(1, 5, 76).tolist()},
    "kidiq-kidscore_interaction":
        {"kid_score": normal(84), "mom_hs": flags(84), "mom_iq": normal(84)},
    "arK-arK": {"K": 5, "y": normal(200)},
    "kilpisjarvi_mod-kilpisjarvi":
        {"x": positive(62), "y": normal(62), "pmualpha": 9.3, "psalpha": 100.0, "pmubeta": 0.0,
         "psbeta": 0.03},
    "sblrc-blr": {"X": normal(100, 5), "y": normal(100)},
    "eight_schools-eight_schools_centered": {"y": normal(8), "sigma": positive(8)},
    "low_dim_gauss_mix-low_dim_gauss_mix": {"y": normal(1000)},
    "garch-garch11": {"y": normal(200), "sigma1": 0.5},
    "hmm_example-hmm_example": {"y": positive(100)},
    "bball_drive_event_0-hmm_drive_0":
        {"u": positive(40), "v": positive(40), "alpha": [[4.0, 1.0], [1.0, 4.0]]},
    "gp_pois_regr-gp_regr": {"x": np.linspace(-10, 10, 11).tolist(), "y": normal(11)},
}  # fmt: skip
BUGS = {
    "line": {"x": [1, 2, 3, 4, 5], "Y": normal(5)},
    "stacks_t4": {"x": normal(21, 3), "Y": normal(21)},
    "rats": {"x": [8.0, 15.0, 22.0, 29.0, 36.0], "Y": normal(30, 5)},
    "equiv": {"group": [1, 1, -1, -1, -1, 1, 1, 1, -1, -1], "sign": [1, -1], "Y": normal(10, 2)},
    "pumps": {"t": positive(10), "x": counts(10)},
    "surgical": {"n": [147, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360],
                 "r": counts(12)},
    "beetles_logit": {"x": positive(8), "n": [60] * 8, "r": counts(8)},
    "beetles_probit": {"x": positive(8), "n": [60] * 8, "r": counts(8)},
    "salm": {"x": [0, 10, 33, 100, 333, 1000], "y": counts(6, 3)},
    "asia": {"asia": 2, "dyspnoea": 2, "p.smoking": [0.5, 0.5], "p.tuberculosis": tables(2),
             "p.lung.cancer": tables(2), "p.bronchitis": tables(2), "p.xray": tables(2),
             "p.dyspnoea": tables(2, 2)},
    "hearts": {"x": counts(12), "y": [0, 3, 0, 0, 2, 0, 0, 13, 0, 0, 4, 0]},
    "dugongs": {"x": positive(27), "Y": positive(27)},
}  # fmt: skip
OTHER = {
    "nist_norris": {"x": normal(36), "y": normal(36)},
    "nist_sirstv": {"resistance": normal(25), "instrument": np.repeat(range(1, 6), 5).tolist()},
    "bda_light": {"y": normal(66)},
    "bda_rat_tumors": {"n": [20] * 71, "y": counts(71)},
    "gym_german_logistic": {"features": normal(200, 24), "labels": flags(200)},
    "gym_brownian":
        {"observed_locs": [*normal(10), *[None] * 10, *normal(10)], "innovation_noise_scale": 0.1,
         "observation_noise_scale": 0.15},
    "gym_stochvol": {"centered_returns": normal(100)},
}  # fmt: skip
DATA: dict[str, dict[str, Any]] = {**POSTERIORDB, **BUGS, **OTHER}


# Their derivations take seconds of CPU each.
LONG = {"one_comp_mm_elim_abs-one_comp_mm_elim_abs", "birats", "blockers"}


def test_every_case_has_a_row() -> None:
    assert set(STEPS) == set(CASES) == {*DATA, *LONG}


@pytest.mark.parametrize("name", [n for n in STEPS if n not in LONG])
def test_steps_are_those_of_the_page(name: str) -> None:
    assert steps_of(CASES[name].derive(DATA[name])) == STEPS[name]
