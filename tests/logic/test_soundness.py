"""What a rewrite must not do, each with its counterexample; and what it must."""

from collections.abc import Iterator

import pytest

import astragal as ag
from astragal.random import gamma, negative_binomial, normal, poisson
from astragal.rewrites.convolutions import normal_convolution

K = ag.key(7)
ks = ag.split(K, 6)
a, b, m, s = (ag.input(n) for n in "abms")
x, y, z = (normal(ks[i], m + i, s * (i + 1)) for i in range(3))


@ag.relation("reversal")
def gamma_poisson(kλ: ag.Key, ky: ag.Key, α, β) -> Iterator[tuple[ag.Expr, ag.Expr]]:  # type: ignore[no-untyped-def]
    λ = gamma(kλ, α, rate=β)
    yield λ, poisson(ky, λ)
    y = negative_binomial(ky, α, β / (β + 1))
    yield gamma(kλ, α + y, rate=β + 1), y


@ag.relation("sure")
def standardise(k: ag.Key, m, s):  # type: ignore[no-untyped-def]
    return normal(k, m, s), m + s * normal(k, 0.0, 1.0)


def contract(*roots: ag.Expr) -> ag.Rewriting:
    found = ag.rewrite(roots, normal_convolution, explain=True)
    assert isinstance(found, ag.Rewriting)
    return found


def said(roots: tuple[ag.Expr, ...]) -> str:
    found = contract(*roots)
    assert found.after == roots
    assert found.steps == ()
    return str(found)


def test_a_variable_added_to_itself_is_no_convolution() -> None:
    said((x + x,))
    assert normal_convolution.forward(x + x) is None


def test_a_variable_that_something_else_reads_does_not_vanish() -> None:
    assert "something outside the match reads it" in said((x + y, ag.exp(x)))
    assert "something outside the match reads it" in said((x * (x + y),))


def test_an_output_does_not_vanish() -> None:
    assert "it is output 1" in said((x + y, y))


def test_a_named_variable_does_not_vanish() -> None:
    class Named:
        def __init__(self, variables: dict[str, ag.Expr]) -> None:
            self.variables = variables

    model = Named({"x": x, "total": x + y})
    found = ag.rewrite(model, normal_convolution, explain=True)
    assert found.after.variables == model.variables
    assert "named 'x'" in str(found)
    free = ag.rewrite(Named({"total": x + y}), normal_convolution)
    assert free.variables["total"].op.name == "normal"


def test_a_graph_that_spends_a_key_twice_is_refused_before_it_is_rewritten() -> None:
    other = normal(ks[0], 3.0 * m, s)
    for target in ((x + y, other), (x + other,), (x + y, ag.random.uniform(ag.split(ks[0])[1]))):
        with pytest.raises(ag.KeyReuseError):
            ag.rewrite(target, normal_convolution)


def test_keys_of_one_split_that_is_used_otherwise_do_not_give_it_back() -> None:
    k1, k2, k3 = ag.split(K, 3)
    total = normal(k1, m, s) + normal(k2, a, b)
    [after, rest] = ag.rewrite((total, normal(k3, a, s)), normal_convolution)
    assert after.op.name == "normal"
    assert after.args[0] is not K
    ag.check_keys(after, rest)
    k1, k2 = ag.split(K)
    [after] = ag.rewrite((normal(k1, m, s) + normal(k2, a, b),), normal_convolution)
    assert after.args[0] is K


def test_a_scalar_broadcast_over_a_vector_is_no_vector_of_draws() -> None:
    vector = normal(ks[4], 0.0, 1.0, size=(3,))
    assert "batch shapes differ" in said((x + vector,))
    assert "batch shapes differ" in said((normal(ks[5], 0.0, 1.0, size=(1,)) + vector,))


def test_a_mean_that_depends_on_the_first_draw_is_not_independent() -> None:
    assert "depends on a random variable of the match" in said((x + normal(ks[4], x, s),))
    assert "depends on" in said((x + normal(ks[4], ag.sin(x * 2.0) + m, s),))
    assert "depends on" in said((x + normal(ks[4], m, ag.exp(x)),))


def test_a_mean_that_depends_on_another_draw_is_allowed() -> None:
    random_mean = normal(ks[5], 0.0, 1.0)
    [after] = contract(
        x + normal(ks[4], random_mean, s),
    ).after
    assert after.op.name == "normal"


def test_a_sure_identity_spends_no_key_twice() -> None:
    noise = normal(ks[0], 0.0, 1.0)
    total = m + s * noise
    assert ag.rewrite((total,), standardise, direction="backward") == (normal(ks[0], m, s),)
    assert ag.rewrite((total, noise), standardise, direction="backward") == (total, noise)


def test_a_reversal_whose_other_parameter_depends_on_the_first_is_refused() -> None:
    λ = gamma(ks[0], 2.0, rate=3.0)
    assert gamma_poisson.forward((λ, poisson(ks[1], λ))) is not None
    assert gamma_poisson.forward((λ, poisson(ks[1], λ * λ))) is None
    assert gamma_poisson.forward((λ, poisson(ks[1], gamma(ks[2], 2.0, rate=3.0)))) is None


