"""Small arrays on the stack: what nobody holds after the function needs no memory of its own.

LLVM knows that such arrays share no memory with others, and keeps the smallest in registers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

LARGEST = 2048
"""Bytes of one array; a longer one costs much more to fill than to allocate."""
PAIR = 16
"""Bytes of two floats: LLVM takes loops over such an array into registers of two lanes, where
the loop around it could fill wider ones. Made anew in each step of a loop, it would cost more to
allocate than that: steps of trajectories with two coordinates would take twice the time."""
MOST = 1 << 17
"""Bytes of all arrays of a function: threads have stacks of half a megabyte and more."""

# Functions that read or fill the arrays that they are given, and give none of them back.
USERS = frozenset({
    "at", "put", "pointer", "copied", "copy_part", "triangular_one", "cholesky_all", "solve_one",
    "slogdet_all", "det_all", "gemm", "matvec", "vecmat", "dot",
})  # fmt: skip

_MADE = re.compile(r"^( *)(a\d+) = (?:empty\((\d+), np\.(\w+)\)|copied\((\w+), (.+), (\d+)\))$")
_LOOP = re.compile(r"^ *(for|while) ")
_TOKEN = re.compile(r"(\w*)\(|(\))|(\w+)")
_NAME = re.compile(r"a\d+")
_SIZES = {"bool_": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2}
_SIZES |= {"int32": 4, "uint32": 4, "float32": 4}


def localised(lines: Sequence[str], returned: Iterable[str] = ()) -> list[str]:
    """Put the small arrays of a function on the stack, as far as nothing else holds them.

    Parameters
    ----------
    lines
        The function's statements.
    returned
        Code of its results.

    Examples
    --------
    >>> localised(["a1 = empty(3, np.float64)", "put(a1, 0, x)", "v2 = at(a1, 0)"])
    ['a1 = local(3, np.float64)', 'put(a1, 0, x)', 'v2 = at(a1, 0)']
    >>> localised(["a1 = empty(3, np.float64)", "a3 = a1"])
    ['a1 = empty(3, np.float64)', 'a3 = a1']
    """
    held = {name for code in returned for name, _ in _uses(code)}
    made: dict[str, tuple[int, int]] = {}
    loops: list[int] = []  # around a line: how far each is indented
    for line in lines:
        found = _MADE.match(line)
        indent = len(line) - len(line.lstrip())
        while loops and loops[-1] >= indent:
            loops.pop()
        if _LOOP.match(line):
            loops.append(indent)
        name = found[2] if found else None
        for other, user in _uses(line):
            if user not in USERS and other != name:
                held.add(other)
        if found and name:
            size = _bytes(found)
            if name in made or (size == PAIR and not loops) or not 0 < size <= LARGEST:
                held.add(name)
            # The deepest loops come first.
            made[name] = (-len(found[1]), size)
    chosen, room = set(), MOST
    for name, (_, size) in sorted(made.items(), key=lambda item: item[1]):
        if name not in held and size <= room:
            chosen.add(name)
            room -= size
    return [text for line in lines for text in _line(line, chosen)]


def _bytes(found: re.Match[str]) -> int:
    if found[3] is not None:
        return int(found[3]) * _SIZES.get(found[4], 8)
    return int(found[7]) * 8


def _uses(code: str) -> Iterator[tuple[str, str]]:
    """Give the arrays that code names, each with the function that it is an argument of."""
    calls = [""]
    for token in _TOKEN.finditer(code):
        call, closed, word = token.groups()
        if call is not None:
            calls.append(call)
        elif closed:
            calls.pop()
        elif _NAME.fullmatch(word):
            yield word, calls[-1]


def _line(line: str, chosen: set[str]) -> list[str]:
    found = _MADE.match(line)
    if found is None or found[2] not in chosen:
        return [line]
    space, name, count, dtype, source, start, length = found.groups()
    if count is not None:
        return [f"{space}{name} = local({count}, np.{dtype})"]
    i = f"i_{name}"
    begin = "" if start == "0" else f"{start} + "
    return [
        f"{space}{name} = local_like({source}, {length})",
        f"{space}for {i} in range({length}):",
        f"{space}    put({name}, {i}, at({source}, {begin}{i}))",
    ]
