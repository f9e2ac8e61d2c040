"""Where compiled code is kept between processes.

The folder is the user's own: it holds machine code, and Python's pickles of what goes with
it, so whoever may write there may run code. A graph that is loaded never comes from here.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from pathlib import Path


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
def temporary() -> Path:
    """Give a directory of this process, where no other can be written."""
    return Path(tempfile.mkdtemp(prefix="astragal-"))


def write(path: Path, data: bytes) -> None:
    """Write a file: other processes see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=path.stem, suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
