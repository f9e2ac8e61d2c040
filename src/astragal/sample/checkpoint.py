"""Draws on disk as they come, so that no interruption loses them.

A checkpoint directory holds ``run.json``, which says what is being sampled, and one
file a chain and block of iterations, with the draws and the state after them. A file
appears whole or not at all (written aside, then renamed), so a run that was killed at
any moment is resumed from the last whole block, bit for bit.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from astragal.graph.errors import ModelError

Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Identity:
    """What makes two runs the same run.

    Attributes
    ----------
    sampler
        Fingerprint of the derived sampler.
    data
        Fingerprint of the observed data.
    seed, warmup, chains, thin, block, backend, target_accept, max_depth, start
        As given to ``sample``. The number of draws is not part of it: a run can be extended.
    """

    sampler: str
    data: str
    seed: int
    warmup: int
    chains: int
    thin: int
    block: int
    backend: str
    target_accept: float
    max_depth: int
    start: str


@dataclass(frozen=True)
class Block:
    """Some iterations of one chain: what they recorded, and the state after them."""

    draws: Arrays
    info: Arrays
    state: Arrays


class Checkpoint:
    """A directory that holds the finished blocks of a run.

    Raises
    ------
    ModelError
        Where the directory holds another run; the message says what differs.
    """

    def __init__(self, directory: str | os.PathLike[str], identity: Identity) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        manifest = self.directory / "run.json"
        wanted = {"format": 1, **asdict(identity)}
        if manifest.exists():
            try:
                found = json.loads(manifest.read_text(encoding="utf-8"))
            except json.JSONDecodeError as error:
                raise ModelError(f"checkpoint {manifest} cannot be read: {error}") from None
            differs = [k for k in wanted if found.get(k) != wanted[k]]
            if differs:
                shown = ", ".join(f"{k} was {found.get(k)!r}, is {wanted[k]!r}" for k in differs)
                raise ModelError(
                    f"checkpoint {self.directory} holds another run ({shown}); "
                    "give another directory, or sample with the same settings"
                )
        else:
            _write_whole(manifest, json.dumps(wanted, indent=1).encode())

    def _path(self, chain: int, block: int) -> Path:
        return self.directory / f"chain{chain:03d}-block{block:06d}.npz"

    def load(self, chain: int, block: int) -> Block | None:
        """Read a finished block, or give None where it is not there whole."""
        path = self._path(chain, block)
        if not path.exists():
            return None
        parts: dict[str, Arrays] = {"draws": {}, "info": {}, "state": {}}
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                for name in stored.files:
                    part, _, key = name.partition(":")
                    parts[part][key] = stored[name]
        except (OSError, ValueError, KeyError, BadZipFile, ZlibError, EOFError):
            return None  # damaged: it is computed again
        return Block(**parts)

    def save(self, chain: int, number: int, block: Block) -> None:
        """Write a finished block."""
        flat = {
            f"{part}:{key}": value
            for part, arrays in asdict(block).items()
            for key, value in arrays.items()
        }
        buffer = io.BytesIO()
        np.savez(buffer, **flat)
        _write_whole(self._path(chain, number), buffer.getvalue())


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all."""
    aside = path.with_suffix(f".{os.getpid()}.part")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def fingerprint(arrays: Mapping[str, Any]) -> str:
    """Give a short digest of named arrays: names, types, shapes and bits.

    Examples
    --------
    >>> fingerprint({"y": [1, 2]}) == fingerprint({"y": [1, 3]})
    False
    """
    import hashlib

    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name])
        digest.update(repr((name, value.dtype.str, value.shape)).encode())
        digest.update(value.tobytes())
    return digest.hexdigest()
