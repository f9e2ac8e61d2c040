"""Matching one side of a relation against a graph.

This is the general matcher: commutative operations, numeric forms modulo
simplification, equations between parameters. `astragal.logic.compiled` holds the fast
path for large graphs; both give `Match` objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from astragal.graph.expr import DIMENSION, Expr
from astragal.graph.literal import is_constant, value_of
from astragal.graph.traverse import toposort
from astragal.graph.types import INTEGERS, KeyType, Shape, TensorType, same_shape
from astragal.logic.algebra import cost, nonnegative
from astragal.logic.facts import constant_of
from astragal.logic.numeric import evaluate_at
from astragal.logic.pattern import Side, accepts
from astragal.logic.solve import Solution, equal_fractions, even_split, letter, solve
from astragal.logic.variables import Variable, fresh
from astragal.logic.views import ASSOCIATIVE, COMMUTATIVE, views
from astragal.ops.declare import as_expr
from astragal.random.distribution import (
    NON_NEGATIVE,
    POSITIVE,
    batch_shape,
    is_random,
    random_parts,
)

MOST_TERMS = 6


@dataclass
class Match:
    """One way in which a side of a relation fits a place in a graph.

    Attributes
    ----------
    side : Side
    env : dict
        From logic variables, random variables and inner nodes of the side to the graph.
    equations : list
        Pairs of a numeric expression of the side and what it must equal.
    conditions : list
        What must hold and is not seen to.
    """

    side: Side
    env: dict[Expr, Expr]
    equations: list[tuple[Expr, Expr]] = field(default_factory=list)
    conditions: list[Expr] = field(default_factory=list)
    solved: bool = False

    def copy(self) -> Match:
        """Copy, to go on in two ways."""
        return Match(
            self.side, dict(self.env), list(self.equations), list(self.conditions), self.solved
        )

    @property
    def roots(self) -> tuple[Expr, ...]:
        """The places that the side's roots fit."""
        return tuple(self.env[r] for r in self.side.roots)

    @property
    def draws(self) -> tuple[Expr, ...]:
        """The random variables of the graph that take part."""
        return tuple(self.env[d] for d in self.side.draws if d in self.env)

    def lead(self) -> Shape:
        """The dimensions that the match has in front of those of the statement.

        A statement about scalars holds element by element of a batch, one about vectors for
        each vector.
        """
        for p in (*self.side.draws, *self.side.roots):
            x = self.env.get(p)
            if x is not None and not isinstance(x.type, KeyType):
                return lead_of(p, x)
        return ()

    @property
    def parameters(self) -> dict[Variable, Expr]:
        """The logic variables' values, keys left out."""
        return {
            v: x
            for v, x in self.env.items()
            if isinstance(v, Variable) and not isinstance(v.type, KeyType)
        }


def lead_of(p: Expr, x: Expr) -> Shape:
    """Give the dimensions of an expression in front of those of its pattern."""
    if is_random(p):
        whole, own = batch_shape(x), batch_shape(p)
    else:
        whole, own = x.type.shape, p.type.shape
    return whole[: len(whole) - len(own)]


