# ruff: noqa: E501
"""Laws at asymmetric parameters, with the independent SciPy law of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

import astragal as ag


class Case(NamedTuple):
    """A distribution, its parameters, and SciPy's law."""

    name: str
    parameters: dict[str, Any]
    law: Any

    def draw(self, key: Any, size: Any = None, dtype: Any = None) -> Any:
        function: Callable[..., Any] = getattr(ag.random, self.name)
        return function(key, size=size, dtype=dtype, **self.parameters)

    def __str__(self) -> str:
        given = ", ".join(f"{k}={np.asarray(v).tolist()}" for k, v in self.parameters.items())
        return f"{self.name}({given})"


def _case(name: str, law: Any, **parameters: Any) -> Case:
    return Case(name, parameters, law)


class Kumaraswamy:
    """SciPy has no Kumaraswamy law."""

    def __init__(self, a: float, b: float) -> None:
        self.a, self.b = a, b

    def cdf(self, x: Any) -> Any:
        return -np.expm1(self.b * np.log1p(-(x**self.a)))

    def logpdf(self, x: Any) -> Any:
        a, b = self.a, self.b
        return np.log(a * b) + (a - 1) * np.log(x) + (b - 1) * np.log1p(-(x**a))


class VonMises:
    """SciPy's von Mises law counts turns; this one is on one circle."""

    def __init__(self, mu: float, kappa: float) -> None:
        self.law = stats.vonmises(kappa, loc=mu)

    def cdf(self, x: Any) -> Any:
        return self.law.cdf(x) - self.law.cdf(-np.pi)

    def logpdf(self, x: Any) -> Any:
        return self.law.logpdf(x)


class LogitNormal:
    """SciPy has no logit-normal law."""

    def __init__(self, mean: float, sigma: float) -> None:
        self.law = stats.norm(mean, sigma)

    def cdf(self, x: Any) -> Any:
        return self.law.cdf(special.logit(x))

    def logpdf(self, x: Any) -> Any:
        return self.law.logpdf(special.logit(x)) - np.log(x) - np.log1p(-x)


class NoncentralBeta:
    """SciPy's noncentral F, as a law on the unit interval."""

    def __init__(self, a: float, b: float, nonc: float) -> None:
        self.law, self.ratio = stats.ncf(2 * a, 2 * b, nonc), b / a

    def cdf(self, x: Any) -> Any:
        return self.law.cdf(self.ratio * x / (1 - x))

    def logpdf(self, x: Any) -> Any:
        image = self.ratio * x / (1 - x)
        return self.law.logpdf(image) + np.log(self.ratio) - 2 * np.log1p(-x)


class Benford:
    """First digits."""

    def pmf(self, k: Any) -> Any:
        return np.log10(1 + 1 / k)

    def logpmf(self, k: Any) -> Any:
        return np.log(self.pmf(k))

    def cdf(self, k: Any) -> Any:
        return np.log10(1.0 + k)

    def ppf(self, q: float) -> float:
        return float(np.clip(np.ceil(10**q - 1), 1, 9))


