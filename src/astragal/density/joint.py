"""The joint log density of a model, factor by factor, as graphs.

Every random variable gets a value: an input named like it, or what the value of a
deterministic variable above it implies (``y = a + b`` observed gives ``b = y - a``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from astragal.density.invert import invert
from astragal.graph.errors import DTypeError, ModelError, ShapeError, UnsupportedError
from astragal.graph.expr import INPUT, Expr, describe
from astragal.graph.literal import constant, scalar
from astragal.graph.subgraph import Subgraph, compatible
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import FLOATS, KeyType
from astragal.model import Model
from astragal.ops import reductions as r
from astragal.ops.manipulation import broadcast_to
from astragal.ops.searching import where
from astragal.random.distribution import (
    REAL,
    Distribution,
    batch_shape,
    is_random,
    random_parts,
)
from astragal.random.improper import FACTOR


@dataclass(frozen=True, eq=False)
class Factor:
    """The log density of one random variable, given those that it depends on.

    Attributes
    ----------
    name
        Of the variable.
    rv
        Its node in the model.
    value, parameters
        As expressions of the coordinates.
    density
        Elementwise log density over the batch, meant inside the support.
    support
        Elementwise test of the value; None where the support is the whole line.
    """

    name: str
    rv: Expr
    value: Expr
    parameters: tuple[Expr, ...]
    density: Expr
    support: Expr | None

    @property
    def distribution(self) -> Distribution:
        """Declaration of the distribution."""
        return random_parts(self.rv)[0]

    @property
    def family(self) -> str:
        """Name of the distribution."""
        return self.rv.op.name

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
    """

    model: Model
    coordinates: Mapping[str, Expr]
    factors: tuple[Factor, ...]
    jacobians: Mapping[str, Expr]
    values: Mapping[str, Expr]

    @property
    def total(self) -> Expr:
        """The joint log density."""
        terms = [*(f.total for f in self.factors), *self.jacobians.values()]
        out = terms[0]
        for t in terms[1:]:
            out = out + t
        return out


def factorise(model: Model, clamped: Iterable[str] = (), *, name_all: bool = False) -> Joint:
    """Write the joint law of a model as factors.

    Parameters
    ----------
    model
        Named variables.
    clamped
        Names whose values are given from outside: observed ones. A deterministic one is
        solved for a random variable below it.
    name_all
        Whether random variables without a name get one of their own (``normal_1``).

    Raises
    ------
    ModelError
        For unnamed random variables that nothing determines, clamped variables that hold
        nothing random, or clamped ones that no invertible operation ties to a random one.
    """
    nodes = toposort(model.variables.values())
    rvs = [n for n in nodes if is_random(n)]
    _refuse_hidden(nodes)
    names = {x: name for name, x in model.variables.items()}
    clamped = list(clamped)
    value_of_rv: dict[Expr, Expr] = {}
    coordinates: dict[str, Expr] = {}
    _refuse_clashes(model)

    # Deterministic variables whose value is given, or that hide unnamed random ones.
    solve: list[str] = []
    for name, x in model.variables.items():
        if x.op is FACTOR:
            if name in clamped:
                raise ModelError(f"{name!r} is a factor of the joint density: it is not observed")
        elif not is_random(x):
            unnamed = [v for v in rvs if v not in names and v in depends(x)]
            if name in clamped or (unnamed and not name_all):
                solve.append(name)
        else:
            coordinates[name] = value_of_rv[x] = INPUT(name, x.type)
    solved, jacobians = _solve(model, solve, rvs, names, clamped, coordinates, value_of_rv)
    value_of_rv.update(solved)
    count = 0
    for v in rvs:
        if v in value_of_rv:
            continue
        if not name_all:
            raise ModelError(
                f"a random variable ({v.op.name}) has no name and nothing determines its value; "
                "name it in the model"
            )
        count += 1
        while (auto := f"{v.op.name}_{count}") in model:
            count += 1
        names[v] = auto
        coordinates[auto] = value_of_rv[v] = INPUT(auto, v.type)
    resolved = _resolve(rvs, value_of_rv)
    factors = []
    for v in rvs:
        d, _, _, parameters = random_parts(v)
        actual = substitute(parameters, resolved)
        value = resolved[v]
        density = d.logdensity(value, *actual)
        batch = batch_shape(v)
        if density.shape != batch:
            density = broadcast_to(density, batch)
        domain = d.support(*actual)
        factors.append(
            Factor(
                names.get(v, f"{v.op.name}"),
                v,
                value,
                actual,
                density,
                None if domain is REAL else domain.contains(value),
            )
        )
    shown = {n: x for n, x in model.variables.items() if x.op is not FACTOR}
    values = dict(zip(shown, substitute(shown.values(), resolved), strict=True))
    for name, x in model.variables.items():
        if x.op is FACTOR:
            jacobians[name] = r.sum(x.args[0])
    done = {name: substitute([j], resolved)[0] for name, j in jacobians.items()}
    return Joint(model, coordinates, tuple(factors), done, values)


def depends(x: Expr) -> set[Expr]:
    """All nodes below an expression."""
    return set(toposort([x]))