def match(p: Expr, x: Expr, m: Match) -> Iterator[Match]:
    """List the ways in which a pattern fits an expression, given a match so far."""
    known = m.env.get(p)
    if known is not None:
        if known is x:
            yield m
        number = isinstance(p, Variable) and not isinstance(p.type, KeyType)
        if known is not x and number and equal_fractions(known, x, nonnegative_of(m)):
            yield m
        return
    if isinstance(p, Variable):
        if accepts(p.type, x.type):
            out = m.copy()
            out.env[p] = x
            if isinstance(p.type, KeyType) or bind_dims(p.type.shape, x.type.shape, out):
                yield out
        return
    if is_constant(p):
        if constant_fits(p, x):
            out = m.copy()
            out.env[p] = x
            yield out
        return
    if is_random(p):
        yield from _match_draw(p, x, m)
        return
    if isinstance(p.type, KeyType):
        return
    loose = [v for v in m.side.below[p] if v not in m.env]
    event = getattr(p.type, "dtype", "") == "bool"  # matched by form, read either way round
    entry = p.op.name == "index" and p.args[0] in loose  # of an array that is yet to be found
    if not event and not entry and not any(is_random(v) for v in loose):
        # Numbers alone: an equation, solved when the rest is known.
        out = m.copy()
        out.equations.append((p, x))
        if p in m.side.roots:
            out.env[p] = x
        if bind_dims(p.type.shape, x.type.shape, out):
            yield out
        return
    if p.op is x.op and p.op.name in ASSOCIATIVE:
        wanted, given = terms(p), terms(x)
        if 2 < len(wanted) == len(given) <= MOST_TERMS:
            out = m.copy()
            out.env[p] = x
            yield from _in_any_order(wanted, given, out)
            return
    for args in views(p.op.name, x):
        if len(args) != len(p.args):
            continue
        out = m.copy()
        out.env[p] = x
        yield from match_all(p.args, args, out)
        if p.op.name in COMMUTATIVE and p.args[0] is not p.args[1] and args[0] is not args[1]:
            yield from match_all(p.args, (args[1], args[0]), out)


def match_all(ps: tuple[Any, ...], xs: tuple[Any, ...], m: Match) -> Iterator[Match]:
    """Match argument by argument."""
    if not ps:
        yield m
        return
    p, x = ps[0], xs[0]
    if not isinstance(p, Expr):
        if type(p) is type(x) and p == x:
            yield from match_all(ps[1:], xs[1:], m)
        return
    if isinstance(x, Expr):
        for found in match(p, x, m):
            yield from match_all(ps[1:], xs[1:], found)


def terms(x: Expr) -> list[Expr]:
    """List the terms of a sum, or the factors of a product, however they are grouped."""
    out: list[Expr] = []
    stack = [x]
    while stack and len(out) <= MOST_TERMS:
        y = stack.pop()
        if y.op is x.op and y.type == x.type:
            stack += reversed(y.args)
        else:
            out.append(y)
    return out


def _in_any_order(wanted: list[Expr], given: list[Expr], m: Match) -> Iterator[Match]:
    """Match terms one to one; who reads a partial sum is for the check of privacy."""
    if not wanted:
        yield m
        return
    for i, x in enumerate(given):
        for found in match(wanted[0], x, m):
            yield from _in_any_order(wanted[1:], given[:i] + given[i + 1 :], found)


def _match_draw(p: Expr, x: Expr, m: Match) -> Iterator[Match]:
    if x.op is not p.op or any(y is x for q, y in m.env.items() if is_random(q)):
        return
    out = m.copy()
    out.env[p] = x
    wanted, given = batch_shape(p), batch_shape(x)
    if not bind_dims(wanted, given, out):
        return
    # A length that is drawn is matched like any other random variable.
    pairs = zip(wanted, given[len(given) - len(wanted) :], strict=True)
    drawn = [(d, as_expr(n)) for d, n in pairs if d in m.side.random]
    lengths = tuple(d for d, _ in drawn), tuple(n for _, n in drawn)
    yield from match_all((*p.args[2:], *lengths[0]), (*x.args[2:], *lengths[1]), out)


def bind_dims(wanted: Shape, given: Shape, m: Match) -> bool:
    """Bind the lengths that a pattern leaves open to the last dimensions of an array.

    A length may be a letter of the statement, such as the n of ``size=(n,)``, one that a
    vector brings along, or an expression of these, which becomes an equation.
    """
    if len(given) < len(wanted):
        return False
    for p, x in zip(wanted, given[len(given) - len(wanted) :], strict=True):
        if isinstance(p, Expr) and p in m.side.random:
            continue
        if isinstance(p, int) or not p.args:
            if not same_shape((p,), (x,)):
                return False
            continue
        value = as_expr(x)
        known = m.env.get(p)
        if isinstance(p, Variable) or p.op is DIMENSION:
            if known is not None and known is not value:
                return False
            m.env[p] = value
        else:
            m.equations.append((p, value))
    return True


