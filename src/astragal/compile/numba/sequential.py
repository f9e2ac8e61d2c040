"""Sequential draws in generated code: Numba's versions of the methods of NumPy's generator.

A program has one generator for each thread. Before a draw the words of a state are written into
its memory, and after it they are read: the state is a value, and the generator keeps nothing.
Where Numba has no version of a method, or one that draws otherwise, NumPy's own function is called,
which its library exports for such uses.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, misc"
# pyright: reportOperatorIssue=false
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import typeof, types

from astragal.compile.numba.runtime import at, inlined, intrinsic, put
from astragal.compile.numba.writer import product
from astragal.compile.numpy_sequential import scratch
from astragal.graph.errors import UnsupportedError
from astragal.graph.expr import Expr
from astragal.random.sequential import WORDS, set_words

if TYPE_CHECKING:
    from astragal.compile.numba.scope import Scope

generator: Any = typeof(np.random.default_rng(0))


def given() -> tuple[np.random.Generator, int]:
    """Give this thread's generator and the address of its interface of C."""
    rng = scratch()
    return rng, int(rng.bit_generator.ctypes.bit_generator.value)


_REAL, _COUNT = types.float64, types.int64
_OF_NUMPY: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "wald": (_REAL, (_REAL, _REAL)),
    "gumbel": (_REAL, (_REAL, _REAL)),
    "vonmises": (_REAL, (_REAL, _REAL)),
    "noncentral_f": (_REAL, (_REAL, _REAL, _REAL)),
    "hypergeometric": (_COUNT, (_COUNT, _COUNT, _COUNT)),
}


def numpy_function(name: str) -> Any:
    """Give NumPy's own function of a method, for compiled code to call.

    Raises
    ------
    UnsupportedError
        Where NumPy's library does not export it.
    """
    result, parameters = _OF_NUMPY[name]
    return _exported(f"random_{name}", result(types.int64, *parameters))


def _not_exported(symbol: str) -> UnsupportedError:
    return UnsupportedError(
        f"NumPy's library has no {symbol} to call on this system; use backend='numpy'"
    )


def _exported(symbol: str, signature: Any) -> Any:
    found = getattr(ctypes.CDLL(np.random._generator.__file__), symbol, None)
    if found is None:
        raise _not_exported(symbol)
    address = ctypes.cast(found, ctypes.c_void_p).value
    llvmlite.binding.add_symbol(f"numpy_{symbol}", address)
    return types.ExternalFunction(f"numpy_{symbol}", signature)


def _if_exported(symbol: str, signature: Any) -> Any:
    try:
        return _exported(symbol, signature)
    except UnsupportedError:
        return None


_bounded = _if_exported(
    "random_bounded_uint64",
    types.uint64(types.int64, types.uint64, types.uint64, types.uint64, types.boolean),
)
"""None where NumPy's library has none: then choices are refused, and nothing else."""


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
def resume(bits, words, i):
    """Put a generator into the state of six words."""
    state = types.int64(_peek(bits))
    inner = types.int64(_peek(state))
    _poke(inner + _HIGH, at(words, i))
    _poke(inner + _LOW, at(words, i + 1))
    _poke(inner + 16 + _HIGH, at(words, i + 2))
    _poke(inner + 16 + _LOW, at(words, i + 3))
    _poke(state + 8, at(words, i + 4) | (at(words, i + 5) << types.uint64(32)))


@inlined
def suspend(bits, words):
    """Read the state of a generator as six words."""
    state = types.int64(_peek(bits))
    inner = types.int64(_peek(state))
    kept = _peek(state + 8)
    put(words, 0, _peek(inner + _HIGH))
    put(words, 1, _peek(inner + _LOW))
    put(words, 2, _peek(inner + 16 + _HIGH))
    put(words, 3, _peek(inner + 16 + _LOW))
    put(words, 4, kept & types.uint64(0xFFFFFFFF))
    put(words, 5, kept >> types.uint64(32))


# -- choices, as in numpy/random/_generator.pyx ----------------------------------------------------


