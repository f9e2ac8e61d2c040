"""Coaching in eight schools: a normal hierarchical model.

Rubin 1981, J. Educational Statistics 6(4):377-401; Gelman et al., Bayesian Data Analysis,
3rd ed., section 5.5. ``y`` is the estimated effect in a school, ``sigma`` its standard error.

    astragal sample examples/eight_schools.py --out schools.nc
"""

import astragal as ag


@ag.model
def eight_schools(key, sigma):
    k = ag.split(key, 4)
    mu = ag.random.normal(k[0], 0.0, 5.0)
    tau = ag.random.half_cauchy(k[1], 5.0)
    theta = ag.random.normal(k[2], mu, tau, size=sigma.shape)
    y = ag.random.normal(k[3], theta, sigma)
    return {"mu": mu, "tau": tau, "theta": theta, "y": y}


data = {
    "sigma": [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0],
    "y": [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0],
}
