"""Entries of a catalogue of identities, written as text, turned into relations.

An entry gives two programs: statements ``x ~ D(args)`` and ``x = expression``, then the
output. What the vocabulary or this translator lacks raises `Untranslatable`.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

import astragal as ag
from astragal import random as r
from astragal.graph.expr import Expr


class Untranslatable(Exception):
    """What the translator does not know."""


# Spread parameters are scales there.
DISTRIBUTIONS: dict[str, Any] = {
    "normal": r.normal, "laplace": r.laplace, "levy": r.levy, "cauchy": r.cauchy,
    "logistic": r.logistic, "gumbel": r.gumbel, "lognormal": r.lognormal, "beta": r.beta,
    "uniform": r.uniform, "poisson": r.poisson, "binomial": r.binomial, "f": r.f,
    "bernoulli": r.bernoulli, "hypergeometric": r.hypergeometric, "geometric": r.geometric,
    "nbinom": r.negative_binomial, "chisquare": r.chi_square, "halfcauchy": r.half_cauchy,
    "halfnormal": r.half_normal, "rayleigh": r.rayleigh, "maxwell": r.maxwell,
    "weibull": r.weibull, "t": r.student_t, "vonmises": r.von_mises,
    "betaprime": lambda k, a, b, c=1.0, **s: c * r.beta_prime(k, a, b, **s),
    "pareto": lambda k, b, m, **s: r.pareto(k, b, scale=m, **s),
    "exponential": lambda k, scale, **s: r.exponential(k, scale=scale, **s),
    "gamma": lambda k, a, scale, **s: r.gamma(k, a, scale=scale, **s),
    "invgamma": lambda k, a, b, **s: r.inverse_gamma(k, a, scale=b, **s),
    "lomax": r.lomax, "triangular": r.triangular, "kumaraswamy": r.kumaraswamy,
    "dirichlet": r.dirichlet, "multinomial": r.multinomial, "polyagamma": r.polya_gamma,
}  # fmt: skip
FUNCTIONS: dict[str, Any] = {
    **{n: getattr(ag, n) for n in ("sqrt", "exp", "log", "abs", "minimum", "maximum", "sum",
                                   "mean", "max", "min", "log1p", "expm1", "floor", "ceil",
                                   "arange", "where", "sort")},
    "var": lambda x: ag.var(x, correction=1),
    "sumsq": lambda x: ag.sum(x * x), "pi": 3.141592653589793,
    "wrap": lambda x: x - 2 * 3.141592653589793 * ag.ceil((x / 3.141592653589793 - 1) / 2),
}  # fmt: skip


class Program:
    """Runs one program on keys and parameters."""

    def __init__(self, text: str, names: dict[str, Any], keys: Iterator[Expr]) -> None:
        self.names = dict(names)
        self.keys = keys
        *self.statements, self.last = [p.strip() for p in text.split(";")]

    def run(self) -> Any:
        for s in self.statements:
            if "~" in s:
                name, law = (p.strip() for p in s.split("~"))
                self.names[name] = self.value(ast.parse(law, mode="eval").body)
            else:
                name, value = (p.strip() for p in s.split("=", 1))
                self.names[name] = self.value(ast.parse(value, mode="eval").body)
        return self.value(ast.parse(self.last, mode="eval").body)

    def value(self, t: ast.expr) -> Any:
        if isinstance(t, ast.Constant):
            return t.value
        if isinstance(t, ast.Name):
            if t.id in self.names:
                return self.names[t.id]
            if t.id in FUNCTIONS and not callable(FUNCTIONS[t.id]):
                return FUNCTIONS[t.id]
            raise Untranslatable(t.id)
        if isinstance(t, ast.Tuple):
            return tuple(self.value(e) for e in t.elts)
        if isinstance(t, ast.UnaryOp) and isinstance(t.op, ast.USub):
            return -self.value(t.operand)
        if isinstance(t, ast.BinOp):
            return self.binary(t)
        if isinstance(t, ast.Compare) and len(t.ops) == 1:
            a, b = self.value(t.left), self.value(t.comparators[0])
            sort = type(t.ops[0])
            table = {ast.Lt: ag.less, ast.Gt: ag.greater, ast.LtE: ag.less_equal,
                     ast.GtE: ag.greater_equal, ast.Eq: ag.equal}  # fmt: skip
            if sort in table:
                return table[sort](a, b)
        if isinstance(t, ast.Subscript) and isinstance(t.slice, ast.Constant):
            return self.value(t.value)[t.slice.value]
        if isinstance(t, ast.Call) and isinstance(t.func, ast.Name):
            return self.call(t.func.id, t.args)
        raise Untranslatable(ast.unparse(t))

    def binary(self, t: ast.BinOp) -> Any:
        a, b = self.value(t.left), self.value(t.right)
        if isinstance(t.op, ast.Add):
            return a + b
        if isinstance(t.op, ast.Sub):
            return a - b
        if isinstance(t.op, ast.Mult):
            return a * b
        if isinstance(t.op, ast.Div):
            return a / b
        if isinstance(t.op, ast.Pow):
            return a**b
        raise Untranslatable(ast.unparse(t))

    def call(self, name: str, args: list[ast.expr]) -> Any:
        if name == "iid" and isinstance(args[1], ast.Call) and isinstance(args[1].func, ast.Name):
            size = self.value(args[0])
            if not isinstance(size, int):
                raise Untranslatable("iid of a length that is no number")
            return self.draw(args[1].func.id, args[1].args, size=size)
        if name in DISTRIBUTIONS:
            return self.draw(name, args)
        if name in FUNCTIONS:
            return FUNCTIONS[name](*(self.value(a) for a in args))
        raise Untranslatable(name)

    def draw(self, name: str, args: list[ast.expr], **size: Any) -> Any:
        if name not in DISTRIBUTIONS:
            raise Untranslatable(name)
        values = [self.value(a) for a in args]
        return DISTRIBUTIONS[name](next(self.keys), *values, **size)


def relation_of(entry: dict[str, Any]) -> ag.Relation:
    """Make the relation that an entry states.

    Raises
    ------
    Untranslatable
        Where an entry is no law, or holds what is not known here.
    """
    if "lhs" not in entry or entry.get("form", "law") != "law":
        raise Untranslatable("no identity of laws")
    params = {n: _type(n, str(t)) for n, t in (entry.get("params") or {}).items()}
    conditions = list(entry.get("conditions") or [])

    def statement(**given: Any) -> Any:
        key = given.pop("key__")
        names: dict[str, Any] = {n: v for n, v in params.items() if not isinstance(v, type)}
        names.update(given)
        sides = []
        for text in (entry["lhs"], entry["rhs"]):
            sides.append(Program(text, names, iter(ag.split(key, 8)[i] for i in range(8))).run())
        a, b = sides
        if not isinstance(a, tuple):
            a, b = (a,), (b,)
        # A count and a number that is whole have one law here: both as numbers.
        return tuple(_number(x) for x in a), tuple(_number(x) for x in b)

    import inspect

    free = [n for n, t in params.items() if isinstance(t, type)]
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD
    signature = inspect.Signature(
        [inspect.Parameter("key__", kinds, annotation=ag.Key)]
        + [inspect.Parameter(n, kinds, annotation=params[n]) for n in free]
    )

    def function(*args: Any) -> Any:
        return statement(**dict(zip(["key__", *free], args, strict=True)))

    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__name__ = entry["id"].replace("-", "_")

    def where(**given: Any) -> list[Expr]:
        found = [
            p
            for n, t in (entry.get("params") or {}).items()
            if n in given
            for p in _range(given[n], str(t))
        ]
        for c in conditions:
            run = Program(str(c), {**params, **given}, iter(()))
            found.append(ag.equal(run.run(), True))
        return found

    where.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(n, kinds) for n in free]
    )
    return ag.relation("in law", where=where if free else None)(function)


def _number(x: Any) -> Expr:
    x = ag.constant(x) if not isinstance(x, Expr) else x
    if x.shape:
        raise Untranslatable("an output that is no number")
    return x if x.dtype == "float64" else ag.astype(x, "float64")


def _type(name: str, text: str) -> Any:
    kind = re.match(r"\w+", text)
    if kind is None:
        raise Untranslatable(text)
    if kind[0] in {"real", "pos", "unit"}:
        return float
    if kind[0] in {"int", "nat"}:
        low = re.search(r"\d+", text)
        return int(low[0]) + 1 if low else 3
    numbers = re.findall(r"\d+", text)
    if kind[0] == "const":
        return int(numbers[0])
    if kind[0] in ARRAYS and len(numbers) == 1:
        # Arrays are fixed: generic numbers, none like another.
        values = np.asarray(ARRAYS[kind[0]][: int(numbers[0])])
        return ag.constant(values / values.sum() if kind[0] == "simplex" else values)
    raise Untranslatable(f"a parameter {name} of type {text}")


ARRAYS = {
    "vec": [0.4, -1.3, 0.9, 2.1, -0.2],
    "posvec": [0.8, 1.7, 2.6, 0.5, 1.2],
    "unitvec": [0.15, 0.8, 0.45, 0.6, 0.3],
    "simplex": [0.5, 1.0, 1.7, 0.8, 0.3],
}


def _range(x: Expr, text: str) -> list[Expr]:
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", text)]
    low, high = numbers if len(numbers) == 2 else (None, None)
    if low is not None and high is not None:
        return [x >= low, x <= high]
    if text.startswith("pos"):
        return [x > 0.0]
    if text.startswith("unit"):
        return [x > 0.0, x < 1.0]
    return []