@inlined
def _below(bits, n):
    """Draw a whole number from 0 to n, both included."""
    return types.int64(_bounded(bits, types.uint64(0), types.uint64(n), types.uint64(0), False))


@inlined
def _shuffle(bits, n, first, chosen):
    for k in range(n - first):
        i = n - 1 - k
        j = _below(bits, i)
        chosen[i], chosen[j] = chosen[j], chosen[i]


@inlined
def _distinct(bits, population, count, shuffle):
    """Choose without replacement: by the end of a shuffle, or Floyd's way with a table."""
    if population > 10_000 and count > population // (50 if shuffle else 20):
        order = np.arange(population)
        _shuffle(bits, population, max(population - count, 1), order)
        return order[population - count :].copy()
    chosen = np.empty(count, np.int64)
    mask = types.int64(1.2 * count)
    for step in (1, 2, 4, 8, 16, 32):
        mask |= mask >> step
    table = np.full(mask + 1, -1)
    for j in range(population - count, population):
        value = _below(bits, j)
        place = value & mask
        while table[place] != -1 and table[place] != value:
            place = (place + 1) & mask
        if table[place] == value:
            value = j
            place = value & mask
            while table[place] != -1:
                place = (place + 1) & mask
        table[place] = value
        chosen[j - population + count] = value
    if shuffle:
        _shuffle(bits, count, 1, chosen)
    return chosen


@inlined
def choose(rng, bits, population, count, replace, shuffle):
    """Choose from numbers that are equally likely."""
    if not replace:
        return _distinct(bits, population, count, shuffle)
    chosen = np.empty(count, np.int64)
    for i in range(count):
        chosen[i] = rng.integers(0, population)
    return chosen


@inlined
def choose_weighted(rng, bits, population, count, replace, shuffle, p):
    """Choose by probabilities; without replacement, in rounds of what is still missing."""
    chosen = np.empty(count, np.int64)
    left = p.copy()
    done = 0
    while done < count:
        bounds = np.cumsum(left)
        bounds /= bounds[-1]
        first = done
        missing = count - first
        for _ in range(missing):
            at = np.searchsorted(bounds, rng.random(), side="right")
            known = False
            if not replace:
                for k in range(first, done):
                    known |= chosen[k] == at
            if not known:
                chosen[done] = at
                done += 1
        for k in range(first, done):
            left[chosen[k]] = 0.0
    return chosen


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
    elif method == "choice":
        if _bounded is None:
            raise _not_exported("random_bounded_uint64")
        codes = [scope.scalar(p) for p in parameters[:4]]
        name = "choose"
        if len(parameters) == 5:
            p = scope.array(parameters[4])
            name = "choose_weighted"
            codes.append(f"{p.name}[{p.offset} : {p.offset} + {p.dims[0]}]")
        drawn = scope.result(f"{name}(rng, rng_state, {', '.join(codes)})", dims, dtype)
    elif not dims:
        codes = [scope.scalar(p) for p in parameters]
        drawn = writer.let(f"{dtype}({_call(method, codes)})")
    else:
        out = scope.empty(dims, dtype)
        drawn = _many(scope, method, dims, parameters, out)
    writer.line(f"suspend(rng_state, {after.name})")
    return [after, drawn]


def _call(method: str, codes: list[str]) -> str:
    """Write the draw of one number."""
    if method in _OF_NUMPY:
        return f"numpy_{method}({', '.join(['rng_state', *codes])})"
    return f"rng.{method}({', '.join(codes)})"


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
        writer.line(f"put({out.name}, {at_out}, {out.dtype}({_call(method, codes)}))")
    return out


def _place(a: Any, p: Expr, index: list[str]) -> str:
    terms = [] if a.offset == "0" else [a.offset]
    for k, (i, n) in enumerate(zip(index[len(index) - len(a.dims) :], p.type.shape, strict=True)):
        if not (isinstance(n, int) and n == 1):
            stride = product(a.dims[k + 1 :])
            terms.append(i if stride == "1" else f"{i} * ({stride})")
    return " + ".join(terms) or "0"


LOWERINGS: dict[str, Any] = {"sequential": _sequential}
