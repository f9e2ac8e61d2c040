"""One vocabulary for PyMC and NumPyro, so that a peer's model is written once.

A model is a function of a dialect ``p`` and data ``d``; ``p.normal("mu", 0.0, 5.0)`` is
``pm.Normal("mu", 0.0, 5.0)`` or ``numpyro.sample("mu", dist.Normal(0.0, 5.0))``. Nothing is
reparameterised on the way: where a program's documentation advises another form of the same
model (effects that are not centred), the model is written in that form.
"""

# A peer's functions are imported where they are needed: it may be absent.
from __future__ import annotations

from collections.abc import Callable
from typing import Any

Shape = tuple[int, ...]
Model = Callable[[Any, dict[str, Any]], None]
"""A model of a peer: it declares variables in the dialect that it is given."""


class PyMC:
    """Declares variables of the PyMC model that is open."""

    def __init__(self) -> None:
        import pymc as pm
        import pytensor
        import pytensor.tensor as pt

        self.exp, self.log, self.sqrt, self.sigmoid = pt.exp, pt.log, pt.sqrt, pt.sigmoid
        self.stack, self.cumsum, self.logsumexp = pt.stack, pt.cumsum, pt.logsumexp
        self.concatenate, self.inverse = pt.concatenate, pt.linalg.inv
        self.keep, self.factor = pm.Deterministic, pm.Potential
        self.ndtr = pm.math.invprobit
        self._pm, self._scan, self._pt = pm, pytensor.scan, pt

    def __getattr__(self, name: str) -> Callable[..., Any]:
        law = getattr(self._pm, PYMC[name])

        def declare(name: str, *operands: Any, shape: int | Shape = (), **named: Any) -> Any:
            sized = {} if shape == () else {"shape": shape}
            return law(name, *operands, **sized, **named)

        return declare

    def student_t(self, name: str, df: float, mean: Any, scale: Any, observed: Any) -> None:
        self._pm.StudentT(name, df, mu=mean, sigma=scale, observed=observed)

    def binomial_logits(self, name: str, n: Any, logits: Any, observed: Any) -> None:
        self._pm.Binomial(name, n, logit_p=logits, observed=observed)

    def bernoulli_logits(self, name: str, logits: Any, observed: Any) -> None:
        self._pm.Bernoulli(name, logit_p=logits, observed=observed)

    def multivariate_normal(
        self, name: str, mean: Any, cov: Any, count: int = 0, observed: Any = None
    ) -> Any:
        sized = {"shape": (count, mean.shape[0])} if count else {}
        return self._pm.MvNormal(name, mean, cov, observed=observed, **sized)

    def zero_inflated_binomial(self, name: str, zero: Any, n: Any, p: Any, observed: Any) -> None:
        self._pm.ZeroInflatedBinomial(name, 1 - zero, n, p, observed=observed)

    def normal_mixture(self, name: str, w: Any, mean: Any, sd: Any, observed: Any) -> None:
        self._pm.NormalMixture(name, w, mean, sd, observed=observed)

    def random_walk(self, name: str, sd: Any, count: int) -> Any:
        first = self._pm.Normal.dist(0.0, sd)
        return self._pm.GaussianRandomWalk(name, mu=0.0, sigma=sd, init_dist=first, steps=count - 1)

    def lower_normal(self, name: str, mean: float, sd: float, lower: float = 0.0) -> Any:
        """A normal above a bound."""
        return self._pm.TruncatedNormal(name, mean, sd, lower=lower)

    def scan(self, step: Callable[..., Any], start: Any, over: Any, *fixed: Any) -> Any:
        """States after each step; ``fixed`` is what else the step reads."""
        start = self._pt.as_tensor_variable(start, dtype="float64")
        return self._scan(
            lambda x, s, *fixed: step(s, x, *fixed), [self._pt.as_tensor_variable(over)], [start],
            non_sequences=list(fixed), strict=True, return_updates=False,
        )  # fmt: skip


PYMC = {"normal": "Normal", "half_normal": "HalfNormal", "half_cauchy": "HalfCauchy",
        "cauchy": "Cauchy", "gamma": "Gamma", "exponential": "Exponential", "beta": "Beta",
        "uniform": "Uniform", "lognormal": "LogNormal",
        "poisson": "Poisson", "binomial": "Binomial", "dirichlet": "Dirichlet",
        "inverse_gamma": "InverseGamma", "chi2": "ChiSquared", "flat": "Flat",
        "half_flat": "HalfFlat"}  # fmt: skip


