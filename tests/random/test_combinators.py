"""Mixtures, truncation, censoring and transformation, of any family, against SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from etuples import etuplize
from laws import CONTINUOUS, DISCRETE, Case  # type: ignore[import-not-found]
from scipy import integrate, stats

import astragal as ag
from astragal.graph.errors import DomainError, KeyReuseError, ShapeError, UnsupportedError

R = ag.random
LEVEL = 1e-4
DRAWS = 10_000


def draws(law: Any, n: int = DRAWS, seed: int = 11) -> Any:
    return ag.evaluate(law(ag.key(seed), n))


def log_density(law: Any, x: Any) -> Any:
    rv = law(ag.key(0))
    d, parameters = rv.op.distribution, rv.args[2:]
    at = ag.constant(x)
    inside = d.support(*parameters).contains(at)
    return ag.evaluate(ag.where(inside, d.logdensity(at, *parameters), -math.inf))


def ks(x: Any, cdf: Any) -> float:
    return float(stats.kstest(x, cdf).pvalue)


def chi_square(x: Any, pmf: Any) -> float:
    values, seen = np.unique(x, return_counts=True)
    expected = np.array([pmf(v) for v in values]) * len(x)
    keep = expected > 5
    o, e = np.append(seen[keep], len(x) - seen[keep].sum()), expected[keep]
    e = np.append(e, max(len(x) - e.sum(), 1e-9))
    if e[-1] < 5:
        o, e = o[:-1], e[:-1] / e[:-1].sum() * o[:-1].sum()
    return float(stats.chisquare(o, e).pvalue) if len(o) > 1 else 1.0


# -- terms -----------------------------------------------------------------------------------

LAWS = {
    "mixture": R.mixture.law([0.3, 0.7], [R.normal.law(-1.0, 0.5), R.gamma.law(2.0, rate=3.0)]),
    "along": R.mixture.law([0.2, 0.5, 0.3], R.normal.law(np.array([-2.0, 0.0, 3.0]), 0.7)),
    "truncated": R.truncated.law(R.gamma.law(2.5, rate=4.0), 0.5, 3.0),
    "skewed": R.truncated.law(R.skew_normal.law(0.3, 1.2, 2.0), 4.0),
    "failures": R.truncated.law(R.negative_binomial.law(2.5, 0.4), 12),
    "rejected": R.truncated.law(
        R.mixture.law([0.3, 0.7], [R.normal.law(-1.0, 0.5), R.laplace.law(1.0, 0.5)]), -0.5, 2.0
    ),
    "censored": R.censored.law(R.logistic.law(1.0, 0.6), 0.2, 2.5),
    "transformed": R.transformed.law(R.normal.law(0.3, 0.8), "expit"),
    "affine": R.transformed.law(R.student_t.law(3.5), "affine", 1.0, -2.0),
    "inflated": R.zero_inflated_poisson.law(0.3, 2.5),
    "hurdle": R.hurdle_negative_binomial.law(0.3, 2.5, 0.4),
    "gamma or zero": R.hurdle_gamma.law(0.4, 2.0, rate=3.0),
    "nested": R.mixture.law(
        [0.5, 0.5],
        [R.mixture.law([0.9, 0.1], R.poisson.law(np.array([2.0, 9.0]))), R.geometric.law(0.2)],
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_of_laws_is_one_term(name: str) -> None:
    law, key = LAWS[name], ag.key(1)
    x = law(key, 4)
    assert x.op(*x.args) is x
    assert law(key, 4) is x
    assert etuplize(x).evaled_obj is x
    assert x.shape == (4,)


@pytest.mark.parametrize("name", LAWS)
def test_it_is_saved_and_loaded(name: str, tmp_path: Any) -> None:
    x = LAWS[name](ag.key(1), 4)
    ag.save(tmp_path / "x.ag", x)
    assert ag.load(tmp_path / "x.ag") is x


@pytest.mark.parametrize("name", LAWS)
def test_element_i_depends_on_key_and_i_alone(name: str) -> None:
    few, many = (draws(LAWS[name], n) for n in (7, 300))
    np.testing.assert_array_equal(few, many[:7])


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.parametrize("name", LAWS)
def test_the_bits_are_the_same_on_all_backends(name: str, backend: Any) -> None:
    key = ag.input("key", dtype="key")
    f = ag.function([key], LAWS[name](key, 501), backend=backend)
    np.testing.assert_array_equal(f(ag.evaluate(ag.key(11))), draws(LAWS[name], 501))


def test_a_key_is_spent_once() -> None:
    k = ag.key(0)
    x = R.mixture(k, [0.5, 0.5], [R.normal.law(0.0, 1.0), R.normal.law(1.0, 1.0)])
    with pytest.raises(KeyReuseError):
        ag.check_keys(x + R.truncated(k, R.gamma.law(2.0, rate=1.0), 1.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda k: R.mixture(k, [0.3, 0.7]), "mixture(key, weights, components, size=, dtype=): m"),
        (lambda k: R.mixture([0.3, 0.7], []), "the first argument is a key, got [0.3, 0.7]"),
        (lambda k: R.mixture(k, probs=[1.0]), "size=, dtype=): missing a required argument"),
        (
            lambda k: R.mixture(k, [0.5] * 2, [R.normal] * 2),
            "parameters: ag.random.normal.law(...)",
        ),
        (lambda k: R.mixture(k, [1.0], R.normal(k, 0.0, 1.0)), "write ag.random.normal.law(...)"),
        (lambda k: R.mixture(k, [1.0], 3.0), "mixture: components: 3.0 is no law"),
    ],
)
def test_wrong_arguments_are_named_with_how_it_is_called(
    call: Callable[[Any], Any], message: str
) -> None:
    with pytest.raises(TypeError) as error:
        call(ag.key(0))
    assert message in str(error.value)


# -- mixtures --------------------------------------------------------------------------------


def test_a_mixture_of_two_families_has_the_law_of_its_parts() -> None:
    first, second = stats.norm(-1.0, 0.5), stats.gamma(2.0, scale=1 / 3.0)
    x = draws(LAWS["mixture"])
    assert ks(x, lambda v: 0.3 * first.cdf(v) + 0.7 * second.cdf(v)) > LEVEL
    at = np.array([-3.0, -1.0, -1e-9, 0.4, 8.0])
    expected = np.log(0.3 * first.pdf(at) + 0.7 * second.pdf(at))
    np.testing.assert_allclose(log_density(LAWS["mixture"], at), expected, rtol=1e-12)


def test_moments_of_a_mixture_are_those_of_its_law() -> None:
    law = LAWS["along"]
    d, p = law.op.distribution, law(ag.key(0)).args[2:]
    assert d.mean is not None
    assert d.variance is not None
    w, m = np.array([0.2, 0.5, 0.3]), np.array([-2.0, 0.0, 3.0])
    mean = (w * m).sum()
    assert float(ag.evaluate(d.mean(*p))) == pytest.approx(mean)
    variance = (w * (0.49 + (m - mean) ** 2)).sum()
    assert float(ag.evaluate(d.variance(*p))) == pytest.approx(variance)


def test_components_along_an_axis_are_those_of_a_list() -> None:
    at = np.linspace(-4.0, 5.0, 11)
    listed = R.mixture.law([0.2, 0.5, 0.3], [R.normal.law(m, 0.7) for m in (-2.0, 0.0, 3.0)])
    np.testing.assert_allclose(log_density(LAWS["along"], at), log_density(listed, at), rtol=1e-13)
    parts = [stats.norm(m, 0.7) for m in (-2.0, 0.0, 3.0)]
    cdf = lambda v: sum(w * p.cdf(v) for w, p in zip((0.2, 0.5, 0.3), parts, strict=True))  # noqa: E731
    assert ks(draws(LAWS["along"]), cdf) > LEVEL


def test_weights_and_parameters_may_differ_by_row() -> None:
    w = ag.input("w", shape=(3, 2))
    m = ag.input("m", shape=(3, 2))
    rv = R.mixture(ag.key(0), w, R.normal.law(m, 1.0))
    assert rv.shape == (3,)
    f = ag.function([w, m], rv, backend="numpy")
    sure = f([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [[50.0, 0.0], [0.0, -50.0], [90.0, 0.0]])
    assert abs(sure - [50.0, -50.0, 90.0]).max() < 10


def test_a_density_counts_for_nothing_beside_a_probability() -> None:
    law = LAWS["gamma or zero"]
    found = log_density(law, np.array([0.0, 0.7, -1.0]))
    gamma = stats.gamma(2.0, scale=1 / 3.0)
    expected = [math.log(0.4), math.log(0.6) + gamma.logpdf(0.7), -math.inf]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    x = draws(law)
    assert abs((x == 0).mean() - 0.4) < 0.02
    assert ks(x[x > 0], gamma.cdf) > LEVEL


def test_weights_that_do_not_fit_are_refused() -> None:
    normal = R.normal.law(0.0, 1.0)
    with pytest.raises(ShapeError, match="2 components need 2 weights"):
        R.mixture(ag.key(0), [0.2, 0.3, 0.5], [normal, normal])
    with pytest.raises(DomainError, match="probabilities with sum 1"):
        R.mixture(ag.key(0), [0.2, 0.3], [normal, normal])
    with pytest.raises(TypeError, match=r"ag.random.normal.law"):
        R.mixture(ag.key(0), [0.2, 0.8], [normal, R.normal(ag.key(1), 0.0, 1.0)])
    with pytest.raises(UnsupportedError, match="single numbers"):
        R.truncated(ag.key(0), R.dirichlet.law(np.ones(3)), 0.1)


def test_gradients_do_not_see_what_lies_outside_a_component() -> None:
    high = ag.input("high")
    x = R.mixture(ag.key(0), [0.3, 0.7], [R.uniform.law(0.0, high), R.gamma.law(0.5, rate=1.0)])
    g = ag.grad(ag.logdensity({"x": x}, {"x": 3.0}), high)
    assert float(ag.function([high], g, backend="numpy")(2.0)) == 0.0


# -- inflated and hurdle forms -----------------------------------------------------------------


def test_zero_inflated_counts() -> None:
    pi, base = 0.3, stats.poisson(2.5)
    pmf = lambda k: (1 - pi) * base.pmf(k) + pi * (k == 0)  # noqa: E731
    k = np.arange(8)
    np.testing.assert_allclose(np.exp(log_density(LAWS["inflated"], k)), pmf(k), rtol=1e-12)
    assert chi_square(draws(LAWS["inflated"]), pmf) > LEVEL


def test_hurdle_counts() -> None:
    base = stats.nbinom(2.5, 0.4)
    pmf = lambda k: np.where(k == 0, 0.3, 0.7 * base.pmf(k) / base.sf(0))  # noqa: E731
    k = np.arange(8)
    np.testing.assert_allclose(np.exp(log_density(LAWS["hurdle"], k)), pmf(k), rtol=1e-12)
    assert chi_square(draws(LAWS["hurdle"]), pmf) > LEVEL


def test_a_positive_count_of_a_tiny_rate_is_one() -> None:
    x = draws(R.truncated.law(R.poisson.law(1e-9), 1), 100)
    assert (x == 1).all()
    y = draws(R.hurdle_binomial.law(0.0, 10, 1e-12), 100)
    assert (y == 1).all()


# -- truncated ---------------------------------------------------------------------------------

SMOOTH = [
    c for c in (*CONTINUOUS, *DISCRETE)
    if hasattr(c.law, "ppf") and c.name not in ("truncated_normal", "zipf", "log_series")
]  # fmt: skip


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_truncation_of_every_family(case: Case) -> None:
    law, whole = case.law, case in DISCRETE
    low, high = law.ppf(0.2), law.ppf(0.7)
    t = R.truncated.law(getattr(R, case.name).law(**case.parameters), low, high)
    x = draws(t, 4000)
    start = law.cdf(low - 1) if whole else law.cdf(low)
    mass = law.cdf(high) - start
    assert ((x >= low) & (x <= high)).all()
    if whole:
        assert chi_square(x, lambda k: law.pmf(k) / mass) > LEVEL
    else:
        assert ks(x, lambda v: (law.cdf(v) - start) / mass) > LEVEL
    try:
        found = log_density(t, x[:5])
    except UnsupportedError as error:
        assert "tail probabilities" in str(error)  # noqa: PT017
        return
    log = law.logpmf if whole else law.logpdf
    np.testing.assert_allclose(found, log(x[:5]) - math.log(mass), rtol=1e-9, atol=1e-9)


def has_coordinate(case: Case) -> bool:
    s = getattr(R, case.name).op.distribution.standard
    p = case.draw(ag.key(0)).args[2:]
    return s is not None and (s.where is None or bool(ag.evaluate(s.where(*p))))


TAILED = [
    c for c in SMOOTH
    if has_coordinate(c)
    and c.name not in ("uniform", "generalized_inverse_gaussian", "discrete_laplace")
]  # fmt: skip

# SciPy's quantiles of these are wrong further out.
COARSE = (
    "f",
    "beta_prime",
    "log_logistic",
    "poisson",
    "geometric",
    "dagum",
    "planck",
    "generalized_logistic",
    "discrete_laplace",
    "ex_gaussian",
    "triangular",
    "hypergeometric",
)


@pytest.mark.parametrize("case", TAILED, ids=str)
def test_truncation_far_out(case: Case) -> None:
    law, whole = case.law, case in DISCRETE
    share = 1e-6 if np.isfinite(law.support()[1]) else 1e-10 if case.name in COARSE else 1e-30
    low = law.isf(share)
    if whole and low >= law.support()[1]:
        return
    t = R.truncated.law(getattr(R, case.name).law(**case.parameters), low)
    x = draws(t, 3000)
    mass = law.sf(low - 1) if whole else law.sf(low)
    assert (x >= low).all()
    if whole:
        assert chi_square(x, lambda k: law.pmf(k) / mass) > LEVEL
    else:
        assert ks(x, lambda v: 1.0 - law.sf(v) / mass) > LEVEL
    if getattr(R, case.name).op.distribution.tails is not None:
        log = law.logpmf if whole else law.logpdf
        found = log_density(t, x[:5])
        np.testing.assert_allclose(found, log(x[:5]) - math.log(mass), rtol=1e-8, atol=1e-8)


def test_a_normal_is_truncated_thirty_deviations_out() -> None:
    t = R.truncated.law(R.normal.law(1.0, 2.0), 61.0)
    assert t.op is R.truncated_normal.op
    x = draws(t)
    assert ks(x, stats.truncnorm(30.0, np.inf, 1.0, 2.0).cdf) > LEVEL
    np.testing.assert_allclose(
        log_density(t, x[:9]), stats.truncnorm.logpdf(x[:9], 30.0, np.inf, 1.0, 2.0), rtol=1e-10
    )


def test_truncating_twice_is_truncating_once() -> None:
    base = R.gamma.law(2.0, rate=1.0)
    twice = R.truncated.law(R.truncated.law(base, 0.5, 3.0), 1.0, 9.0)
    assert twice.op is R.truncated.law(base).op
    x = draws(twice, 500)
    assert x.min() >= 1.0
    assert x.max() <= 3.0


def test_bounds_the_wrong_way_round_are_refused_or_give_no_value() -> None:
    base = R.gamma.law(2.0, rate=1.0)
    with pytest.raises(DomainError, match="expected lower below upper"):
        R.truncated(ag.key(0), base, 3.0, 1.0)
    high = ag.input("high")
    f = ag.function([high], R.truncated(ag.key(0), base, 3.0, high), backend="numpy")
    assert np.isnan(f(1.0))
    assert 3.0 <= f(3.5) <= 3.5


EXTREMES = [
    (R.skew_normal.law(0.0, 1.0, 1e6), stats.norm(), 9.0, 1.0),  # the half-normal law
    (R.skew_normal.law(0.0, 1.0, -3.0), stats.norm(), -20.0, -1.0),
    (R.ex_gaussian.law(0.0, 1.0, 1e-8), stats.norm(), 9.0, 1.0),
    (R.ex_gaussian.law(0.0, 1e-9, 2.0), stats.expon(scale=2.0), 50.0, 1.0),
    (R.generalized_normal.law(1.0, 0.0, 1.0), stats.expon(), 400.0, 1.0),
]


@pytest.mark.parametrize("number", range(len(EXTREMES)))
def test_truncation_far_out_at_extreme_parameters(number: int) -> None:
    # Each is there nearly a simpler law, at these bounds to the last digits.
    law, simple, bound, sign = EXTREMES[number]
    x = draws(R.truncated.law(law, *((bound,) if sign > 0 else (-math.inf, bound))), 3000)
    assert (sign * (x - bound) >= 0).all()
    scale = math.exp(simple.logsf(abs(bound)))
    assert ks(sign * x, lambda v: 1.0 - simple.sf(v) / scale) > LEVEL


def test_a_count_far_beyond_its_mean() -> None:
    base = stats.nbinom(40.0, 0.9)
    x = draws(R.truncated.law(R.negative_binomial.law(40.0, 0.9), 60), 3000)
    assert chi_square(x, lambda k: base.pmf(k) / base.sf(59)) > LEVEL
    y = draws(R.truncated.law(R.hypergeometric.law(50, 50, 50), 49), 3000)
    ratio = 50.0 * 50.0
    assert chi_square(y, lambda k: (ratio if k == 49 else 1.0) / (ratio + 1.0)) > LEVEL


def test_a_probability_that_is_not_known_is_not_made_up() -> None:
    t = R.truncated.law(R.gamma.law(2.0, rate=1.0), 1.0, 1.0 + 1e-13)
    assert np.isnan(log_density(t, 1.0 + 5e-14))


# -- censored ----------------------------------------------------------------------------------


def test_censored_values_pile_up_at_the_bounds() -> None:
    law = stats.logistic(1.0, 0.6)
    x = draws(LAWS["censored"])
    assert abs((x == 0.2).mean() - law.cdf(0.2)) < 0.02
    assert abs((x == 2.5).mean() - law.sf(2.5)) < 0.02
    found = log_density(LAWS["censored"], np.array([0.1, 0.2, 1.3, 2.5, 2.6]))
    expected = [-math.inf, law.logcdf(0.2), law.logpdf(1.3), law.logsf(2.5), -math.inf]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    inner, _ = integrate.quad(lambda v: float(np.exp(log_density(LAWS["censored"], v))), 0.21, 2.49)
    assert inner == pytest.approx(law.cdf(2.49) - law.cdf(0.21), rel=1e-6)


def test_censored_counts_have_masses_with_sum_one() -> None:
    law = R.censored.law(R.poisson.law(4.2), 2, 6)
    masses = np.exp(log_density(law, np.arange(0, 10)))
    base = stats.poisson(4.2)
    np.testing.assert_allclose(masses[2:7], [base.cdf(2), *base.pmf([3, 4, 5]), base.sf(5)])
    assert masses.sum() == pytest.approx(1.0)
    assert set(draws(law, 3000)) == {2, 3, 4, 5, 6}


# -- transformed -------------------------------------------------------------------------------

# fmt: off
IMAGES = [
    ("exp", (), R.normal.law(0.3, 0.8), stats.lognorm(0.8, 0, math.exp(0.3))),
    ("log", (), R.gamma.law(2.5, rate=1.0), stats.loggamma(2.5)),
    ("reciprocal", (), R.gamma.law(2.5, rate=2.0), stats.invgamma(2.5, scale=2.0)),
    ("sqrt", (), R.chi_square.law(3.7), stats.chi(3.7)),
    ("logit", (), R.beta.law(1.0, 1.7), stats.genlogistic(1.0)),
    ("affine", (1.0, -2.0), R.gumbel.law(0.0, 1.0), stats.gumbel_l(1.0, 2.0)),
    ("power", (1 / 1.7,), R.exponential.law(rate=1.0), stats.weibull_min(1.7)),
    ("square", (), R.half_normal.law(1.0), stats.chi2(1.0)),
    ("expm1", (), R.exponential.law(rate=1.7), stats.lomax(1.7)),
    ("log1p", (), R.lomax.law(1.7, 1.0), stats.expon(scale=1 / 1.7)),
]
# fmt: on


@pytest.mark.parametrize(("name", "parameters", "base", "law"), IMAGES)
def test_a_transformed_law_is_the_law_of_the_image(
    name: str, parameters: Any, base: Any, law: Any
) -> None:
    t = R.transformed.law(base, name, *parameters)
    x = draws(t, 4000)
    if name != "logit":
        assert ks(x, law.cdf) > LEVEL
        found = log_density(t, x[:9])
        np.testing.assert_allclose(found, law.logpdf(x[:9]), rtol=1e-10, atol=1e-10)
    d, p = t.op.distribution, t(ag.key(0)).args[2:]
    assert d.cdf is not None
    at = ag.constant(x[:9])
    cdf = ag.evaluate(d.cdf(at, *p))
    slope = ag.evaluate(ag.exp(d.logdensity(at, *p)))
    step = 1e-6 * np.abs(x[:9])
    rise = ag.evaluate(d.cdf(ag.constant(x[:9] + step), *p)) - cdf
    np.testing.assert_allclose(rise / step, slope, rtol=1e-3, atol=1e-6)


def test_a_function_that_does_not_take_the_values_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="log takes a positive number"):
        R.transformed(ag.key(0), R.normal.law(0.0, 1.0), "log")
    with pytest.raises(UnsupportedError, match="no law of a density"):
        R.transformed(ag.key(0), R.poisson.law(3.0), "exp")
    with pytest.raises(DomainError, match="none of affine"):
        R.transformed(ag.key(0), R.normal.law(0.0, 1.0), "sin")


# -- models ------------------------------------------------------------------------------------


def test_the_log_density_of_a_model_of_combinators() -> None:
    k = ag.split(ag.key(0), 3)
    rate = R.truncated(k[0], R.gamma.law(2.0, rate=1.0), 0.5)
    y = R.zero_inflated_poisson(k[1], 0.2, rate, size=3)
    t = R.censored(k[2], R.exponential.law(rate=rate), upper=2.0)
    found = ag.logdensity({"rate": rate, "y": y, "t": t}, {"rate": 1.3, "y": [0, 2, 1], "t": 2.0})
    gamma, poisson = stats.gamma(2.0), stats.poisson(1.3)
    expected = (
        gamma.logpdf(1.3) - gamma.logsf(0.5)
        + math.log(0.2 + 0.8 * poisson.pmf(0)) + np.log(0.8 * poisson.pmf([2, 1])).sum()
        + stats.expon(scale=1 / 1.3).logsf(2.0)
    )  # fmt: skip
    assert float(ag.evaluate(found)) == pytest.approx(expected, rel=1e-12)


def test_a_stream_makes_them_too() -> None:
    stream = ag.RandomStream(3)
    x = stream.mixture([0.5, 0.5], [R.normal.law(0.0, 1.0), R.cauchy.law()], size=4)
    assert x in stream
    assert np.isfinite(ag.function([], x, backend="numpy")()).all()
