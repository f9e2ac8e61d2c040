"""Families: what a relation may say of many distributions at once.

A variable of a statement that is annotated with a family stands for any distribution of
that family: ``def standardise(k: Key, D: LocationScale, m, s)``. Members are found from the
declarations of the distributions, so that a new distribution joins its families by being
declared. A statement about a family is a statement about each member; those are what the
matcher compiles, what goals enumerate and what `verify` checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from astragal.graph.errors import ModelError
from astragal.graph.expr import Expr, Op
from astragal.graph.types import Type, tensor_type
from astragal.logic.algebra import same_value
from astragal.logic.variables import VARIABLE, Variable, variable
from astragal.ops.declare import as_expr
from astragal.random import RANDOM_OPS
from astragal.random.distribution import REAL, Distribution, Parameter, RandomOp
from astragal.random.pathwise import PATHWISE


@dataclass(frozen=True)
class Member:
    """A distribution as a member of a family.

    Attributes
    ----------
    name : str
    make : callable
        ``make(key, *parameters, size=None)``.
    places : tuple of int
        For each role of the family, which parameter of the distribution it is.
    distribution : Distribution or None
        None for a member that is a function of distributions.
    """

    name: str
    make: Callable[..., Expr]
    places: tuple[int, ...] = ()
    distribution: Distribution | None = None

    @property
    def hidden(self) -> tuple[Parameter, ...]:
        """The parameters that have no role: they are the same wherever the variable stands."""
        if self.distribution is None:
            return ()
        every = enumerate(self.distribution.parameters)
        return tuple(p for i, p in every if i not in self.places)


class Family:
    """A set of distributions with the same roles, for annotations of a relation's variables.

    A family is a class. `roles` names the parameters that a statement writes; all others are
    one and the same in the whole statement. The members are the distributions of the library
    which `admits` accepts, or those that are listed.

    Attributes
    ----------
    roles : tuple of str
        What a statement gives after the key.
    listed : tuple or None
        Pairs of a function of `astragal.random` and the names of its parameters in the order
        of the roles, parted by spaces. Another function takes the key and the roles itself.

    Examples
    --------
    >>> import astragal as ag
    >>> class ClosedUnderAddition(ag.Family):
    ...     roles = ("a",)
    ...     listed = ((ag.random.poisson, "lam"), (ag.random.gamma, "shape"))
    >>> @ag.relation("in law")
    ... def total(k: ag.Key, D: ClosedUnderAddition, a, b):
    ...     k1, k2 = ag.split(k)
    ...     return D(k1, a) + D(k2, b), D(k, a + b)
    >>> total.members
    (<relation total[poisson] (in law)>, <relation total[gamma] (in law)>)
    >>> total.text
    'D(a) + D(b)  ~  D(a + b)  for every D that is closed under addition'
    """

    roles: ClassVar[tuple[str, ...]] = ()
    listed: ClassVar[tuple[tuple[Callable[..., Any], str], ...] | None] = None
    words: ClassVar[str] = ""

    def __init__(self, name: str, member: Member | None, taken: Sequence[str]) -> None:
        self.name = name
        self.member = member
        self.hidden: tuple[Variable, ...] = ()
        if member is not None:
            self.hidden = tuple(_hidden(p, name, taken) for p in member.hidden)

    # -- what a class of distributions is ------------------------------------------------

    @classmethod
    def admits(cls, d: Distribution) -> tuple[str, ...] | None:
        """Give the names of a distribution's parameters in the order of the roles, if it fits."""
        return None

    @classmethod
    def members(cls) -> tuple[Member, ...]:
        """List the members, in the order of the library or of the list."""
        return tuple(_listed(cls) if cls.listed is not None else _found(cls))

    @classmethod
    def title(cls) -> str:
        """Say what the family is, as in "location scale"."""
        if cls.words:
            return cls.words
        out = "".join(f" {c.lower()}" if c.isupper() else c for c in cls.__name__)
        return out.strip()

    # -- what stands in a statement ---------------------------------------------------------

    def __call__(self, key: Any, *parameters: Any, size: Any = None) -> Expr:
        """Draw from the distribution, whichever it is."""
        if len(parameters) != len(self.roles):
            raise ModelError(
                f"{self.name} is {self.title()}: it takes {', '.join(self.roles) or 'no'} "
                f"parameters, got {len(parameters)}"
            )
        if self.member is None:
            general = _general(self.name, type(self))  # type: ignore[arg-type]
            return general(key, size, *parameters)
        if self.member.distribution is None:
            return self.member.make(key, *parameters, size=size)
        return RANDOM_OPS[self.member.distribution.name](key, size, *self.values(parameters))

    def values(self, parameters: Sequence[Any]) -> list[Any]:
        """Put the roles and the hidden parameters in the order of the distribution's own."""
        assert self.member is not None
        assert self.member.distribution is not None
        roles = dict(zip(self.member.places, parameters, strict=True))
        hidden = iter(self.hidden)
        n = len(self.member.distribution.parameters)
        return [roles[i] if i in roles else next(hidden) for i in range(n)]

    def quantile(self, q: Any, *parameters: Any) -> Expr:
        """Give the quantile function at a probability."""
        return self._function("quantile", (q, *parameters))

    def cdf(self, x: Any, *parameters: Any) -> Expr:
        """Give the distribution function at a value."""
        return self._function("cdf", (x, *parameters))

    def logdensity(self, x: Any, *parameters: Any) -> Expr:
        """Give the log density at a value."""
        return self._function("logdensity", (x, *parameters))

    def mean(self, *parameters: Any) -> Expr:
        """Give the mean."""
        return self._function("mean", parameters)

    def variance(self, *parameters: Any) -> Expr:
        """Give the variance."""
        return self._function("variance", parameters)

    def written(self, name: str, made: Callable[..., Expr], *args: Any) -> Expr:
        """Give a function of the member, ``made(*args, *hidden)``; its name while that is open."""
        if self.member is None:
            return _general_function(f"{self.name}.{name}")(*map(as_expr, args))
        return made(*args, *self.hidden)

    def _function(self, name: str, args: tuple[Any, ...]) -> Expr:
        d = None if self.member is None else self.member.distribution
        if self.member is None:
            return _general_function(f"{self.name}.{name}")(*map(as_expr, args))
        made: Callable[..., Expr] | None = None if d is None else getattr(d, name)
        if made is None:
            raise ModelError(f"{self.member.name} has no {name}: {self.title()} must not admit it")
        own = len(args) - len(self.roles)
        return made(*args[:own], *self.values(args[own:]))


