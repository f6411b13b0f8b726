"""What goes wrong, by who can mend it.

Every error of the library is an `Error`. The classes also are the built-in ones that fit, so code that
catches `ValueError` or `OSError` works:

>>> issubclass(UserError, ValueError), issubclass(DataError, OSError), issubclass(DataError, ValueError)
(True, True, True)
"""
from . import _core

__all__ = ["Error", "UserError", "DataError", "TrainingError", "InvariantError"]


class Error(Exception):
    """Base of all errors of Likewise."""


class UserError(Error, ValueError):
    """The caller's mistake: an option, a path, a shape. Says what was found and what is accepted."""


class DataError(Error, OSError, ValueError):
    """A broken or unexpected file. Names it."""


class TrainingError(Error, ArithmeticError):
    """Numbers that became NaN or infinite."""


class InvariantError(Error, RuntimeError):
    """A mistake of Likewise itself; please report it."""


_core.set_error_classes(UserError, DataError, TrainingError, InvariantError)
