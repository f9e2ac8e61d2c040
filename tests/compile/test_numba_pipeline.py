"""The compiler of generated code: its own analyses give what Numba's give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from numba.core import analysis
from numba.core.compiler import run_frontend

from astragal.compile.numba.pipeline import live_map


def straight(x: Any) -> Any:
    y = x + 1
    return y * y


def branches(x: Any) -> Any:
    y = 0
    if x > 3:
        y, z = x, 1
    elif x < -3:
        z = 2
    else:
        z = y
    return y + z


def loops(n: Any, start: Any) -> Any:
    total = start
    last = late = 0
    for i in range(n):
        j = i
        while j > 0:
            j -= 1
            if j == start:
                break
            last = total
            if last > 10:
                continue
            total += j
        else:
            total += 1
        late = last
    return total + late


def endless(x: Any) -> Any:
    while True:
        if x > 3:
            raise ValueError("three")
        x += 1


def undefined_on_one_way(x: Any) -> Any:
    if x:
        y = 1
    for _ in range(x):
        y = y + 1
    return y  # type: ignore[possibly-undefined]


@pytest.mark.parametrize("function", [straight, branches, loops, endless, undefined_on_one_way])
def test_live_names_are_those_that_numba_finds(function: Callable[..., Any]) -> None:
    blocks = run_frontend(function).blocks
    cfg = analysis.compute_cfg_from_blocks(blocks)
    used, defined = analysis.compute_use_defs(blocks)
    expected = analysis.compute_live_map(cfg, blocks, used, defined)
    assert live_map(cfg, blocks, used, defined) == expected
    assert any(expected.values()) or len(blocks) == 1


def test_analyses_of_numba_are_its_own_outside_of_our_compiler() -> None:
    assert analysis.compute_live_map is not live_map
