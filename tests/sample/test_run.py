"""Running samplers: the same draws whatever the workers, blocks, backend or interruptions."""

from __future__ import annotations

import shutil
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import astragal as ag
from astragal.derive import Sampler
from astragal.sample import SamplingWarning, chain, diagnose, runner
from astragal.sample.checkpoint import Block
from astragal.sample.settings import Settings

Y = np.array([3, 1, 4])


def beta_binomial() -> Sampler:
    """Exact: p | y ~ Beta(2 + 8, 3 + 22)."""
    k = ag.split(ag.input("key", dtype="key"))
    p = ag.random.beta(k[0], 2.0, 3.0)
    return ag.derive(ag.Model({"p": p, "y": ag.random.binomial(k[1], 10, p, size=3)}), {"y": Y})


def two_levels() -> Sampler:
    """Gibbs and slice steps, with a deterministic variable."""
    k = ag.split(ag.input("key", dtype="key"), 3)
    shape = ag.random.exponential(k[0], rate=0.5)
    rate = ag.random.gamma(k[1], shape, rate=0.7)
    y = ag.random.poisson(k[2], rate, size=3)
    return ag.derive(
        ag.Model({"shape": shape, "rate": rate, "log_rate": ag.log(rate), "y": y}), {"y": Y}
    )


def draws_of(sampler: Sampler, **options: Any) -> dict[str, np.ndarray[Any, Any]]:
    settings: dict[str, Any] = {"draws": 60, "warmup": 60, "chains": 2}
    with quiet():
        tree = sampler.sample(**(settings | {"progress": False} | options))
    return {str(n): np.asarray(v) for n, v in tree["posterior"].data_vars.items()}


