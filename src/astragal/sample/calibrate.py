r"""Does a derived sampler keep the joint law? Two tests that see a wrong step.

*Start at truth* (Geweke 2004, J. Am. Stat. Assoc. 99; Gandy & Scott 2021, Stat. Comput.
31:65): draw parameters and data from the joint law and run one step. If the step keeps the
posterior, :math:`(\theta', y)` has the law of :math:`(\theta, y)`, whatever the data are. It
costs one step a simulation, and names the step.

*Simulation-based calibration* (Talts et al. 2018; Modrák et al. 2023, Bayesian Anal.): the
rank of the truth among posterior draws is uniform. It sees the whole sampler, and costs a
run a simulation.

Quantities are the scalars of the latent variables, and the log prior, log likelihood and
log joint, which see errors that no marginal shows.

A factor or constraint weighs the draws of the model without it: `start_at_truth` takes the
weighted mean of what a step changes, and `ranks` draws again until a constraint holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.compile import evaluate, function
from astragal.density.joint import factorise
from astragal.derive.sampler import Sampler
from astragal.derive.steps import Step
from astragal.graph.errors import AstragalError, ModelError, require_count
from astragal.graph.expr import Expr, describe
from astragal.graph.literal import constant, scalar
from astragal.graph.traverse import substitute
from astragal.ops.control import scan
from astragal.ops.creation import arange, input
from astragal.ops.elementwise import exp
from astragal.random.improper import FACTOR
from astragal.random.keys import fold_in, key, split
from astragal.sample.chain import chain_keys, inputs_like, program_of

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]

LEAST_P = 1e-6  # over a whole calibration: a green suite stays green
FEATURES = 4  # Legendre polynomials of the ranks: location, spread, skewness, tails


class CalibrationError(AstragalError):
    """A step does not keep the joint law, or does not move."""


@dataclass(frozen=True)
class Finding:
    """What one quantity says about one step.

    Attributes
    ----------
    step, quantity
        Names.
    p_value
        Of the law being the same before and after, corrected for the features tested.
    """

    step: str
    quantity: str
    p_value: float


@dataclass(frozen=True)
class Calibration:
    """The result of `start_at_truth` or `ranks`.

    Attributes
    ----------
    findings
        All tests, the smallest p-value first.
    moved
        For each step, in which share of the simulations its targets changed.
    simulations
        How many.
    ranks
        For `ranks`: ranks of the truth, by quantity.
    most_rank
        For `ranks`: the largest rank possible.
    """

    findings: tuple[Finding, ...]
    moved: Mapping[str, float]
    simulations: int
    ranks: Mapping[str, Array] | None = None
    most_rank: int = 0

    @property
    def p_value(self) -> float:
        """The smallest p-value, corrected for the number of tests (Bonferroni)."""
        return min(1.0, self.findings[0].p_value * len(self.findings)) if self.findings else 1.0

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the sampler."""
        return self.p_value > LEAST_P and all(m > 0.01 for m in self.moved.values())

    def check(self) -> None:
        """Raise where something speaks against the sampler.

        Raises
        ------
        CalibrationError
            Naming the guilty step and quantity.
        """
        for name, share in self.moved.items():
            if share <= 0.01:
                raise CalibrationError(
                    f"step {name} does not move: its targets changed in {share:.1%} of "
                    f"{self.simulations} simulations"
                )
        if self.p_value <= LEAST_P:
            worst = self.findings[0]
            raise CalibrationError(
                f"step {worst.step} does not keep the joint law: the law of {worst.quantity} "
                f"changes (p = {worst.p_value:.1e}, {self.simulations} simulations)"
            )

    def __str__(self) -> str:
        worst = self.findings[: min(5, len(self.findings))]
        rows = [f"  {f.step}: {f.quantity}: p = {f.p_value:.2g}" for f in worst]
        verdict = "calibrated" if self.holds else "NOT calibrated"
        return "\n".join([f"{verdict} ({self.simulations} simulations)", *rows])

    def save_plot(self, path: str | Path) -> None:
        """Draw the rank histograms of `ranks`, with the band that uniform ranks keep to."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from scipy import stats

        if self.ranks is None:
            raise CalibrationError("only simulation-based calibration (ranks) has rank plots")
        names = list(self.ranks)
        figure = Figure(figsize=(3 * min(4, len(names)), 2 * -(-len(names) // 4)))
        FigureCanvasAgg(figure)
        bins = min(16, self.most_rank + 1)
        low, high = np.asarray(stats.binom.ppf([0.005, 0.995], self.simulations, 1 / bins))
        for i, name in enumerate(names):
            axis = figure.add_subplot(-(-len(names) // 4), min(4, len(names)), i + 1)
            axis.axhspan(low, high, alpha=0.2)
            axis.hist(self.ranks[name], bins=bins, range=(-0.5, self.most_rank + 0.5))
            axis.set_title(name, fontsize=8)
            axis.set_yticks([])
        figure.tight_layout()
        figure.savefig(path, dpi=120)


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
    >>> start_at_truth(sampler, backend="numpy").holds
    True
    """
    _check(sampler, simulations=simulations)
    root = input("key", dtype="key")
    names = list(sampler.observed)

    runs = _runs(sampler)

    def drawn_at(i: Expr) -> tuple[list[Expr], dict[str, Expr]]:
        keys = list(split(fold_in(root, i), 1 + len(runs)))
        return keys, _joint_draw(sampler, keys[0])

    weight = np.ones(simulations)
    chosen = arange(simulations)
    if _has_factor(sampler):
        weights = scan(
            lambda _, i: ([], exp(_log_weight(sampler, drawn_at(i)[1]))), [], arange(simulations)
        )[1]
        run: Any = function([root], weights, backend=backend)
        numbers, weight = _possible(np.asarray(run(evaluate(key(seed)))))
        chosen = constant(numbers)

    def simulate(i: Expr) -> tuple[list[Expr], Any]:
        keys, whole = drawn_at(i)
        data = {n: whole[n] for n in names}
        state = {n: whole[n] for n in sampler.latent_names}
        state |= {n: x for s in sampler.steps for n, x in s.tuning.items()}
        before = _quantities(sampler, state, data)
        after = []
        for j, steps in enumerate(runs.values()):
            new = dict(state)
            own = split(keys[1 + j], len(steps)) if len(steps) > 1 else [keys[1 + j]]
            for k, s in zip(own, steps, strict=True):
                drawn = s.update(k, new | data)
                new |= {n: v for n, v in drawn.items() if n in state}
            first = steps[0]
            after.append((_targets(first, state), _targets(first, new),
                          _quantities(sampler, new, data)))  # fmt: skip
        return [], (before, after)

    _, out = scan(lambda carry, i: simulate(i), [], chosen)
    drawn: Any = function([root], out, backend=backend)(evaluate(key(seed)))
    before, after = drawn
    findings = []
    moved = {}
    for step, (old, new, quantities) in zip(runs, after, strict=True):
        # There and back through a transform changes last digits: that is no move.
        changed = np.any(~np.isclose(old, new, rtol=1e-9, atol=0.0), axis=1)
        if np.shape(old)[1]:  # a variable of size 0 has nowhere to go
            moved[step] = float(changed.mean())
        for name, values in quantities.items():
            p = _same_law(np.asarray(before[name]), np.asarray(values), weight)
            findings += [Finding(step, label, q) for label, q in _labelled(name, p)]
    findings.sort(key=lambda f: f.p_value)
    return Calibration(tuple(findings), moved, simulations)


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


