"""Derived samplers at work: chains, progress, checkpoints, results."""

from astragal.sample import calibrate
from astragal.sample.likelihood import log_likelihood
from astragal.sample.predictive import predict, prior
from astragal.sample.results import diagnose
from astragal.sample.runner import SamplingWarning, run

__all__ = [
    "SamplingWarning",
    "calibrate",
    "diagnose",
    "log_likelihood",
    "predict",
    "prior",
    "run",
]
