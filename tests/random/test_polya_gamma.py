"""Polya-Gamma draws at shapes of all sizes, against the defining series and exact moments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import astragal as ag
from astragal.random import polya_gamma_large as large
from astragal.random.ordered import pointwise

DRAWS = 40_000


def mean(h: float, z: float) -> float:
    return h / 4 if z == 0 else h / (2 * z) * np.tanh(z / 2)


def reference(h: float, z: float, n: int = 8_000, terms: int = 2_000) -> Any:
    """Sum two thousand terms of the series drawn by NumPy, and the mean of the others."""
    rng = np.random.default_rng(1)
    total = np.zeros(n)
    share = 0.0
    for first in range(1, terms, 100):
        k = np.arange(first, first + 100)
        weight = 1 / ((k - 0.5) ** 2 + (z / (2 * np.pi)) ** 2) / (2 * np.pi**2)
        total += rng.gamma(h, size=(n, 100)) @ weight
        share += weight.sum()
    return total + (mean(h, z) - h * share)


CASES = [(1.0, 0.0), (1.0, 2.5), (1.0, -9.0), (3.0, 0.7), (0.3, 0.5), (2.7, 4.0), (40.0, 1.5)]


@pytest.mark.parametrize(("h", "z"), CASES)
def test_draws_follow_the_defining_series(h: float, z: float) -> None:
    key = ag.fold_in(ag.key(3), CASES.index((h, z)))
    x = ag.evaluate(ag.random.polya_gamma(key, h, z, size=DRAWS))
    assert stats.ks_2samp(x, reference(h, z)).pvalue > 1e-4
    of = ag.random.polya_gamma.op.distribution.variance
    assert of is not None
    variance = float(ag.evaluate(of(ag.constant(h), ag.constant(z))))
    assert abs(x.mean() - mean(h, z)) < 4 * np.sqrt(variance / DRAWS)
    assert x.var() == pytest.approx(variance, rel=0.1)


def test_the_mean_at_a_half_integer_shape_is_not_biased() -> None:
    # A truncation of the series at 200 terms without the rest is half a percent low.
    n = 400_000
    x = ag.evaluate(ag.random.polya_gamma(ag.key(8), 0.5, 1.0, size=n))
    assert x.mean() == pytest.approx(mean(0.5, 1.0), rel=4 * x.std() / mean(0.5, 1.0) / np.sqrt(n))


def cdf(h: float, z: float) -> Any:
    """Invert the Laplace transform numerically (Abate & Whitt 1995, Euler's summation)."""
    m = mean(h, z)
    spread = np.sqrt(h / 24)
    grid = np.concatenate(
        [np.geomspace(1e-6 * m * h, m, 1500), m + np.linspace(0, 14, 3000)[1:] * spread]
    )

    def transform(s: Any) -> Any:
        # Logarithms of cosh(z / 2) / cosh(w), with the branch that goes on from 0.
        w = np.sqrt((z * z / 2 + s) / 2)
        log = np.abs(z) / 2 + np.log1p(np.exp(-np.abs(z))) - w - np.log1p(np.exp(-2 * w))
        return np.exp(h * log) / s

    a, terms = 18.4, 60
    k = np.arange(terms + 12)
    values = transform((a + 2j * np.pi * k[:, None]) / (2 * grid)).real * (-1.0) ** k[:, None]
    values[0] *= 0.5
    partial = np.cumsum(values, 0)[terms:]
    weights = stats.binom(11, 0.5).pmf(np.arange(12))
    total = np.exp(a / 2) / grid * (weights @ partial)
    return lambda x: np.interp(x, grid, np.clip(total, 0, 1))


PARTS = [(0.5, 0.0), (0.03, 0.7), (0.9, 5.0), (1.0, 1.0), (2.37, 0.4), (45.5, 2.0)]
PARTS += [(12.0, 0.0), (12.5, 9.0), (300.0, -3.0), (4000.7, 0.5)]


@pytest.mark.parametrize(("h", "z"), PARTS)
def test_draws_follow_the_inverted_transform(h: float, z: float) -> None:
    x = ag.evaluate(ag.random.polya_gamma(ag.key(21), h, z, size=20_000))
    assert stats.kstest(x, cdf(h, z)).pvalue > 1e-4


@pytest.mark.slow
def test_a_million_draws_follow_the_law_and_ten_million_its_mean() -> None:
    key, h, z = ag.input("key", dtype="key"), ag.input("h"), ag.input("z")
    f = ag.function([key, h, z], ag.random.polya_gamma(key, h, z, size=1_000_000), backend="numba")
    for number, (shape, tilt) in enumerate(PARTS[:5]):
        x = f(ag.evaluate(ag.fold_in(ag.key(5), number)), shape, tilt)
        assert stats.kstest(x, cdf(shape, tilt)).pvalue > 1e-4
        # The test of the test: two per cent more of a shape that is not tiny must show.
        assert shape < 0.1 or stats.kstest(x, cdf(1.02 * shape, tilt)).pvalue < 1e-4
    total = sum(f(ag.evaluate(ag.fold_in(ag.key(6), i)), 0.5, 1.0).mean() for i in range(10))
    deviation = np.sqrt(0.5 * (np.sinh(1.0) - 1.0) / np.cosh(0.5) ** 2 / 4 / 1e7)
    assert abs(total / 10 - mean(0.5, 1.0)) < 4 * deviation


def test_shapes_from_tiny_to_large_have_the_exact_mean() -> None:
    h = np.repeat([1e-3, 0.3, 0.999, 7.5, 900.25], 400)
    x = ag.evaluate(ag.random.polya_gamma(ag.key(2), h, 1.5)).reshape(5, 400)
    for row, shape in zip(x, h[::400], strict=True):
        deviation = np.sqrt(shape * (np.sinh(1.5) - 1.5) / np.cosh(0.75) ** 2 / 4 / 1.5**3 / 400)
        assert abs(row.mean() - mean(shape, 1.5)) < 4.5 * deviation


LARGE = [(12.0, 0.0), (17.3, 4.0), (500.0, -1.3), (1e6, 0.3), (1e9, 0.0), (1e9, 40.0)]


def standardised(x: Any, h: float, z: float) -> Any:
    variance = ag.random.polya_gamma.op.distribution.variance
    assert variance is not None
    sd = np.sqrt(float(ag.evaluate(variance(ag.constant(h), ag.constant(z)))))
    return (x - mean(h, z)) / sd


@pytest.mark.slow
def test_a_million_draws_of_large_shapes_have_the_exact_moments() -> None:
    n = 1_000_000
    key, h, z = ag.input("key", dtype="key"), ag.input("h"), ag.input("z")
    f = ag.function([key, h, z], ag.random.polya_gamma(key, h, z, size=n), backend="numba")
    for number, (shape, tilt) in enumerate(LARGE):
        x = f(ag.evaluate(ag.fold_in(ag.key(50), number)), shape, tilt)
        if shape < 1e4:
            assert stats.kstest(x, cdf(shape, tilt)).pvalue > 1e-4
        y = standardised(x, shape, tilt)
        # The law is near the normal one: its skewness and kurtosis are of the order of 1 / h.
        assert abs(y.mean()) < 4 / np.sqrt(n)
        assert abs(y.var() - 1) < 4 * np.sqrt((2 + 7 / shape) / n)
        assert shape < 1e6 or stats.kstest(y, stats.norm.cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    ("h", "z"), [(12.0, 1e-6), (50.5, 80.0), (50.5, 1e6), (1e12, 3.0), (1e15, 1e3), (3e5, 1e150)]
)
def test_draws_at_extremes_of_shapes_and_tilts_are_near_the_mean(h: float, z: float) -> None:
    x = ag.evaluate(ag.random.polya_gamma(ag.key(9), h, z, size=2_000))
    # The square of the relative deviation, which is that of an inverse Gaussian for large z.
    spread = np.sqrt((2 / 3 if abs(z) < 4 else 2 / abs(z)) / h)
    assert abs(x / mean(h, z) - 1).max() < 6 * spread + 1e-15
    assert abs(np.mean(x / mean(h, z) - 1)) < 4 * spread / np.sqrt(2_000) + 1e-15


@pytest.mark.slow
def test_shapes_of_all_sizes_in_one_array_draw_the_same_when_compiled() -> None:
    shapes, tilts = np.meshgrid(
        [0.2, 1.0, 3.4, 11.5, 12.0, 13.7, 1e3, 1e9, 1e15],
        [0.0, 1e-3, -3.0, 20.0, 45.0, 100.0, 1e90],
    )
    key, h, z = ag.input("key", dtype="key"), ag.input("h", shape=("n",)), ag.input("z", ("n",))
    draw = ag.random.polya_gamma(key, h, z)
    args = (ag.evaluate(ag.key(1)), np.tile(shapes.ravel(), 5), np.tile(tilts.ravel(), 5))
    expected = ag.function([key, h, z], draw, backend="numpy")(*args)
    assert np.all(expected > 0.0)
    got = ag.function([key, h, z], draw, backend="numba")(*args)
    assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("shape", [1.0, 3.4, 50.0])
def test_where_a_shape_is_known_only_its_sampler_is_compiled_to_the_same_draws(
    shape: float,
) -> None:
    key, h = ag.key(2), ag.input("h", shape=("n",))
    z = np.linspace(-3.0, 60.0, 50)
    read = ag.function([h], ag.random.polya_gamma(key, h, z), backend="numpy")
    known = ag.random.polya_gamma(key, shape, z)
    assert np.array_equal(ag.evaluate(known), read(np.full(50, shape)))


def at_the_mean(h: Any, square: Any) -> tuple[Any, Any, Any]:
    """Give x, v and R of `polya_gamma_large` at the mean for w^2, by the log density."""
    m, v = (
        ag.evaluate(pointwise(lambda s, i=i: large._moments(s)[i], ag.constant(square)))  # type: ignore[misc]
        for i in (0, 1)
    )
    x = h * m
    d = ag.random.polya_gamma.op.distribution
    log = ag.evaluate(d.logdensity(ag.constant(x / 4), ag.constant(h), ag.constant(0.0)))
    root = np.sqrt(square.astype(complex))
    log_cosh = np.log(np.cosh(root)).real
    tilted = log - np.log(4.0) + h * log_cosh - 0.5 * square * x
    return x, v, np.exp(tilted) * np.sqrt(2 * np.pi * h * v)


def test_the_density_at_the_mean_is_between_those_of_gamma_and_inverse_gaussian() -> None:
    # The bounds that decide most comparisons without the integral, with half as much to spare.
    h, square = (
        a.ravel()
        for a in np.meshgrid(
            [12.0, 14.0, 20.0, 60.0, 400.0],
            [-2.45, -2.4, -2.0, -1.0, -0.3, 1e-3, 0.4, 2.0, 9.0, 60.0, 300.0],
        )
    )
    x, v, r = at_the_mean(h, square)
    assert np.all(r < 1.0 + 1e-11)
    assert np.all(r > 1.0 - 1.0 / (12.0 * h) - 1e-11)
    found = ag.evaluate(pointwise(large._correction, *map(ag.constant, (x, h, square, v))))
    np.testing.assert_allclose(found, r, rtol=0.0, atol=3e-11)


def test_no_density_is_above_the_bound_of_its_hat() -> None:
    y = np.linspace(-4.0, 4.0, 801)
    d = ag.random.polya_gamma.op.distribution
    assert d.variance is not None
    for h, z in [(12.0, 0.0), (12.0, 4.0), (12.0, 30.0), (90.0, 1.0)]:
        sd = np.sqrt(float(ag.evaluate(d.variance(ag.constant(h), ag.constant(z)))))
        x = mean(h, z) + sd * y
        x = x[x > 0]
        log = ag.evaluate(d.logdensity(ag.constant(x), ag.constant(h), ag.constant(z)))
        highest = np.exp(log.max()) * sd * np.sqrt(2 * np.pi)
        assert 1.0 - 1.0 / h < highest < 1.0 + 1.0 / h


# x, h and log density at z = 0: the alternating series of Polson, Scott & Windle 2013 (equation 5)
# summed with mpmath in as many digits as cancel, up to 3,000.
LOG_DENSITIES = [
    (7.5e-10, 1e-08, 11.48365539664511),
    (0.01, 1e-08, -13.125011171803376),
    (2.4975e-05, 0.0001, 5.074046029071691),
    (3.0, 0.0001, -25.113006203088045),
    (0.0025025, 0.01, 2.770378137220233),
    (0.00015, 0.3, -64.40080146812055),
    (0.1875, 0.3, -0.2316523565088071),
    (0.025, 1, -0.3856193520337681),
    (7.5, 1, -35.17313943767575),
    (0.8775000000000001, 2.7, -0.31088443750839373),
    (2.4975, 10, -0.4871267131799221),
    (3.75, 50, -48.416960315707534),
    (1.5125000000000002, 60.5, -258.6946838837951),
    (15.0, 200, -195.3302644506692),
    (45.0, 200, -3.483686126864087),
    (50.0, 200, -1.9794273903068509),
    (55.00000000000001, 200, -3.4827327858574817),
    (75.0, 200, -29.50829342442207),
    (75.0, 1000, -975.976747382295),
    (225.0, 1000, -10.81525004899956),
    (250.0, 1000, -2.7838606839525246),
    (275.0, 1000, -9.846191838087844),
    (375.0, 1000, -138.53741900229357),
]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_log_density_is_that_of_its_series_for_shapes_of_all_sizes(backend: Any) -> None:
    x, h, expected = np.array(LOG_DENSITIES).T
    d = ag.random.polya_gamma.op.distribution
    at, shape = ag.input("x", shape=("n",)), ag.input("h", shape=("n",))
    f = ag.function([at, shape], d.logdensity(at, shape, ag.constant(0.0)), backend=backend)
    np.testing.assert_allclose(f(x, h), expected, rtol=2e-14, atol=2e-14)


def test_the_log_density_of_a_huge_shape_is_nearly_normal() -> None:
    d, h = ag.random.polya_gamma.op.distribution, 1e8
    x = mean(h, 2.0) + np.array([-2.0, 0.0, 1.5]) * np.sqrt(h * 0.05)
    found = ag.evaluate(d.logdensity(ag.constant(x), ag.constant(h), ag.constant(2.0)))
    assert d.variance is not None
    variance = float(ag.evaluate(d.variance(ag.constant(h), ag.constant(2.0))))
    normal = stats.norm(mean(h, 2.0), np.sqrt(variance))
    np.testing.assert_allclose(found, normal.logpdf(x), atol=2e-3)


def test_the_gradient_of_the_log_density_is_its_slope() -> None:
    d = ag.random.polya_gamma.op.distribution
    x, h = ag.input("x", shape=("n",)), ag.input("h", shape=("n",))
    log = d.logdensity(x, h, ag.constant(1.5))
    f = ag.function([x, h], [log, *ag.grad(ag.sum(log), [x, h])], backend="numpy")
    at, shape = np.array([0.1, 1.0, 2.0, 30.0, 3e-5]), np.array([0.7, 4.0, 9.0, 110.0, 1e-4])
    _, along_x, along_h = f(at, shape)
    step = 1e-5
    for slope, plus, minus, size in (
        (along_x, f(at * (1 + step), shape)[0], f(at * (1 - step), shape)[0], at),
        (along_h, f(at, shape * (1 + step))[0], f(at, shape * (1 - step))[0], shape),
    ):
        wanted = (plus - minus) / (2 * step * size)
        np.testing.assert_allclose(slope, wanted, rtol=1e-6, atol=1e-6 / size.min())


def test_the_log_density_integrates_to_one() -> None:
    d = ag.random.polya_gamma.op.distribution
    x = np.geomspace(1e-3, 1.5, 4001)
    log = ag.evaluate(d.logdensity(ag.constant(x), ag.constant(1.7), ag.constant(2.0)))
    draws = ag.evaluate(ag.random.polya_gamma(ag.key(1), 1.7, 2.0, size=DRAWS))
    inside = (draws < 1.5).mean()
    assert np.trapezoid(np.exp(log), x) == pytest.approx(inside, abs=4e-3)
