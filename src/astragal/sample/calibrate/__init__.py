r"""Does a derived sampler keep the joint law? Two tests that see a wrong step.

*Start at truth* (Geweke 2004, J. Am. Stat. Assoc. 99; Gandy & Scott 2021, Stat. Comput.
31:65): draw parameters and data from the joint law and run one step. If the step keeps the
posterior, :math:`(\theta', y)` has the law of :math:`(\theta, y)`, whatever the data are. It
costs one step a simulation, and names the step.

*Simulation-based calibration* (Talts et al. 2018; Modrák et al. 2023, Bayesian Anal.): the
rank of the truth among posterior draws is uniform. It sees the whole sampler, and costs a
run a simulation.

Quantities are the scalars of the latent variables, and the log prior, log likelihood and
log joint, which see errors that no marginal shows.

A factor or constraint weighs the draws of the model without it: `start_at_truth` takes the
weighted mean of what a step changes, and `ranks` draws again until a constraint holds.
"""

from astragal.sample.calibrate.truth import start_at_truth
from astragal.sample.calibrate.verdict import Calibration, CalibrationError, Finding
from astragal.sample.calibrate.whole import ranks

__all__ = ["Calibration", "CalibrationError", "Finding", "ranks", "start_at_truth"]
