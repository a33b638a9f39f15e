"""The demonstration: every stage on the example world, measured, then a report to look at."""

from kptm.demo.result import DemoResult
from kptm.demo.run import DemoConfig, run_demo

__all__ = ["DemoConfig", "DemoResult", "run_demo"]
