"""Delegates methods of the workspace to its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from kptm.workspace import Workspace

Part = TypeVar("Part")
P = ParamSpec("P")
R = TypeVar("R")


class Delegated(Generic[Part, P, R]):
    """A method of the workspace that calls a part's method, with its signature and docstring.

    Args:
        part: The attribute of the workspace with the part.
        method: The method of the part's class.
    """

    def __init__(self, part: str, method: Callable[Concatenate[Part, P], R]) -> None:
        self._part, self._method = part, method
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, ws: None, owner: type[Workspace]) -> Callable[Concatenate[Part, P], R]: ...

    @overload
    def __get__(self, ws: Workspace, owner: type[Workspace]) -> Callable[P, R]: ...

    def __get__(
        self, ws: Workspace | None, owner: type[Workspace]
    ) -> Callable[Concatenate[Part, P], R] | Callable[P, R]:
        if ws is None:
            return self._method
        method: Callable[P, R] = getattr(getattr(ws, self._part), self._method.__name__)
        return method