s = stats
# fmt: off
CONTINUOUS: list[Case] = [
    _case("normal", s.norm(-1.5, 2.5), loc=-1.5, scale=2.5),
    _case("skew_normal", s.skewnorm(3.0, 0.5, 1.7), loc=0.5, scale=1.7, alpha=3.0),
    _case("student_t", s.t(3.5, 1.0, 2.0), df=3.5, loc=1.0, scale=2.0),
    _case("student_t", s.t(0.6, -1.0, 0.5), df=0.6, loc=-1.0, scale=0.5),
    _case("cauchy", s.cauchy(1.5, 0.3), loc=1.5, scale=0.3),
    _case("laplace", s.laplace(-2.0, 0.7), loc=-2.0, scale=0.7),
    _case("asymmetric_laplace", s.laplace_asymmetric(0.4, 1.0, 2.0), loc=1.0, scale=2.0, kappa=0.4),
    _case("logistic", s.logistic(1.0, 0.6), loc=1.0, scale=0.6),
    _case("gumbel", s.gumbel_r(-1.0, 2.2), loc=-1.0, scale=2.2),
    _case("ex_gaussian", s.exponnorm(3.0 / 0.8, 0.5, 0.8), loc=0.5, scale=0.8, nu=3.0),
    _case("uniform", s.uniform(1.0, 3.0), low=1.0, high=4.0),
    _case("triangular", s.triang(0.25, -1.0, 4.0), left=-1.0, mode=0.0, right=3.0),
    _case("truncated_normal", s.truncnorm(-1.5, 2.5, 1.0, 2.0), loc=1.0, scale=2.0, lower=-2.0, upper=6.0),
    _case("truncated_normal", s.truncnorm(3.0, np.inf, 1.0, 2.0), loc=1.0, scale=2.0, lower=7.0),
    _case("truncated_normal", s.truncnorm(-5.5, -4.5, 1.0, 2.0), loc=1.0, scale=2.0, lower=-10.0, upper=-8.0),
    _case("truncated_normal", s.truncnorm(-np.inf, 0.3, 1.0, 2.0), loc=1.0, scale=2.0, upper=1.6),
    _case("beta", s.beta(0.4, 2.3), a=0.4, b=2.3),
    _case("beta", s.beta(5.0, 1.2), a=5.0, b=1.2),
    _case("kumaraswamy", Kumaraswamy(0.7, 3.1), a=0.7, b=3.1),
    _case("von_mises", VonMises(0.8, 2.3), mu=0.8, kappa=2.3),
    _case("von_mises", VonMises(-2.5, 0.1), mu=-2.5, kappa=0.1),
    _case("von_mises", VonMises(1.0, 300.0), mu=1.0, kappa=300.0),
    _case("half_normal", s.halfnorm(0, 1.7), scale=1.7),
    _case("half_cauchy", s.halfcauchy(0, 1.7), scale=1.7),
    _case("lognormal", s.lognorm(0.8, 0, np.exp(0.3)), mean=0.3, sigma=0.8),
    _case("exponential", s.expon(0, 1 / 2.5), rate=2.5),
    _case("gamma", s.gamma(2.5, 0, 1 / 4.0), shape=2.5, rate=4.0),
    _case("gamma", s.gamma(0.3, 0, 1 / 0.7), shape=0.3, rate=0.7),
    _case("gamma", s.gamma(1000.0, 0, 1 / 3.0), shape=1000.0, rate=3.0),
    _case("inverse_gamma", s.invgamma(2.5, 0, 4.0), shape=2.5, scale=4.0),
    _case("inverse_gamma", s.invgamma(0.6, 0, 1.5), shape=0.6, scale=1.5),
    _case("chi_square", s.chi2(2.7), df=2.7),
    _case("noncentral_chi_square", s.ncx2(2.7, 3.3), df=2.7, nonc=3.3),
    _case("f", s.f(3.5, 7.1), dfnum=3.5, dfden=7.1),
    _case("beta_prime", s.betaprime(0.8, 3.1), a=0.8, b=3.1),
    _case("weibull", s.weibull_min(1.7, 0, 2.2), shape=1.7, scale=2.2),
    _case("log_logistic", s.fisk(1.7, 0, 2.2), shape=1.7, scale=2.2),
    _case("pareto", s.pareto(1.7, 0, 2.2), shape=1.7, scale=2.2),
    _case("lomax", s.lomax(1.7, 0, 2.2), shape=1.7, scale=2.2),
    _case("rayleigh", s.rayleigh(0, 2.2), scale=2.2),
    _case("maxwell", s.maxwell(0, 2.2), scale=2.2),
    _case("levy", s.levy(0.5, 2.2), loc=0.5, scale=2.2),
    _case("inverse_gaussian", s.invgauss(1.3 / 2.4, 0, 2.4), mean=1.3, scale=2.4),
    _case("inverse_gaussian", s.invgauss(9.0 / 0.4, 0, 0.4), mean=9.0, scale=0.4),
    _case("generalized_inverse_gaussian", s.geninvgauss(1.3, 2.1, 0, 1.5), p=1.3, b=2.1, scale=1.5),
    _case("generalized_inverse_gaussian", s.geninvgauss(-0.4, 0.3), p=-0.4, b=0.3),
    _case("chi", s.chi(3.7), df=3.7),
    _case("nakagami", s.nakagami(0.8, 0, 1.7), nu=0.8, scale=1.7),
    _case("generalized_gamma", s.gengamma(2.3, 1.7, 0, 0.6), a=2.3, c=1.7, scale=0.6),
    _case("rice", s.rice(1.3 / 0.8, 0, 0.8), nu=1.3, scale=0.8),
    _case("folded_normal", s.foldnorm(1.3 / 0.8, 0, 0.8), loc=-1.3, scale=0.8),
    _case("birnbaum_saunders", s.fatiguelife(0.7, 0, 2.0), shape=0.7, scale=2.0),
    _case("noncentral_f", s.ncf(3.5, 7.1, 2.2), dfnum=3.5, dfden=7.1, nonc=2.2),
    _case("frechet", s.invweibull(2.7, 0, 1.5), shape=2.7, scale=1.5),
    _case("gompertz", s.gompertz(0.6, 0, 1.5), c=0.6, scale=1.5),
    _case("burr", s.burr12(1.7, 2.3, 0, 1.5), c=1.7, d=2.3, scale=1.5),
    _case("dagum", s.burr(2.7, 0.6, 0, 1.5), c=2.7, d=0.6, scale=1.5),
    _case("half_logistic", s.halflogistic(0, 1.7), scale=1.7),
    _case("exponentiated_weibull", s.exponweib(2.3, 1.4, 0, 0.7), a=2.3, c=1.4, scale=0.7),
    _case("log_laplace", s.loglaplace(2.7, 0, 1.5), c=2.7, scale=1.5),
    _case("generalized_pareto", s.genpareto(0.3, 1.0, 2.0), shape=0.3, loc=1.0, scale=2.0),
    _case("generalized_pareto", s.genpareto(-0.6, 1.0, 2.0), shape=-0.6, loc=1.0, scale=2.0),
    _case("generalized_extreme_value", s.genextreme(-0.2, 1.0, 2.0), shape=0.2, loc=1.0, scale=2.0),
    _case("generalized_extreme_value", s.genextreme(0.4, 1.0, 2.0), shape=-0.4, loc=1.0, scale=2.0),
    _case("power", s.powerlaw(1.7, 0, 2.5), a=1.7, scale=2.5),
    _case("arcsine", s.arcsine(0.0, 4.0), low=0.0, high=4.0),
    _case("log_uniform", s.loguniform(0.5, 30.0), low=0.5, high=30.0),
    _case("semicircle", s.semicircular(0, 1.7), radius=1.7),
    _case("logit_normal", LogitNormal(0.3, 0.8), mean=0.3, sigma=0.8),
    _case("johnson_sb", s.johnsonsb(0.7, 1.2, 1.0, 2.0), a=0.7, b=1.2, loc=1.0, scale=2.0),
    _case("noncentral_beta", NoncentralBeta(1.7, 2.4, 3.1), a=1.7, b=2.4, nonc=3.1),
    _case("gumbel_minimum", s.gumbel_l(-1.0, 2.2), loc=-1.0, scale=2.2),
    _case("hyperbolic_secant", s.hypsecant(1.0, 0.7), loc=1.0, scale=0.7),
    _case("log_gamma", s.loggamma(0.6), shape=0.6),
    _case("generalized_logistic", s.genlogistic(0.6, 1.0, 0.7), c=0.6, loc=1.0, scale=0.7),
    _case("generalized_normal", s.gennorm(1.3, 1.0, 0.7), beta=1.3, loc=1.0, scale=0.7),
    _case("johnson_su", s.johnsonsu(0.7, 1.2, 1.0, 2.0), a=0.7, b=1.2, loc=1.0, scale=2.0),
    _case("normal_inverse_gaussian", s.norminvgauss(2.3, -0.9, 1.0, 0.7), a=2.3, b=-0.9, loc=1.0, scale=0.7),
    _case("noncentral_t", s.nct(5.5, 1.3), df=5.5, nonc=1.3),
]
DISCRETE: list[Case] = [
    _case("bernoulli", s.bernoulli(0.3), p=0.3),
    _case("binomial", s.binom(10, 0.3), n=10, p=0.3),
    _case("binomial", s.binom(150, 0.72), n=150, p=0.72),
    _case("negative_binomial", s.nbinom(2.5, 0.2), n=2.5, p=0.2),
    _case("negative_binomial", s.nbinom(0.4, 0.7), n=0.4, p=0.7),
    _case("poisson", s.poisson(3.2), lam=3.2),
    _case("poisson", s.poisson(43.7), lam=43.7),
    _case("geometric", s.geom(0.23), p=0.23),
    _case("hypergeometric", s.hypergeom(25, 9, 7), ngood=9, nbad=16, nsample=7),
    _case("hypergeometric", s.hypergeom(1000, 300, 450), ngood=300, nbad=700, nsample=450),
    _case("discrete_uniform", s.randint(-3, 8), low=-3, high=8),
    _case("beta_binomial", s.betabinom(12, 0.7, 2.1), n=12, a=0.7, b=2.1),
    _case("log_series", s.logser(0.83), p=0.83),
    _case("zipf", s.zipf(2.7), a=2.7),
    _case("skellam", s.skellam(3.2, 5.1), mu1=3.2, mu2=5.1),
    _case("skellam", s.skellam(300.0, 2.0), mu1=300.0, mu2=2.0),
    _case("yule_simon", s.yulesimon(3.3), alpha=3.3),
    _case("planck", s.planck(0.4), lam=0.4),
    _case("discrete_laplace", s.dlaplace(0.7), a=0.7),
    _case("benford", Benford()),
    _case("beta_negative_binomial", s.betanbinom(4, 4.5, 2.2), n=4.0, a=4.5, b=2.2),
    _case("negative_hypergeometric", s.nhypergeom(30, 12, 5), ngood=12, nbad=18, r=5),
]
# fmt: on
UNIVARIATE = [*CONTINUOUS, *DISCRETE]

