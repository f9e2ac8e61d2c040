"""What every test can rely on: the processor alone, and the same examples in every run."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "agg")

from hypothesis import HealthCheck, settings

# A failure seen once is seen again: examples follow from the test alone. Compiling
# makes the first example slow, which says nothing about the property.
settings.register_profile(
    "facts",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile("search", parent=settings.get_profile("facts"), derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "facts"))
