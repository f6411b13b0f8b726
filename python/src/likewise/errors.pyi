# Made by tools/stubs.py from errors.py and the option table.
from . import _core
__all__ = ['Error', 'UserError', 'DataError', 'TrainingError', 'InvariantError']

class Error(Exception):
    ...

class UserError(Error, ValueError):
    ...

class DataError(Error, OSError, ValueError):
    ...

class TrainingError(Error, ArithmeticError):
    ...

class InvariantError(Error, RuntimeError):
    ...