# What SciPy has no univariate law for: name and parameters, to draw alike on every backend.
_S = np.array([[2.0, 0.6, 0.1], [0.6, 1.0, -0.3], [0.1, -0.3, 0.5]])
_C = np.array([[1.5, -0.4], [-0.4, 0.7]])
_P = np.array([0.1, 0.5, 0.15, 0.25])
_A = np.array([0.3, 2.0, 1.1, 5.0])
# fmt: off
OTHERS: list[Case] = [
    _case("polya_gamma", None, h=1.0, z=0.7),
    _case("polya_gamma", None, h=3.4, z=-2.1),
    _case("polya_gamma", None, h=250.5, z=1.7),
    _case("half_student_t", None, df=3.5, scale=1.7),
    _case("bits", None),
    _case("categorical", None, p=_P),
    _case("ordered_logistic", None, eta=0.7, cutpoints=np.array([-1.0, 0.3, 2.0])),
    _case("multinomial", None, n=40, p=_P),
    _case("dirichlet_multinomial", None, n=40, alpha=_A),
    _case("dirichlet", None, alpha=_A),
    _case("multivariate_normal", None, mean=np.array([1.0, -2.0, 3.0]), cov=_S),
    _case("multivariate_t", None, loc=np.array([1.0, -2.0, 3.0]), shape=_S, df=5.5),
    _case("matrix_normal", None, mean=np.arange(6.0).reshape(3, 2), rowcov=_S, colcov=_C),
    _case("wishart", None, df=5.5, scale=_S),
    _case("inverse_wishart", None, df=7.5, scale=_S),
    _case("lkj", None, n=4, eta=1.7),
    _case("multivariate_hypergeometric", None, m=np.array([12, 30, 5, 9]), n=20),
    _case("poisson_binomial", None, p=np.array([0.1, 0.5, 0.9, 0.33])),
    _case("random_walk", None, n=5, start=1.5, drift=0.3, scale=0.7),
    _case("ar1", None, n=5, rho=-0.8, scale=0.5, loc=2.0, start=1.0),
    _case("stationary_ar1", None, n=5, rho=0.6, scale=0.5, loc=2.0),
    _case("point_mass", None, value=-7),
    _case("normal", None, loc=1e300, scale=1e-300),
    _case("gamma", None, shape=1e-3, rate=1e-3),
    _case("gamma", None, shape=1e9, rate=1e-3),
    _case("beta", None, a=1e-3, b=1e3),
    _case("poisson", None, lam=1e9),
    _case("binomial", None, n=10**9, p=0.37),
    _case("negative_binomial", None, n=1e-3, p=1e-6),
    _case("geometric", None, p=1e-12),
    _case("von_mises", None, mu=0.0, kappa=1e9),
    _case("inverse_gaussian", None, mean=1e6, scale=1e-6),
    _case("student_t", None, df=0.05, loc=0.0, scale=1.0),
]
# fmt: on
