"""Random variables: ``astragal.random.NAME(key, *parameters, size=None, dtype=None)``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from astragal.graph.expr import Expr, Op
from astragal.random import (
    checked,
    conditional,
    continuous,
    discrete,
    improper,
    keys,
    lower,
    multivariate,
    sequential,
    walks,
)
from astragal.random.combinators import (
    Combinator,
    Table,
    censored,
    mixture,
    transformed,
    truncated,
)
from astragal.random.distribution import RandomOp
from astragal.random.inflated import (
    hurdle_binomial,
    hurdle_gamma,
    hurdle_lognormal,
    hurdle_negative_binomial,
    hurdle_poisson,
    zero_inflated_binomial,
    zero_inflated_negative_binomial,
    zero_inflated_poisson,
)
from astragal.random.wrapper import Law, make_function

DISTRIBUTIONS = (
    *continuous.DISTRIBUTIONS,
    *discrete.DISTRIBUTIONS,
    *multivariate.DISTRIBUTIONS,
    *walks.DISTRIBUTIONS,
    *improper.DISTRIBUTIONS,
)

RANDOM_OPS: dict[str, RandomOp] = {d.name: RandomOp(d) for d in DISTRIBUTIONS}
"""The operation of every distribution, by name."""

OPS: dict[str, Op] = Table(
    (op.name, op)
    for op in (
        *keys.OPS,
        *sequential.OPS,
        lower.RANDOM_BITS,
        checked.REQUIRE,
        improper.FACTOR,
        conditional.GIVEN,
        *RANDOM_OPS.values(),
    )
)

COMBINATORS: dict[str, Combinator] = {
    name: v for name, v in globals().items() if isinstance(v, Combinator)
}
"""Laws made of laws, by name."""

for _name, _op in RANDOM_OPS.items():
    globals()[_name] = make_function(_op)

if TYPE_CHECKING:

    class _Draw(Protocol):
        def __call__(
            self, key: Expr, *args: Any, size: Any = None, dtype: Any = None, **named: Any
        ) -> Expr: ...

        op: RandomOp

        def law(self, *args: Any, dtype: Any = None, **named: Any) -> Law: ...

    # What type checkers cannot compute; tests/test_public_names.py compares it with the table.
    ar1: _Draw
    arcsine: _Draw
    asymmetric_laplace: _Draw
    benford: _Draw
    bernoulli: _Draw
    beta: _Draw
    beta_binomial: _Draw
    beta_negative_binomial: _Draw
    beta_prime: _Draw
    binomial: _Draw
    birnbaum_saunders: _Draw
    bits: _Draw
    burr: _Draw
    categorical: _Draw
    cauchy: _Draw
    chi: _Draw
    chi_square: _Draw
    dagum: _Draw
    dirichlet: _Draw
    dirichlet_multinomial: _Draw
    discrete_laplace: _Draw
    discrete_uniform: _Draw
    ex_gaussian: _Draw
    exponential: _Draw
    exponentiated_weibull: _Draw
    f: _Draw
    folded_normal: _Draw
    frechet: _Draw
    gamma: _Draw
    generalized_extreme_value: _Draw
    generalized_gamma: _Draw
    generalized_inverse_gaussian: _Draw
    generalized_logistic: _Draw
    generalized_normal: _Draw
    generalized_pareto: _Draw
    geometric: _Draw
    gompertz: _Draw
    gumbel: _Draw
    gumbel_minimum: _Draw
    half_cauchy: _Draw
    half_logistic: _Draw
    half_normal: _Draw
    half_student_t: _Draw
    hyperbolic_secant: _Draw
    hypergeometric: _Draw
    improper_uniform: _Draw
    inverse_gamma: _Draw
    inverse_gaussian: _Draw
    inverse_wishart: _Draw
    johnson_sb: _Draw
    johnson_su: _Draw
    kumaraswamy: _Draw
    laplace: _Draw
    levy: _Draw
    lkj: _Draw
    log_gamma: _Draw
    log_laplace: _Draw
    log_logistic: _Draw
    log_series: _Draw
    log_uniform: _Draw
    logistic: _Draw
    logit_normal: _Draw
    lognormal: _Draw
    lomax: _Draw
    matrix_normal: _Draw
    maxwell: _Draw
    multinomial: _Draw
    multivariate_hypergeometric: _Draw
    multivariate_normal: _Draw
    multivariate_t: _Draw
    nakagami: _Draw
    negative_binomial: _Draw
    negative_hypergeometric: _Draw
    noncentral_beta: _Draw
    noncentral_chi_square: _Draw
    noncentral_f: _Draw
    noncentral_t: _Draw
    normal: _Draw
    normal_inverse_gaussian: _Draw
    ordered_logistic: _Draw
    pareto: _Draw
    planck: _Draw
    point_mass: _Draw
    poisson: _Draw
    poisson_binomial: _Draw
    polya_gamma: _Draw
    power: _Draw
    random_walk: _Draw
    rayleigh: _Draw
    rice: _Draw
    semicircle: _Draw
    skellam: _Draw
    skew_normal: _Draw
    stationary_ar1: _Draw
    student_t: _Draw
    triangular: _Draw
    truncated_normal: _Draw
    uniform: _Draw
    von_mises: _Draw
    weibull: _Draw
    wishart: _Draw
    yule_simon: _Draw
    zipf: _Draw


__all__ = [  # noqa: PLE0604
    "COMBINATORS",
    "OPS",
    "RANDOM_OPS",
    "Law",
    "censored",
    "hurdle_binomial",
    "hurdle_gamma",
    "hurdle_lognormal",
    "hurdle_negative_binomial",
    "hurdle_poisson",
    "mixture",
    "transformed",
    "truncated",
    "zero_inflated_binomial",
    "zero_inflated_negative_binomial",
    "zero_inflated_poisson",
    *RANDOM_OPS,
]
