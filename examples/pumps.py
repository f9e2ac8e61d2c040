"""Failures of ten power-plant pumps: gamma failure rates with a common law.

Gaver & O'Muircheartaigh 1987, Technometrics 29(1):1-15; the model is that of the BUGS
examples, volume 1. ``failures`` is the number of failures in ``hours`` thousand hours.

    astragal sample examples/pumps.py --out pumps.nc
"""

import astragal as ag


@ag.model
def pumps(key, hours):
    k = ag.split(key, 4)
    alpha = ag.random.exponential(k[0], rate=1.0)
    beta = ag.random.gamma(k[1], 0.1, rate=1.0)
    theta = ag.random.gamma(k[2], alpha, rate=beta, size=hours.shape)
    failures = ag.random.poisson(k[3], theta * hours)
    return {"alpha": alpha, "beta": beta, "theta": theta, "failures": failures}


data = {
    "hours": [94.3, 15.7, 62.9, 126.0, 5.24, 31.4, 1.05, 1.05, 2.1, 10.5],
    "failures": [5, 1, 5, 14, 3, 19, 1, 1, 4, 22],
}
