"""Source text for the fast path of a relation: nested tests, checks and hash-cons look-ups.

It serves identities in law between scalar float64 expressions whose matched side has
bare parameters, as convolutions have; everything else takes the general way. Names of the
statement do not enter the text: variables are numbered, objects are passed in a table.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from astragal.graph.expr import INPUT, Expr, Op
from astragal.graph.literal import is_constant, value_of
from astragal.graph.types import KeyType
from astragal.logic.facts import (
    F64,
    LEAVES,
    SQRT,
    Facts,
    computed,
    freed_key,
    is_still,
    make,
    square,
)
from astragal.logic.match import constant_fits
from astragal.logic.pattern import Side, descend
from astragal.logic.variables import Variable
from astragal.logic.views import COMMUTATIVE
from astragal.random.distribution import NON_NEGATIVE, POSITIVE, REAL, is_random

_ELEMENTWISE = frozenset(
    ["add", "subtract", "multiply", "divide", "negative", "square", "sqrt", "pow", "exp", "log"]
)
_FLOAT = {
    "add": "({} + {})", "subtract": "({} - {})", "multiply": "({} * {})", "divide": "({} / {})",
    "negative": "(-{})", "square": "({0} * {0})", "sqrt": "_sqrt({})", "pow": "({} ** {})",
    "exp": "_exp({})", "log": "_log({})",
}  # fmt: skip
_DOMAINS = (REAL, POSITIVE, NON_NEGATIVE)

Fast = Callable[[Expr, dict[Expr, int], Mapping[Expr, str], Facts], Any]


def compile_rule(relation: Any, direction: str) -> list[Fast] | None:
    """Make the fast functions of a relation, one a way to order commutative operands.

    None where the relation is not of the sort that has one.
    """
    source, target = relation.side(direction)
    if relation.kind != "in law" or relation.where or not _is_simple(source, target):
        return None
    keys = _key_plan(source, target)
    if keys is None:
        return None
    out: list[Fast] = []
    seen: set[str] = set()
    for turned in _orders(source):
        writer = _Writer(relation, source, target, turned, keys)
        text, table = writer.write()
        if text in seen:
            continue
        seen.add(text)
        scope: dict[str, Any] = dict(table)
        exec(compile(text, f"<fast path of {direction}>", "exec"), scope)
        function = scope["rule"]
        function.source = text
        out.append(function)
    return out


def _is_simple(source: Side, target: Side) -> bool:
    if len(source.roots) != 1 or len(target.roots) != 1 or not source.draws:
        return False
    for side, own in ((source, True), (target, False)):
        for x in side.order:
            if isinstance(x.type, KeyType) or not hasattr(x.type, "dtype"):
                continue
            if x.type is not F64:
                return False
            if is_random(x):
                domains = [q.domain for q in x.op.distribution.parameters]  # type: ignore[attr-defined]
                if any(d not in _DOMAINS for d in domains) or x.op.distribution.core:  # type: ignore[attr-defined]
                    return False
                if own and not all(isinstance(a, Variable) or is_constant(a) for a in x.args[2:]):
                    return False
                if any(a in side.random for a in x.args[2:]):
                    return False
            elif isinstance(x, Variable) or is_constant(x):
                continue
            elif x.op.name not in _ELEMENTWISE or (own and x not in source.random):
                return False
    bound = {v for v in source.order if isinstance(v, Variable)}
    return all(
        v in bound or isinstance(v.type, KeyType) for v in target.order if isinstance(v, Variable)
    )


def _key_plan(source: Side, target: Side) -> list[tuple[str, int, Any]] | None:
    """For each draw of the new side: take a freed key, or what becomes of all of them."""
    held = {d.args[0]: i for i, d in enumerate(source.draws)}
    bound = {r: i for i, (r, p) in enumerate(source.keys) if not p}
    plan: list[tuple[str, int, Any]] = []
    roots = set()
    for d, (root, path) in zip(target.draws, target.keys, strict=True):
        if d.args[0] in held:
            plan.append(("held", held[d.args[0]], ()))
        elif root in bound:
            plan.append(("from", bound[root], path))
        else:
            roots.add(root)
            plan.append(("freed", 0, path))
    mixed = len({p[0] for p in plan}) > 1
    return None if len(roots) > 1 or mixed or not plan else plan


def _orders(source: Side) -> list[frozenset[Expr]]:
    """List the sets of commutative nodes to read with operands exchanged."""
    nodes = [x for x in source.order if x in source.random and x.op.name in COMMUTATIVE]
    nodes = [x for x in nodes if x.args[0] is not x.args[1]]
    return [
        frozenset(chosen)
        for n in range(len(nodes) + 1)
        for chosen in itertools.combinations(nodes, n)
    ]


def bound_variables(relation: Any, source: Side) -> tuple[Variable, ...]:
    """List the variables whose values a fast function gives, in order."""
    return tuple(
        v for v in relation.variables if v in source.order and not isinstance(v.type, KeyType)
    )


class _Writer:
    """Writes one fast function."""

    def __init__(
        self,
        relation: Any,
        source: Side,
        target: Side,
        turned: frozenset[Expr],
        keys: list[tuple[str, int, Any]],
    ) -> None:
        self.source, self.target, self.turned, self.keys = source, target, turned, keys
        self.relation = relation
        self.lines: list[str] = []
        self.table: dict[str, Any] = {
            "_F64": F64, "_make": make, "_still": is_still, "_freed": freed_key,
            "_computed": computed, "_fits": constant_fits, "_descend": descend, "_leaves": LEAVES,
            "_intern": Op._intern, "_input": INPUT,
        }  # fmt: skip
        self.names: dict[Expr, str] = {}
        self.inner: list[str] = []
        self.draw_names: dict[Expr, str] = {}

    def constant(self, value: Any) -> str:
        for name, known in self.table.items():
            if known is value:
                return name
        name = f"_c{len(self.table)}"
        self.table[name] = value
        return name

    def say(self, line: str) -> None:
        self.lines.append("    " + line)

    def write(self) -> tuple[str, dict[str, Any]]:
        root = self.source.roots[0]
        self.say("if x.type is not _F64: return None")
        self.match(root, "x", top=True)
        self.say("plain = facts.plain")
        self.checks()
        self.build()
        body = "\n".join(self.lines)
        return f"def rule(x, uses, pinned, facts):\n{body}\n", self.table

    def match(self, p: Expr, name: str, top: bool = False) -> None:
        if p in self.names:
            self.say(f"if {name} is not {self.names[p]}: return None")
            return
        if isinstance(p, Variable):
            self.names[p] = name
            self.say(f"if {name}.type is not _F64: return None")
            return
        if is_constant(p):
            self.say(f"if not _fits({self.constant(p)}, {name}): return None")
            return
        self.names[p] = name
        if not top:
            self.inner.append(name)
            self.say(f"if {name}.type is not _F64: return None")
        self.say(f"if {name}.op is not {self.constant(p.op)}: return None")
        args = p.args[2:] if is_random(p) else p.args
        if p in self.turned:
            args = args[::-1]
        own = [f"{name}_{i}" for i in range(len(args))]
        if is_random(p):
            self.draw_names[p] = name
            self.say(f"{', '.join([f'{name}_k', f'{name}_n', *own])}, = {name}.args")
            self.say(f"if {name}_n is not None: return None")
        else:
            order = own[::-1] if p in self.turned else own
            self.say(f"{', '.join(order)}, = {name}.args")
        for a, n in zip(args, own, strict=True):
            self.match(a, n)

    def checks(self) -> None:
        draws = [self.draw_names[d] for d in self.source.draws]
        for a, b in itertools.combinations(draws, 2):
            self.say(f"if {a} is {b} or {a}_k is {b}_k: return None")
        for n in self.inner:
            self.say(f"if uses[{n}] != 1 or {n} in pinned: return None")
        for d in draws:
            self.say(f"if uses[{d}_k] != 1 or {d}_k in pinned: return None")
            self.say(f"if {d}_k.type.shape: return None")
        for v, n in self.names.items():
            if isinstance(v, Variable):
                known = f"{n}.op in _leaves or {n} in plain or _still({n}, facts)"
                self.say(f"if not ({known}): return None")

    def build(self) -> None:
        draws = [self.draw_names[d] for d in self.source.draws]
        known: list[str] = []
        for d in self.source.draws:
            for i, q in enumerate(d.op.distribution.parameters):  # type: ignore[attr-defined]
                if q.domain in (POSITIVE, NON_NEGATIVE):
                    known.append(f"{self.draw_names[d]}_{i}")
        self.say(f"known = ({''.join(k + ', ' for k in known)})")
        if self.keys[0][0] == "freed":
            freed = "".join(f"{d}_k, " for d in draws)
            self.say(f"key = _freed(({freed}), uses, pinned)")
        built: dict[Expr, str] = {}
        for number, p in enumerate(self.target.order):
            if isinstance(p.type, KeyType) or p.type is not F64 or p not in self.target.random:
                continue
            name = f"y{number}"
            if is_random(p):
                how, i, path = self.keys[self.target.draws.index(p)]
                key = {"freed": "key", "held": f"{draws[i]}_k", "from": f"{draws[i]}_k"}[how]
                if path:
                    key = f"_descend({key}, {path!r})"
                parameters = []
                for j, (a, q) in enumerate(
                    zip(p.args[2:], p.op.distribution.parameters, strict=True)  # type: ignore[attr-defined]
                ):
                    parameters.append(self.parameter(a, q.domain, f"{name}_{j}"))
                for line in self.looked_up(name, p.op, [key, "None", *parameters]):
                    self.say(line)
            else:
                args = ", ".join(built[a] if a in built else self.leaf(a) for a in p.args)
                self.say(f"{name} = _make({self.constant(p.op)}, {args})")
            built[p] = name
        values = "".join(f"{self.names[v]}, " for v in bound_variables(self.relation, self.source))
        self.say(f"return {built[self.target.roots[0]]}, ({values})")

    def leaf(self, a: Expr) -> str:
        return self.names[a] if a in self.names else self.constant(a)

    def parameter(self, a: Expr, domain: Any, name: str) -> str:
        if isinstance(a, Variable):
            return self.names[a]
        if is_constant(a):
            return self.constant(a)
        variables = [v for v in self.target.order if v in self.target.below[a]]
        formal = {v: f"v{i}" for i, v in enumerate(variables)}
        build = self.function(a, formal)
        rooted = a.op.name == "sqrt"
        number = self.number(a.args[0] if rooted else a, formal)
        xs = "".join(self.names[v] + ", " for v in variables)
        positive = domain in (POSITIVE, NON_NEGATIVE)
        arguments = f"{self.constant(build)}, {self.constant(number)}, {rooted}, {positive}"
        own = [self.names[v] for v in variables]
        apart = [f"{n} is not {m}" for n, m in itertools.combinations(own, 2)]
        simple = [f"({n}.op is _input or {n} in plain)" for n in own]
        self.say(f"if {' and '.join(apart + simple) or 'True'}:")
        # Nothing can cancel: inputs, and what was built of them here.
        for line in self.inlined(a, dict(zip(variables, own, strict=True)), name):
            self.say("    " + line)
        # What is merged is read no more, as a rule; asked for again, it is looked at again.
        for n in own:
            self.say(f"    plain.discard({n})")
        self.say(f"    plain.add({name})")
        self.say("else:")
        self.say(f"    {name} = _computed({arguments}, ({xs}), known, facts)")
        self.say(f"    if {name} is None: return None")
        return name

    def inlined(self, a: Expr, names: Mapping[Expr, str], result: str) -> Iterator[str]:
        """Write the look-ups of an expression's nodes in the tables of their operations."""
        done: dict[Expr, str] = dict(names)
        below = set(_below(a))
        for x in self.target.order:
            if x in done or x not in below:
                continue
            if is_constant(x):
                done[x] = self.constant(x)
                continue
            name = done[x] = result if x is a else f"{result}_{len(done)}"
            args = [done[b] for b in x.args]
            indent = ""
            if x.op.name == "pow" and is_constant(x.args[1]) and value_of(x.args[1]) == 2:
                # The square of a root is what stands under it.
                yield f"if {args[0]}.op is {self.constant(SQRT)}: {name} = {args[0]}.args[0]"
                yield "else:"
                indent = "    "
            for line in self.looked_up(name, x.op, args):
                yield indent + line

    def looked_up(self, name: str, op: Op, args: Sequence[str]) -> Iterator[str]:
        """Write a look-up in the table of an operation, and the making of what is not there."""
        table = self.constant(op._table)
        yield f"{name} = {table}.get(({', '.join(args)},))"
        yield f"if {name} is None or ({name} := {name}()) is None:"
        yield f"    {name} = _intern({self.constant(op)}, ({', '.join(args)},), _F64)"

    def function(self, a: Expr, formal: dict[Expr, str]) -> Callable[..., Expr]:
        """Write the expression as look-ups."""
        table: dict[str, Any] = {"_make": make, "_square": square}
        lines: list[str] = []
        done: dict[Expr, str] = dict(formal)
        for x in self.target.order:
            if x in done or x not in set(_below(a)):
                continue
            name = f"t{len(done)}"
            done[x] = name
            if is_constant(x):
                table[name] = x
                continue
            table[f"op_{name}"] = x.op
            args = ", ".join(done[b] for b in x.args)
            if x.op.name == "pow" and is_constant(x.args[1]) and value_of(x.args[1]) == 2:
                lines.append(f"    {name} = _square({args})")
                continue
            lines.append(f"    {name} = _make(op_{name}, {args})")
        text = f"def build({', '.join(formal.values())}):\n" + "\n".join(lines)
        exec(compile(f"{text}\n    return {done[a]}\n", "<parameter>", "exec"), table)
        found: Callable[..., Expr] = table["build"]
        return found

    def number(self, a: Expr, formal: dict[Expr, str]) -> Callable[..., float]:
        """Write the expression as float arithmetic."""

        def text(x: Expr) -> str:
            if x in formal:
                return formal[x]
            if is_constant(x):
                return repr(value_of(x).item())
            return _FLOAT[x.op.name].format(*(text(b) for b in x.args))

        table: dict[str, Any] = {"_sqrt": math.sqrt, "_exp": math.exp, "_log": math.log}
        source = f"def number({', '.join(formal.values())}):\n    return {text(a)}\n"
        exec(compile(source, "<number>", "exec"), table)
        found: Callable[..., float] = table["number"]
        return found


def _below(x: Expr) -> list[Expr]:
    from astragal.graph.traverse import toposort

    return toposort([x])
