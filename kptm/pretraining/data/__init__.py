"""Turns texts into batches: encoded texts on disk, masking, corruption, examples, tensors."""