def constant_fits(p: Expr, x: Expr) -> bool:
    """Tell whether a constant of a statement stands for a constant of a graph (all elements)."""
    found = constant_of(x)
    if found is None:
        return False
    a, b = value_of(p), value_of(found)
    return a.dtype.kind == b.dtype.kind and b.size > 0 and bool((b == a).all())


def nonnegative_of(m: Match) -> set[Expr]:
    """Collect what the match shows not to be negative: positive parameters of its draws."""
    known: set[Expr] = set()
    for d in m.side.draws:
        x = m.env.get(d)
        if x is None:
            continue
        dist, _, _, parameters = random_parts(x)
        for a, q in zip(parameters, dist.parameters, strict=True):
            if q.domain in (POSITIVE, NON_NEGATIVE):
                known.add(a)
    known.update(m.env[v] for v in m.side.positive if v in m.env)
    return known


def settle(m: Match, witness: str = "", hints: frozenset[Expr] = frozenset()) -> Iterator[Match]:
    """Solve a match's equations.

    Parameters
    ----------
    witness
        What to do where several unknowns stand in one equation: take it by form (the
        default), give all of them one value (``"even"``), or leave all but one of them
        logic variables (``"open"``).
    hints
        Variables that are known to be positive.
    """
    m = m.copy()
    # Short equations first: a long one is then a check, not a way to a rounded value.
    m.equations.sort(key=lambda q: cost(q[0]))
    while m.equations:
        known = nonnegative_of(m) | {m.env[v] for v in hints if v in m.env}
        for i, (p, x) in enumerate(m.equations):  # noqa: B007
            unknown = _unknown(p, m)
            if len(unknown) <= 1:
                del m.equations[i]
                break
        else:
            yield from _choose(m, m.equations, witness, hints)
            return
        if not unknown:
            written = put_in(p, m)
            if not (equal_fractions(written, x, known) or _same_number(written, x)):
                # `x[n:]` is `x[2:4]` where four entries are all; of random variables that are
                # found already, `min(x, y)` is `min(y, x)`.
                if p.op.name == "index" or any(map(is_random, _below(p, m))):
                    yield from _by_form(p, x, m, m.equations, witness, hints)
                return
            continue
        v = unknown[0]
        assert isinstance(v, Variable)
        found = _solved(p, x, v, m, known | ({v} & hints))
        if found is None or _wider(found.value, v) > _wider(x, p):
            # What cannot be solved may still be written in the same way.
            yield from _by_form(p, x, m, m.equations, witness, hints)
            return
        if not accepts(v.type, found.value.type):
            return
        m.env[v] = found.value
        m.conditions += found.conditions
        m.solved = True
    yield m


def _wider(x: Expr, p: Expr) -> int:
    """Count the dimensions that a value has in front of those of what it stands for."""
    return len(x.shape) - len(p.shape)


def _solved(p: Expr, x: Expr, v: Variable, m: Match, known: set[Expr]) -> Solution | None:
    """Solve an equation for one unknown.

    First with what the other values are made of; unless that gives one of their parts or a
    number, once more with letters for them, so that they stay in the form in which they are
    written (and what was put apart can be put together again).
    """
    others = [u for u in _below(p, m) if u in m.env]

    def attempt(lettered: list[Expr], right: Expr, back: dict[Expr, Expr]) -> Solution | None:
        letters = {u: letter(m.env[u]) for u in lettered}
        back |= {c: m.env[u] for u, c in letters.items()}
        signs = {c for c, y in back.items() if y in known or nonnegative(y)}
        return solve(put_in(p, m, letters), right, v, known | signs, back)

    found = attempt([u for u in others if is_constant(m.env[u])], x, {})
    if found is None or is_constant(found.value):
        return found
    parts = toposort([x, *(m.env[u] for u in others)])
    if found.value in parts:
        return found
    stand_in = letter(x)
    again = attempt(others, stand_in, {stand_in: x})
    # A parameter may not read what the match integrates out: there, terms had to cancel.
    return found if again is None or not set(toposort([again.value])).isdisjoint(m.draws) else again


