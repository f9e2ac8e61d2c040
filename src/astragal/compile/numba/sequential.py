"""Sequential draws in generated code: Numba's versions of the methods of NumPy's generator.

A program has one generator for each thread. Before a draw the words of a state are written into
its memory, and after it they are read: the state is a value, and the generator keeps nothing.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, misc"
# pyright: reportOperatorIssue=false
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import typeof, types

from astragal.compile.numba.runtime import at, inlined, intrinsic, put
from astragal.compile.numba.writer import product
from astragal.compile.numpy_sequential import scratch
from astragal.graph.expr import Expr
from astragal.random.sequential import WORDS, set_words

if TYPE_CHECKING:
    from astragal.compile.numba.scope import Scope

generator: Any = typeof(np.random.default_rng(0))


def given() -> tuple[np.random.Generator, int]:
    """Give this thread's generator and the address of its state."""
    rng = scratch()
    return rng, rng.bit_generator.ctypes.state_address


def _low_first() -> bool:
    """Tell whether the halves of 128 bits lie in memory with the lower first."""
    rng = np.random.Generator(np.random.PCG64(0))
    set_words(rng, [1, 2, 3, 5, 0, 0])
    address = rng.bit_generator.ctypes.state_address
    inner = ctypes.c_uint64.from_address(address).value
    return ctypes.c_uint64.from_address(inner).value == 2


_HIGH, _LOW = (8, 0) if _low_first() else (0, 8)


@intrinsic
def _peek(typingctx, address):
    """Read 64 bits of memory."""

    def codegen(context, builder, sig, args):
        return builder.load(builder.inttoptr(args[0], ir.IntType(64).as_pointer()))

    return types.uint64(types.int64), codegen


@intrinsic
def _poke(typingctx, address, value):
    """Write 64 bits of memory."""

    def codegen(context, builder, sig, args):
        builder.store(args[1], builder.inttoptr(args[0], ir.IntType(64).as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64, types.uint64), codegen


# PCG64's state: a pointer to state and increment; a flag of 32 bits and the bits that it is about.


@inlined
def resume(state, words, i):
    """Put a generator into the state of six words."""
    inner = types.int64(_peek(state))
    _poke(inner + _HIGH, at(words, i))
    _poke(inner + _LOW, at(words, i + 1))
    _poke(inner + 16 + _HIGH, at(words, i + 2))
    _poke(inner + 16 + _LOW, at(words, i + 3))
    _poke(state + 8, at(words, i + 4) | (at(words, i + 5) << types.uint64(32)))


@inlined
def suspend(state, words):
    """Read the state of a generator as six words."""
    inner = types.int64(_peek(state))
    kept = _peek(state + 8)
    put(words, 0, _peek(inner + _HIGH))
    put(words, 1, _peek(inner + _LOW))
    put(words, 2, _peek(inner + 16 + _HIGH))
    put(words, 3, _peek(inner + 16 + _LOW))
    put(words, 4, kept & types.uint64(0xFFFFFFFF))
    put(words, 5, kept >> types.uint64(32))


def _sequential(scope: Scope, node: Expr) -> list[Any]:
    method, size, rng, *parameters = node.args
    writer = scope.writer
    writer.sequential = True
    state = scope.array(rng)
    dims = scope.shape(size)
    dtype = node.type.items[1].dtype  # type: ignore[union-attr]
    writer.line(f"resume(rng_state, {state.name}, {state.offset})")
    after = scope.empty((str(WORDS),), "uint64")
    drawn: Any
    if method == "permutation":
        drawn = scope.result(f"rng.permutation(np.arange({dims[0]}))", dims, dtype)
    elif not dims:
        codes = [scope.scalar(p) for p in parameters]
        drawn = writer.let(f"{dtype}(rng.{method}({', '.join(codes)}))")
    else:
        out = scope.empty(dims, dtype)
        drawn = _many(scope, method, dims, parameters, out)
    writer.line(f"suspend(rng_state, {after.name})")
    return [after, drawn]


def _many(scope: Scope, method: str, dims: tuple[str, ...], parameters: Any, out: Any) -> Any:
    """Draw one element after the other, in the order of memory."""
    from contextlib import ExitStack

    writer = scope.writer
    arrays = [scope.array(p) if p.type.shape else None for p in parameters]
    for a, p in zip(arrays, parameters, strict=True):
        if a is not None:
            for d, code, n in zip(
                reversed(dims), reversed(a.dims), reversed(p.type.shape), strict=False
            ):
                if not (isinstance(n, int) and n == 1):
                    scope.same(f"sequential.{method}", d, code)
    index = [writer.fresh("i") for _ in dims]
    with ExitStack() as stack:
        for i, d in zip(index, dims, strict=True):
            stack.enter_context(writer.block(f"for {i} in range({d}):"))
        codes = [
            scope.scalar(p) if a is None else f"at({a.name}, {_place(a, p, index)})"
            for a, p in zip(arrays, parameters, strict=True)
        ]
        strides = [product(dims[k + 1 :]) for k in range(len(dims))]
        terms = [i if t == "1" else f"{i} * ({t})" for i, t in zip(index, strides, strict=True)]
        at_out = " + ".join(terms)
        writer.line(f"put({out.name}, {at_out}, {out.dtype}(rng.{method}({', '.join(codes)})))")
    return out


def _place(a: Any, p: Expr, index: list[str]) -> str:
    terms = [] if a.offset == "0" else [a.offset]
    for k, (i, n) in enumerate(zip(index[len(index) - len(a.dims) :], p.type.shape, strict=True)):
        if not (isinstance(n, int) and n == 1):
            stride = product(a.dims[k + 1 :])
            terms.append(i if stride == "1" else f"{i} * ({stride})")
    return " + ".join(terms) or "0"


LOWERINGS: dict[str, Any] = {"sequential": _sequential}
