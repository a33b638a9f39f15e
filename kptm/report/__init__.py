"""One page that shows what a run did: a single HTML file without scripts or network."""

from kptm.report.data import AnswerView, Estimate, MapPoint, Neighbourhood, Report
from kptm.report.entity_map import map_points
from kptm.report.page import render, write
from kptm.report.vector_map import project

__all__ = [
    "AnswerView",
    "Estimate",
    "MapPoint",
    "Neighbourhood",
    "Report",
    "map_points",
    "project",
    "render",
    "write",
]
