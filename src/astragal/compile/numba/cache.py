"""Generated modules on disk, so that a second process starts with compiled code."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import platform
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType

_LOCK = threading.RLock()
_LOADED: dict[str, ModuleType] = {}


def directory() -> Path:
    """Give the cache directory: ``ASTRAGAL_CACHE``, or the platform's place for caches."""
    given = os.environ.get("ASTRAGAL_CACHE")
    if given:
        return Path(given)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "astragal"


@functools.cache
def _fallback() -> Path:
    """Give a directory of this process, where no other can be written."""
    return Path(tempfile.mkdtemp(prefix="astragal-"))


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
    """Write a module where it is not there yet; other processes see all of it or nothing."""
    path = folder / f"{name}.py"
    # Its time of change is part of Numba's key: a file that is there stays as it is.
    if path.is_file() and path.read_text(encoding="utf-8") == source:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=name, suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(source)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
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
            folder = _fallback()
        try:
            path = _written(source, folder, name)
        except OSError:
            path = _written(source, _fallback(), name)
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
