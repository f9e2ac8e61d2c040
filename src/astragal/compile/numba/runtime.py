"""What generated code calls: element access, reductions that may be vectorised, small helpers.

Everything here is compiled into its callers. Arrays inside generated code are
one-dimensional and contiguous; their shapes are known to the generator alone.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, misc"
from __future__ import annotations

import sys
from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import cfunc, njit, types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic as _intrinsic
from numba.np import arrayobj

from astragal.compile.numba.pipeline import Pipeline

# What these make is called from compiled code only.
intrinsic: Any = _intrinsic
jit: Any = njit


class Failure(Exception):
    """Raised by generated code with the number of a check; the program knows its words."""


# -- arrays ----------------------------------------------------------------------------


@intrinsic
def at(typingctx, a, i):
    """Element ``i`` of a contiguous array, unchecked."""

    def codegen(context, builder, sig, args):
        array = context.make_array(sig.args[0])(context, builder, args[0])
        pointer = builder.gep(array.data, [args[1]], inbounds=True)
        return arrayobj.load_item(context, builder, sig.args[0], pointer)

    return a.dtype(a, types.intp), codegen


@intrinsic
def put(typingctx, a, i, v):
    """Store an element of a contiguous array, unchecked."""

    def codegen(context, builder, sig, args):
        array = context.make_array(sig.args[0])(context, builder, args[0])
        pointer = builder.gep(array.data, [args[1]], inbounds=True)
        arrayobj.store_item(context, builder, sig.args[0], args[2], pointer)
        return context.get_dummy_value()

    return types.void(a, types.intp, a.dtype), codegen


def _view(context, builder, sig, source, start, shape):
    array = context.make_array(sig.args[0])(context, builder, source)
    out = context.make_array(sig.return_type)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(sig.return_type.dtype))
    itemsize = context.get_constant(types.intp, size)
    strides: list[Any] = []
    stride = itemsize
    for length in reversed(shape):
        strides.insert(0, stride)
        stride = builder.mul(stride, length)
    data = array.data if start is None else builder.gep(array.data, [start], inbounds=True)
    arrayobj.populate_array(
        out,
        data=data,
        shape=shape,
        strides=strides,
        itemsize=itemsize,
        meminfo=array.meminfo,
        parent=array.parent,
    )
    return impl_ret_borrowed(context, builder, sig.return_type, out._getvalue())


@intrinsic
def span(typingctx, a, start, n):
    """View ``n`` elements of a contiguous array, from ``start`` on, as one dimension."""

    def codegen(context, builder, sig, args):
        return _view(context, builder, sig, args[0], args[1], [args[2]])

    return types.Array(a.dtype, 1, "C")(a, types.intp, types.intp), codegen


@intrinsic
def flat(typingctx, a):
    """View a contiguous array, which may be read-only, as one dimension."""

    def codegen(context, builder, sig, args):
        array = context.make_array(sig.args[0])(context, builder, args[0])
        return _view(context, builder, sig, args[0], None, [array.nitems])

    return types.Array(a.dtype, 1, "C")(a), codegen


@intrinsic
def shaped(typingctx, a, shape):
    """View a contiguous array in another shape of as many elements."""

    def codegen(context, builder, sig, args):
        dims = cgutils.unpack_tuple(builder, args[1], len(sig.args[1]))
        return _view(context, builder, sig, args[0], None, dims)

    dims = types.UniTuple(types.intp, len(shape))
    return types.Array(a.dtype, len(shape), "C")(a, dims), codegen


def read_only(dtype: str, ndim: int) -> Any:
    """Give the type of an array argument: contiguous, not to be written."""
    return types.Array(getattr(types, dtype if dtype != "bool" else "boolean"), ndim, "C", True)


def scalar(dtype: str) -> Any:
    """Give the type of a scalar argument."""
    return getattr(types, dtype if dtype != "bool" else "boolean")


# -- units: functions of scalars compiled elsewhere ----------------------------------------


@intrinsic
def room(typingctx, n):
    """Room on the stack for n results."""

    def codegen(context, builder, sig, args):
        count = ir.Constant(ir.IntType(64), n.literal_value)
        return cgutils.alloca_once(builder, ir.IntType(64), size=count)

    if not isinstance(n, types.IntegerLiteral):
        return None
    return types.CPointer(types.uint64)(n), codegen


def _on_stack(context, builder, sig, n):
    t = sig.return_type
    item = context.get_data_type(t.dtype)
    count = context.get_constant(types.intp, n)
    place = cgutils.alloca_once(builder, item, size=count)
    place.align = 64
    out = context.make_array(t)(context, builder)
    itemsize = context.get_constant(types.intp, context.get_abi_sizeof(item))
    arrayobj.populate_array(
        out,
        data=place,
        shape=[count],
        strides=[itemsize],
        itemsize=itemsize,
        meminfo=cgutils.get_null_value(out.meminfo.type),
    )
    return out._getvalue()


@intrinsic
def local(typingctx, n, dtype):
    """Room for n elements on the stack, the same whenever it is asked for."""

    def codegen(context, builder, sig, args):
        return _on_stack(context, builder, sig, n.literal_value)

    if not isinstance(n, types.IntegerLiteral):
        return None
    return types.Array(dtype.dtype, 1, "C")(n, dtype), codegen


@intrinsic
def local_like(typingctx, a, n):
    """Room on the stack for n elements of the type of an array's."""

    def codegen(context, builder, sig, args):
        return _on_stack(context, builder, sig, n.literal_value)

    if not isinstance(n, types.IntegerLiteral):
        return None
    return types.Array(a.dtype, 1, "C")(a, n), codegen


