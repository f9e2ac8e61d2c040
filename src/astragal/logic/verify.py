"""Verification: a relation earns its place by being compared, number by number.

Sure identities are compared value by value. Where every random variable is an output, the
joint densities are compared exactly. Otherwise the joint law of the outputs is computed on
both sides by quadrature, and expectations of many functions of it are compared, with an
error bound from shifted grids; where that is out of reach, by samples. A relation is
rejected only by a difference that no rounding, quadrature or chance explains.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import INTEGERS, KeyType, TensorType
from astragal.logic.numeric import (
    Array,
    Law,
    NotNumeric,
    evaluate_at,
    law,
    log_density,
    numeric_sort,
)
from astragal.logic.pattern import Side
from astragal.logic.relation import Relation
from astragal.logic.variables import Variable
from astragal.ops.declare import as_expr
from astragal.random.distribution import (
    COUNT,
    NON_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    is_random,
    random_parts,
)
from astragal.random.keys import key, split

SETTINGS = 3
SHIFTS = (0.0, 0.25, 0.5, 0.75)
SIGMAS = 8.0
SAMPLES = 200_000


@dataclass(frozen=True)
class Verdict:
    """What came of a verification.

    Attributes
    ----------
    holds : bool
        Whether the identity stood every comparison. False also where none could be made.
    evidence : str
        How it was compared, and how closely both sides agree or differ.
    counterexample : dict or None
        Parameters at which the sides differ, with what differs.
    """

    holds: bool
    evidence: str
    counterexample: dict[str, Any] | None = None

    def __bool__(self) -> bool:
        return self.holds


def verify(relation: Relation, seed: int = 0) -> Verdict:
    """Compare the two sides of a relation at generic parameters.

    Parameters
    ----------
    relation
    seed
        Where parameters and values are drawn from; the same seed gives the same verdict.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> import astragal as ag
    >>> from astragal.rewrites.convolutions import normal_convolution
    >>> ag.verify(normal_convolution).holds
    True
    >>> @ag.relation("in law")
    ... def wrong(k: ag.Key, s, t):
    ...     k1, k2 = ag.split(k)
    ...     normal = ag.random.normal
    ...     return normal(k1, 0.0, s) + normal(k2, 0.0, t), normal(k, 0.0, s + t)
    >>> ag.verify(wrong).holds
    False
    """
    rng = np.random.default_rng([seed, 20260])
    if relation.kind == "sure":
        return _verify_sure(relation, rng)
    if _all_shown(relation.left) and _all_shown(relation.right):
        return _verify_densities(relation, rng)
    return _verify_laws(relation, rng)


# -- parameters -----------------------------------------------------------------------------


def settings(relation: Relation, rng: np.random.Generator, count: int) -> Iterator[dict[Expr, Any]]:
    """Draw values for the statement's variables that lie in all domains and meet `where`."""
    variables = [v for v in relation.variables if not isinstance(v.type, KeyType)]
    found = 0
    for attempt in range(400 * count):
        if found == count:
            return
        values: dict[Expr, Any] = {v: _guess(v, relation, rng, attempt) for v in variables}
        if _allowed(relation, values):
            found += 1
            yield values


def _guess(v: Variable, relation: Relation, rng: np.random.Generator, attempt: int) -> Any:
    t = v.type
    assert isinstance(t, TensorType)
    shape = tuple(d if isinstance(d, int) else 3 for d in t.shape)
    if t.dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    domains = [p for s in (relation.left, relation.right) for p in _roles(v, s)]
    # Where the usual ranges meet no condition, wider ones are tried.
    wide = 1.0 if attempt < 40 else 4.0
    if t.dtype in INTEGERS:
        return np.asarray(rng.integers(2, int(7 * wide), shape), dtype=t.dtype)
    if PROBABILITY in domains or any("probability" in d.words or "1" in d.words for d in domains):
        value = rng.uniform(0.15, 0.85, shape)
    elif POSITIVE in domains or NON_NEGATIVE in domains:
        value = np.exp(rng.uniform(np.log(0.5), np.log(3.0 * wide), shape))
    elif COUNT in domains:
        value = rng.integers(2, 7, shape).astype(float)
    elif domains:
        value = rng.normal(0.3, 1.2, shape)
    else:
        # It stands inside expressions only: any of the usual ranges may be meant.
        ways = (
            lambda: np.exp(rng.uniform(np.log(0.5), np.log(3.0 * wide), shape)),
            lambda: rng.normal(0.3, 1.2 * wide, shape),
            lambda: rng.uniform(0.15, 0.85, shape),
        )
        value = ways[int(rng.integers(0, 3)) if attempt else 0]()
    return np.asarray(np.round(value, 3), dtype=t.dtype)


