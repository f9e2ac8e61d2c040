"""One step from an exact draw of the joint law: what keeps the posterior keeps that law."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from astragal.compile import evaluate, function
from astragal.derive.sampler import Sampler
from astragal.derive.steps import Step
from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.ops.control import scan
from astragal.ops.creation import arange, input
from astragal.ops.elementwise import exp
from astragal.ops.manipulation import concatenate, stack
from astragal.random.keys import fold_in, key, split
from astragal.sample.calibrate.joint import check, has_factor, joint_draw, log_weight, quantities
from astragal.sample.calibrate.verdict import Array, Calibration, CalibrationError, Finding

FEATURES = 4  # Legendre polynomials of the ranks: location, spread, skewness, tails


def start_at_truth(
    sampler: Sampler,
    *,
    simulations: int = 2000,
    seed: int = 0,
    backend: str = "numba",
) -> Calibration:
    """Test every step of a sampler from exact draws of the joint law.

    Parameters
    ----------
    sampler
        What `astragal.derive` gave; its data play no part but for their shapes.
    simulations
        Draws of the joint law.
    seed
        Equal seeds give equal results.
    backend
        Where to run. Compilation happens once.

    Returns
    -------
    Calibration
        With a finding for each step and quantity.

    Raises
    ------
    ModelError
        For what is no sampler, or a count that is none.

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.sample.calibrate import start_at_truth
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> p = ag.random.beta(k[0], 2.0, 3.0)
    >>> model = ag.Model({"p": p, "y": ag.random.binomial(k[1], 10, p)})
    >>> sampler = ag.derive(model, {"y": 7})
    >>> start_at_truth(sampler, simulations=100, backend="numpy").holds
    True
    """
    check(sampler, simulations=simulations)
    root, runs = input("key", dtype="key"), _runs(sampler)

    def drawn_at(i: Expr) -> tuple[list[Expr], dict[str, Expr]]:
        keys = list(split(fold_in(root, i), 1 + len(runs)))
        return keys[1:], joint_draw(sampler, keys[0])

    def each(of: Callable[[list[Expr], dict[str, Expr]], Any], numbers: Expr) -> Any:
        out = scan(lambda _, i: ([], of(*drawn_at(i))), [], numbers)[1]
        run: Any = function([root], out, backend=backend)
        return run(evaluate(key(seed)))

    weight, chosen = np.ones(simulations), arange(simulations)
    if has_factor(sampler):
        weights = each(lambda _, whole: exp(log_weight(sampler, whole)), chosen)
        numbers, weight = _possible(np.asarray(weights))
        chosen = constant(numbers)
    held, targets = each(lambda keys, whole: _simulated(sampler, runs, keys, whole), chosen)
    before = {n: np.asarray(x)[:, 0] for n, x in held.items()}
    findings = []
    moved = {}
    for i, (step, (old, new)) in enumerate(zip(runs, targets, strict=True), 1):
        # There and back through a transform changes last digits: that is no move.
        changed = np.any(~np.isclose(old, new, rtol=1e-9, atol=0.0), axis=1)
        if np.shape(old)[1]:  # a variable of size 0 has nowhere to go
            moved[step] = float(changed.mean())
        for name, values in held.items():
            p = _same_law(before[name], np.asarray(values)[:, i], weight)
            findings += [Finding(step, label, q) for label, q in _labelled(name, p)]
    findings.sort(key=lambda f: f.p_value)
    return Calibration(tuple(findings), moved, simulations)


def _simulated(
    sampler: Sampler,
    runs: Mapping[str, list[Step]],
    keys: Sequence[Expr],
    whole: Mapping[str, Expr],
) -> tuple[dict[str, Expr], list[tuple[Expr, Expr]]]:
    """Quantities at a draw of the joint law and after each run, with targets before and after."""
    data = {n: whole[n] for n in sampler.observed}
    state = {n: whole[n] for n in sampler.latent_names}
    state |= {n: x for s in sampler.steps for n, x in s.tuning.items()}
    states = [state]
    for k, steps in zip(keys, runs.values(), strict=True):
        new = dict(state)
        own = split(k, len(steps)) if len(steps) > 1 else [k]
        for one, s in zip(own, steps, strict=True):
            drawn = s.update(one, new | data)
            new |= {n: v for n, v in drawn.items() if n in state}
        states.append(new)
    # A loop, since what is compiled once for all states is compiled once.
    stacked = {n: stack([s[n] for s in states]) for n in sampler.latent_names}
    held = scan(lambda _, at: ([], quantities(sampler, at, data)), [], stacked)[1]
    firsts = [steps[0] for steps in runs.values()]
    moved = [
        (_targets(s, state), _targets(s, new)) for s, new in zip(firsts, states[1:], strict=True)
    ]
    return held, moved


LEAST_POSSIBLE = 30
"""Fewest draws that the factors of a model must leave, for a calibration to rest on."""


def _possible(weight: Array) -> tuple[Array, Array]:
    """Give the numbers of the draws that the factors of the model leave, and their weights.

    At others a step may do anything, an error included.
    """
    numbers = np.flatnonzero(weight > 0)
    if not np.all(np.isfinite(weight)) or len(numbers) < LEAST_POSSIBLE:
        raise CalibrationError(
            f"the factors of the model leave {len(numbers)} of {len(weight)} draws a finite "
            f"weight above zero, expected {LEAST_POSSIBLE} at least: take more simulations"
        )
    return numbers, weight[numbers]


MOST_RUNS = 6
"""Most runs of an exact sampler, which are as long as what is left of its sweep."""


def _runs(sampler: Sampler) -> dict[str, list[Step]]:
    """What keeps the joint law by itself, named by the step that it tests.

    A step of a Markov chain does. A step of an exact sampler has the variables after it
    integrated out, so these are drawn again as well.
    """
    steps = list(sampler.steps)
    if not sampler.exact:
        return {s.name: [s] for s in steps}
    first = range(len(steps)) if len(steps) <= MOST_RUNS else range(1)
    return {steps[i].name: steps[i:] for i in first}


def _targets(step: Step, state: Mapping[str, Expr]) -> Expr:
    """A step's target values as one vector."""
    return concatenate([state[n].astype("float64").reshape(-1) for n in step.targets])


def _labelled(name: str, p: Array) -> list[tuple[str, float]]:
    if p.ndim == 0:
        return [(name, float(p))]
    return [(f"{name}[{i}]", float(v)) for i, v in enumerate(p)]


def _same_law(before: Array, after: Array, weight: Array) -> Array:
    """P-values that columns of two paired, weighted samples have one law.

    Under the null the ranks have one law before and after, so the mean difference of any
    function of them is zero; pairing makes the test sharp where a step moves little.
    """
    from scipy import stats

    if before.ndim > 1:
        columns = zip(before.T, after.T, strict=True)
        return np.array([_same_law(b, a, weight) for b, a in columns])
    n = len(before)
    both = np.concatenate([before, after]).astype(float)
    ranks = stats.rankdata(both) / (2 * n + 1)
    u = 2 * ranks - 1
    least = 1.0
    for degree in range(1, FEATURES + 1):
        feature = np.polynomial.legendre.Legendre.basis(degree)(u)
        difference = weight * (feature[n:] - feature[:n])
        spread = difference.std(ddof=1)
        # A normal approximation needs some moves to rest on.
        if np.count_nonzero(difference) < 30 or spread == 0:
            continue
        z = difference.mean() / (spread / np.sqrt(n))
        least = min(least, 2 * stats.norm.sf(abs(z)))
    return np.asarray(min(1.0, FEATURES * least))
