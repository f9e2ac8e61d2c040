"""Matching one side of a relation against a graph, and building the other side.

This is the general matcher: commutative operations, numeric forms modulo
simplification, equations between parameters. `astragal.logic.compiled` holds the fast
path for large graphs; both give `Match` objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from astragal.graph.errors import AstragalError, DomainError
from astragal.graph.expr import DIMENSION, Expr
from astragal.graph.literal import is_constant, scalar, value_of
from astragal.graph.traverse import children, substitute, toposort
from astragal.graph.types import FLOATS, Dim, KeyType, Shape, same_shape
from astragal.logic.algebra import HALF, cost, decide, nonnegative, number_of, simplify
from astragal.logic.pattern import Side, accepts, child_of, descend
from astragal.logic.solve import Solution, equal_fractions, even_split, letter, solve
from astragal.logic.variables import Variable, fresh
from astragal.ops import elementwise as e
from astragal.ops.declare import as_expr
from astragal.random.distribution import (
    NON_NEGATIVE,
    POSITIVE,
    Domain,
    RandomOp,
    batch_shape,
    is_random,
    random_parts,
)
from astragal.random.keys import SPLIT

COMMUTATIVE = frozenset(
    [
        "add",
        "multiply",
        "maximum",
        "minimum",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_xor",
        "logaddexp",
        "hypot",
    ]
)


ASSOCIATIVE = frozenset({"add", "multiply"})
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
        return tuple(self.env[d] for d in self.side.draws)

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
    if not is_constant(x):
        return False
    a, b = value_of(p), value_of(x)
    return a.dtype.kind == b.dtype.kind and b.size > 0 and bool((b == a).all())


def views(name: str, x: Expr) -> Iterator[tuple[Any, ...]]:
    """List the ways to read an expression as an application of an operation.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x"), ag.input("y")
    >>> list(views("multiply", x / 0.5)), list(views("add", x - -y))
    ([(x, 2.0)], [(x, y)])
    """
    op = x.op.name
    if op == name:
        yield x.args
        if name == "index" and (args := _with_places(*x.args)) is not None:
            yield args
        return
    made = _VIEWS.get((name, op))
    if made is not None and (args := made(*x.args)) is not None:
        yield args


def _with_places(x: Expr, spec: tuple[Any, ...], *rest: Expr) -> tuple[Any, ...] | None:
    """Read the numbers in an index as values: ``x[1]`` is ``x[i]`` at i = 1."""
    if rest:
        return None
    places: list[Expr] = []

    def value(i: Any) -> Any:
        if not isinstance(i, int):
            return i
        places.append(scalar(i, "int64"))
        return "expr"

    # What is written as an item of its own has a mark of its own; a step stays a number.
    new = tuple(
        ("expr",) if s[0] == "int" and value(s[1])
        else (s[0], value(s[1]), value(s[2]), s[3]) if s[0] == "slice" else s
        for s in spec
    )  # fmt: skip
    return (x, new, *places) if places else None


def read_as(p: Expr) -> frozenset[str]:
    """List the names of the operations that a node which fits a pattern can have."""
    name = p.op.name
    if is_random(p):
        return frozenset([name])
    return frozenset([name, *(found for wanted, found in _VIEWS if wanted == name)])


def _negated(x: Expr) -> Expr:
    if x.op is e.negative:
        inner: Expr = x.args[0]
        return inner
    if is_constant(x):
        return simplify(e.negative(x), exact=False)
    if x.op is e.multiply and is_constant(x.args[0]):
        return e.multiply(simplify(e.negative(x.args[0]), exact=False), x.args[1])
    return e.negative(x)


def _inverse(x: Expr) -> Expr | None:
    if x.op.name == "reciprocal":
        inner: Expr = x.args[0]
        return inner
    value = number_of(x)
    if value is not None:
        return scalar(float(1 / value), x.dtype) if value else None
    return 1.0 / x


def _power_two(x: Expr, k: Expr) -> tuple[Any, ...] | None:
    return (x, x) if number_of(k) == 2 else None


def _quotient(x: Expr, y: Expr) -> tuple[Any, ...] | None:
    inverse = _inverse(y)
    return None if inverse is None else (x, inverse)


def _like(x: Expr, value: float) -> Expr:
    return scalar(value, x.dtype) if x.dtype in FLOATS else scalar(int(value), x.dtype)


def _difference(x: Expr, y: Expr) -> tuple[Any, ...] | None:
    for a, b in ((x, y), (y, x)):
        new = _negated(b)
        if new.op is not e.negative or b.op is e.negative:
            return (a, new)
    return None


# From (operation wanted, operation found) to the operands.
_VIEWS: dict[tuple[str, str], Any] = {
    ("add", "subtract"): lambda x, y: (x, _negated(y)),
    ("subtract", "add"): _difference,
    ("multiply", "divide"): _quotient,
    ("multiply", "negative"): lambda x: (_like(x, -1.0), x),
    ("multiply", "square"): lambda x: (x, x),
    ("multiply", "pow"): _power_two,
    ("divide", "multiply"): lambda x, y: (
        _quotient(x, y) if is_constant(y) else _quotient(y, x) if is_constant(x) else None
    ),
    ("divide", "reciprocal"): lambda x: (_like(x, 1.0), x),
    ("negative", "multiply"): lambda x, y: (
        (y,) if number_of(x) == -1 else (x,) if number_of(y) == -1 else None
    ),
    ("negative", "subtract"): lambda x, y: (y,) if number_of(x) == 0 else None,
    ("square", "multiply"): lambda x, y: (x,) if x is y else None,
    ("square", "pow"): lambda x, k: (x,) if number_of(k) == 2 else None,
    ("pow", "square"): lambda x: (x, _like(x, 2.0)),
    ("pow", "multiply"): lambda x, y: (x, _like(x, 2.0)) if x is y else None,
    ("pow", "sqrt"): lambda x: (x, _like(x, 0.5)),
    ("pow", "reciprocal"): lambda x: (x, _like(x, -1.0)),
    ("sqrt", "pow"): lambda x, k: (x,) if number_of(k) == HALF else None,
    ("reciprocal", "divide"): lambda x, y: (y,) if number_of(x) == 1 else None,
    ("pow", "divide"): lambda x, y: (y, _like(y, -1.0)) if number_of(x) == 1 else None,
    **{
        pair: lambda x, y: (y, x)
        for a, b in (("less", "greater"), ("less_equal", "greater_equal"))
        for pair in ((a, b), (b, a))
    },
}


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
            if not equal_fractions(put_in(p, m), x, known):
                return
            continue
        v = unknown[0]
        assert isinstance(v, Variable)
        found = _solved(p, x, v, m, known | ({v} & hints))
        if found is None:
            # What cannot be solved may still be written in the same way.
            yield from _by_form(p, x, m, m.equations, witness, hints)
            return
        if not accepts(v.type, found.value.type):
            return
        m.env[v] = found.value
        m.conditions += found.conditions
        m.solved = True
    yield m


def _solved(p: Expr, x: Expr, v: Variable, m: Match, known: set[Expr]) -> Solution | None:
    """Solve an equation for one unknown.

    First with what the other values are made of; unless that gives one of their parts or a
    number, once more with letters for them, so that they stay in the form in which they are
    written (and what was put apart can be put together again).
    """
    others = [u for u in m.side.below[p] if u in m.env]

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
    return found if again is None else again


def _unknown(p: Expr, m: Match) -> list[Expr]:
    order = [v for v in m.side.order if v in m.side.below[p] and v not in m.env]
    return [v for v in order if isinstance(v, Variable)]


def put_in(p: Expr, m: Match, letters: Mapping[Expr, Expr] | None = None) -> Expr:
    """Write a numeric part of a statement with what is known so far."""
    known = {v: m.env[v] for v in m.side.below[p] if v in m.env}
    known.update((d, x) for d, x in m.env.items() if d.op is DIMENSION)
    known.update(letters or {})
    for d in toposort([p]):
        if d.op is DIMENSION and d in m.env:
            known[d] = m.env[d]
    return _weakly(p, known)


def _operands(p: Expr, out: Mapping[Expr, Any]) -> list[Any]:
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
            out[x] = x.op(*_operands(x, out))
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


# -- the other side ----------------------------------------------------------------------


def assign_keys(
    m: Match, target: Side, exact: bool, may_give_back: Any = None
) -> dict[Expr, Expr] | None:
    """Find a key for each random variable of the new side among those that the match frees.

    Parameters
    ----------
    exact
        Whether both sides must spend the very same keys (sure identities).
    may_give_back
        Tells of a split, all of whose children are freed, whether its parent is freed too.

    Returns
    -------
    dict or None
        From the new side's key expressions to keys of the graph.
    """
    wanted = {d.args[0]: path for d, path in zip(target.draws, target.keys, strict=True)}
    bound: dict[Expr, Expr] = {}
    held: dict[Expr, Expr] = {}
    if exact:
        for d, (root, path) in zip(m.side.draws, m.side.keys, strict=True):
            key = _ascend(m.env[d].args[0], path)
            if key is None or bound.setdefault(root, key) is not key:
                return None
        return (
            {k: descend(bound[r], path) for k, (r, path) in wanted.items() if r in bound}
            if all(r in bound for r, _ in wanted.values())
            else None
        )
    for d, (root, path) in zip(m.side.draws, m.side.keys, strict=True):
        held[d.args[0]] = m.env[d].args[0]
        if not path:
            bound[root] = m.env[d].args[0]
    pool = [k for p, k in held.items() if p not in wanted and p not in bound]
    pool = give_back(pool, may_give_back)
    out: dict[Expr, Expr] = {}
    for k, (root, path) in wanted.items():
        if k in held:
            out[k] = held[k]
            continue
        if root not in bound:
            if not pool:
                return None
            bound[root] = pool.pop(0)
        out[k] = descend(bound[root], path)
    return out


def _ascend(key: Expr, path: tuple[tuple[int, int], ...]) -> Expr | None:
    for n, i in reversed(path):
        found = child_of(key)
        if found is None or found[1:] != (n, i):
            return None
        key = found[0].args[0]
    return key


def give_back(keys: list[Expr], allowed: Any = None) -> list[Expr]:
    """Replace all children of one split by its parent, as often as it goes.

    Examples
    --------
    >>> import astragal as ag
    >>> a, b = ag.split(ag.key(3))
    >>> give_back([b, a]) == [ag.key(3)]
    True
    """
    keys = list(keys)
    while True:
        groups: dict[Expr, dict[int, Expr]] = {}
        for k in keys:
            found = child_of(k)
            if found is not None:
                groups.setdefault(found[0], {})[found[2]] = k
        for parent, freed in groups.items():
            if len(freed) == parent.args[1] and (allowed is None or allowed(parent, keys)):
                gone = set(freed.values())
                place = min(i for i, k in enumerate(keys) if k in gone)
                keys[place] = parent.args[0]
                keys = [k for k in keys if k not in gone]
                break
        else:
            return keys


def build_side(m: Match, target: Side, keys: Mapping[Expr, Expr]) -> tuple[Expr, ...] | None:
    """Build the new side; None where a parameter falls outside its domain."""
    lead = m.lead()
    known = nonnegative_of(m)
    out: dict[Expr, Any] = dict(m.env)
    for d, x in keys.items():
        out[d] = x
    try:
        for p in target.order:
            if p in target.random or p not in out:
                if is_random(p):
                    own = tuple(_length(d, out) for d in batch_shape(p))
                    out[p] = _build_draw(p, out, (*lead, *own), known, exact=m.solved)
                elif is_constant(p) and not p.type.shape:
                    out[p] = value_of(p).item()
                elif isinstance(p.type, KeyType) or p.op is SPLIT or isinstance(p, Variable):
                    if isinstance(p, Variable) and not isinstance(p.type, KeyType):
                        return None  # a free variable that nothing determines
                    continue
                else:
                    out[p] = p.op(*_operands(p, out))
        # A root that is a number of the statement stays a constant.
        return tuple(x if isinstance(x := out[r], Expr) else r for r in target.roots)
    except AstragalError:
        return None


def _length(d: Dim, out: Mapping[Expr, Any]) -> Dim:
    """Give a length of the new side: a number where it is one."""
    if isinstance(d, int):
        return d
    if d not in out:
        [d] = substitute([d], {k: as_expr(v) for k, v in out.items() if isinstance(v, Expr)})
    else:
        d = as_expr(out[d])
    value = number_of(d)
    return d if value is None else int(value)


def _build_draw(p: Expr, out: Mapping[Expr, Any], size: Any, known: set[Expr], exact: bool) -> Expr:
    op = p.op
    assert isinstance(op, RandomOp)
    parameters = []
    for a, q in zip(p.args[2:], op.distribution.parameters, strict=True):
        value = out[a]
        if isinstance(value, Expr) and _worth_a_look(value):
            positive = q.domain in (POSITIVE, NON_NEGATIVE)
            value = simplify(value, known, fold=positive, exact=exact, known=exact)
        if isinstance(value, Expr) and _is_number(value) and _outside(q.domain, value):
            raise DomainError(f"{op.name}: {q.name} is {value!r}, expected {q.domain.words}")
        parameters.append(value)
    return op(out[p.args[0]], size or None, *parameters)


def _is_number(x: Expr) -> bool:
    """Whether an expression is made of constants alone, as a third is."""
    if not x.args or is_constant(x):
        return False  # a constant is checked where the new term is built
    return all(is_constant(y) for y in toposort([x]) if not children(y))


def _outside(domain: Domain, x: Expr) -> bool:
    from astragal.logic.numeric import evaluate_at

    verdict = decide(domain.contains(x))
    return not evaluate_at([domain.contains(x)], {})[0].all() if verdict is None else not verdict


def _worth_a_look(x: Expr) -> bool:
    """Whether something could cancel: an operation on operations, numbers or one thing twice."""
    args = [a for a in x.args if isinstance(a, Expr)]
    return len(set(args)) < len(args) or any(a.args and a.op.name not in _PLAIN for a in args)


_PLAIN = frozenset({"input", "parameter", "shared"})
