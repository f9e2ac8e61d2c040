"""Executables of JAX on disk, so that a second process starts with compiled code.

JAX's own persistent cache is one global setting, which is the user's. Here each compiled
program is kept by itself, in the folder of `astragal.compile.cache`, under a name made of
the graph, the shapes, and all that changes what JAX makes of them.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.core import Tracer
from jax.experimental import serialize_executable

from astragal.compile.cache import directory, write

SLOW = 0.3
"""Seconds from which a program is worth a file."""

Run = Callable[..., Any]


@functools.cache
def _fixed() -> str:
    """Name what compiles: versions, machine, and our own source."""
    import llvmlite.binding as llvm

    source = hashlib.blake2b(digest_size=16)
    package = Path(__file__).parent.parent
    for part in ("compile", "graph", "ops", "random"):
        for path in sorted((package / part).glob("*.py")):
            source.update(path.read_bytes())
    device = jax.devices()[0]
    parts = (
        jax.__version__,
        version("jaxlib"),
        np.__version__,
        platform.python_version(),
        platform.machine(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        device.platform,
        device.device_kind,
        device.client.platform_version,
        source.hexdigest(),
    )
    return "\n".join(map(str, parts))


def _settings() -> str:
    """Write down JAX's settings as they are here and now, and XLA's."""
    config: Any = jax.config
    found = {name: repr(getattr(config, name, None)) for name in sorted(config.values)}
    return json.dumps([found, os.environ.get("XLA_FLAGS", "")])


def name_of(graph: bytes, shapes: object) -> str:
    """Name an executable: by graph, shapes, settings, and what compiles it."""
    text = f"{_fixed()}\n{_settings()}\n{shapes!r}\n".encode() + graph
    return f"jax_{hashlib.blake2b(text, digest_size=16).hexdigest()}"


def is_plain(values: Sequence[Any]) -> bool:
    """Tell whether values lie on the default device: neither traced nor sharded."""
    device: Any = None
    for v in values:
        if not isinstance(v, jax.Array):
            continue
        if isinstance(v, Tracer):
            return False
        device = device or jax.local_devices()[0]
        if v.devices() != {device}:
            return False
    config: Any = jax.config
    return config.jax_default_device is None and not config.jax_disable_jit


def compiled(
    jitted: Any,
    values: Sequence[Any],
    static: Sequence[int],
    graph: bytes,
    messages: list[str],
    out: Any,
) -> tuple[Run, list[str]]:
    """Give a program compiled for the shapes of some values, from disk where it is there.

    Parameters
    ----------
    jitted
        The function, by ``jax.jit``.
    values
        What it is called with: arrays, and integers that are static.
    static
        Positions of arguments that are part of the program.
    graph
        Digest of what it computes.
    messages
        Of its checks, complete once it has been traced.
    out
        A container like its result.

    Returns
    -------
    callable
        From the values that are not static to the result.
    list of str
        Messages of its checks.
    """
    given = [v for i, v in enumerate(values) if i not in static]
    shapes = [v if i in static else (v.shape, v.dtype.name) for i, v in enumerate(values)]
    path = directory() / f"{name_of(graph, shapes)}.bin"
    found = _read(path, given, out)
    if found is not None:
        return found
    begin = time.perf_counter()
    made = jitted.lower(*values).compile()
    if time.perf_counter() - begin >= SLOW:
        _keep(path, made, messages)
    return made, list(messages)


def _read(path: Path, given: Sequence[Any], out: Any) -> tuple[Run, list[str]] | None:
    try:
        head, _, payload = path.read_bytes().partition(b"\n")
        # An executable from disk calls LAPACK without asking whether it is there, and crashes.
        # Where JAX has moved this, the file is as good as none.
        importlib.import_module("jaxlib.lapack")._lapack.initialize()
        structure = jax.tree_util.tree_structure
        # A file that is damaged, or that another JAX wrote, is as good as none.
        run = serialize_executable.deserialize_and_load(
            payload, structure((tuple(given), {})), structure(out)
        )
        return run, list(json.loads(head))
    except Exception:
        return None


def _keep(path: Path, made: Any, messages: Sequence[str]) -> None:
    try:
        payload = serialize_executable.serialize(made)[0]
        write(path, json.dumps(list(messages)).encode() + b"\n" + payload)
    except Exception:  # what JAX cannot serialise, or a folder that nothing can be written to
        return