def _roles(v: Variable, side: Side) -> list[Any]:
    """List the domains of the parameters of distributions in whose place a variable stands."""
    out = []
    for x in side.draws:
        d, _, _, parameters = random_parts(x)
        out += [p.domain for a, p in zip(parameters, d.parameters, strict=True) if a is v]
    return out


def _allowed(relation: Relation, values: Mapping[Expr, Any]) -> bool:
    for c in relation.where:
        if not np.all(evaluate_at([c], values)[0]):
            return False
    for side in (relation.left, relation.right):
        for x in side.draws:
            d, _, _, parameters = random_parts(x)
            for a, p in zip(parameters, d.parameters, strict=True):
                if a in side.random or p.core:
                    continue
                with np.errstate(all="ignore"):
                    value = evaluate_at([a], values)[0]
                if not np.all(_inside(p.domain, value, p.integer)):
                    return False
    return True


def _inside(domain: Any, value: Array, integer: bool) -> Array:
    from astragal.graph.expr import INPUT
    from astragal.graph.types import tensor_type
    from astragal.logic.numeric import run

    x = INPUT("x", tensor_type("int64" if integer else "float64"))
    return np.asarray(run([x], [domain.contains(x)], [value])[0])


def _shown(values: Mapping[Expr, Any]) -> dict[str, Any]:
    return {repr(v): np.asarray(x).tolist() for v, x in values.items()}


# -- sure: value by value ---------------------------------------------------------------------


def _verify_sure(relation: Relation, rng: np.random.Generator) -> Verdict:
    from astragal.compile import evaluate

    worst = 0.0
    compared = 0
    roots = (*relation.left.roots, *relation.right.roots)
    for values in settings(relation, rng, 4 * SETTINGS):
        mapping: dict[Expr, Expr] = {v: as_expr(x) for v, x in values.items()}
        keys = [v for v in relation.variables if isinstance(v.type, KeyType)]
        mapping |= {k: key(int(rng.integers(0, 2**63))) for k in keys}
        try:
            n = len(relation.left.roots)
            sides = [np.asarray(evaluate(r)) for r in substitute(roots, mapping)]
        except AstragalError as error:
            return Verdict(False, f"the sides cannot be computed: {error}", _shown(values))
        compared += 1
        for a, b in zip(sides[:n], sides[n:], strict=True):
            both = (~np.isfinite(a) & ~np.isfinite(b)) | (a == b)
            gap = np.where(both, 0.0, np.abs(a - b) / (1e-300 + np.maximum(np.abs(a), np.abs(b))))
            # Where terms cancel, what counts is their size, not that of the difference.
            slack = (
                1e-9
                * max(1.0, *(float(np.max(np.abs(np.asarray(x, float)))) for x in values.values()))
                if values
                else 1e-9
            )
            if np.any(~(gap <= 1e-6) & ~(np.abs(a - b) <= slack)):
                return Verdict(
                    False,
                    "the sides have different values for the same keys",
                    {**_shown(values), "left": a.tolist(), "right": b.tolist()},
                )
            worst = max(worst, float(np.max(gap)))
    if not compared:
        return _none_found(relation)
    return Verdict(True, f"{compared} settings: values agree to {worst:.1e}")


def _none_found(relation: Relation) -> Verdict:
    return Verdict(
        False, f"no parameters of {relation.name} were found that lie in all domains", None
    )


# -- all random variables are outputs: exact densities ---------------------------------------


def _all_shown(side: Side) -> bool:
    """Whether the roots are the random variables themselves, each once."""
    return (
        all(is_random(r) for r in side.roots)
        and len(set(side.roots)) == len(side.roots)
        and set(side.draws) == set(side.roots)
    )


