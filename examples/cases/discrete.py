"""Networks of discrete variables."""

from __future__ import annotations

from typing import Any

import numpy as np

import astragal as ag
from astragal.examples.cases.case import Case, Data, array

R = ag.random


@ag.model
def asia(key, visit, p_smoking, p_tuberculosis, p_cancer, p_bronchitis, p_xray, p_dyspnoea):
    """The chest clinic of Lauritzen & Spiegelhalter (1988); tables by parents' values."""
    k = ag.split(key, 6)
    s = R.categorical(k[0], p_smoking)
    t = R.categorical(k[1], p_tuberculosis[visit])
    c = R.categorical(k[2], ag.constant(p_cancer)[s])
    b = R.categorical(k[3], ag.constant(p_bronchitis)[s])
    either = ag.maximum(t, c)
    # The collection counts values from 1.
    return {
        "s": s,
        "t": t,
        "c": c,
        "b": b,
        "smoking": s + 1,
        "tuberculosis": t + 1,
        "lung_cancer": c + 1,
        "bronchitis": b + 1,
        "either": either + 1,
        "x": (x := R.categorical(k[4], ag.constant(p_xray)[either])),
        "xray": x + 1,
        "dyspnoea": R.categorical(k[5], ag.constant(p_dyspnoea)[either, b]),
    }


def _asia(d: Data) -> tuple[ag.Model, dict[str, Any]]:
    names = ("smoking", "tuberculosis", "lung.cancer", "bronchitis", "xray", "dyspnoea")
    tables = array(d, *(f"p.{n}" for n in names))
    return asia(int(d["asia"]) - 1, *tables), {"dyspnoea": np.int64(d["dyspnoea"]) - 1}


ASIA = Case("asia", _asia, draws=20_000)
