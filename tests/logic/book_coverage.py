"""Which identities of a catalogue the book connects, counted by family.

    python tests/logic/book_coverage.py [--missing] [--family NAME] [--id ENTRY] [--write PAGE]

Both programs of an entry are built as graphs, with letters for parameters, and then with
numbers. The entry is covered where the relations of the book turn one graph into the other,
by one application on either side, or by one on each. Graphs are compared draw by draw: equal
distributions with parameters that agree as numbers, in some order, keys left out.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import astragal as ag
from astragal import random as r
from astragal.graph.expr import Expr
from astragal.graph.traverse import substitute, toposort
from astragal.graph.types import INTEGERS
from astragal.logic.numeric import evaluate_at
from astragal.logic.search import neighbours
from astragal.random.distribution import is_random, random_parts

sys.path.insert(0, str(Path(__file__).parent))
import catalogue as base  # type: ignore[import-not-found]
from catalogue import Untranslatable

FOLDER = Path(__file__).parents[3] / "shared" / "catalogue"


def _asymmetric(k: Expr, loc: Any, s: Any, p: Any, **size: Any) -> Expr:
    # There the slopes are p/s and (1 - p)/s; here kappa/scale and 1/(kappa scale).
    return r.asymmetric_laplace(k, loc, s / ag.sqrt(p * (1 - p)), ag.sqrt(p / (1 - p)), **size)


def _prime(k: Expr, a: Any, b: Any, scale: Any = 1.0, **size: Any) -> Any:
    x = r.beta_prime(k, a, b, **size)
    return x if isinstance(scale, (int, float)) and scale == 1 else scale * x


def _gig(k: Expr, p: Any, a: Any, b: Any, **size: Any) -> Expr:
    return r.generalized_inverse_gaussian(k, p, ag.sqrt(a * b), ag.sqrt(b / a), **size)


def _named(*names: str) -> Any:
    """Call the first of these distributions that there is."""

    def draw(k: Expr, *args: Any, **size: Any) -> Any:
        found = next((f for n in names if (f := getattr(r, n, None)) is not None), None)
        if found is None:
            raise Untranslatable(names[0])
        return found(k, *args, **size)

    return draw


# fmt: off
DISTRIBUTIONS: dict[str, Any] = {
    **base.DISTRIBUTIONS,
    "wald": r.inverse_gaussian, "loglogistic": r.log_logistic, "halft": r.half_student_t,
    "betabinom": r.beta_binomial, "logseries": r.log_series, "ncx2": r.noncentral_chi_square,
    "randint": r.discrete_uniform, "categorical": r.categorical,
    "dirichletmultinomial": r.dirichlet_multinomial, "truncnormal": r.truncated_normal,
    "skewnormal": lambda k, al, m, s, **z: r.skew_normal(k, m, s, al, **z),
    "exgaussian": r.ex_gaussian, "asymmetriclaplace": _asymmetric, "gig": _gig,
    "mvnormal": r.multivariate_normal, "wishart": r.wishart, "invwishart": r.inverse_wishart,
    "mvt": lambda k, df, m, S, **z: r.multivariate_t(k, m, S, df, **z),
    "matrixnormal": r.matrix_normal, "zipf": r.zipf, "gumbel_min": r.gumbel_minimum,
    "hypsecant": r.hyperbolic_secant, "loggamma": r.log_gamma, "nct": r.noncentral_t,
    "genlogistic": r.generalized_logistic, "gennormal": r.generalized_normal,
    "johnsonsu": r.johnson_su, "johnsonsb": r.johnson_sb, "nig": r.normal_inverse_gaussian,
    "power": r.power, "powerfunction": r.power, "arcsine": r.arcsine, "semicircle": r.semicircle,
    "loguniform": r.log_uniform, "logitnormal": r.logit_normal, "chi": r.chi, "rice": r.rice,
    "nakagami": r.nakagami, "gengamma": r.generalized_gamma, "foldednormal": r.folded_normal,
    "birnbaumsaunders": r.birnbaum_saunders, "ncf": r.noncentral_f, "frechet": r.frechet,
    "gompertz": r.gompertz, "burr12": r.burr, "dagum": r.dagum, "halflogistic": r.half_logistic,
    "expweibull": r.exponentiated_weibull, "loglaplace": r.log_laplace,
    "genpareto": r.generalized_pareto,
    "genextreme": lambda k, c, m, s, **z: r.generalized_extreme_value(k, -c, m, s, **z),
    "skellam": r.skellam, "yulesimon": r.yule_simon, "planck": r.planck, "benford": r.benford,
    "dlaplace": r.discrete_laplace, "betanbinom": r.beta_negative_binomial,
    "nhypergeom": lambda k, M, n, q, **z: r.negative_hypergeometric(k, n, M - n, q, **z),
    "betaprime": _prime, "zipoisson": r.zero_inflated_poisson,
    "truncexponential": lambda k, s, h, **z: r.truncated(
        k, r.exponential.law(scale=s), lower=0.0, upper=h, **z
    ),
    "normalmixture": lambda k, w, m, s, **z: r.mixture(k, w, r.normal.law(m, s), **z),
    "poissonmixture": lambda k, w, lam, **z: r.mixture(k, w, r.poisson.law(lam), **z),
    # The law of a sum of uniform numbers is named there, and written as that sum here.
    "irwinhall": lambda k, n, **z: ag.sum(r.uniform(k, 0.0, 1.0, size=(n,))),
    **{n: _named(n, m) for n, m in (
        ("poissonbinomial", "poisson_binomial"),
        ("kolmogorov", "kolmogorov_distribution"),
        ("mvhypergeometric", "multivariate_hypergeometric"))},
}
# fmt: on


def _order(k: Any, x: Any) -> Any:
    return ag.sort(x)[k - 1]


def _first(reduce: Any) -> Any:
    """Reduce over the observations, which are the first axis: rows, where they are vectors."""
    return lambda x: reduce(x, axis=0) if isinstance(x, Expr) and x.ndim else reduce(x)


def _block(a: Any, b: Any, c: Any, d: Any) -> Any:
    return ag.concat([ag.concat([a, b], axis=1), ag.concat([c, d], axis=1)])


def _one_hot(i: Any, n: Any) -> Any:
    return ag.where(ag.equal(ag.arange(n), ag.expand_dims(ag.asarray(i), axis=-1)), 1, 0)


def _list(xs: Sequence[Any]) -> Any:
    if not any(isinstance(x, Expr) for x in xs):
        return ag.constant(np.asarray(xs))
    return ag.stack([ag.asarray(x) for x in xs])


# fmt: off
FUNCTIONS: dict[str, Any] = {
    **base.FUNCTIONS,
    **{n: getattr(ag, n) for n in ("prod", "argmax", "argmin", "ones", "zeros", "eye",
                                   "softmax", "logsumexp", "expit", "sin", "cos", "tan", "atan",
                                   "sinh", "cosh", "tanh", "sign")},
    **{n: getattr(ag.linalg, n) for n in ("inv", "det", "trace", "diag", "outer")},
    **{n: getattr(ag.special, n) for n in ("logit", "gammaln", "betaln")},
    "inf": float("inf"), "Phi": ag.special.ndtr, "Phi_inv": ag.special.ndtri,
    "arctan2": ag.atan2, "arctan": ag.atan, "arcsin": ag.asin, "arcsinh": ag.asinh,
    "arccos": ag.acos, "chol": ag.linalg.cholesky, "dot": lambda a, b: ag.sum(a * b),
    "cumsum": ag.cumulative_sum, "cumprod": ag.cumulative_prod, "order": _order,
    "logdet": lambda a: ag.linalg.slogdet(a)[1],
    "quad": lambda x, S: ag.sum(x * ag.linalg.solve(S, x)),
    "sum": _first(ag.sum), "mean": _first(ag.mean), "concat": lambda *x: ag.concat(x),
    "block": _block, "symm": lambda a: (a + ag.matrix_transpose(a)) / 2, "onehot": _one_hot,
    "counts": lambda y, n: ag.sum(_one_hot(y, n), axis=0),
}
# fmt: on


# Of whole numbers, which declare none.
QUANTILES: dict[str, Any] = {
    "geometric": lambda u, p: ag.ceil(ag.log1p(-u) / ag.log1p(-p)),
}


def _of_law(name: str, drawn: Expr, x: Any) -> Any:
    """Apply a function of a random variable's distribution, as its quantile function."""
    d, _, _, parameters = random_parts(drawn)
    function = getattr(d, "cdf" if name == "sf" else name) or QUANTILES.get(d.name)
    if function is None:
        raise Untranslatable(f"the {name} of {d.name}")
    value = function(ag.asarray(x), *parameters)
    return 1 - value if name == "sf" else value