def _verify_densities(relation: Relation, rng: np.random.Generator) -> Verdict:
    worst, compared = 0.0, 0
    # Arrays are compared row by row, which takes longer: fewer points.
    arrays = any(x.type.shape for x in relation.left.draws)
    count, rows = (SETTINGS, 6) if arrays else (4 * SETTINGS, 40)
    for values in settings(relation, rng, count):
        points = _points(relation, values, rng, rows)
        if points is None:
            continue
        logs = [_joint(s, values, points) for s in (relation.left, relation.right)]
        (a, scale_a), (b, scale_b) = logs
        with np.errstate(all="ignore"):
            tolerance = 1e-9 * (1 + np.maximum(scale_a, scale_b))
            both_none = np.isneginf(a) & np.isneginf(b)
            # Where rounding has lost the density on one side, nothing can be said.
            lost = np.isnan(a) | np.isnan(b) | np.isposinf(a) | np.isposinf(b)
            far = np.isneginf(a) != np.isneginf(b)
            faint = far & (np.maximum(a, b) < -300)
            gap = np.where(both_none | lost | faint, 0.0, np.abs(a - b))
            wrong = gap > tolerance
        compared += int(np.sum(~(both_none | lost)))
        if np.any(wrong):
            i = int(np.argmax(np.where(wrong, np.nan_to_num(gap, posinf=1e300), -1)))
            return Verdict(
                False,
                f"log densities differ by {gap[i]:.3g}",
                {
                    **_shown(values),
                    "at": [np.asarray(p)[i].tolist() for p in points],
                    "left": float(a[i]),
                    "right": float(b[i]),
                },
            )
        worst = max(worst, float(np.max(np.where(wrong, 0, gap), initial=0.0)))
    if compared < rows:
        return _none_found(relation)
    return Verdict(True, f"{compared} points: log densities agree to {worst:.1e}")


def _points(
    relation: Relation, values: Mapping[Expr, Any], rng: np.random.Generator, rows: int
) -> list[Array] | None:
    """Draw values of the outputs from both sides, near and far."""
    out: list[list[Array]] = []
    for side in (relation.left, relation.right):
        drawn = sample(side, values, rows, int(rng.integers(0, 2**62)))
        if drawn is not None:
            out.append(drawn)
    if not out:
        return None
    return [
        np.concatenate([np.asarray(d[i]) for d in out]) for i in range(len(relation.left.roots))
    ]


def _joint(side: Side, values: Mapping[Expr, Any], points: Sequence[Array]) -> tuple[Array, Array]:
    """Compute the joint log density at points, and the size of its terms."""
    known: dict[Expr, Any] = dict(values)
    known.update(zip(side.roots, points, strict=True))
    vector = any(x.type.shape for x in side.order if isinstance(x.type, TensorType))
    if vector:
        return _joint_by_rows(side, values, points)
    total = np.zeros(len(points[0]))
    size = np.zeros(len(points[0]))
    for x in side.draws:
        d, _, _, exprs = random_parts(x)
        parameters = evaluate_at(exprs, known)
        log = log_density(d, known[x], parameters)
        total = total + log
        size = np.maximum(size, np.nan_to_num(np.abs(log), posinf=0.0))
        for p in parameters:
            if p.dtype.kind == "f":
                size = np.maximum(size, np.nan_to_num(np.abs(p), posinf=0.0))
    return total, size


def _joint_by_rows(
    side: Side, values: Mapping[Expr, Any], points: Sequence[Array]
) -> tuple[Array, Array]:
    totals, sizes = [], []
    for row in zip(*points, strict=True):
        known = {**values, **dict(zip(side.roots, row, strict=True))}
        total, size = 0.0, 0.0
        for x in side.draws:
            d, _, _, exprs = random_parts(x)
            parameters = evaluate_at(exprs, known)
            terms = [as_expr(np.asarray(p)) for p in parameters]
            value = as_expr(np.asarray(known[x]))
            inside = evaluate_at([d.support(*terms).contains(value)], {})[0]
            log = np.sum(evaluate_at([d.logdensity(value, *terms)], {})[0])
            log = log if np.all(inside) else -np.inf
            total += float(log)
            size = max(size, abs(float(np.nan_to_num(log, posinf=0.0, neginf=0.0))))
        totals.append(total)
        sizes.append(size)
    return np.asarray(totals), np.asarray(sizes)


# -- hidden random variables: expectations ----------------------------------------------------


