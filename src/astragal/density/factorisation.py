"""Writing a model's joint law as factors: which value determines which random variable.

Loops that draw become factors over all their steps; deterministic variables with a value
are solved for a random variable below them, or have the law of what is integrated out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from astragal.density.centring import centred
from astragal.density.factors import Factor, Joint
from astragal.density.invert import invert
from astragal.density.laws import Law, Refused, private
from astragal.density.loops import Drawn, Loop, is_random_loop
from astragal.density.measure import measure
from astragal.density.tables import finite_values, indicator_form
from astragal.density.vectors import entries_of_normal_vectors, positions
from astragal.graph.errors import ModelError, UnsupportedError
from astragal.graph.expr import INPUT, Expr, describe
from astragal.graph.literal import constant, scalar
from astragal.graph.subgraph import Subgraph
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import FLOATS, KeyType, same_shape
from astragal.model import Model
from astragal.ops import reductions as r
from astragal.ops.indexing import INDEX, ITEM
from astragal.ops.manipulation import broadcast_to, concatenate, reshape
from astragal.random.distribution import REAL, batch_shape, is_random, random_parts
from astragal.random.improper import FACTOR
from astragal.random.keys import DEFAULT, fold_in


def factorise(
    model: Model, clamped: Iterable[str] = (), *, name_all: bool = False, accurate: bool = False
) -> Joint:
    """Write the joint law of a model as factors.

    Parameters
    ----------
    model
        Named variables.
    clamped
        Names whose values are given from outside: observed ones. A deterministic one is
        solved for a random variable below it, or has a law of its own where what it is made
        of can be integrated out.
    name_all
        Whether random variables without a name get one of their own (``normal_1``). Where
        not, discrete ones of few values are summed out.
    accurate
        Whether the densities are for their values, which are then accurate at large counts and
        shapes, and not for derivations to read.

    Raises
    ------
    ModelError
        For unnamed random variables that nothing determines, clamped variables that hold
        nothing random, or clamped ones that no invertible operation ties to a random one.
    """
    return _Factorisation(model, list(clamped), name_all, accurate).joint()


class _Factorisation:
    """The work of `factorise`, by its stages."""

    def __init__(self, model: Model, clamped: list[str], name_all: bool, accurate: bool) -> None:
        _refuse_clashes(model)
        self.model = model
        self.clamped = clamped
        self.name_all = name_all
        self.accurate = accurate
        self.variables = dict(model.variables)
        self.coordinates: dict[str, Expr] = {}
        self.jacobians: dict[str, Expr] = {}
        # Values of random variables, and of expressions that were given as a whole.
        self.values: dict[Expr, Expr] = {}
        self.drawn: list[tuple[str, Drawn, Expr]] = []
        self.measured: list[tuple[str, Expr, Law]] = []
        self.sources: dict[Expr, Expr] = {}
        self.count = 0

    def joint(self) -> Joint:
        if self.name_all:
            self._show()
        self._unroll()
        _refuse_hidden(self._nodes())
        for name, x in self.variables.items():
            if is_random(x):
                self.coordinates[name] = self.values[x] = INPUT(name, x.type)
        for name in self._to_solve():
            self._solve(name)
        summed = self._name_the_rest()
        # What is summed out is read.
        self.accurate = self.accurate and not summed
        rvs = self._rvs()
        whole = {x: self.coordinates[name] for name, x, _ in self.measured}
        resolved = _resolve(rvs, {**self.values, **whole})
        factors = [
            _factor(self.names.get(v, v.op.name), v, resolved[v], random_parts(v)[3], resolved,
                    self.sources.get(v, v), self.accurate)
            for v in rvs
        ]  # fmt: skip
        factors = [*factors, *(self._of_loop(n, d, x, resolved) for n, d, x in self.drawn)]
        factors += [self._of_law(name, x, law, resolved) for name, x, law in self.measured]
        shown = {n: x for n, x in self.variables.items() if x.op is not FACTOR}
        values = dict(zip(shown, substitute(shown.values(), resolved), strict=True))
        for name, x in self.variables.items():
            if x.op is FACTOR:
                self.jacobians[name] = r.sum(x.args[0])
        done = {n: substitute([j], resolved)[0] for n, j in self.jacobians.items()}
        if self.drawn or self.measured:
            factors = _in_order(factors)
        joint = Joint(self.model, self.coordinates, tuple(factors), done, values)
        _refuse_left(joint)
        return sum_out(joint, summed) if summed else joint

    # -- stages ------------------------------------------------------------------------------

    def _nodes(self) -> list[Expr]:
        parts = [x for _, d, _ in self.drawn for x in (*d.parameters, d.value)]
        return toposort([*self.variables.values(), *parts, *self.jacobians.values()])

    def _rvs(self) -> list[Expr]:
        gone = {v for _, _, law in self.measured for v in law.free}
        return [n for n in self._nodes() if is_random(n) and n not in gone]

    def _show(self) -> None:
        """Write loops so that all they draw stands among their outputs."""
        left = [n for n in self._nodes() if is_random_loop(n)]
        while left:
            node = left.pop(0)
            loop = Loop(node)
            given, _, _ = self._given(loop)
            shown = centred(loop, given)
            if shown is None and (hidden := loop.hidden(given)):
                shown = loop.showing(hidden)
            if shown is not None:
                items = {ITEM(node, i): ITEM(shown, i) for i in range(len(node))}
                mapping = dict(zip(left, substitute(left, items), strict=True))
                new = substitute(self.variables.values(), items)
                self.variables = dict(zip(self.variables, new, strict=True))
                self.model = self.model.like(self.variables)
                left = [shown, *mapping.values()]

    def _unroll(self) -> None:
        """Write loops that draw as factors over all their steps."""
        while True:
            loop = next((n for n in self._nodes() if is_random_loop(n)), None)
            if loop is None:
                break
            self._unroll_one(loop)
        self.names = {x: name for name, x in self.variables.items() if x.op is not INPUT}

    def _unroll_one(self, node: Expr) -> None:
        loop = Loop(node)
        given, names, slopes = self._given(loop)
        if self.name_all:
            for j in loop.missing(given):
                names[j] = self._fresh(loop.stacked[j].op.name)
                given[j] = INPUT(names[j], node[loop.carries + j].type)
        used = loop.used(given)
        done = loop.unroll({j: given[j] for j in used})
        for j in used:
            name = names[j]
            type = self.variables[name].type if name in self.variables else given[j].type
            self.coordinates[name] = INPUT(name, type)
            for slope in (slopes.get(j), done.jacobians.get(j)):
                if slope is not None:
                    before = self.jacobians.get(name)
                    self.jacobians[name] = r.sum(slope) if before is None else before + r.sum(slope)
        for d in done.drawn:
            label = names[d.output] if d.output is not None else d.rv.op.name
            source = node[loop.carries + d.output] if d.output is not None else node
            self.drawn.append((label, d, source))
        new = substitute(self.variables.values(), done.items)
        self.variables = {
            n: self.coordinates.get(n, x) for n, x in zip(self.variables, new, strict=True)
        }

    def _given(self, loop: Loop) -> tuple[dict[int, Expr], dict[int, str], dict[int, Expr]]:
        """Values of a loop's outputs, their names, and the Jacobians of those solved for.

        What a derivation draws is random: a function of it follows.
        """
        node = loop.node
        places = {ITEM(node, loop.carries + j): j for j in range(len(loop.stacked))}
        given: dict[int, Expr] = {}
        names: dict[int, str] = {}
        slopes: dict[int, Expr] = {}
        held = {n: x for n, x in self.variables.items() if not self.name_all or n in self.clamped}
        for name, x in self.variables.items():
            j = places.get(x, -1)
            if j >= 0 and (name in held or is_random(loop.stacked[j])):
                given[j] = INPUT(name, x.type)
                names[j] = name
        for name, x in held.items():
            for item in toposort([x]):
                j = places.get(item, -1)
                if x not in places and j >= 0 and j not in given:
                    value = INPUT(name, x.type)
                    found = invert(x, value, item)
                    if found is not None:
                        given[j], slopes[j], names[j] = found[0], found[1], name
                        break
        return given, names, slopes

    def _to_solve(self) -> list[str]:
        """Deterministic variables whose value is given, or that hide unnamed random ones."""
        out = []
        rvs = self._rvs()
        for name, x in self.variables.items():
            if x.op is FACTOR:
                if name in self.clamped:
                    raise ModelError(
                        f"{name!r} is a factor of the joint density: it is not observed"
                    )
            elif not is_random(x) and name not in self.coordinates:
                below = depends(x)
                unnamed = [v for v in rvs if v not in self.names and v in below]
                if name in self.clamped or (unnamed and not self.name_all):
                    out.append(name)
        return out

    def _solve(self, name: str) -> None:
        """Give a deterministic variable its value: solve it, or find its law."""
        if name in self.coordinates or self._invert(name) or self._measure(name):
            return
        if self._part(name) or self._part_of_vectors(name):
            return
        if self._split(name) and self._invert(name):
            return
        raise UnsupportedError(
            f"{name!r} is a function of random variables that cannot be solved for any of "
            f"them ({describe(self.variables[name])}); observe the random variables themselves"
        )

    def _invert(self, name: str) -> bool:
        """Solve for one random variable below."""
        solved = {v: x for v, x in self.values.items() if x.op is not INPUT}
        expr = self.variables[name]
        if solved:
            (expr,) = substitute([expr], solved)
        below = depends(expr)
        # Unnamed variables first, then unobserved ones; the later in the graph the better.
        free = [v for v in reversed(self._rvs()) if v in below and v not in solved]
        fixed = {self.variables[n] for n in self.clamped if n in self.variables}
        order = [v for v in free if v not in self.names] + [
            v for v in free if v in self.names and v not in fixed and name in self.clamped
        ]
        if not order:
            what = "observed" if name in self.clamped else "named"
            raise ModelError(f"{name!r} is {what}, but nothing random remains in it to be given it")
        value = INPUT(name, expr.type)
        for v in order:
            found = invert(expr, value, v)
            if found is not None:
                self.values[v] = found[0]
                self.jacobians[name] = r.sum(found[1])
                self.coordinates[name] = value
                if v in self.names and self.names[v] in self.coordinates:
                    del self.coordinates[self.names[v]]
                return True
        return False

    def _measure(self, name: str) -> bool:
        """Integrate out what only this variable reads."""
        expr = self.variables[name]
        others = [x for n, x in self.variables.items() if n != name]
        parts = [x for _, d, _ in self.drawn for x in (*d.parameters, d.value)]
        taken = [*self.names, *self.values]
        free = private(expr, [*others, *parts, *self.values.values()], taken)
        for wanted in (free, frozenset(v for v in free if v.dtype in FLOATS)):
            try:
                law = measure(expr, wanted)
                law.density(INPUT(name, expr.type))
            except Refused:
                continue
            self.measured.append((name, expr, law))
            self.coordinates[name] = INPUT(name, expr.type)
            return True
        return False

    def _split(self, name: str) -> bool:
        """Write the last of several summed draws apart, so that the sum can be solved for it."""
        if not self.name_all:
            return False
        for node in toposort([self.variables[name]]):
            if node.op.name != "sum" or not is_random(node.args[0]):
                continue
            x, axes, keep = node.args
            n = x.shape[0] if x.ndim == 1 else None
            d, key, _, parameters = random_parts(x)
            if d.core or keep or axes != (0,) or not isinstance(n, int) or n < 2 or self._held(x):
                continue
            whole = [broadcast_to(p, (n,)) for p in parameters]
            first = x.op(key, (n - 1,), *(p[:-1] for p in whole))
            last = x.op(fold_in(key, 1), (1,), *(p[-1:] for p in whole))
            self.sources[first], self.sources[last] = x[:-1], x[-1:]
            joined = {node: r.sum(first) + last[0], x: concatenate([first, last])}
            self._rewrite(x, joined)
            return True
        return False

    def _part(self, name: str) -> bool:
        """Write independent draws as those of each variable that is a part of them, and a rest."""
        part = self.variables[name]
        x = part.args[0]
        if not (part.op is INDEX and isinstance(x, Expr) and is_random(x) and x.ndim == 1):
            return False
        d, key, _, parameters = random_parts(x)
        parts = {n: v for n, v in self.variables.items() if v.op is INDEX and v.args[0] is x}
        places = {n: positions(v) for n, v in parts.items()}
        known = {n: at for n, at in places.items() if at is not None}
        taken = [i for at in known.values() for i in at.flat]
        (size,) = x.shape
        shared = len(known) < len(places) or len(set(taken)) < len(taken)
        if d.core or self._held(x) or shared or not isinstance(size, int):
            return False
        whole = [broadcast_to(p, (size,)) for p in parameters]
        rest = np.setdiff1d(np.arange(size), taken)
        drawn: list[Expr] = []
        for i, (n, at) in enumerate([*known.items(), ("", rest)]):
            if not n and not at.size:
                continue
            new = x.op(fold_in(key, i), at.shape, *(p[at] for p in whole))
            drawn.append(reshape(new, (-1,)))
            self.sources[new] = parts.get(n, x[at])
            if n:
                self.names[new] = n
                self.coordinates[n] = self.values[new] = INPUT(n, new.type)
                self.variables[n] = new
        order = np.argsort(np.concatenate([np.array(taken, int), rest]))
        joined = concatenate(drawn)[order]
        self._rewrite(x, {x: joined})
        return True

    def _part_of_vectors(self, name: str) -> bool:
        """Write normal vectors as draws of each part's elements, and of the rest given them."""
        x = self.variables[name].args[0]
        if self.variables[name].op is not INDEX or not (isinstance(x, Expr) and is_random(x)):
            return False
        parts = {n: v for n, v in self.variables.items() if v.op is INDEX and v.args[0] is x}
        known = {n: at for n, v in parts.items() if (at := positions(v)) is not None}
        taken = [i for at in known.values() for i in at.flat]
        if self._held(x) or len(known) < len(parts) or len(set(taken)) < len(taken):
            return False
        drawn = entries_of_normal_vectors(x, list(known.values()))
        if drawn is None:
            return False
        flat = concatenate([reshape(d.drawn, (-1,)) for d in drawn])
        order = np.argsort(np.concatenate([d.at.ravel() for d in drawn]))
        whole = reshape(flat[constant(order)], x.shape)
        own: dict[str, Expr] = {}
        for d in drawn:
            self.sources[d.drawn] = reshape(x, (-1,))[constant(d.at.reshape(d.drawn.shape))]
            if d.owner < 0:
                continue
            n, at = [*known.items()][d.owner]
            if d.drawn.shape == at.shape and (d.at.ravel() == at.ravel()).all():
                self.sources[d.drawn], self.names[d.drawn] = parts[n], n
                own[n] = d.drawn
                self.coordinates[n] = self.values[d.drawn] = INPUT(n, d.drawn.type)
                continue
            value = self.coordinates.setdefault(n, INPUT(n, parts[n].type))
            place = np.argsort(at.ravel())[np.searchsorted(np.sort(at.ravel()), d.at)]
            self.values[d.drawn] = reshape(
                reshape(value, (-1,))[constant(place.ravel())], d.drawn.shape
            )
        self.variables.update(own)
        self._rewrite(x, {x: whole})
        return True

    def _held(self, x: Expr) -> bool:
        """Whether a variable has data, or is part of what has been taken apart already."""
        if x in self.names and self.names[x] in self.clamped:
            return True
        parts = [y for _, d, _ in self.drawn for y in (*d.parameters, d.value)]
        return x in toposort([*parts, *(y for _, y, _ in self.measured)])

    def _rewrite(self, x: Expr, mapping: Mapping[Expr, Expr]) -> None:
        """Put what a variable was written as in its place, in all that reads it."""
        if x in self.names:
            del self.coordinates[self.names[x]]
            del self.values[x]
            del self.names[x]
        before = self._rvs()
        for old, new in zip(before, substitute(before, mapping), strict=True):
            # What reads it is another node now, of the same name and value.
            if new is not old and is_random(new):
                self.sources[new] = self.sources.get(old, old)
                if old in self.names:
                    self.names[new] = self.names.pop(old)
                if old in self.values:
                    self.values[new] = self.values.pop(old)
        tables: list[dict[Any, Expr]] = [self.variables, self.values, self.jacobians]
        for table in tables:
            table.update(zip(list(table), substitute(table.values(), mapping), strict=True))

    def _fresh(self, word: str) -> str:
        """Give a name that nothing has."""
        self.count += 1
        while (auto := f"{word}_{self.count}") in self.model:
            self.count += 1
        return auto

    def _name_the_rest(self) -> list[str]:
        """Name what has no value yet; give the names that are to be summed out."""
        summed = []
        for v in self._rvs():
            if v in self.values:
                continue
            if not self.name_all and finite_values(v) is None:
                raise ModelError(
                    f"a random variable ({v.op.name}) has no name and nothing determines its "
                    "value; name it in the model"
                )
            self.names[v] = auto = self._fresh(v.op.name)
            self.coordinates[auto] = self.values[v] = INPUT(auto, v.type)
            if not self.name_all:
                summed.append(auto)
        return summed

    # -- factors -----------------------------------------------------------------------------

    def _of_loop(self, name: str, d: Drawn, source: Expr, resolved: Mapping[Expr, Expr]) -> Factor:
        (value,) = substitute([d.value], resolved)
        parameters = substitute(d.parameters, resolved)
        batch = value.shape[: value.ndim - random_parts(d.rv)[0].core]
        op = d.rv.op
        rv = op(_NO_KEY, batch, *parameters)
        return _factor(name, rv, value, parameters, {}, source, self.accurate)

    def _of_law(self, name: str, x: Expr, law: Law, resolved: Mapping[Expr, Expr]) -> Factor:
        value = self.coordinates[name]
        inner = {v: y for v, y in resolved.items() if v is not x}
        (density,) = substitute([law.density(value)], inner)
        return Factor(name, x, value, (), density, None, x)


