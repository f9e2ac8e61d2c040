"""Every kind of step keeps the joint law."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from astragal.sample.calibrate import start_at_truth

# The models stand beside this file, where a command under benchmarks reads them too.
TABLE = Path(__file__).with_name("kinds.py")
KINDS: dict[str, Any] = runpy.run_path(str(TABLE), run_name="kinds")["KINDS"]


@pytest.mark.parametrize("name", KINDS)
def test_a_model_has_the_steps_that_its_row_says(name: str) -> None:
    kind = KINDS[name]
    assert tuple(s.kind for s in kind.sampler().steps) == kind.steps


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_step_keeps_the_joint_law(name: str) -> None:
    start_at_truth(KINDS[name].sampler(), simulations=2000, seed=7).check()
