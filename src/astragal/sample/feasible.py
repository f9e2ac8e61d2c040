"""Starting points that fulfil a model's constraints, where draws by themselves do not.

Ten numbers drawn each by itself are in order once in three million times. So a chain keeps the
draw that violates its conditions least, and takes numbers of later draws for its own, one at
a time, wherever that violates them no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from astragal.compile import function
from astragal.density.joint import factorise
from astragal.derive.bounds import condition_of, conjuncts
from astragal.derive.sampler import Sampler
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import toposort
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.manipulation import astype
from astragal.ops.searching import where

State = dict[str, Any]

ORDERS = {"less": True, "less_equal": True, "greater": False, "greater_equal": False}
SMALL = 1e-6
"""What a condition misses at least that does not hold."""
OTHERS = 3
"""Elements of a draw that are tried beside the one at the same place."""
MOST = 200
"""Numbers of a point that are tried in one turn."""


class Search:
    """Ever better points, and their log densities.

    Parameters
    ----------
    sampler
        Whose constraints count, and beside them the supports of its variables.
    """

    def __init__(self, sampler: Sampler) -> None:
        joint = factorise(sampler.augmented or sampler.model, [*sampler.observed], name_all=True)
        found = [condition_of(j) for j in joint.jacobians.values()]
        tests = [t for t in found if t is not None]
        self.useful = bool(tests)
        tests += [f.support for f in joint.factors if f.support is not None]
        amounts = [r.sum(_missing(part)) for t in tests for part in _parts(t)]
        total = sum(amounts, scalar(0.0, "float64"))
        self._gap = _of_values(total)
        assert sampler.target is not None
        self._height = _of_values(sampler.target.outputs["logdensity"])
        self._moved = list(sampler.latent_names)
        self._best: State | None = None
        self._least = np.inf

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
        left = self._gap({**drawn, **data})
        if self._best is None or left < self._least:
            self._best, self._least, drawn = dict(drawn), left, self._best or drawn
        best = self._best
        rng = np.random.default_rng(turn)
        places = [(n, i) for n in self._moved for i in range(np.size(best[n]))]
        for j in rng.permutation(len(places))[:MOST]:
            name, i = places[j]
            several = np.ravel(drawn[name])
            for new in (several[i], *rng.choice(several, OTHERS)):
                if not self._least:
                    break
                value = np.array(best[name])
                # Of equal numbers in an order trajectories, whose ends they are, could not leave.
                if value.dtype.kind == "f" and new in value:
                    continue
                value.flat[i] = new
                tried = {**best, name: value}
                left = self._gap({**tried, **data})
                if left <= self._least:
                    best, self._least = tried, left
        self._best = best
        return best, self._height({**best, **data})


def _parts(test: Expr) -> list[Expr]:
    """Take apart what holds where all of several conditions do."""
    parts = conjuncts(test)
    if len(parts) == 1:
        return _parts(test.args[0]) if test.op.name == "all" else parts
    return [smaller for part in parts for smaller in _parts(part)]


def _missing(test: Expr) -> Expr:
    """Give how far each element is from fulfilling a condition: 0 where it does."""
    gap = scalar(0.0, "float64")
    if test.op.name in ORDERS and test.args[0].dtype != "bool":
        a, b = (astype(x, "float64") for x in test.args)
        gap = e.subtract(a, b) if ORDERS[test.op.name] else e.subtract(b, a)
    return where(test, 0.0, where(gap > 0.0, gap, 0.0) + SMALL)


def _of_values(x: Expr) -> Callable[[Mapping[str, Any]], float]:
    """Compile an expression of placeholders as a function of their values."""
    inputs = [y for y in toposort([x]) if y.op is INPUT]
    run = function(inputs, x, backend="numpy")
    names = [str(y.args[0]) for y in inputs]
    return lambda values: float(run(*(values[n] for n in names)))
