"""Models as people write them in PyMC have its joint log density when they are read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pm = pytest.importorskip("pymc")
pt = pytest.importorskip("pytensor.tensor")
ordered = pm.distributions.transforms.ordered

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

N = 12
RNG = np.random.default_rng(1)
X, TIME, FLOOR = RNG.normal(size=(N, 3)), np.linspace(0.0, 1.0, N), RNG.integers(0, 2, N) + 0.0
Y, COUNTS = RNG.normal(1.3, 0.8, N), RNG.poisson(3, N)
GROUP, HITS = RNG.integers(0, 5, N), RNG.integers(0, 2, N)

MODELS: dict[str, Callable[[], Any]] = {}


def model(**given: Any) -> Callable[[Callable[[], None]], None]:
    """Keep what writes a PyMC model, by its name."""

    def keep(write: Callable[[], None]) -> None:
        def make() -> Any:
            with pm.Model(**given) as made:
                write()
            return made

        MODELS[write.__name__] = make

    return keep


@model(coords={"county": list("abcde"), "obs_id": np.arange(N)})
def radon() -> None:
    fi = pm.Data("floor_idx", FLOOR, dims="obs_id")
    ci = pm.Data("county_idx", GROUP, dims="obs_id")
    mu_a = pm.Normal("mu_a", 0.0, 10.0)
    sigma_a = pm.Exponential("sigma_a", 1.0)
    mu_b = pm.Normal("mu_b", 0.0, 10.0)
    sigma_b = pm.Exponential("sigma_b", 1.0)
    za = pm.Normal("za_county", 0, 1, dims="county")
    a = pm.Deterministic("a", mu_a + za * sigma_a, dims="county")
    b = pm.Normal("b", mu_b, sigma_b, dims="county")
    theta = a[ci] + b[ci] * fi
    s = pm.Exponential("sigma", 1.0)
    pm.Normal("y", theta, sigma=s, observed=Y, dims="obs_id")


@model()
def glm_logit() -> None:
    x = pm.Data("x", X)
    b = pm.Normal("b", 0, 2.5, shape=3)
    a = pm.Normal("a", 0, 5)
    pm.Bernoulli("y", logit_p=a + x @ b, observed=HITS)


@model()
def glm_probit() -> None:
    b = pm.Normal("b", 0, 2.5, shape=3)
    pm.Bernoulli("y", p=pm.math.invprobit(pm.math.dot(X, b)), observed=HITS)


@model()
def robust_t() -> None:
    b0 = pm.Normal("b0")
    b1 = pm.Normal("b1")
    nu = pm.InverseGamma("nu", alpha=1, beta=1)
    s = pm.HalfStudentT("s", nu=3, sigma=10)
    pm.StudentT("y", mu=b0 + b1 * X[:, 0], sigma=s, nu=nu, observed=Y)


@model(coords={"splines": np.arange(6), "obs": np.arange(N)})
def splines() -> None:
    basis = np.maximum(TIME[:, None] - np.linspace(0, 1, 6), 0)
    a = pm.Normal("a", 100, 5)
    w = pm.Normal("w", mu=0, sigma=3, size=6, dims="splines")
    mu = pm.Deterministic("mu", a + pm.math.dot(basis, w.T))
    s = pm.Exponential("sigma", 1)
    pm.Normal("D", mu=mu, sigma=s, observed=Y, dims="obs")


@model()
def gp_latent() -> None:
    ell = pm.Gamma("ell", alpha=2, beta=1)
    eta = pm.HalfNormal("eta", sigma=5)
    cov = eta**2 * pm.gp.cov.ExpQuad(1, ell)
    gp = pm.gp.Latent(cov_func=cov)
    f = gp.prior("f", X=TIME[:10, None])
    s = pm.HalfNormal("sigma", 2.0)
    pm.Normal("y", f, s, observed=Y[:10])


@model()
def gp_marginal() -> None:
    ell = pm.Gamma("ell", alpha=2, beta=1)
    eta = pm.HalfNormal("eta", sigma=5)
    cov = eta**2 * pm.gp.cov.Matern52(1, ell)
    gp = pm.gp.Marginal(cov_func=cov)
    s = pm.HalfNormal("sigma", 2.0)
    gp.marginal_likelihood("y", X=TIME[:8, None], y=Y[:8], sigma=s)


@model()
def ordered_logit() -> None:
    yo = RNG.integers(0, 4, N)
    cut = pm.Normal("cutpoints", mu=[-1.0, 0, 1.0], sigma=1.5, transform=ordered, shape=3)
    b = pm.Normal("b", 0, 1)
    pm.OrderedLogistic("y", eta=b * X[:, 0], cutpoints=cut, observed=yo)


@model()
def ordered_probit() -> None:
    yo = RNG.integers(0, 4, N)
    cut = pm.Normal("cutpoints", mu=[-1.0, 0, 1.0], sigma=1.5, transform=ordered, shape=3)
    b = pm.Normal("b", 0, 1)
    pm.OrderedProbit("y", eta=b * X[:, 0], cutpoints=cut, sigma=1.0, observed=yo)


@model()
def zinb() -> None:
    psi = pm.Beta("psi", 1, 1)
    mu = pm.Exponential("mu", 1.0)
    al = pm.Gamma("al", 2, 1)
    pm.ZeroInflatedNegativeBinomial("y", psi=psi, mu=mu, alpha=al, observed=COUNTS * (COUNTS > 2))


@model()
def survival_censored() -> None:
    time = RNG.exponential(3.0, N)
    c = np.where(time > 4, 4.0, np.inf)
    time = np.minimum(time, 4.0)
    b = pm.Normal("b", 0, 0.3, shape=3)
    a = pm.Uniform("alpha", 0.5, 1.5)
    pm.Censored(
        "y", pm.Weibull.dist(alpha=a, beta=pm.math.exp(X @ b)), lower=None, upper=c, observed=time
    )


@model()
def survival_potential() -> None:
    time = RNG.exponential(3.0, N)
    ev = RNG.integers(0, 2, N)
    lam = pm.Gamma("lam", 3.0, 1.0)
    k = pm.HalfNormal("k", 2.0)
    pm.Weibull("obs", alpha=k, beta=lam, observed=time[ev == 1])
    pm.Potential("cens", (-((time[ev == 0] / lam) ** k)).sum())


@model()
def missing_masked() -> None:
    y = np.ma.masked_invalid(np.where(RNG.uniform(size=N) < 0.2, np.nan, Y))
    mu = pm.Normal("mu", X[:, 0], 1.0, shape=N)
    s = pm.HalfNormal("s")
    pm.Normal("y", mu, s, observed=y)


@model(coords={"cluster": range(3)})
def gaussian_mixture() -> None:
    mu = pm.Normal("mu", 0, 5, dims="cluster", transform=ordered)
    s = pm.HalfNormal("sigma", 1, dims="cluster")
    w = pm.Dirichlet("w", np.ones(3), dims="cluster")
    pm.NormalMixture("x", w=w, mu=mu, sigma=s, observed=Y)


@model()
def mixture_regression() -> None:
    w = pm.Dirichlet("w", [1.0, 2.0])
    b = pm.Normal("b", 0, 1, shape=2)
    a = pm.Normal("a", 0, 1, shape=2)
    comps = [pm.Normal.dist(a[i] + b[i] * X[:, 0], 0.5 + i) for i in range(2)]
    pm.Mixture("y", w=w, comp_dists=comps, observed=Y)


@model(coords={"tree": list("abc"), "forest": range(6)})
def dirichlet_multinomial() -> None:
    counts = RNG.multinomial(20, [0.2, 0.3, 0.5], size=6)
    frac = pm.Dirichlet("frac", a=np.ones(3), dims="tree")
    conc = pm.LogNormal("conc", mu=1, sigma=1)
    pm.DirichletMultinomial("counts", n=20, a=frac * conc, observed=counts, dims=("forest", "tree"))


@model(coords={"pred": range(3)})
def horseshoe() -> None:
    s = pm.HalfNormal("sigma", 25)
    tau = pm.HalfStudentT("tau", 2, 0.1 * s)
    lam = pm.HalfStudentT("lam", 5, dims="pred")
    c2 = pm.InverseGamma("c2", 1, 1)
    z = pm.Normal("z", 0.0, 1.0, dims="pred")
    b = pm.Deterministic("beta", z * tau * lam * pt.sqrt(c2 / (c2 + tau**2 * lam**2)), dims="pred")
    b0 = pm.Normal("beta0", 100, 25.0)
    pm.Normal("scores", b0 + pt.dot(X, b), s, observed=Y)


@model()
def truncated_reg() -> None:
    yy = np.abs(Y) + 0.1
    b = pm.Normal("b", 0, 1, shape=3)
    s = pm.HalfNormal("s")
    pm.Truncated("y", pm.Normal.dist(X @ b, s), lower=0.0, upper=None, observed=yy)


@model()
def hurdle() -> None:
    psi = pm.Beta("psi", 2, 2)
    mu = pm.Exponential("mu", 1.0)
    pm.HurdlePoisson("y", psi=psi, mu=mu, observed=COUNTS * (COUNTS > 2))
    pm.HurdleLogNormal("z", psi=psi, mu=0.3, sigma=mu, observed=np.where(Y > 0, Y, 0))


@model()
def coal() -> None:
    dis = RNG.poisson(3, 20)
    years = np.arange(1851, 1871)
    sw = pm.DiscreteUniform("switchpoint", lower=years.min(), upper=years.max())
    e = pm.Exponential("early_rate", 1.0)
    late = pm.Exponential("late_rate", 1.0)
    rate = pm.math.switch(sw >= years, e, late)
    pm.Poisson("disasters", rate, observed=dis)


@model()
def potential_constraint() -> None:
    x = pm.Normal("x", shape=3)
    pm.Potential("c", pt.switch(x[0] < 5, 0.0, -np.inf))
    pm.Potential("s", pm.logp(pm.Normal.dist(0, 0.1), x.sum()))


@model()
def laws_by_their_other_parameters() -> None:
    pm.LogitNormal("a", 0.3, 0.7)
    pm.Moyal("b", 0.3, 0.7)
    pm.ChiSquared("d", 4.0)
    pm.Gumbel("e", 0.3, 0.7)
    pm.Logistic("f", 0.3, 0.7)
    pm.Pareto("g", 2.0, 0.7)
    pm.VonMises("h", 0.3, 2.0)
    pm.Triangular("i", 0, 2.0, 0.5)
    pm.Rice("j", nu=1.0, sigma=0.7)
    pm.Geometric("k", 0.3)
    pm.HyperGeometric("l", N=20, k=8, n=5)
    pm.InverseGamma("n", mu=2.0, sigma=0.5)
    pm.Beta("o", mu=0.3, sigma=0.1)
    pm.Beta("p", mu=0.3, nu=5.0)
    pm.Gamma("q", mu=2.0, sigma=0.5)
    pm.Kumaraswamy("r", 2.0, 3.0)
    pm.Laplace("s", 0.3, 0.7)
    pm.AsymmetricLaplace("t", kappa=0.7, mu=0.3, b=0.4)
    pm.AsymmetricLaplace("u", q=0.7, mu=0.3, b=0.4)
    pm.SkewNormal("v", mu=0.3, tau=0.7, alpha=2.0)
    pm.Wald("w", mu=2.0, phi=0.7)
    pm.LogNormal("x", mu=0.3, tau=0.7)
    pm.HalfNormal("y", tau=0.7)
    pm.Exponential("z", scale=0.7)


@model()
def categorical_softmax() -> None:
    yo = RNG.integers(0, 3, N)
    b = pm.Normal("b", shape=(3, 3))
    pm.Categorical("y", logit_p=X @ b, observed=yo)


@model()
def latent_category() -> None:
    p = pm.Dirichlet("p", np.ones(2))
    z = pm.Categorical("z", p=p, shape=N)
    mu = pm.Normal("mu", [-1.0, 1.0], 1.0, shape=2)
    pm.Normal("y", mu[z], 1.0, observed=Y)


@model(coords={"r": range(6)})
def binomial_rates() -> None:
    ab = pm.Exponential("ab", 1.0, shape=2)
    pm.Potential("p(a, b)", -2.5 * pt.log(pt.sum(ab)))
    th = pm.Beta("theta", ab[0], ab[1], dims="r")
    pm.Binomial("y", p=th, n=[20, 20, 19, 18, 30, 10], observed=[0, 1, 2, 3, 4, 5], dims="r")


@model()
def submodel_names() -> None:
    with pm.Model(name="sub"):
        a = pm.Normal("a")
        pm.Deterministic("b", 2 * a)
    pm.Normal("y", a, 1.0, observed=1.0)


@model()
def irt() -> None:
    th = pm.Normal("th", shape=6)
    d = pm.Normal("d", shape=5)
    a = pm.LogNormal("a", 0, 0.5, shape=5)
    pm.Bernoulli("y", logit_p=a * (th[:, None] - d[None, :]), observed=RNG.integers(0, 2, (6, 5)))


@model()
def bnn() -> None:
    w1 = pm.Normal("w1", shape=(3, 4))
    w2 = pm.Normal("w2", shape=(4, 4))
    w3 = pm.Normal("w3", shape=4)
    a1 = pm.math.tanh(pm.math.dot(X, w1))
    a2 = pm.math.tanh(pm.math.dot(a1, w2))
    o = pm.math.sigmoid(pm.math.dot(a2, w3))
    pm.Bernoulli("out", o, observed=HITS)


@model()
def broadcast_shapes() -> None:
    g = pm.Normal("g", 0, 1, shape=(4, 1))
    h = pm.Normal("h", 0, 1, shape=(1, 3))
    s = pm.HalfNormal("s", shape=3)
    pm.Normal("x", g + h, s, shape=(2, 4, 3))
    pm.Gamma("z", pt.exp(g), 1.0 + s, size=(4, 3))
    pm.MvNormal("v", np.zeros(3), np.eye(3), shape=(4, 3))
    pm.Dirichlet("d", np.ones((4, 3)))


@pytest.mark.parametrize("name", MODELS)
def test_the_joint_log_density_is_that_of_pymc(name: str, check_density: Any) -> None:
    check_density(MODELS[name]())
