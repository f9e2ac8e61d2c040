"""Gradients as transformations of graphs: a graph goes in, the graph of its derivative comes out.

The results are ordinary expressions: they can be printed, rewritten, differentiated again
and compiled by every backend. Any node can be differentiated by, not only inputs; a
derivative by a node counts every path from it.

Conventions at kinks: ``abs`` has derivative 0 at 0; two equal operands of ``maximum``, and
tied elements of ``max``, share evenly; steps have derivative 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from astragal.graph.errors import DTypeError, ShapeError
from astragal.graph.expr import Expr, describe
from astragal.graph.literal import scalar
from astragal.graph.tree import describe_tree, flatten, flatten_like
from astragal.graph.types import TensorType, show_shape
from astragal.ops.declare import as_expr, cast
from astragal.ops.gradient.build import Ct, expand, or_zeros
from astragal.ops.gradient.engine import differentiable, forward, reverse
from astragal.ops.gradient.matrices import columns_of, is_wide, rows_of


def _sources(wrt: Any, name: str) -> tuple[list[Expr], Any]:
    leaves, write = flatten(wrt)
    for x in leaves:
        if not isinstance(x, Expr) or not (
            isinstance(x.type, TensorType) and differentiable(x.type)
        ):
            raise DTypeError(
                f"{name}: only floating-point expressions can be differentiated by, "
                f"not {describe(x)}"
            )
    return leaves, write


def _seeds(values: Any, tree: Any, like: Sequence[Expr], name: str, sort: str) -> list[Ct]:
    leaves = flatten_like(values, tree)
    if leaves is None:
        raise ShapeError(f"{name}: {sort}s are {describe_tree(values)} for {describe_tree(tree)}")
    out: list[Ct] = []
    for value, x in zip(leaves, like, strict=True):
        if not differentiable(x.type):
            out.append(None)
            continue
        v = cast(as_expr(value), x.dtype)
        if not v.shape:
            v = expand(v, x.shape)
        if len(v.shape) != len(x.shape) or any(
            isinstance(a, int) and isinstance(b, int) and a != b
            for a, b in zip(v.shape, x.shape, strict=True)
        ):
            raise ShapeError(f"{name}: a {sort} of shape {show_shape(v.shape)} for {describe(x)}")
        out.append(v)
    return out


def grad(scalar: Expr, wrt: Any) -> Any:
    """Differentiate a scalar by expressions.

    Parameters
    ----------
    scalar
        A floating-point expression without dimensions.
    wrt
        An expression, or a container of them.

    Returns
    -------
    container like ``wrt``
        The gradients, as expressions of the types of ``wrt``; zeros where the scalar does
        not depend on one.

    Raises
    ------
    ShapeError, DTypeError
        Where the first argument is no floating-point scalar, or ``wrt`` holds integers or keys.
    UnsupportedError
        Where something between has no derivative; the message says why.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x", shape=(3,))
    >>> ag.grad(ag.sum(x * x), x)
    2.0 * x
    """
    if not differentiable(scalar.type):
        raise DTypeError(f"grad of {describe(scalar)}: expected a floating-point scalar")
    if scalar.shape:
        raise ShapeError(
            f"grad of {describe(scalar)}: expected a scalar; sum it, or use astragal.vjp"
        )
    leaves, write = _sources(wrt, "grad")
    found = reverse([scalar], [_one(scalar)], leaves)
    return write([or_zeros(g, x) for g, x in zip(found, leaves, strict=True)])


def _one(x: Expr) -> Expr:
    return scalar(1.0, x.dtype)


def vjp(outputs: Any, wrt: Any, cotangents: Any) -> Any:
    """Multiply cotangents of outputs by the derivative matrix: cotangents of ``wrt``.

    Parameters
    ----------
    outputs
        An expression, or a container of them.
    wrt
        What to differentiate by.
    cotangents
        One a leaf of ``outputs``, of its shape (or a number for all its elements).

    Returns
    -------
    container like ``wrt``

    Examples
    --------
    >>> import astragal as ag
    >>> x, g = ag.input("x"), ag.input("g")
    >>> ag.vjp(ag.exp(x), x, g)
    g * exp(x)
    """
    outs = [as_expr(o) for o in flatten(outputs)[0]]
    leaves, write = _sources(wrt, "vjp")
    found = reverse(outs, _seeds(cotangents, outputs, outs, "vjp", "cotangent"), leaves)
    return write([or_zeros(g, x) for g, x in zip(found, leaves, strict=True)])


def jvp(outputs: Any, wrt: Any, tangents: Any) -> Any:
    """Multiply the derivative matrix by tangents of ``wrt``: tangents of the outputs.

    Parameters
    ----------
    outputs
        An expression, or a container of them.
    wrt
        What to differentiate by.
    tangents
        One a leaf of ``wrt``, of its shape (or a number for all its elements).

    Returns
    -------
    container like ``outputs``
        Directional derivatives; for outputs that are no floats, zeros of float64.

    Examples
    --------
    >>> import astragal as ag
    >>> x, t = ag.input("x"), ag.input("t")
    >>> ag.jvp(ag.sin(x), x, t)
    t * cos(x)
    """
    outs, write = flatten(outputs)
    outs = [as_expr(o) for o in outs]
    leaves, _ = _sources(wrt, "jvp")
    found = forward(outs, leaves, _seeds(tangents, wrt, leaves, "jvp", "tangent"))
    return write([_as_tangent(t, o) for t, o in zip(found, outs, strict=True)])


def _as_tangent(t: Ct, output: Expr) -> Expr:
    if t is not None:
        return t
    if differentiable(output.type):
        return or_zeros(None, output)
    return expand(scalar(0.0, "float64"), output.shape)


def hvp(scalar: Expr, wrt: Any, vectors: Any) -> Any:
    """Multiply the matrix of second derivatives by vectors, without forming it.

    Parameters
    ----------
    scalar
        A floating-point expression without dimensions.
    wrt
        What to differentiate by, twice.
    vectors
        One a leaf of ``wrt``, of its shape.

    Returns
    -------
    container like ``wrt``

    Examples
    --------
    >>> import astragal as ag
    >>> x, v = ag.input("x", shape=(3,)), ag.input("v", shape=(3,))
    >>> ag.hvp(ag.sum(x * x * x), x, v)
    6.0 * (v * x)
    """
    return jvp(grad(scalar, wrt), wrt, vectors)


def jacobian(outputs: Any, wrt: Any) -> Any:
    """Give the matrix of first derivatives, by a pass for each row or each column.

    Meant for few dimensions: `vjp` and `jvp` multiply by the matrix without forming it.

    Parameters
    ----------
    outputs
        An expression, or a container of them.
    wrt
        What to differentiate by.

    Returns
    -------
    container like ``outputs``, of containers like ``wrt``
        Each of the output's dimensions followed by those differentiated by.

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x", shape=(2,))
    >>> y = ag.jacobian(ag.stack([x[0] * x[1], x[0], 3.0 * x[1]]), x)
    >>> ag.function([x], y, backend="numpy")([5.0, 7.0]).tolist()
    [[7.0, 5.0], [1.0, 0.0], [0.0, 3.0]]
    """
    outs, write_outs = flatten(outputs)
    leaves, write = _sources(wrt, "jacobian")
    rows: list[Any] = []
    for y in map(as_expr, outs):
        if not differentiable(y.type):
            raise DTypeError(f"jacobian of {describe(y)}: expected floating-point numbers")
        if is_wide(y, leaves):
            rows.append(write(rows_of(y, leaves)))
        else:
            rows.append(write([columns_of(y, x) for x in leaves]))
    return write_outs(rows)


def hessian(scalar: Expr, wrt: Any) -> Any:
    """Give the matrix of second derivatives, by a pass for each row.

    Meant for few dimensions: `hvp` multiplies by the matrix without forming it.

    Returns
    -------
    container like ``wrt``, of containers like ``wrt``

    Examples
    --------
    >>> import astragal as ag
    >>> x = ag.input("x", shape=(2,))
    >>> h = ag.hessian(x[0] * x[0] * x[1], x)
    >>> ag.function([x], h, backend="numpy")([3.0, 5.0]).tolist()
    [[10.0, 6.0], [6.0, 0.0]]
    """
    return jacobian(grad(scalar, wrt), wrt)


__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "vjp"]
