"""Evaluation of answers: accuracy, completeness, calibration and speed."""
