"""The demonstration: runs and measures every stage on the example world, and writes a report."""

from kptm.demo.result import DemoResult
from kptm.demo.run import DemoConfig, run_demo

__all__ = ["DemoConfig", "DemoResult", "run_demo"]
