"""Training: the scorer, batches and losses, checkpoints, and fitting single rows afterwards."""
