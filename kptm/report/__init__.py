"""A report of a run: a single HTML file without scripts or network access."""

from kptm.report.drawings.map_points import map_points
from kptm.report.drawings.vector_map import project
from kptm.report.report_data import AnswerView, Estimate, MapPoint, Neighbourhood, Report
from kptm.report.report_page import render, write

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
