"""Model files and data files, as the command line reads them."""

from __future__ import annotations

import importlib.util
import json
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from astragal.graph.errors import AstragalError, ModelError
from astragal.model import Model, ModelFunction


def load_model_file(path: str | Path) -> tuple[ModelFunction | Model, dict[str, Any]]:
    """Run a Python file and find its one model, and its ``data`` where it has some.

    Parameters
    ----------
    path
        A file that defines one `astragal.model` (or several, of which one is called
        ``model``), and may define a dictionary ``data``.

    Raises
    ------
    ModelError
        Where the file is missing, raises, or defines no model or several.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    module = _run(path)
    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, (ModelFunction, Model)) and not name.startswith("_")
    }
    if not found:
        raise ModelError(f"{path} defines no model; write a function with @astragal.model")
    if len(found) > 1 and "model" not in found:
        raise ModelError(
            f"{path} defines {len(found)} models ({', '.join(found)}); call one of them `model`"
        )
    data = getattr(module, "data", {})
    if not isinstance(data, Mapping):
        raise ModelError(f"{path}: `data` is a {type(data).__name__}, expected a dictionary")
    return found.get("model", next(iter(found.values()))), dict(data)


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"_model_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ModelError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ModelError(f"{path}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise ModelError(f"{_place(error, path)}: {type(error).__name__}: {error}") from error
    return module


def _place(error: BaseException, path: Path) -> str:
    """The line of the file at which it raised."""
    lines = [
        f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == path
    ]
    return f"{path}, line {lines[-1]}" if lines else str(path)


def read_data(path: str | Path) -> dict[str, np.ndarray[Any, Any]]:
    """Read a JSON object of numbers and nested lists as arrays by name.

    Raises
    ------
    ModelError
        Where the file is missing, is not such JSON, or holds ragged or non-numeric values.
    """
    path = Path(path)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ModelError(f"{path} is no JSON: {error}") from None
    if not isinstance(raw, dict):
        raise ModelError(f"{path}: expected an object of names and values")
    return as_arrays(raw, str(path))


def as_arrays(data: Mapping[str, Any], where: str) -> dict[str, np.ndarray[Any, Any]]:
    """Turn numbers and nested lists into arrays.

    Raises
    ------
    ModelError
        For ragged lists or values that are no numbers, by name.
    """
    out = {}
    for name, value in data.items():
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.asarray(None)
        if array.dtype.kind not in "biuf":
            raise ModelError(f"{where}: {name} is no rectangular array of numbers")
        out[name] = array
    return out


def build(
    model: ModelFunction | Model, data: Mapping[str, Any], where: str
) -> tuple[Model, dict[str, Any]]:
    """Call a model function with the data that it takes; the rest is observed.

    Raises
    ------
    ModelError
        Where an argument is missing, or a name is neither argument nor variable.
    """
    arrays = as_arrays(data, where)
    if isinstance(model, ModelFunction):
        missing = [n for n in model.required if n not in arrays]
        if missing:
            raise ModelError(
                f"{where}: the model {model.name} takes {', '.join(model.parameters)}; "
                f"no value for {', '.join(missing)}"
            )
        arguments = {n: arrays.pop(n) for n in model.parameters if n in arrays}
        try:
            built = model(**arguments)
        except AstragalError:
            raise
        except Exception as error:
            raise ModelError(
                f"the model {model.name} raised {type(error).__name__}: {error}"
            ) from error
    else:
        built = model
    unknown = [n for n in arrays if n not in built.variables]
    if unknown:
        raise ModelError(
            f"{where}: {', '.join(unknown)} is neither an argument of the model nor one of its "
            f"variables ({', '.join(built.variables)})"
        )
    return built, arrays
