"""Compiled helpers that put values in order, find them, and run totals along an axis.

Arrays are flat; an axis of length n stands between ``outer`` and ``inner`` others.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
from __future__ import annotations

import numpy as np

from astragal.compile.numba.runtime import at, helper, inlined, put

RUN = 16  # elements sorted by insertion before runs are merged


@inlined
def less(x, y):
    """Order of numbers with NaN last."""
    return x < y or (x == x and y != y)


@helper
def order_into(values, places, other):
    """Sort places by their values, equal ones in their order: insertion, then merging."""
    n = len(places)
    for start in range(0, n, RUN):
        for i in range(start, min(start + RUN, n)):
            j = i
            v = values[i]
            while j > start and less(v, values[places[j - 1]]):
                places[j] = places[j - 1]
                j -= 1
            places[j] = i
    width = RUN
    source, target = places, other
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            i, j = low, middle
            for k in range(low, high):
                if j >= high or (i < middle and not less(values[source[j]], values[source[i]])):
                    target[k] = source[i]
                    i += 1
                else:
                    target[k] = source[j]
                    j += 1
        source, target = target, source
        width *= 2
    return source


@helper
def argsort_along(a, outer, n, inner):
    """Places of the values in ascending order along an axis."""
    out = np.empty(outer * n * inner, np.int64)
    values = np.empty(n, a.dtype)
    places = np.empty(n, np.int64)
    other = np.empty(n, np.int64)
    for o in range(outer):
        for i in range(inner):
            start = o * n * inner + i
            for k in range(n):
                values[k] = at(a, start + k * inner)
            found = order_into(values, places, other)
            for k in range(n):
                put(out, start + k * inner, found[k])
    return out


@helper
def sort_along(a, outer, n, inner):
    """Values in ascending order along an axis."""
    places = argsort_along(a, outer, n, inner)
    out = np.empty(outer * n * inner, a.dtype)
    for o in range(outer):
        for i in range(inner):
            start = o * n * inner + i
            for k in range(n):
                put(out, start + k * inner, at(a, start + places[start + k * inner] * inner))
    return out


@inlined
def _first(a, outer, n, inner, sign):
    out = np.empty(outer * inner, np.int64)
    for o in range(outer):
        for i in range(inner):
            start = o * n * inner + i
            best = 0
            v = at(a, start)
            for k in range(1, n):
                w = at(a, start + k * inner)
                if v == v and (w != w or (w > v if sign > 0 else w < v)):
                    best = k
                    v = w
            put(out, o * inner + i, best)
    return out


@helper
def argmax_along(a, outer, n, inner):
    """Place of the first greatest value along an axis; NaN is greatest."""
    return _first(a, outer, n, inner, 1)


@helper
def argmin_along(a, outer, n, inner):
    """Place of the first least value along an axis; NaN is least."""
    return _first(a, outer, n, inner, -1)


@helper
def search_left(a, start, n, v):
    """Place of the first of n sorted values that is not below v."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if less(at(a, start + middle), v):
            low = middle + 1
        else:
            high = middle
    return low


@helper
def search_right(a, start, n, v):
    """Place of the first of n sorted values that is above v."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if less(v, at(a, start + middle)):
            high = middle
        else:
            low = middle + 1
    return low


@helper
def cumulative_sum_along(a, outer, n, inner):
    """Running sums along an axis."""
    out = np.empty(outer * n * inner, a.dtype)
    for o in range(outer):
        for i in range(inner):
            start = o * n * inner + i
            total = a.dtype.type(0)
            for k in range(n):
                total = a.dtype.type(total + at(a, start + k * inner))
                put(out, start + k * inner, total)
    return out


@helper
def cumulative_prod_along(a, outer, n, inner):
    """Running products along an axis."""
    out = np.empty(outer * n * inner, a.dtype)
    for o in range(outer):
        for i in range(inner):
            start = o * n * inner + i
            total = a.dtype.type(1)
            for k in range(n):
                total = a.dtype.type(total * at(a, start + k * inner))
                put(out, start + k * inner, total)
    return out


@helper
def count_true(a, start, n):
    """Number of nonzero elements."""
    count = 0
    for i in range(n):
        if at(a, start + i) != 0:
            count += 1
    return count


@helper
def places_true(a, start, n, count, stride, length):
    """Position along one axis of each nonzero element."""
    out = np.empty(count, np.int64)
    k = 0
    for i in range(n):
        if at(a, start + i) != 0:
            put(out, k, (i // stride) % length)
            k += 1
    return out
