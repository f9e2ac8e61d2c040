"""What is wrong is named: the thing, what was given, what was expected."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import astragal as ag
from astragal.rewrites.convolutions import normal_convolution

K = ag.split(ag.key(0), 4)
X, V = ag.input("x"), ag.input("v", shape=(3,))
NORMAL, LAW = ag.random.normal, [normal_convolution]


def model() -> ag.Model:
    k = ag.split(ag.input("key", dtype="key"))
    mu = NORMAL(k[0], 0.0, 5.0)
    return ag.Model({"mu": mu, "y": NORMAL(k[1], mu, 1.0, size=3)})


@ag.model
def asked(key: ag.Expr, n: int) -> dict[str, ag.Expr]:
    return {"a": NORMAL(key, 0.0, 1.0, size=n)}


Y = {"y": [1.0, 2.0, 3.0]}
A: Any = ag  # wrong types are the point here

CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # functions
    (lambda: ag.function([X, X], X), ag.ModelError, "'x' is listed twice"),
    (lambda: ag.function([X], X * V), ag.ModelError, "not among the inputs: input 'v'"),
    (lambda: ag.function([X], X, backend="torch"), ag.UnsupportedError, "'torch'; known: numpy"),
    (lambda: A.function([X], X, updates=3), ag.ModelError, "a mapping from shared .* got 3"),
    (
        lambda: ag.function([V], V, backend="numpy")([1, 2]),
        ag.ShapeError,
        r"shape \(3,\), given \(2,\)",
    ),
    # graphs
    (lambda: A.scan(1, 0.0, V), ag.ModelError, "scan takes a function .* got 1"),
    (lambda: ag.scan(lambda c, x: c, 0.0, V), ag.ModelError, r"expected a pair \(carry, y\)"),
    (lambda: A.pprint("a"), ag.DTypeError, "pprint takes expressions, got str 'a'"),
    (lambda: A.model(3), ag.ModelError, "a function of a key and data, got 3"),
    (lambda: model().sample_prior(draws=-1), ag.ModelError, "draws is -1, expected an integer"),
    (lambda: NORMAL(K[0], dtype="int64"), ag.DTypeError, "float32 or float64, got 'int64'"),
    # densities
    (lambda: A.logdensity(model(), 3), ag.ModelError, "mapping from names, got 3"),
    (lambda: ag.logdensity({"a": X + 1}), ag.ModelError, "no random variable"),
    # derivations
    (lambda: A.derive(X, {}), ag.ModelError, "derive takes a model, got Expr"),
    (lambda: A.derive(asked, {}), ag.ModelError, "got ModelFunction; call it with its data"),
    (lambda: A.derive(model(), Y, prefer=3), ag.ModelError, "prefer is a sequence .* got 3"),
    (
        lambda: ag.derive(model(), {"z": 1.0}),
        ag.ModelError,
        "no variable 'z' to observe; it has mu, y",
    ),
    (lambda: ag.derive(model(), {"y": [1.0, np.nan, 2.0]}), ag.DomainError, "'y' hold nan"),
    # relations
    (lambda: A.relation("in law")(3), ag.ModelError, "a relation is made of a function, got 3"),
    (lambda: normal_convolution.forward(3), TypeError, "takes expressions, got int 3"),
    (lambda: A.rewrite(3, LAW), ag.DTypeError, "takes expressions, got int 3"),
    (lambda: A.rewrite((X, 3), LAW), ag.DTypeError, "a tuple for rewrite .* got int 3"),
    (lambda: A.rewrite(X, 3), ag.DTypeError, "a relation or a sequence of them, got int 3"),
    (lambda: A.rewrite(X, "foo"), ag.DTypeError, "a sequence of them, got str 'foo'"),
    (lambda: A.rewrite(X, [len]), ag.DTypeError, "expected relations, got builtin_function"),
    (
        lambda: ag.rewrite(X, LAW, direction="up"),
        ag.ModelError,
        "'forward' or 'backward', not 'up'",
    ),
    (lambda: list(A.equivalents(3, LAW)), ag.DTypeError, "equivalents takes .* got int 3"),
    (lambda: list(A.equivalents(X, LAW, limit="a")), ag.ModelError, "limit is 'a'"),
    (lambda: A.path(X, 3, LAW), ag.DTypeError, "path takes expressions, got int 3"),
    (lambda: A.verify("normal_convolution"), ag.DTypeError, "verify takes a relation, got str"),
    (lambda: A.verify(normal_convolution, effort="foo"), ag.ModelError, "effort is 'foo'"),
    (lambda: A.verify(normal_convolution, seed=-1), ag.ModelError, "seed is -1, expected a non-"),
    # files and calibrations
    (lambda: ag.save("never.ag", None), ag.FormatError, "no expression in NoneType None"),
    (lambda: ag.save("never.ag", 2.5), ag.FormatError, "no expression in float 2.5"),
    (lambda: A.sample.calibrate.ranks(model()), ag.ModelError, "the sampler that derive gives"),
    (
        lambda: ag.sample.calibrate.start_at_truth(ag.derive(model(), Y), simulations=0),
        ag.ModelError,
        "simulations is 0, expected an integer of at least 1",
    ),
    (lambda: A.path(X, X, [3]), ag.DTypeError, "expected relations, got int 3"),
]


@pytest.mark.parametrize(("attempt", "error", "text"), CASES)
def test_what_is_wrong_is_named(
    attempt: Callable[[], Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        attempt()


def test_a_relation_that_gives_no_sides_is_refused() -> None:
    def wrong(k: ag.Key) -> Any:
        return 1

    with pytest.raises(ag.ModelError, match="relation wrong gives 1; expected two sides"):
        ag.relation("in law")(wrong)
