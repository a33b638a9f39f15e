"""Roles of clients: each role includes the rights of the roles before it."""

from __future__ import annotations

from enum import StrEnum


class AccessRole(StrEnum):
    """The permissions of a client.

    Attributes:
        READ: Ask questions, link texts and read the graph.
        EDIT: Also change facts and decide proposals, if the server allows changes.
        ADMIN: Also create and remove tokens.
    """

    READ = "read"
    EDIT = "edit"
    ADMIN = "admin"

    def includes(self, needed: AccessRole) -> bool:
        """Whether this role has all rights of ``needed``."""
        order = list(AccessRole)
        return order.index(self) >= order.index(needed)
