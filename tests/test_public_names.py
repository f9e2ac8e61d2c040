"""The public names: what is listed is there, and what the contract names is listed."""

from __future__ import annotations

import re
from pathlib import Path

import astragal as ag

# fmt: off
CONTRACT = """
key split fold_in key_data wrap_key_data check_keys KeyReuseError
input constant shared pprint save load
exp log sum where matmul linalg special grad scan while_loop subgraph
random RandomStream model Model
relation rewrite equivalents verify
logdensity derive function evaluate
""".split()  # noqa: SIM905
DISTRIBUTIONS = """
uniform normal half_normal truncated_normal skew_normal lognormal exponential gamma inverse_gamma
beta beta_prime chi_square noncentral_chi_square f student_t cauchy half_cauchy laplace
asymmetric_laplace logistic log_logistic gumbel weibull pareto lomax rayleigh maxwell levy
inverse_gaussian generalized_inverse_gaussian von_mises triangular kumaraswamy ex_gaussian
polya_gamma bernoulli binomial negative_binomial poisson geometric hypergeometric discrete_uniform
categorical beta_binomial log_series zipf multivariate_normal multivariate_t matrix_normal dirichlet
multinomial dirichlet_multinomial wishart inverse_wishart lkj
""".split()  # noqa: SIM905
# fmt: on


def test_the_contract_is_kept() -> None:
    assert [n for n in CONTRACT if n not in ag.__all__] == []
    assert [n for n in ag.__all__ if not hasattr(ag, n)] == []


def test_every_distribution_of_the_contract_is_there() -> None:
    assert [n for n in DISTRIBUTIONS if not hasattr(ag.random, n)] == []


def test_type_checkers_see_every_distribution() -> None:
    text = Path(ag.random.__file__).read_text(encoding="utf-8")
    assert re.findall(r"^    (\w+): _Draw$", text, re.MULTILINE) == sorted(ag.random.RANDOM_OPS)


def test_packages_that_come_late_are_there() -> None:
    import subprocess
    import sys

    # In a process of its own: here, other tests have imported them.
    code = "import astragal as ag; print(len(ag.rewrites.BOOK) > 1000, ag.sample.calibrate.ranks.__name__, ag.display.__name__, ag.interop.from_pymc.__name__)"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "ranks", "astragal.display", "from_pymc"]


def test_importing_loads_no_compiler() -> None:
    import subprocess
    import sys

    code = "import astragal, sys; print([m for m in ('jax', 'numba', 'arviz_base', 'matplotlib') if m in sys.modules])"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
