"""The verb evaluate, with fusion, linking, answers, probes and extraction."""
