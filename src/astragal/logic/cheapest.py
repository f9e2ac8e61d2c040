"""Choosing among the forms of an expression by cost, over sure equalities, with egglog.

An e-graph holds many forms at once: terms that are equal stand in one class, and whatever is
above them is shared. That is right for sure identities, which hold as functions of the keys,
and wrong for identities in law: there a term may be replaced only where nothing else reads
it, and a class has no readers of its own. So they are refused here.

The engine is egglog (the extra ``egraph``). A graph is loaded as one short text program, a
line a node; the terms that come back are shared as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from astragal.graph.errors import AstragalError, KeyReuseError, ModelError
from astragal.graph.expr import Expr, Op
from astragal.graph.traverse import toposort
from astragal.graph.types import KeyType
from astragal.logic.variables import Variable
from astragal.logic.views import COMMUTATIVE
from astragal.random.check import check_keys
from astragal.random.distribution import is_random

if TYPE_CHECKING:
    from astragal.logic.relation import Relation

MOST_NODES = 2_000
VARIANTS = 40
DRAW = 1_000  # what a random variable weighs beside another node, while terms are extracted


def count_draws(x: Expr) -> tuple[int, int]:
    """Count the random variables of an expression, and its operations: fewer are better."""
    nodes = toposort([x])
    return sum(map(is_random, nodes)), sum(1 for n in nodes if n.args and n.op.name != "constant")


def count_nodes(x: Expr) -> tuple[int, int]:
    """Count the operations of an expression, and its random variables."""
    draws, nodes = count_draws(x)
    return nodes, draws


COSTS: Mapping[str, Callable[[Expr], Any]] = {"random variables": count_draws, "nodes": count_nodes}


def cheapest(
    x: Expr,
    relations: Relation | Iterable[Relation],
    *,
    cost: str | Callable[[Expr], Any] = "random variables",
    rounds: int = 6,
) -> Expr:
    """Find the form of an expression that costs least, among those that sure identities reach.

    All forms are held at once in an e-graph, which egglog saturates: relations are read in both
    directions, commutative operations in both orders.

    Parameters
    ----------
    x
        An expression of up to some thousand nodes.
    relations
        Sure identities between scalars, without conditions. Identities in law would be unsound
        here; use `rewrite`.
    cost
        ``"random variables"`` (of equally many, the fewest operations), ``"nodes"``, or a
        function of a whole expression whose values can be compared. What is shared counts once.
    rounds
        Most rounds of rewriting. Identities that expand have no end of their own.

    Returns
    -------
    Expr
        The cheapest of the forms looked at, which are the expression itself and the best terms
        that egglog extracts, in a fixed order: the same call gives the same form.

    Raises
    ------
    ModelError
        For a relation that is not sure, one with conditions, or an expression that is too large.
    ImportError
        Where egglog is not installed: ``pip install astragal[egraph]``.

    Examples
    --------
    >>> import astragal as ag
    >>> @ag.relation("sure")
    ... def standardise(k: ag.Key, m, s):
    ...     return ag.random.normal(k, m, s), m + s * ag.random.normal(k, 0.0, 1.0)
    >>> @ag.relation("sure")
    ... def distribute(a, b, c):
    ...     return c * (a + b), c * a + c * b
    >>> k, a, c = ag.key(0), ag.input("a"), ag.input("c")
    >>> x = c * (a + 2.0 * ag.random.normal(k, 0.0, 1.0))
    >>> ag.cheapest(x, [standardise, distribute])
    c * normal(key(0, 'threefry4x32'), a, 2.0)
    """
    from astragal.logic.relation import Relation

    rules = (relations,) if isinstance(relations, Relation) else tuple(relations)
    for rule in rules:
        _check(rule)
    measure = COSTS.get(cost) if isinstance(cost, str) else cost
    if measure is None:
        raise ValueError(f"cheapest: cost is {', '.join(COSTS)} or a function, got {cost!r}")
    nodes = toposort([x])
    if len(nodes) > MOST_NODES:
        raise ModelError(
            f"cheapest: the expression has {len(nodes)} nodes, at most {MOST_NODES} can be "
            "searched; choose among the forms of a part of it"
        )
    forms = [x, *_Terms(x, rules).forms(rounds)]
    best, least = x, measure(x)
    for form in forms[1:]:
        try:
            check_keys(form)
        except KeyReuseError:
            continue  # parts of different forms, which spend one key twice
        if form.type == x.type and (found := measure(form)) < least:
            best, least = form, found
    return best


def _check(rule: Relation) -> None:
    """Refuse what cannot stand in an e-graph."""
    if rule.kind != "sure":
        raise ModelError(
            f"cheapest: relation {rule.name} is an identity {rule.kind!r}. Only sure identities "
            "hold wherever their terms stand; the others depend on who reads a term, and an "
            "e-graph would prove falsehoods with them (see 'Choosing among forms' in the "
            "documentation). Apply it with astragal.rewrite"
        )
    if rule.where or rule.members != (rule,):
        what = "conditions" if rule.where else "a family variable"
        raise ModelError(f"cheapest: relation {rule.name} has {what}, which an e-graph cannot test")
    if len(rule.left.roots) != 1:
        raise ModelError(f"cheapest: relation {rule.name} is about several expressions")


class _Terms:
    """A graph and relations as a program of egglog.

    A sort a type, so that a statement about scalars meets no arrays; a constructor for each
    operation with its static arguments and the sorts of the others.
    """

    def __init__(self, x: Expr, rules: Sequence[Relation]) -> None:
        self.root = x
        self.sorts: dict[Any, str] = {}
        self.constructors: dict[Any, str] = {}
        self.made_of: dict[str, tuple[Op | Expr, tuple[Any, ...]]] = {}
        self.head: list[str] = []
        self.lines: list[str] = []
        self.rewrites: list[str] = []
        self.names: dict[Expr, str] = {}
        for n in toposort([x]):
            self.names[n] = f"$n{len(self.names)}"
            self.lines.append(f"(let {self.names[n]} {self.term(n, self.names)})")
        for rule in rules:
            sides = [self.pattern(s.roots[0]) for s in (rule.left, rule.right)]
            for (a, mine), (b, theirs) in (tuple(sides), tuple(reversed(sides))):
                # A form that is a bare variable would match everything.
                if theirs <= mine and not a.isidentifier():
                    self.rewrites.append(f"(rewrite {a} {b})")
        self.rewrites += list(self.commutative())

    def sort(self, type: Any) -> str:
        key = KeyType if isinstance(type, KeyType) and not type.shape else type
        if key not in self.sorts:
            self.sorts[key] = f"S{len(self.sorts)}"
            self.head.append(f"(sort {self.sorts[key]})")
        return self.sorts[key]

    def constructor(self, n: Expr) -> str:
        """Name the constructor of a node, declared at its first use."""
        exprs = [a for a in n.args if isinstance(a, Expr)]
        key: Any = n
        fixed: tuple[Any, ...] = ()
        if exprs:
            fixed = tuple(None if isinstance(a, Expr) else (a,) for a in n.args)
            key = (n.op, fixed, tuple(self.sort(a.type) for a in exprs), self.sort(n.type))
        if key not in self.constructors:
            name = self.constructors[key] = f"c{len(self.constructors)}"
            self.made_of[name] = (n.op, fixed) if exprs else (n, ())
            sorts = " ".join(self.sort(a.type) for a in exprs)
            weight = DRAW if is_random(n) else 1
            self.head.append(f"(constructor {name} ({sorts}) {self.sort(n.type)} :cost {weight})")
        return self.constructors[key]

    def term(self, n: Expr, names: Mapping[Expr, str]) -> str:
        args = [names[a] for a in n.args if isinstance(a, Expr)]
        return f"({' '.join([self.constructor(n), *args])})"

    def pattern(self, root: Expr) -> tuple[str, frozenset[str]]:
        """Write a side as a pattern, with the variables that it holds."""
        names: dict[Expr, str] = {}
        variables: set[str] = set()
        for n in toposort([root]):
            if isinstance(n, Variable):
                # One name in both sides, whatever letters it is written with.
                plain = str(n.args[0]).encode("unicode_escape").hex()
                names[n] = f"v{plain}"
                variables.add(names[n])
            else:
                names[n] = self.term(n, names)
        return names[root], frozenset(variables)

    def commutative(self) -> Iterable[str]:
        for key, name in self.constructors.items():
            if isinstance(key, tuple) and key[0].name in COMMUTATIVE and len(set(key[2])) == 1:
                yield f"(rewrite ({name} a b) ({name} b a))"

    def forms(self, rounds: int) -> list[Expr]:
        """Saturate, extract the best terms, and build them."""
        try:
            from egglog.bindings import EGraph
        except ImportError:
            raise ImportError("cheapest needs egglog: pip install 'astragal[egraph]'") from None
        root = self.names[self.root]
        text = "\n".join(
            [*self.head, *self.rewrites, *self.lines, f"(run {int(rounds)})",
             f"(extract {root})", f"(extract {root} {VARIANTS})"]
        )  # fmt: skip
        engine: Any = EGraph()
        outputs = engine.run_program(*engine.parse_program(text))
        found: dict[Expr, None] = {}
        for output in outputs[-2:]:
            many = [output.term] if hasattr(output, "term") else output.terms
            for term in many:
                made = self.built(output.termdag, term)
                if made is not None:
                    found[made] = None
        return list(found)

    def built(self, dag: Any, term: int) -> Expr | None:
        """Build an extracted term; None where the operation refuses its arguments."""
        done: dict[int, Expr] = {}
        stack = [term]
        while stack:
            t = stack[-1]
            if t in done:
                stack.pop()
                continue
            app = dag.get(t)
            waiting = [a for a in app.args if a not in done]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            op, fixed = self.made_of[app.name]
            if isinstance(op, Expr):
                done[t] = op
                continue
            args = iter(app.args)
            try:
                done[t] = op(*(done[next(args)] if f is None else f[0] for f in fixed))
            except AstragalError:
                return None
        return done[term]