def _hidden(p: Parameter, name: str, taken: Sequence[str]) -> Variable:
    type_: Type = tensor_type("int64" if p.integer else "float64")
    made = VARIABLE(p.name if p.name not in taken else f"{p.name}_{name}", type_)
    assert isinstance(made, Variable)
    return made


def _found(cls: type[Family]) -> Iterator[Member]:
    for op in RANDOM_OPS.values():
        d = op.distribution
        if d.core or any(p.core for p in d.parameters):
            continue
        roles = cls.admits(d)
        if roles is not None:
            yield _member(cls, op, roles)


def _listed(cls: type[Family]) -> Iterator[Member]:
    assert cls.listed is not None
    for function, text in cls.listed:
        op = getattr(function, "op", None)
        if not isinstance(op, RandomOp):
            yield Member(getattr(function, "__name__", "a function"), function)
            continue
        yield _member(cls, op, tuple(text.split()))


def _member(cls: type[Family], op: RandomOp, roles: tuple[str, ...]) -> Member:
    names = [p.name for p in op.distribution.parameters]
    unknown = [r for r in roles if r not in names]
    if unknown or len(roles) != len(cls.roles):
        raise ModelError(
            f"{op.name} in {cls.title()}: expected its parameters for {', '.join(cls.roles)}, "
            f"got {' '.join(roles) or 'none'}; it has {', '.join(names)}"
        )
    return Member(op.name, op, tuple(names.index(r) for r in roles), op.distribution)


@cache
def _general(name: str, family: type[Family]) -> RandomOp:
    """Make the operation that stands for any member, where a statement is shown."""

    def none(*_args: Expr) -> Expr:
        raise ModelError(f"{name} stands for any {family.title()} distribution: it has no density")

    return RandomOp(
        Distribution(
            name=name,
            parameters=tuple(Parameter(r, REAL) for r in family.roles),
            support=lambda *_: REAL,
            logdensity=none,
            latex=name,
        )
    )


@cache
def _general_function(name: str) -> Op:
    return Op(name, lambda *args: tensor_type("float64", args[0].type.shape if args else ()))