def _verify_laws(relation: Relation, rng: np.random.Generator) -> Verdict:
    reasons = [r for s in (relation.left, relation.right) if (r := numeric_sort(s))]
    if reasons:
        return _verify_samples(relation, rng, reasons[0])
    worst, bound, compared = 0.0, 0.0, 0
    for values in settings(relation, rng, SETTINGS):
        try:
            laws = [
                [law(s, values, shift) for shift in SHIFTS] for s in (relation.left, relation.right)
            ]
        except NotNumeric as why:
            return _verify_samples(relation, rng, str(why))
        tests = Tests(laws[0][0], laws[1][0])
        means, errors = [], []
        for ways in laws:
            table = np.asarray([w.expect(tests) for w in ways])
            lost = max(abs(w.mass - 1.0) for w in ways)
            means.append(table.mean(axis=0))
            errors.append(np.ptp(table, axis=0).max() + lost)
        error = max(errors)
        if error > 0.02:
            return _verify_samples(relation, rng, f"quadrature is off by {error:.2g}")
        gap = np.abs(means[0] - means[1])
        tolerance = 6 * error + 1e-8
        compared += len(gap)
        worst, bound = max(worst, float(gap.max())), max(bound, tolerance)
        if gap.max() > tolerance:
            i = int(gap.argmax())
            return Verdict(
                False,
                f"expectations differ by {gap[i]:.3g}, where quadrature is good to {tolerance:.1g}",
                {
                    **_shown(values),
                    "function": tests.names[i],
                    "left": float(means[0][i]),
                    "right": float(means[1][i]),
                },
            )
    if not compared:
        return _none_found(relation)
    if bound > 1e-3:
        sampled = _verify_samples(relation, rng, "quadrature is coarse")
        if not sampled.holds:
            return sampled
    return Verdict(
        True,
        f"{compared} expectations agree to {worst:.1e} (quadrature error at most {bound:.1e})",
    )


class Tests:
    """Bounded functions of the outputs, centred where the outputs are.

    Bumps and steps at several places, of several widths, into the tails; of several
    outputs also products, so that the joint law counts and not the marginals alone.
    """

    __test__ = False  # pytest: these are no tests

    def __init__(self, first: Law, second: Law) -> None:
        self.single: list[list[tuple[str, float, float]]] = []
        for a in first.roots:
            places = _quantiles(a, first.weights, (0.02, 0.15, 0.4, 0.65, 0.9, 0.99))
            width = max(places[4] - places[1], 1e-3 * abs(places[2]), 1e-6)
            own = [("step", c, 0.4 * width) for c in places]
            own += [("bump", c, f * width) for c in places[1:5] for f in (0.25, 1.0)]
            own += [("step", places[2], f * width) for f in (6.0, 60.0)]
            self.single.append(own)
        self.names: list[str] = [
            f"{kind}(output {i}, {c:.3g}, {w:.3g})"
            for i, own in enumerate(self.single)
            for kind, c, w in own
        ]
        self.pairs = list(itertools.combinations(range(len(self.single)), 2))
        for i, j in self.pairs:
            self.names += [f"product of output {i} and {j}, {n}" for n in range(_JOINT**2)]

    def __call__(self, *roots: Array) -> Iterator[Array]:
        """Evaluate all functions."""
        for own, y in zip(self.single, roots, strict=True):
            for kind, c, w in own:
                yield _test(kind, y, c, w)
        for i, j in self.pairs:
            a = [_test("step", roots[i], c, w) for _, c, w in self.single[i][:_JOINT]]
            b = [_test("step", roots[j], c, w) for _, c, w in self.single[j][:_JOINT]]
            for f, g in itertools.product(a, b):
                yield f * g


_JOINT = 6


def _test(kind: str, y: Array, c: float, w: float) -> Array:
    z = (y - c) / w
    if kind == "step":
        return np.arctan(z) / np.pi
    return np.exp(-0.5 * z * z)


def _quantiles(y: Array, weights: Array, levels: Sequence[float]) -> list[float]:
    flat, w = np.ravel(y), np.ravel(weights)
    keep = np.isfinite(flat) & (w > 0)
    flat, w = flat[keep], w[keep]
    if not len(flat):
        raise NotNumeric("no finite values")
    order = np.argsort(flat, kind="stable")
    total = np.cumsum(w[order])
    at = np.searchsorted(total, np.asarray(levels) * total[-1])
    return [float(flat[order[min(i, len(flat) - 1)]]) for i in at]


# -- samples ----------------------------------------------------------------------------------


