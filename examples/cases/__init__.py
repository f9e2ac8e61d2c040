"""Real models from the literature, each with what to observe and how to name its results.

``CASES`` lists them by name. A case takes the published data as a dictionary and gives a
model and its observed values; data are not part of this package.

    python -m astragal.examples.cases rats --data FOLDER
"""

from astragal.examples.cases import (
    counts,
    discrete,
    growth,
    hierarchies,
    mixtures,
    nonlinear,
    regressions,
    series,
)
from astragal.examples.cases.case import Case

PAGES = (regressions, growth, hierarchies, counts, discrete, mixtures, series, nonlinear)
"""One module a kind of model."""

CASES: dict[str, Case] = {
    c.name: c for page in PAGES for c in vars(page).values() if isinstance(c, Case)
}
"""Every case, by name."""
