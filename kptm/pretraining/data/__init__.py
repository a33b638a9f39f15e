"""From texts to batches: encoded texts on disk, what is masked or corrupted, examples, tensors."""
