"""Compiled products and factorisations: loops where they are small, BLAS and LAPACK where not.

A call of BLAS costs a microsecond, and SciPy's own libraries are what NumPy's speed at large
matrices comes from. LAPACK takes columns where our arrays hold rows, so it is given transposes:
the lower factor in rows is the upper one in columns.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, misc"
from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from astragal.compile.numba.runtime import at, helper, inlined, intrinsic, put
from astragal.compile.numba.special import c_function

LARGE = 20_000  # multiplications from which a product goes through BLAS
WIDE = 48  # rows from which a factorisation goes through LAPACK


# A character is passed as the first byte of a number: SciPy's machines are little-endian.
def _fortran(module: str, name: str, arguments: int) -> Any:
    return c_function(f"scipy.linalg.{module}", name, types.void(*[types.uintp] * arguments))


_sgemm, _dgemm = (_fortran("cython_blas", n, 13) for n in ("sgemm", "dgemm"))
_spotrf, _dpotrf = (_fortran("cython_lapack", n, 5) for n in ("spotrf", "dpotrf"))
_sgetrf, _dgetrf = (_fortran("cython_lapack", n, 6) for n in ("sgetrf", "dgetrf"))
_sgetrs, _dgetrs = (_fortran("cython_lapack", n, 9) for n in ("sgetrs", "dgetrs"))


@intrinsic
def plus(typingctx, x, y):
    """Sum that LLVM may re-associate or fuse with a product, of floats or integers of one type."""

    def codegen(context, builder, sig, args):
        if isinstance(x, types.Float):
            return builder.fadd(args[0], args[1], flags=("reassoc", "contract"))
        return builder.add(args[0], args[1])

    return x(x, x), codegen


@intrinsic
def times(typingctx, x, y):
    """Product of two numbers of one type, in that type."""

    def codegen(context, builder, sig, args):
        if isinstance(x, types.Float):
            return builder.fmul(args[0], args[1], flags=("contract",))
        return builder.mul(args[0], args[1])

    return x(x, x), codegen


@helper
def dot_at(a, i, b, j, n):
    """Sum of products of n elements of two arrays, from given positions on."""
    total = a.dtype.type(0)
    for k in range(n):
        total = plus(total, times(at(a, i + k), at(b, j + k)))
    return total


@inlined
def dot(a, b):
    """Sum of products of two arrays."""
    return dot_at(a, 0, b, 0, len(a))


@helper
def matvec(a, x, out, n, k):
    """Matrix of n rows and k columns times a vector."""
    zero = a.dtype.type(0)
    whole = n - n % 4
    # Four rows at a time read each element of the vector once.
    for i in range(0, whole, 4):
        s, t, u, v = zero, zero, zero, zero
        first = i * k
        second, third, fourth = first + k, first + 2 * k, first + 3 * k
        for j in range(k):
            w = at(x, j)
            s = plus(s, times(at(a, first + j), w))
            t = plus(t, times(at(a, second + j), w))
            u = plus(u, times(at(a, third + j), w))
            v = plus(v, times(at(a, fourth + j), w))
        put(out, i, s)
        put(out, i + 1, t)
        put(out, i + 2, u)
        put(out, i + 3, v)
    for i in range(whole, n):
        put(out, i, dot_at(a, i * k, x, 0, k))


@helper
def vecmat(x, a, out, k, m):
    """Vector times a matrix of k rows and m columns."""
    zero = a.dtype.type(0)
    for j in range(m):
        put(out, j, zero)
    whole = k - k % 4
    # Four rows at a time read and write each element of the result once.
    for i in range(0, whole, 4):
        s, t, u, v = at(x, i), at(x, i + 1), at(x, i + 2), at(x, i + 3)
        first = i * m
        second, third, fourth = first + m, first + 2 * m, first + 3 * m
        for j in range(m):
            one = plus(times(s, at(a, first + j)), times(t, at(a, second + j)))
            two = plus(times(u, at(a, third + j)), times(v, at(a, fourth + j)))
            put(out, j, plus(at(out, j), plus(one, two)))
    for i in range(whole, k):
        v = at(x, i)
        for j in range(m):
            put(out, j, plus(at(out, j), times(v, at(a, i * m + j))))


@helper
def matmat(a, i0, b, j0, out, o0, n, k, m):
    """Product of matrices that start at given positions of their arrays."""
    zero = a.dtype.type(0)
    for i in range(n):
        for j in range(m):
            put(out, o0 + i * m + j, zero)
        for r in range(k):
            v = at(a, i0 + i * k + r)
            for j in range(m):
                o = o0 + i * m + j
                put(out, o, plus(at(out, o), times(v, at(b, j0 + r * m + j))))


@inlined
def _address(x, i):
    return x.ctypes.data + i * x.itemsize


@helper
def gemm(a, i0, b, j0, out, o0, n, k, m):
    """Product of matrices of floats, as `matmat`."""
    if n * k * m < LARGE:
        matmat(a, i0, b, j0, out, o0, n, k, m)
        return
    # The product in rows is that of the transposes, in the other order, in columns.
    numbers = np.array([m, n, k, 78], np.int32)  # 78: N, for matrices as they are
    scale = np.array([1, 0], a.dtype)
    s, c, no = numbers.ctypes.data, scale.ctypes.data, numbers.ctypes.data + 12
    left, right, target = _address(a, i0), _address(b, j0), _address(out, o0)
    if a.itemsize == 8:
        _dgemm(no, no, s, s + 4, s + 8, c, right, s, left, s + 8, c + 8, target, s)
    else:
        _sgemm(no, no, s, s + 4, s + 8, c, right, s, left, s + 8, c + 4, target, s)
    # Arrays live to their last use: these must not end before the call.
    _last(numbers[0], scale[0])


@inlined
def _last(x, y):
    return x + y


@helper
def potrf(a, i, n):
    """Factor a matrix in place of its lower triangle; tell whether it is positive definite."""
    numbers = np.array([n, 0, 85], np.int32)  # 85: U, the upper triangle in columns
    s = numbers.ctypes.data
    if a.itemsize == 8:
        _dpotrf(s + 8, s, _address(a, i), s, s + 4)
    else:
        _spotrf(s + 8, s, _address(a, i), s, s + 4)
    return numbers[1] == 0


@helper
def gesv(a, x, t, n, m):
    """Solve a system in place of its right-hand sides and its matrix; false if it is singular."""
    numbers = np.array([n, m, 0, 84], np.int32)  # 84: T, since the matrix stands in rows
    pivots = np.empty(n, np.int32)
    columns = np.empty(n * m, a.dtype)
    for i in range(n):
        for j in range(m):
            put(columns, j * n + i, at(x, t + i * m + j))
    s, p, c, matrix = numbers.ctypes.data, pivots.ctypes.data, columns.ctypes.data, a.ctypes.data
    if a.itemsize == 8:
        _dgetrf(s, s, matrix, s, p, s + 8)
    else:
        _sgetrf(s, s, matrix, s, p, s + 8)
    if numbers[2] != 0:
        return False
    if a.itemsize == 8:
        _dgetrs(s + 12, s, s + 4, matrix, s, p, c, s, s + 8)
    else:
        _sgetrs(s + 12, s, s + 4, matrix, s, p, c, s, s + 8)
    for i in range(n):
        for j in range(m):
            put(x, t + i * m + j, at(columns, j * n + i))
    return numbers[2] == 0 and pivots[0] >= 0
