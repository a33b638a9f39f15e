"""Loading: files and rows into the store, all or nothing."""
