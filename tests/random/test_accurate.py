"""Log densities at large counts and shapes: the digits that cancellation would take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from laws import UNIVARIATE, Case  # type: ignore[import-not-found]

import astragal as ag
from astragal.random.distribution import Distribution

# The definitions, computed with 80 digits. The binary numbers given are the arguments.
# fmt: off
FAR: tuple[tuple[str, float, tuple[float, ...], float], ...] = (
    ("poisson", 1001500, (1000000.0,), -8.951881254952890073),
    ("poisson", 1000000000, (1000000000.0,), -11.28057145176121165),
    ("poisson", 1001000000, (1000000000.0,), -511.1144878186276464),
    ("poisson", 3000000000000, (1000000000000.0,), -1295836866019.612829),
    ("poisson", 0, (1000000000.0,), -1000000000.0),
    ("gamma", 2000000.0, (1001000.0, 0.5), -9.019174742446996563),
    ("gamma", 2000000000.0, (1000000000.0, 0.5), -11.97371863232115696),
    ("gamma", 1e-300, (1000000.0, 1.0), -703590341.6918334186),
    ("inverse_gamma", 0.5, (1000000000.0, 500000000.0), 10.13584156574514481),
    ("chi_square", 2000050000.0, (2000000000.0,), -12.28623842377298313),
    ("chi", 10000.0, (100000000.0,), -0.5723649445913667537),
    ("log_gamma", 20.72, (1000000000.0,), -5317.602121403508887),
    ("nakagami", 1.001, (100000000.0, 1.0), -190.9498337751575679),
    ("generalized_gamma", 1001.0, (1000000.0, 2.0, 1.0), -2.22612476924481068),
    ("beta", 0.25, (1000000.0, 3000000.0), 7.518952052845467615),
    ("beta", 0.5, (1000000000.0, 1000000000.0), 10.4824151559834508),
    ("beta", 9.313225746154785e-10, (0.5, 1000000000.0), 19.25515310970484832),
    ("beta_prime", 1.0, (1000000000.0, 1000000000.0), 9.096120794863560182),
    ("f", 1.0009765625, (1000000.0, 4000000.0), 5.339109154509280312),
    ("binomial", 250300, (1000000, 0.25), -7.230041601203402931),
    ("binomial", 500000000, (1000000000, 0.5), -10.58742427136793301),
    ("binomial", 1000000000, (1000000000, 0.5), -693147180.5599453094),
    ("binomial", 3, (1000000000, 9.313225746154785e-10), -2.936530784039091042),
    ("negative_binomial", 3000000000, (1000000000.0, 0.25), -12.52302477666215625),
    ("negative_binomial", 1000000, (0.5, 9.5367431640625e-07), -15.36526692366018024),
    ("hypergeometric", 500000000, (1000000000, 1000000000, 1000000000), -10.24085068121296036),
    ("hypergeometric", 12, (1000000000, 1000000000000, 10000), -2.357799238044724655),
    ("beta_binomial", 1000000, (2000000, 1000000.0, 1000000.0), -7.826693999686809794),
    ("beta_binomial", 500000000, (1000000000, 0.5, 0.5), -21.17484854273586602),
    ("beta_negative_binomial", 1000000, (1000000.0, 1000000.0, 1000000.0), -8.519841180246755103),
    ("negative_hypergeometric", 10**8, (2 * 10**8, 2 * 10**8, 10**8), -10.12927890705585548),
    ("noncentral_chi_square", 1003000.0, (3.0, 1e6), -9.643156650179638895),
    ("skellam", 3000, (1e6, 1e6), -10.42326748059172346),
    ("noncentral_beta", 0.5, (2.5, 1e6, 2e6), 6.825804630773124843),
    ("noncentral_f", 2.0, (1e6, 2e6, 1e6), 4.837524005947077415),
)
VECTORS: tuple[tuple[str, list[float], tuple[Any, ...], float], ...] = (
    ("multinomial", [250009000, 500000000, 249991000], (10**9, [0.25, 0.5, 0.25]),
     -21.15227495212787737),
    ("dirichlet", [0.25, 0.5, 0.25], ([1e9, 2.0001e9, 1e9],), 20.75459483148916032),
    ("dirichlet_multinomial", [250009000, 500000000, 249991000], (10**9, [1e8, 2e8, 1e8]),
     -22.17360935017784303),
)
# fmt: on


def declaration(name: str) -> Distribution:
    found: Distribution = getattr(ag.random, name).op.distribution
    return found


def law(name: str, parameters: tuple[Any, ...]) -> ag.Expr:
    d = declaration(name)
    named = {p.name: v for p, v in zip(d.parameters, parameters, strict=True)}
    return getattr(ag.random, name)(ag.key(0), **named)  # type: ignore[no-any-return]


def at(name: str, x: Any, parameters: tuple[Any, ...]) -> ag.Expr:
    return ag.logdensity({"x": law(name, parameters)}, {"x": x})  # type: ignore[no-any-return]


def test_log_densities_keep_their_digits_at_large_numbers() -> None:
    found = ag.evaluate(ag.stack([at(n, x, p) for n, x, p, _ in (*FAR, *VECTORS)]))
    expected = [v for *_, v in (*FAR, *VECTORS)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_terms_that_derivations_read_do_not_keep_them() -> None:
    # The test of the test.
    name, x, parameters, expected = FAR[2]
    d = declaration(name)
    found = float(ag.evaluate(d.logdensity(ag.constant(x), *map(ag.constant, parameters))))
    assert 1e-11 < abs(found / expected - 1) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numba", "jax"])
def test_every_backend_keeps_them(backend: str) -> None:
    inputs, values, outputs = [], [], []
    for i, (name, x, parameters, _) in enumerate(FAR):
        d = declaration(name)
        args = [x, *parameters]
        whole = [d.dtype == "int64", *(p.integer for p in d.parameters)]
        own = [
            ag.input(f"v{i}_{j}", dtype="int64" if w else "float64") for j, w in enumerate(whole)
        ]
        inputs += own
        values += [int(v) if w else float(v) for v, w in zip(args, whole, strict=True)]
        assert d.accurate is not None
        outputs.append(d.accurate(*own))
    found = ag.function(inputs, ag.stack(outputs), backend=backend)(*values)
    np.testing.assert_allclose(np.asarray(found), [v for *_, v in FAR], rtol=1e-12)


WITH_BOTH = [c for c in UNIVARIATE if declaration(c.name).accurate is not None]


@pytest.mark.parametrize("case", WITH_BOTH, ids=str)
def test_both_forms_are_one_function_with_one_gradient(case: Case) -> None:
    d = declaration(case.name)
    draw = case.draw(ag.key(3), 40)
    _, _, *parameters = draw.args
    x = ag.evaluate(draw)
    own = [
        ag.input(f"p{i}", dtype=p.dtype if isinstance(p, ag.Expr) else "float64")
        for i, p in enumerate(parameters)
    ]
    values = [ag.evaluate(p) for p in parameters]
    smooth = [p for p in own if p.dtype == "float64"]
    assert d.accurate is not None
    forms = [ag.sum(f(ag.constant(x), *own)) for f in (d.logdensity, d.accurate)]
    outputs = [v for form in forms for v in (form, *(ag.grad(form, p) for p in smooth))]
    found = np.array(ag.function(own, outputs, backend="numpy")(*values))
    half = len(found) // 2
    np.testing.assert_allclose(found[half:], found[:half], rtol=1e-10, atol=1e-10)


def test_the_laws_with_two_forms_are_all_tested() -> None:
    both = {n for n in dir(ag.random) if _has_both(n)}
    assert {c.name for c in WITH_BOTH} | {n for n, *_ in VECTORS} >= both
    assert {n for n, *_ in FAR} | {n for n, *_ in VECTORS} == both


def _has_both(name: str) -> bool:
    op = getattr(getattr(ag.random, name), "op", None)
    d = getattr(op, "distribution", None)
    return isinstance(d, Distribution) and d.accurate is not None


def test_the_edges_of_the_support_are_exact() -> None:
    assert float(ag.evaluate(at("binomial", 0, (10, 1e-20)))) == -1e-19
    assert float(ag.evaluate(at("binomial", 10, (10, 1.0)))) == 0.0
    assert float(ag.evaluate(at("binomial", 9, (10, 1.0)))) == -np.inf
    assert float(ag.evaluate(at("poisson", 0, (0.0,)))) == 0.0
    assert float(ag.evaluate(at("negative_binomial", 0, (3.0, 1.0)))) == 0.0
    assert float(ag.evaluate(at("beta", 0.3, (1.0, 1.0)))) == 0.0
    assert float(ag.evaluate(at("hypergeometric", 0, (0, 5, 2)))) == 0.0
    assert float(ag.evaluate(at("gamma", -1.0, (2.0, 1.0)))) == -np.inf


def test_conjugacy_is_still_seen() -> None:
    keys = ag.split(ag.key(1))
    rate = ag.random.gamma(keys[0], 2.0, rate=1.0)
    model = ag.Model({"rate": rate, "y": ag.random.poisson(keys[1], rate)})
    (step,) = ag.derive(model, {"y": np.array(10**9)}).steps
    assert step.kind == "exact"
