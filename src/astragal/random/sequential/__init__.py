"""Draws as NumPy's own generator makes them, one after the other, for programs to reproduce.

``next_rng, x = astragal.random.sequential.normal(rng, 0.0, 1.0, size=3)``: a generator is a
value, its state; a draw gives the state after it and what was drawn, both explicit. Using one
generator twice gives the same draws twice, as a copy of NumPy's would. What is drawn, and the
parameters, are those of the method of ``numpy.random.Generator`` that has the name.

Everything else in Astragal draws from keys: those draws do not depend on their order, and are the
same on every backend. These here are for the NumPy and Numba backends, and for reproducing what
NumPy has drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from astragal.graph.expr import Expr
from astragal.random.sequential.arrays import (
    dirichlet,
    multinomial,
    multivariate_hypergeometric,
    multivariate_normal,
    permutation,
    permuted,
    shuffle,
)
from astragal.random.sequential.methods import (
    GENERATOR,
    METHODS,
    OPS,
    SEQUENTIAL,
    WORDS,
    choice,
    conditions,
    function_of,
    integers,
    is_generator,
    lowered,
    numpy_generator,
    set_words,
    words_of,
)

if TYPE_CHECKING:

    def __getattr__(name: str) -> Callable[..., tuple[Expr, Expr]]: ...


for _method in METHODS.values():
    if _method.name != "integers":
        globals()[_method.name] = function_of(_method)

__all__ = [  # noqa: PLE0604
    "GENERATOR",
    "METHODS",
    "OPS",
    "SEQUENTIAL",
    "WORDS",
    "choice",
    "conditions",
    "dirichlet",
    "integers",
    "is_generator",
    "lowered",
    "multinomial",
    "multivariate_hypergeometric",
    "multivariate_normal",
    "numpy_generator",
    "permutation",
    "permuted",
    "set_words",
    "shuffle",
    "words_of",
    *METHODS,
]