class Program(base.Program):  # type: ignore[misc]
    """A program with all that the catalogue's language has."""

    def value(self, t: ast.expr) -> Any:
        if isinstance(t, ast.List):
            return _list([self.value(e) for e in t.elts])
        if isinstance(t, ast.Name) and t.id not in self.names and t.id in FUNCTIONS:
            return FUNCTIONS[t.id]
        if isinstance(t, ast.Attribute) and t.attr == "T":
            return ag.matrix_transpose(self.value(t.value))
        if isinstance(t, ast.Subscript):
            x = self.value(t.value)
            parts = t.slice.elts if isinstance(t.slice, ast.Tuple) else [t.slice]
            at = tuple(self.place(i) for i in parts)
            return x[at if len(at) > 1 else at[0]]
        if isinstance(t, ast.BinOp) and isinstance(t.op, (ast.BitAnd, ast.BitOr)):
            a, b = self.value(t.left), self.value(t.right)
            return a & b if isinstance(t.op, ast.BitAnd) else a | b
        if isinstance(t, ast.BinOp) and isinstance(t.op, ast.MatMult):
            return ag.matmul(self.value(t.left), self.value(t.right))
        if isinstance(t, ast.Compare) and isinstance(t.ops[0], ast.NotEq):
            return ag.not_equal(self.value(t.left), self.value(t.comparators[0]))
        if isinstance(t, ast.BinOp) and isinstance(t.op, ast.Mod):
            return self.value(t.left) % self.value(t.right)
        return super().value(t)

    def place(self, t: ast.expr) -> Any:
        """Give what stands between brackets: an index, or a run of them."""
        if isinstance(t, ast.Slice):
            return slice(*(None if e is None else self.value(e) for e in (t.lower, t.upper)))
        return self.value(t)

    def call(self, name: str, args: list[ast.expr]) -> Any:
        if name == "iid" and isinstance(args[1], ast.Call) and isinstance(args[1].func, ast.Name):
            n = self.value(args[0])
            return self.draw(args[1].func.id, args[1].args, size=(n,))
        if name in {"quantile", "cdf", "sf"} and isinstance(args[0], ast.Call):
            assert isinstance(args[0].func, ast.Name)
            at = self.value(args[1])
            return _of_law(name, self.draw(args[0].func.id, args[0].args), at)
        if name == "given":
            return self.given(*args)
        if name == "randsum" and isinstance(args[1], ast.Call):
            assert isinstance(args[1].func, ast.Name)
            return ag.sum(self.draw(args[1].func.id, args[1].args, size=(self.value(args[0]),)))
        if name in DISTRIBUTIONS:
            return self.draw(name, args)
        if name in FUNCTIONS:
            return FUNCTIONS[name](*(self.value(a) for a in args))
        raise Untranslatable(name)

    def given(self, value: ast.expr, event: ast.expr) -> Any:
        if not hasattr(ag, "given"):
            raise Untranslatable("given")
        return ag.given(self.value(value), self.value(event))

    def draw(self, name: str, args: list[ast.expr], **size: Any) -> Any:
        if name not in DISTRIBUTIONS:
            raise Untranslatable(name)
        return DISTRIBUTIONS[name](next(self.keys), *(self.value(a) for a in args), **size)


