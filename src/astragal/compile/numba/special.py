"""Special functions through SciPy's Cython API.

A function is registered with LLVM under a name of its own, so compiled code that
calls it can be kept on disk: the address is found again in each process.
"""

# mypy: disable-error-code="no-untyped-call"
from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from astragal.compile.numba.elementwise import in_double

# Our name to SciPy's, where they differ.
_ALIASES = {"digamma": "psi"}
# Functions written in `arithmetic` and `mathematics`, from the C library or from arithmetic.
_OWN = frozenset(
    {"erf", "erfc", "expit", "logit", "xlogy", "xlog1py", "gammaln", "log1mexp"}
    | {"zeta", "polygamma", "log_kve", "log_gamma_density", "log_beta_density"}
)


@cache
def _signatures() -> dict[str, tuple[str, int]]:
    """Map each function of doubles to its entry in SciPy's table, and its arity."""
    from scipy.special import cython_special

    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    found = {}
    for entry, capsule in cython_special.__pyx_capi__.items():
        declared = name_of(capsule).decode()
        match = re.fullmatch(r"double \(((?:double, )+)int __pyx_skip_dispatch\)", declared)
        if match:
            found[re.sub(r"^__pyx_fuse_\d", "", entry)] = (entry, match[1].count("double"))
    return found


def c_function(module: str, entry: str, signature: Any, symbol: str = "") -> Any:
    """Give a function of a Cython module of SciPy's that compiled code can call."""
    import llvmlite.binding
    from numba.core import types
    from numba.extending import get_cython_function_address

    symbol = symbol or f"astragal_{module.replace('.', '_')}_{entry}"
    llvmlite.binding.add_symbol(symbol, get_cython_function_address(module, entry))
    return types.ExternalFunction(symbol, signature)


def special(name: str) -> Any:
    """Give a function of SciPy that compiled code can call.

    Raises
    ------
    KeyError
        Where SciPy's Cython API has no such function of doubles.
    """
    from numba.core import types

    entry, arity = _signatures()[_ALIASES.get(name, name)]
    signature = types.float64(*[types.float64] * arity, types.int32)
    return c_function("scipy.special.cython_special", entry, signature, f"astragal_special_{name}")


def row(name: str) -> Callable[..., str] | None:
    """Give the row of a special function, or ``None`` where there is none."""
    if name in _OWN:
        return in_double(name)
    if _ALIASES.get(name, name) not in _signatures():
        return None

    def write(t: str, *args: str) -> str:
        wide = args if t == "float64" else [f"float64({a})" for a in args]
        call = f"special_{name}({', '.join(wide)}, int32(0))"
        return call if t == "float64" else f"{t}({call})"

    return write
