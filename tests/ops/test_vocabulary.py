"""Functions of arrays: NumPy's results, at static and at symbolic shapes.

Where NumPy's function of one name also computes the operation, the reference is plain
Python. Each case says what comes out and, run again with dimensions unknown until the
call, that the shapes which were inferred are the shapes which come out.
"""

# A row of the table is a line, and reads alike whatever its lambda holds.
# ruff: noqa: E501, PLC3002, PLW0108

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import astragal as ag
from astragal.compile.jax import compile_jax
from astragal.compile.numpy import compile_numpy
from astragal.graph.traverse import toposort
from astragal.graph.tree import flatten

RNG = np.random.default_rng(20)
M = RNG.normal(size=(3, 4))
V = np.array([3.0, -1.0, 4.0, 1.0, -5.0])
W = np.array([0.5, 2.5, -1.5, 0.25, 7.0])
B = RNG.normal(size=(2, 3, 4))
I = np.array([[5, 1, 4], [1, 9, 2]])  # noqa: E741
SQUARE = RNG.normal(size=(4, 4))
SPD = SQUARE @ SQUARE.T + np.eye(4)
STACK = np.stack([SPD, 2 * SPD + np.eye(4)])
LOWER = np.tril(SQUARE) + 3 * np.eye(4)


def python_sort(x: np.ndarray) -> np.ndarray:
    return np.array([sorted(row) for row in x.tolist()])


def python_argsort(x: np.ndarray) -> np.ndarray:
    return np.array([sorted(range(len(r)), key=r.__getitem__) for r in x.tolist()])


def accumulated(x: np.ndarray, op: Any) -> np.ndarray:
    return np.array([list(itertools.accumulate(row, op)) for row in x.tolist()])


def bisected(a: np.ndarray, v: np.ndarray, right: bool) -> list[int]:
    return [sum(b <= x if right else b < x for b in a.tolist()) for x in v.tolist()]


def segments(x: np.ndarray, ids: list[int], n: int) -> np.ndarray:
    return np.array(
        [sum((r for r, i in zip(x, ids, strict=True) if i == k), 0 * x[0]) for k in range(n)]
    )


def eigh_remade(a: Any) -> Any:
    w, v = ag.linalg.eigh(ag.tril(a))
    return (v * w[..., None, :]) @ v.mT, v.mT @ v, ag.diff(w) > 0


def qr_remade(a: Any) -> Any:
    q, r = ag.linalg.qr(a.T)
    return q @ r, q.mT @ q, ag.sum(ag.abs(ag.tril(r, k=-1)))


def complete_qr_remade(a: Any) -> Any:
    q, r = ag.linalg.qr(a.T, mode="complete")
    return q @ r, q @ q.mT


def svd_remade(a: Any) -> Any:
    u, s, v = ag.linalg.svd(a, full_matrices=False)
    return (u * s) @ v, u.mT @ u, v @ v.mT


def full_svd_remade(a: Any) -> Any:
    u, s, v = ag.linalg.svd(a)
    return (u * s) @ v[:3], v @ v.mT


def norm_of(ord: Any) -> Any:
    norm: Any = np.linalg.norm
    return lambda x: norm(x, ord=ord, keepdims=True)


Case = tuple[str, Callable[..., Any], Callable[..., Any], tuple[np.ndarray, ...]]
STATIC_ONLY = {
    "einsum dots",
    "matrix_rank",
    "unstack",
    "stack of rows",
    "squeeze",
    "cross",
    "matrix_power 0",
}

