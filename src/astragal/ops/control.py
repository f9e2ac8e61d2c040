"""Loops, branches and calls: operations that take subgraphs.

Each body is a `Subgraph`, a static argument. What a body reads from outside is
captured: it becomes an operand, computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from astragal.graph.errors import DTypeError, ModelError, ShapeError
from astragal.graph.expr import PARAMETER, Expr, Op, describe
from astragal.graph.subgraph import Subgraph, call_types, compatible, trace
from astragal.graph.tree import describe_tree, flatten, flatten_like
from astragal.graph.types import Dim, KeyType, TensorType, TupleType, Type, promote
from astragal.ops.declare import as_dims, as_expr, broadcast_shapes
from astragal.ops.indexing import with_shape


def _items(node: Expr) -> list[Expr]:
    return [node[i] for i in range(len(node))]


Traced = tuple[Subgraph, tuple[Expr, ...]]


def _weaken(
    given: Sequence[Expr], tracer: Callable[[Sequence[Type]], Traced], state_of: slice
) -> tuple[list[Expr], Traced]:
    """Bring initial values to the data types that the body gives back, and trace the body.

    The body is traced once where the types fit: in nested loops, each trace more
    would double the work with every level.
    """
    from astragal.ops.declare import cast

    state = list(given)
    traced = tracer([s.type for s in state])
    for _ in range(3):
        new = [o.type for o in traced[0].outputs[state_of]]
        changed = False
        for i, (s, t) in enumerate(zip(state, new, strict=True)):
            if isinstance(s.type, TensorType) and isinstance(t, TensorType):
                dtype = promote(s.type.dtype, t.dtype)
                if dtype != s.type.dtype:
                    state[i] = cast(s, dtype)
                    changed = True
        if not changed:
            break
        traced = tracer([s.type for s in state])
    return state, traced


# -- scan -------------------------------------------------------------------------------


def _infer_scan(
    body: Subgraph, length: Any, reverse: bool, carries: int, sequences: int, *args: Expr
) -> Type:
    """Type of ``scan(body, length, reverse, n_carries, n_sequences, *operands)``.

    Operands: initial carries, sequences, captures. Body parameters: carries, one
    element of each sequence, captures. Body outputs: carries, then what is stacked.
    """
    from astragal.ops.creation import shape_dims

    n: Dim = shape_dims((length,) if not isinstance(length, Expr) else length)[0]
    for i, (a, p) in enumerate(zip(args, body.parameters, strict=True)):
        given = a.type
        if carries <= i < carries + sequences:
            if not given.shape:
                raise ShapeError(f"scan: sequence {describe(a)} is a scalar")
            if isinstance(n, int) and isinstance(given.shape[0], int) and given.shape[0] != n:
                raise ShapeError(f"scan of length {n}: sequence {describe(a)} has another length")
            given = with_shape(given, given.shape[1:])
        if not compatible(given, p.type):
            raise ModelError(f"scan: operand {i} is {describe(a)}, the body expects {p.type!r}")
    outs = body.outputs
    for i in range(carries):
        if not compatible(outs[i].type, body.parameters[i].type):
            raise ModelError(
                f"scan: the body turns carry {i} of type {body.parameters[i].type!r} into "
                f"{outs[i].type!r}; a carry keeps its type"
            )
    stacked = tuple(with_shape(o.type, (n, *o.type.shape)) for o in outs[carries:])
    return TupleType((*(a.type for a in args[:carries]), *stacked))


SCAN = Op("scan", _infer_scan)


def _steps(sequences: Sequence[Expr], length: Any) -> Dim:
    """Number of steps: the length that is given, else that of the sequences."""
    if length is None:
        if not sequences:
            raise ShapeError("scan: give sequences, or a length")
        lengths = [s.type.shape[0] for s in sequences if s.type.shape]
        if len(lengths) < len(sequences):
            raise ShapeError("scan: a sequence is a scalar")
        length = next((n for n in lengths if isinstance(n, int)), lengths[0])
    return as_dims(length, "scan")[0]


def scan(
    function: Callable[..., tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: Any = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Run a function over the leading axis of sequences, carrying state along.

    Parameters
    ----------
    function
        ``function(carry, x) -> (carry, y)``; carry, x and y are containers of expressions.
        Keys may be carried, or be sequences.
    init
        Initial carry.
    xs
        Sequences, all of one length; ``None`` for none.
    length
        Number of steps, where there are no sequences.
    reverse
        Whether to go from the last element to the first; ``y`` stays aligned with ``x``.

    Returns
    -------
    tuple
        Final carry, and the ``y`` of all steps stacked along a new leading axis.

    Raises
    ------
    ModelError
        Where the body changes the type of a carry.

    Examples
    --------
    >>> import astragal as ag
    >>> total, sums = ag.scan(lambda c, x: (c + x, c + x), 0.0, ag.constant([1.0, 2.0, 4.0]))
    >>> ag.evaluate(sums).tolist()
    [1.0, 3.0, 7.0]
    """
    if not callable(function):
        raise ModelError(f"scan takes a function of carry and x, got {function!r:.60}")
    carry, write_carry = flatten(init)
    sequences, write_xs = flatten(xs)
    carry = [as_expr(c) for c in carry]
    sequences = [as_expr(s) for s in sequences]
    n = _steps(sequences, length)
    k = len(carry)
    write_y: Any = None

    def body(*flat: Expr) -> list[Expr]:
        nonlocal write_y
        made: Any = function(write_carry(flat[:k]), write_xs(flat[k:]) if sequences else None)
        if not isinstance(made, (tuple, list)) or len(made) != 2:
            raise ModelError(f"scan: the body gives {made!r:.60}, expected a pair (carry, y)")
        new, y = made
        leaves = _same_shape(new, init, "scan: the body gives the carry")
        ys, write_y = flatten(y)
        return [as_expr(v) for v in (*leaves, *ys)]

    elements = [with_shape(s.type, s.type.shape[1:]) for s in sequences]

    carry, (sub, captured) = _weaken(
        carry, lambda types: trace(body, [*types, *elements]), slice(0, k)
    )
    from astragal.ops.creation import shape_argument

    argument = shape_argument((n,))
    node = SCAN(
        sub,
        argument if isinstance(argument, Expr) else n,
        bool(reverse),
        k,
        len(sequences),
        *carry,
        *sequences,
        *captured,
    )
    out = _items(node)
    return write_carry(out[:k]), write_y(out[k:])


