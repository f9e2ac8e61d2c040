"""The No-U-Turn sampler as a graph, on unconstrained coordinates.

Multinomial NUTS (Betancourt 2017, arXiv:1701.02434, appendix A) with the tree built
iteratively: a subtree of 2^d leaves keeps one momentum for each level, at the places
that later leaves must be compared with (Phan, Pradhan & Jankowiak 2019, arXiv:1912.11554).
Where two trees are joined, either is also compared with the nearest leaf of the other, as
Stan does since version 2.21: of nearly independent normals, a whole period would look like
no turn at all. Step size by dual averaging (Hoffman & Gelman 2014, JMLR 15), from where doubling
or halving it crosses an acceptance of 0.8, with an end of its own (`CALM`), and a metric from the
draws of windows that double (Stan Reference Manual, section 15.2; `astragal.derive.metric` has what
is not diagonal in it), both in the warm-up only and carried in the state.

The log density is written into the program once: its value at the start, and the leapfrog steps
of the search for a step size, are trees of a single leaf, before the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from astragal.derive.block import Block
from astragal.derive.conjugate import KEY
from astragal.derive.metric import LEARNT, Mixing, learnt, mixing_of, mixing_start
from astragal.derive.slice import ADAPTING, TUNING
from astragal.derive.steps import Program
from astragal.derive.work import GRADIENT, work
from astragal.graph.expr import INPUT, Expr
from astragal.graph.literal import scalar
from astragal.graph.traverse import toposort
from astragal.graph.types import tensor_type
from astragal.ops import elementwise as e
from astragal.ops import reductions as r
from astragal.ops.control import while_loop
from astragal.ops.creation import ones, zeros
from astragal.ops.manipulation import astype
from astragal.ops.searching import where
from astragal.random import RANDOM_OPS
from astragal.random.keys import fold_in, split

MAX_DEPTH = 10
"""Doublings of a trajectory, where nobody asks for another number."""
DEEPEST = 15
"""Most doublings that can be asked for: so many momenta are kept beside a trajectory."""
MAX_ENERGY_ERROR = 1000.0
TARGET = 0.8
"""Mean acceptance that the step size is adapted to, where nobody asks for another."""
CROSSED = math.log(0.8)
"""Log of the acceptance of one leapfrog step at which the search for a step size ends."""
SHORTEST, LONGEST = 1e-12, 1e6
"""Where that search ends at the latest: of a flat density there is no step that is too long."""

AIM, DEPTH = ":target", ":max_depth"
"""How the names of the state end that hold what was asked for."""

_UNIFORM, _NORMAL = RANDOM_OPS["uniform"], RANDOM_OPS["normal"]
State = dict[str, Expr]
Density = Callable[[Expr], "tuple[Expr, Expr]"]
"""From a point to its log density and gradient."""


def _f(x: float) -> Expr:
    return scalar(x, "float64")


def _int(x: int) -> Expr:
    return scalar(x, "int64")


_FALSE = scalar(False, "bool")


@dataclass(frozen=True, eq=False)
class Motion:
    """What trajectories move by: a density, and the coordinates on which all scales are like.

    Momenta and gradients are those of the latter, so that their metric is the identity.

    Attributes
    ----------
    density
        Of a point.
    scale
        Deviations of its elements.
    mixing
        How these hang together; None where they do not.
    """

    density: Density
    scale: Expr
    mixing: Mixing | None

    def shift(self, v: Expr) -> Expr:
        """Give the move of a point that a move of the coordinates is."""
        return self.scale * (v if self.mixing is None else self.mixing(v))

    def at(self, x: Expr) -> tuple[Expr, Expr]:
        """Give the log density of a point, and its gradient."""
        logp, gradient = self.density(x)
        scaled = self.scale * gradient
        return logp, scaled if self.mixing is None else self.mixing(scaled)


def _turning(first: Expr, last: Expr, total: Expr) -> Expr:
    """Whether an end moves against the sum of all momenta: the generalised criterion."""
    return (r.sum(first * total) <= 0) | (r.sum(last * total) <= 0)


def _leapfrog(
    motion: Motion, step: Expr, x: Expr, p: Expr, g: Expr
) -> tuple[Expr, Expr, Expr, Expr]:
    half = p + 0.5 * step * g
    new = x + step * motion.shift(half)
    logp, gradient = motion.at(new)
    return new, half + 0.5 * step * gradient, gradient, logp


def _ones(n: Expr) -> Expr:
    """Count the ones among the bits of a number below 2^16: sums of pairs, fours and eights."""
    n = n - ((n >> 1) & 0x5555)
    n = (n & 0x3333) + ((n >> 2) & 0x3333)
    n = (n + (n >> 4)) & 0x0F0F
    return (n + (n >> 8)) & 0x1F


def _checkpoints(s: State, p: Expr, total: Expr, before: Expr) -> tuple[State, Expr]:
    """Keep the momenta of a leaf, and compare it with the leaves that it completes trees with.

    ``before`` is the momentum of the leaf before it, total the sum with its own. Gives the
    momenta that are kept, and whether any tree turns.
    """
    leaf = s["leaf"]
    # Leaf m is compared with the leaves that begin the subtrees which m completes.
    completes = _ones(leaf & ~(leaf + 1))
    top = _ones(leaf >> 1)
    # Odd leaves begin nothing: they are written where nobody reads.
    place = where(e.equal(leaf & 1, 0), top, DEEPEST + 1)
    momenta = s["momenta"].at[place].set(p)
    totals = s["totals"].at[place].set(total)
    last = s["last"].at[place].set(before)

    def compare(c: tuple[Expr, Expr]) -> tuple[Expr, Expr]:
        at, _ = c
        # The halves: from the leaf in place `at` to the last before that in the next
        # place, and from there to here. A pair has no halves to compare.
        first, begin, end = momenta[at], momenta[at + 1], last[at + 1]
        earlier, until = totals[at] - first, totals[at + 1]
        here = _turning(first, p, total - earlier)
        left = _turning(first, begin, until - earlier)
        right = _turning(end, p, total - until + begin + end)
        return at - 1, here | ((at < top) & (left | right))

    _, turned = while_loop(lambda c: (c[0] > top - completes) & ~c[1], compare, (top, _FALSE))
    return {"momenta": momenta, "totals": totals, "last": last}, turned


def _leaf(motion: Motion, step: Expr, energy: Expr, key: Expr, s: State) -> State:
    """Add one leaf to a subtree."""
    leaf = s["leaf"]
    x, p, g, logp = _leapfrog(motion, step, s["x"], s["p"], s["g"])
    error = energy + logp - 0.5 * r.sum(e.square(p))
    error = where(e.isnan(error), _f(-math.inf), error)  # minus the energy error
    weight = e.logaddexp(s["weight"], error)
    u = _UNIFORM(fold_in(key, leaf), None, 0.0, 1.0)
    take = e.log(u) < error - weight
    total = s["total"] + p
    kept, turned = _checkpoints(s, p, total, s["p"])
    return {
        "x": x,
        "p": p,
        "g": g,
        "leaf": leaf + 1,
        "weight": weight,
        "total": total,
        "turned": turned,
        "diverged": error < -MAX_ENERGY_ERROR,
        "accepted": s["accepted"] + e.exp(e.minimum(error, 0.0)),
        "chosen": where(take, x, s["chosen"]),
        "chosen_logp": where(take, logp, s["chosen_logp"]),
        **kept,
    }


def _subtree(
    motion: Motion,
    step: Expr,
    energy: Expr,
    depth: Expr,
    key: Expr,
    start: tuple[Expr, Expr, Expr],
) -> State:
    """Add 2^depth leaves after an end of the trajectory, stopping where they turn.

    ``start`` is the position, momentum and gradient at that end; step carries the direction.
    """
    x, p, g = start
    n = x.shape[0]
    leaves = e.bitwise_left_shift(_int(1), depth)
    result: State = while_loop(
        lambda s: (s["leaf"] < leaves) & ~s["turned"] & ~s["diverged"],
        lambda s: _leaf(motion, step, energy, key, s),
        {
            "x": x,
            "p": p,
            "g": g,
            "leaf": _int(0),
            "weight": _f(-math.inf),
            "total": zeros((n,)),
            "turned": _FALSE,
            "diverged": _FALSE,
            "accepted": _f(0.0),
            "chosen": x,
            "chosen_logp": _f(-math.inf),
            "momenta": zeros((DEEPEST + 2, n)),
            "totals": zeros((DEEPEST + 2, n)),
            "last": zeros((DEEPEST + 2, n)),
        },
    )
    return result


def _joined(s: State, sub: State, forward: Expr) -> Expr:
    """Whether a trajectory and the subtree that was added to it turn, as one or where they meet."""
    total = s["total"] + sub["total"]
    # The momenta of either tree next to the other.
    near, begin = where(forward, s["p_right"], s["p_left"]), sub["momenta"][0]
    far = where(forward, s["p_left"], s["p_right"])
    return (
        _turning(far, sub["p"], total)
        | _turning(far, begin, s["total"] + begin)
        | _turning(near, sub["p"], near + sub["total"])
    )


def _grown(motion: Motion, keys: tuple[Expr, Expr], s: State) -> State:
    """Double a trajectory, to the left or the right; before that, prepare it."""
    turn = s["turn"]
    choices, leaves = keys
    ready = s["ready"] & ~s["searching"]
    forward = _UNIFORM(fold_in(choices, 2 * turn), None, 0.0, 1.0) < 0.5
    x, p, g = (where(forward, s[f"{v}_right"], s[f"{v}_left"]) for v in "xpg")
    # A step of no length gives the density at the start.
    signed = where(s["ready"], where(forward, s["step"], -s["step"]), 0.0)
    own = fold_in(leaves, turn)
    sub = _subtree(motion, signed, s["energy"], s["depth"], own, (x, p, g))
    whole = ~sub["turned"] & ~sub["diverged"]
    u = _UNIFORM(fold_in(choices, 2 * turn + 1), None, 0.0, 1.0)
    take = ready & whole & (e.log(u) < sub["weight"] - s["weight"])
    new: State = {}
    for v in "xpg":
        # While it is prepared, both ends are the start, whose gradient comes first.
        first = ~s["ready"] if v == "g" else _FALSE
        new[f"{v}_right"] = where((ready & forward) | first, sub[v], s[f"{v}_right"])
        new[f"{v}_left"] = where((ready & ~forward) | first, sub[v], s[f"{v}_left"])
    return {
        **new,
        **_searched(s, sub["weight"]),
        "turn": turn + 1,
        "ready": scalar(True, "bool"),
        "energy": where(s["ready"], s["energy"], -sub["weight"]),
        "total": where(ready, s["total"] + sub["total"], s["total"]),
        "weight": where(ready, e.logaddexp(s["weight"], sub["weight"]), 0.0),
        "depth": s["depth"] + astype(ready, "int64"),
        "stop": ready & (~whole | _joined(s, sub, forward)),
        "diverged": ready & sub["diverged"],
        "accepted": where(ready, s["accepted"] + sub["accepted"], 0.0),
        "leaves": where(ready, s["leaves"] + sub["leaf"], 0),
        "chosen": where(take, sub["chosen"], s["chosen"]),
        "chosen_logp": where(take | ~s["ready"], sub["chosen_logp"], s["chosen_logp"]),
    }


def _searched(s: State, error: Expr) -> State:
    """Double or halve a step size, until its acceptance is on the other side of 0.8.

    ``error`` is minus the energy error of one step.
    """
    here = s["ready"] & s["searching"]
    way = where(error > CROSSED, _f(1.0), _f(-1.0))
    last = s["way"]
    crossed = (last * way < 0) | (s["step"] > LONGEST) | (s["step"] < SHORTEST)
    factor = where(way > 0, _f(2.0), _f(0.5))
    return {
        "step": where(here & ~crossed, s["step"] * factor, s["step"]),
        "way": where(here, way, last),
        "searching": s["searching"] & ~(here & crossed),
    }


def transition(
    density: Density,
    x0: Expr,
    step: Expr,
    inverse_mass: Expr,
    key: Expr,
    max_depth: Expr | None = None,
    search: Expr = _FALSE,
    mixing: Mixing | None = None,
) -> tuple[Expr, State]:
    """Build one NUTS transition.

    Parameters
    ----------
    density
        Gives log density and gradient at a vector.
    x0
        Current point.
    step, inverse_mass
        Step size, and the diagonal of the inverse metric.
    key
        Spent.
    max_depth
        Doublings after which a trajectory ends, at most `DEEPEST`.
    search
        Whether another step size is looked for first, from the one given. The point is then
        no draw of a chain that keeps the law.
    mixing
        How the coordinates hang together, beside their scales.

    Returns
    -------
    new point, info
    """
    k = split(key, 3)
    n = x0.shape[0]
    deepest = _f(MAX_DEPTH) if max_depth is None else max_depth
    p0 = _NORMAL(k[0], (n,), 0.0, 1.0)
    motion = Motion(density, e.sqrt(inverse_mass), mixing)
    unknown = zeros((n,))

    ends = {f"{v}_{side}": x for v, x in zip("xpg", (x0, p0, unknown), strict=True)
            for side in ("left", "right")}  # fmt: skip
    s: State = while_loop(
        lambda s: ~s["ready"] | s["searching"]
        | ((astype(s["depth"], "float64") < deepest) & ~s["stop"]),
        lambda s: _grown(motion, (k[1], k[2]), s),
        {
            **ends,
            "turn": _int(0),
            "ready": _FALSE,
            "searching": search,
            "step": step,
            "way": _f(0.0),
            "energy": _f(0.0),
            "total": p0,
            "weight": _f(0.0),
            "depth": _int(0),
            "stop": _FALSE,
            "diverged": _FALSE,
            "accepted": _f(0.0),
            "leaves": _int(0),
            "chosen": x0,
            "chosen_logp": _f(-math.inf),
        },
    )  # fmt: skip
    return s["chosen"], {
        "acceptance": s["accepted"] / astype(s["leaves"], "float64"),
        "diverging": s["diverged"],
        "leapfrogs": s["leaves"],
        "depth": s["depth"],
        "energy": s["energy"],
        "logdensity": s["chosen_logp"],
        "step_size": s["step"],
    }


# -- adaptation ----------------------------------------------------------------------------

FIRST, WINDOW, LAST = 75, 25, 50
"""Iterations before the first window of the metric, in it, and after the last."""
STUCK, CALM, WARY = 0.5, 0.004, 0.006
"""How far below the one asked for an acceptance is low, for a step no longer than the mean one;
the shares of such transitions below which a chain is calm, and above which it is wary.