# fmt: off
CASES: list[Case] = [
    # reductions
    ("sum",          lambda x: ag.sum(x, axis=1),           lambda x: [math.fsum(r) for r in x], (M,)),
    ("sum keepdims", lambda x: ag.sum(x, axis=(0, 2), keepdims=True), lambda x: x.sum((0, 2), keepdims=True), (B,)),
    ("sum of bools", lambda x: ag.sum(ag.greater(x, 0.0)),  lambda x: sum(v > 0 for v in x), (V,)),
    ("prod",         lambda x: ag.prod(x, axis=0),          lambda x: [math.prod(c) for c in x.T], (M,)),
    ("max",          lambda x: ag.max(x, axis=-1),          lambda x: [max(r) for r in x], (M,)),
    ("min",          lambda x: ag.min(x),                   lambda x: min(x.ravel()), (M,)),
    ("any",          lambda x: ag.any(ag.greater(x, 1.0), axis=0), lambda x: [any(v > 1 for v in c) for c in x.T], (M,)),
    ("all",          lambda x: ag.all(ag.greater(x, -1.0), axis=0), lambda x: [all(v > -1 for v in c) for c in x.T], (M,)),
    ("mean",         lambda x: ag.mean(x, axis=0),          lambda x: [math.fsum(c) / 3 for c in x.T], (M,)),
    ("mean of integers", lambda x: ag.mean(x),              lambda x: 22 / 6, (I,)),
    ("var",          lambda x: ag.var(x, axis=1, correction=1), lambda x: np.var(x, axis=1, ddof=1), (M,)),
    ("std",          lambda x: ag.std(x, keepdims=True),    lambda x: np.std(x, keepdims=True), (M,)),
    ("count_nonzero", lambda x: ag.count_nonzero(x, axis=1), lambda x: np.count_nonzero(x, axis=1), (np.array([[0, 2, 0], [1, 1, 0]]),)),
    ("logsumexp",    lambda x: ag.logsumexp(x, axis=1),     lambda x: [math.log(math.fsum(map(math.exp, r))) for r in x], (M,)),
    ("cumulative_sum", lambda x: ag.cumulative_sum(x, axis=1), lambda x: accumulated(x, lambda a, b: a + b), (M,)),
    ("cumulative_sum with 0", lambda x: ag.cumulative_sum(x, axis=1, include_initial=True), lambda x: np.cumulative_sum(x, axis=1, include_initial=True), (I,)),
    ("cumulative_prod", lambda x: ag.cumulative_prod(x, axis=-1), lambda x: accumulated(x, lambda a, b: a * b), (M,)),
    ("diff",         lambda x: ag.diff(x, axis=0),          lambda x: np.diff(x, axis=0), (M,)),
    ("diff twice",   lambda x: ag.diff(x, n=2),             lambda x: np.diff(x, n=2), (M,)),
    ("diff with ends", lambda x: ag.diff(x, prepend=ag.zeros(1), append=ag.ones(2)), lambda x: np.diff(x, prepend=[0.], append=[1., 1.]), (V,)),
    ("segment_sum",  lambda x: ag.segment_sum(x, [2, 0, 2], 4), lambda x: segments(x, [2, 0, 2], 4), (M,)),
    ("median",       lambda x: ag.median(x, axis=1),        lambda x: np.median(x, axis=1), (M,)),
    ("quantile",     lambda x: ag.quantile(x, [0.1, 0.77], axis=0), lambda x: np.quantile(x, [0.1, 0.77], axis=0), (M,)),
    ("quantile keepdims", lambda x: ag.quantile(x, 0.3, keepdims=True), lambda x: np.quantile(x, 0.3, keepdims=True), (M,)),
    # order
    ("sort",         lambda x: ag.sort(x),                  python_sort, (M,)),
    ("sort of columns", lambda x: ag.sort(x, axis=0),       lambda x: python_sort(x.T).T, (M,)),
    ("sort down",    lambda x: ag.sort(x, descending=True), lambda x: python_sort(x)[:, ::-1], (M,)),
    ("argsort",      lambda x: ag.argsort(x),               python_argsort, (np.array([[2, 1, 2, 1], [0, 0, 5, 3]]),)),
    ("argsort down", lambda x: ag.argsort(x, descending=True), lambda x: python_argsort(-x), (np.array([[2, 1, 2, 1], [0, 0, 5, 3]]),)),
    ("argmax",       lambda x: ag.argmax(x, axis=1),        lambda x: [r.index(max(r)) for r in x.tolist()], (I,)),
    ("argmax flat",  lambda x: ag.argmax(x, keepdims=True), lambda x: [[4]], (I,)),
    ("argmin",       lambda x: ag.argmin(x, axis=0, keepdims=True), lambda x: np.argmin(x, axis=0, keepdims=True), (I,)),
    ("searchsorted", lambda a, v: ag.searchsorted(a, v),    lambda a, v: bisected(a, v, False), (np.sort(V), np.array([1.0, -9.0, 3.5, 4.0]))),
    ("searchsorted right", lambda a, v: ag.searchsorted(a, v, side="right"), lambda a, v: bisected(a, v, True), (np.sort(V), np.array([1.0, -9.0, 3.5, 4.0]))),
    ("searchsorted with a sorter", lambda a, v: ag.searchsorted(a, v, sorter=ag.argsort(a)), lambda a, v: bisected(np.sort(a), v, False), (V, W)),
    ("isin",         lambda x, y: ag.isin(x, y),            lambda x, y: [[v in set(y.tolist()) for v in r] for r in x.tolist()], (I, np.array([1, 2, 7]))),
    ("isin inverted", lambda x, y: ag.isin(x, y, invert=True), lambda x, y: np.isin(x, y, invert=True), (I, np.array([1, 2, 7]))),
    ("nonzero",      lambda x: ag.nonzero(x),               np.nonzero, (np.array([[0, 2, 0], [1, 1, 0]]),)),
    ("unique_values", lambda x: ag.unique_values(x),        lambda x: sorted(set(x.ravel().tolist())), (I,)),
    ("unique_all",   lambda x: tuple(ag.unique_all(x)),     lambda x: tuple(np.unique_all(x)), (I,)),
    ("unique_counts", lambda x: tuple(ag.unique_counts(x)), lambda x: tuple(np.unique_counts(x)), (I,)),
    ("unique_inverse", lambda x: tuple(ag.unique_inverse(x)), lambda x: tuple(np.unique_inverse(x)), (I,)),
    # selection
    ("where",        lambda x, y: ag.where(ag.less(x, y), x, 0.0), lambda x, y: np.where(x < y, x, 0.0), (V, W)),
    ("clip",         lambda x: ag.clip(x, -1.5, 2.0),       lambda x: np.array([min(max(v, -1.5), 2.0) for v in x]), (V,)),
    ("take",         lambda x: ag.take(x, [2, 0, 2], axis=1), lambda x: np.take(x, [2, 0, 2], axis=1), (M,)),
    ("take_along_axis", lambda x, i: ag.take_along_axis(x, i, axis=0), lambda x, i: np.take_along_axis(x, i, axis=0), (M, np.array([[2, 0, 1, 1]]))),
    ("take_along the last axis", lambda x: ag.take_along_axis(x, ag.argsort(x)), lambda x: np.sort(x), (B,)),
    ("mask",         lambda x: x[ag.greater(x, 0.0)],       lambda x: x[x > 0], (M,)),
    ("mask of rows", lambda x: x[ag.greater(x[:, 0], -0.2), 1:], lambda x: x[x[:, 0] > -0.2, 1:], (M,)),
    ("static mask",  lambda x: x[:, np.array([True, False, True, False])], lambda x: x[:, ::2], (M,)),
    ("index arrays", lambda x: x[[0, 2], [1, -1]],          lambda x: x[[0, 2], [1, -1]], (M,)),
    ("index arrays apart", lambda x: x[[0, 1], :, [3, 0]],  lambda x: x[[0, 1], :, [3, 0]], (B,)),
    ("index arrays in the middle", lambda x: x[:, [0, 2], None, 1:], lambda x: x[:, [0, 2], None, 1:], (B,)),
    ("slices",       lambda x: x[::-1, 1:-1:2],             lambda x: x[::-1, 1:-1:2], (M,)),
    ("slices past the end", lambda x: x[-9:2, 7:],          lambda x: x[-9:2, 7:], (M,)),
    ("ellipsis",     lambda x: x[..., None, 0],             lambda x: x[..., None, 0], (B,)),
    ("run-time bounds", lambda x, i: x[i[0, 1] : i[0, 2]],  lambda x, i: x[1:4], (V, I)),
    ("run-time index", lambda x, i: x[i[1, 0], i[:, 1] % 2], lambda x, i: x[i[1, 0], i[:, 1] % 2], (M, I)),
    ("at set",       lambda x: x.at[1:, [0, 2]].set(7.0),   lambda x: np.concatenate([x[:1], np.array([[7, r[1], 7, r[3]] for r in x[1:]])]), (M,)),
    ("at add",       lambda x: x.at[[1, 1, 0]].add(2.0),    lambda x: x + np.array([2.0, 4.0, 0, 0, 0]), (V,)),
    ("tril",         lambda x: ag.tril(x, k=-1),            lambda x: np.tril(x, -1), (B,)),
    ("triu",         lambda x: ag.triu(x, k=1),             lambda x: np.triu(x, 1), (M,)),
    # shapes
    ("reshape",      lambda x: ag.reshape(x, (-1, 2)),      lambda x: x.reshape(-1, 2), (M,)),
    ("ravel",        lambda x: x.ravel(),                   np.ravel, (B,)),
    ("permute_dims", lambda x: ag.permute_dims(x, (2, 0, 1)), lambda x: np.permute_dims(x, (2, 0, 1)), (B,)),
    ("moveaxis",     lambda x: ag.moveaxis(x, (0, -1), (1, 0)), lambda x: np.moveaxis(x, (0, -1), (1, 0)), (B,)),
    ("swapaxes",     lambda x: ag.swapaxes(x, 0, -1),       lambda x: np.swapaxes(x, 0, -1), (B,)),
    ("matrix_transpose", lambda x: ag.matrix_transpose(x),  lambda x: np.swapaxes(x, -1, -2), (B,)),
    ("T",            lambda x: x.T,                         lambda x: x.T, (B,)),
    ("squeeze",      lambda x: ag.squeeze(x[None, :, :, None], (0, 3)), lambda x: x, (M,)),
    ("expand_dims",  lambda x: ag.expand_dims(x, axis=-2),  lambda x: x[:, None, :], (M,)),
    ("broadcast_to", lambda x: ag.broadcast_to(x, (2, *x.shape)), lambda x: np.stack([x, x]), (M,)),
    ("broadcast_arrays", lambda x, y: ag.broadcast_arrays(x[:, None], y), lambda x, y: tuple(np.broadcast_arrays(x[:, None], y)), (V, W)),
    ("concat",       lambda x, y: ag.concat([x, 2 * y, x], axis=1), lambda x, y: np.concatenate([x, 2 * y, x], axis=1), (M, M + 1)),
    ("concat flat",  lambda x: ag.concat([x, x[0]], axis=None), lambda x: [*x.ravel(), *x[0]], (M,)),
    ("stack",        lambda x, y: ag.stack([x, y], axis=-1), lambda x, y: np.array(list(zip(x, y, strict=True))), (V, W)),
    ("stack of rows", lambda x: ag.asarray([x[1], [1.0, x[0, 0], 2.0, 3.0]]), lambda x: np.array([x[1], [1.0, x[0, 0], 2, 3]]), (M,)),
    ("unstack",      lambda x: ag.unstack(x, axis=1),       lambda x: tuple(x.T), (M,)),
    ("flip",         lambda x: ag.flip(x, axis=1),          lambda x: x[:, ::-1], (M,)),
    ("flip all",     lambda x: ag.flip(x),                  lambda x: x[::-1, ::-1], (M,)),
    ("roll",         lambda x: ag.roll(x, -2, axis=1),      lambda x: np.roll(x, -2, axis=1), (M,)),
    ("roll flat",    lambda x: ag.roll(x, 5),               lambda x: np.roll(x, 5), (M,)),
    ("roll two axes", lambda x: ag.roll(x, (1, 3), axis=(0, 1)), lambda x: np.roll(x, (1, 3), axis=(0, 1)), (M,)),
    ("repeat",       lambda x: ag.repeat(x, 3, axis=1),     lambda x: np.repeat(x, 3, axis=1), (M,)),
    ("repeat flat",  lambda x: ag.repeat(x, 2),             lambda x: np.repeat(x, 2), (M,)),
    ("repeat by counts", lambda x: ag.repeat(x, [0, 2, 1], axis=0), lambda x: np.repeat(x, [0, 2, 1], axis=0), (M,)),
    ("repeat by run-time counts", lambda x, i: ag.repeat(x, i[0], axis=0), lambda x, i: np.repeat(x, i[0], axis=0), (M, I)),
    ("tile",         lambda x: ag.tile(x, (2, 1, 3)),       lambda x: np.tile(x, (2, 1, 3)), (M,)),
    ("tile fewer",   lambda x: ag.tile(x, (2,)),            lambda x: np.tile(x, 2), (M,)),
    # creation
    ("eye",          lambda x: ag.eye(x.shape[0], x.shape[1], k=-1), lambda x: np.eye(3, 4, -1), (M,)),
    ("linspace",     lambda x: ag.linspace(x[0], x[1], 7),  lambda x: np.linspace(x[0], x[1], 7), (V,)),
    ("linspace open", lambda x: ag.linspace(x, 2.0, 4, endpoint=False), lambda x: np.linspace(x, 2.0, 4, endpoint=False), (V,)),
    ("meshgrid",     lambda x, y: ag.meshgrid(x, y[:2]),    lambda x, y: tuple(np.meshgrid(x, y[:2])), (V, W)),
    ("meshgrid ij",  lambda x, y: ag.meshgrid(x, y[:2], x, indexing="ij"), lambda x, y: tuple(np.meshgrid(x, y[:2], x, indexing="ij")), (V, W)),
    ("full_like",    lambda x: ag.full_like(x, 2.5),        lambda x: 0 * x + 2.5, (M,)),
    ("arange",       lambda x: ag.arange(x.shape[1]),       lambda x: [0, 1, 2, 3], (M,)),
    ("arange from",  lambda x: ag.arange(2, x.shape[1]),    lambda x: [2, 3], (M,)),
    # products
    ("matmul",       lambda x, y: x @ y,                    lambda x, y: [[math.sumprod(r, c) if hasattr(math, "sumprod") else sum(a * b for a, b in zip(r, c, strict=True)) for c in y.T] for r in x], (M, SQUARE)),
    ("matmul stacks", lambda x, y: ag.matmul(x, y),         lambda x, y: np.stack([b @ y for b in x]), (B, SQUARE)),
    ("matmul vector", lambda x, y: y[:3] @ x,               lambda x, y: sum(w * r for w, r in zip(y, x, strict=False)), (M, V)),
    ("vecdot",       lambda x, y: ag.vecdot(x, y),          lambda x, y: np.einsum("nij,ij->ni", x, y), (B, M)),
    ("tensordot",    lambda x, y: ag.tensordot(x, y, axes=((1, 2), (0, 1))), lambda x, y: np.einsum("nij,ij->n", x, y), (B, M)),
    ("tensordot 1",  lambda x, y: ag.tensordot(x, y, axes=1), lambda x, y: np.einsum("nij,jk->nik", x, y), (B, SQUARE)),
    ("outer",        lambda x, y: ag.linalg.outer(x, y),    lambda x, y: x[:, None] * y, (V, W)),
    ("kron",         lambda x, y: ag.linalg.kron(x, y),     np.kron, (M, I.astype(float))),
    ("cross",        lambda x, y: ag.linalg.cross(x, y, axis=0), lambda x, y: np.cross(x, y, axis=0), (M, M**2)),
    ("dot",          lambda x, y: x.dot(y),                 np.dot, (B, SQUARE)),
    ("diagonal",     lambda x: ag.linalg.diagonal(x, offset=1), lambda x: np.diagonal(x, 1, 1, 2), (B,)),
    ("diagonal below", lambda x: ag.linalg.diagonal(x, offset=-2), lambda x: np.diagonal(x, -2, 1, 2), (B,)),
    ("diag",         lambda x: ag.linalg.diag(x),           lambda x: np.stack([np.diag(r) for r in x]), (M,)),
    ("trace",        lambda x: ag.linalg.trace(x),          lambda x: [sum(b[i, i] for i in range(3)) for b in x], (B,)),
    ("einsum matrix", lambda x, y: ag.einsum("ij,jk", x, y), lambda x, y: x @ y, (M, SQUARE)),
    ("einsum trace", lambda x: ag.einsum("ii", x),          np.trace, (SQUARE,)),
    ("einsum diagonal", lambda x: ag.einsum("ii->i", x),    np.diag, (SQUARE,)),
    ("einsum batch", lambda x, y: ag.einsum("nij,nij->ni", x, y), lambda x, y: (x * y).sum(-1), (B, B + 1)),
    ("einsum three", lambda x, y, z: ag.einsum("ij,jk,lk->il", x, y, z), lambda x, y, z: x @ y @ z.T, (M, SQUARE, M)),
    ("einsum dots",  lambda x, y: ag.einsum("...ij,...j->...i", x, y), lambda x, y: np.einsum("...ij,...j->...i", x, y), (B, M[:, :4][:1])),
    ("einsum sums",  lambda x: ag.einsum("nij->j", x),      lambda x: x.sum((0, 1)), (B,)),
    ("einsum outer", lambda x, y: ag.einsum("i,j->ji", x, y), lambda x, y: np.outer(y, x), (V, W)),
    ("einsum transposes", lambda x: ag.einsum("ba", x),     lambda x: x.T, (M,)),
    # linear algebra
    ("cholesky",     lambda x: (lambda L: (L @ L.mT, ag.sum(ag.triu(L, k=1))))(ag.linalg.cholesky(x)), lambda x: (x, 0.0), (STACK,)),
    ("upper cholesky", lambda x: (lambda U: U.mT @ U)(ag.linalg.cholesky(x, upper=True)), lambda x: x, (STACK,)),
    ("solve",        lambda a, b: a @ ag.linalg.solve(a, b), lambda a, b: b, (SQUARE, M.T)),
    ("solve vector", lambda a, b: a @ ag.linalg.solve(a, b[0]), lambda a, b: b[0], (SQUARE, M)),
    ("solve stacks", lambda a, b: a @ ag.linalg.solve(a, b), lambda a, b: np.stack([b, b]), (STACK, M.T)),
    ("inv",          lambda a: ag.linalg.inv(a) @ a,        lambda a: np.stack([np.eye(4)] * 2), (STACK,)),
    ("solve_triangular", lambda a, b: ag.linalg.solve_triangular(a, b, lower=True), lambda a, b: np.linalg.solve(np.tril(a), b), (LOWER + np.triu(SQUARE, 1), M.T)),
    ("solve_triangular transposed", lambda a, b: ag.linalg.solve_triangular(a, b, lower=True, transpose=True), lambda a, b: np.linalg.solve(np.tril(a).T, b), (LOWER + np.triu(SQUARE, 1), M.T)),
    ("solve_triangular unit", lambda a, b: ag.linalg.solve_triangular(a, b, unit_diagonal=True), lambda a, b: np.linalg.solve(np.triu(a, 1) + np.eye(4), b), (SQUARE, M[0])),
    ("cho_solve",    lambda a, b: ag.linalg.cho_solve(ag.linalg.cholesky(a), b), lambda a, b: np.linalg.solve(a, b), (SPD, M[0])),
    ("det",          lambda a: ag.linalg.det(a),            lambda a: [np.prod(np.linalg.eigvals(x)).real for x in a], (STACK,)),
    ("slogdet",      lambda a: tuple(ag.linalg.slogdet(-a[:3, :3])), lambda a: (-1.0, np.log(abs(np.prod(np.linalg.eigvals(a[:3, :3]))))), (SPD,)),
    ("eigh", eigh_remade, lambda a: (a, np.stack([np.eye(4)] * 2), np.ones((2, 3), bool)), (STACK,)),
    ("eigvalsh",     lambda a: ag.linalg.eigvalsh(a),       lambda a: np.sort(np.linalg.eigvals(a).real), (SPD,)),
    ("qr", qr_remade, lambda a: (a.T, np.eye(3), 0.0), (M,)),
    ("complete qr", complete_qr_remade, lambda a: (a.T, np.eye(4)), (M,)),
    ("svd", svd_remade, lambda a: (a, np.eye(3), np.eye(3)), (M,)),
    ("full svd", full_svd_remade, lambda a: (a, np.eye(4)), (M,)),
    ("svdvals",      lambda a: ag.linalg.svdvals(a),        lambda a: np.sqrt(np.sort(np.linalg.eigvalsh(a @ a.T))[::-1]), (M,)),
    ("pinv",         lambda a: ag.linalg.pinv(a),           lambda a: a.T @ np.linalg.inv(a @ a.T), (M,)),
    ("matrix_rank",  lambda a: ag.linalg.matrix_rank(ag.stack([a, a * 0, a[:1] * a[:, :1]])), lambda a: [3, 0, 1], (M,)),
    ("matrix_power", lambda a: ag.linalg.matrix_power(a, 5), lambda a: a @ a @ a @ a @ a, (SQUARE,)),
    ("matrix_power -2", lambda a: ag.linalg.matrix_power(a, -2) @ a @ a, lambda a: np.eye(4), (SPD,)),
    ("matrix_power 0", lambda a: ag.linalg.matrix_power(a, 0), lambda a: np.eye(4), (SPD,)),
    ("norm of a vector", lambda x: ag.linalg.vector_norm(x, axis=1), lambda x: [math.hypot(*r) for r in x], (M,)),
    *((f"norm of a vector, {o}", lambda x, o=o: ag.linalg.vector_norm(x, ord=o, keepdims=True), norm_of(o), (V,)) for o in (0, 1, 3, math.inf, -math.inf)),
    *((f"norm of a matrix, {o}", lambda x, o=o: ag.linalg.matrix_norm(x, ord=o), lambda x, o=o: np.linalg.matrix_norm(x, ord=o), (B,)) for o in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)),
    # special functions of several operations
    ("softmax",      lambda x: ag.special.softmax(x, axis=1), lambda x: scipy.special.softmax(x, axis=1), (M * 100,)),
    ("log_softmax",  lambda x: ag.special.log_softmax(x),   scipy.special.log_softmax, (M,)),
    ("softplus",     lambda x: ag.softplus(x),              lambda x: np.log1p(np.exp(x)), (M,)),
    ("log_expit",    lambda x: ag.special.log_expit(x),     scipy.special.log_expit, (M * 100,)),
    ("gamma",        lambda x: ag.special.gamma(x),         lambda x: [math.gamma(v) for v in x], (np.array([0.3, 5.0, -0.5, -1.5, -2.3]),)),
    ("beta",         lambda x, y: ag.special.beta(ag.abs(x), ag.abs(y)), lambda x, y: scipy.special.beta(abs(x), abs(y)), (V, W)),
    ("multigammaln", lambda x: ag.special.multigammaln(x, 3), lambda x: [scipy.special.multigammaln(v, 3) for v in x], (np.array([1.7, 4.2]),)),
    ("binomln",      lambda n, k: ag.special.binomln(n, k), lambda n, k: [math.log(math.comb(a, b)) for a, b in zip(n.tolist(), k.tolist(), strict=True)], (np.array([9, 40, 3]), np.array([4, 1, 3]))),
    ("entr",         lambda x: ag.special.entr(x),          scipy.special.entr, (np.array([0.0, 0.3, 1.0]),)),
    ("rel_entr",     lambda x, y: ag.special.rel_entr(x, y), scipy.special.rel_entr, (np.array([0.0, 0.3, 1.0]), np.array([0.5, 0.2, 0.9]))),
    ("i0 and i1",    lambda x: (ag.special.i0(x), ag.special.i1(x)), lambda x: (scipy.special.i0(x), scipy.special.i1(x)), (V,)),
    ("kv and kve",   lambda v, x: (ag.special.kv(v, x), ag.special.kve(v, x)), lambda v, x: (scipy.special.kv(v, x), scipy.special.kve(v, x)), (V, np.abs(W))),
    ("erfcinv",      lambda x: ag.special.erfcinv(x),       scipy.special.erfcinv, (np.array([0.01, 0.8, 1.9]),)),
    ("trigamma",     lambda x: ag.special.trigamma(x),      lambda x: scipy.special.zeta(2, x), (np.array([0.4, 3.0]),)),
]
# fmt: on


