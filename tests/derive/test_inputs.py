"""Data of other types, special data, and data that must be refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as st

import astragal as ag
from astragal.graph.expr import Expr
from astragal.model import with_data

R = ag.random


def keys(n: int = 4) -> Expr:
    return ag.split(ag.input("key", dtype="key"), n)


def mean(size: Any, dtype: str = "float64") -> ag.Model:
    k = keys()
    z = R.normal(k[0], 0.5, 2.0, dtype=dtype)
    return ag.Model({"z": z, "y": R.normal(k[1], z, 1.5, size=size, dtype=dtype)})


def counts(size: Any) -> ag.Model:
    k = keys()
    z = R.gamma(k[0], 2.0, rate=4.0)
    return ag.Model({"z": z, "y": R.poisson(k[1], z, size=size)})


def evidence_of_mean(y: Any) -> float:
    n = len(y)
    law = st.multivariate_normal(np.full(n, 0.5), 4.0 + 2.25 * np.eye(n))
    return float(law.logpdf(y))


@pytest.mark.parametrize("model_type", ["float32", "float64"])
@pytest.mark.parametrize("data_type", ["float32", "float64"])
def test_single_precision_is_read_as_it_is(model_type: str, data_type: str) -> None:
    y = np.array([1.0, 2.0, 3.1], data_type)
    sampler = ag.derive(mean(3, model_type), {"y": y})
    assert sampler.exact
    assert sampler.types["z"].dtype == model_type
    assert sampler.log_evidence() == pytest.approx(evidence_of_mean(y), rel=1e-5)


def test_laws_of_single_precision_are_checked_within_their_digits() -> None:
    k, single = keys(), np.float32
    a = R.normal(k[0], ag.constant(single(0.0)), ag.constant(single(1.0)), size=3)
    t = R.gamma(k[1], ag.constant(single(2.0)), rate=ag.constant(single(1.0)))
    y = R.normal(k[2], a[np.array([0, 0, 1, 2, 2, 2, 1])], 1 / ag.sqrt(t))
    sampler = ag.derive(ag.Model({"a": a, "t": t, "y": y}), {"y": np.arange(7.0)})
    assert {s.kind for s in sampler.steps} == {"gibbs"}
    assert sampler.types["t"].dtype == "float32"


def test_a_wrong_law_of_single_precision_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from astragal.derive import DerivationError, check

    def lie(run: Any) -> Any:
        return lambda *values: [run(*values)[0], 1.05 * run(*values)[1]]

    right = check.compiled
    monkeypatch.setattr(check, "compiled", lambda ins, outs: lie(right(ins, outs)))
    with pytest.raises(DerivationError, match="differs"):
        ag.derive(mean(3, "float32"), {"y": [1.0, 2.0, 3.0]})


def test_variables_of_size_zero_stand_beside_others() -> None:
    k = keys(5)
    a, none = R.normal(k[0], 0.0, 1.0, size=3), R.normal(k[1], 0.0, 1.0, size=0)
    gaps = R.normal(k[3], a[0], 1.0, size=(0,))
    t = R.gamma(k[2], 2.0, rate=1.0)
    y = R.normal(k[4], a + ag.sum(none), 1 / ag.sqrt(t))
    model = ag.Model({"a": a, "none": none, "gaps": gaps, "t": t, "y": y})
    sampler = ag.derive(model, {"y": [0.1, 0.4, -1.0]})
    assert {s.kind for s in sampler.steps} <= {"gibbs", "exact"}
    plain = ag.Model({"a": a, "t": t, "y": R.normal(k[4], a, 1 / ag.sqrt(t))})
    same = {"a": [0.3, 0.1, 0.2], "t": 1.4}
    assert sampler.logdensity({**same, "none": [], "gaps": []}) == pytest.approx(
        ag.derive(plain, {"y": [0.1, 0.4, -1.0]}).logdensity(same)
    )


def test_integers_stand_for_numbers_and_whole_numbers_for_counts() -> None:
    assert ag.derive(mean(3), {"y": [1, 2, 3]}).log_evidence() == pytest.approx(
        evidence_of_mean([1.0, 2.0, 3.0])
    )
    whole = ag.derive(counts(3), {"y": np.array([1.0, 2.0, 0.0])}).log_evidence()
    assert whole == ag.derive(counts(3), {"y": [1, 2, 0]}).log_evidence()
    with pytest.raises(ag.DomainError, match=r"hold 2\.5, which is no int64"):
        ag.derive(counts(3), {"y": [1.0, 2.5, 0.0]})


def test_one_observation_and_none() -> None:
    assert ag.derive(mean(1), {"y": [1.0]}).log_evidence() == pytest.approx(evidence_of_mean([1.0]))
    none = ag.derive(mean(0), {"y": []})
    assert none.log_evidence() == pytest.approx(0.0)
    assert none.logdensity(z=1.3) == pytest.approx(st.norm(0.5, 2).logpdf(1.3))


def test_a_group_without_observations_keeps_its_prior(law_of: Callable[..., float]) -> None:
    k = keys()
    z = R.normal(k[0], 0.5, 2.0, size=3)
    group = np.array([0, 0, 2])
    sampler = ag.derive(ag.Model({"z": z, "y": R.normal(k[1], z[group], 1.5)}), {"y": [1, 2, 3.0]})
    at = np.array([0.2, 1.7, 0.4])

    def law(*y: float) -> Any:
        precision = 1 / 4 + len(y) / 2.25
        return st.norm((0.5 / 4 + sum(y) / 2.25) / precision, precision**-0.5)

    expected = law(1.0, 2.0).logpdf(0.2) + st.norm(0.5, 2).logpdf(1.7) + law(3.0).logpdf(0.4)
    assert law_of(sampler, "z", at) == pytest.approx(expected)


def test_a_length_that_is_not_known_is_given_first() -> None:
    n = ag.input("n", dtype="int64")
    k = keys()
    z = R.gamma(k[0], 2.0, rate=4.0)
    model = ag.Model({"z": z, "y": R.poisson(k[1], z, size=(n,))})
    with pytest.raises(ag.ModelError, match="reads the inputs n"):
        ag.derive(model, {"y": [1, 2]})
    sampler = ag.derive(with_data(model, {"n": 3}), {"y": [1, 2, 0]})
    assert sampler.log_evidence() == ag.derive(counts(3), {"y": [1, 2, 0]}).log_evidence()


@pytest.mark.parametrize(
    ("model", "y", "error", "message"),
    [
        (mean(3), [1.0, np.nan, 3.0], ag.DomainError, "hold nan, expected finite"),
        (counts(3), [1.0, np.nan, 3.0], ag.DomainError, "hold nan, which is no int64"),
        (counts(3), [1, 2**62, 2**62], ag.DomainError, r"hold 4611686018427387904, .* 2\*\*53"),
        (mean(3), [1.0, -np.inf, 3.0], ag.DomainError, "hold -inf"),
        (mean(3, "float32"), [1.0, 1e300, 3.0], ag.DomainError, "which is no float32"),
        (
            mean(3),
            np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]),
            ag.ModelError,
            "masked in places",
        ),
        (mean(3), [1.0, None, 3.0], ag.ModelError, "no numbers"),
        (mean(3), [1.0, 2.0j, 3.0], ag.ModelError, "no numbers"),
        (mean(3), [[1.0, 2.0, 3.0]], ag.ShapeError, "have shape"),
    ],
)
def test_missing_data_are_refused_by_what_they_are(
    model: ag.Model, y: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ag.derive(model, {"y": y})
    sampler = ag.derive(model, {"y": [1, 2, 3]})
    for use in (sampler.check_data, sampler.log_evidence):
        with pytest.raises(error):
            use({"y": y})


def test_other_data_outside_the_support_are_refused_too() -> None:
    sampler = ag.derive(counts(3), {"y": [1, 2, 3]})
    with pytest.raises(ag.DomainError, match="hold -2, expected a non-negative integer"):
        sampler.check_data({"y": [1, -2, 3]})


def test_special_data_hide_no_wrong_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data of zeros make a term vanish: the check has generic data beside them."""
    from astragal.derive import DerivationError, conjugate

    right = vars(conjugate)["linear_form"]

    def wrong(z: Expr, terms: Any, **where: Any) -> Any:
        found = right(z, terms, **where)
        if found is None:
            return None
        y = ag.input("y", shape=(3,))
        whole, stand_ins, const = found
        at = next(iter(stand_ins.values()))
        return whole + at * ag.sum(ag.sin(y)), stand_ins, const

    monkeypatch.setattr(conjugate, "linear_form", wrong)
    with pytest.raises(DerivationError):
        ag.derive(mean(3), {"y": [0.0, 0.0, 0.0]})
