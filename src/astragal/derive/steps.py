"""What a sampler is made of: steps, each a graph with its law and its justification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import substitute
from astragal.ops.searching import where

State = dict[str, Expr]
"""Values by name. Names with a colon (``"alpha:width"``) are tuning, not variables."""


@dataclass(frozen=True)
class UsedRelation:
    """A relation that a step rests on.

    Attributes
    ----------
    name
        Its name in the book, such as ``gamma_poisson``.
    source
        Where it is proved.
    bindings
        From the letters of the identity to what they stand for here, as text.
    """

    name: str
    source: str
    bindings: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.name} ({self.source})" if self.source else self.name


@dataclass(frozen=True)
class Trial:
    """What a pilot run of a sampler showed.

    Attributes
    ----------
    steps
        Names and kinds of its steps.
    rate
        Effective draws a second of the quantity that mixes worst.
    trusted
        Whether its chains, from starts of their own, came to one place, and one as wide as
        other samplers found.
    work, sweeps
        What was expected: nanoseconds of a sweep, and sweeps that an effective draw takes.
    """

    steps: tuple[tuple[str, str], ...]
    rate: float
    trusted: bool = True
    work: float = 0.0
    sweeps: float = 0.0

    def __str__(self) -> str:
        shown = ", ".join(f"{name}: {kind}" for name, kind in self.steps)
        doubt = "" if self.trusted else ", whose chains disagree or stand still"
        cost = 1e9 / max(self.work * self.sweeps, 1e-9)
        before = f" (expected {cost:,.0f})" if self.work else ""
        return f"{self.rate:,.0f} effective draws a second{before} by {shown}{doubt}"


@dataclass(frozen=True, eq=False)
class Conditional:
    """The law of some variables given all others.

    Attributes
    ----------
    text
        In statistics notation, ``theta[i] | ... ~ Gamma(alpha + failures[i], rate = ...)``.
    law
        Where the law is a known one, the random variable: an expression of inputs named
        like the other variables, and of the key input ``"key"``. Otherwise None.
    logdensity
        The log density up to a constant, as an expression of inputs named like the
        variables.
    premises
        The laws of the model that it follows from, in statistics notation: the variables'
        own, then those of what depends on them.
    """

    text: str
    law: Expr | None
    logdensity: Expr
    premises: tuple[str, ...] = ()


_ENDLESS = 2**31
"""Length of a warm-up whose end is not known."""


def _warming(tuning: Expr | bool | int, wanted: Expr) -> Expr:
    """Write what is said of the warm-up as a step reads it: a flag, or what is left of it."""
    whole = isinstance(tuning, int) and not isinstance(tuning, bool)
    x = tuning if isinstance(tuning, Expr) else scalar(tuning, "int64" if whole else "bool")
    if x.dtype == wanted.dtype:
        return x
    return x > 0 if wanted.dtype == "bool" else where(x, _ENDLESS, 0)


@dataclass(frozen=True, eq=False)
class Program:
    """A graph over placeholders: what a step computes.

    Attributes
    ----------
    key
        The placeholder of the key.
    inputs
        The placeholders of the state, by name.
    tuning
        The placeholder of the number of iterations of the warm-up that are to come (or of a
        flag that tells warm-up from draws).
    outputs
        New values, by name: a part of the state.
    info
        Scalars about the move (number of evaluations, acceptance, divergence), by name.
    held
        Names of inputs that are read in the warm-up alone.
    """

    key: Expr
    inputs: Mapping[str, Expr]
    tuning: Expr
    outputs: Mapping[str, Expr]
    info: Mapping[str, Expr] = field(default_factory=dict)
    held: frozenset[str] = frozenset()

    def __call__(
        self, key: Expr, state: Mapping[str, Expr], tuning: Expr | bool | int = False
    ) -> tuple[State, State]:
        """Put expressions in place of the placeholders: the outputs, and the info."""
        mapping = {self.key: key, self.tuning: _warming(tuning, self.tuning)}
        for name, x in self.inputs.items():
            if name not in state:
                raise ModelError(f"the state lacks {name!r}; it has {', '.join(state)}")
            mapping[x] = state[name]
        new = substitute([*self.outputs.values(), *self.info.values()], mapping)
        n = len(self.outputs)
        return (
            dict(zip(self.outputs, new[:n], strict=True)),
            dict(zip(self.info, new[n:], strict=True)),
        )


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a sampler: new values for some variables, given all others.

    Attributes
    ----------
    targets
        Names of the variables that it draws.
    kind
        ``"exact"`` (independent draws), ``"gibbs"``, ``"slice"``, ``"nuts"``, ...
    conditional
        The law that it draws from, or that it leaves invariant.
    relations
        Why: in the order in which they were used.
    program
        The graph.
    tuning
        Initial values of what it adapts in the warm-up, by name (with a colon).
    parts
        The steps that it consists of, where there are several.
    """

    targets: tuple[str, ...]
    kind: str
    conditional: Conditional
    relations: tuple[UsedRelation, ...]
    program: Program
    tuning: Mapping[str, Expr] = field(default_factory=dict)
    parts: tuple[Step, ...] = ()

    @property
    def name(self) -> str:
        """The names of its variables, joined."""
        return "+".join(self.targets)

    def update(
        self, key: Expr, state: Mapping[str, Expr], tuning: Expr | bool | int = False
    ) -> State:
        """Build the graph of the step: its targets' new values (and its tuning's).

        Parameters
        ----------
        key
            Spent by the step.
        state
            An expression for every variable that is not a target's function, observed
            ones included.
        tuning
            How many iterations of the warm-up are to come, this one counted; or whether the
            step may adapt, where that is not known.
        """
        return self.program(key, state, tuning)[0]

    def move(
        self, key: Expr, state: Mapping[str, Expr], tuning: Expr | bool | int = False
    ) -> tuple[State, State]:
        """Build the step's graph, with what it tells about the move (info scalars by name)."""
        return self.program(key, state, tuning)

    def __str__(self) -> str:
        why = ", ".join(str(r) for r in self.relations)
        return f"{self.conditional.text}    [{self.kind}{': ' + why if why else ''}]"


def remembered(steps: Iterable[Step]) -> set[str]:
    """Name what steps in turn read, after the warm-up, before they draw it anew."""
    read: set[str] = set()
    drawn: set[str] = set()
    for s in steps:
        read |= {*s.program.inputs} - s.program.held - drawn
        drawn |= {*s.targets}
    return read
