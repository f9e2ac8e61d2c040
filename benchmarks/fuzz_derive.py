"""Random models, derived and calibrated: every step that is chosen must keep the joint law.

    python benchmarks/fuzz_derive.py [--models 40] [--seed 0] [--simulations 3000] [--only N]
        [--wide]

Each model is put together from random parts: up to three parameters, groups of them, a mean or
a rate that is written in one of many ways, and data of one or two laws that read it through an
index, a link, an offset or a mixture. `start_at_truth` then runs every step of the sampler that
`derive` chooses, and of the one that it chooses where the first kind of step is forbidden, on
draws of the joint law. What does not keep it, or raises anything but an error of Astragal's own, is
printed with the parts of the model, and with the number that makes it again by itself. With
``--wide`` groups may be cut or constrained too, and data read them backward, by strides, as a
column, twice, or through sums, maxima and powers.
"""

from __future__ import annotations

import argparse
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import astragal as ag
from astragal.graph.errors import UnsupportedError
from astragal.sample.calibrate import start_at_truth

R = ag.random
Expr = Any
GROUPS = 3


class Maker:
    """Puts one random model together, and says what it did."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.keys = iter(ag.split(ag.input("key", dtype="key"), 24))
        self.named: dict[str, Expr] = {}
        self.parts: list[str] = []

    def one(self, **ways: Callable[[], Expr]) -> Expr:
        """Take one of several ways, and note its name."""
        name = str(self.rng.choice(sorted(ways)))
        self.parts.append(name)
        return ways[name]()

    def key(self) -> Expr:
        """Give a key that nothing else has."""
        return next(self.keys)

    def number(self, low: float, high: float) -> float:
        """Draw a number of one decimal place."""
        return round(float(self.rng.uniform(low, high)), 1)

    def name(self, kind: str, x: Expr) -> Expr:
        """Make an expression a variable of the model."""
        self.named[f"{kind}{len(self.named)}"] = x
        return x

    def scale_of(self, size: Any = ()) -> Expr:
        """A standard deviation, from a prior on it, on the variance or on the precision."""
        k, n = self.key, self.number

        def half_normal() -> Expr:
            return self.name("sd", R.half_normal(k(), n(0.5, 2), size=size))

        def uniform() -> Expr:
            return self.name("sd", R.uniform(k(), 0.2, n(1, 3), size=size))

        def variance() -> Expr:
            x = R.inverse_gamma(k(), n(2, 4), scale=n(0.5, 3), size=size)
            return ag.sqrt(self.name("variance", x))

        def precision() -> Expr:
            x = self.name("precision", R.gamma(k(), n(1.5, 4), rate=n(0.5, 3), size=size))
            return 1 / ag.sqrt(x)

        def log_scale() -> Expr:
            return ag.exp(self.name("log_sd", R.normal(k(), 0.0, n(0.3, 0.8), size=size)))

        def known() -> Expr:
            return ag.constant(n(0.5, 2.0)) if size == () else ag.full(size, n(0.5, 2.0))

        return self.one(
            half_normal=half_normal, uniform_sd=uniform, variance=variance,
            precision=precision, log_scale=log_scale, known_sd=known,
        )  # fmt: skip

    def location(self, size: Any = (), mean: Any = 0.0, sd: Any = 1.0) -> Expr:
        """A real number or a vector of them about a mean, in one of many ways of writing."""
        k = self.key

        def ar() -> Expr:
            if size == ():
                return self.name("real", R.normal(k(), mean, sd))
            x = self.name("real", R.normal(k(), mean, sd))
            path = [x]
            for _ in range(size - 1):
                path.append(self.name("real", R.normal(k(), mean + 0.6 * (path[-1] - mean), sd)))
            return ag.stack(path)

        def mixture() -> Expr:
            z = self.name("z", R.bernoulli(k(), 0.3, size=size))
            return self.name("real", R.normal(k(), ag.where(ag.equal(z, 1), mean + 2.0, mean), sd))

        return self.one(
            normal=lambda: self.name("real", R.normal(k(), mean, sd, size=size)),
            standardised=lambda: mean + sd * self.name("real", R.normal(k(), 0.0, 1.0, size=size)),
            student=lambda: self.name("real", R.student_t(k(), 4.0, mean, sd, size=size)),
            laplace=lambda: self.name("real", R.laplace(k(), mean, sd, size=size)),
            logistic=lambda: self.name("real", R.logistic(k(), mean, sd, size=size)),
            path=ar,
            two_centres=mixture,
            doubled=lambda: 0.5 * self.name("real", R.normal(k(), 2 * mean, 2 * sd, size=size)),
        )

    def positive(self, size: Any = (), level: Any = 1.0) -> Expr:
        """A positive number or a vector of them about a level."""
        k, n = self.key, self.number
        shape = n(1.2, 4)
        return self.one(
            gamma_rate=lambda: self.name("pos", R.gamma(k(), shape, rate=shape / level, size=size)),
            gamma_scale=lambda: self.name("pos", R.gamma(k(), shape, scale=level, size=size)),
            lognormal=lambda: self.name("pos", R.lognormal(k(), ag.log(level), 0.6, size=size)),
            exponential=lambda: self.name("pos", R.exponential(k(), rate=1 / level, size=size)),
            inverse_gamma=lambda: self.name(
                "pos", R.inverse_gamma(k(), shape + 1, scale=level * shape, size=size)
            ),
            weibull=lambda: self.name("pos", R.weibull(k(), 1.5, scale=level, size=size)),
            exp_normal=lambda: ag.exp(
                self.name("real", R.normal(k(), ag.log(level), 0.5, size=size))
            ),
        )

    def groups(self) -> tuple[Expr, str]:
        """A vector with one element a group, and whether it is real or positive."""
        if self.rng.uniform() < 0.55:
            mean = self.location() if self.rng.uniform() < 0.7 else self.number(-1, 1)
            return self.location(GROUPS, mean, self.scale_of()), "real"
        level = self.positive() if self.rng.uniform() < 0.7 else self.number(0.5, 3)
        return self.positive(GROUPS, level), "positive"

    def read(self, x: Expr, kind: str) -> tuple[Expr, Any]:
        """What one set of data reads of the groups: how, and how many observations."""
        index = np.array([0, 0, 1, 2, 2, 2, 1])
        weights = self.rng.normal(size=(5, GROUPS)).round(1)
        offset = np.abs(self.rng.normal(size=7)).round(1) + 0.3
        ways: dict[str, Callable[[], tuple[Expr, Any]]] = {
            "each": lambda: (x, GROUPS),
            "index": lambda: (x[index], 7),
            "offset": lambda: (x[index] * offset if kind == "positive" else x[index] + offset, 7),
            "first": lambda: (x[0], 4),
            "sum": lambda: (ag.sum(x), 3),
            "scaled": lambda: (2.5 * x, GROUPS),
        }
        if kind == "real":
            ways["matrix"] = lambda: (weights @ x, 5)
            ways["difference"] = lambda: (x[index] - x[0], 7)
        out: tuple[Expr, Any] = self.one(**ways)
        return out

    def data(self, x: Expr, kind: str, label: str) -> None:
        """One set of observations."""
        read, n = self.read(x, kind)
        k = self.key
        if kind == "real":
            p = ag.expit(read)
            y = self.one(
                y_normal=lambda: R.normal(k(), read, self.scale_of(), size=n),
                y_student=lambda: R.student_t(k(), 5.0, read, self.scale_of(), size=n),
                y_laplace=lambda: R.laplace(k(), read, 0.7, size=n),
                y_poisson=lambda: R.poisson(k(), ag.exp(0.5 * read), size=n),
                y_bernoulli=lambda: R.bernoulli(k(), p, size=n),
                y_binomial=lambda: R.binomial(k(), 6, p, size=n),
                y_lognormal=lambda: R.lognormal(k(), read, self.scale_of(), size=n),
                y_truncated=lambda: R.truncated_normal(
                    k(), read, 1.0, lower=0.0, upper=np.inf, size=n
                ),
                y_probit=lambda: (
                    R.bernoulli(k(), ag.normal_cdf(read), size=n)
                    if hasattr(ag, "normal_cdf")
                    else R.bernoulli(k(), p, size=n)
                ),
                y_mixture=lambda: R.normal(
                    k(),
                    ag.where(ag.equal(self.name("z", R.bernoulli(k(), 0.4, size=n)), 1), read, 0.0),
                    0.8,
                ),
            )
        else:
            y = self.one(
                y_rate=lambda: R.exponential(k(), rate=read, size=n),
                y_scale=lambda: R.gamma(k(), 2.0, scale=read, size=n),
                y_poisson=lambda: R.poisson(k(), read, size=n),
                y_sd=lambda: R.normal(k(), 0.5, read, size=n),
                y_variance=lambda: R.normal(k(), 0.5, ag.sqrt(read), size=n),
                y_precision=lambda: R.normal(k(), 0.5, 1 / ag.sqrt(read), size=n),
                y_weibull=lambda: R.weibull(k(), 1.5, scale=read, size=n),
                y_inverse_gamma=lambda: R.inverse_gamma(k(), 2.5, scale=read, size=n),
                y_uniform=lambda: R.uniform(k(), 0.0, read, size=n),
                y_negative_binomial=lambda: R.negative_binomial(k(), 3.0, 1 / (1 + read), size=n),
                y_thinned=lambda: R.binomial(
                    k(), self.name("count", R.poisson(k(), read, size=n)), 0.4
                ),
            )
        self.named[label] = y

    def model(self) -> tuple[ag.Model, dict[str, Expr]]:
        """The whole model, and its data by name."""
        x, kind = self.groups()
        if self.rng.uniform() < 0.3:
            other, kind2 = self.groups()
            if kind == kind2:
                self.parts.append("added")
                x = x + other
        labels = ["y", "w"][: 1 + int(self.rng.uniform() < 0.4)]
        for label in labels:
            self.data(x, kind, label)
        return ag.Model(self.named), {label: self.named[label] for label in labels}


class WideMaker(Maker):
    """Puts together models with bounds, constraints, and more ways of reading."""

    def location(self, size: Any = (), mean: Any = 0.0, sd: Any = 1.0) -> Expr:
        """As before, or cut to an interval."""
        if self.rng.uniform() < 0.75:
            return super().location(size, mean, sd)
        low = self.number(-1.5, 0)

        def cut(lower: float, upper: float) -> Expr:
            law = R.truncated_normal(self.key(), mean, sd, lower=lower, upper=upper, size=size)
            return self.name("real", law)

        return self.one(cut_below=lambda: cut(low, np.inf), cut_both=lambda: cut(low, low + 2.5))

    def positive(self, size: Any = (), level: Any = 1.0) -> Expr:
        """As before, or cut to an interval."""
        if self.rng.uniform() < 0.75:
            return super().positive(size, level)
        k, n = self.key, self.number
        gamma = R.gamma.law(n(1.5, 4), rate=2.0 / level)
        return self.one(
            cut_gamma=lambda: self.name("pos", R.truncated(k(), gamma, 0.2, 3.0, size=size)),
            interval=lambda: self.name("pos", R.uniform(k(), 0.1, 0.5 + level, size=size)),
        )

    def groups(self) -> tuple[Expr, str]:
        """As before, with a constraint now and then."""
        x, kind = super().groups()
        if self.rng.uniform() < 0.5:
            least, most = (-1.0, 1.5) if kind == "real" else (0.1, 3.0)
            event = self.one(
                ordered=lambda: x[0] < x[1],
                all_above=lambda: x > least,
                last_below=lambda: x[-1] < most,
                sum_below=lambda: ag.sum(x) < GROUPS * most,
                first_is_least=lambda: x[0] < x[1:] + 0.5,
                either=lambda: (x[0] < most) | (x[1] > least),
            )
            self.named[f"event{len(self.named)}"] = ag.constrain(event)
        return x, kind

    def read(self, x: Expr, kind: str) -> tuple[Expr, Any]:
        """As before, or in odder ways."""
        if self.rng.uniform() < 0.35:
            return super().read(x, kind)
        i, j = np.array([0, 0, 1, 2]), np.array([-1, 1, 1, 2])
        ways: dict[str, Callable[[], tuple[Expr, Any]]] = {
            "backward": lambda: (x[::-1], GROUPS),
            "strided": lambda: (x[::2], 2),
            "rest": lambda: (x[1:], GROUPS - 1),
            "column": lambda: (x[:, None], (GROUPS, 2)),
            "row": lambda: (ag.tile(x, (2, 1)), (2, GROUPS)),
            "pairs": lambda: (x[i] + x[j], 4),
            "running": lambda: (ag.cumulative_sum(x), GROUPS),
            "largest": lambda: (ag.max(x), 2),
            "rolled": lambda: (ag.roll(x, 1) * np.array([0.5, 1.0, 2.0]), GROUPS),
            "product": lambda: (x[i] * x[j], 4),
        }
        if kind == "positive":
            ways["squared"] = lambda: (x**2, GROUPS)
            ways["inverse"] = lambda: (1 / x, GROUPS)
        else:
            ways["distance"] = lambda: (ag.abs(x - 0.5), GROUPS)
        out: tuple[Expr, Any] = self.one(**ways)
        return out


def observed_like(data: dict[str, Expr], seed: int) -> dict[str, Any]:
    """Data of the right shape and support: a draw of the model."""
    names = list(data)
    key = ag.input("key", dtype="key")
    f = ag.function([key], [data[n] for n in names], backend="numpy")
    return dict(zip(names, f(ag.evaluate(ag.key(seed))), strict=True))


def examine(maker: Maker, seed: int, simulations: int) -> str:
    """Derive and calibrate one model; what is wrong, or nothing."""
    try:
        model, data = maker.model()
        observed = observed_like(data, seed)
    except Exception:  # whatever it is, it is the finding
        return f"building: {traceback.format_exc(limit=-2)}"
    forbid: list[str] = []
    wrong = ""
    for _ in range(2):
        try:
            sampler = ag.derive(model, observed, forbid=tuple(forbid))
            result = start_at_truth(sampler, simulations=simulations, seed=seed)
        except UnsupportedError:
            if forbid:  # nothing is left that could move a variable
                break
            return f"refused: {traceback.format_exc(limit=-1)}"
        except Exception:
            return wrong + f"forbid={forbid}: {traceback.format_exc(limit=-3)}"
        if not result.holds:
            wrong += f"forbid={forbid}:\n{sampler}\n{result}\n"
        kinds = {s.kind for s in sampler.steps} - {"nuts", "slice"} - set(forbid)
        if not kinds:
            break
        forbid.append(min(kinds))
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--simulations", type=int, default=3000)
    parser.add_argument("--only", type=int, help="the one model of this number")
    parser.add_argument("--wide", action="store_true", help="bounds, constraints, odd reading")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    numbers = [options.only] if options.only is not None else range(options.models)
    wrong = 0
    for i in numbers:
        begin = time.process_time()
        maker = (WideMaker if options.wide else Maker)(options.seed * 10_000 + i)
        said = examine(maker, options.seed * 10_000 + i, options.simulations)
        wrong += bool(said)
        spent = time.process_time() - begin
        print(
            f"{i:4d} {spent:6.1f} s  {'WRONG' if said else 'holds'}  {' '.join(maker.parts)}",
            flush=True,
        )
        if said:
            print(said, flush=True)
    print(f"{wrong} of {len(numbers)} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