@intrinsic
def pointer(typingctx, a, i):
    """Address of an element of a contiguous array of uint64."""

    def codegen(context, builder, sig, args):
        array = context.make_array(sig.args[0])(context, builder, args[0])
        return builder.gep(array.data, [args[1]], inbounds=True)

    return types.CPointer(types.uint64)(a, types.intp), codegen


@intrinsic
def poke_half(typingctx, p, k, v):
    """Store half of a uint64: the low half of the first at 0, its high half at 1, and so on.

    Stores of 32 bits let LLVM take twice as many lanes as stores of 64 bits would.
    """

    def codegen(context, builder, sig, args):
        half = builder.bitcast(args[0], ir.IntType(32).as_pointer())
        builder.store(args[2], builder.gep(half, [args[1]], inbounds=True))
        return context.get_dummy_value()

    return types.void(p, types.intp, types.uint32), codegen


@intrinsic
def wide(typingctx):
    """Let LLVM use the widest registers in this function, which is then not inlined.

    Its own preference is 256 bits, for processors whose clock slows down with 512.
    """

    def codegen(context, builder, sig, args):
        attributes = builder.function.attributes
        attributes.add("noinline")
        # llvmlite refuses what it does not know, such as this.
        set.add(attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.void(), codegen


def _poke(dtype: str) -> Any:
    t = scalar(dtype)

    def codegen(context, builder, sig, args):
        value = context.cast(builder, args[2], sig.args[2], t)
        place = builder.gep(args[0], [args[1]])
        pointer = builder.bitcast(place, value.type.as_pointer())
        builder.store(value, pointer)
        return context.get_dummy_value()

    def poke(typingctx, p, k, v):
        return types.void(p, types.intp, t), codegen

    return intrinsic(poke)


def _peek(dtype: str) -> Any:
    t = scalar(dtype)

    def codegen(context, builder, sig, args):
        place = builder.gep(args[0], [args[1]])
        return builder.load(builder.bitcast(place, context.get_value_type(t).as_pointer()))

    def peek(typingctx, p, k):
        return t(p, types.intp), codegen

    return intrinsic(peek)


_SIZES = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
for _name in (*_SIZES, "float32", "float64"):
    globals()[f"poke_{_name}"] = _poke(_name)
    globals()[f"peek_{_name}"] = _peek(_name)


def _c_signature(ins: list[str], outs: list[str] | int) -> Any:
    """Give a unit's type: results by name, or as a number of arrays that it fills."""
    given = [scalar(t) for t in ins]
    if isinstance(outs, int):
        return types.void(*given, *[types.CPointer(types.uint64)] * outs)
    if len(outs) == 1:
        return scalar(outs[0])(*given)
    return types.void(*given, types.CPointer(types.uint64))


def unit_function(ins: list[str], outs: list[str] | int) -> Any:
    """Compile a function of scalars with C's calling convention."""

    def compile(function):
        make = cfunc(
            _c_signature(ins, outs),
            cache=True,
            error_model="numpy",
            nogil=True,
            pipeline_class=Pipeline,
        )
        compiled = make(function)
        llvmlite.binding.add_symbol(function.__module__, compiled.address)
        return compiled

    return compile


def unit(name: str, ins: list[str], outs: list[str] | int) -> Any:
    """Name a unit that has been loaded, for compiled code to call."""
    return types.ExternalFunction(name, _c_signature(ins, outs))


# -- small helpers ---------------------------------------------------------------------

inlined: Any = jit(error_model="numpy", nogil=True, no_cpython_wrapper=True, forceinline=True)


def helper(function: Any) -> Any:
    """Compile a helper for its callers, and keep it on disk where that is possible."""
    options = {"error_model": "numpy", "nogil": True, "no_cpython_wrapper": True}
    try:
        return jit(cache=True, **options)(function)
    except RuntimeError:
        return jit(**options)(function)


@inlined
def bound(b, n, low, high):
    """Bring a slice bound into an axis of length n."""
    if b < 0:
        b += n
    return min(max(b, low), high)


def dtype_of(name: str) -> Any:
    """Give the scalar class of a data type."""
    return np.bool_ if name == "bool" else getattr(np, name)


@inlined
def wrap(i, n):
    """Count a negative index from the end."""
    return i + n if i < 0 else i


_HUGE = sys.platform == "linux"
_PAGE = 4096
_advise: Any = types.ExternalFunction("madvise", types.int32(types.uintp, types.uintp, types.int32))


@helper
def empty(n, dtype):
    """Room for n elements; large arrays ask for large pages, as NumPy's do."""
    out = np.empty(n, dtype)
    if _HUGE and out.nbytes >= 1 << 22:
        start = (out.ctypes.data + _PAGE - 1) // _PAGE * _PAGE
        length = (out.ctypes.data + out.nbytes - start) // _PAGE * _PAGE
        _advise(start, length, 14)  # MADV_HUGEPAGE
    return out


@helper
def copied(a, start, n):
    """Copy ``n`` elements of a contiguous array, from ``start`` on."""
    out = empty(n, a.dtype)
    for i in range(n):
        put(out, i, at(a, start + i))
    return out


@helper
def copy_part(a, i, out, o, n):
    """Copy n elements of one array to another, from given positions on."""
    for k in range(n):
        put(out, o + k, at(a, i + k))
