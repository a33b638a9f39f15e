"""Drawings as SVG: charts, a neighbourhood, a map of vectors."""
