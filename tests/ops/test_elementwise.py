"""Every elementwise operation, element by element, against mathematics of Python's own.

NumPy and SciPy compute the operations, so they cannot be the reference here.
"""

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

import astragal as ag
from astragal.compile.jax import compile_jax
from astragal.compile.numpy import compile_numpy
from astragal.ops import OPS

REAL = [-2.4, -0.7, 0.3, 1.0, 1.7, 5.2]
POSITIVE = [0.02, 0.3, 1.0, 1.7, 5.2, 33.0]
UNIT = [0.01, 0.2, 0.5, 0.83, 0.999]
SYMMETRIC = [-0.95, -0.2, 0.0, 0.4, 0.9]
INTEGERS = [-7, -1, 0, 2, 5, 12]
FLAGS = [False, True]


def integral(f: Callable[[float], float], a: float, b: float) -> float:
    return float(quad(f, a, b, epsabs=0.0, epsrel=1e-12, limit=400)[0])


def digamma(x: float) -> float:
    """By the recurrence up to where Stirling's series is exact."""
    total = 0.0
    while x < 20:
        total -= 1 / x
        x += 1
    terms = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132)
    return (
        total + math.log(x) - 1 / (2 * x) - sum(t / x ** (2 * k + 2) for k, t in enumerate(terms))
    )


def zeta(s: float, q: float) -> float:
    """Sum of 1 / (n + q)^s by Euler and Maclaurin."""
    n = 30
    head = math.fsum((k + q) ** -s for k in range(n))
    a = n + q
    tail = a ** (1 - s) / (s - 1) + a**-s / 2 + s * a ** (-s - 1) / 12
    return float(head + tail - s * (s + 1) * (s + 2) * a ** (-s - 3) / 720)


