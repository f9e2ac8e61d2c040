"""Relations: identities of probability theory, written once and used in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from astragal.graph.errors import AstragalError, ModelError
from astragal.graph.expr import Expr, describe
from astragal.logic.algebra import decide
from astragal.logic.build import assign_keys, build_side
from astragal.logic.domains import in_domain
from astragal.logic.families import Choice
from astragal.logic.match import Match, match, settle
from astragal.logic.pattern import Side, accepts
from astragal.logic.soundness import (
    Place,
    beside,
    check,
    count_uses,
    may_give_back,
    one_consumer,
)
from astragal.logic.variables import Variable
from astragal.ops.declare import as_expr
from astragal.random.check import check_keys
from astragal.random.distribution import (
    Domain,
)

Kind = Literal["sure", "in law", "reversal", "conditional"]
KINDS: tuple[str, ...] = ("sure", "in law", "reversal", "conditional")


@dataclass(frozen=True, eq=False)
class Relation:
    """An identity between two graphs over logic variables.

    Made by `relation`. Calling it gives a kanren goal.

    Attributes
    ----------
    name : str
    kind : str
        ``"sure"``, ``"in law"``, ``"reversal"`` or ``"conditional"``.
    variables : tuple of Variable
        In the order of the statement.
    left, right : Side
    where : tuple of Expr
        Conditions over the variables.
    source : str
        Where the identity is from.
    doc : str
    defaults : dict
        Values for variables that nothing determines.
    choice : Choice
        Its family variables, and what they stand for.
    whole : Relation or None
        The statement about a family that this one is an instance of.
    held : dict
        Of a conditional identity, from the outputs that are given to the letters that stand
        for them on the right side.
    domains : dict
        What the annotations say of the variables.
    """

    name: str
    kind: Kind
    variables: tuple[Variable, ...]
    left: Side
    right: Side
    where: tuple[Expr, ...]
    source: str
    doc: str
    defaults: Mapping[str, Any]
    module: str
    choice: Choice = field(default_factory=Choice)
    whole: Relation | None = None
    held: Mapping[Expr, Variable] = field(default_factory=dict)
    domains: Mapping[Variable, Domain] = field(default_factory=dict)
    expand: Callable[[], tuple[Relation, ...]] | None = None

    @cached_property
    def members(self) -> tuple[Relation, ...]:
        """The relations that a statement about families stands for; otherwise itself."""
        return (self,) if self.expand is None else self.expand()

    def __call__(self, lhs: Any, rhs: Any) -> Callable[[Any], Iterator[Any]]:
        """Give the kanren goal that two terms are the two sides."""
        from astragal.logic.goals import relation_goal

        return relation_goal(self, lhs, rhs)

    def __repr__(self) -> str:
        return f"<relation {self.name} ({self.kind})>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_find, (self.module, self.name))

    def chosen(self, bindings: Mapping[str, Any]) -> tuple[tuple[Relation, ...], dict[str, Any]]:
        """List the members that bindings allow, and the bindings that are left.

        A family variable may be bound to a distribution, ``D=ag.random.normal``.

        Raises
        ------
        TypeError
            For a name that no member has.
        """
        wanted = {n: getattr(bindings[n], "op", None) for n in bindings if n in self.choice.made}
        rest = {n: x for n, x in bindings.items() if n not in wanted}
        out = []
        for m in self.members:
            made = m.choice.made
            named = {n: f.member.name for n, f in made.items() if f.member is not None}
            if all(op is not None and named.get(n) == op.name for n, op in wanted.items()):
                out.append(m)
        known = [m for m in out if set(rest) <= {str(v.args[0]) for v in m.variables}]
        if not known:
            (out or self.members)[0].bound(rest)
            choices = ", ".join(m.choice.label for m in self.members)
            raise TypeError(f"{self.name}: {', '.join(wanted)} is one of {choices}")
        return tuple(known), rest

    def side(self, direction: str) -> tuple[Side, Side]:
        """Give the side that is matched and the side that is written, in a direction.

        Raises
        ------
        ModelError
            For an unknown direction.
        """
        if direction == "forward":
            return self.left, self.right
        if direction == "backward":
            return self.right, self.left
        raise ModelError(f"direction is 'forward' or 'backward', not {direction!r}")

    def forward(self, x: Any, /, **bindings: Any) -> Any:
        """Read the identity from left to right at an expression.

        Parameters
        ----------
        x
            An expression, or a tuple of them where the side has several.
        **bindings
            Values for variables of the statement.

        Returns
        -------
        Expr, tuple of Expr, or None
            None where the identity does not apply.

        Raises
        ------
        KeyReuseError
            Where it applies to what spends a key twice: that has no law that could be kept.
        """
        return self.apply(x, "forward", bindings)

    def backward(self, x: Any, /, **bindings: Any) -> Any:
        """Read the identity from right to left at an expression.

        What the expression does not determine is solved for, taken from ``bindings``, or
        split evenly.

        Examples
        --------
        >>> import astragal as ag
        >>> from astragal.rewrites.convolutions import normal_convolution
        >>> k, m, s = ag.key(0), ag.input("m"), ag.input("s")
        >>> x = ag.random.normal(k, m, s)
        >>> y = normal_convolution.backward(x, m1=1.0, s1=0.5)
        >>> y.args[1].args[2:]
        (m - 1.0, sqrt(s**2.0 - 0.5**2.0))
        >>> normal_convolution.forward(y) is x
        True
        """
        return self.apply(x, "backward", bindings)

    def update(self, *outputs: Expr) -> tuple[Expr, ...] | None:
        """Draw the unobserved outputs of a statement from their law given the others.

        A reversal and a conditional identity both say what that law is. Further outputs of a
        model may follow those of the statement: they are given too.

        Returns
        -------
        tuple of Expr or None
            The outputs, of which the unobserved ones are new; None where the identity does
            not apply, or a further output reads what is updated and not through what is
            given.

        Examples
        --------
        >>> import astragal as ag
        >>> from astragal.rewrites.conjugacy import gamma_poisson
        >>> kr, ky, kz = ag.split(ag.key(0), 3)
        >>> rate = ag.random.gamma(kr, 2.0, rate=4.0)
        >>> y = ag.random.poisson(ky, rate)
        >>> z = ag.random.poisson(kz, y + 1.0)
        >>> new, same, _ = gamma_poisson.update(rate, y, z)
        >>> new.op, same is y
        (gamma, True)
        >>> gamma_poisson.update(rate, y, ag.random.poisson(kz, rate)) is None
        True
        """
        from astragal.logic.blanket import update

        return update(self, outputs)

    def apply(self, x: Any, direction: str, bindings: Mapping[str, Any]) -> Any:
        """Rewrite a whole expression, or a tuple of several, in one direction."""
        xs = x if isinstance(x, tuple) else (x,)
        for v in xs:
            if not isinstance(v, Expr):
                raise TypeError(f"{self.name}.{direction} takes expressions, got {describe(v)}")
        place = Place(count_uses(xs))
        members, rest = self.chosen(bindings)
        for member in members:
            for step in member.steps(xs, direction, rest, place):
                if self.kind != "sure":
                    check_keys(*xs)  # a key may be reached in ways that no match sees
                return step.new if isinstance(x, tuple) else step.new[0]
        return None

    def bound(self, bindings: Mapping[str, Any]) -> dict[Expr, Expr]:
        """Turn bindings by name into bindings of variables.

        Raises
        ------
        TypeError
            For a name that the statement lacks, or a value of the wrong sort.
        """
        names = {str(v.args[0]): v for v in self.variables}
        env: dict[Expr, Expr] = {}
        for name, value in bindings.items():
            v = names.get(name)
            if v is None:
                raise TypeError(f"{self.name} has no variable {name!r}; it has {', '.join(names)}")
            dtype = getattr(v.type, "dtype", None)
            x = as_expr(value, dtype if isinstance(value, (int, float)) else None)
            if not accepts(v.type, x.type):
                raise TypeError(f"{self.name}: {name} is {describe(x)}, expected {v.type!r}")
            env[v] = x
        return env

    def steps(
        self,
        xs: Sequence[Expr],
        direction: str,
        bindings: Mapping[str, Any],
        place: Place,
        refused: list[str] | None = None,
    ) -> Iterator[Step]:
        """List the ways to rewrite given roots, all conditions checked.

        Parameters
        ----------
        refused
            Gets a sentence for each match that may not be rewritten.
        """
        if self.expand is not None:
            members, rest = self.chosen(bindings)
            for member in members:
                yield from member.steps(xs, direction, rest, place, refused)
            return
        source, target = self.side(direction)
        if len(xs) != len(source.roots) or (self.held and direction == "backward"):
            return
        given = self.bound(bindings)
        for found in self.matches(source, xs, given, direction):
            step = self.finish(found, target, direction, place, refused)
            if step is not None:
                yield step

    def steps_at(
        self, x: Expr, direction: str, place: Place, refused: list[str] | None = None
    ) -> Iterator[Step]:
        """List the ways to rewrite where the side's first anchor is a given node."""
        if self.expand is not None:
            for member in self.members:
                yield from member.steps_at(x, direction, place, refused)
            return
        source, target = self.side(direction)
        if self.held or not (source.single_anchor or place.readers):
            return  # a conditional law takes nothing's place in a graph
        for found in self.matches(source, (x,), {}, direction, place):
            step = self.finish(found, target, direction, place, refused)
            if step is not None:
                yield step

    def matches(
        self,
        source: Side,
        xs: Sequence[Expr],
        given: Mapping[Expr, Expr],
        direction: str,
        place: Place | None = None,
    ) -> Iterator[Match]:
        """List the matches of one side at given roots, parameters solved.

        With a place only the first anchor is given; the other roots are looked for there.
        """
        first = Match(source, {})
        first.env.update(given)

        def roots(places: tuple[int, ...], m: Match) -> Iterator[Match]:
            if not places:
                yield m
                return
            i = places[0]
            p = source.roots[i]
            if place is not None and len(places) < len(source.roots):
                # A root that stands below the first was found on the way.
                if p in m.env:
                    yield from roots(places[1:], m)
                    return
                for x in beside(p, m, place):
                    for found in match(p, x, m):
                        yield from roots(places[1:], found)
                return
            for found in match(p, xs[i if place is None else 0], m):
                yield from roots(places[1:], found)

        hints = self.left.positive | self.right.positive
        for found in roots(source.anchors, first):
            done = False
            for settled in settle(found, hints=hints):
                done = True
                yield settled
            if not done:
                yield from settle(found, witness="even", hints=hints)

    def finish(
        self,
        found: Match,
        target: Side,
        direction: str,
        place: Place,
        refused: list[str] | None = None,
    ) -> Step | None:
        """Check a match and build the other side."""

        def refuse(why: str) -> Step | None:
            if refused is not None:
                refused.append(why)
            return None

        for v in self.variables:
            if v not in found.env and str(v.args[0]) in self.defaults:
                found.env[v] = as_expr(self.defaults[str(v.args[0])])
        why = check(found, self.kind, place, target)
        if why is None:
            why = self.unmet(found)
        if why is not None:
            return refuse(why)
        for r, letter in self.held.items():
            found.env[letter] = found.env[r]
        keys = assign_keys(
            found,
            target,
            exact=self.kind == "sure",
            may_give_back=lambda parent, freed: may_give_back(place, parent, freed),
        )
        if keys is None:
            return refuse("the match does not free the keys that the new side needs")
        new = build_side(found, target, keys)
        if new is None:
            return refuse("a parameter of the new side is not determined, or outside its domain")
        for old, n in zip(found.roots, new, strict=True):
            if old.type != n.type:
                return refuse(f"the new side has type {n.type!r}, the old one {old.type!r}")
        if self.kind == "sure":
            why = one_consumer(found, new, place) if target.draws else None
            if why is not None:
                return refuse(why)
        return Step(self, direction, found.roots, new, found.parameters, tuple(found.conditions))

    def unmet(self, found: Match) -> str | None:
        """Check the conditions of the statement; what is not seen to hold does not."""
        from astragal.logic.match import nonnegative_of, put_in

        known = nonnegative_of(found)
        for v, domain in self.domains.items():
            if v in found.env and not in_domain(v, domain, found, known):
                return f"{v!r} = {found.env[v]!r} is not known to be {domain.words}"
        for c in self.where:
            holds = Match(Side((c,)), found.env)
            try:
                verdict = decide(put_in(c, holds), known)
            except AstragalError as error:
                return str(error)
            if verdict is not True:
                state = "fails" if verdict is False else "is not known to hold"
                return f"the condition {c!r} {state}"
        return None

    @cached_property
    def text(self) -> str:
        """The statement on one line."""
        from astragal.logic.report import statement

        return statement(self)

    @cached_property
    def latex(self) -> str:
        """The statement in LaTeX."""
        from astragal.logic.report import latex

        return latex(self)

    def _repr_latex_(self) -> str:
        return f"$${self.latex}$$"

    def _repr_html_(self) -> str:
        from astragal.display.show import relation_html

        return relation_html(self)


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One rewriting: what it was, where, and with which values.

    Attributes
    ----------
    relation : Relation
    direction : str
    old, new : tuple of Expr
        The roots before and after.
    bindings : dict
        Values of the statement's variables (keys left out).
    conditions : tuple of Expr
        What must hold when the graph runs (a violation is an error there).
    """

    relation: Relation
    direction: str
    old: tuple[Expr, ...]
    new: tuple[Expr, ...]
    bindings: Mapping[Variable, Expr]
    conditions: tuple[Expr, ...] = ()

    def __str__(self) -> str:
        arrow = "->" if self.direction == "forward" else "<-"
        values = ", ".join(f"{v!r} = {x!r}" for v, x in self.bindings.items())
        lines = [f"{self.relation.name} {arrow} ({self.relation.source})", f"  where {values}"]
        lines += [f"  {a!r}  =>  {b!r}" for a, b in zip(self.old, self.new, strict=True)]
        lines += [f"  provided {c!r}" for c in self.conditions]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from astragal.display.show import step_html

        return step_html(self)


def _find(module: str, name: str) -> Relation:
    import importlib

    whole, _, label = name.partition("[")
    found = getattr(importlib.import_module(module), whole)
    assert isinstance(found, Relation)
    return next(m for m in found.members if m.name == name) if label else found
