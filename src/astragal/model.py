"""Models: named expressions of one graph of random variables."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, overload

import numpy as np

from astragal.graph.errors import ModelError, require_count
from astragal.graph.expr import INPUT, Expr, describe
from astragal.graph.literal import constant, is_constant
from astragal.graph.traverse import children, substitute, toposort
from astragal.graph.types import KeyType, TensorType
from astragal.labels import Coords, Dims, as_coords, as_dims, check_labels
from astragal.ops.creation import input
from astragal.random.distribution import RandomOp
from astragal.random.improper import FACTOR

ROOT = "key"
"""The name of the key input from which a decorated model draws."""


class Model:
    """Named variables of one graph: random ones, and functions of them.

    Parameters
    ----------
    variables
        From name to expression, in the order in which they are shown.
    dims
        Names of dimensions, by variable: ``{"theta": ("school",)}``. The results have them.
    coords
        Labels along dimensions: ``{"school": ["A", "B"]}``.
    constants
        Arrays that the expressions were made with, by name: pictures and results show them.

    Raises
    ------
    ModelError
        For no variables, a name that is no word, one expression under two names, a
        value that is no array expression, or dimensions of no variable.
    ShapeError
        For dimensions or coordinates that do not fit the variables.

    Examples
    --------
    >>> import astragal as ag
    >>> k = ag.split(ag.input("key", dtype="key"))
    >>> mu = ag.random.normal(k[0], 0.0, 10.0)
    >>> model = ag.Model({"mu": mu, "y": ag.random.normal(k[1], mu, 1.0)})
    >>> model["mu"] is mu, list(model.variables)
    (True, ['mu', 'y'])
    """

    __slots__ = ("_constants", "_coords", "_dims", "_variables")

    def __init__(
        self,
        variables: Mapping[Any, Any],
        *,
        dims: Mapping[str, Any] | None = None,
        coords: Mapping[str, Any] | None = None,
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(variables, Mapping):
            raise ModelError(
                f"a model is made of a mapping from names to expressions, got "
                f"{type(variables).__name__}"
            )
        if not variables:
            raise ModelError("a model needs at least one named variable")
        checked: dict[str, Expr] = {}
        names: dict[Expr, str] = {}
        for name, value in variables.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise ModelError(f"{name!r} is no name for a variable; expected a word")
            if not isinstance(value, Expr) or not isinstance(value.type, TensorType):
                shown = describe(value) if isinstance(value, Expr) else f"{value!r:.60}"
                raise ModelError(f"variable {name!r} is {shown}, expected an array expression")
            if value in names and not is_constant(value):
                raise ModelError(
                    f"{names[value]!r} and {name!r} name the same variable; name it once"
                )
            names[value] = name
            checked[name] = value
        self._variables = checked
        self._constants: dict[str, Expr] = {
            n: v if isinstance(v, Expr) else constant(v) for n, v in dict(constants or {}).items()
        }
        self._dims, self._coords = as_dims(dims), as_coords(coords)
        shapes = {n: x.shape for n, x in {**self._constants, **checked}.items()}
        check_labels(shapes, self._dims, self._coords)

    @property
    def variables(self) -> dict[str, Expr]:
        """The variables by name, in order (a copy)."""
        return dict(self._variables)

    @property
    def labels(self) -> dict[Expr, str]:
        """Names of the constants that came as data arguments, for what people read."""
        return {x: name for name, x in self._constants.items()}

    @property
    def constants(self) -> dict[str, Expr]:
        """The constants that came as data arguments, by name (a copy)."""
        return dict(self._constants)

    @property
    def dims(self) -> Dims:
        """Names of dimensions, by variable (a copy)."""
        return dict(self._dims)

    @property
    def coords(self) -> Coords:
        """Labels along dimensions (a copy)."""
        return dict(self._coords)

    def labelled(
        self,
        dims: Mapping[str, Any] | None = None,
        coords: Mapping[str, Any] | None = None,
    ) -> Model:
        """Give the same model with further names of dimensions and labels along them.

        Parameters
        ----------
        dims, coords
            As for `Model`. What is given for a variable or a dimension replaces what it had.

        Examples
        --------
        >>> import astragal as ag
        >>> k = ag.split(ag.input("key", dtype="key"))
        >>> theta = ag.random.normal(k[0], 0.0, 10.0, size=2)
        >>> model = ag.Model({"theta": theta, "y": ag.random.normal(k[1], theta, 1.0)})
        >>> model = model.labelled({"theta": "school", "y": "school"}, {"school": ["A", "B"]})
        >>> sampler = ag.derive(model, {"y": [1.0, 2.0]})
        >>> draws = sampler.sample(draws=100, backend="numpy", progress=False)
        >>> draws["posterior"]["theta"].sel(school="B").dims
        ('chain', 'draw')
        """
        return Model(
            self._variables,
            dims={**self._dims, **as_dims(dims)},
            coords={**self._coords, **as_coords(coords)},
            constants=self._constants,
        )

    def like(self, variables: Mapping[str, Expr]) -> Model:
        """Make a model of other expressions that keeps this one's labels, where they fit."""
        kept = {n: d for n, d in self._dims.items() if n in variables or n in self._constants}
        return Model(variables, dims=kept, coords=self._coords, constants=self._constants)

    @property
    def keys(self) -> tuple[Expr, ...]:
        """The keys from which the model draws, in order: inputs, and those made of a seed."""
        return tuple(
            n
            for n in toposort(self._variables.values())
            if isinstance(n.type, KeyType)
            and not any(isinstance(c.type, KeyType) for c in children(n))
        )

    @property
    def inputs(self) -> tuple[Expr, ...]:
        """The inputs that are no keys: what must be given before the model says anything."""
        return tuple(
            n
            for n in toposort(self._variables.values())
            if n.op is INPUT and not isinstance(n.type, KeyType)
        )

    def __getitem__(self, name: str) -> Expr:
        if name not in self._variables:
            raise ModelError(
                f"the model has no variable {name!r}; it has {', '.join(self._variables)}"
            )
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __repr__(self) -> str:
        rows = (
            f"{name}: {x.op.name if isinstance(x.op, RandomOp) else 'deterministic'} {x.type!r}"
            for name, x in self._variables.items()
        )
        return f"Model({', '.join(rows)})"

    def __str__(self) -> str:
        from astragal.graph.text import pprint

        names = self.labels | {x: name for name, x in self._variables.items()}
        return pprint(*self._variables.values(), names=names)

    def _repr_html_(self) -> str:
        from astragal.display.show import model_html

        return model_html(self)

    def _repr_latex_(self) -> str:
        from astragal.display.show import model_latex

        return model_latex(self)

    def sample_prior(
        self, *, seed: int = 0, draws: int | None = None, backend: str = "numpy"
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Draw all variables from their joint law.

        Parameters
        ----------
        seed
            Equal seeds give equal draws.
        draws
            How many, along a new leading dimension; by default one, without it.
        backend
            Where to compute.

        Raises
        ------
        ModelError
            Where the model has inputs beside its keys, an improper prior or a factor: such a
            model has a density, and no law to draw from. For ``draws`` below one.
        """
        from astragal.compile import evaluate, function
        from astragal.ops.control import scan
        from astragal.ops.creation import arange
        from astragal.random.keys import fold_in, key

        if self.inputs:
            missing = ", ".join(str(n.args[0]) for n in self.inputs)
            raise ModelError(f"the model reads {missing}: give values before drawing from it")
        if draws is not None:
            require_count("sample_prior", "draws", draws, 1)
        self._refuse_weights()
        outputs, roots = list(self._variables.values()), self.keys
        each = input("keys", shape=(None,), dtype="key")

        def one(carry: Any, k: Expr) -> tuple[Any, list[Expr]]:
            own = [k] if len(roots) == 1 else [fold_in(k, j) for j in range(len(roots))]
            return carry, list(substitute(outputs, dict(zip(roots, own, strict=True))))

        _, drawn = scan(one, [], each)
        count = 1 if draws is None else draws
        run = function([each], list(drawn), backend=backend)
        values = run(evaluate(fold_in(key(seed), arange(count))))
        arrays = {n: np.asarray(v) for n, v in zip(self._variables, values, strict=True)}
        return arrays if draws is not None else {n: v[0] for n, v in arrays.items()}

    def do(self, values: Mapping[str, Any]) -> Model:
        """Intervene: set variables to values, whatever they would depend on.

        What depends on them sees the values; what they depended on learns nothing from
        them, unlike in conditioning (Pearl 2009, Causality, section 3.2).

        Parameters
        ----------
        values
            Numbers, arrays or expressions of the variables' types, by name. A value for
            what a loop stacks holds inside the loop too.

        Returns
        -------
        Model
            With the same names; the variables set are no longer random.

        Raises
        ------
        ModelError
            For an unknown name.
        DTypeError, ShapeError
            For a value of another type.

        Examples
        --------
        >>> import astragal as ag
        >>> k = ag.split(ag.input("key", dtype="key"), 3)
        >>> rain = ag.random.bernoulli(k[0], 0.3)
        >>> wet = ag.random.bernoulli(k[1], 0.1 + 0.8 * rain)
        >>> slips = ag.random.bernoulli(k[2], 0.05 + 0.4 * wet)
        >>> model = ag.Model({"rain": rain, "wet": wet, "slips": slips})
        >>> model.do({"wet": 1})
        Model(rain: bernoulli int64, wet: deterministic int64, slips: bernoulli int64)
        """
        from astragal.density.given import given
        from astragal.density.joint import as_value

        new = {self[name]: as_value(name, v, self[name]) for name, v in values.items()}
        out = given(self._variables.values(), new)
        return self.like(dict(zip(self._variables, out, strict=True)))

    def _refuse_weights(self) -> None:
        """Refuse to draw what is no law."""
        for node in toposort(self._variables.values()):
            if node.op is FACTOR:
                raise ModelError("the model has a factor: its joint law cannot be drawn from")
            if isinstance(node.op, RandomOp) and node.op.distribution.sampler is None:
                raise ModelError(
                    f"the model has an improper prior ({node.op.name}), which cannot be drawn from"
                )


class ModelFunction:
    """A function from data to a model: what `astragal.model` makes.

    Attributes
    ----------
    name : str
    parameters, required : tuple of str
        Names of the data arguments; of those without a default.
    dims, coords : dict
        Labels of the models that it makes.
    """

    def __init__(
        self,
        function: Callable[..., Mapping[str, Any] | Model],
        dims: Mapping[str, Any] | None = None,
        coords: Mapping[str, Any] | None = None,
    ) -> None:
        if not callable(function):
            raise ModelError(f"model takes a function of a key and data, got {function!r:.60}")
        arguments = list(inspect.signature(function).parameters.values())
        functools.update_wrapper(self, function)
        if not arguments:
            raise ModelError(f"model {function.__name__} takes no key; its first argument is one")
        self._function = function
        self.name = function.__name__
        self.parameters = tuple(p.name for p in arguments[1:])
        self.required = tuple(p.name for p in arguments[1:] if p.default is p.empty)
        self.dims, self.coords = as_dims(dims), as_coords(coords)

    def __call__(self, *data: Any, **named: Any) -> Model:
        """Make the model of some data."""
        root = input(ROOT, dtype="key")
        given = [_as_data(v) for v in data]
        by_name = {k: _as_data(v) for k, v in named.items()}
        made: object = self._function(root, *given, **by_name)
        if not isinstance(made, (Model, Mapping)):
            raise ModelError(
                f"model {self.name} returned {type(made).__name__}, "
                "expected a dictionary from names to expressions"
            )
        whole = made if isinstance(made, Model) else Model(made)
        arguments = {**dict(zip(self.parameters, given, strict=False)), **by_name}
        arrays = {
            n: v
            for n, v in arguments.items()
            if isinstance(v, np.ndarray) and v.dtype.kind in "biuf"
        }
        return Model(
            whole.variables,
            dims={**self.dims, **whole.dims},
            coords={**self.coords, **whole.coords},
            constants={**arrays, **whole.constants},
        )

    def __repr__(self) -> str:
        return f"<model {self.name}({', '.join(self.parameters)})>"


@overload
def model(function: Callable[..., Mapping[str, Any] | Model]) -> ModelFunction: ...
@overload
def model(
    function: None = None,
    *,
    dims: Mapping[str, Any] | None = None,
    coords: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Mapping[str, Any] | Model]], ModelFunction]: ...
def model(
    function: Callable[..., Mapping[str, Any] | Model] | None = None,
    *,
    dims: Mapping[str, Any] | None = None,
    coords: Mapping[str, Any] | None = None,
) -> ModelFunction | Callable[[Callable[..., Mapping[str, Any] | Model]], ModelFunction]:
    """Turn a function ``f(key, *data) -> {name: expression}`` into one that gives models.

    Parameters
    ----------
    function
        Takes a key expression, then data, which it gets as NumPy arrays (expressions are
        passed on as they are), and returns the named variables, or a `Model` of them.
    dims
        Names of dimensions, by variable or data argument: ``{"theta": ("school",)}``.
    coords
        Labels along dimensions. Labels that come as data are given to the `Model` returned.

    Returns
    -------
    ModelFunction
        From data to a `Model` that draws from an input named ``"key"``.

    Raises
    ------
    ModelError
        Where the function takes no key, or returns no mapping of names to expressions.

    Examples
    --------
    >>> import astragal as ag
    >>> @ag.model
    ... def counts(key, hours):
    ...     k = ag.split(key)
    ...     rate = ag.random.gamma(k[0], 2.0, rate=1.0)
    ...     return {"rate": rate, "n": ag.random.poisson(k[1], rate * hours)}
    >>> counts([1.0, 2.5])
    Model(rate: gamma float64, n: poisson int64(2,))

    With labels, which the results have too:

    >>> @ag.model(dims={"n": "pump"})
    ... def named(key, hours, pumps):
    ...     return ag.Model(counts(hours).variables, coords={"pump": pumps})
    >>> named([1.0, 2.5], ["left", "right"]).coords
    {'pump': ('left', 'right')}
    """
    if function is None:
        return lambda f: ModelFunction(f, dims, coords)
    return ModelFunction(function, dims, coords)


def _as_data(value: Any) -> Any:
    """Lists and arrays become NumPy arrays, so that NumPy code works on them."""
    if isinstance(value, (list, tuple)):
        # A list that holds expressions, or anything else that is no data, is left alone.
        try:
            array = np.asarray(value)
        except (TypeError, ValueError):
            return value
        return array if array.dtype != object else value
    return value


def with_data(model: Model, values: Mapping[str, Any]) -> Model:
    """Fix inputs of a model that are no keys."""
    inputs = {str(n.args[0]): n for n in model.inputs}
    unknown = [name for name in values if name not in inputs]
    if unknown:
        raise ModelError(f"the model has no input {unknown[0]!r}; it has {', '.join(inputs)}")
    mapping = {
        inputs[n]: v if isinstance(v, Expr) else constant(v, inputs[n].dtype)
        for n, v in values.items()
    }
    new = substitute(model.variables.values(), mapping)
    return model.like(dict(zip(model.variables, new, strict=True)))
