"""Statements: an ordinary function over logic variables, made into a relation."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from astragal.graph.errors import ModelError
from astragal.graph.expr import DIMENSION, Expr
from astragal.graph.types import KeyType, TensorType, Type, tensor_type
from astragal.logic.conditional import held_letters
from astragal.logic.families import Choice, Family, Member, family_of
from astragal.logic.pattern import Side, make_side
from astragal.logic.relation import KINDS, Kind, Relation
from astragal.logic.variables import VARIABLE, Variable
from astragal.random.distribution import POSITIVE, PROBABILITY, Domain
from astragal.random.keys import DEFAULT
from astragal.random.multivariate import COVARIANCE, SIMPLEX


class Key(Expr):
    """Annotation of a relation's key variables: ``def rule(k: Key, m, s)``."""


class Integer(Expr):
    """Annotation of a relation's integer variables."""


class Positive(Expr):
    """Annotation of a relation's positive variables."""


class Probability(Expr):
    """Annotation of a relation's variables between 0 and 1."""


class Vector(Expr):
    """Annotation of a relation's vector variables."""


class IntegerVector(Expr):
    """Annotation of a relation's vectors of integers."""


class PositiveVector(Expr):
    """Annotation of a relation's vectors of positive numbers."""


class Simplex(Expr):
    """Annotation of a relation's vectors of probabilities with sum 1."""


class Matrix(Expr):
    """Annotation of a relation's matrix variables."""


class StochasticMatrix(Expr):
    """Annotation of a relation's matrices whose rows are probabilities with sum 1."""


class Covariance(Expr):
    """Annotation of a relation's symmetric, positive definite matrices."""


_RANKS: dict[Any, int] = {
    **dict.fromkeys((Vector, IntegerVector, PositiveVector, Simplex), 1),
    **dict.fromkeys((Matrix, StochasticMatrix, Covariance), 2),
}
_DOMAINS: dict[Any, Domain] = {
    Positive: POSITIVE,
    PositiveVector: POSITIVE,
    Probability: PROBABILITY,
    Simplex: SIMPLEX,
    StochasticMatrix: SIMPLEX,
    Covariance: COVARIANCE,
}


def _annotation_type(annotation: Any, name: str) -> Type:
    if annotation is Key:
        return KeyType(DEFAULT)
    if annotation in (Integer, int):
        return tensor_type("int64")
    if annotation is bool:
        return tensor_type("bool")
    if annotation in _RANKS:
        dims = [DIMENSION(f"{name}{i}") for i in range(_RANKS[annotation])]
        if annotation is Covariance:
            dims[1] = dims[0]
        dtype = "int64" if annotation is IntegerVector else "float64"
        return tensor_type(dtype, tuple(dims))
    if annotation in (inspect.Parameter.empty, float, Expr, None, Positive, Probability):
        return tensor_type("float64")
    if isinstance(annotation, Type):
        return annotation
    raise ModelError(f"variable {name}: {annotation!r} is no type of a relation's variable")


def relation(
    kind: Kind,
    *,
    source: str = "",
    where: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Any]], Relation]:
    """Make a relation of a function of logic variables that gives its two sides.

    The function returns a pair, or yields both sides one after the other; a side is an
    expression or a tuple of them, whose joint law is then meant. Parameters annotated with
    `Key` are keys, those annotated with a `Family` are distributions; others are float64
    scalars unless annotated otherwise.

    Parameters
    ----------
    kind
        ``"sure"``: both sides are the same function of the same keys. ``"in law"``: they
        have the same distribution. ``"reversal"``: the same joint law of several variables.
        ``"conditional"``: outputs that both sides share are given, and the right side has the
        law of the others given these.
    source
        Where the identity is stated and proved.
    where
        A function of some of the variables that gives the conditions of the identity.

    Returns
    -------
    callable
        A decorator.

    Raises
    ------
    ModelError
        Where the function does not give two sides of the same types.

    Examples
    --------
    >>> import astragal as ag
    >>> @relation("sure", source="definition")
    ... def standardise(k: Key, D: ag.LocationScale, m, s):
    ...     return D(k, m, s), m + s * D(k, 0.0, 1.0)
    >>> standardise.forward(ag.random.normal(ag.key(1), 5.0, 2.0))
    5.0 + 2.0 * normal(key(1, 'threefry4x32'), 0.0, 1.0)
    >>> standardise.forward(ag.random.gumbel(ag.key(1), 5.0, 2.0)).args[1].args[1].op
    gumbel
    """
    if kind not in KINDS:
        raise ModelError(f"kind {kind!r}: a relation is {', '.join(map(repr, KINDS))}")

    def decorate(function: Callable[..., Any]) -> Relation:
        return Statement(function, kind, source, where).relation()

    return decorate