def run(inputs: list[Any], outputs: list[Any], values: list[Any]) -> list[Any]:
    return compile_numpy(inputs, outputs)(*values)


def compare(found: Any, expected: Any) -> None:
    expected = np.asarray(expected)
    assert np.shape(found) == expected.shape
    if expected.dtype.kind != "f":
        assert np.asarray(found).tolist() == expected.tolist()
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("case", CASES, ids=[c[0] for c in CASES])
def test_a_function_gives_the_reference(case: Case) -> None:
    _, ours, reference, arrays = case
    inputs = [ag.input(f"x{i}", a.shape, a.dtype) for i, a in enumerate(arrays)]
    outputs, _ = flatten(ours(*inputs))
    expected, _ = (
        flatten(reference(*arrays))
        if isinstance(ours(*inputs), tuple)
        else ([reference(*arrays)], None)
    )
    found = run(inputs, outputs, list(arrays))
    assert len(found) == len(expected)
    for out, value, wanted in zip(outputs, found, expected, strict=True):
        compare(value, wanted)
        assert out.dtype == np.asarray(value).dtype.name
        if all(isinstance(d, int) for d in out.shape):
            assert out.shape == np.shape(value)


# Their shapes depend on values, and JAX compiles for fixed shapes.
DATA_DEPENDENT = {
    *("nonzero", "mask", "mask of rows", "run-time bounds", "repeat by run-time counts"),
    *("unique_values", "unique_all", "unique_counts", "unique_inverse"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [c for c in CASES if c[0] not in DATA_DEPENDENT], ids=lambda c: c[0]
)
def test_a_function_gives_the_reference_on_jax(case: Case) -> None:
    _, ours, reference, arrays = case
    inputs = [ag.input(f"x{i}", a.shape, a.dtype) for i, a in enumerate(arrays)]
    result = ours(*inputs)
    outputs, _ = flatten(result)
    expected = flatten(reference(*arrays))[0] if isinstance(result, tuple) else [reference(*arrays)]
    found = compile_jax(inputs, outputs).pure(*arrays)
    for out, value, wanted in zip(outputs, found, expected, strict=True):
        compare(np.asarray(value), wanted)
        assert out.dtype == value.dtype.name


@pytest.mark.parametrize("case", [c for c in CASES if c[0] not in STATIC_ONLY], ids=lambda c: c[0])
def test_a_function_works_at_unknown_dimensions(case: Case) -> None:
    _, ours, reference, arrays = case
    inputs = [ag.input(f"x{i}", (None,) * a.ndim, a.dtype) for i, a in enumerate(arrays)]
    lengths = {
        d: n
        for x, a in zip(inputs, arrays, strict=True)
        for d, n in zip(x.shape, a.shape, strict=True)
    }
    result = ours(*inputs)
    outputs, _ = flatten(result)
    expected = flatten(reference(*arrays))[0] if isinstance(result, tuple) else [reference(*arrays)]
    shapes = [d for out in outputs for d in out.shape if not isinstance(d, int)]
    values = run([*inputs, *lengths], [*outputs, *shapes], [*arrays, *lengths.values()])
    known = dict(zip(shapes, values[len(outputs) :], strict=True))
    for out, value, wanted in zip(outputs, values, expected, strict=False):
        compare(value, wanted)
        assert tuple(int(known.get(d, d)) for d in out.shape) == np.shape(value)


def test_every_operation_that_is_not_elementwise_is_in_a_case() -> None:
    built: set[str] = set()
    for _, ours, _, arrays in CASES:
        inputs = [ag.input(f"x{i}", (None,) * a.ndim, a.dtype) for i, a in enumerate(arrays)]
        static = [ag.input(f"x{i}", a.shape, a.dtype) for i, a in enumerate(arrays)]
        for chosen in (inputs, static):
            try:
                outputs, _ = flatten(ours(*chosen))
            except ag.ShapeError:
                continue
            built |= {n.op.name for n in toposort(outputs)}
    from astragal.ops import OPS, control

    elsewhere = {op.name for op in control.OPS} | {"parameter", "dimension"}
    assert {n for n, op in OPS.items() if not op.elementwise} - elsewhere - built == set()


@pytest.mark.parametrize(
    ("start", "stop", "step"),
    [(0, 7, 2), (1, 8, 3), (5, -4, -2), (3, 3, 1), (4, 1, 2), (-2, 3, 1)],
)
def test_a_range_to_a_bound_that_is_known_late(start: int, stop: int, step: int) -> None:
    n = ag.input("n", (), "int64")
    (found,) = run([n], [ag.arange(start, n, step)], [np.int64(stop)])
    assert found.tolist() == list(range(start, stop, step))


def test_a_list_of_expressions_is_an_index() -> None:
    n = ag.input("n", (), "int64")
    x = ag.input("x", (5,))
    (found,) = run([x, n], [x[[n, 1, n + 1]]], [V, np.int64(3)])
    assert found.tolist() == V[[3, 1, 4]].tolist()
    assert run([x], [x[[]]], [V])[0].shape == (0,)


# -- edges ------------------------------------------------------------------------------------


def at(expr: Any) -> Any:
    return compile_numpy([], [expr])()[0]


def test_a_matrix_without_a_factor_gives_nan_and_leaves_its_neighbours_alone() -> None:
    good, bad = np.array([[4.0, 2.0], [2.0, 5.0]]), np.array([[1.0, 2.0], [2.0, 1.0]])
    found = at(ag.linalg.cholesky(np.stack([bad, good])))
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [[2.0, 0.0], [1.0, 2.0]]
    solved = at(ag.linalg.solve(np.stack([np.ones((2, 2)), good]), [2.0, 2.0]))
    assert np.isnan(solved[0]).all()
    np.testing.assert_allclose(good @ solved[1], [2.0, 2.0])
    assert np.isnan(
        at(ag.linalg.solve_triangular([[0.0, 0.0], [1.0, 1.0]], [1.0, 1.0], lower=True))
    ).all()


def test_only_the_lower_triangle_is_read() -> None:
    a = ag.constant([[4.0, np.nan], [2.0, 5.0]])
    assert at(ag.linalg.cholesky(a)).tolist() == [[2.0, 0.0], [1.0, 2.0]]
    assert at(ag.linalg.eigvalsh(a)) == pytest.approx([4.5 - 17**0.5 / 2, 4.5 + 17**0.5 / 2])


def test_sums_of_nothing() -> None:
    empty = ag.zeros((0, 2))
    assert at(ag.sum(empty, axis=0)).tolist() == [0.0, 0.0]
    assert at(ag.prod(empty, axis=0)).tolist() == [1.0, 1.0]
    assert at(ag.logsumexp(empty, axis=0)).tolist() == [-math.inf, -math.inf]
    assert at(ag.concat([empty, [[1.0, 2.0]]])).tolist() == [[1.0, 2.0]]
    assert at(ag.unique_values(ag.zeros(0))).tolist() == []
    assert at(ag.linalg.solve_triangular(ag.zeros((0, 0)), ag.zeros((0, 3)))).shape == (0, 3)


def test_logsumexp_at_infinities() -> None:
    assert at(ag.logsumexp([-math.inf, -math.inf])) == -math.inf
    assert at(ag.logsumexp([math.inf, 3.0])) == math.inf
    assert at(ag.logsumexp([1000.0, 1000.0])) == pytest.approx(1000.0 + math.log(2.0))
    assert math.isnan(at(ag.logsumexp([math.nan, 3.0])))


def test_nan_is_sorted_last_and_found_first() -> None:
    values = [2.0, math.nan, 1.0]
    assert at(ag.sort(values))[:2].tolist() == [1.0, 2.0]
    assert at(ag.argsort(values)).tolist() == [2, 0, 1]
    assert at(ag.argmax(values)) == 1
    assert at(ag.argmin(values)) == 1
    assert at(ag.unique_counts([math.nan, 1.0, math.nan]).counts).tolist() == [1, 1, 1]


def test_the_ends_of_a_range_are_exact() -> None:
    x = ag.input("x")
    out = compile_numpy([x], [ag.linspace(x, 0.1, 7)])(np.float64(0.3))[0]
    assert (out[0], out[-1]) == (0.3, 0.1)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda x: ag.reshape(x, (5, 2)), r"reshape: \(3, 4\) has another number"),
        (lambda x: ag.reshape(x, (-1, 5)), "reshape: .* does not fit"),
        (lambda x: ag.reshape(x, (-1, -1)), "more than one -1"),
        (lambda x: x[3], "index 3 is outside axis 0 of length 3"),
        (lambda x: x[0, 0, 0], "3 indices for 2 dimensions"),
        (lambda x: x[1.5], "expected integers or booleans"),
        (lambda x: x["a"], "no numeric constant"),
        (lambda x: x[np.array([True, False])], "mask of length 2 for axis 0 of length 3"),
        (lambda x: x[:, ag.input("b", (3,), "bool")], "mask of length 3 for axis 1 of length 4"),
        (lambda x: x[x[0, 0] > 0], "a mask with dimensions"),
        (lambda x: x[True], "True is no index"),
        (lambda x: x[x[0, 0] :], "expected a scalar integer"),
        (lambda x: ag.argsort(x).at[0].set(0.5), "convert one of them with astype"),
        (lambda x: ag.max(x[:0], axis=0), "of no elements there is none"),
        (lambda x: ag.argmin(x[:, :0], axis=1), "of no elements there is none"),
        (lambda x: ag.arange(0, x[0, 0]), "counts integers"),
        (lambda x: ag.arange(0, ag.argmax(x), 0), "the step is 0"),
        (lambda x: x[::0], "step of 0"),
        (lambda x: ag.concat([x, x[0]]), "shapes .* do not fit"),
        (lambda x: ag.stack([x, x.T]), "differ"),
        (lambda x: ag.sum(x, axis=2), "axis 2 is outside an array of 2 dimensions"),
        (lambda x: ag.sum(x, axis=(0, 0)), "axis given twice"),
        (lambda x: ag.squeeze(x, 0), "not all of length 1"),
        (lambda x: ag.broadcast_to(x, (4,)), "does not broadcast|do not broadcast"),
        (lambda x: ag.matmul(x, x), r"matmul: shapes \(3, 4\) and \(3, 4\)"),
        (lambda x: ag.linalg.cholesky(x), "expected a square matrix"),
        (lambda x: ag.linalg.det(x[0]), "expected a matrix"),
        (lambda x: ag.linalg.solve(x[:, :3], x[:2]), "solve: shapes"),
        (lambda x: ag.einsum("ij,jk->ik", x, x), "letter 'j'"),
        (lambda x: ag.einsum("ij->k", x), "a new one"),
        (lambda x: ag.einsum("ijk->i", x), "does not fit an array of shape"),
        (lambda x: ag.permute_dims(x, (0, 0)), "no permutation"),
        (lambda x: ag.take(x, [0]), "give an axis"),
        (lambda x: ag.cumulative_sum(x), "give an axis"),
        (lambda x: ag.searchsorted(x, 1.0), "one dimension"),
        (lambda x: ag.sort(x[0, 0]), "a scalar has no axis"),
        (lambda x: ag.unstack(ag.input("y", (None,))), "not static"),
        (lambda x: ag.linalg.cross(x, x), "not of length 3"),
        (lambda x: ag.full((-1,), 0.0), "-1 is no dimension"),
        (lambda x: ag.zeros((2.5,)), "2.5 is no dimension"),
        (lambda x: ag.zeros(2.5), "2.5 is no dimension"),
        (lambda x: ag.zeros(np.array(True)), "True.* is no dimension"),
        (lambda x: x.at[0].set(x), "does not fit|do not broadcast"),
    ],
)
def test_a_shape_error_says_what_does_not_fit(build: Callable[..., Any], words: str) -> None:
    with pytest.raises((ValueError, TypeError, IndexError), match=words):
        build(ag.input("x", (3, 4)))


def test_lengths_may_be_arrays_without_dimensions() -> None:
    # As NumPy takes them; data that a model is given come as such.
    n = np.array(3)
    assert ag.zeros(n).shape == (3,)
    assert ag.zeros((2, n)).shape == (2, 3)
    assert ag.zeros(np.array([2, 3])).shape == (2, 3)
