"""What a study found: figures of its runs, and tables."""
