"""Astragal: rewrite and unify random graphs, and derive samplers from them."""

from __future__ import annotations

from astragal import random
from astragal.compile import evaluate
from astragal.graph.errors import (
    AstragalError,
    DomainError,
    DTypeError,
    KeyReuseError,
    ModelError,
    ShapeError,
    UnsupportedError,
)
from astragal.graph.expr import Expr
from astragal.graph.literal import constant
from astragal.graph.text import pprint
from astragal.ops import linalg, special
from astragal.ops.control import cond, scan, subgraph, switch, while_loop
from astragal.ops.creation import (
    arange,
    full,
    full_like,
    input,
    nonzero,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from astragal.ops.elementwise import *  # noqa: F403
from astragal.ops.gradient import grad, hvp, jvp, vjp
from astragal.ops.linalg import matmul
from astragal.ops.manipulation import (
    astype,
    bitcast,
    broadcast_to,
    concatenate,
    expand_dims,
    permute_dims,
    reshape,
    squeeze,
    stack,
)
from astragal.ops.reductions import all, any, count_nonzero, max, mean, min, prod, std, sum, var
from astragal.ops.searching import clip, where
from astragal.random.keys import fold_in, key, key_data, split, wrap_key_data