def test_a_reversal_keeps_other_readers() -> None:
    λ = gamma(ks[0], 2.0, rate=3.0)
    count = poisson(ks[1], λ)
    model = (λ, count, normal(ks[2], λ, 1.0))
    new_λ, new_count, reader = ag.rewrite(model, gamma_poisson)
    assert new_count.op.name == "negative_binomial"
    assert new_λ.args[2].args[1].args[0] is new_count
    assert reader is normal(ks[2], new_λ, 1.0)
    assert ag.rewrite((new_λ, new_count, reader), gamma_poisson, direction="backward") == model


# -- the driver ----------------------------------------------------------------------------------


def pairs(n: int) -> tuple[ag.Expr, ...]:
    keys = ag.split(ag.key(1), n)
    out = []
    for i in range(n):
        k1, k2 = ag.split(keys[i])
        p, q, r, t = (ag.input(f"{name}{i}") for name in "pqrt")
        out.append(normal(k1, p, q) + normal(k2, r, t))
    return tuple(out)


def chain(n: int) -> ag.Expr:
    k = ag.key(2)
    total: ag.Expr | None = None
    for i in range(n):
        k1, k = ag.split(k)
        term = normal(k1, ag.input(f"m{i}"), ag.input(f"s{i}"))
        total = term if total is None else total + term
    assert total is not None
    return total


def test_every_pair_is_contracted_and_every_step_recorded() -> None:
    before = pairs(50)
    found = contract(*before)
    assert len(found.steps) == 50
    assert all(r.op.name == "normal" for r in found.after)
    assert found.after[7].args[0] is ag.split(ag.key(1), 50)[7]
    assert found.replay() == found.after
    assert found.undo(50) == before
    assert found.replay(10)[9:11] == (found.after[9], before[10])


def test_the_fast_path_and_the_general_way_agree() -> None:
    from astragal.logic.compiled import rule_of

    assert rule_of(normal_convolution, "forward").fast
    for pair in pairs(3):
        [fast] = contract(pair).after
        assert fast is normal_convolution.forward(pair)


def test_a_long_chain_becomes_one_variable_without_recursion() -> None:
    [after] = contract(chain(3_000)).after
    assert after.op.name == "normal"


def test_terms_in_between_do_not_stop_a_contraction() -> None:
    total = ((a + x) + ag.exp(a)) + y + z
    [after] = contract(total).after
    assert sum(n.op.name == "normal" for n in after.args) == 1
    assert "normal" not in repr(after.args[0])
    nested = a + (x + (b + y))
    [after] = contract(nested).after
    assert repr(after).count("normal") == 1


def test_an_expansion_is_done_once_and_undone() -> None:
    before = normal(K, m, s)
    expanded = ag.rewrite(before, normal_convolution, direction="backward")
    assert expanded is normal_convolution.backward(before)
    assert ag.rewrite(expanded, normal_convolution) is before


def test_the_limit_stops_a_rewriting_and_says_so() -> None:
    found = ag.rewrite(pairs(5), normal_convolution, explain=True, limit=2)
    assert len(found.steps) == 2
    assert "stopped after 2 steps" in str(found)


def test_shared_graphs_are_visited_once() -> None:
    graph = x + y
    for _ in range(400):
        graph = graph + graph
    after = ag.rewrite(graph, normal_convolution)
    for _ in range(400):
        assert after.args[0] is after.args[1]
        after = after.args[0]
    assert after.op.name == "normal"


@pytest.mark.parametrize("n", [1, 2, 7])
def test_nothing_depends_on_the_order_of_the_relations_given(n: int) -> None:
    before = pairs(n)
    assert ag.rewrite(before, [standardise, normal_convolution]) == ag.rewrite(
        before, [standardise, normal_convolution]
    )


@ag.relation("in law")
def four_added(a: ag.Key, b: ag.Key, c: ag.Key, d: ag.Key, m1, m2, m3, m4, s):  # type: ignore[no-untyped-def]
    total = normal(a, m1, s) + normal(b, m2, s) + normal(c, m3, s) + normal(d, m4, s)
    return total, normal(a, m1 + m2 + m3 + m4, 2.0 * s)


def test_longer_sums_are_found_however_they_are_grouped() -> None:
    p, q, r, t = (normal(ks[i], float(i), s) for i in range(4))
    for total in (p + q + r + t, p + (q + (r + t)), (p + q) + (r + t), (t + p) + (r + q)):
        [found] = ag.rewrite((total,), four_added)
        assert found is normal(found.args[0], 6.0, 2.0 * s)
    partial = p + q
    for before in ((partial + (r + t), partial), (partial + (r + r),), (partial + r + p,)):
        assert ag.rewrite(before, four_added) == before