@contextmanager
def quiet() -> Iterator[None]:
    """Runs this short usually have something to warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplingWarning)
        yield


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return list(a) == list(b) and all(np.array_equal(a[n], b[n]) for n in a)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return two_levels()


def test_exact_draws_have_the_posterior_s_moments() -> None:
    tree = beta_binomial().sample(draws=2000, chains=4, seed=3, progress=False)
    p = np.asarray(tree["posterior"]["p"])
    a, b = 2 + 8, 3 + 22
    # 8000 independent draws: five standard errors of mean and standard deviation.
    mean, sd = a / (a + b), np.sqrt(a * b / (a + b) ** 2 / (a + b + 1))
    assert abs(p.mean() - mean) < 5 * sd / np.sqrt(p.size)
    assert abs(p.std() / sd - 1) < 5 / np.sqrt(2 * p.size)
    assert diagnose(tree).loc["p", "r_hat"] < 1.01


def test_draws_depend_on_the_seed_alone(sampler: Sampler) -> None:
    one = draws_of(sampler, seed=5)
    assert same(one, draws_of(sampler, seed=5, workers=1))
    assert not same(one, draws_of(sampler, seed=6))


def test_more_chains_leave_the_first_ones_as_they_were(sampler: Sampler) -> None:
    two, three = draws_of(sampler, chains=2), draws_of(sampler, chains=3)
    assert same(two, {n: v[:2] for n, v in three.items()})


def test_chains_differ(sampler: Sampler) -> None:
    rate = draws_of(sampler)["rate"]
    assert not np.array_equal(rate[0], rate[1])


def test_the_length_of_blocks_changes_nothing(
    sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = draws_of(sampler)
    monkeypatch.setattr(chain, "_PROGRAMS", {})
    monkeypatch.setattr(chain, "BLOCKS", (64,))
    assert same(one, draws_of(sampler))


def test_blocks_are_long_where_sweeps_are_cheap(sampler: Sampler) -> None:
    k = ag.split(ag.input("key", dtype="key"), 2)
    rate = ag.random.normal(k[0], 0.0, 1.0)
    seen = ag.random.cauchy(k[1], rate * np.ones(20_000), 1.0)
    dear = ag.derive(ag.Model({"rate": rate, "seen": seen}), {"seen": np.ones(20_000)})
    found = [chain.block_of(s, b) for s in (sampler, dear) for b in ("numba", "jax", "numpy")]
    assert found == [1000, 1000, 100, 100, 100, 100]


def test_thinning_keeps_each_nth_draw(sampler: Sampler) -> None:
    every, third = draws_of(sampler, draws=60), draws_of(sampler, draws=20, thin=3)
    assert same({n: v[:, 2::3] for n, v in every.items()}, third)


def test_deterministic_variables_are_recorded(sampler: Sampler) -> None:
    drawn = draws_of(sampler)
    np.testing.assert_allclose(drawn["log_rate"], np.log(drawn["rate"]), rtol=1e-12)


def test_other_data_of_the_same_shape_give_their_own_posterior() -> None:
    tree = beta_binomial().sample(draws=4000, chains=2, progress=False, observed={"y": [9, 8, 10]})
    assert abs(float(tree["posterior"]["p"].mean()) - (2 + 27) / 35) < 0.005
    assert np.array_equal(tree["observed_data"]["y"], [9, 8, 10])


def test_other_data_compile_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from astragal.sample import chain

    made = []
    real = chain.build

    def build(*settings: Any) -> Any:
        made.append(settings)
        return real(*settings)

    monkeypatch.setattr(chain, "build", build)
    sampler = two_levels()
    for y in ([3, 1, 4], [9, 9, 9]):
        draws_of(sampler, observed={"y": y})
    assert len(made) == 1


@pytest.fixture(scope="module")
def reference(sampler: Sampler) -> dict[str, np.ndarray[Any, Any]]:
    return draws_of(sampler, backend="numpy")


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.slow
def test_backends_draw_what_the_reference_draws(
    sampler: Sampler, reference: dict[str, np.ndarray[Any, Any]], backend: str
) -> None:
    other = draws_of(sampler, backend=backend)
    # Functions outside the samplers (log, gammaln) may differ in the last bit, and a slice step
    # may then decide otherwise, rarely; the first draws are equal to rounding.
    for name, values in reference.items():
        np.testing.assert_allclose(values[:, :20], other[name][:, :20], rtol=1e-8)


@pytest.mark.parametrize("backend", ["numba", "jax"])
@pytest.mark.slow
def test_pumps_agree_with_the_published_summaries(backend: str) -> None:
    from astragal.examples import pumps
    from astragal.files import build

    # BUGS 0.5 Examples, volume 1, 1996: Pumps. (Published mean, half a unit of its last digit.)
    published = {
        "alpha": (0.70, 0.005),
        "beta": (0.93, 0.005),
        "theta[0]": (0.060, 0.0005),
        "theta[9]": (1.99, 0.005),
    }
    sampler = ag.derive(*build(pumps.pumps, pumps.data, "pumps"))
    table = diagnose(sampler.sample(seed=2, draws=2500, backend=backend, progress=False))
    assert (table["r_hat"] < 1.01).all()
    for name, (mean, rounding) in published.items():
        # Their run has a Monte Carlo error like ours: the two add to about 1.5 of ours.
        assert abs(table.loc[name, "mean"] - mean) < 4 * 1.5 * table.loc[name, "mcse"] + rounding


def test_a_run_resumes_bit_for_bit(sampler: Sampler, tmp_path: Path) -> None:
    whole = draws_of(sampler)
    draws_of(sampler, checkpoint=tmp_path / "run")
    lost = sorted((tmp_path / "run").glob("chain*.npz"))
    # As after a kill: one block is missing, one is torn, one was being written aside.
    lost[-1].unlink()
    lost[0].write_bytes(lost[0].read_bytes()[:100])
    (tmp_path / "run" / "chain000-block000001.99.part").write_bytes(b"torn")
    assert same(whole, draws_of(sampler, checkpoint=tmp_path / "run"))


def test_a_finished_run_can_be_extended(sampler: Sampler, tmp_path: Path) -> None:
    draws_of(sampler, draws=30, checkpoint=tmp_path)
    assert same(draws_of(sampler, draws=60), draws_of(sampler, draws=60, checkpoint=tmp_path))


def test_a_checkpoint_of_another_run_is_refused(sampler: Sampler, tmp_path: Path) -> None:
    draws_of(sampler, checkpoint=tmp_path)
    with pytest.raises(ag.ModelError, match="seed was 0, is 1"):
        draws_of(sampler, seed=1, checkpoint=tmp_path)


def interrupt(monkeypatch: pytest.MonkeyPatch, sweeps: int) -> None:
    """Let Ctrl-C come once a chain has done so many sweeps; it waits for that there."""
    begun, told = threading.Event(), threading.Event()

    def wait(futures: Any, timeout: float) -> Any:
        begun.wait(60)
        told.set()
        raise KeyboardInterrupt

    def report(chain: int, done: int, phase: str) -> None:
        if done >= sweeps:
            begun.set()
            told.wait(60)
            time.sleep(0.01)  # a block a hundredth of a second: the word to stop comes soon

    monkeypatch.setattr(runner, "wait", wait)
    monkeypatch.setattr(runner, "chain_bars", lambda *_: nullcontext(report))


def test_an_interrupted_run_returns_what_is_done(
    sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, 400)
    done = draws_of(sampler, draws=1_000_000, warmup=0)
    n = done["rate"].shape[1]
    assert 400 <= n < 1_000_000
    monkeypatch.undo()
    assert same(done, draws_of(sampler, draws=n, warmup=0, chains=len(done["rate"])))


def test_chains_that_an_interruption_kept_from_beginning_are_left_out(
    sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, 400)
    with pytest.warns(SamplingWarning) as told:
        tree = sampler.sample(draws=1_000_000, warmup=100, chains=3, workers=1)
    monkeypatch.undo()
    done = {n: v.values for n, v in tree["posterior"].data_vars.items()}
    chains, n = done["rate"].shape[:2]
    assert chains == 1
    assert n >= 300
    assert "few draws of chains 1, 2 or none" in str(told[0].message)
    assert same(done, draws_of(sampler, draws=n, warmup=100, chains=1))


def test_warm_up_can_be_kept(sampler: Sampler) -> None:
    with quiet():
        tree = sampler.sample(draws=40, warmup=30, chains=2, progress=False, keep_warmup=True)
    assert tree["warmup_posterior"]["rate"].shape == (2, 30)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"draws": 0}, "draws is 0, expected an integer of at least 1"),
        ({"chains": 2.5}, "chains is 2.5"),
        ({"warmup": -1}, "warmup is -1"),
        ({"workers": 0}, "workers is 0, expected an integer of at least 1"),
        ({"target_accept": 1.0}, "target_accept is 1.0, expected a number between 0 and 1"),
        ({"target_accept": float("nan")}, "target_accept is nan"),
        ({"backend": "torch"}, "torch.*numpy"),
        ({"max_depth": 0}, "max_depth is 0, expected an integer of at least 1"),
        ({"max_depth": 16}, "max_depth is 16, expected at most 15"),
        ({"seed": "a"}, "seed is 'a'; .*integer"),
        ({"seed": -1}, "seed is -1"),
        ({"groups": 3}, "groups is 3, expected a list of names"),
        ({"groups": "log_likelihood"}, "groups is 'log_likelihood', expected a list"),
        ({"groups": ["posteriors"]}, "no group 'posteriors'; there are log_likelihood"),
        ({"checkpoint": 3}, "checkpoint is 3, expected the path of a directory"),
        ({"start": 3}, "start is 3, expected values by name"),
        ({"start": [{"shape": 1.0}]}, "start has 1 mappings, expected one a chain, 4"),
        ({"start": {"y": [1, 2, 3]}}, "start has 'y', which no step draws; they draw shape, rate"),
        ({"start": {"shape": [1.0, 2.0]}}, r"'shape' have shape \(2,\)"),
        ({"start": {"shape": -1.0}}, "'shape' hold -1.0"),
        ({"start": {"shape": np.inf}}, "start has 'shape' at inf, expected finite numbers"),
        ({"observed": {"z": [1, 2, 3]}}, "'z' is not observed"),
        ({"observed": {"y": [1, 2]}}, r"'y' have shape \(2,\), expected \(3,\)"),
        ({"observed": {"y": [1.5, 2, 3]}}, "'y' hold 1.5"),
    ],
)
def test_bad_settings_are_named(sampler: Sampler, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ag.AstragalError, match=says):
        sampler.sample(**({"draws": 10, "progress": False, "backend": "numpy"} | options))


def test_chains_start_where_they_are_told_to() -> None:
    k = ag.split(ag.input("key", dtype="key"))
    x = ag.random.cauchy(k[0], 0.0, 1.0)
    # Two modes that no slice leaves: a chain stays where it begins.
    model = ag.Model({"x": x, "y": ag.random.normal(k[1], ag.abs(x), 0.001)})
    sampler = ag.derive(model, {"y": 7.0})

    def signs(**options: Any) -> list[float]:
        drawn = draws_of(sampler, draws=20, warmup=20, **options)["x"]
        return [float(s) for s in np.sign(drawn).mean(axis=1)]

    assert signs(start={"x": 7.0}) == [1.0, 1.0]
    assert signs(start=[{"x": 7.0}, {"x": -7.0}]) == [1.0, -1.0]


def test_another_start_is_another_run(sampler: Sampler, tmp_path: Path) -> None:
    draws_of(sampler, checkpoint=tmp_path, start={"shape": 1.0})
    with pytest.raises(ag.AstragalError, match=r"holds another run .*start was"):
        draws_of(sampler, checkpoint=tmp_path, start={"shape": 2.0})


def test_results_are_stored_and_read_back(sampler: Sampler, tmp_path: Path) -> None:
    import xarray as xr

    with quiet():
        tree = sampler.sample(draws=20, warmup=10, chains=2, progress=False)
    tree.to_netcdf(tmp_path / "d.nc", engine="h5netcdf")
    again = xr.open_datatree(tmp_path / "d.nc", engine="h5netcdf")
    assert np.array_equal(again["posterior"]["rate"], tree["posterior"]["rate"])
    again.close()
    shutil.rmtree(tmp_path)


def test_trouble_is_put_in_words(sampler: Sampler) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SamplingWarning)
        sampler.sample(draws=40, warmup=20, chains=1, progress=False)
    said = " ".join(str(w.message) for w in caught)
    assert "one chain only: R-hat needs several" in said
    assert "few effective draws" in said


def test_independent_draws_are_not_warned_of() -> None:
    k = ag.split(ag.key(0))
    p = ag.random.beta(k[0], 2.0, 3.0)
    exact = ag.derive(ag.Model({"p": p, "y": ag.random.binomial(k[1], 10, p)}), {"y": 7})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = exact.sample(draws=40, chains=1, backend="numpy", progress=False)
    assert exact.exact
    assert tree["posterior"]["p"].shape == (1, 40)


def test_what_never_moves_has_no_r_hat_and_no_warning() -> None:
    draws = {"still": np.zeros((2, 40)), "moving": np.arange(80.0).reshape(2, 40)}
    arrays = {name: (("chain", "draw"), values) for name, values in draws.items()}
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(arrays)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = diagnose(tree)
    assert np.isnan(table.loc["still", "r_hat"])
    assert np.isfinite(table.loc["moving", "r_hat"])


def test_chains_do_not_start_where_a_log_density_has_no_digits_left() -> None:
    # Of exp(a + b x) with x up to 70, starts within 2 of zero are mostly beyond 1e30.
    x = np.linspace(20.0, 70.0, 12)
    k = ag.split(ag.input("key", dtype="key"), 3)
    a, b = ag.random.normal(k[0], 0.0, 100.0), ag.random.normal(k[1], 0.0, 100.0)
    y = ag.random.poisson(k[2], ag.exp(a + b * x))
    sampler = ag.derive(ag.Model({"a": a, "b": b, "y": y}), {"y": np.arange(12)})
    program = chain.program_of(sampler, "numpy")
    for number in range(6):
        start_key, _ = chain.chain_keys(3, number)
        start = program.start(start_key, {"y": np.arange(12)})
        assert np.exp(float(start["a"]) + float(start["b"]) * 70.0) < 1e11
        assert abs(float(start["b"])) <= 2.0


def test_a_chain_that_no_trajectory_moves_starts_elsewhere() -> None:
    begun: list[str] = []

    def start(key: Any, data: Any) -> dict[str, Any]:
        begun.append(str(key.words))
        return {"x": np.asarray(float(len(begun)))}

    def held(first: int) -> list[float]:
        begun.clear()

        def advance(key: Any, at: int, warm: int, now: Any, data: Any) -> Block:
            # The first starts have a density of which no slope is known.
            lp = np.full(10, -np.inf if now["x"] <= first else -1.0)
            return Block({"x": np.full(10, now["x"])}, {"x:logdensity": lp}, now)

        program = chain.ChainProgram(start, advance, 10)
        settings = Settings(
            seed=0, draws=15, warmup=5, chains=1, thin=1, backend="numpy", keep_warmup=False,
            groups=(), target_accept=0.8, max_depth=10, workers=1, checkpoint=None,
        )  # fmt: skip
        stop = threading.Event()
        blocks = runner._chain(program, {}, settings, 0, None, stop, lambda *_: None, {})
        return [float(b.draws["x"][0]) for b in blocks]

    assert held(0) == [1.0, 1.0]
    assert held(2) == [3.0, 3.0]
    assert len(set(begun)) == 3
    assert held(99) == [1.0 + runner.STARTS_ANEW] * 2
