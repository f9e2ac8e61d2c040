"""The Numba backend: one generated module a graph, compiled and kept on disk."""

from astragal.compile.numba.codegen import NumbaProgram, compile_numba

__all__ = ["NumbaProgram", "compile_numba"]