_NO_KEY = INPUT("no key", KeyType(DEFAULT, ()))
"""Stands where a factor over all steps of a loop has a key a step."""


def _factor(
    name: str,
    rv: Expr,
    value: Expr,
    parameters: tuple[Expr, ...],
    resolved: Mapping[Expr, Expr],
    source: Expr,
    accurate: bool,
) -> Factor:
    d = random_parts(rv)[0]
    actual = substitute(parameters, resolved)
    density = ((accurate and d.accurate) or d.logdensity)(value, *actual)
    batch = batch_shape(rv)
    if not same_shape(density.shape, batch):
        density = broadcast_to(density, batch)
    domain = d.support(*actual)
    support = None if domain is REAL else domain.contains(value)
    return Factor(name, rv, value, actual, density, support, source)


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


def _in_order(factors: list[Factor]) -> list[Factor]:
    """Sort factors so that each comes after those whose values it reads."""
    owners = {f.value for f in factors if f.value.op is INPUT}
    reads = {
        id(f): {x for x in toposort([*f.parameters, f.density]) if x in owners} - {f.value}
        for f in factors
    }
    out: list[Factor] = []
    done: set[Expr] = set()
    left = list(factors)
    while left:
        ready = next((f for f in left if reads[id(f)] <= done), left[0])
        left.remove(ready)
        out.append(ready)
        done.add(ready.value)
    return out


