"""The errors that a user can meet, named by the failure.

Each also derives from the built-in error that a Python programmer would catch,
so that ``except ValueError`` keeps working. A traceback ends with the page that explains it.
"""

from __future__ import annotations

from numbers import Integral
from typing import ClassVar


class AstragalError(Exception):
    """Base of every error that Astragal raises on purpose.

    Attributes
    ----------
    page : str
        Where the documentation explains it.
    """

    page: ClassVar[str] = "docs/reference/errors.md"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.add_note(f"Explained in {self.page}")


class ShapeError(AstragalError, ValueError):
    """Shapes do not fit together."""

    page = "docs/reference/errors.md#shapeerror"


class DTypeError(AstragalError, TypeError):
    """An operand has the wrong data type, or is of the wrong sort (a key, a tuple)."""

    page = "docs/reference/errors.md#dtypeerror"


class DomainError(AstragalError, ValueError):
    """A value lies outside the domain of a parameter or the support of a distribution."""

    page = "docs/reference/errors.md#domainerror"


class KeyReuseError(AstragalError, ValueError):
    """A key is consumed more than once."""

    page = "docs/explanation/keys.md"


class ModelError(AstragalError, ValueError):
    """A model, or what was asked of it, is not well formed."""

    page = "docs/reference/errors.md#modelerror"


class UnsupportedError(AstragalError, NotImplementedError):
    """A backend or a transformation has no rule for an operation."""

    page = "docs/reference/errors.md#unsupportederror"


class FormatError(AstragalError, ValueError):
    """A file is damaged, of another kind, or of a newer version."""

    page = "docs/reference/errors.md#formaterror"


def require_count(where: str, name: str, given: object, least: int) -> None:
    """Refuse what is no integer of at least ``least``; NumPy's integers are integers.

    Raises
    ------
    ModelError
        Naming the argument, what was given and what was expected.
    """
    whole = not isinstance(given, bool) and isinstance(given, Integral) and int(given) >= least
    if not whole:
        raise ModelError(f"{where}: {name} is {given!r}, expected an integer of at least {least}")