def betaln(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def log_gamma_density(a: float, x: float) -> float:
    return xlogy(a - 1, x) - x - math.lgamma(a)


def log_beta_density(a: float, b: float, p: float, q: float) -> float:
    # Of the parts of a whole, for which alone it is meant.
    return xlogy(a - 1, p) + xlogy(b - 1, q) - betaln(a, b)


def betainc(a: float, b: float, x: float) -> float:
    # Substituting t = u^(1/a) takes away the singularity at 0, and x < 1 that at 1.
    whole = math.exp(betaln(a, b)) * a
    return integral(lambda u: (1 - u ** (1 / a)) ** (b - 1), 0, x**a) / whole


def gammainc(a: float, x: float) -> float:
    return integral(lambda u: math.exp(-(u ** (1 / a))), 0, x**a) / math.gamma(a + 1)


def gammaincc(a: float, x: float) -> float:
    tail = integral(lambda t: math.exp((a - 1) * math.log(t) - t), x, x + 60.0)
    return tail / math.gamma(a)


def ndtr(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def owens_t(h: float, a: float) -> float:
    f = lambda x: math.exp(-h * h * (1 + x * x) / 2) / (1 + x * x)  # noqa: E731
    return integral(f, 0, a) / (2 * math.pi)


def bessel_i(v: int, x: float) -> float:
    f = lambda t: math.exp(x * math.cos(t) - abs(x)) * math.cos(v * t)  # noqa: E731
    return integral(f, 0, math.pi) / math.pi


def log_kve(v: float, x: float) -> float:
    return math.log(integral(lambda t: math.exp(x - x * math.cosh(t)) * math.cosh(v * t), 0, 25))


def sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def half_to_even(x: float) -> float:
    return float(round(Fraction(x)))


def floor_divide(x: float, y: float) -> float:
    return float(math.floor(Fraction(x) / Fraction(y)))


def remainder(x: float, y: float) -> float:
    return float(Fraction(x) - math.floor(Fraction(x) / Fraction(y)) * Fraction(y))


def polygamma(n: float, x: float) -> float:
    return digamma(x) if n == 0 else (-1) ** (int(n) + 1) * math.factorial(int(n)) * zeta(n + 1, x)


def xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0 else x * math.log(y)


def shift_left(x: int, n: int) -> int:
    return (x << n) % 2**64 - (2**64 if (x << n) % 2**64 >= 2**63 else 0)


Case = tuple[Callable[..., Any], tuple[list[Any], ...]]

# fmt: off
REFERENCES: dict[str, Case] = {
    "add":          (operator.add, (REAL, REAL)),
    "subtract":     (operator.sub, (REAL, REAL)),
    "multiply":     (operator.mul, (REAL, REAL)),
    "divide":       (operator.truediv, (REAL, REAL)),
    "floor_divide": (floor_divide, (REAL, REAL)),
    "remainder":    (remainder, (REAL, REAL)),
    "pow":          (math.pow, (POSITIVE, REAL)),
    "negative":     (operator.neg, (REAL,)),
    "positive":     (operator.pos, (REAL,)),
    "abs":          (abs, (REAL,)),
    "sign":         (sign, (REAL,)),
    "square":       (lambda x: x * x, (REAL,)),
    "reciprocal":   (lambda x: 1 / x, (REAL,)),
    "maximum":      (max, (REAL, REAL)),
    "minimum":      (min, (REAL, REAL)),
    "sqrt":         (math.sqrt, (POSITIVE,)),
    "exp":          (math.exp, (REAL,)),
    "expm1":        (math.expm1, (REAL,)),
    "log":          (math.log, (POSITIVE,)),
    "log1p":        (math.log1p, (POSITIVE,)),
    "log2":         (math.log2, (POSITIVE,)),
    "log10":        (math.log10, (POSITIVE,)),
    "logaddexp":    (lambda x, y: math.log(math.exp(x) + math.exp(y)), (REAL, REAL)),
    "hypot":        (math.hypot, (REAL, REAL)),
    "copysign":     (math.copysign, (REAL, REAL)),
    "nextafter":    (math.nextafter, (REAL, REAL)),
    "sin":          (math.sin, (REAL,)),
    "cos":          (math.cos, (REAL,)),
    "tan":          (math.tan, (REAL,)),
    "asin":         (math.asin, (SYMMETRIC,)),
    "acos":         (math.acos, (SYMMETRIC,)),
    "atan":         (math.atan, (REAL,)),
    "atan2":        (math.atan2, (REAL, REAL)),
    "sinh":         (math.sinh, (REAL,)),
    "cosh":         (math.cosh, (REAL,)),
    "tanh":         (math.tanh, (REAL,)),
    "asinh":        (math.asinh, (REAL,)),
    "acosh":        (math.acosh, ([1.0, 1.7, 33.0],)),
    "atanh":        (math.atanh, (SYMMETRIC,)),
    "floor":        (math.floor, (REAL,)),
    "ceil":         (math.ceil, (REAL,)),
    "round":        (half_to_even, ([*REAL, 0.5, 1.5, -2.5, 2.4999],)),
    "trunc":        (math.trunc, (REAL,)),
    "equal":         (operator.eq, (REAL, REAL)),
    "not_equal":     (operator.ne, (REAL, REAL)),
    "less":          (operator.lt, (REAL, REAL)),
    "less_equal":    (operator.le, (REAL, REAL)),
    "greater":       (operator.gt, (REAL, REAL)),
    "greater_equal": (operator.ge, (REAL, REAL)),
    "isfinite":      (math.isfinite, ([*REAL, math.inf, -math.inf, math.nan],)),
    "isinf":         (math.isinf, ([*REAL, math.inf, -math.inf, math.nan],)),
    "isnan":         (math.isnan, ([*REAL, math.inf, -math.inf, math.nan],)),
    "signbit":       (lambda x: math.copysign(1, x) < 0, ([*REAL, 0.0, -0.0, -math.inf],)),
    "logical_and": (lambda x, y: x and y, (FLAGS, FLAGS)),
    "logical_or":  (lambda x, y: x or y, (FLAGS, FLAGS)),
    "logical_xor": (lambda x, y: x != y, (FLAGS, FLAGS)),
    "logical_not": (lambda x: not x, (FLAGS,)),
    "bitwise_and":         (operator.and_, (INTEGERS, INTEGERS)),
    "bitwise_or":          (operator.or_, (INTEGERS, INTEGERS)),
    "bitwise_xor":         (operator.xor, (INTEGERS, INTEGERS)),
    "bitwise_invert":      (operator.invert, (INTEGERS,)),
    "bitwise_left_shift":  (shift_left, (INTEGERS, [0, 1, 3, 62])),
    "bitwise_right_shift": (operator.rshift, (INTEGERS, [0, 1, 3, 62])),
    "gammaln":   (math.lgamma, ([*POSITIVE, -0.3, -2.4],)),
    "digamma":   (digamma, (POSITIVE,)),
    "polygamma": (polygamma, ([0.0, 1.0, 2.0, 4.0], POSITIVE)),
    "zeta":      (zeta, ([1.5, 2.0, 3.7], POSITIVE)),
    "betaln":    (betaln, ([*POSITIVE, 12.0], [*POSITIVE, 250.0])),
    "betainc":   (betainc, ([0.6, 1.7, 4.0], [1.2, 2.5], UNIT)),
    "betaincinv": (lambda a, b, p: p, ([0.6, 1.7, 4.0], [1.2, 2.5], UNIT)),
    "gammainc":  (gammainc, ([0.6, 1.7, 4.0], [0.1, 1.3, 6.0])),
    "gammaincc": (gammaincc, ([0.6, 1.7, 4.0], [0.1, 1.3, 6.0])),
    "gammaincinv":  (lambda a, p: p, ([0.6, 1.7, 4.0], UNIT)),
    "gammainccinv": (lambda a, p: p, ([0.6, 1.7, 4.0], UNIT)),
    "log_gamma_density": (log_gamma_density, ([0.2, 1.0, 15.9, 16.0, 70.0], [0.1, 3.0, 60.0])),
    "log_beta_density": (log_beta_density, ([0.2, 1.0, 90.0], [0.7, 15.0, 33.0], [0.375], [0.625])),
    "erf":       (math.erf, (REAL,)),
    "erfc":      (math.erfc, (REAL,)),
    "erfinv":    (lambda p: p, (SYMMETRIC,)),
    "ndtr":      (ndtr, (REAL,)),
    "ndtri":     (lambda p: p, (UNIT,)),
    "log_ndtr":  (lambda x: math.log(ndtr(x)), ([*REAL, -12.0],)),
    "owens_t":   (owens_t, (REAL, REAL)),
    "expit":     (lambda x: 1 / (1 + math.exp(-x)), (REAL,)),
    "logit":     (lambda p: math.log(p / (1 - p)), (UNIT,)),
    "xlogy":     (xlogy, ([0.0, *REAL], POSITIVE)),
    "xlog1py":   (lambda x, y: xlogy(x, 1 + y), ([0.0, *REAL], POSITIVE)),
    "log1mexp":  (lambda x: math.log1p(-math.exp(x)), ([-0.1, -0.69, -0.7, -3.0, -40.0],)),
    "i0e":       (lambda x: bessel_i(0, x), (REAL,)),
    "i1e":       (lambda x: bessel_i(1, x), (REAL,)),
    "log_kve":   (log_kve, ([0.0, 0.5, -1.3, 6.0], [0.01, 0.8, 9.0])),
    "where":     (lambda c, x, y: x if c else y, (FLAGS, REAL, REAL)),
}
INVERSES: dict[str, Callable[..., float]] = {
    "betaincinv": betainc, "gammaincinv": gammainc, "gammainccinv": gammaincc,
    "erfinv": math.erf, "ndtri": ndtr,
}
"""Functions that undo an operation: the reference applies them to what came out."""

# Not pointwise on one data type; tested elsewhere.
APART = {"astype", "bitcast", "map"}
# fmt: on


def evaluate(inputs: list[Any], expr: Any, values: list[Any], backend: str = "numpy") -> Any:
    if backend == "jax":
        return np.asarray(compile_jax(inputs, [expr]).pure(*values)[0])
    return compile_numpy(inputs, [expr])(*values)[0]


def test_every_elementwise_operation_has_a_reference() -> None:
    assert {n for n, op in OPS.items() if op.elementwise} == set(REFERENCES) | APART


@pytest.mark.parametrize(
    ("backend", "dtype"),
    [
        ("numpy", "float64"),
        ("numpy", "float32"),
        pytest.param("jax", "float64", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("name", REFERENCES)
def test_an_operation_gives_the_reference_at_all_points(
    name: str, backend: str, dtype: str
) -> None:
    reference, points = REFERENCES[name]
    grids = [np.ravel(g) for g in np.meshgrid(*points, indexing="ij")]
    arrays = [g.astype(dtype) if g.dtype.kind == "f" else g for g in grids]
    inputs = [ag.input(f"x{i}", a.shape, a.dtype) for i, a in enumerate(arrays)]
    expr = OPS[name](*inputs)
    found = evaluate(inputs, expr, arrays, backend)
    assert (found.dtype.name, found.shape) == (expr.dtype, expr.shape)
    assert not isinstance(found, np.ndarray) or found.ndim == 1
    if name == "nextafter" and dtype == "float32":
        expected = [
            np.nextafter(np.float32(a), np.float32(b)) for a, b in zip(*arrays, strict=True)
        ]
    else:
        expected = [reference(*(v.item() for v in row)) for row in zip(*arrays, strict=True)]
    got = [v.item() for v in found]
    if name in INVERSES:
        rest = [[v.item() for v in row][:-1] for row in zip(*arrays, strict=True)]
        got = [INVERSES[name](*r, v) for r, v in zip(rest, got, strict=True)]
    if found.dtype.kind != "f":
        assert got == expected
    else:
        tight = {"float64": 2e-12, "float32": 3e-5}[dtype]
        assert got == pytest.approx(expected, rel=tight, abs=tight * 1e-2)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "floor_divide", "remainder"])
def test_integers_keep_their_data_type_and_python_rounding(name: str) -> None:
    python = {
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "floor_divide": operator.floordiv,
        "remainder": operator.mod,
    }[name]
    a, b = np.array([-7, -7, 7, 7], "int32"), np.array([3, -3, 3, -3], "int32")
    inputs = [ag.input("a", 4, "int32"), ag.input("b", 4, "int32")]
    found = evaluate(inputs, OPS[name](*inputs), [a, b])
    assert found.dtype == np.int32
    assert found.tolist() == [python(int(x), int(y)) for x, y in zip(a, b, strict=True)]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("logaddexp", (1000.0, 1000.5), 1000.5 + math.log1p(math.exp(-0.5))),
        ("logaddexp", (-math.inf, -math.inf), -math.inf),
        ("logaddexp", (math.inf, 3.0), math.inf),
        ("log1mexp", (0.0,), -math.inf),
        ("log1mexp", (-1e-20,), math.log(1e-20)),
        ("log1mexp", (-math.inf,), 0.0),
        ("log1mexp", (0.5,), math.nan),
        ("xlogy", (0.0, 0.0), 0.0),
        ("xlog1py", (0.0, -1.0), 0.0),
        ("expit", (-800.0,), 0.0),
        ("log_ndtr", (-40.0,), -804.6084420137538),
        ("gammaln", (0.0,), math.inf),
        ("ndtri", (0.0,), -math.inf),
        ("erfinv", (1.0,), math.inf),
        ("i0e", (1e4,), 0.003989472672047193),
        ("log_kve", (1000.0, 1.0), math.lgamma(1000.0) + 999 * math.log(2.0) + 1.0 - 0.25 / 999),
        ("log_kve", (2.0, 1e-300), 2 * 300 * math.log(10) + math.log(2.0)),
        ("log_kve", (0.5, 1e5), 0.5 * math.log(math.pi / 2e5)),
        ("maximum", (math.nan, 1.0), math.nan),
        ("minimum", (1.0, math.nan), math.nan),
        ("sign", (math.nan,), math.nan),
        ("pow", (math.nan, 0.0), 1.0),
        ("hypot", (math.inf, math.nan), math.inf),
        ("atan2", (-0.0, -1.0), -math.pi),
    ],
)
def test_an_operation_at_an_edge(name: str, values: tuple[float, ...], expected: float) -> None:
    inputs = [ag.input(f"x{i}") for i in range(len(values))]
    found = evaluate(inputs, OPS[name](*inputs), [np.float64(v) for v in values])
    assert found == pytest.approx(expected, rel=2e-9, nan_ok=True)


def test_a_bitcast_keeps_the_bits() -> None:
    x = ag.input("x", (3,), "float32")
    values = np.array([1.0, -0.0, math.nan], "float32")
    found = evaluate([x], ag.bitcast(x, "uint32"), [values])
    assert found.tolist()[:2] == [0x3F800000, 0x80000000]
    assert evaluate([x], ag.bitcast(ag.bitcast(x, "int32"), "float32"), [values]).tobytes() == (
        values.tobytes()
    )


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [(2.7, "int64", 2), (-2.7, "int8", -2), (300, "uint8", 44), (-1, "uint32", 2**32 - 1),
     (0.0, "bool", False), (0.1, "bool", True), (True, "float32", 1.0)],
)  # fmt: skip
def test_astype_truncates_and_wraps(value: Any, dtype: str, expected: Any) -> None:
    x = ag.input("x", (1,), np.asarray(value).dtype)
    found = evaluate([x], ag.astype(x, dtype), [np.array([value])])
    assert found.dtype.name == dtype
    assert found.tolist() == [expected]


