"""PyTensor's random variables are read with the parameters that they mean."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

import astragal as ag
from astragal.interop import from_pytensor
from astragal.interop.laws import LAWS

pytensor = pytest.importorskip("pytensor")
pt = pytest.importorskip("pytensor.tensor")
pr = pytest.importorskip("pytensor.tensor.random.basic")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*np.dot")
COV = np.array([[2.0, 0.3], [0.3, 0.7]])

# A law made at unequal parameters, and SciPy's at the same: a rate for a scale would show.
# fmt: off
CASES: list[tuple[Any, Any, Any]] = [
    (lambda: pr.normal(1.5, 0.4), stats.norm(1.5, 0.4), 1.1),
    (lambda: pr.halfnormal(0.5, 0.4), stats.halfnorm(0.5, 0.4), 1.1),
    (lambda: pr.halfcauchy(0.0, 0.4), stats.halfcauchy(0.0, 0.4), 1.1),
    (lambda: pr.lognormal(0.3, 0.4), stats.lognorm(0.4, scale=np.exp(0.3)), 1.1),
    (lambda: pr._gamma(2.5, 0.4), stats.gamma(2.5, scale=0.4), 1.1),
    (lambda: pr.invgamma(2.5, 0.4), stats.invgamma(2.5, scale=0.4), 1.1),
    (lambda: pr.gengamma(2.5, 0.7, 3.0), stats.gengamma(2.5 / 0.7, 0.7, scale=3.0), 1.1),
    (lambda: pr.exponential(0.4), stats.expon(scale=0.4), 1.1),
    (lambda: pr.truncexpon(3.0, 0.2, 0.4), stats.truncexpon(3.0, 0.2, 0.4), 1.1),
    (lambda: pr.weibull(2.5), stats.weibull_min(2.5), 1.1),
    (lambda: pr.pareto(2.5, 0.4), stats.pareto(2.5, scale=0.4), 1.1),
    (lambda: pr.wald(2.5, 0.4), stats.invgauss(2.5 / 0.4, scale=0.4), 1.1),
    (lambda: pr.gumbel(0.3, 0.4), stats.gumbel_r(0.3, 0.4), 1.1),
    (lambda: pr.logistic(0.3, 0.4), stats.logistic(0.3, 0.4), 1.1),
    (lambda: pr.laplace(0.3, 0.4), stats.laplace(0.3, 0.4), 1.1),
    (lambda: pr.cauchy(0.3, 0.4), stats.cauchy(0.3, 0.4), 1.1),
    (lambda: pr.t(5.0, 0.3, 0.4), stats.t(5.0, 0.3, 0.4), 1.1),
    (lambda: pr.vonmises(0.3, 2.5), stats.vonmises(2.5, 0.3), 1.1),
    (lambda: pr.uniform(0.3, 2.5), stats.uniform(0.3, 2.2), 1.1),
    (lambda: pr.triangular(0.3, 0.7, 2.5), stats.triang(0.4 / 2.2, 0.3, 2.2), 1.1),
    (lambda: pr.beta(2.5, 0.4), stats.beta(2.5, 0.4), 0.3),
    (lambda: pr.bernoulli(0.3), stats.bernoulli(0.3), 1),
    (lambda: pr.binomial(7, 0.3), stats.binom(7, 0.3), 2),
    (lambda: pr.negative_binomial(4, 0.3), stats.nbinom(4, 0.3), 5),
    (lambda: pr.betabinom(7, 2.5, 0.4), stats.betabinom(7, 2.5, 0.4), 2),
    (lambda: pr.poisson(2.5), stats.poisson(2.5), 4),
    (lambda: pr.geometric(0.3), stats.geom(0.3), 4),
    (lambda: pr.hypergeometric(9, 4, 6), stats.hypergeom(13, 9, 6), 3),
    (lambda: pr.integers(2, 7), stats.randint(2, 7), 4),
    (lambda: pr.categorical(np.array([0.2, 0.5, 0.3])),
     stats.rv_discrete(values=([0, 1, 2], [0.2, 0.5, 0.3])), 2),
    (lambda: pr.multinomial(6, np.array([0.2, 0.5, 0.3])),
     stats.multinomial(6, [0.2, 0.5, 0.3]), [1, 3, 2]),
    (lambda: pr.dirichlet(np.array([0.7, 2.5, 1.2])),
     stats.dirichlet([0.7, 2.5, 1.2]), [0.2, 0.5, 0.3]),
    (lambda: pr.multivariate_normal(np.array([0.3, 1.0]), COV),
     stats.multivariate_normal([0.3, 1.0], COV), [0.7, 0.2]),
]
# fmt: on


@pytest.mark.parametrize(("make", "law", "x"), CASES)
def test_a_law_has_the_density_of_scipys(make: Any, law: Any, x: Any) -> None:
    model = from_pytensor({"x": make()}).model
    wanted = law.logpmf(x) if hasattr(law, "logpmf") else law.logpdf(x)
    np.testing.assert_allclose(ag.evaluate(ag.logdensity(model, {"x": x})), wanted, rtol=1e-6)


def test_parameters_may_be_variables_and_sizes_given() -> None:
    scale = pr.exponential(0.5, name="scale")
    x = pr.normal(0.0, scale, size=(3,), name="x")
    reading = from_pytensor([x], {x: [0.1, -1.0, 2.0]})
    assert list(reading.model) == ["scale", "x"]
    wanted = stats.expon(scale=0.5).logpdf(0.7) + stats.norm(0, 0.7).logpdf([0.1, -1, 2]).sum()
    got = ag.logdensity(reading.model, {"scale": 0.7, **reading.observed})
    np.testing.assert_allclose(ag.evaluate(got), wanted)


A = np.arange(1.0, 13.0).reshape(3, 4) / 7.0
AT = np.array([2, 0, 1, 1])


@pytest.mark.parametrize(
    "build",
    [
        lambda x: x[1:, ::2] + x[0, 1],
        lambda x: x[AT] * 2,
        lambda x: x[:, AT] - x.mean(axis=0),
        lambda x: x[AT[:3], AT[1:]],
        lambda x: pt.switch(x > 1, pt.sqrt(x), x**2),
        lambda x: pt.dot(x, x.T) @ x,
        lambda x: pt.concatenate([x, -x], axis=1).sum(axis=-1),
        lambda x: pt.stack([x[0], x[1]], axis=1).max(axis=0),
        lambda x: pt.exp(x).reshape((2, -1)) / pt.log1p(x).sum(),
        lambda x: pt.sigmoid(x) + pt.softplus(x) + pt.clip(x, 0.5, 1.0) + pt.gammaln(x),
        lambda x: pt.cumsum(x, axis=1)[:, None] + pt.arange(4) + pt.eye(3, 4),
        lambda x: pt.special.softmax(x, axis=0) + pt.ones((3, 4)),
        lambda x: pt.linalg.cholesky(x[:, :3] @ x[:, :3].T + 9 * pt.eye(3)),
        lambda x: pt.sort(x, axis=0) + pt.argsort(x, axis=1) + pt.argmax(x, axis=0),
        lambda x: pt.linalg.det(x[:, :3] + pt.eye(3)) * pt.diag(x[0]) + pt.diag(x[:, :3]).sum(),
        lambda x: pt.linalg.solve(x[:, :3] + pt.eye(3), x) + pt.linalg.slogdet(x[:, 1:])[1],
        lambda x: pt.linalg.solve_triangular(x[:, :3] + pt.eye(3), x[:, 3], lower=True),
        lambda x: pt.linalg.kron(x[:1], x[:, 1:]) + pt.repeat(x[0, 0], 3)[:, None],
        lambda x: pt.einsum("ij,kj->ik", x, x) + pt.fill_diagonal(x[:, :3], 0.3),
        lambda x: pt.split(x, [1, 2], axis=0)[1] + pt.erfcx(60.0 * x[1:]) + pt.erfcx(x[:2]),
        lambda x: pytensor.scan(
            lambda a, b, c: a + b * c,
            pt.as_tensor(x[:, 0]),
            [{"initial": x[0, :2], "taps": [-2, -1]}],
        )[0],
        lambda x: (x > 1).sum(axis=0) + pt.minimum(x[0], 0.3) // 2 + x[1] % 2,
    ],
)
def test_operations_compute_what_pytensor_computes(build: Any) -> None:
    shared = pytensor.shared(A, name="a")
    out = build(shared)
    model = from_pytensor({"out": out}).model
    np.testing.assert_allclose(ag.evaluate(model["out"]), out.eval(), rtol=1e-10)


def test_a_conjugate_pair_is_derived() -> None:
    # Shape 2 and scale 1/4: with one count of 3 the posterior is Gamma(5, rate 5), mean 1.
    rate = pr._gamma(2.0, 0.25, name="rate")
    y = pr.poisson(rate, name="y")
    model, observed, *_ = from_pytensor([rate, y], {y: 3})
    [step] = ag.derive(model, observed).steps
    assert step.conditional.text == "rate | y ~ Gamma(y + 2.0, rate = 5.0)"


def test_what_has_no_counterpart_is_named() -> None:
    x = pr.normal(0.0, 1.0, size=(3,), name="x")
    y = pt.unique(x).sum() + 1.0
    y.name = "y"
    with pytest.raises(ag.UnsupportedError, match=r"'y' needs the operation Unique.* of 'x'"):
        from_pytensor([y])
    z = pr.permutation(np.arange(3))
    z.name = "z"
    with pytest.raises(ag.UnsupportedError, match="'z' needs the random variable Permutation"):
        from_pytensor([z])


def test_data_for_another_variable_are_refused() -> None:
    with pytest.raises(ag.ModelError, match="no variable of the model"):
        from_pytensor({"x": pr.normal(0.0, 1.0)}, {"z": 1.0})


def test_every_row_is_a_law() -> None:
    assert all(callable(row) for row in LAWS.values())
