"""Generated modules on disk, so that a second process starts with compiled code."""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import importlib.util
import platform
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from astragal.compile.cache import directory, temporary, write

_LOCK = threading.RLock()
_LOADED: dict[str, ModuleType] = {}


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Look for no cyclic garbage meanwhile: it takes a sixth of the time of compiling."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@functools.cache
def versions() -> str:
    """Name everything beside the source that compiled code depends on."""
    import llvmlite
    import numba
    import numpy as np
    import scipy

    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    parts = (numba.__version__, llvmlite.__version__, np.__version__, scipy.__version__)
    return " ".join((*parts, platform.python_version(), platform.machine(), digest.hexdigest()))


def _written(source: str, folder: Path, name: str) -> Path:
    """Write a module where it is not there yet."""
    path = folder / f"{name}.py"
    # Its time of change is part of Numba's key: a file that is there stays as it is.
    if not path.is_file() or path.read_text(encoding="utf-8") != source:
        write(path, source.encode())
    return path


def _usable(folder: Path) -> bool:
    """Tell whether compiled code can be kept beside modules of a folder."""
    try:
        compiled = folder / "__pycache__"
        compiled.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=compiled):
            return True
    except OSError:
        return False


def name_of(source: str) -> str:
    """Name the module of a source: by what it says and by what compiles it."""
    text = f"{versions()}\n{source}".encode()
    return f"astragal_{hashlib.blake2b(text, digest_size=16).hexdigest()}"


def loaded(name: str) -> ModuleType:
    """Give a module that this process has loaded."""
    return _LOADED[name]


def load(source: str) -> ModuleType:
    """Import a generated module from the cache; one module for one source in a process."""
    name = name_of(source)
    with _LOCK:
        found = _LOADED.get(name)
        if found is not None:
            return found
        folder = directory()
        if not _usable(folder):
            folder = temporary()
        try:
            path = _written(source, folder, name)
        except OSError:
            path = _written(source, temporary(), name)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # Numba finds the globals of code that it kept by the name of their module.
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        _LOADED[name] = module
        return module