def _has_factor(sampler: Sampler) -> bool:
    """Whether the joint law is that of the random variables times something else."""
    return any(x.op is FACTOR for x in sampler.model.variables.values())


def _log_weight(sampler: Sampler, values: Mapping[str, Expr]) -> Expr:
    """Log of what the factors of the model weigh a draw of its variables with."""
    joint = factorise(sampler.augmented or sampler.model, sampler.observed, name_all=True)
    total = scalar(0.0, "float64")
    for name, x in joint.model.variables.items():
        if x.op is FACTOR:
            total = total + joint.jacobians[name]
    return substitute([total], {c: values[n] for n, c in joint.coordinates.items()})[0]


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


def _joint_draw(sampler: Sampler, k: Expr) -> dict[str, Expr]:
    """One draw of all variables, as expressions of a key."""
    model = sampler.augmented or sampler.model
    joint = factorise(model, sampler.observed, name_all=True)
    named = dict(joint.model.variables)
    sources = {f.name: f.source for f in joint.factors if f.name in sampler.latent_names}
    named = {**sources, **named}
    roots = model.keys
    keys = [k] if len(roots) == 1 else list(split(k, len(roots)))
    new = substitute(named.values(), dict(zip(roots, keys, strict=True)))
    return dict(zip(named, new, strict=True))


def _quantities(
    sampler: Sampler, state: Mapping[str, Expr], data: Mapping[str, Expr]
) -> dict[str, Expr]:
    """What is compared: latent scalars, log prior, log likelihood, log joint."""
    joint = factorise(sampler.augmented or sampler.model, sampler.observed, name_all=True)
    whole = {**state, **data}
    mapping = {c: whole[n] for n, c in joint.coordinates.items()}
    observed = set(sampler.observed)
    prior = [f.total for f in joint.factors if f.name not in observed]
    likelihood = [f.total for f in joint.factors if f.name in observed]
    out = {n: _first(state[n]) for n in sampler.latent_names}
    sums = {"log prior": prior, "log likelihood": likelihood}
    for name, terms in sums.items():
        if terms:
            total = terms[0]
            for t in terms[1:]:
                total = total + t
            out[name] = substitute([total], mapping)[0]
    out["log joint"] = substitute([joint.total], mapping)[0]
    return out


def _first(x: Expr, most: int = 8) -> Expr:
    """The first scalars of an array: more would cost power and tell little."""
    return x.reshape(-1)[:most] if x.shape else x