def sample(side: Side, values: Mapping[Expr, Any], n: int, seed: int) -> list[Array] | None:
    """Draw n independent values of a side's roots; None where a draw cannot be repeated."""
    from astragal.compile import evaluate

    vector = any(x.type.shape for x in side.order if isinstance(x.type, TensorType))
    mapping: dict[Expr, Expr] = {v: as_expr(x) for v, x in values.items()}
    keys = [k for k in side.order if isinstance(k.type, KeyType) and isinstance(k, Variable)]
    root = key(seed)
    try:
        if not vector:
            own = split(root, len(keys))
            mapping |= {k: split(own[i], n) for i, k in enumerate(keys)}
            whole = _repeat(side.roots, mapping, n)
            return [np.broadcast_to(np.asarray(v), (n,)) for v in _evaluate_all(whole)]
        if n <= 200:
            rows = []
            for i in range(n):
                own = split(split(root, n)[i], len(keys))
                here = mapping | {k: own[j] for j, k in enumerate(keys)}
                rows.append([np.asarray(evaluate(r)) for r in substitute(side.roots, here)])
            return [np.stack(column) for column in zip(*rows, strict=True)]
        return _sample_in_loop(side, mapping, keys, split(root, n))
    except AstragalError:
        return None


def _sample_in_loop(
    side: Side, mapping: Mapping[Expr, Expr], keys: Sequence[Expr], each: Expr
) -> list[Array]:
    """Draw once for each key, in a compiled loop: for sides with arrays in them."""
    from astragal.compile import function
    from astragal.ops.control import scan

    def body(carry: Expr, k: Expr) -> tuple[Expr, tuple[Expr, ...]]:
        own = split(k, len(keys))
        here = {**mapping, **{k: own[j] for j, k in enumerate(keys)}}
        return carry, substitute(side.roots, here)

    _, drawn = scan(body, 0.0, each)
    result = function([], list(drawn), backend="numba")()
    many = list(result) if isinstance(result, (list, tuple)) else [result]
    return [np.asarray(v) for v in many]


def _repeat(roots: Sequence[Expr], mapping: Mapping[Expr, Expr], n: int) -> tuple[Expr, ...]:
    """Put values into a pattern of scalars, n draws for each random variable."""
    new: dict[Expr, Expr] = dict(mapping)
    for x in toposort(roots):
        if x in new:
            continue
        args = [new[a] if isinstance(a, Expr) else a for a in x.args]
        if x.op.name == "index" and isinstance(x.type, KeyType):
            new[x] = new[x.args[0]][x.args[1][0][1]]
        elif is_random(x):
            new[x] = x.op(args[0], (n,), *args[2:])
        else:
            new[x] = x.op(*args)
    return tuple(new[r] for r in roots)


def _evaluate_all(roots: Sequence[Expr]) -> list[Any]:
    from astragal.compile import function

    result = function([], list(roots), backend="numpy")()
    return list(result) if isinstance(result, (list, tuple)) else [result]


def _verify_samples(relation: Relation, rng: np.random.Generator, why: str) -> Verdict:
    compared, worst = 0, 0.0
    for values in settings(relation, rng, SETTINGS):
        seeds = rng.integers(0, 2**62, 2)
        drawn = [
            sample(s, values, SAMPLES, int(i))
            for s, i in zip((relation.left, relation.right), seeds, strict=True)
        ]
        had = [d for d in drawn if d is not None]
        if len(had) < 2:
            return Verdict(False, f"neither quadrature ({why}) nor samples could be had", None)
        rows = [[np.asarray(r, float).reshape(len(r), -1) for r in d] for d in had]
        columns = [[c for r in d for c in r.T] for d in rows]
        laws = [Law(tuple(c), np.full(len(c[0]), 1 / len(c[0])), 1.0) for c in columns]
        tests = Tests(laws[0], laws[1])
        values_of = [np.asarray(list(tests(*x.roots))) for x in laws]
        means = [v.mean(axis=1) for v in values_of]
        error = np.sqrt(sum(v.var(axis=1) / v.shape[1] for v in values_of))
        gap = np.abs(means[0] - means[1])
        z = gap / np.maximum(error, 1e-12)
        z = np.where(gap < 1e-9, 0.0, z)
        compared += len(z)
        worst = max(worst, float(z.max()))
        if z.max() > SIGMAS:
            i = int(z.argmax())
            return Verdict(
                False,
                f"expectations differ by {gap[i]:.3g}, {z[i]:.0f} standard errors",
                {
                    **_shown(values),
                    "function": tests.names[i],
                    "left": float(means[0][i]),
                    "right": float(means[1][i]),
                },
            )
    if not compared:
        return _none_found(relation)
    return Verdict(
        True,
        f"{compared} expectations from {SAMPLES} samples agree within {worst:.1f} standard errors "
        f"({why})",
    )