def is_general(op: Op) -> bool:
    """Tell whether an operation stands for any member of a family."""
    return isinstance(op, RandomOp) and RANDOM_OPS.get(op.name) is not op


# -- families of the library ---------------------------------------------------------------------


class LocationScale(Family):
    """Distributions of ``loc + scale * z``, where the law of z depends on neither."""

    roles = ("loc", "scale")
    words = "a location-scale family"

    @classmethod
    def admits(cls, d: Distribution) -> tuple[str, ...] | None:
        """Admit where the declared transformation of noise is affine in both."""
        return _affine(d, cls.roles, lambda z, m, s: m + s * z)


class Location(Family):
    """Distributions of ``loc + z``, where the law of z does not depend on loc."""

    roles = ("loc",)
    words = "a location family"

    @classmethod
    def admits(cls, d: Distribution) -> tuple[str, ...] | None:
        """Admit where the declared transformation of noise adds the location."""
        return _affine(d, cls.roles, lambda z, m: m + z)


class Scale(Family):
    """Distributions of ``scale * z`` on the positive numbers."""

    roles = ("scale",)
    words = "a scale family"

    @classmethod
    def admits(cls, d: Distribution) -> tuple[str, ...] | None:
        """Admit where the declared transformation of noise multiplies by the scale alone."""
        if any(p.name == "loc" for p in d.parameters):
            return None
        return _affine(d, cls.roles, lambda z, s: s * z)


class Rate(Family):
    """Distributions of ``z / rate`` on the positive numbers."""

    roles = ("rate",)
    words = "a rate family"

    @classmethod
    def admits(cls, d: Distribution) -> tuple[str, ...] | None:
        """Admit where the declared transformation of noise divides by the rate alone."""
        return _affine(d, cls.roles, lambda z, r: z / r)


class HasQuantile(Family):
    """Distributions of real numbers whose quantile function is declared."""

    words = "continuous with a known quantile function"

    @classmethod
    def admits(cls, d: Distribution) -> tuple[str, ...] | None:
        """Admit continuous distributions that declare one."""
        return () if d.dtype == "float" and d.quantile is not None else None


class HasCdf(Family):
    """Distributions of real numbers whose distribution function is declared."""

    words = "continuous with a known distribution function"

    @classmethod
    def admits(cls, d: Distribution) -> tuple[str, ...] | None:
        """Admit continuous distributions that declare one."""
        return () if d.dtype == "float" and d.cdf is not None else None


class Continuous(Family):
    """All distributions of one real number."""

    words = "continuous"

    @classmethod
    def admits(cls, d: Distribution) -> tuple[str, ...] | None:
        """Admit distributions with a density."""
        return () if d.dtype == "float" and d.sampler is not None else None


_START = {"loc": 0.0, "scale": 1.0, "rate": 1.0}


def _affine(
    d: Distribution, roles: tuple[str, ...], wanted: Callable[..., Expr]
) -> tuple[str, ...] | None:
    """Admit a distribution whose declared transformation of noise is of a form in its roles.

    ``transform(u, *parameters)`` must equal ``wanted(z, *roles)`` with z the same
    transformation at the standard values of the roles.
    """
    path = PATHWISE.get(d.name)
    if path is None or not set(roles) <= set(path.parameters):
        return None
    u = variable("u")
    own = {name: variable(name) for name in path.parameters}
    start = [_START[n] if n in roles else own[n] for n in path.parameters]
    z = path.transform(u, *map(as_expr, start))
    right = wanted(z, *(own[r] for r in roles))
    left = path.transform(u, *own.values())
    return roles if same_value(left, right, [own[r] for r in roles if r != "loc"]) else None


def family_of(annotation: object) -> type[Family] | None:
    """Give the family that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, Family):
        return annotation
    return None


@dataclass
class Choice:
    """The family variables of a statement, each with the member that it stands for.

    Attributes
    ----------
    label : str
        What tells the relations of the members apart.
    """

    made: dict[str, Family] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The members' names."""
        return ", ".join(f.member.name for f in self.made.values() if f.member is not None)

    @property
    def hidden(self) -> tuple[Variable, ...]:
        """The parameters that the statement does not write."""
        return tuple(dict.fromkeys(v for f in self.made.values() for v in f.hidden))

    @property
    def text(self) -> str:
        """What the family variables stand for."""
        return " and ".join(
            f"every {n} that is {f.title()}" for n, f in self.made.items() if f.member is None
        )
