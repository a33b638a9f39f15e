"""evaluate: fusion, linking, answers, probes, extraction."""
