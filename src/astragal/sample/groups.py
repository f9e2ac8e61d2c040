"""Arrays as the groups of an ArviZ ``DataTree``, with the labels of the model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from astragal.graph.literal import value_of
from astragal.labels import Coords, Dims, check_labels
from astragal.model import Model

if TYPE_CHECKING:
    import xarray as xr

Arrays = dict[str, np.ndarray[Any, Any]]

STATS: Mapping[str, str] = {
    "diverging": "diverging",
    "depth": "tree_depth",
    "leapfrogs": "n_steps",
    "acceptance": "acceptance_rate",
    "step_size": "step_size",
    "energy": "energy",
    "logdensity": "lp",
}
"""What a trajectory tells of itself, as ArviZ calls it."""
WITHOUT_DRAWS = ("observed_data", "constant_data")
DRAWN = ("chain", "draw")


def as_tree(model: Model, groups: Mapping[str, Mapping[str, Any]]) -> xr.DataTree:
    """Put arrays into groups, with the names of dimensions and the coordinates of a model.

    Parameters
    ----------
    model
        Whose variables the arrays are values of.
    groups
        Arrays by group and name, with leading dimensions ``chain`` and ``draw`` but for data.
        An array may lack trailing dimensions of its variable, such as a log likelihood of
        vectors.

    Raises
    ------
    ShapeError
        For arrays that the model's labels do not fit.
    """
    from xarray import DataTree

    made: dict[str, xr.Dataset] = {}
    for group, given in groups.items():
        arrays = {n: np.asarray(v) for n, v in given.items()}
        if not arrays:
            continue
        front = () if group in WITHOUT_DRAWS else DRAWN
        shapes = {n: v.shape[len(front) :] for n, v in arrays.items()}
        dims = {n: d[: len(shapes[n])] for n, d in model.dims.items() if n in shapes}
        check_labels(shapes, dims, model.coords)
        made[f"/{group}"] = _dataset(arrays, front, dims, model.coords)
    return DataTree.from_dict(made)


def _dataset(
    arrays: Arrays,
    front: tuple[str, ...],
    dims: Dims,
    coords: Coords,
) -> xr.Dataset:
    """Label arrays as ArviZ does: axes without a name are numbered, and so are their places.

    `arviz_base.from_dict` gives the same, an array at a time, in ten times as long.
    """
    from xarray import Dataset

    labelled: dict[str, Any] = {}
    places: dict[str, Any] = {}
    for name, values in arrays.items():
        given = dims.get(name, (None,) * (values.ndim - len(front)))
        number = count()
        axes = [*front, *(d or f"{name}_dim_{next(number)}" for d in given)]
        labelled[name] = (axes, values)
        for axis, size in zip(axes, values.shape, strict=True):
            places[axis] = list(coords[axis]) if axis in coords else np.arange(size)
    made = {"created_at": datetime.now(UTC).isoformat(), **_library()}
    return Dataset(labelled, coords=places, attrs=made)


@cache
def _library() -> dict[str, str]:
    """What groups say of the library that made them (ArviZ's schema of results)."""
    return {
        "creation_library": "astragal",
        "creation_library_version": version("astragal"),
        "creation_library_language": "Python",
    }


def with_groups(tree: xr.DataTree, model: Model, groups: Mapping[str, Any]) -> xr.DataTree:
    """Give a copy of results with further groups."""
    new = tree.copy()
    for name, part in as_tree(model, groups).children.items():
        new[name] = part
    return new


def constants_of(model: Model) -> Arrays:
    """The data arguments of a model, by name."""
    return {n: np.asarray(value_of(x)) for n, x in model.constants.items()}


def named_stats(info: Mapping[str, Any], whole: bool) -> Arrays:
    """Call statistics of trajectories as ArviZ does.

    Parameters
    ----------
    info
        Arrays by ``"step:quantity"``.
    whole
        Whether one step draws everything, so that its log density is that of the model.

    Returns
    -------
    dict
        Of one trajectory under ArviZ's names; of several under these after the step's name,
        and ``diverging`` where any of them diverged. What is no statistic of a trajectory
        keeps its name.
    """
    paths = [name.removesuffix(":diverging") for name in info if name.endswith(":diverging")]
    out: Arrays = {}
    for name, values in info.items():
        step, _, quantity = name.rpartition(":")
        known = STATS.get(quantity) if step in paths else None
        if known == "lp" and not whole:
            known = None
        label = name if known is None else known if len(paths) == 1 else f"{step}:{known}"
        out[label] = np.asarray(values)
    if len(paths) > 1:
        out["diverging"] = np.any([info[f"{p}:diverging"] for p in paths], axis=0)
    return out