def _same_number(a: Expr, b: Expr) -> bool:
    """Compare what no polynomial is, as lengths of slices, where everything is known."""
    if not isinstance(a.type, TensorType) or a.type.shape or not same_shape((), b.shape):
        return False
    leaves = (x for x in toposort([a, b]) if not any(isinstance(y, Expr) for y in x.args))
    if not all(map(is_constant, leaves)):
        return False
    x, y = (float(v) for v in evaluate_at([a, b], {}))
    whole = a.type.dtype in INTEGERS
    return x == y if whole else abs(x - y) <= 8 * 2**-53 * max(abs(x), abs(y))


def _below(p: Expr, m: Match) -> frozenset[Expr]:
    """List the letters below a node of the statement, or below a length of its arrays."""
    found = m.side.below.get(p)
    return frozenset(toposort([p])) & m.side.letters if found is None else found


def _unknown(p: Expr, m: Match) -> list[Expr]:
    order = [v for v in m.side.order if v in _below(p, m) and v not in m.env]
    return [v for v in order if isinstance(v, Variable)]


def put_in(p: Expr, m: Match, letters: Mapping[Expr, Expr] | None = None) -> Expr:
    """Write a numeric part of a statement with what is known so far."""
    known = {v: m.env[v] for v in _below(p, m) if v in m.env}
    known.update((d, x) for d, x in m.env.items() if d.op is DIMENSION)
    known.update(letters or {})
    for d in toposort([p]):
        if d.op is DIMENSION and d in m.env:
            known[d] = m.env[d]
    return _weakly(p, known)


def operands_of(p: Expr, out: Mapping[Expr, Any]) -> list[Any]:
    """Give the operands of a node; numbers adapt where the operation is one of numbers."""
    found: list[Any] = []
    for a in p.args:
        x = out[a] if isinstance(a, Expr) else a
        found.append(x if p.op.elementwise or isinstance(x, Expr) else a)
    return found


def _weakly(p: Expr, known: Mapping[Expr, Expr]) -> Expr:
    """Substitute; numbers of the statement adapt to the data types around them."""
    out: dict[Expr, Any] = dict(known)
    for x in toposort([p]):
        if x in out:
            continue
        if is_constant(x) and not x.type.shape and x is not p:
            out[x] = value_of(x).item()
        elif not x.args or isinstance(x, Variable):
            out[x] = x
        else:
            out[x] = x.op(*operands_of(x, out))
    result: Expr = out[p]
    return result


def _by_form(
    p: Expr,
    x: Expr,
    m: Match,
    rest: list[tuple[Expr, Expr]],
    witness: str,
    hints: frozenset[Expr],
) -> Iterator[Match]:
    """Match the outermost operation of an equation's sides, and go on with what stands below."""
    if not p.args or isinstance(p, Variable):
        return
    for args in views(p.op.name, x):
        if len(args) != len(p.args):
            continue
        out = m.copy()
        out.equations = list(rest)
        orders = [args]
        if p.op.name in COMMUTATIVE and args[0] is not args[1]:
            orders.append((args[1], args[0]))
        for order in orders:
            for found in match_all(p.args, order, out):
                yield from settle(found, witness, hints)


def _choose(
    m: Match, rest: list[tuple[Expr, Expr]], witness: str, hints: frozenset[Expr]
) -> Iterator[Match]:
    """Go on where several unknowns stand in one equation."""
    p, x = rest[0]
    if not witness:
        # `a + b*x` fits `2 + 3*y` in the way in which it is written.
        yield from _by_form(p, x, m, rest[1:], witness, hints)
        return
    if witness == "open":
        out = m.copy()
        v = _unknown(p, m)[0]
        assert isinstance(v, Variable)
        out.env[v] = fresh(v)
        out.solved = True
        yield from settle(out, witness, hints)
        return
    known = nonnegative_of(m)
    for values in even_split(put_in(p, m), x, _unknown(p, m), known):
        out = m.copy()
        out.env.update(values)
        out.solved = True
        yield from settle(out, witness, hints)