class NumPyro:
    """Declares sample sites of the NumPyro model that is traced."""

    def __init__(self) -> None:
        import jax
        import jax.numpy as jnp
        import numpyro
        import numpyro.distributions as dist

        self.exp, self.log, self.sqrt, self.sigmoid = jnp.exp, jnp.log, jnp.sqrt, jax.nn.sigmoid
        self.stack, self.cumsum, self.logsumexp = jnp.stack, jnp.cumsum, jax.nn.logsumexp
        self.concatenate, self.inverse = jnp.concatenate, jnp.linalg.inv
        self.keep, self.factor = numpyro.deterministic, numpyro.factor
        self.ndtr = jax.scipy.stats.norm.cdf
        self._sample, self._dist, self._jax, self._np = numpyro.sample, dist, jax, jnp

    def __getattr__(self, name: str) -> Callable[..., Any]:
        law = getattr(self._dist, NUMPYRO[name])

        def declare(
            name: str, *operands: Any, shape: int | Shape = (), observed: Any = None
        ) -> Any:
            made = law(*operands)
            if shape != ():
                made = made.expand([shape] if isinstance(shape, int) else list(shape))
            return self._sample(name, made, obs=observed)

        return declare

    def flat(self, name: str, shape: int | Shape = ()) -> Any:
        return self._improper(name, self._dist.constraints.real, shape)

    def half_flat(self, name: str, shape: int | Shape = ()) -> Any:
        return self._improper(name, self._dist.constraints.positive, shape)

    def _improper(self, name: str, support: Any, shape: int | Shape) -> Any:
        batch = (shape,) if isinstance(shape, int) else shape
        return self._sample(name, self._dist.ImproperUniform(support, batch, ()))

    def binomial_logits(self, name: str, n: Any, logits: Any, observed: Any) -> None:
        self._sample(name, self._dist.Binomial(n, logits=logits), obs=observed)

    def bernoulli_logits(self, name: str, logits: Any, observed: Any) -> None:
        self._sample(name, self._dist.Bernoulli(logits=logits), obs=observed)

    def multivariate_normal(
        self, name: str, mean: Any, cov: Any, count: int = 0, observed: Any = None
    ) -> Any:
        law = self._dist.MultivariateNormal(mean, cov)
        return self._sample(name, law.expand([count]) if count else law, obs=observed)

    def zero_inflated_binomial(self, name: str, zero: Any, n: Any, p: Any, observed: Any) -> None:
        law = self._dist.ZeroInflatedDistribution(self._dist.Binomial(n, p), gate=zero)
        self._sample(name, law, obs=observed)

    def normal_mixture(self, name: str, w: Any, mean: Any, sd: Any, observed: Any) -> None:
        parts = self._dist.Normal(mean, sd)
        law = self._dist.MixtureSameFamily(self._dist.Categorical(probs=w), parts)
        self._sample(name, law.expand([len(observed)]), obs=observed)

    def random_walk(self, name: str, sd: Any, count: int) -> Any:
        return self._sample(name, self._dist.GaussianRandomWalk(sd, num_steps=count))

    def lower_normal(self, name: str, mean: float, sd: float, lower: float = 0.0) -> Any:
        """A normal above a bound."""
        return self._sample(name, self._dist.TruncatedNormal(mean, sd, low=lower))

    def scan(self, step: Callable[..., Any], start: Any, over: Any, *fixed: Any) -> Any:
        """States after each step; ``fixed`` is what else the step reads."""

        def one(s: Any, x: Any) -> tuple[Any, Any]:
            new = step(s, x, *fixed)
            return new, new

        start = self._np.asarray(start, "float64")
        return self._jax.lax.scan(one, start, self._np.asarray(over))[1]


NUMPYRO = {"normal": "Normal", "half_normal": "HalfNormal", "half_cauchy": "HalfCauchy",
           "cauchy": "Cauchy", "gamma": "Gamma", "exponential": "Exponential", "beta": "Beta",
           "uniform": "Uniform", "student_t": "StudentT", "lognormal": "LogNormal",
           "poisson": "Poisson", "binomial": "Binomial", "dirichlet": "Dirichlet",
           "inverse_gamma": "InverseGamma", "chi2": "Chi2"}  # fmt: skip
