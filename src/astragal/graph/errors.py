"""The errors that a user can meet, named by the failure.

Each also derives from the built-in error that a Python programmer would catch,
so that ``except ValueError`` keeps working.
"""

from __future__ import annotations


class AstragalError(Exception):
    """Base of every error that Astragal raises on purpose."""


class ShapeError(AstragalError, ValueError):
    """Shapes do not fit together."""


class DTypeError(AstragalError, TypeError):
    """An operand has the wrong data type, or is of the wrong sort (a key, a tuple)."""


class DomainError(AstragalError, ValueError):
    """A value lies outside the domain of a parameter or the support of a distribution."""


class KeyReuseError(AstragalError, ValueError):
    """A key is consumed more than once."""


class ModelError(AstragalError, ValueError):
    """A model, or what was asked of it, is not well formed."""


class UnsupportedError(AstragalError, NotImplementedError):
    """A backend or a transformation has no rule for an operation."""


class FormatError(AstragalError, ValueError):
    """A file is damaged, of another kind, or of a newer version."""
