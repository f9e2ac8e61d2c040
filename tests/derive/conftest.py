"""What the tests of derived samplers share: values of laws and of sampled draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.derive import Sampler
from astragal.graph.traverse import substitute

Array = np.ndarray[Any, Any]


def log_law(
    sampler: Sampler, name: str, value: Any, given: Mapping[str, Any] | None = None
) -> float:
    """Log density, at a value, of the law that a step draws a variable from."""
    step = sampler.step(name)
    law = step.conditional.law
    assert law is not None
    values = {**sampler.observed, **(given or {})}
    (at,) = substitute([law], {x: ag.constant(values[n]) for n, x in step.program.inputs.items()})
    distribution = at.op.distribution  # type: ignore[attr-defined]
    density = distribution.logdensity(ag.constant(value), *at.args[2:])
    # A density of parameters that are smaller than the value counts once an element.
    whole = ag.broadcast_to(density, np.shape(value)[: np.ndim(value) - distribution.core])
    return float(ag.evaluate(ag.sum(whole)))


def draw(sampler: Sampler, n: int, seed: int = 0) -> dict[str, Array]:
    """Independent draws of an exact sampler, without the sampling runtime."""
    assert sampler.exact
    data = {name: ag.constant(v) for name, v in sampler.observed.items()}

    def one(carry: Any, k: Any) -> Any:
        state = sampler.initial(ag.key(0), data)
        new, _ = sampler.sweep(k, state, data)
        return carry, [new[name] for name in sampler.latent_names]

    _, ys = ag.scan(one, 0.0, ag.split(ag.key(seed), n))
    run = ag.function([], list(ys), backend="numpy")
    return dict(zip(sampler.latent_names, map(np.asarray, run()), strict=True))


def compare_evidence(sampler: Sampler, logs: Array) -> None:
    """Hold the evidence against the average of likelihoods at draws of the prior."""
    weights = np.exp(logs - logs.max())
    expected = np.log(weights.mean()) + logs.max()
    error = weights.std() / weights.mean() / np.sqrt(len(weights))
    assert error < 0.03
    assert abs(sampler.log_evidence() - expected) < 4.5 * error


@pytest.fixture
def evidence_is() -> Callable[[Sampler, Array], None]:
    return compare_evidence


@pytest.fixture
def law_of() -> Callable[..., float]:
    return log_law


@pytest.fixture
def draws_of() -> Callable[..., dict[str, Array]]:
    return draw
