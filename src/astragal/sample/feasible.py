"""Starting points of positive density, where draws by themselves have none.

Ten numbers drawn each by itself are in order once in three million times. So a chain keeps the
draw that violates its conditions least. It steps down the slope of all that they miss together,
and changes numbers one at a time, to those of later draws or by steps of all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.compile import function
from astragal.density.joint import factorise
from astragal.derive.bounds import condition_of, conjuncts
from astragal.derive.sampler import Sampler
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import toposort
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.gradient import grad
from astragal.ops.manipulation import astype
from astragal.ops.searching import where

State = dict[str, Any]

ORDERS = {"less": True, "less_equal": True, "greater": False, "greater_equal": False}
SMALL = 1e-6
"""What a condition misses at least that does not hold."""
OTHERS = 3
"""Elements of a draw that are tried beside the one at the same place."""
STEPS = 4
"""Steps from where a number is that are tried beside them."""
SIZES = (-6.0, 2.0)
"""Between which powers of ten of a number, or of one, steps from it lie."""
MOST = 200
"""Numbers of a point that are tried in one turn."""
DOWN = 50
"""Steps down the slope in one turn."""


@dataclass(frozen=True)
class Term:
    """What a density is zero by, or no number.

    Attributes
    ----------
    what
        A condition or a variable's density, in words.
    amount
        How far it is from a positive one: 0 where it is.
    reads
        The latent variables that it depends on.
    """

    what: str
    amount: Expr
    reads: tuple[str, ...]


class Search:
    """Ever better points, and their log densities.

    Parameters
    ----------
    sampler
        Whose constraints count, and beside them the densities of its variables.
    """

    def __init__(self, sampler: Sampler) -> None:
        self._terms = _terms(sampler)
        self._amounts = _of_values([t.amount for t in self._terms])
        self._slopes = _slopes(self._terms)
        assert sampler.target is not None
        self._height = _of_values([sampler.target.outputs["logdensity"]])
        self._best: State | None = None
        self._missing: list[float] = []

    def better(
        self, drawn: Mapping[str, Any], data: Mapping[str, Any], turn: int
    ) -> tuple[State, float]:
        """Give the best point by now, and its log density.

        Parameters
        ----------
        drawn
            Another draw of the state.
        data
            The observations.
        turn
            The number of the draw, which tells in what order its numbers are tried.
        """
        left = self._amounts({**drawn, **data})
        if self._best is None or sum(left) < sum(self._missing):
            self._best, self._missing, drawn = dict(drawn), left, self._best or drawn
        rng = np.random.default_rng(turn)
        self._descend(data, rng)
        best = self._best
        # What no failing term reads could be left as it is.
        failing = {n for t, x in zip(self._terms, self._missing, strict=True) if x for n in t.reads}
        places = [(n, i) for n in sorted(failing) for i in range(np.size(best[n]))]
        for j in rng.permutation(len(places))[:MOST]:
            name, i = places[j]
            for new, further in _others(drawn[name], best[name], i, rng):
                value = np.array(best[name])
                # Of equal numbers in an order trajectories, whose ends they are, could not leave.
                if value.dtype.kind == "f" and new in value:
                    continue
                value.flat[i] = new
                tried = {**best, name: value}
                left = self._amounts({**tried, **data})
                # Steps that gain nothing would lead ever farther off.
                if sum(left) < sum(self._missing) or (left == self._missing and not further):
                    best, self._missing = tried, left
            if not any(self._missing):
                break
        self._best = best
        return best, self._height({**best, **data})[0]

    def _descend(self, data: Mapping[str, Any], rng: np.random.Generator) -> None:
        """Step down the slope of what is missing, as far as a plane would have it all gone.

        Where all conditions are convex these steps come ever closer to a point that fulfils them
        (Polyak 1969, USSR Comput. Math. Math. Phys. 9(3):14-29); longer ones end inside.
        """
        assert self._best is not None
        names, run = self._slopes
        at = dict(self._best)
        for longer in rng.uniform(1.0, 2.0, size=DOWN):
            if not any(self._missing) or not names:
                return
            missing, *found = run({**at, **data})
            slopes = [np.nan_to_num(g, posinf=0.0, neginf=0.0) for g in found]
            steep = sum(float(np.sum(np.square(g))) for g in slopes)
            if not 0.0 < steep < np.inf:
                return
            for name, g in zip(names, slopes, strict=True):
                at[name] = np.asarray(at[name] - longer * missing / steep * g, at[name].dtype)
            left = self._amounts({**at, **data})
            if sum(left) < sum(self._missing):
                self._best, self._missing = dict(at), left

    def complaint(self) -> str:
        """Say what the best point fails by, where it lies, and what may help."""
        found = [(t, x) for t, x in zip(self._terms, self._missing, strict=True) if x]
        what = [t.what for t, _ in found] or ["their product"]
        best = self._best or {}
        reads = list(dict.fromkeys(n for t, _ in found for n in t.reads)) or sorted(best)
        at = ", ".join(f"{n} = {_short(best[n])}" for n in reads[:SHOWN])
        example = ", ".join(f"{n!r}: ..." for n in reads[:SHOWN])
        return (
            f"zero or no number is {'; '.join(dict.fromkeys(what[:SHOWN]))}, last at {at}. Do the "
            "constraints and data of the model contradict each other? If not, begin where the "
            f"density is positive: sample(start={{{example}}})"
        )


SHOWN = 4
"""Terms and variables that an error names."""


def _others(drawn: Any, best: Any, i: int, rng: np.random.Generator) -> Iterator[tuple[Any, bool]]:
    """Give numbers for one place: those of a draw, then steps of all sizes from where it is.

    Each with whether it is such a step.
    """
    several, now = np.ravel(drawn), np.ravel(best)[i]
    yield from ((x, False) for x in (several[i], *rng.choice(several, OTHERS)))
    if now.dtype.kind == "b" or not np.isfinite(now):
        return
    sizes = (1.0 + np.abs(now)) * 10.0 ** rng.uniform(*SIZES, size=STEPS)
    for step in sizes * rng.choice([-1.0, 1.0], size=STEPS):
        whole = np.sign(step) * np.ceil(np.abs(step))
        yield now + (step if now.dtype.kind == "f" else whole.astype(now.dtype)), True


def _short(value: Any) -> str:
    array = np.asarray(value)
    if array.ndim:
        return f"{array.min():.3g} to {array.max():.3g}" if array.size else "empty"
    return f"{array:.3g}"


def _terms(sampler: Sampler) -> list[Term]:
    """List the conditions on a model and the densities of its variables."""
    joint = factorise(sampler.augmented or sampler.model, [*sampler.observed], name_all=True)
    names = {x: n for n, x in joint.coordinates.items() if n in sampler.latent_names}
    parts: list[tuple[str, Expr]] = []
    for name, j in joint.jacobians.items():
        condition = condition_of(j)
        tests = [] if condition is None else conjuncts(condition)
        parts += [(f"the condition {name!r}", _missing(t)) for t in tests]
        if condition is None:
            parts.append((f"the term {name!r}", _not_finite(j)))
    for f in joint.factors:
        if f.support is not None:
            parts += [(f"the density of {f.name!r}", _missing(t)) for t in conjuncts(f.support)]
        parts.append((f"the density of {f.name!r}", _not_finite(f.guarded)))
    found = [(what, r.sum(x)) for what, x in parts]
    return [Term(w, x, tuple(names[y] for y in toposort([x]) if y in names)) for w, x in found]


def _missing(test: Expr) -> Expr:
    """Give how far each element is from fulfilling a condition: 0 where it does."""
    gap = scalar(0.0, "float64")
    if test.op.name in ORDERS and test.args[0].dtype != "bool":
        a, b = (astype(x, "float64") for x in test.args)
        gap = e.subtract(a, b) if ORDERS[test.op.name] else e.subtract(b, a)
    return where(test, 0.0, where(gap > 0.0, gap, 0.0) + SMALL)


def _not_finite(density: Expr) -> Expr:
    """Count each element that is infinite or no number."""
    return where(e.isfinite(density), 0.0, 1.0)


def _slopes(terms: Sequence[Term]) -> tuple[list[str], Callable[[Mapping[str, Any]], list[Any]]]:
    """Compile the sum of what terms miss, and its slopes by the variables that are numbers."""
    total = sum((t.amount for t in terms), scalar(0.0, "float64"))
    wanted = {n for t in terms for n in t.reads}
    inputs = [
        x for x in toposort([total])
        if x.op is INPUT and str(x.args[0]) in wanted and x.dtype in FLOATS
    ]  # fmt: skip
    return [str(x.args[0]) for x in inputs], _of_values([total, *grad(total, inputs)])


def _of_values(x: Sequence[Expr]) -> Callable[[Mapping[str, Any]], list[Any]]:
    """Compile expressions of placeholders as a function of their values."""
    inputs = [y for y in toposort(x) if y.op is INPUT]
    run = function(inputs, list(x), backend="numpy")
    names = [str(y.args[0]) for y in inputs]
    return lambda values: list(run(*(values[n] for n in names)))
