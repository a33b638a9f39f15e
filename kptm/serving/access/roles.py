"""Roles of clients: each may do what the ones before it may."""

from __future__ import annotations

from enum import StrEnum


class AccessRole(StrEnum):
    """What a client may do.

    Attributes:
        READ: Ask, link and look.
        EDIT: Change facts and decide proposals, if the server allows changes.
        ADMIN: Give out and withdraw tokens.
    """

    READ = "read"
    EDIT = "edit"
    ADMIN = "admin"

    def includes(self, needed: AccessRole) -> bool:
        """Whether who has this role may do what ``needed`` may."""
        order = list(AccessRole)
        return order.index(self) >= order.index(needed)
