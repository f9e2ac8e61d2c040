"""The proportion of girls among births with placenta previa: an exact posterior.

Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4: 437 girls in 980 births. The
posterior is Beta(438, 544) in closed form, so the draws are independent.

    astragal sample examples/placenta_previa.py --out previa.nc
"""

import astragal as ag


@ag.model
def placenta_previa(key):
    k = ag.split(key, 2)
    girls = ag.random.beta(k[0], 1.0, 1.0)
    births = ag.random.binomial(k[1], 980, girls)
    return {"proportion": girls, "girls": births}


data = {"girls": 437}
