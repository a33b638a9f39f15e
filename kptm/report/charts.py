"""The charts of a report: loss curves as lines, arms by splits as bars with their intervals."""

from kptm.report.bars import arm_bars
from kptm.report.figure import arm_figure
from kptm.report.lines import line_chart

__all__ = ["arm_bars", "arm_figure", "line_chart"]