# -- while ------------------------------------------------------------------------------


def _infer_while(condition: Subgraph, body: Subgraph, n: int, *args: Expr) -> Type:
    """Type of ``while_loop(condition, body, n_state, *state, *captures)``.

    Both subgraphs take the state, then all captures.
    """
    call_types(condition, args, "while_loop condition")
    call_types(body, args, "while_loop body")
    test = condition.outputs[0].type
    if not isinstance(test, TensorType) or test.dtype != "bool" or test.shape:
        raise DTypeError(f"while_loop: the condition gives {test!r}, expected a scalar boolean")
    for i in range(n):
        if not compatible(body.outputs[i].type, body.parameters[i].type):
            raise ModelError(
                f"while_loop: the body turns state {i} of type {body.parameters[i].type!r} into "
                f"{body.outputs[i].type!r}; state keeps its type"
            )
    return TupleType(tuple(a.type for a in args[:n]))


WHILE = Op("while_loop", _infer_while)


def while_loop(condition: Callable[[Any], Any], body: Callable[[Any], Any], init: Any) -> Any:
    """Repeat a body on a state while a condition on it holds.

    Parameters
    ----------
    condition
        From state to a scalar boolean.
    body
        From state to state, of the same types.
    init
        Initial state, a container of expressions.

    Returns
    -------
    container
        The first state for which the condition fails.

    Examples
    --------
    >>> import astragal as ag
    >>> n, x = ag.while_loop(lambda s: s[1] < 100.0, lambda s: (s[0] + 1, s[1] * 3.0), (0, 1.0))
    >>> int(ag.evaluate(n))
    5
    """
    state, write = flatten(init)
    state = [as_expr(s) for s in state]
    n = len(state)

    def both(*flat: Expr) -> list[Expr]:
        new = _same_shape(body(write(flat)), init, "while_loop: the body gives the state")
        return [as_expr(condition(write(flat))), *(as_expr(v) for v in new)]

    state, (sub, captured) = _weaken(state, lambda types: trace(both, types), slice(1, None))
    test = Subgraph(sub.parameters, sub.outputs[:1])
    step = Subgraph(sub.parameters, sub.outputs[1:])
    return write(_items(WHILE(test, step, n, *state, *captured)))


def _same_shape(tree: Any, like: Any, what: str) -> list[Any]:
    """List leaves in the order of the container that they stand for."""
    leaves = flatten_like(tree, like)
    if leaves is None:
        raise ModelError(f"{what} {describe_tree(tree)}, expected {describe_tree(like)}")
    return leaves


# -- branches ---------------------------------------------------------------------------


def _infer_switch(n: int, index: Expr, *rest: Any) -> Type:
    """Type of ``switch(n, index, *branches, *operands)``: branches take all operands."""
    branches: Sequence[Subgraph] = rest[:n]
    args: Sequence[Expr] = rest[n:]
    if index.type.shape or index.dtype != "int64":
        raise DTypeError(f"switch: the index is {describe(index)}, expected a scalar int64")
    for b in branches:
        call_types(b, args, "switch branch")
    first = tuple(o.type for o in branches[0].outputs)
    for b in branches[1:]:
        other = tuple(o.type for o in b.outputs)
        if len(other) != len(first) or not all(map(compatible, other, first)):
            raise ModelError(f"switch: branches give {first!r} and {other!r}")
    return TupleType(first)