class Statement:
    """A function over logic variables, and what its decorator says of it."""

    def __init__(
        self,
        function: Callable[..., Any],
        kind: Kind,
        source: str,
        where: Callable[..., Any] | None,
    ) -> None:
        if not callable(function):
            raise ModelError(f"a relation is made of a function, got {function!r:.60}")
        self.function, self.source, self.where = function, source, where
        self.kind: Kind = kind
        self.name: str = getattr(function, "__name__", "relation")
        signature = inspect.signature(function)
        try:
            hints = typing.get_type_hints(function)
        except NameError:
            hints = {}
        self.defaults: dict[str, Any] = {}
        self.variables: dict[str, Variable] = {}
        self.families: dict[str, type[Family]] = {}
        self.domains: dict[Variable, Domain] = {}
        self.order = tuple(signature.parameters)
        for p in signature.parameters.values():
            annotation = hints.get(p.name, p.annotation)
            if annotation == "Key":
                annotation = Key
            family = family_of(annotation)
            if family is not None:
                self.families[p.name] = family
                continue
            v = VARIABLE(p.name, _annotation_type(annotation, p.name))
            assert isinstance(v, Variable)
            self.variables[p.name] = v
            if annotation in _DOMAINS:
                self.domains[v] = _DOMAINS[annotation]
            if p.default is not inspect.Parameter.empty:
                self.defaults[p.name] = p.default

    def relation(self) -> Relation:
        """Make the relation, about all members where a variable stands for a family."""
        whole = self.made({})
        if not self.families:
            return whole
        object.__setattr__(whole, "expand", lambda: tuple(self.each(whole)))
        return whole

    def each(self, whole: Relation) -> Iterable[Relation]:
        """Make the relation of each choice of members."""

        def choices(names: list[str], chosen: dict[str, Member]) -> Iterable[dict[str, Member]]:
            if not names:
                yield dict(chosen)
                return
            for member in self.families[names[0]].members():
                yield from choices(names[1:], {**chosen, names[0]: member})

        for chosen in choices(list(self.families), {}):
            try:
                yield self.made(chosen, whole)
            except ModelError as error:
                raise ModelError(f"with {_listed(chosen)}: {error}") from None

    def made(self, chosen: Mapping[str, Member], whole: Relation | None = None) -> Relation:
        """Make the relation with members in the place of families, or the general statement."""
        choice = Choice(
            {n: f(n, chosen.get(n), list(self.order)) for n, f in self.families.items()}
        )
        variables = dict(self.variables)
        if whole is not None:
            variables |= {n: _counted(v, whole, choice) for n, v in variables.items()}
        given = {**variables, **choice.made}
        left, right = _two_sides(self.function(*(given[n] for n in self.order)), self.name)
        for a, b in zip(left.roots, right.roots, strict=True):
            if not _agree(a.type, b.type):
                raise ModelError(
                    f"relation {self.name}: the sides have types {a.type!r} and {b.type!r}"
                )
        held: Mapping[Expr, Variable] = {}
        if self.kind == "conditional":
            right, held = held_letters(left, right, self.name)
        conditions: tuple[Expr, ...] = ()
        if self.where is not None:
            wanted = inspect.signature(self.where).parameters
            found = self.where(**{n: given[n] for n in wanted})
            conditions = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        return Relation(
            name=self.name if whole is None else f"{self.name}[{choice.label}]",
            kind=self.kind,
            variables=(*variables.values(), *choice.hidden),
            left=left,
            right=right,
            where=conditions,
            source=self.source,
            doc=inspect.cleandoc(self.function.__doc__ or ""),
            defaults=self.defaults,
            module=getattr(self.function, "__module__", ""),
            choice=choice,
            whole=whole,
            held=held,
            domains=self.domains,
        )


def _agree(a: Type, b: Type) -> bool:
    """Tell whether the types of two sides can be the same: open lengths may turn out equal."""
    if not (isinstance(a, TensorType) and isinstance(b, TensorType)):
        return a == b
    pairs = list(zip(a.shape, b.shape, strict=False))
    same = all(not (isinstance(m, int) and isinstance(n, int) and m != n) for m, n in pairs)
    return a.dtype == b.dtype and len(a.shape) == len(b.shape) and same


def _listed(chosen: Mapping[str, Member]) -> str:
    return ", ".join(f"{n} = {m.name}" for n, m in chosen.items())


def _counted(v: Variable, whole: Relation, choice: Choice) -> Variable:
    """Make a variable a count where it stands in the place of one in a member."""
    for side in (whole.left, whole.right):
        for x in side.draws:
            family = choice.made.get(x.op.name)
            if family is None or family.member is None or family.member.distribution is None:
                continue
            parameters = family.member.distribution.parameters
            for a, place in zip(x.args[2:], family.member.places, strict=False):
                if a is v and parameters[place].integer:
                    made = VARIABLE(v.args[0], tensor_type("int64", v.type.shape))
                    assert isinstance(made, Variable)
                    return made
    return v


def _two_sides(given: Any, name: str) -> tuple[Side, Side]:
    sides: Iterable[Any] = given
    if isinstance(given, Expr):
        raise ModelError(f"relation {name} gives one expression; expected two sides")
    if not isinstance(given, Iterable):
        raise ModelError(f"relation {name} gives {given!r:.60}; expected two sides")
    pair = list(sides)
    if len(pair) != 2:
        raise ModelError(f"relation {name} gives {len(pair)} sides; expected two")
    left, right = (make_side(s, name, w) for s, w in zip(pair, ("left", "right"), strict=True))
    if len(left.roots) != len(right.roots):
        raise ModelError(
            f"relation {name}: the left side has {len(left.roots)} expressions, the right one "
            f"{len(right.roots)}"
        )
    return left, right