# -- entries as graphs ----------------------------------------------------------------------


@dataclass(frozen=True)
class Built:
    """Both sides of an entry, and numbers for its letters."""

    left: tuple[Expr, ...]
    right: tuple[Expr, ...]
    values: dict[Expr, Any]


def sides(entry: Mapping[str, Any], given: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Run both programs of an entry; a conjugate one as an update, and as a reversal."""
    keys = ag.split(ag.key(5), 16)

    def run(text: str, names: Mapping[str, Any]) -> Program:
        program = Program(text, names, (keys[i] for i in range(16)))
        program.result = program.run()
        return program

    if "lhs" in entry:
        if entry.get("form", "law") != "law":
            raise Untranslatable(f"a statement about {entry['form']}")
        return [(run(entry["lhs"], given).result, run(entry["rhs"], given).result)]
    updated = _names(entry["posterior"])
    rest = [n for n in _names(entry["prior"]) if n not in updated]
    data = _names(entry["likelihood"])
    shown = ", ".join([*updated, *rest, *data])
    before = run(f"{entry['prior']}; {entry['likelihood']}; ({shown},)", given)
    held = {**given, **{n: before.names[n] for n in (*rest, *data)}}
    after = run(f"{entry['posterior']}; ({shown},)", held)
    found = [(before.result, after.result)]
    if entry.get("marginal"):
        joint = run(f"{entry['marginal']}; {entry['posterior']}; ({shown},)", given)
        found.append((before.result, joint.result))
    return found


def _names(program: str) -> list[str]:
    return [s.split("~")[0].strip() for s in program.split(";") if "~" in s]


def build(entry: Mapping[str, Any], letters: bool) -> list[Built]:
    """Build both sides, with inputs for the parameters or with numbers."""
    rng = np.random.default_rng(7)
    params = {n: str(t) for n, t in (entry.get("params") or {}).items()}
    for _ in range(300):
        numbers = {n: _number(n, t, rng) for n, t in params.items()}
        if all(_holds(c, numbers) for c in entry.get("conditions") or ()):
            break
    else:
        raise Untranslatable("no parameters meet the conditions")
    given: dict[str, Any] = dict(numbers)
    values: dict[Expr, Any] = {}
    for n, x in numbers.items():
        if letters and not params[n].startswith("const"):
            dtype = "int64" if np.asarray(x).dtype.kind == "i" else "float64"
            given[n] = ag.input(n, np.shape(x), dtype)
            values[given[n]] = np.asarray(x)
        elif np.ndim(x):
            given[n] = ag.constant(x)
    return [Built(_roots(a), _roots(b), values) for a, b in sides(entry, given)]


def _roots(made: Any) -> tuple[Expr, ...]:
    parts = made if isinstance(made, tuple) else (made,)
    return tuple(x if isinstance(x, Expr) else ag.constant(x) for x in parts)


def _holds(condition: str, numbers: Mapping[str, Any]) -> bool:
    found = Program(str(condition), dict(numbers), iter(())).run()
    return bool(ag.evaluate(found) if isinstance(found, Expr) else found)


def _number(name: str, text: str, rng: np.random.Generator) -> Any:
    kind, _, rest = text.partition("(")
    bounds = [float(x) for x in rest.rstrip(")").split(",") if x.strip()]
    if kind in {"real", "pos", "unit"}:
        low, high = bounds or {"real": (-1.5, 1.5), "pos": (0.4, 2.5),
                                           "unit": (0.15, 0.85)}[kind]  # fmt: skip
        return round(float(rng.uniform(low, high)), 3)
    if kind in {"int", "nat"}:
        least, most = bounds or (1, 6)
        return int(rng.integers(int(least), int(most) + 1))
    if kind == "const":
        return int(bounds[0]) if bounds[0] == int(bounds[0]) else bounds[0]
    n = int(bounds[0])
    shape = (n, int(bounds[1])) if kind in {"mat", "stochmat", "posmat"} else (n,)
    if kind in {"vec", "mat"}:
        return np.round(rng.normal(0, 1, shape), 3)
    if kind in {"posvec", "posmat"}:
        return np.round(rng.uniform(0.4, 2.5, shape), 3)
    if kind == "unitvec":
        return np.round(rng.uniform(0.15, 0.85, shape), 3)
    if kind == "intvec":
        return rng.integers(int(bounds[1]), int(bounds[2]) + 1, n)
    if kind in {"simplex", "stochmat"}:
        return rng.dirichlet(np.full(shape[-1], 3.0), shape[:-1])
    if kind == "spd":
        a = rng.normal(0, 1, (n, n))
        return np.round(a @ a.T + n * np.eye(n), 3)
    raise Untranslatable(f"a parameter {name} of type {text}")


# -- comparing graphs -----------------------------------------------------------------------


def _ops(roots: Sequence[Expr]) -> Counter[str]:
    return Counter(x.op.name for x in toposort(roots) if is_random(x))


def same(a: Sequence[Expr], b: Sequence[Expr], values: Mapping[Expr, Any]) -> bool:
    """Tell whether two graphs are equal but for keys and the writing of numbers."""
    if len(a) != len(b) or _ops(a) != _ops(b):
        return False
    mine = [x for x in toposort(a) if is_random(x)]
    theirs = [x for x in toposort(b) if is_random(x)]
    if len({x.args[0] for x in mine}) != len({x.args[0] for x in theirs}):
        return False
    rng = np.random.default_rng(3)

    def extend(known: dict[Expr, Any], left: list[Expr], right: list[Expr]) -> bool:
        if not left:
            return _equal(a, b, known)
        x, *rest = left
        value = _stand_in(x, known, rng)
        for y in right:
            if y.op is not x.op or len(y.shape) != len(x.shape):
                continue
            if not _equal(_numbers(x), _numbers(y), known):
                continue
            if extend({**known, x: value, y: value}, rest, [z for z in right if z is not y]):
                return True
        return False

    try:
        return extend(dict(values), mine, theirs)
    except (ag.AstragalError, ValueError, IndexError, TypeError):
        return False


def _numbers(x: Expr) -> list[Expr]:
    return [q for q in x.args[1:] if isinstance(q, Expr)]


def _stand_in(x: Expr, known: Mapping[Expr, Any], rng: np.random.Generator) -> Any:
    dims = [int(d) if isinstance(d, int) else int(evaluate_at([d], known)[0]) for d in x.shape]
    if x.dtype in INTEGERS:
        return rng.integers(1, 3, dims)
    if x.dtype == "bool":
        return rng.integers(0, 2, dims).astype(bool)
    value = rng.uniform(0.2, 0.8, dims)
    return value @ value.T + np.eye(dims[0]) if len(dims) == 2 and dims[0] == dims[1] else value


def _equal(a: Sequence[Expr], b: Sequence[Expr], known: Mapping[Expr, Any]) -> bool:
    if len(a) != len(b):
        return False
    if all(x is y for x, y in zip(a, b, strict=True)):
        return True
    with np.errstate(all="ignore"):
        found = evaluate_at([*a, *b], known)
    return all(
        x.shape == y.shape and np.allclose(x, y, rtol=1e-9, atol=1e-12, equal_nan=True)
        for x, y in zip(found[: len(a)], found[len(a) :], strict=True)
    )


# -- connecting -----------------------------------------------------------------------------


@lru_cache(maxsize=1)
def book() -> tuple[ag.Relation, ...]:
    """Load the relations, those about families as those of their members."""
    from astragal.rewrites import BOOK

    return tuple(member for relation in BOOK for member in relation.members)


def forms(roots: tuple[Expr, ...]) -> Iterator[tuple[str, tuple[Expr, ...]]]:
    """List what one application of a relation makes of a graph."""
    seen = set()
    for relation in book():
        n = len(relation.left.roots)
        if n != len(roots) or n == 1:
            continue
        for order in itertools.permutations(range(n)) if n < 5 else (tuple(range(n)),):
            for direction in ("forward", "backward"):
                source, _ = relation.side(direction)
                if not _ops(source.roots) <= _ops(roots):
                    continue
                try:
                    new = relation.apply(tuple(roots[i] for i in order), direction, {})
                except ag.AstragalError:
                    continue
                if new is not None:
                    back = [new[order.index(i)] for i in range(n)]
                    if tuple(back) not in seen:
                        seen.add(tuple(back))
                        yield relation.name, tuple(back)
    for name, found in updates(roots):
        if found not in seen:
            seen.add(found)
            yield name, found
    for step in neighbours(roots, book()):
        new = substitute(roots, dict(zip(step.old, step.new, strict=True)))
        if new not in seen:
            seen.add(new)
            yield step.relation.name, new


def updates(roots: tuple[Expr, ...]) -> Iterator[tuple[str, tuple[Expr, ...]]]:
    """List the conditional laws of some outputs given the others."""
    for relation in book():
        n = len(relation.left.roots)
        if not 1 < n <= len(roots) or not _ops(relation.left.roots) <= _ops(roots):
            continue
        for chosen in itertools.permutations(range(len(roots)), n) if len(roots) < 5 else ():
            order = [*chosen, *(i for i in range(len(roots)) if i not in chosen)]
            try:
                new = relation.update(*(roots[i] for i in order))
            except ag.AstragalError:
                continue
            if new is not None:
                yield relation.name, tuple(new[order.index(i)] for i in range(len(roots)))


def connect(built: Built) -> tuple[str, ...] | None:
    """Find relations that turn one side into the other; None where there are none."""
    a, b, values = built.left, built.right, built.values
    if same(a, b, values):
        return ()
    lefts, rights = [], []
    for name, x in forms(a):
        if same(x, b, values):
            return (name,)
        lefts.append((name, x))
    for name, y in forms(b):
        if same(a, y, values):
            return (name,)
        rights.append((name, y))
    for (n, x), (m, y) in itertools.product(lefts, rights):
        if same(x, y, values):
            return (n, m)
    return None


def covered(entry: Mapping[str, Any]) -> tuple[bool, str]:
    """Tell whether the book covers an entry, and how, or why not."""
    why = ""
    for letters in (True, False):
        try:
            ways = [connect(built) for built in build(entry, letters)]
            found = next((w for w in ways if w is not None), None)
        except Untranslatable as missing:
            why = why or f"not expressed: {missing}"
            continue
        except Exception as error:  # whatever stands in the way is a reason
            why = why or f"not built: {type(error).__name__}: {str(error)[:150]}"
            continue
        if found is not None:
            return True, ("letters: " if letters else "numbers: ") + (
                " + ".join(found) or "one form already"
            )
        why = why or "no relation connects the sides"
    return False, why


def entries() -> list[dict[str, Any]]:
    """Load the catalogue's identities, without limits."""
    import yaml  # type: ignore[import-untyped]

    text = (FOLDER / "catalogue.yaml").read_text(encoding="utf-8")
    loaded: list[dict[str, Any]] = yaml.load(text, yaml.CSafeLoader)["entries"]
    return [e for e in loaded if e["family"] != "limit" and e.get("joint") != "approx"]


def page(found: Mapping[str, Mapping[str, tuple[bool, str]]]) -> str:
    """Write the table of what is covered, by which relations, and what is not, and why."""
    total = sum(len(rows) for rows in found.values())
    hits = sum(yes for rows in found.values() for yes, _ in rows.values())
    lines = [
        "# What the book covers",
        "",
        "Identities of a catalogue of the literature, and the relations of the book that connect",
        f"their two sides: {hits} of {total}. Two relations stand where a path has two steps.",
        "Limits are not equalities, and are left out. This page is written by",
        "`python tests/logic/book_coverage.py --write docs/reference/coverage.md`.",
        "",
        "| family | covered | of |",
        "|---|---:|---:|",
        *(
            f"| {family} | {sum(y for y, _ in rows.values())} | {len(rows)} |"
            for family, rows in found.items()
        ),
    ]
    by_mechanism: dict[str, list[str]] = {}
    for family, rows in found.items():
        lines += ["", f"## {family}", "", "| identity | relations |", "|---|---|"]
        for name, (yes, how) in rows.items():
            if yes:
                relations = how.partition(": ")[2]
                lines.append(f"| {name} | {relations} |")
                for r in relations.split(" + "):
                    by_mechanism.setdefault(r.partition("[")[0], []).append(name)
        missing = [(n, how) for n, (yes, how) in rows.items() if not yes]
        if missing:
            lines += ["", "Not covered:", ""]
            lines += [f"- {n}: {_in_words(n, how)}" for n, how in missing]
    lines += [
        "", "## Which rows each relation yields", "",
        "Relations that cover several of them, most first.", "",
        "| relation | identities |", "|---|---|",
        *(
            f"| {r} | {', '.join(rows)} |"
            for r, rows in sorted(by_mechanism.items(), key=lambda item: -len(item[1]))
            if len(rows) > 2
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


# Statements of densities, and the relations that say the same of random variables.
SAID_BY = {
    "gamma-exponential-right-censored": "censored_wait_sample",
    "gamma-weibull-right-censored": "censored_weibull_sample",
    "normal-normal-product-of-densities": "normal_normal",
    "polyagamma-exponential-tilt": "polya_gamma_by_acceptance",
    "log-change-of-variable-gamma": "log_of_gamma",
    "logit-change-of-variable-beta": "log_gamma_pair",
    "log-change-of-variable-lognormal": "log_lognormal",
    "mvnormal-product-of-densities": "vector_mean",
    "gaussian-quotient-of-densities": "normal_normal",
}


def _in_words(name: str, how: str) -> str:
    what, _, detail = how.partition(": ")
    if what == "not expressed":
        if name in SAID_BY:
            return f"{detail}; of random variables `{SAID_BY[name]}` says it"
        if detail.startswith("a statement about"):
            return f"{detail}, no identity of two laws"
        return f"the vocabulary has no `{detail}`"
    return "the shapes or sorts of its sides are not built" if what == "not built" else how


def main() -> None:
    """Print counts by family."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", action="append")
    parser.add_argument("--id", action="append")
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, tuple[bool, str]]] = {}
    for entry in entries():
        family = entry["family"]
        if options.family and family not in options.family:
            continue
        if options.id and entry["id"] not in options.id:
            continue
        yes, how = covered(entry)
        found.setdefault(family, {})[entry["id"]] = yes, how
        if options.all or options.id or (options.missing and not yes):
            print(f"{'+' if yes else '-'} {entry['id']}: {how}", flush=True)
    for family, rows in found.items():
        print(f"{family:20s} {sum(y for y, _ in rows.values()):4d} of {len(rows)}")
    every = [y for rows in found.values() for y, _ in rows.values()]
    print(f"{'all':20s} {sum(every):4d} of {len(every)}")
    if options.write:
        options.write.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
