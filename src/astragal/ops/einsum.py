"""Sums of products over named axes, taken apart into products of two arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from astragal.graph.errors import ShapeError
from astragal.graph.expr import Expr
from astragal.graph.types import NUMERIC, Dim, show_shape
from astragal.ops import dims, reductions
from astragal.ops import elementwise as e
from astragal.ops.creation import IOTA
from astragal.ops.declare import ArrayLike, as_expr, broadcast_dim, cast, common_dtype
from astragal.ops.linalg import matmul
from astragal.ops.manipulation import permute_dims, reshape

Term = tuple[Expr, str]
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def einsum(subscripts: str, /, *operands: ArrayLike) -> Expr:
    """Sum products of arrays over axes that share a letter.

    Parameters
    ----------
    subscripts
        NumPy's notation, such as ``"ij,jk->ik"``; ``...`` stands for leading axes that
        broadcast. Letters that the result lacks are summed over.
    *operands
        One array for each group of letters.

    Returns
    -------
    Expr
        Built of transpositions, products and sums: no operation of its own. Products
        are taken pair by pair, in the order that NumPy's greedy search finds.

    Raises
    ------
    ShapeError
        Where the subscripts do not fit the arrays.

    Examples
    --------
    >>> import astragal as ag
    >>> x, y = ag.input("x", shape=(5, 2, 3)), ag.input("y", shape=(5, 3))
    >>> ag.einsum("nij,nj->ni", x, y).shape
    (5, 2)
    """
    dtype = common_dtype("einsum", operands, NUMERIC, False)
    arrays = [cast(as_expr(x), dtype) for x in operands]
    groups, result = _parse(subscripts, arrays)
    sizes = _sizes(subscripts, groups, arrays)
    terms = [
        _diagonals(_stretch(x, group, sizes), group)
        for x, group in zip(arrays, groups, strict=True)
    ]
    for pair in _order(terms, result, sizes):
        picked = [terms.pop(i) for i in sorted(pair, reverse=True)][::-1]
        others = set(result).union(*(letters for _, letters in terms))
        terms.append(_contract(picked[0], picked[1], others) if len(picked) > 1 else picked[0])
    x, letters = _sum_out(terms[0], set(result))
    return permute_dims(x, [letters.index(c) for c in result])


def _parse(subscripts: str, arrays: Sequence[Expr]) -> tuple[list[str], str]:
    """Letters of each operand and of the result, with letters in place of the ellipsis."""
    text = subscripts.replace(" ", "")
    left, arrow, result = text.partition("->")
    groups = left.split(",")
    if len(groups) != len(arrays):
        raise ShapeError(f"einsum {subscripts!r}: {len(arrays)} operands for {len(groups)} groups")
    free = [c for c in _LETTERS if c not in text]
    extra = [
        x.ndim - len(g.replace("...", "")) if "..." in g else 0
        for g, x in zip(groups, arrays, strict=True)
    ]
    widest = max(extra, default=0)
    if min(extra, default=0) < 0 or len(free) < widest:
        raise ShapeError(f"einsum {subscripts!r} does not fit the operands' dimensions")
    dots = "".join(free[:widest])
    filled = [g.replace("...", dots[widest - n :]) for g, n in zip(groups, extra, strict=True)]
    for g, x in zip(filled, arrays, strict=True):
        if len(g) != x.ndim or not all(c in _LETTERS for c in g):
            shown = show_shape(x.shape)
            raise ShapeError(f"einsum {subscripts!r}: {g!r} does not fit an array of shape {shown}")
    if arrow:
        result = result.replace("...", dots)
    else:
        every = "".join(filled)
        result = dots + "".join(sorted(c for c in set(every) - set(dots) if every.count(c) == 1))
    if len(set(result)) != len(result) or not set(result) <= set("".join(filled)):
        raise ShapeError(f"einsum {subscripts!r}: the result has a letter twice, or a new one")
    return filled, result


def _sizes(subscripts: str, groups: Sequence[str], arrays: Sequence[Expr]) -> dict[str, Dim]:
    sizes: dict[str, Dim] = {}
    for group, x in zip(groups, arrays, strict=True):
        for c, d in zip(group, x.shape, strict=True):
            both = broadcast_dim(sizes.get(c, d), d)
            if both is None:
                shown = " and ".join(show_shape(a.shape) for a in arrays)
                raise ShapeError(f"einsum {subscripts!r}: letter {c!r} of shapes {shown} differs")
            sizes[c] = both
    return sizes


def _stretch(x: Expr, group: str, sizes: dict[str, Dim]) -> Expr:
    """Repeat axes of length one that are longer elsewhere."""
    from astragal.ops.manipulation import broadcast_to

    return broadcast_to(
        x,
        [
            sizes[c] if isinstance(d, int) and d == 1 else d
            for c, d in zip(group, x.shape, strict=True)
        ],
    )


def _diagonals(x: Expr, group: str) -> Term:
    """Keep only the elements whose places agree on axes of one letter."""
    for c in dict.fromkeys(group):
        while group.count(c) > 1:
            i = group.index(c)
            j = group.index(c, i + 1)
            last = [a for a in range(x.ndim) if a not in (i, j)]
            at = IOTA(x.shape[i], "int64")
            x = permute_dims(x, (*last, i, j))[..., at, at]
            group = "".join(group[a] for a in last) + c
    return x, group


def _order(terms: Sequence[Term], result: str, sizes: dict[str, Dim]) -> list[tuple[int, ...]]:
    """Pairs to contract, by position; results go to the end of the list."""
    if len(terms) <= 2:
        return [tuple(range(len(terms)))]
    # A symbolic length counts as a long one.
    numbers = {c: n if isinstance(n, int) else 100 for c, n in sizes.items()}
    shapes = [np.broadcast_to(0.0, [numbers[c] for c in letters]) for _, letters in terms]
    text = ",".join(letters for _, letters in terms) + "->" + result
    path: list[Any] = np.einsum_path(text, *shapes, optimize="greedy")[0][1:]
    pairs: list[tuple[int, ...]] = []
    for step in path:
        # NumPy may leave three or more to one step, at the end.
        n = len(terms) - len(pairs)
        pairs += (
            [tuple(step)]
            if len(step) <= 2
            else [(n - i - 2, n - i - 1) for i in range(len(step) - 1)]
        )
    return pairs


def _sum_out(term: Term, kept: set[str]) -> Term:
    x, letters = term
    axes = [i for i, c in enumerate(letters) if c not in kept]
    if not axes:
        return term
    # Sums of small integers stay in their data type, as NumPy's einsum has it.
    return cast(reductions.sum(x, axes), x.dtype), "".join(c for c in letters if c in kept)


def _contract(first: Term, second: Term, others: set[str]) -> Term:
    """Multiply two arrays and sum over the letters that nothing else needs."""
    a, la = _sum_out(first, others | set(second[1]))
    b, lb = _sum_out(second, others | set(first[1]))
    batch = [c for c in la if c in lb and c in others]
    inner = [c for c in la if c in lb and c not in others]
    left = [c for c in la if c not in lb]
    right = [c for c in lb if c not in la]
    a = permute_dims(a, [la.index(c) for c in (*batch, *left, *inner)])
    b = permute_dims(b, [lb.index(c) for c in (*batch, *inner, *right)])
    size = {**dict(zip((*batch, *left, *inner), a.shape, strict=True))}
    size |= {c: d for c, d in zip((*batch, *inner, *right), b.shape, strict=True) if c in right}
    outer = [size[c] for c in batch]
    letters = "".join((*batch, *left, *right))
    if not inner:
        # Nothing is summed: a product of elements.
        wide = a[(..., *(None,) * len(right))]
        narrow = b[(*(slice(None),) * len(batch), *(None,) * len(left), ...)]
        return e.multiply(wide, narrow), letters
    middle = dims.product(size[c] for c in inner)
    x = matmul(
        reshape(a, (*outer, dims.product(size[c] for c in left), middle)),
        reshape(b, (*outer, middle, dims.product(size[c] for c in right))),
    )
    return reshape(x, [size[c] for c in letters]), letters


__all__ = ["einsum"]