# -- data types -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda f, i, b: f + 1, "float32"),
        (lambda f, i, b: f + 1.5, "float32"),
        (lambda f, i, b: f + np.float64(1.5), "float64"),
        (lambda f, i, b: np.float64(1.5) + f, "float64"),
        (lambda f, i, b: np.ones(2) * f, "float64"),
        (lambda f, i, b: np.float32(2) * f, "float32"),
        (lambda f, i, b: i + 1, "int16"),
        (lambda f, i, b: i + True, "int16"),
        (lambda f, i, b: i + 1.5, "float64"),
        (lambda f, i, b: i + np.int64(1), "int64"),
        (lambda f, i, b: f + i, "float32"),
        (lambda f, i, b: b + 1, "int64"),
        (lambda f, i, b: b * f, "float32"),
        (lambda f, i, b: ag.exp(i), "float64"),
        (lambda f, i, b: i / i, "float64"),
        (lambda f, i, b: i // i, "int16"),
        (lambda f, i, b: ag.sum(i), "int64"),
        (lambda f, i, b: ag.sum(b), "int64"),
        (lambda f, i, b: ag.mean(i), "float64"),
        (lambda f, i, b: ag.stack([f[0], 1.0]), "float32"),
        (lambda f, i, b: ag.where(b, f, 0), "float32"),
        (lambda f, i, b: ag.astype(i, "uint8") + ag.astype(i, "uint64"), "uint64"),
        (lambda f, i, b: ag.special.gammaln(i), "float64"),
        (lambda f, i, b: ag.clip(i, 0, 3), "int16"),
    ],
)
def test_numbers_are_weak_and_arrays_are_strong(build: Callable[..., Any], expected: str) -> None:
    f, i = ag.input("f", (2,), "float32"), ag.input("i", (2,), "int16")
    assert build(f, i, ag.input("b", (2,), "bool")).dtype == expected


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda x: ag.exp("a"), "str 'a' is no numeric constant"),
        (lambda x: x + object(), "no numeric constant"),
        (lambda x: x + 1j, "no numeric constant"),
        (lambda x: ag.logical_and(x, x), "logical_and takes bool, not float64: got input 'x'"),
        (lambda x: x & x, "bitwise_and takes integers or booleans"),
        (lambda x: ag.add(x, ag.input("y", (3,))), r"add: shapes \(2,\) and \(3,\) do not"),
        (lambda x: ag.exp(ag.key(0)), "exp of a key"),
        (lambda x: ag.where(x, x, x), "expected booleans"),
        (lambda x: ag.exp(x, x), "exp takes 1 arguments, 2 given"),
    ],
)
def test_an_error_names_the_operation_and_what_was_given(build: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        build(ag.input("x", (2,)))


def test_arrays_of_other_libraries_become_constants() -> None:
    import jax.numpy as jnp

    x = ag.input("x", (2,), "float32")
    assert (x + jnp.array([1, 2], "float32")).args[1] is ag.constant(np.array([1, 2], "float32"))


def test_questions_about_data_types() -> None:
    f = ag.input("f", (2,), "float32")
    assert ag.result_type(f, 2.5, True) == "float32"
    assert ag.result_type(f, "float64") == "float64"
    assert ag.result_type("int64", 0.5) == "float64"
    assert ag.can_cast(f, "float64")
    assert not ag.can_cast("int64", "int32")
    assert ag.isdtype("uint8", ("signed integer", "unsigned integer"))
    assert not ag.isdtype("uint8", "real floating")
    assert ag.isdtype("uint8", np.uint8)
    assert ag.finfo(f).eps == 2.0**-23
    assert ag.iinfo("int8").max == 127
    with pytest.raises(TypeError, match="is not supported"):
        ag.isdtype("uint8", "whole numbers")
