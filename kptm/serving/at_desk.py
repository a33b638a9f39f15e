"""What every route needs: the desk of its application, and which problems it may report."""

from typing import Annotated, Any

from fastapi import Depends, Request

from kptm.serving.desk import Desk
from kptm.serving.shown import Problem


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Responses for the OpenAPI document: these, and those that every route has."""
    return {status: {"model": Problem} for status in sorted({400, 403, 422, 503, *statuses})}