def _refuse_hidden(nodes: list[Expr]) -> None:
    for n in nodes:
        for a in n.args:
            if isinstance(a, Subgraph) and any(is_random(b) for b in _inside(a)):
                raise UnsupportedError(
                    f"random variables inside a {n.op.name} have no log density yet"
                )


def _inside(sub: Subgraph) -> list[Expr]:
    out = []
    stack = [sub]
    while stack:
        s = stack.pop()
        for n in toposort(s.outputs):
            out.append(n)
            stack.extend(a for a in n.args if isinstance(a, Subgraph))
    return out


def _refuse_clashes(model: Model) -> None:
    for n in model.inputs:
        if n.args[0] in model:
            raise ModelError(f"{n.args[0]!r} names both an input and a variable of the model")


def _solve(
    model: Model,
    solve: list[str],
    rvs: list[Expr],
    names: dict[Expr, str],
    clamped: list[str],
    coordinates: dict[str, Expr],
    value_of_rv: dict[Expr, Expr],
) -> tuple[dict[Expr, Expr], dict[str, Expr]]:
    """Invert given deterministic variables, each for one random variable below it."""
    solved: dict[Expr, Expr] = {}
    jacobians: dict[str, Expr] = {}
    for name in solve:
        expr = model[name]
        if solved:
            (expr,) = substitute([expr], solved)
        below = depends(expr)
        # Unnamed variables first, then unobserved ones; the later in the graph the better.
        free = [v for v in reversed(rvs) if v in below and v not in solved]
        fixed = {model[n] for n in clamped if n in model}
        order = [v for v in free if v not in names] + [
            v for v in free if v in names and v not in fixed and name in clamped
        ]
        if not order:
            what = "observed" if name in clamped else "named"
            raise ModelError(f"{name!r} is {what}, but nothing random remains in it to be given it")
        value = INPUT(name, expr.type)
        for v in order:
            found = invert(expr, value, v)
            if found is not None:
                solved[v] = found[0]
                jacobians[name] = r.sum(found[1])
                coordinates[name] = value
                if v in names:
                    del coordinates[names[v]]
                    del value_of_rv[v]
                break
        else:
            raise UnsupportedError(
                f"{name!r} is a function of random variables that cannot be solved for any of "
                f"them ({describe(expr)}); observe the random variables themselves"
            )
    return solved, jacobians


def _resolve(rvs: list[Expr], value_of_rv: dict[Expr, Expr]) -> dict[Expr, Expr]:
    """Express every random variable in coordinates alone."""
    resolved = dict(value_of_rv)
    # Only what was solved for can hold other variables.
    open_ones = [v for v in rvs if resolved[v].op is not INPUT]
    for _ in range(len(open_ones) + 1):
        open_ones = [v for v in open_ones if any(map(is_random, toposort([resolved[v]])))]
        if not open_ones:
            return resolved
        for v in open_ones:
            (resolved[v],) = substitute([resolved[v]], resolved)
    raise ModelError("the values given determine each other in a circle")


def logdensity(
    model: Model | Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    *,
    by_name: bool = False,
) -> Any:
    """Log density of a model's variables, as a graph.

    Parameters
    ----------
    model
        A `Model`, or a mapping of names to expressions.
    values
        From name to value (expressions or arrays); a variable without one stands for an
        input of its name and type.
    by_name
        Whether to give one scalar a random variable, by name, instead of their sum.

    Returns
    -------
    Expr, or dict of Expr
        Scalar; minus infinity outside the support.

    Raises
    ------
    ModelError
        For an unknown name, or random variables that the names do not determine.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> z = ag.random.gamma(k[0], 2.0, rate=4.0)
    >>> m = ag.Model({"z": z, "y": ag.random.poisson(k[1], z)})
    >>> round(float(ag.evaluate(ag.logdensity(m, {"z": 0.5, "y": 3}))), 6)
    -4.291759
    """
    if not isinstance(model, Model):
        model = Model(model)
    given = dict(values or {})
    unknown = [n for n in given if n not in model]
    if unknown:
        raise ModelError(
            f"the model has no variable {unknown[0]!r}; it has {', '.join(model.variables)}"
        )
    clamped = [n for n in given if not is_random(model[n])]
    joint = factorise(model, clamped)
    mapping = {
        joint.coordinates[n]: _as_value(n, v, joint.coordinates[n])
        for n, v in given.items()
        if n in joint.coordinates
    }
    if by_name:
        parts = {f.name: f.total for f in joint.factors}
        for n, j in joint.jacobians.items():
            parts[n] = parts[n] + j if n in parts else j
        return dict(zip(parts, substitute(parts.values(), mapping), strict=True))
    return substitute([joint.total], mapping)[0]


def _as_value(name: str, value: Any, wanted: Expr) -> Expr:
    if isinstance(value, Expr):
        x = value
    else:
        x = constant(value)
        if x.dtype != wanted.dtype and (wanted.dtype in FLOATS or x.dtype not in FLOATS):
            x = constant(value, wanted.dtype)
    if isinstance(x.type, KeyType) or x.dtype != wanted.dtype:
        raise DTypeError(f"the value of {name!r} is {describe(x)}, expected {wanted.dtype}")
    if not compatible(x.type, wanted.type):
        raise ShapeError(f"the value of {name!r} is {describe(x)}, expected {wanted.type!r}")
    return x
