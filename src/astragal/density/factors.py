"""The joint law of a model as factors: what `factorise` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.model import Model
from astragal.ops import reductions as r
from astragal.ops.searching import where
from astragal.random.distribution import Distribution, is_random, random_parts


@dataclass(frozen=True, eq=False)
class Factor:
    """The log density of one random variable, given those that it depends on.

    Attributes
    ----------
    name
        Of the variable.
    rv
        Its node: a random variable, unless others were integrated out below it.
    value, parameters
        As expressions of the coordinates.
    density
        Elementwise log density over the batch, meant inside the support.
    support
        Elementwise test of the value; None where the support is the whole line.
    source
        What has this value in the model's own graph: the node itself, unless that is an
        output of a loop or a part of a variable.
    relative
        Where ``density`` leaves out a measure of the value alone: the log density of the
        distribution relative to that measure.
    """

    name: str
    rv: Expr
    value: Expr
    parameters: tuple[Expr, ...]
    density: Expr
    support: Expr | None
    source: Expr
    relative: Expr | None = None

    @property
    def distribution(self) -> Distribution:
        """Declaration of the distribution."""
        return random_parts(self.rv)[0]

    @property
    def family(self) -> str:
        """Name of the distribution."""
        return self.rv.op.name

    @property
    def sampled(self) -> bool:
        """Whether the distribution can be drawn from: an improper one cannot."""
        return is_random(self.rv) and random_parts(self.rv)[0].sampler is not None

    @property
    def total(self) -> Expr:
        """Scalar log density, minus infinity outside the support."""
        return r.sum(self.guarded)

    @property
    def guarded(self) -> Expr:
        """Elementwise log density, minus infinity outside the support."""
        if self.support is None:
            return self.density
        inside = self.support
        extra = inside.ndim - self.density.ndim
        if extra > 0:
            inside = r.all(inside, tuple(range(inside.ndim - extra, inside.ndim)))
        return where(inside, self.density, scalar(float("-inf"), self.density.dtype))


@dataclass(frozen=True, eq=False)
class Level:
    """A term that is level in some of what it reads.

    Attributes
    ----------
    term
        It with inputs in the places of these.
    values
        What belongs there.
    """

    term: Expr
    values: Mapping[Expr, Expr]


@dataclass(frozen=True, eq=False)
class Joint:
    """The joint law of a model in coordinates.

    Attributes
    ----------
    coordinates
        The inputs that stand for values, by name.
    factors
        One a random variable, in topological order.
    jacobians
        Scalar terms of changes of variables, by the name of the deterministic variable, and
        of the model's factors.
    values
        Every named variable as an expression of the coordinates.
    level
        Terms that do not change, to first order, with some of what they read.
    """

    model: Model
    coordinates: Mapping[str, Expr]
    factors: tuple[Factor, ...]
    jacobians: Mapping[str, Expr]
    values: Mapping[str, Expr]
    level: Mapping[Expr, Level] = field(default_factory=dict)

    @property
    def total(self) -> Expr:
        """The joint log density."""
        terms = [*(f.total for f in self.factors), *self.jacobians.values()]
        out = terms[0]
        for t in terms[1:]:
            out = out + t
        return out
