"""Astragal: rewrite and unify random graphs, and derive samplers from them."""

from __future__ import annotations

from astragal import random
from astragal.compile import Function, KeyArray, evaluate, function, shared
from astragal.density import logdensity
from astragal.derive import derive
from astragal.graph.errors import (
    AstragalError,
    DomainError,
    DTypeError,
    FormatError,
    KeyReuseError,
    ModelError,
    ShapeError,
    UnsupportedError,
)
from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.graph.text import pprint
from astragal.model import Model, model
from astragal.logic.goals import equivalents, path
from astragal.logic.relation import Integer, Key, Matrix, Relation, Vector, relation
from astragal.logic.rewriting import Rewriting, rewrite
from astragal.logic.verify import Verdict, verify
from astragal.ops import linalg, special
from astragal.ops.control import cond, scan, subgraph, switch, while_loop
from astragal.ops.creation import (
    arange,
    asarray,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    input,
    linspace,
    meshgrid,
    nonzero,
    ones,
    ones_like,
    tril,
    triu,
    zeros,
    zeros_like,
)
from astragal.ops.einsum import einsum
from astragal.ops.elementwise import *  # noqa: F403
from astragal.ops.gradient import grad, hessian, hvp, jacobian, jvp, vjp
from astragal.ops.linalg import matmul, tensordot, vecdot
from astragal.ops.manipulation import (
    astype,
    bitcast,
    broadcast_arrays,
    broadcast_to,
    concat,
    concatenate,
    expand_dims,
    flip,
    matrix_transpose,
    moveaxis,
    permute_dims,
    ravel,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    swapaxes,
    take,
    take_along_axis,
    tile,
    unstack,
)
from astragal.ops.reductions import (
    all,
    any,
    count_nonzero,
    cumulative_prod,
    cumulative_sum,
    diff,
    logsumexp,
    max,
    mean,
    min,
    prod,
    segment_sum,
    std,
    sum,
    var,
)
from astragal.ops.searching import clip, where
from astragal.ops.sorting import (
    argmax,
    argmin,
    argsort,
    isin,
    median,
    quantile,
    searchsorted,
    sort,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
)
from astragal.ops.special import expit, log_softmax, softmax, softplus
from astragal.random.check import check_keys
from astragal.random.keys import fold_in, key, key_data, split, wrap_key_data
from astragal.random.stream import RandomStream
from astragal.serialize import load, save


def __getattr__(name: str) -> str:
    """Give the installed version, which only the package's metadata know."""
    if name == "__version__":
        from importlib.metadata import version

        return version("astragal")
    raise AttributeError(f"module 'astragal' has no attribute {name!r}")
