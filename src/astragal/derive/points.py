"""Generic points: starting values as a graph, and values for numerical checks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from astragal.density.given import given
from astragal.density.joint import Factor, Joint
from astragal.density.tables import MOST_VALUES, finite_values, indicator_form
from astragal.density.transforms import transform_of
from astragal.derive.bounds import condition_of, conjuncts
from astragal.derive.check import Array, compiled
from astragal.graph.errors import DomainError, UnsupportedError
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import constant
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import FLOATS
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.ops.sorting import sort
from astragal.random import RANDOM_OPS
from astragal.random.distribution import is_random, random_parts
from astragal.random.keys import split


def starting_values(joint: Joint, latent: list[str], key: Expr, tries: Expr) -> dict[str, Expr]:
    """Build a starting point inside the support.

    Continuous variables are uniform within 2 of 0 on unconstrained coordinates, or of their
    location where a law of the whole line has one: what a prior tells apart, such as the labels of
    a mixture, then does not start exchanged; a location that reads variables which start later is
    left aside. After 20 tries in vain they lie half as far off, and so on after every ten: between
    wide bounds, few points have a density with a digit. Others are drawn from their distributions
    given those before them.
    """
    spread = 2.0 * 0.5 ** e.maximum(astype(e.floor_divide(tries, 10), "float64") - 1.0, 0.0)
    by_value = {f.value: f for f in joint.factors}
    keys = split(key, max(len(latent), 1))
    new: dict[Expr, Expr] = {}
    order = {f.value: i for i, f in enumerate(joint.factors)}
    out: dict[str, Expr] = {}
    names = sorted(latent, key=lambda n: order[joint.coordinates[n]])
    later = {joint.coordinates[n] for n in names}
    events = _events(joint)
    for i, name in enumerate(names):
        z = joint.coordinates[name]
        factor = by_value[z]
        t = transform_of(factor)
        if t is not None:
            size = t.shape or None
            u = RANDOM_OPS["uniform"](keys[i], size, -spread, spread)
            free = t.forward(u)
            centre = _location(factor) if free is u else None
            if centre is not None and later & set(toposort([centre])):
                centre = None
            (value,) = substitute([free if centre is None else centre + free], new)
        elif z in toposort(factor.parameters):
            value = _drawn_given(joint, factor, new, keys[i])
        else:
            parameters = substitute(factor.parameters, new)
            core = factor.rv.op.distribution.core  # type: ignore[attr-defined]
            shape = z.shape[: len(z.shape) - core]
            value = factor.rv.op(keys[i], shape, *parameters)
        later.remove(z)
        tests = [x for x, read in events if z in read and not later & read]
        value = _in_order(z, value, tests, new)
        new[z] = out[name] = value
    return out


def _in_order(z: Expr, value: Expr, tests: list[Expr], new: Mapping[Expr, Expr]) -> Expr:
    """Sort a vector where events hold of it in order, and not as it was drawn.

    Of n elements one order in n! is the one that is asked for.
    """
    if not tests or not z.shape:
        return value

    def holds(x: Expr) -> Expr:
        found = [r.all(t) for t in substitute(tests, {**new, z: x})]
        return functools.reduce(e.logical_and, found)

    for ordered in (sort(value, axis=0, descending=True), sort(value, axis=0)):
        value = where(holds(value) | ~holds(ordered), value, ordered)
    return value


def _events(joint: Joint) -> list[tuple[Expr, set[Expr]]]:
    """The events that a model is conditioned on, each with the coordinates that it reads."""
    coordinates = set(joint.coordinates.values())
    whole = [t for j in joint.jacobians.values() if (t := condition_of(j)) is not None]
    parts = [part for test in whole for part in conjuncts(test)]
    return [(x, coordinates.intersection(toposort([x]))) for x in parts]


def _location(factor: Factor) -> Expr | None:
    """Give the location of a law of the whole line, unless the variable moves it itself."""
    d = random_parts(factor.rv)[0]
    named = zip(d.parameters, factor.parameters, strict=False)
    found = next((x for p, x in named if p.name in ("loc", "mean")), None)
    return None if found is None or factor.value in toposort([found]) else found


def _drawn_given(joint: Joint, factor: Factor, new: Mapping[Expr, Expr], key: Expr) -> Expr:
    """Draw a variable of a loop, step after step, given the values of those before it."""
    before = {
        f.source: new.get(f.value, f.value)
        for f in joint.factors
        if f is not factor and f.value.op is INPUT and f.source.type == f.value.type
    }
    (value,) = given([factor.source], before)
    roots = joint.model.keys
    own = [key] if len(roots) == 1 else list(split(key, len(roots)))
    return substitute([value], dict(zip(roots, own, strict=True)))[0]


def possible_values(joint: Joint, data: Mapping[str, Array], seed: Sequence[int]) -> State:
    """Give values of the discrete variables that the data leave possible."""
    discrete = {n for n, x in joint.coordinates.items() if n not in data and x.dtype not in FLOATS}
    latent = [n for n in joint.coordinates if n not in data]
    point = Points(joint, latent, data)(np.random.default_rng(seed))
    return {n: v for n, v in point.items() if n in discrete}


State = dict[str, Array]
Form = tuple[Callable[..., Any], list[Expr]]
"""The log probabilities of all values of a variable, and what they depend on."""
Forms = dict[tuple[Factor | range, ...], Form | None]


class Points:
    """Generic values of all coordinates, as NumPy arrays.

    Every second point has the data that were given; the others have generic data, so that
    special ones, such as zeros throughout, hide nothing from a check.
    """

    def __init__(
        self,
        joint: Joint,
        latent: list[str],
        data: Mapping[str, Array],
    ) -> None:
        from astragal.random.keys import key

        self._data = dict(data)
        self._latent = latent
        self._joint = joint
        self._keys = key
        self._made: list[dict[str, Array]] = []
        self._turn = 0
        self._forms: Forms = {}

    def __call__(self, rng: np.random.Generator) -> dict[str, Array]:
        """Give one point; the same sequence for the same generator."""
        if len(self._made) <= self._turn:
            self._made.append(self._new(int(rng.integers(2**31)), self._turn % 2 == 1))
        self._turn += 1
        return {**self._data, **self._made[self._turn - 1]}

    def _children(self, z: Expr, known: Mapping[Expr, Expr]) -> list[Factor]:
        """Factors that read a variable, and else only what is known."""
        return [f for f, read in self._readers.get(z, ()) if read - {z} <= known.keys()]

    @functools.cached_property
    def _readers(self) -> dict[Expr, list[tuple[Factor, set[Expr]]]]:
        """For each coordinate the factors of other variables that read it, with all they read."""
        coordinates = set(self._joint.coordinates.values())
        out: dict[Expr, list[tuple[Factor, set[Expr]]]] = {}
        for f in self._joint.factors:
            read = {x for x in toposort([f.guarded]) if x in coordinates}
            for z in read - {f.value}:
                out.setdefault(z, []).append((f, read))
        return out

    def restart(self) -> None:
        """Give the same points again, to the next check."""
        self._turn = 0

    def _new(self, seed: int, other_data: bool) -> dict[str, Array]:
        rng = np.random.default_rng(seed)
        for i in range(_TRIES):
            try:
                return self._try(rng, other_data, _NEAR << i)
            except UnsupportedError:
                # Values drawn first may leave none for those that are drawn next.
                if i == _TRIES - 1:
                    raise
        raise AssertionError("not reached")

    def _try(self, rng: np.random.Generator, other_data: bool, far: int) -> dict[str, Array]:
        order = {f.value: i for i, f in enumerate(self._joint.factors)}
        names = sorted(self._latent, key=lambda n: order[self._joint.coordinates[n]])
        known = {self._joint.coordinates[n]: constant(v) for n, v in self._data.items()}
        failed = dict.fromkeys(names, 0)
        i = 0
        while i < len(names):
            z = self._joint.coordinates[names[i]]
            try:
                known[z] = constant(self._one(z, known, rng, far))
                i += 1
            except UnsupportedError:
                # Of a pedigree, what was drawn first may leave nothing for those who come after.
                failed[names[i]] += 1
                if failed[names[i]] <= _TURNS and self._mended(z, names[:i], known, rng):
                    continue
                first = self._back(names, i, 1 + failed[names[i]] // _TURNS)
                if first == i or sum(failed.values()) > _TURNS * len(names):
                    raise
                for n in names[first:i]:
                    del known[self._joint.coordinates[n]]
                i = first
        out = {n: _array(known[self._joint.coordinates[n]]) for n in names}
        if other_data:
            for f in self._joint.factors:
                name = str(f.value.args[0]) if f.value.op is INPUT else ""
                if name in self._data and is_random(f.rv):
                    del known[f.value]
                    try:
                        out[name] = _generic(f, known, rng)
                    except UnsupportedError:
                        out[name] = self._data[name]
                    known[f.value] = constant(out[name])
        return out

    def _one(
        self, z: Expr, known: Mapping[Expr, Expr], rng: np.random.Generator, far: int
    ) -> Array:
        """Draw a value of a variable that is possible given what is known."""
        factor = self._factors[z]
        if z.dtype not in FLOATS:
            return _generic(factor, known, rng, self._children(z, known), far, self._forms)
        value = _generic(factor, known, rng)
        tests = [t for t, read in self._conditions if z in read and read - {z} <= known.keys()]
        if not tests:
            return value
        needed = [x for x in toposort(tests) if x in known]
        run = compiled([z, *needed], tests)
        given = [_array(known[x]) for x in needed]
        for i in range(_REDRAWN):
            held = [np.asarray(x) for x in run(value, *given)]
            if all(np.all(x) for x in held):
                break
            if i == 0 and value.ndim:
                for ordered in (np.sort(value, axis=0), np.sort(value, axis=0)[::-1]):
                    if all(np.all(x) for x in run(ordered, *given)):
                        return ordered
            new = _generic(factor, known, rng, spread=2.0 ** (i // 8))
            # Where a condition is one on each element, those that fulfil it stay.
            keep = all(x.shape == value.shape for x in held)
            value = np.where(np.logical_and.reduce(held), value, new) if keep else new
        return value

    @functools.cached_property
    def _conditions(self) -> list[tuple[Expr, set[Expr]]]:
        return _events(self._joint)

    def _mended(
        self, z: Expr, before: Sequence[str], known: dict[Expr, Expr], rng: np.random.Generator
    ) -> bool:
        """Change elements of what was drawn before, until a variable has possible values.

        Of each discrete variable that it, or what reads it, reads as well, those elements are
        changed whose change leaves fewer elements without a value. Whether none are left.
        """
        children = self._children(z, known)
        form = self._forms.get((self._factors[z], *children))
        if form is None:
            return False
        for name in before:
            u = self._joint.coordinates[name]
            values = finite_values(self._factors[u].rv)
            if u not in form[1] or values is None:
                continue
            left, known[u] = self._fewer_failures(u, values, form, known, rng)
            if not left:
                return True
        return False

    def _fewer_failures(
        self,
        u: Expr,
        values: Sequence[int],
        form: tuple[Callable[..., Any], list[Expr]],
        known: Mapping[Expr, Expr],
        rng: np.random.Generator,
    ) -> tuple[int, Expr]:
        """Change elements of a variable one at a time, where that helps another one."""
        run, below = form
        others = {x: v for x, v in known.items() if x is not u}
        own = [self._factors[u].guarded, *(c.guarded for c in self._children(u, others))]
        given = {x: _array(v) for x, v in known.items()}
        needed = [x for x in toposort(own) if x in others]
        possible = compiled([u, *needed], own)

        def failures(value: Array) -> int:
            (natural,) = run(*(value if x is u else given[x] for x in below))
            return int((~(np.asarray(natural) > -np.inf).any(-1)).sum())

        best = np.array(given[u])
        left = failures(best)
        for at in rng.permutation(best.size):
            for v in rng.permutation(list(values)):
                if not left:
                    break
                new = best.copy()
                new.flat[at] = v
                if (now := failures(new)) < left:
                    terms = possible(new, *(given[x] for x in needed))
                    if all(np.all(np.asarray(t) > -np.inf) for t in terms):
                        best, left = new, now
        return left, constant(best)

    def _back(self, names: Sequence[str], i: int, generations: int) -> int:
        """Find where to begin again after a failure: at a discrete variable so far above."""
        place = {self._joint.coordinates[n]: j for j, n in enumerate(names)}
        found = {i}
        for _ in range(generations):
            above = [self._factors[self._joint.coordinates[names[j]]] for j in found]
            read = {x for f in above for x in toposort([f.guarded]) if x in place}
            found |= {place[x] for x in read if x.dtype not in FLOATS and place[x] <= i}
        return min(found)

    @functools.cached_property
    def _factors(self) -> dict[Expr, Factor]:
        return {f.value: f for f in self._joint.factors}


_TURNS = 4
"""Failures of a variable after which its grandparents are drawn anew too, and so on."""

_REDRAWN = 80
"""Values of a variable that are tried for one that fulfils the conditions on it."""
_NEAR, _TRIES = 8, 12
"""Counts without an end are drawn below this at first, and below twice as much each time."""


def _generic(
    factor: Factor,
    known: Mapping[Expr, Expr],
    rng: np.random.Generator,
    children: Sequence[Factor] = (),
    far: int = _NEAR,
    forms: Forms | None = None,
    spread: float = 1.0,
) -> Array:
    shape = tuple(int(d) if isinstance(d, int) else 3 for d in factor.rv.shape)
    t = transform_of(factor)
    if t is not None:
        size = tuple(d if isinstance(d, int) else 3 for d in t.shape)
        u = constant(spread * rng.normal(size=size))
        (value,) = compiled([], substitute([t.forward(u)], known))()
        return np.asarray(value, dtype=factor.rv.dtype)
    if factor.rv.dtype not in FLOATS and not factor.distribution.core:
        return _discrete(factor, shape, known, rng, children, far, {} if forms is None else forms)
    # What has no transform here is drawn from its own distribution.
    return _own_draw(factor, known, rng)


def _own_draw(factor: Factor, known: Mapping[Expr, Expr], rng: np.random.Generator) -> Array:
    from astragal.random.keys import key
    from astragal.random.lower import lower_random

    parameters = substitute(factor.parameters, known)
    core = factor.rv.op.distribution.core  # type: ignore[attr-defined]
    size = factor.rv.shape[: len(factor.rv.shape) - core]
    rv = factor.rv.op(key(int(rng.integers(2**31))), size, *parameters)
    (value,) = compiled([], lower_random([rv]))()
    return np.asarray(value)


def _discrete(
    factor: Factor,
    shape: tuple[int, ...],
    known: Mapping[Expr, Expr],
    rng: np.random.Generator,
    children: Sequence[Factor],
    far: int,
    forms: Forms,
) -> Array:
    """Integers inside the support, by rejection from those it has or from small ones.

    What is known already of variables that depend on them must be possible too.
    """
    z = factor.value
    known_values = finite_values(factor.rv)
    values = known_values or range(max(far - MOST_VALUES, 0), far)
    what = (factor, *children, *(() if known_values else (values,)))
    if what not in forms:
        forms[what] = _form(factor, known, children, values)
    form = forms[what]
    if form is not None:
        run, below = form
        (natural,) = run(*(_array(known[x]) for x in below))
        possible = np.asarray(natural) > -np.inf
        if possible.any(-1).all():
            picked = np.where(possible, rng.random(possible.shape), -1.0).argmax(-1)
            return np.asarray(picked + values.start, factor.rv.dtype)
        if known_values is None or all(c.density.shape == z.shape for c in children):
            raise UnsupportedError(f"no generic values of {factor.name} were found")
    density = factor.guarded
    for child in children:
        if child.density.shape == z.shape:
            density = density + child.guarded
    below = [x for x in toposort([density]) if x in known]
    run = compiled([z, *below], [density])
    given = [_array(known[x]) for x in below]
    out = rng.integers(values.start, values.stop, size=shape)
    for _ in range(200):
        (logp,) = run(out.astype(factor.rv.dtype), *given)
        bad = ~(np.broadcast_to(logp, shape) > -np.inf)
        if not bad.any():
            return np.asarray(out.astype(factor.rv.dtype))
        out = np.where(bad, rng.integers(values.start, values.stop, size=shape), out)
    raise UnsupportedError(f"no generic values of {factor.name} were found")


def _form(
    factor: Factor, known: Mapping[Expr, Expr], children: Sequence[Factor], values: range
) -> Form | None:
    """Compile the log probabilities of some values of each element of a discrete variable.

    None where these cannot be told, or nothing that is known depends on it.
    """
    z = factor.value
    if len(values) > MOST_VALUES or not children:
        return None
    form = indicator_form(z, values, [factor.guarded, *(c.guarded for c in children)])
    if form is None:
        return None
    below = [x for x in toposort(form[:1]) if x in known]
    return compiled(below, form[:1]), below


def _array(x: Expr) -> Array:
    from astragal.graph.literal import value_of

    return np.asarray(value_of(x))


def check_support(joint: Joint, data: Mapping[str, Array], what: str = "data") -> None:
    """Refuse data, or what else they are called, outside the support of what they are of.

    Raises
    ------
    DomainError
        Naming the variable and one offending value.
    """
    names = {x: n for n, x in joint.coordinates.items()}
    for f in joint.factors:
        read = [names[x] for x in toposort([f.value]) if x in names]
        if not any(n in data for n in read):
            continue
        name = next(n for n in read if n in data)
        infinite = _infinite(data[name])
        if infinite is not None:
            raise DomainError(f"{what} for {name!r} hold {infinite}, expected finite numbers")
        if f.support is None:
            continue
        inputs = [x for x in toposort([f.support]) if x in names]
        if any(names[x] not in data for x in inputs):
            continue  # it depends on a latent, and is part of its conditional
        values = [data[names[x]] for x in inputs]
        (inside,) = compiled(inputs, [f.support])(*values)
        inside = np.asarray(inside)
        if not inside.all():
            array = data[name]
            fits = inside.shape == array.shape and array.shape != ()
            bad = array[~inside].flat[0] if fits else array
            words = f.distribution.support(*f.parameters).words
            raise DomainError(
                f"{what} for {name!r} hold {np.asarray(bad).tolist()}, expected {words}"
            )


def _infinite(array: Array) -> Any:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return array[~np.isfinite(array)].flat[0]
    return None
