"""Entries of the catalogue as relations, in all of their forms, and a command that verifies all.

    python tests/logic/statements.py [--file false.yaml] [--effort fast] [--id ENTRY] [--part 1/8]

Laws become identities in law, conjugate entries with the law of the data reversals, those
without it conditional identities. An entry gives one relation or several: one for each of two
lengths, and one more where it states the law of a single observation.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import astragal as ag
from astragal import random as r
from astragal.graph.expr import Expr

sys.path.insert(0, str(Path(__file__).parent))
import book_coverage as coverage  # type: ignore[import-not-found]  # beside this file
from catalogue import Untranslatable, _range  # type: ignore[import-not-found]

FOLDER = coverage.FOLDER
REFUSED = (Untranslatable, ag.AstragalError, SyntaxError, TypeError, IndexError, KeyError,
           ValueError, AttributeError)  # fmt: skip

# fmt: off
DISTRIBUTIONS: dict[str, Any] = {
    **coverage.DISTRIBUTIONS,
    "skellam": r.skellam, "rice": r.rice, "nakagami": r.nakagami,
    "frechet": lambda k, c, s, **z: r.frechet(k, c, scale=s, **z), "gumbel_min": r.gumbel_minimum,
    "chi": r.chi, "poissonbinomial": r.poisson_binomial, "arcsine": r.arcsine,
}
# fmt: on


class Program(coverage.Program):  # type: ignore[misc]
    """A program with a few more distributions and comparisons."""

    def value(self, t: ast.expr) -> Any:
        if isinstance(t, ast.Compare) and isinstance(t.ops[0], ast.NotEq):
            return ag.not_equal(self.value(t.left), self.value(t.comparators[0]))
        return super().value(t)

    def call(self, name: str, args: list[ast.expr]) -> Any:
        if name == "diagonal":
            return ag.linalg.diagonal(self.value(args[0]))
        if name == "symm":
            x = self.value(args[0])
            return (x + ag.matrix_transpose(x)) / 2.0
        if name in DISTRIBUTIONS:
            return self.draw(name, args)
        return super().call(name, args)

    def draw(self, name: str, args: list[ast.expr], **size: Any) -> Any:
        made = DISTRIBUTIONS.get(name)
        if made is None:
            raise Untranslatable(name)
        return made(next(self.keys), *(self.value(a) for a in args), **size)

    def assign(self) -> dict[str, Any]:
        """Run a program of statements alone, without an output."""
        self.statements.append(self.last)
        self.last: str = "0"
        self.run()
        names: dict[str, Any] = self.names
        return names


Side = Callable[[dict[str, Any], Expr], tuple[Any, ...]]


def relations_of(entry: Mapping[str, Any]) -> list[ag.Relation]:
    """Make the relations that an entry states.

    Raises
    ------
    Untranslatable
        Where it says something else, or holds what is not known here.
    """
    forms: list[tuple[str, Callable[..., Any], int]] = []
    if "lhs" in entry:
        if entry.get("form", "law") != "law":
            raise Untranslatable(f"a statement about {entry['form']}")
        forms = [("in law", _law, size) for size in (0, 1)]
    else:
        kind = "reversal" if entry.get("marginal") else "conditional"
        forms = [(kind, _joint if entry.get("marginal") else _posterior, s) for s in (0, 1)]
        if entry.get("predictive") and not entry.get("marginal"):
            forms.append(("reversal", _joint, -1))
    types = [str(t) for t in (entry.get("params") or {}).values()]
    if not any(t.startswith(("int", "nat")) for t in types):
        forms = [f for f in forms if f[2] != 1]
    return [_relation(entry, *form) for form in forms]


def _keys(k: Expr) -> Iterator[Expr]:
    parts = ag.split(k, 16)
    return (parts[i] for i in range(16))


def _law(entry: Mapping[str, Any], names: dict[str, Any], k: Expr) -> Any:
    for text in (entry["lhs"], entry["rhs"]):
        made = Program(text, names, _keys(k)).run()
        parts = made if isinstance(made, tuple) else (made,)
        # A count and a number that is whole have one law here: both as numbers.
        yield tuple(_as_number(x) for x in parts)


def _shown(entry: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    latent = coverage._names(entry["prior"])
    return latent, [n for n in coverage._names(entry["likelihood"]) if n in entry["data"]]


def _posterior(entry: Mapping[str, Any], names: dict[str, Any], k: Expr) -> Any:
    keys = _keys(k)
    latent, data = _shown(entry)
    text = f"{entry['prior']}; {entry['likelihood']}"
    prior = Program(text, names, keys).assign()
    yield tuple(prior[n] for n in (*latent, *data))
    after = Program(entry["posterior"], prior, keys).assign()
    yield tuple(after[n] for n in latent) + tuple(prior[n] for n in data)


def _joint(entry: Mapping[str, Any], names: dict[str, Any], k: Expr) -> Any:
    latent, data = _shown(entry)
    prior = Program(f"{entry['prior']}; {entry['likelihood']}", names, _keys(k)).assign()
    yield tuple(prior[n] for n in (*latent, *data))
    marginal = entry.get("marginal")
    if marginal is None:
        # Of one observation: an array of one, where the data are an array.
        [y] = data
        many = "iid(" in entry["likelihood"]
        law = str(entry["predictive"])
        marginal = f"{y} ~ iid(1, {law})" if many else f"{y} ~ {law}"
    keys = _keys(k)
    own = Program(marginal, names, keys).assign()
    after = Program(entry["posterior"], own, keys).assign()
    yield tuple(after[n] for n in latent) + tuple(own[n] for n in data)


def _as_number(x: Any) -> Expr:
    x = x if isinstance(x, Expr) else ag.constant(x)
    if x.op.name == "given" and x.dtype != "float64":
        # The event stays outermost.
        inside: Expr = ag.given(ag.astype(x.args[0], "float64"), x.args[1])
        return inside
    return x if x.dtype == "float64" else ag.astype(x, "float64")


def _relation(
    entry: Mapping[str, Any], kind: str, sides: Callable[..., Any], which: int
) -> ag.Relation:
    rng = np.random.default_rng(len(entry["id"]) + which)
    free: dict[str, str] = {}
    fixed: dict[str, Any] = {}
    types = {n: str(t) for n, t in (entry.get("params") or {}).items()}
    for _ in range(300):
        free, fixed = {}, {}
        for n, t in types.items():
            if t.startswith(("real", "pos(", "unit(")) or t in ("pos", "unit"):
                free[n] = t
            elif t.startswith(("int", "nat")):
                numbers = (
                    [int(float(x)) for x in t[t.find("(") + 1 : -1].split(",")]
                    if "(" in t
                    else [1, 5]
                )
                fixed[n] = (
                    1
                    if which < 0 and n == "n"
                    else min(numbers[0] + 1 + 2 * max(which, 0), numbers[1])
                )
            else:
                value = coverage._number(n, t, rng)
                fixed[n] = ag.constant(value) if np.ndim(value) else value
        static = [c for c in entry.get("conditions") or () if not _reads(str(c), free)]
        if all(_holds(str(c), fixed) for c in static):
            break
    else:
        raise Untranslatable("no arrays meet the conditions")

    def statement(*args: Any) -> Any:
        k, *values = args
        names = {**fixed, **dict(zip(free, values, strict=True))}
        return list(sides(entry, names, k))

    def where(*args: Any) -> list[Expr]:
        names = {**fixed, **dict(zip(free, args, strict=True))}
        found = [c for n, t in free.items() for c in _range(names[n], t)]
        for c in entry.get("conditions") or ():
            if _reads(str(c), free):
                found.append(ag.asarray(Program(str(c), names, iter(())).run()))
        return found

    sort = inspect.Parameter.POSITIONAL_OR_KEYWORD
    key = inspect.Parameter("key__", sort, annotation=ag.Key)
    own = [inspect.Parameter(n, sort, annotation=float) for n in free]
    statement.__signature__ = inspect.Signature([key, *own])  # type: ignore[attr-defined]
    statement.__name__ = f"{entry['id'].replace('-', '_')}__{which}"

    def condition(**given: Any) -> list[Expr]:
        return where(*(given[n] for n in free))

    condition.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]
    made: ag.Relation = ag.relation(kind, where=condition if free else None)(statement)  # type: ignore[arg-type]
    return made


def _reads(condition: str, names: Mapping[str, Any]) -> bool:
    read = {t.id for t in ast.walk(ast.parse(condition)) if isinstance(t, ast.Name)}
    return bool(read & set(names))


def _holds(condition: str, numbers: Mapping[str, Any]) -> bool:
    found = Program(condition, dict(numbers), iter(())).run()
    return bool(ag.evaluate(found) if isinstance(found, Expr) else found)


def entries(name: str) -> list[dict[str, Any]]:
    """Load entries, without limits."""
    import yaml  # type: ignore[import-untyped, unused-ignore]

    text = (FOLDER / name).read_text(encoding="utf-8")
    loaded: list[dict[str, Any]] = yaml.load(text, yaml.CSafeLoader)["entries"]
    return [e for e in loaded if e.get("joint") != "approx"]


def main() -> None:
    """Verify all entries that can be expressed; print those that come out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", default="catalogue.yaml")
    parser.add_argument("--effort", default="fast")
    parser.add_argument("--id", action="append")
    parser.add_argument("--part", default="1/1", help="which part of how many")
    parser.add_argument("--missing", action="store_true", help="name what cannot be expressed")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    wanted = options.file != "false.yaml"
    right = other = missing = 0
    for i, entry in enumerate(entries(options.file)):
        if (options.id and entry["id"] not in options.id) or i % parts != part - 1:
            continue
        start = time.process_time()
        try:
            rules = relations_of(entry)
            verdicts = [ag.verify(rule, effort=options.effort) for rule in rules]
        except REFUSED as why:
            missing += 1
            if options.missing:
                print(f"? {entry['id']}: {type(why).__name__} {str(why)[:100]}", flush=True)
            continue
        holds = all(v.holds for v in verdicts)
        shown = next((v for v in verdicts if not v.holds), verdicts[0])
        good = holds is wanted and (wanted or bool(shown.counterexample))
        right, other = right + good, other + (not good)
        seconds = time.process_time() - start
        if not good or options.id or seconds > 3:
            sign = "+" if good else "-"
            print(
                f"{sign} {entry['id']} ({seconds:.1f} s): {shown.evidence} {shown.counterexample}"[
                    :400
                ],
                flush=True,
            )
    print(f"{right} as they should, {other} otherwise, {missing} not expressed")


if __name__ == "__main__":
    main()
