"""Training: the scorer, its batches and losses, checkpoints, and rows fitted later."""