def _refuse_left(joint: Joint) -> None:
    """Refuse a density that would draw."""
    parts = [x for f in joint.factors for x in (f.density, f.value)]
    for n in toposort([*parts, *joint.jacobians.values()]):
        if is_random(n) or is_random_loop(n):
            raise UnsupportedError(
                f"the values given do not determine {describe(n)}; name it in the model"
            )


def sum_out(joint: Joint, names: Iterable[str]) -> Joint:
    """Sum discrete variables of few values out of a joint law.

    Raises
    ------
    UnsupportedError
        Where the elements of one are not independent given the rest.
    """
    for name in names:
        z = joint.coordinates[name]
        own = next(f for f in joint.factors if f.value is z)
        values = finite_values(own.rv)
        assert values is not None
        touched = [f for f in joint.factors if z in set(toposort([f.guarded]))]
        spent = {n: j for n, j in joint.jacobians.items() if z in set(toposort([j]))}
        form = indicator_form(z, values, [*(f.guarded for f in touched), *spent.values()])
        if form is None:
            raise UnsupportedError(
                f"a random variable ({own.family}) has no name, and its elements are not "
                "independent given the rest, so that they cannot be summed out; name it"
            )
        natural, const = form
        kept = {n: j for n, j in joint.jacobians.items() if n not in spent}
        kept[f"without {name}"] = const + r.sum(r.logsumexp(natural, axis=-1))
        zero = scalar(0.0, "float64")
        factors = tuple(
            replace(f, density=zero, support=None) if f in touched else f
            for f in joint.factors
            if f is not own
        )
        coordinates = {n: x for n, x in joint.coordinates.items() if n != name}
        joint = Joint(joint.model, coordinates, factors, kept, joint.values)
    return joint
