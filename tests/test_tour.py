"""A tour: from one draw to a compiled sampler. Read this first.

Each test is a fact, and stands on the ones before it.
"""

from __future__ import annotations

import etuples
import numpy as np
import pytest
from kanren import run, var  # type: ignore[attr-defined]

import astragal as ag
from astragal.rewrites.convolutions import normal_convolution


def test_building_an_expression_twice_gives_the_same_object() -> None:
    x = ag.input("x")
    assert ag.exp(x) + 1.0 is ag.exp(x) + 1.0


def test_a_term_is_its_operation_applied_to_its_arguments() -> None:
    x = ag.random.normal(ag.key(0), ag.input("m"), 2.0)
    assert x.op(*x.args) is x


def test_a_random_variable_takes_a_key_and_gives_a_value() -> None:
    x = ag.random.normal(ag.key(7), 10.0, 2.0, size=(3,))
    first, again = ag.evaluate(x), ag.evaluate(x)
    assert first.shape == (3,)
    assert np.array_equal(first, again)


def test_a_key_is_spent_once() -> None:
    k = ag.key(0)
    with pytest.raises(ag.KeyReuseError):
        ag.check_keys(ag.random.normal(k) + ag.random.uniform(k))
    a, b = ag.split(k)
    ag.check_keys(ag.random.normal(a) + ag.random.uniform(b))


def test_arithmetic_on_a_key_is_an_error_where_it_is_written() -> None:
    with pytest.raises(TypeError, match="keys have no arithmetic"):
        _ = ag.key(0) + 1


def test_equal_keys_give_equal_draws_on_every_backend() -> None:
    k = ag.input("key", dtype="key")
    x = ag.random.gamma(k, 2.5, rate=3.0, size=(100,))
    draws = [
        np.asarray(ag.function([k], x, backend=b)(ag.evaluate(ag.key(1))))
        for b in ("numpy", "numba", "jax")
    ]
    assert np.array_equal(draws[0], draws[1])
    assert np.array_equal(draws[0], draws[2])


def test_a_graph_and_its_etuple_are_one_to_one() -> None:
    x = ag.exp(ag.input("x")) * 2.0
    assert etuples.etuplize(x).evaled_obj is x


def test_a_relation_contracts_and_expands_and_comes_back() -> None:
    a, b = ag.split(ag.key(0))
    two = ag.random.normal(a, 1.0, 3.0) + ag.random.normal(b, 2.0, 4.0)
    one = normal_convolution.forward(two)
    assert one is ag.random.normal(ag.key(0), 3.0, 5.0)
    assert normal_convolution.backward(one, m1=1.0, s1=3.0) is two


def test_a_relation_is_a_goal_of_kanren() -> None:
    a, b = ag.split(ag.key(0))
    two = ag.random.normal(a, 1.0, 3.0) + ag.random.normal(b, 2.0, 4.0)
    q = var()
    assert run(1, q, normal_convolution(two, q)) == (normal_convolution.forward(two),)


def test_what_is_still_read_is_not_rewritten_away() -> None:
    a, b = ag.split(ag.key(0))
    x = ag.random.normal(a, 1.0, 3.0)
    total = x + ag.random.normal(b, 2.0, 4.0)
    assert ag.rewrite((total, x), [normal_convolution]) == (total, x)
    assert ag.rewrite(x + x, [normal_convolution]) is x + x


def test_an_identity_is_verified_and_a_false_one_refused() -> None:
    assert ag.verify(normal_convolution).holds

    @ag.relation("in law", source="none: standard deviations do not add")
    def false_convolution(k: ag.Key, m1, s1, m2, s2):  # type: ignore[no-untyped-def]
        k1, k2 = ag.split(k)
        normal = ag.random.normal
        return normal(k1, m1, s1) + normal(k2, m2, s2), normal(k, m1 + m2, s1 + s2)

    verdict = ag.verify(false_convolution)
    assert not verdict.holds
    assert verdict.counterexample is not None


def test_a_model_gives_a_sampler_that_explains_itself() -> None:
    @ag.model
    def counts(key, hours):  # type: ignore[no-untyped-def]
        k = ag.split(key)
        rate = ag.random.gamma(k[0], 2.0, rate=3.0)
        return {"rate": rate, "n": ag.random.poisson(k[1], rate * hours)}

    sampler = ag.derive(counts([1.0, 2.5]), {"n": [3, 4]})
    assert "gamma_poisson" in str(sampler)
    tree = sampler.sample(draws=1000, progress=False)
    # Gamma(2 + 7, rate 3 + 3.5): four standard errors of 4,000 independent draws.
    rate = np.asarray(tree["posterior"]["rate"])
    assert abs(rate.mean() - 9 / 6.5) < 4 * (3 / 6.5) / np.sqrt(4000)
