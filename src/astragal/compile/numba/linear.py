"""Compiled helpers of linear algebra, on stacks of matrices in flat arrays.

The factorisations of small matrices are written out: for the matrices of samplers they are as
fast as LAPACK. Those of larger ones, eigenvalues and singular values go through LAPACK.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
from __future__ import annotations

import numpy as np

from astragal.compile.numba.products import WIDE, dot_at, gesv, potrf, times
from astragal.compile.numba.runtime import at, copied, helper, put, shaped, span


@helper
def cholesky_all(a, batch, n):
    """Lower factors, read from the lower triangles; NaN where a matrix has none."""
    out = np.zeros(batch * n * n, a.dtype)
    for b in range(batch):
        s = b * n * n
        good = True
        if n >= WIDE:
            for i in range(n):
                for j in range(i + 1):
                    put(out, s + i * n + j, at(a, s + i * n + j))
            good = potrf(out, s, n)
        for i in range(0 if n >= WIDE else n):
            for j in range(i):
                v = at(a, s + i * n + j) - dot_at(out, s + i * n, out, s + j * n, j)
                put(out, s + i * n + j, v / at(out, s + j * n + j))
            v = at(a, s + i * n + i) - dot_at(out, s + i * n, out, s + i * n, i)
            if not v > 0:
                good = False
                break
            put(out, s + i * n + i, np.sqrt(v))
        if not good:
            for i in range(n * n):
                put(out, s + i, a.dtype.type(np.nan))
    return out


@helper
def _subtract_row(x, i, j, f, m):
    """Take f times row at j from the row at i, m elements each."""
    for c in range(m):
        put(x, i + c, at(x, i + c) - times(f, at(x, j + c)))


@helper
def triangular_one(a, s, x, t, n, m, lower, unit):
    """Solve a triangular system in place of its right-hand sides."""
    for k in range(n):
        i = k if lower else n - 1 - k
        low, high = (0, i) if lower else (i + 1, n)
        for j in range(low, high):
            _subtract_row(x, t + i * m, t + j * m, at(a, s + i * n + j), m)
        if not unit:
            d = at(a, s + i * n + i)
            if d == 0:
                for c in range(n * m):
                    put(x, t + c, a.dtype.type(np.nan))
                return
            for c in range(m):
                put(x, t + i * m + c, at(x, t + i * m + c) / d)


@helper
def factor(a, s, n, pivots):
    """Factor a matrix in place with row exchanges; give the sign of the exchanges, 0 if singular.

    A singular column is left as it is, so that the product of the diagonal is the determinant.
    """
    sign = 1
    singular = False
    for k in range(n):
        best = k
        size = abs(at(a, s + k * n + k))
        for i in range(k + 1, n):
            v = abs(at(a, s + i * n + k))
            if v > size or v != v:
                best, size = i, v
        pivots[k] = best
        if size == 0:
            singular = True
            continue
        if best != k:
            sign = -sign
            for c in range(n):
                v = at(a, s + k * n + c)
                put(a, s + k * n + c, at(a, s + best * n + c))
                put(a, s + best * n + c, v)
        d = at(a, s + k * n + k)
        for i in range(k + 1, n):
            f = at(a, s + i * n + k) / d
            put(a, s + i * n + k, f)
            _subtract_row(a, s + i * n + k + 1, s + k * n + k + 1, f, n - k - 1)
    return sign, singular


@helper
def solve_one(a, s, x, t, n, m):
    """Solve a system in place of its right-hand sides; NaN where the matrix is singular."""
    lu = copied(a, s, n * n)
    if n >= WIDE:
        if not gesv(lu, x, t, n, m):
            for c in range(n * m):
                put(x, t + c, a.dtype.type(np.nan))
        return
    pivots = np.empty(n, np.int64)
    _, singular = factor(lu, 0, n, pivots)
    if singular:
        for c in range(n * m):
            put(x, t + c, a.dtype.type(np.nan))
        return
    for k in range(n):
        p = pivots[k]
        if p != k:
            for c in range(m):
                v = at(x, t + k * m + c)
                put(x, t + k * m + c, at(x, t + p * m + c))
                put(x, t + p * m + c, v)
    triangular_one(lu, 0, x, t, n, m, True, True)
    triangular_one(lu, 0, x, t, n, m, False, False)


@helper
def slogdet_all(a, batch, n):
    """Signs of determinants, and logarithms of their absolute values."""
    signs = np.empty(batch, a.dtype)
    logs = np.empty(batch, a.dtype)
    lu = copied(a, 0, batch * n * n)
    pivots = np.empty(n, np.int64)
    for b in range(batch):
        sign, _ = factor(lu, b * n * n, n, pivots)
        total = a.dtype.type(0)
        s = a.dtype.type(sign)
        for i in range(n):
            d = at(lu, b * n * n + i * n + i)
            s = s * (a.dtype.type(1) if d > 0 else a.dtype.type(-1) if d < 0 else d)
            total += np.log(abs(d))
        signs[b], logs[b] = s, total
    return signs, logs


@helper
def det_all(a, batch, n):
    """Determinants."""
    out = np.empty(batch, a.dtype)
    lu = copied(a, 0, batch * n * n)
    pivots = np.empty(n, np.int64)
    for b in range(batch):
        sign, _ = factor(lu, b * n * n, n, pivots)
        total = a.dtype.type(sign)
        for i in range(n):
            total = total * at(lu, b * n * n + i * n + i)
        out[b] = total
    return out


@helper
def _finite(a, s, n):
    for i in range(n):
        v = at(a, s + i)
        if v - v != 0:
            return False
    return True


@helper
def eigh_all(a, batch, n):
    """Ascending eigenvalues and eigenvectors, read from the lower triangles."""
    values = np.full(batch * n, a.dtype.type(np.nan))
    vectors = np.full(batch * n * n, a.dtype.type(np.nan))
    for b in range(batch):
        m = shaped(copied(a, b * n * n, n * n), (n, n))
        for i in range(n):
            for j in range(i + 1, n):
                m[i, j] = m[j, i]
        if _finite(m.reshape(n * n), 0, n * n):
            w, v = np.linalg.eigh(m)
            for i in range(n):
                values[b * n + i] = w[i]
                for j in range(n):
                    vectors[b * n * n + i * n + j] = v[i, j]
    return values, vectors


@helper
def svd_all(a, batch, m, n, full):
    """Left singular vectors, descending singular values, right singular vectors."""
    k = min(m, n)
    p, q = (m, n) if full else (k, k)
    left = np.full(batch * m * p, a.dtype.type(np.nan))
    values = np.full(batch * k, a.dtype.type(np.nan))
    right = np.full(batch * q * n, a.dtype.type(np.nan))
    for b in range(batch):
        if not _finite(a, b * m * n, m * n):
            continue
        u, w, v = np.linalg.svd(shaped(span(a, b * m * n, m * n), (m, n)), full)
        for i in range(m):
            for j in range(p):
                left[b * m * p + i * p + j] = u[i, j]
        for i in range(k):
            values[b * k + i] = w[i]
        for i in range(q):
            for j in range(n):
                right[b * q * n + i * n + j] = v[i, j]
    return left, values, right


@helper
def qr_all(a, batch, m, n, complete):
    """Orthogonal and upper triangular factors, by Householder's reflections as in LAPACK."""
    k = m if complete else min(m, n)
    left = np.zeros(batch * m * k, a.dtype)
    right = np.zeros(batch * k * n, a.dtype)
    taus = np.zeros(min(m, n), a.dtype)
    for b in range(batch):
        r = shaped(copied(a, b * m * n, m * n), (m, n))
        for c in range(min(m, n)):
            alpha = r[c, c]
            below = a.dtype.type(0)
            for i in range(c + 1, m):
                below += r[i, c] * r[i, c]
            taus[c] = 0
            if below == 0:
                continue
            beta = -np.copysign(np.sqrt(alpha * alpha + below), alpha)
            taus[c] = (beta - alpha) / beta
            for i in range(c + 1, m):
                r[i, c] /= alpha - beta
            r[c, c] = beta
            for j in range(c + 1, n):
                total = r[c, j]
                for i in range(c + 1, m):
                    total += r[i, c] * r[i, j]
                total *= taus[c]
                r[c, j] -= total
                for i in range(c + 1, m):
                    r[i, j] -= r[i, c] * total
        q = shaped(span(left, b * m * k, m * k), (m, k))
        for i in range(k):
            q[i, i] = 1
        for c in range(min(m, n) - 1, -1, -1):
            for j in range(k):
                total = q[c, j]
                for i in range(c + 1, m):
                    total += r[i, c] * q[i, j]
                total *= taus[c]
                q[c, j] -= total
                for i in range(c + 1, m):
                    q[i, j] -= r[i, c] * total
        for i in range(k):
            for j in range(i, n):
                right[b * k * n + i * n + j] = r[i, j]
    return left, right