SWITCH = Op("switch", _infer_switch)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """Run one of several branches, chosen by an integer (clamped to the range).

    Parameters
    ----------
    index
        Scalar integer.
    branches
        Functions of the operands, that give containers of one shape.
    *operands
        Containers of expressions.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> y = ag.switch(1, [lambda v: v, lambda v: v * 2.0], x)
    >>> float(ag.function([x], y, backend="numpy")(3.0))
    6.0
    """
    from astragal.ops.declare import cast

    if not branches:
        raise ModelError("switch: give at least one branch")
    flat, write = flatten(list(operands))
    flat = [as_expr(a) for a in flat]
    writers: list[Any] = []
    shapes: list[Any] = []
    sizes: list[int] = []

    def all_branches(*args: Expr) -> list[Expr]:
        out: list[Expr] = []
        writers.clear()
        sizes.clear()
        for b in branches:
            given = b(*write(args))
            if writers:
                leaves = _same_shape(given, shapes[0], "switch: a branch gives")
            else:
                leaves, w = flatten(given)
                shapes[:] = [given]
                writers.append(w)
            sizes.append(len(leaves))
            out += [as_expr(v) for v in leaves]
        n = sizes[0]
        for j in range(n):
            column = [out[i * n + j] for i in range(len(branches))]
            if all(isinstance(c.type, TensorType) for c in column):
                dtype = column[0].dtype
                for c in column[1:]:
                    dtype = promote(dtype, c.dtype)
                for i, c in enumerate(column):
                    out[i * n + j] = cast(c, dtype)
        return out

    sub, captured = trace(all_branches, [a.type for a in flat])
    n = sizes[0]
    parts = [
        Subgraph(sub.parameters, sub.outputs[i * n : (i + 1) * n]) for i in range(len(branches))
    ]
    at = cast(as_expr(index), "int64")
    return writers[0](_items(SWITCH(len(parts), at, *parts, *flat, *captured)))


def cond(
    predicate: Any, if_true: Callable[..., Any], if_false: Callable[..., Any], *operands: Any
) -> Any:
    """Run one of two branches, chosen by a scalar boolean.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> y = ag.cond(x > 0.0, lambda v: ag.log(v), lambda v: v, x)
    >>> float(ag.function([x], y, backend="numpy")(-1.0))
    -1.0
    """
    p = as_expr(predicate)
    if isinstance(p.type, KeyType) or p.type.shape or p.dtype != "bool":
        raise DTypeError(f"cond: the predicate is {describe(p)}, expected a scalar boolean")
    from astragal.ops.declare import cast

    return switch(cast(p, "int64"), [if_false, if_true], *operands)


# -- calls ------------------------------------------------------------------------------


def _infer_call(sub: Subgraph, *args: Expr) -> Type:
    call_types(sub, args, "call")
    return TupleType(tuple(o.type for o in sub.outputs))


CALL = Op("call", _infer_call)


def subgraph(inputs: Sequence[Expr], outputs: Any) -> Callable[..., Any]:
    """Make an operation of a graph that is closed over nothing.

    Parameters
    ----------
    inputs
        The graph's inputs, in order.
    outputs
        What it computes: an expression, or a container of them.

    Returns
    -------
    callable
        From arguments of the inputs' types to a container like ``outputs``. The body
        stays one node of the graph; backends compile it once.

    Raises
    ------
    ModelError
        Where the outputs read anything but the inputs.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x")
    >>> softsign = ag.subgraph([x], x / (1.0 + ag.abs(x)))
    >>> float(ag.evaluate(softsign(3.0)))
    0.75
    """
    leaves, write = flatten(outputs)
    sub = Subgraph(inputs, [as_expr(v) for v in leaves])

    def call(*args: Any) -> Any:
        from astragal.ops.declare import cast

        exprs = []
        for a, p in zip(args, sub.parameters, strict=True):
            x = as_expr(a)
            if isinstance(x.type, TensorType) and isinstance(p.type, TensorType):
                x = cast(x, p.type.dtype) if not isinstance(a, Expr) else x
            exprs.append(x)
        return write(_items(CALL(sub, *exprs)))

    return call


# -- maps -------------------------------------------------------------------------------


def _infer_map(sub: Subgraph, *args: Expr) -> Type:
    """Type of ``map(body, *operands)``: a scalar body on each element of the broadcast operands."""
    shape = broadcast_shapes([a.type.shape for a in args], "map")
    call_types(sub, [PARAMETER(i, with_shape(a.type, ())) for i, a in enumerate(args)], "map")
    types = tuple(with_shape(o.type, shape) for o in sub.outputs)
    return types[0] if len(types) == 1 else TupleType(types)


MAP = Op("map", _infer_map, elementwise=True)
"""A scalar `Subgraph`, loops and branches included, on each element of its operands.

Backends without scalar loops (NumPy, JAX) run it on whole arrays: a ``while_loop`` in the
body goes on for the elements whose condition still holds.
"""

OPS: tuple[Op, ...] = (SCAN, WHILE, SWITCH, CALL, MAP)