The steps of Stan's warm-up differ by a third or more. The acceptance of longer ones falls faster
than that of shorter ones rises: where their mean is 0.8, that of the mean step is 0.9 to 0.93.
Where the curvature is much the same everywhere that is up to twice the leapfrogs needed, and no
step of mean length is refused; in the neck of a funnel or a far tail it is what keeps a chain from
being stuck there, and more would be better. The last window tells which is which: after it,
calm chains settle at steps that have the acceptance that was asked for, wary ones at steps that
miss it by half as much, and all others where Stan's do.
"""
LEAST = 0.1
"""Acceptance below which it does not matter how low one is."""
_START_STEP = 0.1
# fmt: off
TUNING_START: Mapping[str, float] = {
    "iteration": 0.0, "log_step": math.log(_START_STEP), "log_mean_step": math.log(_START_STEP),
    "shortfall": 0.0, "restarted": 0.0, "anchor": math.log(10.0 * _START_STEP), "seen": 0.0,
    "window": float(WINDOW), "window_end": 0.0, "target": TARGET,
    "max_depth": float(MAX_DEPTH), "stuck": 0.5,
}
# fmt: on


def tuning_start(n: int, gradient: float = 0.0) -> State:
    """Initial values of what is adapted, by name; ``gradient`` is what one costs."""
    vectors = {"mean": zeros((n,)), "spread": zeros((n,)), "inverse_mass": ones((n,))}
    return {
        **{name: _f(v) for name, v in TUNING_START.items()},
        **vectors,
        **mixing_start(n, gradient),
    }


def _windows(t: State, i: Expr, left: Expr) -> tuple[Expr, Expr, Expr, State]:
    """Whether iteration i belongs to a window, ends one, and follows all; the windows after it.

    Each is twice as long as the one before; the last also takes what would be left over.
    """
    whole = i - 1.0 + astype(left, "float64")
    short = whole < FIRST + WINDOW + LAST
    first = where(short, e.floor(0.15 * whole), FIRST)
    final = whole - where(short, e.floor(0.1 * whole), LAST)
    size = t["window"]
    end = where(i > 1.0, t["window_end"], where(short, final, first + size))
    inside = (i > first) & (i <= final)
    ends = e.equal(i, end) & inside
    doubled = 2.0 * size
    next_end = where(end + 3.0 * doubled > final, final, end + doubled)
    return (
        inside,
        ends,
        i > final,
        {
            "window": where(ends, doubled, size),
            "window_end": where(ends, next_end, end),
        },
    )


def searches(t: State) -> Expr:
    """Whether a step size is looked for: at the start, and where the metric has changed."""
    return t["restarted"] < 1.0


def _settled(t: State, m: Expr, acceptance: Expr) -> Expr:
    """Give the logarithm of the step size after the m-th transition since the last window.

    The average logarithm of acceptances is brought to that of the target, in steps that shrink
    (Robbins & Monro 1951, Annals of Mathematical Statistics 22:400-407).
    """
    missed = t["target"] * e.log(e.maximum(acceptance, _f(LEAST)) / t["target"])
    # The first is one of the search, which finds sizes within a factor of two.
    return t["log_step"] + where(searches(t), 0.0, e.pow(m + 5.0, -0.7) * missed)


def adapt(
    t: State, x: Expr, acceptance: Expr, left: Expr, step: Expr, diverging: Expr = _FALSE
) -> State:
    """Build the tuning after a transition of the warm-up, of which ``left`` are to come with it.

    ``step`` is the step size that it was made with, ``diverging`` whether it diverged.
    """
    i = t["iteration"] + 1.0
    inside, ends, late, windows = _windows(t, i, left)
    # Dual averaging with Stan's constants, but where a calm chain settles.
    m = t["restarted"] + 1.0
    anchor = where(searches(t), e.log(10.0 * step), t["anchor"])
    rate = 1.0 / (m + 10.0)
    target = where(late & (t["stuck"] > WARY), 0.5 * (1.0 + t["target"]), t["target"])
    shortfall = (1.0 - rate) * t["shortfall"] + rate * (target - acceptance)
    log_step = anchor - shortfall * e.sqrt(m) / 0.05
    calm = late & (t["stuck"] < CALM)
    log_step = where(calm, _settled(t, m, acceptance), log_step)
    fresh = e.pow(m, -0.75)
    log_mean = fresh * log_step + (1.0 - fresh) * t["log_mean_step"]
    # Welford's running variance.
    seen = where(inside, t["seen"] + 1.0, 0.0)
    # The share of transitions that are stuck, once the mean step is known; half a transition is
    # before the first.
    near = (m > LAST) & (e.log(step) <= t["log_mean_step"])
    stuck = near & ((acceptance < t["target"] - STUCK) | diverging)
    share = where(searches(t), 0.5, t["stuck"])
    share = share + (astype(stuck, "float64") - share) / (m + 1.0)
    delta = x - t["mean"]
    mean = where(inside, t["mean"] + delta / e.maximum(seen, 1.0), t["mean"])
    spread = where(inside, t["spread"] + delta * (x - mean), t["spread"])
    variance = spread / e.maximum(seen - 1.0, 1.0)
    shrunk = (seen * variance + 5e-3) / (seen + 5.0)
    return {
        **windows,
        "iteration": i,
        "log_step": where(ends, log_mean, log_step),
        "log_mean_step": log_mean,
        "shortfall": where(ends, 0.0, shortfall),
        "restarted": where(ends, 0.0, m),
        "anchor": anchor,
        "stuck": where(late, t["stuck"], share),
        "seen": where(ends, 0.0, seen),
        "mean": where(ends, e.multiply(0.0, mean), mean),
        "spread": where(ends, e.multiply(0.0, spread), spread),
        "inverse_mass": where(ends, shrunk, t["inverse_mass"]),
        "target": t["target"],
        "max_depth": t["max_depth"],
        **learnt(t, delta, x - mean, inside & (left > 0), ends & (left > 0), seen),
    }


# -- a block of variables --------------------------------------------------------------------


def nuts_program(block: Block) -> tuple[Program, State]:
    """Build the step of a block, and its tuning's initial values."""
    label = f"{'+'.join(block.names)}:"
    start = tuning_start(block.size, GRADIENT * work([block.target]))
    carried = {q: INPUT(label + q, tensor_type("float64", v.shape)) for q, v in start.items()}
    step = e.exp(where(ADAPTING, carried["log_step"], carried["log_mean_step"]))
    x, info = transition(
        block.density, block.at(), step, carried["inverse_mass"], KEY, carried["max_depth"],
        ADAPTING & searches(carried), mixing_of(carried),
    )  # fmt: skip
    adapted = adapt(carried, x, info["acceptance"], TUNING, info["step_size"], info["diverging"])
    outputs = block.back(x)
    outputs.update(
        {
            # Matrices are as they were anyway, without another pass over them.
            label + q: adapted[q] if q in LEARNT else where(ADAPTING, adapted[q], carried[q])
            for q in start
        }
    )
    inputs = {
        str(x.args[0]): x
        for x in toposort([*outputs.values(), *info.values()])
        if x.op is INPUT and x is not KEY and x is not TUNING
    }
    program = Program(KEY, inputs, TUNING, outputs, info)
    return program, {label + q: v for q, v in start.items()}