def _targets(step: Step, state: Mapping[str, Expr]) -> Expr:
    """A step's target values as one vector."""
    from astragal.ops.manipulation import concatenate

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


def ranks(
    sampler: Sampler,
    *,
    simulations: int = 200,
    draws: int = 63,
    thin: int = 10,
    warmup: int = 500,
    seed: int = 0,
    backend: str = "numba",
) -> Calibration:
    """Simulation-based calibration: the rank of the truth among posterior draws is uniform.

    Parameters
    ----------
    sampler
        What `astragal.derive` gave.
    simulations
        Data sets, each with a chain of its own.
    draws, thin, warmup
        Draws that are ranked, one in ``thin`` iterations, after a warm-up. Thin until they
        are nearly independent: correlated draws give uneven ranks.
    seed, backend
        As for `start_at_truth`.

    Returns
    -------
    Calibration
        With the ranks, for `Calibration.save_plot`.

    Raises
    ------
    ModelError
        For what is no sampler, or a count that is none.
    """
    _check(sampler, simulations=simulations, draws=draws, thin=thin)
    truth_of = _truths(sampler)
    state = inputs_like(sampler, sampler.latent_names, "state")
    data_in = inputs_like(sampler, sampler.observed, "data")
    measure = function([state, data_in], _quantities(sampler, state, data_in), backend=backend)
    block = 100
    program = program_of(sampler, backend, block)
    total = warmup + draws * thin
    found: dict[str, list[Array]] = {}
    for i in range(simulations):
        truth_key, _ = chain_keys(seed, 2 * i)
        start_key, run_key = chain_keys(seed, 2 * i + 1)
        drawn = truth_of(truth_key)
        data = {n: drawn[n] for n in sampler.observed}
        now = program.start(start_key, data)
        kept: list[dict[str, Array]] = []
        for first in range(0, total, block):
            done = program.advance(run_key, first, warmup, now, data)
            now = done.state
            for j in range(block):
                at = first + j
                if at >= warmup and (at - warmup) % thin == thin - 1 and len(kept) < draws:
                    kept.append({n: done.draws[n][j] for n in sampler.latent_names})
        here = measure({n: drawn[n] for n in sampler.latent_names}, data)
        sampled = [measure(row, data) for row in kept]
        for name, value in here.items():
            column = np.stack([np.asarray(s[name]) for s in sampled])
            less = (column < np.asarray(value)).sum(axis=0)
            ties = (column == np.asarray(value)).sum(axis=0)
            # Ties, in discrete variables, are broken at random, reproducibly.
            jitter = np.random.default_rng([seed, i]).integers(0, ties + 1)
            found.setdefault(name, []).append(less + jitter)
    flat: dict[str, Array] = {}
    for name, rows in found.items():
        table = np.stack(rows)
        if table.ndim == 1:
            flat[name] = table
        else:
            flat |= {f"{name}[{k}]": table[:, k] for k in range(table.shape[1])}
    findings = sorted(
        (Finding("whole sampler", n, _uniform(r, draws)) for n, r in flat.items()),
        key=lambda f: f.p_value,
    )
    return Calibration(tuple(findings), {}, simulations, flat, draws)


MOST_TRIES = 1000
"""Draws of the joint law until the constraints of a model hold."""


def _truths(sampler: Sampler) -> Callable[[Any], dict[str, Array]]:
    """Draw all variables given a key, again until the constraints hold."""
    root, attempt = input("key", dtype="key"), input("attempt", dtype="int64")
    whole = _joint_draw(sampler, fold_in(root, attempt) if _has_factor(sampler) else root)
    weight = _log_weight(sampler, whole)
    draw = function([root, attempt], [whole, weight], backend="numpy")

    def truth(k: Any) -> dict[str, Array]:
        for i in range(MOST_TRIES):
            drawn, log_weight = draw(k, i)
            if log_weight == 0.0:
                return {n: np.asarray(v) for n, v in drawn.items()}
            if log_weight != -np.inf:
                raise ModelError(
                    "ranks: the model has a factor that is no constraint, and no draws of its "
                    "joint law are known; start_at_truth weighs draws of the model without it"
                )
        raise CalibrationError(f"no draw of {MOST_TRIES} meets the constraints of the model")

    return truth


def _check(sampler: object, **counts: object) -> None:
    if not isinstance(sampler, Sampler):
        raise ModelError(
            f"a calibration takes the sampler that derive gives, got {describe(sampler)}"
        )
    for name, given in counts.items():
        require_count("calibration", name, given, 1)


def _uniform(values: Array, most: int) -> float:
    """P-value of uniform ranks, by chi-square on bins of equal size."""
    from scipy import stats

    most_bins = max(2, min(16, len(values) // 10))
    # Bins of equal size: a divisor of the number of ranks (choose draws = 2**k - 1).
    bins = max((b for b in range(2, most_bins + 1) if (most + 1) % b == 0), default=most + 1)
    counts = np.bincount(values * bins // (most + 1), minlength=bins)
    return float(stats.chisquare(counts).pvalue)
