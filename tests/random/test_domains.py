"""Parameters outside their domains: refused when built if static, at the call if not."""

from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.graph.errors import DomainError


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_parameter_that_is_an_input_is_checked_at_the_call(backend: Any) -> None:
    scale = ag.input("scale", shape=(3,))
    p = ag.input("p")
    a, b = ag.split(ag.key(0))
    draws = [ag.random.normal(a, 0.0, scale), ag.random.binomial(b, 10, p)]
    f = ag.function([scale, p], draws, backend=backend)
    assert np.isfinite(f([1.0, 2.0, 0.5], 0.3)[0]).all()
    with pytest.raises(DomainError, match=r"normal: parameter scale.*positive"):
        f([1.0, -2.0, 0.5], 0.3)
    with pytest.raises(DomainError, match=r"binomial: parameter p.*probability"):
        f([1.0, 2.0, 0.5], 1.5)
    with pytest.raises(DomainError, match="scale"):
        f([1.0, np.nan, 0.5], 0.3)


def test_jax_gives_nan_where_it_cannot_raise() -> None:
    scale = ag.input("scale")
    f = ag.function([scale], ag.random.exponential(ag.key(0), scale=scale), backend="jax")
    assert np.isfinite(f(2.0))
    assert np.isnan(f(-2.0))


def test_static_parameters_are_refused_where_they_are_built() -> None:
    k = ag.key(0)
    with pytest.raises(DomainError, match=r"gamma: parameter shape is -1.0"):
        ag.random.gamma(k, -1.0, rate=2.0)
    with pytest.raises(DomainError, match=r"uniform: low is 2.0 and high is 1.0"):
        ag.random.uniform(k, 2.0, 1.0)
    with pytest.raises(DomainError, match="categorical: parameter p"):
        ag.random.categorical(k, [0.5, 0.6])
    with pytest.raises(TypeError, match="rate= or scale="):
        ag.random.gamma(k, 2.0, 4.0)
