"""Studies with control arms of whether a fused model uses its knowledge."""
