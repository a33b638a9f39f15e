"""Earlier names of public methods, which keep working for one minor version."""

from __future__ import annotations

import warnings
from typing import Any


class OldName:
    """A method under its earlier name, which still works and warns with the present name.

    Args:
        present: The present name of the method.
    """

    def __init__(self, present: str) -> None:
        self._present, self._old = present, ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._old = name

    def __get__(self, instance: object, owner: type) -> Any:
        message = f"{owner.__name__}.{self._old} is called {self._present} now"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(owner if instance is None else instance, self._present)
