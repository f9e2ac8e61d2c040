"""Series, matrices and loops of PyMC have its joint log density when they are read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pm = pytest.importorskip("pymc")
pt = pytest.importorskip("pytensor.tensor")
scan = pytest.importorskip("pytensor").scan

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

N = 12
RNG = np.random.default_rng(1)
X, FLOOR, GROUP = RNG.normal(size=(N, 3)), RNG.integers(0, 2, N) + 0.0, RNG.integers(0, 5, N)
Y, COUNTS = RNG.normal(1.3, 0.8, N), RNG.poisson(3, N)
EDGES = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]])


def lkj(n: int, eta: float) -> float:
    """PyMC adds the log of the integral of det(x)^(eta - 1), which is to be subtracted."""
    constant = pm.distributions.multivariate._lkj_normalizing_constant
    return 2.0 * float(constant(eta, n).eval())


CONSTANTS: dict[str, Callable[[], float]] = {
    "mvnormal_chol": lambda: lkj(3, 2.0), "lkj_varying_slopes": lambda: lkj(2, 2.0),
    "lkj_packed": lambda: lkj(3, 1), "lkjcorr": lambda: lkj(3, 2.0), "mv_walk": lambda: lkj(2, 2.0),
    # PyMC leaves out the determinant of the degrees, and 2 pi.
    "car": lambda: float(2 * np.log(2 * np.pi) - 0.5 * np.log(EDGES.sum(0)).sum()),
}  # fmt: skip
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


@model()
def ar2() -> None:
    rho = pm.Normal("rho", 0, 0.5, shape=3)
    s = pm.HalfNormal("s", 1.0)
    pm.AR("y", rho, sigma=s, constant=True, init_dist=pm.Normal.dist(0, 10), observed=Y)


@model()
def ar1_latent() -> None:
    rho = pm.Normal("rho", 0, 0.5, shape=1)
    x = pm.AR("x", rho, sigma=0.3, init_dist=pm.Normal.dist(0, 10), steps=9)
    pm.Poisson("y", pm.math.exp(x), observed=COUNTS[:10])


@model()
def garch() -> None:
    om = pm.HalfNormal("om")
    a = pm.Uniform("a", 0, 1)
    b = pm.Uniform("b", 0, 1 - a)
    pm.GARCH11("y", omega=om, alpha_1=a, beta_1=b, initial_vol=1.1, observed=Y)


@model()
def mvnormal_chol() -> None:
    chol, *_ = pm.LKJCholeskyCov("chol", n=3, eta=2.0, sd_dist=pm.Exponential.dist(1.0, shape=3))
    mu = pm.Normal("mu", 0, 1, shape=3)
    pm.MvNormal("y", mu, chol=chol, observed=X)


@model(coords={"param": ["a", "b"], "county": range(5), "param2": ["a", "b"]})
def lkj_varying_slopes() -> None:
    sd = pm.Exponential.dist(0.5, shape=2)
    chol, *_ = pm.LKJCholeskyCov("chol", n=2, eta=2.0, sd_dist=sd)
    z = pm.Normal("z", 0, 1, dims=("param", "county"))
    ab = pm.Deterministic("ab", pt.dot(chol, z).T, dims=("county", "param"))
    s = pm.Exponential("s", 1.0)
    pm.Normal("y", ab[GROUP, 0] + ab[GROUP, 1] * FLOOR, s, observed=Y)


@model()
def lkj_packed() -> None:
    packed = pm.LKJCholeskyCov(
        "packed", n=3, eta=1.0, sd_dist=pm.HalfCauchy.dist(2.5), compute_corr=False
    )
    chol = pm.expand_packed_triangular(3, packed, lower=True)
    cov = pm.Deterministic("cov", pt.dot(chol, chol.T))
    pm.MvNormal("y", np.zeros(3), cov=cov, observed=X)


@model()
def lkjcorr() -> None:
    c = pm.LKJCorr("c", n=3, eta=2.0, return_matrix=True)
    pm.MvNormal("y", np.zeros(3), cov=c, observed=X)


@model()
def mvnormal_tau() -> None:
    mu = pm.MvNormal("mu", np.zeros(3), tau=np.diag([1.0, 2.0, 3.0]))
    pm.MvNormal("y", mu, tau=np.array([[2.0, 0.3, 0], [0.3, 1.0, 0], [0, 0, 1.0]]), observed=X)


@model()
def wishart() -> None:
    w = pm.Wishart("w", nu=5, V=np.eye(3))
    pm.MvNormal("y", np.zeros(3), tau=w, observed=X)


@model()
def stick_breaking() -> None:
    al = pm.Gamma("alpha", 1.0, 1.0)
    w = pm.StickBreakingWeights("w", alpha=al, K=4)
    mu = pm.Normal("mu", 0, 3, shape=5)
    pm.NormalMixture("y", w=w, mu=mu, sigma=1.0, observed=Y)


@model(coords={"g": range(5)})
def zerosum() -> None:
    s = pm.HalfNormal("s")
    x = pm.ZeroSumNormal("x", sigma=s, dims="g")
    mu = pm.Normal("mu")
    pm.Normal("y", mu + x[GROUP], 1.0, observed=Y)


@model()
def zerosum_two() -> None:
    pm.ZeroSumNormal("x", sigma=1.3, shape=(2, 3, 4), n_zerosum_axes=2)


@model()
def mv_walk() -> None:
    chol, *_ = pm.LKJCholeskyCov("chol", n=2, eta=2.0, sd_dist=pm.Exponential.dist(1.0, shape=2))
    x = pm.MvGaussianRandomWalk(
        "x",
        mu=np.array([0.1, 0.2]),
        chol=chol,
        init_dist=pm.MvNormal.dist(np.zeros(2), np.eye(2)),
        shape=(6, 2),
    )
    pm.Normal("y", x, 0.5, observed=RNG.normal(size=(6, 2)))


@model()
def mv_walk_observed() -> None:
    s = pm.HalfNormal("s")
    pm.MvGaussianRandomWalk(
        "x",
        mu=np.array([0.1, 0.2]),
        cov=s * np.eye(2),
        init_dist=pm.MvNormal.dist(np.zeros(2), np.eye(2)),
        observed=RNG.normal(size=(6, 2)),
    )


@model()
def mvstudent_walk() -> None:
    pm.MvStudentTRandomWalk(
        "x",
        nu=5.0,
        mu=np.array([0.1, 0.2]),
        scale=np.eye(2),
        init_dist=pm.MvNormal.dist(np.zeros(2), np.eye(2)),
        shape=(6, 2),
    )


@model()
def walk_t() -> None:
    s = pm.HalfNormal("s")
    pm.RandomWalk(
        "x",
        innovation_dist=pm.StudentT.dist(nu=4.0, mu=0.0, sigma=s),
        init_dist=pm.Normal.dist(0, 1),
        steps=7,
    )


@model()
def walk_batch() -> None:
    s = pm.HalfNormal("s", shape=3)
    pm.GaussianRandomWalk("x", mu=0.1, sigma=s, init_dist=pm.Normal.dist(0, 1), shape=(3, 8))


@model()
def car() -> None:
    a = pm.Beta("a", 2, 2)
    tau = pm.Gamma("tau", 2, 1)
    phi = pm.CAR("phi", mu=np.zeros(4), W=EDGES, alpha=a, tau=tau)
    pm.Poisson("y", pm.math.exp(phi), observed=[1, 2, 3, 4])


@model()
def icar() -> None:
    s = pm.HalfNormal("s")
    phi = pm.ICAR("phi", W=EDGES, sigma=1.0)
    pm.Poisson("y", pm.math.exp(s * phi), observed=[1, 2, 3, 4])


@model()
def kronecker() -> None:
    pm.KroneckerNormal(
        "x", mu=np.zeros(6), covs=[np.array([[1.0, 0.3], [0.3, 2.0]]), np.eye(3)], sigma=0.5
    )


@model()
def scan_determ() -> None:
    r = pm.Normal("r", 0.3, 0.1)
    x0 = pm.Normal("x0")
    xs = scan(
        lambda x, r: x + r * x * (1 - x),
        outputs_info=[x0],
        non_sequences=[r],
        n_steps=5,
        return_updates=False,
    )
    pm.Normal("y", xs, 1.0, observed=Y[:5])


@model()
def scan_seq() -> None:
    a = pm.Uniform("a", 0, 1)
    lv = scan(
        lambda y, level, a: a * y + (1 - a) * level,
        sequences=[pt.as_tensor(Y)],
        outputs_info=[pt.as_tensor(Y[0])],
        non_sequences=[a],
        return_updates=False,
    )
    pm.Normal("y", lv[:-1], 1.0, observed=Y[1:])


@model()
def lotka() -> None:
    th = pm.LogNormal("th", 0, 0.3, shape=4)
    x0 = pm.HalfNormal("x0", shape=2)

    def step(x: Any, th: Any) -> Any:
        dx = pt.stack([th[0] * x[0] - th[1] * x[0] * x[1], -th[2] * x[1] + th[3] * x[0] * x[1]])
        return x + 0.05 * dx

    xs = scan(step, outputs_info=[x0], non_sequences=[th], n_steps=10, return_updates=False)
    pm.LogNormal("y", pt.log(xs), 0.3, observed=np.abs(RNG.normal(size=(10, 2))) + 0.1)


@model()
def euler() -> None:
    lam = pm.Normal("lam", 0, 0.3)
    pm.EulerMaruyama(
        "x",
        dt=0.1,
        sde_fn=lambda x, slope: (slope * x, 0.3),
        sde_pars=(lam,),
        init_dist=pm.Normal.dist(0, 1),
        observed=Y[:8],
    )


@pytest.mark.parametrize("name", MODELS)
def test_the_joint_log_density_is_that_of_pymc(name: str, check_density: Any) -> None:
    check_density(MODELS[name](), constant=CONSTANTS.get(name, float)())
