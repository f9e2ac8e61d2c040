"""What a derivation gives: a sampler, as data.

A sampler is a list of steps. Each step is a graph over named placeholders (the other
variables, observed ones included) and a key, with the law that it draws from and the
relations that justify it. Nothing here runs anything: `Sampler.initial` and
`Sampler.sweep` build graphs, which `astragal.sample` compiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.derive.data import as_data
from astragal.derive.steps import Program, State, Step, Trial, UsedRelation, remembered
from astragal.graph.errors import ModelError, ShapeError, UnsupportedError
from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.graph.types import FLOATS, TensorType, show_shape
from astragal.model import Model
from astragal.random.keys import split

if TYPE_CHECKING:
    from astragal.derive.alternatives import Alternative


@dataclass(frozen=True, eq=False)
class Sampler:
    """A derived sampler: steps, each with its law and its justification.

    Attributes
    ----------
    model : Model
    observed : mapping
        The data that the sampler was derived with, by name. Other data of the same shapes
        serve as well: they are arguments of the graphs.
    steps : tuple of Step
        In the order of a sweep.
    exact : bool
        Whether a sweep from any state gives an independent draw of the posterior, so that
        no Markov chain is needed.
    latent_names : tuple of str
        The variables that are drawn, in the model's order.
    deterministic_names : tuple of str
        Named variables that are functions of the others.
    target : Program
        The joint log density of the whole state, auxiliary variables included.
    augmented : Model
        The model with the auxiliary variables that the steps draw beside its own.
    auxiliary : tuple of UsedRelation
        The identities that brought these in.
    trials : tuple of Trial
        Pilot runs that chose the sampler, the best first.
    options : mapping
        For each variable the kinds of step that could draw it, the chosen one first.
    asked : pair of tuples of str
        What was forbidden and preferred.
    compared : tuple of str
        What was compared by its expected cost.
    """

    model: Model
    observed: Mapping[str, np.ndarray[Any, Any]]
    steps: tuple[Step, ...]
    exact: bool
    latent_names: tuple[str, ...]
    deterministic_names: tuple[str, ...]
    types: Mapping[str, TensorType]
    start: Program
    outputs: Program
    density: Program
    rejected: tuple[str, ...] = ()
    evidence: Program | None = None
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    target: Program | None = None
    augmented: Model | None = None
    auxiliary: tuple[UsedRelation, ...] = ()
    trials: tuple[Trial, ...] = ()
    asked: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    compared: tuple[str, ...] = ()

    # -- graphs --------------------------------------------------------------------------

    @property
    def recovered_names(self) -> tuple[str, ...]:
        """Variables that no step reads before they are drawn anew: discrete, or integrated out.

        A chain does not remember them: they are as near to their law as what they are drawn from.
        """
        read = remembered(self.steps)
        names = (n for n in self.latent_names if n not in read)
        # Of two real variables that are drawn in turn each tells of how the other moves.
        out = {n for s in self.steps if s.kind == "collapse" for n in s.targets}
        return tuple(n for n in names if n in out or self.types[n].dtype not in FLOATS)

    @property
    def tuning_names(self) -> tuple[str, ...]:
        """Names of the state's entries that are tuning."""
        return tuple(name for s in self.steps for name in s.tuning)

    @property
    def state_names(self) -> tuple[str, ...]:
        """All entries of the state: latent variables, then tuning."""
        return (*self.latent_names, *self.tuning_names)

    def initial(self, key: Expr, data: Mapping[str, Expr], tries: Expr | int = 0) -> State:
        """Build the graph of a starting point: a draw of the latents inside their support.

        Parameters
        ----------
        key
            Spent.
        data
            An expression for every observed variable.
        tries
            How many points were drawn in vain. After many, they are drawn nearer to the middle
            of what is possible.

        Returns
        -------
        dict
            An expression for each of `state_names`.
        """
        new, _ = self.start(key, self._data(data), tries)
        for s in self.steps:
            new.update(s.tuning)
        return {name: new[name] for name in self.state_names}

    def sweep(
        self,
        key: Expr,
        state: Mapping[str, Expr],
        data: Mapping[str, Expr],
        tuning: Expr | bool | int = False,
    ) -> tuple[State, State]:
        """Build the graph of one sweep: all steps in order, each with its own key.

        Parameters
        ----------
        key
            Spent: split into one key a step.
        state
            An expression for each of `state_names`.
        data
            An expression for every observed variable.
        tuning
            How many iterations of the warm-up are to come, this one counted, or whether steps
            may adapt.

        Returns
        -------
        dict, dict
            The new state, and scalars about the moves, named ``"step:quantity"``.
        """
        whole = {**state, **self._data(data)}
        info: State = {}
        keys = split(key, len(self.steps)) if len(self.steps) > 1 else None
        for i, s in enumerate(self.steps):
            new, told = s.move(key if keys is None else keys[i], whole, tuning)
            whole.update(new)
            info.update({f"{s.name}:{q}": x for q, x in told.items()})
        return {name: whole[name] for name in self.state_names}, info

    def values(self, state: Mapping[str, Expr], data: Mapping[str, Expr]) -> State:
        """Build the graphs of all unobserved named variables, deterministic ones included."""
        fake = self.outputs.key
        return self.outputs(fake, {**state, **self._data(data)})[0]

    def _data(self, data: Mapping[str, Expr]) -> State:
        missing = [name for name in self.observed if name not in data]
        if missing:
            raise ModelError(f"no data for the observed variable {missing[0]!r}")
        return {name: data[name] for name in self.observed}

    # -- numbers -------------------------------------------------------------------------

    def check_data(self, observed: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Check other data against what the sampler was derived for, and convert them.

        Raises
        ------
        ModelError, ShapeError, DomainError
            For an unknown or missing name, a wrong shape, a value outside the support.
        """
        unknown = [name for name in observed if name not in self.observed]
        if unknown:
            raise ModelError(
                f"{unknown[0]!r} is not observed in this sampler; {', '.join(self.observed)} is"
            )
        out = {}
        for name, old in self.observed.items():
            value = observed.get(name, old)
            out[name] = as_data(name, value, self.types[name])
            if tuple(out[name].shape) != tuple(old.shape):
                raise ShapeError(
                    f"data for {name!r} have shape {show_shape(out[name].shape)}, the sampler "
                    f"was derived for {show_shape(old.shape)}"
                )
        if observed:
            from astragal.density.joint import factorise
            from astragal.derive.points import check_support

            check_support(factorise(self.model, self.observed, name_all=True), out)
        return out

    def logdensity(self, values: Mapping[str, Any] | None = None, **named: Any) -> Any:
        """Joint log density of latents and data, at given values.

        Parameters
        ----------
        values, **named
            A value for every latent; observed variables have their data unless given.

        Returns
        -------
        float, or Expr where a value is an expression
        """
        given = {**(values or {}), **named}
        unknown = [name for name in given if name not in self.types]
        if unknown:
            raise ModelError(f"the sampler has no variable {unknown[0]!r}")
        exprs = {
            name: v if isinstance(v, Expr) else constant(as_data(name, v, self.types[name]))
            for name, v in {**self.observed, **given}.items()
        }
        out = self.density(self.density.key, exprs)[0]["logdensity"]
        if any(isinstance(v, Expr) for v in given.values()):
            return out
        from astragal.compile import evaluate

        return float(evaluate(out))

    def log_evidence(self, observed: Mapping[str, Any] | None = None) -> float:
        """Log of the marginal density of the data, in closed form.

        Raises
        ------
        UnsupportedError
            Where the posterior is not exact.
        """
        if self.evidence is None:
            raise UnsupportedError("the evidence is known in closed form for exact samplers only")
        from astragal.compile import evaluate

        data = {n: constant(v) for n, v in self.check_data(observed or {}).items()}
        return float(evaluate(self.evidence(self.evidence.key, data)[0]["evidence"]))

    def sample(self, **options: Any) -> Any:
        """Draw from the posterior: see `astragal.sample.run` for the options."""
        from astragal import sample

        return sample.run(self, **options)

    def sample_predictive(self, draws: Any, **options: Any) -> Any:
        """Draw new data given posterior draws: see `astragal.sample.predict` for the options.

        Examples
        --------
        >>> import astragal as ag
        >>> k = ag.split(ag.key(0))
        >>> p = ag.random.beta(k[0], 2.0, 3.0)
        >>> model = ag.Model({"p": p, "y": ag.random.binomial(k[1], 10, p)})
        >>> sampler = ag.derive(model, {"y": 7})
        >>> draws = sampler.sample(draws=100, backend="numpy", progress=False)
        >>> draws = sampler.sample_predictive(draws, backend="numpy")
        >>> bool(abs(draws["posterior_predictive"]["y"].mean() - 10 * 9 / 15) < 0.2)
        True
        """
        from astragal import sample

        return sample.predict(self, draws, **options)

    def log_likelihood(self, draws: Any, **options: Any) -> Any:
        """Compute the log likelihood of every observation: see `astragal.sample.log_likelihood`."""
        from astragal import sample

        return sample.log_likelihood(self, draws, **options)

    def sample_prior(self, **options: Any) -> Any:
        """Draw from the model as if nothing were observed: see `astragal.sample.prior`."""
        from astragal import sample

        return sample.prior(self, **options)

    def posterior_model(self, observed: Mapping[str, Any] | None = None) -> Model:
        """Write an exact posterior as a model of the same names.

        Parameters
        ----------
        observed
            Other data of the same shapes, by name.

        Returns
        -------
        Model
            The latent variables follow their law given the data, and what was observed is
            new data of the same kind: a prior for what comes next, whose evidence is the
            predictive density.

        Raises
        ------
        UnsupportedError
            Where the posterior is not exact.

        Examples
        --------
        >>> import astragal as ag
        >>> k = ag.split(ag.input("key", dtype="key"))
        >>> rate = ag.random.gamma(k[0], 2.0, rate=4.0)
        >>> model = ag.Model({"rate": rate, "y": ag.random.poisson(k[1], rate)})
        >>> after = ag.derive(model, {"y": 3}).posterior_model()
        >>> round(ag.derive(after, {"y": 0}).log_evidence(), 6)  # 5 log(5 / 6)
        -0.911608
        """
        from astragal.derive.posterior import posterior_model

        return posterior_model(self, observed)

    # -- people --------------------------------------------------------------------------

    def step(self, name: str) -> Step:
        """Find the step that draws a variable.

        Raises
        ------
        ModelError
            Where no step draws it.
        """
        for s in self.steps:
            if name in s.targets or name == s.name:
                return s
        drawn = ", ".join(s.name for s in self.steps)
        raise ModelError(f"no step draws {name!r}; the steps draw {drawn}")

    def replaced(self, step: Step) -> Sampler:
        """Put a step of one's own in place of the one that draws the same variables.

        Nothing derives or checks it: `astragal.sample.calibrate.start_at_truth` tells
        whether it keeps the joint law.

        Parameters
        ----------
        step
            Its targets are those of one of the steps; it reads variables by name.

        Returns
        -------
        Sampler
            A Markov chain, even where this one was exact.

        Raises
        ------
        ModelError
            Where no step has these targets, or its graph gives other variables.
        """
        places = [i for i, s in enumerate(self.steps) if set(s.targets) == set(step.targets)]
        if not places:
            drawn = ", ".join(s.name for s in self.steps)
            raise ModelError(f"no step draws {step.name} alone; the steps draw {drawn}")
        missing = [n for n in step.targets if n not in step.program.outputs]
        unknown = [n for n in step.program.inputs if n not in self.types and ":" not in n]
        if missing or unknown:
            what = f"gives no {missing[0]!r}" if missing else f"reads {unknown[0]!r}"
            raise ModelError(f"the step for {step.name} {what}, which the model does not expect")
        steps = (*self.steps[: places[0]], step, *self.steps[places[0] + 1 :])
        return replace(self, steps=steps, exact=False, evidence=None)

    def explain(self) -> str:
        """Give the derivation as numbered steps, each with its relation and source."""
        from astragal.derive.explain import explain

        return explain(self)

    def alternatives(self) -> tuple[Alternative, ...]:
        """List the samplers that there are of this posterior, the cheapest by estimate first.

        Each is derived, which takes as long as that; nothing is run. `options` has, for each
        variable, the kinds of step that could draw it.

        Returns
        -------
        tuple of Alternative
            With their steps, the work of a sweep, the sweeps that an effective draw takes, and
            what to forbid and prefer to get them. ``chosen`` marks this one.

        Examples
        --------
        >>> import astragal as ag
        >>> k = ag.split(ag.key(0))
        >>> rate = ag.random.gamma(k[0], 2.0, rate=4.0)
        >>> model = ag.Model({"rate": rate, "y": ag.random.poisson(k[1], rate)})
        >>> first, *others = ag.derive(model, {"y": 3}).alternatives()
        >>> first.steps, first.chosen, first.sweeps
        ((('rate', 'exact'),), True, 1.0)
        """
        from astragal.derive.alternatives import ranked

        return tuple(a for a, _ in ranked(self))

    def latex(self) -> str:
        """Give the derivation in LaTeX: one line a step."""
        from astragal.display.derivation import sampler_latex

        return sampler_latex(self)

    def __str__(self) -> str:
        from astragal.derive.explain import summary

        return summary(self)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{s.name}: {s.kind}" for s in self.steps)
        return f"<sampler {kinds}>"

    def _repr_html_(self) -> str:
        from astragal.display.derivation import sampler_html

        return sampler_html(self)
