"""PyTensor without its C compiler: graphs are read here, not run fast."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.interop import from_pymc

# Numbers of a model stay in double precision: PyTensor would keep 2.5 in single.
os.environ.setdefault("PYTENSOR_FLAGS", "cxx=,mode=FAST_COMPILE,cast_policy=numpy+floatX")


def _parts(v: Any, x: Any) -> tuple[dict[str, Any], float]:
    """What a variable of PyMC is read as, and the log Jacobian determinant of these values."""
    op, name = v.owner.op, v.name
    kind = type(op).__name__
    if kind == "RandomWalkRV":
        x = np.moveaxis(x, -op.ndim_supp, 0)
        return {f"{name}_init": x[0], f"{name}_steps": x[1:]}, 0.0
    if kind == "AutoRegressiveRV":
        p = op.ar_order
        return {f"{name}_init": x[..., :p], f"{name}_steps": np.moveaxis(x[..., p:], -1, 0)}, 0.0
    if kind == "ZeroSumNormalRV":
        import pytensor.tensor as pt
        from pymc.distributions.transforms import ZeroSumTransform

        axes = tuple(range(-op.ndim_supp, 0))
        return {f"{name}_free": ZeroSumTransform(axes).forward(pt.as_tensor(x)).eval()}, 0.0
    if kind == "_LKJCholeskyCovRV":
        n = int((2 * len(x)) ** 0.5)
        c, i = np.zeros((n, n)), np.arange(n)
        c[np.tril_indices(n)] = x
        sd = np.sqrt((c**2).sum(1))
        u = np.diag(c) / sd
        slope = ((n - i) * np.log(u) - i * np.log(sd)).sum()
        return {f"{name}_stds": sd, f"{name}_corr": c @ c.T / np.outer(sd, sd)}, float(slope)
    if kind == "LKJCorrRV":
        n = int((2 * len(x)) ** 0.5) + 1
        above = np.zeros((n, n))
        above[np.triu_indices(n, k=1)] = x
        return {f"{name}_corr": above + above.T + np.eye(n)}, 0.0
    if kind == "StickBreakingWeightsRV":
        before = 1.0 - np.cumsum(x) + x
        return {f"{name}_sticks": x[:-1] / before[:-1]}, float(-np.log(before[:-1]).sum())
    return {name.replace("::", "_"): x}, 0.0


def _point(model: Any, seed: int) -> dict[Any, Any]:
    import pymc as pm

    improper = [v for v in model.free_RVs if type(v.owner.op).__name__ == "ICARRV"]
    proper = [v for v in model.free_RVs if v not in improper]
    point = dict(zip(proper, pm.draw(proper, random_seed=seed), strict=True))
    shapes = model.eval_rv_shapes()
    return point | {
        v: np.random.default_rng(seed).normal(size=shapes[v.name]) * 0.01 for v in improper
    }


def _check_density(model: Any, constant: float = 0.0) -> None:
    from pymc.model.transform.conditioning import remove_value_transforms

    free = remove_value_transforms(model)
    theirs = free.compile_logp(jacobian=False)
    reading = from_pymc(model)
    for seed in (3, 4):
        point = _point(free, seed)
        rising = [v.name for v in model.free_RVs
                  if type(model.rvs_to_transforms[v]).__name__ == "Ordered"]  # fmt: skip
        values, slope = dict(reading.observed), 0.0
        for v, x in point.items():
            point[v] = np.sort(x) if v.name in rising else x
            parts, log_slope = _parts(v, point[v])
            values, slope = values | parts, slope + log_slope
        wanted = theirs({v.name: np.asarray(x, v.dtype) for v, x in point.items()})
        got = ag.evaluate(ag.logdensity(reading.model, values)) + slope
        assert np.isfinite(wanted)
        np.testing.assert_allclose(got + constant, wanted, rtol=1e-9)


@pytest.fixture
def check_density() -> Callable[..., None]:
    """Compare the joint log density of a PyMC model with that of its reading, at two points."""
    return _check_density
